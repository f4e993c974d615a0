//! What a copy may answer, and what it leaves behind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use plumb_model::bodies::{Bodies, BodySpec, hex};
use plumb_model::call::Call;
use plumb_model::expectation::{BodyRule, Shape};
use plumb_model::time::{Interval, http_date};
use plumb_model::value::Function;

use crate::checksums::ALGORITHMS;
use crate::testing::{BODY, BUCKET, Bench, NOW_MS, check, on_bucket, on_key, put};

const NOW_S: i64 = NOW_MS / 1_000;
const FAILED: &str = "412 PreconditionFailed";
const ABSENT: &str = "404 NoSuchKey";

fn tag() -> String {
    format!("\"{}\"", String::from_utf8_lossy(&hex(&Bodies::new().made(BODY).md5)))
}

/// A copy of what `source` names to the key `copy`.
fn from(source: &str) -> Call {
    on_key("CopyObject", "copy").with("x-amz-copy-source", source)
}

/// A copy of the key `k`.
fn copy() -> Call {
    from(&format!("{BUCKET}/k"))
}

/// A copy of the key `k` to itself.
fn to_itself() -> Call {
    copy().with("key", "k")
}

fn with(pairs: &[(&'static str, &str)]) -> Call {
    pairs.iter().fold(copy(), |call, (name, value)| call.with(*name, *value))
}

/// A minute after the key `k` was stored, and after its date was read.
fn later() -> Bench {
    let mut bench = Bench::after(&[put("k")]);
    bench.run("read", &on_key("GetObject", "k"));
    bench.time = Interval::at_ms(NOW_MS + 60_000);
    bench
}

/// Arguments of a call with their values.
type Given<'a> = &'a [(&'static str, &'a str)];

#[test]
fn conditions_on_the_source_as_recorded_on_aws() {
    let (bench, tag) = (later(), tag());
    let (before, equal, after) = (http_date(NOW_S - 1), http_date(NOW_S), http_date(NOW_S + 1));
    let future = http_date(NOW_S + 86_400);
    let [before, equal, after, future] = [&before, &equal, &after, &future].map(String::as_str);
    let matching = |value| ("x-amz-copy-source-if-match", value);
    let other = |value| ("x-amz-copy-source-if-none-match", value);
    let modified = |value| ("x-amz-copy-source-if-modified-since", value);
    let unmodified = |value| ("x-amz-copy-source-if-unmodified-since", value);
    let (tag, bare, nope) = (tag.as_str(), tag.trim_matches('"'), "\"nope\"");
    let table: &[(Given<'_>, &[&str])] = &[
        (&[matching(tag)], &["200"]),
        (&[matching(bare)], &["200"]),
        (&[matching(nope)], &[FAILED]),
        (&[matching("*")], &["200", FAILED]),
        (&[other(tag)], &[FAILED]),
        (&[other(bare)], &[FAILED]),
        (&[other(nope)], &["200"]),
        (&[other("*")], &["200", FAILED]),
        (&[modified(equal)], &[FAILED]),
        (&[modified(before)], &["200"]),
        (&[modified(future)], &["200"]),
        (&[modified("not a date")], &["200"]),
        (&[unmodified(equal)], &["200"]),
        (&[unmodified(before)], &[FAILED]),
        (&[unmodified(future)], &["200"]),
        (&[matching(tag), unmodified(before)], &["200"]),
        (&[other(tag), modified(before)], &[FAILED]),
        (&[other(nope), modified(after)], &["200", FAILED]),
        (&[matching(bare), other(nope), modified(before), unmodified(after)], &["200"]),
    ];
    for (conditions, classes) in table {
        assert_eq!(bench.classes(&with(conditions)), *classes, "{conditions:?}");
    }
}

#[test]
fn the_first_condition_that_fails_is_named() {
    let (before, after) = (http_date(NOW_S - 1), http_date(NOW_S + 1));
    let tag = tag();
    let all: [(&'static str, &str, &str); 4] = [
        ("x-amz-copy-source-if-match", "\"nope\"", "x-amz-copy-source-If-Match"),
        ("x-amz-copy-source-if-unmodified-since", &before, "x-amz-copy-source-If-Unmodified-Since"),
        ("x-amz-copy-source-if-none-match", &tag, "x-amz-copy-source-If-None-Match"),
        ("x-amz-copy-source-if-modified-since", &after, "x-amz-copy-source-If-Modified-Since"),
    ];
    let mut bench = later();
    bench.flavour = "aws";
    for first in 0..all.len() {
        let call = all[first..].iter().fold(copy(), |call, (header, value, _)| call.with(*header, *value));
        let outcomes = bench.outcomes("call", &call);
        assert_eq!(outcomes.len(), 1, "{call:?}");
        let BodyRule::Document(Shape::Fields(fields)) = &outcomes[0].expectation.body else { panic!("no document") };
        let named = fields.iter().find(|(name, _)| name == "Condition").map(|(_, shape)| shape.clone());
        assert_eq!(named, Some(Shape::is(all[first].2)), "{call:?}");
    }
}

#[test]
fn conditions_on_the_destination_are_those_of_a_write() {
    let other = put("copy").with("body", BodySpec::random(9, 3));
    let theirs = format!("\"{}\"", String::from_utf8_lossy(&hex(&Bodies::new().made(BodySpec::random(9, 3)).md5)));
    let tag = tag();
    for (header, value, exists, absent) in [
        ("if-none-match", "*", FAILED, "200"),
        ("if-none-match", tag.as_str(), "501 NotImplemented", "501 NotImplemented"),
        ("if-match", &theirs, "200", ABSENT),
        ("if-match", &tag, FAILED, ABSENT),
        ("if-match", "*", "501 NotImplemented", "501 NotImplemented"),
    ] {
        check(&[put("k"), other.clone()], &with(&[(header, value)]), &[exists]);
        check(&[put("k")], &with(&[(header, value)]), &[absent]);
    }
    let again = to_itself().with("x-amz-storage-class", "STANDARD");
    check(&[put("k")], &again.clone().with("if-none-match", "*"), &[FAILED]);
    check(&[put("k")], &again.with("if-match", tag.as_str()), &["200"]);
}

#[test]
fn a_copy_to_itself_must_change_something() {
    for (call, classes) in [
        (to_itself(), &["400 InvalidRequest"][..]),
        (to_itself().with("x-amz-metadata-directive", "COPY"), &["400 InvalidRequest"]),
        (to_itself().with("x-amz-meta-a", "ignored"), &["400 InvalidRequest"]),
        (to_itself().with("x-amz-metadata-directive", "REPLACE"), &["200"]),
        (to_itself().with("x-amz-storage-class", "STANDARD"), &["200"]),
        (to_itself().with("x-amz-server-side-encryption", "AES256"), &["200", "501 NotImplemented"]),
        (to_itself().with("x-amz-copy-source-if-match", "\"nope\""), &[FAILED, "400 InvalidRequest"]),
        (to_itself().with("x-amz-copy-source", format!("/{BUCKET}%2Fk").as_str()), &["400 InvalidRequest"]),
    ] {
        check(&[put("k")], &call, classes);
    }
    check(&[], &to_itself(), &[ABSENT, "400 InvalidRequest"]);
    check(&[put("k").with("x-amz-storage-class", "STANDARD_IA")], &to_itself(), &["400 InvalidRequest"]);
}

#[test]
fn sources_that_are_none() {
    let bucket = |text: &str| from(&text.replace("BUCKET", BUCKET));
    let invalid = "400 InvalidArgument";
    for (call, classes) in [
        (bucket("BUCKET/absent"), &[ABSENT][..]),
        (bucket("plumb-t-absent/k"), &["404 NoSuchBucket"]),
        (bucket("plumb-t-_X/k"), &["400 InvalidBucketName", invalid, "404 NoSuchBucket"]),
        (bucket("wrongformat"), &[invalid]),
        (bucket("BUCKET/"), &[invalid, ABSENT]),
        (bucket(""), &[invalid]),
        (bucket("BUCKET/k?versionId=null"), &["200"]),
        (bucket("BUCKET/k?versionId="), &["200", invalid, "404 NoSuchVersion"]),
        (bucket("BUCKET/k?versionId=x"), &[invalid, "404 NoSuchVersion"]),
        (bucket("BUCKET/k%FF"), &[invalid, "400 InvalidURI", ABSENT]),
    ] {
        check(&[put("k")], &call, classes);
    }
    let long = "k".repeat(1_025);
    check(&[], &from(&format!("{BUCKET}/{long}")), &["400 KeyTooLongError", ABSENT]);
}

#[test]
fn hostile_names_are_decoded_once() {
    for (key, text, classes) in [
        ("a b", "a%20b", &["200"][..]),
        ("a b", "a+b", &["200", ABSENT]),
        ("a+b", "a%2Bb", &["200"]),
        ("a+b", "a+b", &[ABSENT, "200"]),
        ("a%2Bb", "a%252Bb", &["200"]),
        ("a?b", "a%3Fb", &["200"]),
        ("a?b", "a?b", &["400 InvalidArgument", ABSENT, "200"]),
        ("a b", "a b", &["200", "400 InvalidArgument"]),
        ("\u{fc}", "%C3%BC", &["200"]),
    ] {
        check(&[put(key)], &from(&format!("{BUCKET}/{text}")), classes);
    }
    let aws = Bench { flavour: "aws", ..Bench::after(&[put("a+b")]) };
    assert_eq!(aws.classes(&from(&format!("{BUCKET}/a+b"))), [ABSENT], "a plus is a blank, recorded on AWS");
}

#[test]
fn headers_that_break_their_syntax() {
    for (header, value, class) in [
        ("x-amz-metadata-directive", "PLUMB", "400 InvalidArgument"),
        ("x-amz-tagging-directive", "PLUMB", "400 InvalidArgument"),
        ("x-amz-storage-class", "PLUMB", "400 InvalidStorageClass"),
        ("x-amz-checksum-algorithm", "PLUMB", "400 InvalidRequest"),
        ("x-amz-checksum-algorithm", "SHA256", "200"),
        ("x-amz-expected-bucket-owner", "abcd", "400 InvalidBucketOwnerAWSAccountID"),
        ("x-amz-source-expected-bucket-owner", "abcd", "400 InvalidBucketOwnerAWSAccountID"),
        ("signature", "wrong-secret", "403 SignatureDoesNotMatch"),
        ("signature", "anonymous", "403 AccessDenied"),
    ] {
        check(&[put("k")], &with(&[(header, value)]), &[class]);
    }
    check(&[put("k")], &copy().with("key", "k".repeat(1_025).as_str()), &["400 KeyTooLongError"]);
    let large = "v".repeat(2_048);
    check(&[put("k")], &with(&[("x-amz-meta-a", &large)]), &["200", "400 MetadataTooLarge"]);
    let replaced = with(&[("x-amz-meta-a", &large), ("x-amz-metadata-directive", "REPLACE")]);
    check(&[put("k")], &replaced, &["400 MetadataTooLarge"]);
}

#[test]
fn which_of_two_faults_wins() {
    let no_bucket = |call: Call| call.with("bucket", "plumb-t-absent");
    let nope = || with(&[("x-amz-copy-source-if-match", "\"nope\"")]);
    for (call, classes) in [
        (no_bucket(from("plumb-t-absent2/k")), &["404 NoSuchBucket"][..]),
        (no_bucket(nope()), &["404 NoSuchBucket", "412 PreconditionFailed"]),
        (no_bucket(from(&format!("{BUCKET}/absent"))), &["404 NoSuchBucket", ABSENT]),
        (nope().with("x-amz-copy-source", format!("{BUCKET}/absent").as_str()), &[ABSENT]),
        (nope().with("signature", "wrong-secret"), &["403 SignatureDoesNotMatch"]),
        (from("plumb-t-absent/k").with("signature", "wrong-secret"), &["403 SignatureDoesNotMatch"]),
        (from("plumb-t-absent/k").with("if-match", "\"nope\""), &[ABSENT, "404 NoSuchBucket"]),
        (from("wrongformat").with("x-amz-storage-class", "PLUMB"), &["400 InvalidStorageClass", "400 InvalidArgument"]),
    ] {
        check(&[put("k")], &call, classes);
    }
}

#[test]
fn a_copy_has_the_bytes_and_the_description_of_its_source() {
    let described = put("k").with("content-type", "text/plain").with("x-amz-meta-colour", "blue");
    let given = || copy().with("content-type", "image/png").with("x-amz-meta-size", "10");
    let read = |call: Call| {
        let mut bench = Bench { flavour: "aws", ..Bench::after(std::slice::from_ref(&described)) };
        let answer = bench.run("copy", &call);
        let told = answer.document.as_ref().and_then(|document| document.text("LastModified")).map(str::to_owned);
        assert!(told.is_some_and(|date| date.starts_with("2023-11-14T22:13:20")));
        let answer = bench.run("get", &on_key("GetObject", "copy"));
        assert_eq!(answer.body, bench.bodies.made(BODY).bytes);
        assert_eq!(answer.headers.text("etag"), Some(tag().as_str()));
        let header = |name: &str| answer.headers.text(name).map(str::to_owned);
        ["content-type", "x-amz-meta-colour", "x-amz-meta-size"].map(header)
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(read(copy()), [text("text/plain"), text("blue"), None]);
    assert_eq!(read(given()), [text("text/plain"), text("blue"), None]);
    assert_eq!(read(given().with("x-amz-metadata-directive", "REPLACE")), [text("image/png"), None, text("10")]);
    let none = copy().with("x-amz-metadata-directive", "REPLACE");
    assert_eq!(read(none), [text("binary/octet-stream"), None, None]);
}

#[test]
fn the_storage_class_is_that_of_the_call() {
    let bench = || Bench { flavour: "aws", ..Bench::after(&[put("k").with("x-amz-storage-class", "STANDARD_IA")]) };
    for (class, told) in [(None, None), (Some("STANDARD"), None), (Some("GLACIER_IR"), Some("GLACIER_IR"))] {
        let mut bench = bench();
        let call = class.map_or_else(copy, |class| with(&[("x-amz-storage-class", class)]));
        bench.run("copy", &call);
        let answer = bench.run("get", &on_key("GetObject", "copy"));
        assert_eq!(answer.headers.text("x-amz-storage-class"), told, "{class:?}");
    }
    let archived = Bench { flavour: "aws", ..Bench::after(&[put("k").with("x-amz-storage-class", "DEEP_ARCHIVE")]) };
    assert_eq!(archived.classes(&copy()), ["403 InvalidObjectState", "403 ObjectNotInActiveTierError"]);
}

#[test]
fn the_checksum_is_the_one_asked_for_or_that_of_the_source() {
    let own = |function| {
        let digest = Bodies::new().made(BODY).digest(function).expect("a digest");
        Some(BASE64.encode(digest))
    };
    let asked = with(&[("x-amz-checksum-algorithm", "SHA1")]);
    let summed = put("k").with("x-amz-checksum-crc32", own(Function::Crc32).expect("a digest").as_str());
    for (source, call, algorithm, function) in [
        (put("k"), copy(), "CRC64NVME", Function::Crc64Nvme),
        (summed.clone(), copy(), "CRC32", Function::Crc32),
        (summed, asked, "SHA1", Function::Sha1),
    ] {
        let mut bench = Bench { flavour: "aws", ..Bench::new(None) };
        bench.run("put", &source);
        let answer = bench.run("copy", &call);
        let document = answer.document.expect("a document");
        let told = |name: &str| document.text(&format!("Checksum{name}")).map(str::to_owned);
        assert_eq!((told(algorithm), told("Type")), (own(function), Some("FULL_OBJECT".to_owned())));
        assert_eq!(ALGORITHMS.iter().filter(|algorithm| told(algorithm.name).is_some()).count(), 1);
        let read = bench.run("get", &on_key("GetObject", "copy").with("x-amz-checksum-mode", "ENABLED"));
        let header = format!("x-amz-checksum-{}", algorithm.to_lowercase());
        assert_eq!(read.headers.text(&header).map(str::to_owned), own(function));
    }
}

#[test]
fn a_copy_of_what_is_not_known_leaves_what_is_not_known() {
    let mut bench = Bench::new(Some("p/"));
    let call = on_key("CopyObject", "p/copy").with("x-amz-copy-source", format!("{BUCKET}/q/k").as_str());
    assert_eq!(bench.classes(&call), ["200", ABSENT]);
    assert_eq!(bench.classes(&call.clone().with("x-amz-copy-source-if-match", "\"x\"")), ["200", ABSENT, FAILED]);
    bench.run("copy", &call);
    let read = on_key("GetObject", "p/copy");
    assert_eq!(bench.classes(&read), ["200", ABSENT]);
    assert_eq!(bench.classes(&on_bucket("DeleteBucket")), ["409 BucketNotEmpty"]);
    bench.run("delete", &on_key("DeleteObject", "p/copy"));
    assert_eq!(bench.classes(&read), [ABSENT]);
    bench.run("copy-again", &call);
    bench.run("put", &put("p/copy"));
    assert_eq!(bench.classes(&read), ["200"]);
}
