//! The rows of a model, as PICT prints them.

use std::time::Instant;

use plumb_generator::covering::space::{Mask, all, bit, values};
use plumb_generator::covering::{self, Contradiction, Demand, EFFORT, Partial, Row, Shortfall, coverage};
use plumb_generator::pict::{Constraint, Model, Placed, Printer};

use super::SEED;
use super::model::{Named, shown, text};
use crate::cli::{EffortArg, GenerateArgs};
use crate::error::{Error, Exit};
use crate::output;

/// How many values that can never be are told.
const NEVER_SHOWN_MAX: usize = 20;
/// How many characters of a constraint are shown.
const CONSTRAINT_SHOWN_MAX: usize = 200;

/// Carries the command out where rows are to be made.
pub(super) fn rows(named: &Named, arguments: &GenerateArgs) -> Result<Exit, Error> {
    let (model, began) = (&named.model, Instant::now());
    let demand = demand(model, arguments)?;
    let seeds = seeds(model, arguments)?;
    let mut printed = Printed::new(model, arguments);
    let shortfall = make(named, &demand, &seeds, arguments, &mut printed)?;
    if !printed.all {
        return Ok(Exit::Conforms);
    }
    match shortfall {
        None => printed.tell_of_values_that_can_never_be(named),
        Some(shortfall) => eprintln!("not everything is covered: {shortfall}"),
    }
    if arguments.rows.stats {
        eprint!("{}", statistics(model, &demand, &printed.rows, began));
    }
    Ok(if shortfall.is_none() { Exit::Conforms } else { Exit::Inconclusive })
}

/// What is to be covered.
pub(super) fn demand(model: &Model, arguments: &GenerateArgs) -> Result<Demand, Error> {
    let refused = |error: plumb_generator::pict::Strength| {
        Error::usage(error.to_string(), "give another --strength, or leave it out for pairs")
    };
    model.demand(arguments.rows.strength).map_err(refused)
}

fn seeds(model: &Model, arguments: &GenerateArgs) -> Result<Vec<Placed<Partial>>, Error> {
    let Some(path) = &arguments.rows.seeds else { return Ok(Vec::new()) };
    let (file, text) = text(path, "name a file with rows as they are printed, or - for standard input")?;
    model.seeds(&text).map_err(|mistake| shown(&file, &text, &mistake))
}

/// Makes the rows and prints each as soon as it is known.
fn make(
    named: &Named,
    demand: &Demand,
    seeds: &[Placed<Partial>],
    arguments: &GenerateArgs,
    printed: &mut Printed<'_>,
) -> Result<Option<Shortfall>, Error> {
    let space = named.model.space();
    let seed = arguments.seed.unwrap_or(SEED);
    let begun: Vec<Partial> = seeds.iter().map(|placed| placed.row.clone()).collect();
    let refused = |why: Contradiction| contradiction(named, why, seeds);
    match arguments.rows.effort.unwrap_or(EffortArg::Compact) {
        EffortArg::Fast => {
            let mut rows = covering::fast(space, demand, &begun, seed).map_err(refused)?;
            printed.print(&mut rows)?;
            Ok(rows.shortfall())
        }
        EffortArg::Compact => {
            let array = covering::compact(space, demand, &begun, seed, EFFORT).map_err(refused)?;
            printed.print(&mut array.rows.into_iter())?;
            Ok(array.shortfall)
        }
    }
}

/// What was printed, and what was made for other shards.
struct Printed<'m> {
    model: &'m Model,
    arguments: &'m GenerateArgs,
    /// The values that occurred, of each parameter.
    seen: Vec<Mask>,
    /// Every row, where they are wanted for statistics.
    rows: Vec<Row>,
    /// Whether the reader of standard output took them all.
    all: bool,
}

impl<'m> Printed<'m> {
    fn new(model: &'m Model, arguments: &'m GenerateArgs) -> Self {
        Self { model, arguments, seen: vec![0; model.parameters().len()], rows: Vec::new(), all: false }
    }

    /// Prints the header and the rows of this shard. Names of values take turns over the rows of all shards, so that
    /// the shards together are the whole to the byte.
    fn print(&mut self, rows: &mut dyn Iterator<Item = Row>) -> Result<(), Error> {
        let mut printer = Printer::new(self.model);
        let header = printer.header();
        let digest = self.model.digest();
        let (shard, stats) = (self.arguments.shard, self.arguments.rows.stats);
        let own = rows.filter_map(|row| {
            let line = printer.line(&row);
            self.seen.iter_mut().zip(&row).for_each(|(seen, value)| *seen |= bit(*value));
            let is_own = shard.is_none_or(|shard| shard.holds(&[&digest[..], &row].concat()));
            if stats {
                self.rows.push(row);
            }
            is_own.then_some(Ok(line))
        });
        self.all = output::print_lines(std::iter::once(Ok(header)).chain(own))?;
        Ok(())
    }

    /// Every value that can be is in some row, so those that are in none can never be.
    fn tell_of_values_that_can_never_be(&self, named: &Named) {
        let mut told = 0;
        for (parameter, own) in self.model.parameters().iter().enumerate() {
            for value in values(all(own.values.len()) & !self.seen[parameter]) {
                told += 1;
                if told <= NEVER_SHOWN_MAX {
                    let why =
                        self.model.conflict(Some((parameter, value))).map_or_else(String::new, |found| because(&found));
                    let name = self.model.value_name(parameter, value);
                    eprintln!("{}, line {}: {} can never be {name}{why}", named.file, own.line, own.name);
                }
            }
        }
        if told > NEVER_SHOWN_MAX {
            eprintln!("{}: {} more values can never be", named.file, told - NEVER_SHOWN_MAX);
        }
    }
}

fn because(constraints: &[&Constraint]) -> String {
    let lines: Vec<String> = constraints.iter().map(|own| format!("line {}: {}", own.line, short(&own.text))).collect();
    if lines.is_empty() { String::new() } else { format!(", because of {}", lines.join("; and ")) }
}

/// So much of a constraint as is shown.
pub(super) fn short(text: &str) -> String {
    let mut shown: String = text.trim_end_matches(';').chars().take(CONSTRAINT_SHOWN_MAX).collect();
    if shown.len() + 1 < text.len() {
        shown.push_str("...");
    }
    shown
}

fn contradiction(named: &Named, why: Contradiction, seeds: &[Placed<Partial>]) -> Error {
    match why {
        Contradiction::Rules => {
            let found = named.model.conflict(None).unwrap_or_default();
            let message = format!(
                "{}: the constraints contradict each other, so that there is no row{}",
                named.file,
                because(&found)
            );
            Error::usage(message, "change one of these constraints, or take it away")
        }
        Contradiction::Seed(number) => {
            let line = seeds.get(number).map_or(0, |placed| placed.line);
            let message = format!(
                "the seed row in line {line} cannot be completed: no row with its values keeps all constraints"
            );
            Error::usage(message, "change the row or the constraints")
        }
    }
}

/// What PICT's `/s` tells, and what it leaves out.
fn statistics(model: &Model, demand: &Demand, rows: &[Row], began: Instant) -> String {
    let took = began.elapsed();
    let told = coverage(model.space(), rows, demand);
    let captions = [
        ("Parameters", model.parameters().len().to_string()),
        ("Constraints", model.constraints().len().to_string()),
        ("Combinations", (told.covered + told.missing).to_string()),
        ("Infeasible", told.infeasible.to_string()),
        ("Covered", format!("{} ({})", told.covered, super::check::share(&told))),
        ("Generated tests", rows.len().to_string()),
        ("Generation time", format!("{:.3} s", took.as_secs_f64())),
    ];
    let lines = captions.iter().map(|(caption, value)| format!("{:<17}{value}", format!("{caption}:")));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}
