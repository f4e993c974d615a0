//! What a case itself expects of an answer, besides what the model permits.

use bytes::Bytes;
use plumb_model::answer::Answer;
use plumb_model::call::Turn;
use plumb_model::expectation::{Expectation, Matcher};
use plumb_model::judge::{Mismatch, judge, judge_value};
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

    /// Asks a value that somebody took out of the last answer, which was to `turn`, for what it must be; none where it
    /// is so. `place` says where in the answer it stood. No role and no clock may be left in the matcher.
    pub fn expect_value(&self, turn: &Turn, place: &str, matcher: &Matcher, value: Option<&Bytes>) -> Option<Verdict> {
        let answer = self.exchanges.last().and_then(|exchange| exchange.answer.as_ref())?;
        let bindings = self.belief.bindings();
        let mismatch = judge_value(matcher, value, place, &self.seen(turn, &bindings))?;
        let expected = own(answer.class(), vec![mismatch]);
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
        let mismatches = judge(expectation, answer, &self.seen(turn, &bindings)).err()?;
        Some(own(expectation.class(), mismatches))
    }

    fn seen<'s>(&'s self, turn: &'s Turn, bindings: &'s Bindings) -> Seen<'s> {
        Seen {
            call_id: &turn.id,
            actor: None,
            bindings,
            flavour: self.context.target.flavour,
            region: &self.context.target.region,
            time: Interval::at_ms(self.context.clock.unix_ms()),
            bodies: self.context.bodies,
        }
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

/// An answer of this class, expected by the case itself, with where the observed one differs.
fn own(class: String, mismatches: Vec<Mismatch>) -> verdict::Expected {
    let (basis, source) = ("D".to_owned(), "the case's own expectation".to_owned());
    verdict::Expected { class, basis, source, mismatches }
}
