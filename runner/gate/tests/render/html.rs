//! The page.

use plumb_gate::render::text::is_unsafe;
use plumb_gate::render::{Curve, Plot, page};
use proptest::prelude::*;

use crate::attacks::{ATTACKS, nasty};
use crate::sample::{empty, failing, huge, overridden, passing, with_text};

fn curve(name: &str, factor: f64) -> Curve {
    let points = (0..1_000).map(|index| f64::from(index) / 1_000.0);
    let points = points.map(|share| (share, factor * 900.0 / (1.0 - share).powf(0.6))).collect();
    Curve { name: name.to_owned(), points }
}

fn plot(text: &str) -> Plot {
    let named = |name: &str| if text.is_empty() { name.to_owned() } else { text.to_owned() };
    Plot {
        title: named("GetItem, up to 4 KiB"),
        words: named("The slowest 0.5 % of requests take 10 times as long as those of the baseline"),
        candidate: curve(&named("candidate"), 2.0),
        baseline: curve(&named("baseline"), 1.0),
    }
}

/// Every tag with its attributes. What is in the style is left out: it is ours.
fn tags(page: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').expect("a tag ends");
        tags.push(tag);
        rest = after;
    }
    tags
}

/// The same tags with the same names of attributes as with a tame text.
fn check(text: &str, is_overridden: bool) {
    let page_of = |text: &str| page(&with_text(text, is_overridden), &[plot(text)]);
    let own = page_of(text);
    assert_eq!(own.chars().find(|character| is_unsafe(*character) && *character != '\n'), None, "{text:?}");
    if text.is_empty() {
        return;
    }
    let tame = page_of("tame");
    let (own, tame) = (tags(&own), tags(&tame));
    // Only the label of a drawing holds a text in an attribute, and its quotes are escaped.
    let skeleton = |tags: &[&str]| -> Vec<String> {
        tags.iter().map(|tag| tag.split("aria-label=").next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(skeleton(&own), skeleton(&tame), "{text:?}");
    let label = own.iter().find_map(|tag| tag.split_once("aria-label=\"")).expect("a drawing has a label").1;
    assert!(label.ends_with('"') && label.matches('"').count() == 1, "{text:?} breaks out of {label:?}");
}

#[test]
fn no_attack_changes_what_the_page_is() {
    for attack in ATTACKS {
        check(attack, false);
        check(attack, true);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_changes_what_the_page_is(text in nasty(), is_overridden: bool) {
        check(&text, is_overridden);
    }
}

#[test]
fn nothing_comes_from_elsewhere_and_nothing_runs() {
    let page = page(&failing(), &[plot("")]);
    for word in ["<script", "http://", "src=", "url(", "@import", "<link", "<iframe", "onload"] {
        assert!(!page.contains(word), "{word} is in the page");
    }
    assert!(page.contains("default-src 'none'"), "the browser is told to load nothing");
    assert!(page.contains("prefers-color-scheme: dark"), "there is a dark page");
    // The endpoint is a text, not an address to go to.
    assert!(!page.contains("href="), "nothing leads away");
}

#[test]
fn each_verdict_says_its_word() {
    for (decision, word) in
        [(failing(), "fail"), (empty(), "inconclusive"), (overridden(), "overridden"), (passing(), "pass")]
    {
        let page = page(&decision, &[]);
        assert!(page.contains(&format!("<p class=\"word\">{word}</p>")), "{word}");
        assert_eq!(page.contains("Overridden, not passed"), word == "overridden");
        assert_eq!(page.contains("<header class=\"good\">"), word == "pass");
    }
}

#[test]
fn a_page_has_an_end() {
    let page = page(&huge(20_000), &vec![plot(""); 200]);
    assert!(page.len() < 4 << 20, "{} bytes", page.len());
    assert!(page.contains("… and 19700 more in the JSON"));
    assert_eq!(page.matches("<svg").count(), 40);
}

#[test]
fn two_curves_are_told_apart_without_colour() {
    let page = page(&failing(), &[plot("")]);
    assert_eq!(page.matches("<polyline").count(), 2);
    assert!(page.contains("svg polyline.baseline { stroke-dasharray"), "one line is dashed");
    assert!(
        page.contains("<circle class=\"candidate\"") && page.contains("<rect class=\"baseline\""),
        "the marks differ"
    );
    assert!(page.contains(">candidate</text>") && page.contains(">baseline</text>"), "each line has its name");
    for label in ["latency, log scale", "share of requests", "99.9 %", "10 ms"] {
        assert!(page.contains(label), "{label} is at an axis");
    }
}

#[test]
fn a_curve_is_thinned_where_it_is_crowded_and_not_at_its_end() {
    let mut own = plot("");
    let points = (0..200_000).map(|index| f64::from(index) / 200_000.0);
    own.candidate.points = points.map(|share| (share, if share < 0.999 { 1_000.0 } else { 50_000.0 })).collect();
    let page = page(&failing(), &[own]);
    let line = page.split("class=\"candidate\" points=\"").nth(1).expect("a line").split('"').next().expect("its end");
    let points: Vec<&str> = line.split(' ').collect();
    assert!((300..=402).contains(&points.len()), "{} points", points.len());
    let (first, last) = (points[0].split(',').nth(1), points[points.len() - 1].split(',').nth(1));
    let of = |at: Option<&str>| points.iter().filter(|point| point.split(',').nth(1) == at).count();
    assert_eq!(of(first) + of(last), points.len(), "two levels");
    assert!(of(last) > 60, "the slowest in a thousand take {} points", of(last));
}

#[test]
fn a_plot_of_nonsense_is_none() {
    for points in
        [vec![], vec![(0.5, 3.0)], vec![(f64::NAN, 1.0), (0.5, f64::INFINITY), (0.7, -1.0), (2.0, 5.0), (0.1, 0.0)]]
    {
        let mut own = plot("");
        own.baseline.points = points;
        let page = page(&failing(), &[own]);
        assert!(page.contains("too few latencies") && !page.contains("<svg"));
    }
    let mut own = plot("");
    (own.candidate.points, own.baseline.points) = (vec![(0.0, 5.0), (1.0, 5.0)], vec![(1.0, 5.0), (0.0, 5.0)]);
    let page = page(&failing(), &[own]);
    let drawing = page.split("<svg").nth(1).expect("a drawing").split("</svg>").next().expect("its end");
    assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{drawing}");
}
