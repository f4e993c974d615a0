//! The model: an ordered map from key to entry, and what each call may answer.

use bytes::Bytes;
use imbl::OrdMap;
use plumb_model::bodies::Payload;
use plumb_model::call::Call;
use plumb_model::expectation::{BodyRule, Expectation, Form, Matcher, Shape};
use plumb_model::fault::{Basis, Edge, Fault, Precedence};
use plumb_model::model::{Lease, Model, Outcome, outcomes};
use plumb_model::seen::Seen;
use plumb_model::value::Symbol;
use serde::{Serialize, Serializer};

use crate::{KEY_BYTES_MAX, LIMIT_MAX, VALUE_BYTES_MAX};

const SPEC: &str = "plumb_kv crate documentation";

/// Faults of the request itself win over what depends on stored entries.
pub(crate) const EDGES: &[Edge] = &[Edge { over: "request", under: "stored", basis: Basis::Documented, source: SPEC }];

/// A stored entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Entry {
    /// The value, by digest and recipe.
    pub value: Payload,
    /// The revision that the server chose.
    pub revision: Symbol,
}

/// What the service remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct State {
    /// The entries by key.
    #[serde(serialize_with = "keys_as_text")]
    pub entries: OrdMap<Bytes, Entry>,
}

/// JSON wants text for keys.
fn keys_as_text<S: Serializer>(entries: &OrdMap<Bytes, Entry>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(key, entry)| (String::from_utf8_lossy(key), entry)))
}

/// The model of the tutorial API.
#[derive(Debug)]
pub struct Kv {
    precedence: Precedence,
}

impl Default for Kv {
    fn default() -> Self {
        Self { precedence: Precedence::new(EDGES) }
    }
}

impl Model for Kv {
    type State = State;

    fn initial(&self, _leases: &[Lease]) -> State {
        State::default()
    }

    fn step(&self, state: &State, call: &Call, seen: &Seen<'_>) -> Vec<Outcome<State>> {
        let request = Request { state, call, seen };
        let mut faults = request.faults();
        match call.operation.as_ref() {
            "Put" => {
                faults.extend(request.condition_faults());
                outcomes(&faults, &self.precedence, || vec![request.put()])
            }
            "Get" => outcomes(&faults, &self.precedence, || request.get()),
            "Delete" => {
                faults.extend(request.condition_faults());
                outcomes(&faults, &self.precedence, || vec![request.delete()])
            }
            "List" => outcomes(&faults, &self.precedence, || vec![request.list()]),
            _ => vec![Outcome::new(error(404, "not_found"), Basis::Documented, SPEC)],
        }
    }
}

/// A call with the state it meets.
struct Request<'a> {
    state: &'a State,
    call: &'a Call,
    seen: &'a Seen<'a>,
}

/// Whether two values are the same, where one of them may not be known yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Same {
    Yes,
    No,
    Unknown,
}

impl Request<'_> {
    fn key(&self) -> Bytes {
        self.call.bytes("key").cloned().unwrap_or_default()
    }

    fn entry(&self) -> Option<&Entry> {
        self.state.entries.get(&self.key())
    }

    /// What is wrong with the request whatever is stored.
    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut refuse = |status, code| {
            faults.push(Fault::new("request", error(status, code), Basis::Documented, SPEC));
        };
        if self.call.operation == "List" {
            if self.limit().is_none() {
                refuse(400, "bad_limit");
            }
        } else if !is_key(&self.key()) {
            refuse(400, "bad_key");
        }
        if self.call.operation == "Put" && self.seen.payload(self.call.argument("value")).length > VALUE_BYTES_MAX {
            refuse(413, "too_large");
        }
        faults
    }

    /// The conditions of a write. A revision that no answer has told yet may be the one in the condition.
    fn condition_faults(&self) -> Vec<Fault> {
        let failed = Fault::new("stored", error(412, "precondition_failed"), Basis::Documented, SPEC);
        let mut faults = Vec::new();
        if let Some(wanted) = self.call.bytes("if-match") {
            match self.entry().map_or(Same::No, |entry| self.is_revision(entry, wanted)) {
                Same::Yes => {}
                Same::No => faults.push(failed.clone()),
                Same::Unknown => faults.push(failed.clone().perhaps()),
            }
        }
        if self.call.bytes("if-none-match").is_some() && self.entry().is_some() {
            faults.push(failed);
        }
        faults
    }

    fn is_revision(&self, entry: &Entry, wanted: &Bytes) -> Same {
        match self.seen.bound(&entry.revision) {
            None => Same::Unknown,
            Some(bound) if bound == wanted => Same::Yes,
            Some(_) => Same::No,
        }
    }

    fn put(&self) -> Outcome<State> {
        let revision = self.seen.symbol("revision");
        let entry = Entry { value: self.seen.payload(self.call.argument("value")), revision: revision.clone() };
        let status = if self.entry().is_some() { 200 } else { 201 };
        let expectation = Expectation::status(status).header("etag", chosen(&revision));
        documented(expectation).leaving(State { entries: self.state.entries.update(self.key(), entry) })
    }

    fn get(&self) -> Vec<Outcome<State>> {
        let Some(entry) = self.entry() else { return vec![documented(error(404, "not_found"))] };
        let etag = chosen(&entry.revision);
        let body = BodyRule::Part { payload: entry.value, from: 0, length: entry.value.length };
        let full = Expectation { body, ..Expectation::status(200).header("etag", etag.clone()) };
        let unchanged = Expectation::status(304).header("etag", etag);
        match self.call.bytes("if-none-match").map(|wanted| self.is_revision(entry, wanted)) {
            None | Some(Same::No) => vec![documented(full)],
            Some(Same::Yes) => vec![documented(unchanged)],
            Some(Same::Unknown) => vec![documented(full), documented(unchanged)],
        }
    }

    fn delete(&self) -> Outcome<State> {
        if self.entry().is_none() {
            return documented(error(404, "not_found"));
        }
        documented(Expectation::status(204)).leaving(State { entries: self.state.entries.without(&self.key()) })
    }

    fn limit(&self) -> Option<usize> {
        let Some(text) = self.call.bytes("limit") else { return Some(LIMIT_MAX) };
        let limit: usize = std::str::from_utf8(text).ok()?.parse().ok()?;
        (1..=LIMIT_MAX).contains(&limit).then_some(limit)
    }

    fn list(&self) -> Outcome<State> {
        let prefix = self.call.bytes("prefix").cloned().unwrap_or_default();
        let after = self.call.bytes("after").cloned();
        let limit = self.limit().unwrap_or(LIMIT_MAX);
        let mut keys = self
            .state
            .entries
            .keys()
            .filter(|key| key.starts_with(&prefix) && after.as_ref().is_none_or(|after| *key > after));
        let page: Vec<Shape> = keys.by_ref().take(limit).map(|key| Shape::is(key.clone())).collect();
        let more = keys.next().is_some();
        let shape = Shape::Fields(vec![
            ("keys".into(), Shape::List(page)),
            ("more".into(), Shape::Bare(Matcher::fixed(if more { "true" } else { "false" }))),
        ]);
        let expectation = Expectation { body: BodyRule::Document(shape), ..Expectation::status(200) };
        documented(expectation.header("content-type", Matcher::fixed("application/json")))
    }
}

fn documented(expectation: Expectation) -> Outcome<State> {
    Outcome::new(expectation, Basis::Documented, SPEC)
}

fn chosen(revision: &Symbol) -> Matcher {
    Matcher::Chosen { symbol: revision.clone(), form: Form::EntityTag }
}

fn error(status: u16, code: &'static str) -> Expectation {
    let shape = Shape::Fields(vec![
        ("error".into(), Shape::is(code)),
        ("message".into(), Shape::Text(Matcher::Like(Form::Text))),
    ]);
    Expectation { code: Some(code.into()), body: BodyRule::Document(shape), ..Expectation::status(status) }
        .header("content-type", Matcher::fixed("application/json"))
}

fn is_key(key: &[u8]) -> bool {
    let good = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(byte);
    (1..=KEY_BYTES_MAX).contains(&key.len()) && key.iter().all(good)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_model::bodies::Bodies;
    use plumb_model::seen::Bindings;
    use plumb_model::time::Interval;

    /// Runs calls, each with its preferred outcome, and tells the classes of the last one's outcomes.
    fn last(calls: &[Call], bindings: &Bindings) -> Vec<String> {
        let (model, bodies) = (Kv::default(), Bodies::new());
        let mut state = State::default();
        let mut classes = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let id = index.to_string();
            let time = Interval::at_ms(0);
            let seen =
                Seen { call_id: &id, actor: None, bindings, flavour: "standard", region: "", time, bodies: &bodies };
            let outcomes = Model::step(&model, &state, call, &seen);
            classes = outcomes.iter().map(|outcome| outcome.expectation.class()).collect();
            if let Some(next) = outcomes.into_iter().next().and_then(|outcome| outcome.state) {
                state = next;
            }
        }
        classes
    }

    fn put(key: &'static str) -> Call {
        Call::new("Put").with("key", key).with("value", "v")
    }

    #[test]
    fn get_after_delete_is_not_found() {
        let calls = [put("a"), Call::new("Delete").with("key", "a"), Call::new("Get").with("key", "a")];
        assert_eq!(last(&calls, &Bindings::new()), ["404 not_found"]);
    }

    #[test]
    fn a_condition_on_an_unknown_revision_permits_both() {
        let calls = [put("a"), put("a").with("if-match", "\"1\"")];
        assert_eq!(last(&calls, &Bindings::new()), ["200", "412 precondition_failed"]);
        let known = Bindings::unit(Symbol::new("0", "revision"), Bytes::from_static(b"\"1\""));
        assert_eq!(last(&calls, &known), ["200"]);
    }

    #[test]
    fn two_faults_of_the_request_permit_either() {
        let value = plumb_model::bodies::BodySpec::random(0, VALUE_BYTES_MAX + 1);
        let call = put("UPPER").with("value", value);
        assert_eq!(last(&[call], &Bindings::new()), ["400 bad_key", "413 too_large"]);
    }
}
