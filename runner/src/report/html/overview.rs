//! The top of the page: what ran, what it came to, and the way to each finding; and its end: the facts of the run.

use std::collections::BTreeMap;

use maud::{Markup, html};
use plumb_validator::finding::Finding;

use super::{SHOWN_FINDINGS_MAX, anchor};
use crate::report::Report;
use crate::report::outcome::{self, Tone};
use crate::report::words::{count, duration, number, parts, safe};

/// The most findings with which the list of them stands open.
const OPEN_INDEX_MAX: usize = 12;

/// The name, with a plumb line that hangs from the top of the page.
pub(super) fn masthead(api: &str, endpoint: &str) -> Markup {
    html! {
        header .masthead {
            svg .bob viewBox="0 0 24 64" width="24" height="64" aria-hidden="true" focusable="false" {
                path .line d="M12 0V36" {}
                path .weight d="M8 36h8v4l3 4-7 18-7-18 3-4z" {}
            }
            p .name { "Plumbline" }
            p .target {
                b { (safe(api)) } " at " code { (safe(endpoint)) }
            }
        }
    }
}

/// The headline, what to know before trusting the sums, and the sums.
pub(super) fn outcome(report: &Report) -> Markup {
    let (tone, headline) = outcome::headline(report);
    let notices = outcome::notices(report);
    let (class, word) = match tone {
        Tone::Good => ("good", "Conforms"),
        Tone::Bad => ("bad", "Diverges"),
        Tone::Unclear => ("unclear", "Inconclusive"),
    };
    html! {
        section .outcome .(class) aria-labelledby="outcome" {
            p .word { (word) }
            h1 #outcome { (headline) }
            @for line in parts(&report.started) { p .lead { (line) } }
            @if !notices.is_empty() {
                ul .notices { @for notice in &notices { li { (with_code(notice)) } } }
            }
            (share(report))
            (tiles(report))
        }
    }
}

/// What stands between backticks is a command.
pub(super) fn with_code(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// The cases as a bar; the tiles below say the same in words.
fn share(report: &Report) -> Markup {
    let counts = report.counts;
    let left_out = counts.skipped + counts.unsupported + counts.unmodelled;
    bar([("good", counts.conforms), ("bad", counts.diverges), ("unclear", counts.inconclusive), ("quiet", left_out)])
}

/// Shares of a whole, side by side; nothing where there is nothing to share.
pub(super) fn bar(shares: [(&str, u64); 4]) -> Markup {
    html! {
        @if shares.iter().any(|(_, many)| *many > 0) {
            div .share aria-hidden="true" {
                @for (class, many) in shares {
                    @if many > 0 { span .(class) style={ "flex-grow:" (many) } {} }
                }
            }
        }
    }
}

fn tiles(report: &Report) -> Markup {
    let counts = report.counts;
    let always = [
        ("good", "conform", counts.conforms),
        ("bad", "diverge", counts.diverges),
        ("unclear", "inconclusive", counts.inconclusive),
    ];
    let unusual = [("skipped", counts.skipped), ("unsupported", counts.unsupported), ("unmodelled", counts.unmodelled)];
    html! {
        dl .tiles {
            (tile("", "cases", counts.cases))
            @for (class, word, many) in always { (tile(class, word, many)) }
            @for (word, many) in unusual { @if many > 0 { (tile("quiet", word, many)) } }
            (tile("", "exchanges", counts.exchanges))
        }
    }
}

pub(super) fn tile(class: &str, word: &str, many: u64) -> Markup {
    html! { div .tile .(class) .none[many == 0] { dt { (word) } dd { (number(many)) } } }
}

/// The findings by operation, each by its sentence; closed where there are many.
pub(super) fn index(findings: &[&Finding]) -> Markup {
    let shown = &findings[..findings.len().min(SHOWN_FINDINGS_MAX)];
    let mut operations: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in shown {
        operations.entry(&finding.operation).or_default().push(finding);
    }
    html! {
        nav .index aria-label="Findings by operation" {
            @for (operation, findings) in &operations {
                details open[shown.len() <= OPEN_INDEX_MAX] {
                    summary { (safe(operation)) " " span .seen { (count(findings.len() as u64, "finding")) } }
                    ul { @for finding in findings { (entry(finding)) } }
                }
            }
        }
    }
}

fn entry(finding: &Finding) -> Markup {
    let sentence = finding.summary.strip_prefix(&finding.operation).unwrap_or(&finding.summary);
    html! {
        li {
            a href={ "#" (anchor(finding)) } { (safe(sentence.trim_start())) }
            " " span .seen { (count(finding.count, "case")) }
        }
    }
}

/// What ran, against what, when.
pub(super) fn facts(report: &Report) -> Markup {
    let started = &report.started;
    let took = report.ended.as_ref().map_or_else(|| "not ended".to_owned(), |ended| duration(ended.duration_ms));
    let facts = [
        ("Target", safe(&started.target)),
        ("Endpoint", safe(&started.endpoint)),
        ("API", safe(&started.api)),
        ("Flavour", safe(&started.flavour)),
        ("Seed", started.seed.to_string()),
        ("Started", safe(&started.started)),
        ("Duration", took),
        ("Run", safe(&started.run)),
        ("Version", format!("plumb {}", safe(&started.version))),
    ];
    the_run(&facts)
}

/// The section that tells what ran.
pub(super) fn the_run(facts: &[(&str, String)]) -> Markup {
    html! {
        section aria-labelledby="run" {
            h2 #run { "The run" }
            dl .facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
        }
    }
}
