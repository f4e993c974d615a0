//! Covering arrays: few rows in which every tuple of values that may meet does meet.
//!
//! No HTTP and no API here: a [`Space`] is parameters with numbered values and clauses that every row must keep.

pub mod formula;
pub mod solver;
pub mod space;

mod builder;
mod compact;
mod coverage;
pub(crate) mod draw;
mod fast;
mod layout;
mod ledger;
mod table;
mod task;

pub use compact::{EFFORT, compact};
pub use coverage::{Coverage, CoverageOfSet, MISSING_LISTED_MAX, Meter, Tuple, coverage};
pub use fast::{Fast, fast};
pub use formula::{Formula, Relation, TooLarge};

pub use space::{Clause, Literal, Mask, Partial, Row, Space, Unfit};

/// The highest strength of a suite: how many values are made to meet.
pub const STRENGTH_MAX: usize = 4;

/// What is to be covered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    /// How many values of any parameters are to meet, 1 to [`STRENGTH_MAX`].
    pub strength: usize,
    /// Parameters whose values are to meet in larger groups: the parameters, and the strength among them.
    pub groups: Vec<(Vec<usize>, usize)>,
}

impl Demand {
    /// The same strength everywhere.
    pub const fn of(strength: usize) -> Self {
        Self { strength, groups: Vec::new() }
    }
}

/// Rows that cover what was asked for, or what of it could be had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Array {
    /// The rows.
    pub rows: Vec<Row>,
    /// What was left out, where anything was.
    pub shortfall: Option<Shortfall>,
}

/// Why not all that was asked for is covered. How much is, tells [`coverage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Shortfall {
    /// The tuples would not fit into memory.
    #[error("the tuples of strength {asked} do not fit into memory: covered at strength {given} instead")]
    Memory {
        /// The strength that was asked for.
        asked: usize,
        /// The strength that was given.
        given: usize,
    },
    /// The rows would take too long.
    #[error("the rows would take too long: cut short")]
    Effort,
}

/// Why there is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// The clauses contradict each other.
    #[error("cover the space: no row keeps all of its constraints")]
    Rules,
    /// The seed row with this number, counted from zero, breaks a clause or holds two negative values.
    #[error("complete seed row {}: no row with its values keeps all constraints", .0 + 1)]
    Seed(usize),
}
