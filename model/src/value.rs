//! Values as a case stores them: relative, so that the same case is byte for byte the same everywhere.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::bodies::{BodySpec, ContentId};

/// A value the server chooses, known by which call's answer it came from: `2.upload_id`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Symbol(Arc<str>);

impl Symbol {
    /// The symbol `name` of the answer to the call with id `call`.
    pub fn new(call: &str, name: &str) -> Self {
        let mut text = String::with_capacity(call.len() + 1 + name.len());
        text.push_str(call);
        text.push('.');
        text.push_str(name);
        Self(text.into())
    }

    /// The id of the call whose answer holds the value; empty where the text names none.
    pub fn call(&self) -> &str {
        self.0.split_once('.').map_or("", |(call, _)| call)
    }

    /// `2.upload_id`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "‹{}›", self.0)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A named function of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// The arguments one after the other.
    Concat,
    /// The 16 bytes of the MD5 of its argument.
    Md5,
    /// The 32 bytes of the SHA-256 of its argument.
    Sha256,
    /// The 20 bytes of the SHA-1 of its argument.
    Sha1,
    /// The CRC-32 (ISO-HDLC) of its argument, 4 bytes, big-endian.
    Crc32,
    /// The CRC-32C (iSCSI) of its argument, 4 bytes, big-endian.
    Crc32c,
    /// The CRC-64/NVME of its argument, 8 bytes, big-endian.
    Crc64Nvme,
    /// Standard Base64 with padding.
    Base64,
    /// Lower-case hexadecimal digits.
    Hex,
    /// Its argument between double quotes.
    Quoted,
    /// Its argument without the double quotes around it.
    Unquoted,
    /// Some value of the same length and alphabet that is not its argument.
    DifferentFrom,
    /// A clock value as an IMF-fixdate (RFC 9110 section 5.6.7).
    HttpDate,
    /// Its first argument, filled up with `a` to the number of bytes its second argument gives.
    PadTo,
    /// Its first argument, percent-encoded (RFC 3986 section 2.1) but for unreserved characters and for those that
    /// stand in its second argument.
    PercentEncoded,
}

/// A value of a call's argument or of an expectation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "ValueForm", into = "ValueForm")]
pub enum Value {
    /// These bytes.
    Literal(Bytes),
    /// What the server chose in an earlier answer.
    Symbol(Symbol),
    /// The name of a resource in a role: each run and case puts its own name there.
    Resource {
        /// What it is, a word of the API: `bucket`.
        kind: String,
        /// Which one of the case: `a`.
        role: String,
    },
    /// The public identifier of a named identity.
    Actor(String),
    /// The region of the service.
    Region,
    /// A moment: now, or the moment a symbol holds, moved by whole seconds.
    Clock {
        /// The symbol to count from; none means now.
        from: Option<Symbol>,
        /// Seconds to add.
        offset_s: i64,
    },
    /// A body made from a pattern.
    Body(BodySpec),
    /// Bytes known by their digest, held by the pool of bodies.
    Content(ContentId),
    /// A function of other values.
    Apply {
        /// Which function.
        function: Function,
        /// Its arguments.
        of: Vec<Value>,
    },
}

impl Value {
    /// A literal from text that is known at compile time.
    pub const fn fixed(text: &'static str) -> Self {
        Self::Literal(Bytes::from_static(text.as_bytes()))
    }

    /// A literal.
    pub fn literal(bytes: impl Into<Bytes>) -> Self {
        Self::Literal(bytes.into())
    }

    /// The name of a resource in a role.
    pub fn resource(kind: &str, role: &str) -> Self {
        Self::Resource { kind: kind.to_owned(), role: role.to_owned() }
    }

    /// The symbol `name` of the answer to `call`.
    pub fn symbol(call: &str, name: &str) -> Self {
        Self::Symbol(Symbol::new(call, name))
    }

    /// `function` of one value.
    #[must_use]
    pub fn apply(self, function: Function) -> Self {
        Self::Apply { function, of: vec![self] }
    }

    /// The values one after the other.
    pub fn concat(of: impl IntoIterator<Item = Self>) -> Self {
        Self::Apply { function: Function::Concat, of: of.into_iter().collect() }
    }

    /// Now, moved by `offset_s` seconds.
    pub const fn now(offset_s: i64) -> Self {
        Self::Clock { from: None, offset_s }
    }

    /// The bytes, where the value is a literal.
    pub fn as_literal(&self) -> Option<&Bytes> {
        match self {
            Self::Literal(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether the bytes depend neither on an earlier answer nor on the clock.
    pub fn is_fixed(&self) -> bool {
        match self {
            Self::Symbol(_) | Self::Clock { .. } => false,
            Self::Apply { of, .. } => of.iter().all(Self::is_fixed),
            _ => true,
        }
    }

    /// Calls `visit` with every symbol inside.
    pub fn each_symbol(&self, visit: &mut impl FnMut(&Symbol)) {
        match self {
            Self::Symbol(symbol) | Self::Clock { from: Some(symbol), .. } => visit(symbol),
            Self::Apply { of, .. } => of.iter().for_each(|value| value.each_symbol(visit)),
            _ => {}
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Literal(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<BodySpec> for Value {
    fn from(spec: BodySpec) -> Self {
        Self::Body(spec)
    }
}

/// For people: `"text"`, `‹put.etag›`, `{bucket a}`, `now-60s`, `md5(...)`.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(bytes) => write!(formatter, "\"{}\"", bytes.escape_ascii()),
            Self::Symbol(symbol) => write!(formatter, "‹{symbol}›"),
            Self::Resource { kind, role } => write!(formatter, "{{{kind} {role}}}"),
            Self::Actor(name) => write!(formatter, "{{actor {name}}}"),
            Self::Region => formatter.write_str("{region}"),
            Self::Clock { from: None, offset_s } => write!(formatter, "now{offset_s:+}s"),
            Self::Clock { from: Some(symbol), offset_s } => write!(formatter, "‹{symbol}›{offset_s:+}s"),
            Self::Body(spec) => write!(formatter, "{spec}"),
            Self::Content(content) => write!(formatter, "{} bytes", content.length),
            Self::Apply { function, of } => {
                write!(formatter, "{function:?}(")?;
                for (index, value) in of.iter().enumerate() {
                    write!(formatter, "{}{value}", if index == 0 { "" } else { ", " })?;
                }
                formatter.write_str(")")
            }
        }
    }
}

/// How a value stands in JSON: text is a string, everything else an object with one key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a string, or an object with one of the keys bytes, symbol, resource, actor, target, clock, body, content, apply"
)]
enum ValueForm {
    Text(String),
    Tagged(Tagged),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Tagged {
    Bytes(String),
    Symbol(Symbol),
    Resource { kind: String, role: String },
    Actor(String),
    Target(Fact),
    Clock { from: Option<Symbol>, offset_s: i64 },
    Body(BodySpec),
    Content(ContentId),
    Apply { function: Function, of: Vec<Value> },
}

/// What a value may say of the target.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fact {
    Region,
}

impl From<Value> for ValueForm {
    fn from(value: Value) -> Self {
        Self::Tagged(match value {
            Value::Literal(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => return Self::Text(text.to_owned()),
                Err(_) => Tagged::Bytes(BASE64.encode(&bytes)),
            },
            Value::Symbol(symbol) => Tagged::Symbol(symbol),
            Value::Resource { kind, role } => Tagged::Resource { kind, role },
            Value::Actor(name) => Tagged::Actor(name),
            Value::Region => Tagged::Target(Fact::Region),
            Value::Clock { from, offset_s } => Tagged::Clock { from, offset_s },
            Value::Body(spec) => Tagged::Body(spec),
            Value::Content(content) => Tagged::Content(content),
            Value::Apply { function, of } => Tagged::Apply { function, of },
        })
    }
}

impl TryFrom<ValueForm> for Value {
    type Error = String;

    fn try_from(form: ValueForm) -> Result<Self, String> {
        Ok(match form {
            ValueForm::Text(text) => Self::Literal(text.into()),
            ValueForm::Tagged(Tagged::Bytes(text)) => {
                Self::Literal(BASE64.decode(text).map_err(|error| format!("bytes are not Base64: {error}"))?.into())
            }
            ValueForm::Tagged(Tagged::Symbol(symbol)) => Self::Symbol(symbol),
            ValueForm::Tagged(Tagged::Resource { kind, role }) => Self::Resource { kind, role },
            ValueForm::Tagged(Tagged::Actor(name)) => Self::Actor(name),
            ValueForm::Tagged(Tagged::Target(Fact::Region)) => Self::Region,
            ValueForm::Tagged(Tagged::Clock { from, offset_s }) => Self::Clock { from, offset_s },
            ValueForm::Tagged(Tagged::Body(spec)) => Self::Body(spec),
            ValueForm::Tagged(Tagged::Content(content)) => Self::Content(content),
            ValueForm::Tagged(Tagged::Apply { function, of }) => Self::Apply { function, of },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_survives_json() {
        let values = [
            Value::from("text"),
            Value::literal(vec![0xff, 0]),
            Value::symbol("2", "upload_id"),
            Value::resource("bucket", "a"),
            Value::Actor("alice".into()),
            Value::Region,
            Value::now(-60),
            Value::Body(BodySpec::random(3, 10)),
            Value::from("x").apply(Function::Md5).apply(Function::Base64),
        ];
        for value in values {
            let json = serde_json::to_string(&value).expect("serialises");
            assert_eq!(serde_json::from_str::<Value>(&json).expect("parses"), value, "{json}");
        }
    }

    #[test]
    fn digests_keep_their_names_in_case_files() {
        for (function, name) in [
            (Function::Md5, "md5"),
            (Function::Sha1, "sha1"),
            (Function::Sha256, "sha256"),
            (Function::Crc32, "crc32"),
            (Function::Crc32c, "crc32c"),
            (Function::Crc64Nvme, "crc64_nvme"),
        ] {
            assert_eq!(serde_json::to_string(&function).expect("serialises"), format!("\"{name}\""));
        }
    }
}
