//! What the store knows of the time before a start, as the sums want it.

use crate::alert::Alarms;
use crate::plan::Plan;
use crate::slo::Past;
use crate::store::{Store, Sum};

const MINUTE_MS: i64 = 60_000;
const QUARTER_MS: i64 = 15 * MINUTE_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How far back sums are kept by the minute, by the quarter of an hour, and at all.
const MINUTES_MS: i64 = 2 * HOUR_MS;
const QUARTERS_MS: i64 = 3 * DAY_MS;
const PAST_MS: i64 = 90 * DAY_MS;

/// Counts the past anew, each part of it as finely as it is asked for.
pub(super) fn warm(alarms: &mut Alarms, store: &Store, plan: &Plan, now_ms: i64) {
    let longest = plan.canaries.values().map(|own| own.slo.window).max().unwrap_or_default();
    let longest_ms = i64::try_from(longest.as_millis()).unwrap_or(PAST_MS).min(PAST_MS);
    let begins = |ago_ms: i64| (now_ms - ago_ms).div_euclid(HOUR_MS) * HOUR_MS;
    let (minutes, quarters) = (begins(MINUTES_MS), begins(QUARTERS_MS));
    let stretches = [
        (begins(longest_ms.max(QUARTERS_MS)), quarters, HOUR_MS),
        (quarters, minutes, QUARTER_MS),
        (minutes, now_ms + 1, MINUTE_MS),
    ];
    for (from_ms, until_ms, step_ms) in stretches {
        for (watch, sums) in store.sums_of_all(from_ms, until_ms, step_ms) {
            alarms.sums_mut().warm(&watch, sums.iter().map(past));
        }
    }
}

/// Told at its beginning: a watch that looked younger than it is would seem to have most of its budget before it.
fn past(sum: &Sum) -> Past {
    let few = |counts: [u64; 2]| counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    Past { at_ms: sum.from_ms, good: few(sum.counts.good), bad: few(sum.counts.bad), ..Past::default() }
}
