//! What a scenario did, as a case that can be run without it.

use std::cmp::Reverse;

use bytes::Bytes;
use plumb_model::call::{Call, Case, Need, Repeat, Turn};
use plumb_model::expectation::{BodyRule, Expectation};
use plumb_model::value::Value;

/// A case that grows step by step.
pub(crate) struct Record {
    case: Case,
    partial: Option<String>,
    count: usize,
}

impl Record {
    pub(crate) fn new(api: &str) -> Self {
        Self { case: Case::new(api.to_owned()), partial: None, count: 0 }
    }

    /// An id for the next call: its number and operation.
    pub(crate) fn next_id(&mut self, call: &Call) -> String {
        self.count += 1;
        format!("{}-{}", self.count, call.operation.replace('.', "-"))
    }

    pub(crate) fn has_call(&self, id: &str) -> bool {
        self.case.calls.iter().any(|turn| turn.id == id)
    }

    /// What was borrowed in a role.
    pub(crate) fn need(&self, kind: &str, role: &str) -> Option<&Need> {
        self.case.needs.iter().find(|own| own.kind == kind && own.role == role)
    }

    pub(crate) fn borrow(&mut self, need: Need) {
        self.case.needs.push(need);
    }

    pub(crate) fn call(&mut self, turn: Turn) {
        self.case.calls.push(turn);
    }

    /// Keeps a call that was read from a request, with the names of this run as the roles they stand for.
    pub(crate) fn call_raw(&mut self, id: &str, call: &Call, names: &[(Bytes, Value)]) {
        let mut call = call.clone();
        for value in call.arguments.values_mut() {
            if let Some(literal) = value.as_literal() {
                *value = relative(&literal.clone(), names);
            }
        }
        self.case.calls.push(Turn::new(id, call));
    }

    /// Says that the last call is sent until its answer is as it must be.
    pub(crate) fn repeat(&mut self, repeat: Repeat) {
        if let Some(turn) = self.case.calls.last_mut() {
            turn.also.get_or_insert_with(|| repeat.until.clone());
            turn.repeat = Some(repeat);
        }
    }

    pub(crate) fn last_turn(&self) -> Option<Turn> {
        self.case.calls.last().cloned()
    }

    /// Adds what the scenario demands of the last answer to what it has demanded before.
    pub(crate) fn expect(&mut self, expectation: &Expectation) {
        let Some(turn) = self.case.calls.last_mut() else { return };
        let Some(also) = &mut turn.also else {
            turn.also = Some(expectation.clone());
            return;
        };
        also.status = expectation.status;
        also.code.clone_from(&expectation.code);
        also.headers.extend(expectation.headers.iter().cloned());
        match (&also.body, &expectation.body) {
            (_, BodyRule::Any(_)) => {}
            (BodyRule::Any(_), demanded) => also.body = demanded.clone(),
            (has, demanded) if has == demanded => {}
            _ => self.is_partial("two steps look at one body"),
        }
    }

    pub(crate) fn is_partial(&mut self, why: &str) {
        self.partial.get_or_insert_with(|| why.to_owned());
    }

    pub(crate) fn into_case(self) -> (Case, Option<String>) {
        (self.case, self.partial)
    }
}

/// From this length on, what the server chose is taken for it even where it is only a part of an argument: a revision
/// `1` would be found in every tenth number.
const SYMBOL_BYTES_MIN: usize = 8;

/// `literal` with the names in it as what they stand for: the first name first, and of several the longest.
fn relative(literal: &Bytes, names: &[(Bytes, Value)]) -> Value {
    let found = names.iter().filter(|(name, _)| !name.is_empty()).filter_map(|(name, value)| {
        let may_be_part = !matches!(value, Value::Symbol(_)) || name.len() >= SYMBOL_BYTES_MIN;
        let at = literal.windows(name.len()).position(|window| window == name)?;
        if !may_be_part && name.len() < literal.len() {
            return None;
        }
        Some((at, at + name.len(), value))
    });
    let found = found.min_by_key(|(start, end, _)| (*start, Reverse(*end)));
    let Some((start, end, value)) = found else { return Value::Literal(literal.clone()) };
    let (before, after) = (literal.slice(..start), relative(&literal.slice(end..), names));
    let mut parts = Vec::new();
    if !before.is_empty() {
        parts.push(Value::Literal(before));
    }
    parts.push(value.clone());
    if after.as_literal().is_none_or(|rest| !rest.is_empty()) {
        parts.push(after);
    }
    match <[Value; 1]>::try_from(parts) {
        Ok([only]) => only,
        Err(parts) => Value::concat(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_run_become_the_roles_they_stand_for() {
        let name = |role: &str| (Bytes::from(format!("plumb-x-{role}")), Value::resource("key", role));
        let names = ["a", "ab", "b"].map(name);
        let check = |literal: &'static str, expected: Value| {
            assert_eq!(relative(&Bytes::from_static(literal.as_bytes()), &names), expected, "{literal}");
        };
        check("plumb-x-a", Value::resource("key", "a"));
        check("b", Value::from("b"));
        let role = || Value::resource("key", "a");
        check("<plumb-x-a>", Value::concat([Value::from("<"), role(), Value::from(">")]));
        check("plumb-x-ab", Value::resource("key", "ab"));
        let both = [Value::resource("key", "b"), Value::from(" "), role()];
        check("plumb-x-b plumb-x-a", Value::concat([both[0].clone(), Value::concat(both[1..].to_vec())]));
    }

    #[test]
    fn what_the_server_chose_is_no_part_of_a_number() {
        let names = [(Bytes::from_static(b"1"), Value::symbol("1-Put", "revision"))];
        let told = |literal: &'static str| relative(&Bytes::from_static(literal.as_bytes()), &names);
        assert_eq!(told("1"), Value::symbol("1-Put", "revision"));
        assert_eq!(told("100"), Value::from("100"));
    }

    #[test]
    fn demands_on_one_answer_are_one_expectation() {
        let mut record = Record::new("kv");
        record.call(Turn::new("1", Call::new("Get")));
        let any = || Expectation { body: BodyRule::Any("open".into()), ..Expectation::status(200) };
        record.expect(&any().header("etag", plumb_model::expectation::Matcher::fixed("\"1\"")));
        record.expect(&Expectation { body: BodyRule::Equals("v".into()), ..any() });
        let (case, partial) = record.into_case();
        let also = case.calls[0].also.clone().expect("an expectation");
        assert_eq!((also.headers.len(), &also.body), (1, &BodyRule::Equals("v".into())));
        assert_eq!(partial, None);
    }
}
