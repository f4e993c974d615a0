//! `DeleteBucket`: takes an empty bucket away.

use plumb_model::fault::{Basis, Fault, Precedence};
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Dimension, Hazard, Operation, Space};

use super::dimensions::{
    STORED, STORED_ID, Sharing, absent_bucket, bad_bucket, bucket_choice, buckets_probe, caller, expected_owner, key,
    list_probe, other_meets, put, signature, their_bucket,
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
        let left = request.state.without_bucket(&request.bucket_name);
        vec![documented(request.no_content(), SOURCE).leaving(left)]
    })
}

/// A bucket with objects stays. In a bucket that is shared there may be objects of other cases.
fn not_empty(request: &Request<'_>, faults: &mut Vec<Fault>) {
    let Some(bucket) = request.bucket else { return };
    let refuse = || request.refuse_with(errors::BUCKET_NOT_EMPTY, || vec![field("BucketName", &request.bucket_name)]);
    if bucket.is_used() {
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
    let buckets = vec![
        bucket_choice("empty", Sharing::Own),
        with_object,
        absent_bucket(),
        bad_bucket("bad-name", "_X"),
        their_bucket(),
    ];
    Operation {
        name: "DeleteBucket",
        about: "takes an empty bucket away",
        source: SOURCE,
        hazard: Hazard::Deletes,
        space: Space {
            dimensions: vec![Dimension::state("bucket", buckets), signature(), caller(), expected_owner()],
            constraints: vec![other_meets(&["empty", "with-an-object"])],
        },
        probes: vec![list_probe(), buckets_probe()],
    }
}

#[cfg(test)]
mod tests {
    use plumb_model::call::Call;

    use crate::testing::{BUCKET, Bench, check, on_bucket, put};

    #[test]
    fn only_an_empty_bucket_is_deleted() {
        check(&[], &on_bucket("DeleteBucket"), &["204"]);
        check(&[put("k")], &on_bucket("DeleteBucket"), &["409 BucketNotEmpty"]);
        check(&[on_bucket("DeleteBucket")], &on_bucket("DeleteBucket"), &["404 NoSuchBucket"]);
        let bad = Call::new("DeleteBucket").with("bucket", "plumb-t-a_X");
        check(&[], &bad, &["400 InvalidBucketName", "404 NoSuchBucket"]);
    }

    #[test]
    fn a_shared_bucket_may_hold_what_others_stored() {
        let bench = Bench::new(Some("p/"));
        assert_eq!(bench.classes(&on_bucket("DeleteBucket")), ["204", "409 BucketNotEmpty"]);
    }

    #[test]
    fn bad_credentials_win_over_what_the_bucket_holds() {
        let call = on_bucket("DeleteBucket").with("signature", "wrong-secret");
        check(&[put("k")], &call, &["403 SignatureDoesNotMatch"]);
        let absent = call.with("bucket", format!("{BUCKET}-absent").as_str());
        check(&[], &absent, &["403 SignatureDoesNotMatch"]);
    }
}
