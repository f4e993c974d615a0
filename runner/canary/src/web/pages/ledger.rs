//! The ledger of a day.

use maud::{Markup, html};

use super::frame::{Place, crumbs, document, footer, masthead};
use crate::slot::{Ended, Outcome};
use crate::view::{Board, SlotView};
use crate::web::filter::{Filter, query, slot_address, watch_address};
use crate::web::health::{letter, upshot};
use crate::web::words::{DAY_MS, clock, count, date, safe, took};

/// A part of the ledger of one day, with the question that it answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// The first moment of the day.
    pub begins_ms: i64,
    /// Which canary, target and state; the latter is an outcome here.
    pub filter: Filter,
    /// The rows, the oldest first.
    pub rows: Vec<Ended>,
    /// Up to where the day was looked through: where to go on, if it was not to its end.
    pub next: Option<Cursor>,
}

/// A place in the ledger: after so many rows of one due time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// The due time, in milliseconds since 1970.
    pub from: i64,
    /// So many rows of it were shown before.
    pub skip: usize,
}

/// The outcome of this word.
pub(in crate::web) fn outcome_named(word: &str) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|outcome| outcome.word() == word)
}

/// The page.
pub fn ledger(board: &Board, day: &Day) -> String {
    let title = format!("Ledger of {}", date(day.begins_ms));
    let content = html! {
        (masthead(&Place::from(board)))
        main {
            (crumbs(&[], &title))
            section .outcome.one aria-labelledby="outcome" {
                h1 #outcome { (title) }
                p .lead { "Each slot ends as exactly one of pass, fail, inconclusive, missed, skipped, shed or killed. Days are those of UTC." }
                (days(day, board.now_ms))
                (form(day))
            }
            section aria-label="Slots" {
                @if day.rows.is_empty() { p .lead { (if day.next.is_some() { "No such slot up to here." } else { "No such slot." }) } }
                @else { (table(day)) }
                (onward(day))
            }
        }
        (footer(board))
    };
    document(&format!("{title} · {} · Plumbline", safe(&board.region)), None, &content)
}

/// The address of the ledger of a day with the same filter.
fn address(begins_ms: i64, filter: &Filter, cursor: Option<Cursor>) -> String {
    let (from, skip) = cursor.map(|cursor| (cursor.from.to_string(), cursor.skip.to_string())).unwrap_or_default();
    let parts = [
        ("canary", filter.canary.as_str()),
        ("target", &filter.target),
        ("state", &filter.state),
        ("from", &from),
        ("skip", &skip),
    ];
    query(&format!("/ledger/{}", date(begins_ms)), &parts)
}

fn days(day: &Day, now_ms: i64) -> Markup {
    let (before, after) = (day.begins_ms - DAY_MS, day.begins_ms + DAY_MS);
    html! {
        nav .turning aria-label="Days" {
            a rel="prev" href=(address(before, &day.filter, None)) { "← " (date(before)) }
            @if after <= now_ms { a rel="next" href=(address(after, &day.filter, None)) { (date(after)) " →" } }
        }
    }
}

fn form(day: &Day) -> Markup {
    let fields = [("canary", "Canary", &day.filter.canary), ("target", "Target", &day.filter.target)];
    html! {
        form .filter method="get" action={ "/ledger/" (date(day.begins_ms)) } role="search" aria-label="Which slots are shown" {
            @for (name, label, value) in fields {
                label { span { (label) } input type="search" name=(name) value=(safe(value)) autocomplete="off"; }
            }
            label {
                span { "Ended as" }
                select name="state" {
                    option value="" { "anything" }
                    option value="bad" selected[day.filter.state == "bad"] { "anything but pass" }
                    @for outcome in Outcome::ALL {
                        option value=(outcome.word()) selected[day.filter.state == outcome.word()] { (outcome.word()) }
                    }
                }
            }
            button type="submit" { "Show" }
        }
    }
}

fn table(day: &Day) -> Markup {
    let titles = ["Due", "Watch", "Ended as", "Late", "Took", "Exchanges", "What was seen"];
    html! {
        table .stacked.ledger {
            thead { tr { @for title in titles { th scope="col" { (title) } } } }
            tbody { @for row in &day.rows { (line(row)) } }
        }
    }
}

fn line(row: &Ended) -> Markup {
    let view = SlotView::from(row);
    let (class, sign) = letter(&view);
    html! {
        tr {
            th scope="row" { a href=(slot_address(&row.slot)) { (clock(row.slot.due_ms)) } }
            td { a href=(watch_address(&row.slot.watch)) { (safe(&row.slot.watch.canary)) "@" (safe(&row.slot.watch.target)) } }
            td .ended {
                span .bar aria-hidden="true" { i .(class) { (sign) } } (upshot(&view))
                @if row.count > 1 { ", " (count(u64::from(row.count), "slot")) " until " (clock(row.last_due_ms)) }
            }
            td data-name="late" { @if row.outcome.ran() { (took(u64::from(row.late_ms) * 1_000)) } @else { "–" } }
            td data-name="took" { @if row.outcome.ran() { (took(row.duration_us)) } @else { "–" } }
            td data-name="exchanges" { (row.exchanges) }
            td .said { @if let Some(trouble) = &row.trouble { b { (trouble.place.words()) } ": " (safe(&trouble.message)) } @else { "–" } }
        }
    }
}

fn onward(day: &Day) -> Markup {
    html! {
        @if let Some(next) = day.next {
            nav .turning aria-label="Pages" {
                span { "Up to " (clock(next.from)) }
                a rel="next" href=(address(day.begins_ms, &day.filter, Some(next))) { "Go on →" }
            }
        }
    }
}
