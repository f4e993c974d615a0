//! Findings: a divergence that came again, made small, with all it takes to show it to somebody else.

use plumb_model::bodies::{hex, sha256};
use plumb_model::call::Case;
use plumb_model::space::Cause;
use serde::{Deserialize, Serialize};

use crate::case_run::CaseRun;
use crate::precedence::Cycle;
use crate::verdict::{Divergence, Expected, Kind, Observed};
use plumb_model::judge::NOTHING;

/// How often a diverging case is run again.
pub const CONFIRMATIONS: u32 = 3;
/// How often a case on which the server hung up is run again, each request over a connection of its own. It must
/// hang up every time: where a proxy loses one answer in ten, all of these are lost once in 100,000 cases.
pub const HANG_UPS: u32 = 5;
/// The version of the replay format.
pub const REPLAY_VERSION: u32 = 1;

/// All divergences with the same cause.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finding {
    /// Eight hexadecimal digits of the hash of its signature.
    pub id: String,
    /// Operation, kind, expected and observed class, place, choices.
    pub signature: String,
    /// What it is.
    pub kind: Kind,
    /// The operation.
    pub operation: String,
    /// One sentence.
    pub summary: String,
    /// Every permitted answer, the preferred one first.
    pub expected: Vec<Expected>,
    /// What came.
    pub observed: Observed,
    /// Whether the answer is inside the permitted set and only not the preferred one. Never so for a divergence.
    pub preferred_only: bool,
    /// How well the preferred answer is known.
    pub basis: String,
    /// How often it came again: `3/3`.
    pub reproduced: String,
    /// How many cases showed it.
    pub count: u64,
    /// The server's ids of the request, one of each run.
    pub request_ids: Vec<String>,
    /// The command that replays it.
    pub replay: String,
    /// The same as shell commands, where curl can say it faithfully.
    pub curl: Option<String>,
    /// Where the answer differs from the nearest permitted one.
    pub places: Vec<String>,
    /// The choices that are left in the minimal case.
    pub choices: Vec<String>,
    /// The choices that make it fail, defaults among them, where other requests that have them tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The minimal case.
    pub case: Case,
    /// The class of each answer in the minimal case, by call id.
    pub recorded: Vec<(String, String)>,
    /// The state of the model before the diverging call.
    pub state: serde_json::Value,
    /// The deviation that accepts it, where there is one: its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<String>,
    /// Where it is a precedence cycle: all of it, for it takes more than one case to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle: Option<Cycle>,
}

impl Finding {
    /// The finding of a minimal `case` whose last `run` diverged.
    pub fn new(case: Case, run: &CaseRun, divergence: &Divergence) -> Self {
        let choices = case.origin.choices.clone();
        let signature = format!("{} [{}]", divergence.signature(), choices.join(", "));
        Self {
            id: id(&signature),
            kind: divergence.kind,
            operation: divergence.operation.clone(),
            summary: summary(divergence, &choices),
            expected: divergence.expected.clone(),
            observed: divergence.observed.clone(),
            preferred_only: false,
            basis: divergence.expected.first().map_or_else(String::new, |expected| expected.basis.clone()),
            reproduced: String::new(),
            count: 1,
            request_ids: divergence.request_id.iter().cloned().collect(),
            replay: String::new(),
            curl: None,
            places: divergence.places(),
            choices,
            cause: None,
            recorded: recorded(run),
            case,
            state: divergence.state.clone(),
            accepted_by: None,
            cycle: None,
            signature,
        }
    }
}

/// The id of the finding with this signature.
pub(crate) fn id(signature: &str) -> String {
    hex(&sha256(signature.as_bytes())[..4]).into_iter().map(char::from).collect()
}

/// The class of each answer by call id; `no answer` where none came.
pub fn recorded(run: &CaseRun) -> Vec<(String, String)> {
    run.exchanges.iter().map(|exchange| (exchange.id.clone(), exchange.class())).collect()
}

/// One sentence: who did what, with which choices, instead of what.
fn summary(divergence: &Divergence, choices: &[String]) -> String {
    let mut classes: Vec<&str> = Vec::new();
    for expected in &divergence.expected {
        if !classes.contains(&expected.class.as_str()) {
            classes.push(&expected.class);
        }
    }
    let with = if choices.is_empty() { String::new() } else { format!(" with {}", choices.join(" and ")) };
    let near = divergence.expected.iter().find(|expected| expected.class == divergence.observed.class);
    let what = match near.and_then(|expected| expected.mismatches.first()) {
        Some(first) if first.observed == NOTHING => format!("{} is missing, expected {}", first.place, first.expected),
        Some(first) => format!("{} is {}, expected {}", first.place, first.observed, first.expected),
        None if divergence.is_hang_up() => format!("hung up without an answer, expected {}", classes.join(" or ")),
        None => format!("answered {}, expected {}", divergence.observed.class, classes.join(" or ")),
    };
    format!("{}{with} {}: {what}", divergence.operation, divergence.kind.words())
}

/// What is written to `findings/<id>.json` and read by `plumb replay`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The version of the format.
    pub plumb_replay: u32,
    /// The API.
    pub api: String,
    /// The flavour.
    pub flavour: String,
    /// The name of the target it was found on. Only the built-in name `demo` is ever acted on.
    pub target: String,
    /// The coarse signature of the divergence.
    pub diverges: String,
    /// The finding.
    pub finding: Finding,
}
