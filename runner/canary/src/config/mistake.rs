//! Something that is wrong in the configuration, with its place.

use std::ops::Range;

use toml::Spanned;

/// What is wrong, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Mistake {
    /// The bytes of the file in question; none where something is missing.
    pub place: Option<Range<usize>>,
    /// Which `{{field}}` within them, counted from 0, where it is one of a template.
    pub field: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Mistake {
    /// Something wrong at a place.
    pub fn at<T>(place: &Spanned<T>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place: Some(place.span()), field: None, message: message.into(), help: help.into() }
    }

    /// Something that is missing.
    pub fn nowhere(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place: None, field: None, message: message.into(), help: help.into() }
    }

    /// A field of a template that is wrong, counted from 0.
    pub(super) fn in_template(place: &Spanned<String>, field: usize, message: impl Into<String>) -> Self {
        let help = "a field is {{name}}";
        Self { field: Some(field), ..Self::at(place, message, help) }
    }

    /// The bytes of the file in question, where `text` is that file. No escape of TOML has braces of its own, so that
    /// fields are found by counting them.
    pub fn place_in(&self, text: &str) -> Option<Range<usize>> {
        let place = self.place.clone()?;
        let literal = text.get(place.clone())?;
        let Some((at, _)) = self.field.and_then(|nth| literal.match_indices("{{").nth(nth)) else { return Some(place) };
        let length = literal[at..].find("}}").map_or(literal.len() - at, |end| end + "}}".len());
        Some(place.start + at..place.start + at + length)
    }
}
