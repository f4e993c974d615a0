//! Covering arrays: few rows in which every tuple of values that may meet does meet.
//!
//! No HTTP and no API here: a [`Space`] is parameters with numbered values and clauses that every row must keep.

pub mod formula;
pub mod space;

pub use formula::{Formula, Relation, TooLarge};
pub use space::{Clause, Literal, Mask, Row, Space, Unfit};

/// A row that is begun: a value for some of the parameters.
pub type Partial = Vec<Option<u8>>;

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
