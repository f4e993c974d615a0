//! What happened, added up by watch and by target.

use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus_client::metrics::histogram::Histogram;

use super::{OTHER_TARGET, TARGETS_MAX};
use crate::plan::{Canary, Plan};
use crate::schedule::Cadence;
use crate::slot::{Axis, Ended, Mark, Outcome, Phase, Place, SlotKind, Timing, Watch};

/// The kinds of slots with their words, in the order of the counters.
pub(super) const KINDS: [(SlotKind, &str); 3] =
    [(SlotKind::Scheduled, "scheduled"), (SlotKind::Retry, "retry"), (SlotKind::Asked, "asked")];
/// The places of a failure as labels; a way there has a phase, too.
pub(super) const PLACES: [(&str, &str); 10] = [
    ("service", ""),
    ("agent", ""),
    ("pool", ""),
    ("credentials", ""),
    ("model", ""),
    ("way", "dns"),
    ("way", "connect"),
    ("way", "tls"),
    ("way", "first-byte"),
    ("way", "body"),
];
/// Where the phases begin in [`PLACES`].
const WAY_FIRST: usize = 5;

/// The buckets of exchanges and their phases: from a neighbour in the rack to a timeout that somebody was generous with.
const EXCHANGE_SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// The buckets of whole slots.
const SLOT_SECONDS: [f64; 10] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0];
/// The buckets of lateness: the first is the goal on an idle machine.
const LATENESS_SECONDS: [f64; 9] = [0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];

/// Everything that was counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    pub(super) watches: BTreeMap<Arc<Watch>, OfWatch>,
    pub(super) targets: BTreeMap<Arc<str>, OfTarget>,
    pub(super) lateness: Lateness,
}

/// How late slots were.
#[derive(Debug, Clone)]
pub(super) struct Lateness(pub(super) Histogram);

impl Default for Lateness {
    fn default() -> Self {
        Self(Histogram::new(LATENESS_SECONDS))
    }
}

/// What was counted of one watch, and what is promised of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OfWatch {
    /// By [`Outcome::ALL`] and [`KINDS`].
    pub(super) outcomes: [[u64; 3]; 7],
    /// By [`Axis::ALL`]: good and bad.
    pub(super) marks: [[u64; 2]; 2],
    /// By [`Axis::ALL`].
    pub(super) objectives: [Option<f64>; 2],
    pub(super) window_seconds: f64,
    pub(super) interval_seconds: Option<f64>,
    pub(super) last_slot_ms: Option<i64>,
    pub(super) last_pass_ms: Option<i64>,
}

/// What was counted of one target.
#[derive(Debug, Clone)]
pub(super) struct OfTarget {
    /// By [`PLACES`].
    pub(super) troubles: [u64; 10],
    pub(super) slots: Histogram,
    pub(super) exchanges: Histogram,
    /// By [`Phase::ALL`]; none where it was never seen.
    pub(super) phases: [Option<Histogram>; 5],
    pub(super) exchange_count: u64,
    pub(super) bytes: u64,
    pub(super) leaks: u64,
    pub(super) version: Option<Arc<str>>,
}

impl Default for OfTarget {
    fn default() -> Self {
        Self {
            troubles: [0; 10],
            slots: Histogram::new(SLOT_SECONDS),
            exchanges: Histogram::new(EXCHANGE_SECONDS),
            phases: Default::default(),
            exchange_count: 0,
            bytes: 0,
            leaks: 0,
            version: None,
        }
    }
}

impl Counts {
    /// Keeps what is counted of the watches of `plan`, begins at zero with new ones, and drops the rest.
    pub(super) fn follow(&mut self, plan: &Plan) {
        let (mut watches, mut targets) = (std::mem::take(&mut self.watches), std::mem::take(&mut self.targets));
        for (watch, canary) in plan.watches() {
            let (watch, mut own) =
                watches.remove_entry(&watch).unwrap_or_else(|| (Arc::new(watch), OfWatch::default()));
            own.promise(canary);
            let name = self.target_name(&watch.target);
            if !self.targets.contains_key(name) {
                let (name, counted) =
                    targets.remove_entry(name).unwrap_or_else(|| (Arc::from(name), OfTarget::default()));
                self.targets.insert(name, counted);
            }
            self.watches.insert(watch, own);
        }
    }

    /// The name under which `target` is counted.
    fn target_name<'a>(&self, target: &'a str) -> &'a str {
        let room = self.targets.len() < TARGETS_MAX;
        if room || self.targets.contains_key(target) { target } else { OTHER_TARGET }
    }

    /// Counts a slot.
    pub(super) fn ended(&mut self, ended: &Ended) {
        let Some(own) = self.watches.get_mut(&ended.slot.watch) else { return };
        own.ended(ended);
        if ended.outcome.ran() {
            self.lateness.0.observe(f64::from(ended.late_ms) / 1e3);
        }
        let name = self.target_name(&ended.slot.watch.target);
        if let Some(target) = self.targets.get_mut(name) {
            target.ended(ended);
        }
    }
}

impl OfWatch {
    fn promise(&mut self, canary: &Canary) {
        self.objectives = Axis::ALL.map(|axis| canary.slo.objective(axis));
        self.window_seconds = canary.slo.window.as_secs_f64();
        self.interval_seconds = match &canary.cadence {
            Cadence::Every(every) => Some(every.as_secs_f64()),
            Cadence::Cron(_) => None,
        };
    }

    fn ended(&mut self, ended: &Ended) {
        let many = u64::from(ended.count);
        let outcome = Outcome::ALL.iter().position(|outcome| *outcome == ended.outcome);
        let kind = KINDS.iter().position(|(kind, _)| *kind == ended.slot.kind);
        if let (Some(outcome), Some(kind)) = (outcome, kind) {
            self.outcomes[outcome][kind] += many;
        }
        if ended.slot.kind.counts() {
            self.marked(ended, many);
        }
        let taken_ms = i64::try_from(ended.duration_us / 1_000).unwrap_or(i64::MAX);
        let over_ms = ended.slot.due_ms.saturating_add(i64::from(ended.late_ms)).saturating_add(taken_ms);
        // Slots that overlap end in another order than they began: neither moment goes back.
        if ended.outcome.ran() {
            self.last_slot_ms = self.last_slot_ms.max(Some(over_ms));
        }
        if ended.outcome == Outcome::Pass {
            self.last_pass_ms = self.last_pass_ms.max(Some(over_ms));
        }
    }

    fn marked(&mut self, ended: &Ended, many: u64) {
        for (axis, marks) in Axis::ALL.into_iter().zip(&mut self.marks) {
            match ended.mark(axis) {
                Mark::Good => marks[0] += many,
                Mark::Bad => marks[1] += many,
                Mark::Void => {}
            }
        }
    }
}

impl OfTarget {
    fn ended(&mut self, ended: &Ended) {
        if let Some(trouble) = &ended.trouble {
            self.troubles[place(trouble.place)] += u64::from(ended.count);
        }
        if ended.outcome.ran() {
            self.slots.observe(seconds(ended.duration_us));
        }
        ended.timings.iter().for_each(|timing| self.timed(timing));
        self.exchange_count += u64::from(ended.exchanges);
        self.bytes = self.bytes.saturating_add(ended.bytes);
        self.leaks += u64::from(ended.leaks);
        if let Some(version) = &ended.version
            && self.version.as_deref() != Some(version)
        {
            self.version = Some(Arc::from(version.as_str()));
        }
    }

    fn timed(&mut self, timing: &Timing) {
        self.exchanges.observe(f64::from(timing.total_us) / 1e6);
        for (phase, taken) in self.phases.iter_mut().zip(timing.phases_us) {
            if let Some(taken_us) = taken {
                phase.get_or_insert_with(|| Histogram::new(EXCHANGE_SECONDS)).observe(f64::from(taken_us) / 1e6);
            }
        }
    }
}

/// The index of a place in [`PLACES`].
fn place(place: Place) -> usize {
    match place {
        Place::Service => 0,
        Place::Agent => 1,
        Place::Pool => 2,
        Place::Credentials => 3,
        Place::Model => 4,
        Place::Way(phase) => WAY_FIRST + Phase::ALL.iter().position(|other| *other == phase).unwrap_or_default(),
    }
}

fn seconds(microseconds: u64) -> f64 {
    std::time::Duration::from_micros(microseconds).as_secs_f64()
}
