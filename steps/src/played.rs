//! What became of a scenario, as data: reports and stores read it, and know of no executor.

use plumb_model::call::Case;
use plumb_validator::verdict::Divergence;
use serde::{Deserialize, Serialize};

pub use crate::failure::Outcome;

/// One scenario, played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Played {
    /// Its id, by which it is selected: `uploads::a_file_can_be_read`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name of its feature.
    pub feature: String,
    /// The rule it stands under, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The file.
    pub path: String,
    /// The line of the scenario, or of its row of examples.
    pub line: usize,
    /// Its tags, without the `@`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The team that answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The API it speaks of.
    pub api: String,
    /// What it came to.
    pub outcome: Outcome,
    /// Whether an inconclusive end is accepted of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub may_be_inconclusive: bool,
    /// Which attempt this is, from one.
    pub attempt: u32,
    /// Its steps, each with what became of it.
    pub steps: Vec<StepPlayed>,
    /// Why it is not passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Calls that were answered.
    pub calls: u64,
    /// Those that the model judged.
    pub judged: u64,
    /// Those that are no call of the API, so that nothing but the scenario's own steps looked at the answer.
    pub unmodelled: u64,
    /// Those whose answer the model forbids, in a scenario that does without the model.
    pub waived: u64,
    /// Those whose answer the model forbids and somebody has accepted.
    #[serde(default)]
    pub accepted: u64,
    /// Whether the step that ended it looks at an answer that somebody has accepted: the scenario cannot hold there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ends_in_accepted: bool,
    /// Whether the scenario does without the model's judgement.
    #[serde(default, skip_serializing_if = "is_false")]
    pub without_model: bool,
    /// How long it took, clean-up left out, in microseconds.
    pub duration_us: u64,
    /// What it did, as a case; none where it made no call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<Case>,
    /// Why the case is not all of the scenario, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_lacks: Option<String>,
}

/// One step, played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepPlayed {
    /// The keyword as it is written: `And`.
    pub keyword: String,
    /// The text.
    pub text: String,
    /// The line in the file.
    pub line: usize,
    /// The column of the keyword.
    pub column: usize,
    /// What became of it.
    pub end: StepEnd,
    /// When it began, in microseconds from the start of the scenario.
    pub started_us: u64,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// Where its function is: `steps/src/http.rs:12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defined_at: Option<String>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepEnd {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// It panicked.
    Panicked,
    /// Nobody has defined it.
    Undefined,
    /// Several functions claim it.
    Ambiguous,
    /// The scenario's time ran out in it.
    TimedOut,
    /// Nothing can be said.
    Inconclusive,
    /// The guard refused a call, or the target cannot do it.
    Skipped,
    /// A step before it ended the scenario.
    NotRun,
}

impl StepEnd {
    /// What a scenario comes to that ends here.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Passed => Outcome::Passed,
            Self::Failed | Self::Panicked | Self::Undefined | Self::Ambiguous => Outcome::Failed,
            Self::TimedOut | Self::Inconclusive => Outcome::Inconclusive,
            Self::Skipped | Self::NotRun => Outcome::Skipped,
        }
    }

    /// The end in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Undefined => "undefined",
            Self::Ambiguous => "ambiguous",
            Self::TimedOut => "timed out",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
            Self::NotRun => "not run",
        }
    }
}

/// Why a scenario is not passed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    /// Which of its steps ended it; none where it ended before its first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// What is wrong, in words.
    pub message: String,
    /// What to do: a function to paste, or the places that claim the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The answer that should not have come, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divergence: Option<Box<Divergence>>,
    /// The call that was under way or last: method and target, safe to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}
