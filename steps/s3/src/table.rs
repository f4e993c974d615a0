//! What stands in the table under a step.

use gherkin::Step;
use plumb_steps::fail;

/// The rows of a step's table.
fn rows(step: &Step) -> &[Vec<String>] {
    match &step.table {
        Some(table) if !table.rows.is_empty() => &table.rows,
        _ => fail(format!("a table is missing under the step {:?}", step.value)),
    }
}

fn has_columns(step: &Step, columns: usize) -> ! {
    fail(format!("the table under the step {:?} must be {columns} wide: so many cells in each row", step.value))
}

/// The names in a table of one column.
pub(crate) fn names(step: &Step) -> Vec<String> {
    let mut names = Vec::new();
    for row in rows(step) {
        let [name] = &row[..] else { has_columns(step, 1) };
        names.push(name.clone());
    }
    names
}

/// The pairs in a table of two columns.
pub(crate) fn pairs(step: &Step) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for row in rows(step) {
        let [left, right] = &row[..] else { has_columns(step, 2) };
        pairs.push((left.clone(), right.clone()));
    }
    pairs
}
