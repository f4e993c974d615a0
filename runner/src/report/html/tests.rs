use std::collections::BTreeMap;

use super::*;
use crate::report::fixture;

#[test]
fn no_word_of_the_server_becomes_markup() {
    let page = page(&fixture::report());
    assert!(!page.to_lowercase().contains("<script"), "a script");
    assert!(!page.contains("<img"), "an image");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the words are shown as words");
    assert!(!page.chars().any(|character| character == '\u{202e}' || (character.is_control() && character != '\n')));
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let page = page(&fixture::report());
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
    // No attribute of any element has an address but those inside the page.
    let tags = page.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag);
    for tag in tags {
        assert!(!tag.contains("http://") && !tag.contains("https://") && !tag.contains(" src="), "<{tag}>");
        assert!(!tag.contains("href=") || tag.contains("href=\"#"), "<{tag}>");
    }
    for loading in ["url(", "@import", "@font-face"] {
        assert!(!STYLE.contains(loading), "{loading}");
    }
}

#[test]
fn every_finding_has_its_anchor_and_its_replay_command() {
    let report = fixture::report();
    let page = page(&report);
    for finding in &report.findings {
        assert_eq!(page.matches(&format!("id=\"finding-{}\"", finding.id)).count(), 1);
        assert!(page.contains(&finding.replay));
    }
    assert!(page.contains("storage-team: fixed in the next release"));
}

#[test]
fn an_id_that_somebody_made_up_stays_inside_its_attribute() {
    let mut report = fixture::report();
    report.findings[0].id = "\" onclick=\"x".into();
    assert!(page(&report).contains("id=\"finding-onclickx\""));
}

#[test]
fn the_same_report_gives_the_same_page() {
    assert_eq!(page(&fixture::report()), page(&fixture::report()));
}

#[test]
fn findings_beyond_the_bound_are_counted() {
    let mut report = fixture::report();
    let finding = report.open_findings().next().expect("the fixture has findings").clone();
    report.findings = vec![finding; SHOWN_FINDINGS_MAX + 1];
    assert!(page(&report).contains("… and 1 more finding in the JSON report"));
}

#[test]
fn a_run_without_findings_says_so() {
    let page = page(&fixture::conforming());
    assert!(page.contains("<h1 id=\"outcome\">No finding</h1>"));
    assert!(!page.contains("<article"));
}

/// WCAG 2.2, success criterion 1.4.3: text has a contrast of at least 4.5 to 1.
const CONTRAST_MIN: f64 = 4.5;

#[test]
fn text_stands_out_in_both_schemes() {
    let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").expect("the style has a dark scheme");
    let grounds = ["paper", "card", "sunk"];
    let tints = ["good", "bad", "unclear", "quiet"].map(|name| (name.to_owned(), format!("{name}-tint")));
    for scheme in [light, dark] {
        let colours = colours(scheme);
        let on_grounds =
            ["ink", "soft"].into_iter().flat_map(|text| grounds.map(|ground| (text.to_owned(), ground.to_owned())));
        let on_cards = ["link", "good", "bad", "unclear"]
            .into_iter()
            .flat_map(|text| ["paper", "card", "sunk"].map(|ground| (text.to_owned(), ground.to_owned())));
        let inks = tints.iter().map(|(_, tint)| ("ink".to_owned(), tint.clone()));
        for (text, ground) in on_grounds.chain(on_cards).chain(inks).chain(tints.clone()) {
            let contrast = contrast(colours[&text], colours[&ground]);
            assert!(contrast >= CONTRAST_MIN, "{text} on {ground}: {contrast:.2}");
        }
    }
}

/// The colours of a scheme: `--name: #rrggbb`, the first of each name.
fn colours(scheme: &str) -> BTreeMap<String, [u8; 3]> {
    let mut colours = BTreeMap::new();
    for part in scheme.split("--").skip(1) {
        let Some((name, digits)) = part.split_once(": #") else { continue };
        let digit = |at: usize| digits.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        if let [Some(red), Some(green), Some(blue)] = [digit(0), digit(2), digit(4)] {
            colours.entry(name.to_owned()).or_insert([red, green, blue]);
        }
    }
    colours
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}
