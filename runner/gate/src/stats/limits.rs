//! From where on a difference counts.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::comparison::Metric;

/// From where on a difference counts: it must be more than chance, and it must matter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The share of gates in which chance alone may block. Half of one per cent: that leaves as much again for calls that
    /// depend on each other in ways that blocks of them do not cover.
    pub alpha: f64,
    /// How much higher the share of failed calls must be: 0.001 is one call in a thousand.
    pub failures_more: f64,
    /// How many times as long calls must take: 1.025 is two and a half per cent longer.
    pub slower: f64,
    /// How many times as many calls must be among the slowest.
    pub tail: f64,
    /// A group with fewer calls says nothing unless it is clearly worse.
    pub calls_min: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { alpha: 0.005, failures_more: 0.001, slower: 1.025, tail: 1.25, calls_min: 100 }
    }
}

/// A limit that makes no sense.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("read {name} = {value}: it must be from {low} to {high}")]
pub struct LimitError {
    /// Which.
    pub name: &'static str,
    /// What it is.
    pub value: f64,
    /// The lowest that it may be.
    pub low: f64,
    /// The highest that it may be.
    pub high: f64,
}

impl Limits {
    /// The smallest difference that matters.
    pub const fn of(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Availability => self.failures_more,
            Metric::Body => self.slower,
            Metric::Tail => self.tail,
        }
    }

    /// Whether each is within its bounds.
    pub fn check(&self) -> Result<(), LimitError> {
        let calls_min = super::numbers::real(self.calls_min);
        for (name, value, low, high) in [
            ("alpha", self.alpha, 0.000_001, 0.2),
            ("failures_more", self.failures_more, 0.0, 0.5),
            ("slower", self.slower, 1.0, 100.0),
            ("tail", self.tail, 1.0, 100.0),
            ("calls_min", calls_min, 20.0, 100_000.0),
        ] {
            // A number that is none is within no bounds.
            if !(low..=high).contains(&value) {
                return Err(LimitError { name, value, low, high });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_bounds_and_nonsense_is_refused() {
        assert_eq!(Limits::default().check(), Ok(()));
        for bad in [
            Limits { alpha: 0.0, ..Limits::default() },
            Limits { alpha: f64::NAN, ..Limits::default() },
            Limits { slower: 0.9, ..Limits::default() },
            Limits { failures_more: -0.1, ..Limits::default() },
            Limits { tail: f64::INFINITY, ..Limits::default() },
            Limits { calls_min: 0, ..Limits::default() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
