//! The pages as text: their structure, and what of others' words can never be in it.

use std::time::{Duration, Instant};

use plumb_canary::slot::{Outcome, Place};
use plumb_canary::view::{Board, WatchView};
use plumb_canary::web::pages::{self, Cursor, Day};
use plumb_canary::web::{Filter, Health, health};

use crate::fixture::{self, NOW_MS};

/// What somebody writes who wants to be more than text.
const HOSTILE: &str = "<script>alert(1)</script>\"' onload=x <img src=http://evil.example/x>\u{202e}\u{7}";

/// The fixture with hostile words wherever others have a say.
fn hostile() -> Board {
    let mut board = fixture::board();
    board.region = HOSTILE.into();
    board.brake = Some(HOSTILE.into());
    board.builds.push((HOSTILE.into(), HOSTILE.into()));
    board.notices.push(HOSTILE.into());
    for alert in &mut board.alerts {
        (alert.id, alert.rule, alert.severity, alert.summary) =
            (HOSTILE.into(), HOSTILE.into(), HOSTILE.into(), HOSTILE.into());
    }
    for own in &mut board.deviations {
        (own.what, own.owner, own.reason, own.expires) =
            (HOSTILE.into(), HOSTILE.into(), HOSTILE.into(), HOSTILE.into());
    }
    for view in &mut board.watches {
        (view.watch.canary, view.owner, view.cadence) =
            (format!("{HOSTILE}{}", view.watch.canary), HOSTILE.into(), HOSTILE.into());
        view.runbook = Some("javascript:alert(1)".into());
        view.muted = Some((NOW_MS, HOSTILE.into()));
        view.deploys.push((NOW_MS - 600_000, HOSTILE.into()));
        for finding in &mut view.findings {
            (finding.id, finding.sentence, finding.replay) = (HOSTILE.into(), HOSTILE.into(), HOSTILE.into());
        }
        if let Some(trouble) = &mut view.trouble {
            (trouble.message, trouble.replay, trouble.traceparent) =
                (HOSTILE.into(), Some(HOSTILE.into()), Some(HOSTILE.into()));
            trouble.request_ids = vec![HOSTILE.into()];
        }
    }
    board
}

/// Every kind of page of `board`.
fn all_pages(board: &Board) -> Vec<String> {
    let broken = |view: &&WatchView| view.trouble.is_some() && !view.findings.is_empty();
    let view = board.watches.iter().find(broken).expect("the fixture has findings");
    let mut rows = fixture::rows(&fixture::watch("conditional-writes", "eu-prod"));
    for row in &mut rows {
        row.slot.watch = view.watch.clone();
        row.trouble.clone_from(&view.trouble);
        row.version = Some(board.region.clone());
    }
    let last = rows.last().cloned().expect("rows");
    let filter = Filter { canary: board.region.clone(), state: board.region.clone(), ..Filter::default() };
    let day = Day { begins_ms: 1_773_446_400_000, filter: filter.clone(), rows, next: Some(Cursor::default()) };
    let id = &view.findings[0].id;
    vec![
        pages::board(board, &Filter::default()),
        pages::board(board, &filter),
        pages::watch(board, &view.watch).expect("it is there"),
        pages::ledger(board, &day),
        pages::slot(board, &last),
        pages::finding(board, id, Some(&serde_json::json!({ "words": board.region }))).expect("it is there"),
        pages::nothing("Not found", &board.region),
    ]
}

/// What stands between `<` and `>`.
fn tags(page: &str) -> impl Iterator<Item = &str> {
    page.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag)
}

#[test]
fn no_word_of_others_becomes_markup() {
    for page in all_pages(&hostile()) {
        assert!(!page.to_lowercase().contains("<script") && !page.contains("<img"));
        assert!(!page.contains("href=\"javascript:"));
        assert!(page.contains("&lt;script&gt;alert(1)"), "the words are shown as words");
        let stray = |character: char| character == '\u{202e}' || (character.is_control() && character != '\n');
        assert!(!page.contains(stray), "{:.200}", page.split(stray).nth(1).unwrap_or_default());
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere_and_nothing_runs() {
    for page in all_pages(&fixture::board()) {
        for tag in tags(&page) {
            let address = tag.split_once("href=\"").map_or("/", |(_, rest)| rest);
            let outside = tag.starts_with("a ") && address.starts_with("https://runbooks.example/");
            assert!(address.starts_with('/') || outside, "<{tag}>");
            assert!(!tag.contains(" src=") && !tag.contains(" style="), "<{tag}>");
            assert!(!tag.split([' ', '\n']).any(|word| word.starts_with("on") && word.contains('=')), "<{tag}>");
            assert!(!tag.contains("action=\"") || tag.contains("action=\"/"), "<{tag}>");
        }
        for loading in ["url(", "@import", "@font-face"] {
            assert!(!page.contains(loading), "{loading}");
        }
    }
}

#[test]
fn every_page_has_one_headline_and_a_language() {
    for page in all_pages(&fixture::board()) {
        assert_eq!(page.matches("<h1").count(), 1);
        assert_eq!(page.matches("<main").count(), 1);
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"));
    }
}

#[test]
fn whoever_was_woken_sees_first_what_is_broken_and_what_to_type() {
    let page = pages::board(&fixture::board(), &Filter::default());
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text:?}"));
    let in_order = [
        "6 of 16 watches are broken",
        "The way there<span class=\"part\">3</span>",
        "us-prod does not answer",
        "No connection to 198.51.100.7:443",
        "plumb canary --once list-after-write --target us-prod",
        "Accepted",
        "Kill switch",
    ];
    assert!(in_order.windows(2).all(|two| at(two[0]) < at(two[1])), "{in_order:?}");
    assert!(page.contains("on and off <b>for 44 min"));
}

#[test]
fn health_is_told_by_the_last_slot() {
    let board = fixture::board();
    for (canary, target, wanted) in [
        ("upload-download", "us-prod", Health::Down),
        ("conditional-writes", "eu-prod", Health::Wrong),
        ("error-pairs", "us-prod", Health::Unknown),
        ("access-denied", "us-prod", Health::Quiet),
        ("upload-download", "eu-prod", Health::Fine),
    ] {
        let view = board.watches.iter().find(|view| view.watch == fixture::watch(canary, target)).expect("it is there");
        assert_eq!(health(view, false), wanted, "{canary}@{target}");
    }
}

#[test]
fn a_quiet_board_says_so() {
    let mut board = fixture::board();
    board.watches.retain(|view| health(view, false) == Health::Fine);
    (board.alerts, board.notices) = (Vec::new(), Vec::new());
    let many = board.watches.len();
    let page = pages::board(&board, &Filter::default());
    assert!(page.contains(&format!("None of {many} watches is broken")));
    assert!(!page.contains("Firing") && !page.contains("It lies with"));
    board.watches.clear();
    assert!(pages::board(&board, &Filter::default()).contains("Nothing is watched"));
}

/// What a page of a big board may take.
const BIG_PAGE_BYTES_MAX: usize = 600_000;
const BIG_PAGE_MAX: Duration = Duration::from_secs(2);

#[test]
fn a_thousand_watches_come_in_pages_the_broken_first() {
    let mut board = fixture::board();
    let all = board.watches.clone();
    board.watches = (0..1_000)
        .map(|number: usize| {
            let mut view = all[number % all.len()].clone();
            view.watch.canary = format!("{}-{number:04}", view.watch.canary);
            view
        })
        .collect();
    let start = Instant::now();
    let page = pages::board(&board, &Filter::default());
    assert!(start.elapsed() < BIG_PAGE_MAX, "{:?}", start.elapsed());
    assert!(page.len() < BIG_PAGE_BYTES_MAX, "{} bytes", page.len());
    assert!(page.contains("1–50 of 1,000") && page.contains("Page 1 of 20"));
    assert!(!page.contains("✓</span> Passes"), "what passes is on later pages");
    let last = pages::board(&board, &Filter { page: Some(usize::MAX), ..Filter::default() });
    assert!(last.contains("951–1000 of 1,000"), "a page beyond the last is the last");
    let failing = Filter { state: "failing".into(), target: "EU-PROD".into(), ..Filter::default() };
    assert!(pages::board(&board, &failing).contains("out of 1,000 in all"));
}

#[test]
fn long_words_and_missing_parts_do_no_harm() {
    let mut board = fixture::board();
    for view in &mut board.watches {
        view.owner = "x".repeat(5_000);
        view.slots.truncate(1);
        (view.bands, view.budgets, view.runbook) = (Vec::new(), Vec::new(), None);
    }
    for page in
        [pages::board(&board, &Filter::default()), pages::watch(&board, &board.watches[0].watch).expect("it is there")]
    {
        assert!(!page.contains(&"x".repeat(1_000)), "long words are cut");
        assert!(!page.contains("id=\"latency\""));
    }
}

#[test]
fn every_outcome_has_a_letter_or_a_height_of_its_own() {
    let board = fixture::board();
    let page = pages::watch(&board, &fixture::watch("upload-download", "us-prod")).expect("it is there");
    let shown = Outcome::ALL.iter().filter(|outcome| page.contains(outcome.word())).count();
    assert_eq!(shown, Outcome::ALL.len(), "the legend names all");
    assert!(page.contains("aria-label=\"The last slots: "));
    assert!(page.contains(&format!(
        ": {}",
        Place::Way(plumb_canary::slot::Phase::Connect).words().replace("way (connect)", "The way there, connect")
    )));
}

/// WCAG 2.2, success criterion 1.4.3 for text, and 1.4.11 for marks.
const TEXT_CONTRAST_MIN: f64 = 4.5;
const MARK_CONTRAST_MIN: f64 = 3.0;

#[test]
fn text_and_marks_stand_out_in_both_schemes() {
    let style = include_str!("../../src/web/pages/page.css");
    let (light, dark) = style.split_once("prefers-color-scheme: dark").expect("the style has a dark scheme");
    let grounds = ["paper", "card", "sunk"];
    let texts = ["ink", "soft", "link", "good", "bad", "unclear"];
    let on_grounds = texts.iter().flat_map(|text| grounds.map(|ground| (*text, ground, TEXT_CONTRAST_MIN)));
    let tinted = [("good", "good-tint"), ("bad", "bad-tint"), ("unclear", "unclear-tint"), ("quiet", "quiet-tint")];
    let tinted = tinted.map(|(text, ground)| (text, ground, TEXT_CONTRAST_MIN));
    let marks = ["good", "bad", "unclear", "edge", "link", "brass"];
    let marks = marks.iter().flat_map(|mark| ["paper", "card"].map(|ground| (*mark, ground, MARK_CONTRAST_MIN)));
    let letters = [("card", "bad", TEXT_CONTRAST_MIN), ("card", "unclear", TEXT_CONTRAST_MIN)];
    let pairs: Vec<(&str, &str, f64)> = on_grounds.chain(tinted).chain(marks).chain(letters).collect();
    for scheme in [light, dark] {
        for (text, ground, least) in &pairs {
            let contrast = contrast(luminance(scheme, text), luminance(scheme, ground));
            assert!(contrast >= *least, "{text} on {ground}: {contrast:.2}");
        }
    }
}

fn contrast(one: f64, other: f64) -> f64 {
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// How bright the colour of this name is: `--name: #rrggbb`, the first of the scheme.
fn luminance(scheme: &str, name: &str) -> f64 {
    let (_, rest) = scheme.split_once(&format!("--{name}: #")).unwrap_or_else(|| panic!("no colour {name}"));
    let part = |at: usize| u8::from_str_radix(&rest[at..at + 2], 16).expect("a colour in six digits");
    let [red, green, blue] = [part(0), part(2), part(4)].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}
