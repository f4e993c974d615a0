//! Suites: every choice alone in every state, choices that meet, every pair of faults.

mod combinations;
mod rows;

use std::collections::{BTreeSet, VecDeque};

use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_model::space::{Operation, Row};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

pub use combinations::{Uncovered, demand_of, numbered, numbers};
pub(crate) use rows::row_with;
pub use rows::{fault_pairs, single_choices};

use crate::capabilities::is_named;
use combinations::Combinations;

/// The suite of single choices, as in [`plumb_model::call::Origin::suite`].
pub const CHOICES: &str = "choices";
/// The suite of choices that meet, with one fault at most.
pub const COMBINATIONS: &str = "combinations";
/// The suite of pairs of faults.
pub const FAULT_PAIRS: &str = "fault-pairs";

/// Operations with rows of a suite.
type Planned<'a> = Vec<(&'a Operation, &'static str, Row)>;

/// The cases of single choices and of pairs of faults for the named operations of an API, all of them where none is
/// named, in an order that `seed` decides.
pub fn cases<'a>(
    api: &'a Api,
    operations: &'a [String],
    seed: u64,
) -> impl ExactSizeIterator<Item = Case> + Send + use<'a> {
    let (mut plan, pairs) = singles_and_pairs(api, operations);
    plan.extend(pairs);
    shuffle(&mut plan, seed);
    plan.into_iter().map(|(operation, suite, row)| operation.case(api.name, suite, &row))
}

/// The cases of every suite at a strength, one after the other: single choices, then what they leave of `strength`
/// choices to meet, one operation after the other in turn, then pairs of faults. A row is made when it is asked for.
///
/// # Errors
/// Where an operation has more choices than a covering array can hold.
pub fn suites<'a>(
    api: &'a Api,
    operations: &'a [String],
    strength: usize,
    seed: u64,
) -> Result<impl Iterator<Item = Case> + Send + use<'a>, Uncovered> {
    let (mut singles, mut pairs) = singles_and_pairs(api, operations);
    let lanes = chosen(api, operations).filter(|_| strength > 1).map(|operation| {
        let own = singles.iter().filter(|(other, _, _)| other.name == operation.name);
        let seeds = own.map(|(_, _, row)| row.clone()).collect();
        Ok((operation, Combinations::new(operation, strength, seeds, seed)?))
    });
    let meeting = Turns { lanes: lanes.collect::<Result<_, _>>()? };
    shuffle(&mut singles, seed);
    shuffle(&mut pairs, seed);
    let all = singles.into_iter().chain(meeting).chain(pairs);
    Ok(all.map(|(operation, suite, row)| operation.case(api.name, suite, &row)))
}

fn chosen<'a>(api: &'a Api, operations: &'a [String]) -> impl Iterator<Item = &'a Operation> {
    api.operations.iter().filter(|operation| is_named(operations, operation))
}

fn singles_and_pairs<'a>(api: &'a Api, operations: &'a [String]) -> (Planned<'a>, Planned<'a>) {
    let (mut plan, mut of_pairs) = (Vec::new(), Vec::new());
    for operation in chosen(api, operations) {
        let singles = single_choices(&operation.space);
        let pairs = fault_pairs(&operation.space).difference(&singles).cloned().collect::<BTreeSet<_>>();
        plan.extend(singles.into_iter().map(|row| (operation, CHOICES, row)));
        of_pairs.extend(pairs.into_iter().map(|row| (operation, FAULT_PAIRS, row)));
    }
    (plan, of_pairs)
}

/// One row of each operation after the other, as long as there are any.
struct Turns<'a> {
    lanes: VecDeque<(&'a Operation, Combinations)>,
}

impl<'a> Iterator for Turns<'a> {
    type Item = (&'a Operation, &'static str, Row);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some((operation, mut rows)) = self.lanes.pop_front() {
            if let Some(row) = rows.next() {
                self.lanes.push_back((operation, rows));
                return Some((operation, COMBINATIONS, row));
            }
        }
        None
    }
}

/// Fisher-Yates with a stream of our own, so that the order is the same on any machine.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for last in (1..items.len()).rev() {
        let other = usize::try_from(random.next_u64() % (last as u64 + 1)).unwrap_or(0);
        items.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::covering::{self, Coverage, coverage};

    #[test]
    fn the_same_seed_gives_the_same_cases_and_another_seed_another_order() {
        let api = plumb_kv::api();
        let ids = |seed| cases(&api, &[], seed).map(|case| case.id()).collect::<Vec<_>>();
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
        let sorted = |seed| ids(seed).into_iter().collect::<BTreeSet<_>>();
        assert_eq!(sorted(1), sorted(2));
        assert!(cases(&api, &[], 1).all(|case| case.check().is_ok()));
    }

    /// What the rows of an operation cover of a strength, its pairs of faults left out.
    fn covered(operation: &Operation, cases: &[Case], strength: usize) -> Coverage {
        let own = cases.iter().filter(|case| case.origin.operation == operation.name);
        let rows = own.filter(|case| case.origin.suite != FAULT_PAIRS).map(|case| {
            let row = operation.space.row(&case.origin.choices).expect("a row");
            numbers(&row)
        });
        let rows: Vec<covering::Row> = rows.collect();
        coverage(&numbered(operation).expect("a space"), &rows, &demand_of(operation, strength))
    }

    #[test]
    fn at_each_strength_every_tuple_of_choices_that_can_meet_does() {
        let api = plumb_kv::api();
        for strength in 1..=covering::STRENGTH_MAX {
            let all: Vec<Case> = suites(&api, &[], strength, 1).expect("suites").collect();
            let ids: BTreeSet<String> = all.iter().map(Case::id).collect();
            assert_eq!(ids.len(), all.len(), "no case comes twice");
            for operation in &api.operations {
                let told = covered(operation, &all, strength);
                assert_eq!((told.missing, told.broken.len()), (0, 0), "{} {:?}", operation.name, told.listed);
                assert!(told.covered > 0);
            }
        }
    }

    #[test]
    fn single_choices_come_first_and_pairs_of_faults_last() {
        let api = plumb_kv::api();
        let suites: Vec<String> = suites(&api, &[], 2, 1).expect("suites").map(|case| case.origin.suite).collect();
        let runs: Vec<&str> = suites.chunk_by(|one, other| one == other).map(|run| run[0].as_str()).collect();
        assert_eq!(runs, [CHOICES, COMBINATIONS, FAULT_PAIRS]);
    }

    #[test]
    fn an_operation_with_too_many_choices_is_named() {
        let mut api = plumb_kv::api();
        let choices = &mut api.operations[0].space.dimensions[0].choices;
        *choices = vec![choices[0].clone(); 200];
        let name = api.operations[0].name;
        let refused = suites(&api, &[], 2, 1).err().map(|error| error.to_string());
        assert_eq!(
            refused,
            Some(format!("combine the choices of {name}: key-state has 200 choices, at most 128 are possible"))
        );
    }
}
