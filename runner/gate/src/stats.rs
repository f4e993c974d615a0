//! Two targets held against each other: is the candidate worse than the baseline, or is that chance?
//!
//! Both were sent the same calls, one right after the other, in the order candidate, baseline, baseline, candidate. Such a
//! [`calls::Pair`] is the unit of everything here. Three metrics are tested, of each group of calls and of all together:
//! whether a call was answered at all, how long the body of the calls took, and how many took very long. Each gives every
//! pair a score, the candidate's less the baseline's; [`flips`] tells how often chance would give as high a sum, and
//! [`correction`] what is left of that, as many things were looked at. `docs/gate-statistics.md` says why it is so.
//!
//! Numbers in, numbers out: there is no clock here and no randomness, and the same calls give the same comparison.
//!
//! ```
//! use plumb_gate::stats::calls::{Calls, Group, Pair, Seen};
//! use plumb_gate::stats::{compare, limits::Limits};
//! use plumb_gate::verdict::Said;
//!
//! let mut calls = Calls::default();
//! for number in 0..1_000 {
//!     let baseline = Seen::answered(12_000 + number % 97);
//!     let candidate = if number % 20 == 0 { Seen::lost() } else { baseline };
//!     calls.push(&Group::of("Get", Some(100)), Pair { is_candidate_first: number % 2 == 0, candidate, baseline });
//! }
//! let comparison = compare(&calls, &Limits::default());
//! assert_eq!(comparison.said(), Said::Fail);
//! ```

pub mod blocks;
pub mod calls;
pub mod comparison;
pub mod correction;
pub mod flips;
pub mod limits;
pub mod ranks;

mod curve;
mod measure;
mod numbers;
mod words;

use calls::{Calls, Pair};
use comparison::{Comparison, Drawn, Row};
use limits::Limits;
use measure::{Measured, Part};

/// Holds candidate and baseline against each other.
pub fn compare(calls: &Calls, limits: &Limits) -> Comparison {
    let parts = parts(calls);
    let mut measured: Vec<Measured> = parts.iter().flat_map(Part::measured).collect();
    let mut drawn: Vec<Drawn> =
        parts.iter().map(|part| curve::drawn(part.name.clone(), false, pairs_of(part))).collect();
    // Of one group the whole would be the same again, and would be corrected for twice.
    if parts.len() > 1 {
        measured.splice(0..0, measure::whole(&parts));
        drawn.insert(0, curve::drawn(measure::WHOLE.to_owned(), true, calls.pairs().map(|(_, pair)| *pair)));
    }
    let level = correction::level(&weighed(&measured, parts.len()), limits.alpha);
    let rows: Vec<Row> = measured.iter().map(|own| own.row(&level, weight(own, parts.len()), limits)).collect();
    Comparison { alpha: limits.alpha, corrected_for: level.total(), rows, drawn, left_out: calls.left_out() }
}

fn parts(calls: &Calls) -> Vec<Part> {
    let mut split: Vec<Vec<(usize, Pair)>> = vec![Vec::new(); calls.groups().len()];
    for (at, (group, pair)) in calls.pairs().enumerate() {
        split[group].push((at, *pair));
    }
    calls.groups().iter().zip(split).map(|(group, pairs)| Part::new(group.to_string(), pairs)).collect()
}

fn pairs_of(part: &Part) -> impl Iterator<Item = Pair> + '_ {
    part.pairs.iter().map(|(_, pair)| *pair)
}

/// All together weigh as much as all groups: half of the false alarms that are allowed may come from either.
fn weight(measured: &Measured, groups: usize) -> u32 {
    if measured.is_whole { u32::try_from(groups).unwrap_or(u32::MAX) } else { 1 }
}

fn weighed(measured: &[Measured], groups: usize) -> Vec<correction::Tested> {
    let tested = |own: &Measured| correction::Tested { weight: weight(own, groups), p_min: own.flipped.p_min };
    measured.iter().map(tested).collect()
}
