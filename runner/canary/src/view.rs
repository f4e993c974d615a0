//! What is seen of the daemon, as plain data: the pages are made of it. Everything is safe to print.

use serde::{Deserialize, Serialize};

use crate::slot::{Axis, Ended, Mark, Outcome, Place, SlotKind, Trouble, Watch};

/// Everything that the first page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// The region.
    pub region: String,
    /// When this was true, in milliseconds since 1970.
    pub now_ms: i64,
    /// Since when the daemon is up.
    pub up_since_ms: i64,
    /// The version of the binary, and hashes of the models it holds: name and value.
    pub builds: Vec<(String, String)>,
    /// Whether something keeps calls back, and what: `read-only: kill switch /etc/plumb/kill`.
    pub brake: Option<String>,
    /// The watches in the order of their names.
    pub watches: Vec<WatchView>,
    /// The alerts that fire, the worst first.
    pub alerts: Vec<AlertView>,
    /// What is accepted.
    pub deviations: Vec<DeviationView>,
    /// What the daemon itself has to say: files moved aside, rows that were lost, alerts not delivered.
    pub notices: Vec<String>,
}

/// One canary at one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchView {
    /// Which.
    pub watch: Watch,
    /// Who answers for it.
    pub owner: String,
    /// Where to read on.
    pub runbook: Option<String>,
    /// How often, in words: `every 1m`.
    pub cadence: String,
    /// The last slots, the oldest first, at most [`SLOTS_MAX`].
    pub slots: Vec<SlotView>,
    /// What is known of the last slot that did not pass; none where one has passed since.
    pub trouble: Option<Trouble>,
    /// What is left of each budget.
    pub budgets: Vec<BudgetView>,
    /// How long exchanges took, in bands of time, the oldest first.
    pub bands: Vec<BandView>,
    /// When the target changed its version, and to which, the oldest first: in milliseconds since 1970.
    pub deploys: Vec<(i64, String)>,
    /// Findings that are open.
    pub findings: Vec<FindingView>,
    /// Until when nobody is told, in milliseconds since 1970, where so, and why.
    pub muted: Option<(i64, String)>,
}

/// The most slots of a watch that the first page shows.
pub const SLOTS_MAX: usize = 90;

/// A slot as a mark in a bar. A page shows thousands, so there is no text in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotView {
    /// When it was due, in milliseconds since 1970.
    pub due_ms: i64,
    /// How many due times in a row this stands for.
    pub count: u32,
    /// Why it was there.
    pub kind: SlotKind,
    /// How it ended.
    pub outcome: Outcome,
    /// On the axis of availability.
    pub availability: Mark,
    /// On the axis of conformance.
    pub conformance: Mark,
    /// Where its failure lies.
    pub place: Option<Place>,
    /// How long after the due time it started, in milliseconds.
    pub late_ms: u32,
    /// How long it took, in microseconds.
    pub duration_us: u64,
}

impl From<&Ended> for SlotView {
    fn from(ended: &Ended) -> Self {
        Self {
            due_ms: ended.slot.due_ms,
            count: ended.count,
            kind: ended.slot.kind,
            outcome: ended.outcome,
            availability: ended.availability,
            conformance: ended.conformance,
            place: ended.trouble.as_ref().map(|trouble| trouble.place),
            late_ms: ended.late_ms,
            duration_us: ended.duration_us,
        }
    }
}

/// An error budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetView {
    /// The axis.
    pub axis: Axis,
    /// What is promised: 0.999.
    pub objective: f64,
    /// The window in words: `30d`.
    pub window: String,
    /// Good slots in it.
    pub good: u64,
    /// Bad slots in it.
    pub bad: u64,
    /// The share of the budget that is left; below zero where it is overspent.
    pub left: f64,
}

/// How long exchanges took within one stretch of time, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandView {
    /// When it begins, in milliseconds since 1970.
    pub from_ms: i64,
    /// The 50th percentile.
    pub p50_us: u64,
    /// The 90th.
    pub p90_us: u64,
    /// The 99th.
    pub p99_us: u64,
}

/// A finding that is open at a watch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingView {
    /// Its id.
    pub id: String,
    /// One sentence.
    pub sentence: String,
    /// The command that replays it.
    pub replay: String,
    /// First seen, in milliseconds since 1970.
    pub first_ms: i64,
    /// Last seen.
    pub last_ms: i64,
    /// In how many slots.
    pub slots: u64,
}

/// An alert that fires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertView {
    /// Its id, the same as long as it fires.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// How bad.
    pub severity: String,
    /// One sentence.
    pub summary: String,
    /// The watches that it speaks of.
    pub watches: Vec<Watch>,
    /// Since when, in milliseconds since 1970.
    pub since_ms: i64,
}

/// A finding that somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviationView {
    /// What is accepted.
    pub what: String,
    /// Who answers.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when: a date.
    pub expires: String,
}

/// Where pages take from what they show.
pub trait Source: Send + Sync {
    /// Everything for the first page.
    fn board(&self) -> Board;
    /// The ledger of one watch, or of all, from one moment until before another, in the order of their due
    /// times, at most `most`; the same order whenever it is asked.
    fn ledger(&self, watch: Option<&Watch>, from_ms: i64, until_ms: i64, most: usize) -> Vec<Ended>;
    /// One finding in full.
    fn finding(&self, id: &str) -> Option<serde_json::Value>;
    /// What Prometheus reads.
    fn metrics(&self) -> String;
    /// Why the daemon is not ready, where it is not.
    fn unready(&self) -> Option<String>;
    /// Sets the kill switch to a state that it knows by this word.
    ///
    /// # Errors
    /// Where there is no such state, or it could not be kept.
    fn set_brake(&self, state: &str, reason: &str) -> Result<(), String>;
}
