//! The faults that are planted, and which rule each puts to the test.

use std::time::Duration;

use plumb_canary::plan::{Canary, When};
use plumb_canary::slo::span;
use plumb_canary::slot::{Axis, Ended, Mark};

use super::lie::WRONG_STATUS;

/// How much longer than promised a delayed exchange takes, at least.
const DELAY_MARGIN: Duration = Duration::from_millis(50);
/// Over what share of the promised time a delay goes beyond it, as a divisor.
const DELAY_PART: u32 = 10;

/// What is wrong by plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Plant {
    /// Connections are not answered, then refused.
    Down,
    /// Reads are answered wrongly.
    Wrong,
    /// Requests arrive late.
    Slow,
    /// No slot starts.
    Silent,
}

impl Plant {
    /// Every one, in the order in which they are planted.
    pub(super) const ALL: [Self; 4] = [Self::Down, Self::Wrong, Self::Slow, Self::Silent];

    /// The fault that a rule is there for.
    pub(super) const fn of(when: &When) -> Self {
        match when {
            When::Slots { axis: Axis::Availability, .. } | When::BurnRate { axis: Axis::Availability, .. } => {
                Self::Down
            }
            When::Slots { axis: Axis::Conformance, .. } | When::BurnRate { axis: Axis::Conformance, .. } => Self::Wrong,
            When::Latency { .. } => Self::Slow,
            When::AllMissed { .. } => Self::Silent,
        }
    }

    /// How much later requests arrive than they could.
    pub(super) fn delay(canary: &Canary) -> Duration {
        let within = canary.slo.latency.map_or(Duration::ZERO, |own| own.within);
        within + (within / DELAY_PART).max(DELAY_MARGIN)
    }

    /// What is planted, in words.
    pub(super) fn words(self, canary: &Canary) -> String {
        match self {
            Self::Down => "connections are not answered in one slot, and refused in those after it".to_owned(),
            Self::Wrong => format!("reads are answered {WRONG_STATUS}"),
            Self::Slow => {
                let within = canary.slo.latency.map_or(Duration::ZERO, |own| own.within);
                format!("requests arrive {} late, where {} is promised", span(Self::delay(canary)), span(within))
            }
            Self::Silent => "no slot starts".to_owned(),
        }
    }

    /// Why a slot without any fault shows that the target is not well, where so.
    pub(super) fn ails(self, canary: &Canary, ended: &Ended) -> Option<String> {
        let message =
            || ended.trouble.as_ref().map_or_else(|| ended.outcome.word().to_owned(), |own| own.message.clone());
        let within = canary.slo.latency.map_or(Duration::MAX, |own| own.within);
        let is_slow = |total_us: u32| Duration::from_micros(u64::from(total_us)) > within;
        match self {
            Self::Down if ended.availability != Mark::Good => Some(message()),
            Self::Wrong if ended.conformance != Mark::Good => Some(message()),
            Self::Slow if ended.availability == Mark::Void || ended.timings.is_empty() => Some(message()),
            Self::Slow if ended.timings.iter().all(|own| is_slow(own.total_us)) => {
                Some(format!("every exchange takes longer than {}", span(within)))
            }
            Self::Silent if !ended.outcome.ran() => Some(message()),
            _ => None,
        }
    }

    /// Whether a slot shows the fault.
    pub(super) fn shows(self, canary: &Canary, ended: &Ended) -> bool {
        match self {
            Self::Down => ended.availability == Mark::Bad,
            Self::Wrong => ended.conformance == Mark::Bad,
            Self::Slow => self.ails(canary, ended).is_some() && ended.availability != Mark::Void,
            Self::Silent => !ended.outcome.ran(),
        }
    }
}
