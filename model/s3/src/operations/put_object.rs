//! `PutObject`: stores an object.

use plumb_model::bodies::{BodySpec, Payload};
use plumb_model::expectation::Matcher;
use plumb_model::fault::Precedence;
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Constraint, Dimension, Hazard, Operation, Space};

use super::digests;
use super::dimensions::{
    Sharing, buckets, caller, expected_owner, get_probe, keys, list_probe, other_meets, signature,
};
use super::storing::{
    METADATA_BYTES_MAX, conditions, given_headers, given_metadata, key_state, metadata_fault, metadata_of, object,
    storage_class, storage_class_fault,
};
use crate::checksums;
use crate::request::{Request, documented};
use crate::signature::{self, Quality};
use crate::state::{Object, State};

const SOURCE: &str = "AWS S3 API Reference, PutObject";

/// What the call may answer.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults = request.common_faults();
    request.key_faults(&mut faults);
    storage_class_fault(request, &mut faults);
    metadata_fault(request, &mut faults);
    request.write_conditions(&mut faults);
    let payload = request.seen.payload(request.call.argument("body"));
    checksums::md5_faults(request, &payload, &mut faults);
    checksums::checksum_faults(request, &payload, &mut faults);
    outcomes(&faults, precedence, || vec![written(request, payload)])
}

fn written(request: &Request<'_>, payload: Payload) -> Outcome<State> {
    let object = Object {
        checksum: checksums::stored_with(request),
        ..object(request, payload, given_headers(request), given_metadata(request))
    };
    let mut answer =
        request.bodiless().header("etag", Matcher::is(object.etag.clone())).header("x-amz-version-id", Matcher::Absent);
    if request.aws {
        // S3 User Guide, default encryption: every new object is encrypted by SSE-S3, and the answer says so.
        answer = answer.header("x-amz-server-side-encryption", Matcher::fixed("AES256"));
    }
    answer = checksums::told_of_write(request, &object, answer);
    let state = request.with_bucket(|bucket| bucket.put(request.key.clone(), object));
    documented(answer, SOURCE).leaving(state)
}

/// The body whose digests the headers tell.
const BODY: BodySpec = BodySpec::random(2, 1_024);

/// The operation.
pub(crate) fn operation() -> Operation {
    let mut dimensions = vec![buckets(Sharing::Shared), key_state(), keys(), signatures(), caller(), bodies()];
    dimensions.extend(content_headers());
    dimensions.push(metadata_sizes());
    dimensions.extend(digests::of_write(BODY));
    dimensions.extend([conditions(), storage_class(), expected_owner()]);
    Operation {
        name: "PutObject",
        about: "stores an object",
        source: SOURCE,
        hazard: Hazard::Writes,
        space: Space { dimensions, constraints: constraints() },
        probes: vec![get_probe(), list_probe()],
    }
}

/// As everywhere, and one that is right for another body.
pub(super) fn signatures() -> Dimension {
    let mut dimension = signature();
    let other = Quality::OtherBody.name();
    dimension.choices.push(Choice::fault(other, signature::ARGUMENT, other));
    dimension
}

fn bodies() -> Dimension {
    let body = |name, length| Choice::valid(name, "body", BodySpec::random(BODY.seed, length));
    let choices = vec![
        Choice::valid("1-kib", "body", BODY),
        body("empty", 0),
        body("one-byte", 1),
        body("64-kib-and-1", 65_537),
        body("1-mib", 1 << 20),
    ];
    Dimension::argument("body", choices)
}

fn content_headers() -> Vec<Dimension> {
    let dimension = |header, value: &str| {
        Dimension::argument(header, vec![Choice::absent("none"), Choice::valid("given", header, value)])
    };
    vec![
        dimension("content-type", "text/plain; charset=utf-8"),
        dimension("cache-control", "max-age=60, private"),
        dimension("content-disposition", "attachment; filename=\"a b.txt\""),
        dimension("content-encoding", "br"),
        dimension("content-language", "de-AT"),
        dimension("expires", "Thu, 01 Dec 2033 16:00:00 GMT"),
    ]
}

/// The name `x-amz-meta-a` counts as one byte.
fn metadata_sizes() -> Dimension {
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("two", "x-amz-meta-colour", "deep blue").and("x-amz-meta-size", "10"),
        Choice::valid("largest", "x-amz-meta-a", metadata_of(METADATA_BYTES_MAX)),
        Choice::fault("too-large", "x-amz-meta-a", metadata_of(METADATA_BYTES_MAX + 1)),
    ];
    Dimension::argument("metadata", choices)
}

fn constraints() -> Vec<Constraint> {
    digests::constraints("1-kib").into_iter().chain([other_meets(&["mine"])]).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use plumb_model::bodies::{hex, md5};
    use plumb_model::call::Call;

    use crate::testing::{BODY as STORED_BODY, Bench, check, on_bucket, on_key, put as put_key};

    fn tag() -> String {
        let bodies = plumb_model::bodies::Bodies::new();
        format!("\"{}\"", String::from_utf8_lossy(&hex(&bodies.made(STORED_BODY).md5)))
    }

    fn text(name: &'static str, value: &str) -> Call {
        put_key("k").with(name, value)
    }

    #[test]
    fn conditions_of_a_write() {
        let (tag, present) = (tag(), [put_key("k")]);
        let both = text("if-match", &tag).with("if-none-match", "*");
        for (call, exists, absent) in [
            (text("if-none-match", "*"), "412 PreconditionFailed", "200"),
            (text("if-none-match", &tag), "501 NotImplemented", "501 NotImplemented"),
            (text("if-match", &tag), "200", "404 NoSuchKey"),
            (text("if-match", tag.trim_matches('"')), "200", "404 NoSuchKey"),
            (text("if-match", "\"nope\""), "412 PreconditionFailed", "404 NoSuchKey"),
            (text("if-match", "*"), "501 NotImplemented", "501 NotImplemented"),
            (both, "501 NotImplemented", "501 NotImplemented"),
        ] {
            check(&present, &call, &[exists]);
            check(&[], &call, &[absent]);
        }
    }

    #[test]
    fn names_sizes_and_classes() {
        for (call, class) in [
            (put_key(&"k".repeat(1_024)), "200"),
            (put_key(&"k".repeat(1_025)), "400 KeyTooLongError"),
            (put_key(&"\u{e9}".repeat(513)), "400 KeyTooLongError"),
            (text("x-amz-meta-a", &"v".repeat(2_047)), "200"),
            (text("x-amz-meta-a", &"v".repeat(2_048)), "400 MetadataTooLarge"),
            (text("x-amz-storage-class", "STANDARD"), "200"),
            (text("x-amz-storage-class", "PLUMB"), "400 InvalidStorageClass"),
            (text("x-amz-storage-class", "OUTPOSTS"), "400 InvalidStorageClass"),
            (text("x-amz-expected-bucket-owner", "abcd"), "400 InvalidBucketOwnerAWSAccountID"),
            (text("signature", "wrong-secret"), "403 SignatureDoesNotMatch"),
            (text("signature", "unknown-key"), "403 InvalidAccessKeyId"),
            (text("signature", "skewed"), "403 RequestTimeTooSkewed"),
            (text("signature", "anonymous"), "403 AccessDenied"),
            (text("signature", "other-body"), "400 XAmzContentSHA256Mismatch"),
        ] {
            check(&[], &call, &[class]);
        }
    }

    #[test]
    fn which_of_two_faults_wins() {
        let absent = |call: Call| call.with("bucket", "plumb-t-absent");
        let wrong_md5 = BASE64.encode(md5(b"no"));
        let first = || text("if-none-match", "*");
        for (call, classes) in [
            (first().with("content-md5", wrong_md5.as_str()), &["412 PreconditionFailed", "400 BadDigest"][..]),
            (first().with("content-md5", "000"), &["412 PreconditionFailed", "400 InvalidDigest"]),
            (
                text("x-amz-storage-class", "FOO").with("content-md5", "000"),
                &["400 InvalidStorageClass", "400 InvalidDigest"],
            ),
            (absent(put_key(&"k".repeat(1_025))), &["404 NoSuchBucket", "400 KeyTooLongError"]),
            (put_key(&"k".repeat(1_025)).with("if-match", "\"nope\""), &["400 KeyTooLongError"]),
            (absent(text("content-md5", &wrong_md5)), &["404 NoSuchBucket"]),
            (absent(text("content-md5", "000")), &["404 NoSuchBucket", "400 InvalidDigest"]),
            (absent(text("signature", "anonymous")), &["403 AccessDenied", "404 NoSuchBucket"]),
            (absent(text("signature", "wrong-secret")), &["403 SignatureDoesNotMatch"]),
            (text("content-md5", &wrong_md5).with("x-amz-storage-class", "FOO"), &["400 InvalidStorageClass"]),
        ] {
            check(&[put_key("k")], &call, classes);
        }
    }

    #[test]
    fn what_is_stored_comes_back() {
        let call = text("content-type", "text/plain").with("x-amz-meta-colour", " deep  blue ");
        let mut bench = Bench::after(&[call]);
        let answer = bench.run("get", &on_key("GetObject", "k"));
        assert_eq!(answer.headers.text("content-type"), Some("text/plain"));
        assert_eq!(answer.headers.text("x-amz-meta-colour"), Some("deep  blue"));
        assert_eq!(answer.headers.text("etag"), Some(tag().as_str()));
        assert_eq!(answer.body, bench.bodies.made(STORED_BODY).bytes);
    }

    #[test]
    fn in_a_shared_bucket_only_the_own_part_is_known() {
        let bench = Bench::new(Some("p/"));
        assert_eq!(bench.classes(&put_key("p/k").with("if-none-match", "*")), ["200"]);
        assert_eq!(bench.classes(&put_key("q/k").with("if-none-match", "*")), ["200", "412 PreconditionFailed"]);
        assert_eq!(bench.classes(&on_bucket("GetObject").with("key", "p/k")), ["404 NoSuchKey"]);
        assert_eq!(bench.classes(&on_bucket("GetObject").with("key", "q/k")), ["200", "404 NoSuchKey"]);
    }
}
