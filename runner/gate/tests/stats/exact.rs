//! The tests themselves.

use plumb_gate::stats::flips::{Flipped, flipped, heads_at_least};
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

/// Values of scipy 1.17.1: `scipy.stats.binom.sf(heads - 1, tosses, 0.5)`.
#[test]
fn coins_are_those_of_scipy() {
    for (heads, tosses, wanted) in [
        (20, 22, 6.055_831_909_179_687_5e-5),
        (17, 20, 0.001_288_414_001_464_843_8),
        (0, 7, 1.0),
        (5, 5, 0.031_25),
        (60, 100, 0.028_443_966_820_490_444),
        (1_100, 2_000, 4.228_544_767_751_905e-6),
        (100_200, 200_000, 0.186_145_270_028_838),
        (40, 200_000, 1.0),
    ] {
        close(heads_at_least(heads, tosses), wanted, 1e-7);
    }
    assert!(heads_at_least(3, 2) == 0.0);
}

/// Values of scipy 1.17.1: `scipy.stats.mannwhitneyu(own, other, alternative="greater", method="asymptotic")`.
#[test]
fn the_rank_test_is_that_of_scipy() {
    let check = |pairs: Vec<(u64, u64)>, u: f64, p: f64| {
        let tested = ranked(&pairs).mann_whitney();
        close(tested.u, u, 1e-12);
        close(tested.p(), p, 1e-6);
    };
    // own = [(i*37)%101+3 for i in range(60)]; other = [(i*53)%97 for i in range(60)]
    check((0..60).map(|i| (i * 37 % 101 + 3, i * 53 % 97)).collect(), 2046.5, 0.098_310_385_034_850_03);
    // Ties nearly everywhere: own = [(i*7)%9+1 for i in range(200)]; other = [(i*5)%9 for i in range(200)]
    check((0..200).map(|i| (i * 7 % 9 + 1, i * 5 % 9)).collect(), 24_236.0, 0.000_114_663_041_695_439_35);
    // own = [(i*7919)%10007+150 for i in range(5000)]; other = [(i*104729)%10009 for i in range(5000)]
    let many = |more: u64| (0..5_000).map(|i| (i * 7_919 % 10_007 + 150 + more, i * 104_729 % 10_009)).collect();
    check(many(0), 12_860_795.0, 0.006_217_861_694_533_495);
    check(many(1_500), 16_271_801.5, 8.210_363_716_512_111e-151);
}

/// Values of scipy 1.17.1: `scipy.stats.wilcoxon(w, alternative="greater", method="exact")` of the same ranks, and
/// `scipy.stats.permutation_test((d,), numpy.sum, permutation_type="samples", alternative="greater", n_resamples=10**6)`,
/// which takes all of them.
#[test]
fn flips_are_those_of_scipy() {
    for (sums, wanted) in [
        (&[1, 2, -3, 4, 5, 6, -7, 8, 9, 10, 11, -12, 13, 14, 15, 16][..], 0.007_751_464_843_75),
        (&[5, -3, 8, 2, -1, 7, 4, 4, -2, 9, 6, -4, 3, 1], 0.016_418_457_031_25),
    ] {
        let sums: Vec<f64> = sums.iter().map(|sum| f64::from(*sum)).collect();
        close(flipped(&sums).p, wanted, 1e-12);
    }
}

#[test]
fn nothing_and_equal_times_say_nothing() {
    for none in [&[][..], &[0.0], &[0.0, -0.0]] {
        assert_eq!(flipped(none), Flipped { p: 1.0, p_min: 1.0 });
    }
    close(ranked(&[]).mann_whitney().p(), 1.0, 1e-12);
    close(ranked(&[(5, 5); 30]).mann_whitney().p(), 1.0, 1e-12);
}

#[test]
fn the_largest_numbers_overflow_nothing() {
    let huge = vec![(u64::MAX, u64::MAX - 1); 30_000];
    let tested = ranked(&huge).mann_whitney();
    assert!((tested.superiority - 1.0).abs() < 1e-12 && tested.p() < 1e-300);
}
