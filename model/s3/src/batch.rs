//! A batch of deletions, carried out: what becomes of each object, and how the answer tells it.
//!
//! Where it is not known what becomes of a kind of object, each way is permitted; but a server goes one way with all
//! objects of a kind, so that a long batch does not have more answers than a short one.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use plumb_model::expectation::{Expectation, Form, Keyed, Label, Matcher, Shape};
use plumb_model::fault::Basis;
use plumb_model::model::Outcome;
use plumb_model::value::Value;

use crate::conditions::{Truth, names_tag};
use crate::names::KEY_BYTES_MAX;
use crate::request::Request;
use crate::state::{Bucket, Object, State};
use crate::wire::deletion::{Batch, Item};

pub(crate) const SOURCE: &str = "AWS S3 API Reference, DeleteObjects; LocalStack test_delete_objects (recorded on AWS)";

/// How many characters a version id of AWS has. Source: S3 User Guide, versioning-workflows, and `LocalStack`
/// `test_delete_objects`: one of that length that names no version is told as such.
const VERSION_ID_BYTES: usize = 32;

/// What an object may be refused for, with the codes that may tell it.
const DENIED: &[&str] = &["AccessDenied"];
const LONG: &[&str] = &["KeyTooLongError"];
const NO_VERSION: &[&str] = &["NoSuchVersion"];
const NO_VERSION_ID: &[&str] = &["NoSuchVersion", "InvalidArgument"];
const CHANGED: &[&str] = &["PreconditionFailed"];
const ABSENT: &[&str] = &["NoSuchKey", "PreconditionFailed"];

/// How a server takes the kinds of objects of which it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own, and a server may take any of both ways"
)]
struct Way {
    /// Whether a key that is too long is refused; otherwise there is no such object, and it counts as deleted.
    long_refused: bool,
    /// Whether an object that is not there fulfils no condition.
    absent_refused: bool,
    /// Whether a condition holds of which it is not known.
    unsure_holds: bool,
    /// Whether what is named twice is told twice.
    told_twice: bool,
    /// Whether only errors are told.
    quiet: bool,
}

/// Something in a batch of which it is not known how it is taken.
struct Question {
    applies: fn(&Request<'_>, &Batch) -> bool,
    other: fn(&mut Way),
    source: &'static str,
}

const QUESTIONS: [Question; 5] = [
    Question {
        applies: |_, batch| batch.items.iter().any(|item| item.key.len() > KEY_BYTES_MAX),
        other: |way| way.long_refused = false,
        source: "unknown: one key of a batch that is too long is refused, or is none",
    },
    Question {
        applies: |request, batch| batch.items.iter().any(|item| is_absent(request, item)),
        other: |way| way.absent_refused = false,
        source: "S3 User Guide, conditional-deletes: Not Found where there is no object; Ceph RGW: deleted",
    },
    Question {
        applies: |request, batch| batch.items.iter().any(|item| is_unsure(request, item)),
        other: |way| way.unsure_holds = false,
        source: "unknown: a weak tag, a list of tags, or an object of another case",
    },
    Question {
        applies: |request, batch| !request.aws && named_twice(batch),
        other: |way| way.told_twice = true,
        source: "NooBaa issue 7328: AWS tells once what is named twice; Ceph RGW, LocalStack: as often as it is named",
    },
    Question {
        applies: |_, batch| batch.quiet.is_some() && quiet(batch).is_none(),
        other: |way| way.quiet = true,
        source: "unknown: Quiet is neither true nor false",
    },
];

/// Whether only errors are wanted; none where that cannot be told. Source: XML Schema part 2, section 3.2.2.
pub(crate) fn quiet(batch: &Batch) -> Option<bool> {
    match batch.quiet.as_deref() {
        None | Some(b"false" | b"0") => Some(false),
        Some(b"true" | b"1") => Some(true),
        Some(_) => None,
    }
}

fn stored<'a>(request: &Request<'a>, key: &Bytes) -> Option<&'a Arc<Object>> {
    request.bucket.and_then(|bucket| bucket.objects.get(key))
}

fn is_known(request: &Request<'_>, key: &Bytes) -> bool {
    request.bucket.is_some_and(|bucket| bucket.knows(key))
}

fn is_absent(request: &Request<'_>, item: &Item) -> bool {
    item.tag.is_some() && stored(request, &item.key).is_none() && is_known(request, &item.key)
}

fn is_unsure(request: &Request<'_>, item: &Item) -> bool {
    item.tag.as_ref().is_some_and(|tag| match stored(request, &item.key) {
        Some(object) => names_tag(tag, &object.etag, Truth::Yes) == Truth::Unknown,
        None => !is_known(request, &item.key),
    })
}

fn named_twice(batch: &Batch) -> bool {
    let different: BTreeSet<_> = batch.items.iter().map(|item| (&item.key, &item.version)).collect();
    different.len() < batch.items.len()
}

/// Every way in which the batch may be carried out, the preferred one first.
pub(crate) fn carried_out(request: &Request<'_>, batch: &Batch) -> Vec<Outcome<State>> {
    let preferred = Way {
        long_refused: true,
        absent_refused: true,
        unsure_holds: true,
        told_twice: false,
        quiet: quiet(batch).unwrap_or(false),
    };
    let (mut ways, mut ground) = (vec![preferred], (Basis::Documented, SOURCE));
    for question in QUESTIONS.iter().filter(|question| (question.applies)(request, batch)) {
        let mut others = ways.clone();
        others.iter_mut().for_each(question.other);
        ways.extend(others);
        ground = (Basis::Unknown, question.source);
    }
    ways.into_iter().map(|way| outcome(request, batch, way, ground)).collect()
}

fn outcome(request: &Request<'_>, batch: &Batch, way: Way, (basis, source): (Basis, &'static str)) -> Outcome<State> {
    let mut left = request.bucket.cloned();
    let (mut deleted, mut errors, mut told) = (Vec::new(), Vec::new(), BTreeSet::new());
    for item in &batch.items {
        if !way.told_twice && !told.insert((&item.key, &item.version)) {
            continue;
        }
        if let Some(codes) = refusal(item, left.as_ref(), way) {
            errors.push(error(request, item, codes));
            continue;
        }
        if let Some(left) = &mut left {
            left.remove(&item.key);
        }
        deleted.push(deletion(item));
    }
    if way.quiet {
        deleted.clear();
    }
    let outcome = Outcome::new(document(request, deleted, errors), basis, source);
    match left {
        Some(left) if request.bucket != Some(&left) => outcome.leaving(request.with_bucket(|bucket| *bucket = left)),
        _ => outcome,
    }
}

/// The codes under which an object may be refused; none where it goes.
fn refusal(item: &Item, bucket: Option<&Bucket>, way: Way) -> Option<&'static [&'static str]> {
    if item.key.len() > KEY_BYTES_MAX && way.long_refused {
        return Some(LONG);
    }
    match item.version.as_ref() {
        Some(id) if !id.is_empty() && id != "null" => {
            let known = id.len() == VERSION_ID_BYTES && id.iter().all(u8::is_ascii_alphanumeric);
            return Some(if known { NO_VERSION } else { NO_VERSION_ID });
        }
        _ => {}
    }
    let (tag, bucket) = (item.tag.as_ref()?, bucket?);
    match bucket.objects.get(&item.key).map(|object| names_tag(tag, &object.etag, Truth::Yes)) {
        Some(Truth::Yes) => None,
        Some(Truth::No) => Some(CHANGED),
        Some(Truth::Unknown) => (!way.unsure_holds).then_some(CHANGED),
        None if bucket.knows(&item.key) => way.absent_refused.then_some(ABSENT),
        None => (!way.unsure_holds).then_some(ABSENT),
    }
}

/// The answer to a caller who may delete none of the objects, where each is refused for itself.
pub(crate) fn all_denied(request: &Request<'_>, batch: &Batch) -> Expectation {
    document(request, Vec::new(), batch.items.iter().map(|item| error(request, item, DENIED)).collect())
}

type Entry = (Value, Shape);

fn document(request: &Request<'_>, deleted: Vec<Entry>, errors: Vec<Entry>) -> Expectation {
    let list = |entries: Vec<Entry>| {
        let is_empty = entries.is_empty();
        let list = Shape::Keyed(Keyed::new("Key", entries));
        if is_empty { list.maybe() } else { list }
    };
    request.document(vec![("Deleted".into(), list(deleted)), ("Error".into(), list(errors))])
}

/// A version that was named is told again.
fn version(item: &Item) -> Option<&Bytes> {
    item.version.as_ref().filter(|id| !id.is_empty())
}

/// In a bucket that never had versions nothing else is told of an object that is gone (recorded).
fn deletion(item: &Item) -> Entry {
    let told = version(item).map_or_else(Shape::absent, |id| Shape::is(id.clone()).maybe());
    let fields: [(Label, Shape); 3] = [
        ("VersionId".into(), told),
        ("DeleteMarker".into(), Shape::absent()),
        ("DeleteMarkerVersionId".into(), Shape::absent()),
    ];
    (Value::Literal(item.key.clone()), Shape::Fields(fields.into()))
}

/// `MinIO` tells an empty version where none was named.
fn error(request: &Request<'_>, item: &Item, codes: &[&'static str]) -> Entry {
    let code = match codes {
        [code] => Matcher::fixed(code),
        codes => Matcher::OneOf(codes.iter().map(|code| Value::fixed(code)).collect()),
    };
    let message = Shape::Text(Matcher::Like(Form::Text));
    let told = match version(item) {
        Some(id) if request.aws => Shape::is(id.clone()),
        Some(id) => Shape::is(id.clone()).maybe(),
        None if request.aws => Shape::absent(),
        None => Shape::is("").maybe(),
    };
    let fields: [(Label, Shape); 3] = [
        ("Code".into(), Shape::Text(code)),
        ("Message".into(), if request.aws { message } else { message.maybe() }),
        ("VersionId".into(), told),
    ];
    (Value::Literal(item.key.clone()), Shape::Fields(fields.into()))
}
