//! A decision with all that led to it: what every report of a gate shows, and what stays of it as a record.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::stats::comparison::Comparison;
use crate::verdict::{Said, Verdict, sum};

/// The schema of a decision as JSON.
pub const GATE_SCHEMA: &str = "plumb.gate/1";

/// What a gate decided. All texts in it that come from a server are to be taken for hostile: whoever shows them escapes
/// them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// [`GATE_SCHEMA`].
    pub schema: String,
    /// The name of the gate.
    pub gate: String,
    /// The id of this run of it.
    pub run: String,
    /// What it says.
    pub verdict: Verdict,
    /// What it would say, where it was overridden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_override: Option<Verdict>,
    /// Who answers for going on, where somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Override>,
    /// One sentence on why.
    pub summary: String,
    /// When it began.
    pub began: Timestamp,
    /// When it was decided.
    pub decided: Timestamp,
    /// The version of the binary.
    pub version: String,
    /// The API.
    pub api: String,
    /// The hash of the model that judged.
    pub model: String,
    /// The seed of generated cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What was looked at.
    pub targets: Vec<Looked>,
    /// Everything that was asked, in order, each with its answer.
    pub checks: Vec<Check>,
    /// What the targets do wrong.
    pub findings: Vec<Found>,
    /// What was not judged, and why.
    pub skipped: Vec<Skipped>,
    /// What does not change the verdict, and whoever reads it should know: an accepted finding that expires soon.
    pub notices: Vec<String>,
    /// The target held against another, call by call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// Where everything that was seen is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// A target that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Its name.
    pub target: String,
    /// Its endpoint.
    pub endpoint: String,
    /// The address that requests were sent to instead of what the name resolves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_to: Option<String>,
    /// The versions that it told, each once.
    pub versions: Vec<String>,
    /// How many cases and scenarios were judged.
    pub executed: u64,
    /// How many requests were sent.
    pub exchanges: u64,
}

/// One thing that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What kind of check it is, a stable word: `features`, `suites`, `minimum`, `coverage`, `version`, `latency`,
    /// `evidence`, `baseline`.
    pub name: String,
    /// Where: the name of a target, or nothing where it is about all of them.
    pub target: String,
    /// Its answer.
    pub said: Said,
    /// Why, in one sentence.
    pub why: String,
}

/// Something that a target does wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// At which target.
    pub target: String,
    /// The operation.
    pub operation: String,
    /// One sentence.
    pub summary: String,
    /// How it stands.
    pub standing: Standing,
    /// How many cases show it.
    pub count: u64,
    /// The command that shows it again.
    pub replay: String,
    /// The ids that the server gave the requests.
    pub request_ids: Vec<String>,
    /// The feature file and line that shows it, where it is a scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<(String, usize)>,
}

/// How a finding stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Standing {
    /// Nobody knew of it: it blocks.
    New,
    /// It was in the run that this one is held against: it does not block.
    Known {
        /// That run.
        run: String,
    },
    /// Somebody answers for it: it does not block.
    Accepted {
        /// Who.
        owner: String,
        /// Until when, the last day.
        expires: jiff::civil::Date,
    },
    /// Somebody answered for it, and that is over: it blocks from a day on.
    Expired {
        /// Who answered for it.
        owner: String,
        /// The last day on which it counted.
        expired: jiff::civil::Date,
        /// The first day on which it blocks.
        blocks: jiff::civil::Date,
        /// Whether it blocks today.
        is_due: bool,
    },
}

impl Standing {
    /// Whether a gate fails because of it.
    pub const fn blocks(&self) -> bool {
        matches!(self, Self::New | Self::Expired { is_due: true, .. })
    }
}

/// Cases or scenarios that were not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// At which target.
    pub target: String,
    /// `skipped`, `unsupported`, `unmodelled`, `inconclusive`, `not-run`.
    pub verdict: String,
    /// Why.
    pub why: String,
    /// How many.
    pub count: u64,
}

/// Somebody answers for going on although a gate did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
    /// Until when it counts.
    pub until: Timestamp,
    /// When it was made.
    pub made: Timestamp,
}

impl Decision {
    /// The decision that its checks come to; an override counts only where they do not pass.
    #[must_use]
    pub fn decided(mut self, overridden: Option<Override>) -> Self {
        let verdict = sum(self.checks.iter().map(|check| check.said));
        (self.verdict, self.without_override, self.overridden) = match overridden {
            Some(own) if verdict != Verdict::Pass => (Verdict::Overridden, Some(verdict), Some(own)),
            _ => (verdict, None, None),
        };
        self
    }

    /// The checks that keep it from passing, those that fail first.
    pub fn against(&self) -> impl Iterator<Item = &Check> {
        let of = |said: Said| self.checks.iter().filter(move |check| check.said == said);
        of(Said::Fail).chain(of(Said::Inconclusive))
    }
}
