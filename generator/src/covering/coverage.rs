//! What rows cover, told by plain counting. Nothing here is shared with what makes the rows, so that a mistake there
//! shows here.

use std::collections::{BTreeMap, BTreeSet};

use super::space::{Mask, Row, Space};
use super::{Demand, STRENGTH_MAX};

/// The most missing tuples that are told one by one; the others are counted.
pub const MISSING_LISTED_MAX: usize = 1_000;
/// The most steps of the search that decides whether a tuple can be. What is not decided by then counts as missing.
const STEPS_MAX: u32 = 1_000_000;
/// The most sets of parameters that are looked at for each group.
const SETS_MAX: u64 = 100_000;
/// The most tuples that are looked at for each group.
const TUPLES_MAX: u64 = 100_000_000;

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
    /// The rows, by number, that break a clause or hold two negative values. They cover nothing.
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
    let broken: Vec<usize> = (0..rows.len()).filter(|row| !space.permits(&rows[*row])).collect();
    let sound: Vec<&Row> = rows.iter().filter(|row| space.permits(row)).collect();
    let mut all = Coverage { broken, ..Coverage::default() };
    let mut decided = Decided { space, answers: BTreeMap::new() };
    let (sets, count_of_sets) = sets(space, demand);
    (all.sets, all.looked_at) = (count_of_sets, sets.len() as u64);
    for parameters in sets {
        count(space, &sound, &parameters, &mut decided, &mut all);
    }
    all
}

/// The sets of parameters whose values are to meet, each once; and how many there are in all. Where those are too many,
/// every so manieth is taken.
fn sets(space: &Space, demand: &Demand) -> (BTreeSet<Vec<usize>>, u64) {
    let everything: Vec<usize> = (0..space.sizes().len()).collect();
    let (mut sets, mut all) = (BTreeSet::new(), 0);
    let groups = std::iter::once((everything, demand.strength)).chain(demand.groups.iter().cloned());
    for (mut parameters, strength) in groups {
        parameters.sort_unstable();
        parameters.dedup();
        let size = strength.clamp(1, STRENGTH_MAX).min(parameters.len());
        let count = choices(parameters.len() as u64, size as u64);
        let kept = count.min(sets_max(space, &parameters, size));
        for number in 0..kept {
            let number = u128::from(number) * u128::from(count) / u128::from(kept);
            let places = set_with_number(u64::try_from(number).unwrap_or(u64::MAX), size, parameters.len());
            sets.insert(places.into_iter().map(|place| parameters[place]).collect());
        }
        all += count;
    }
    (sets, all)
}

/// How many sets of parameters are looked at: so many that memory and time are bounded.
fn sets_max(space: &Space, parameters: &[usize], size: usize) -> u64 {
    let mut sizes: Vec<u64> = parameters.iter().map(|own| space.sizes()[*own] as u64).collect();
    sizes.sort_unstable_by_key(|size| std::cmp::Reverse(*size));
    (TUPLES_MAX / sizes.iter().take(size).product::<u64>().max(1)).clamp(1, SETS_MAX)
}

/// How many sets of `size` there are among `count`.
fn choices(count: u64, size: u64) -> u64 {
    (0..size).fold(1, |product, step| product * count.saturating_sub(step) / (step + 1))
}

/// The set with a number, when sets are ordered by their highest members first.
fn set_with_number(mut number: u64, size: usize, count: usize) -> Vec<usize> {
    let (mut set, mut below) = (Vec::new(), count);
    for left in (1..=size).rev() {
        let fits = |place: &usize| choices(*place as u64, left as u64) <= number;
        let place = (0..below).rev().find(fits).unwrap_or(0);
        number -= choices(place as u64, left as u64);
        set.push(place);
        below = place;
    }
    set.reverse();
    set
}

fn count(space: &Space, rows: &[&Row], parameters: &[usize], decided: &mut Decided<'_>, all: &mut Coverage) {
    let number = |values: &mut dyn Iterator<Item = u8>| -> usize {
        parameters
            .iter()
            .zip(values)
            .fold(0, |number, (parameter, value)| number * space.sizes()[*parameter] + usize::from(value))
    };
    let combinations: usize = parameters.iter().map(|parameter| space.sizes()[*parameter]).product();
    let mut seen = vec![false; combinations];
    for row in rows {
        let tuple: Tuple = parameters.iter().map(|parameter| (*parameter, row[*parameter])).collect();
        let negative_in_row =
            row.iter().enumerate().filter(|(parameter, value)| is_negative(space, *parameter, **value)).count();
        let negative_in_tuple =
            tuple.iter().filter(|(parameter, value)| is_negative(space, *parameter, *value)).count();
        if negative_in_row == negative_in_tuple {
            seen[number(&mut tuple.iter().map(|own| own.1))] = true;
        }
    }
    let mut tuple: Tuple = parameters.iter().map(|parameter| (*parameter, 0)).collect();
    for is_seen in seen {
        if is_seen {
            all.covered += 1;
        } else if decided.is_possible(&tuple) {
            all.missing += 1;
            if all.listed.len() < MISSING_LISTED_MAX {
                all.listed.push(tuple.clone());
            }
        } else {
            all.infeasible += 1;
        }
        advance(space, &mut tuple);
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

fn is_negative(space: &Space, parameter: usize, value: u8) -> bool {
    space.negative()[parameter] & (1 << value) != 0
}

/// Which tuples can be, found out once for each set of values that clauses speak of.
struct Decided<'s> {
    space: &'s Space,
    answers: BTreeMap<Tuple, bool>,
}

impl Decided<'_> {
    fn is_possible(&mut self, tuple: &Tuple) -> bool {
        let negative = tuple.iter().filter(|(parameter, value)| is_negative(self.space, *parameter, *value)).count();
        if negative > 1 {
            return false;
        }
        // Beside a negative value all others are not, and that may break clauses: so the whole tuple matters.
        let bound: Tuple = if self.space.negative().iter().any(|mask| *mask != 0) {
            tuple.clone()
        } else {
            let is_bound =
                |own: &&(usize, u8)| self.space.clauses().iter().flatten().any(|literal| literal.parameter == own.0);
            tuple.iter().filter(is_bound).copied().collect()
        };
        if let Some(answer) = self.answers.get(&bound) {
            return *answer;
        }
        let answer = self.search(&bound);
        self.answers.insert(bound, answer);
        answer
    }

    /// Whether some row has these values.
    fn search(&self, tuple: &Tuple) -> bool {
        let all = |size: usize| if size >= 128 { Mask::MAX } else { (1 << size) - 1 };
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
