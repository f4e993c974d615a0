//! The decision as a page: one file without scripts, and without anything from elsewhere.

pub(super) mod plot;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use plot::Plot;

use super::text::{command, count, counted, line, sentence};
use super::{SHOWN_MAX, view};
use crate::decision::{Check, Decision, Found};
use crate::verdict::{Said, Verdict};

/// The most plots on a page.
pub const PLOTS_MAX: usize = 40;
/// How many ids of requests are shown of a finding.
const REQUEST_IDS_MAX: usize = 10;

const STYLE: &str = include_str!("html/page.css");
/// What the browser may load: nothing but the style in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page, with a plot for each of `plots`.
pub fn page(decision: &Decision, plots: &[Plot]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (decision.verdict) " · gate " (line(&decision.gate)) " · Plumbline" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (outcome(decision))
                    (checks(decision))
                    (blocking(decision))
                    (plotted(plots))
                    (old(decision))
                    (list("not-judged", "Not judged", decision.skipped.iter().map(view::skipped)))
                    (list("targets", "Looked at", decision.targets.iter().map(view::looked)))
                    (facts(decision))
                }
                footer { "Plumbline " (line(&decision.version)) " · run " (line(&decision.run)) }
            }
        }
    };
    page.into_string()
}

/// A text that may be in another direction than what stands around it.
fn text(text: &str) -> Markup {
    html! { bdi { (line(text)) } }
}

const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::Fail => "bad",
        Verdict::Inconclusive | Verdict::Overridden => "unclear",
    }
}

fn outcome(decision: &Decision) -> Markup {
    html! {
        header class=(class(decision.verdict)) {
            p .name { "Gate " (text(&decision.gate)) }
            p .word { (decision.verdict) }
            h1 { (text(&decision.summary)) }
            @if let Some(words) = view::overridden(decision) {
                p .override { b { "Overridden, not passed. " } bdi { (sentence(&words)) } }
            }
            @let steps = view::steps(decision);
            @if !steps.is_empty() {
                ul .steps { @for (words, what) in steps { li { (words) @if !what.is_empty() { " " code { (command(what)) } } } } }
            }
            @if !decision.notices.is_empty() {
                ul .notices {
                    @for notice in decision.notices.iter().take(SHOWN_MAX) { li { (text(notice)) } }
                    (more(decision.notices.len()))
                }
            }
        }
    }
}

/// The line for what is not shown of `total`.
fn more(total: usize) -> Markup {
    let more = total.saturating_sub(SHOWN_MAX);
    html! { @if more > 0 { li .more { "… and " (more) " more in the JSON" } } }
}

fn checks(decision: &Decision) -> Markup {
    let passed = decision.checks.iter().filter(|check| check.said == Said::Pass);
    let all: Vec<&Check> = decision.against().chain(passed).collect();
    html! {
        section aria-labelledby="checks" {
            h2 #checks { "Checks" }
            @if all.is_empty() { p .lead { "Nothing was checked." } } @else {
                div .box tabindex="0" role="region" aria-labelledby="checks" {
                    table {
                        thead { tr { th scope="col" { "Answer" } th scope="col" { "Check" } th scope="col" { "Target" } th scope="col" { "Why" } } }
                        tbody { @for check in all.iter().take(SHOWN_MAX) { (row(check)) } }
                    }
                }
                ul .plain { (more(all.len())) }
            }
        }
    }
}

fn row(check: &Check) -> Markup {
    let class = match check.said {
        Said::Pass => "good",
        Said::Fail => "bad",
        Said::Inconclusive => "unclear",
    };
    let target = if check.target.is_empty() { "all" } else { &check.target };
    html! {
        tr {
            td class=(class) { (check.said.word()) }
            td { (text(&check.name)) }
            td { (text(target)) }
            td { (text(&check.why)) }
        }
    }
}

fn blocking(decision: &Decision) -> Markup {
    let found = view::blocking(decision);
    html! {
        @if !found.is_empty() {
            section aria-labelledby="blocking" {
                h2 #blocking { (counted(found.len(), "finding")) " that " @if found.len() == 1 { "blocks" } @else { "block" } }
                @for found in found.iter().take(SHOWN_MAX) { (card(found)) }
                ul .plain { (more(found.len())) }
            }
        }
    }
}

fn card(found: &Found) -> Markup {
    html! {
        article .finding {
            h3 { (text(&found.summary)) }
            p .lead {
                (text(&found.operation)) " at " (text(&found.target)) " · " (count(found.count, "case")) " · "
                (text(&view::standing(&found.standing))) " · " code { (line(&found.id)) }
                @if let Some((path, at)) = &found.place { " · " code { (line(path)) ":" (at) } }
            }
            @if !found.replay.is_empty() { pre tabindex="0" { code { (command(&found.replay)) } } }
            @if !found.request_ids.is_empty() {
                p .lead {
                    "Request ids: "
                    @for (index, id) in found.request_ids.iter().take(REQUEST_IDS_MAX).enumerate() {
                        @if index > 0 { ", " }
                        code { (line(id)) }
                    }
                    @if found.request_ids.len() > REQUEST_IDS_MAX { ", …" }
                }
            }
        }
    }
}

fn plotted(plots: &[Plot]) -> Markup {
    html! {
        @if !plots.is_empty() {
            section aria-labelledby="latency" {
                h2 #latency { "Latency, candidate and baseline" }
                @for own in plots.iter().take(PLOTS_MAX) { (plot::figure(own)) }
                @if plots.len() > PLOTS_MAX { p .more { "… and " (plots.len() - PLOTS_MAX) " more" } }
            }
        }
    }
}

fn old(decision: &Decision) -> Markup {
    let found = view::old(decision);
    html! {
        @if !found.is_empty() {
            section aria-labelledby="old" {
                h2 #old { (counted(found.len(), "old finding")) }
                p .lead { (view::standings(&found)) ". They do not block." }
                details {
                    summary { "Show them" }
                    @for found in found.iter().take(SHOWN_MAX) { (card(found)) }
                    ul .plain { (more(found.len())) }
                }
            }
        }
    }
}

fn list(id: &str, title: &str, items: impl ExactSizeIterator<Item = String>) -> Markup {
    let total = items.len();
    html! {
        @if total > 0 {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) }
                ul .plain { @for item in items.take(SHOWN_MAX) { li { (text(&item)) } } (more(total)) }
            }
        }
    }
}

fn facts(decision: &Decision) -> Markup {
    html! {
        section aria-labelledby="facts" {
            h2 #facts { "Facts" }
            dl { @for (name, fact) in view::facts(decision) { dt { (name) } dd { (text(&fact)) } } }
        }
    }
}
