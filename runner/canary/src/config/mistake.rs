//! Something that is wrong in the configuration, with its place.

use std::ops::Range;

use toml::Spanned;

/// What is wrong, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Mistake {
    /// The bytes of the file in question; none where something is missing.
    pub place: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Mistake {
    /// Something wrong at a place.
    pub fn at<T>(place: &Spanned<T>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place: Some(place.span()), message: message.into(), help: help.into() }
    }

    /// Something that is missing.
    pub fn nowhere(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place: None, message: message.into(), help: help.into() }
    }
}
