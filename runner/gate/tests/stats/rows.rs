//! What rows say.

use plumb_gate::stats::calls::{Calls, Group, Pair, Seen};
use plumb_gate::stats::comparison::{Comparison, Metric, Standing};
use plumb_gate::stats::{compare, limits::Limits};
use plumb_gate::verdict::Said;

use crate::{compared, row};

/// A latency of the kind that servers have, without dice.
fn latency(number: u64) -> u64 {
    8_000 + (number * 7_919) % 6_007 + (number * 104_729) % 3_001
}

fn pairs(calls: u64, of: impl Fn(u64) -> (Seen, Seen)) -> Vec<(Seen, Seen)> {
    (0..calls).map(of).collect()
}

fn answered(number: u64) -> (Seen, Seen) {
    (Seen::answered(latency(number)), Seen::answered(latency(number + 17)))
}

#[track_caller]
fn check(pairs: &[(Seen, Seen)], metric: Metric, standing: Standing, part: &str) -> Comparison {
    let comparison = compared(pairs);
    let row = row(&comparison, metric);
    assert_eq!(row.standing, standing, "{row:#?}");
    assert!(row.why.contains(part), "{}", row.why);
    comparison
}

#[test]
fn a_candidate_that_answers_nothing_is_worse() {
    for calls in [40, 100, 2_000] {
        let dead = pairs(calls, |number| (Seen::lost(), answered(number).1));
        let comparison =
            check(&dead, Metric::Availability, Standing::Worse, "100 % of calls failed, 0 % at the baseline");
        assert_eq!(comparison.said(), Said::Fail, "{calls}");
        assert_eq!(row(&comparison, Metric::Body).standing, Standing::TooLittle, "{calls}");
        assert!(comparison.drawn[0].curve.is_empty() && comparison.drawn[0].candidate.p50_us.is_none());
    }
}

#[test]
fn what_nobody_answers_is_no_pass() {
    let dead = pairs(2_000, |_| (Seen::lost(), Seen::lost()));
    let comparison = check(&dead, Metric::Availability, Standing::TooLittle, "is no measure");
    assert_eq!(comparison.said(), Said::Inconclusive);
    assert_eq!(compared(&[]).said(), Said::Inconclusive);
    assert!(compared(&[]).rows.is_empty());
}

#[test]
fn a_row_says_how_many_of_how_many_and_how_often_chance_does_that() {
    let some = pairs(1_400, |number| match number {
        _ if number % 70 == 3 => (Seen::lost(), answered(number).1),
        _ if number % 700 == 9 => (answered(number).0, Seen::lost()),
        _ => answered(number),
    });
    let comparison = compared(&some);
    let wanted = "Get, up to 1 KiB: 1.4 % of calls failed, 0.1 % at the baseline (20 of 1,400 against 2 of 1,400); \
                  chance does that once in 17,000 times, and with all that was looked at once in 5,500 gates";
    assert_eq!(row(&comparison, Metric::Availability).why, wanted);
}

#[test]
fn slower_calls_are_told_by_their_factor() {
    let slower = pairs(2_000, |number| (Seen::answered(latency(number) * 11 / 10), answered(number).1));
    check(&slower, Metric::Body, Standing::Worse, "% longer (2,000 calls each); chance does that ");
}

#[test]
fn a_slow_tail_is_told_apart_from_the_body() {
    let slow = pairs(2_000, |number| {
        let factor = if number % 80 == 7 { 10 } else { 1 };
        (Seen::answered(latency(number) * factor), answered(number).1)
    });
    let comparison = check(&slow, Metric::Tail, Standing::Worse, "(20 of 2,000 against 0 of 2,000)");
    assert_eq!(row(&comparison, Metric::Body).standing, Standing::NoWorse);
}

#[test]
fn few_calls_are_too_few() {
    let comparison = check(
        &pairs(40, answered),
        Metric::Availability,
        Standing::TooLittle,
        "40 calls are too few, 100 would say something",
    );
    assert_eq!(comparison.said(), Said::Inconclusive);
    check(&pairs(120, answered), Metric::Tail, Standing::TooLittle, "120 calls are too few, 160 would say something");
}

#[test]
fn whoever_is_always_asked_first_is_no_measure_of_time() {
    let mut calls = Calls::default();
    for number in 0..1_000 {
        let (candidate, baseline) = (Seen::answered(latency(number) * 2), Seen::answered(latency(number + 17)));
        calls.push(&Group::of("Get", Some(100)), Pair { is_candidate_first: true, candidate, baseline });
    }
    let comparison = compare(&calls, &Limits::default());
    let body = row(&comparison, Metric::Body);
    assert_eq!(body.standing, Standing::TooLittle);
    assert!(body.why.contains("asked first in 1,000 of 1,000 calls"), "{}", body.why);
}

#[test]
fn one_long_outage_is_neither_worse_nor_passed_over() {
    let once =
        pairs(2_000, |number| if number / 20 == 31 { (Seen::lost(), answered(number).1) } else { answered(number) });
    let comparison =
        check(&once, Metric::Availability, Standing::TooLittle, "too close together to rule out a single event");
    assert_eq!(comparison.said(), Said::Inconclusive);
}

#[test]
fn the_answer_of_a_503_is_no_fast_answer() {
    let refused = Seen { latency_us: Some(10), is_available: false };
    let some = pairs(2_000, |number| if number % 2 == 0 { (refused, answered(number).1) } else { answered(number) });
    let comparison = check(&some, Metric::Availability, Standing::Worse, "50 % of calls failed");
    assert_eq!(row(&comparison, Metric::Body).calls, 1_000);
    assert_eq!(comparison.drawn[0].candidate.p50_us.map(|latency| latency > 1_000), Some(true));
}

#[test]
fn an_overflowing_number_of_groups_is_compared_all_the_same() {
    let mut calls = Calls::default();
    for number in 0..6_400 {
        let (candidate, baseline) = answered(number);
        let group = Group::of(&format!("Op{}", number % 100), None);
        calls.push(&group, Pair { is_candidate_first: number / 100 % 2 == 0, candidate, baseline });
    }
    let comparison = compare(&calls, &Limits::default());
    assert_eq!(comparison.rows.len(), 3 * 65);
    assert_eq!(comparison.said(), Said::Pass, "{:#?}", comparison.reasons());
}

#[test]
fn one_slow_group_is_not_averaged_away_and_small_ones_add_up() {
    let build = |slow: fn(u64) -> bool| {
        let mut calls = Calls::default();
        for number in 0..8_000 {
            let (candidate, baseline) = answered(number);
            let factor = if slow(number % 10) { 120 } else { 100 };
            let candidate = Seen::answered(candidate.latency_us.unwrap_or(0) * factor / 100);
            let group = Group::of(&format!("Op{}", number % 10), None);
            calls.push(&group, Pair { is_candidate_first: number / 10 % 2 == 0, candidate, baseline });
        }
        compare(&calls, &Limits::default())
    };
    let one = build(|group| group == 4);
    assert_eq!(
        one.reasons().iter().filter(|why| why.starts_with("Op4: calls typically")).count(),
        1,
        "{:?}",
        one.reasons()
    );
    let all = build(|_| true);
    assert!(all.reasons()[0].starts_with("All calls: calls typically"), "{:?}", all.reasons());
}
