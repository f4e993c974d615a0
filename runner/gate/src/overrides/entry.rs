//! One override, and how it is read.

use std::ops::Range;

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::{CLOCKS_APART_MAX, OVERRIDE_MAX};
use crate::render::text::is_unsafe;

/// The longest name of a gate, person or version, in characters.
pub const NAME_CHARACTERS_MAX: usize = 200;
/// The longest reason, in characters.
pub const WHY_CHARACTERS_MAX: usize = 2_000;

const HELP_UNTIL: &str = "write a date, a time and a zone without quotes: until = 2026-11-22T12:00:00+01:00";
const HELP_ENTRY: &str =
    "an entry is [[override]] with gate, who, why, made and until, and version where it is for one alone";

/// One override in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which gate.
    pub gate: String,
    /// Who answers for it.
    pub who: String,
    /// Why.
    pub why: String,
    /// When it was made.
    pub made: Timestamp,
    /// Until when it counts.
    pub until: Timestamp,
    /// The only expected version for which it counts; any where there is none.
    pub version: Option<String>,
}

/// What is wrong with an override, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Mistake {
    /// The bytes of the file in question; none where there is no file yet.
    pub place: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Mistake {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place: None, message: message.into(), help: help.into() }
    }

    fn at(self, place: Option<Range<usize>>) -> Self {
        Self { place, ..self }
    }
}

/// The keys of an entry.
#[derive(Clone, Copy)]
enum Key {
    Gate,
    Who,
    Why,
    Until,
    Version,
}

impl Entry {
    /// Whether anybody may make it.
    ///
    /// # Errors
    /// Where who, why or the gate are missing, too long or not plain text, where it is over when it is made, or would count
    /// for longer than [`OVERRIDE_MAX`].
    pub fn check(&self) -> Result<(), Mistake> {
        self.wrong().map_or(Ok(()), |(_, mistake)| Err(mistake))
    }

    /// Whether it is for this gate and expected version.
    pub(super) fn is_about(&self, gate: &str, version: Option<&str>) -> bool {
        self.gate == gate && self.version.as_deref().is_none_or(|own| Some(own) == version)
    }

    /// Whether it was made by now; clocks may be a little apart.
    pub(super) fn is_made(&self, now: Timestamp) -> bool {
        self.made.duration_since(now) <= CLOCKS_APART_MAX
    }

    /// The first thing that is wrong, and with which key.
    fn wrong(&self) -> Option<(Key, Mistake)> {
        let texts = [
            (Key::Gate, "gate", "name the gate that it is for", Some(&self.gate), NAME_CHARACTERS_MAX),
            (Key::Who, "who", "name the person who answers for it", Some(&self.who), NAME_CHARACTERS_MAX),
            (Key::Why, "why", "say why it is right to go on: others will ask", Some(&self.why), WHY_CHARACTERS_MAX),
            (
                Key::Version,
                "version",
                "name the version that the gate expects",
                self.version.as_ref(),
                NAME_CHARACTERS_MAX,
            ),
        ];
        let of_text = |(key, name, help, text, max): (Key, &str, &str, Option<&String>, usize)| {
            Some((key, wrong_text(name, help, text?, max)?))
        };
        texts.into_iter().find_map(of_text).or_else(|| Some((Key::Until, self.wrong_time()?)))
    }

    fn wrong_time(&self) -> Option<Mistake> {
        let Self { made, until, .. } = self;
        let lasts = until.duration_since(*made);
        if lasts <= jiff::SignedDuration::ZERO {
            let message =
                format!("the override is over before it begins: it is made at {made} and counts until {until}");
            return Some(Mistake::new(message, "choose an end that is to come"));
        }
        let days = OVERRIDE_MAX.as_hours() / 24;
        let help = format!("choose an end that is at most {days} days after it is made; another can be added then");
        (lasts > OVERRIDE_MAX)
            .then(|| Mistake::new(format!("the override would count for more than {days} days"), help))
    }
}

fn wrong_text(name: &str, help: &str, text: &str, characters_max: usize) -> Option<Mistake> {
    if text.trim().is_empty() {
        return Some(Mistake::new(format!("`{name}` is empty"), help));
    }
    // Emoji are made of some characters that are not seen by themselves.
    let is_seen = |character: char| !is_unsafe(character) || matches!(character, '\u{200d}' | '\u{fe00}'..='\u{fe0f}');
    if let Some(character) = text.chars().find(|character| !is_seen(*character)) {
        let message = format!("`{name}` holds the character {}, which cannot be seen", character.escape_unicode());
        return Some(Mistake::new(message, "write plain text on one line"));
    }
    let is_long = text.chars().nth(characters_max).is_some();
    is_long.then(|| {
        Mistake::new(format!("`{name}` is longer than {characters_max} characters"), "be brief, and link to more")
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "override")]
    overrides: Vec<Spanned<Written>>,
}

/// An entry as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    gate: Option<Spanned<String>>,
    who: Option<Spanned<String>>,
    why: Option<Spanned<String>>,
    made: Option<Spanned<Datetime>>,
    until: Option<Spanned<Datetime>>,
    version: Option<Spanned<String>>,
}

/// The entries of a file, in its order.
///
/// # Errors
/// Where anything in it is not as it must be: one entry that cannot be read might be the one that counts.
pub fn parse(text: &str) -> Result<Vec<Entry>, Mistake> {
    let file: File = toml::from_str(text).map_err(|error| {
        let is_time = error.message().contains("datetime");
        Mistake::new(error.message(), if is_time { HELP_UNTIL } else { HELP_ENTRY }).at(error.span())
    })?;
    file.overrides.iter().map(entry).collect()
}

fn entry(written: &Spanned<Written>) -> Result<Entry, Mistake> {
    let (whole, own) = (written.span(), written.get_ref());
    let missing =
        |name: &str, help: &str| Mistake::new(format!("the override has no `{name}`"), help).at(Some(whole.clone()));
    let text = |value: &Option<Spanned<String>>, name: &str, help: &str| {
        value.as_ref().map(|value| value.get_ref().clone()).ok_or_else(|| missing(name, help))
    };
    let time = |value: &Option<Spanned<Datetime>>, name: &str| {
        value.as_ref().ok_or_else(|| missing(name, HELP_UNTIL)).and_then(|value| timestamp(value, name))
    };
    let entry = Entry {
        gate: text(&own.gate, "gate", "name the gate that it is for: gate = \"release\"")?,
        who: text(&own.who, "who", "name the person who answers for it: who = \"Ada Lovelace\"")?,
        why: text(&own.why, "why", "say why it is right to go on: why = \"…\"")?,
        made: time(&own.made, "made")?,
        until: time(&own.until, "until")?,
        version: own.version.as_ref().map(|version| version.get_ref().clone()),
    };
    entry.wrong().map_or(Ok(entry), |(key, mistake)| Err(mistake.at(Some(own.place(key).unwrap_or(whole)))))
}

impl Written {
    fn place(&self, key: Key) -> Option<Range<usize>> {
        match key {
            Key::Gate => self.gate.as_ref().map(Spanned::span),
            Key::Who => self.who.as_ref().map(Spanned::span),
            Key::Why => self.why.as_ref().map(Spanned::span),
            Key::Until => self.until.as_ref().map(Spanned::span),
            Key::Version => self.version.as_ref().map(Spanned::span),
        }
    }
}

/// An instant: without a zone nobody knows when that is.
fn timestamp(value: &Spanned<Datetime>, name: &str) -> Result<Timestamp, Mistake> {
    let written = value.get_ref();
    let wrong = |message: String| {
        Mistake::new(message, HELP_UNTIL.replace("until =", &format!("{name} ="))).at(Some(value.span()))
    };
    if written.date.is_none() || written.time.is_none() || written.offset.is_none() {
        return Err(wrong(format!("`{name}` is not an instant: it needs a date, a time and a zone")));
    }
    written.to_string().parse().map_err(|error| wrong(format!("`{name}` is not an instant: {error}")))
}
