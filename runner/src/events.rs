//! What happened in a run, one line each. Every report is a fold over these lines; they know of no report.

use plumb_steps::played::Played;
use plumb_validator::finding::Finding;
use plumb_validator::precedence::Tested;
use serde::{Deserialize, Serialize};

/// The schema of the lines, told in the first one.
pub const EVENTS_SCHEMA: &str = "plumb.events/1";

/// One thing that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first line.
    RunStarted(RunStarted),
    /// What the target has and what it lacks, as it was found out before the first case.
    Capabilities {
        /// One for each thing that was looked at.
        checked: Vec<Checked>,
    },
    /// A case is over.
    CaseDone(CaseDone),
    /// A finding was confirmed and made small.
    Found(Box<Finding>),
    /// More cases show a finding that is known.
    SeenAgain {
        /// The id of the finding.
        finding: String,
    },
    /// A divergence that did not come again, or could not be run again.
    Unconfirmed {
        /// The coarse signature.
        signature: String,
        /// The case that showed it.
        case: String,
        /// The operation that the case is about.
        operation: String,
        /// Why it is no finding.
        why: String,
        /// Whether the case counted as diverging because of it.
        decides_case: bool,
    },
    /// A case of which nothing could be said, because it got no answer, diverges: the server always hangs up there.
    HungUp {
        /// The case.
        case: String,
        /// The operation that it is about.
        operation: String,
        /// Why nothing was said of it before.
        unsaid: String,
    },
    /// The target died.
    Died(Died),
    /// What has met of the choices of each operation.
    Coverage {
        /// By operation and strength.
        covered: Vec<Covered>,
    },
    /// The last line.
    RunEnded(RunEnded),
    /// The first line of a run of features.
    TestsStarted(TestsStarted),
    /// A scenario was played: once for each attempt, the last of which counts.
    ScenarioDone(Box<Played>),
    /// The last line of a run of features.
    TestsEnded(TestsEnded),
}

/// Which features run, against what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestsStarted {
    /// [`EVENTS_SCHEMA`].
    pub schema: String,
    /// The id of the run.
    pub run: String,
    /// The version of this tool.
    pub version: String,
    /// The API.
    pub api: String,
    /// The name of the target; `model` is the model itself.
    pub target: String,
    /// Its endpoint; none where it is the model itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The address that was connected to instead of what the name of the endpoint resolves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_to: Option<String>,
    /// The flavour.
    pub flavour: String,
    /// The digest of what the model asks.
    #[serde(default)]
    pub model: String,
    /// The digest of the scenarios that were selected.
    #[serde(default)]
    pub scenarios: String,
    /// The digest of the findings that were accepted.
    #[serde(default)]
    pub accepted: String,
    /// The tag expression, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// How many scenarios were selected.
    pub selected: u64,
    /// How many were left out, by tags, by name or because they belong to another API.
    pub left_out: u64,
    /// Whether nothing is sent, and steps are only bound to functions.
    #[serde(default)]
    pub dry_run: bool,
    /// Whether the features are those that come with the binary: then there need not be a file of theirs.
    #[serde(default)]
    pub embedded: bool,
    /// When it began, ISO 8601.
    pub started: String,
}

/// How a run of features ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestsEnded {
    /// Whether somebody stopped it.
    pub interrupted: bool,
    /// Why it ended before every scenario was played, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early: Option<String>,
    /// How many selected scenarios were not played.
    pub scenarios_left: u64,
    /// The versions that the target told, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// Resources that could not be removed: kind and name.
    pub resources_left: Vec<(String, String)>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What runs, against what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunStarted {
    /// [`EVENTS_SCHEMA`].
    pub schema: String,
    /// The id of the run.
    pub run: String,
    /// The version of this tool.
    pub version: String,
    /// The API.
    pub api: String,
    /// The name of the target.
    pub target: String,
    /// Its endpoint.
    pub endpoint: String,
    /// The address that was connected to instead of what the name of the endpoint resolves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_to: Option<String>,
    /// The flavour.
    pub flavour: String,
    /// The digest of what the model asks.
    #[serde(default)]
    pub model: String,
    /// The seed.
    pub seed: u64,
    /// Which cases it sends.
    #[serde(default)]
    pub cases: CasesOf,
    /// When it began, ISO 8601.
    pub started: String,
    /// The run that it goes on with, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<String>,
    /// How many cases of that run conformed, and are not sent again.
    #[serde(default)]
    pub kept: u64,
}

/// What decides, beside the seed, which cases a run sends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasesOf {
    /// The operations that were named; none means all.
    pub operations: Vec<String>,
    /// How many choices are made to meet.
    pub strength: usize,
    /// How many workflows there are.
    pub workflows: usize,
    /// The part of the cases that this run sends, where it is one: `2/5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// The digest of the file of weights, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// The digest of the cases that went first, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<String>,
}

/// What has met of the choices of an operation, in cases that were judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// The operation.
    pub operation: String,
    /// How many choices are to meet.
    pub strength: usize,
    /// How many sets of so many choices have met.
    pub covered: u64,
    /// How many can never meet.
    pub infeasible: u64,
    /// How many could have met and have not.
    pub left: u64,
    /// Whether only some sets of dimensions were counted, because there are too many.
    pub is_sample: bool,
    /// The same for each pair of dimensions, at strength 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<Met>,
}

/// What has met of the choices of some dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// The dimensions.
    pub dimensions: Vec<String>,
    /// How many sets of choices have met.
    pub covered: u64,
    /// How many could have met and have not.
    pub left: u64,
}

/// One thing that a target may have or lack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// The operation; none where it is about the target as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The capability; none where it is the operation itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// The argument of the operation that belongs to the capability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
    /// What was found out.
    pub result: Has,
    /// What tells it: the class of an answer, or why there is none.
    pub why: String,
}

/// Whether a target has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Has {
    /// It has it.
    Works,
    /// It says that it does not have it, or shows it. Cases that need it are counted as unsupported.
    NotImplemented,
    /// That could not be told. Cases that need it are sent.
    Unclear,
    /// Nothing was sent, because the guard let nothing through.
    NotProbed,
}

impl Has {
    /// The result in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::NotImplemented => "not implemented",
            Self::Unclear => "unclear",
            Self::NotProbed => "not probed",
        }
    }
}

/// What a case came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CaseDone {
    /// Its number in the run.
    pub sequence: u64,
    /// Its id.
    pub case: String,
    /// The suite that made it.
    pub suite: String,
    /// The operation it is about.
    pub operation: String,
    /// The choices that are not the default.
    pub choices: Vec<String>,
    /// `conforms`, `diverges`, `inconclusive`, `skipped`, `unsupported` or `unmodelled`.
    pub verdict: String,
    /// Why, where it does not conform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Whether it conforms with every answer the preferred one.
    pub preferred: bool,
    /// What was sent: operation, class of the answer, latency in microseconds.
    pub exchanges: Vec<(String, String, u64)>,
    /// What a call with faults was answered, where that can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tested: Option<Tested>,
}

/// A case of which the target died.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Died {
    /// The number of the case in the run.
    pub sequence: u64,
    /// Its id.
    pub case: String,
    /// The operation it is about.
    pub operation: String,
    /// The choices that are not the default.
    pub choices: Vec<String>,
    /// The request that got no answer; none where the target was dead before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// How the run ended.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RunEnded {
    /// Whether somebody stopped it.
    pub interrupted: bool,
    /// Why it ended before every case was run, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early: Option<String>,
    /// How many cases were not run.
    pub cases_left: u64,
    /// The versions that the target told, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// How many cases were sent without some of their probes, because the target does not implement these.
    #[serde(default)]
    pub without_probes: u64,
    /// How often the target was found dead and its restart was tried, confirming and making small included.
    #[serde(default)]
    pub restarts: u64,
    /// Resources that could not be removed: kind and name.
    pub resources_left: Vec<(String, String)>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}
