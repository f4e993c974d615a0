//! The page of a run of features: what it came to, what failed and why, and every scenario with its steps.

mod anchors;
mod failure;
mod scenarios;

use maud::{Markup, html};

use anchors::Anchors;

use super::overview::{bar, masthead, the_run, tile, with_code};
use super::{cards, document, footer};
use crate::report::features::{Counts, FeatureReport, Scenario, Upshot, headline, notices, played_at, summary};
use crate::report::outcome::Tone;
use crate::report::words::{count, duration, number, safe};

/// The most failed scenarios of which the page shows everything.
const SHOWN_FAILURES_MAX: usize = 300;

/// The page.
pub fn features(report: &FeatureReport) -> String {
    let (_, headline) = headline(report);
    let started = &report.started;
    let endpoint = played_at(started);
    let anchors = Anchors::of(report);
    let content = html! {
        (masthead(&started.api, endpoint))
        main {
            (outcome(report))
            (failures(report, &anchors, Upshot::Failed, "failed", "Failed"))
            (findings_apart(report))
            (failures(report, &anchors, Upshot::Inconclusive, "inconclusive", "Inconclusive"))
            (failures(report, &anchors, Upshot::Accepted, "accepted", "Failed, and accepted"))
            (scenarios::skipped(report))
            (scenarios::features(report))
            (scenarios::all(report, &anchors))
            (facts(report))
        }
        (footer(&started.version, &started.run))
    };
    document(&format!("{headline} · {} at {} · Plumbline", safe(&started.api), safe(endpoint)), &content)
}

/// The headline, what to know before trusting the sums, and the sums.
fn outcome(report: &FeatureReport) -> Markup {
    let (tone, headline) = headline(report);
    let (class, word) = match tone {
        Tone::Good => ("good", "Passed"),
        Tone::Bad => ("bad", "Failed"),
        Tone::Unclear => ("unclear", "Inconclusive"),
    };
    let notices = notices(report);
    html! {
        section .outcome .(class) aria-labelledby="outcome" {
            p .word { (word) }
            h1 #outcome { (headline) }
            p .lead { (summary(report)) }
            @if !notices.is_empty() { ul .notices { @for notice in &notices { li { (with_code(notice)) } } } }
            (share(report.counts()))
            (tiles(report))
        }
    }
}

/// Scenarios as a bar.
fn share(counts: Counts) -> Markup {
    bar([
        ("good", counts.passed_in_all()),
        ("bad", counts.failed_in_all()),
        ("unclear", counts.inconclusive_in_all()),
        ("quiet", counts.skipped),
    ])
}

fn tiles(report: &FeatureReport) -> Markup {
    let (counts, calls) = (report.counts(), report.calls);
    let always = [
        ("good", "passed", counts.passed),
        ("bad", "failed", counts.failed),
        ("unclear", "inconclusive", counts.inconclusive),
        ("quiet", "skipped", counts.skipped),
    ];
    let unusual = [
        ("unclear", "flaky", counts.flaky),
        ("quiet", "accepted", counts.accepted),
        ("quiet", "allowed", counts.allowed),
        ("", "without model", counts.without_model),
    ];
    html! {
        dl .tiles {
            (tile("", "scenarios", counts.scenarios))
            @for (class, word, many) in always { (tile(class, word, many)) }
            @for (class, word, many) in unusual { @if many > 0 { (tile(class, word, many)) } }
            (tile("", "calls", calls.calls))
            (tile("", "judged", calls.judged))
            @if calls.unmodelled > 0 { (tile("quiet", "unmodelled", calls.unmodelled)) }
            @if calls.waived > 0 { (tile("quiet", "waived", calls.waived)) }
        }
    }
}

/// The scenarios that came to it, each with everything that is known of it.
fn failures(report: &FeatureReport, anchors: &Anchors, upshot: Upshot, id: &str, title: &str) -> Markup {
    let all: Vec<&Scenario> = report.upshot(upshot).collect();
    let more = all.len().saturating_sub(SHOWN_FAILURES_MAX);
    html! {
        @if !all.is_empty() {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) }
                @for scenario in all.iter().take(SHOWN_FAILURES_MAX) { (failure::card(report, anchors, scenario)) }
                @if more > 0 { p .lead { "… and " (count(more as u64, "more scenario")) " below." } }
            }
        }
    }
}

fn findings_apart(report: &FeatureReport) -> Markup {
    let findings: Vec<_> = report.findings_apart().collect();
    html! {
        @if !findings.is_empty() {
            section aria-labelledby="findings" {
                h2 #findings { "Findings" }
                p .lead { "No scenario ended with these: an attempt after them did not show them." }
                (cards(&findings))
            }
        }
    }
}

/// What ran, against what, when.
fn facts(report: &FeatureReport) -> Markup {
    let started = &report.started;
    let took = report.ended.as_ref().map_or_else(|| "not ended".to_owned(), |ended| duration(ended.duration_ms));
    let facts = [
        ("Target", safe(&started.target)),
        ("Endpoint", safe(played_at(started))),
        ("API", safe(&started.api)),
        ("Flavour", safe(&started.flavour)),
        ("Tags", safe(started.tags.as_deref().unwrap_or("all"))),
        ("Selected", number(started.selected)),
        ("Left out", number(started.left_out)),
        ("Started", safe(&started.started)),
        ("Duration", took),
        ("Run", safe(&started.run)),
        ("Version", format!("plumb {}", safe(&started.version))),
    ];
    the_run(&facts)
}

#[cfg(test)]
mod tests;
