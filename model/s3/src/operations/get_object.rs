//! `GetObject`: reads an object, all of it or a part, if its conditions hold.

use bytes::Bytes;
use plumb_model::expectation::{BodyRule, Expectation, Form, Matcher};
use plumb_model::fault::{Basis, Fault, Precedence};
use plumb_model::http::HeaderName;
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Constraint, Dimension, Hazard, Operation, Space};
use plumb_model::value::{Function, Symbol, Value};

use super::dimensions::{
    STORED_ID, Sharing, buckets, expected_owner, key, objects, on_key, only, signature, stored_tag,
};
use super::put_object::{METADATA_PREFIX, STORED_HEADERS, known_checksums};
use crate::errors::{self, Field, field};
use crate::faults;
use crate::ranges::{Selection, select};
use crate::request::{Request, documented};
use crate::state::{Object, State};

const SOURCE: &str = "AWS S3 API Reference, GetObject";
const RANGES: &str = "LocalStack test_get_object_range (recorded on AWS)";
const EMPTY_SUFFIX: &str = "unknown: the end of an object without bytes is answered with 200, 206 or 416";

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
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults = request.common_faults();
    request.key_faults(&mut faults);
    let Some(object) = request.object() else {
        faults.push(no_such_key(request));
        return outcomes(&faults, precedence, || vec![foreign(request)]);
    };
    archived(request, object, &mut faults);
    request.read_conditions(object, &mut faults);
    let selection = select(request.argument("range").map(AsRef::as_ref), object.payload.length);
    range_fault(request, object, selection, &mut faults);
    outcomes(&faults, precedence, || read(request, object, selection))
}

fn no_such_key(request: &Request<'_>) -> Fault {
    let answer = request.refuse_with(errors::NO_SUCH_KEY, || vec![field("Key", &request.key)]);
    let fault = Fault::new(faults::KEY, answer, Basis::Documented, SOURCE);
    if request.is_foreign_key() { fault.perhaps() } else { fault }
}

/// Another case may have written what lies outside of our part of a shared bucket.
fn foreign(request: &Request<'_>) -> Outcome<State> {
    let why = "the key lies outside of this case's part of a shared bucket";
    Outcome::new(Expectation { body: BodyRule::Any(why.into()), ..request.answer(200) }, Basis::Unknown, why)
}

fn archived(request: &Request<'_>, object: &Object, faults: &mut Vec<Fault>) {
    if object.storage_class.as_ref().is_some_and(|class| class == "GLACIER" || class == "DEEP_ARCHIVE") {
        let source = "S3 User Guide, restoring-objects; ErrorResponses: InvalidObjectState (recorded on AWS)";
        let answer = request.refuse(errors::INVALID_OBJECT_STATE);
        faults.push(Fault::new(faults::OBJECT_STATE, answer, Basis::Recorded, source));
    }
}

fn range_fault(request: &Request<'_>, object: &Object, selection: Selection, faults: &mut Vec<Fault>) {
    let fields = || -> Vec<Field> {
        let range = request.argument("range").map_or(&b""[..], AsRef::as_ref);
        vec![field("ActualObjectSize", object.payload.length.to_string().as_bytes()), field("RangeRequested", range)]
    };
    let refuse = || {
        let unsatisfied = Matcher::is(format!("bytes */{}", object.payload.length));
        request.refuse_with(errors::INVALID_RANGE, fields).header("content-range", unsatisfied.maybe())
    };
    match selection {
        Selection::Nothing if object.payload.length == 0 => {
            let source = "LocalStack, MinIO: no byte of an empty object can be had";
            faults.push(Fault::new(faults::RANGE, refuse(), Basis::Implemented, source));
        }
        Selection::Nothing => faults.push(Fault::new(faults::RANGE, refuse(), Basis::Recorded, RANGES)),
        Selection::EndOfEmpty => {
            faults.push(Fault::new(faults::RANGE, refuse(), Basis::Unknown, EMPTY_SUFFIX).perhaps());
        }
        Selection::Whole | Selection::Part { .. } => {}
    }
}

fn read(request: &Request<'_>, object: &Object, selection: Selection) -> Vec<Outcome<State>> {
    let size = object.payload.length;
    match selection {
        Selection::Part { first, last } => {
            let range = Matcher::is(format!("bytes {first}-{last}/{size}"));
            let answer = content(request, object, 206, first, last + 1 - first).header("content-range", range);
            vec![Outcome::new(answer, Basis::Recorded, RANGES)]
        }
        Selection::Whole | Selection::Nothing => vec![documented(whole(request, object), SOURCE)],
        Selection::EndOfEmpty => {
            let open = Matcher::Any("RFC 9110 section 14.4 has no way to write a range of no bytes".into());
            let part = content(request, object, 206, 0, 0).header("content-range", open);
            let unknown = |answer| Outcome::new(answer, Basis::Unknown, EMPTY_SUFFIX);
            vec![unknown(whole(request, object)), unknown(part)]
        }
    }
}

/// The whole object. Where its checksums are told they are those of the whole; AWS tells them to who asks
/// (AWS S3 API Reference, `GetObject`, `x-amz-checksum-mode`).
fn whole(request: &Request<'_>, object: &Object) -> Expectation {
    let answer = content(request, object, 200, 0, object.payload.length).header("content-range", Matcher::Absent);
    match request.seen.bodies.of(&object.payload) {
        Some(pooled) => {
            known_checksums(&pooled).into_iter().fold(answer, |answer, (name, own)| answer.header(name, own.maybe()))
        }
        None => answer,
    }
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
        .header("x-amz-version-id", Matcher::Absent)
        .header("x-amz-delete-marker", Matcher::Absent);
    answer.body = BodyRule::Part { payload: object.payload, from, length };
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

/// The operation.
pub(crate) fn operation() -> Operation {
    let dimensions = vec![
        buckets(Sharing::Shared),
        objects(),
        signature(),
        tags("if-match", &["wrong"]),
        dates("if-unmodified-since", "read-for-unmodified", &["before", "yesterday"]),
        tags("if-none-match", &["right"]),
        dates("if-modified-since", "read-for-modified", &["equal"]),
        ranges(),
        content_type(),
        expected_owner(),
    ];
    Operation {
        name: "GetObject",
        about: "reads an object or a part of it",
        source: SOURCE,
        hazard: Hazard::Reads,
        space: Space { dimensions, constraints: constraints() },
        probes: vec![],
    }
}

/// A condition on the entity tag. Which choices keep the object back depends on the header.
fn tags(header: &'static str, faults: &[&str]) -> Dimension {
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("right", header, stored_tag()),
        Choice::valid("right-without-quotes", header, stored_tag().apply(Function::Unquoted)),
        Choice::valid("wrong", header, stored_tag().apply(Function::DifferentFrom)),
        Choice::valid("star", header, "*"),
        Choice::valid("weak", header, Value::concat(["W/".into(), stored_tag()])),
        Choice::valid("list", header, Value::concat(["\"x\", ".into(), stored_tag()])),
    ];
    Dimension::argument(header, marked(choices, faults))
}

/// The choices, those of them that certainly earn 412 or 304 marked as faults. One of each kind will do: what wins
/// over it does not hang on how the tag is written.
fn marked(choices: Vec<Choice>, faults: &[&str]) -> Vec<Choice> {
    let mark = |choice: Choice| Choice { fault: choice.fault || faults.contains(&choice.name), ..choice };
    choices.into_iter().map(mark).collect()
}

/// A condition on the date. The object is read before, as no other answer tells its date.
fn dates(header: &'static str, read: &'static str, faults: &[&str]) -> Dimension {
    let modified = || Symbol::new(STORED_ID, "last-modified");
    let moved = |offset_s| Value::Clock { from: Some(modified()), offset_s }.apply(Function::HttpDate);
    let relative =
        |name, offset_s| Choice::valid(name, header, moved(offset_s)).after(read, on_key("GetObject", key()));
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

/// The forms that were recorded on AWS, on an object of 10 bytes.
fn ranges() -> Dimension {
    let range = |name, value: &str| Choice::valid(name, "range", value);
    let choices = vec![
        Choice::absent("none"),
        range("first-to-last", "bytes=0-8"),
        range("one-byte", "bytes=1-1"),
        range("first-byte", "bytes=0-0"),
        range("open-end", "bytes=1-"),
        range("suffix", "bytes=-2"),
        range("suffix-beyond", "bytes=-15"),
        range("end-beyond", "bytes=0-100"),
        range("inverted", "bytes=1-0"),
        range("two-hyphens", "bytes=-1-"),
        range("negative-end", "bytes=0--1"),
        range("hyphen-only", "bytes=-"),
        range("no-unit", "0-8"),
        range("other-unit", "lines=0-1"),
        range("several", "bytes=0-1,3-4,7-9"),
        Choice::fault("suffix-of-nothing", "range", "bytes=-0"),
        Choice::fault("beyond", "range", "bytes=100-200"),
        Choice::fault("just-beyond", "range", "bytes=10-"),
    ];
    Dimension::argument("range", choices)
}

fn content_type() -> Dimension {
    let name = "response-content-type";
    Dimension::argument(name, vec![Choice::absent("none"), Choice::valid("given", name, "text/plain; charset=utf-8")])
}

/// A date relative to the object's needs the object, and a tag that is right is not that of an empty one.
fn constraints() -> Vec<Constraint> {
    let objects: Vec<&'static str> = objects().choices.iter().map(|choice| choice.name).collect();
    let others: Vec<&'static str> = objects.into_iter().filter(|name| *name != "empty").collect();
    let relative =
        |header| ["equal", "before", "after"].map(|choice| only(header, choice, "object", &["stored", "empty"]));
    let right = |header| {
        ["right", "right-without-quotes", "weak", "list"].map(|choice| only(header, choice, "object", &others))
    };
    let dates = ["if-unmodified-since", "if-modified-since"].into_iter().flat_map(relative);
    dates.chain(["if-match", "if-none-match"].into_iter().flat_map(right)).collect()
}

#[cfg(test)]
mod tests {
    use plumb_model::bodies::{BodySpec, hex};
    use plumb_model::call::Call;
    use plumb_model::expectation::Matcher;
    use plumb_model::time::http_date;

    use crate::testing::{BODY, Bench, NOW_MS, check, on_key, put};

    const NOW_S: i64 = NOW_MS / 1_000;

    fn tag() -> String {
        let bodies = plumb_model::bodies::Bodies::new();
        format!("\"{}\"", String::from_utf8_lossy(&hex(&bodies.made(BODY).md5)))
    }

    type Conditions<'a> = &'a [(&'static str, &'a str)];

    fn get(conditions: Conditions<'_>) -> Call {
        conditions.iter().fold(on_key("GetObject", "k"), |call, (name, value)| call.with(*name, *value))
    }

    /// A minute after the object was stored, and after its date was read.
    fn later() -> Bench {
        let mut bench = Bench::after(&[put("k")]);
        bench.run("read", &on_key("GetObject", "k"));
        bench.time = plumb_model::time::Interval::at_ms(NOW_MS + 60_000);
        bench
    }

    #[test]
    fn conditions_as_recorded_on_aws() {
        let (bench, tag) = (later(), tag());
        let bare = tag.trim_matches('"');
        let (before, equal, after) = (http_date(NOW_S - 1), http_date(NOW_S), http_date(NOW_S + 1));
        let future = http_date(NOW_S + 86_400);
        let (nope, weak) = ("\"nope\"", format!("W/{tag}"));
        let failed = "412 PreconditionFailed";
        let table: &[(Conditions<'_>, &[&str])] = &[
            (&[("if-match", &tag)], &["200"]),
            (&[("if-match", bare)], &["200"]),
            (&[("if-match", "*")], &["200"]),
            (&[("if-match", nope)], &[failed]),
            (&[("if-match", &weak)], &["200", failed]),
            (&[("if-none-match", &tag)], &["304"]),
            (&[("if-none-match", bare)], &["304"]),
            (&[("if-none-match", "*")], &["304"]),
            (&[("if-none-match", nope)], &["200"]),
            (&[("if-none-match", &weak)], &["200", "304"]),
            (&[("if-modified-since", &equal)], &["304"]),
            (&[("if-modified-since", &after)], &["304"]),
            (&[("if-modified-since", &before)], &["200"]),
            (&[("if-modified-since", &future)], &["200"]),
            (&[("if-modified-since", "not a date")], &["200"]),
            (&[("if-unmodified-since", &equal)], &["200"]),
            (&[("if-unmodified-since", &before)], &[failed]),
            (&[("if-unmodified-since", &future)], &["200"]),
            (&[("if-unmodified-since", "not a date")], &["200"]),
            (
                &[
                    ("if-match", nope),
                    ("if-none-match", &tag),
                    ("if-modified-since", &after),
                    ("if-unmodified-since", &before),
                ],
                &[failed],
            ),
            (&[("if-none-match", &tag), ("if-modified-since", &after), ("if-unmodified-since", &before)], &[failed]),
            (&[("if-none-match", &tag), ("if-modified-since", &before)], &["304"]),
            (&[("if-match", &tag), ("if-unmodified-since", &before)], &["200"]),
            (&[("if-none-match", nope), ("if-modified-since", &after)], &["200", "304"]),
            (&[("if-none-match", &tag), ("range", "bytes=100-")], &["304"]),
            (&[("if-match", nope), ("range", "bytes=100-")], &[failed]),
        ];
        for (conditions, classes) in table {
            assert_eq!(bench.classes(&get(conditions)), *classes, "{conditions:?}");
        }
    }

    #[test]
    fn a_date_that_nobody_has_told_permits_both() {
        let bench = Bench::after(&[put("k")]);
        let since = |seconds| get(&[("if-modified-since", &http_date(seconds))]);
        assert_eq!(bench.classes(&since(NOW_S)), ["200", "304"], "rounded down or up");
        assert_eq!(bench.classes(&since(NOW_S - 2)), ["200"]);
        let until = |seconds| get(&[("if-unmodified-since", &http_date(seconds))]);
        assert_eq!(bench.classes(&until(NOW_S)), ["200", "412 PreconditionFailed"]);
        assert_eq!(bench.classes(&until(NOW_S + 5)), ["200"]);
    }

    #[test]
    fn a_date_at_the_servers_now_may_be_in_its_future() {
        let mut bench = later();
        bench.time = plumb_model::time::Interval { earliest_ms: NOW_MS + 500, latest_ms: NOW_MS + 2_500 };
        let since = get(&[("if-modified-since", &http_date(NOW_S + 2))]);
        assert_eq!(bench.classes(&since), ["200", "304"]);
    }

    #[test]
    fn ranges_as_recorded_on_aws() {
        for (range, class) in [
            ("bytes=0-8", "206"),
            ("bytes=1-0", "200"),
            ("bytes=-1-", "200"),
            ("bytes=-15", "206"),
            ("bytes=0--1", "200"),
            ("bytes=0-1,3-4,7-9", "200"),
            ("0-8", "200"),
            ("bytes=-", "200"),
            ("bytes=-0", "416 InvalidRange"),
            ("bytes=100-200", "416 InvalidRange"),
        ] {
            check(&[put("k")], &get(&[("range", range)]), &[class]);
        }
        let empty = [on_key("PutObject", "k").with("body", BodySpec::random(1, 0))];
        check(&empty, &get(&[("range", "bytes=0-0")]), &["416 InvalidRange"]);
        check(&empty, &get(&[("range", "bytes=-1")]), &["200", "206", "416 InvalidRange"]);
    }

    #[test]
    fn a_part_is_told_as_one() {
        let mut bench = Bench::after(&[put("k")]);
        let answer = bench.run("get", &get(&[("range", "bytes=-3")]));
        assert_eq!(answer.headers.text("content-range"), Some("bytes 7-9/10"));
        assert_eq!(answer.headers.text("content-length"), Some("3"));
        assert_eq!(answer.body, bench.bodies.made(BODY).bytes.slice(7..));
    }

    #[test]
    fn which_of_two_faults_wins() {
        let absent = |call: Call| call.with("bucket", "plumb-t-absent");
        let missing = |call: Call| call.with("key", "missing");
        let beyond = || get(&[("range", "bytes=100-")]);
        let nope = || get(&[("if-match", "\"nope\"")]);
        for (call, classes) in [
            (absent(beyond()), &["404 NoSuchBucket"][..]),
            (missing(beyond()), &["404 NoSuchKey"]),
            (missing(nope()), &["404 NoSuchKey"]),
            (missing(nope().with("signature", "anonymous")), &["403 AccessDenied"]),
            (absent(get(&[("signature", "wrong-secret")])), &["403 SignatureDoesNotMatch"]),
            (absent(get(&[("signature", "anonymous")])), &["403 AccessDenied", "404 NoSuchBucket"]),
            (nope().with("signature", "skewed"), &["403 RequestTimeTooSkewed"]),
        ] {
            check(&[put("k")], &call, classes);
        }
    }

    #[test]
    fn a_header_of_the_answer_can_be_replaced() {
        let mut bench = Bench::after(&[put("k").with("content-type", "image/png")]);
        let answer = bench.run("get", &get(&[("response-content-type", "text/plain")]));
        assert_eq!(answer.headers.text("content-type"), Some("text/plain"));
    }

    #[test]
    fn what_was_not_stored_does_not_come_back() {
        let bench = Bench::after(&[put("k").with("cache-control", "no-store").with("x-amz-meta-a", "1"), put("k")]);
        for call in [get(&[]), get(&[("range", "bytes=0-0")]), get(&[("if-none-match", &tag())])] {
            let expectation = bench.outcomes("get", &call).swap_remove(0).expectation;
            let rule = |name: &str| expectation.headers.iter().find(|(own, _)| own == name).map(|(_, rule)| rule);
            for name in ["cache-control", "content-disposition", "content-encoding", "content-language", "expires"] {
                assert_eq!(rule(name), Some(&Matcher::Absent), "{} {name}", expectation.class());
            }
            assert_eq!(
                (expectation.no_others, expectation.headers.iter().any(|(name, _)| name == "x-amz-meta-a")),
                (vec!["x-amz-meta-".into()], false)
            );
        }
    }

    #[test]
    fn what_is_archived_cannot_be_read() {
        let archived = Bench { flavour: "aws", ..Bench::after(&[put("k").with("x-amz-storage-class", "GLACIER")]) };
        assert_eq!(archived.classes(&get(&[])), ["403 InvalidObjectState"]);
    }
}
