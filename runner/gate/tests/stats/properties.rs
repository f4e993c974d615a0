//! What must be so whatever the calls were.

use plumb_gate::stats::calls::Seen;
use plumb_gate::stats::comparison::{Comparison, Metric, Standing};
use plumb_gate::verdict::Said;
use proptest::prelude::*;

use crate::{compared, row};

fn seen() -> impl Strategy<Value = Seen> {
    prop_oneof![
        1 => Just(Seen::lost()),
        1 => (1_u64..2_000).prop_map(|latency| Seen { latency_us: Some(latency), is_available: false }),
        9 => prop_oneof![0_u64..20, 1_000_u64..9_000, Just(u64::MAX / 4)].prop_map(Seen::answered),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<(Seen, Seen)>> {
    prop::collection::vec((seen(), seen()), 0..400)
}

/// Pairs that were both answered, few enough for the ranks to be exact.
fn answered() -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec((1_u64..3_000, 1_u64..3_000), 20..45)
}

fn of(latencies: &[(u64, u64)], factor: u64) -> Comparison {
    let pairs: Vec<(Seen, Seen)> =
        latencies.iter().map(|(own, other)| (Seen::answered(own * factor), Seen::answered(*other))).collect();
    compared(&pairs)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_number_is_one_and_survives_json(pairs in pairs()) {
        let comparison = compared(&pairs);
        for row in &comparison.rows {
            for p in [row.p, row.p_corrected, row.p_independent] {
                prop_assert!((0.0..=1.0).contains(&p), "{row:?}");
            }
            prop_assert!(row.p_corrected >= row.p && row.effect.is_finite(), "{row:?}");
            prop_assert!(!row.why.contains("NaN") && !row.why.contains("inf"), "{}", row.why);
        }
        let text = serde_json::to_string(&comparison).expect("it can be written");
        let again: Comparison = serde_json::from_str(&text).expect("it can be read");
        prop_assert_eq!(again.rows.len(), comparison.rows.len());
    }

    #[test]
    fn a_slower_candidate_never_looks_better(latencies in answered(), factor in 2_u64..5) {
        let (before, after) = (of(&latencies, 1), of(&latencies, factor));
        for metric in [Metric::Body, Metric::Tail] {
            let (before, after) = (row(&before, metric), row(&after, metric));
            prop_assert!(after.p <= before.p + 1e-9, "{metric:?}: {} after {}", after.p, before.p);
            prop_assert!(after.effect >= before.effect - 1e-9, "{metric:?}: {} after {}", after.effect, before.effect);
        }
    }

    #[test]
    fn one_more_failure_never_looks_better(pairs in pairs(), which in any::<prop::sample::Index>()) {
        prop_assume!(!pairs.is_empty());
        let mut worse = pairs.clone();
        worse[which.index(pairs.len())].0 = Seen::lost();
        let (before, after) = (compared(&pairs), compared(&worse));
        let (before, after) = (row(&before, Metric::Availability), row(&after, Metric::Availability));
        prop_assert!(after.p <= before.p + 1e-9 && after.p_independent <= before.p_independent + 1e-9);
    }

    #[test]
    fn the_order_of_pairs_changes_nothing_but_the_blocks(pairs in pairs()) {
        let mut turned = pairs.clone();
        turned.reverse();
        let (before, after) = (compared(&pairs), compared(&turned));
        for (before, after) in before.rows.iter().zip(&after.rows) {
            prop_assert!((before.p_independent - after.p_independent).abs() < 1e-9);
            prop_assert!((before.effect - after.effect).abs() < 1e-9);
            prop_assert_eq!((before.candidate.count, before.baseline.count), (after.candidate.count, after.baseline.count));
        }
        prop_assert_eq!(before.drawn, after.drawn);
    }

    #[test]
    fn pairs_of_one_block_may_be_exchanged(pairs in prop::collection::vec((seen(), seen()), 480)) {
        // Twenty blocks of 24 pairs each. Who was asked first goes with the place, so the share of it stays as it was.
        let turned: Vec<(Seen, Seen)> = pairs.chunks(24).flat_map(|block| block.iter().rev().copied()).collect();
        let (before, after) = (compared(&pairs), compared(&turned));
        let p = |comparison: &Comparison| row(comparison, Metric::Availability).p;
        prop_assert!((p(&before) - p(&after)).abs() < 1e-9);
    }

    #[test]
    fn with_the_sides_exchanged_only_one_of_them_can_be_worse(pairs in pairs()) {
        let turned: Vec<(Seen, Seen)> = pairs.iter().map(|(own, other)| (*other, *own)).collect();
        let (one, other) = (compared(&pairs), compared(&turned));
        for (one, other) in one.rows.iter().zip(&other.rows) {
            prop_assert!(one.standing != Standing::Worse || other.standing != Standing::Worse, "{one:?}");
        }
    }

    #[test]
    fn the_same_answers_are_never_worse(one in prop::collection::vec(seen(), 0..400)) {
        let pairs: Vec<(Seen, Seen)> = one.iter().map(|seen| (*seen, *seen)).collect();
        prop_assert_ne!(compared(&pairs).said(), Said::Fail);
    }
}
