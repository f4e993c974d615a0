//! From the normal form to clauses.
//!
//! Distributing `or` over `and` gives few clauses for what people usually write. Where it does not, as with a table of
//! permitted rows, the formula is split by the values of one parameter instead: values that leave the same rest
//! behind share its clauses.

use std::collections::BTreeMap;

use super::super::space::{Clause, Literal, Mask, all, bit};
use super::{FORMULA_CLAUSES_MAX, Formula, Relation, TooLarge, normal};

/// Beyond so many clauses, splitting is tried instead of distributing.
const DISTRIBUTED_MAX: usize = 64;
/// The most pairs of clauses that are joined before what is implied is dropped.
const JOINED_MAX: usize = 1_024;
/// Among more clauses than this, only equal ones are found.
const COMPARED_MAX: usize = 2_048;

/// The clauses of a formula in normal form.
pub(super) fn of(formula: Formula, sizes: &[usize], parts: &mut usize) -> Result<Vec<Clause>, TooLarge> {
    split(formula, sizes, parts)
}

/// The same clauses in a fixed order, without those that another one implies.
pub fn tidy(mut clauses: Vec<Clause>) -> Vec<Clause> {
    clauses.sort_unstable_by(|one, other| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
    clauses.dedup();
    if clauses.len() > COMPARED_MAX {
        return clauses;
    }
    let mut kept: Vec<Clause> = Vec::with_capacity(clauses.len());
    for clause in clauses {
        if !kept.iter().any(|shorter| implies(shorter, &clause)) {
            // One with as many literals may imply one that is kept, where its masks are smaller.
            kept.retain(|own| own.len() != clause.len() || !implies(&clause, own));
            kept.push(clause);
        }
    }
    kept
}

/// Whether every row that keeps the first keeps the second; both ordered by parameter.
fn implies(clause: &[Literal], other: &[Literal]) -> bool {
    let mut rest = other.iter();
    clause.iter().all(|own| {
        rest.by_ref()
            .find(|other| other.parameter >= own.parameter)
            .is_some_and(|other| other.parameter == own.parameter && own.values & !other.values == 0)
    })
}

fn split(formula: Formula, sizes: &[usize], parts: &mut usize) -> Result<Vec<Clause>, TooLarge> {
    if let Some(clauses) = distributed(&formula, sizes, parts) {
        return Ok(clauses);
    }
    let mut clauses = Vec::new();
    if let Formula::All(others) = formula {
        for other in others {
            clauses.extend(split(other, sizes, parts)?);
            within(&clauses)?;
        }
        return Ok(tidy(clauses));
    }
    let mut occurs = BTreeMap::new();
    normal::count(&formula, &mut occurs);
    *parts = parts.checked_sub(occurs.values().sum::<usize>()).ok_or(TooLarge)?;
    // The lowest of those that occur most often: nothing hangs on the order of a map or a list.
    let parameter = occurs.iter().min_by_key(|(_, count)| usize::MAX - **count).map(|(own, _)| *own).ok_or(TooLarge)?;
    for (rest, values) in rests(&formula, parameter, sizes, parts)? {
        let others = Literal { parameter, values: all(sizes[parameter]) & !values };
        let joined = split(rest, sizes, parts)?.into_iter().filter_map(|clause| join(&[others], &clause, sizes));
        clauses.extend(joined);
        within(&clauses)?;
    }
    Ok(tidy(clauses))
}

/// What each value of a parameter leaves behind of a formula, with the values that leave the same.
fn rests(
    formula: &Formula,
    parameter: usize,
    sizes: &[usize],
    parts: &mut usize,
) -> Result<BTreeMap<Formula, Mask>, TooLarge> {
    let mut rests = BTreeMap::new();
    for value in (0..).take(sizes[parameter]) {
        let rest = normal::restricted(formula, parameter, value, sizes);
        let mut occurs = BTreeMap::new();
        normal::count(&rest, &mut occurs);
        *parts = parts.checked_sub(1 + occurs.values().sum::<usize>()).ok_or(TooLarge)?;
        *rests.entry(rest).or_default() |= bit(value);
    }
    Ok(rests)
}

const fn within(clauses: &[Clause]) -> Result<(), TooLarge> {
    if clauses.len() > FORMULA_CLAUSES_MAX { Err(TooLarge) } else { Ok(()) }
}

/// The clauses by the law of distribution; none where they become many.
fn distributed(formula: &Formula, sizes: &[usize], parts: &mut usize) -> Option<Vec<Clause>> {
    let clauses = match formula {
        Formula::Is(own) => vec![vec![*own]],
        Formula::Related(own) => related(own, sizes),
        Formula::All(others) => {
            let mut clauses = Vec::new();
            for other in others {
                clauses.extend(distributed(other, sizes, parts)?);
                if clauses.len() > JOINED_MAX {
                    return None;
                }
            }
            tidy(clauses)
        }
        Formula::Any(others) => {
            let mut clauses = vec![vec![]];
            for other in others {
                let others = distributed(other, sizes, parts)?;
                *parts = parts.checked_sub(clauses.len() * others.len())?;
                clauses = product(&clauses, &others, sizes)?;
            }
            clauses
        }
        Formula::Not(_) | Formula::Implies(..) => return None,
    };
    (clauses.len() <= DISTRIBUTED_MAX).then_some(clauses)
}

/// Each clause of the one with each of the other.
fn product(clauses: &[Clause], others: &[Clause], sizes: &[usize]) -> Option<Vec<Clause>> {
    if clauses.len() * others.len() > JOINED_MAX {
        return None;
    }
    let pairs = clauses.iter().flat_map(|clause| others.iter().map(move |other| (clause, other)));
    let joined = tidy(pairs.filter_map(|(clause, other)| join(clause, other, sizes)).collect());
    (joined.len() <= DISTRIBUTED_MAX).then_some(joined)
}

/// One clause for each set of left values that go with the same right ones.
fn related(relation: &Relation, sizes: &[usize]) -> Vec<Clause> {
    let mut lefts = BTreeMap::<Mask, Mask>::new();
    for (left, allowed) in (0..).zip(&relation.allowed) {
        *lefts.entry(allowed & all(sizes[relation.right])).or_default() |= bit(left);
    }
    let clauses = lefts.into_iter().filter_map(|(allowed, lefts)| {
        let left = Literal { parameter: relation.left, values: all(sizes[relation.left]) & !lefts };
        join(&[left], &[Literal { parameter: relation.right, values: allowed }], sizes)
    });
    tidy(clauses.collect())
}

/// The clause that says one or the other, ordered by parameter; none where it always holds.
fn join(clause: &[Literal], other: &[Literal], sizes: &[usize]) -> Option<Clause> {
    let mut masks = BTreeMap::<usize, Mask>::new();
    for literal in clause.iter().chain(other) {
        *masks.entry(literal.parameter).or_default() |= literal.values;
    }
    masks.retain(|_, values| *values != 0);
    let always = masks.iter().any(|(parameter, values)| *values == all(sizes[*parameter]));
    (!always).then(|| masks.into_iter().map(|(parameter, values)| Literal { parameter, values }).collect())
}
