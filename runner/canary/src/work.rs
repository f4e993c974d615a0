//! What a slot does: somebody else's work, told here by its results alone.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::slot::{Ended, Mark, Outcome, Slot, Timing, Trouble};

/// What came of a slot that ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// `Pass`, `Fail`, `Inconclusive`, or `Skipped` where the guard let nothing through.
    pub outcome: Outcome,
    /// On the axis of availability.
    pub availability: Mark,
    /// On the axis of conformance.
    pub conformance: Mark,
    /// The exchanges in order, at most [`crate::slot::TIMINGS_MAX`].
    pub timings: Vec<Timing>,
    /// Exchanges in all.
    pub exchanges: u32,
    /// Cases or scenarios that were judged.
    pub judged: u32,
    /// Bytes sent and received, heads left out.
    pub bytes: u64,
    /// What the target says its version is.
    pub version: Option<String>,
    /// Why it did not pass.
    pub trouble: Option<Trouble>,
    /// Things it made and could not remove.
    pub leaks: u32,
    /// The findings in full, for the store: id and JSON.
    pub findings: Vec<(String, serde_json::Value)>,
    /// Findings of earlier slots that are no more to be seen, by id.
    pub fixed: Vec<String>,
}

/// On what terms a slot is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long it may take.
    pub timeout: Duration,
    /// Whether it may change nothing, though its canary may: the error budget is spent.
    pub read_only: bool,
}

/// Something that carries slots out, many at once.
pub trait Work: Send + Sync {
    /// Carries one out. It ends soon after its time is over, whatever the target does; dropping the future gives the
    /// slot up.
    fn run(&self, slot: Slot, terms: Terms) -> BoxFuture<'static, Done>;
}

/// What a slot adds to what is known of its watch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct News {
    /// Findings in full: id and JSON.
    pub findings: Vec<(String, serde_json::Value)>,
    /// Findings that are no more to be seen, by id.
    pub fixed: Vec<String>,
}

impl Done {
    /// The row of the ledger, where the slot began so late and took so long; and what is new.
    pub fn ended(self, slot: Slot, late_ms: u32, took: Duration) -> (Ended, News) {
        let ended = Ended {
            last_due_ms: slot.due_ms,
            slot,
            count: 1,
            outcome: self.outcome,
            availability: self.availability,
            conformance: self.conformance,
            late_ms,
            duration_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            timings: self.timings,
            exchanges: self.exchanges,
            judged: self.judged,
            bytes: self.bytes,
            version: self.version,
            trouble: self.trouble,
            leaks: self.leaks,
        };
        (ended, News { findings: self.findings, fixed: self.fixed })
    }
}
