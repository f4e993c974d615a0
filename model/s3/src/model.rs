//! The model: which operation a call is, and what it may answer.

use plumb_model::call::Call;
use plumb_model::fault::{Basis, Precedence};
use plumb_model::model::{Lease, Model, Outcome};
use plumb_model::seen::Seen;

use crate::errors;
use crate::faults::EDGES;
use crate::operations;
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
        match operations::step(&call.operation) {
            Some(step) => step(&request, &self.precedence),
            None => unknown(&request),
        }
    }
}

/// An operation that is not modelled: the wire refuses to send it, so this is for whoever asks all the same.
fn unknown(request: &Request<'_>) -> Vec<Outcome<State>> {
    let source = "AWS S3 API Reference, ErrorResponses: NotImplemented, MethodNotAllowed";
    let refusals = [errors::NOT_IMPLEMENTED, errors::METHOD_NOT_ALLOWED];
    refusals.map(|refusal| Outcome::new(request.refuse(refusal), Basis::Unknown, source)).into()
}
