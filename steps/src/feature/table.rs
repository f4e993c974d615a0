//! Rows of tables, checked where the parser would be silent.

use super::lines::Line;
use super::mistake::{Fault, quoted};

/// The most cells in a row.
const CELLS_MAX: usize = 500;

/// How many cells a row has, and its length up to its last bar. A bar behind a backslash is part of a cell, and
/// behind the last one there may be a comment.
pub(crate) fn cells(line: &Line<'_>) -> Result<(usize, usize), Fault> {
    let mut bars = 0;
    let mut behind_last = 0;
    let mut characters = line.text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '|' => {
                bars += 1;
                behind_last = place + 1;
            }
            '\\' => {
                let escaped = characters.next().map(|(_, escaped)| escaped);
                if !matches!(escaped, Some('n' | '|' | '\\')) {
                    return Err(unknown_escape(line, place, escaped));
                }
            }
            _ => {}
        }
    }
    let rest = line.text[behind_last..].trim_start();
    if bars < 2 || !(rest.is_empty() || rest.starts_with('#')) {
        let end = line.start + line.text.len();
        let help = "a row is `| one | two |`; `\\|` is a bar within a cell";
        return Err(Fault::new(end - rest.len().max(1)..end, "expected `|` at the end of the row", help));
    }
    if bars > CELLS_MAX + 1 {
        let message = format!("more than {CELLS_MAX} cells in a row");
        return Err(Fault::new(line.span(), message, "give a step less to look at"));
    }
    Ok((bars - 1, behind_last))
}

fn unknown_escape(line: &Line<'_>, place: usize, escaped: Option<char>) -> Fault {
    let found: String = std::iter::once('\\').chain(escaped).collect();
    let at = line.start + place;
    let message = format!("{} means nothing in a table", quoted(&found));
    let help = "write `\\\\` for a backslash, `\\|` for a bar, `\\n` for a new line";
    Fault::new(at..at + found.len(), message, help)
}

#[cfg(test)]
mod tests {
    use super::super::lines::Kind;
    use super::*;

    #[test]
    fn the_cells_of_a_row_are_bounded() {
        let row = |cells: usize| "|a".repeat(cells) + "|";
        let check = |text: &str| cells(&Line { start: 0, indent: 0, text, kind: Kind::Row }).map(|(cells, _)| cells);
        assert_eq!(check(&row(CELLS_MAX)), Ok(CELLS_MAX));
        assert!(check(&row(CELLS_MAX + 1)).is_err());
    }

    #[test]
    fn cells_are_what_stands_between_bars() {
        let table = [
            ("| a |", Ok(1)),
            ("||", Ok(1)),
            ("| a | b | # note", Ok(2)),
            (r"| a \| b \\ \n | c |", Ok(2)),
            ("| # | # |", Ok(2)),
            ("|", Err(10..11)),
            ("| a", Err(12..13)),
            ("| a | b", Err(16..17)),
            (r"| \d |", Err(12..14)),
            (r"| a |\", Err(15..16)),
        ];
        for (text, expected) in table {
            let line = Line { start: 10, indent: 0, text, kind: Kind::Row };
            assert_eq!(cells(&line).map(|(cells, _)| cells).map_err(|fault| fault.span), expected, "{text}");
        }
    }
}
