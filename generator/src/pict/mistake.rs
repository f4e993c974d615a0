//! What is wrong with a file that was read, and where.

use std::fmt;
use std::ops::Range;

/// The most characters of a line that are shown around a mistake.
pub const SHOWN_MAX: usize = 100;
/// The most characters of a line that are shown before a mistake.
const BEFORE_MAX: usize = 60;

/// Something in a text that cannot be, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes in the text.
    pub place: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub remedy: String,
    /// The line, or of a long one what is around the place.
    shown: String,
    /// What of it is marked, in characters.
    marked: Range<usize>,
}

impl Mistake {
    /// A mistake at a place of a text.
    pub fn new(text: &str, place: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        let at = place.start.min(text.len());
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let whole = text[start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let line = 1 + text[..start].matches('\n').count();
        let before = text[start..at].chars().count();
        let width = text[at..place.end.clamp(at, text.len())].split('\n').next().unwrap_or_default().chars().count();
        let left_out = before.saturating_sub(BEFORE_MAX);
        let shown: String = whole.chars().skip(left_out).take(SHOWN_MAX).map(plain).collect();
        let marked = before - left_out..(before - left_out + width.max(1)).min(SHOWN_MAX);
        let (message, remedy) = (message.into(), remedy.into());
        Self { line, column: before + 1, place: at..place.end.max(at), message, remedy, shown, marked }
    }

    /// The line with a caret below the place.
    pub fn excerpt(&self) -> String {
        let mark = " ".repeat(self.marked.start) + &"^".repeat(self.marked.len());
        format!("    {}\n    {mark}", self.shown)
    }
}

/// A tab or a control character as a space, so that the caret stands below its place.
fn plain(character: char) -> char {
    if character.is_control() || character == '\u{feff}' { ' ' } else { character }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "line {}, column {}: {}\n{}\n{}",
            self.line,
            self.column,
            self.message,
            self.excerpt(),
            self.remedy
        )
    }
}

impl std::error::Error for Mistake {}

/// Something that is read another way than its author may think.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The line, from 1.
    pub line: usize,
    /// What to know of it.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.message)
    }
}
