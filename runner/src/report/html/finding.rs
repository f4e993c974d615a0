//! A finding as a card: the sentence, expected against observed, and how to see it again.

use maud::{Markup, html};
use plumb_model::judge::Mismatch;
use plumb_validator::finding::Finding;
use plumb_validator::precedence::Cycle;
use plumb_validator::verdict::{Expected, Observed};

use super::anchor;
use crate::report::words::{self, CYCLE_WORDS, basis, cause, count, lines, number, places, safe, same_source};

/// The most permitted answers that a card shows.
const SHOWN_ANSWERS_MAX: usize = 32;
/// The most calls of a minimal case that a card shows: the last ones, for the last one diverged.
const SHOWN_CALLS_MAX: usize = 200;
/// The most lines of the model's state that a card shows.
const STATE_LINES_MAX: usize = 400;
/// The most request ids that a card shows.
const SHOWN_REQUESTS_MAX: usize = 20;

/// The card of a finding.
pub(super) fn card(finding: &Finding) -> Markup {
    let anchor = anchor(finding);
    let class = if finding.accepted_by.is_some() { "accepted" } else { "open" };
    html! {
        article .finding .(class) id=(anchor) aria-labelledby={ (anchor) "-title" } {
            p .above {
                span .kind { (finding.kind.words()) }
                a .anchor href={ "#" (anchor) } { "#" (safe(&finding.id)) }
            }
            h3 id={ (anchor) "-title" } { (safe(&finding.summary)) }
            @if let Some(owner) = &finding.accepted_by {
                p .owner { b { "Accepted" } " by " (safe(owner)) }
                details { summary { "What differs, and how to replay it" } (inside(finding)) }
            } @else {
                (inside(finding))
            }
        }
    }
}

fn inside(finding: &Finding) -> Markup {
    html! {
        (facts(finding))
        @if let Some(cycle) = &finding.cycle { (steps(cycle)) } @else { (comparison(&finding.expected, &finding.observed)) }
        h4 .apart { "Replay" }
        (command(&finding.replay))
        (evidence(finding))
    }
}

fn facts(finding: &Finding) -> Markup {
    let more = finding.request_ids.len().saturating_sub(SHOWN_REQUESTS_MAX);
    html! {
        dl .facts {
            div { dt { "Operation" } dd { (safe(&finding.operation)) } }
            @if !finding.choices.is_empty() {
                div { dt { "Choices" } dd { @for choice in &finding.choices { code .chip { (safe(choice)) } " " } } }
            }
            @if let Some(cause) = cause(finding) {
                div { dt { "Cause" } dd { (cause) } }
            }
            div { dt { "Reproduced" } dd { (safe(&finding.reproduced)) } }
            div { dt { "Seen in" } dd { (count(finding.count, "case")) } }
            @if !finding.request_ids.is_empty() {
                div {
                    dt { "Request ids" }
                    dd {
                        @for id in finding.request_ids.iter().take(SHOWN_REQUESTS_MAX) { code .chip { (safe(id)) } " " }
                        @if more > 0 { "and " (more) " more" }
                    }
                }
            }
        }
    }
}

/// Each fault alone, and with the next one.
fn steps(cycle: &Cycle) -> Markup {
    html! {
        table .differences {
            thead { tr { th scope="col" { "With" } th scope="col" { "Answered" } th scope="col" { "So wins" } } }
            tbody {
                @for step in &cycle.steps {
                    tr { th scope="row" { (safe(&step.fault)) } td { (safe(&step.class)) } td { "it is alone" } }
                }
                @for step in &cycle.steps {
                    tr {
                        th scope="row" { (safe(&step.with_next.origin.choices.join(" and "))) }
                        td .observed { (safe(&step.class)) }
                        td { (safe(&step.fault)) }
                    }
                }
            }
        }
        p .source { (CYCLE_WORDS) }
    }
}

/// Every permitted answer beside what came.
pub(super) fn comparison(expected: &[Expected], observed: &Observed) -> Markup {
    let more = expected.len().saturating_sub(SHOWN_ANSWERS_MAX);
    let shown = || expected.iter().take(SHOWN_ANSWERS_MAX);
    html! {
        div .sides {
            div .side .expected {
                h4 { @if expected.len() > 1 { "Expected one of" } @else { "Expected" } }
                @for (index, one) in shown().enumerate() {
                    (permitted(one, index.checked_sub(1).map(|before| &expected[before])))
                }
                @if expected.is_empty() { p { "nothing" } }
                @if more > 0 { p .source { "… and " (count(more as u64, "more permitted answer")) } }
            }
            div .side .observed {
                h4 { "Observed" }
                p .answer { (safe(&observed.class)) }
                (body(observed))
            }
        }
        @for one in shown() { (differences(one, expected.len() > 1)) }
    }
}

/// A permitted answer; `before` is the one above it.
fn permitted(expected: &Expected, before: Option<&Expected>) -> Markup {
    html! {
        p .answer { (safe(&expected.class)) }
        p .source {
            b .basis { (safe(&expected.basis)) } " "
            @if before.is_some_and(|before| same_source(before, expected)) {
                "as above"
            } @else {
                (basis(&expected.basis)) ": " (safe(&expected.source))
            }
        }
    }
}

fn body(observed: &Observed) -> Markup {
    html! {
        @if observed.body_bytes == 0 {
            p .source { "no body" }
        } @else {
            p .source { "body of " (count(observed.body_bytes, "byte")) }
            pre tabindex="0" .wrapped { (safe(&observed.body)) }
        }
    }
}

/// The places where the observed answer differs from one that is permitted.
fn differences(expected: &Expected, named: bool) -> Markup {
    let places = places(expected);
    html! {
        @if !places.is_empty() {
            table .differences {
                caption { "Where it differs" @if named { " from " b { (safe(&expected.class)) } } }
                thead { tr { th scope="col" { "Place" } th scope="col" { "Expected" } th scope="col" { "Observed" } } }
                tbody { @for mismatch in places { (difference(mismatch)) } }
            }
        }
    }
}

fn difference(mismatch: &Mismatch) -> Markup {
    html! {
        tr {
            th scope="row" { (safe(&mismatch.place)) }
            td .expected { (safe(&mismatch.expected)) }
            td .observed { (safe(&mismatch.observed)) }
        }
    }
}

/// What it takes to look into it.
fn evidence(finding: &Finding) -> Markup {
    html! {
        div .evidence {
            details { summary { @if finding.cycle.is_some() { "The case that closes the circle, " } @else { "Minimal case, " } (count(finding.case.calls.len() as u64, "call")) } (calls(finding)) }
            @if let Some(curl) = &finding.curl { details { summary { "The same as curl" } (command(curl)) } }
            @if !finding.observed.headers.is_empty() {
                details { summary { "Headers of the observed answer" } (headers(&finding.observed)) }
            }
            @if !finding.state.is_null() {
                details { summary { "State of the model before the call" } (state(finding)) }
            }
        }
    }
}

fn calls(finding: &Finding) -> Markup {
    let calls = words::calls(finding);
    let left_out = calls.len().saturating_sub(SHOWN_CALLS_MAX);
    let needs = words::needs(finding);
    html! {
        @if !needs.is_empty() { p .source { "needs " (needs.join(", ")) } }
        @if left_out > 0 { p .source { "… " (count(left_out as u64, "call")) " before these" } }
        ol .calls start=(left_out + 1) {
            @for call in calls.iter().skip(left_out) {
                li { span .id { (call.id) } " " code { (call.call) } " " span .answered { "→ " (call.answered) } }
            }
        }
    }
}

/// Commands, a line each, whole: they are there to be copied.
pub(super) fn command(text: &str) -> Markup {
    let text = lines(text).collect::<Vec<_>>().join("\n");
    html! { pre tabindex="0" { code { (text) } } }
}

fn headers(observed: &Observed) -> Markup {
    html! {
        dl .headers { @for (name, value) in &observed.headers { div { dt { (safe(name)) } dd { (safe(value)) } } } }
    }
}

fn state(finding: &Finding) -> Markup {
    let text = format!("{:#}", finding.state);
    let all = text.lines().count();
    let shown: Vec<String> = text.lines().take(STATE_LINES_MAX).map(safe).collect();
    html! {
        pre tabindex="0" { code { (shown.join("\n")) } }
        @if all > STATE_LINES_MAX { p .source { "… and " (number((all - STATE_LINES_MAX) as u64)) " more lines" } }
    }
}
