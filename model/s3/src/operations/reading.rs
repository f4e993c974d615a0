//! What a read of an object answers, be it with the bytes (`GetObject`) or without (`HeadObject`): all of it or a
//! part, if its conditions hold.
//!
//! Source, where an item names no other: AWS S3 API Reference, `GetObject` and `HeadObject`.

use bytes::Bytes;
use plumb_model::expectation::{BodyRule, Expectation, Form, Matcher};
use plumb_model::fault::{Basis, Fault, Precedence};
use plumb_model::http::HeaderName;
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Constraint, Dimension};
use plumb_model::value::{Function, Symbol, Value};

use super::digests;
use super::dimensions::{
    STORED_ID, Sharing, buckets, caller, expected_owner, key, object_keys, objects, on_key, only,
    other_keys_meet_stored, other_meets, signature, stored_tag, versions,
};
use super::parts;
use super::storing::{METADATA_PREFIX, STORED_HEADERS};
use crate::checksums::{self, Extent};
use crate::errors::{self, field};
use crate::faults;
use crate::ranges::Selection;
use crate::request::{Request, documented};
use crate::state::{Object, State};

const SOURCE: &str = "AWS S3 API Reference, GetObject and HeadObject";

/// The query parameters that replace a header of the answer. Source: AWS S3 API Reference, `GetObject`.
pub(crate) const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

/// What the call may answer.
pub(super) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults = request.common_faults();
    request.key_faults(&mut faults);
    request.version_fault(&mut faults);
    override_fault(request, &mut faults);
    checksums::mode_fault(request, &mut faults);
    let object = request.object();
    parts::number_faults(request, object, &mut faults);
    let Some(object) = object else {
        faults.push(no_such_key(request));
        return outcomes(&faults, precedence, || vec![foreign(request)]);
    };
    archived(request, object, &mut faults);
    request.read_conditions(object, &mut faults);
    let selection = parts::selection(request, object, &mut faults);
    outcomes(&faults, precedence, || read(request, object, selection))
}

pub(super) fn no_such_key(request: &Request<'_>) -> Fault {
    let answer = request.refuse_with(errors::NO_SUCH_KEY, || vec![field("Key", &request.key)]);
    let mut fault = Fault::new(faults::KEY, answer, Basis::Documented, SOURCE);
    if request.argument("versionId").is_some() {
        // Of a version that is asked for by its id, not told for a bucket without versions.
        fault = fault.or(request.refuse(errors::NO_SUCH_VERSION));
    }
    if request.is_foreign_key() { fault.perhaps() } else { fault }
}

/// Another case may have written what lies outside of our part of a shared bucket.
fn foreign(request: &Request<'_>) -> Outcome<State> {
    let why = "the key lies outside of this case's part of a shared bucket";
    Outcome::new(Expectation { body: BodyRule::Any(why.into()), ..request.answer(200) }, Basis::Unknown, why)
}

/// Source: AWS S3 API Reference, `GetObject`, "Overriding response header values through the request": "You cannot use
/// these parameters with an unsigned (anonymous) request".
fn override_fault(request: &Request<'_>, faults: &mut Vec<Fault>) {
    let overrides = OVERRIDES.iter().any(|(name, _)| request.argument(name).is_some());
    if overrides && request.is_anonymous() {
        faults.push(Fault::new(faults::QUERY, request.refuse(errors::INVALID_REQUEST), Basis::Documented, SOURCE));
    }
}

/// The bytes cannot be had; what is told beside them can (AWS S3 API Reference, `HeadObject`).
pub(super) fn archived(request: &Request<'_>, object: &Object, faults: &mut Vec<Fault>) {
    if request.head {
        return;
    }
    if object.storage_class.as_ref().is_some_and(|class| class == "GLACIER" || class == "DEEP_ARCHIVE") {
        let source = "S3 User Guide, restoring-objects; ErrorResponses: InvalidObjectState (recorded on AWS)";
        let answer = request.refuse(errors::INVALID_OBJECT_STATE);
        faults.push(Fault::new(faults::OBJECT_STATE, answer, Basis::Recorded, source));
    }
}

fn read(request: &Request<'_>, object: &Object, selection: Selection) -> Vec<Outcome<State>> {
    let size = object.payload.length;
    match selection {
        Selection::Part { first, last } => {
            let range = Matcher::is(format!("bytes {first}-{last}/{size}"));
            let answer = part(request, object, first, last + 1 - first).header("content-range", range);
            let (basis, source) = parts::ground(request);
            vec![Outcome::new(answer, basis, source)]
        }
        Selection::Whole | Selection::Nothing | Selection::InvertedBeyond => {
            vec![documented(whole(request, object), SOURCE)]
        }
        Selection::EndOfEmpty => {
            let open = Matcher::Any("RFC 9110 section 14.4 has no way to write a range of no bytes".into());
            let part = part(request, object, 0, 0).header("content-range", open);
            let unknown = |answer| Outcome::new(answer, Basis::Unknown, parts::OF_NOTHING);
            vec![unknown(whole(request, object)), unknown(part)]
        }
    }
}

/// The whole object.
fn whole(request: &Request<'_>, object: &Object) -> Expectation {
    let answer = content(request, object, 200, 0, object.payload.length).header("content-range", Matcher::Absent);
    checksums::told_of_read(request, object, Extent::Whole, answer)
}

/// A part of the object, with the checksums that may stand beside one.
fn part(request: &Request<'_>, object: &Object, from: u64, length: u64) -> Expectation {
    let extent = match request.argument("partNumber") {
        _ if length < object.payload.length => Extent::Part,
        Some(_) => Extent::Whole,
        None => Extent::WholeRange,
    };
    checksums::told_of_read(request, object, extent, content(request, object, 206, from, length))
}

/// An answer with `length` bytes of the object from `from` on, and with everything that stands beside them.
fn content(request: &Request<'_>, object: &Object, status: u16, from: u64, length: u64) -> Expectation {
    let accepts = Matcher::fixed("bytes");
    let modified = Matcher::Chosen { symbol: object.last_modified.clone(), form: Form::HttpDate(Some(object.written)) };
    let mut answer = request
        .answer(status)
        .header("content-length", Matcher::is(length.to_string()))
        .header("etag", Matcher::is(object.etag.clone()))
        .header("last-modified", modified)
        .header("accept-ranges", if request.aws { accepts } else { accepts.maybe() })
        .header("x-amz-version-id", request.told_version())
        .header("x-amz-delete-marker", Matcher::Absent);
    if !request.head {
        answer.body = BodyRule::Part { payload: object.payload, from, length };
    }
    answer = stored_headers(request, object).fold(answer, |answer, (name, matcher)| answer.header(name, matcher));
    storage_class(request, object, answer.no_others(METADATA_PREFIX))
}

/// The headers and the metadata that an object was stored with; what was not stored does not come back, be it that
/// of an object under the same key before.
///
/// Source: AWS S3 API Reference, `GetObject` and `PutObject`; S3 User Guide, `UsingMetadata`.
pub(crate) fn stored_headers<'a>(
    request: &Request<'_>,
    object: &'a Object,
) -> impl Iterator<Item = (HeaderName, Matcher)> + 'a {
    let headers = STORED_HEADERS.map(|name| (HeaderName::from(name), stored_header(request, object, name)));
    headers.into_iter().chain(object.metadata.iter().map(|(name, value)| (name.clone(), metadata(value))))
}

/// A header that was stored, or that the request wants in its place.
fn stored_header(request: &Request<'_>, object: &Object, name: &'static str) -> Matcher {
    let wanted = OVERRIDES.iter().find(|(_, header)| *header == name).and_then(|(own, _)| request.argument(own));
    match wanted.or_else(|| object.header(name)) {
        Some(value) => Matcher::is(value.clone()),
        None if name == "content-type" => default_type(request.aws),
        None => Matcher::Absent,
    }
}

/// Source: AWS S3 API Reference, `PutObject`: "The default value is `binary/octet-stream`"; other servers say
/// `application/octet-stream`.
fn default_type(aws: bool) -> Matcher {
    const DEFAULT: &str = "binary/octet-stream";
    if aws {
        Matcher::fixed(DEFAULT)
    } else {
        Matcher::OneOf(vec![Value::fixed(DEFAULT), Value::fixed("application/octet-stream")])
    }
}

fn metadata(value: &Bytes) -> Matcher {
    if value.is_empty() {
        return Matcher::is(value.clone()).maybe();
    }
    if value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Matcher::is(value.clone());
    }
    Matcher::Any(
        "metadata that is not ASCII comes back in RFC 2047 words (LocalStack test_user_metadata_rfc2047)".into(),
    )
}

/// Source: AWS S3 API Reference, `GetObject`: "returned for all objects except for S3 Standard storage class objects".
fn storage_class(request: &Request<'_>, object: &Object, answer: Expectation) -> Expectation {
    let matcher = match &object.storage_class {
        Some(class) => Matcher::is(class.clone()),
        None if request.aws => Matcher::Absent,
        None => Matcher::fixed("STANDARD").maybe(),
    };
    answer.header("x-amz-storage-class", matcher)
}

/// A condition on the entity tag, which is `tag`. Which choices keep the object back depends on the header.
pub(super) fn tags(header: &'static str, tag: &Value, faults: &[&str]) -> Dimension {
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("right", header, tag.clone()),
        Choice::valid("right-without-quotes", header, tag.clone().apply(Function::Unquoted)),
        Choice::valid("wrong", header, tag.clone().apply(Function::DifferentFrom)),
        Choice::valid("star", header, "*"),
        Choice::valid("weak", header, Value::concat(["W/".into(), tag.clone()])),
        Choice::valid("list", header, Value::concat(["\"x\", ".into(), tag.clone()])),
    ];
    Dimension::argument(header, marked(choices, faults))
}

/// The choices, those of them that certainly earn 412 or 304 marked as faults. One of each kind will do: what wins
/// over it does not hang on how the tag is written.
fn marked(choices: Vec<Choice>, faults: &[&str]) -> Vec<Choice> {
    let mark = |choice: Choice| Choice { fault: choice.fault || faults.contains(&choice.name), ..choice };
    choices.into_iter().map(mark).collect()
}

/// A condition on the date of the object that the call `stored` stores under `key`. It is read before, by the call
/// `read`, as no other answer tells its date.
pub(super) fn dates(
    header: &'static str,
    (read, stored, key): (&'static str, &str, &Value),
    faults: &[&str],
) -> Dimension {
    let modified = || Symbol::new(stored, "last-modified");
    let moved = |offset_s| Value::Clock { from: Some(modified()), offset_s }.apply(Function::HttpDate);
    let relative =
        |name, offset_s| Choice::valid(name, header, moved(offset_s)).after(read, on_key("GetObject", key.clone()));
    let choices = vec![
        Choice::absent("none"),
        relative("equal", 0),
        relative("before", -1),
        relative("after", 1),
        Choice::valid("yesterday", header, Value::now(-86_400).apply(Function::HttpDate)),
        Choice::valid("tomorrow", header, Value::now(86_400).apply(Function::HttpDate)),
        Choice::valid("malformed", header, "not a date"),
    ];
    Dimension::argument(header, marked(choices, faults))
}

/// Each header that can be replaced, alone and all of them together.
fn overrides() -> Dimension {
    let value = |name: &str| match name {
        "response-content-type" => "text/plain; charset=utf-8",
        "response-expires" => "Thu, 01 Dec 2033 16:00:00 GMT",
        "response-content-disposition" => "attachment; filename=\"a b.txt\"",
        "response-content-encoding" => "br",
        "response-content-language" => "de-AT",
        _ => "max-age=60, private",
    };
    let each = OVERRIDES.iter().map(|(name, header)| Choice::valid(header, name, value(name)));
    let all = OVERRIDES.iter().fold(Choice::absent("all"), |all, (name, _)| all.and(name, value(name)));
    Dimension::argument("override", [Choice::absent("none")].into_iter().chain(each).chain([all]).collect())
}

/// What may vary in a read.
pub(super) fn dimensions() -> Vec<Dimension> {
    vec![
        buckets(Sharing::Shared),
        objects(),
        object_keys(),
        signature(),
        caller(),
        tags("if-match", &stored_tag(), &["wrong"]),
        dates("if-unmodified-since", ("read-for-unmodified", STORED_ID, &key()), &["before", "yesterday"]),
        tags("if-none-match", &stored_tag(), &["right"]),
        dates("if-modified-since", ("read-for-modified", STORED_ID, &key()), &["equal"]),
        parts::ranges(),
        parts::numbers(),
        versions(),
        overrides(),
        digests::modes(),
        expected_owner(),
    ]
}

/// A date relative to the object's needs the object, and a tag that is right is not that of an empty one.
pub(super) fn constraints() -> Vec<Constraint> {
    let objects: Vec<&'static str> = objects().choices.iter().map(|choice| choice.name).collect();
    let others: Vec<&'static str> = objects.into_iter().filter(|name| *name != "empty").collect();
    let relative =
        |header| ["equal", "before", "after"].map(|choice| only(header, choice, "object", &["stored", "empty"]));
    let right = |header| {
        ["right", "right-without-quotes", "weak", "list"].map(|choice| only(header, choice, "object", &others))
    };
    let dates = ["if-unmodified-since", "if-modified-since"].into_iter().flat_map(relative);
    let tags = ["if-match", "if-none-match"].into_iter().flat_map(right);
    let modes = digests::mode_constraints("stored");
    dates.chain(tags).chain(modes).chain(other_keys_meet_stored()).chain([other_meets(&["mine"])]).collect()
}
