//! A text as the blocks it consists of: which line belongs to what, and every line that cannot stand where it does.
//!
//! The parser is slow in long files and says little of a mistake. So the lines are walked first: that yields the
//! places at which a text can be cut without changing what it says, and a reason for each line that fits nowhere.

mod walk;

use std::collections::BTreeMap;
use std::ops::Range;

use super::language::Language;
use super::lines::{Kind, Line, lines};
use super::mistake::Fault;
use super::tags::Tag;

/// What a part of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartKind {
    /// The `Feature:` line, its description and its background.
    Feature,
    /// A `Rule:` line, its description and its background.
    Rule,
    /// A scenario or an outline with everything that belongs to it.
    Scenario,
}

/// A part of a file that can be parsed apart from the others.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) kind: PartKind,
    /// Its lines, by index; tags and what stands above the next part included.
    pub(crate) lines: Range<usize>,
    /// The line with its keyword.
    pub(crate) keyword: usize,
    /// Whether the keyword asks for examples.
    pub(crate) outline: bool,
    /// The tags above the keyword.
    pub(crate) tags: Vec<Tag>,
    /// How many steps of its own it has.
    pub(crate) steps: usize,
    /// The tables of examples.
    pub(crate) examples: Vec<Examples>,
    /// Whether no line of it is at fault.
    pub(crate) sound: bool,
}

/// One table of examples.
#[derive(Debug)]
pub(crate) struct Examples {
    /// The line with the keyword.
    pub(crate) keyword: usize,
    /// The tags above it.
    pub(crate) tags: Vec<Tag>,
    /// The lines of the table, with the columns' names first.
    pub(crate) rows: Vec<usize>,
}

/// A text as its parts.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    /// Every line; those of descriptions and doc strings are prose.
    pub(crate) lines: Vec<Line<'a>>,
    /// The parts, in order.
    pub(crate) parts: Vec<Part>,
    /// The lines of each doc string, with its two fences, by the line of its step.
    pub(crate) docs: BTreeMap<usize, Range<usize>>,
    /// What cannot stand where it stands.
    pub(crate) faults: Vec<Fault>,
}

impl<'a> Layout<'a> {
    /// Walks through the lines of `text`.
    pub(crate) fn of(text: &'a str, language: &Language) -> Self {
        walk::walk(lines(text, language), language)
    }

    /// What a doc string says: its lines without the indentation of its fence.
    pub(crate) fn doc(&self, text: &str, step: usize) -> Option<String> {
        let fences = self.docs.get(&step)?;
        let open = self.lines.get(fences.start)?;
        let Kind::Fence(fence) = open.kind else { return None };
        let inner = self.lines.get(fences.start + 1..fences.end - 1)?;
        let whole = inner.iter().map(|line| undented(line, text, open.indent));
        let escaped: String = fence.mark().chars().flat_map(|mark| ['\\', mark]).collect();
        Some(whole.collect::<Vec<_>>().join("\n").replace(&escaped, fence.mark()))
    }

    /// The lines of a description: between a keyword and the first line that is something else.
    pub(crate) fn description(&self, part: &Part) -> Option<String> {
        let behind = self.lines.get(part.keyword + 1..part.lines.end)?;
        let lines = behind.iter().take_while(|line| matches!(line.kind, Kind::Prose | Kind::Blank | Kind::Comment));
        let said: Vec<&str> = lines.filter(|line| line.kind != Kind::Comment).map(|line| line.text).collect();
        let said = said.join("\n");
        let said = said.trim();
        (!said.is_empty()).then(|| said.to_owned())
    }
}

/// A line of a doc string without at most `indent` blanks, and without its newline.
fn undented<'a>(line: &Line<'_>, text: &'a str, indent: usize) -> &'a str {
    let begin = line.start - line.indent + line.indent.min(indent);
    let rest = text.get(begin..).unwrap_or_default();
    let rest = rest.split('\n').next().unwrap_or_default();
    rest.strip_suffix('\r').unwrap_or(rest)
}
