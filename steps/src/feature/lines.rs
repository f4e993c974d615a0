//! A text as lines, each with what it would be outside of doc strings and descriptions.

use super::language::{Block, Language, Role};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Blank,
    Comment,
    Tags,
    /// A keyword with a colon; the length of the keyword in bytes.
    Block(Block, usize),
    /// A step; the length of its keyword in bytes, with the blank behind.
    Step(Role, usize),
    /// A row of a table.
    Row,
    /// Three quotes or three backticks, which open or close a doc string.
    Fence(Fence),
    /// Anything else: a line of a description or of a doc string, or a mistake.
    Prose,
}

/// What a doc string stands between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fence {
    Quotes,
    Backticks,
}

impl Fence {
    /// The three characters.
    pub(crate) const fn mark(self) -> &'static str {
        match self {
            Self::Quotes => "\"\"\"",
            Self::Backticks => "```",
        }
    }

    /// The three characters as a message shows them.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Quotes => "`\"\"\"`",
            Self::Backticks => "three backticks",
        }
    }
}

/// One line of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Where its first character that is not a blank stands in the text, in bytes.
    pub(crate) start: usize,
    /// How many blanks and tabs stand before.
    pub(crate) indent: usize,
    /// The line without blanks at either end.
    pub(crate) text: &'a str,
    /// What it is.
    pub(crate) kind: Kind,
}

impl Line<'_> {
    /// The place of the line without its blanks; of something at least, even where the line is empty.
    pub(crate) fn span(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// The place of its first `length` bytes.
    pub(crate) fn head(&self, length: usize) -> std::ops::Range<usize> {
        self.start..self.start + length
    }
}

/// The lines of a text; a newline at the end opens no further line.
pub(crate) fn lines<'a>(text: &'a str, language: &Language) -> Vec<Line<'a>> {
    let mut start = 0;
    let mut lines = Vec::new();
    for whole in text.split_inclusive('\n') {
        let unindented = whole.trim_start_matches([' ', '\t']);
        let indent = whole.len() - unindented.len();
        let trimmed = unindented.trim_end();
        lines.push(Line { start: start + indent, indent, text: trimmed, kind: kind(trimmed, unindented, language) });
        start += whole.len();
    }
    lines
}

/// What a line is, by how it begins. A step's keyword ends in a blank, which `trimmed` may have lost.
fn kind(trimmed: &str, unindented: &str, language: &Language) -> Kind {
    match trimmed.as_bytes().first() {
        None => return Kind::Blank,
        Some(b'#') => return Kind::Comment,
        Some(b'@') => return Kind::Tags,
        Some(b'|') => return Kind::Row,
        _ => {}
    }
    for fence in [Fence::Quotes, Fence::Backticks] {
        if trimmed.starts_with(fence.mark()) {
            return Kind::Fence(fence);
        }
    }
    if let Some((block, length)) = language.block(trimmed) {
        return Kind::Block(block, length);
    }
    match language.step(unindented) {
        Some((role, length)) if trimmed.len() > length => Kind::Step(role, length),
        _ => Kind::Prose,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_by_how_they_begin() {
        let language = Language::find("en").expect("a language");
        let table = [
            ("", Kind::Blank),
            (" \t\r\n", Kind::Blank),
            ("  # note", Kind::Comment),
            ("@a @b", Kind::Tags),
            ("\t| a |", Kind::Row),
            ("\"\"\"json", Kind::Fence(Fence::Quotes)),
            ("```", Kind::Fence(Fence::Backticks)),
            ("Scenario: x", Kind::Block(Block::Scenario, 8)),
            ("Scenario Outline:", Kind::Block(Block::Outline, 16)),
            ("Examples:", Kind::Block(Block::Examples, 8)),
            ("Scenario x", Kind::Prose),
            ("Given x", Kind::Step(Role::Given, 6)),
            ("Given ", Kind::Prose),
            ("Givenx", Kind::Prose),
            ("* x", Kind::Step(Role::Any, 2)),
        ];
        for (text, expected) in table {
            let found = lines(text, &language).first().map_or(Kind::Blank, |line| line.kind);
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn places_are_those_of_the_text() {
        let language = Language::find("en").expect("a language");
        let text = "a\r\n\t b \nc";
        let found: Vec<(usize, usize, &str)> =
            lines(text, &language).iter().map(|line| (line.start, line.indent, line.text)).collect();
        assert_eq!(found, [(0, 0, "a"), (5, 2, "b"), (8, 0, "c")]);
    }
}
