//! What waits to be written: bounded, and nobody who puts something in waits.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::row::Row;
use crate::ledger::Progress;
use crate::slot::Watch;

/// The most things that wait.
pub const QUEUE_MAX: usize = 20_000;
/// The most bytes of memory that they take, about.
pub const QUEUE_BYTES_MAX: usize = 16 << 20;
/// So many things are written at once without waiting for more.
pub const BATCH_MAX: usize = 2_000;
/// How long something waits for others to be written with it.
pub const BATCH_WAIT: Duration = Duration::from_millis(500);
/// The most notices that are kept; the oldest go.
pub const NOTICES_MAX: usize = 32;

/// Something to be written.
#[derive(Debug)]
pub(super) enum Item {
    /// A slot is over.
    Row(Box<Row>),
    /// A finding was seen.
    Found { watch: Watch, at_ms: i64, id: String, finding: Value },
    /// A finding is no more.
    Closed { watch: Watch, id: String, at_ms: i64 },
    /// A day could not be read: this one, in days since 1970.
    Suspect(i64),
}

impl Item {
    fn weight(&self) -> usize {
        match self {
            Self::Row(row) => row.weight(),
            Self::Found { finding, .. } => super::findings::weight(finding),
            Self::Closed { .. } | Self::Suspect(_) => size_of::<Self>(),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<(u64, Item)>,
    bytes: usize,
    handed: u64,
    /// The number of the first thing that the writer holds and has not settled.
    unsettled: Option<u64>,
    /// How many things the writer holds.
    held: usize,
    lost: u64,
    hurry: bool,
    closed: bool,
    notices: VecDeque<String>,
}

impl State {
    fn settled(&self) -> u64 {
        let waiting = self.items.front().map(|(number, _)| *number);
        self.unsettled.or(waiting).map_or(self.handed, |first| first - 1)
    }
}

/// The queue between those who have something and the one who writes.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    came: Condvar,
    settled: Condvar,
}

/// What the writer is given.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) items: VecDeque<(u64, Item)>,
    pub(super) closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts something in, or counts it as lost.
    pub(super) fn put(&self, item: Item) {
        let mut state = self.lock();
        let weight = item.weight();
        state.handed += 1;
        if state.closed || state.items.len() >= QUEUE_MAX || state.bytes + weight > QUEUE_BYTES_MAX {
            if matches!(item, Item::Suspect(_)) {
                return;
            }
            let first = state.lost == 0;
            state.lost += 1;
            if first {
                note(
                    &mut state,
                    format!("the disk is too slow: more than {QUEUE_MAX} rows wait, and further ones are lost"),
                );
            }
            return;
        }
        state.bytes += weight;
        let number = state.handed;
        state.items.push_back((number, item));
        if state.items.len() == 1 || state.items.len() == BATCH_MAX {
            self.came.notify_one();
        }
    }

    /// Takes everything, once a batch is there, or its time is over, or `idle` is.
    pub(super) fn take(&self, idle: Duration) -> Taken {
        let mut state = self.lock();
        let is_idle = |state: &mut State| state.items.is_empty() && !state.closed && !state.hurry;
        state = self.came.wait_timeout_while(state, idle, is_idle).unwrap_or_else(PoisonError::into_inner).0;
        if !state.items.is_empty() {
            let is_short = |state: &mut State| state.items.len() < BATCH_MAX && !state.closed && !state.hurry;
            state = self.came.wait_timeout_while(state, BATCH_WAIT, is_short).unwrap_or_else(PoisonError::into_inner).0;
        }
        let items = std::mem::take(&mut state.items);
        state.bytes = 0;
        let first = items.front().map(|(number, _)| *number);
        state.unsettled = state.unsettled.or(first);
        state.held += items.len();
        state.hurry = false;
        Taken { items, closed: state.closed }
    }

    /// Hears from the writer what it still holds, and how much it gave up.
    pub(super) fn settle(&self, held: &VecDeque<(u64, Item)>, lost: u64) {
        let mut state = self.lock();
        state.unsettled = held.front().map(|(number, _)| *number);
        state.held = held.len();
        state.lost += lost;
        self.settled.notify_all();
    }

    /// Waits until everything that is in now is written or given up.
    pub(super) fn flush(&self, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        let mut state = self.lock();
        let goal = state.handed;
        state.hurry = true;
        self.came.notify_one();
        while state.settled() < goal {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.settled.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Nothing more comes.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.came.notify_one();
    }

    /// How far the writer is.
    pub(super) fn progress(&self) -> Progress {
        let state = self.lock();
        Progress { handed: state.handed, settled: state.settled() }
    }

    /// What is neither on disk nor given up.
    pub(super) fn waiting(&self) -> usize {
        let state = self.lock();
        state.items.len() + state.held
    }

    /// Rows and findings that will never be on disk.
    pub(super) fn lost(&self) -> u64 {
        self.lock().lost
    }

    /// Says something to whoever looks.
    pub(super) fn note(&self, text: String) {
        tracing::warn!("{text}");
        note(&mut self.lock(), text);
    }

    /// What was said, the oldest first.
    pub(super) fn notices(&self) -> Vec<String> {
        self.lock().notices.iter().cloned().collect()
    }
}

fn note(state: &mut State, text: String) {
    if state.notices.back() == Some(&text) {
        return;
    }
    if state.notices.len() >= NOTICES_MAX {
        state.notices.pop_front();
    }
    state.notices.push_back(text);
}
