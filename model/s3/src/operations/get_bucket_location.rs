//! `GetBucketLocation`: tells where a bucket is.

use bytes::Bytes;
use plumb_model::call::Call;
use plumb_model::expectation::Shape;
use plumb_model::fault::{Basis, Precedence};
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Hazard, Operation, Space};
use plumb_model::value::Value;

use super::create_bucket::new;
use super::dimensions::{Sharing, buckets, caller, expected_owner, other_meets, signature};
use crate::locations::FIRST;
use crate::request::Request;
use crate::state::{Bucket, State};
use crate::wire::TEXT_FIELD;
use crate::wire::configuration;

const SOURCE: &str = "LocalStack test_different_location_constraint, test_create_bucket_with_eu_location_constraint \
                      (recorded on AWS)";
const OTHERS: &str = "other servers tell what was asked for, the region they are in, or nothing; which is not said";

/// What the call may answer.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let faults = request.common_faults();
    outcomes(&faults, precedence, || {
        let Some(bucket) = request.bucket else { return Vec::new() };
        let (first, others) = told(request, bucket);
        let answer = |text: Bytes| request.document(vec![(TEXT_FIELD.into(), Shape::is(text))]);
        let others = others.into_iter().map(|text| Outcome::new(answer(text), Basis::Unknown, OTHERS));
        std::iter::once(Outcome::new(answer(first), Basis::Recorded, SOURCE)).chain(others).collect()
    })
}

/// What is told, and what may be told elsewhere. A bucket is where it was asked to be, or where the call went; of
/// the first region nothing is told.
///
/// Source: AWS S3 API Reference, `GetBucketLocation`: "Buckets in Region us-east-1 have a `LocationConstraint` of null".
fn told(request: &Request<'_>, bucket: &Bucket) -> (Bytes, Vec<Bytes>) {
    let region = Bytes::copy_from_slice(request.seen.region.as_bytes());
    let here = if region == FIRST { Bytes::new() } else { region.clone() };
    let told = bucket.location.clone().unwrap_or(here);
    let mut others = if request.aws { Vec::new() } else { vec![region, Bytes::new()] };
    others.retain(|other| *other != told);
    others.dedup();
    (told, others)
}

/// The operation.
pub(crate) fn operation() -> Operation {
    let made = Call::new("CreateBucket").with("bucket", new()).with(configuration::LOCATION, Value::Region);
    let mut buckets = buckets(Sharing::Shared);
    buckets.choices.push(Choice::valid("made-in-this-region", "bucket", new()).after("made", made));
    Operation {
        name: "GetBucketLocation",
        about: "tells where a bucket is",
        source: "AWS S3 API Reference, GetBucketLocation",
        hazard: Hazard::Reads,
        space: Space {
            dimensions: vec![buckets, signature(), caller(), expected_owner()],
            constraints: vec![other_meets(&["mine"])],
        },
        probes: vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, check, on_bucket, shapes};

    /// What may be told in a region of a bucket that was made there.
    fn told(flavour: &'static str, region: &'static str, location: Option<&str>) -> Vec<String> {
        let mut bench = Bench { flavour, region, ..Bench::new(None) };
        let make = Call::new("CreateBucket").with("bucket", "plumb-t-new");
        let make = location.iter().fold(make, |call, location| call.with(configuration::LOCATION, *location));
        bench.run("made", &make);
        let call = on_bucket("GetBucketLocation").with("bucket", "plumb-t-new");
        let shown = |shape: Option<Shape>| match shape {
            Some(Shape::Text(plumb_model::expectation::Matcher::Is(Value::Literal(text)))) => {
                String::from_utf8_lossy(&text).into_owned()
            }
            other => panic!("{other:?}"),
        };
        let told = shapes(&bench, &call, TEXT_FIELD).into_iter().map(shown).collect();
        bench.run("told", &call);
        told
    }

    #[test]
    fn nothing_is_told_of_the_first_region() {
        assert_eq!(told("aws", "us-east-1", None), [""]);
        assert_eq!(told("aws", "eu-west-1", Some("eu-west-1")), ["eu-west-1"]);
        assert_eq!(told("aws", "eu-west-1", Some("EU")), ["EU"], "as it was asked for");
    }

    #[test]
    fn a_server_may_be_anywhere_but_not_somewhere_else() {
        assert_eq!(told("compatible", "us-east-1", None), ["", "us-east-1"]);
        assert_eq!(told("compatible", "garage", None), ["garage", ""]);
        assert_eq!(told("compatible", "us-east-1", Some("EU")), ["EU", "us-east-1", ""]);
    }

    #[test]
    fn a_bucket_that_is_not_there_is_nowhere() {
        check(&[], &on_bucket("GetBucketLocation").with("bucket", "plumb-t-absent"), &["404 NoSuchBucket"]);
        let unsigned = on_bucket("GetBucketLocation").with("signature", "anonymous");
        check(&[], &unsigned, &["403 AccessDenied"]);
    }
}
