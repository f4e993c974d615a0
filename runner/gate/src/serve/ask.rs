//! What is asked for, and what nobody may ask for.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The longest key, in bytes: the longest names of Kubernetes, with what tells revisions and stages apart.
const KEY_BYTES_MAX: usize = 400;
/// The longest version that may be expected, in bytes.
const VERSION_BYTES_MAX: usize = 200;
/// The longest time for which an answer may be held back, in the hope of a decision.
pub(super) const WAIT_MAX: Duration = Duration::from_mins(4);

/// What is judged, in the words of whoever asks: letters, digits, and `.`, `_`, `:`, `@` and `-` behind the first.
///
/// ```
/// use plumb_gate::serve::Key;
///
/// assert!(Key::new("checkout:7f5d6c9b8").is_ok());
/// assert!(Key::new("../etc/passwd").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Key(String);

impl Key {
    /// Takes `text` for a key.
    ///
    /// # Errors
    /// Where it is empty, too long, or has a character that a key does not have. The error repeats nothing of it.
    pub fn new(text: &str) -> Result<Self, AskError> {
        if text.is_empty() {
            return Err(AskError::NoKey);
        }
        if text.len() > KEY_BYTES_MAX {
            return Err(AskError::LongKey);
        }
        let fits = |(place, letter): (usize, char)| {
            letter.is_ascii_alphanumeric() || place > 0 && matches!(letter, '.' | '_' | ':' | '@' | '-')
        };
        match text.chars().enumerate().position(|letter| !fits(letter)) {
            Some(place) => Err(AskError::Character(place + 1)),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Key {
    type Error = AskError;

    fn try_from(text: String) -> Result<Self, AskError> {
        Self::new(&text)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Why nobody may ask that. Nothing of what was asked is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// There is no key.
    #[error("a key is needed: what is judged, such as a rollout with its revision")]
    NoKey,
    /// The key is too long.
    #[error("the key is longer than {KEY_BYTES_MAX} bytes")]
    LongKey,
    /// The key has a character that a key does not have.
    #[error(
        "character {0} of the key is none of a key: letters and digits, and behind the first also . _ : @ and - are"
    )]
    Character(usize),
    /// The version is too long, empty, or not plain text.
    #[error("expect_version is 1 to {VERSION_BYTES_MAX} visible characters of ASCII")]
    Version,
    /// The wait is too long.
    #[error("wait is 0 to {} seconds", WAIT_MAX.as_secs())]
    Wait,
    /// It is said in the address and in the body.
    #[error("{0} is said twice: in the address and in the body")]
    Twice(&'static str),
    /// The query or the body is of another form.
    #[error("{0} cannot be read: {1}")]
    Form(&'static str, String),
    /// The hook is of a type for which there is no true answer.
    #[error("{0}")]
    Hook(&'static str),
}

/// A question, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) key: Key,
    pub(super) expect_version: Option<String>,
    pub(super) wait: Duration,
}

impl Question {
    /// # Errors
    /// Where anything of it is not as it has to be.
    pub(super) fn new(key: Key, expect_version: Option<String>, wait: Option<u64>) -> Result<Self, AskError> {
        if expect_version.as_deref().is_some_and(|version| !is_version(version)) {
            return Err(AskError::Version);
        }
        let wait = Duration::from_secs(wait.unwrap_or(0));
        if wait > WAIT_MAX {
            return Err(AskError::Wait);
        }
        Ok(Self { key, expect_version, wait })
    }
}

fn is_version(text: &str) -> bool {
    (1..=VERSION_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A question as it is written, in the address, in the body, or in parts in both.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    key: Option<String>,
    expect_version: Option<String>,
    wait: Option<u64>,
}

impl Written {
    /// Reads what is in the address and, where there is one, in the body.
    ///
    /// # Errors
    /// Where it is no question.
    pub(super) fn question(in_address: Self, body: &[u8]) -> Result<Question, AskError> {
        let in_body = match body {
            [] => Self::default(),
            body => serde_json::from_slice(body).map_err(|error| AskError::Form("the body", error.to_string()))?,
        };
        let key = once("key", in_address.key, in_body.key)?.ok_or(AskError::NoKey)?;
        let expect_version = once("expect_version", in_address.expect_version, in_body.expect_version)?;
        let wait = once("wait", in_address.wait, in_body.wait)?;
        Question::new(Key::new(&key)?, expect_version, wait)
    }
}

fn once<T>(name: &'static str, in_address: Option<T>, in_body: Option<T>) -> Result<Option<T>, AskError> {
    if in_address.is_some() && in_body.is_some() { Err(AskError::Twice(name)) } else { Ok(in_address.or(in_body)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_plain() {
        let longest = "k".repeat(KEY_BYTES_MAX);
        let longer = "k".repeat(KEY_BYTES_MAX + 1);
        for (text, wanted) in [
            ("a", Ok(())),
            ("default:podinfo:85d557f47b", Ok(())),
            ("Checkout_7.1@2026-03-14", Ok(())),
            (longest.as_str(), Ok(())),
            (longer.as_str(), Err(AskError::LongKey)),
            ("", Err(AskError::NoKey)),
            (".", Err(AskError::Character(1))),
            ("-rf", Err(AskError::Character(1))),
            ("a/../../b", Err(AskError::Character(2))),
            ("a b", Err(AskError::Character(2))),
            ("ab\0", Err(AskError::Character(3))),
            ("ab\n::error::", Err(AskError::Character(3))),
            ("abcd\u{202e}", Err(AskError::Character(5))),
            ("\u{e9}", Err(AskError::Character(1))),
        ] {
            assert_eq!(Key::new(text).map(|_| ()), wanted, "{text:?}");
        }
    }

    #[test]
    fn versions_are_one_visible_word() {
        for (text, fits) in
            [("1.2.3+build", true), ("--config=/etc/x", true), ("", false), ("a b", false), ("a\n", false)]
        {
            let question = Question::new(Key::new("k").expect("a key"), Some(text.to_owned()), None);
            assert_eq!(question.is_ok(), fits, "{text:?}");
        }
    }

    #[test]
    fn nothing_is_said_twice_and_nothing_unknown_is_left_out() {
        let address = |key: &str| Written { key: Some(key.to_owned()), ..Written::default() };
        for (body, wanted) in [
            ("", Ok("k")),
            ("{\"expect_version\":\"2\"}", Ok("k")),
            ("{\"key\":\"k\"}", Err("key is said twice: in the address and in the body")),
            ("{\"expect-version\":\"2\"}", Err("the body cannot be read: unknown field `expect-version`")),
            ("{\"wait\":9000}", Err("wait is 0 to 240 seconds")),
            ("[", Err("the body cannot be read: EOF")),
        ] {
            match (Written::question(address("k"), body.as_bytes()), wanted) {
                (Ok(question), Ok(key)) => assert_eq!(question.key.as_str(), key),
                (Err(error), Err(words)) => assert!(error.to_string().starts_with(words), "{error}"),
                (seen, wanted) => panic!("{body}: {seen:?} instead of {wanted:?}"),
            }
        }
    }
}
