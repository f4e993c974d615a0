//! Choices that meet: a covering array over the space of an operation, with one fault at most in a row.

use std::collections::BTreeSet;

use plumb_model::space::{Constraint, Dimension, Operation, Row, Space};

use crate::covering::space::VALUES_MAX;
use crate::covering::{self, Clause, Demand, Fast, Literal, Mask, fast};

/// The rows that make choices meet which do not yet.
pub(super) struct Combinations {
    rows: Fast,
    /// The rows that are sent anyway.
    known: BTreeSet<Row>,
}

impl Combinations {
    /// The rows that are needed beside `known` ones for every `strength` choices of an operation to meet.
    pub(super) fn new(
        operation: &Operation,
        strength: usize,
        known: BTreeSet<Row>,
        seed: u64,
    ) -> Result<Self, Uncovered> {
        let space = numbered(operation)?;
        // Of two faults in a row the one may hide the other, so that it shows of neither what it meets.
        let one_fault = known.iter().map(numbers).filter(|row| space.permits(row));
        let seeds: Vec<covering::Partial> = one_fault.map(|row| row.into_iter().map(Some).collect()).collect();
        let rows = fast(&space, &demand_of(operation, strength), &seeds, seed);
        let rows = rows.map_err(|why| Uncovered { operation: operation.name, why: why.to_string() })?;
        Ok(Self { rows, known })
    }
}

/// Why choices cannot be made to meet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("combine the choices of {operation}: {why}")]
pub struct Uncovered {
    /// The operation.
    pub operation: &'static str,
    /// What is wrong with its space.
    pub why: String,
}

impl Iterator for Combinations {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let mut rows = self.rows.by_ref().map(|row| row.into_iter().map(usize::from).collect());
        rows.find(|row| !self.known.contains(row))
    }
}

/// What is asked of the rows of an operation: every so many choices are to meet, or as many as there are dimensions.
pub fn demand_of(operation: &Operation, strength: usize) -> Demand {
    Demand::of(strength.min(operation.space.dimensions.len()).max(1))
}

/// The space of an operation in numbers, for covering arrays: choices that hold a fault are its negative values.
pub fn numbered(operation: &Operation) -> Result<covering::Space, Uncovered> {
    let space = &operation.space;
    let many = space.dimensions.iter().find(|dimension| dimension.choices.len() > VALUES_MAX);
    if let Some(dimension) = many {
        let why =
            format!("{} has {} choices, at most {VALUES_MAX} are possible", dimension.name, dimension.choices.len());
        return Err(Uncovered { operation: operation.name, why });
    }
    let sizes = space.dimensions.iter().map(|dimension| dimension.choices.len()).collect();
    let clauses = space.constraints.iter().filter_map(|own| clause(space, own)).collect();
    let negative = space.dimensions.iter().map(|dimension| mask(dimension, |choice| dimension.choices[choice].fault));
    let numbered = covering::Space::new(sizes, clauses);
    let numbered = numbered.map_err(|why| Uncovered { operation: operation.name, why: why.to_string() })?;
    Ok(numbered.with_negative(negative.collect()))
}

/// A row in numbers.
pub fn numbers(row: &Row) -> covering::Row {
    row.iter().map(|choice| u8::try_from(*choice).unwrap_or(u8::MAX)).collect()
}

/// Either another choice than the one that demands something, or what it demands.
fn clause(space: &Space, constraint: &Constraint) -> Option<Clause> {
    let literal = |name: &str, fits: &dyn Fn(&str) -> bool| {
        let parameter = space.dimensions.iter().position(|dimension| dimension.name == name)?;
        let dimension = &space.dimensions[parameter];
        Some(Literal { parameter, values: mask(dimension, |choice| fits(dimension.choices[choice].name)) })
    };
    let (demanding, demanded) = constraint.when;
    let other = literal(demanding, &|choice| choice != demanded)?;
    let bound = literal(constraint.dimension, &|choice| constraint.allowed.contains(&choice))?;
    Some(vec![other, bound])
}

fn mask(dimension: &Dimension, fits: impl Fn(usize) -> bool) -> Mask {
    (0..dimension.choices.len()).filter(|choice| fits(*choice)).fold(0, |mask, choice| mask | 1 << choice)
}
