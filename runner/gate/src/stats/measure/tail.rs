//! The slowest calls of both sides, and whose they are.

use super::{Hit, Measured, Part, counted};
use crate::stats::comparison::Metric;
use crate::stats::numbers::{count, real, real_of, whole as nearest};
use crate::stats::ranks::quantile;
use crate::stats::words;

/// The tail is what is above this share of all calls of both sides.
const TAIL_SHARE: f64 = 0.995;

/// The tail has at least so many calls, or nothing could be beyond chance.
const TAIL_CALLS_MIN: usize = 16;

/// A tail that holds more than this share of all calls is none.
const TAIL_SHARE_MAX: f64 = 0.05;

/// Calls of several groups are held against what this share of the calls of their own group took at most.
const USUAL_SHARE: f64 = 0.9;

/// The tail of one group, by the time that calls took.
pub(super) fn of_group(part: &Part) -> Measured {
    let (mut measured, from) = tail(&[part], |_| 1.0);
    measured.tail_from_us = from.map(|from| count(nearest(from)));
    measured
}

/// The tail of all groups, by how many times as long calls took as is usual in their group.
pub(super) fn of_all(parts: &[&Part]) -> Measured {
    let (mut measured, from) = tail(parts, usual);
    measured.tail_from_times = from;
    measured
}

/// What most calls of a group took at most, on both sides together.
fn usual(part: &Part) -> f64 {
    let mut all: Vec<u64> = part.latencies.iter().flat_map(|(candidate, baseline)| [*candidate, *baseline]).collect();
    all.sort_unstable();
    real_of(quantile(&all, USUAL_SHARE).unwrap_or(1).max(1))
}

/// The tail, with each time divided by what its group is measured by, and from where on it is the tail.
fn tail(parts: &[&Part], unit: impl Fn(&Part) -> f64) -> (Measured, Option<f64>) {
    let mut times: Vec<(usize, f64, f64)> = Vec::new();
    for part in parts {
        let unit = unit(part);
        let each = part.places.iter().zip(&part.latencies);
        times.extend(each.map(|(at, (own, other))| (*at, real_of(*own) / unit, real_of(*other) / unit)));
    }
    let mut all: Vec<f64> = times.iter().flat_map(|(_, own, other)| [*own, *other]).collect();
    all.sort_unstable_by(f64::total_cmp);
    let calls = nearest((1.0 - TAIL_SHARE) * real(all.len())).max(TAIL_CALLS_MIN);
    let below = all.len().saturating_sub(calls);
    // A call in the tail scores by how many calls of the tail took no longer: the slower, the more.
    let score = |time: f64| real(all.partition_point(|other| *other <= time).saturating_sub(below));
    let hits: Vec<Hit> =
        times.iter().map(|(at, own, other)| Hit { at: *at, candidate: score(*own), baseline: score(*other) }).collect();
    let mut measured = counted(parts, Metric::Tail, &hits);
    if real(calls) > TAIL_SHARE_MAX * real(all.len()) {
        let needed = nearest((real(TAIL_CALLS_MIN) / (2.0 * TAIL_SHARE_MAX)).ceil());
        // What has nothing to say needs no correction either.
        measured.flipped.p_min = 1.0;
        measured.mute = Some(words::too_few(times.len(), needed));
    }
    (measured, all.get(below).copied())
}
