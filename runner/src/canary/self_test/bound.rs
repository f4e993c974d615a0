//! How many slots a rule can need, at most, before it fires and before it clears.

use std::time::Duration;

use plumb_canary::plan::{Canary, Rule, When};
use plumb_canary::slot::Watch;

/// No rule is given more slots, however long its windows are.
pub(super) const SLOTS_MAX: u32 = 300_000;
/// More than is needed: slots are not evenly spaced, and those before the fault were good.
const MARGIN: u32 = 6;
/// The longest stretch in which slots are counted together where a window is no longer than three days.
const STRETCH: Duration = Duration::from_mins(15);
/// Into so many stretches the window of an SLO is divided, for windows that are longer.
const STRETCHES: u32 = 60;
/// Two slots of an interval are never further apart than so many times it, in whole numbers.
const SPACING: u32 = 2;

/// What a rule can need on a watch whose slots are due as they are from `now_ms` on.
pub(super) struct Bound<'p> {
    pub(super) rule: &'p Rule,
    pub(super) canary: &'p Canary,
    pub(super) watch: &'p Watch,
    pub(super) now_ms: i64,
}

impl Bound<'_> {
    /// Slots with a fault until it fires.
    pub(super) fn to_fire(&self) -> u32 {
        match self.rule.when {
            When::Slots { of, .. } => of + MARGIN,
            When::BurnRate { long, .. } => self.slots(long),
            When::Latency { over, .. } => self.slots(over),
            When::AllMissed { over } => self.slots(over * SPACING),
        }
    }

    /// Slots without one until it clears: as long as it takes until none of the bad ones is in the window any more.
    pub(super) fn to_clear(&self) -> u32 {
        let stretch = STRETCH + self.canary.slo.window / STRETCHES;
        match self.rule.when {
            When::Slots { .. } => self.rule.resolve_after + MARGIN,
            When::BurnRate { short, .. } => self.slots(short + stretch),
            When::Latency { over, .. } => self.slots(over + stretch),
            When::AllMissed { .. } => MARGIN,
        }
    }

    fn slots(&self, window: Duration) -> u32 {
        let window_ms = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
        let until_ms = self.now_ms.saturating_add(window_ms);
        let due = self.canary.cadence.count_between(self.watch, self.now_ms, until_ms).map_or(0, |due| due.count);
        due.saturating_add(MARGIN).min(SLOTS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use plumb_canary::plan::Slo;
    use plumb_canary::schedule::Cadence;
    use plumb_canary::slot::Axis;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const NOW_MS: i64 = 1_800_000_000_000;

    #[track_caller]
    fn check(when: When, to_fire: std::ops::RangeInclusive<u32>, to_clear: std::ops::RangeInclusive<u32>) {
        let rule = Rule { when, severity: String::new(), receivers: Vec::new(), reminder: None, resolve_after: 2 };
        let canary = Canary {
            targets: Vec::new(),
            cadence: Cadence::every(Duration::from_mins(1)).expect("an interval"),
            timeout: HOUR,
            retry_every: None,
            overlap: false,
            writes: false,
            writes_when_spent: false,
            slo: Slo { availability: Some(0.99), conformance: None, window: HOUR * 24, latency: None },
            owner: String::new(),
            runbook: None,
            probation: Duration::ZERO,
            depends_on: Vec::new(),
            alerts: Vec::new(),
        };
        let watch = Watch { canary: "a".to_owned(), target: "b".to_owned() };
        let bound = Bound { rule: &rule, canary: &canary, watch: &watch, now_ms: NOW_MS };
        assert!(to_fire.contains(&bound.to_fire()), "{} to fire", bound.to_fire());
        assert!(to_clear.contains(&bound.to_clear()), "{} to clear", bound.to_clear());
    }

    #[test]
    fn a_rule_is_given_as_many_slots_as_its_windows_hold() {
        check(When::Slots { axis: Axis::Availability, bad: 3, of: 5 }, 11..=11, 8..=8);
        let burn = When::BurnRate { axis: Axis::Availability, factor: 14.4, long: HOUR, short: HOUR / 12 };
        check(burn, 64..=68, 48..=53);
        check(When::Latency { over: HOUR, exchanges_min: 1 }, 64..=68, 103..=108);
        check(When::AllMissed { over: HOUR / 6 }, 24..=28, 6..=6);
        let endless = When::Latency { over: HOUR * 24 * 3_660, exchanges_min: 1 };
        check(endless, SLOTS_MAX..=SLOTS_MAX, SLOTS_MAX..=SLOTS_MAX);
    }
}
