//! The statistics, held against other programs, against counting every possibility, and against what must always be so.

mod exact;
mod properties;
mod rows;

use plumb_gate::stats::calls::{Calls, Group, Pair, Seen};
use plumb_gate::stats::comparison::{Comparison, Metric, Row};
use plumb_gate::stats::{compare, limits::Limits};

/// Calls of one group, who is asked first taking turns.
fn calls(pairs: &[(Seen, Seen)]) -> Calls {
    let mut calls = Calls::default();
    for (at, (candidate, baseline)) in pairs.iter().enumerate() {
        let pair = Pair { is_candidate_first: matches!(at % 4, 0 | 3), candidate: *candidate, baseline: *baseline };
        calls.push(&Group::of("Get", Some(100)), pair);
    }
    calls
}

fn compared(pairs: &[(Seen, Seen)]) -> Comparison {
    compare(&calls(pairs), &Limits::default())
}

fn row(comparison: &Comparison, metric: Metric) -> &Row {
    comparison.rows.iter().find(|row| row.metric == metric).expect("every metric has a row")
}
