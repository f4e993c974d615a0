//! Sums over windows, and the arithmetic of a config.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use crate::plan::{Agent, LatencySlo, Retention, Rule, Slo};
use crate::schedule::Cadence;
use crate::slot::{Outcome, Slot, SlotKind, Timing};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// A moment on a full hour.
const START_MS: i64 = 1_700_000_000_000 / 3_600_000 * 3_600_000;

fn slo(availability: f64, window: Duration) -> Slo {
    let latency = Some(LatencySlo { share: 0.99, within: Duration::from_millis(200) });
    Slo { availability: Some(availability), conformance: None, window, latency }
}

fn rule(when: When) -> Rule {
    Rule { when, severity: "page".to_owned(), receivers: Vec::new(), reminder: None, resolve_after: 2 }
}

fn burn(factor: f64, long: Duration, short: Duration) -> Rule {
    rule(When::BurnRate { axis: Axis::Availability, factor, long, short })
}

fn plan(watches: usize) -> Arc<Plan> {
    let rules = [
        ("fast", burn(14.4, HOUR, 5 * MINUTE)),
        ("slow", burn(6.0, 6 * HOUR, 30 * MINUTE)),
        ("creeping", burn(1.0, 3 * DAY, 6 * HOUR)),
        ("latency", rule(When::Latency { over: HOUR, exchanges_min: 100 })),
    ];
    let alerts: BTreeMap<String, Rule> = rules.into_iter().map(|(name, rule)| (name.to_owned(), rule)).collect();
    let canary = Canary {
        targets: (0..watches).map(|number| format!("target-{number}")).collect(),
        cadence: Cadence::Every(MINUTE),
        timeout: MINUTE,
        retry_every: None,
        overlap: false,
        writes: false,
        writes_when_spent: false,
        slo: slo(0.999, 30 * DAY),
        owner: "storage".to_owned(),
        runbook: None,
        probation: Duration::ZERO,
        depends_on: Vec::new(),
        alerts: alerts.keys().cloned().collect(),
    };
    let agent = Agent {
        region: "eu".to_owned(),
        state: PathBuf::new(),
        listen: None,
        access: None,
        public_url: None,
        slots_max: 1,
        slots_per_target_max: 1,
        wait_max: MINUTE,
        drain_max: MINUTE,
        retention: Retention { days: 1, bytes: 1 },
        heartbeat: None,
        leaks_max: 1,
        reference: None,
    };
    let canaries = [("reads".to_owned(), canary)].into();
    Arc::new(Plan { agent, canaries, alerts, receivers: BTreeMap::new(), maintenance: Vec::new() })
}

fn watch(number: usize) -> Watch {
    Watch { canary: "reads".to_owned(), target: format!("target-{number}") }
}

fn ended(due_ms: i64, kind: SlotKind, availability: Mark) -> Ended {
    let slot = Slot { watch: watch(0), due_ms, kind };
    Ended { availability, trouble: None, ..Ended::without_start(slot, Outcome::Pass, "") }
}

/// A slot at each minute from the start; `bad` says which of them are.
fn minutes(count: i64, bad: impl Fn(i64) -> bool) -> Sums {
    let mut sums = Sums::new(plan(1));
    for minute in 0..count {
        let mark = if bad(minute) { Mark::Bad } else { Mark::Good };
        sums.take(&ended(START_MS + minute * MINUTE_MS, SlotKind::Scheduled, mark));
    }
    sums
}

#[test]
fn a_window_holds_what_is_in_it_and_no_more() {
    let sums = minutes(10 * 24 * 60, |minute| minute % 10 == 0);
    let last_ms = START_MS + (10 * 24 * 60 - 1) * MINUTE_MS;
    let check = |window: Duration, good: std::ops::RangeInclusive<u64>, bad: std::ops::RangeInclusive<u64>| {
        let counted = sums.slots(&watch(0), Axis::Availability, window, last_ms);
        assert!(good.contains(&counted.good) && bad.contains(&counted.bad), "{window:?}: {counted:?}");
    };
    check(5 * MINUTE, 5..=6, 0..=1);
    check(HOUR, 54..=55, 6..=7);
    // By the quarter of an hour: as much as that may be too much.
    check(6 * HOUR, 324..=338, 36..=38);
    check(3 * DAY, 3_888..=3_902, 432..=434);
    // By the half day.
    check(30 * DAY, 12_960..=12_960, 1_440..=1_440);
}

#[test]
fn what_lies_before_a_window_is_forgotten() {
    let sums = minutes(1, |_| true);
    let seen = |after: Duration| sums.slots(&watch(0), Axis::Availability, 5 * MINUTE, START_MS + millis(after)).bad;
    assert_eq!((seen(Duration::ZERO), seen(5 * MINUTE), seen(6 * MINUTE), seen(365 * DAY)), (1, 1, 0, 0));
}

#[test]
fn only_scheduled_slots_that_say_something_count() {
    let mut sums = Sums::new(plan(1));
    sums.take(&ended(START_MS, SlotKind::Retry, Mark::Bad));
    sums.take(&ended(START_MS, SlotKind::Asked, Mark::Bad));
    sums.take(&ended(START_MS, SlotKind::Scheduled, Mark::Void));
    assert_eq!(sums.bytes(), 0, "nothing is held for what does not count");
    sums.take(&ended(START_MS, SlotKind::Scheduled, Mark::Bad));
    assert_eq!(sums.slots(&watch(0), Axis::Availability, HOUR, START_MS).seen(), 1);
    assert_eq!(sums.slots(&watch(0), Axis::Conformance, HOUR, START_MS).seen(), 0);
}

#[test]
fn exchanges_within_the_limit_are_counted_apart() {
    let mut sums = Sums::new(plan(1));
    let timing = |total_us| Timing { total_us, ..Timing::default() };
    let timings = vec![timing(100), timing(200_000), timing(200_001)];
    sums.take(&Ended { timings: timings.clone(), ..ended(START_MS, SlotKind::Scheduled, Mark::Good) });
    sums.take(&Ended { timings, ..ended(START_MS, SlotKind::Scheduled, Mark::Void) });
    let counted = sums.exchanges(&watch(0), HOUR, START_MS);
    assert_eq!((counted.good, counted.bad), (2, 1));
}

#[test]
fn a_budget_is_spent_after_as_many_bad_slots_as_it_has_room_for() {
    // 30 days by the minute have 43,200 slots, of which 43 may be bad.
    let spent = |bad: i64| {
        let sums = minutes(30 * 24 * 60, |minute| minute < bad);
        let now_ms = START_MS + (30 * 24 * 60 - 1) * MINUTE_MS;
        let left = sums.budget(&watch(0), Axis::Availability, now_ms).expect("a promise").left;
        (sums.is_spent(&watch(0), Axis::Availability, now_ms), (left * 10.0).round() / 10.0)
    };
    assert_eq!(spent(0), (false, 1.0));
    assert_eq!(spent(43), (false, 0.0));
    assert_eq!(spent(44), (true, 0.0));
    assert_eq!(spent(86), (true, -1.0));
    let sums = Sums::new(plan(1));
    assert_eq!(sums.budget(&watch(0), Axis::Conformance, START_MS), None, "nothing is promised");
}

#[test]
fn what_came_before_the_first_slot_counts_as_good() {
    let burn = |slots: i64| {
        let sums = minutes(slots, |_| true);
        let now_ms = START_MS + slots * MINUTE_MS;
        sums.slots(&watch(0), Axis::Availability, HOUR, now_ms).burn(0.999)
    };
    // One of 60 is 1.7 %, which is 16.7 times 0.1 %.
    assert!((burn(1) - 16.67).abs() < 0.1, "{}", burn(1));
    assert!((burn(30) - 500.0).abs() < 0.1, "{}", burn(30));
}

#[test]
fn a_store_warms_what_a_restart_forgot() {
    let cold = minutes(200, |minute| minute >= 190);
    let mut warm = Sums::new(plan(1));
    let past = (0..200).rev().map(|minute| Past {
        at_ms: START_MS + minute * MINUTE_MS,
        good: [u32::from(minute < 190), 0],
        bad: [u32::from(minute >= 190), 0],
        ..Past::default()
    });
    warm.warm(&watch(0), past);
    let now_ms = START_MS + 199 * MINUTE_MS;
    for window in [5 * MINUTE, HOUR, 6 * HOUR, 30 * DAY] {
        let of = |sums: &Sums| sums.slots(&watch(0), Axis::Availability, window, now_ms);
        assert_eq!(of(&cold), of(&warm), "{window:?}");
    }
}

#[test]
fn a_thousand_watches_need_less_than_five_megabytes() {
    let mut sums = Sums::new(plan(1_000));
    for number in 0..1_000 {
        sums.warm(&watch(number), [Past { at_ms: START_MS, good: [1, 1], ..Past::default() }]);
    }
    assert!(sums.bytes() < 5_000_000, "{}", sums.bytes());
}

#[test]
fn numbers_read_as_people_write_them() {
    let spans = [(0, "0s"), (1_500, "1500ms"), (90_000, "90s"), (4_200_000, "70m"), (3_600_000, "1h")];
    for (millis, wanted) in spans {
        assert_eq!(span(Duration::from_millis(millis)), wanted);
    }
    assert_eq!(span(30 * DAY), "30d");
    let shares =
        [(0.999, "99.9 %"), (0.9995, "99.95 %"), (0.2, "20 %"), (0.001, "0.1 %"), (1.5, "150 %"), (0.0, "0 %")];
    for (share, wanted) in shares {
        assert_eq!(percent(share), wanted);
    }
}

/// Slots by the minute.
fn by_minute(window: Duration) -> f64 {
    window.as_secs_f64() / 60.0
}

fn refused(rule: &Rule, slo: &Slo) -> String {
    let error = check::rule(rule, slo, by_minute).expect_err("a refusal");
    format!("{error}; {}", error.remedy())
}

#[test]
fn a_burn_rate_that_one_bad_slot_would_fire_is_refused_with_the_sum() {
    let text = refused(&burn(14.4, HOUR, 5 * MINUTE), &slo(0.999, 30 * DAY));
    assert_eq!(
        text,
        "1 bad slot of the 5 in 5m is 20 %, which is 200 times the budget of 0.1 %, and of the 60 in 1h it is 1.67 %, \
         which is 16.67 times; the alert fires at 14.4 times: one slot would fire it; use a longer long window (at least \
         70m), or slots more often"
    );
    let remedied = burn(14.4, 70 * MINUTE, 5 * MINUTE);
    assert_eq!(check::rule(&remedied, &slo(0.999, 30 * DAY), by_minute), Ok(()));
    assert_eq!(check::rule(&burn(14.4, HOUR, 5 * MINUTE), &slo(0.99, 30 * DAY), by_minute), Ok(()));
}

#[test]
fn an_slo_that_the_slots_cannot_measure_is_refused_with_the_sum() {
    let daily = |objective: f64| check::slo(&slo(objective, 30 * DAY), 30.0);
    let error = daily(0.99).expect_err("a refusal");
    assert_eq!(
        format!("{error}; {}", error.remedy()),
        "1 bad slot of the 30 in 30d is 3.33 %, and the budget for availability is 1 % (99 % promised): one bad slot \
         overspends it, so that the promise cannot be measured; use a longer window (at least 100d), slots more often, \
         or promise at most 96.66667 %"
    );
    assert_eq!(daily(0.96), Ok(()));
    assert_eq!(check::slo(&slo(0.999, 30 * DAY), 1_000.0), Ok(()), "exactly one bad slot is allowed");
    assert!(check::slo(&slo(0.999, 30 * DAY), 999.0).is_err());
}

#[test]
fn a_promise_that_is_no_share_is_refused() {
    for objective in [0.0, 1.0, 99.9, -0.5, f64::NAN, f64::INFINITY] {
        let error = check::slo(&slo(objective, 30 * DAY), 1e9).expect_err("a refusal");
        assert!(error.to_string().contains("promises"), "{error}");
        let latency = Some(LatencySlo { share: objective, within: MINUTE });
        assert!(check::slo(&Slo { latency, ..slo(0.9, 30 * DAY) }, 1e9).is_err(), "{objective}");
    }
}

#[test]
fn a_rule_that_cannot_say_what_it_is_there_for_is_refused() {
    let slots = |bad, of| rule(When::Slots { axis: Axis::Availability, bad, of });
    let latency = |exchanges_min| rule(When::Latency { over: HOUR, exchanges_min });
    let table = [
        (
            burn(20.0, DAY, HOUR),
            0.9,
            "20 times the budget of 10 % is 200 % of all slots: more than all of them cannot be",
        ),
        (burn(f64::NAN, DAY, HOUR), 0.9, "must be a number above 0"),
        (burn(-1.0, DAY, HOUR), 0.9, "must be a number above 0"),
        (burn(2.0, HOUR, HOUR), 0.9, "the short window of 1h is not shorter than the long one of 1h"),
        (burn(2.0, 31 * DAY, HOUR), 0.9, "the window of 31d is longer than that of the SLO, 30d"),
        (burn(2.0, HOUR, MINUTE / 2), 0.9, "the short window of 30s is shorter than 1m"),
        (slots(0, 5), 0.9, "0 bad slots of the last 5 cannot be counted"),
        (slots(6, 5), 0.9, "6 bad slots of the last 5"),
        (slots(0, 0), 0.9, "0 bad slots of the last 0"),
        (slots(1, 65), 0.9, "at most 64"),
        (Rule { resolve_after: 0, ..slots(3, 5) }, 0.9, "over before it began"),
        (latency(99), 0.9, "1 slow exchange of 99 is 1.01 %, and 1 % may be slow: from fewer than 100 exchanges one"),
        (latency(0), 0.9, "ask for at least 100 exchanges"),
        (rule(When::AllMissed { over: MINUTE / 2 }), 0.9, "0.5 slots are due in 30s"),
        (rule(When::Slots { axis: Axis::Availability, bad: 65, of: 65 }), 0.9, "at most 64"),
    ];
    for (rule, objective, wanted) in table {
        let text = refused(&rule, &slo(objective, 30 * DAY));
        assert!(text.contains(wanted), "{text}");
    }
    let conformance = rule(When::BurnRate { axis: Axis::Conformance, factor: 2.0, long: DAY, short: HOUR });
    assert!(refused(&conformance, &slo(0.9, 30 * DAY)).contains("of which the SLO promises nothing"));
    let none = Slo { latency: None, ..slo(0.9, 30 * DAY) };
    assert!(refused(&latency(100), &none).contains("looks at latency"));
}

#[test]
fn rules_that_say_something_are_taken() {
    let promised = slo(0.99, 30 * DAY);
    let rules = [
        rule(When::Slots { axis: Axis::Conformance, bad: 3, of: 5 }),
        rule(When::Slots { axis: Axis::Availability, bad: 1, of: 1 }),
        rule(When::Latency { over: HOUR, exchanges_min: 100 }),
        rule(When::AllMissed { over: MINUTE }),
        burn(14.4, HOUR, 5 * MINUTE),
        burn(6.0, 6 * HOUR, 30 * MINUTE),
    ];
    for rule in rules {
        assert_eq!(check::rule(&rule, &promised, by_minute), Ok(()), "{rule:?}");
    }
}
