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

use super::dimensions::{Sharing, bucket, bucket_choice, buckets, expected_owner, only, put, signature};
use crate::errors::{self, LENGTH_CHECKED, text, xml_type};
use crate::faults;
use crate::listing::{Ask, Entry, Page, page};
use crate::paging::{KEYS_MAX, Most, Start};
use crate::request::{Request, documented};
use crate::state::{Bucket, Object, State, Token};

const SOURCE: &str = "AWS S3 API Reference, ListObjectsV2; LocalStack test_s3_list_operations (recorded on AWS)";
const SIZES: &str = "MinIO, versitygw; ceph/s3-tests test_bucket_list_maxkeys_invalid";
const TOKENS: &str = "LocalStack test_list_objects_v2_continuation_start_after (recorded on AWS)";
const ENCODINGS: &str = "LocalStack test_list_ops_encoding_type_validation (recorded on AWS)";

/// What the call may answer.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults = request.common_faults();
    let (most, start) = (Most::of(request), Start::of(request));
    let mut refuse = |class, basis, source, perhaps| {
        let answer = request
            .refuse_with(errors::INVALID_ARGUMENT, || vec![("ArgumentName", Shape::Text(Matcher::Like(Form::Token)))]);
        let fault = Fault::new(class, answer, basis, source);
        faults.push(if perhaps { fault.perhaps() } else { fault });
    };
    match most {
        Most::Entries { .. } => {}
        Most::Odd => refuse(faults::QUERY, Basis::Unknown, "unknown: an empty or enormous max-keys", true),
        Most::None => refuse(faults::QUERY, Basis::Implemented, SIZES, false),
    }
    if request.argument("encoding-type").is_some_and(|encoding| encoding != "url") {
        refuse(faults::QUERY, Basis::Recorded, ENCODINGS, false);
    }
    match start {
        Start::Beginning | Start::After(_) | Start::Token(_, true) => {}
        Start::Token(_, false) => {
            refuse(faults::QUERY, Basis::Unknown, "unknown: a token used with other parameters", true);
        }
        Start::Empty => refuse(faults::QUERY, Basis::Recorded, TOKENS, false),
        Start::Unknown => {
            refuse(faults::QUERY, Basis::Implemented, "MinIO, versitygw: a token that was never given", false);
        }
    }
    outcomes(&faults, precedence, || {
        request.bucket.map_or_else(Vec::new, |bucket| listed(request, bucket, most, start))
    })
}

/// The pages that may be answered. Whether a `start-after` inside a common prefix leaves that prefix out is
/// recorded for the first version of the call only, so here either will do.
fn listed(request: &Request<'_>, bucket: &Bucket, most: Most, start: Start<'_>) -> Vec<Outcome<State>> {
    let prefix = request.argument("prefix").map_or(&b""[..], AsRef::as_ref);
    if !bucket.knows(prefix) {
        return vec![unknown_keys(request)];
    }
    let Most::Entries { most, asked } = most else {
        let why = "unknown: an empty or enormous max-keys";
        return vec![Outcome::new(open_page(request, why), Basis::Unknown, why)];
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

/// The rest of a shared bucket belongs to other cases.
fn unknown_keys(request: &Request<'_>) -> Outcome<State> {
    let why = "the bucket is shared with other cases, whose keys are not known here";
    Outcome::new(open_page(request, why), Basis::Unknown, why)
}

fn open_page(request: &Request<'_>, why: &'static str) -> Expectation {
    let answer = request.answer(200).header("content-type", xml_type(request.aws));
    Expectation { body: BodyRule::Any(why.into()), ..answer }
}

fn outcome(request: &Request<'_>, page: &Page<'_>, asked: usize, start: Start<'_>) -> Outcome<State> {
    let mut fields: Vec<(Label, Shape)> = Vec::with_capacity(16);
    echo(request, asked, start, &mut fields);
    let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
    for entry in &page.entries {
        match entry {
            Entry::Key(key, object) => contents.push(line(request, key, object)),
            Entry::Prefix(prefix) => prefixes.push(Shape::Fields(vec![("Prefix".into(), text(prefix))])),
        }
    }
    fields.push(("KeyCount".into(), Shape::is(page.entries.len().to_string())));
    fields.push(("IsTruncated".into(), Shape::is(if page.truncated { "true" } else { "false" })));
    fields.push(("Contents".into(), Shape::List(contents)));
    fields.push(("CommonPrefixes".into(), Shape::List(prefixes)));
    let symbol = request.seen.symbol("token");
    let next = if page.truncated {
        Shape::Text(Matcher::Chosen { symbol: symbol.clone(), form: Form::Token })
    } else {
        Shape::absent()
    };
    fields.push(("NextContinuationToken".into(), next));
    let answer =
        request.answer(200).header("content-type", xml_type(request.aws)).header("content-length", LENGTH_CHECKED);
    let outcome = documented(Expectation { body: BodyRule::Document(Shape::Fields(fields)), ..answer }, SOURCE);
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

/// What the answer repeats of the request. With `encoding-type=url` keys and the like are encoded on the wire,
/// which decodes them again; so here they stand as they are.
fn echo(request: &Request<'_>, asked: usize, start: Start<'_>, fields: &mut Vec<(Label, Shape)>) {
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
    fields.push(("MaxKeys".into(), max_keys(request, asked)));
}

/// More than 1,000 count as 1,000; that the answer says so is relied on by nobody.
fn max_keys(request: &Request<'_>, asked: usize) -> Shape {
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
    vec![only("continuation-token", "given", "objects", &["several"])]
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
        check(&[], &list(&[("max-keys", "")]), &["200", "400 InvalidArgument"]);
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
        let rule =
            |prefix: &'static str| bench.outcomes("list", &list(&[("prefix", prefix)])).swap_remove(0).expectation.body;
        assert!(matches!(rule("p/"), BodyRule::Document(_)));
        assert!(matches!(rule("p/x"), BodyRule::Document(_)));
        assert!(matches!(rule("p"), BodyRule::Any(_)));
        assert!(matches!(rule(""), BodyRule::Any(_)));
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
