//! Planted bugs: what a server made from the model does wrong on purpose, outside of the model.

use std::sync::Arc;

use crate::answer::Answer;
use crate::call::Call;

/// What a plant does to a call that reaches the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Nothing.
    Honest,
    /// The model is asked about another call; the answer goes out for the one that came.
    Instead(Call),
    /// The answer is honest, but nothing of it is stored.
    Forget,
    /// The answer is that of the state before the last change.
    Stale,
    /// The model is asked as if the first identity had sent it, whoever did.
    AsFirst,
}

/// A bug: two functions that stand outside of the model, one before and one after it.
pub trait Bug: Send + Sync {
    /// Looks at a call that came in, with the calls stored before it.
    fn on_call(&self, _call: &Call, _stored: &[Call]) -> Effect {
        Effect::Honest
    }

    /// Changes the answer on its way out.
    fn on_answer(&self, _call: &Call, _answer: &mut Answer) {}
}

/// A planted bug with the finding it must give.
#[derive(Clone)]
pub struct Plant {
    /// Its name, as in `--plant`.
    pub name: &'static str,
    /// What the server does wrong, in one sentence.
    pub about: &'static str,
    /// The operation whose answer gives it away.
    pub operation: &'static str,
    /// The kind of finding it must give, as in the reports.
    pub kind: &'static str,
    /// How many choices must meet for it to show, states and defaults not counted.
    pub strength: usize,
    /// The bug itself.
    pub bug: Arc<dyn Bug>,
}

/// A bug in the answer, from a plain function.
pub struct OnAnswer(pub fn(&Call, &mut Answer));

impl Bug for OnAnswer {
    fn on_answer(&self, call: &Call, answer: &mut Answer) {
        (self.0)(call, answer);
    }
}

/// A bug in what is stored, from a plain function.
pub struct OnCall(pub fn(&Call, &[Call]) -> Effect);

impl Bug for OnCall {
    fn on_call(&self, call: &Call, stored: &[Call]) -> Effect {
        (self.0)(call, stored)
    }
}
