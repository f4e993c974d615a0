//! The page of one watch.

use maud::{Markup, html};

use super::card::{lasting, muted, name, what};
use super::facts::{ago, chip, class, command, ids, in_words, meter, runbook};
use super::frame::{Place, crumbs, document, footer, masthead};
use super::{alerts, bands, bar};
use crate::slot::{Outcome, Watch};
use crate::view::{Board, BudgetView, FindingView, SLOTS_MAX, SlotView, WatchView};
use crate::web::filter::{at_slot, finding_address, ledger_address, query};
use crate::web::health::{Seen, health, kind, upshot};
use crate::web::words::{count, date, moment, number, percent, safe, took, whole_percent};

/// The most findings of a watch that the page shows.
const FINDINGS_MAX: usize = 20;
/// The most slots and deploys that the page lists.
const LISTED_MAX: usize = 8;

/// The page; none where there is no such watch.
pub fn watch(board: &Board, watch: &Watch) -> Option<String> {
    let view = board.watches.iter().find(|view| view.watch == *watch)?;
    let alarming = || board.alerts.iter().filter(|alert| alert.watches.contains(watch));
    let seen = Seen { view, health: health(view, alarming().next().is_some()) };
    let title = format!("{}@{}", safe(&watch.canary), safe(&watch.target));
    let content = html! {
        (masthead(&Place::from(board)))
        main {
            (crumbs(&[], &title))
            (head(&seen, board.now_ms))
            (alerts::section(alarming(), board.now_ms))
            (findings(view, board.now_ms))
            section aria-labelledby="slots" {
                h2 #slots { "Slots" }
                (bar::bar(view, SLOTS_MAX, board.now_ms))
                (trouble(view, board.now_ms))
                details { summary { "What the marks mean" } (bar::legend()) }
            }
            (budgets(view))
            (bands::section(view, board.now_ms))
            (deploys(view, board.now_ms))
        }
        (footer(board))
    };
    Some(document(&format!("{}: {title} · Plumbline", seen.health.word()), None, &content))
}

fn head(seen: &Seen<'_>, now_ms: i64) -> Markup {
    let view = seen.view;
    html! {
        section .outcome.one .(seen.health.class()) aria-labelledby="outcome" {
            div .above { (chip(seen.health)) @if seen.health.is_broken() { (lasting(view, now_ms)) } }
            h1 #outcome { (name(view)) }
            @if let Some(trouble) = &view.trouble {
                (what(trouble))
                @if let Some(replay) = &trouble.replay { p .do { "See it again" } (command(replay)) }
            }
            dl .facts {
                div { dt { "Owner" } dd { (safe(&view.owner)) } }
                div { dt { "Runs" } dd { (safe(&view.cadence)) } }
                @if let Some(trouble) = &view.trouble { (ids(trouble)) }
                div { dt { "Read on" } dd .links {
                    (runbook(view)) " "
                    a href=(ledger_address(&date(now_ms), Some(&view.watch))) { "Today's ledger" }
                } }
            }
            (muted(view, now_ms))
        }
    }
}

/// The slots that did not pass, the latest first, each with its way to the whole story.
fn trouble(view: &WatchView, now_ms: i64) -> Markup {
    let bad = || view.slots.iter().rev().filter(|slot| slot.outcome != Outcome::Pass);
    html! {
        @if bad().next().is_some() {
            table .stacked {
                caption { "Those that did not pass, the latest first" }
                thead { tr { @for title in ["Due", "Ended as", "Where it lies", "Took"] { th scope="col" { (title) } } } }
                tbody { @for slot in bad().take(LISTED_MAX) { (line(view, slot, now_ms)) } }
            }
            p .lead { a href=(query(&ledger_address(&date(now_ms), Some(&view.watch)), &[("state", "bad")])) { "All of today" } }
        }
    }
}

fn line(view: &WatchView, slot: &SlotView, now_ms: i64) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(at_slot(&view.watch, slot.due_ms, kind(slot.kind))) { (moment(slot.due_ms, now_ms)) } }
            td { (upshot(slot)) @if slot.count > 1 { " (" (count(u64::from(slot.count), "slot")) ")" } }
            td { @if let Some(place) = slot.place { (place.words()) } @else { "–" } }
            td { @if slot.duration_us > 0 { (took(slot.duration_us)) } @else { "–" } }
        }
    }
}

fn budgets(view: &WatchView) -> Markup {
    html! {
        @if !view.budgets.is_empty() {
            section aria-labelledby="budgets" {
                h2 #budgets { "Promised" }
                div .promises { @for own in &view.budgets { (promise(own)) } }
            }
        }
    }
}

fn promise(own: &BudgetView) -> Markup {
    html! {
        div .promise .(class(own)) title=(in_words(own)) {
            h3 { (own.axis.word()) }
            p .big { (whole_percent(own.left)) span .seen { " of the error budget " (if own.left < 0.0 { "(overspent)" } else { "left" }) } }
            (meter(own.left))
            p .seen {
                (percent(own.objective)) " promised over " (safe(&own.window)) " · "
                (number(own.bad)) " bad of " (number(own.good.saturating_add(own.bad))) " slots"
            }
        }
    }
}

fn findings(view: &WatchView, now_ms: i64) -> Markup {
    let more = view.findings.len().saturating_sub(FINDINGS_MAX);
    html! {
        @if !view.findings.is_empty() {
            section aria-labelledby="findings" {
                h2 #findings { "Open findings" span .many { (view.findings.len()) } }
                @for finding in view.findings.iter().take(FINDINGS_MAX) { (finding_card(finding, now_ms)) }
                @if more > 0 { p .lead { "… and " (count(more as u64, "more finding")) } }
            }
        }
    }
}

/// A finding, and how to see it again.
pub(super) fn finding_card(finding: &FindingView, now_ms: i64) -> Markup {
    html! {
        article .finding {
            p .above {
                a .anchor href=(finding_address(&finding.id)) { "#" (safe(&finding.id)) }
                span .seen {
                    "in " (count(finding.slots, "slot")) " · first " (ago(finding.first_ms, now_ms))
                    " · last " (ago(finding.last_ms, now_ms))
                }
            }
            h3 { (safe(&finding.sentence)) }
            p .do { "See it again" }
            (command(&finding.replay))
        }
    }
}

fn deploys(view: &WatchView, now_ms: i64) -> Markup {
    html! {
        @if !view.deploys.is_empty() {
            section aria-labelledby="deploys" {
                h2 #deploys { "Versions of the target" }
                ul .plain {
                    @for (at_ms, version) in view.deploys.iter().rev().take(LISTED_MAX) {
                        li { code .chip { (safe(version)) } " since " (ago(*at_ms, now_ms)) }
                    }
                }
            }
        }
    }
}
