//! What happened in a run, one line each. Every report is a fold over these lines; they know of no report.

use plumb_validator::finding::Finding;
use serde::{Deserialize, Serialize};

/// The schema of the lines, told in the first one.
pub const EVENTS_SCHEMA: &str = "plumb.events/1";

/// One thing that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first line.
    RunStarted(RunStarted),
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
    /// The last line.
    RunEnded(RunEnded),
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
    /// The flavour.
    pub flavour: String,
    /// The seed.
    pub seed: u64,
    /// When it began, ISO 8601.
    pub started: String,
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
    /// Resources that could not be removed: kind and name.
    pub resources_left: Vec<(String, String)>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}
