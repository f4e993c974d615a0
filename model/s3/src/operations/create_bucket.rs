//! `CreateBucket`: makes a bucket.

use std::sync::Arc;

use bytes::Bytes;
use plumb_model::call::{Call, Turn};
use plumb_model::expectation::{Form, Matcher};
use plumb_model::fault::{Basis, Fault, Precedence};
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Dimension, Hazard, Operation, Space};
use plumb_model::value::{Function, Value};

use super::dimensions::{Sharing, bucket_choice, buckets_probe, signature, their_bucket};
use crate::errors::{self, field};
use crate::faults;
use crate::locations::{FIRST, location_faults};
use crate::names::BUCKET_NAME_BYTES_MAX;
use crate::request::Request;
use crate::state::{Bucket, State};
use crate::wire::configuration::{self, Configuration};

const SOURCE: &str = "AWS S3 API Reference, CreateBucket";
const AGAIN: &str = "LocalStack test_create_bucket_with_tags_us_east_1_idempotency (recorded on AWS)";
const TAKEN: &str = "LocalStack test_create_bucket_with_existing_name (recorded on AWS)";

/// What the call may answer.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults: Vec<Fault> = request.caller_fault().into_iter().collect();
    request.name_fault(&mut faults, true);
    configuration_faults(request, &mut faults);
    exists(request, &mut faults);
    outcomes(&faults, precedence, || vec![made(request)])
}

/// A bucket that exists. Its owner gets 409; but in the first region of AWS may make it again where it is.
fn exists(request: &Request<'_>, faults: &mut Vec<Fault>) {
    let Some(bucket) = request.bucket else { return };
    let name = || vec![field("BucketName", &request.bucket_name)];
    if request.is_foreign_bucket() {
        let answer = request.refuse_with(errors::BUCKET_ALREADY_EXISTS, name);
        faults.push(Fault::new(faults::BUCKET_STATE, answer, Basis::Documented, SOURCE));
        return;
    }
    let answer = request.refuse_with(errors::BUCKET_ALREADY_OWNED_BY_YOU, name);
    let taken = |basis, source| Fault::new(faults::BUCKET_STATE, answer, basis, source);
    let asked = asked(request).filter(|location| !location.is_empty());
    faults.extend(match (request.aws, request.seen.region == FIRST, &bucket.location, asked) {
        (true, true, None, None) => None,
        (true, true, Some(_), Some(_)) | (true, false, ..) => Some(taken(Basis::Recorded, TAKEN)),
        (true, true, ..) => Some(taken(Basis::Unknown, "unknown: made again in another region").perhaps()),
        (false, ..) => {
            let source = "AWS refuses, but not in us-east-1 (both recorded); other servers do as either";
            Some(taken(Basis::Recorded, source).perhaps())
        }
    });
}

/// The location that is asked for.
fn asked(request: &Request<'_>) -> Option<Bytes> {
    match configuration::of(request.call) {
        Configuration::Location(location) => Some(location),
        Configuration::None | Configuration::Broken | Configuration::Other => None,
    }
}

fn configuration_faults(request: &Request<'_>, faults: &mut Vec<Fault>) {
    let malformed = |basis, source| Fault::new(faults::BODY_XML, request.refuse(errors::MALFORMED_XML), basis, source);
    match configuration::of(request.call) {
        Configuration::None => location_faults(request, None, faults),
        Configuration::Location(location) => location_faults(request, Some(&location), faults),
        Configuration::Broken => {
            faults.push(malformed(Basis::Implemented, "MinIO, Ceph RGW: a body that is no XML"));
        }
        Configuration::Other => {
            let source = "unknown: a well-formed body of another schema is refused or ignored";
            faults.push(malformed(Basis::Unknown, source).perhaps());
            location_faults(request, None, faults);
        }
    }
}

fn made(request: &Request<'_>) -> Outcome<State> {
    let location = location(request);
    let answer = request.bodiless().header("location", if request.aws { location } else { location.maybe() });
    let creation_date = request.seen.symbol("creation-date");
    let bucket = match request.bucket {
        // AWS S3 API Reference, Bucket: its date "can change when making changes to your bucket".
        Some(bucket) => Bucket { creation_date, created: None, ..bucket.clone() },
        None => Bucket {
            location: asked(request).filter(|location| !location.is_empty()),
            ..Bucket::new(request.seen.actor.map(Arc::from), creation_date, Some(request.seen.time))
        },
    };
    let is_again = request.aws && request.bucket.is_some();
    let (basis, source) = if is_again { (Basis::Recorded, AGAIN) } else { (Basis::Documented, SOURCE) };
    Outcome::new(answer, basis, source).leaving(request.state.with_bucket(request.bucket_name.clone(), bucket))
}

/// Where the bucket is. A path; a URL where a region was asked for, which other servers give a host of their own.
///
/// Source: AWS S3 API Reference, `CreateBucket`: "A forward slash followed by the name of the bucket"; AWS CLI
/// Reference and boto3 documentation, `create_bucket`: the URLs.
fn location(request: &Request<'_>) -> Matcher {
    let of = |before: &[u8], after: &[u8]| Value::Literal([before, &request.bucket_name, after].concat().into());
    let path = of(b"/", b"");
    let region = match configuration::of(request.call) {
        Configuration::None | Configuration::Broken => return Matcher::Is(path),
        Configuration::Location(_) if !request.aws => return Matcher::Like(Form::Token),
        Configuration::Location(region) => region,
        Configuration::Other => Bytes::new(),
    };
    let mut forms = vec![path, of(b"http://", b".s3.amazonaws.com/")];
    if !region.is_empty() {
        forms.push(of(b"http://", &[b".", &region[..], b".s3.amazonaws.com/"].concat()));
    }
    Matcher::OneOf(forms)
}

/// The operation.
pub(crate) fn operation() -> Operation {
    let probe = Call::new("ListObjectsV2").with("bucket", new());
    Operation {
        name: "CreateBucket",
        about: "makes a bucket",
        source: SOURCE,
        hazard: Hazard::Writes,
        space: Space { dimensions: vec![names(), signature(), configurations()], constraints: vec![] },
        probes: vec![Turn::new("probe-list", probe), buckets_probe()],
    }
}

/// The bucket that a case makes.
pub(super) fn new() -> Value {
    Value::resource("bucket", "new")
}

/// New, or there already, ours or somebody else's; good names, and bad ones that are the run's own all the same.
fn names() -> Dimension {
    let of = |end: &str| Value::concat([new(), end.into()]);
    let bad = |name, end: &str| Choice::fault(name, "bucket", of(end));
    let long =
        |length: usize| Value::Apply { function: Function::PadTo, of: vec![new(), length.to_string().as_str().into()] };
    let mut choices = vec![
        Choice::valid("new", "bucket", new()),
        Choice { fault: true, ..bucket_choice("exists", Sharing::Own) },
        their_bucket(),
        bad("upper-case", "X"),
        bad("underscore", "_x"),
        bad("two-dots", "..x"),
        bad("hyphen-at-the-end", "-"),
        bad("period-at-the-end", "."),
        Choice::fault("too-long", "bucket", long(BUCKET_NAME_BYTES_MAX + 1)),
        Choice::valid("longest", "bucket", long(BUCKET_NAME_BYTES_MAX)),
        Choice::valid("with-a-period", "bucket", of(".x")),
        Choice::valid("period-before-hyphen", "bucket", of(".-x")),
        Choice::valid("hyphen-before-period", "bucket", of("-.x")),
    ];
    choices.extend(RESERVED.map(|(name, end)| bad(name, end)));
    Dimension::state("bucket", choices)
}

/// The ends that AWS keeps for itself.
const RESERVED: [(&str, &str); 6] = [
    ("end-of-access-point-alias", "-s3alias"),
    ("end-of-object-lambda-alias", "--ol-s3"),
    ("end-of-multi-region-access-point", ".mrap"),
    ("end-of-directory-bucket", "--x-s3"),
    ("end-of-table-bucket", "--table-s3"),
    ("end-of-account-namespace", "-an"),
];

fn configurations() -> Dimension {
    let other = "<Configuration><LocationConstraint>eu-west-1</LocationConstraint></Configuration>";
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("this-region", configuration::LOCATION, Value::Region),
        // A region that only its own endpoint reaches: nothing is made where the clean-up would not find it.
        Choice::fault("another-region", configuration::LOCATION, "af-south-1"),
        Choice::fault("no-such-location", configuration::LOCATION, "plumb-nowhere-1"),
        Choice::fault("empty-location", configuration::LOCATION, ""),
        Choice::valid("empty", configuration::WHOLE, "<CreateBucketConfiguration/>"),
        Choice::fault("no-xml", configuration::WHOLE, "<CreateBucketConfiguration><Location"),
        Choice::fault("other-schema", configuration::WHOLE, other),
    ];
    Dimension::argument("configuration", choices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{BUCKET, Bench, check, on_bucket, on_key};

    fn create(name: &str) -> Call {
        Call::new("CreateBucket").with("bucket", name)
    }

    #[test]
    fn a_new_bucket_is_there() {
        check(&[], &create("plumb-t-new"), &["200"]);
        let list = Call::new("ListObjectsV2").with("bucket", "plumb-t-new");
        check(&[], &list, &["404 NoSuchBucket"]);
        check(&[create("plumb-t-new")], &list, &["200"]);
    }

    #[test]
    fn the_location_names_the_bucket() {
        let rule = |flavour, region: Option<&'static str>| {
            let mut call = create("plumb-t-new");
            if let Some(region) = region {
                call = call.with("location-constraint", region);
            }
            let outcome = Bench { flavour, ..Bench::new(None) }.outcomes("made", &call).swap_remove(0);
            let headers = outcome.expectation.headers.into_iter();
            headers.filter(|(name, _)| name == "location").map(|(_, matcher)| matcher).next()
        };
        let path = || Value::literal("/plumb-t-new");
        assert_eq!(rule("aws", None), Some(Matcher::Is(path())));
        assert_eq!(rule("compatible", None), Some(Matcher::Is(path()).maybe()));
        let forms = ["http://plumb-t-new.s3.amazonaws.com/", "http://plumb-t-new.eu-west-1.s3.amazonaws.com/"]
            .map(Value::literal);
        assert_eq!(rule("aws", Some("eu-west-1")), Some(Matcher::OneOf([path()].into_iter().chain(forms).collect())));
    }

    #[test]
    fn an_own_bucket_may_be_made_again_or_not() {
        check(&[], &create(BUCKET), &["200", "409 BucketAlreadyOwnedByYou"]);
        let get = on_key("GetObject", "k");
        check(&[on_key("PutObject", "k"), create(BUCKET)], &get, &["200"]);
    }

    #[test]
    fn on_aws_an_own_bucket_is_made_again_in_the_first_region_only() {
        let (owned, at) =
            ("409 BucketAlreadyOwnedByYou", |location| create(BUCKET).with("location-constraint", location));
        let illegal = "400 IllegalLocationConstraintException";
        for (region, call, expected) in [
            ("us-east-1", create(BUCKET), &["200"][..]),
            ("us-east-1", at("us-west-1"), &["200", illegal, owned]),
            ("eu-west-1", at("eu-west-1"), &[owned]),
            ("eu-west-1", create(BUCKET), &[illegal, owned]),
        ] {
            let bench = Bench { flavour: "aws", region, ..Bench::new(None) };
            assert_eq!(bench.classes(&call), expected, "{region} {call:?}");
        }
        let mut elsewhere = Bench { flavour: "aws", ..Bench::new(None) };
        let call = create("plumb-t-new").with("location-constraint", "us-west-1");
        elsewhere.run("made", &call);
        assert_eq!(elsewhere.classes(&call), [illegal, owned]);
    }

    #[test]
    fn a_bucket_of_somebody_else_is_taken_and_closed() {
        let bench = Bench { actor: Some("AKIAOTHER"), ..Bench::new(None) };
        assert_eq!(bench.classes(&create(BUCKET)), ["409 BucketAlreadyExists"]);
        assert_eq!(bench.classes(&on_bucket("ListObjectsV2")), ["403 AccessDenied"]);
    }

    #[test]
    fn bad_names_are_refused() {
        for name in ["ab", "Plumb", "plumb_t", "a..b", "192.168.5.4", "-abc"] {
            check(&[], &create(name), &["400 InvalidBucketName"]);
        }
        let badly_signed = create("In_Valid").with("signature", "wrong-secret");
        check(&[], &badly_signed, &["403 SignatureDoesNotMatch", "400 InvalidBucketName"]);
    }

    #[test]
    fn names_that_only_some_refuse() {
        for name in ["abc-s3alias", "abc-an", "abc.-x", "abc-.x"] {
            check(&[], &create(name), &["200", "400 InvalidBucketName"]);
        }
        let aws = Bench { flavour: "aws", ..Bench::new(None) };
        assert_eq!(aws.classes(&create("abc-s3alias")), ["400 InvalidBucketName"]);
        assert_eq!(aws.classes(&create("abc-.x")), ["200", "400 InvalidBucketName"]);
    }

    #[test]
    fn locations_and_bodies() {
        let invalid = ["400 InvalidLocationConstraint", "400 IllegalLocationConstraintException"];
        let new = || create("plumb-t-new");
        check(&[], &new().with("location-constraint", "foo"), &invalid);
        let region = ["200", invalid[0], invalid[1]];
        check(&[], &new().with("location-constraint", "eu-west-1"), &region);
        check(&[], &new().with("configuration", "<CreateBucket"), &["400 MalformedXML"]);
        check(&[], &new().with("configuration", "<A><B>c</B></A>"), &["200", "400 MalformedXML"]);
        check(&[], &new().with("configuration", "<CreateBucketConfiguration/>"), &["200"]);
    }
}
