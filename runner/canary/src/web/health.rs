//! How a watch is, in one word, since when, and who is to blame.

use std::collections::BTreeSet;

use crate::slot::{Mark, Outcome, Place, SlotKind, Watch};
use crate::view::{Board, SlotView, WatchView};

/// How a watch is, the worst first: pages are in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// The target does not answer.
    Down,
    /// It answers, and wrongly.
    Wrong,
    /// Nobody knows: its slots do not run, or say nothing.
    Unknown,
    /// It passes now, but an alert fires or an error budget is overspent.
    Strained,
    /// Its slots are kept back on purpose, or none was due yet.
    Quiet,
    /// It passes.
    Fine,
}

impl Health {
    /// All, in order.
    pub const ALL: [Self; 6] = [Self::Down, Self::Wrong, Self::Unknown, Self::Strained, Self::Quiet, Self::Fine];

    /// The word on the page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Down => "Down",
            Self::Wrong => "Wrong answers",
            Self::Unknown => "Unknown",
            Self::Strained => "Strained",
            Self::Quiet => "Held back",
            Self::Fine => "Passes",
        }
    }

    /// The class that colours it.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Down | Self::Wrong => "bad",
            Self::Unknown | Self::Strained => "unclear",
            Self::Quiet => "quiet",
            Self::Fine => "good",
        }
    }

    /// The sign beside the word, for those who see no colours.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Down => "✕",
            Self::Wrong => "≠",
            Self::Unknown => "?",
            Self::Strained => "!",
            Self::Quiet => "–",
            Self::Fine => "✓",
        }
    }

    /// Whether somebody should look now.
    pub const fn is_broken(self) -> bool {
        matches!(self, Self::Down | Self::Wrong | Self::Unknown)
    }
}

/// A watch with how it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) view: &'a WatchView,
    pub(super) health: Health,
}

/// The watches of a board, the worst first; those that are alike by name.
pub(super) fn all(board: &Board) -> Vec<Seen<'_>> {
    let alarmed: BTreeSet<&Watch> = board.alerts.iter().flat_map(|alert| &alert.watches).collect();
    let seen = board.watches.iter().map(|view| Seen { view, health: health(view, alarmed.contains(&view.watch)) });
    let mut seen: Vec<Seen<'_>> = seen.collect();
    seen.sort_by(|one, other| (one.health, &one.view.watch).cmp(&(other.health, &other.view.watch)));
    seen
}

/// How a watch is by the last of its slots.
pub fn health(view: &WatchView, alarmed: bool) -> Health {
    let Some(last) = view.slots.last() else { return Health::Quiet };
    match (last.outcome, last.availability) {
        (Outcome::Skipped, _) => Health::Quiet,
        (_, Mark::Bad) => Health::Down,
        (Outcome::Fail, _) => Health::Wrong,
        (Outcome::Pass, _) if alarmed || view.budgets.iter().any(|budget| budget.left < 0.0) => Health::Strained,
        (Outcome::Pass, _) => Health::Fine,
        _ => Health::Unknown,
    }
}

/// Since when it has not passed, and whether that is sure: false where no slot on the page is older.
pub(super) fn since(view: &WatchView) -> Option<(i64, bool)> {
    let bad = |slot: &&SlotView| slot.outcome != Outcome::Pass;
    let first = view.slots.iter().rev().take_while(bad).filter(|slot| slot.outcome != Outcome::Skipped).last()?;
    Some((first.due_ms, view.slots.iter().any(|slot| slot.due_ms < first.due_ms)))
}

/// Who is to blame, in big letters: whose it is, and where in particular.
pub(super) fn blame(place: Place) -> (&'static str, String) {
    match place {
        Place::Service => ("The service", String::new()),
        Place::Way(phase) => ("The way there", phase.word().replace('-', " ")),
        Place::Agent => ("Ourselves", "this agent".to_owned()),
        Place::Pool => ("Ourselves", "the pool".to_owned()),
        Place::Credentials => ("Ourselves", "credentials".to_owned()),
        Place::Model => ("Ourselves", "the model or suite".to_owned()),
    }
}

/// A slot as a letter with a class of its own: nobody has to tell colours apart.
pub(super) const fn letter(slot: &SlotView) -> (&'static str, &'static str) {
    match (slot.outcome, slot.availability) {
        (Outcome::Pass, Mark::Good | Mark::Void) => ("p", ""),
        (Outcome::Skipped, _) => ("n", ""),
        (_, Mark::Bad) => ("d", "D"),
        (Outcome::Fail, _) => ("f", "F"),
        (Outcome::Inconclusive, _) => ("i", "?"),
        (Outcome::Missed, _) => ("m", "M"),
        (Outcome::Shed, _) => ("s", "S"),
        (Outcome::Killed, _) => ("k", "K"),
    }
}

/// How a slot ended, in words.
pub(super) const fn upshot(slot: &SlotView) -> &'static str {
    match (slot.outcome, slot.availability) {
        (Outcome::Skipped | Outcome::Missed | Outcome::Shed, _) => slot.outcome.word(),
        (_, Mark::Bad) => "not available",
        _ => slot.outcome.word(),
    }
}

/// The kind of a slot in one word.
pub(super) const fn kind(kind: SlotKind) -> &'static str {
    match kind {
        SlotKind::Scheduled => "scheduled",
        SlotKind::Retry => "retry",
        SlotKind::Asked => "asked",
    }
}
