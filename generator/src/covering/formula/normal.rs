//! The normal form: no negation, no implication, nothing that is constant, nothing nested in its like.

use std::collections::BTreeMap;

use super::super::space::{Literal, Mask, all, bit};
use super::{Formula, Relation};

/// A formula, or its negation, in normal form.
pub(super) fn of(formula: &Formula, positive: bool, sizes: &[usize]) -> Formula {
    let each = |others: &[Formula]| others.iter().map(|other| of(other, positive, sizes)).collect::<Vec<_>>();
    match formula {
        Formula::Is(Literal { parameter, values }) => literal(*parameter, signed(*values, positive), sizes),
        Formula::Related(relation) => {
            let allowed = relation.allowed.iter().map(|allowed| signed(*allowed, positive)).collect();
            Formula::Related(Relation { allowed, ..relation.clone() })
        }
        Formula::Not(other) => of(other, !positive, sizes),
        Formula::All(others) if positive => conjunction(each(others), sizes),
        Formula::All(others) => disjunction(each(others), sizes),
        Formula::Any(others) if positive => disjunction(each(others), sizes),
        Formula::Any(others) => conjunction(each(others), sizes),
        Formula::Implies(condition, other) => {
            let both = vec![of(condition, !positive, sizes), of(other, positive, sizes)];
            if positive { disjunction(both, sizes) } else { conjunction(both, sizes) }
        }
    }
}

/// What is left of a formula in normal form where a parameter has this value.
pub(super) fn restricted(formula: &Formula, parameter: usize, value: u8, sizes: &[usize]) -> Formula {
    let each =
        |others: &[Formula]| others.iter().map(|other| restricted(other, parameter, value, sizes)).collect::<Vec<_>>();
    match formula {
        Formula::Is(own) if own.parameter == parameter => constant(own.values & bit(value) != 0),
        Formula::Related(own) if own.left == parameter => {
            literal(own.right, own.allowed.get(usize::from(value)).copied().unwrap_or(0), sizes)
        }
        Formula::Related(own) if own.right == parameter => {
            let kept = (0..).zip(&own.allowed).filter(|(_, allowed)| *allowed & bit(value) != 0);
            literal(own.left, kept.map(|(left, _)| bit(left)).sum(), sizes)
        }
        Formula::All(others) => conjunction(each(others), sizes),
        Formula::Any(others) => disjunction(each(others), sizes),
        same => same.clone(),
    }
}

/// How often each parameter occurs.
pub(super) fn count(formula: &Formula, occurs: &mut BTreeMap<usize, usize>) {
    match formula {
        Formula::Is(own) => *occurs.entry(own.parameter).or_default() += 1,
        Formula::Related(own) => {
            *occurs.entry(own.left).or_default() += 1;
            *occurs.entry(own.right).or_default() += 1;
        }
        Formula::All(others) | Formula::Any(others) => others.iter().for_each(|other| count(other, occurs)),
        Formula::Not(other) => count(other, occurs),
        Formula::Implies(condition, other) => [condition, other].iter().for_each(|other| count(other, occurs)),
    }
}

const fn signed(mask: Mask, positive: bool) -> Mask {
    if positive { mask } else { !mask }
}

const fn constant(holds: bool) -> Formula {
    if holds { Formula::All(Vec::new()) } else { Formula::Any(Vec::new()) }
}

fn literal(parameter: usize, values: Mask, sizes: &[usize]) -> Formula {
    let every = all(sizes[parameter]);
    match values & every {
        0 => constant(false),
        values if values == every => constant(true),
        values => Formula::is(parameter, values),
    }
}

fn conjunction(others: Vec<Formula>, sizes: &[usize]) -> Formula {
    let (mut flat, mut masks) = (Vec::new(), BTreeMap::new());
    for other in others {
        let inner = if let Formula::All(inner) = other { inner } else { vec![other] };
        for formula in inner {
            match formula {
                Formula::Any(none) if none.is_empty() => return constant(false),
                Formula::Is(own) => *masks.entry(own.parameter).or_insert(Mask::MAX) &= own.values,
                formula => flat.push(formula),
            }
        }
    }
    for (parameter, values) in masks {
        match literal(parameter, values, sizes) {
            Formula::Any(_) => return constant(false),
            formula => flat.push(formula),
        }
    }
    gathered(flat, Formula::All)
}

fn disjunction(others: Vec<Formula>, sizes: &[usize]) -> Formula {
    let (mut flat, mut masks) = (Vec::new(), BTreeMap::<usize, Mask>::new());
    for other in others {
        let inner = if let Formula::Any(inner) = other { inner } else { vec![other] };
        for formula in inner {
            match formula {
                Formula::All(none) if none.is_empty() => return constant(true),
                Formula::Is(own) => *masks.entry(own.parameter).or_default() |= own.values,
                formula => flat.push(formula),
            }
        }
    }
    for (parameter, values) in masks {
        match literal(parameter, values, sizes) {
            Formula::All(_) => return constant(true),
            formula => flat.push(formula),
        }
    }
    gathered(flat, Formula::Any)
}

/// In a fixed order, each once, and without a wrapping around a single one.
fn gathered(mut flat: Vec<Formula>, wrap: fn(Vec<Formula>) -> Formula) -> Formula {
    flat.sort_unstable();
    flat.dedup();
    if flat.len() == 1 { flat.swap_remove(0) } else { wrap(flat) }
}
