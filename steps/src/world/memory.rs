//! What a scenario remembers: captured values, files it made up, and what "it" is.

use std::collections::BTreeMap;

use plumb_model::bodies::{BodySpec, sha256};
use plumb_model::value::Value;

use crate::failure::fail;

/// How long a file is of which nothing else is said, in bytes.
pub const FILE_BYTES: u64 = 1_024;

/// What a scenario remembers.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    values: BTreeMap<String, Value>,
    files: BTreeMap<String, Value>,
    recent: BTreeMap<String, String>,
}

impl Memory {
    /// Keeps a value under a name, by which `{name}` in a later step means it.
    pub fn keep(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// The value that was kept under a name.
    pub fn kept(&self, name: &str) -> &Value {
        self.values.get(name).unwrap_or_else(|| {
            let known: Vec<&str> = self.values.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            fail(format!("nothing is known as {name:?}; captured so far: {known}"))
        })
    }

    /// The value that was kept under a name, where there is one.
    pub fn known(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Says what is in a file.
    pub fn define_file(&mut self, name: &str, content: Value) {
        self.files.insert(name.to_owned(), content);
    }

    /// What is in a file. One of which nothing was said holds [`FILE_BYTES`] bytes, the same in each run, and other
    /// ones than a file of another name.
    pub fn file(&self, name: &str) -> Value {
        self.files.get(name).cloned().unwrap_or_else(|| Value::Body(self.random_file(name, FILE_BYTES)))
    }

    /// The recipe of so many bytes that belong to a file of this name.
    pub fn random_file(&self, name: &str, bytes: u64) -> BodySpec {
        let digest = sha256(name.as_bytes());
        let seed = digest[..4].iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        BodySpec::random(seed, bytes)
    }

    /// Notes that "it" means `label` from now on, among things of its kind.
    pub fn mention(&mut self, kind: &str, label: &str) {
        self.recent.insert(kind.to_owned(), label.to_owned());
    }

    /// What "it" means among things of a kind.
    pub fn it(&self, kind: &str) -> String {
        let nothing = || fail(format!("\"it\" means nothing: no step before names a {kind}"));
        self.recent.get(kind).cloned().unwrap_or_else(nothing)
    }

    /// The value of a text in which `{name}` stands for what was captured, `{key a}` for the name that this run gives
    /// to a resource, and `{{` and `}}` for braces.
    pub fn value(&self, text: &str) -> Value {
        let parts = self.parts(text);
        match <[Value; 1]>::try_from(parts) {
            Ok([only]) => only,
            Err(parts) if parts.is_empty() => Value::from(""),
            Err(parts) => Value::concat(parts),
        }
    }

    /// The parts of such a text.
    pub fn parts(&self, text: &str) -> Vec<Value> {
        let pieces = self.pieces(text).into_iter();
        let parts = pieces.map(|piece| match piece {
            Piece::Plain(plain) => Value::from(plain.as_str()),
            Piece::Named(value) => value,
        });
        parts.collect()
    }

    /// The parts of such a text, those that stand in it as they are apart from those that are put there.
    pub fn pieces(&self, text: &str) -> Vec<Piece> {
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain += &rest[..at];
            let brace = &rest[at..];
            if brace.starts_with("{{") || brace.starts_with("}}") {
                plain.push_str(&brace[..1]);
                rest = &brace[2..];
                continue;
            }
            let Some((name, after)) = brace.strip_prefix('{').and_then(|inner| inner.split_once('}')) else {
                fail(format!("a brace without its other half in {text:?}; write {{{{ or }}}} for one that is meant"))
            };
            if !plain.is_empty() {
                pieces.push(Piece::Plain(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Named(match name.split_once(' ') {
                Some((kind, role)) => Value::resource(kind, role),
                None => self.kept(name).clone(),
            }));
            rest = after;
        }
        plain += rest;
        if !plain.is_empty() {
            pieces.push(Piece::Plain(plain));
        }
        pieces
    }
}

/// A part of a text that a scenario says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it stands there.
    Plain(String),
    /// What is put in place of a name in braces.
    Named(Value),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_holds_captured_values_and_roles() {
        let mut memory = Memory::default();
        memory.keep("revision", Value::symbol("1-Put", "revision"));
        let check = |text: &str, expected: Value| assert_eq!(memory.value(text), expected, "{text}");
        check("plain", Value::from("plain"));
        check("", Value::from(""));
        check("{{a}}", Value::from("{a}"));
        check("{revision}", Value::symbol("1-Put", "revision"));
        check("/v1/keys/{key a b}", Value::concat([Value::from("/v1/keys/"), Value::resource("key", "a b")]));
    }

    #[test]
    fn a_file_holds_the_same_bytes_in_each_run_and_other_ones_than_its_neighbour() {
        let memory = Memory::default();
        assert_eq!(memory.file("cat.png"), Memory::default().file("cat.png"));
        assert_ne!(memory.file("cat.png"), memory.file("dog.png"));
    }
}
