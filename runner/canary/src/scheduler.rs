//! Which slots begin now, and which never will.
//!
//! A state machine: it is told the time, and says what begins. It does nothing itself, and never waits. Whoever drives
//! it calls [`Scheduler::poll`] at the latest when the poll before said, and whenever a slot is over.
//!
//! Every due time ends exactly once. It is started, and whoever runs it says how it ended; or it never starts, and a row
//! says why:
//! - **missed**: more than [`LATE_MAX`] had passed when it was first looked at, or a later one of the same watch was due
//!   by then too. The machine slept, the daemon was down or starved, or the clock was put forward. However many they
//!   are, they are one row.
//! - **skipped**: maintenance, [`Scheduler::hold`] or [`Scheduler::drain`] keeps it back.
//! - **shed**: the slot before it is still under way, and slots of this canary do not overlap; or there was no room
//!   within `wait_max`; or while it waited the next one came, which takes its place in the queue.
//!
//! Slots that wait start in the order in which their waits began; one target that is full holds up no other. Rows of one
//! watch come in the order of their due times, so after a crash the newest that the ledger knows says where to go on.
//!
//! **Retries.** While the last slot of a watch was bad, retries run every `retry_every` after the end of the one before,
//! as long as no scheduled slot is due sooner. They are not owed: one that finds no room is dropped without a row. A
//! scheduled slot that comes due while a retry is under way waits for it as it would for room.
//!
//! **A clock that is put back** by [`BACK_MAX`] at most, all in all, makes nothing due twice: the daemon waits until the
//! time comes again. Where it goes back further, the daemon starts over from the new time rather than stay silent. Due
//! times that come a second time are then later by one millisecond for each time that this has happened, so that no two
//! slots are equal. (That holds for the first 64 times.)

mod due;
mod entry;
mod era;
mod reload;
mod rooms;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use entry::Entry;
use era::Era;
use rooms::Rooms;

use crate::clock::Now;
use crate::plan::Plan;
use crate::slot::{Ended, Mark, Outcome, Slot, SlotKind, Watch};

/// How late a slot may be when it is first looked at, and still start.
pub const LATE_MAX: Duration = Duration::from_secs(10);
/// How far the clock may be put back before the daemon starts over from the new time.
pub const BACK_MAX: Duration = Duration::from_mins(1);
/// The longest time to the next poll, so that a clock that is put forward, or a sleep, is soon seen.
pub const WAKE_MAX: Duration = Duration::from_secs(1);

/// Says which slots begin.
#[derive(Debug)]
pub struct Scheduler {
    plan: Arc<Plan>,
    entries: Vec<Entry>,
    by_watch: BTreeMap<Arc<Watch>, usize>,
    /// What is due next, by time, watch and kind. Only its first is looked at.
    agenda: BTreeSet<(i64, usize, SlotKind)>,
    rooms: Rooms,
    /// Until when those that wait do so.
    deadlines: BTreeSet<(Duration, usize)>,
    era: Era,
    hold: Option<String>,
    draining: bool,
}

/// A slot that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The slot.
    pub slot: Slot,
    /// How long after its due time.
    pub late_ms: u32,
}

/// What a poll came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Polled {
    /// What begins now.
    pub start: Vec<Start>,
    /// What never will.
    pub ended: Vec<Ended>,
    /// When to poll again, at the latest.
    pub wake_in: Duration,
}

impl Scheduler {
    /// A scheduler of a plan, and the gaps since the daemon last ran, each one row. `last_due` has the newest scheduled
    /// slot that the ledger knows of each watch; a watch that it does not know begins now, and has no gap.
    pub fn new(plan: Arc<Plan>, last_due: &BTreeMap<Watch, i64>, now: Now) -> (Self, Vec<Ended>) {
        let entry = |(watch, canary)| {
            let last_ms = last_due.get(&watch).copied().filter(|last_ms| !Era::is_ahead(*last_ms, now));
            Entry::new(watch, canary, last_ms.unwrap_or(now.wall_ms))
        };
        let entries: Vec<Entry> = plan.watches().map(entry).collect();
        let mut own = Self {
            rooms: Rooms::new(&plan.agent),
            plan,
            entries: Vec::new(),
            by_watch: BTreeMap::new(),
            agenda: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            era: Era::new(last_due, now),
            hold: None,
            draining: false,
        };
        for entry in entries {
            own.keep(entry);
        }
        let mut ended = Vec::new();
        own.settle(now, "the agent was not running", &mut ended);
        (own, ended)
    }

    /// What begins at a moment, and what never will.
    pub fn poll(&mut self, now: Now) -> Polled {
        let (mut start, mut ended) = (Vec::new(), Vec::new());
        let retries = self.advance(now, &mut ended);
        self.start_waiting(now, &mut start, &mut ended);
        self.start_retries(&retries, now, &mut start);
        self.give_up_waiting(now, &mut ended);
        Polled { start, ended, wake_in: self.wake_in(now) }
    }

    /// Takes in that a slot that was started is over. The room that it leaves is given away by the next poll.
    pub fn finished(&mut self, slot: &Slot, ended: &Ended, now: Now) {
        let Some(&id) = self.by_watch.get(&slot.watch) else { return };
        let entry = &mut self.entries[id];
        if !entry.leave(slot) {
            return;
        }
        self.rooms.leave(entry.room);
        let bad = ended.outcome == Outcome::Fail || ended.availability == Mark::Bad;
        if bad || ended.outcome == Outcome::Pass {
            entry.failing = bad;
        }
        if !entry.failing
            && let Some(planned_ms) = entry.retry_ms.take()
        {
            self.agenda.remove(&(planned_ms, id, SlotKind::Retry));
        }
        self.queue_up(id);
        self.plan_retry(id, now);
    }

    /// Starts nothing more: what waits, and what comes due from now on, ends as skipped at the next poll.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// Starts nothing for a reason, until there is none: what waits, and what comes due meanwhile, ends as skipped.
    pub fn hold(&mut self, reason: Option<String>) {
        self.hold = reason;
    }

    /// How many slots are under way.
    pub fn under_way(&self) -> usize {
        self.rooms.under_way()
    }

    /// How many slots wait for room.
    pub fn waiting(&self) -> usize {
        self.deadlines.len()
    }

    /// Whether nothing is under way, and nothing waits.
    pub fn is_idle(&self) -> bool {
        self.under_way() == 0 && self.waiting() == 0
    }

    /// When the next scheduled slot of a watch is due, in milliseconds since 1970.
    pub fn next_due_ms(&self, watch: &Watch) -> Option<i64> {
        self.by_watch.get(watch).and_then(|id| self.entries[*id].next_ms)
    }

    /// When to poll again.
    fn wake_in(&self, now: Now) -> Duration {
        let until = |due_ms: i64| Duration::from_millis(u64::try_from(due_ms - now.wall_ms).unwrap_or(0));
        let due = self.agenda.first().map(|(due_ms, ..)| until(*due_ms));
        let deadline = self.deadlines.first().map(|(deadline, _)| deadline.saturating_sub(now.since));
        [due, deadline].into_iter().flatten().fold(WAKE_MAX, Duration::min)
    }

    /// Takes a watch in.
    fn keep(&mut self, mut entry: Entry) {
        let id = self.entries.len();
        entry.room = self.rooms.of(&entry.watch.target);
        let times = [(entry.next_ms, SlotKind::Scheduled), (entry.retry_ms, SlotKind::Retry)];
        self.agenda.extend(times.into_iter().filter_map(|(due_ms, kind)| Some((due_ms?, id, kind))));
        self.by_watch.insert(Arc::clone(&entry.watch), id);
        for _ in &entry.running {
            self.rooms.enter(entry.room);
        }
        self.deadlines.extend(entry.waiting.as_ref().map(|waiting| (waiting.deadline, id)));
        self.entries.push(entry);
        self.queue_up(id);
    }
}
