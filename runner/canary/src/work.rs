//! What a slot does: somebody else's work, told here by its results alone.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::slot::{Mark, Outcome, Slot, Timing, Trouble};

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
}

/// Something that carries slots out, many at once.
pub trait Work: Send + Sync {
    /// Carries one out. It ends within `timeout` and a little, whatever the target does; dropping the future gives the
    /// slot up.
    fn run(&self, slot: Slot, timeout: Duration) -> BoxFuture<'_, Done>;
}
