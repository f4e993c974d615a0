//! What is to be covered: parameters, and which values may not meet.

use std::fmt;

/// The most values of a parameter: a domain is a mask of so many bits.
pub const VALUES_MAX: usize = 128;
/// The most parameters of a space.
pub const PARAMETERS_MAX: usize = 10_000;
/// The most clauses of a space.
pub const CLAUSES_MAX: usize = 1_000_000;

/// Some values of one parameter, a bit each.
pub type Mask = u128;

/// A value for every parameter, by its number.
pub type Row = Vec<u8>;

/// A row that is begun: a value for some of the parameters.
pub type Partial = Vec<Option<u8>>;

/// That a parameter has one of some values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Literal {
    /// The parameter, by its number.
    pub parameter: usize,
    /// The values that make it true.
    pub values: Mask,
}

impl Literal {
    /// Whether a row has one of the values.
    pub fn is_kept_by(&self, row: &[u8]) -> bool {
        self.values & bit(row[self.parameter]) != 0
    }
}

/// Literals of which at least one must hold.
pub type Clause = Vec<Literal>;

/// Parameters, each with so many values, and the clauses that every row must keep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Space {
    sizes: Vec<usize>,
    clauses: Vec<Clause>,
    negative: Vec<Mask>,
    weights: Vec<Vec<u32>>,
}

/// Why there is no such space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// The parameter with this number has no value, or too many.
    Values(usize),
    /// There are too many parameters.
    Parameters(usize),
    /// There are too many clauses.
    Clauses(usize),
    /// The clause with this number speaks of a parameter or a value that is none.
    Literal(usize),
}

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(parameter) => write!(formatter, "parameter {parameter} has no value, or over {VALUES_MAX}"),
            Self::Parameters(count) => write!(formatter, "{count} parameters are more than {PARAMETERS_MAX}"),
            Self::Clauses(count) => write!(formatter, "{count} clauses are more than {CLAUSES_MAX}"),
            Self::Literal(clause) => write!(formatter, "clause {clause} speaks of a value that is none"),
        }
    }
}

impl std::error::Error for Unfit {}

impl Space {
    /// A space of parameters with so many values each, and clauses.
    ///
    /// # Errors
    /// Where a bound is broken, or a clause names what there is not.
    pub fn new(sizes: Vec<usize>, clauses: Vec<Clause>) -> Result<Self, Unfit> {
        if sizes.len() > PARAMETERS_MAX {
            return Err(Unfit::Parameters(sizes.len()));
        }
        if clauses.len() > CLAUSES_MAX {
            return Err(Unfit::Clauses(clauses.len()));
        }
        if let Some(parameter) = sizes.iter().position(|size| !(1..=VALUES_MAX).contains(size)) {
            return Err(Unfit::Values(parameter));
        }
        let is_known = |own: &Literal| sizes.get(own.parameter).is_some_and(|size| own.values & !all(*size) == 0);
        if let Some(clause) = clauses.iter().position(|clause| !clause.iter().all(is_known)) {
            return Err(Unfit::Literal(clause));
        }
        let (negative, weights) = (vec![0; sizes.len()], sizes.iter().map(|size| vec![1; *size]).collect());
        Ok(Self { sizes, clauses, negative, weights })
    }

    /// The space with some values of each parameter marked as negative: a row holds one of them at most, so that
    /// one error does not hide another, and they are to meet the values that are not.
    #[must_use]
    pub fn with_negative(mut self, negative: Vec<Mask>) -> Self {
        self.negative = negative;
        self.negative.resize(self.sizes.len(), 0);
        self
    }

    /// The space with a weight for each value of each parameter: of two values that cover as much, the heavier one
    /// is taken. One is the usual weight.
    #[must_use]
    pub fn with_weights(mut self, weights: Vec<Vec<u32>>) -> Self {
        for (own, given) in self.weights.iter_mut().zip(weights) {
            own.iter_mut().zip(given).for_each(|(own, given)| *own = given);
        }
        self
    }

    /// The negative values of each parameter.
    pub fn negative(&self) -> &[Mask] {
        &self.negative
    }

    /// The weight of each value of each parameter.
    pub fn weights(&self) -> &[Vec<u32>] {
        &self.weights
    }

    /// How many values each parameter has.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// What every row must keep.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Whether a row keeps every clause and holds one negative value at most.
    pub fn permits(&self, row: &[u8]) -> bool {
        let negative = row.iter().zip(&self.negative).filter(|(value, mask)| **mask & bit(**value) != 0).count();
        negative <= 1 && self.clauses.iter().all(|clause| clause.iter().any(|own| own.is_kept_by(row)))
    }
}

/// The mask of one value.
pub const fn bit(value: u8) -> Mask {
    1 << value
}

/// The mask of the first `size` values.
pub const fn all(size: usize) -> Mask {
    if size >= VALUES_MAX { Mask::MAX } else { (1 << size) - 1 }
}

/// The lowest value in a mask that is not empty.
#[expect(clippy::cast_possible_truncation, reason = "a mask has 128 bits")]
pub const fn lowest(mask: Mask) -> u8 {
    mask.trailing_zeros() as u8
}

/// The values in a mask, the lowest first.
pub fn values(mut mask: Mask) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let value = (mask != 0).then(|| lowest(mask))?;
        mask &= mask - 1;
        Some(value)
    })
}
