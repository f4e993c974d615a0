//! The latencies of a comparison, side by side.

use crate::compare::latency::{CALLS_MIN, Row, Size, Speed};
use crate::compare::passes::{ORDERS, Pass};
use crate::compare::summary::Summary;
use crate::report::terminal::canvas::{Canvas, Cell, DIM, PLAIN, RIGHT, WRONG, cell, figure};
use crate::report::words::{cut, number};

/// The columns behind operation, size and calls.
const TITLES: [&str; 8] = ["p50 A", "B", "p99 A", "B", "max A", "B", "B/A", "A'/A"];

/// A row for each operation and size, then what can be said about it.
pub(super) fn table(canvas: &mut Canvas, summary: &Summary) {
    let mut rows = vec![vec![cell(DIM, "operation"), cell(DIM, "size"), figure(DIM, "calls")]];
    rows[0].extend(TITLES.map(|title| figure(DIM, title)));
    rows.extend(summary.latencies.rows().map(|(operation, size, own)| row(operation, size, own)));
    if rows.len() == 1 {
        return;
    }
    canvas.section("Latency in milliseconds");
    canvas.table(0, 0, &rows);
    for (speed, words) in [(Speed::Slower, "slower"), (Speed::Faster, "faster")] {
        let each = summary.latencies.rows().filter(|(.., row)| row.speed() == speed);
        let each: Vec<String> = each
            .map(|(operation, size, row)| {
                format!("{} {} ({:.2} times A's)", cut(operation, 60), size.words(), row.ratio(Pass::B))
            })
            .collect();
        if !each.is_empty() {
            canvas.wrapped(0, PLAIN, &format!("At the median B is {words}: {}.", each.join(", ")));
        }
    }
    canvas.wrapped(0, DIM, &method());
}

fn row(operation: &str, size: Size, own: &Row) -> Vec<Cell> {
    let style = match own.speed() {
        Speed::Slower => WRONG,
        Speed::Faster => RIGHT,
        Speed::Alike | Speed::TooFew => DIM,
    };
    let mut row = vec![cell(PLAIN, cut(operation, 60)), cell(PLAIN, size.words()), figure(PLAIN, number(own.calls()))];
    for quantile in [0.5, 0.99] {
        row.extend([Pass::A, Pass::B].map(|pass| figure(PLAIN, milliseconds(own.at(pass, quantile)))));
    }
    row.extend([Pass::A, Pass::B].map(|pass| figure(PLAIN, milliseconds(own.max(pass)))));
    row.push(figure(style, format!("{:.2}", own.ratio(Pass::B))));
    row.push(figure(DIM, format!("{:.2}", own.ratio(Pass::Again))));
    row
}

/// How it was measured.
fn method() -> String {
    let orders: Vec<String> = ORDERS.iter().map(|order| order.map(|lane| Pass::ALL[lane].name()).join(" ")).collect();
    format!(
        "Cases ran in the orders {} in turn, so that any two passes stand as in ABBA, with all workers in the same \
         pass at any time. Counted are calls that all three answered with one status and code, by the size of A's \
         bodies, request and answer together. B/A and A'/A are ratios of medians; B is called slower or faster only \
         where neither A' against A nor chance explains it, over {CALLS_MIN} calls or more.",
        orders.join(", ")
    )
}

/// Microseconds as milliseconds in three digits or so: `0.81`, `8.19`, `123`.
fn milliseconds(microseconds: u64) -> String {
    let (whole, hundredths) = (microseconds / 1_000, microseconds % 1_000 / 10);
    match whole {
        0..10 => format!("{whole}.{hundredths:02}"),
        10..100 => format!("{whole}.{}", hundredths / 10),
        _ => number(whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_three_digits() {
        for (microseconds, text) in
            [(0, "0.00"), (812, "0.81"), (8_190, "8.19"), (12_345, "12.3"), (1_234_567, "1,234")]
        {
            assert_eq!(milliseconds(microseconds), text);
        }
    }
}
