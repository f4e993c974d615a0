//! What is kept of a run: in memory without, and on the disk with the whole decision.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::ask::Key;
use crate::decision::Decision;
use crate::verdict::{Verdict, sum};

/// The schema of a run on the disk.
const RUN_SCHEMA: &str = "plumb.gate-run/1";
/// The most reasons that are told with a state; the decision has all.
const REASONS_MAX: usize = 20;
/// The longest text that is told with a state, in characters; the decision has the whole.
const TEXT_MAX: usize = 400;

/// How a run stands, in the words that pipelines are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing is decided: it waits for its turn, or is under way.
    Running,
    /// Go on.
    Pass,
    /// Do not go on.
    Fail,
    /// It cannot be told. Do not go on.
    Inconclusive,
    /// It did not pass, and somebody answers for going on all the same.
    Overridden,
}

impl State {
    /// The word for it, as in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Overridden => "overridden",
        }
    }
}

impl From<Verdict> for State {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::Fail => Self::Fail,
            Verdict::Inconclusive => Self::Inconclusive,
            Verdict::Overridden => Self::Overridden,
        }
    }
}

/// What a run is filed under: a hash of its gate and key, so that no name reaches the file system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(String);

impl Id {
    pub(super) fn of(gate: &str, key: &Key) -> Self {
        use std::fmt::Write as _;
        let digest = Sha256::digest(format!("{} {gate} {key}", gate.len()));
        Self(digest.iter().take(16).fold(String::new(), |mut text, byte| {
            // Writing to a string never fails.
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    schema: String,
    pub(super) gate: String,
    pub(super) key: Key,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expect_version: Option<String>,
    /// When it was asked for first.
    pub(super) asked: Timestamp,
    pub(super) attempts: Vec<Attempt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<Outcome>,
}

/// One time that it was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    pub(super) began: Timestamp,
    /// Nothing while it is under way.
    #[serde(flatten)]
    pub(super) end: Option<End>,
}

/// The end of one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    ended: Timestamp,
    how: Ended,
}

/// How one time ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ended {
    /// With a decision.
    Decided,
    /// Without one.
    Failed,
    /// The server ended in an orderly way.
    Stopped,
    /// The server was gone all at once.
    Killed,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) decided: Timestamp,
    pub(super) state: State,
    pub(super) summary: String,
    /// What keeps it from passing.
    pub(super) reasons: Vec<String>,
    /// The version of the binary and the hash of the model that judged, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) judged_by: Option<(String, String)>,
    /// The whole decision: on the disk alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) decision: Option<Box<Decision>>,
}

impl Record {
    pub(super) fn new(gate: String, key: Key, expect_version: Option<String>, asked: Timestamp) -> Self {
        let (schema, attempts) = (RUN_SCHEMA.to_owned(), Vec::new());
        Self { schema, gate, key, expect_version, asked, attempts, outcome: None }
    }

    pub(super) fn id(&self) -> Id {
        Id::of(&self.gate, &self.key)
    }

    /// Whether it is of the form that this version writes.
    pub(super) fn is_known(&self) -> bool {
        self.schema == RUN_SCHEMA
    }

    pub(super) fn state(&self) -> State {
        self.outcome.as_ref().map_or(State::Running, |outcome| outcome.state)
    }

    /// Leaves the whole decision to the disk.
    pub(super) fn forget_decision(&mut self) {
        if let Some(outcome) = &mut self.outcome {
            outcome.decision = None;
        }
    }

    /// Ends the attempt that is under way, if one is.
    pub(super) fn end(&mut self, now: Timestamp, how: Ended) -> bool {
        match self.attempts.last_mut() {
            Some(attempt) if attempt.end.is_none() => {
                attempt.end = Some(End { ended: now, how });
                true
            }
            _ => false,
        }
    }
}

impl Outcome {
    /// What a run comes to that ended with a decision, or with a reason why there is none.
    pub(super) fn of(gate: &str, now: Timestamp, ended: Result<Decision, String>) -> Self {
        match ended.and_then(|decision| sound(gate, decision)) {
            Ok(decision) => Self {
                decided: now,
                state: decision.verdict.into(),
                summary: short(&decision.summary),
                reasons: decision.against().take(REASONS_MAX).map(|check| short(&check.why)).collect(),
                judged_by: Some((short(&decision.version), short(&decision.model))),
                decision: Some(Box::new(decision)),
            },
            Err(why) => Self::unclear(now, &why),
        }
    }

    /// What a run comes to without a decision.
    pub(super) fn unclear(now: Timestamp, why: &str) -> Self {
        let summary = short(&format!("there is no decision: {why}"));
        let (state, reasons) = (State::Inconclusive, vec![short(why)]);
        Self { decided: now, state, summary, reasons, judged_by: None, decision: None }
    }
}

/// A decision that agrees with itself and with what was asked for. One that does not is none.
fn sound(gate: &str, decision: Decision) -> Result<Decision, String> {
    if decision.schema != crate::decision::GATE_SCHEMA {
        return Err("the decision is of a schema that this version does not know".to_owned());
    }
    if decision.gate != gate {
        return Err("the decision is one of another gate".to_owned());
    }
    let added = sum(decision.checks.iter().map(|check| check.said));
    let fits = match decision.verdict {
        Verdict::Overridden => {
            added != Verdict::Pass && decision.overridden.is_some() && decision.without_override == Some(added)
        }
        verdict => verdict == added && decision.overridden.is_none(),
    };
    if fits { Ok(decision) } else { Err("the verdict of the decision is not what its checks come to".to_owned()) }
}

/// One line of bounded length without anything that a terminal or a log would obey.
pub(super) fn short(text: &str) -> String {
    let plain = |letter: char| {
        let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
        if letter.is_control() || turns { ' ' } else { letter }
    };
    let mut letters = text.chars().map(plain);
    let mut short: String = letters.by_ref().take(TEXT_MAX).collect();
    if letters.next().is_some() {
        short.push_str(" ...");
    }
    short
}
