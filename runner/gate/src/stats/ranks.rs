//! The body of two distributions of latencies, by ranks: one slow call weighs no more than that it is the slowest.
//!
//! `statrs` has the test of Mann and Whitney too, and a test holds the two against each other. But it keeps no ranks, of
//! which the blocks need every one; it compares every call with every other before it sorts them; it takes a p below 1e-16
//! for zero; and for few calls it counts exactly, but the wrong end where both sides have equally many (in 0.19.1).

use statrs::distribution::{ContinuousCDF, Normal};

use super::numbers::{real, real_of, whole};

/// The share of the fastest calls, and of the slowest, that the typical time leaves out.
pub const TRIM: f64 = 0.1;

/// Pairs of latencies, candidate and baseline, by their ranks among all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Twice the rank of each, so that the ranks of equal times, which share theirs, are whole numbers too.
    pub doubled: Vec<(u64, u64)>,
    /// The sum of t³ − t over all times that t calls have in common.
    pub ties: f64,
}

/// Ranks the latencies of both sides among each other.
pub fn ranked(pairs: &[(u64, u64)]) -> Ranked {
    let sides = pairs
        .iter()
        .enumerate()
        .flat_map(|(at, (candidate, baseline))| [(*candidate, at, true), (*baseline, at, false)]);
    let mut all: Vec<(u64, usize, bool)> = sides.collect();
    all.sort_unstable();
    let (mut doubled, mut ties, mut before) = (vec![(0, 0); pairs.len()], 0.0, 0);
    for equal in all.chunk_by(|one, other| one.0 == other.0) {
        let rank = super::numbers::count(2 * before + equal.len() + 1);
        for (_, at, is_candidate) in equal {
            let pair = &mut doubled[*at];
            *(if *is_candidate { &mut pair.0 } else { &mut pair.1 }) = rank;
        }
        let size = real(equal.len());
        ties += size * size * size - size;
        before += equal.len();
    }
    Ranked { doubled, ties }
}

/// The statistic of Mann and Whitney.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// In how many of all pairings of a call of the candidate with one of the baseline the candidate's took longer; one of
    /// equal times counts half.
    pub u: f64,
    /// What it would be if neither were slower.
    pub mean: f64,
    /// Its standard deviation then, with ties allowed for.
    pub deviation: f64,
    /// In which share of all pairings the candidate's took longer.
    pub superiority: f64,
}

impl Ranked {
    /// The statistic, for the candidate taking longer.
    pub fn mann_whitney(&self) -> MannWhitney {
        let calls = real(self.doubled.len());
        let both = 2.0 * calls;
        let ranks: f64 = self.doubled.iter().map(|(candidate, _)| real_of(*candidate) / 2.0).sum();
        let u = ranks - calls * (calls + 1.0) / 2.0;
        let ties = if calls < 1.0 { 0.0 } else { self.ties / (both * (both - 1.0)) };
        let deviation = (calls * calls / 12.0 * (both + 1.0 - ties)).max(0.0).sqrt();
        let superiority = if calls < 1.0 { 0.5 } else { u / (calls * calls) };
        MannWhitney { u, mean: calls * calls / 2.0, deviation, superiority }
    }
}

impl MannWhitney {
    /// How often chance gives as high a one, were all calls independent: by the normal distribution, with the correction
    /// for continuity. Equal times throughout say nothing.
    pub fn p(&self) -> f64 {
        upper_tail(self.u - self.mean - 0.5, self.deviation)
    }
}

/// How often a normal variable of that deviation is above a value.
pub fn upper_tail(value: f64, deviation: f64) -> f64 {
    if deviation <= 0.0 { 1.0 } else { Normal::standard().sf(value / deviation) }
}

/// The logarithm of the typical time: the mean of the logarithms, without the fastest tenth and the slowest. Nothing where
/// there are no calls.
pub fn typical_ln(mut latencies_us: Vec<u64>) -> Option<f64> {
    latencies_us.sort_unstable();
    let cut = whole((TRIM * real(latencies_us.len())).floor());
    let middle = latencies_us.get(cut..latencies_us.len() - cut).filter(|middle| !middle.is_empty())?;
    Some(middle.iter().map(|latency| real_of((*latency).max(1)).ln()).sum::<f64>() / real(middle.len()))
}

/// The value that a share of all are at most as high as, by the nearest rank. Nothing where there are none.
pub fn quantile(sorted: &[u64], share: f64) -> Option<u64> {
    let rank = whole((share * real(sorted.len())).ceil()).max(1);
    sorted.get(rank - 1).or(sorted.last()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_share_their_ranks() {
        let ranked = ranked(&[(5, 1), (5, 9), (5, 9)]);
        assert_eq!(ranked.doubled, [(6, 2), (6, 11), (6, 11)]);
        assert!((ranked.ties - (24.0 + 6.0)).abs() < 1e-9);
    }

    #[test]
    fn quantiles_are_values_that_were_seen() {
        let sorted: Vec<u64> = (1..=200).collect();
        for (share, wanted) in [(0.0, 1), (0.5, 100), (0.99, 198), (0.995, 199), (1.0, 200)] {
            assert_eq!(quantile(&sorted, share), Some(wanted), "{share}");
        }
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_typical_time_is_a_factor_where_all_take_longer_and_ignores_the_ends() {
        let base: Vec<u64> = (0..1_000).map(|number| 10_000 + 13 * number).collect();
        let slower = base.iter().map(|latency| latency * 21 / 20).collect();
        let typical = typical_ln(base.clone()).expect("there are calls");
        let factor = (typical_ln(slower).expect("there are calls") - typical).exp();
        assert!((factor - 1.05).abs() < 0.001, "{factor}");
        let ends =
            base.iter().enumerate().map(|(at, latency)| if at >= 950 { latency * 100 } else { *latency }).collect();
        assert!((typical_ln(ends).expect("there are calls") - typical).abs() < 1e-9);
        assert_eq!(typical_ln(Vec::new()), None);
        assert_eq!(typical_ln(vec![0]), Some(0.0), "a clock too coarse is no infinity");
    }
}
