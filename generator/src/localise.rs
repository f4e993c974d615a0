//! Which choices make a row fail.
//!
//! A failing row is moved towards the nearest row that passed, and then towards the defaults, as long as it fails. What
//! cannot be moved is the suspect. It is the cause where other rows that have it fail too, with as little else in
//! common as can be; where such a row passes, some default is part of the cause, and is found the same way.

use std::collections::{BTreeMap, BTreeSet};

use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_model::space::{Cause, Operation, Row, Space};

use crate::covering::draw::Draw;
use crate::covering::solver::{Domains, Solver};
use crate::covering::space::{Mask, bit, values};
use crate::suites::numbered;
use crate::workflows::WORKFLOWS;

/// How many rows that have the suspected choices are tried.
pub const FRESH_ROWS: u32 = 3;
/// How fresh the rows are that are tried, the freshest first: all other choices are changed, half of them, a quarter.
/// Where much else is wrong, it hides the failure in the freshest.
const FRESH_PARTS: [usize; 9] = [1, 1, 1, 2, 2, 2, 4, 4, 4];
/// The most times that a default is found to be part of the cause.
const ROUNDS_MAX: usize = 3;
/// The most rows that are kept of an operation.
const PASSED_MAX: usize = 20_000;

/// What a case shows of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The same failure.
    Same,
    /// Nothing wrong.
    Nothing,
    /// Something else, or nothing that is clear.
    Else,
}

impl Shown {
    /// The same failure, or nothing wrong.
    pub const fn of(is_same: bool) -> Self {
        if is_same { Self::Same } else { Self::Nothing }
    }
}

/// The rows that passed, by operation: no choices that are all in one of them are a cause.
#[derive(Debug, Default)]
pub struct Passed(BTreeMap<&'static str, BTreeSet<Row>>);

impl Passed {
    /// Notes a case that passed, where it is that of a row.
    pub fn note(&mut self, api: &Api, case: &Case) {
        let of_row = RowCase::of(api, case).filter(|_| case.origin.suite != WORKFLOWS);
        let Some((operation, row)) = of_row.and_then(|own| own.row(api)) else { return };
        let rows = self.0.entry(operation.name).or_default();
        if rows.len() < PASSED_MAX {
            rows.insert(row);
        }
    }

    /// The rows of an operation that passed.
    fn of(&self, operation: &Operation) -> &BTreeSet<Row> {
        static NONE: BTreeSet<Row> = BTreeSet::new();
        self.0.get(operation.name).unwrap_or(&NONE)
    }
}

/// The case of a row, up to the call that shows a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct RowCase {
    /// The case, with the choices of the row in its origin.
    pub(crate) case: Case,
}

impl RowCase {
    /// The case, where it is that of a row.
    pub(crate) fn of(api: &Api, case: &Case) -> Option<Self> {
        let own = Self { case: case.clone() };
        own.row(api).is_some().then_some(own)
    }

    /// Its operation, and the row.
    pub(crate) fn row<'a>(&self, api: &'a Api) -> Option<(&'a Operation, Row)> {
        let operation = api.operation(&self.case.origin.operation)?;
        Some((operation, operation.space.row(&self.case.origin.choices)?))
    }

    /// The same with another row; none where that does not come to the same call.
    pub(crate) fn with(&self, api: &Api, row: &Row) -> Option<Self> {
        let operation = api.operation(&self.case.origin.operation)?;
        let last = &self.case.calls.last()?.id;
        let mut case = operation.case(api.name, &self.case.origin.suite, row);
        let place = case.calls.iter().position(|turn| turn.id == *last)?;
        case.calls.truncate(place + 1);
        Some(Self { case })
    }

    /// Which of its choices make it fail, held against other rows that have them; `run` tells what a
    /// case shows of the failure, and is asked `tries_max` times at most. None where that is not enough.
    pub fn cause(
        &self,
        api: &Api,
        passed: &Passed,
        tries_max: usize,
        run: &mut dyn FnMut(&Case) -> Shown,
    ) -> Option<Cause> {
        let (operation, row) = self.row(api)?;
        let mut tries = 0;
        let mut shown = |row: &Row| {
            tries += 1;
            self.with(api, row).filter(|_| tries <= tries_max).map_or(Shown::Else, |own| run(&own.case))
        };
        let cause = Localiser::new(operation, passed, &mut shown).cause(&row);
        (tries <= tries_max).then_some(cause)
    }
}

/// Looks for the cause of a row's failure.
pub(crate) struct Localiser<'a> {
    operation: &'a Operation,
    passed: &'a BTreeSet<Row>,
    /// What a row shows.
    run: &'a mut dyn FnMut(&Row) -> Shown,
}

impl<'a> Localiser<'a> {
    pub(crate) fn new(operation: &'a Operation, passed: &'a Passed, run: &'a mut dyn FnMut(&Row) -> Shown) -> Self {
        Self { operation, passed: passed.of(operation), run }
    }

    /// A failing row that differs from the defaults in as few choices as can be found.
    pub(crate) fn smallest(&mut self, failing: &Row) -> Row {
        let anywhere = BTreeSet::new();
        let near = nearest(self.passed, failing).cloned();
        let row = near.map_or_else(|| failing.clone(), |passing| self.moved(failing.clone(), &passing, &anywhere));
        self.moved(row, &self.space().defaults(), &anywhere)
    }

    /// The choices of a smallest failing row that make it fail, held against fresh rows.
    pub(crate) fn cause(&mut self, row: &Row) -> Cause {
        let differing = |place: &usize| row[*place] != 0;
        let mut places: BTreeSet<usize> = (0..row.len()).filter(differing).collect();
        let mut cause = Cause::default();
        for round in 0..ROUNDS_MAX {
            let fresh = self.fresh_rows(row, &places, round as u64);
            cause = Cause { choices: self.named(row, &places), held: 0, tried: 0 };
            let mut passing = None;
            for other in fresh {
                if cause.tried == FRESH_ROWS {
                    break;
                }
                match (self.run)(&other) {
                    Shown::Same => (cause.tried, cause.held) = (cause.tried + 1, cause.held + 1),
                    Shown::Nothing => {
                        cause.tried += 1;
                        passing = Some(other);
                        break;
                    }
                    // What else is wrong there may hide it.
                    Shown::Else => {}
                }
            }
            let Some(passing) = passing else { return cause };
            // What of the defaults cannot be moved towards the row that passes is part of the cause.
            let moved = self.moved(row.clone(), &passing, &places);
            let held: Vec<usize> = (0..row.len()).filter(|place| moved[*place] != passing[*place]).collect();
            let known = places.len();
            places.extend(held);
            if places.len() == known {
                return cause;
            }
        }
        cause
    }

    fn space(&self) -> &'a Space {
        &self.operation.space
    }

    /// The row moved towards another as far as it fails, in as many places at once as will do; `kept` places stay.
    fn moved(&mut self, mut row: Row, target: &Row, kept: &BTreeSet<usize>) -> Row {
        let differs = |place: &usize| row[*place] != target[*place] && !kept.contains(place);
        let mut open: Vec<usize> = (0..row.len()).filter(differs).collect();
        let mut length = open.len();
        while length > 0 {
            let mut at = 0;
            while at < open.len() {
                let chunk = at..(at + length).min(open.len());
                let mut candidate = row.clone();
                for place in &open[chunk.clone()] {
                    candidate[*place] = target[*place];
                }
                let is_worth_it = self.space().permits(&candidate) && !self.passed.contains(&candidate);
                if is_worth_it && (self.run)(&candidate) == Shown::Same {
                    row = candidate;
                    open.drain(chunk);
                } else {
                    at += length;
                }
            }
            length /= 2;
        }
        row
    }

    /// Rows with the choices of a row in some places, and other choices without a fault wherever there are any.
    fn fresh_rows(&self, row: &Row, places: &BTreeSet<usize>, round: u64) -> Vec<Row> {
        let Ok(space) = numbered(self.operation) else { return Vec::new() };
        let solver = Solver::new(&space);
        let allowed: Vec<Mask> = (0..row.len())
            .map(|place| {
                let size = space.sizes()[place];
                let valid = crate::covering::space::all(size) & !space.negative()[place];
                if places.contains(&place) { 1 << row[place] } else { valid }
            })
            .collect();
        let Some(mut domains) = solver.start(&allowed) else { return Vec::new() };
        let mut rows = Vec::new();
        for (attempt, part) in (0..).zip(FRESH_PARTS) {
            let mut draw = Draw::new(attempt + round * 1_000);
            let fresh = fresh_row(&solver, &mut domains, row, row.len().div_ceil(part), &mut draw);
            // A space that hardly varies gives the same row again and again.
            let is_new = |own: &Row| own != row && !rows.contains(own) && !self.passed.contains(own);
            rows.extend(fresh.filter(is_new));
        }
        rows
    }

    fn named(&self, row: &Row, places: &BTreeSet<usize>) -> Vec<String> {
        let dimensions = &self.space().dimensions;
        let name = |place: &usize| {
            let dimension = &dimensions[*place];
            format!("{}={}", dimension.name, dimension.choices[row[*place]].name)
        };
        places.iter().map(name).collect()
    }
}

/// A row within the domains that differs from another in so many places, where it can; the domains are left as they
/// were.
fn fresh_row(solver: &Solver, domains: &mut Domains, row: &Row, varied: usize, draw: &mut Draw) -> Option<Row> {
    let mark = domains.mark();
    let mut places: Vec<usize> = (0..row.len()).collect();
    draw.shuffle(&mut places);
    let mut fits = true;
    for (turn, place) in places.into_iter().enumerate() {
        let left: Vec<u8> = values(domains.of(place)).collect();
        let (own, others): (Vec<u8>, Vec<u8>) = left.iter().partition(|value| usize::from(**value) == row[place]);
        let (first, then) = if turn < varied { (&others, &own) } else { (&own, &others) };
        let wanted = draw.one_of(first).into_iter().chain(first.iter().copied()).chain(then.iter().copied());
        let is_left = wanted.into_iter().any(|value| {
            let before = domains.mark();
            solver.leave(domains, place, bit(value)) || {
                domains.back_to(before);
                false
            }
        });
        fits &= is_left;
    }
    let fresh = (0..row.len()).map(|place| domains.only(place).map(usize::from)).collect();
    domains.back_to(mark);
    if fits { fresh } else { None }
}

/// Of some rows, the one that differs from a row in the fewest places.
fn nearest<'r>(rows: &'r BTreeSet<Row>, row: &Row) -> Option<&'r Row> {
    rows.iter().min_by_key(|other| other.iter().zip(row).filter(|(own, other)| own != other).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_model::space::{Choice, Constraint, Dimension, Hazard};

    /// Eight dimensions with a default and two more choices each; the second of the last one is a fault.
    fn operation(constraints: Vec<Constraint>) -> Operation {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let mut dimensions: Vec<Dimension> = names
            .into_iter()
            .map(|name| {
                Dimension::argument(
                    name,
                    vec![Choice::absent("0"), Choice::valid("1", name, "1"), Choice::valid("2", name, "2")],
                )
            })
            .collect();
        dimensions[7].choices[2].fault = true;
        let space = Space { dimensions, constraints };
        Operation { name: "Put", about: "", source: "", hazard: Hazard::Writes, space, probes: vec![] }
    }

    /// What comes out where exactly the rows that have these choices fail, and how many rows were tried.
    fn found(operation: &Operation, cause: &[(usize, usize)], failing: &Row, passed: &[Row]) -> (Cause, usize) {
        let (passed, mut tries) = (Passed([("Put", passed.iter().cloned().collect())].into()), 0);
        let mut fails = |row: &Row| {
            tries += 1;
            Shown::of(cause.iter().all(|(place, choice)| row[*place] == *choice))
        };
        let mut localiser = Localiser::new(operation, &passed, &mut fails);
        let row = localiser.smallest(failing);
        let cause = localiser.cause(&row);
        (cause, tries)
    }

    fn check(cause: &[(usize, usize)], failing: &[usize], passed: &[Row], choices: &[&str], tries_max: usize) {
        let (told, tries) = found(&operation(vec![]), cause, &failing.to_vec(), passed);
        assert_eq!(told.choices, choices);
        assert_eq!((told.held, told.tried), (FRESH_ROWS, FRESH_ROWS));
        assert!(tries <= tries_max, "{tries} tries");
    }

    #[test]
    fn the_choices_that_make_a_row_fail_are_named_and_no_others() {
        let row = [1, 2, 1, 2, 1, 1, 2, 1];
        check(&[(1, 2), (3, 2), (6, 2)], &row, &[], &["b=2", "d=2", "g=2"], 30);
        check(&[(0, 1)], &row, &[], &["a=1"], 15);
    }

    #[test]
    fn a_near_row_that_passed_spares_tries() {
        let (row, cause) = (vec![1, 2, 1, 2, 1, 1, 2, 1], [(1, 2), (6, 2)]);
        let near = vec![1, 2, 1, 2, 1, 1, 1, 1];
        let without = found(&operation(vec![]), &cause, &row, &[]);
        let with = found(&operation(vec![]), &cause, &row, &[near]);
        assert_eq!(with.0, without.0);
        assert!(with.1 <= without.1, "{} and {}", with.1, without.1);
    }

    #[test]
    fn a_default_that_is_part_of_the_cause_is_named_too() {
        check(&[(2, 0), (4, 1)], &[0, 0, 0, 0, 1, 0, 0, 0], &[], &["c=0", "e=1"], 40);
        check(&[(2, 0), (4, 1), (7, 0)], &[1, 1, 0, 1, 1, 0, 0, 0], &[], &["c=0", "e=1", "h=0"], 60);
    }

    #[test]
    fn what_is_wrong_with_something_else_says_nothing_of_the_cause() {
        let (operation, passed) = (operation(vec![]), Passed::default());
        let mut run = |row: &Row| if row[1] == 0 { Shown::of(row[0] == 1) } else { Shown::Else };
        let cause = Localiser::new(&operation, &passed, &mut run).cause(&vec![1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(cause.choices, ["a=1"]);
        assert!(cause.held == cause.tried && cause.tried > 0, "{cause:?}");
    }

    #[test]
    fn what_passed_is_not_tried() {
        let operation = operation(vec![]);
        let rows: BTreeSet<Row> = [vec![0; 8], vec![1, 0, 0, 0, 0, 0, 0, 0]].into();
        let passed = Passed([("Put", rows.clone())].into());
        let mut fails = |row: &Row| {
            assert!(!rows.contains(row), "{row:?}");
            Shown::of(row[0] == 1 && row[1] == 1)
        };
        let mut localiser = Localiser::new(&operation, &passed, &mut fails);
        assert_eq!(localiser.smallest(&vec![1, 1, 1, 1, 1, 1, 1, 1]), [1, 1, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn fresh_rows_keep_the_constraints_and_hold_no_further_fault() {
        let constraints = vec![Constraint { when: ("a", "1"), dimension: "b", allowed: vec!["2"] }];
        let operation = operation(constraints);
        let (mut seen, passed) = (Vec::new(), Passed::default());
        let mut fails = |row: &Row| {
            seen.push(row.clone());
            Shown::of(row[0] == 1)
        };
        let mut localiser = Localiser::new(&operation, &passed, &mut fails);
        let cause = localiser.cause(&vec![1, 2, 0, 0, 0, 0, 0, 0]);
        assert_eq!(cause.tried, FRESH_ROWS);
        assert!(seen.iter().all(|row| operation.space.permits(row) && row[7] != 2), "{seen:?}");
    }
}
