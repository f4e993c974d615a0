//! What a listing asks for: how many entries, and from where on.

use bytes::Bytes;

use crate::request::Request;
use crate::state::Token;

/// The most entries on a page, and as many as there are without `max-keys`.
pub const KEYS_MAX: usize = 1_000;

/// How many entries are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Most {
    /// So many at most, and what the answer may say of it.
    Entries { most: usize, asked: usize },
    /// A number that may or may not be taken for one.
    Odd,
    /// No number.
    None,
}

impl Most {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        let Some(text) = request.argument("max-keys") else {
            return Self::Entries { most: KEYS_MAX, asked: KEYS_MAX };
        };
        if text.is_empty() {
            return Self::Odd;
        }
        if !text.iter().all(u8::is_ascii_digit) {
            return Self::None;
        }
        // The parameter is a 32-bit integer in the service model; what a larger one does is not said.
        match std::str::from_utf8(text).ok().and_then(|text| text.parse::<i32>().ok()) {
            Some(asked) => {
                let asked = usize::try_from(asked).unwrap_or(KEYS_MAX);
                Self::Entries { most: asked.min(KEYS_MAX), asked }
            }
            None => Self::Odd,
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
