//! Whether a row with some values can be, by a search that takes the tightest clause first.

use std::collections::BTreeMap;

use super::Tuple;
use crate::covering::space::{Mask, Space};

/// The most steps of the search that decides whether a tuple can be. What is not decided by then counts as possible.
const STEPS_MAX: u32 = 1_000_000;

/// Which tuples can be, found out once for each set of values that clauses speak of.
pub(super) struct Decided<'s> {
    space: &'s Space,
    /// The parameters whose choice can make a row impossible.
    bound: Vec<bool>,
    answers: BTreeMap<Tuple, bool>,
}

impl<'s> Decided<'s> {
    pub(super) fn new(space: &'s Space) -> Self {
        let mut bound: Vec<bool> =
            space.negative().iter().zip(space.sizes()).map(|(mask, size)| *mask == all(*size)).collect();
        for literal in space.clauses().iter().flatten() {
            bound[literal.parameter] = true;
        }
        Self { space, bound, answers: BTreeMap::new() }
    }

    /// Whether some row has these values, and no other negative one.
    pub(super) fn is_possible(&mut self, tuple: &Tuple) -> bool {
        let negative = tuple.iter().filter(|(parameter, value)| is_negative(self.space, *parameter, *value)).count();
        if negative > 1 {
            return false;
        }
        let bound: Tuple = tuple.iter().filter(|(parameter, _)| self.bound[*parameter]).copied().collect();
        if let Some(answer) = self.answers.get(&bound) {
            return *answer;
        }
        let answer = self.search(&bound);
        self.answers.insert(bound, answer);
        answer
    }

    /// Whether some row has these values.
    fn search(&self, tuple: &Tuple) -> bool {
        let mut left: Vec<Mask> = self.space.sizes().iter().map(|size| all(*size)).collect();
        for (parameter, negative) in self.space.negative().iter().enumerate() {
            left[parameter] &= !negative;
        }
        for (parameter, value) in tuple {
            left[*parameter] = 1 << value;
        }
        let mut steps = STEPS_MAX;
        self.extends(left, &mut steps)
    }

    /// Whether a value can be chosen for everything: the clause that leaves the least is tried first.
    fn extends(&self, mut left: Vec<Mask>, steps: &mut u32) -> bool {
        let Some(space_left) = steps.checked_sub(1) else { return true };
        *steps = space_left;
        if left.contains(&0) {
            return false;
        }
        let mut tightest: Option<(usize, u32)> = None;
        for (number, clause) in self.space.clauses().iter().enumerate() {
            if clause.iter().any(|literal| left[literal.parameter] & !literal.values == 0) {
                continue;
            }
            let ways = clause.iter().filter(|literal| left[literal.parameter] & literal.values != 0).count();
            let ways = u32::try_from(ways).unwrap_or(u32::MAX);
            if tightest.is_none_or(|(_, fewest)| ways < fewest) {
                tightest = Some((number, ways));
            }
        }
        let Some((clause, _)) = tightest else { return true };
        // One way after the other; what was tried is ruled out for those that follow.
        for literal in &self.space.clauses()[clause] {
            let mut narrower = left.clone();
            narrower[literal.parameter] &= literal.values;
            if narrower[literal.parameter] != 0 && self.extends(narrower, steps) {
                return true;
            }
            left[literal.parameter] &= !literal.values;
            if left[literal.parameter] == 0 {
                return false;
            }
        }
        false
    }
}

/// Whether a value is a negative one.
pub(super) fn is_negative(space: &Space, parameter: usize, value: u8) -> bool {
    space.negative()[parameter] & (1 << value) != 0
}

fn all(size: usize) -> Mask {
    if size >= 128 { Mask::MAX } else { (1 << size) - 1 }
}
