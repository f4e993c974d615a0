//! What one target said to one call.

use plumb_model::answer::Answer;
use plumb_validator::case_run::CaseRun;
use plumb_validator::session::Exchange;
use plumb_validator::verdict::{Divergence, Permit};

/// What one target said to one call of a case.
pub enum Said<'r> {
    /// An answer that the model was asked about.
    Answer(Spoken<'r>),
    /// Sent, but there is nothing to judge: no answer, or one that asks to wait.
    Unclear,
    /// Never sent: the case had ended before.
    Nothing,
}

/// An answer with what the model says of it.
#[derive(Clone, Copy)]
pub struct Spoken<'r> {
    /// What was sent and came back.
    pub exchange: &'r Exchange,
    /// What came back.
    pub answer: &'r Answer,
    /// What the model says of it.
    pub standing: Standing<'r>,
}

/// What the model says of an answer.
#[derive(Clone, Copy)]
pub enum Standing<'r> {
    /// It is permitted, and why.
    Permitted(&'r Permit),
    /// It is not.
    Wrong(&'r Divergence),
}

impl<'r> Said<'r> {
    /// What was said to the call with this id, the last time it was sent.
    pub fn of(run: &'r CaseRun, call: &str) -> Self {
        let Some(exchange) = run.exchanges.iter().rfind(|exchange| exchange.id == call) else { return Self::Nothing };
        let wrong = run.divergences.iter().find(|divergence| divergence.call == call).map(Standing::Wrong);
        let standing = wrong.or_else(|| exchange.permit.as_ref().map(Standing::Permitted));
        match (&exchange.answer, standing) {
            (Some(answer), Some(standing)) => Self::Answer(Spoken { exchange, answer, standing }),
            _ => Self::Unclear,
        }
    }

    /// The answer, where there is one that was judged.
    pub const fn spoken(&self) -> Option<Spoken<'r>> {
        match self {
            Self::Answer(spoken) => Some(*spoken),
            Self::Unclear | Self::Nothing => None,
        }
    }
}

impl<'r> Spoken<'r> {
    /// The bodies of request and answer together, in bytes.
    pub fn body_bytes(&self) -> u64 {
        (self.exchange.request.body.len() + self.answer.body.len()) as u64
    }

    /// The divergence, where the model calls the answer wrong.
    pub const fn divergence(&self) -> Option<&'r Divergence> {
        match self.standing {
            Standing::Wrong(divergence) => Some(divergence),
            Standing::Permitted(_) => None,
        }
    }
}
