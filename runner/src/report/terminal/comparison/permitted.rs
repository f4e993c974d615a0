//! Differences inside of what the model permits: a table of other answers, and one of places.

use super::LISTED_MAX;
use crate::compare::groups::{Column, Group, Holder, What};
use crate::compare::summary::Summary;
use crate::report::terminal::canvas::{Canvas, Cell, DIM, PLAIN, cell, figure};
use crate::report::words::{cut, number, safe};

/// The longest value of a place, in characters.
const VALUE_CHARACTERS_MAX: usize = 60;
/// The longest words about where a group was seen, in characters.
const WHERE_CHARACTERS_MAX: usize = 160;
/// The most operations of a group that are named.
const NAMED_OPERATIONS_MAX: usize = 3;

/// The groups, those with most calls first.
pub(super) fn groups(canvas: &mut Canvas, summary: &Summary) {
    let is_answer = |group: &&Group| matches!(group.what, What::Answer { .. });
    let (answers, places): (Vec<&Group>, Vec<&Group>) = summary.permitted.groups.iter().partition(is_answer);
    if !answers.is_empty() {
        canvas.section("Other answers, and the model permits both: either may be right");
        table(canvas, ["A", "B", "the model", "calls", "where"], &answers, answer);
    }
    if !places.is_empty() {
        canvas.section("Other content of the same answer, in what the model leaves open: either may be right");
        table(canvas, ["place", "A", "B", "calls", "where"], &places, place);
    }
}

fn table(canvas: &mut Canvas, titles: [&str; 5], groups: &[&Group], row: fn(&Group) -> Vec<Cell>) {
    let title = |title| if title == "calls" { figure(DIM, title) } else { cell(DIM, title) };
    let mut rows = vec![titles.map(title).into()];
    rows.extend(groups.iter().take(LISTED_MAX).map(|group| row(group)));
    canvas.table(2, 0, &rows);
    canvas.more(groups.len(), LISTED_MAX, "difference");
}

/// Other answers to the same call.
fn answer(group: &Group) -> Vec<Cell> {
    let What::Answer { a, b } = &group.what else { return Vec::new() };
    let example = &group.example;
    let choices = match (group.choices.is_empty(), example.case.origin.choices.is_empty()) {
        (false, _) => format!("{} in ", group.choices.join(", ")),
        (true, false) => format!("such as {} in ", example.case.origin.choices.join(", ")),
        (true, true) => String::new(),
    };
    vec![
        cell(PLAIN, safe(a)),
        cell(PLAIN, safe(b)),
        cell(DIM, format!("both: [{}] [{}]", safe(&example.a.basis), safe(&example.b.basis))),
        figure(PLAIN, number(group.calls())),
        cell(PLAIN, cut(&format!("{choices}{}", operations(group)), WHERE_CHARACTERS_MAX)),
    ]
}

/// A place of the same answer.
fn place(group: &Group) -> Vec<Cell> {
    let What::Place { place, held_by } = &group.what else { return Vec::new() };
    let value = |column: &Column, has_it: bool| match (&column.value, has_it) {
        (Some(value), true) => cell(PLAIN, cut(value, VALUE_CHARACTERS_MAX)),
        _ => cell(DIM, "nothing"),
    };
    vec![
        cell(PLAIN, safe(place)),
        value(&group.example.a, *held_by != Holder::B),
        value(&group.example.b, *held_by != Holder::A),
        figure(PLAIN, number(group.calls())),
        cell(PLAIN, operations(group)),
    ]
}

/// The operations of a group, the first few by name.
fn operations(group: &Group) -> String {
    let named = group.operations.keys().take(NAMED_OPERATIONS_MAX);
    let mut named: Vec<String> = named.map(|name| cut(name, VALUE_CHARACTERS_MAX)).collect();
    if group.operations.len() > NAMED_OPERATIONS_MAX {
        named.push(format!("{} more", group.operations.len() - NAMED_OPERATIONS_MAX));
    }
    named.join(", ")
}
