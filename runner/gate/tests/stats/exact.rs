//! The tests themselves.

use plumb_gate::stats::flips::{flipped, heads_at_least};
use plumb_gate::stats::ranks::ranked;
use proptest::prelude::*;
use statrs::stats_tests::Alternative;
use statrs::stats_tests::mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu};

#[track_caller]
fn close(seen: f64, wanted: f64, tolerance: f64) {
    let is_close = (seen - wanted).abs() <= tolerance * wanted.abs().max(f64::MIN_POSITIVE);
    assert!(is_close, "{seen:e} is not {wanted:e}");
}

/// All ways to choose the signs, one by one.
fn counted(sums: &[i32]) -> f64 {
    let seen: i32 = sums.iter().sum();
    let ways = 1_u32 << sums.len();
    let total = |way: u32| -> i32 {
        sums.iter().enumerate().map(|(at, sum)| if way >> at & 1 == 1 { -sum } else { *sum }).sum()
    };
    f64::from(u32::try_from((0..ways).filter(|way| total(*way) >= seen).count()).expect("few")) / f64::from(ways)
}

proptest! {
    #[test]
    fn flips_are_what_counting_gives(sums in prop::collection::vec(-9_i32..10, 0..12)) {
        let as_real: Vec<f64> = sums.iter().map(|sum| f64::from(*sum)).collect();
        let wanted = if sums.iter().all(|sum| *sum == 0) { 1.0 } else { counted(&sums) };
        close(flipped(&as_real).p, wanted, 1e-12);
    }

    #[test]
    fn the_grid_costs_little(sums in prop::collection::vec(-900_000_i32..1_000_000, 8..14)) {
        let as_real: Vec<f64> = sums.iter().map(|sum| f64::from(*sum)).collect();
        prop_assert!((flipped(&as_real).p - counted(&sums)).abs() < 0.01);
    }

    #[test]
    fn coins_are_what_pairs_as_blocks_give(heads in 0_usize..60, tails in 0_usize..60) {
        let sums: Vec<f64> = std::iter::repeat_n(1.0, heads).chain(std::iter::repeat_n(-1.0, tails)).collect();
        close(heads_at_least(heads, heads + tails), flipped(&sums).p, 1e-9);
    }

    #[test]
    fn the_rank_test_is_that_of_statrs(pairs in prop::collection::vec((0_u64..40, 0_u64..40), 10..60)) {
        let (own, other): (Vec<u64>, Vec<u64>) = pairs.iter().copied().unzip();
        let method = MannWhitneyUMethod::AsymptoticInclContinuityCorrection;
        let (u, p) = mannwhitneyu(&own, &other, method, Alternative::Greater).expect("there are calls");
        let tested = ranked(&pairs).mann_whitney();
        prop_assert!((tested.u - u).abs() < 1e-9 && (tested.p() - p).abs() < 1e-9, "{} {}, {u} {p}", tested.u, tested.p());
    }
}
