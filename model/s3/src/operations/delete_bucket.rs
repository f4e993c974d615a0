//! `DeleteBucket`: takes an empty bucket away.

use plumb_model::expectation::Matcher;
use plumb_model::fault::{Basis, Fault, Precedence};
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Dimension, Hazard, Operation, Space};

use super::dimensions::{
    STORED, STORED_ID, Sharing, absent_bucket, bad_bucket, bucket_choice, expected_owner, key, list_probe, put,
    signature,
};
use crate::errors::{self, field};
use crate::faults;
use crate::request::{Request, documented};
use crate::state::State;

const SOURCE: &str = "AWS S3 API Reference, DeleteBucket";

/// What the call may answer.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults = request.common_faults();
    not_empty(request, &mut faults);
    outcomes(&faults, precedence, || {
        let answer = request.answer(204).header("content-length", Matcher::fixed("0").maybe());
        vec![documented(answer, SOURCE).leaving(request.state.without_bucket(&request.bucket_name))]
    })
}

/// A bucket with objects stays. In a bucket that is shared there may be objects of other cases.
fn not_empty(request: &Request<'_>, faults: &mut Vec<Fault>) {
    let Some(bucket) = request.bucket else { return };
    let refuse = || request.refuse_with(errors::BUCKET_NOT_EMPTY, || vec![field("BucketName", &request.bucket_name)]);
    if !bucket.objects.is_empty() {
        let source = "LocalStack test_delete_bucket_with_objects (recorded on AWS)";
        faults.push(Fault::new(faults::BUCKET_STATE, refuse(), Basis::Recorded, source));
    } else if bucket.prefix.is_some() {
        let source = "the bucket is shared with other cases, whose objects are not known here";
        faults.push(Fault::new(faults::BUCKET_STATE, refuse(), Basis::Unknown, source).perhaps());
    }
}

/// The operation.
pub(crate) fn operation() -> Operation {
    let with_object =
        Choice { fault: true, ..bucket_choice("with-an-object", Sharing::Own).after(STORED_ID, put(key(), STORED)) };
    let buckets =
        vec![bucket_choice("empty", Sharing::Own), with_object, absent_bucket(), bad_bucket("bad-name", "_X")];
    Operation {
        name: "DeleteBucket",
        about: "takes an empty bucket away",
        source: SOURCE,
        hazard: Hazard::Deletes,
        space: Space {
            dimensions: vec![Dimension::state("bucket", buckets), signature(), expected_owner()],
            constraints: vec![],
        },
        probes: vec![list_probe()],
    }
}
