//! The engine against brute force on small constrained spaces, and against itself.

use std::collections::BTreeSet;

use plumb_generator::covering::solver::{Solved, Solver};
use plumb_generator::covering::{
    Clause, Contradiction, Demand, EFFORT, Literal, Mask, Partial, Row, Space, Tuple, compact, coverage, fast,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// The effort of a search in a test: enough to take a few rows away.
const SHORT: u64 = EFFORT / 300;
/// The most parameters of a space that is tried.
const PARAMETERS_MAX: usize = 6;

/// A space, what is asked for, and rows to begin with.
#[derive(Debug, Clone)]
struct Problem {
    space: Space,
    demand: Demand,
    seeds: Vec<Partial>,
}

fn clauses(sizes: Vec<usize>) -> impl Strategy<Value = (Vec<usize>, Vec<Clause>)> {
    let literal = (0..sizes.len(), 1..u8::MAX);
    (Just(sizes), vec(vec(literal, 1..4), 0..7)).prop_map(|(sizes, drawn)| {
        let literal = |(parameter, bits): (usize, u8)| Literal {
            parameter,
            values: Mask::from(bits) & ((1 << sizes[parameter]) - 1),
        };
        let made = drawn.into_iter().map(|clause| clause.into_iter().map(literal).collect()).collect();
        (sizes, made)
    })
}

fn seed_rows() -> impl Strategy<Value = Vec<Partial>> {
    vec(vec(proptest::option::of(0_u8..4), PARAMETERS_MAX), 0..3)
}

fn problems() -> impl Strategy<Value = Problem> {
    let spaces = vec(1_usize..5, 1..=PARAMETERS_MAX).prop_flat_map(clauses);
    let others = (1_usize..5, any::<bool>(), vec(0_u8..8, PARAMETERS_MAX), seed_rows());
    (spaces, others).prop_map(|((sizes, clauses), (strength, has_group, negative, seeds))| {
        // Half of the parameters have no negative value, and the last value never is one.
        let negative =
            negative.into_iter().zip(&sizes).map(|(bits, size)| Mask::from(bits / 4) & ((1 << (size - 1)) - 1));
        let fitting = |(value, size): (Option<u8>, &usize)| value.map(|value| value % u8::try_from(*size).unwrap_or(1));
        let seeds = seeds.into_iter().map(|seed| seed.into_iter().zip(&sizes).map(fitting).collect()).collect();
        let groups = if has_group { vec![((0..sizes.len().min(3)).collect(), 3)] } else { Vec::new() };
        let space = Space::new(sizes.clone(), clauses).expect("a space").with_negative(negative.collect());
        Problem { space, demand: Demand { strength, groups }, seeds }
    })
}

fn every_row(sizes: &[usize]) -> Vec<Row> {
    sizes.iter().fold(vec![Row::new()], |rows, size| {
        let values = 0..u8::try_from(*size).expect("few values");
        let longer = |row: &Row| values.clone().map(|value| [&row[..], &[value]].concat()).collect::<Vec<Row>>();
        rows.iter().flat_map(longer).collect()
    })
}

fn permitted(space: &Space) -> Vec<Row> {
    every_row(space.sizes()).into_iter().filter(|row| space.permits(row)).collect()
}

fn negatives(space: &Space, tuple: &[(usize, u8)]) -> usize {
    tuple.iter().filter(|(parameter, value)| space.negative()[*parameter] & (1 << value) != 0).count()
}

/// The tuples that a row stands for: with its negative value, where it has one.
fn tuples(space: &Space, row: &Row, demand: &Demand) -> BTreeSet<Tuple> {
    let all: Tuple = row.iter().copied().enumerate().collect();
    let everything = ((0..row.len()).collect::<Vec<_>>(), demand.strength);
    let mut tuples = BTreeSet::new();
    for (group, strength) in std::iter::once(&everything).chain(&demand.groups) {
        for chosen in 0_u32..1 << group.len() {
            let places = (0..group.len()).filter(|place| chosen & (1 << place) != 0);
            let tuple: Tuple = places.map(|place| all[group[place]]).collect();
            if tuple.len() == (*strength).min(group.len()) && negatives(space, &tuple) == negatives(space, &all) {
                tuples.insert(tuple);
            }
        }
    }
    tuples
}

fn all_tuples(space: &Space, rows: &[Row], demand: &Demand) -> BTreeSet<Tuple> {
    rows.iter().flat_map(|row| tuples(space, row, demand)).collect()
}

fn holds(begun: &Partial, row: &Row) -> bool {
    begun.iter().zip(row).all(|(begun, own)| begun.is_none_or(|value| value == *own))
}

/// Holds rows against brute force.
fn check(problem: &Problem, made: Result<Vec<Row>, Contradiction>) -> Result<(), TestCaseError> {
    let Problem { space, demand, seeds } = problem;
    let permitted = permitted(space);
    let bad_seed = seeds.iter().position(|begun| !permitted.iter().any(|row| holds(begun, row)));
    let rows = match made {
        Ok(rows) => rows,
        Err(Contradiction::Rules) => {
            prop_assert!(permitted.is_empty());
            return Ok(());
        }
        Err(Contradiction::Seed(bad)) => {
            prop_assert_eq!(Some(bad), bad_seed);
            return Ok(());
        }
    };
    prop_assert_eq!(bad_seed, None);
    prop_assert!(!permitted.is_empty());
    prop_assert!(rows.iter().all(|row| space.permits(row)));
    prop_assert_eq!(&all_tuples(space, &rows, demand), &all_tuples(space, &permitted, demand));
    prop_assert!(seeds.iter().all(|begun| rows.iter().any(|row| holds(begun, row))));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fast_rows_cover_every_tuple_that_can_be_and_break_no_rule(problem in problems(), seed in 0_u64..4) {
        check(&problem, fast(&problem.space, &problem.demand, &problem.seeds, seed).map(Iterator::collect))?;
    }

    #[test]
    fn few_rows_cover_every_tuple_that_can_be_and_break_no_rule(problem in problems(), seed in 0_u64..4) {
        let made = compact(&problem.space, &problem.demand, &problem.seeds, seed, SHORT);
        check(&problem, made.map(|array| array.rows))?;
    }

    #[test]
    fn coverage_tells_what_brute_force_tells(problem in problems(), kept in vec(any::<bool>(), 40)) {
        let Problem { space, demand, .. } = problem;
        let rows = every_row(space.sizes()).into_iter().zip(kept.iter().cycle());
        let rows: Vec<Row> = rows.filter(|(_, kept)| **kept).map(|(row, _)| row).collect();
        let sound: Vec<Row> = rows.iter().filter(|row| space.permits(row)).cloned().collect();
        let possible = all_tuples(&space, &permitted(&space), &demand);
        let covered = all_tuples(&space, &sound, &demand);
        let told = coverage(&space, &rows, &demand);
        prop_assert_eq!(told.covered, covered.len() as u64);
        prop_assert_eq!(told.missing, (possible.len() - covered.len()) as u64);
        prop_assert_eq!(told.broken.len(), rows.len() - sound.len());
        let listed: BTreeSet<Tuple> = told.listed.into_iter().collect();
        prop_assert_eq!(listed, possible.difference(&covered).cloned().collect::<BTreeSet<_>>());
    }

    #[test]
    fn the_solver_finds_a_row_where_there_is_one(problem in problems()) {
        let space = problem.space.with_negative(Vec::new());
        let any = !permitted(&space).is_empty();
        let all: Vec<Mask> = space.sizes().iter().map(|size| (1 << size) - 1).collect();
        let solver = Solver::new(&space);
        match solver.start(&all).map(|mut root| solver.solve(&mut root)) {
            Some(Solved::Row(row)) => prop_assert!(space.permits(&row)),
            Some(Solved::Never) | None => prop_assert!(!any),
            Some(Solved::Undecided) => return Err(TestCaseError::fail("a small space is always decided")),
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_rows_and_another_seed_other_rows() {
    let space = Space::new(vec![3; 12], vec![]).expect("a space");
    let rows = |seed| fast(&space, &Demand::of(2), &[], seed).expect("rows").collect::<Vec<_>>();
    let few = |seed| compact(&space, &Demand::of(2), &[], seed, SHORT).expect("rows").rows;
    assert_eq!((rows(1), few(1)), (rows(1), few(1)));
    assert_ne!(rows(1), rows(2));
    assert!(few(1).len() <= rows(1).len());
}

#[test]
fn the_rows_of_a_seed_never_change() {
    let clauses = vec![vec![Literal { parameter: 0, values: 0b10 }, Literal { parameter: 3, values: 0b01 }]];
    let space = Space::new(vec![2, 3, 2, 2], clauses).expect("a space");
    let text = |rows: Vec<Row>| {
        let lines = rows.iter().map(|row| row.iter().map(|value| char::from(b'0' + value)).collect::<String>());
        lines.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        text(fast(&space, &Demand::of(2), &[], 1).expect("rows").collect()),
        "1200 1011 0110 1101 0000 1211 0200"
    );
    assert_eq!(
        text(compact(&space, &Demand::of(2), &[], 1, SHORT).expect("rows").rows),
        "1200 1011 0110 1101 0000 1211 0200"
    );
}

#[test]
fn of_two_values_that_cover_as_much_the_heavier_is_taken() {
    let with_second = |weights: Vec<u32>| {
        let space = Space::new(vec![2, 8, 8], vec![]).expect("a space").with_weights(vec![weights]);
        fast(&space, &Demand::of(2), &[], 1).expect("rows").filter(|row| row[0] == 1).count()
    };
    assert!(with_second(vec![1, 100]) > with_second(vec![100, 1]));
}

#[test]
fn what_does_not_fit_into_memory_is_covered_at_a_lower_strength_and_told() {
    let space = Space::new(vec![40; 150], vec![]).expect("a space");
    let mut rows = fast(&space, &Demand::of(3), &[], 1).expect("rows");
    assert!(rows.next().is_some());
    let told = rows.shortfall().map(|shortfall| shortfall.to_string());
    assert_eq!(told.as_deref(), Some("the tuples of strength 3 do not fit into memory: covered at strength 2 instead"));
}

#[test]
fn a_sample_is_told_as_one() {
    let space = Space::new(vec![2; 100], vec![]).expect("a space");
    let rows: Vec<Row> = vec![vec![0; 100], vec![1; 100]];
    let told = coverage(&space, &rows, &Demand::of(4));
    assert!(told.looked_at < told.sets, "{} of {}", told.looked_at, told.sets);
    assert!((told.share() - 0.125).abs() < 1e-9, "{}", told.share());
}
