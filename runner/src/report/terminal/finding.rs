//! One finding as a block: what it is, expected against observed, and how to see it again.

use anstyle::Style;
use plumb_validator::finding::Finding;
use plumb_validator::precedence::Cycle;
use plumb_validator::verdict::{Expected, Observed};

use super::canvas::{BOLD, Canvas, Cell, DIM, LABEL_WIDTH, PLAIN, RED, RIGHT, WRONG, cell, figure};
use crate::report::words::{
    self, CYCLE_WORDS, CallWords, basis, cause, count, cut, lines, number, places, safe, same_source,
};

/// The most permitted answers that a block shows.
const PRINTED_ANSWERS_MAX: usize = 8;
/// The most places of one permitted answer that a block shows.
const PRINTED_PLACES_MAX: usize = 12;
/// The most request ids that a block shows.
const PRINTED_REQUESTS_MAX: usize = 5;
/// The most calls of a minimal case that a block shows: the last ones, for the last one diverged.
const PRINTED_CALLS_MAX: usize = 20;
/// The longest part of a body that a block shows, in characters.
const BODY_CHARACTERS_MAX: usize = 160;
const INDENT: usize = 2;

/// The block of a finding.
pub(super) fn block(canvas: &mut Canvas, finding: &Finding) {
    canvas.blank();
    canvas.wrapped(0, RED, &format!("✗ {}", safe(&finding.summary)));
    canvas.field(INDENT, "finding", PLAIN, &safe(&finding.id));
    canvas.field(INDENT, "kind", PLAIN, finding.kind.words());
    if !finding.choices.is_empty() {
        canvas.field(INDENT, "choices", PLAIN, &safe(&finding.choices.join(", ")));
    }
    if let Some(cause) = cause(finding) {
        canvas.field(INDENT, "cause", PLAIN, &cause);
    }
    let seen = format!("reproduced {}, seen in {}", safe(&finding.reproduced), count(finding.count, "case"));
    canvas.field(INDENT, "seen", PLAIN, &seen);
    if !finding.request_ids.is_empty() {
        canvas.field(INDENT, "requests", PLAIN, &requests(finding));
    }
    canvas.blank();
    if let Some(cycle) = &finding.cycle {
        steps(canvas, cycle);
    } else {
        comparison(canvas, &finding.expected, &finding.observed);
        canvas.blank();
        calls(canvas, finding);
    }
    canvas.blank();
    command(canvas, "replay", PLAIN, &finding.replay);
    if let Some(curl) = &finding.curl {
        command(canvas, "curl", DIM, curl);
    }
}

/// Each fault alone, and with the next one.
fn steps(canvas: &mut Canvas, cycle: &Cycle) {
    let mut rows = vec![vec![cell(DIM, "with"), cell(DIM, "answered"), cell(PLAIN, "")]];
    rows.extend(cycle.steps.iter().map(|step| vec![cell(PLAIN, safe(&step.fault)), cell(PLAIN, safe(&step.class))]));
    rows.extend(cycle.steps.iter().map(|step| {
        let both = safe(&step.with_next.origin.choices.join(" and "));
        vec![cell(BOLD, both), cell(WRONG, safe(&step.class)), cell(DIM, format!("{} wins", safe(&step.fault)))]
    }));
    canvas.table(INDENT, LABEL_WIDTH, &rows);
    canvas.blank();
    canvas.wrapped(INDENT, DIM, CYCLE_WORDS);
}

fn requests(finding: &Finding) -> String {
    let mut ids: Vec<String> = finding.request_ids.iter().take(PRINTED_REQUESTS_MAX).map(|id| cut(id, 80)).collect();
    if finding.request_ids.len() > PRINTED_REQUESTS_MAX {
        ids.push(format!("{} more", finding.request_ids.len() - PRINTED_REQUESTS_MAX));
    }
    ids.join(", ")
}

/// Every permitted answer on the left, what came on the right, then the places where they differ; and what came.
pub(super) fn comparison(canvas: &mut Canvas, permitted: &[Expected], observed: &Observed) {
    let mut rows = vec![vec![cell(PLAIN, ""), cell(DIM, "expected"), cell(DIM, "observed")]];
    for (index, expected) in permitted.iter().take(PRINTED_ANSWERS_MAX).enumerate() {
        let before = index.checked_sub(1).map(|before| &permitted[before]);
        let class = before.map_or_else(|| safe(&observed.class), |_| String::new());
        rows.extend(answer(expected, before, class));
    }
    if permitted.is_empty() {
        rows.push(vec![cell(DIM, "answer"), cell(RIGHT, "nothing"), cell(WRONG, safe(&observed.class))]);
    }
    canvas.table(INDENT, LABEL_WIDTH, &rows);
    canvas.more(permitted.len(), PRINTED_ANSWERS_MAX, "permitted answer");
    body(canvas, observed);
}

/// A permitted answer; `before` is the one above it.
fn answer(expected: &Expected, before: Option<&Expected>, observed: String) -> Vec<Vec<Cell>> {
    let label = if before.is_none() { "answer" } else { "or" };
    let known = match before {
        Some(before) if same_source(before, expected) => format!("[{}] as above", safe(&expected.basis)),
        _ => format!("[{}] {}: {}", safe(&expected.basis), basis(&expected.basis), safe(&expected.source)),
    };
    let mut rows = vec![
        vec![cell(DIM, label), cell(RIGHT, safe(&expected.class)), cell(WRONG, observed)],
        vec![cell(PLAIN, ""), cell(DIM, known), cell(PLAIN, "")],
    ];
    let places = places(expected);
    rows.extend(places.iter().take(PRINTED_PLACES_MAX).map(|mismatch| {
        let [place, right, wrong] =
            [&mismatch.place, &mismatch.expected, &mismatch.observed].map(|text| cut(text, 200));
        vec![cell(PLAIN, place), cell(RIGHT, right), cell(WRONG, wrong)]
    }));
    if let Some(more) = places.len().checked_sub(PRINTED_PLACES_MAX).filter(|more| *more > 0) {
        rows.push(vec![
            cell(PLAIN, ""),
            cell(DIM, format!("… and {}", count(more as u64, "more place"))),
            cell(PLAIN, ""),
        ]);
    }
    rows
}

fn body(canvas: &mut Canvas, observed: &Observed) {
    if observed.body_bytes > 0 {
        let text = format!("{}: {}", count(observed.body_bytes, "byte"), cut(&observed.body, BODY_CHARACTERS_MAX));
        canvas.field(INDENT, "body", PLAIN, &text);
    }
}

/// The calls of the minimal case with what each answered.
pub(super) fn calls(canvas: &mut Canvas, finding: &Finding) {
    let calls = words::calls(finding);
    let needs = words::needs(finding);
    if !needs.is_empty() {
        canvas.field(INDENT, "needs", PLAIN, &needs.join(", "));
    }
    let left_out = calls.len().saturating_sub(PRINTED_CALLS_MAX);
    if left_out > 0 {
        canvas.wrapped(INDENT, DIM, &format!("… {} before these", count(left_out as u64, "call")));
    }
    let rows =
        calls.iter().enumerate().skip(left_out).map(|(index, call)| turn(index + 1, call, index + 1 == calls.len()));
    canvas.table(INDENT, 0, &rows.collect::<Vec<_>>());
}

fn turn(place: usize, words: &CallWords, diverged: bool) -> Vec<Cell> {
    let style = if diverged { WRONG } else { DIM };
    vec![
        figure(DIM, format!("{}.", number(place as u64))),
        cell(DIM, cut(&words.id, 24)),
        cell(if diverged { BOLD } else { PLAIN }, words.call.clone()),
        cell(style, format!("→ {}", words.answered)),
    ]
}

/// A command on lines of its own, whole, so that it can be copied.
pub(super) fn command(canvas: &mut Canvas, label: &str, style: Style, command: &str) {
    canvas.wrapped(INDENT, DIM, label);
    for line in lines(command) {
        canvas.verbatim(INDENT + 2, style, &line);
    }
}
