//! What was promised, and how much of it is left.
//!
//! [`Sums`] holds, for each watch, how many slots were good and bad over the windows that its rules and its SLO ask
//! about, in rings of counts: by the minute for two hours, by the quarter of an hour for three days, and by the sixtieth
//! of the window of the SLO. [`check`] does the arithmetic of a config before anything runs.

pub mod check;
mod ring;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::plan::{Canary, Plan, When};
use crate::slot::{Axis, Ended, Mark, Watch};
use crate::view::BudgetView;

use ring::Ring;
pub use words::{number, percent, span};

/// Windows up to this long are counted by the minute.
pub const BY_MINUTE_MAX: Duration = Duration::from_hours(2);
/// Windows up to this long are counted by the quarter of an hour.
pub const BY_QUARTER_MAX: Duration = Duration::from_hours(72);
/// Into so many parts the window of an SLO is divided.
const PARTS: u32 = 60;
const MINUTE_MS: i64 = 60_000;
const QUARTER_MS: i64 = 15 * MINUTE_MS;
/// Where good slots stand in a cell, by axis; bad ones stand two further.
const BAD: usize = 2;

/// What is counted in one stretch of time, by [`Axis::ALL`]: what a store tells of the past.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Past {
    /// A moment within it, in milliseconds since 1970.
    pub at_ms: i64,
    /// Slots that were good.
    pub good: [u32; 2],
    /// Slots that were bad.
    pub bad: [u32; 2],
    /// Exchanges that were over within the time that was promised.
    pub fast: u32,
    /// Exchanges in all.
    pub exchanges: u32,
}

/// Good and bad things within a window that ends now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counted {
    /// Good ones.
    pub good: u64,
    /// Bad ones.
    pub bad: u64,
    /// How many would be in the whole window: more than both together only while the watch is younger than the window.
    /// What came before its first slot counts as good, so that a single bad slot at the start fires nothing.
    pub expected: f64,
}

impl Counted {
    /// Both together.
    pub const fn seen(&self) -> u64 {
        self.good + self.bad
    }

    /// The bad share of the window; zero where nothing is known.
    pub fn bad_share(&self) -> f64 {
        if self.bad == 0 { 0.0 } else { float(self.bad) / self.expected }
    }

    /// How many times as fast as it may the budget of `objective` burns.
    pub fn burn(&self, objective: f64) -> f64 {
        self.bad_share() / (1.0 - objective)
    }
}

/// How many slots of each watch were good and bad, lately.
#[derive(Debug)]
pub struct Sums {
    plan: Arc<Plan>,
    watches: BTreeMap<Watch, Rings>,
}

impl Sums {
    /// Nothing counted yet.
    pub const fn new(plan: Arc<Plan>) -> Self {
        Self { plan, watches: BTreeMap::new() }
    }

    /// Counts a slot that is over: only where its kind counts, and only what it says something about. The exchanges of a
    /// slot that says nothing of availability are not the target's, and are left out.
    pub fn take(&mut self, ended: &Ended) {
        if !ended.slot.kind.counts() {
            return;
        }
        let mut past = Past { at_ms: ended.slot.due_ms, ..Past::default() };
        for (at, axis) in Axis::ALL.into_iter().enumerate() {
            match ended.mark(axis) {
                Mark::Good => past.good[at] = ended.count,
                Mark::Bad => past.bad[at] = ended.count,
                Mark::Void => {}
            }
        }
        let limit = self.plan.canary(&ended.slot.watch).and_then(|own| own.slo.latency).map(|own| own.within);
        if let Some(within) = limit.filter(|_| ended.availability != Mark::Void) {
            let fast = |total_us: u32| Duration::from_micros(u64::from(total_us)) <= within;
            past.fast = capped(ended.timings.iter().filter(|own| fast(own.total_us)).count());
            past.exchanges = capped(ended.timings.len());
        }
        self.warm(&ended.slot.watch, [past]);
    }

    /// Counts what was before this started, in any order.
    pub fn warm(&mut self, watch: &Watch, past: impl IntoIterator<Item = Past>) {
        let Some(canary) = self.plan.canary(watch) else { return };
        for own in past {
            if own.good == [0; 2] && own.bad == [0; 2] && own.exchanges == 0 {
                continue;
            }
            if !self.watches.contains_key(watch) {
                self.watches.insert(watch.clone(), Rings::new(&self.plan, canary, own.at_ms));
            }
            if let Some(rings) = self.watches.get_mut(watch) {
                rings.add(&own);
            }
        }
    }

    /// Slots on `axis` in the `window` that ends at `now_ms`.
    pub fn slots(&self, watch: &Watch, axis: Axis, window: Duration, now_ms: i64) -> Counted {
        let at = axis as usize;
        self.watches.get(watch).map_or_else(Counted::default, |rings| {
            let cell = rings.slots(window, now_ms);
            rings.counted(cell[at], cell[at + BAD], window, now_ms)
        })
    }

    /// Exchanges within the time that was promised (good) and beyond it (bad), in the `window` that ends at `now_ms`.
    pub fn exchanges(&self, watch: &Watch, window: Duration, now_ms: i64) -> Counted {
        self.watches.get(watch).map_or_else(Counted::default, |rings| {
            let [fast, all] = rings.exchanges(window, now_ms);
            Counted { good: fast, bad: all.saturating_sub(fast), expected: float(all) }
        })
    }

    /// The error budget of a watch on `axis`; none where nothing is promised.
    pub fn budget(&self, watch: &Watch, axis: Axis, now_ms: i64) -> Option<BudgetView> {
        let slo = &self.plan.canary(watch)?.slo;
        let objective = slo.objective(axis)?;
        let counted = self.slots(watch, axis, slo.window, now_ms);
        Some(BudgetView {
            axis,
            objective,
            window: span(slo.window),
            good: counted.good,
            bad: counted.bad,
            left: 1.0 - counted.burn(objective),
        })
    }

    /// Whether the error budget of a watch on `axis` is used up, so that what writes had better stop.
    pub fn is_spent(&self, watch: &Watch, axis: Axis, now_ms: i64) -> bool {
        self.budget(watch, axis, now_ms).is_some_and(|budget| budget.bad > 0 && budget.left <= 0.0)
    }

    /// How many bytes of counts are held.
    pub fn bytes(&self) -> usize {
        self.watches.values().map(|rings| rings.bytes() + size_of::<(Watch, Rings)>()).sum()
    }
}

/// The counts of one watch, over no longer than anybody asks about.
#[derive(Debug)]
struct Rings {
    first_ms: i64,
    minutes: Ring<u16, 4>,
    quarters: Ring<u16, 4>,
    parts: Ring<u32, 4>,
    exchange_minutes: Ring<u32, 2>,
    exchange_quarters: Ring<u32, 2>,
}

impl Rings {
    fn new(plan: &Plan, canary: &Canary, first_ms: i64) -> Self {
        let mut slots = Vec::new();
        let mut exchanges = Vec::new();
        for rule in canary.alerts.iter().filter_map(|name| plan.alerts.get(name)) {
            match rule.when {
                When::BurnRate { long, short, .. } => slots.extend([long, short]),
                When::Latency { over, .. } => exchanges.push(over),
                When::Slots { .. } | When::AllMissed { .. } => {}
            }
        }
        let minute = Duration::from_mins(1);
        let longest = |of: &[Duration], least: Duration, most: Duration| {
            of.iter().copied().filter(|own| *own > least && *own <= most).max().unwrap_or_default()
        };
        let part = (canary.slo.window / PARTS).max(minute);
        Self {
            first_ms,
            minutes: Ring::new(MINUTE_MS, longest(&slots, Duration::ZERO, BY_MINUTE_MAX)),
            quarters: Ring::new(QUARTER_MS, longest(&slots, BY_MINUTE_MAX, BY_QUARTER_MAX)),
            parts: Ring::new(millis(part), canary.slo.window),
            exchange_minutes: Ring::new(MINUTE_MS, longest(&exchanges, Duration::ZERO, BY_MINUTE_MAX)),
            exchange_quarters: Ring::new(QUARTER_MS, longest(&exchanges, BY_MINUTE_MAX, Duration::MAX)),
        }
    }

    fn add(&mut self, past: &Past) {
        self.first_ms = self.first_ms.min(past.at_ms);
        let slots = [past.good[0], past.good[1], past.bad[0], past.bad[1]];
        self.minutes.add(past.at_ms, slots);
        self.quarters.add(past.at_ms, slots);
        self.parts.add(past.at_ms, slots);
        self.exchange_minutes.add(past.at_ms, [past.fast, past.exchanges]);
        self.exchange_quarters.add(past.at_ms, [past.fast, past.exchanges]);
    }

    /// The finest counts that go back far enough.
    fn slots(&self, window: Duration, now_ms: i64) -> [u64; 4] {
        if self.minutes.reaches(window) {
            self.minutes.sum(window, now_ms)
        } else if self.quarters.reaches(window) {
            self.quarters.sum(window, now_ms)
        } else {
            self.parts.sum(window, now_ms)
        }
    }

    fn exchanges(&self, window: Duration, now_ms: i64) -> [u64; 2] {
        let own = if self.exchange_minutes.reaches(window) { &self.exchange_minutes } else { &self.exchange_quarters };
        own.sum(window, now_ms)
    }

    fn counted(&self, good: u64, bad: u64, window: Duration, now_ms: i64) -> Counted {
        let age_ms = Duration::from_millis(u64::try_from(now_ms - self.first_ms).unwrap_or(0));
        let part = (age_ms.as_secs_f64() / window.as_secs_f64()).min(1.0);
        Counted { good, bad, expected: float(good + bad) / part }
    }

    fn bytes(&self) -> usize {
        let slots = self.minutes.bytes() + self.quarters.bytes() + self.parts.bytes();
        slots + self.exchange_minutes.bytes() + self.exchange_quarters.bytes()
    }
}

/// As a float; counts beyond four thousand millions are as good as that.
fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn capped(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A time in milliseconds.
pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
