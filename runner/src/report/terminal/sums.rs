//! The tables above the findings: operations, and what was not judged and why.

use std::collections::BTreeSet;

use anstyle::Style;

use super::canvas::{Canvas, Cell, DIM, PLAIN, RED, RIGHT, UNCLEAR, cell, figure};
use crate::report::words::{count, cut, latency, number, safe};
use crate::report::{Counts, Report};

/// The most reasons that are listed, the most frequent first.
const LISTED_REASONS_MAX: usize = 20;
/// The most unconfirmed divergences that are listed.
const LISTED_UNCONFIRMED_MAX: usize = 20;
/// The longest reason that is printed, in characters.
const REASON_CHARACTERS_MAX: usize = 300;

/// A column of counts: its title, the count, and how one that is not zero looks.
type Column = (&'static str, fn(&Counts) -> u64, Style);

const COLUMNS: [Column; 4] = [
    ("cases", |counts| counts.cases, PLAIN),
    ("conforms", |counts| counts.conforms, RIGHT),
    ("diverges", |counts| counts.diverges, RED),
    ("inconclusive", |counts| counts.inconclusive, UNCLEAR),
];

/// A column that stands only where some operation has any; the reasons stand below the table.
const LEFT_OUT: Column = ("left out", |counts| counts.skipped + counts.unsupported + counts.unmodelled, UNCLEAR);

/// The sums and latencies by operation; operations that were only sent on the way have latencies alone.
pub(super) fn operations(canvas: &mut Canvas, report: &Report) {
    let names: BTreeSet<&String> = report.operations.keys().chain(report.latencies.keys()).collect();
    if names.is_empty() {
        return;
    }
    let any = report.operations.values().any(|counts| LEFT_OUT.1(counts) > 0);
    let columns: Vec<Column> = COLUMNS.into_iter().chain(any.then_some(LEFT_OUT)).collect();
    let mut rows = vec![vec![cell(DIM, "operation")]];
    rows[0].extend(columns.iter().map(|column| figure(DIM, column.0)));
    rows[0].extend(["p50", "p99"].map(|title| figure(DIM, title)));
    rows.extend(names.into_iter().map(|name| operation(report, name, &columns)));
    canvas.blank();
    canvas.table(0, 0, &rows);
}

fn operation(report: &Report, name: &String, columns: &[Column]) -> Vec<Cell> {
    let counts = report.operations.get(name).copied().unwrap_or_default();
    let mut row = vec![cell(PLAIN, cut(name, 60))];
    row.extend(columns.iter().map(|(_, count, style)| match count(&counts) {
        0 => figure(DIM, "0"),
        many => figure(*style, number(many)),
    }));
    row.extend([0.5, 0.99].map(|quantile| match report.latencies.get(name) {
        Some(histogram) => figure(PLAIN, latency(histogram.value_at_quantile(quantile))),
        None => figure(DIM, "–"),
    }));
    row
}

/// Cases that conform by an answer that is permitted and not the preferred one.
pub(super) fn not_preferred(canvas: &mut Canvas, report: &Report) {
    if report.not_preferred.is_empty() {
        return;
    }
    let each = report.not_preferred.iter().map(|(operation, many)| format!("{} {}", cut(operation, 60), number(*many)));
    canvas.blank();
    let many = count(report.not_preferred.values().sum(), "case");
    let each = each.collect::<Vec<_>>().join(", ");
    canvas.wrapped(0, DIM, &format!("{many} conforming by a permitted answer that is not the preferred one: {each}"));
}

/// Why cases were not judged, the most frequent reason first.
pub(super) fn not_judged(canvas: &mut Canvas, report: &Report) {
    if report.reasons.is_empty() {
        return;
    }
    let mut reasons: Vec<_> = report.reasons.iter().collect();
    reasons.sort_by_key(|(_, many)| std::cmp::Reverse(**many));
    canvas.section("Not judged");
    let rows = reasons.iter().take(LISTED_REASONS_MAX).map(|((verdict, reason), many)| {
        vec![
            figure(PLAIN, number(**many)),
            cell(UNCLEAR, safe(verdict)),
            cell(PLAIN, cut(reason, REASON_CHARACTERS_MAX)),
        ]
    });
    canvas.table(2, 0, &rows.collect::<Vec<_>>());
    canvas.more(reasons.len(), LISTED_REASONS_MAX, "reason");
}

/// Divergences that did not come again.
pub(super) fn unconfirmed(canvas: &mut Canvas, report: &Report) {
    if report.unconfirmed.is_empty() {
        return;
    }
    canvas.section("Not confirmed, so no findings");
    for (signature, why) in report.unconfirmed.iter().take(LISTED_UNCONFIRMED_MAX) {
        canvas.wrapped(2, PLAIN, &cut(signature, REASON_CHARACTERS_MAX));
        canvas.wrapped(4, UNCLEAR, &cut(why, REASON_CHARACTERS_MAX));
    }
    canvas.more(report.unconfirmed.len(), LISTED_UNCONFIRMED_MAX, "divergence");
}
