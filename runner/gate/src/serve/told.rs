//! What is answered, as JSON and in one line.

use jiff::Timestamp;
use serde::Serialize;

use super::record::{Attempt, Outcome, Record, State};
use super::runs::Seen;
use crate::decision::Decision;

/// The binary that answers.
#[derive(Debug, Clone, Serialize)]
pub(super) struct About {
    /// Its version.
    pub(super) version: String,
    /// The hash of its model.
    pub(super) model: String,
}

/// A run, as it is told to pipelines.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    state: State,
    gate: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expect_version: Option<String>,
    /// Whether it waits for its turn.
    queued: bool,
    /// How often it was begun.
    attempt: usize,
    asked: Timestamp,
    began: Option<Timestamp>,
    decided: Option<Timestamp>,
    /// One sentence on where it stands.
    summary: String,
    /// What keeps it from passing.
    reasons: Vec<String>,
    /// The address at which the whole decision is.
    run: String,
    /// The folder with everything that was seen.
    folder: Option<String>,
    judged_by: Option<About>,
    plumb: About,
}

/// A run with everything that is known of it.
#[derive(Debug, Serialize)]
pub(super) struct Whole {
    #[serde(flatten)]
    told: Told,
    attempts: Vec<Attempt>,
    decision: Option<Box<Decision>>,
}

impl Told {
    pub(super) fn of(seen: &Seen, about: &About) -> Self {
        let (record, outcome) = (&seen.record, seen.record.outcome.as_ref());
        let judged_by = outcome.and_then(|outcome| outcome.judged_by.clone());
        Self {
            state: record.state(),
            gate: record.gate.clone(),
            key: record.key.to_string(),
            expect_version: record.expect_version.clone(),
            queued: seen.is_queued,
            attempt: record.attempts.len(),
            asked: record.asked,
            began: record.attempts.last().map(|attempt| attempt.began),
            decided: outcome.map(|outcome| outcome.decided),
            summary: summary(seen),
            reasons: outcome.map(|outcome| outcome.reasons.clone()).unwrap_or_default(),
            run: format!("/v1/runs/{}/{}", segment(&record.gate), record.key),
            folder: (!record.attempts.is_empty()).then(|| seen.folder.display().to_string()),
            judged_by: judged_by.map(|(version, model)| About { version, model }),
            plumb: about.clone(),
        }
    }
}

impl Whole {
    pub(super) fn of(seen: Seen, about: &About) -> Self {
        let told = Told::of(&seen, about);
        let Record { attempts, outcome, .. } = seen.record;
        Self { told, attempts, decision: outcome.and_then(|Outcome { decision, .. }| decision) }
    }
}

/// One line on a run, for whoever reads events.
pub(super) fn line(seen: &Seen) -> String {
    format!("gate {}: {}: {}\n", seen.record.gate, seen.record.state().word(), summary(seen))
}

fn summary(seen: &Seen) -> String {
    match &seen.record.outcome {
        Some(outcome) => outcome.summary.clone(),
        None if seen.is_queued => "it waits for its turn; ask again".to_owned(),
        None => "it is under way; ask again".to_owned(),
    }
}

/// A name of a gate as a part of an address (RFC 3986, section 2.3).
fn segment(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold(String::new(), |mut text, byte| {
        // Writing to a string never fails.
        let _ = if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.write_char(char::from(byte))
        } else {
            write!(text, "%{byte:02X}")
        };
        text
    })
}
