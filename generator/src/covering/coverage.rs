//! What rows cover, told by plain counting. Nothing here is shared with what makes the rows, so that a mistake there
//! shows here.

mod possible;
mod sets;

use super::Demand;
use super::space::{Row, Space};

use possible::{Decided, is_negative};

/// The most missing tuples that are told one by one; the others are counted.
pub const MISSING_LISTED_MAX: usize = 1_000;

/// Values of some parameters, in the order of the parameters.
pub type Tuple = Vec<(usize, u8)>;

/// What rows cover of what is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The tuples that a row covers.
    pub covered: u64,
    /// The tuples that no row can cover.
    pub infeasible: u64,
    /// The tuples that could be covered and are not.
    pub missing: u64,
    /// The first of them, at most [`MISSING_LISTED_MAX`].
    pub listed: Vec<Tuple>,
    /// How many sets of parameters there are whose values are to meet.
    pub sets: u64,
    /// How many of them were looked at. Less than all of them is a sample, and so are the counts.
    pub looked_at: u64,
    /// The rows, by their number among all, that break a clause or hold two negative values. They cover nothing.
    pub broken: Vec<usize>,
}

impl Coverage {
    /// The share of the tuples that can be which is covered: 1 where there is none.
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more than the first digits")]
    pub fn share(&self) -> f64 {
        let (covered, missing) = (self.covered as f64, self.missing as f64);
        if self.covered + self.missing == 0 { 1.0 } else { covered / (covered + missing) }
    }

    /// Whether every tuple that can be is covered, and no row breaks the rules.
    pub fn is_whole(&self) -> bool {
        self.missing == 0 && self.broken.is_empty()
    }
}

/// What `rows` cover of a demand. The rows may come from anywhere.
///
/// A tuple without a negative value is covered only by a row without one, and a tuple with one by a row in which it is
/// the only one; a tuple with two can never be.
pub fn coverage(space: &Space, rows: &[Row], demand: &Demand) -> Coverage {
    let mut meter = Meter::new(space.clone(), demand);
    for row in rows {
        meter.note(row);
    }
    meter.coverage()
}

/// Counts what rows cover, one row after the other.
#[derive(Debug, Clone)]
pub struct Meter {
    space: Space,
    sets: Vec<Set>,
    /// How many sets there are, where these are a sample.
    sets_in_all: u64,
    rows: usize,
    broken: Vec<usize>,
    covered: u64,
    possible: u64,
}

/// The tuples of some parameters.
#[derive(Debug, Clone)]
struct Set {
    parameters: Vec<usize>,
    /// One after another, the last value running fastest.
    tuples: Vec<Seen>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Missing,
    Covered,
    Infeasible,
}

/// What is covered of the tuples of some parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageOfSet {
    /// The parameters.
    pub parameters: Vec<usize>,
    /// The tuples that a row covers.
    pub covered: u64,
    /// The tuples that no row can cover.
    pub infeasible: u64,
    /// The tuples that could be covered and are not.
    pub missing: u64,
}

impl Meter {
    /// Nothing is covered yet of what is asked for.
    pub fn new(space: Space, demand: &Demand) -> Self {
        let (chosen, sets_in_all) = sets::sets(&space, demand);
        let mut decided = Decided::new(&space);
        let sets: Vec<Set> = chosen.into_iter().map(|parameters| Set::new(&space, parameters, &mut decided)).collect();
        let possible = sets.iter().map(|set| set.count(Seen::Missing)).sum();
        Self { space, sets, sets_in_all, rows: 0, broken: Vec::new(), covered: 0, possible }
    }

    /// Counts a row. One that breaks the rules covers nothing.
    pub fn note(&mut self, row: &Row) {
        self.rows += 1;
        if !self.space.permits(row) {
            self.broken.push(self.rows - 1);
            return;
        }
        let negative = |parameters: &mut dyn Iterator<Item = usize>| {
            parameters.filter(|own| is_negative(&self.space, *own, row[*own])).count()
        };
        let in_row = negative(&mut (0..row.len()));
        for set in &mut self.sets {
            if in_row > 0 && negative(&mut set.parameters.iter().copied()) != in_row {
                continue;
            }
            let number = set.number(&self.space, row);
            if set.tuples[number] == Seen::Missing {
                set.tuples[number] = Seen::Covered;
                self.covered += 1;
            }
        }
    }

    /// How many tuples are covered, and how many can be.
    pub const fn progress(&self) -> (u64, u64) {
        (self.covered, self.possible)
    }

    /// What is covered by now.
    pub fn coverage(&self) -> Coverage {
        let mut listed = Vec::new();
        for set in &self.sets {
            let missing = set.tuples(&self.space).filter(|(_, seen)| *seen == Seen::Missing);
            listed.extend(missing.map(|(tuple, _)| tuple).take(MISSING_LISTED_MAX - listed.len()));
        }
        Coverage {
            covered: self.covered,
            infeasible: self.sets.iter().map(|set| set.count(Seen::Infeasible)).sum(),
            missing: self.possible - self.covered,
            listed,
            sets: self.sets_in_all,
            looked_at: self.sets.len() as u64,
            broken: self.broken.clone(),
        }
    }

    /// The same for each set of parameters.
    pub fn by_set(&self) -> impl Iterator<Item = CoverageOfSet> + '_ {
        self.sets.iter().map(|set| CoverageOfSet {
            parameters: set.parameters.clone(),
            covered: set.count(Seen::Covered),
            infeasible: set.count(Seen::Infeasible),
            missing: set.count(Seen::Missing),
        })
    }
}

impl Set {
    fn new(space: &Space, parameters: Vec<usize>, decided: &mut Decided<'_>) -> Self {
        let count = parameters.iter().map(|parameter| space.sizes()[*parameter]).product();
        let mut set = Self { parameters, tuples: vec![Seen::Missing; count] };
        let seen = set.tuples(space).map(
            |(tuple, _)| {
                if decided.is_possible(&tuple) { Seen::Missing } else { Seen::Infeasible }
            },
        );
        set.tuples = seen.collect();
        set
    }

    fn count(&self, wanted: Seen) -> u64 {
        self.tuples.iter().filter(|seen| **seen == wanted).count() as u64
    }

    /// The number of the tuple that a row makes.
    fn number(&self, space: &Space, row: &Row) -> usize {
        let each = self.parameters.iter();
        each.fold(0, |number, parameter| number * space.sizes()[*parameter] + usize::from(row[*parameter]))
    }

    /// Every tuple, and what is known of it.
    fn tuples<'s>(&'s self, space: &'s Space) -> impl Iterator<Item = (Tuple, Seen)> + 's {
        let mut next: Tuple = self.parameters.iter().map(|parameter| (*parameter, 0)).collect();
        self.tuples.iter().map(move |seen| {
            let tuple = next.clone();
            advance(space, &mut next);
            (tuple, *seen)
        })
    }
}

/// The next tuple of the same parameters, the last value running fastest.
fn advance(space: &Space, tuple: &mut Tuple) {
    for (parameter, value) in tuple.iter_mut().rev() {
        *value += 1;
        if usize::from(*value) < space.sizes()[*parameter] {
            return;
        }
        *value = 0;
    }
}
