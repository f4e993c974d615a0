//! `HeadBucket`: tells whether a bucket is there and open to the caller.

use plumb_model::expectation::{Form, Matcher};
use plumb_model::fault::Precedence;
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Hazard, Operation, Space};

use super::dimensions::{Sharing, buckets, caller, expected_owner, other_meets, signature};
use crate::request::{Request, documented};
use crate::state::State;

const SOURCE: &str = "AWS S3 API Reference, HeadBucket";

/// What the call may answer: 200, 400, 403 or 404, none with a body. AWS tells the region in a header.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let faults = request.common_faults();
    outcomes(&faults, precedence, || {
        let region = Matcher::Like(Form::Token);
        let answer = request
            .answer(200)
            .header("x-amz-bucket-region", if request.aws { region } else { region.maybe() })
            .header("content-length", Matcher::Like(Form::Integer).maybe());
        vec![documented(answer, SOURCE)]
    })
}

/// The operation.
pub(crate) fn operation() -> Operation {
    Operation {
        name: "HeadBucket",
        about: "tells whether a bucket is there",
        source: SOURCE,
        hazard: Hazard::Reads,
        space: Space {
            dimensions: vec![buckets(Sharing::Shared), signature(), caller(), expected_owner()],
            constraints: vec![other_meets(&["mine"])],
        },
        probes: vec![],
    }
}

#[cfg(test)]
mod tests {
    use plumb_model::expectation::BodyRule;

    use crate::testing::{Bench, check, on_bucket};

    #[test]
    fn the_status_says_it_all() {
        let call = || on_bucket("HeadBucket");
        for (call, classes) in [
            (call(), &["200"][..]),
            (call().with("bucket", "plumb-t-absent"), &["404"]),
            (call().with("bucket", "plumb-t_X"), &["400", "404"]),
            (call().with("signature", "wrong-secret"), &["403"]),
            (call().with("signature", "anonymous"), &["403"]),
            (call().with("bucket", "plumb-t-absent").with("signature", "wrong-secret"), &["403"]),
            (call().with("x-amz-expected-bucket-owner", "abcd"), &["400"]),
        ] {
            check(&[], &call, classes);
            let outcomes = Bench::new(None).outcomes("head", &call);
            assert!(outcomes.iter().all(|outcome| outcome.expectation.body == BodyRule::Empty), "{call:?}");
        }
    }

    #[test]
    fn a_bucket_of_somebody_else_is_closed() {
        let bench = Bench { actor: Some("AKIAOTHER"), ..Bench::new(None) };
        assert_eq!(bench.classes(&on_bucket("HeadBucket")), ["403"]);
    }
}
