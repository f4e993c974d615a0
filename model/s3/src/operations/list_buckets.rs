//! `ListBuckets`: lists the buckets of an account.
//!
//! The account holds buckets of other cases and of other people too. So the answer must hold the buckets that this
//! case knows, none that it deleted, and may hold any other. AWS documents no order.
//!
//! Source, unless an item names another: `LocalStack` `TestS3ListBuckets` (recorded on AWS).

use bytes::Bytes;
use plumb_model::call::Call;
use plumb_model::expectation::Matcher;
use plumb_model::fault::{Basis, Fault, Precedence};
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Constraint, Dimension, Hazard, Operation, Space};
use plumb_model::value::Value;
use plumb_model::wire::SECOND_ACTOR;

use super::create_bucket::new;
use super::dimensions::{Sharing, bucket, bucket_choice, only, signature, their_bucket};
use crate::account::{Listing, SOURCE, prefix};
use crate::errors::{self, field};
use crate::faults;
use crate::locations::is_region;
use crate::request::Request;
use crate::state::State;

/// The most buckets on a page. Source: AWS S3 API Reference, `ListBuckets`, `max-buckets`.
pub const BUCKETS_MAX: usize = 10_000;

const REGION: &str = "LocalStack test_list_buckets_region_validation (recorded on AWS)";
const PRODUCT_PAGE: &str = "https://aws.amazon.com/s3/";

/// How many buckets are asked for.
#[derive(Debug, Clone, Copy)]
enum Most {
    /// Nothing is said of it.
    Open,
    /// So many at most.
    Buckets(usize),
    /// A number that AWS does not document: it is refused, or counts as some other number.
    Odd,
    /// No number, or less than none.
    None,
}

impl Most {
    fn of(request: &Request<'_>) -> Self {
        let Some(given) = request.argument("max-buckets") else { return Self::Open };
        let number = std::str::from_utf8(given).ok().and_then(|text| text.parse::<i32>().ok());
        match number.map(usize::try_from) {
            Some(Ok(number)) if (1..=BUCKETS_MAX).contains(&number) => Self::Buckets(number),
            Some(Ok(_)) => Self::Odd,
            None if given.is_empty() => Self::Odd,
            Some(Err(_)) | None => Self::None,
        }
    }
}

/// What the call may answer.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults: Vec<Fault> = caller_fault(request).into_iter().collect();
    let most = Most::of(request);
    let sizes = |basis, source| invalid(request, "max-buckets", basis, source);
    match most {
        Most::Open | Most::Buckets(_) => {}
        Most::Odd => {
            let source = "AWS ListBuckets: max-buckets is between 1 and 10000; what else does is not said";
            faults.push(sizes(Basis::Unknown, source).perhaps());
        }
        Most::None => faults.push(sizes(Basis::Implemented, "versitygw, as its issue 1804 has it from AWS")),
    }
    region_fault(request, &mut faults);
    let token = request.argument("continuation-token").filter(|token| !token.is_empty());
    if token.is_some_and(|token| !is_given(request, token)) {
        let source = "unknown: a token that was never given, or not with this prefix";
        faults.push(invalid(request, "continuation-token", Basis::Unknown, source).perhaps());
    }
    outcomes(&faults, precedence, || pages(request, most, token.is_some()))
}

/// What the signature earns. AWS leads a caller without one to the product's page.
fn caller_fault(request: &Request<'_>) -> Option<Fault> {
    let fault = request.caller_fault()?;
    if !request.is_anonymous() {
        return Some(fault);
    }
    let redirected = request
        .answer(307)
        .header("location", Matcher::fixed(PRODUCT_PAGE))
        .header("content-length", Matcher::fixed("0").maybe());
    if request.aws {
        let source = "s3.us-east-1.amazonaws.com and s3.amazonaws.com, asked by curl (recorded in 2021)";
        return Some(Fault::new(faults::ACCESS, redirected, Basis::Recorded, source));
    }
    Some(fault.or(redirected))
}

/// A region that is none, or not that of the endpoint. Other servers have regions of their own.
fn region_fault(request: &Request<'_>, faults: &mut Vec<Fault>) {
    let Some(region) = request.argument("bucket-region").filter(|region| *region != request.seen.region) else {
        return;
    };
    if is_region(region) {
        let source = "AWS ListBuckets: another region than that of the endpoint is not supported";
        faults.push(invalid(request, "bucket-region", Basis::Unknown, source).perhaps());
    } else {
        let fault = invalid(request, "bucket-region", Basis::Recorded, REGION);
        faults.push(if request.aws { fault } else { fault.perhaps() });
    }
}

/// A parameter that is none.
fn invalid(request: &Request<'_>, parameter: &'static str, basis: Basis, source: &'static str) -> Fault {
    let fields = || vec![field("ArgumentName", parameter.as_bytes())];
    Fault::new(faults::QUERY, request.refuse_with(errors::INVALID_ARGUMENT, fields), basis, source)
}

/// Whether a token was given by an earlier answer, for the same prefix. The token of the account names no bucket.
fn is_given(request: &Request<'_>, text: &Bytes) -> bool {
    request.state.tokens.iter().any(|(symbol, token)| {
        request.seen.bound(symbol) == Some(text) && token.bucket.is_empty() && token.prefix == prefix(request)
    })
}

/// The pages that may be answered: the last one, and one before it where there may be more.
fn pages(request: &Request<'_>, most: Most, continued: bool) -> Vec<Outcome<State>> {
    let listing = Listing::of(request);
    // What was on the pages before is not known here: any bucket may be missing.
    let partial = continued || matches!(most, Most::Odd);
    let required = if partial { 0 } else { listing.required() };
    let (limit, full) = match most {
        Most::Buckets(most) => (Some(most), listing.others.is_some() || listing.entries.len() > most),
        Most::Odd => (None, true),
        Most::Open | Most::None => (None, false),
    };
    let mut pages = Vec::new();
    for listing in [Some(listing.clone()), listing.late(request)].into_iter().flatten() {
        if limit.is_none_or(|limit| required <= limit) {
            let last = if partial { listing.clone().loose() } else { listing.clone() };
            pages.push(last.page(request, limit, false));
        }
        if full {
            pages.push(listing.loose().page(request, limit, true));
        }
    }
    pages
}

/// The operation.
pub(crate) fn operation() -> Operation {
    let dimensions = vec![buckets(), signature(), callers(), prefixes(), sizes(), tokens(), regions()];
    Operation {
        name: "ListBuckets",
        about: "lists the buckets of an account",
        source: SOURCE,
        hazard: Hazard::Reads,
        space: Space { dimensions, constraints: constraints() },
        probes: vec![],
    }
}

/// What the case has made and deleted before.
fn buckets() -> Dimension {
    let mine = |name| Choice { arguments: vec![], ..bucket_choice(name, Sharing::Own) };
    let on = |operation: &'static str, bucket| Call::new(operation).with("bucket", bucket);
    let choices = vec![
        mine("mine"),
        mine("several").after("made", on("CreateBucket", new())),
        mine("deleted").after("deleted", on("DeleteBucket", bucket())),
        mine("made-again").after("deleted", on("DeleteBucket", bucket())).after("again", on("CreateBucket", bucket())),
        Choice { fault: false, arguments: vec![], ..their_bucket() },
        Choice::absent("none"),
    ];
    Dimension::state("buckets", choices)
}

/// Who calls: another identity has other buckets.
fn callers() -> Dimension {
    let other = Choice { actor: Some(SECOND_ACTOR), ..Choice::absent("other") };
    Dimension::argument("caller", vec![Choice::absent("owner"), other])
}

fn parameter(name: &'static str, values: Vec<(&'static str, Value)>) -> Dimension {
    let mut choices = vec![Choice::absent("absent")];
    choices.extend(values.into_iter().map(|(choice, value)| Choice::valid(choice, name, value)));
    Dimension::argument(name, choices)
}

fn prefixes() -> Dimension {
    let none_such = Value::concat([bucket(), "-none-such".into()]);
    parameter("prefix", vec![("own-name", bucket()), ("none-such", none_such), ("empty", "".into())])
}

fn sizes() -> Dimension {
    let name = "max-buckets";
    let mut dimension = parameter(name, vec![("one", "1".into()), ("largest", "10000".into())]);
    let faults = [("zero", "0"), ("too-large", "10001"), ("negative", "-1"), ("no-number", "x")];
    dimension.choices.extend(faults.map(|(choice, value)| Choice::fault(choice, name, value)));
    dimension
}

/// A token comes from a page before.
fn tokens() -> Dimension {
    let name = "continuation-token";
    let first = Call::new("ListBuckets").with("max-buckets", "1");
    let choices = vec![
        Choice::absent("absent"),
        Choice::valid("given", name, Value::symbol("page", "token")).after("page", first),
        Choice::valid("empty", name, ""),
        Choice::fault("never-given", name, "!plumb!"),
    ];
    Dimension::argument(name, choices)
}

fn regions() -> Dimension {
    let mut dimension = parameter("bucket-region", vec![("own", Value::Region), ("other", "eu-south-2".into())]);
    dimension.choices.push(Choice::fault("no-such", "bucket-region", "plumb-nowhere-1"));
    dimension
}

/// A token is given only where there is more.
fn constraints() -> Vec<Constraint> {
    vec![only("continuation-token", "given", "buckets", &["several"])]
}

#[cfg(test)]
mod tests {
    use plumb_model::answer::{Answer, Document};
    use plumb_model::bodies::Bodies;
    use plumb_model::expectation::{BodyRule, Expectation, Keyed, Shape};
    use plumb_model::judge::judge;

    use super::*;
    use crate::account::LATE;
    use crate::testing::{BUCKET, Bench, check, on_bucket};

    fn list(arguments: &[(&'static str, &str)]) -> Call {
        arguments.iter().fold(Call::new("ListBuckets"), |call, (name, value)| call.with(*name, *value))
    }

    fn create(name: &str) -> Call {
        Call::new("CreateBucket").with("bucket", name)
    }

    /// The names that the first outcome demands, and those that it forbids.
    fn names(bench: &Bench, call: &Call) -> (Vec<String>, Vec<String>) {
        let keyed = keyed(&bench.outcomes("list", call).swap_remove(0).expectation);
        let text = |name: &Value| name.as_literal().map(|own| String::from_utf8_lossy(own).into_owned());
        let demanded = keyed.entries.iter().filter(|(_, shape)| !matches!(shape, Shape::Maybe(_)));
        (demanded.filter_map(|(name, _)| text(name)).collect(), keyed.absent.iter().filter_map(text).collect())
    }

    fn keyed(expectation: &Expectation) -> Keyed {
        let BodyRule::Document(Shape::Fields(fields)) = &expectation.body else { panic!("no document") };
        let buckets = fields.iter().find(|(name, _)| name == "Buckets").map(|(_, shape)| shape);
        match buckets {
            Some(Shape::Fields(inner)) => match &inner[0].1 {
                Shape::Keyed(keyed) => keyed.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_made_is_listed_and_what_was_deleted_is_not() {
        let other = "plumb-t-new";
        for (before, listed, gone) in [
            (vec![], vec![BUCKET], vec![]),
            (vec![create(other)], vec![BUCKET, other], vec![]),
            (vec![on_bucket("DeleteBucket")], vec![], vec![BUCKET]),
            (vec![on_bucket("DeleteBucket"), create(BUCKET)], vec![BUCKET], vec![]),
        ] {
            let expected = [listed, gone].map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(names(&Bench::after(&before), &list(&[])), expected.into(), "{before:?}");
        }
    }

    #[test]
    fn another_account_has_other_buckets() {
        let bench = Bench { actor: Some("AKIAOTHER"), ..Bench::new(None) };
        assert_eq!(names(&bench, &list(&[])), (vec![], vec![BUCKET.to_owned()]));
    }

    #[test]
    fn buckets_of_others_are_open_but_not_under_a_name_of_ones_own() {
        let bench = Bench::after(&[create("plumb-t-new")]);
        for (prefix, listed, is_open) in [
            ("", 2, true),
            ("plumb-t-", 2, true),
            (BUCKET, 1, false),
            ("plumb-t-a-none-such", 0, false),
            ("PLUMB", 0, true),
        ] {
            let call = list(&[("prefix", prefix)]);
            let outcomes = bench.outcomes("list", &call);
            let keyed = keyed(&outcomes[0].expectation);
            assert_eq!((keyed.entries.len(), keyed.others.is_some()), (listed, is_open), "{prefix}");
            assert_eq!(outcomes.len(), 1, "{prefix}");
        }
    }

    /// How many pages are permitted, and whether one of them is the last.
    fn pages(arguments: &[(&'static str, &str)], expected: &[bool]) {
        let bench = Bench::after(&[create("plumb-t-a-new")]);
        let is_last = |outcome: &Outcome<State>| outcome.state.is_none();
        let outcomes = bench.outcomes("list", &list(arguments));
        assert_eq!(outcomes.iter().map(is_last).collect::<Vec<_>>(), expected, "{arguments:?}");
    }

    #[test]
    fn a_page_holds_no_more_than_is_asked_for() {
        pages(&[], &[true]);
        pages(&[("max-buckets", "1")], &[false]);
        pages(&[("max-buckets", "2")], &[true, false]);
        pages(&[("max-buckets", "1"), ("prefix", BUCKET)], &[false]);
        pages(&[("max-buckets", "2"), ("prefix", BUCKET)], &[true]);
        let one = Bench::new(None).outcomes("list", &list(&[("max-buckets", "1")])).swap_remove(0);
        assert_eq!(keyed(&one.expectation).most, Some(1));
    }

    #[test]
    fn a_token_goes_on_where_it_was_given_for_the_same_prefix() {
        let mut bench = Bench::after(&[create("plumb-t-new")]);
        let first = bench.run("page", &list(&[("max-buckets", "1")]));
        let document = first.document.expect("a document");
        let buckets = document.field("Buckets").expect("a field");
        assert_eq!(buckets.list("Bucket").len(), 1);
        let token = document.text("ContinuationToken").expect("a token");
        assert_eq!(bench.classes(&list(&[("continuation-token", token)])), ["200"]);
        let other = list(&[("continuation-token", token), ("prefix", "plumb")]);
        assert_eq!(bench.classes(&other), ["200", "400 InvalidArgument"]);
        let rest = bench.outcomes("rest", &list(&[("continuation-token", token)])).swap_remove(0);
        assert!(keyed(&rest.expectation).entries.iter().all(|(_, shape)| matches!(shape, Shape::Maybe(_))));
    }

    #[test]
    fn parameters_that_are_none() {
        for (name, value, classes) in [
            ("max-buckets", "-1", &["400 InvalidArgument"][..]),
            ("max-buckets", "x", &["400 InvalidArgument"]),
            ("max-buckets", "0", &["200", "200", "400 InvalidArgument"]),
            ("max-buckets", "10001", &["200", "200", "400 InvalidArgument"]),
            ("max-buckets", "10000", &["200", "200"]),
            ("continuation-token", "", &["200"]),
            ("continuation-token", "never given", &["200", "400 InvalidArgument"]),
            ("bucket-region", "us-east-1", &["200"]),
            ("bucket-region", "eu-west-1", &["200", "400 InvalidArgument"]),
            ("bucket-region", "eu-east-1", &["200", "400 InvalidArgument"]),
        ] {
            check(&[], &list(&[(name, value)]), classes);
        }
        let aws = Bench { flavour: "aws", ..Bench::new(None) };
        assert_eq!(aws.classes(&list(&[("bucket-region", "eu-east-1")])), ["400 InvalidArgument"]);
    }

    #[test]
    fn a_caller_without_a_name_is_refused_or_led_away() {
        let anonymous = list(&[("signature", "anonymous")]);
        check(&[], &anonymous, &["403 AccessDenied", "307"]);
        let aws = Bench { flavour: "aws", ..Bench::new(None) };
        assert_eq!(aws.classes(&anonymous), ["307"]);
        check(&[], &list(&[("signature", "wrong-secret")]), &["403 SignatureDoesNotMatch"]);
    }

    #[test]
    fn on_aws_a_bucket_is_listed_in_its_region() {
        let in_eu = create("plumb-t-eu").with("location-constraint", "EU");
        let bench = Bench { flavour: "aws", ..Bench::after(&[in_eu]) };
        let here = (vec![BUCKET.to_owned()], vec!["plumb-t-eu".to_owned()]);
        assert_eq!(names(&bench, &list(&[("bucket-region", "us-east-1")])), here);
        let elsewhere = bench.outcomes("list", &list(&[("bucket-region", "eu-west-1")])).swap_remove(0);
        assert!(keyed(&elsewhere.expectation).entries.iter().all(|(_, shape)| matches!(shape, Shape::Maybe(_))));
        let regions: Vec<_> = keyed(&bench.outcomes("list", &list(&[("prefix", "plumb")])).swap_remove(0).expectation)
            .entries
            .into_iter()
            .filter_map(|(_, shape)| match shape {
                Shape::Fields(fields) => fields.into_iter().find(|(name, _)| name == "BucketRegion"),
                _ => None,
            })
            .map(|(_, shape)| shape)
            .collect();
        assert_eq!(regions, [Shape::is("us-east-1"), Shape::is("eu-west-1")]);
    }

    /// Whether an answer that lists these buckets, each with a date, is permitted by any outcome.
    fn permitted(bench: &Bench, listed: &[(&str, &str)]) -> bool {
        let text = |text: &str| Document::Text(text.to_owned());
        let bucket = |(name, date): &(&str, &str)| {
            Document::Fields(vec![("Name".to_owned(), text(name)), ("CreationDate".to_owned(), text(date))])
        };
        let buckets = vec![("Bucket".to_owned(), Document::List(listed.iter().map(bucket).collect()))];
        let answer = Answer {
            status: 200,
            document: Some(Document::Fields(vec![("Buckets".to_owned(), Document::Fields(buckets))])),
            headers: [("content-type".into(), "application/xml".into())].into_iter().collect(),
            ..Answer::default()
        };
        let outcomes = bench.outcomes("list", &list(&[]));
        outcomes.iter().any(|outcome| judge(&outcome.expectation, &answer, &bench.seen("list")).is_ok())
    }

    #[test]
    fn the_date_is_that_of_the_making() {
        let made = Bench::after(&[create("plumb-t-new")]);
        let own = (BUCKET, "2020-01-01T00:00:00.000Z");
        assert!(permitted(&made, &[own, ("plumb-t-new", "2023-11-14T22:13:20.000Z")]));
        assert!(!permitted(&made, &[own, ("plumb-t-new", "2023-11-14T22:13:30.000Z")]));
        let again = Bench::after(&[create("plumb-t-new"), create("plumb-t-new")]);
        assert!(permitted(&again, &[own, ("plumb-t-new", "2020-01-01T00:00:00.000Z")]), "it may have changed");
    }

    #[test]
    fn aws_may_list_a_deleted_bucket_for_a_while() {
        let bodies = Bodies::new();
        let gone = Bench { bodies, ..Bench::after(&[on_bucket("DeleteBucket")]) };
        let listed = [(BUCKET, "2020-01-01T00:00:00.000Z")];
        assert!(!permitted(&gone, &listed));
        let outcomes = Bench { flavour: "aws", ..gone }.outcomes("list", &list(&[]));
        assert_eq!(outcomes.iter().map(|outcome| outcome.ground.source.as_ref()).collect::<Vec<_>>(), [SOURCE, LATE]);
        assert_eq!(keyed(&outcomes[1].expectation).entries.len(), 1);
    }
}
