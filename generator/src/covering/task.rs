//! What is asked for in parts: rows without a negative value, then rows with each of them.

use super::solver::{Solved, Solver};
use super::space::{Mask, Partial, Space, all, bit, values};
use super::{Contradiction, Demand};

/// Groups of parameters to cover, and the values that rows for it may have.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// The values of each parameter that a row may have.
    pub(crate) allowed: Vec<Mask>,
    /// Parameters and the strength among them.
    pub(crate) groups: Vec<(Vec<usize>, usize)>,
    /// The rows to begin with.
    pub(crate) seeds: Vec<Partial>,
}

/// The parts of a demand. A negative value is to meet what is not: with it fixed, that is the rest at one strength less.
pub(crate) fn tasks(space: &Space, demand: &Demand, seeds: &[Partial]) -> Result<Vec<Task>, Contradiction> {
    let positive = positive(space);
    let everything: Vec<usize> = (0..space.sizes().len()).collect();
    let mut groups = vec![(everything, demand.strength)];
    groups.extend(demand.groups.iter().cloned());
    let mut parts = vec![Task { allowed: positive.clone(), groups: groups.clone(), seeds: Vec::new() }];
    for (parameter, negative) in space.negative().iter().enumerate() {
        for value in values(*negative) {
            let mut allowed = positive.clone();
            allowed[parameter] = bit(value);
            let with_it = groups.iter().filter(|(own, strength)| own.contains(&parameter) && *strength > 1);
            let mut groups: Vec<_> = with_it.map(|(own, strength)| (without(own, parameter), strength - 1)).collect();
            // The value itself is to be met, whatever else is.
            groups.push((vec![parameter], 1));
            parts.push(Task { allowed, groups, seeds: Vec::new() });
        }
    }
    for part in &mut parts {
        part.groups.retain(|(own, _)| !own.is_empty());
        part.groups.iter_mut().for_each(|(own, strength)| *strength = (*strength).min(own.len()));
    }
    let solver = Solver::new(space);
    place(&solver, &mut parts, seeds)?;
    // Rows of negative values alone would be nothing to compare them with.
    if parts.iter().all(|part| !is_possible(&solver, &part.allowed)) {
        return Err(Contradiction::Rules);
    }
    Ok(parts)
}

/// The values of each parameter that are not negative.
fn positive(space: &Space) -> Vec<Mask> {
    space.sizes().iter().zip(space.negative()).map(|(size, negative)| all(*size) & !negative).collect()
}

fn without(parameters: &[usize], one: usize) -> Vec<usize> {
    parameters.iter().copied().filter(|own| *own != one).collect()
}

/// Whether there is a row of these values, as far as a bounded search tells.
fn is_possible(solver: &Solver, allowed: &[Mask]) -> bool {
    solver.start(allowed).is_some_and(|mut root| solver.solve(&mut root) != Solved::Never)
}

/// Gives each seed row to the part whose values it has.
fn place(solver: &Solver, parts: &mut [Task], seeds: &[Partial]) -> Result<(), Contradiction> {
    for (number, seed) in seeds.iter().enumerate() {
        let fits = |part: &Task| {
            let masks = part.allowed.iter().zip(seed);
            let narrowed: Vec<Mask> = masks.map(|(mask, value)| value.map_or(*mask, |own| mask & bit(own))).collect();
            is_possible(solver, &narrowed)
        };
        let part = parts.iter_mut().find(|part| fits(part)).ok_or(Contradiction::Seed(number))?;
        part.seeds.push(seed.clone());
    }
    Ok(())
}
