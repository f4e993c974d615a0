//! Text with columns and colours.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Color, Style};
use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use crate::report::words::count;

/// How wide the text is, in columns. Commands are never broken.
pub(super) const WIDTH: usize = 100;
/// The columns between two columns of a table.
const GAP: usize = 2;
/// No column of a table is made narrower.
const COLUMN_WIDTH_MIN: usize = 8;
/// Where the text beside a label begins.
pub(super) const LABEL_WIDTH: usize = 10;

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const RED: Style = coloured(AnsiColor::Red).bold();
pub(super) const WRONG: Style = coloured(AnsiColor::Red);
pub(super) const RIGHT: Style = coloured(AnsiColor::Green);
pub(super) const GOOD: Style = coloured(AnsiColor::Green).bold();
pub(super) const UNCLEAR: Style = coloured(AnsiColor::Yellow);

const fn coloured(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}

/// A cell of a table.
pub(super) struct Cell {
    text: String,
    style: Style,
    right: bool,
}

/// A cell whose text begins at the left.
pub(super) fn cell(style: Style, text: impl Into<String>) -> Cell {
    Cell { text: text.into(), style, right: false }
}

/// A cell whose text ends at the right.
pub(super) fn figure(style: Style, text: impl Into<String>) -> Cell {
    Cell { text: text.into(), style, right: true }
}

/// The text so far.
pub(super) struct Canvas {
    text: String,
    colours: bool,
}

impl Canvas {
    pub(super) fn new(colours: bool) -> Self {
        Self { text: String::new(), colours }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A blank line and a title.
    pub(super) fn section(&mut self, title: &str) {
        self.blank();
        self.wrapped(0, BOLD, title);
    }

    /// A paragraph; its further lines are indented by two more.
    pub(super) fn wrapped(&mut self, indent: usize, style: Style, text: &str) {
        self.hanging(indent, 2, style, text);
    }

    /// A paragraph; its further lines are indented by `further` more.
    pub(super) fn hanging(&mut self, indent: usize, further: usize, style: Style, text: &str) {
        for (index, line) in wrap(text, WIDTH - indent - further).iter().enumerate() {
            self.spaces(if index == 0 { indent } else { indent + further });
            self.styled(style, line);
            self.blank();
        }
    }

    /// One line as it is, however long.
    pub(super) fn verbatim(&mut self, indent: usize, style: Style, line: &str) {
        self.spaces(indent);
        self.styled(style, line);
        self.blank();
    }

    /// One line of several styles, however long.
    pub(super) fn pieces(&mut self, pieces: &[(Style, &str)]) {
        for (style, text) in pieces {
            self.styled(*style, text);
        }
        self.blank();
    }

    /// A text beside its label.
    pub(super) fn field(&mut self, indent: usize, label: &str, style: Style, text: &str) {
        self.table(indent, LABEL_WIDTH, &[vec![cell(DIM, label), cell(style, text)]]);
    }

    /// Says how many of `all` are not among the first `shown`.
    pub(super) fn more(&mut self, all: usize, shown: usize, noun: &str) {
        if all > shown {
            self.wrapped(2, DIM, &format!("… and {}", count((all - shown) as u64, &format!("more {noun}"))));
        }
    }

    /// Rows in columns as wide as they need to be, the first at least `first_min`; long cells are wrapped.
    pub(super) fn table(&mut self, indent: usize, first_min: usize, rows: &[Vec<Cell>]) {
        let widths = widths(rows, first_min, WIDTH - indent);
        for row in rows {
            self.row(indent, row, &widths);
        }
    }

    fn row(&mut self, indent: usize, row: &[Cell], widths: &[usize]) {
        let cells: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, width)| wrap(&cell.text, *width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height {
            // Spaces are written only before a text, so that no line ends in them.
            let mut waiting = indent;
            for ((cell, lines), width) in row.iter().zip(&cells).zip(widths) {
                let part = lines.get(line).map_or("", String::as_str);
                let spare = width.saturating_sub(display_width(part));
                waiting += if cell.right { spare } else { 0 };
                if !part.is_empty() {
                    self.spaces(waiting);
                    self.styled(cell.style, part);
                    waiting = 0;
                }
                waiting += GAP + if cell.right { 0 } else { spare };
            }
            self.blank();
        }
    }

    fn spaces(&mut self, many: usize) {
        self.text.extend(std::iter::repeat_n(' ', many));
    }

    fn styled(&mut self, style: Style, text: &str) {
        if self.colours && !text.is_empty() {
            _ = write!(self.text, "{style}{text}{style:#}");
        } else {
            self.text.push_str(text);
        }
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let options = Options::new(width.max(1))
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// The natural widths; where they do not fit, the widest columns give way.
fn widths(rows: &[Vec<Cell>], first_min: usize, available: usize) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let natural =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| display_width(&cell.text)).max();
    let mut widths: Vec<usize> = (0..columns).map(|column| natural(column).unwrap_or(0).min(available)).collect();
    if let Some(first) = widths.first_mut() {
        *first = (*first).max(first_min);
    }
    let gaps = GAP * columns.saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > available {
        match widths.iter_mut().max() {
            Some(widest) if *widest > COLUMN_WIDTH_MIN => *widest -= 1,
            _ => break,
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_column_gives_way_and_no_line_ends_in_spaces() {
        let mut canvas = Canvas::new(false);
        let long = format!("{} {}", "word ".repeat(20).trim_end(), "x".repeat(200));
        canvas.table(2, 0, &[vec![cell(PLAIN, "a"), cell(PLAIN, long), figure(PLAIN, "12")]]);
        let text = canvas.into_text();
        assert!(text.lines().all(|line| display_width(line) <= WIDTH && line == line.trim_end()), "{text}");
        assert!(
            text.lines().next().is_some_and(|line| line.starts_with("  a  word") && line.ends_with("12")),
            "{text}"
        );
    }

    #[test]
    fn wide_characters_count_twice() {
        let mut canvas = Canvas::new(false);
        canvas.table(0, 0, &[vec![cell(PLAIN, "漢字"), cell(PLAIN, "x")], vec![cell(PLAIN, "abcd"), cell(PLAIN, "x")]]);
        assert_eq!(canvas.into_text(), "漢字  x\nabcd  x\n");
    }
}
