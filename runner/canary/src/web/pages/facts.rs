//! Parts that several pages have: budgets, commands, who answers, where to read on.

use maud::{Markup, html};

use crate::slot::{Mark, Outcome, Place, Trouble};
use crate::view::{BudgetView, SlotView, WatchView};
use crate::web::health::{Health, blame, upshot};
use crate::web::words::{lines, machine, moment, number, percent, plural, safe, span, whole_percent};

/// Below this share a budget is shown as one that nearly is spent.
const NEARLY_SPENT: f64 = 0.25;

/// The state as a word with its sign.
pub(super) fn chip(health: Health) -> Markup {
    html! {
        span .chip-state .(health.class()) { span aria-hidden="true" { (health.sign()) } " " (health.word()) }
    }
}

/// How a slot ended, in the same form.
pub(super) fn chip_of(slot: &SlotView) -> Markup {
    let class = match (slot.outcome, slot.availability) {
        (Outcome::Skipped, _) => "quiet",
        (Outcome::Fail, _) | (_, Mark::Bad) => "bad",
        (Outcome::Pass, _) => "good",
        _ => "unclear",
    };
    html! { span .chip-state .(class) { (upshot(slot)) } }
}

/// Whose fault it is, in a box that is read first.
pub(super) fn blamed(place: Place) -> Markup {
    let (whose, part) = blame(place);
    html! {
        span .blame .ours[place.is_ours()] {
            (whose)
            @if !part.is_empty() { span .part { (part) } }
        }
    }
}

/// A moment, with how long ago that was.
pub(super) fn ago(at_ms: i64, now_ms: i64) -> Markup {
    html! {
        time datetime=(machine(at_ms)) { (moment(at_ms, now_ms)) }
        " (" (span(now_ms.saturating_sub(at_ms))) " ago)"
    }
}

/// A command that is marked as a whole by one click.
pub(super) fn command(text: &str) -> Markup {
    html! { pre .wrapped .command tabindex="0" { code { (lines(text)) } } }
}

/// What the server knows the exchange by.
pub(super) fn requests(trouble: &Trouble) -> Markup {
    html! {
        @if !trouble.request_ids.is_empty() {
            div {
                dt { "Request id" (plural(trouble.request_ids.len() as u64)) }
                dd { @for id in &trouble.request_ids { code .chip { (safe(id)) } " " } }
            }
        }
    }
}

/// The same, and what a trace knows it by.
pub(super) fn ids(trouble: &Trouble) -> Markup {
    html! {
        (requests(trouble))
        @if let Some(parent) = &trouble.traceparent {
            div { dt { "traceparent" } dd { code .chip { (safe(parent)) } } }
        }
    }
}

/// The runbook: a link where it is an address of the web, and words where it is anything else.
pub(super) fn runbook(view: &WatchView) -> Markup {
    html! {
        @if let Some(runbook) = &view.runbook {
            @if runbook.starts_with("https://") || runbook.starts_with("http://") {
                a href=(runbook) rel="noreferrer noopener" { "Runbook" }
            } @else {
                "Runbook: " (safe(runbook))
            }
        }
    }
}

/// What is left of a budget: a meter, and the share in words.
pub(super) fn budget(own: &BudgetView) -> Markup {
    let class = class(own);
    html! {
        span .budget .(class) title=(in_words(own)) {
            span .label { (own.axis.word()) }
            (meter(own.left))
            span .left { (whole_percent(own.left)) }
        }
    }
}

/// The colour of a budget.
pub(super) fn class(own: &BudgetView) -> &'static str {
    match own.left {
        left if left < 0.0 => "bad",
        left if left < NEARLY_SPENT => "unclear",
        _ => "good",
    }
}

/// A budget in a sentence.
pub(super) fn in_words(own: &BudgetView) -> String {
    let rest = if own.left < 0.0 {
        format!("overspent by {}", whole_percent(-own.left))
    } else {
        format!("{} of the error budget left", whole_percent(own.left))
    };
    let bad = number(own.bad);
    format!(
        "{}: {} promised over {}; {bad} bad of {} slots; {rest}",
        own.axis.word(),
        percent(own.objective),
        safe(&own.window),
        number(own.good.saturating_add(own.bad))
    )
}

/// The rest as a bar. What is overspent shows as a full bar in the colour of what is bad.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a hundred fits")]
pub(super) fn meter(left: f64) -> Markup {
    let width = if left < 0.0 { 100 } else { (left.clamp(0.0, 1.0) * 100.0) as u8 };
    html! {
        svg .meter viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect .ground width="100" height="6" {}
            rect .rest width=(width) height="6" {}
        }
    }
}
