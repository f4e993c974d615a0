//! `ListObjects`: lists keys in pages, each from a marker on. The first version of the call.
//!
//! Source, unless an item names another: `LocalStack` `test_s3_list_operations` (recorded on AWS).

use plumb_model::call::Call;
use plumb_model::expectation::{Expectation, Form, Matcher, Shape};
use plumb_model::fault::{Basis, Precedence};
use plumb_model::model::{Outcome, outcomes};
use plumb_model::space::{Choice, Constraint, Dimension, Hazard, Operation, Space};

use super::dimensions::{Sharing, bucket, buckets, caller, expected_owner, only, other_meets, signature};
use super::listing_dimensions::{delimiters, encodings, keys, parameter, prefixes, sizes};
use super::listings::{Fields, ODD_SIZE, SHARED, given, owner, parameter_faults};
use crate::listing::{Ask, Page, page};
use crate::paging::{Most, Size};
use crate::request::{Request, documented};
use crate::state::{Bucket, State};

const SOURCE: &str = "AWS S3 API Reference, ListObjects; LocalStack test_s3_list_operations (recorded on AWS)";

/// What the call may answer.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let mut faults = request.common_faults();
    let most = Most::of(request);
    parameter_faults(request, most, &mut faults);
    outcomes(&faults, precedence, || {
        let Some(bucket) = request.bucket else { return Vec::new() };
        most.sizes(request).iter().flat_map(|size| pages(request, bucket, most, size)).collect()
    })
}

/// The pages of one size that may be answered.
fn pages(request: &Request<'_>, bucket: &Bucket, most: Most, size: &Size) -> Vec<Outcome<State>> {
    let prefix = given(request, "prefix");
    if !bucket.knows(prefix) {
        let unknown = |truncated| Outcome::new(unknown(request, size, truncated), Basis::Unknown, SHARED);
        return vec![unknown(false), unknown(true)];
    }
    // A marker inside a common prefix leaves the rest of it out.
    let (delimiter, after) = (given(request, "delimiter"), given(request, "marker"));
    let ask = Ask { prefix, delimiter, after, past_prefix: true, most: size.most };
    let answer = answer(request, &page(&bucket.objects, &ask), size);
    vec![if most.is_odd() { Outcome::new(answer, Basis::Unknown, ODD_SIZE) } else { documented(answer, SOURCE) }]
}

fn answer(request: &Request<'_>, page: &Page<'_>, size: &Size) -> Expectation {
    let mut fields = echo(request, size);
    fields.add_page(page, &owner(request));
    let next = match page.entries.last() {
        Some(last) if page.truncated && has_delimiter(request) => fields.listed(&last.name()),
        _ => Shape::absent(),
    };
    fields.add("NextMarker", next);
    fields.answer()
}

fn unknown(request: &Request<'_>, size: &Size, truncated: bool) -> Expectation {
    let mut fields = echo(request, size);
    fields.add_unknown(truncated);
    let marked = truncated && has_delimiter(request);
    fields.add("NextMarker", if marked { Shape::Text(Matcher::Like(Form::Text)) } else { Shape::absent() });
    fields.answer()
}

/// Whether the answer tells where the next page starts. Without a delimiter that is the last key.
///
/// Source: AWS S3 API Reference, `ListObjects`, `NextMarker`: "This element is returned only if you have the delimiter
/// request parameter specified".
fn has_delimiter(request: &Request<'_>) -> bool {
    !given(request, "delimiter").is_empty()
}

fn echo<'r, 'a>(request: &'r Request<'a>, size: &Size) -> Fields<'r, 'a> {
    let mut fields = Fields::new(request, size);
    fields.echo("Marker", "marker", request.aws);
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
        markers(),
        encodings(),
        expected_owner(),
    ];
    Operation {
        name: "ListObjects",
        about: "lists keys in pages, each from a marker on",
        source: SOURCE,
        hazard: Hazard::Reads,
        space: Space { dimensions, constraints: constraints() },
        probes: vec![],
    }
}

/// Where the page starts; the last two as a client goes on after a page before.
fn markers() -> Dimension {
    let name = "marker";
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
    let first = |most| Call::new("ListObjects").with("bucket", bucket()).with("max-keys", most);
    let mut dimension = parameter(name, &values);
    let next = Choice::valid("next-marker", name, "a/");
    dimension.choices.push(next.after("page", first("1").with("delimiter", "/")));
    dimension.choices.push(Choice::valid("last-key", name, "a/2").after("page", first("2")));
    dimension
}

fn constraints() -> Vec<Constraint> {
    let slash = |choice| only("marker", choice, "delimiter", &["slash"]);
    vec![slash("inside-a-common-prefix"), slash("next-marker"), other_meets(&["mine"])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::listing_dimensions::KEYS;
    use crate::testing::{Bench, listed, on_bucket, put, shapes};

    fn list(arguments: &[(&'static str, &str)]) -> Call {
        arguments.iter().fold(on_bucket("ListObjects"), |call, (name, value)| call.with(*name, *value))
    }

    fn several() -> Bench {
        Bench::after(&KEYS.map(|(_, key)| put(key)))
    }

    /// Keys, common prefixes, and the next marker.
    fn page_of(arguments: &[(&'static str, &str)], keys: &[&str], prefixes: &[&str], next: Option<&str>) {
        let answer = several().run("list", &list(arguments));
        assert_eq!(listed(&answer, "Contents", "Key"), keys, "{arguments:?}");
        assert_eq!(listed(&answer, "CommonPrefixes", "Prefix"), prefixes, "{arguments:?}");
        let document = answer.document.expect("a document");
        assert_eq!(document.text("NextMarker"), next, "{arguments:?}");
        let marker = arguments.iter().find(|(name, _)| *name == "marker").map_or("", |(_, marker)| marker);
        assert_eq!(document.text("Marker"), Some(marker), "{arguments:?}");
    }

    #[test]
    fn a_marker_is_left_out_and_what_comes_after_it_is_not() {
        let all: Vec<_> = KEYS.iter().map(|(_, key)| *key).collect();
        page_of(&[], &all, &[], None);
        page_of(&[("marker", "")], &all, &[], None);
        page_of(&[("marker", "a/1")], &all[1..], &[], None);
        page_of(&[("marker", "a1")], &all[3..], &[], None);
        page_of(&[("marker", "\u{10ffff}")], &[], &[], None);
        page_of(&[("marker", "a"), ("prefix", "a0")], &all[2..3], &[], None);
    }

    #[test]
    fn a_marker_inside_a_common_prefix_leaves_the_rest_of_it_out() {
        let rest = [KEYS[2].1, KEYS[3].1];
        for marker in ["a/", "a/1", "a/2", "a/\u{10ffff}"] {
            page_of(&[("delimiter", "/"), ("marker", marker), ("max-keys", "2")], &rest, &[], Some(rest[1]));
        }
        page_of(&[("delimiter", "/"), ("marker", "a"), ("max-keys", "1")], &[], &["a/"], Some("a/"));
    }

    #[test]
    fn the_next_marker_comes_with_a_delimiter_and_when_there_is_more() {
        let all: Vec<_> = KEYS.iter().map(|(_, key)| *key).collect();
        page_of(&[("max-keys", "2")], &all[..2], &[], None);
        page_of(&[("max-keys", "2"), ("delimiter", "|")], &all[..2], &[], Some("a/2"));
        page_of(&[("max-keys", "0"), ("delimiter", "/")], &[], &[], None);
        let rest = [all[2], all[3], all[5], all[6], all[7]];
        page_of(&[("delimiter", "/")], &rest, &["a/", "d/"], None);
        page_of(&[("delimiter", "/"), ("max-keys", "4")], &rest[..2], &["a/", "d/"], Some("d/"));
    }

    #[test]
    fn the_marker_is_told_even_where_none_was_given() {
        let told = |flavour, call: &Call| shapes(&Bench { flavour, ..Bench::new(None) }, call, "Marker");
        assert_eq!(told("aws", &list(&[])), [Some(Shape::is(""))]);
        assert_eq!(told("compatible", &list(&[])), [Some(Shape::is("").maybe())]);
        assert_eq!(told("compatible", &list(&[("marker", "m")])), [Some(Shape::is("m"))]);
    }

    /// Follows markers to the end.
    fn pages(bench: &mut Bench, call: &Call) -> Vec<String> {
        let (mut all, mut next) = (Vec::new(), call.clone());
        for round in 0..100 {
            let answer = bench.run(&format!("page-{round}"), &next);
            let keys = listed(&answer, "Contents", "Key");
            let document = answer.document.as_ref().expect("a document");
            let marker = document.text("NextMarker").map(str::to_owned).or(keys.last().cloned());
            all.extend(keys);
            all.extend(listed(&answer, "CommonPrefixes", "Prefix"));
            match marker {
                Some(marker) if document.text("IsTruncated") == Some("true") => {
                    next = call.clone().with("marker", marker.as_str());
                }
                _ => return all,
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
            let mut bench = Bench::after(&keys.iter().map(|key| put(key)).collect::<Vec<_>>());
            let call = list(&[("delimiter", delimiter), ("prefix", &prefix)]);
            let mut paged = pages(&mut bench, &call.clone().with("max-keys", most.to_string().as_str()));
            let whole = bench.run("whole", &call);
            let mut expected = listed(&whole, "Contents", "Key");
            expected.extend(listed(&whole, "CommonPrefixes", "Prefix"));
            paged.sort();
            expected.sort();
            assert_eq!(paged, expected);
        }
    }
}
