//! Latencies side by side, by operation and size.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::{Value, json};

use crate::compare::passes::Pass;
use crate::compare::said::Spoken;
use crate::report::LATENCY_MICROSECONDS_MAX;

/// The most that counts as small, in bytes of request and answer together.
pub const SMALL_BYTES_MAX: u64 = 1 << 10;
/// The most that counts as medium.
pub const MEDIUM_BYTES_MAX: u64 = 64 << 10;
/// With fewer calls nothing is said about who is faster.
pub const CALLS_MIN: u64 = 30;
/// The least by which two targets must differ at the median, as a factor.
pub const FACTOR_MIN: f64 = 1.1;
/// How far from chance it must be how often B is the slowest or the fastest of the three, in standard deviations.
/// Beyond four, chance does it once in fifteen thousand rows.
pub const DEVIATIONS_MIN: f64 = 4.0;
/// How many digits of a latency are kept.
const DIGITS: u8 = 2;

/// How large the bodies of a call are, request and answer together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Size {
    /// No byte.
    Empty,
    /// Up to [`SMALL_BYTES_MAX`].
    Small,
    /// Up to [`MEDIUM_BYTES_MAX`].
    Medium,
    /// More.
    Large,
}

impl Size {
    /// The size of so many bytes.
    pub const fn of(bytes: u64) -> Self {
        match bytes {
            0 => Self::Empty,
            1..=SMALL_BYTES_MAX => Self::Small,
            _ if bytes <= MEDIUM_BYTES_MAX => Self::Medium,
            _ => Self::Large,
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Small => "≤1 KiB",
            Self::Medium => "≤64 KiB",
            Self::Large => ">64 KiB",
        }
    }
}

/// What can be said about the speed of B beside A.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speed {
    /// There are fewer than [`CALLS_MIN`] calls.
    TooFew,
    /// B differs from A no more than A from itself, or by less than [`FACTOR_MIN`], or no more than by chance.
    Alike,
    /// B takes longer.
    Slower,
    /// B takes less time.
    Faster,
}

/// The latencies of the three passes in calls of one operation and size, in microseconds.
#[derive(Debug)]
pub struct Row {
    /// In the order of [`Pass::ALL`]; each holds the same calls.
    histograms: [Histogram<u64>; 3],
    /// In how many calls B was slower than both passes of A.
    slowest: u64,
    /// In how many it was faster than both.
    fastest: u64,
}

impl Row {
    fn new() -> Self {
        let empty = || {
            Histogram::new_with_bounds(1, LATENCY_MICROSECONDS_MAX, DIGITS)
                .unwrap_or_else(|_| unreachable!("the bounds are constants"))
        };
        Self { histograms: [empty(), empty(), empty()], slowest: 0, fastest: 0 }
    }

    /// Notes one call, in microseconds.
    fn note(&mut self, [a, again, b]: [u64; 3]) {
        for (histogram, latency) in self.histograms.iter_mut().zip([a, again, b]) {
            histogram.saturating_record(latency.max(1));
        }
        self.slowest += u64::from(b > a.max(again));
        self.fastest += u64::from(b < a.min(again));
    }

    /// How many calls there are, in each pass.
    pub fn calls(&self) -> u64 {
        self.histograms[0].len()
    }

    /// The latency that a share `quantile` of the calls of a pass do not exceed.
    pub fn at(&self, pass: Pass, quantile: f64) -> u64 {
        self.histograms[pass as usize].value_at_quantile(quantile)
    }

    /// The longest latency of a pass.
    pub fn max(&self, pass: Pass) -> u64 {
        self.histograms[pass as usize].max()
    }

    /// The median of a pass as a multiple of A's.
    pub fn ratio(&self, pass: Pass) -> f64 {
        as_float(self.at(pass, 0.5)) / as_float(self.at(Pass::A, 0.5).max(1))
    }

    /// Whether B is slower or faster: only where its median is farther from the nearer pass of A than the two
    /// passes of A are from each other, by [`FACTOR_MIN`] at least, and chance would not make it so.
    pub fn speed(&self) -> Speed {
        if self.calls() < CALLS_MIN {
            return Speed::TooFew;
        }
        let [a, again, b] = Pass::ALL.map(|pass| as_float(self.at(pass, 0.5).max(1)));
        let (low, high) = (a.min(again), a.max(again));
        let band = (high / low).max(FACTOR_MIN);
        if b > high * band && self.deviations() > DEVIATIONS_MIN {
            Speed::Slower
        } else if b < low / band && self.deviations() < -DEVIATIONS_MIN {
            Speed::Faster
        } else {
            Speed::Alike
        }
    }

    /// How far it is from chance how much more often B is the slowest of the three than the fastest. Of three
    /// alike, each is the slowest in a third of the calls and the fastest in a third, so that the difference of
    /// both counts has a variance of two thirds of the calls.
    fn deviations(&self) -> f64 {
        let variance = as_float(self.calls()) * 2.0 / 3.0;
        (as_float(self.slowest) - as_float(self.fastest)) / variance.sqrt().max(1.0)
    }

    fn to_json(&self, operation: &str, size: Size) -> Value {
        let pass = |pass| json!({"p50": self.at(pass, 0.5), "p99": self.at(pass, 0.99), "max": self.max(pass)});
        json!({
            "operation": operation,
            "size": size,
            "calls": self.calls(),
            "a": pass(Pass::A),
            "again": pass(Pass::Again),
            "b": pass(Pass::B),
            "b_to_a": self.ratio(Pass::B),
            "again_to_a": self.ratio(Pass::Again),
            "b_is": self.speed(),
        })
    }
}

/// Latencies by operation and size.
#[derive(Debug, Default)]
pub struct Latencies {
    rows: BTreeMap<(String, Size), Row>,
}

impl Latencies {
    /// Notes a call that all three answered, in the order of [`Pass::ALL`]. It counts only where they answered
    /// with the same status and code: the time a refusal takes says nothing about the time of a success.
    pub fn note(&mut self, spoken: [Spoken<'_>; 3]) {
        let [a, again, b] = spoken.map(|own| own.answer.class());
        if a != again || a != b {
            return;
        }
        let key = (spoken[0].exchange.operation.clone(), Size::of(spoken[0].body_bytes()));
        let row = self.rows.entry(key).or_insert_with(Row::new);
        row.note(spoken.map(|own| microseconds(own.exchange.latency)));
    }

    /// The rows in the order of operation and size.
    pub fn rows(&self) -> impl Iterator<Item = (&str, Size, &Row)> {
        self.rows.iter().map(|((operation, size), row)| (operation.as_str(), *size, row))
    }

    /// All rows, in microseconds.
    pub fn to_json(&self) -> Vec<Value> {
        self.rows().map(|(operation, size, row)| row.to_json(operation, size)).collect()
    }
}

fn microseconds(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "latencies are far below 2^52 microseconds")]
const fn as_float(microseconds: u64) -> f64 {
    microseconds as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(latencies: [u64; 3], calls: u64, speed: Speed) {
        let mut row = Row::new();
        (0..calls).for_each(|_| row.note(latencies));
        assert_eq!(row.speed(), speed, "{latencies:?}, {calls} calls");
    }

    #[test]
    fn what_is_below_the_noise_is_no_difference() {
        check([1_000, 1_000, 1_500], CALLS_MIN, Speed::Slower);
        check([1_000, 1_000, 1_500], CALLS_MIN - 1, Speed::TooFew);
        check([1_000, 1_000, 1_050], CALLS_MIN, Speed::Alike);
        check([1_000, 1_400, 1_500], CALLS_MIN, Speed::Alike);
        check([1_400, 1_000, 1_500], CALLS_MIN, Speed::Alike);
        check([1_000, 1_400, 2_500], CALLS_MIN, Speed::Slower);
        check([1_000, 1_000, 500], CALLS_MIN, Speed::Faster);
        check([1_000, 700, 600], CALLS_MIN, Speed::Alike);
    }

    #[test]
    fn a_median_that_moved_by_chance_is_no_difference() {
        let mut row = Row::new();
        // Now one, now the other is slow; the median of B lies on the slow side by a single call.
        for call in 0..=CALLS_MIN {
            row.note(if call % 2 == 0 { [1_000, 1_000, 2_000] } else { [2_000, 2_000, 1_000] });
        }
        assert!(row.ratio(Pass::B) > 1.9, "{}", row.ratio(Pass::B));
        assert_eq!(row.speed(), Speed::Alike);
    }

    #[test]
    fn sizes_have_named_bounds() {
        for (bytes, size) in [
            (0, Size::Empty),
            (1, Size::Small),
            (SMALL_BYTES_MAX, Size::Small),
            (SMALL_BYTES_MAX + 1, Size::Medium),
            (MEDIUM_BYTES_MAX, Size::Medium),
            (MEDIUM_BYTES_MAX + 1, Size::Large),
        ] {
            assert_eq!(Size::of(bytes), size, "{bytes}");
        }
    }
}
