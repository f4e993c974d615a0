//! What varies in more than one operation: bucket, object, key, signature, owner; and the calls around them.

use plumb_model::bodies::BodySpec;
use plumb_model::call::{Call, Need, Turn};
use plumb_model::space::{Choice, Constraint, Dimension};
use plumb_model::value::{Function, Value};
use plumb_model::wire::SECOND_ACTOR;

use crate::names::KEY_BYTES_MAX;
use crate::signature::{ARGUMENT, Quality};

/// The body of the object that set-up calls store: as long as the one on which AWS was recorded.
pub(crate) const STORED: BodySpec = BodySpec::random(1, 10);
/// The id of the set-up call that stores it.
pub(crate) const STORED_ID: &str = "stored";

/// The id of the set-up call that takes it away again.
pub(crate) const DELETED_ID: &str = "deleted";

/// Whether a case needs its bucket for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// A part of a bucket that other cases use too will do.
    Shared,
    /// The bucket must be its own.
    Own,
}

/// The bucket of a case.
pub(crate) fn bucket() -> Value {
    Value::resource("bucket", "a")
}

/// The key of a case.
pub(crate) fn key() -> Value {
    Value::resource("key", "a")
}

/// The key of a case, and then `end`.
pub(crate) fn key_and(end: &str) -> Value {
    Value::concat([key(), end.into()])
}

/// A key, filled up to so many bytes.
pub(crate) fn filled(key: Value, bytes: usize) -> Value {
    Value::Apply { function: Function::PadTo, of: vec![key, Value::literal(bytes.to_string())] }
}

fn need(sharing: Sharing) -> Need {
    match sharing {
        Sharing::Shared => Need::shared("bucket", "a"),
        Sharing::Own => Need::own("bucket", "a"),
    }
}

/// An operation on the case's bucket and on `key`.
pub(crate) fn on_key(operation: &'static str, key: Value) -> Call {
    Call::new(operation).with("bucket", bucket()).with("key", key)
}

/// A call that stores `body` under `key`.
pub(crate) fn put(key: Value, body: BodySpec) -> Call {
    on_key("PutObject", key).with("body", body)
}

/// A call that takes away what is stored under `key`.
pub(crate) fn delete(key: Value) -> Call {
    on_key("DeleteObject", key)
}

/// A bucket that exists.
pub(crate) fn bucket_choice(name: &'static str, sharing: Sharing) -> Choice {
    Choice::valid(name, "bucket", bucket()).needs(need(sharing))
}

/// A bucket that does not exist.
pub(crate) fn absent_bucket() -> Choice {
    Choice::fault("absent", "bucket", Value::resource("bucket", "absent"))
}

/// A name that no bucket can have, and that is the run's own all the same.
pub(crate) fn bad_bucket(name: &'static str, end: &str) -> Choice {
    Choice::fault(name, "bucket", Value::concat([bucket(), end.into()]))
}

/// A bucket that the second identity made, and that is closed to the first. Its name is the run's own all the same.
pub(crate) fn their_bucket() -> Choice {
    let need = Need::own("bucket", "theirs").by(SECOND_ACTOR);
    Choice::fault("theirs", "bucket", Value::resource("bucket", "theirs")).needs(need)
}

/// The bucket that an operation meets.
pub(crate) fn buckets(sharing: Sharing) -> Dimension {
    let choices = vec![bucket_choice("mine", sharing), absent_bucket(), bad_bucket("bad-name", "_X"), their_bucket()];
    Dimension::state("bucket", choices)
}

/// Who calls: the owner of the bucket, or the second identity.
pub(crate) fn caller() -> Dimension {
    Dimension::argument("caller", vec![Choice::absent("owner"), Choice::sent_by("other", SECOND_ACTOR)])
}

/// The second identity is somebody else only where the bucket is there, and the first one's.
pub(crate) fn other_meets(buckets: &[&'static str]) -> Constraint {
    only("caller", "other", "bucket", buckets)
}

/// How the call is signed.
pub(crate) fn signature() -> Dimension {
    let bad = [
        Quality::WrongSecret,
        Quality::UnknownKey,
        Quality::Skewed,
        Quality::Anonymous,
        Quality::Malformed,
        Quality::Expired,
        Quality::TooLong,
    ];
    let presigned = Quality::Presigned.name();
    let mut choices = vec![Choice::absent(Quality::Valid.name()), Choice::valid(presigned, ARGUMENT, presigned)];
    choices.extend(bad.map(|quality| Choice::fault(quality.name(), ARGUMENT, quality.name())));
    Dimension::argument("signature", choices)
}

/// The account that the caller takes for the bucket's owner.
pub(crate) fn expected_owner() -> Dimension {
    let argument = "x-amz-expected-bucket-owner";
    Dimension::argument("expected-owner", vec![Choice::absent("none"), Choice::fault("malformed", argument, "abcd")])
}

/// The version, by its id, in a bucket that never had versions.
pub(crate) fn versions() -> Dimension {
    let name = "versionId";
    let choices =
        vec![Choice::absent("none"), Choice::valid("null", name, "null"), Choice::fault("no-such", name, "plumb")];
    Dimension::argument("version", choices)
}

/// Names that are legal, and hostile to whoever takes a key for a path. Each begins with `key`.
pub(crate) fn odd_keys(key: &Value) -> Vec<(&'static str, Value)> {
    let and = |end: &str| Value::concat([key.clone(), end.into()]);
    vec![
        ("slash", and("/b")),
        ("trailing-slash", and("/")),
        ("space", and(" b")),
        ("unicode", and("-\u{fc}\u{65e5}\u{1f600}")),
        ("percent", and("%41%")),
        ("plus", and("+b")),
        ("marks", and("?b&c=d#e;f:@$,'()*!~")),
        ("longest", filled(key.clone(), KEY_BYTES_MAX)),
        ("dots-up", and("/../b")),
        ("dot", and("/./b")),
        ("double-slash", and("//b")),
        ("dots-at-the-end", and("/..")),
        ("backslash", and("\\..\\b")),
        ("escaped-slash", and("%2Fb")),
        ("angles", and("<b>&\"c\"")),
        ("control", and("\u{1}\t\r\n\u{7f}b")),
        ("blank-at-the-end", and("b ")),
        ("long-unicode", and(&"\u{1f600}".repeat(100))),
    ]
}

/// A key that is stored, and another that is asked for: whoever tidies names up takes one for the other.
fn alike_keys() -> [(&'static str, Value, Value); 8] {
    let two = |name, stored: &str, asked: &str| (name, key_and(stored), key_and(asked));
    [
        two("other-case", "-b", "-B"),
        two("composed", "-e\u{301}", "-\u{e9}"),
        two("blank-for-plus", "+b", " b"),
        two("unescaped", "%41", "A"),
        two("without-slash", "/", ""),
        two("one-slash", "//b", "/b"),
        two("without-dots", "/./b", "/b"),
        two("without-way-up", "/x/../b", "/b"),
    ]
}

/// The keys that an operation may be given, whatever is stored.
pub(crate) fn keys() -> Dimension {
    let mut choices = vec![Choice::valid("plain", "key", key())];
    choices.extend(odd_keys(&key()).into_iter().map(|(name, key)| Choice::valid(name, "key", key)));
    choices.push(too_long());
    Dimension::argument("key", choices)
}

fn too_long() -> Choice {
    Choice::fault("too-long", "key", filled(key(), KEY_BYTES_MAX + 1))
}

/// The object that an operation is about, stored under its key before.
pub(crate) fn objects() -> Dimension {
    let stored =
        |name, call: Call| Choice::valid(name, "key", key()).needs(need(Sharing::Shared)).after(STORED_ID, call);
    let described = put(key(), STORED)
        .with("content-type", "image/png")
        .with("cache-control", "no-cache")
        .with("content-disposition", "inline")
        .with("x-amz-meta-colour", "deep blue");
    let choices = vec![
        stored("stored", put(key(), STORED)),
        stored("described", described),
        stored("empty", put(key(), BodySpec::random(1, 0))),
        Choice::fault("absent", "key", key_and("-absent")),
        Choice { fault: true, ..stored("deleted", put(key(), STORED)).after(DELETED_ID, delete(key())) },
    ];
    Dimension::state("object", choices)
}

/// Other keys to ask for, with an object under each of them or under one that looks alike.
pub(crate) fn object_keys() -> Dimension {
    let asked = |name, key: Value, stored: Value| Choice::valid(name, "key", key).after("odd", put(stored, STORED));
    let mut choices = vec![Choice::absent("plain"), too_long()];
    choices.extend(odd_keys(&key()).into_iter().map(|(name, key)| asked(name, key.clone(), key)));
    choices.extend(alike_keys().map(|(name, stored, key)| asked(name, key, stored)));
    Dimension::argument("key", choices)
}

/// Another key is asked for in one state only: what is stored under the first one says nothing about it.
pub(crate) fn other_keys_meet_stored() -> impl Iterator<Item = Constraint> {
    let names = object_keys().choices.into_iter().map(|choice| choice.name).filter(|name| *name != "plain");
    names.map(|name| only("key", name, "object", &["stored"]))
}

/// The entity tag of [`STORED`].
pub(crate) fn stored_tag() -> Value {
    Value::Body(STORED).apply(Function::Md5).apply(Function::Hex).apply(Function::Quoted)
}

/// Where `dimension` is `choice`, `of` is one of `allowed`.
pub(crate) fn only(
    dimension: &'static str,
    choice: &'static str,
    of: &'static str,
    allowed: &[&'static str],
) -> Constraint {
    Constraint { when: (dimension, choice), dimension: of, allowed: allowed.to_vec() }
}

/// A look at the case's object.
pub(crate) fn get_probe() -> Turn {
    Turn::new("probe-get", on_key("GetObject", key()))
}

/// A look at everything that starts like the case's key.
pub(crate) fn list_probe() -> Turn {
    Turn::new("probe-list", Call::new("ListObjectsV2").with("bucket", bucket()).with("prefix", key()))
}

/// A look at the buckets of the account.
pub(crate) fn buckets_probe() -> Turn {
    Turn::new("probe-buckets", Call::new("ListBuckets"))
}
