//! What is needed to draw two distributions side by side.

use super::calls::{Pair, Seen};
use super::comparison::{Drawn, Point, Side};
use super::numbers::{count, real};
use super::ranks::quantile;

/// Into how many equal steps the curves are cut.
const STEPS: usize = 40;

/// Where the curves are looked at as well, as there the steps are too coarse.
const ENDS: [f64; 3] = [0.99, 0.995, 0.999];

pub(crate) fn drawn(group: String, is_whole: bool, pairs: impl Iterator<Item = Pair>) -> Drawn {
    let (candidates, baselines): (Vec<Seen>, Vec<Seen>) = pairs.map(|pair| (pair.candidate, pair.baseline)).unzip();
    let (candidate, baseline) = (sorted(&candidates), sorted(&baselines));
    let curve = shares().filter_map(|share| point(share, &candidate, &baseline)).collect();
    Drawn { group, is_whole, candidate: side(&candidates, &candidate), baseline: side(&baselines, &baseline), curve }
}

fn shares() -> impl Iterator<Item = f64> {
    let even = (0..STEPS).map(|step| real(step) / real(STEPS));
    even.chain(ENDS).chain([1.0])
}

fn point(share: f64, candidate: &[u64], baseline: &[u64]) -> Option<Point> {
    Some(Point { share, candidate_us: quantile(candidate, share)?, baseline_us: quantile(baseline, share)? })
}

fn sorted(all: &[Seen]) -> Vec<u64> {
    let mut latencies: Vec<u64> = all.iter().filter_map(|seen| seen.latency()).collect();
    latencies.sort_unstable();
    latencies
}

fn side(all: &[Seen], sorted: &[u64]) -> Side {
    Side {
        calls: count(all.len()),
        failed: count(all.iter().filter(|seen| !seen.is_available).count()),
        p50_us: quantile(sorted, 0.5),
        p99_us: quantile(sorted, 0.99),
        p995_us: quantile(sorted, 0.995),
    }
}
