//! How many scenarios came to what, and what was sent for them.

use std::collections::BTreeMap;

use plumb_steps::played::Played;
use serde::Serialize;

use super::{FeatureReport, Scenario, Upshot, skipped_for};
use crate::report::REASONS_MAX;

/// How many scenarios came to what. Each is counted once but for `without_model`, which is across the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Scenarios that were played, or tried.
    pub scenarios: u64,
    /// Passed at the first attempt.
    pub passed: u64,
    /// Passed after an attempt that did not.
    pub flaky: u64,
    /// Failed.
    pub failed: u64,
    /// Failed with a finding that somebody answers for.
    pub accepted: u64,
    /// Nothing can be said.
    pub inconclusive: u64,
    /// Nothing can be said, and that is accepted of the scenario.
    pub allowed: u64,
    /// Not tried.
    pub skipped: u64,
    /// Scenarios that do without the model's judgement.
    pub without_model: u64,
}

impl Counts {
    fn add(&mut self, upshot: Upshot, played: &Played) {
        self.scenarios += 1;
        self.without_model += u64::from(played.without_model);
        *match upshot {
            Upshot::Passed => &mut self.passed,
            Upshot::Flaky => &mut self.flaky,
            Upshot::Failed => &mut self.failed,
            Upshot::Accepted => &mut self.accepted,
            Upshot::Inconclusive => &mut self.inconclusive,
            Upshot::Allowed => &mut self.allowed,
            Upshot::Skipped => &mut self.skipped,
        } += 1;
    }

    /// Scenarios in which all holds, flaky ones among them.
    pub const fn passed_in_all(&self) -> u64 {
        self.passed + self.flaky
    }

    /// Scenarios in which something does not hold, accepted ones among them.
    pub const fn failed_in_all(&self) -> u64 {
        self.failed + self.accepted
    }

    /// Scenarios of which nothing can be said, allowed ones among them.
    pub const fn inconclusive_in_all(&self) -> u64 {
        self.inconclusive + self.allowed
    }
}

/// What was sent, and who judged it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Calls that were answered, in all attempts.
    pub calls: u64,
    /// Those that the model judged.
    pub judged: u64,
    /// Those that are no call of the API.
    pub unmodelled: u64,
    /// Those whose answer the model forbids, in scenarios that do without it.
    pub waived: u64,
    /// Those whose answer the model forbids and somebody has accepted; the scenario went on after them.
    pub accepted: u64,
}

impl Calls {
    pub(super) const fn add(&mut self, played: &Played) {
        self.calls += played.calls;
        self.judged += played.judged;
        self.unmodelled += played.unmodelled;
        self.waived += played.waived;
        self.accepted += played.accepted;
    }
}

impl FeatureReport {
    /// How many scenarios came to what.
    pub fn counts(&self) -> Counts {
        self.counts_of(self.scenarios())
    }

    /// How many of these came to what.
    pub fn counts_of<'report>(&self, scenarios: impl IntoIterator<Item = &'report Scenario>) -> Counts {
        let mut counts = Counts::default();
        for scenario in scenarios {
            counts.add(self.upshot_of(scenario), &scenario.played);
        }
        counts
    }

    /// Why scenarios were skipped: reason and how many, the most frequent first.
    pub fn skipped(&self) -> Vec<(String, u64)> {
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        for scenario in self.upshot(Upshot::Skipped) {
            let reason = skipped_for(self, &scenario.played);
            if reasons.len() < REASONS_MAX || reasons.contains_key(&reason) {
                *reasons.entry(reason).or_default() += 1;
            }
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, many)| std::cmp::Reverse(*many));
        reasons
    }

    /// How many scenarios passed of which no steps are kept.
    pub fn without_steps(&self) -> u64 {
        let passed = self.counts().passed_in_all();
        if self.with_steps < super::WITH_STEPS_MAX { 0 } else { passed - self.with_steps as u64 }
    }
}
