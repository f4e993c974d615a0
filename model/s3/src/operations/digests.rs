//! What varies in how the digests of a body are sent and asked for.

use plumb_model::bodies::BodySpec;
use plumb_model::space::{Choice, Constraint, Dimension};
use plumb_model::value::{Function, Value};

use super::dimensions::{STORED, Sharing, bucket_choice, key, only, put};
use crate::checksums::{MODE, SDK_ALGORITHM};

const MD5: &str = "content-md5";

/// The algorithms that every server that checks at all knows: the choice that is right, the one that is wrong, the
/// one in which a reader asks for it, and how the checksum is made.
const OLD: [(&str, &str, &str, &str, Function); 5] = [
    ("crc32", "crc32-wrong", "enabled-crc32", "x-amz-checksum-crc32", Function::Crc32),
    ("crc32c", "crc32c-wrong", "enabled-crc32c", "x-amz-checksum-crc32c", Function::Crc32c),
    ("crc64nvme", "crc64nvme-wrong", "enabled-crc64nvme", "x-amz-checksum-crc64nvme", Function::Crc64Nvme),
    ("sha1", "sha1-wrong", "enabled-sha1", "x-amz-checksum-sha1", Function::Sha1),
    ("sha256", "sha256-wrong", "enabled-sha256", "x-amz-checksum-sha256", Function::Sha256),
];

/// What is refused, or may be, and is not marked as a fault: one of its kind is. As what wins over it does not hang
/// on how it is wrong, it is sent to nothing but the case's own bucket.
const LIKE_ANOTHER: [(&str, &str); 15] = [
    (MD5, "empty"),
    (MD5, "in-hexadecimal"),
    ("checksum", "crc32c-wrong"),
    ("checksum", "crc64nvme-wrong"),
    ("checksum", "sha1-wrong"),
    ("checksum", "sha256-wrong"),
    ("checksum", "crc32-empty"),
    ("checksum", "sha256-too-short"),
    ("checksum", "unknown-algorithm"),
    ("checksum", "md5"),
    ("checksum", "md5-wrong"),
    ("checksum", "sha512"),
    ("sdk-algorithm", "matching-in-small-letters"),
    ("sdk-algorithm", "with-another"),
    ("sdk-algorithm", "unknown"),
];

fn in_base64(body: impl Into<Value>, function: Function) -> Value {
    body.into().apply(function).apply(Function::Base64)
}

/// The digests of a write whose body is `body`.
pub(crate) fn of_write(body: BodySpec) -> [Dimension; 3] {
    [content_md5(body), checksums(body), sdk_algorithms()]
}

fn content_md5(body: BodySpec) -> Dimension {
    let right = in_base64(body, Function::Md5);
    let blanks = Value::concat([" ".into(), right.clone(), "  ".into()]);
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("right", MD5, right),
        Choice::valid("right-between-blanks", MD5, blanks),
        Choice::fault("wrong", MD5, in_base64("another", Function::Md5)),
        Choice::fault("no-base64", MD5, "__invalid__"),
        Choice::fault("too-short", MD5, "MTIz"),
        Choice::valid("empty", MD5, ""),
        Choice::valid("in-hexadecimal", MD5, Value::Body(body).apply(Function::Md5).apply(Function::Hex)),
    ];
    Dimension::argument(MD5, choices)
}

/// One checksum is enough; two are refused.
fn checksums(body: BodySpec) -> Dimension {
    let (crc32, sha256) = ("x-amz-checksum-crc32", "x-amz-checksum-sha256");
    let two = Choice::fault("two", crc32, in_base64(body, Function::Crc32));
    let long = Value::Apply { function: Function::PadTo, of: vec!["".into(), "64".into()] };
    let mut choices = vec![Choice::absent("none")];
    choices.extend(OLD.map(|(name, .., header, function)| Choice::valid(name, header, in_base64(body, function))));
    choices.extend(OLD.map(|(_, name, _, header, function)| Choice {
        fault: header == crc32,
        ..Choice::valid(name, header, in_base64("another", function))
    }));
    choices.extend([
        Choice::fault("crc32-no-base64", crc32, "__invalid__"),
        Choice::fault("crc32-too-short", crc32, "AAAA"),
        Choice::valid("crc32-empty", crc32, ""),
        Choice::valid("sha256-too-short", sha256, in_base64(body, Function::Sha1)),
        two.and(sha256, in_base64(body, Function::Sha256)),
        Choice::valid("unknown-algorithm", "x-amz-checksum-plumb", in_base64(body, Function::Crc32)),
        Choice::valid("md5", "x-amz-checksum-md5", in_base64(body, Function::Md5)),
        Choice::valid("md5-wrong", "x-amz-checksum-md5", in_base64("another", Function::Md5)),
        Choice::valid("sha512", "x-amz-checksum-sha512", long.apply(Function::Base64)),
    ]);
    Dimension::argument("checksum", choices)
}

/// Which checksum an SDK says it sends. [`constraints`] says which one does come.
fn sdk_algorithms() -> Dimension {
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("matching", SDK_ALGORITHM, "CRC32"),
        Choice::valid("matching-in-small-letters", SDK_ALGORITHM, "crc32"),
        Choice::fault("without-checksum", SDK_ALGORITHM, "CRC32"),
        Choice::valid("with-another", SDK_ALGORITHM, "CRC32"),
        Choice::valid("unknown", SDK_ALGORITHM, "PLUMB"),
        // It belongs to copies and uploads in parts; with a write it means nothing (recorded on AWS).
        Choice::valid("of-another-operation", "x-amz-checksum-algorithm", "PLUMB"),
    ];
    Dimension::argument("sdk-algorithm", choices)
}

/// A digest that is right is that of one body, which is the choice `body`; an algorithm comes with its checksum or
/// without.
pub(crate) fn constraints(body: &'static str) -> Vec<Constraint> {
    let of_the_body = OLD.iter().map(|(name, ..)| ("checksum", *name));
    let others = [("checksum", "two"), ("checksum", "md5"), (MD5, "right"), (MD5, "right-between-blanks")];
    let of_the_body = of_the_body.chain(others).map(|(dimension, choice)| only(dimension, choice, "body", &[body]));
    let algorithm = |choice, checksum| only("sdk-algorithm", choice, "checksum", &[checksum]);
    let sdk = [
        algorithm("matching", "crc32"),
        algorithm("matching-in-small-letters", "crc32"),
        algorithm("without-checksum", "none"),
        algorithm("with-another", "sha256"),
        algorithm("unknown", "crc32"),
    ];
    let like_another = LIKE_ANOTHER.iter().map(|(dimension, choice)| only(dimension, choice, "bucket", &["mine"]));
    of_the_body.chain(sdk).chain(like_another).collect()
}

/// Whether a reader asks for the checksum, of what, and with which one the object was stored.
pub(crate) fn modes() -> Dimension {
    let mut choices = vec![
        Choice::absent("none"),
        Choice::valid("enabled", MODE, "ENABLED"),
        Choice::valid("enabled-in-small-letters", MODE, "enabled"),
        Choice::valid("unknown", MODE, "PLUMB"),
        Choice::valid("enabled-for-a-part", MODE, "ENABLED").and("range", "bytes=1-3"),
        Choice::valid("enabled-for-all-as-a-range", MODE, "ENABLED").and("range", "bytes=0-"),
        Choice::valid("enabled-for-the-first-part", MODE, "ENABLED").and("partNumber", "1"),
    ];
    choices.extend(OLD.map(|(_, _, name, header, function)| {
        let again = put(key(), STORED).with(header, in_base64(STORED, function));
        let needs = bucket_choice("", Sharing::Shared).needs;
        Choice { needs, ..Choice::valid(name, MODE, "ENABLED").after("stored-with-checksum", again) }
    }));
    Dimension::argument("checksum-mode", choices)
}

/// The object that is stored again is the choice `object`, nobody else asks for a part, and what may be refused is
/// sent to what can be read.
pub(crate) fn mode_constraints(object: &'static str) -> impl Iterator<Item = Constraint> {
    let of_a_part = ["enabled-for-a-part", "enabled-for-all-as-a-range", "enabled-for-the-first-part"];
    let of_a_part = of_a_part
        .into_iter()
        .flat_map(|name| ["range", "part-number"].map(|dimension| only("checksum-mode", name, dimension, &["none"])));
    let stored_again = OLD.iter().map(move |(_, _, name, ..)| only("checksum-mode", name, "object", &[object]));
    let unknown = [("bucket", "mine"), ("object", object)];
    let unknown = unknown.map(|(state, choice)| only("checksum-mode", "unknown", state, &[choice]));
    of_a_part.chain(stored_again).chain(unknown)
}
