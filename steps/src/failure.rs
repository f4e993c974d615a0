//! How a step says that it did not hold.
//!
//! A step of the `cucumber` crate fails by unwinding. What fails here unwinds with a [`Failure`] and leaves the panic
//! hook alone, so that nothing is printed twice; a step that panics by itself, by `assert_eq!` for instance, fails just
//! as well.

use std::any::Any;
use std::panic::resume_unwind;

use plumb_validator::guard::is_kept_back;
use plumb_validator::verdict::{Divergence, Kind, Unclear, Verdict};
use serde::{Deserialize, Serialize};

/// What a scenario, or a step of it, came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All that was asked for holds.
    Passed,
    /// Something does not.
    Failed,
    /// Nothing can be said.
    Inconclusive,
    /// It was not tried: the guard refused a call, or the target cannot do it.
    Skipped,
}

/// Why a step ended before its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What the scenario came to by it.
    pub outcome: Outcome,
    /// What is wrong, in words.
    pub message: String,
    /// The answer that should not have come, where it is one.
    pub divergence: Option<Box<Divergence>>,
    /// Whether it wants a value that an earlier answer did not tell.
    pub(crate) is_blocked: bool,
}

impl Failure {
    /// Something does not hold.
    pub fn new(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Failed, message: message.into(), divergence: None, is_blocked: false }
    }

    /// Something is wanted that an earlier answer did not tell.
    pub(crate) fn blocked(message: &str) -> Self {
        Self { outcome: Outcome::Inconclusive, is_blocked: true, ..Self::new(message) }
    }

    /// What a call came to, where it is not what it should be.
    pub(crate) fn of(verdict: Verdict) -> Self {
        let is_blocked = matches!(verdict, Verdict::Inconclusive(Unclear::Blocked(_)));
        let (outcome, message) = match verdict {
            Verdict::Diverges(divergence) => {
                let message = match divergence.kind {
                    Kind::OwnExpectation => differences(&divergence),
                    _ => divergence.signature(),
                };
                return Self { divergence: Some(divergence), ..Self::new(message) };
            }
            Verdict::Inconclusive(unclear) => (Outcome::Inconclusive, unclear.to_string()),
            // What a scenario asks for and nobody can say, or must not touch, is a mistake in the scenario.
            Verdict::Skipped(why) if !is_kept_back(&why) => (Outcome::Failed, why),
            Verdict::Unsupported(why) if is_unsayable(&why) => (Outcome::Failed, why),
            Verdict::Skipped(why) | Verdict::Unsupported(why) => (Outcome::Skipped, why),
            Verdict::Unmodelled(why) => (Outcome::Inconclusive, why),
            Verdict::Conforms { .. } => (Outcome::Failed, "it conforms".to_owned()),
        };
        Self { outcome, is_blocked, ..Self::new(message) }
    }

    /// What a step unwound with; whether it is a panic of its own.
    pub(crate) fn caught(payload: Box<dyn Any + Send>) -> (Self, bool) {
        match payload.downcast::<Self>() {
            Ok(failure) => (*failure, false),
            Err(payload) => {
                let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
                (Self::new(text.unwrap_or_else(|| "it panicked without a message".to_owned())), true)
            }
        }
    }

    /// Ends the step.
    pub fn raise(self) -> ! {
        resume_unwind(Box::new(self))
    }
}

/// Where an answer is not what the scenario expects, a line for each place.
fn differences(divergence: &Divergence) -> String {
    let mismatches = divergence.expected.iter().flat_map(|expected| &expected.mismatches);
    let lines = mismatches.map(|own| {
        let observed = if own.observed.is_empty() { "no byte" } else { &own.observed };
        format!("{}: expected {}, observed {observed}", own.place, own.expected)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a call cannot be put on the wire, or a resource is none of the API.
fn is_unsayable(why: &str) -> bool {
    why.starts_with("encode ") || why.starts_with("the API has no resource")
}

/// Ends the step: `message` says what does not hold.
pub fn fail(message: impl Into<String>) -> ! {
    Failure::new(message).raise()
}
