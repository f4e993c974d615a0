//! What a case itself expects of an answer, besides what the model permits.

use plumb_model::answer::Answer;
use plumb_model::call::Turn;
use plumb_model::expectation::Expectation;
use plumb_model::judge::judge;
use plumb_model::seen::{Bindings, Seen, resolve};
use plumb_model::time::Interval;
use plumb_model::value::Value;

use super::Session;
use crate::verdict::{self, Kind, Verdict};

impl Session<'_, '_> {
    /// Asks the last answer, which was to `turn`, for what the case itself expects; none where it is so.
    pub fn expect(&self, turn: &Turn, expectation: &Expectation) -> Option<Verdict> {
        let answer = self.exchanges.last().and_then(|exchange| exchange.answer.as_ref())?;
        let expected = self.own_mismatch(turn, expectation, answer)?;
        Some(self.diverges(turn, Kind::OwnExpectation, vec![expected], answer))
    }

    pub(super) fn holds(&self, turn: &Turn, expectation: &Expectation) -> bool {
        let has_answer = self.exchanges.last().is_some_and(|exchange| exchange.answer.is_some());
        has_answer && self.expect(turn, expectation).is_none()
    }

    pub(super) fn own_mismatch(
        &self,
        turn: &Turn,
        expectation: &Expectation,
        answer: &Answer,
    ) -> Option<verdict::Expected> {
        let bindings = self.belief.bindings();
        let expectation = &self.named(expectation, &bindings);
        let seen = Seen {
            call_id: &turn.id,
            actor: None,
            bindings: &bindings,
            flavour: self.context.target.flavour,
            region: &self.context.target.region,
            time: Interval::at_ms(self.context.clock.unix_ms()),
            bodies: self.context.bodies,
        };
        let mismatches = judge(expectation, answer, &seen).err()?;
        let (basis, source) = ("D".to_owned(), "the case's own expectation".to_owned());
        Some(verdict::Expected { class: expectation.class(), basis, source, mismatches })
    }

    /// The expectation with the names that this case gives to roles.
    fn named(&self, expectation: &Expectation, bindings: &Bindings) -> Expectation {
        expectation.with_values(&mut |value| match value {
            // An unbound symbol is bound by the answer, and a body is compared by its recipe.
            Value::Symbol(_) | Value::Body(_) | Value::Content(_) | Value::Literal(_) => value.clone(),
            _ => resolve(value, &self.names, bindings, self.context.bodies)
                .map_or_else(|_| value.clone(), Value::Literal),
        })
    }
}
