//! The words: a watch, its slots, and what becomes of each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One canary at one target. Its slots are counted together, and its SLO is theirs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Watch {
    /// The name of the canary.
    pub canary: String,
    /// The name of the target.
    pub target: String,
}

impl fmt::Display for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.canary, self.target)
    }
}

/// Why a slot is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotKind {
    /// The schedule says so.
    Scheduled,
    /// The one before it failed, and somebody wants to know sooner. It never enters the SLI.
    Retry,
    /// Somebody asked for it, by `--once`. It never enters the SLI.
    Asked,
}

impl SlotKind {
    /// Whether what becomes of it counts for the SLO.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Scheduled)
    }
}

/// One due time of a watch. No two slots are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// The watch.
    pub watch: Watch,
    /// When it is due, in milliseconds since 1970.
    pub due_ms: i64,
    /// Why it is there.
    pub kind: SlotKind,
}

/// How a slot ended: each ends as exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Something ran, and every answer was permitted or is accepted.
    Pass,
    /// At least one divergence was confirmed that nobody has accepted.
    Fail,
    /// Nothing can be said of conformance.
    Inconclusive,
    /// It never started: the agent was dead, asleep, or its clock jumped.
    Missed,
    /// It did not start on purpose: maintenance, guard, kill switch, a budget that is spent.
    Skipped,
    /// It did not start because too much else was under way.
    Shed,
    /// It started, and nothing tells how it ended.
    Killed,
}

impl Outcome {
    /// Every outcome, in the order of reports.
    pub const ALL: [Self; 7] =
        [Self::Pass, Self::Fail, Self::Inconclusive, Self::Missed, Self::Skipped, Self::Shed, Self::Killed];

    /// The outcome in one word: `pass`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Missed => "missed",
            Self::Skipped => "skipped",
            Self::Shed => "shed",
            Self::Killed => "killed",
        }
    }

    /// Whether its first call may have been sent.
    pub const fn ran(self) -> bool {
        matches!(self, Self::Pass | Self::Fail | Self::Inconclusive | Self::Killed)
    }
}

/// What a slot says on one axis of its SLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The promise was kept.
    Good,
    /// It was not.
    Bad,
    /// Nothing is said: the slot counts neither way.
    Void,
}

/// The two axes of an SLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// Whether the target answers at all: timeout, refusal, reset and 5xx are bad.
    Availability,
    /// Whether what it answers is permitted.
    Conformance,
}

impl Axis {
    /// Both, in the order of reports.
    pub const ALL: [Self; 2] = [Self::Availability, Self::Conformance];

    /// The axis in one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::Conformance => "conformance",
        }
    }
}

/// The parts of an exchange over a connection of its own, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The name is resolved.
    Dns,
    /// The connection is made.
    Connect,
    /// The TLS handshake.
    Tls,
    /// From the request to the head of the answer.
    FirstByte,
    /// From there to the end of the body.
    Body,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 5] = [Self::Dns, Self::Connect, Self::Tls, Self::FirstByte, Self::Body];

    /// The phase in one word: `first-byte`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::FirstByte => "first-byte",
            Self::Body => "body",
        }
    }
}

/// Where a failure lies, as far as the agent can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "place", content = "phase")]
pub enum Place {
    /// The service answered, and wrongly.
    Service,
    /// On the way there, and in which part of it.
    Way(Phase),
    /// Here: starved of CPU, out of files, no name resolution at all.
    Agent,
    /// In what the platform team keeps to be borrowed.
    Pool,
    /// In who we say we are: expired or rejected credentials.
    Credentials,
    /// In the model or the suite: an answer that it has no words for, an undefined step.
    Model,
}

impl Place {
    /// The place in words: `way (connect)`.
    pub fn words(self) -> String {
        match self {
            Self::Service => "service".to_owned(),
            Self::Way(phase) => format!("way ({})", phase.word()),
            Self::Agent => "agent".to_owned(),
            Self::Pool => "pool".to_owned(),
            Self::Credentials => "credentials".to_owned(),
            Self::Model => "model".to_owned(),
        }
    }

    /// Whether the target cannot be blamed, so that the slot is void on the axis of availability.
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Agent | Self::Pool | Self::Credentials | Self::Model)
    }
}

/// What one exchange took, in microseconds, by phase; what did not happen, or is not known, is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// By [`Phase::ALL`].
    pub phases_us: [Option<u32>; 5],
    /// From the start of the send to the last byte.
    pub total_us: u32,
}

/// What is known of a slot that did not pass, for whoever is called at night. All text is safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Where it lies.
    pub place: Place,
    /// One sentence.
    pub message: String,
    /// The ids of its findings, at most [`FINDINGS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// The server's ids of the requests in question, at most [`REQUEST_IDS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_ids: Vec<String>,
    /// The `traceparent` of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// One command that shows it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
}

impl Trouble {
    /// Nothing is known but where it lies, and one sentence.
    pub const fn new(place: Place, message: String) -> Self {
        Self { place, message, findings: Vec::new(), request_ids: Vec::new(), traceparent: None, replay: None }
    }
}

/// The most findings that a slot names.
pub const FINDINGS_MAX: usize = 8;
/// The most request ids that a slot names.
pub const REQUEST_IDS_MAX: usize = 4;

/// A slot that is over. A row of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// The slot. Where it stands for several, the first.
    pub slot: Slot,
    /// How many due times in a row this stands for: more than one only where none of them started.
    pub count: u32,
    /// The last due time that this stands for, in milliseconds since 1970.
    pub last_due_ms: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// On the axis of availability.
    pub availability: Mark,
    /// On the axis of conformance.
    pub conformance: Mark,
    /// How long after the due time it started, in milliseconds; zero where it never did.
    pub late_ms: u32,
    /// How long it took, in microseconds; zero where it never started.
    pub duration_us: u64,
    /// The exchanges, in order, at most [`TIMINGS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timings: Vec<Timing>,
    /// Exchanges, also those that `timings` has no room for.
    pub exchanges: u32,
    /// Cases or scenarios that were judged.
    pub judged: u32,
    /// Bytes sent and received, heads left out.
    pub bytes: u64,
    /// What the target says its version is, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Why it did not pass; none where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Things it made and could not remove.
    pub leaks: u32,
}

/// The most exchanges of one slot of which the timing is kept.
pub const TIMINGS_MAX: usize = 4_096;

impl Ended {
    /// A slot that never started, and why.
    pub fn without_start(slot: Slot, outcome: Outcome, why: impl Into<String>) -> Self {
        let (last_due_ms, message) = (slot.due_ms, why.into());
        let trouble = Trouble::new(Place::Agent, message);
        Self {
            slot,
            count: 1,
            last_due_ms,
            outcome,
            availability: Mark::Void,
            conformance: Mark::Void,
            late_ms: 0,
            duration_us: 0,
            timings: Vec::new(),
            exchanges: 0,
            judged: 0,
            bytes: 0,
            version: None,
            trouble: Some(trouble),
            leaks: 0,
        }
    }

    /// The same for `count` due times in a row, the last at `last_due_ms`.
    #[must_use]
    pub fn for_all_until(self, count: u32, last_due_ms: i64) -> Self {
        Self { count, last_due_ms, ..self }
    }

    /// What it says on `axis`.
    pub const fn mark(&self, axis: Axis) -> Mark {
        match axis {
            Axis::Availability => self.availability,
            Axis::Conformance => self.conformance,
        }
    }
}
