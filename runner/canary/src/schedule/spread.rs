//! Where in each period of an interval the slot of a watch is: spread, and moving.
//!
//! Period `k` is from `k` to `k + 1` times the interval since 1970, and has exactly one slot. Four numbers that SHA-256
//! makes of the watch's names say where; they are the same on every machine and in every version.
//!
//! **The minute.** Times that are one interval apart meet the hour at places that are `lattice` apart: the greatest
//! common divisor of interval and hour. Where that is more than a minute, minutes lie between which would never be
//! visited. So a lattice has `places`, at most a minute apart, and whenever it has been round the hour once
//! (`round` slots), the watch goes on to another place. After `round × places` slots everything begins anew. For
//! whole minutes these are 60 slots, and 60 slots in a row visit each minute of the hour exactly once.
//!
//! **The second.** At intervals of whole minutes the slot moves within its minute as well, from slot to slot, so that 60
//! slots in a row are due at each second of the minute once: what others do at second 0 of each minute is met too.
//! Below a minute the place in the period never moves, and slots are exactly one interval apart.
//!
//! **The step.** Places and seconds are visited in an order that returns to where it began with no step of more than
//! two: 0, 2, 4, … and back 5, 3, 1. So slots keep their distance: [`super::SPACING_MIN`], [`super::SPACING_MAX`].

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{Stretch, millis};
use crate::slot::Watch;

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
const SECOND_MS: i64 = 1_000;
/// The most slots that are laid around the hour to see how far they are apart: what seconds can give.
const SLOTS_TRIED_MAX: i64 = 3_600;

/// The due times of one watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Walk {
    period_ms: i64,
    /// Where in the period, without what moves.
    base_ms: i64,
    orbit: Orbit,
    /// The place of period 0.
    first_place: i64,
    /// The second of period 0, where seconds move.
    first_second: Option<i64>,
}

/// How slots of an interval lie around the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Orbit {
    /// How far apart slots lie that do not move.
    lattice_ms: i64,
    /// So many slots are once round.
    round: i64,
    /// At most a minute apart, so many times once round visits every minute.
    places: i64,
}

impl Orbit {
    const fn new(period_ms: i64) -> Self {
        let lattice_ms = greatest_common_divisor(period_ms, HOUR_MS);
        let places = (lattice_ms + MINUTE_MS - 1) / MINUTE_MS;
        Self { lattice_ms, round: HOUR_MS / lattice_ms, places }
    }
}

impl Walk {
    pub(super) fn new(every: Duration, watch: &Watch) -> Self {
        let period_ms = period_ms(every);
        let orbit = Orbit::new(period_ms);
        let [lattice, within, place, second] = seed(watch);
        let seconds_move = period_ms % MINUTE_MS == 0;
        let still_ms = if seconds_move { SECOND_MS } else { orbit.lattice_ms / orbit.places };
        Self {
            period_ms,
            base_ms: below(lattice, period_ms / orbit.lattice_ms) * orbit.lattice_ms + below(within, still_ms),
            orbit,
            first_place: below(place, orbit.places),
            first_second: seconds_move.then(|| below(second, 60)),
        }
    }

    /// When the slot of period `index` is due; none beyond the end of time.
    fn due(&self, index: i64) -> Option<i64> {
        let Orbit { lattice_ms, round, places } = self.orbit;
        let place = zigzag((index.div_euclid(round) + self.first_place).rem_euclid(places), places);
        let second = self.first_second.map_or(0, |first| zigzag((index.rem_euclid(60) + first) % 60, 60));
        let within_ms = self.base_ms + place * lattice_ms / places + second * SECOND_MS;
        index.checked_mul(self.period_ms)?.checked_add(within_ms)
    }

    /// The period of the last slot that is due at `at_ms` or before.
    fn index_at(&self, at_ms: i64) -> i64 {
        let index = at_ms.div_euclid(self.period_ms);
        if self.due(index).is_some_and(|due| due <= at_ms) { index } else { index - 1 }
    }

    pub(super) fn due_after(&self, after_ms: i64) -> Option<i64> {
        self.due(self.index_at(after_ms) + 1)
    }

    pub(super) fn count_between(&self, after_ms: i64, until_ms: i64) -> Option<Stretch> {
        let (before, last) = (self.index_at(after_ms), self.index_at(until_ms));
        let count = u32::try_from(last.saturating_sub(before)).unwrap_or(if last > before { u32::MAX } else { 0 });
        let last = before.checked_add(i64::from(count))?;
        (count > 0).then_some(())?;
        Some(Stretch { count, first_ms: self.due(before + 1)?, last_ms: self.due(last)? })
    }
}

/// An interval in milliseconds, at least one.
pub(super) fn period_ms(every: Duration) -> i64 {
    millis(every).max(1)
}

/// See [`super::Cadence::visits_every_minute_within`]. From any moment, so many whole periods are over within one more.
pub(super) fn visits_every_minute_within(every: Duration) -> Duration {
    let slots = slots_for_every_minute(period_ms(every));
    every.saturating_mul(u32::try_from(slots + 1).unwrap_or(u32::MAX))
}

/// So many slots in a row visit every minute of the hour.
fn slots_for_every_minute(period_ms: i64) -> i64 {
    let Orbit { round, places, .. } = Orbit::new(period_ms);
    if period_ms <= MINUTE_MS {
        return (HOUR_MS + period_ms - 1) / period_ms;
    }
    if places > 1 || round > SLOTS_TRIED_MAX {
        return round * places;
    }
    // More slots never leave wider gaps, so the least number is found by halving.
    let (mut least, mut most) = (1, round);
    while least < most {
        let middle = i64::midpoint(least, most);
        if widest_gap_ms(period_ms, middle) <= MINUTE_MS { most = middle } else { least = middle + 1 }
    }
    least
}

/// How far apart so many slots in a row, which do not move, lie around the hour.
fn widest_gap_ms(period_ms: i64, slots: i64) -> i64 {
    let mut met: Vec<i64> = (0..slots).map(|index| index * period_ms % HOUR_MS).collect();
    met.sort_unstable();
    let around = met.first().map(|first| first + HOUR_MS);
    let next = met.iter().copied().skip(1).chain(around);
    met.iter().zip(next).map(|(from, to)| to - from).max().unwrap_or(HOUR_MS)
}

/// The `index`th of `of` numbers from zero on, in an order that goes round with no step of more than two.
const fn zigzag(index: i64, of: i64) -> i64 {
    if index < (of + 1) / 2 { 2 * index } else { 2 * (of - index) - 1 }
}

/// Four numbers from the names of a watch: the digest of SHA-256 over the canary's, a zero byte and the target's, in
/// parts of eight bytes, the most significant first.
fn seed(watch: &Watch) -> [u64; 4] {
    let digest = Sha256::new().chain_update(&watch.canary).chain_update([0]).chain_update(&watch.target).finalize();
    let mut parts = [0_u64; 4];
    for (index, byte) in digest.iter().enumerate() {
        let part = &mut parts[index / 8];
        *part = (*part << 8) | u64::from(*byte);
    }
    parts
}

/// A number below `bound`, which is at least one.
fn below(number: u64, bound: i64) -> i64 {
    let bound = u64::try_from(bound).unwrap_or(1).max(1);
    i64::try_from(number % bound).unwrap_or(0)
}

const fn greatest_common_divisor(left: i64, right: i64) -> i64 {
    let (mut left, mut right) = (left, right);
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(canary: &str, target: &str) -> Watch {
        Watch { canary: canary.to_owned(), target: target.to_owned() }
    }

    #[test]
    fn the_order_of_places_goes_round_in_steps_of_two_at_most() {
        for of in 1..=744 {
            let order: Vec<i64> = (0..of).map(|index| zigzag(index, of)).collect();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..of).collect::<Vec<_>>(), "each of {of} places once");
            let next = order.iter().cycle().skip(1);
            assert!(order.iter().zip(next).all(|(here, there)| (here - there).abs() <= 2), "steps of {of} places");
        }
    }

    #[test]
    fn numbers_of_a_watch_are_those_of_sha256() {
        // printf 'objects\0eu-1' | sha256sum
        let expected = [0xfbff_0624_2915_6d27, 0x8008_6e15_4e6a_3026, 0x906e_7cfe_8aef_f91e, 0x98dc_5a0f_88f5_31b6];
        assert_eq!(seed(&watch("objects", "eu-1")), expected);
    }

    #[test]
    fn names_that_read_the_same_when_joined_are_told_apart() {
        assert_ne!(seed(&watch("ab", "c")), seed(&watch("a", "bc")));
    }

    #[test]
    fn sixty_slots_of_whole_minutes_visit_every_minute() {
        for minutes in 1..=31 * 24 * 60 {
            assert_eq!(slots_for_every_minute(minutes * MINUTE_MS), 60, "every {minutes} min");
        }
    }

    #[test]
    fn no_interval_takes_longer_than_eleven_days_to_visit_every_minute_below_ten_minutes() {
        let within = |seconds: u64| visits_every_minute_within(Duration::from_secs(seconds));
        let worst = (1..=600).map(within).max().expect("some intervals");
        assert!(worst < Duration::from_hours(11 * 24), "{worst:?}");
    }
}
