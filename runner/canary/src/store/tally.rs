//! What many slots add up to: outcomes, marks on each axis, and how long exchanges took.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hdrhistogram::Histogram;

use super::row::Body;
use super::varint;
use crate::slot::{Axis, Ended, Mark, Outcome, Phase, Timing};

/// Two digits: a latency is known to within one per cent.
const DIGITS: u8 = 2;
/// The parts of an exchange, and the whole behind them.
const PARTS: usize = Phase::ALL.len() + 1;
/// The place of the whole among the parts.
const TOTAL: usize = Phase::ALL.len();

/// Slots, counted. Where a slot stands for several, each counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Slots by [`Outcome::ALL`], whatever they are there for.
    pub by_outcome: [u64; 7],
    /// Good slots by [`Axis::ALL`]; only those that count.
    pub good: [u64; 2],
    /// Bad slots by [`Axis::ALL`]; only those that count.
    pub bad: [u64; 2],
}

impl Counts {
    /// Counts a slot.
    pub fn add(&mut self, row: &Ended) {
        let count = u64::from(row.count);
        let place = Outcome::ALL.iter().position(|outcome| *outcome == row.outcome);
        if let Some(place) = place {
            self.by_outcome[place] += count;
        }
        if !row.slot.kind.counts() {
            return;
        }
        for (place, axis) in Axis::ALL.into_iter().enumerate() {
            match row.mark(axis) {
                Mark::Good => self.good[place] += count,
                Mark::Bad => self.bad[place] += count,
                Mark::Void => {}
            }
        }
    }

    /// Counts what others have counted.
    pub fn merge(&mut self, other: &Self) {
        let own = self.by_outcome.iter_mut().chain(&mut self.good).chain(&mut self.bad);
        let others = other.by_outcome.iter().chain(&other.good).chain(&other.bad);
        own.zip(others).for_each(|(own, other)| *own += other);
    }

    fn push(&self, bytes: &mut Vec<u8>) {
        self.by_outcome.iter().chain(&self.good).chain(&self.bad).for_each(|count| varint::push(bytes, *count));
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let mut counts = Self::default();
        for count in counts.by_outcome.iter_mut().chain(&mut counts.good).chain(&mut counts.bad) {
            *count = varint::take(bytes)?;
        }
        Some(counts)
    }
}

/// How long exchanges took, in microseconds: each phase, and the whole. Only buckets that are not empty are held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Latencies {
    /// How often, by the lowest value of the bucket.
    parts: [BTreeMap<u64, u64>; PARTS],
}

impl Latencies {
    /// Counts an exchange.
    pub(super) fn add(&mut self, timing: &Timing) {
        let values = timing.phases_us.into_iter().chain([Some(timing.total_us)]);
        for (part, value) in self.parts.iter_mut().zip(values) {
            if let Some(value) = value {
                *part.entry(bucket(value.into())).or_default() += 1;
            }
        }
    }

    /// Counts what others have counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (own, theirs) in self.parts.iter_mut().zip(&other.parts) {
            for (value, count) in theirs {
                *own.entry(*value).or_default() += count;
            }
        }
    }

    /// The exchanges as a whole.
    pub(super) fn total(&self) -> Histogram<u64> {
        histogram(&self.parts[TOTAL])
    }

    /// One phase of them.
    pub(super) fn phase(&self, phase: Phase) -> Histogram<u64> {
        let place = Phase::ALL.iter().position(|other| *other == phase);
        histogram(&self.parts[place.unwrap_or(TOTAL)])
    }

    /// Appends the buckets: how far each is from the one before, and how often.
    pub(super) fn push(&self, bytes: &mut Vec<u8>) {
        for part in &self.parts {
            varint::push(bytes, part.len() as u64);
            let mut last = 0;
            for (value, count) in part {
                varint::push(bytes, value - last);
                varint::push(bytes, *count);
                last = *value;
            }
        }
    }

    /// Takes them off the front.
    pub(super) fn take(bytes: &mut &[u8]) -> Option<Self> {
        let mut latencies = Self::default();
        for part in &mut latencies.parts {
            let mut value = 0_u64;
            for _ in 0..varint::take(bytes)? {
                value = value.checked_add(varint::take(bytes)?)?;
                part.insert(value, varint::take(bytes)?);
            }
        }
        Some(latencies)
    }
}

/// The lowest value of the bucket that a value falls into.
fn bucket(value_us: u64) -> u64 {
    static SHAPE: OnceLock<Histogram<u64>> = OnceLock::new();
    SHAPE.get_or_init(empty).lowest_equivalent(value_us)
}

fn histogram(part: &BTreeMap<u64, u64>) -> Histogram<u64> {
    let mut all = empty();
    for (value, count) in part {
        // It grows with what comes; only what is longer than a timing can say is none of ours.
        let _ = u32::try_from(*value).map(|value| all.record_n(value.into(), *count));
    }
    all
}

/// A histogram of microseconds that grows with what comes.
pub(super) fn empty() -> Histogram<u64> {
    // Two digits are within what the constructor takes.
    Histogram::new(DIGITS).expect("a histogram of two digits")
}

/// Counts and latencies: what is kept of an hour and of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    pub(super) latencies: Latencies,
}

impl Tally {
    /// Counts a slot, and its exchanges where it counts for the SLO.
    pub(super) fn add(&mut self, body: &Body) {
        self.counts.add(&body.ended);
        if body.ended.slot.kind.counts() {
            body.ended.timings.iter().for_each(|timing| self.latencies.add(timing));
            body.latencies.iter().for_each(|latencies| self.latencies.merge(latencies));
        }
    }

    /// Counts what others have counted.
    pub(super) fn merge(&mut self, other: &Self) {
        self.counts.merge(&other.counts);
        self.latencies.merge(&other.latencies);
    }

    /// As bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.counts.push(&mut bytes);
        self.latencies.push(&mut bytes);
        bytes
    }

    /// From bytes; none where they are none of ours.
    pub(super) fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let tally = Self { counts: Counts::take(&mut bytes)?, latencies: Latencies::take(&mut bytes)? };
        bytes.is_empty().then_some(tally)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(totals: &[u32]) -> Tally {
        let mut tally = Tally::default();
        tally.counts.by_outcome[3] = 7;
        tally.counts.good[1] = 1_000_000;
        for total_us in totals {
            tally
                .latencies
                .add(&Timing { phases_us: [None, Some(total_us / 2), None, Some(1), None], total_us: *total_us });
        }
        tally
    }

    proptest! {
        #[test]
        fn a_tally_comes_back_from_its_bytes(totals: Vec<u32>) {
            let tally = tally(&totals);
            prop_assert_eq!(Tally::from_bytes(&tally.bytes()), Some(tally));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Tally::from_bytes(&bytes);
        }

        #[test]
        fn adding_up_parts_is_adding_up_all(left: Vec<u32>, right: Vec<u32>) {
            let mut merged = tally(&left);
            merged.merge(&tally(&right));
            let all = tally(&[left, right].concat());
            prop_assert_eq!(merged.latencies, all.latencies);
        }
    }

    #[test]
    fn a_latency_is_known_to_one_per_cent() {
        for value in [7_u32, 999, 12_345, 301_000, 59_000_000, u32::MAX] {
            let mut latencies = Latencies::default();
            latencies.add(&Timing { phases_us: [None; 5], total_us: value });
            let told = latencies.total().value_at_quantile(0.5);
            assert!(told.abs_diff(value.into()) * 100 <= u64::from(value), "{value} is told as {told}");
        }
    }

    #[test]
    fn an_hour_of_one_exchange_a_minute_is_small() {
        let totals: Vec<u32> = (0..60).map(|minute| 20_000 + minute * 137).collect();
        let length = tally(&totals).bytes().len();
        assert!(length < 400, "{length} bytes");
    }
}
