//! A part of a day's ledger that fits a page.

use super::filter::{Filter, holds};
use super::pages::{Cursor, Day, outcome_named};
use super::words::{DAY_MS, day_begins};
use crate::slot::{Ended, Outcome, Watch};
use crate::view::Source;

/// The rows of one page.
const ROWS_MAX: usize = 200;
/// The most rows that are taken from the ledger at once.
const CHUNK: usize = 2_000;
/// The most rows that are looked through for one page; where they are not enough, it says up to where it came.
const LOOKED_THROUGH_MAX: usize = 40_000;
/// The most rows of one due time that can be stepped over.
const SKIP_MAX: usize = 100_000;

/// The part of the day that begins at `cursor`; none where `date` is none.
pub(super) fn day(source: &dyn Source, date: &str, filter: Filter, cursor: Cursor) -> Option<Day> {
    let begins_ms = day_begins(date)?;
    let until_ms = begins_ms.saturating_add(DAY_MS);
    let exact = known_watch(source, &filter);
    let mut at = Cursor { from: cursor.from.clamp(begins_ms, until_ms), skip: cursor.skip.min(SKIP_MAX) };
    let mut rows = Vec::new();
    let mut looked_through = 0;
    loop {
        let chunk = source.ledger(exact.as_ref(), at.from, until_ms, at.skip + CHUNK);
        let is_last = chunk.len() < at.skip + CHUNK;
        for row in chunk.into_iter().skip(at.skip) {
            at = after(at, row.slot.due_ms);
            looked_through += 1;
            if takes(&filter, &row) {
                rows.push(row);
            }
            if rows.len() == ROWS_MAX || looked_through == LOOKED_THROUGH_MAX {
                return Some(Day { begins_ms, filter, rows, next: Some(at) });
            }
        }
        if is_last {
            return Some(Day { begins_ms, filter, rows, next: None });
        }
    }
}

/// The place after a row that is due at `due_ms`.
fn after(at: Cursor, due_ms: i64) -> Cursor {
    let skip = if due_ms == at.from { at.skip + 1 } else { 1 };
    Cursor { from: due_ms, skip }
}

/// The watch that the filter names in full: the ledger finds its rows without looking through all.
fn known_watch(source: &dyn Source, filter: &Filter) -> Option<Watch> {
    if filter.canary.is_empty() || filter.target.is_empty() {
        return None;
    }
    let named = Watch { canary: filter.canary.clone(), target: filter.target.clone() };
    // Where it is a part of other names, too, all of them are meant.
    let meant = |watch: &Watch| holds(&watch.canary, &named.canary) && holds(&watch.target, &named.target);
    let board = source.board();
    let mut all = board.watches.iter().filter(|view| meant(&view.watch));
    let only = all.next().is_some_and(|view| view.watch == named) && all.next().is_none();
    only.then_some(named)
}

fn takes(filter: &Filter, row: &Ended) -> bool {
    let ended = match filter.state.as_str() {
        "bad" => row.outcome != Outcome::Pass,
        word => outcome_named(word).is_none_or(|outcome| outcome == row.outcome),
    };
    ended && holds(&row.slot.watch.canary, &filter.canary) && holds(&row.slot.watch.target, &filter.target)
}
