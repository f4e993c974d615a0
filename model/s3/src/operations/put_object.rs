//! `PutObject`: stores an object.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use plumb_model::bodies::{BodySpec, Pooled, crc32 as crc32_of};
use plumb_model::expectation::Matcher;
use plumb_model::fault::{Basis, Fault, Precedence};
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Constraint, Dimension, Hazard, Operation, Space};
use plumb_model::value::{Function, Value};

use super::dimensions::{
    Sharing, buckets, caller, expected_owner, get_probe, keys, list_probe, only, other_meets, signature,
};
use super::storing::{
    METADATA_BYTES_MAX, conditions, given_headers, given_metadata, key_state, metadata_fault, metadata_of, object,
    storage_class, storage_class_fault,
};
use crate::errors;
use crate::faults;
use crate::request::{Request, documented};
use crate::signature::{self, Quality};
use crate::state::State;

const SOURCE: &str = "AWS S3 API Reference, PutObject";
const CHECKSUMS: &str = "LocalStack test_put_object_checksum, test_s3_checksum_no_algorithm (recorded on AWS)";
const MD5S: &str = "LocalStack test_s3_invalid_content_md5 (recorded on AWS)";

/// The headers of checksums that nothing here computes. Source: AWS S3 API Reference, `PutObject`.
const UNKNOWN_CHECKSUMS: [&str; 7] = [
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha512",
    "x-amz-checksum-xxhash64",
    "x-amz-checksum-xxhash3",
    "x-amz-checksum-xxhash128",
];

/// What the call may answer.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults = request.common_faults();
    request.key_faults(&mut faults);
    storage_class_fault(request, &mut faults);
    metadata_fault(request, &mut faults);
    request.write_conditions(&mut faults);
    md5_faults(request, &mut faults);
    checksum_faults(request, &mut faults);
    outcomes(&faults, precedence, || vec![written(request)])
}

fn md5_faults(request: &Request<'_>, faults: &mut Vec<Fault>) {
    let Some(text) = request.argument("content-md5") else { return };
    match digest_of::<16>(text) {
        None => {
            let answer = request.refuse(errors::INVALID_DIGEST);
            faults.push(Fault::new(faults::HEADER, answer, Basis::Recorded, MD5S));
        }
        Some(md5) if md5 != request.seen.pooled(request.call.argument("body")).md5 => {
            let answer = request.refuse(errors::BAD_DIGEST);
            faults.push(Fault::new(faults::DIGEST, answer, Basis::Recorded, MD5S));
        }
        Some(_) => {}
    }
}

/// The checksum headers: at most one, well-formed, and that of the body.
fn checksum_faults(request: &Request<'_>, faults: &mut Vec<Fault>) {
    let (crc32, sha256) = (request.argument("x-amz-checksum-crc32"), request.argument("x-amz-checksum-sha256"));
    if crc32.is_none() && sha256.is_none() {
        return;
    }
    let pooled = request.seen.pooled(request.call.argument("body"));
    let crc32 = crc32.map(|text| digest_of::<4>(text).map(|own| own == crc32_of(&pooled.bytes)));
    let sha256 = sha256.map(|text| digest_of::<32>(text).map(|own| own == pooled.sha256));
    let each = [crc32, sha256];
    if each.iter().flatten().count() > 1 || each.iter().flatten().any(Option::is_none) {
        let answer = request.refuse(errors::INVALID_REQUEST);
        faults.push(Fault::new(faults::HEADER, answer, Basis::Recorded, CHECKSUMS));
    }
    if each.iter().flatten().any(|right| *right == Some(false)) {
        let answer = request.refuse(errors::BAD_DIGEST);
        faults.push(Fault::new(faults::DIGEST, answer, Basis::Recorded, CHECKSUMS));
    }
}

/// The bytes of a digest in Base64; none where it is not Base64 of so many bytes.
fn digest_of<const BYTES: usize>(text: &[u8]) -> Option<[u8; BYTES]> {
    BASE64.decode(text).ok()?.try_into().ok()
}

fn written(request: &Request<'_>) -> Outcome<State> {
    let payload = request.seen.payload(request.call.argument("body"));
    let object = object(request, payload, given_headers(request), given_metadata(request));
    let mut answer =
        request.bodiless().header("etag", Matcher::is(object.etag.clone())).header("x-amz-version-id", Matcher::Absent);
    if request.aws {
        // S3 User Guide, default encryption: every new object is encrypted by SSE-S3, and the answer says so.
        answer = answer.header("x-amz-server-side-encryption", Matcher::fixed("AES256"));
    }
    for (name, matcher) in told_checksums(request) {
        answer = answer.header(name, matcher);
    }
    let state = request.with_bucket(|bucket| bucket.put(request.key.clone(), object));
    documented(answer, SOURCE).leaving(state)
}

/// What the answer may tell of the body's checksums. The one that was given comes back; a server may tell others,
/// which it has computed, and each must be that of the body.
///
/// Source: AWS S3 API Reference, `PutObject`, response headers `x-amz-checksum-*` and `x-amz-checksum-type`; S3 User
/// Guide, checking-object-integrity: without one S3 computes CRC-64/NVME.
fn told_checksums(request: &Request<'_>) -> impl Iterator<Item = (&'static str, Matcher)> {
    let known = known_checksums(&request.seen.pooled(request.call.argument("body")))
        .map(|(name, own)| (name, if request.aws && request.argument(name).is_some() { own } else { own.maybe() }));
    let unknown = UNKNOWN_CHECKSUMS.map(|name| (name, Matcher::Any("this digest is not computed here".into())));
    let kind = ("x-amz-checksum-type", Matcher::fixed("FULL_OBJECT").maybe());
    known.into_iter().chain(unknown).chain([kind])
}

/// The checksums of a body that are computed here, as their headers tell them.
pub(crate) fn known_checksums(pooled: &Pooled) -> [(&'static str, Matcher); 3] {
    [
        ("x-amz-checksum-crc32", Matcher::is(BASE64.encode(crc32_of(&pooled.bytes)))),
        ("x-amz-checksum-sha256", Matcher::is(BASE64.encode(pooled.sha256))),
        ("x-amz-checksum-md5", Matcher::is(BASE64.encode(pooled.md5))),
    ]
}

/// The body whose digests the headers tell.
const BODY: BodySpec = BodySpec::random(2, 1_024);

/// The operation.
pub(crate) fn operation() -> Operation {
    let mut dimensions = vec![buckets(Sharing::Shared), key_state(), keys(), signatures(), caller(), bodies()];
    dimensions.extend(content_headers());
    dimensions.extend([metadata_sizes(), content_md5(), checksums(), conditions(), storage_class(), expected_owner()]);
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
    let choices =
        vec![Choice::valid("1-kib", "body", BODY), body("empty", 0), body("one-byte", 1), body("64-kib-and-1", 65_537)];
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

fn in_base64(function: Function) -> Value {
    Value::Body(BODY).apply(function).apply(Function::Base64)
}

fn content_md5() -> Dimension {
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("right", "content-md5", in_base64(Function::Md5)),
        Choice::fault("wrong", "content-md5", Value::from("another").apply(Function::Md5).apply(Function::Base64)),
        Choice::fault("no-base64", "content-md5", "__invalid__"),
        Choice::fault("too-short", "content-md5", "MTIz"),
    ];
    Dimension::argument("content-md5", choices)
}

/// One checksum is enough; two are refused.
fn checksums() -> Dimension {
    let (crc32, sha256) = ("x-amz-checksum-crc32", "x-amz-checksum-sha256");
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("crc32", crc32, in_base64(Function::Crc32)),
        Choice::valid("sha256", sha256, in_base64(Function::Sha256)),
        Choice::fault("crc32-wrong", crc32, "AAAAAQ=="),
        Choice::fault("crc32-no-base64", crc32, "__invalid__"),
        Choice::fault("crc32-too-short", crc32, "AAAA"),
        Choice::fault("two", crc32, in_base64(Function::Crc32)).and(sha256, in_base64(Function::Sha256)),
    ];
    Dimension::argument("checksum", choices)
}

/// A digest that is right is that of one body.
fn constraints() -> Vec<Constraint> {
    let of_the_body = [("content-md5", "right"), ("checksum", "crc32"), ("checksum", "sha256"), ("checksum", "two")];
    let of_the_body = of_the_body.map(|(dimension, choice)| only(dimension, choice, "body", &["1-kib"]));
    of_the_body.into_iter().chain([other_meets(&["mine"])]).collect()
}

#[cfg(test)]
mod tests {
    use plumb_model::bodies::{hex, md5};
    use plumb_model::call::Call;

    use super::*;
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
    fn digests_in_headers() {
        let encoded = |bytes: &[u8]| BASE64.encode(bytes);
        let bodies = plumb_model::bodies::Bodies::new();
        let own = bodies.made(STORED_BODY);
        for (name, value, class) in [
            ("content-md5", encoded(&own.md5), "200"),
            ("content-md5", encoded(&md5(b"no")), "400 BadDigest"),
            ("content-md5", "__invalid__".into(), "400 InvalidDigest"),
            ("content-md5", "000".into(), "400 InvalidDigest"),
            ("content-md5", "MTIz".into(), "400 InvalidDigest"),
            ("x-amz-checksum-crc32", encoded(&crc32_of(&own.bytes)), "200"),
            ("x-amz-checksum-crc32", encoded(&[0, 0, 0, 1]), "400 BadDigest"),
            ("x-amz-checksum-crc32", "AAAA".into(), "400 InvalidRequest"),
            ("x-amz-checksum-sha256", encoded(&own.sha256), "200"),
            ("x-amz-checksum-sha256", encoded(&[0; 32]), "400 BadDigest"),
        ] {
            check(&[], &text(name, &value), &[class]);
        }
        let two = text("x-amz-checksum-crc32", &encoded(&crc32_of(&own.bytes)));
        check(&[], &two.with("x-amz-checksum-sha256", encoded(&own.sha256).as_str()), &["400 InvalidRequest"]);
    }

    #[test]
    fn a_checksum_that_is_told_is_that_of_the_body() {
        let own = plumb_model::bodies::Bodies::new().made(STORED_BODY);
        let crc32 = Matcher::is(BASE64.encode(crc32_of(&own.bytes)));
        let bench = Bench { flavour: "aws", ..Bench::after(&[put_key("k")]) };
        let rule = |call: &Call, name: &str| {
            let expectation = bench.outcomes("call", call).swap_remove(0).expectation;
            expectation.headers.into_iter().find(|(own, _)| own == name).map(|(_, matcher)| matcher)
        };
        let asked = text("x-amz-checksum-crc32", &BASE64.encode(crc32_of(&own.bytes)));
        assert_eq!(rule(&asked, "x-amz-checksum-crc32"), Some(crc32.clone()));
        assert_eq!(rule(&put_key("k"), "x-amz-checksum-crc32"), Some(crc32.clone().maybe()));
        assert_eq!(rule(&on_key("GetObject", "k"), "x-amz-checksum-crc32"), Some(crc32.maybe()));
        assert!(matches!(rule(&put_key("k"), "x-amz-checksum-crc64nvme"), Some(Matcher::Any(_))));
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
