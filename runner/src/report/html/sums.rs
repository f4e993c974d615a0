//! The tables below the findings: operations, and what was not judged and why.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::report::Report;
use crate::report::words::{latency, number, safe};

/// The most unconfirmed divergences that the page shows.
const SHOWN_UNCONFIRMED_MAX: usize = 200;

/// The sums and latencies by operation; operations that were only sent on the way have latencies alone.
pub(super) fn operations(report: &Report) -> Markup {
    let names: BTreeSet<&String> = report.operations.keys().chain(report.latencies.keys()).collect();
    html! {
        @if !names.is_empty() {
            section aria-labelledby="operations" {
                h2 #operations { "Operations" }
                div .box tabindex="0" role="region" aria-labelledby="operations" {
                    table .figures {
                        thead { tr {
                            @for title in [
                                "Operation", "Cases", "Conform", "Not preferred", "Diverge", "Inconclusive",
                                "Left out", "p50", "p99", "Longest",
                            ] { th scope="col" { (title) } }
                        } }
                        tbody { @for name in names { (operation(report, name)) } }
                    }
                }
                p .lead {
                    "Not preferred: of those that conform, by a permitted answer that is not the preferred one. "
                    "Left out: skipped by the guard, unsupported, or unmodelled. Latencies are of single exchanges."
                }
            }
        }
    }
}

fn operation(report: &Report, name: &String) -> Markup {
    let counts = report.operations.get(name).copied().unwrap_or_default();
    let not_preferred = report.not_preferred.get(name).copied().unwrap_or_default();
    let cells = [
        ("", counts.cases),
        ("good", counts.conforms),
        ("", not_preferred),
        ("bad", counts.diverges),
        ("unclear", counts.inconclusive),
        ("unclear", counts.skipped + counts.unsupported + counts.unmodelled),
    ];
    html! {
        tr {
            th scope="row" { (safe(name)) }
            @for (class, many) in cells { td .(class) .none[many == 0] { (number(many)) } }
            @if let Some(histogram) = report.latencies.get(name) {
                @for quantile in [0.5, 0.99, 1.0] { td { (latency(histogram.value_at_quantile(quantile))) } }
            } @else {
                @for _ in 0..3 { td .none { "–" } }
            }
        }
    }
}

/// Why cases were not judged, the most frequent reason first.
pub(super) fn not_judged(report: &Report) -> Markup {
    let mut reasons: Vec<_> = report.reasons.iter().collect();
    reasons.sort_by_key(|(_, many)| std::cmp::Reverse(**many));
    html! {
        @if !reasons.is_empty() {
            section aria-labelledby="not-judged" {
                h2 #not-judged { "Not judged" }
                p .lead { "These cases say nothing about the target. They count neither for it nor against it." }
                table .reasons {
                    thead { tr { th scope="col" { "Cases" } th scope="col" { "Verdict" } th scope="col" { "Why" } } }
                    tbody {
                        @for ((verdict, reason), many) in reasons {
                            tr { td { (number(*many)) } td .unclear { (safe(verdict)) } td { (safe(reason)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Divergences that did not come again.
pub(super) fn not_confirmed(report: &Report) -> Markup {
    let more = report.unconfirmed.len().saturating_sub(SHOWN_UNCONFIRMED_MAX);
    html! {
        @if !report.unconfirmed.is_empty() {
            section aria-labelledby="not-confirmed" {
                h2 #not-confirmed { "Not confirmed" }
                p .lead { "Divergences that did not come again: inconclusive, not findings." }
                ul .plain {
                    @for (signature, why) in report.unconfirmed.iter().take(SHOWN_UNCONFIRMED_MAX) {
                        li { code { (safe(signature)) } br; span .unclear { (safe(why)) } }
                    }
                    @if more > 0 { li { "… and " (number(more as u64)) " more" } }
                }
            }
        }
    }
}
