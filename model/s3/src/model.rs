//! The model: which operation a call is, and what it may answer.

use plumb_model::call::Call;
use plumb_model::fault::{Basis, Precedence};
use plumb_model::model::{Lease, Model, Outcome};
use plumb_model::seen::Seen;

use crate::errors;
use crate::faults::EDGES;
use crate::operations::{create_bucket, delete_bucket, delete_object, get_object, list_objects_v2, put_object};
use crate::request::Request;
use crate::state::State;

/// The model of S3.
#[derive(Debug)]
pub struct S3 {
    precedence: Precedence,
}

impl Default for S3 {
    fn default() -> Self {
        Self { precedence: Precedence::new(EDGES) }
    }
}

impl Model for S3 {
    type State = State;

    fn initial(&self, leases: &[Lease]) -> State {
        State::of(leases)
    }

    fn step(&self, state: &State, call: &Call, seen: &Seen<'_>) -> Vec<Outcome<State>> {
        let request = Request::new(state, call, seen);
        let step = match call.operation.as_ref() {
            "CreateBucket" => create_bucket::step,
            "DeleteBucket" => delete_bucket::step,
            "PutObject" => put_object::step,
            "GetObject" => get_object::step,
            "DeleteObject" => delete_object::step,
            "ListObjectsV2" => list_objects_v2::step,
            _ => return unknown(&request),
        };
        step(&request, &self.precedence)
    }
}

/// An operation that is not modelled: the wire refuses to send it, so this is for whoever asks all the same.
fn unknown(request: &Request<'_>) -> Vec<Outcome<State>> {
    let source = "AWS S3 API Reference, ErrorResponses: NotImplemented, MethodNotAllowed";
    let refusals = [errors::NOT_IMPLEMENTED, errors::METHOD_NOT_ALLOWED];
    refusals.map(|refusal| Outcome::new(request.refuse(refusal), Basis::Unknown, source)).into()
}
