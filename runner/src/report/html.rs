//! The HTML report: one file without scripts, and without anything from elsewhere.

mod coverage;
mod features;
mod finding;
mod overview;
mod precedence;
mod sums;

pub use features::features;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use plumb_validator::finding::Finding;

use crate::report::Report;
use crate::report::outcome;
use crate::report::words::{count, safe};

/// The most findings, open and accepted each, that the page shows.
pub const SHOWN_FINDINGS_MAX: usize = 300;

const STYLE: &str = include_str!("html/page.css");
/// What the browser may load: nothing but the style in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page.
pub fn page(report: &Report) -> String {
    let (_, headline) = outcome::headline(report);
    let started = &report.started;
    let content = html! {
        (overview::masthead(&started.api, &started.endpoint))
        main {
            (overview::outcome(report))
            (findings(report))
            (sums::not_confirmed(report))
            (precedence::section(report))
            (coverage::section(report))
            (sums::operations(report))
            (sums::not_judged(report))
            (overview::facts(report))
        }
        (footer(&started.version, &started.run))
    };
    document(&format!("{headline} · {} at {} · Plumbline", safe(&started.api), safe(&started.endpoint)), &content)
}

/// A whole page around `content`.
fn document(title: &str, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (content) }
        }
    };
    page.into_string()
}

fn footer(version: &str, run: &str) -> Markup {
    html! { footer { "Plumbline " (safe(version)) " · run " (safe(run)) } }
}

fn findings(report: &Report) -> Markup {
    let (accepted, open): (Vec<&Finding>, Vec<&Finding>) =
        report.findings.iter().partition(|finding| finding.accepted_by.is_some());
    html! {
        @if !open.is_empty() {
            section aria-labelledby="findings" {
                h2 #findings { "Findings" }
                @if open.len() > 1 { (overview::index(&open)) }
                (cards(&open))
            }
        }
        @if !accepted.is_empty() {
            section aria-labelledby="accepted" {
                h2 #accepted { "Accepted" }
                p .lead { "Known divergences that somebody answers for. They do not fail the run." }
                (cards(&accepted))
            }
        }
    }
}

fn cards(findings: &[&Finding]) -> Markup {
    let more = findings.len().saturating_sub(SHOWN_FINDINGS_MAX);
    html! {
        @for finding in findings.iter().take(SHOWN_FINDINGS_MAX) { (finding::card(finding)) }
        @if more > 0 { p .lead { "… and " (count(more as u64, "more finding")) " in the JSON report." } }
    }
}

/// The anchor of a finding. Ids are hexadecimal; in a file that somebody made they may be anything.
fn anchor(finding: &Finding) -> String {
    let id: String = finding.id.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    format!("finding-{id}")
}

#[cfg(test)]
mod tests;
