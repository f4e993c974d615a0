//! A watch in one line.

use maud::{Markup, html};

use super::bar::bar;
use super::card::{muted, name};
use super::facts::{budget, chip};
use crate::web::filter::watch_address;
use crate::web::health::Seen;
use crate::web::words::{safe, took};

/// The slots that a row shows.
const SLOTS_SHOWN_MAX: usize = 30;

/// The row.
pub(super) fn row(seen: &Seen<'_>, now_ms: i64) -> Markup {
    let view = seen.view;
    html! {
        li .watch .row {
            div .who {
                h3 { a href=(watch_address(&view.watch)) { (name(view)) } }
                p .seen { (safe(&view.owner)) " · " (safe(&view.cadence)) }
            }
            (chip(seen.health))
            (bar(view, SLOTS_SHOWN_MAX, now_ms))
            div .budgets { @for own in &view.budgets { (budget(own)) } }
            p .speed {
                @if let Some(band) = view.bands.last() {
                    span { span .label { "p50" } " " (took(band.p50_us)) } " "
                    span { span .label { "p99" } " " (took(band.p99_us)) }
                }
            }
            (muted(view, now_ms))
        }
    }
}
