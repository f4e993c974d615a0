//! What a listing asks for: how many entries, and from where on.

use bytes::Bytes;
use plumb_model::expectation::Matcher;
use plumb_model::value::Value;

use crate::request::Request;
use crate::state::Token;

/// The most entries on a page, and as many as there are without `max-keys`.
pub const KEYS_MAX: usize = 1_000;

/// How many entries are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Most {
    /// So many, of which a page holds [`KEYS_MAX`].
    Entries(usize),
    /// A text without a character, which may stand for the default or for nothing.
    Empty,
    /// A number beyond 32 bits.
    Enormous,
    /// No number.
    None,
}

/// How many entries a page may have, and what its answer says of that.
#[derive(Debug, Clone)]
pub(crate) struct Size {
    /// The most entries.
    pub(crate) most: usize,
    /// `MaxKeys`.
    pub(crate) told: Matcher,
}

impl Most {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        let Some(text) = request.argument("max-keys") else { return Self::Entries(KEYS_MAX) };
        if text.is_empty() {
            return Self::Empty;
        }
        if !text.iter().all(u8::is_ascii_digit) {
            return Self::None;
        }
        // The parameter is a 32-bit integer in the service model; what a larger one does is not said.
        let asked = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i32>().ok());
        asked.map_or(Self::Enormous, |asked| Self::Entries(usize::try_from(asked).unwrap_or(KEYS_MAX)))
    }

    /// Whether it is not said if this is a number at all.
    pub(crate) const fn is_odd(self) -> bool {
        matches!(self, Self::Empty | Self::Enormous)
    }

    /// The sizes that a page may have. More than [`KEYS_MAX`] count as so many; that the answer says so is relied on
    /// by nobody.
    pub(crate) fn sizes(self, request: &Request<'_>) -> Vec<Size> {
        let exactly = |most: usize| Size { most, told: Matcher::is(most.to_string()) };
        let at_most = || {
            let given = request.argument("max-keys").cloned().unwrap_or_default();
            let told = Matcher::OneOf(vec![Value::literal(KEYS_MAX.to_string()), Value::Literal(given)]);
            Size { most: KEYS_MAX, told }
        };
        match self {
            Self::Entries(asked) if asked > KEYS_MAX && !request.aws => vec![at_most()],
            Self::Entries(asked) => vec![exactly(asked.min(KEYS_MAX))],
            Self::Empty => vec![exactly(KEYS_MAX), exactly(0)],
            Self::Enormous => vec![at_most()],
            Self::None => Vec::new(),
        }
    }
}

/// Where a page starts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start<'a> {
    Beginning,
    /// After a key, by `start-after`.
    After(&'a Bytes),
    /// Where a token says, and whether it was given for these parameters.
    Token(&'a Token, bool),
    /// A token without a character.
    Empty,
    /// A token that was never given.
    Unknown,
}

impl<'a> Start<'a> {
    /// A token wins over `start-after`.
    pub(crate) fn of(request: &Request<'a>) -> Self {
        match request.argument("continuation-token") {
            None => request.argument("start-after").filter(|key| !key.is_empty()).map_or(Self::Beginning, Self::After),
            Some(text) if text.is_empty() => Self::Empty,
            Some(text) => Self::token(request, text),
        }
    }

    fn token(request: &Request<'a>, text: &Bytes) -> Self {
        let given = request.state.tokens.iter().filter(|(symbol, _)| request.seen.bound(symbol) == Some(text));
        let same = |name: &str, own: &Bytes| request.argument(name).map_or(&b""[..], AsRef::as_ref) == own;
        let mut found = Self::Unknown;
        for (_, token) in given {
            let fits = token.bucket == request.bucket_name
                && same("prefix", &token.prefix)
                && same("delimiter", &token.delimiter);
            found = Self::Token(token, fits);
            if fits {
                break;
            }
        }
        found
    }
}
