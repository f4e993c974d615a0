//! What is true at the moment somebody asks.

use std::collections::BTreeMap;

use crate::slot::{Axis, Watch};

/// What the daemon says of itself when it is asked: states, and sums that others keep.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numbers {
    /// When the daemon started, in milliseconds since 1970.
    pub started_ms: i64,
    /// When the sign of life last went out; none where it never did.
    pub heartbeat_ms: Option<i64>,
    /// When the plan was last read, and whether it was taken.
    pub reloaded: Option<(i64, bool)>,
    /// Slots under way.
    pub slots_under_way: u64,
    /// Leases that are held.
    pub leases: u64,
    /// Things that may still be left behind before somebody is told.
    pub leaks_left: Option<i64>,
    /// Rows that the store could not write since the start.
    pub rows_lost: u64,
    /// What became of alerts, by receiver.
    pub deliveries: BTreeMap<String, Deliveries>,
    /// Alerts that fire, by severity.
    pub alerts_firing: BTreeMap<String, u64>,
    /// The state of the kill switch in its own word; empty where it is off.
    pub brake: String,
    /// The share of its error budget that a watch has left, on each axis; below zero where it is overspent.
    pub error_budgets_left: Vec<(Watch, Axis, f64)>,
    /// What a target may still be asked today.
    pub targets_left: BTreeMap<String, Left>,
}

/// What became of the alerts for one receiver since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// In the queue now.
    pub waiting: u64,
    /// Delivered.
    pub sent: u64,
    /// Attempts that failed; what failed is tried again.
    pub failed: u64,
    /// Given up.
    pub dropped: u64,
}

/// What is left of the budgets of one target today.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Left {
    /// Requests, where they are bounded.
    pub requests: Option<u64>,
    /// Bytes, where they are bounded.
    pub bytes: Option<u64>,
}
