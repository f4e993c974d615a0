//! Where a bucket may be asked to be.
//!
//! Source, unless an item names another: `LocalStack` `test_different_location_constraint` and
//! `test_create_bucket_with_invalid_location_constraint` (recorded on AWS).

use plumb_model::expectation::Expectation;
use plumb_model::fault::{Basis, Fault};

use crate::errors::{self, field};
use crate::faults;
use crate::request::Request;

/// The region in which AWS began: no location is asked for there, and none is told.
pub(crate) const FIRST: &str = "us-east-1";

const RECORDED: &str = "LocalStack test_different_location_constraint, \
                        test_create_bucket_with_invalid_location_constraint (recorded on AWS)";
const ANYWHERE: &str = "LocalStack test_create_bucket_with_existing_name (recorded on AWS): from us-east-1 a bucket is \
                        made elsewhere; whether by every endpoint there is not said";
const LATER: &str = "S3 User Guide, VirtualHosting: 400 for regions launched after 20 March 2019; \
                     boto3 issue 2728: IllegalLocationConstraintException";
const PARTED: &str = "unknown: a region of another partition";
const ELSEWHERE: &str = "AWS refuses (recorded); which regions another server has, and which it is in, is not known";
const UNSAID: &str = "AWS refuses outside of us-east-1 (recorded); other servers take the region they are in";
const EMPTY: &str = "unknown: an empty location is refused, or counts as none";

/// When a region came, as far as it matters for who makes buckets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Launch {
    /// By 20 March 2019: reached from everywhere.
    Early,
    /// Later: reached by its own endpoint only.
    Late,
    /// In a partition of its own.
    Apart,
}

/// The regions of AWS, and the one word that stands for `eu-west-1`. Source: AWS S3 API Reference, `CreateBucket`; AWS
/// General Reference, S3 endpoints.
const REGIONS: [(&str, Launch); 39] = [
    ("af-south-1", Launch::Late),
    ("ap-east-1", Launch::Late),
    ("ap-east-2", Launch::Late),
    ("ap-northeast-1", Launch::Early),
    ("ap-northeast-2", Launch::Early),
    ("ap-northeast-3", Launch::Early),
    ("ap-south-1", Launch::Early),
    ("ap-south-2", Launch::Late),
    ("ap-southeast-1", Launch::Early),
    ("ap-southeast-2", Launch::Early),
    ("ap-southeast-3", Launch::Late),
    ("ap-southeast-4", Launch::Late),
    ("ap-southeast-5", Launch::Late),
    ("ap-southeast-6", Launch::Late),
    ("ap-southeast-7", Launch::Late),
    ("ca-central-1", Launch::Early),
    ("ca-west-1", Launch::Late),
    ("cn-north-1", Launch::Apart),
    ("cn-northwest-1", Launch::Apart),
    (EU, Launch::Early),
    ("eu-central-1", Launch::Early),
    ("eu-central-2", Launch::Late),
    ("eu-north-1", Launch::Early),
    ("eu-south-1", Launch::Late),
    ("eu-south-2", Launch::Late),
    ("eu-west-1", Launch::Early),
    ("eu-west-2", Launch::Early),
    ("eu-west-3", Launch::Early),
    ("il-central-1", Launch::Late),
    ("me-central-1", Launch::Late),
    ("me-south-1", Launch::Late),
    ("mx-central-1", Launch::Late),
    ("sa-east-1", Launch::Early),
    (FIRST, Launch::Early),
    ("us-east-2", Launch::Early),
    ("us-gov-east-1", Launch::Apart),
    ("us-gov-west-1", Launch::Apart),
    ("us-west-1", Launch::Early),
    ("us-west-2", Launch::Early),
];
pub(crate) const EU: &str = "EU";

fn launch(name: &[u8]) -> Option<Launch> {
    REGIONS.iter().find(|(own, _)| own.as_bytes() == name).map(|(_, launch)| *launch)
}

/// Whether AWS has a region of this name.
pub(crate) fn is_region(name: &[u8]) -> bool {
    launch(name).is_some()
}

/// The faults of the location that a bucket is asked to be in; none means that nothing is said of it.
pub(crate) fn location_faults(request: &Request<'_>, location: Option<&[u8]>, faults: &mut Vec<Fault>) {
    let asked = location.unwrap_or_default();
    let fault = if request.aws { aws_fault(request, asked) } else { other_fault(request, asked) };
    faults.extend(fault);
    if location.is_some_and(<[u8]>::is_empty) {
        let malformed = Fault::new(faults::BODY_XML, request.refuse(errors::MALFORMED_XML), Basis::Unknown, EMPTY);
        faults.push(malformed.or(invalid(request, asked)).perhaps());
    }
}

/// What AWS makes of a location, which is empty where none is asked for.
fn aws_fault(request: &Request<'_>, asked: &[u8]) -> Option<Fault> {
    let (region, illegal) = (request.seen.region.as_bytes(), || request.refuse(errors::ILLEGAL_LOCATION_CONSTRAINT));
    let fault = |answer, basis, source| Fault::new(faults::BODY_XML, answer, basis, source);
    if region != FIRST.as_bytes() {
        let is_here = asked == region || (asked == EU.as_bytes() && region == b"eu-west-1");
        return (!is_here).then(|| fault(illegal(), Basis::Recorded, RECORDED));
    }
    if asked.is_empty() {
        return None;
    }
    Some(match launch(asked) {
        Some(Launch::Early) if asked != region => fault(illegal(), Basis::Unknown, ANYWHERE).perhaps(),
        Some(Launch::Late) => fault(illegal(), Basis::Documented, LATER),
        Some(Launch::Apart) => fault(illegal(), Basis::Unknown, PARTED).or(invalid(request, asked)),
        Some(Launch::Early) | None => fault(invalid(request, asked), Basis::Recorded, RECORDED),
    })
}

/// What another server may make of a location. It may have the regions of AWS, one with the name that it is called
/// by, or none.
fn other_fault(request: &Request<'_>, asked: &[u8]) -> Option<Fault> {
    let (region, illegal) = (request.seen.region.as_bytes(), request.refuse(errors::ILLEGAL_LOCATION_CONSTRAINT));
    if asked.is_empty() {
        let is_first = region == FIRST.as_bytes();
        return (!is_first).then(|| Fault::new(faults::BODY_XML, illegal, Basis::Unknown, UNSAID).perhaps());
    }
    let refused = invalid(request, asked);
    Some(if is_region(asked) || asked == region {
        Fault::new(faults::BODY_XML, refused, Basis::Unknown, ELSEWHERE).or(illegal).perhaps()
    } else {
        Fault::new(faults::BODY_XML, refused, Basis::Recorded, RECORDED).or(illegal)
    })
}

fn invalid(request: &Request<'_>, asked: &[u8]) -> Expectation {
    request.refuse_with(errors::INVALID_LOCATION_CONSTRAINT, || vec![field("LocationConstraint", asked)])
}

#[cfg(test)]
mod tests {
    use plumb_model::call::Call;
    use plumb_model::expectation::Shape;

    use crate::testing::{Bench, shapes};
    use crate::wire::configuration::{LOCATION, WHOLE};

    const INVALID: &str = "400 InvalidLocationConstraint";
    const ILLEGAL: &str = "400 IllegalLocationConstraintException";

    fn create(location: Option<&str>) -> Call {
        let call = Call::new("CreateBucket").with("bucket", "plumb-t-new");
        location.iter().fold(call, |call, location| call.with(LOCATION, *location))
    }

    fn check(flavour: &'static str, region: &'static str, location: Option<&str>, expected: &[&str]) {
        let bench = Bench { flavour, region, ..Bench::new(None) };
        assert_eq!(bench.classes(&create(location)), expected, "{flavour} {region} {location:?}");
    }

    #[test]
    fn locations_as_recorded_on_aws() {
        for (region, location, expected) in [
            ("us-east-1", None, "200"),
            ("us-east-1", Some("us-east-1"), INVALID),
            ("us-east-1", Some("foo"), INVALID),
            ("us-east-1", Some("af-south-1"), ILLEGAL),
            ("us-east-2", None, ILLEGAL),
            ("us-east-2", Some("us-east-2"), "200"),
            ("us-east-2", Some("us-west-1"), ILLEGAL),
            ("us-east-2", Some("EU"), ILLEGAL),
            ("us-west-1", Some("us-east-1"), ILLEGAL),
            ("us-west-1", Some("aws-global"), ILLEGAL),
            ("eu-west-1", Some("EU"), "200"),
            ("eu-west-1", Some("bar"), ILLEGAL),
        ] {
            check("aws", region, location, &[expected]);
        }
        check("aws", "us-east-1", Some("us-west-1"), &["200", ILLEGAL]);
        check("aws", "us-east-1", Some("cn-north-1"), &[ILLEGAL, INVALID]);
        check("aws", "us-east-1", Some(""), &["200", "400 MalformedXML", INVALID]);
    }

    #[test]
    fn an_empty_configuration_is_none() {
        let empty = "<CreateBucketConfiguration/>";
        for (region, expected) in [("us-east-1", "200"), ("us-east-2", ILLEGAL)] {
            let bench = Bench { flavour: "aws", region, ..Bench::new(None) };
            assert_eq!(bench.classes(&create(None).with(WHOLE, empty)), [expected], "{region}");
        }
    }

    #[test]
    fn another_server_may_be_anywhere() {
        check("compatible", "us-east-1", None, &["200"]);
        check("compatible", "garage", None, &["200", ILLEGAL]);
        for (region, location) in [("us-east-1", "us-east-1"), ("us-east-1", "eu-west-1"), ("garage", "garage")] {
            check("compatible", region, Some(location), &["200", INVALID, ILLEGAL]);
        }
        check("compatible", "us-east-1", Some("foo"), &[INVALID, ILLEGAL]);
    }

    #[test]
    fn the_location_at_fault_is_told() {
        let bench = Bench { flavour: "aws", ..Bench::new(None) };
        assert_eq!(shapes(&bench, &create(Some("foo")), "LocationConstraint"), [Some(Shape::is("foo"))]);
    }
}
