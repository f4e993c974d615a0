//! A watch that is broken: what, since when, whose fault, and what to type.

use maud::{Markup, html};

use super::bar::bar;
use super::facts::{blamed, budget, chip, command, requests, runbook};
use crate::slot::Trouble;
use crate::view::{SLOTS_MAX, WatchView};
use crate::web::filter::{ledger_address, watch_address};
use crate::web::health::{Seen, since};
use crate::web::words::{date, machine, moment, safe, span};

/// The slots that a card shows.
const SLOTS_SHOWN_MAX: usize = if SLOTS_MAX < 60 { SLOTS_MAX } else { 60 };

/// The card.
pub(super) fn card(seen: &Seen<'_>, now_ms: i64) -> Markup {
    let view = seen.view;
    html! {
        li .watch .card .(seen.health.class()) {
            div .above {
                (chip(seen.health))
                h3 { a href=(watch_address(&view.watch)) { (name(view)) } }
                (lasting(view, now_ms))
            }
            @if let Some(trouble) = &view.trouble { (what(trouble)) }
            (bar(view, SLOTS_SHOWN_MAX, now_ms))
            @if let Some(replay) = view.trouble.as_ref().and_then(|trouble| trouble.replay.as_ref()) {
                p .do { "See it again" }
                (command(replay))
            }
            (below(view, now_ms))
        }
    }
}

/// The name of a watch. The sign between its parts is the one that `Display` has, too.
pub(super) fn name(view: &WatchView) -> Markup {
    html! { (safe(&view.watch.canary)) span .at { "@" } (safe(&view.watch.target)) }
}

/// Since when it is broken.
pub(super) fn lasting(view: &WatchView, now_ms: i64) -> Markup {
    html! {
        @if let Some(since) = since(view) {
            p .lasting {
                @if since.on_and_off { "on and off " }
                b { "for " @if !since.sure { "more than " } (span(now_ms.saturating_sub(since.at_ms))) }
                " since " time datetime=(machine(since.at_ms)) { (moment(since.at_ms, now_ms)) }
            }
        }
    }
}

/// Whose fault it is, and the sentence that says what was seen.
pub(super) fn what(trouble: &Trouble) -> Markup {
    html! { p .what { (blamed(trouble.place)) " " span .said { (safe(&trouble.message)) } } }
}

fn below(view: &WatchView, now_ms: i64) -> Markup {
    html! {
        dl .facts {
            div { dt { "Owner" } dd { (safe(&view.owner)) } }
            div { dt { "Runs" } dd { (safe(&view.cadence)) } }
            @if !view.budgets.is_empty() {
                div { dt { "Error budget left" } dd { @for own in &view.budgets { (budget(own)) " " } } }
            }
            @if let Some(trouble) = &view.trouble { (requests(trouble)) }
            div { dt { "Read on" } dd .links {
                (runbook(view)) " "
                a href=(ledger_address(&date(now_ms), Some(&view.watch))) { "Ledger" }
            } }
        }
        (muted(view, now_ms))
    }
}

/// Why nobody is told, where that is so.
pub(super) fn muted(view: &WatchView, now_ms: i64) -> Markup {
    html! {
        @if let Some((until_ms, why)) = &view.muted {
            p .muted { "Nobody is told until " (moment(*until_ms, now_ms)) ": " (safe(why)) }
        }
    }
}
