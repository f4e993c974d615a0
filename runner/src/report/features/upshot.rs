//! What a scenario came to in the end, which every report says the same way.

use plumb_steps::played::Outcome;
use serde::Serialize;

use super::{FeatureReport, Scenario};

/// What a scenario came to in the end, over all its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Upshot {
    /// All holds, at the first attempt.
    Passed,
    /// All holds, and at an earlier attempt it did not.
    Flaky,
    /// Something does not hold.
    Failed,
    /// Something does not hold, or cannot be said, and somebody answers for the finding or the answer behind it.
    Accepted,
    /// Nothing can be said.
    Inconclusive,
    /// Nothing can be said, which is accepted of this scenario.
    Allowed,
    /// It was not tried.
    Skipped,
}

impl Upshot {
    /// The upshot in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Flaky => "flaky",
            Self::Failed => "failed",
            Self::Accepted => "failed, accepted",
            Self::Inconclusive => "inconclusive",
            Self::Allowed => "inconclusive, allowed",
            Self::Skipped => "skipped",
        }
    }

    /// The mark before the name of a scenario.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Passed | Self::Flaky => "✓",
            Self::Failed | Self::Accepted => "✗",
            Self::Inconclusive | Self::Allowed => "?",
            Self::Skipped => "–",
        }
    }
}

/// Whether an earlier attempt failed, and not in an answer that is accepted.
fn has_failed(scenario: &Scenario) -> bool {
    scenario.earlier.iter().any(|attempt| attempt.outcome == Outcome::Failed)
}

impl FeatureReport {
    /// What a scenario came to in the end, over all its attempts.
    pub fn upshot_of(&self, scenario: &Scenario) -> Upshot {
        let played = &scenario.played;
        match played.outcome {
            Outcome::Passed if scenario.earlier.is_empty() => Upshot::Passed,
            Outcome::Passed => Upshot::Flaky,
            Outcome::Failed | Outcome::Inconclusive if played.ends_in_accepted => Upshot::Accepted,
            // What failed once and then said nothing has failed.
            Outcome::Inconclusive | Outcome::Skipped if has_failed(scenario) => Upshot::Failed,
            Outcome::Failed if self.accepted_by(scenario).is_some() => Upshot::Accepted,
            Outcome::Failed => Upshot::Failed,
            Outcome::Inconclusive if played.may_be_inconclusive => Upshot::Allowed,
            Outcome::Inconclusive => Upshot::Inconclusive,
            Outcome::Skipped => Upshot::Skipped,
        }
    }

    /// Who accepts the finding that a scenario shows, or what it is that was accepted before.
    pub fn accepted_by(&self, scenario: &Scenario) -> Option<&str> {
        let findings = self.findings_of(scenario);
        let all_accepted = findings.iter().all(|finding| finding.accepted_by.is_some());
        let finding = findings.first().filter(|_| all_accepted).and_then(|finding| finding.accepted_by.as_deref());
        finding.or(scenario.played.ends_in_accepted.then_some("an accepted deviation before it"))
    }
}
