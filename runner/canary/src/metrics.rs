//! What Prometheus reads.
//!
//! What happened is counted as it happens, by [`Metrics::ended`]; what *is* at the moment somebody asks comes in as
//! [`Numbers`], so that nothing stands there from yesterday. Memory and series follow the watches and targets of the
//! plan alone: a slot adds to numbers, never to their count.

mod count;
mod exposition;
mod family;
mod numbers;
mod page;

use std::sync::{Mutex, PoisonError};

pub use family::{FAMILIES, Family, Kind};
pub use numbers::{Deliveries, Left, Numbers};

use count::Counts;

use crate::plan::Plan;
use crate::slot::Ended;

/// The type under which [`Metrics::text`] is served.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The most targets with series of their own; those beyond them are counted together as [`OTHER_TARGET`].
pub const TARGETS_MAX: usize = 100;
/// The target in whose name everything beyond [`TARGETS_MAX`] is counted.
pub const OTHER_TARGET: &str = "other";

/// The counters and histograms of one daemon.
#[derive(Debug)]
pub struct Metrics {
    region: String,
    builds: Vec<(String, String)>,
    counts: Mutex<Counts>,
}

impl Metrics {
    /// Nothing has happened yet in `region`; `builds` are names and values of what runs there.
    pub fn new(region: impl Into<String>, builds: Vec<(String, String)>) -> Self {
        Self { region: region.into(), builds, counts: Mutex::default() }
    }

    /// From now on counts the watches of `plan`, and forgets all others: their series go away.
    pub fn follow(&self, plan: &Plan) {
        self.locked(|counts| counts.follow(plan));
    }

    /// Counts a slot that is over. One of a watch that is in no plan (any more) is left out.
    pub fn ended(&self, ended: &Ended) {
        self.locked(|counts| counts.ended(ended));
    }

    /// Everything as `OpenMetrics` text.
    pub fn text(&self, numbers: &Numbers) -> String {
        // A copy is taken, so that no slot waits while a page is written.
        let counts = self.locked(|counts| counts.clone());
        exposition::text(&self.region, &self.builds, counts, numbers)
    }

    fn locked<T>(&self, act: impl FnOnce(&mut Counts) -> T) -> T {
        // Counters are whole after every statement: what panicked meanwhile left nothing half done.
        act(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
