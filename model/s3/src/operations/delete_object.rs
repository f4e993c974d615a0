//! `DeleteObject`: takes an object away, or finds none and says so in the same way.

use plumb_model::expectation::Matcher;
use plumb_model::fault::{Basis, Fault, Precedence};
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Constraint, Dimension, Hazard, Operation, Space};
use plumb_model::value::{Function, Value};

use super::dimensions::{
    Sharing, buckets, caller, expected_owner, get_probe, list_probe, object_keys, objects, only,
    other_keys_meet_stored, other_meets, signature, stored_tag, versions,
};
use crate::request::{Request, documented};
use crate::state::State;

const SOURCE: &str = "AWS S3 API Reference, DeleteObject; LocalStack test_delete_object (recorded on AWS)";

const LONG: &str = "unknown: versitygw refuses to delete a key that is too long, LocalStack and MinIO check that on \
                    writes only, and then there is none to delete";

/// What the call may answer: 204 whether or not the object was there, without a version in a bucket that has none.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults = request.common_faults();
    faults.extend(request.long_key().map(|fault| Fault { basis: Basis::Unknown, source: LONG, ..fault }.perhaps()));
    faults.extend(request.garbled_key());
    request.version_fault(&mut faults);
    request.delete_conditions(&mut faults);
    outcomes(&faults, precedence, || {
        let answer = request
            .no_content()
            .header("x-amz-delete-marker", Matcher::Absent)
            .header("x-amz-version-id", request.told_version());
        let outcome = documented(answer, SOURCE);
        if request.object().is_none() && !request.is_foreign_key() {
            return vec![outcome];
        }
        vec![outcome.leaving(request.with_bucket(|bucket| bucket.remove(&request.key)))]
    })
}

/// The operation.
pub(crate) fn operation() -> Operation {
    Operation {
        name: "DeleteObject",
        about: "takes an object away",
        source: SOURCE,
        hazard: Hazard::Deletes,
        space: Space {
            dimensions: vec![
                buckets(Sharing::Shared),
                objects(),
                object_keys(),
                signature(),
                caller(),
                if_match(),
                size_and_time(),
                versions(),
                expected_owner(),
            ],
            constraints: constraints(),
        },
        probes: vec![get_probe(), list_probe()],
    }
}

fn if_match() -> Dimension {
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("right", "if-match", stored_tag()),
        Choice::valid("star", "if-match", "*"),
        Choice::fault("wrong", "if-match", stored_tag().apply(Function::DifferentFrom)),
    ];
    Dimension::argument("if-match", choices)
}

/// Conditions that only directory buckets have.
fn size_and_time() -> Dimension {
    let past = Value::now(-86_400).apply(Function::HttpDate);
    let choices = vec![
        Choice::absent("none"),
        Choice::fault("size", "x-amz-if-match-size", "10"),
        Choice::fault("time", "x-amz-if-match-last-modified-time", past),
    ];
    Dimension::argument("directory-condition", choices)
}

fn constraints() -> Vec<Constraint> {
    let own = [only("if-match", "right", "object", &["stored"]), other_meets(&["mine"])];
    own.into_iter().chain(other_keys_meet_stored()).collect()
}

#[cfg(test)]
mod tests {
    use plumb_model::bodies::{hex, md5};

    use crate::testing::{check, on_key, put};

    #[test]
    fn deleting_nothing_is_deleting() {
        check(&[put("k")], &on_key("DeleteObject", "k"), &["204"]);
        check(&[], &on_key("DeleteObject", "k"), &["204"]);
        check(&[], &on_key("DeleteObject", &"k".repeat(1_025)), &["204", "400 KeyTooLongError"]);
        check(&[put("k"), on_key("DeleteObject", "k")], &on_key("GetObject", "k"), &["404 NoSuchKey"]);
    }

    #[test]
    fn conditions_of_a_delete() {
        let call = |wanted: &str| on_key("DeleteObject", "k").with("if-match", wanted);
        let tag = String::from_utf8(hex(&md5(b"v"))).expect("hexadecimal digits");
        let stored = [on_key("PutObject", "k").with("body", "v")];
        check(&stored, &call(&tag), &["204"]);
        check(&stored, &call("*"), &["204"]);
        check(&stored, &call("\"nope\""), &["412 PreconditionFailed"]);
        check(&[], &call("\"nope\""), &["204", "404 NoSuchKey", "412 PreconditionFailed"]);
    }

    #[test]
    fn conditions_on_size_and_time_are_for_directory_buckets() {
        for name in ["x-amz-if-match-size", "x-amz-if-match-last-modified-time"] {
            check(&[put("k")], &on_key("DeleteObject", "k").with(name, "10"), &["501 NotImplemented"]);
        }
    }

    #[test]
    fn the_only_version_is_called_null() {
        let call = |id: &str| on_key("DeleteObject", "k").with("versionId", id);
        check(&[put("k")], &call("null"), &["204"]);
        check(&[put("k")], &call("nope"), &["400 InvalidArgument"]);
        check(&[put("k"), call("null")], &on_key("GetObject", "k"), &["404 NoSuchKey"]);
    }
}
