//! Intervals: spread by a hash, one slot in each period, at a phase that moves.

use std::collections::BTreeSet;
use std::time::Duration;

use plumb_canary::schedule::{Cadence, EVERY_MAX, EVERY_MIN, SPACING_MAX, SPACING_MIN};
use plumb_canary::slot::Watch;
use proptest::prelude::*;

use super::{at, watch};

const MINUTE_MS: i64 = 60_000;

fn every(seconds: u64) -> Cadence {
    Cadence::every(Duration::from_secs(seconds)).expect("a good interval")
}

/// The first `count` due times after a moment.
fn due(cadence: &Cadence, watch: &Watch, after_ms: i64, count: usize) -> Vec<i64> {
    let next = |after: &i64| cadence.due_after(watch, *after);
    std::iter::successors(next(&after_ms), next).take(count).collect()
}

/// Every interval that is allowed, in milliseconds, from a second on.
fn interval_ms() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => 1_000_u64..=60_000,
        3 => (61_u64..=600).prop_map(|seconds| seconds * 1_000),
        3 => (1_u64..=120).prop_map(|minutes| minutes * 60_000),
        2 => (1_u64..=44_640).prop_map(|minutes| minutes * 60_000),
    ]
}

fn name() -> impl Strategy<Value = Watch> {
    ("[a-z]{1,8}", "[a-z]{1,8}").prop_map(|(canary, target)| watch(&canary, &target))
}

#[test]
fn due_times_are_the_same_on_every_machine_and_in_every_version() {
    let own = watch("objects", "eu-1");
    let table = [
        (1, [622, 1_622, 2_622]),
        (60, [11_622, 69_622, 127_622]),
        (90, [11_622, 101_622, 191_622]),
        (300, [72_622, 374_622, 676_622]),
        (86_400, [83_723_622, 170_001_622, 256_279_622]),
    ];
    let since = at("2026-01-01T00:00:00Z");
    for (seconds, expected) in table {
        let found: Vec<i64> = due(&every(seconds), &own, since, 3).iter().map(|due| due - since).collect();
        assert_eq!(found, expected, "every {seconds} s");
    }
}

#[test]
fn below_a_minute_slots_are_exactly_one_interval_apart() {
    for millis in [1_000, 1_500, 7_000, 59_999] {
        let cadence = Cadence::every(Duration::from_millis(millis)).expect("a good interval");
        let found = due(&cadence, &watch("objects", "eu-1"), 0, 5_000);
        let apart = i64::try_from(millis).expect("a small number");
        assert!(found.windows(2).all(|pair| pair[1] - pair[0] == apart), "every {millis} ms");
    }
}

#[test]
fn every_minute_meets_each_second_of_the_minute_within_the_hour() {
    let seconds: BTreeSet<i64> =
        due(&every(60), &watch("objects", "eu-1"), 0, 60).iter().map(|due| due % MINUTE_MS / 1_000).collect();
    assert_eq!(seconds.len(), 60);
}

#[test]
fn a_thousand_watches_are_spread_over_their_period() {
    for seconds in [1, 60, 90, 300, 3_600, 5_400] {
        let (cadence, since) = (every(seconds), at("2026-06-01T12:00:00Z"));
        let period = cadence.period_ms();
        let begins = since.div_euclid(period) * period;
        let mut tenths = [0_usize; 10];
        for index in 0..1_000 {
            let own = watch(&format!("canary-{index}"), "eu-1");
            let due = cadence.due_after(&own, begins - 1).expect("a due time");
            let tenth = usize::try_from((due - begins) * 10 / period).expect("within the period");
            tenths[tenth] += 1;
        }
        assert!(tenths.iter().all(|count| (60..=140).contains(count)), "every {seconds} s: {tenths:?}");
    }
}

#[test]
fn intervals_that_cannot_be_kept_well_are_refused_with_what_would_be_right() {
    let table = [
        (999, "run every 999ms: an interval is from 1 second to 31 days"),
        (32 * 86_400_000, "an interval is from"),
        (
            90_500,
            "run every 1m 30s 500ms: an interval above 1m is whole seconds, and above 10m whole minutes; write 1m 30s or 1m 31s",
        ),
        (3_630_000, "write 1h or 1h 1m"),
        (601_000, "write 10m or 11m"),
    ];
    for (millis, expected) in table {
        let error = Cadence::every(Duration::from_millis(millis)).expect_err("an odd interval").to_string();
        assert!(error.contains(expected), "{millis} ms: {error}");
    }
    for good in [EVERY_MIN, EVERY_MAX, Duration::from_millis(59_999), Duration::from_secs(599), Duration::from_mins(11)]
    {
        assert!(Cadence::every(good).is_ok(), "{good:?}");
    }
}

#[test]
fn a_window_holds_as_many_slots_as_periods_fit_in() {
    let own = watch("objects", "eu-1");
    for (seconds, window, expected) in [(60, 3_600, 60.0), (90, 3_600, 40.0), (7_200, 3_600, 0.5)] {
        let found = every(seconds).slots_in(&own, Duration::from_secs(window), 0);
        assert!((found - expected).abs() < 1e-9, "{seconds} s: {found}");
    }
}

#[test]
fn an_interval_is_told_in_words() {
    assert_eq!(every(60).words(), "every 1m");
    assert_eq!(every(5_400).words(), "every 1h 30m");
}

#[test]
fn a_year_of_seconds_is_counted_at_once() {
    let own = watch("objects", "eu-1");
    let year_ms = 365 * 86_400_000;
    let found = every(1).count_between(&own, 0, year_ms).expect("some");
    assert_eq!(found.count, 365 * 86_400);
    assert!(found.last_ms > year_ms - 1_000 && found.last_ms <= year_ms);
    assert_eq!(every(1).count_between(&own, 0, i64::MAX).map(|found| found.count), Some(u32::MAX));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_period_has_exactly_one_slot_and_slots_keep_their_distance(
        millis in interval_ms(), own in name(), since in 0_i64..4_000_000_000_000,
    ) {
        let cadence = Cadence::every(Duration::from_millis(millis)).expect("a good interval");
        let period = cadence.period_ms();
        let found = due(&cadence, &own, since, 150);
        for pair in found.windows(2) {
            prop_assert_eq!(pair[1].div_euclid(period) - pair[0].div_euclid(period), 1);
            #[expect(clippy::cast_precision_loss, reason = "both are small")]
            let apart = (pair[1] - pair[0]) as f64 / period as f64;
            prop_assert!((SPACING_MIN..=SPACING_MAX).contains(&apart), "{} periods apart", apart);
        }
    }

    #[test]
    fn every_minute_of_the_hour_is_visited_within_the_stated_time(
        millis in interval_ms(), own in name(), since in 0_i64..4_000_000_000_000,
    ) {
        let cadence = Cadence::every(Duration::from_millis(millis)).expect("a good interval");
        let within = cadence.visits_every_minute_within().expect("an interval");
        let until = since + i64::try_from(within.as_millis()).expect("a time");
        let next = |after: &i64| cadence.due_after(&own, *after).filter(|due| *due < until);
        let minutes: BTreeSet<i64> =
            std::iter::successors(next(&since), next).map(|due| due / MINUTE_MS % 60).collect();
        prop_assert_eq!(minutes.len(), 60, "within {:?}", within);
    }

    #[test]
    fn sixty_slots_of_whole_minutes_in_a_row_visit_each_minute_once(
        minutes in 1_u64..=44_640, own in name(), since in 0_i64..4_000_000_000_000,
    ) {
        let found = due(&every(minutes * 60), &own, since, 60);
        let visited: BTreeSet<i64> = found.iter().map(|due| due / MINUTE_MS % 60).collect();
        prop_assert_eq!(visited.len(), 60);
    }

    #[test]
    fn a_stretch_is_what_is_due_in_it(
        millis in interval_ms(), own in name(), since in 0_i64..4_000_000_000_000, periods in 0.0..40.0_f64,
    ) {
        let cadence = Cadence::every(Duration::from_millis(millis)).expect("a good interval");
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
        let until = since + (periods * cadence.period_ms() as f64) as i64;
        let next = |after: &i64| cadence.due_after(&own, *after).filter(|due| *due <= until);
        let expected: Vec<i64> = std::iter::successors(next(&since), next).collect();
        let found = cadence.count_between(&own, since, until);
        prop_assert_eq!(found.map_or(0, |found| found.count as usize), expected.len());
        prop_assert_eq!(found.map(|found| found.first_ms), expected.first().copied());
        prop_assert_eq!(found.map(|found| found.last_ms), expected.last().copied());
    }
}
