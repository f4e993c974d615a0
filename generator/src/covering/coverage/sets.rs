//! The sets of parameters whose values are to meet.

use std::collections::BTreeSet;

use crate::covering::space::Space;
use crate::covering::{Demand, STRENGTH_MAX};

/// The most sets of parameters that are looked at for each group.
const SETS_MAX: u64 = 1_500_000;
/// The most tuples that are looked at for each group.
const TUPLES_MAX: u64 = 100_000_000;

/// The sets of parameters whose values are to meet, each once; and how many there are in all. Where those are too many,
/// every so manieth is taken.
pub(super) fn sets(space: &Space, demand: &Demand) -> (BTreeSet<Vec<usize>>, u64) {
    let everything: Vec<usize> = (0..space.sizes().len()).collect();
    let (mut sets, mut all, mut is_sample) = (BTreeSet::new(), 0, false);
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
        is_sample |= kept < count;
    }
    let count = if is_sample { all } else { sets.len() as u64 };
    (sets, count)
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
