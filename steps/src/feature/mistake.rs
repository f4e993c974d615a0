//! What is wrong in a text, at which place, and how to put it right.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use plumb_model::text::shown;

/// The longest part of a source line that is shown, in characters.
const SHOWN_CHARACTERS_MAX: usize = 120;

/// How many characters are shown before the place where a line is too long to be shown as a whole.
const SHOWN_BEFORE_CHARACTERS: usize = 60;

/// The longest word of a text that a message quotes, in characters.
const QUOTED_CHARACTERS_MAX: usize = 60;

/// Something in a text that cannot be read, with its place.
#[derive(Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where the text comes from: a path as it was given.
    pub path: String,
    /// The whole text; empty where there is none to show.
    pub text: Arc<str>,
    /// The place, in bytes of the text.
    pub span: Range<usize>,
    /// What was found, and what was expected.
    pub message: String,
    /// How to put it right.
    pub help: Option<String>,
}

impl Mistake {
    /// The line and the column where the place begins; both begin at 1, columns count characters.
    pub fn line_column(&self) -> (usize, usize) {
        line_column(&self.text, self.span.start)
    }

    /// The mistake for people: `path:line:column: message`, the line, a caret under the place, the help.
    pub fn render(&self) -> String {
        let mut rendered = format!("{self}\n");
        if !self.text.is_empty() {
            rendered.push_str(&self.excerpt());
        }
        if let Some(help) = &self.help {
            rendered.extend(["help: ", help, "\n"]);
        }
        rendered
    }

    /// The line with its number, and a line of carets below.
    fn excerpt(&self) -> String {
        let (number, column) = self.line_column();
        let begin = line_start(&self.text, self.span.start);
        let line = self.text[begin..].lines().next().unwrap_or_default();
        let marked = self.text.get(self.span.clone()).and_then(|marked| marked.lines().next()).unwrap_or_default();
        let carets = marked.chars().map(width).sum::<usize>().clamp(1, SHOWN_CHARACTERS_MAX);

        let cut = if line.chars().count() > SHOWN_CHARACTERS_MAX {
            (column - 1).saturating_sub(SHOWN_BEFORE_CHARACTERS)
        } else {
            0
        };
        let part: Vec<char> = line.chars().skip(cut).take(SHOWN_CHARACTERS_MAX).collect();
        let before = part.get(..(column - 1 - cut).min(part.len())).unwrap_or_default();
        let blanks: usize = before.iter().map(|character| printed(*character).chars().map(width).sum::<usize>()).sum();
        let source: String = part.iter().map(|character| printed(*character)).collect();
        format!(
            "{number:5} | {}\n      | {}{}\n",
            source.trim_end(),
            " ".repeat(blanks),
            "^".repeat(carets.min(SHOWN_CHARACTERS_MAX))
        )
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(formatter, "{}:{line}:{column}: {}", self.path, self.message)
    }
}

impl fmt::Debug for Mistake {
    /// As people read it: the whole text would drown everything else.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render())
    }
}

impl std::error::Error for Mistake {}

/// A mistake whose text and path are not said yet: the one who reads the file knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Fault {
    /// A fault with the way to put it right.
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: Some(help.into()) }
    }

    /// The mistake that it is in `text`.
    pub(crate) fn in_text(self, path: &str, text: &Arc<str>) -> Mistake {
        Mistake {
            path: path.to_owned(),
            text: Arc::clone(text),
            span: self.span,
            message: self.message,
            help: self.help,
        }
    }
}

/// The line and the column of a byte; both begin at 1, columns count characters.
pub(crate) fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let begin = line_start(text, offset);
    let line = text[..begin].bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = text[begin..].char_indices().take_while(|(place, _)| begin + place < offset).count() + 1;
    (line, column)
}

/// A word of the text, safe to show and bounded, between backticks.
pub(crate) fn quoted(word: &str) -> String {
    format!("`{}`", shown(word.as_bytes(), QUOTED_CHARACTERS_MAX))
}

fn line_start(text: &str, offset: usize) -> usize {
    let bytes = text.as_bytes();
    let offset = offset.min(bytes.len());
    bytes[..offset].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1)
}

/// A character as it is shown: a tab as four blanks, what is not printable as an escape.
fn printed(character: char) -> String {
    if character == '\t' { "    ".to_owned() } else { shown(character.encode_utf8(&mut [0; 4]).as_bytes(), 1) }
}

/// How many columns of a terminal the character takes: two in East Asian scripts and for pictures.
fn width(character: char) -> usize {
    let wide = matches!(
        character,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}'
    );
    if wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, span: Range<usize>) -> String {
        Fault::new(span, "found a thing", "take it away").in_text("a.feature", &Arc::from(text)).render()
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        let expected = "a.feature:2:3: found a thing\n    2 |   two\n      |   ^^^\nhelp: take it away\n";
        assert_eq!(rendered("one\n  two\nthree", 6..9), expected);
    }

    #[test]
    fn tabs_and_wide_characters_move_the_caret_as_far_as_they_are_wide() {
        let tabbed = "a.feature:1:2: found a thing\n    1 |     x\n      |     ^\nhelp: take it away\n";
        assert_eq!(rendered("\tx\r\n", 1..2), tabbed);
        let wide = "a.feature:1:3: found a thing\n    1 | 日本x\n      |     ^\nhelp: take it away\n";
        assert_eq!(rendered("日本x", 6..7), wide);
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}x{}", "a".repeat(500), "b".repeat(500));
        let shown = rendered(&text, 500..501);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "a.feature:1:501: found a thing");
        assert_eq!(lines[1].len(), "    1 | ".len() + SHOWN_CHARACTERS_MAX);
        assert_eq!(lines[1].find('x'), lines[2].find('^'));
    }

    #[test]
    fn controls_are_never_printed() {
        assert!(rendered("a\u{1b}[31mb", 5..6).contains("a\\u{1b}[31mb"));
    }

    #[test]
    fn a_place_behind_the_end_is_the_end() {
        assert_eq!(line_column("ab\n", 99), (2, 1));
    }
}
