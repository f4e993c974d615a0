//! The page of one slot: everything that is known of it.

use maud::{Markup, html};

use super::facts::{blamed, chip_of, command, ids};
use super::frame::{Place, crumbs, document, footer, masthead};
use crate::slot::{Axis, Ended, Mark, Phase, Timing, Trouble};
use crate::view::{Board, SlotView};
use crate::web::filter::{finding_address, ledger_address, watch_address};
use crate::web::health::kind;
use crate::web::words::{clock, count, date, machine, number, safe, took};

/// The most exchanges whose times are drawn: the first ones.
const TIMINGS_MAX: usize = 40;

/// The page.
pub fn slot(board: &Board, ended: &Ended) -> String {
    let watch = &ended.slot.watch;
    let name = format!("{}@{}", safe(&watch.canary), safe(&watch.target));
    let title = format!("{} {}", date(ended.slot.due_ms), clock(ended.slot.due_ms));
    let content = html! {
        (masthead(&Place::from(board)))
        main {
            (crumbs(&[(watch_address(watch), name.clone())], &title))
            section .outcome.one aria-labelledby="outcome" {
                div .above { (chip_of(&SlotView::from(ended))) p .seen { (name) } }
                h1 #outcome { time datetime=(machine(ended.slot.due_ms)) { (title) } }
                @if let Some(trouble) = &ended.trouble { (told(trouble)) }
                (facts(ended))
            }
            (timings(&ended.timings))
        }
        (footer(board))
    };
    document(&format!("{name} {title} · Plumbline"), None, &content)
}

fn told(trouble: &Trouble) -> Markup {
    html! {
        p .what { (blamed(trouble.place)) " " span .said { (safe(&trouble.message)) } }
        @if let Some(replay) = &trouble.replay { p .do { "See it again" } (command(replay)) }
    }
}

fn facts(ended: &Ended) -> Markup {
    let mark = |axis| match ended.mark(axis) {
        Mark::Good => "good",
        Mark::Bad => "bad",
        Mark::Void => "says nothing",
    };
    let ran = ended.outcome.ran();
    html! {
        dl .facts {
            @for axis in Axis::ALL { div { dt { (axis.word()) } dd { (mark(axis)) } } }
            div { dt { "Kind" } dd { (kind(ended.slot.kind)) @if !ended.slot.kind.counts() { ", not counted" } } }
            @if ended.count > 1 {
                div { dt { "Stands for" } dd { (count(u64::from(ended.count), "slot")) " until " (clock(ended.last_due_ms)) } }
            }
            @if ran {
                div { dt { "Late" } dd { (took(u64::from(ended.late_ms) * 1_000)) } }
                div { dt { "Took" } dd { (took(ended.duration_us)) } }
                div { dt { "Exchanges" } dd { (number(u64::from(ended.exchanges))) } }
                div { dt { "Judged" } dd { (number(u64::from(ended.judged))) } }
                div { dt { "Bytes" } dd { (number(ended.bytes)) } }
            }
            @if ended.leaks > 0 { div { dt { "Left behind" } dd { (count(u64::from(ended.leaks), "thing")) } } }
            @if let Some(version) = &ended.version { div { dt { "Version" } dd { code .chip { (safe(version)) } } } }
            @if let Some(trouble) = &ended.trouble {
                (ids(trouble))
                @if !trouble.findings.is_empty() {
                    div { dt { "Findings" } dd .links {
                        @for id in &trouble.findings { a href=(finding_address(id)) { "#" (safe(id)) } " " }
                    } }
                }
            }
            div { dt { "Read on" } dd {
                a href=(ledger_address(&date(ended.slot.due_ms), Some(&ended.slot.watch))) { "Ledger of the day" }
            } }
        }
    }
}

/// The exchanges, each by its phases.
fn timings(timings: &[Timing]) -> Markup {
    let shown = &timings[..timings.len().min(TIMINGS_MAX)];
    let longest = shown.iter().map(|timing| timing.total_us).max().unwrap_or(1).max(1);
    let more = timings.len() - shown.len();
    html! {
        @if !shown.is_empty() {
            section aria-labelledby="exchanges" {
                h2 #exchanges { "Exchanges" }
                ul .phases-key { @for phase in Phase::ALL { li { span .key .(class(phase)) { (phase.word()) } } } }
                ol .exchanges {
                    @for timing in shown { li { (phases(timing, longest)) span .seen { (took(u64::from(timing.total_us))) } } }
                }
                @if more > 0 { p .lead { "… and " (count(more as u64, "more exchange")) } }
            }
        }
    }
}

fn phases(timing: &Timing, longest_us: u32) -> Markup {
    let mut at = 0_u64;
    let parts: Vec<(Phase, u64, u64)> = Phase::ALL
        .into_iter()
        .zip(timing.phases_us)
        .filter_map(|(phase, taken)| {
            let width = u64::from(taken?) * 1_000 / u64::from(longest_us);
            let from = at;
            at += width;
            Some((phase, from, width))
        })
        .collect();
    html! {
        svg .phases viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label=(in_words(timing)) {
            rect .ground width="1000" height="10" {}
            @for (phase, from, width) in parts { rect .(class(phase)) x=(from) width=(width) height="10" {} }
        }
    }
}

fn in_words(timing: &Timing) -> String {
    let known = Phase::ALL.into_iter().zip(timing.phases_us);
    let parts: Vec<String> =
        known.filter_map(|(phase, taken)| Some(format!("{} {}", phase.word(), took(u64::from(taken?))))).collect();
    if parts.is_empty() { took(u64::from(timing.total_us)) } else { parts.join(", ") }
}

const fn class(phase: Phase) -> &'static str {
    match phase {
        Phase::Dns => "dns",
        Phase::Connect => "connect",
        Phase::Tls => "tls",
        Phase::FirstByte => "first",
        Phase::Body => "body",
    }
}
