//! What is known of one watch.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Now;
use crate::plan::Canary;
use crate::schedule::{Timer, millis};
use crate::slot::{Ended, Outcome, Slot, SlotKind, Watch};

/// What is known of one watch.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) watch: Arc<Watch>,
    pub(super) timer: Timer,
    pub(super) overlap: bool,
    pub(super) retry_every_ms: Option<i64>,
    /// Its target, among those that have room.
    pub(super) room: usize,
    /// Every due time up to here has been told about, by the schedule alone.
    pub(super) told_ms: i64,
    /// The first due time after it.
    pub(super) next_ms: Option<i64>,
    /// What has started and is not over.
    pub(super) running: Vec<(i64, SlotKind)>,
    pub(super) waiting: Option<Waiting>,
    /// Whether the last slot that said anything was bad.
    pub(super) failing: bool,
    /// When the next retry is due.
    pub(super) retry_ms: Option<i64>,
    /// Whether it is in no plan any more, and only here because of what is under way.
    pub(super) gone: bool,
}

/// A slot that waits for room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    /// When the slot is due.
    pub(super) due_ms: i64,
    /// How late it was when it was first looked at.
    late_ms: i64,
    seen: Duration,
    /// Its place in the queue: the due time of the first that took it.
    pub(super) turn_ms: i64,
    /// Until when it waits.
    pub(super) deadline: Duration,
}

impl Waiting {
    pub(super) fn late_ms(&self, now: Now) -> u32 {
        let waited_ms = millis(now.since.saturating_sub(self.seen));
        u32::try_from(self.late_ms.saturating_add(waited_ms)).unwrap_or(u32::MAX)
    }
}

impl Entry {
    /// Begins: what is due up to a moment has been told about.
    pub(super) fn new(watch: Watch, canary: &Canary, told_ms: i64) -> Self {
        let timer = canary.cadence.timer(&watch);
        Self {
            next_ms: timer.due_after(told_ms),
            watch: Arc::new(watch),
            timer,
            overlap: canary.overlap,
            retry_every_ms: canary.retry_every.map(millis),
            room: 0,
            told_ms,
            running: Vec::new(),
            waiting: None,
            failing: false,
            retry_ms: None,
            gone: false,
        }
    }

    /// Goes on under another plan, from a moment up to which everything has been told about.
    pub(super) fn replan(&mut self, canary: &Canary, told_ms: i64) {
        self.timer = canary.cadence.timer(&self.watch);
        self.overlap = canary.overlap;
        self.retry_every_ms = canary.retry_every.map(millis);
        // What was left out for a time has nothing to tell of that time.
        self.told_ms = if self.gone { told_ms } else { self.told_ms.max(told_ms) };
        self.gone = false;
        self.next_ms = self.timer.due_after(self.told_ms);
        let soon = |retry: &i64| canary.retry_every.is_some() && self.next_ms.is_none_or(|next| *retry < next);
        self.retry_ms = self.retry_ms.filter(soon);
    }

    /// Goes on from a time before the one that it has told about.
    pub(super) fn start_over(&mut self, now: Now) {
        self.told_ms = now.wall_ms;
        self.next_ms = self.timer.due_after(now.wall_ms);
        self.retry_ms = None;
    }

    /// The scheduled slot of a due time.
    pub(super) fn slot(&self, due_ms: i64) -> Slot {
        Slot { watch: Watch::clone(&self.watch), due_ms, kind: SlotKind::Scheduled }
    }

    /// The retry of a due time.
    pub(super) fn retry(&self, due_ms: i64) -> Slot {
        Slot { watch: Watch::clone(&self.watch), due_ms, kind: SlotKind::Retry }
    }

    /// Waits for room from now on: at the place and until the deadline of the one before it, where there was one.
    pub(super) fn wait(&mut self, due_ms: i64, before: Option<&Waiting>, wait_max: Duration, now: Now) -> Waiting {
        let waiting = Waiting {
            due_ms,
            late_ms: now.wall_ms.saturating_sub(due_ms).max(0),
            seen: now.since,
            turn_ms: before.map_or(due_ms, |before| before.turn_ms),
            deadline: before.map_or(now.since.saturating_add(wait_max), |before| before.deadline),
        };
        self.waiting = Some(waiting.clone());
        waiting
    }

    /// A row for a slot that waited, and waits no more.
    pub(super) fn without_start(&self, waiting: &Waiting, outcome: Outcome, why: impl Into<String>) -> Ended {
        Ended::without_start(self.slot(waiting.due_ms), outcome, why)
    }

    /// Takes in that a slot has started.
    pub(super) fn enter(&mut self, slot: &Slot) {
        self.running.push((slot.due_ms, slot.kind));
    }

    /// Takes in that a slot is over; false where it was not under way.
    pub(super) fn leave(&mut self, slot: &Slot) -> bool {
        let found = self.running.iter().position(|running| *running == (slot.due_ms, slot.kind));
        found.map(|index| self.running.swap_remove(index)).is_some()
    }

    /// Whether one of its scheduled slots is under way.
    pub(super) fn scheduled_under_way(&self) -> bool {
        self.running.iter().any(|(_, kind)| *kind == SlotKind::Scheduled)
    }
}
