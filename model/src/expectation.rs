//! One permitted answer: what must be there, what must not, and what is left open and why.

mod values;

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::bodies::{Origin, Payload};
use crate::http::HeaderName;
use crate::time::{self, Interval};
use crate::value::{Function, Symbol, Value};

pub use values::Replace;

/// A short text that is mostly known at compile time.
pub type Label = Cow<'static, str>;

/// What one answer must look like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The HTTP status.
    pub status: u16,
    /// The API's own error code; none means that there must be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Label>,
    /// What each named header must be; others may be there (RFC 9110 section 5.1: unknown fields are ignored).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(HeaderName, Matcher)>,
    /// Starts of header names: a header that starts so must be named by a rule above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_others: Vec<Label>,
    /// What the body must be.
    pub body: BodyRule,
}

impl Expectation {
    /// An answer with `status`, no code, no demand on headers, and an empty body.
    pub const fn status(status: u16) -> Self {
        Self { status, code: None, headers: Vec::new(), no_others: Vec::new(), body: BodyRule::Empty }
    }

    /// `404 NoSuchKey`.
    pub fn class(&self) -> String {
        match &self.code {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }

    /// The expectation, with no header that starts with `start` but those named by a rule.
    #[must_use]
    pub fn no_others(mut self, start: &'static str) -> Self {
        self.no_others.push(start.into());
        self
    }

    /// The expectation with one more header rule.
    #[must_use]
    pub fn header(mut self, name: impl Into<HeaderName>, matcher: Matcher) -> Self {
        self.headers.push((name.into(), matcher));
        self
    }
}

/// What a single value must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matcher {
    /// Equal to this value; an unbound symbol is bound to what is seen.
    Is(Value),
    /// Equal to one of these, compared with upper and lower case alike.
    OneOf(Vec<Value>),
    /// A digest of a stored body, in Base64; computed when there is something to compare. Not for files: `also`
    /// uses `Is`.
    #[serde(skip)]
    Digest {
        /// Which digest.
        function: Function,
        /// The stored body.
        of: Origin,
    },
    /// The server chooses it: of this form, bound at first sight, equal ever after.
    Chosen {
        /// The name the value is known by.
        symbol: Symbol,
        /// What it looks like.
        form: Form,
    },
    /// Anything of this form.
    Like(Form),
    /// Holds this value somewhere.
    Contains(Value),
    /// So many bytes, whichever.
    Length(u64),
    /// Must not be there.
    Absent,
    /// May be missing; if it is there, it must match.
    Maybe(Box<Matcher>),
    /// Left open, and why.
    Any(Label),
    /// Must be there; what it is, is left open.
    Open {
        /// What a server made from the model says.
        example: Value,
        /// Why it is left open.
        why: Label,
    },
}

impl Matcher {
    /// Equal to `bytes`.
    pub fn is(bytes: impl Into<Bytes>) -> Self {
        Self::Is(Value::Literal(bytes.into()))
    }

    /// Equal to a text known at compile time.
    pub const fn fixed(text: &'static str) -> Self {
        Self::Is(Value::fixed(text))
    }

    /// The same, but it may be missing.
    #[must_use]
    pub fn maybe(self) -> Self {
        Self::Maybe(Box::new(self))
    }
}

/// What a value that the server chooses looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// An IMF-fixdate (RFC 9110 section 5.6.7), inside the interval where one is given.
    HttpDate(Option<Interval>),
    /// An ISO 8601 instant in UTC, inside the interval where one is given.
    IsoDate(Option<Interval>),
    /// An entity tag (RFC 9110 section 8.8.3).
    EntityTag,
    /// Decimal digits.
    Integer,
    /// One or more visible ASCII characters.
    Token,
    /// Any text, even none.
    Text,
}

impl Form {
    /// The canonical form of `bytes`, equal for equal values however they are written; none where they are
    /// not of this form. A date becomes its seconds since 1970 in decimal digits.
    pub fn canonical(self, bytes: &Bytes) -> Option<Bytes> {
        let text = std::str::from_utf8(bytes).ok()?;
        match self {
            // A recipient reads three forms of a date, a sender may write only one (RFC 9110 section 5.6.7).
            Self::HttpDate(within) => {
                let seconds = time::parse_http_date(text).filter(|seconds| time::http_date(*seconds) == text)?;
                seconds_within(seconds, within)
            }
            Self::IsoDate(within) => seconds_within(time::parse_iso_date(text)?, within),
            Self::EntityTag => is_entity_tag(bytes).then(|| bytes.clone()),
            Self::Integer => (!bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)).then(|| bytes.clone()),
            Self::Token => (!bytes.is_empty() && bytes.iter().all(u8::is_ascii_graphic)).then(|| bytes.clone()),
            Self::Text => Some(bytes.clone()),
        }
    }

    /// How a canonical value is written in this form.
    pub fn render(self, canonical: &Bytes) -> Bytes {
        let seconds = || std::str::from_utf8(canonical).ok().and_then(|text| text.parse().ok());
        match self {
            Self::HttpDate(_) => seconds().map_or_else(|| canonical.clone(), |at| time::http_date(at).into()),
            Self::IsoDate(_) => seconds().map_or_else(|| canonical.clone(), |at| time::iso_date(at).into()),
            _ => canonical.clone(),
        }
    }

    /// What the form asks for, in words.
    pub fn describe(self) -> String {
        match self {
            Self::HttpDate(None) => "an HTTP date".into(),
            Self::IsoDate(None) => "an ISO 8601 date".into(),
            Self::HttpDate(Some(within)) | Self::IsoDate(Some(within)) => format!("a date {within}"),
            Self::EntityTag => "an entity tag".into(),
            Self::Integer => "an integer".into(),
            Self::Token => "a visible text".into(),
            Self::Text => "a text".into(),
        }
    }
}

fn seconds_within(seconds: i64, within: Option<Interval>) -> Option<Bytes> {
    // Written dates have whole seconds, so both ends of the interval are rounded outwards.
    let inside = within.is_none_or(|interval| interval.holds_second(seconds));
    inside.then(|| seconds.to_string().into())
}

fn is_entity_tag(bytes: &[u8]) -> bool {
    let opaque = bytes.strip_prefix(b"W/").unwrap_or(bytes);
    opaque.len() >= 2
        && opaque.starts_with(b"\"")
        && opaque.ends_with(b"\"")
        && opaque[1..opaque.len() - 1].iter().all(|byte| *byte > b' ' && *byte != b'"' && *byte != 0x7f)
}

/// What a body must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyRule {
    /// No byte.
    Empty,
    /// `length` bytes of a stored payload, from byte `from` on. Not for files: `also` uses `Equals`.
    #[serde(skip)]
    Part {
        /// The stored payload.
        payload: Payload,
        /// The first byte.
        from: u64,
        /// How many bytes.
        length: u64,
    },
    /// Equal to this value.
    Equals(Value),
    /// Bytes that match as a whole.
    Matches(Matcher),
    /// A document of this shape.
    Document(Shape),
    /// Left open, and why.
    Any(Label),
}

/// What a document must look like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A text that matches.
    Text(Matcher),
    /// A number, a truth value or nothing that matches, as it stands in the body.
    Bare(Matcher),
    /// These fields; others may be there, as APIs add fields without notice.
    Fields(Vec<(Label, Shape)>),
    /// Exactly these entries in this order.
    List(Vec<Shape>),
    /// Entries whose order says nothing.
    Keyed(Keyed),
    /// May be missing; if it is there, it must match.
    Maybe(Box<Shape>),
    /// Left open, and why.
    Any(Label),
}

/// What a list must hold whose order says nothing: its entries are known by one of their fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyed {
    /// The field by which an entry is known. The shapes of the entries need not name it again.
    pub key: Label,
    /// The entries that must be there, each once. One whose shape is [`Shape::Maybe`] may be missing.
    pub entries: Vec<(Value, Shape)>,
    /// The keys of entries that must not be there, whatever else may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<Value>,
    /// The most entries there may be; none means that their number is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<usize>,
    /// Why there may be entries that are not named here; none means that there must be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<Label>,
}

impl Keyed {
    /// Exactly `entries`, known by the field `key`.
    pub fn new(key: impl Into<Label>, entries: Vec<(Value, Shape)>) -> Self {
        Self { key: key.into(), entries, absent: Vec::new(), most: None, others: None }
    }
}

impl Shape {
    /// A text equal to `bytes`.
    pub fn is(bytes: impl Into<Bytes>) -> Self {
        Self::Text(Matcher::is(bytes))
    }

    /// Must not be there.
    pub const fn absent() -> Self {
        Self::Text(Matcher::Absent)
    }

    /// The same, but it may be missing.
    #[must_use]
    pub fn maybe(self) -> Self {
        Self::Maybe(Box::new(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_two_notations_have_one_canonical_form() {
        let header = Form::HttpDate(None).canonical(&Bytes::from_static(b"Thu, 01 Jan 1970 00:01:00 GMT"));
        let element = Form::IsoDate(None).canonical(&Bytes::from_static(b"1970-01-01T00:01:00.250Z"));
        assert_eq!(header, Some(Bytes::from_static(b"60")));
        assert_eq!(header, element);
    }

    #[test]
    fn a_list_known_by_keys_survives_json() {
        let entries = vec![(Value::resource("bucket", "a"), Shape::absent().maybe())];
        let whole = Keyed {
            absent: vec!["b".into()],
            most: Some(1),
            others: Some("shared".into()),
            ..Keyed::new("Name", entries)
        };
        for keyed in [whole, Keyed::new("Name", vec![])] {
            let shape = Shape::Keyed(keyed);
            let json = serde_json::to_string(&shape).expect("serialises");
            assert_eq!(serde_json::from_str::<Shape>(&json).expect("parses"), shape, "{json}");
        }
    }

    #[test]
    fn entity_tags_are_quoted() {
        for (text, good) in [("\"a\"", true), ("W/\"a\"", true), ("\"\"", true), ("a", false), ("\"", false)] {
            assert_eq!(Form::EntityTag.canonical(&Bytes::from_static(text.as_bytes())).is_some(), good, "{text}");
        }
    }
}
