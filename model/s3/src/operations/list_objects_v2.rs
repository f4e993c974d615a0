//! `ListObjectsV2`: lists keys in pages.
//!
//! Source, unless an item names another: `LocalStack` `test_s3_list_operations` (recorded on AWS).

use bytes::Bytes;
use plumb_model::bodies::BodySpec;
use plumb_model::call::Call;
use plumb_model::expectation::{BodyRule, Expectation, Form, Label, Matcher, Shape};
use plumb_model::fault::{Basis, Fault, Ground, Precedence};
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Constraint, Dimension, Hazard, Operation, Space};
use plumb_model::value::Value;

use super::dimensions::{
    Sharing, bucket, bucket_choice, buckets, caller, expected_owner, only, other_meets, put, signature,
};
use crate::errors::{self, LENGTH_CHECKED, field, text, xml_type};
use crate::faults;
use crate::listing::{Ask, Entry, Page, page};
use crate::paging::{KEYS_MAX, Most, Start};
use crate::request::{Request, documented};
use crate::state::{Bucket, Object, State, Token};
use crate::wire::{NAMESPACE, NAMESPACE_FIELD};

const SOURCE: &str = "AWS S3 API Reference, ListObjectsV2; LocalStack test_s3_list_operations (recorded on AWS)";
const SIZES: &str = "MinIO, versitygw; ceph/s3-tests test_bucket_list_maxkeys_invalid";
const TOKENS: &str = "LocalStack test_list_objects_v2_continuation_start_after (recorded on AWS)";
const ENCODINGS: &str = "LocalStack test_list_ops_encoding_type_validation (recorded on AWS)";

/// What the call may answer.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults = request.common_faults();
    let (most, start) = (Most::of(request), Start::of(request));
    match most {
        Most::Entries { .. } => {}
        Most::Odd => {
            faults.push(size_fault(request, Basis::Unknown, "unknown: an empty or enormous max-keys").perhaps());
        }
        Most::None => faults.push(size_fault(request, Basis::Implemented, SIZES)),
    }
    if request.argument("encoding-type").is_some_and(|encoding| encoding != "url") {
        faults.push(fault(request, "encoding-type", Basis::Recorded, ENCODINGS));
    }
    let token = |basis, source| fault(request, "continuation-token", basis, source);
    match start {
        Start::Beginning | Start::After(_) | Start::Token(_, true) => {}
        Start::Token(_, false) => {
            faults.push(token(Basis::Unknown, "unknown: a token used with other parameters").perhaps());
        }
        Start::Empty => faults.push(token(Basis::Recorded, TOKENS)),
        Start::Unknown => faults.push(token(Basis::Implemented, "MinIO, versitygw: a token that was never given")),
    }
    outcomes(&faults, precedence, || {
        request.bucket.map_or_else(Vec::new, |bucket| listed(request, bucket, most, start))
    })
}

/// A parameter that is none.
fn fault(request: &Request<'_>, parameter: &'static str, basis: Basis, source: &'static str) -> Fault {
    Fault::new(faults::QUERY, invalid(request, parameter), basis, source)
}

/// A `max-keys` that is none. What is no number is told under the parameter's own name (recorded on AWS); a number
/// out of its bounds under the name that it has in the SDKs, or its own, by the servers that tell it.
fn size_fault(request: &Request<'_>, basis: Basis, source: &'static str) -> Fault {
    let given = request.argument("max-keys").map_or(&b""[..], AsRef::as_ref);
    let digits = given.strip_prefix(b"-").unwrap_or(given);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let fault = fault(request, "max-keys", basis, source);
    if request.aws && is_number { fault.or(invalid(request, "maxKeys")) } else { fault }
}

fn invalid(request: &Request<'_>, parameter: &'static str) -> Expectation {
    request.refuse_with(errors::INVALID_ARGUMENT, || vec![field("ArgumentName", parameter.as_bytes())])
}

/// The pages that may be answered. Whether a `start-after` inside a common prefix leaves that prefix out is
/// recorded for the first version of the call only, so here either will do.
fn listed(request: &Request<'_>, bucket: &Bucket, most: Most, start: Start<'_>) -> Vec<Outcome<State>> {
    let prefix = request.argument("prefix").map_or(&b""[..], AsRef::as_ref);
    if !bucket.knows(prefix) {
        return open_pages(
            request,
            most,
            start,
            "the bucket is shared with other cases, whose keys are not known here",
        );
    }
    let Most::Entries { most, asked } = most else {
        return open_pages(request, most, start, "unknown: an empty or enormous max-keys");
    };
    let after = match start {
        Start::After(key) => key,
        Start::Token(token, _) => &token.after,
        Start::Beginning | Start::Empty | Start::Unknown => &Bytes::new(),
    };
    let delimiter = request.argument("delimiter").map_or(&b""[..], AsRef::as_ref);
    let ask = Ask { prefix, delimiter, after, past_prefix: true, most };
    let first = page(&bucket.objects, &ask);
    let mut outcomes = vec![outcome(request, &first, asked, start)];
    if let Start::After(_) = start {
        let second = page(&bucket.objects, &Ask { past_prefix: false, ..ask });
        if second != first {
            let ground = "unrecorded for version 2: start-after inside a common prefix";
            outcomes.push(outcome(request, &second, asked, start));
            for outcome in &mut outcomes {
                outcome.ground = Ground { basis: Basis::Unknown, source: ground.into() };
            }
        }
    }
    outcomes
}

/// The last page and one before it, of keys that are not known.
fn open_pages(request: &Request<'_>, most: Most, start: Start<'_>, why: &'static str) -> Vec<Outcome<State>> {
    let page = |truncated: &'static str, next| {
        let mut fields = echo(request, most, start);
        fields.push(("KeyCount".into(), Shape::Text(Matcher::Like(Form::Integer))));
        fields.push(("IsTruncated".into(), Shape::is(truncated)));
        fields.push(("Contents".into(), Shape::Any(why.into())));
        fields.push(("CommonPrefixes".into(), Shape::Any(why.into())));
        fields.push(("NextContinuationToken".into(), next));
        Outcome::new(document(request, fields), Basis::Unknown, why)
    };
    vec![page("false", Shape::absent()), page("true", Shape::Text(Matcher::Like(Form::Token)))]
}

fn document(request: &Request<'_>, fields: Vec<(Label, Shape)>) -> Expectation {
    let answer =
        request.answer(200).header("content-type", xml_type(request.aws)).header("content-length", LENGTH_CHECKED);
    Expectation { body: BodyRule::Document(Shape::Fields(fields)), ..answer }
}

fn outcome(request: &Request<'_>, page: &Page<'_>, asked: usize, start: Start<'_>) -> Outcome<State> {
    let mut fields = echo(request, Most::Entries { most: asked, asked }, start);
    let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
    for entry in &page.entries {
        match entry {
            Entry::Key(key, object) => contents.push(line(request, key, object)),
            Entry::Prefix(prefix) => prefixes.push(Shape::Fields(vec![("Prefix".into(), text(prefix))])),
        }
    }
    fields.push(("KeyCount".into(), Shape::is(page.entries.len().to_string())));
    fields.push(("IsTruncated".into(), Shape::is(if page.truncated { "true" } else { "false" })));
    fields.push(("Contents".into(), list(contents)));
    fields.push(("CommonPrefixes".into(), list(prefixes)));
    let symbol = request.seen.symbol("token");
    let next = if page.truncated {
        Shape::Text(Matcher::Chosen { symbol: symbol.clone(), form: Form::Token })
    } else {
        Shape::absent()
    };
    fields.push(("NextContinuationToken".into(), next));
    let outcome = documented(document(request, fields), SOURCE);
    match page.entries.last() {
        Some(last) if page.truncated => {
            let token = Token {
                bucket: request.bucket_name.clone(),
                prefix: request.argument("prefix").cloned().unwrap_or_default(),
                delimiter: request.argument("delimiter").cloned().unwrap_or_default(),
                after: last.name(),
            };
            outcome.leaving(request.state.with_token(symbol, token))
        }
        _ => outcome,
    }
}

/// A list of elements; XML has none for one that is empty.
fn list(entries: Vec<Shape>) -> Shape {
    let is_empty = entries.is_empty();
    let list = Shape::List(entries);
    if is_empty { list.maybe() } else { list }
}

/// The namespace, and what the answer repeats of the request. With `encoding-type=url` keys and the like are encoded
/// on the wire, which decodes them again; so here they stand as they are.
fn echo(request: &Request<'_>, most: Most, start: Start<'_>) -> Vec<(Label, Shape)> {
    let mut fields: Vec<(Label, Shape)> = Vec::with_capacity(16);
    // AWS S3 API Reference, ListObjectsV2: the root of every example has it; clients read the names without it.
    let namespace = Shape::is(NAMESPACE);
    fields.push((NAMESPACE_FIELD.into(), if request.aws { namespace } else { namespace.maybe() }));
    let mut given = |name: &'static str, argument: &str, required: bool| {
        let shape = match request.argument(argument) {
            Some(value) if !value.is_empty() => text(value),
            _ if required => Shape::is(""),
            _ => Shape::is("").maybe(),
        };
        fields.push((name.into(), shape));
    };
    given("Prefix", "prefix", request.aws);
    given("Delimiter", "delimiter", false);
    given("EncodingType", "encoding-type", false);
    given("ContinuationToken", "continuation-token", false);
    match start {
        Start::After(key) => fields.push(("StartAfter".into(), text(key))),
        Start::Token(..) => fields.push(("StartAfter".into(), Shape::absent())),
        _ => fields.push(("StartAfter".into(), Shape::is("").maybe())),
    }
    fields.push(("Name".into(), text(&request.bucket_name)));
    fields.push(("MaxKeys".into(), max_keys(request, most)));
    fields
}

/// More than 1,000 count as 1,000; that the answer says so is relied on by nobody.
fn max_keys(request: &Request<'_>, most: Most) -> Shape {
    let Most::Entries { asked, .. } = most else {
        return Shape::Text(Matcher::Like(Form::Integer));
    };
    if asked > KEYS_MAX && !request.aws {
        let both = vec![Value::literal(KEYS_MAX.to_string()), Value::literal(asked.to_string())];
        return Shape::Text(Matcher::OneOf(both));
    }
    Shape::is(asked.min(KEYS_MAX).to_string())
}

/// A key in a listing. Without `fetch-owner` the owner is left out (AWS S3 API Reference, `ListObjectsV2`).
fn line(request: &Request<'_>, key: &Bytes, object: &Object) -> Shape {
    let modified = Matcher::Chosen { symbol: object.last_modified.clone(), form: Form::IsoDate(Some(object.written)) };
    let class = Shape::is(object.storage_class.clone().unwrap_or(Bytes::from_static(b"STANDARD")));
    Shape::Fields(vec![
        ("Key".into(), text(key)),
        ("LastModified".into(), Shape::Text(modified)),
        ("ETag".into(), Shape::is(object.etag.clone())),
        ("Size".into(), Shape::is(object.payload.length.to_string())),
        ("StorageClass".into(), if request.aws { class } else { class.maybe() }),
        ("Owner".into(), Shape::absent()),
    ])
}

/// What the listing meets, in the order of the keys' bytes. The last two change places where a server sorts by
/// UTF-16; two keys roll up under a slash.
pub(crate) const KEYS: [(&str, &str); 8] = [
    ("stored-1", "a/1"),
    ("stored-2", "a/2"),
    ("stored-3", "a0"),
    ("stored-4", "b c+d%20&<e>"),
    ("stored-5", "d/1"),
    ("stored-6", "\u{fc}"),
    ("stored-7", "\u{ff5e}"),
    ("stored-8", "\u{1f600}"),
];

/// The operation.
pub(crate) fn operation() -> Operation {
    let dimensions = vec![
        buckets(Sharing::Own),
        keys(),
        signature(),
        caller(),
        parameter("prefix", &[("some", "a/"), ("one", "a0"), ("none-such", "zz"), ("empty", "")]),
        parameter("delimiter", &[("slash", "/"), ("none-such", "|"), ("longer", "/1"), ("empty", "")]),
        sizes(),
        parameter("start-after", &[("a-key", "a/1"), ("between", "a1"), ("a-prefix", "a/"), ("beyond", "\u{10ffff}")]),
        tokens(),
        encodings(),
        expected_owner(),
    ];
    Operation {
        name: "ListObjectsV2",
        about: "lists keys in pages",
        source: SOURCE,
        hazard: Hazard::Reads,
        space: Space { dimensions, constraints: constraints() },
        probes: vec![],
    }
}

fn keys() -> Dimension {
    let need = bucket_choice("", Sharing::Own).needs;
    let several = Choice { needs: need, ..Choice::absent("several") };
    let several = KEYS
        .iter()
        .zip(1_u64..)
        .fold(several, |choice, ((id, key), length)| choice.after(id, put((*key).into(), BodySpec::random(3, length))));
    Dimension::state("objects", vec![several, Choice::absent("none")])
}

fn parameter(name: &'static str, values: &[(&'static str, &str)]) -> Dimension {
    let mut choices = vec![Choice::absent("absent")];
    choices.extend(values.iter().map(|(choice, value)| Choice::valid(choice, name, *value)));
    Dimension::argument(name, choices)
}

fn sizes() -> Dimension {
    let name = "max-keys";
    let mut dimension =
        parameter(name, &[("one", "1"), ("two", "2"), ("zero", "0"), ("largest", "1000"), ("too-large", "1001")]);
    dimension.choices.push(Choice::fault("negative", name, "-1"));
    dimension.choices.push(Choice::fault("no-number", name, "x"));
    dimension
}

/// A token comes from a page before.
fn tokens() -> Dimension {
    let name = "continuation-token";
    let first = Call::new("ListObjectsV2").with("bucket", bucket()).with("max-keys", "1");
    let choices = vec![
        Choice::absent("absent"),
        Choice::valid("given", name, Value::symbol("page", "token")).after("page", first),
        Choice::fault("empty", name, ""),
        Choice::fault("never-given", name, "!plumb!"),
    ];
    Dimension::argument(name, choices)
}

fn encodings() -> Dimension {
    let name = "encoding-type";
    let mut dimension = parameter(name, &[("url", "url")]);
    dimension.choices.push(Choice::fault("unknown", name, "base64"));
    dimension.choices.push(Choice::fault("empty", name, ""));
    dimension
}

/// A token is given only where there is more.
fn constraints() -> Vec<Constraint> {
    vec![only("continuation-token", "given", "objects", &["several"]), other_meets(&["mine"])]
}

#[cfg(test)]
mod tests {
    use plumb_model::answer::{Answer, Document};

    use super::*;
    use crate::testing::{Bench, check, on_bucket, put as put_key};

    fn list(arguments: &[(&'static str, &str)]) -> Call {
        arguments.iter().fold(on_bucket("ListObjectsV2"), |call, (name, value)| call.with(*name, *value))
    }

    fn several() -> Bench {
        Bench::after(&KEYS.map(|(_, key)| put_key(key)))
    }

    fn names(answer: &Answer, list: &str, field: &str) -> Vec<String> {
        let entries = answer.document.as_ref().map(|document| document.list(list)).unwrap_or_default();
        entries.iter().filter_map(|entry| entry.text(field).map(str::to_owned)).collect()
    }

    /// Keys, common prefixes, and the text of some fields.
    fn page_of(arguments: &[(&'static str, &str)], keys: &[&str], prefixes: &[&str], fields: &[(&str, &str)]) {
        let answer = several().run("list", &list(arguments));
        assert_eq!(names(&answer, "Contents", "Key"), keys, "{arguments:?}");
        assert_eq!(names(&answer, "CommonPrefixes", "Prefix"), prefixes, "{arguments:?}");
        for (name, text) in fields {
            assert_eq!(answer.document.as_ref().and_then(|own| own.text(name)), Some(*text), "{arguments:?} {name}");
        }
    }

    #[test]
    fn pages_have_what_is_asked_for() {
        let all: Vec<_> = KEYS.iter().map(|(_, key)| *key).collect();
        page_of(&[], &all, &[], &[("KeyCount", "8"), ("MaxKeys", "1000"), ("IsTruncated", "false")]);
        page_of(&[("prefix", "a/")], &all[..2], &[], &[("KeyCount", "2"), ("Prefix", "a/")]);
        page_of(&[("prefix", "zz")], &[], &[], &[("KeyCount", "0")]);
        page_of(&[("max-keys", "1")], &all[..1], &[], &[("KeyCount", "1"), ("MaxKeys", "1"), ("IsTruncated", "true")]);
        page_of(&[("max-keys", "0")], &[], &[], &[("KeyCount", "0"), ("IsTruncated", "false")]);
        page_of(&[("max-keys", "1001")], &all, &[], &[("MaxKeys", "1000")]);
        page_of(&[("start-after", "a/1")], &all[1..], &[], &[("StartAfter", "a/1")]);
        page_of(&[("start-after", "a")], &all, &[], &[]);
        let rest = [all[2], all[3], all[5], all[6], all[7]];
        page_of(&[("delimiter", "/")], &rest, &["a/", "d/"], &[("KeyCount", "7"), ("Delimiter", "/")]);
        page_of(&[("delimiter", "/"), ("prefix", "a/")], &all[..2], &[], &[]);
        let first = &[("KeyCount", "2"), ("IsTruncated", "true")];
        page_of(&[("delimiter", "/"), ("max-keys", "2")], &all[2..3], &["a/"], first);
    }

    #[test]
    fn parameters_that_are_none() {
        let invalid = &["400 InvalidArgument"];
        for (name, value) in [
            ("max-keys", "-1"),
            ("max-keys", "x"),
            ("encoding-type", "value"),
            ("encoding-type", ""),
            ("continuation-token", ""),
            ("continuation-token", "never given"),
        ] {
            check(&[], &list(&[(name, value)]), invalid);
        }
        check(&[], &list(&[("max-keys", "")]), &["200", "200", "400 InvalidArgument"]);
        check(&[], &list(&[]).with("bucket", "plumb-t-absent"), &["404 NoSuchBucket"]);
    }

    #[test]
    fn start_after_inside_a_common_prefix_is_open() {
        let outcomes = several().outcomes("list", &list(&[("delimiter", "/"), ("start-after", "a/1")]));
        assert_eq!(outcomes.len(), 2);
        assert!(outcomes.iter().all(|outcome| outcome.ground.basis == Basis::Unknown));
        assert_eq!(several().outcomes("list", &list(&[("delimiter", "/"), ("start-after", "a0")])).len(), 1);
    }

    #[test]
    fn the_rest_of_a_shared_bucket_is_open() {
        let bench = Bench::new(Some("p/"));
        for (prefix, is_open) in [("p/", false), ("p/x", false), ("p", true), ("", true)] {
            let outcomes = bench.outcomes("list", &list(&[("prefix", prefix)]));
            let open = outcomes.iter().flat_map(|outcome| plumb_model::judge::unconstrained(&outcome.expectation));
            assert_eq!(open.into_iter().any(|(place, _)| place == "body Contents"), is_open, "{prefix}");
            assert_eq!(outcomes.len(), if is_open { 2 } else { 1 }, "{prefix}: the last page, or one before it");
        }
    }

    #[test]
    fn the_parameter_at_fault_is_told() {
        let bench = Bench { flavour: "aws", ..Bench::new(None) };
        for (name, value, told) in [
            ("max-keys", "x", &["max-keys"][..]),
            ("max-keys", "-1", &["max-keys", "maxKeys"]),
            ("encoding-type", "", &["encoding-type"]),
            ("continuation-token", "", &["continuation-token"]),
            ("continuation-token", "never given", &["continuation-token"]),
        ] {
            let outcomes = bench.outcomes("list", &list(&[(name, value)]));
            let rules = outcomes.iter().map(|outcome| match &outcome.expectation.body {
                BodyRule::Document(Shape::Fields(fields)) => {
                    fields.iter().find(|(own, _)| own == "ArgumentName").map(|(_, shape)| shape.clone())
                }
                other => panic!("{other:?}"),
            });
            let expected: Vec<_> = told.iter().map(|told| Some(Shape::is(*told))).collect();
            assert_eq!(rules.collect::<Vec<_>>(), expected, "{name}={value}");
        }
    }

    /// Follows tokens to the end.
    fn pages(bench: &mut Bench, call: &Call) -> Vec<String> {
        let (mut all, mut next) = (Vec::new(), call.clone());
        for round in 0..100 {
            let answer = bench.run(&format!("page-{round}"), &next);
            let mut page = names(&answer, "Contents", "Key");
            page.extend(names(&answer, "CommonPrefixes", "Prefix"));
            all.extend(page);
            match answer.document.as_ref().and_then(|own| own.text("NextContinuationToken")) {
                None => return all,
                Some(token) => next = call.clone().with("continuation-token", token).with("start-after", "ignored"),
            }
        }
        panic!("the pages do not end");
    }

    proptest::proptest! {
        #[test]
        fn pages_make_up_the_whole(
            keys in proptest::collection::btree_set("[ab/\u{ff5e}\u{1f600}]{1,4}", 0..12),
            delimiter in proptest::sample::select(vec!["", "/", "a", "b/"]),
            prefix in "[ab/]{0,1}",
            most in 1..4_u32,
        ) {
            let keys: Vec<String> = keys.into_iter().filter(|key| !key.is_empty()).collect();
            let stored: Vec<Call> = keys.iter().map(|key| put_key(key)).collect();
            let mut bench = Bench::after(&stored);
            let call = list(&[("delimiter", delimiter), ("prefix", &prefix)]);
            let mut found = pages(&mut bench, &call.with("max-keys", most.to_string().as_str()));
            let mut expected: Vec<String> = keys
                .iter()
                .filter_map(|key| key.strip_prefix(prefix.as_str()))
                .map(|rest| match rest.find(delimiter) {
                    Some(at) if !delimiter.is_empty() => format!("{prefix}{}{delimiter}", &rest[..at]),
                    _ => format!("{prefix}{rest}"),
                })
                .collect();
            expected.sort();
            expected.dedup();
            let count = found.len();
            found.sort();
            found.dedup();
            assert_eq!(found.len(), count, "an entry came twice");
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_token_is_for_the_parameters_it_was_given_for() {
        let mut bench = several();
        let answer = bench.run("page", &list(&[("max-keys", "1")]));
        let Some(Document::Text(token)) = answer.document.as_ref().and_then(|own| own.field("NextContinuationToken"))
        else {
            panic!("no token");
        };
        assert_eq!(bench.classes(&list(&[("continuation-token", token)])), ["200"]);
        let other = list(&[("continuation-token", token), ("prefix", "a")]);
        assert_eq!(bench.classes(&other), ["200", "400 InvalidArgument"]);
    }
}
