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

/// After so many slots in a row that pass, what was before is another story.
const RECOVERED_AFTER: usize = 3;

/// Since when a watch is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Since {
    /// The due time of the first slot that did not pass.
    pub(super) at_ms: i64,
    /// Whether that one is known to be the first: no slot on the page is older otherwise.
    pub(super) sure: bool,
    /// Whether some have passed since, but never [`RECOVERED_AFTER`] in a row.
    pub(super) on_and_off: bool,
}

/// Since when it is broken; none where no slot failed lately.
pub(super) fn since(view: &WatchView) -> Option<Since> {
    let (mut passed, mut on_and_off, mut first) = (0, false, None);
    for slot in view.slots.iter().rev() {
        match slot.outcome {
            Outcome::Skipped => {}
            Outcome::Pass => passed += 1,
            _ => {
                on_and_off |= passed > 0;
                (passed, first) = (0, Some(slot.due_ms));
            }
        }
        if passed == RECOVERED_AFTER {
            return first.map(|at_ms| Since { at_ms, sure: true, on_and_off });
        }
    }
    first.map(|at_ms| Since { at_ms, sure: passed > 0, on_and_off })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A watch whose last slots ended so, the oldest first: `P`ass, `F`ail, `S`kipped.
    fn watch(endings: &str) -> WatchView {
        let slot = |(index, letter): (usize, char)| SlotView {
            due_ms: i64::try_from(index).expect("few slots"),
            count: 1,
            kind: SlotKind::Scheduled,
            outcome: match letter {
                'P' => Outcome::Pass,
                'F' => Outcome::Fail,
                _ => Outcome::Skipped,
            },
            availability: Mark::Good,
            conformance: Mark::Good,
            place: None,
            late_ms: 0,
            duration_us: 0,
        };
        WatchView {
            watch: Watch { canary: "a".into(), target: "b".into() },
            owner: String::new(),
            runbook: None,
            cadence: String::new(),
            slots: endings.chars().enumerate().map(slot).collect(),
            trouble: None,
            budgets: Vec::new(),
            bands: Vec::new(),
            deploys: Vec::new(),
            findings: Vec::new(),
            muted: None,
        }
    }

    #[test]
    fn trouble_lasts_from_its_first_slot() {
        for (endings, at_ms, sure, on_and_off) in [
            ("PPPFF", 3, true, false),
            ("FFF", 0, false, false),
            ("PFF", 1, true, false),
            ("FPPPFPFF", 4, true, true),
            ("PPPFSF", 3, true, false),
        ] {
            assert_eq!(since(&watch(endings)), Some(Since { at_ms, sure, on_and_off }), "{endings}");
        }
        assert_eq!(since(&watch("PPP")), None);
        assert_eq!(since(&watch("FPPP")), None);
    }

    #[test]
    fn an_alert_strains_what_passes() {
        for (endings, alarmed, wanted) in [
            ("", false, Health::Quiet),
            ("P", false, Health::Fine),
            ("P", true, Health::Strained),
            ("PF", false, Health::Wrong),
            ("FS", false, Health::Quiet),
        ] {
            assert_eq!(health(&watch(endings), alarmed), wanted, "{endings}");
        }
    }
}
