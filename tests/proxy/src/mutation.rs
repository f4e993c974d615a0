//! The catalogue of what can be done to an answer.

use std::borrow::Cow;

use crate::plan::Fake;

/// What is done to an answer. One that cannot be done to a particular answer leaves it alone.
#[derive(Debug, Clone)]
pub enum Mutation {
    /// An earlier body of the same method, target and status, where it was a different one.
    StaleBody,
    /// A header field is missing.
    DropHeader(Field),
    /// One letter or digit of a header value is another letter or digit.
    AlterHeader(Field),
    /// The last byte of a 206 body is missing; `content-range` still tells of it.
    OffByOneRange,
    /// The `etag` of another answer.
    SwapEtag,
    /// A write is acknowledged by the fake and never reaches the upstream.
    LostWrite(Fake),
    /// Another status of the same class.
    ChangeCode,
    /// One byte of the body is another; its length stays.
    AlterBodyByte,
    /// The body ends early, at a drawn place after its first byte.
    TruncateBody,
    /// A header field stands there twice with the same value.
    DuplicateHeader(Field),
    /// No body where there was one.
    EmptyBody,
    /// One letter or digit in the text of a drawn element is another.
    AlterXmlElement,
    /// A drawn element, not the root, is missing with all that is in it.
    DropXmlElement,
    /// Two neighbours of the same name have changed places. Between different names order seldom means
    /// anything, so those stay.
    SwapXmlSiblings,
}

/// Which header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// This one, framing fields included: then the answer is framed wrongly and its connection closed.
    Named(Cow<'static, str>),
    /// A drawn one; never `date`, nor one about the connection or the framing.
    Drawn,
}

impl Field {
    /// The field called `name`.
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Named(name.into())
    }
}

impl Mutation {
    /// Each mutation once, on drawn header fields, and losing writes with [`Fake::as_before`].
    pub fn all() -> Vec<Self> {
        vec![
            Self::StaleBody,
            Self::DropHeader(Field::Drawn),
            Self::AlterHeader(Field::Drawn),
            Self::OffByOneRange,
            Self::SwapEtag,
            Self::LostWrite(Fake::as_before()),
            Self::ChangeCode,
            Self::AlterBodyByte,
            Self::TruncateBody,
            Self::DuplicateHeader(Field::Drawn),
            Self::EmptyBody,
            Self::AlterXmlElement,
            Self::DropXmlElement,
            Self::SwapXmlSiblings,
        ]
    }

    /// Its name in logs and scores.
    pub fn name(&self) -> &'static str {
        match self {
            Self::StaleBody => "stale-body",
            Self::DropHeader(_) => "drop-header",
            Self::AlterHeader(_) => "alter-header",
            Self::OffByOneRange => "off-by-one-range",
            Self::SwapEtag => "swap-etag",
            Self::LostWrite(_) => "lost-write",
            Self::ChangeCode => "change-code",
            Self::AlterBodyByte => "alter-body-byte",
            Self::TruncateBody => "truncate-body",
            Self::DuplicateHeader(_) => "duplicate-header",
            Self::EmptyBody => "empty-body",
            Self::AlterXmlElement => "alter-xml-element",
            Self::DropXmlElement => "drop-xml-element",
            Self::SwapXmlSiblings => "swap-xml-siblings",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_distinct() {
        let names: BTreeSet<_> = Mutation::all().iter().map(Mutation::name).collect();
        assert_eq!(names.len(), Mutation::all().len());
    }
}
