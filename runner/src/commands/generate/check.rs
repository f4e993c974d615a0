//! What rows cover that were made here or elsewhere.

use std::path::Path;

use plumb_generator::covering::{Coverage, Row, Tuple, coverage};
use plumb_generator::pict::{Model, Placed};

use super::model::{Named, shown, text};
use super::rows::{demand, short};
use crate::cli::GenerateArgs;
use crate::error::{Error, Exit};
use crate::output;

/// How many missing tuples are told.
const MISSING_SHOWN_MAX: usize = 20;
/// How many rows that break a rule are told.
const BROKEN_SHOWN_MAX: usize = 20;

/// Carries the command out where rows are to be checked.
pub(super) fn check(named: &Named, path: &Path, arguments: &GenerateArgs) -> Result<Exit, Error> {
    let model = &named.model;
    let demand = demand(model, arguments)?;
    let (file, text) = text(path, "name a file with rows as they are printed, or - for standard input")?;
    let placed = model.rows(&text).map_err(|mistake| shown(&file, &text, &mistake))?;
    let rows: Vec<Row> = placed.iter().map(|own| own.row.clone()).collect();
    let told = coverage(&model.space_to_check(), &rows, &demand);
    let broken = broken(named, &file, &placed);
    output::print(&report(model, &told, rows.len(), &broken))?;
    Ok(match () {
        () if told.missing > 0 || !broken.is_empty() => Exit::Diverges,
        () if told.looked_at < told.sets => Exit::Inconclusive,
        () => Exit::Conforms,
    })
}

fn report(model: &Model, told: &Coverage, rows: usize, broken: &[String]) -> String {
    let mut lines = vec![
        format!("rows        {rows}"),
        format!("covered     {} of {} ({})", told.covered, told.covered + told.missing, share(told)),
        format!("infeasible  {}", told.infeasible),
        format!("missing     {}", told.missing),
    ];
    lines.extend(told.listed.iter().take(MISSING_SHOWN_MAX).map(|tuple| format!("  {}", words(model, tuple))));
    lines.extend(more(told.missing, MISSING_SHOWN_MAX));
    lines.push(format!("broken      {}", broken.len()));
    lines.extend(broken.iter().take(BROKEN_SHOWN_MAX).map(|row| format!("  {row}")));
    lines.extend(more(broken.len() as u64, BROKEN_SHOWN_MAX));
    if told.looked_at < told.sets {
        lines.push(format!(
            "these are of {} of {} sets of parameters: the others were not looked at",
            told.looked_at, told.sets
        ));
    }
    lines.join("\n") + "\n"
}

fn more(count: u64, shown: usize) -> Option<String> {
    let more = count.checked_sub(shown as u64).filter(|more| *more > 0)?;
    Some(format!("  and {more} more"))
}

/// How much of what can be covered is, never rounded up to all of it.
pub(super) fn share(told: &Coverage) -> String {
    let tenths = (told.share() * 1000.0).floor() / 10.0;
    format!("{tenths} %")
}

/// A tuple as `size = 10, free = yes`.
fn words(model: &Model, tuple: &Tuple) -> String {
    let each = tuple.iter().map(|(parameter, value)| {
        format!("{} = {}", model.parameters()[*parameter].name, model.value_name(*parameter, *value))
    });
    each.collect::<Vec<_>>().join(", ")
}

/// The rows that break a constraint or hold two negative values, with line and reason.
fn broken(named: &Named, file: &str, placed: &[Placed<Row>]) -> Vec<String> {
    placed.iter().filter_map(|own| Some(format!("{file}, line {}: {}", own.line, reason(named, &own.row)?))).collect()
}

fn reason(named: &Named, row: &Row) -> Option<String> {
    if let Some(broken) = named.model.broken_by(row) {
        return Some(format!("breaks {}, line {}: {}", named.file, broken.line, short(&broken.text)));
    }
    let row: Vec<Option<u8>> = row.iter().copied().map(Some).collect();
    let negative: Vec<&str> = named.model.negatives(&row).map(|own| own.name.as_str()).collect();
    (negative.len() > 1).then(|| format!("holds more than one negative value, of {}", negative.join(", ")))
}
