//! Calls and cases: what is sent, in which order, and where it came from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::bodies;
use crate::expectation::Expectation;
use crate::value::{Symbol, Value};

/// The version of the case format that this build reads and writes.
pub const CASE_VERSION: u32 = 1;
/// The most calls one case may hold.
pub const CASE_CALLS_MAX: usize = 1_000;

/// The most times that one call may be sent until its answer is as wished.
pub const REPEAT_MAX: u32 = 600;

/// The name of an argument; most are known at compile time.
pub type ArgumentName = Cow<'static, str>;

/// An operation with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The operation's name.
    pub operation: Cow<'static, str>,
    /// The arguments by name; one that is missing was not sent.
    #[serde(default, rename = "with")]
    pub arguments: BTreeMap<ArgumentName, Value>,
}

impl Call {
    /// A call without arguments.
    pub fn new(operation: impl Into<Cow<'static, str>>) -> Self {
        Self { operation: operation.into(), arguments: BTreeMap::new() }
    }

    /// The call with one more argument.
    #[must_use]
    pub fn with(mut self, name: impl Into<ArgumentName>, value: impl Into<Value>) -> Self {
        self.arguments.insert(name.into(), value.into());
        self
    }

    /// An argument.
    pub fn argument(&self, name: &str) -> Option<&Value> {
        self.arguments.get(name)
    }

    /// The bytes of an argument of a resolved call; none where it was not sent or is a body.
    pub fn bytes(&self, name: &str) -> Option<&Bytes> {
        self.arguments.get(name).and_then(Value::as_literal)
    }

    /// Calls `visit` with every symbol that the arguments name.
    pub fn each_symbol(&self, visit: &mut impl FnMut(&Symbol)) {
        self.arguments.values().for_each(|value| value.each_symbol(visit));
    }
}

/// Repeat a call until its answer is as wished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// What the answer must be.
    pub until: Expectation,
    /// The most times the call is sent, between one and [`REPEAT_MAX`].
    pub at_most: u32,
}

/// One call of a case, with who sends it and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Its id inside the case, by which symbols and `after` name it. No dots.
    pub id: String,
    /// The call.
    pub call: Call,
    /// The identity that sends it; none means the target's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The client that sends it: calls of different clients may overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<u32>,
    /// Ids of calls that must be over before; none means the one before it in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Vec<String>>,
    /// What the answer must be besides what the model permits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also: Option<Expectation>,
    /// Repeat until.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
}

impl Turn {
    /// `call` under `id`, by the first actor, after the call before it.
    pub fn new(id: impl Into<String>, call: Call) -> Self {
        Self { id: id.into(), call, actor: None, client: None, after: None, also: None, repeat: None }
    }
}

/// A resource that a case borrows: it exists and is clean when the first call is sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// What it is, a word of the API: `bucket`.
    pub kind: String,
    /// Which one of the case: `a`.
    pub role: String,
    /// Whether the case must have it for itself; otherwise a part of a shared one will do.
    #[serde(default)]
    pub own: bool,
    /// The identity that makes it, owns it and removes it; none means the target's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What it must be like and cannot be turned back from, a word of the API; none where the case does not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nature: Option<String>,
}

impl Need {
    /// A resource of the first identity that the case has for itself.
    pub fn own(kind: impl Into<String>, role: impl Into<String>) -> Self {
        Self { kind: kind.into(), role: role.into(), own: true, actor: None, nature: None }
    }

    /// A part of a resource of the first identity that other cases use too.
    pub fn shared(kind: impl Into<String>, role: impl Into<String>) -> Self {
        Self { own: false, ..Self::own(kind, role) }
    }

    /// The need, owned by `actor`.
    #[must_use]
    pub fn by(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// The need, of something of this nature.
    #[must_use]
    pub fn of_nature(mut self, nature: impl Into<String>) -> Self {
        self.nature = Some(nature.into());
        self
    }
}

/// Where a case came from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The suite that made it: `choices`, `fault-pairs`.
    pub suite: String,
    /// The operation it is about.
    pub operation: String,
    /// The choices that differ from the default, as `dimension=choice`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// Calls with their order and origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The version of this format.
    pub version: u32,
    /// The API it speaks of.
    pub api: String,
    /// Where it came from.
    pub origin: Origin,
    /// What it borrows.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// The calls, in order.
    pub calls: Vec<Turn>,
}

/// Why a case cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// The format is of another version.
    #[error("read case: its version is {0}, this build reads version {CASE_VERSION}")]
    Version(u32),
    /// No call, or too many.
    #[error("read case: it has {0} calls, between 1 and {CASE_CALLS_MAX} are allowed")]
    Length(usize),
    /// A call is repeated never, or too often.
    #[error("read case: call {0:?} is sent at most {1} times, between 1 and {REPEAT_MAX} are allowed")]
    Repeat(String, u32),
    /// An id is empty, holds a dot, or occurs twice.
    #[error("read case: the call id {0:?} is empty, has a dot, or is used twice")]
    Id(String),
    /// A symbol or an `after` names no earlier call.
    #[error("read case: call {call:?} refers to {reference:?}, which is no earlier call")]
    Reference {
        /// The call that refers.
        call: String,
        /// What it refers to.
        reference: String,
    },
}

impl Case {
    /// A case of `api` without calls.
    pub fn new(api: impl Into<String>) -> Self {
        Self { version: CASE_VERSION, api: api.into(), origin: Origin::default(), needs: vec![], calls: vec![] }
    }

    /// Every identity that the case names, as a sender or as an owner.
    pub fn actors(&self) -> impl Iterator<Item = &str> {
        let owners = self.needs.iter().filter_map(|need| need.actor.as_deref());
        owners.chain(self.calls.iter().filter_map(|turn| turn.actor.as_deref()))
    }

    /// The stable id: the first 16 hexadecimal digits of the SHA-256 of the canonical JSON of needs and calls.
    pub fn id(&self) -> String {
        // Field order is declaration order and maps are ordered, so the text is canonical.
        let text = serde_json::to_vec(&(&self.api, &self.needs, &self.calls)).unwrap_or_default();
        let digits = bodies::hex(&bodies::sha256(&text)[..8]);
        digits.into_iter().map(char::from).collect()
    }

    /// Checks version, length, ids and references.
    pub fn check(&self) -> Result<(), CaseError> {
        if self.version != CASE_VERSION {
            return Err(CaseError::Version(self.version));
        }
        if self.calls.is_empty() || self.calls.len() > CASE_CALLS_MAX {
            return Err(CaseError::Length(self.calls.len()));
        }
        let mut seen: Vec<&str> = Vec::new();
        for turn in &self.calls {
            if turn.id.is_empty() || turn.id.contains('.') || seen.contains(&turn.id.as_str()) {
                return Err(CaseError::Id(turn.id.clone()));
            }
            if let Some(repeat) = turn.repeat.as_ref().filter(|own| !(1..=REPEAT_MAX).contains(&own.at_most)) {
                return Err(CaseError::Repeat(turn.id.clone(), repeat.at_most));
            }
            check_references(turn, &seen)?;
            seen.push(&turn.id);
        }
        Ok(())
    }
}

fn check_references(turn: &Turn, earlier: &[&str]) -> Result<(), CaseError> {
    let mut bad = None;
    turn.call.each_symbol(&mut |symbol| {
        if !earlier.contains(&symbol.call()) {
            bad = Some(symbol.as_str().to_owned());
        }
    });
    let after = turn.after.iter().flatten().find(|id| !earlier.contains(&id.as_str()));
    match bad.or_else(|| after.cloned()) {
        None => Ok(()),
        Some(reference) => Err(CaseError::Reference { call: turn.id.clone(), reference }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_calls() -> Case {
        let mut case = Case::new("kv");
        case.calls.push(Turn::new("put", Call::new("Put").with("key", Value::resource("key", "a"))));
        case.calls.push(Turn::new("get", Call::new("Get").with("revision", Value::symbol("put", "revision"))));
        case
    }

    #[test]
    fn a_case_survives_json_with_its_id() {
        let case = two_calls();
        let json = serde_json::to_string(&case).expect("serialises");
        let back: Case = serde_json::from_str(&json).expect("parses");
        assert_eq!(back, case);
        assert_eq!(back.id(), case.id());
        assert_eq!(case.check(), Ok(()));
    }

    #[test]
    fn a_need_that_asks_for_no_nature_is_written_as_ever() {
        let written = |need: &Need| serde_json::to_string(need).expect("serialises");
        assert_eq!(written(&Need::own("bucket", "a")), r#"{"kind":"bucket","role":"a","own":true}"#);
        let locked = Need::shared("bucket", "a").of_nature("locked");
        assert_eq!(written(&locked), r#"{"kind":"bucket","role":"a","own":false,"nature":"locked"}"#);
        let (mut plain, mut natured) = (two_calls(), two_calls());
        plain.needs.push(Need::shared("bucket", "a"));
        natured.needs.push(locked);
        assert_ne!(plain.id(), natured.id(), "it is part of what the case needs");
        assert_eq!(plain.id(), "8f70e3b911b868c5", "ids of cases outlive this format");
    }

    #[test]
    fn a_call_is_not_repeated_without_an_end() {
        let until = Expectation::status(200);
        for (at_most, good) in [(0, false), (1, true), (REPEAT_MAX, true), (REPEAT_MAX + 1, false)] {
            let mut case = two_calls();
            case.calls[1].repeat = Some(Repeat { until: until.clone(), at_most });
            let expected = if good { Ok(()) } else { Err(CaseError::Repeat("get".into(), at_most)) };
            assert_eq!(case.check(), expected);
        }
    }

    #[test]
    fn a_reference_to_a_later_call_is_refused() {
        let mut case = two_calls();
        case.calls.swap(0, 1);
        let expected = CaseError::Reference { call: "get".into(), reference: "put.revision".into() };
        assert_eq!(case.check(), Err(expected));
    }
}
