//! The three parts of a model: parameters, sub-models, constraints.

use super::Dialect;
use super::mistake::Mistake;
use super::text::{is_like, trim};

/// A line of a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'t> {
    /// Its number, from 1.
    pub(super) number: usize,
    /// Where it starts in the text, in bytes.
    pub(super) start: usize,
    /// Without its end.
    pub(super) text: &'t str,
}

impl Line<'_> {
    /// The bytes in the text of what is not white space.
    pub(super) fn place(&self) -> std::ops::Range<usize> {
        let start = self.start + self.text.len() - self.text.trim_start().len();
        start..start + trim(self.text).len()
    }
}

/// The lines of each part, without comments and empty lines.
#[derive(Debug, Default)]
pub(super) struct Parts<'t> {
    pub(super) parameters: Vec<Line<'t>>,
    pub(super) submodels: Vec<Line<'t>>,
    pub(super) constraints: Vec<Line<'t>>,
}

/// The lines of a text. A byte order mark is no part of the first.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut next = 0;
    text.split_inclusive('\n').zip(1..).map(move |(whole, number)| {
        let own = whole.strip_prefix('\u{feff}').filter(|_| next == 0).unwrap_or(whole);
        let start = next + whole.len() - own.len();
        next += whole.len();
        Line { number, start, text: own.trim_end_matches(['\n', '\r']) }
    })
}

/// Tells the parts from one another as PICT does: the first sub-model ends the parameters, and the first constraint
/// ends both.
pub(super) fn parts<'t>(text: &'t str, dialect: &Dialect) -> Result<Parts<'t>, Mistake> {
    let mut parts = Parts::default();
    for line in lines(text) {
        let trimmed = trim(line.text);
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if !parts.constraints.is_empty() || is_constraint(trimmed, dialect) {
            parts.constraints.push(line);
        } else if trimmed.starts_with('{') && trimmed.contains('}') {
            parts.submodels.push(line);
        } else if parts.submodels.is_empty() {
            parts.parameters.push(line);
        } else {
            let remedy = "parameters come first, then sub-models such as { A, B } @ 3, then constraints";
            return Err(Mistake::new(text, line.place(), "this is neither a sub-model nor a constraint", remedy));
        }
    }
    Ok(parts)
}

/// What PICT takes for the first line of a constraint.
const CONSTRAINTS: [&str; 7] =
    ["IF", "IF*[*]*", "[*]*", "(*[*]*", "IF*ISNEGATIVE*(*", "IF*ISPOSITIVE*(*", "IF*IS?????IVE"];

fn is_constraint(line: &str, dialect: &Dialect) -> bool {
    let upper = line.to_ascii_uppercase();
    let is_pict = CONSTRAINTS.iter().any(|pattern| is_like(&upper, pattern));
    // PICT reads the rest as parameters, which helps nobody: without a value they are an error there.
    let is_bare = !line.contains([':', dialect.values]);
    let is_word = |word: &str| {
        let rest = upper.strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
    };
    let is_begun = upper.starts_with('(') || ["IF", "NOT", "ISNEGATIVE", "ISPOSITIVE"].iter().any(|word| is_word(word));
    let negation = upper.strip_prefix("NOT").filter(|rest| rest.starts_with([' ', '\t', '(', '[']));
    let is_negation = negation.is_some_and(|rest| rest.trim_start_matches([' ', '\t', '(']).starts_with('['));
    is_pict || (is_bare && is_begun) || is_negation
}
