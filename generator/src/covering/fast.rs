//! Row by row: each is final when it appears.

use super::builder::Builder;
use super::space::{Partial, Row, Space};
use super::task::{Task, tasks};
use super::{Contradiction, Demand, Shortfall};

/// How many rows are drafted for each that is taken.
const CANDIDATES: usize = 4;

/// The rows of a covering array, each final when it appears.
#[derive(Debug)]
pub struct Fast<'s> {
    space: &'s Space,
    tasks: std::vec::IntoIter<Task>,
    builder: Option<(Builder<'s>, std::vec::IntoIter<Partial>)>,
    shortfall: Option<Shortfall>,
    seed: u64,
}

impl Fast<'_> {
    /// What was left out of what was asked for, as far as it is known by now.
    pub fn shortfall(&self) -> Option<Shortfall> {
        self.shortfall.or_else(|| self.builder.as_ref().and_then(|(builder, _)| builder.shortfall))
    }
}

/// Covers what is asked for, row by row: the seed rows first, each completed, then others.
///
/// # Errors
/// Where no row keeps the rules, or a seed row cannot be completed.
pub fn fast<'s>(space: &'s Space, demand: &Demand, seeds: &[Partial], seed: u64) -> Result<Fast<'s>, Contradiction> {
    let tasks = tasks(space, demand, seeds)?.into_iter();
    Ok(Fast { space, tasks, builder: None, shortfall: None, seed })
}

impl Iterator for Fast<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            if let Some((builder, seeds)) = &mut self.builder {
                let row = seeds.find_map(|begun| builder.complete(&begun, CANDIDATES));
                if let Some(row) = row.or_else(|| builder.next_row(CANDIDATES)) {
                    return Some(row);
                }
            }
            self.shortfall = self.shortfall();
            let task = self.tasks.next()?;
            let builder = Builder::new(self.space, &task.allowed, &task.groups, self.seed);
            self.builder = builder.map(|builder| (builder, task.seeds.into_iter()));
        }
    }
}
