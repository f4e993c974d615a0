//! Markdown, read by two parsers that others wrote.

use plumb_gate::render::text::line;
use plumb_gate::render::{Room, markdown};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::attacks::{ATTACKS, nasty};
use crate::sample::{empty, failing, huge, overridden, passing, with_text};

/// What is in a document apart from its texts, and its texts.
#[derive(Debug, Default, PartialEq)]
struct Read {
    structure: Vec<String>,
    texts: Vec<String>,
}

/// Code and text next to each other are one text: a bar stands between two spans of code.
fn read(text: &str) -> Read {
    let mut read = Read::default();
    let mut own = String::new();
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Text(text) | Event::Code(text) => own.push_str(&text),
            other => {
                if !own.is_empty() {
                    read.texts.push(std::mem::take(&mut own));
                }
                read.structure.push(format!("{other:?}"));
            }
        }
    }
    read
}

/// The tags of a document as GitHub shows it: by a port of its own parser, which finds addresses in texts too. Code is left
/// out: a bar stands between two spans of it.
fn tags(text: &str) -> Vec<String> {
    let mut options = comrak::Options::default();
    let own = &mut options.extension;
    (own.autolink, own.table, own.strikethrough, own.tasklist) = (true, true, true, true);
    (own.footnotes, own.alerts, own.math_dollars, own.math_code) = (true, true, true, true);
    options.render.r#unsafe = true;
    let page = comrak::markdown_to_html(text, &options);
    let tags = page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default().to_owned());
    tags.filter(|tag| tag != "code" && tag != "/code").collect()
}

/// Longer ones are cut where several stand together, and nothing can be told of the whole.
const COMPARED_CHARACTERS_MAX: usize = 60;

fn check(text: &str, is_overridden: bool) {
    let markdown_of = |text: &str| markdown(&with_text(text, is_overridden), Room::Comment);
    let (own, tame) = (markdown_of(text), read(&markdown_of("tame")));
    let written = read(&own);
    for forbidden in
        ["Start(Link", "Start(Image", "InlineHtml", "InlineMath", "DisplayMath", "FootnoteReference", "TaskListMarker"]
    {
        assert!(!written.structure.iter().any(|own| own.starts_with(forbidden)), "{text:?} makes {forbidden}");
    }
    // GitLab obeys lines that begin with a slash, in code as well where the fence is indented
    // (`lib/gitlab/quick_actions/extractor.rb` of <https://gitlab.com/gitlab-org/gitlab>).
    assert!(!own.lines().any(|line| line.starts_with('/')), "{text:?} is a quick action: {own}");
    // A block without a command is left out, and so is a text without anything in it.
    if line(text).trim().is_empty() {
        return;
    }
    assert_eq!(written.structure, tame.structure, "{text:?}: {own}");
    assert_eq!(tags(&own), tags(&markdown_of("tame")), "{text:?} as GitHub reads it: {own}");
    // Colons stand for themselves within other words.
    let colons = |text: &str| text.replace("\\u{3a}", ":");
    if line(text).chars().count() <= COMPARED_CHARACTERS_MAX {
        let expected: Vec<_> = tame.texts.iter().map(|own| colons(&own.replace("tame", &line(text)))).collect();
        let written: Vec<_> = written.texts.iter().map(|own| colons(own)).collect();
        assert_eq!(written, expected, "{text:?} is changed: {own}");
    }
}

#[test]
fn no_attack_changes_what_the_markdown_is() {
    for attack in ATTACKS {
        check(attack, false);
        check(attack, true);
    }
}

proptest! {
    #[test]
    fn no_text_changes_what_the_markdown_is(text in nasty(), is_overridden: bool) {
        check(&text, is_overridden);
    }
}

/// Mentions, references, addresses and emoji are found by GitHub in what Markdown became, outside of code.
#[test]
fn what_stands_outside_of_code_means_nothing_to_github() {
    for attack in ATTACKS {
        let mut outside = String::new();
        let mut in_block = false;
        let text = markdown(&with_text(attack, true), Room::Comment);
        for event in Parser::new_ext(&text, Options::all()) {
            match event {
                Event::Start(Tag::CodeBlock(_)) => in_block = true,
                Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_block = false,
                Event::Text(text) if !in_block => outside.push_str(&text),
                _ => {}
            }
        }
        for mark in ["@", "#", "GH-", "www", "://", "deadbeef", "acceded", "da39a3ee", ":tada", "$", "/"] {
            assert!(!outside.contains(mark), "{attack:?} leaves {mark} outside of code: {outside}");
        }
    }
}

#[test]
fn it_fits_and_what_does_not_is_counted() {
    for room in [Room::Comment, Room::JobSummary] {
        let text = markdown(&huge(5_000), room);
        assert!(text.len() <= room.bytes_max(), "{} bytes in {room:?}", text.len());
        assert!(text.matches("… and ").count() >= 3, "{room:?} says that there is more");
        let structure = read(&text).structure;
        let html = |tag: &str| structure.iter().filter(|own| own.starts_with("Html") && own.contains(tag)).count();
        assert_eq!(html("<details>"), html("</details>"), "{room:?} closes what it opens");
    }
    let nasty = "\u{10ffff}`|".repeat(3_000);
    let mut decision = huge(400);
    decision.findings.iter_mut().for_each(|found| found.summary.clone_from(&nasty));
    (decision.gate, decision.summary) = (nasty.clone(), nasty);
    assert!(markdown(&decision, Room::Comment).len() < 65_536);
}

#[test]
fn an_override_is_never_shown_as_passed() {
    let text = markdown(&overridden(), Room::Comment);
    assert!(text.starts_with("## ⚠ Gate release: overridden\n"), "{text}");
    assert!(text.contains("Overridden, not passed"), "{text}");
    assert!(!text.contains("## ✅"), "{text}");
    assert!(markdown(&passing(), Room::Comment).starts_with("## ✅ Gate release: pass\n"));
    assert!(markdown(&empty(), Room::Comment).contains("Nothing was checked."));
}

#[test]
fn a_pull_request_reads_well() {
    insta::assert_snapshot!(markdown(&failing(), Room::Comment));
}
