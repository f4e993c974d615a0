//! Gaps, sleep, clocks that are put forward and back, reload and shutdown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_canary::scheduler::{LATE_MAX, WAKE_MAX};
use plumb_canary::slot::Outcome;

use super::plans::{canary, every, maintenance, one, watch, with};
use super::{Bench, NOON_MS, rows};

const DOWN: &str = "the agent was not running";
const ASLEEP: &str = "the agent was asleep or starved, or its clock was put forward";
const DAY_MS: i64 = 86_400_000;

#[test]
fn every_slot_starts_on_time_where_nothing_is_in_its_way() {
    let mut bench = Bench::new(one(1));
    let (started, ended) = bench.run(60_000, Some(Outcome::Pass));
    assert_eq!((started.len(), ended.len()), (60, 0));
    assert!(started.iter().all(|start| start.late_ms == 0));
}

#[test]
fn a_watch_that_nobody_knows_has_no_gap() {
    assert_eq!(Bench::new(one(60)).gaps, []);
}

#[test]
fn a_year_of_downtime_is_one_row_and_costs_no_more_than_a_second() {
    let last_ms = NOON_MS - 365 * DAY_MS;
    let before = Instant::now();
    let bench = Bench::after(one(1), &BTreeMap::from([(watch(), last_ms)]));
    assert!(before.elapsed() < Duration::from_secs(1));
    // The newest is due within the tolerance, and starts.
    assert_eq!(rows(&bench.gaps), [(Outcome::Missed, 365 * 86_400 - 1, DOWN)]);
    let gap = &bench.gaps[0];
    assert_eq!(gap.slot.due_ms, every(1).due_after(&watch(), last_ms).expect("a due time"));
    assert_eq!(gap.last_due_ms + 1_000, bench_newest(bench));
}

/// The due time of what starts first.
fn bench_newest(mut bench: Bench) -> i64 {
    bench.pass(0).start[0].slot.due_ms
}

#[test]
fn a_gap_of_less_than_a_period_is_none() {
    let last_ms = every(300).due_after(&watch(), NOON_MS - 300_000).expect("a due time");
    let mut bench = Bench::after(one(300), &BTreeMap::from([(watch(), last_ms)]));
    assert_eq!(bench.gaps, []);
    let (started, _) = bench.run(700_000, Some(Outcome::Pass));
    assert_eq!(started[0].slot.due_ms, every(300).due_after(&watch(), last_ms).expect("a due time"));
}

#[test]
fn what_was_due_during_a_sleep_is_missed_in_one_row() {
    let mut bench = Bench::new(one(60));
    bench.run(600_000, Some(Outcome::Pass));
    // Only the clock on the wall goes on while the machine sleeps.
    let polled = bench.turn(2 * DAY_MS);
    let missed: u32 = polled.ended.iter().map(|row| row.count).sum();
    assert_eq!(missed + u32::try_from(polled.start.len()).expect("one"), 2 * 24 * 60);
    assert_eq!(rows(&polled.ended), [(Outcome::Missed, missed, ASLEEP)]);
}

#[test]
fn a_slot_starts_late_within_the_tolerance_and_is_missed_beyond_it() {
    let tolerance = i64::try_from(LATE_MAX.as_millis()).expect("a short time");
    for (late_ms, starts) in [(tolerance, true), (tolerance + 1, false)] {
        let mut bench = Bench::new(one(60));
        let due_ms = bench.scheduler.next_due_ms(&watch()).expect("a due time");
        let polled = bench.pass(due_ms - bench.now.wall_ms + late_ms);
        assert_eq!(
            polled.start.iter().map(|start| i64::from(start.late_ms)).collect::<Vec<_>>(),
            [late_ms][..usize::from(starts)]
        );
        assert_eq!(polled.ended.len(), usize::from(!starts), "{late_ms} ms late");
    }
}

#[test]
fn a_clock_that_is_put_back_a_little_makes_nothing_due_twice() {
    let mut bench = Bench::new(one(5));
    let (before, _) = bench.run(60_000, Some(Outcome::Pass));
    bench.turn(-30_000);
    let (within, ended) = bench.run(29_000, Some(Outcome::Pass));
    assert_eq!((within, ended), (vec![], vec![]));
    let (after, ended) = bench.run(30_000, Some(Outcome::Pass));
    assert_eq!((after.len(), ended.len()), (6, 0));
    let due: BTreeSet<i64> = before.iter().chain(&after).map(|start| start.slot.due_ms).collect();
    assert_eq!(due.len(), before.len() + after.len());
}

#[test]
fn a_clock_that_is_put_back_by_a_day_is_believed_and_no_two_slots_are_equal() {
    let mut bench = Bench::new(one(60));
    let (before, _) = bench.run(600_000, Some(Outcome::Pass));
    bench.turn(-600_000);
    let (again, ended) = bench.run(1_200_000, Some(Outcome::Pass));
    assert_eq!((again.len(), ended.len()), (20, 0));
    let due =
        |starts: &[plumb_canary::scheduler::Start]| starts.iter().map(|start| start.slot.due_ms).collect::<Vec<_>>();
    let (before, again) = (due(&before), due(&again));
    assert_eq!(again[..10], before.iter().map(|due| due + 1).collect::<Vec<_>>());
    assert_eq!(again[10], every(60).due_after(&watch(), before[9]).expect("a due time"));
}

#[test]
fn a_ledger_from_the_future_does_not_keep_the_daemon_silent() {
    let mut bench = Bench::after(one(60), &BTreeMap::from([(watch(), NOON_MS + 30 * DAY_MS)]));
    assert_eq!(bench.gaps, []);
    assert_eq!(bench.run(600_000, Some(Outcome::Pass)).0.len(), 10);
}

#[test]
fn the_next_poll_is_when_something_is_due_and_soon_anyway() {
    let mut bench = Bench::new(one(3_600));
    assert_eq!(bench.pass(0).wake_in, WAKE_MAX);
    let due_ms = bench.scheduler.next_due_ms(&watch()).expect("a due time");
    bench.now.wall_ms = due_ms - 40;
    assert_eq!(bench.pass(0).wake_in, Duration::from_millis(40));
}

#[test]
fn a_reload_of_the_same_plan_changes_nothing() {
    let (mut plain, mut reloaded) = (Bench::new(one(7)), Bench::new(one(7)));
    for _ in 0..50 {
        let ended = reloaded.scheduler.reload(Arc::new(one(7)), reloaded.now);
        assert_eq!(ended, []);
        assert_eq!(plain.run(1_900, Some(Outcome::Pass)), reloaded.run(1_900, Some(Outcome::Pass)));
    }
}

#[test]
fn what_is_due_at_a_reload_is_the_old_plans_and_later_the_new_ones() {
    let mut bench = Bench::new(one(5));
    bench.run(20_000, Some(Outcome::Pass));
    bench.now.wall_ms += 5_000;
    assert_eq!(bench.scheduler.reload(Arc::new(one(60)), bench.now), []);
    let reloaded_ms = bench.now.wall_ms;
    let (started, ended) = bench.run(120_000, Some(Outcome::Pass));
    assert!(started[0].slot.due_ms <= reloaded_ms, "the old plan's last slot is not lost");
    assert_eq!((started.len(), ended.len()), (3, 0));
    assert_eq!(started[1].slot.due_ms, every(60).due_after(&watch(), reloaded_ms).expect("a due time"));
}

#[test]
fn a_watch_that_is_left_out_ends_what_is_under_way_and_begins_nothing() {
    let two = || with(vec![("objects", canary(every(5), &["eu-1"])), ("buckets", canary(every(5), &["eu-1"]))]);
    let mut bench = Bench::new(two());
    let (started, _) = bench.run(6_000, None);
    assert_eq!(bench.scheduler.under_way(), 2);
    assert_eq!(bench.scheduler.reload(Arc::new(one(5)), bench.now), []);
    assert_eq!(bench.scheduler.under_way(), 2);
    for start in started.iter().take(2) {
        bench.end(&start.slot, Outcome::Pass);
    }
    assert!(bench.scheduler.is_idle());
    let (started, _) = bench.run(20_000, Some(Outcome::Pass));
    assert!(started.iter().all(|start| start.slot.watch == watch()) && !started.is_empty());
}

#[test]
fn what_waits_for_a_watch_that_is_left_out_is_skipped() {
    let mut plan = with(vec![("objects", canary(every(60), &["eu-1"])), ("buckets", canary(every(60), &["eu-1"]))]);
    plan.agent.slots_max = 1;
    plan.agent.wait_max = Duration::from_mins(5);
    let mut bench = Bench::new(plan);
    let (started, _) = bench.run(60_000, None);
    assert_eq!((started.len(), bench.scheduler.waiting()), (1, 1));
    let ended = bench.scheduler.reload(Arc::new(with(vec![])), bench.now);
    assert_eq!(rows(&ended), [(Outcome::Skipped, 1, "the configuration has no such canary any more")]);
}

#[test]
fn a_shutdown_starts_nothing_more_and_says_so() {
    let mut bench = Bench::new(one(5));
    let (started, _) = bench.run(6_000, None);
    bench.scheduler.drain();
    let (more, ended) = bench.run(10_000, None);
    assert_eq!(more, []);
    assert_eq!(rows(&ended), [(Outcome::Skipped, 1, "the agent shuts down"); 2]);
    assert!(!bench.scheduler.is_idle());
    bench.end(&started[0].slot, Outcome::Pass);
    assert!(bench.scheduler.is_idle());
}

#[test]
fn while_everything_is_held_slots_are_skipped_for_that_reason() {
    let mut bench = Bench::new(one(5));
    bench.scheduler.hold(Some("kill switch: drain".to_owned()));
    let (started, ended) = bench.run(10_000, Some(Outcome::Pass));
    assert_eq!(started, []);
    assert_eq!(rows(&ended), [(Outcome::Skipped, 1, "kill switch: drain"); 2]);
    bench.scheduler.hold(None);
    assert_eq!(bench.run(10_000, Some(Outcome::Pass)).0.len(), 2);
}

#[test]
fn slots_are_skipped_in_a_maintenance_that_does_not_keep_checking() {
    for (keeps_checking, starts) in [(false, 2), (true, 12)] {
        let mut plan = one(5);
        plan.maintenance = vec![maintenance(NOON_MS + 5_000, NOON_MS + 55_000, keeps_checking)];
        let (started, ended) = Bench::new(plan).run(60_000, Some(Outcome::Pass));
        assert_eq!(started.len(), starts, "keeps checking: {keeps_checking}");
        assert_eq!(rows(&ended), vec![(Outcome::Skipped, 1, "maintenance: disks"); 12 - starts]);
    }
}
