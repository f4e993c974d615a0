//! A difference in which somebody is wrong, in three columns: A, B, and what the model permits.

use std::collections::BTreeMap;

use plumb_validator::finding::Finding;
use plumb_validator::verdict::Expected;

use crate::compare::passes::Pass;
use crate::compare::reds::Red;
use crate::report::terminal::canvas::{Canvas, Cell, DIM, LABEL_WIDTH, PLAIN, RED, RIGHT, WRONG, cell};
use crate::report::terminal::finding;
use crate::report::words::{basis, count, cut, places, safe};

const INDENT: usize = 2;
/// The most permitted answers that are shown.
const PRINTED_ANSWERS_MAX: usize = 8;
/// The most places that are shown.
const PRINTED_PLACES_MAX: usize = 12;
/// The longest value at a place, in characters.
const VALUE_CHARACTERS_MAX: usize = 200;

/// The block of a difference.
pub(super) fn block(canvas: &mut Canvas, red: &Red) {
    let first = &red.wrong[0].finding;
    canvas.blank();
    canvas.wrapped(0, RED, &format!("✗ {}", safe(&red.sentence())));
    if !first.choices.is_empty() {
        canvas.field(INDENT, "choices", PLAIN, &safe(&first.choices.join(", ")));
    }
    let seen = format!("reproduced {}, seen in {}", safe(&first.reproduced), count(red.count, "case"));
    canvas.field(INDENT, "seen", PLAIN, &seen);
    canvas.blank();
    columns(canvas, red);
    canvas.blank();
    finding::calls(canvas, first);
    for wrong in &red.wrong {
        canvas.blank();
        let label = format!("replay against {}", wrong.pass.name());
        finding::command(canvas, &label, PLAIN, &wrong.finding.replay);
    }
}

fn columns(canvas: &mut Canvas, red: &Red) {
    let mut rows = vec![
        vec![cell(PLAIN, ""), cell(DIM, "A"), cell(DIM, "B"), cell(DIM, "the model permits")],
        vec![cell(DIM, "answer"), answer(red, Pass::A), answer(red, Pass::B), cell(RIGHT, permitted(red))],
        vec![cell(PLAIN, ""), cell(PLAIN, ""), cell(PLAIN, ""), cell(DIM, ground(red))],
    ];
    let by_place = by_place(red);
    let right = |pass: Pass| {
        let wrong = red.wrong.iter().any(|own| own.pass == pass);
        cell(RIGHT, if wrong { "" } else { "right" })
    };
    for (place, at) in by_place.iter().take(PRINTED_PLACES_MAX) {
        let observed = |pass: Pass| match at.observed.get(&pass) {
            Some(value) => cell(WRONG, cut(value, VALUE_CHARACTERS_MAX)),
            None => right(pass),
        };
        let expected = cell(RIGHT, cut(at.expected, VALUE_CHARACTERS_MAX));
        rows.push(vec![cell(PLAIN, safe(place)), observed(Pass::A), observed(Pass::B), expected]);
    }
    canvas.table(INDENT, LABEL_WIDTH, &rows);
    canvas.more(by_place.len(), PRINTED_PLACES_MAX, "place");
}

fn answer(red: &Red, pass: Pass) -> Cell {
    match (red.wrong.iter().find(|own| own.pass == pass), &red.answers) {
        (Some(wrong), _) => cell(WRONG, safe(&wrong.finding.observed.class)),
        (None, Some(column)) => cell(RIGHT, safe(&column.answer)),
        (None, None) => cell(PLAIN, ""),
    }
}

/// The classes of all permitted answers, each once.
fn permitted(red: &Red) -> String {
    let mut classes: Vec<String> = Vec::new();
    for expected in &red.wrong[0].finding.expected {
        let class = safe(&expected.class);
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    let more = classes.len().saturating_sub(PRINTED_ANSWERS_MAX);
    classes.truncate(PRINTED_ANSWERS_MAX);
    if more > 0 {
        classes.push(count(more as u64, "more answer"));
    }
    classes.join(" or ")
}

/// Where it is written that the one that is right is right, or what would be.
fn ground(red: &Red) -> String {
    let known = |letter: &str, source: &str| format!("[{}] {}: {}", safe(letter), basis(letter), safe(source));
    match (&red.answers, red.wrong[0].finding.expected.first()) {
        (Some(column), _) => known(&column.basis, &column.source),
        (None, Some(expected)) => known(&expected.basis, &expected.source),
        (None, None) => String::new(),
    }
}

/// What stands at a place that is wrong.
struct AtPlace<'r> {
    expected: &'r str,
    observed: BTreeMap<Pass, &'r str>,
}

/// The places at which somebody is wrong, for answers that have the right status and code.
fn by_place(red: &Red) -> BTreeMap<&str, AtPlace<'_>> {
    let mut by_place = BTreeMap::new();
    for wrong in &red.wrong {
        for mismatch in nearest(&wrong.finding).map(places).unwrap_or_default() {
            let at = by_place
                .entry(mismatch.place.as_str())
                .or_insert_with(|| AtPlace { expected: &mismatch.expected, observed: BTreeMap::new() });
            at.observed.insert(wrong.pass, mismatch.observed.as_str());
        }
    }
    by_place
}

fn nearest(finding: &Finding) -> Option<&Expected> {
    finding.expected.iter().find(|expected| expected.class == finding.observed.class)
}
