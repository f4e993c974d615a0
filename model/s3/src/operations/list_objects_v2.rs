//! `ListObjectsV2`: lists keys in pages, each from a token on.
//!
//! Source, unless an item names another: `LocalStack` `test_s3_list_operations` (recorded on AWS).

use plumb_model::call::Call;
use plumb_model::expectation::{Expectation, Form, Matcher, Shape};
use plumb_model::fault::{Basis, Fault, Precedence};
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Constraint, Dimension, Hazard, Operation, Space};
use plumb_model::value::Value;

use super::dimensions::{Sharing, bucket, buckets, caller, expected_owner, only, other_meets, signature};
use super::listing_dimensions::{SOME_OBJECTS, delimiters, encodings, keys, parameter, prefixes, sizes};
use super::listings::{Fields, ODD_SIZE, SHARED, fault, given, owner, parameter_faults};
use crate::errors::text;
use crate::listing::{Ask, Page, page};
use crate::paging::{Most, Size, Start};
use crate::request::Request;
use crate::state::{Bucket, State, Token};

const SOURCE: &str = "AWS S3 API Reference, ListObjectsV2; LocalStack test_s3_list_operations (recorded on AWS)";
const TOKENS: &str = "LocalStack test_list_objects_v2_continuation_start_after (recorded on AWS)";

/// What the call may answer.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults = request.common_faults();
    let (most, start) = (Most::of(request), Start::of(request));
    parameter_faults(request, most, &mut faults);
    token_fault(request, start, &mut faults);
    if Owners::of(request) == Owners::Perhaps {
        let source = "unknown: a fetch-owner that is neither true nor false";
        faults.push(fault(request, "fetch-owner", Basis::Unknown, source).perhaps());
    }
    outcomes(&faults, precedence, || {
        let Some(bucket) = request.bucket else { return Vec::new() };
        most.sizes(request).iter().flat_map(|size| pages(request, bucket, most, size, start)).collect()
    })
}

fn token_fault(request: &Request<'_>, start: Start<'_>, faults: &mut Vec<Fault>) {
    let token = |basis, source| fault(request, "continuation-token", basis, source);
    match start {
        Start::Beginning | Start::After(_) | Start::Token(_, true) => {}
        Start::Token(_, false) => {
            faults.push(token(Basis::Unknown, "unknown: a token used with other parameters").perhaps());
        }
        Start::Empty => faults.push(token(Basis::Recorded, TOKENS)),
        Start::Unknown => faults.push(token(Basis::Implemented, "MinIO, versitygw: a token that was never given")),
    }
}

/// Whether keys come with their owners. Source: AWS S3 API Reference, `ListObjectsV2`, `fetch-owner`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owners {
    Without,
    With,
    /// What is asked for is no truth value.
    Perhaps,
}

impl Owners {
    fn of(request: &Request<'_>) -> Self {
        match request.argument("fetch-owner").map(AsRef::as_ref) {
            None | Some(b"false") => Self::Without,
            Some(b"true") => Self::With,
            Some(_) => Self::Perhaps,
        }
    }

    fn shape(self, request: &Request<'_>) -> Shape {
        match self {
            Self::Without => Shape::absent(),
            Self::With => owner(request),
            Self::Perhaps => owner(request).maybe(),
        }
    }
}

/// The pages of one size that may be answered. Whether a `start-after` inside a common prefix leaves that prefix out
/// is recorded for the first version of the call only, so here either will do.
fn pages(request: &Request<'_>, bucket: &Bucket, most: Most, size: &Size, start: Start<'_>) -> Vec<Outcome<State>> {
    let prefix = given(request, "prefix");
    if !bucket.knows(prefix) {
        let unknown = |truncated| Outcome::new(unknown(request, size, start, truncated), Basis::Unknown, SHARED);
        return vec![unknown(false), unknown(true)];
    }
    let after = match start {
        Start::After(key) => key.as_ref(),
        Start::Token(token, _) => token.after.as_ref(),
        Start::Beginning | Start::Empty | Start::Unknown => &b""[..],
    };
    let ask = Ask { prefix, delimiter: given(request, "delimiter"), after, past_prefix: true, most: size.most };
    let first = page(&bucket.objects, &ask);
    if let Start::After(_) = start {
        let second = page(&bucket.objects, &Ask { past_prefix: false, ..ask });
        if second != first {
            let ground = "unrecorded for version 2: start-after inside a common prefix";
            return [first, second].map(|page| outcome(request, &page, size, start, Some(ground))).into();
        }
    }
    vec![outcome(request, &first, size, start, most.is_odd().then_some(ODD_SIZE))]
}

/// A page; where it is `open` whether it is this one, the reason.
fn outcome(
    request: &Request<'_>,
    page: &Page<'_>,
    size: &Size,
    start: Start<'_>,
    open: Option<&'static str>,
) -> Outcome<State> {
    let mut fields = echo(request, size, start);
    fields.add_page(page, &Owners::of(request).shape(request));
    fields.add("KeyCount", Shape::is(page.entries.len().to_string()));
    let symbol = request.seen.symbol("token");
    let next = Shape::Text(Matcher::Chosen { symbol: symbol.clone(), form: Form::Token });
    fields.add("NextContinuationToken", if page.truncated { next } else { Shape::absent() });
    let (basis, source) = open.map_or((Basis::Documented, SOURCE), |why| (Basis::Unknown, why));
    let outcome = Outcome::new(fields.answer(), basis, source);
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

fn unknown(request: &Request<'_>, size: &Size, start: Start<'_>, truncated: bool) -> Expectation {
    let mut fields = echo(request, size, start);
    fields.add_unknown(truncated);
    fields.add("KeyCount", Shape::Text(Matcher::Like(Form::Integer)));
    let next = if truncated { Shape::Text(Matcher::Like(Form::Token)) } else { Shape::absent() };
    fields.add("NextContinuationToken", next);
    fields.answer()
}

/// What the answer repeats of the request. A token wins over `start-after`, which is then left out.
fn echo<'r, 'a>(request: &'r Request<'a>, size: &Size, start: Start<'_>) -> Fields<'r, 'a> {
    let mut fields = Fields::new(request, size);
    let token = match request.argument("continuation-token") {
        Some(token) if !token.is_empty() => text(token),
        _ => Shape::is("").maybe(),
    };
    fields.add("ContinuationToken", token);
    match start {
        Start::Token(..) => fields.add("StartAfter", Shape::absent()),
        _ => fields.echo("StartAfter", "start-after", false),
    }
    fields
}

/// The operation.
pub(crate) fn operation() -> Operation {
    let dimensions = vec![
        buckets(Sharing::Own),
        keys(),
        signature(),
        caller(),
        prefixes(),
        delimiters(),
        sizes(),
        starts(),
        tokens(),
        owners(),
        encodings(),
        expected_owner(),
    ];
    Operation {
        name: "ListObjectsV2",
        about: "lists keys in pages, each from a token on",
        source: SOURCE,
        hazard: Hazard::Reads,
        space: Space { dimensions, constraints: constraints() },
        probes: vec![],
    }
}

/// The key after which the first page starts.
fn starts() -> Dimension {
    let values = [
        ("a-key", "a/1"),
        ("between", "a1"),
        ("a-prefix", "a/"),
        ("beyond", "\u{10ffff}"),
        ("empty", ""),
        ("multi-byte", "\u{ff5e}"),
        ("control-character", "c\u{1}/1"),
        ("inside-a-common-prefix", "a/1"),
    ];
    parameter("start-after", &values)
}

/// A token comes from a page before, and is used with the same parameters.
fn tokens() -> Dimension {
    let name = "continuation-token";
    let first = || Call::new("ListObjectsV2").with("bucket", bucket()).with("max-keys", "1");
    let given = |choice| Choice::valid(choice, name, Value::symbol("page", "token"));
    let choices = vec![
        Choice::absent("absent"),
        given("given").after("page", first()),
        given("given-with-a-delimiter").after("page", first().with("delimiter", "/")),
        Choice::fault("empty", name, ""),
        Choice::fault("never-given", name, "!plumb!"),
    ];
    Dimension::argument(name, choices)
}

fn owners() -> Dimension {
    let values = [("with", "true"), ("without", "false"), ("neither", "yes"), ("empty", "")];
    parameter("fetch-owner", &values)
}

/// A token is given only where there is more.
fn constraints() -> Vec<Constraint> {
    vec![
        only("continuation-token", "given", "objects", SOME_OBJECTS),
        only("continuation-token", "given-with-a-delimiter", "objects", SOME_OBJECTS),
        only("continuation-token", "given-with-a-delimiter", "delimiter", &["slash"]),
        only("start-after", "inside-a-common-prefix", "delimiter", &["slash"]),
        other_meets(&["mine"]),
    ]
}

#[cfg(test)]
mod tests {
    use plumb_model::answer::Document;

    use super::*;
    use crate::operations::listing_dimensions::KEYS;
    use crate::testing::{Bench, check, listed, on_bucket, put, shapes};

    fn list(arguments: &[(&'static str, &str)]) -> Call {
        arguments.iter().fold(on_bucket("ListObjectsV2"), |call, (name, value)| call.with(*name, *value))
    }

    fn several() -> Bench {
        Bench::after(&KEYS.map(|(_, key)| put(key)))
    }

    /// Keys, common prefixes, and the text of some fields.
    fn page_of(arguments: &[(&'static str, &str)], keys: &[&str], prefixes: &[&str], fields: &[(&str, &str)]) {
        let answer = several().run("list", &list(arguments));
        assert_eq!(listed(&answer, "Contents", "Key"), keys, "{arguments:?}");
        assert_eq!(listed(&answer, "CommonPrefixes", "Prefix"), prefixes, "{arguments:?}");
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
    fn tokens_that_are_none() {
        let bench = Bench { flavour: "aws", ..Bench::new(None) };
        for token in ["", "never given"] {
            let call = list(&[("continuation-token", token)]);
            check(&[], &call, &["400 InvalidArgument"]);
            assert_eq!(shapes(&bench, &call, "ArgumentName"), [Some(Shape::is("continuation-token"))], "{token:?}");
        }
    }

    #[test]
    fn owners_come_where_they_are_fetched() {
        let owned = |flavour, arguments: &[(&'static str, &str)]| {
            let bench = Bench { flavour, ..several() };
            let contents = shapes(&bench, &list(arguments), "Contents").swap_remove(0);
            let Some(Shape::List(lines)) = contents else { panic!("{contents:?}") };
            let Shape::Fields(line) = &lines[0] else { panic!("{lines:?}") };
            line.iter().find(|(name, _)| name == "Owner").map(|(_, shape)| shape.clone())
        };
        let with = owned("aws", &[("fetch-owner", "true")]).expect("an owner");
        assert!(matches!(with, Shape::Fields(_)));
        assert_eq!(owned("compatible", &[("fetch-owner", "true")]), Some(with.clone().maybe()));
        for without in [&[][..], &[("fetch-owner", "false")]] {
            assert_eq!(owned("aws", without), Some(Shape::absent()));
        }
        assert_eq!(owned("aws", &[("fetch-owner", "yes")]), Some(with.maybe()));
        check(&[], &list(&[("fetch-owner", "yes")]), &["200", "400 InvalidArgument"]);
    }

    #[test]
    fn start_after_inside_a_common_prefix_is_open() {
        let outcomes = several().outcomes("list", &list(&[("delimiter", "/"), ("start-after", "a/1")]));
        assert_eq!(outcomes.len(), 2);
        assert!(outcomes.iter().all(|outcome| outcome.ground.basis == Basis::Unknown));
        assert_eq!(several().outcomes("list", &list(&[("delimiter", "/"), ("start-after", "a0")])).len(), 1);
    }

    /// Follows tokens to the end.
    fn pages(bench: &mut Bench, call: &Call) -> Vec<String> {
        let (mut all, mut next) = (Vec::new(), call.clone());
        for round in 0..100 {
            let answer = bench.run(&format!("page-{round}"), &next);
            let mut page = listed(&answer, "Contents", "Key");
            page.extend(listed(&answer, "CommonPrefixes", "Prefix"));
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
            let stored: Vec<Call> = keys.iter().map(|key| put(key)).collect();
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
