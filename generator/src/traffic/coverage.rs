//! What customers use together, against what the suites try together.

use std::collections::{BTreeMap, BTreeSet};

use plumb_model::call::Case;
use plumb_model::space::Operation;

/// The highest strength: how many choices are looked at together.
pub const STRENGTH_MAX: usize = 3;
/// The most different combinations of one operation that are counted; what comes beyond is only said to be there.
pub const COMBINATIONS_MAX: usize = 1_000_000;

/// A choice: the number of its dimension, and its own.
pub type Chosen = (usize, usize);
/// Choices of different dimensions, in the order of those.
pub type Combination = Vec<Chosen>;

/// What was seen together, and how often.
#[derive(Debug, Clone, Default)]
pub struct Together {
    counts: BTreeMap<Combination, u64>,
    /// Whether there was more than is counted.
    pub is_cut: bool,
}

impl Together {
    /// Counts every combination of `strength` of these choices.
    pub fn add(&mut self, chosen: &[Chosen], strength: usize) {
        each_combination(chosen, strength, &mut |combination| {
            if let Some(count) = self.counts.get_mut(combination) {
                *count += 1;
            } else if self.counts.len() < COMBINATIONS_MAX {
                self.counts.insert(combination.to_vec(), 1);
            } else {
                self.is_cut = true;
            }
        });
    }

    /// How many different ones there are.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Those that `tried` has not, the most frequent first.
    pub fn missing(&self, tried: &BTreeSet<Combination>) -> Vec<(Combination, u64)> {
        let missing = self.counts.iter().filter(|(combination, _)| !tried.contains(*combination));
        let mut missing: Vec<_> = missing.map(|(combination, count)| (combination.clone(), *count)).collect();
        missing.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
        missing
    }
}

/// The combinations that the cases of an operation try.
pub fn tried<'c>(
    operation: &Operation,
    cases: impl Iterator<Item = &'c Case>,
    strength: usize,
) -> BTreeSet<Combination> {
    let mut all = BTreeSet::new();
    for case in cases.filter(|case| case.origin.operation == operation.name) {
        let Some(row) = operation.space.row(&case.origin.choices) else { continue };
        let chosen: Vec<Chosen> = row.into_iter().enumerate().collect();
        each_combination(&chosen, strength, &mut |combination| {
            if !all.contains(combination) {
                all.insert(combination.to_vec());
            }
        });
    }
    all
}

/// Visits every choice of `strength` elements, in order.
fn each_combination(chosen: &[Chosen], strength: usize, visit: &mut impl FnMut(&[Chosen])) {
    fn go(rest: &[Chosen], left: usize, held: &mut Combination, visit: &mut impl FnMut(&[Chosen])) {
        if left == 0 {
            return visit(held);
        }
        for (index, own) in rest.iter().enumerate() {
            held.push(*own);
            go(&rest[index + 1..], left - 1, held, visit);
            held.pop();
        }
    }
    go(chosen, strength, &mut Vec::with_capacity(strength), visit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_counted_once_for_each_call() {
        let mut together = Together::default();
        together.add(&[(0, 0), (1, 2), (2, 1)], 2);
        together.add(&[(0, 0), (1, 2)], 2);
        assert_eq!(together.len(), 3);
        let missing = together.missing(&BTreeSet::from([vec![(0, 0), (2, 1)]]));
        assert_eq!(missing, [(vec![(0, 0), (1, 2)], 2), (vec![(1, 2), (2, 1)], 1)]);
    }

    #[test]
    fn the_suites_try_what_their_rows_hold() {
        let api = plumb_kv::api();
        let operation = api.operation("Delete").expect("an operation");
        let row = vec![1, 0, 0];
        let case = operation.case("kv", "choices", &row);
        let tried = tried(operation, [&case].into_iter(), 2);
        assert_eq!(tried.into_iter().collect::<Vec<_>>(), [[(0, 1), (1, 0)], [(0, 1), (2, 0)], [(1, 0), (2, 0)]]);
    }
}
