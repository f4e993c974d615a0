//! How many choices have met: what a run that was cut short did not try.

use super::canvas::{Canvas, Cell, DIM, PLAIN, RIGHT, UNCLEAR, cell, figure};
use crate::coverage::STRENGTHS;
use crate::events::Covered;
use crate::report::Report;
use crate::report::words::{cut, number};

/// A line for each operation: what has met of what can, by strength.
pub(super) fn section(canvas: &mut Canvas, report: &Report) {
    let strengths = report.coverage.iter().map(|own| own.strength).max().unwrap_or(0);
    if strengths == 0 {
        return;
    }
    canvas.section("Choices that met, of those that can");
    let mut rows = vec![vec![cell(DIM, "operation")]];
    rows[0].extend(STRENGTHS.iter().take(strengths).map(|name| figure(DIM, *name)));
    for lines in report.coverage.chunk_by(|one, other| one.operation == other.operation) {
        let mut row = vec![cell(PLAIN, cut(&lines[0].operation, 60))];
        row.extend(lines.iter().map(met));
        rows.push(row);
    }
    canvas.table(2, 0, &rows);
}

fn met(own: &Covered) -> Cell {
    let possible = own.covered + own.left;
    let sample = if own.is_sample { " (sample)" } else { "" };
    match own.left {
        0 => figure(RIGHT, format!("all {}{sample}", number(possible))),
        left => figure(UNCLEAR, format!("{} of {}{sample}", number(possible - left), number(possible))),
    }
}
