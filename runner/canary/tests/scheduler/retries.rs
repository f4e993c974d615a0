//! Slots that run sooner because the one before was bad.

use std::time::Duration;

use plumb_canary::plan::Plan;
use plumb_canary::scheduler::Start;
use plumb_canary::slot::{Ended, Mark, Outcome, SlotKind};

use super::plans::{maintenance, one};
use super::{Bench, NOON_MS, over};

fn with_retries(seconds: u64, retry: u64) -> Plan {
    let mut plan = one(seconds);
    plan.canaries.values_mut().for_each(|own| own.retry_every = Some(Duration::from_secs(retry)));
    plan
}

fn kinds(started: &[Start]) -> Vec<SlotKind> {
    started.iter().map(|start| start.slot.kind).collect()
}

/// The first slot that starts.
fn first(bench: &mut Bench) -> Start {
    loop {
        if let Some(start) = bench.pass(100).start.pop() {
            return start;
        }
    }
}

#[test]
fn retries_run_after_a_bad_slot_until_one_is_good() {
    let mut bench = Bench::new(with_retries(60, 10));
    let first = first(&mut bench);
    bench.end(&first.slot, Outcome::Fail);
    let (started, _) = bench.run(25_000, Some(Outcome::Inconclusive));
    assert_eq!(kinds(&started), [SlotKind::Retry; 2]);
    let after: Vec<i64> = started.iter().map(|start| start.slot.due_ms - first.slot.due_ms).collect();
    assert!((10_000..=10_200).contains(&after[0]) && (20_000..=20_400).contains(&after[1]), "{after:?}");
    let (started, _) = bench.run(10_000, Some(Outcome::Pass));
    assert_eq!(kinds(&started), [SlotKind::Retry]);
    let (started, _) = bench.run(60_000, Some(Outcome::Pass));
    assert_eq!(kinds(&started), [SlotKind::Scheduled]);
}

#[test]
fn what_is_bad_on_the_axis_of_availability_is_run_again_too() {
    let mut bench = Bench::new(with_retries(60, 10));
    let slot = &first(&mut bench).slot;
    let ended = Ended { availability: Mark::Bad, ..over(slot, Outcome::Inconclusive) };
    bench.scheduler.finished(slot, &ended, bench.now);
    let (started, _) = bench.run(30_000, Some(Outcome::Pass));
    assert_eq!(kinds(&started), [SlotKind::Retry]);
}

#[test]
fn a_scheduled_slot_that_is_due_sooner_goes_first() {
    let (started, _) = Bench::new(with_retries(10, 10)).run(100_000, Some(Outcome::Fail));
    assert_eq!(kinds(&started), [SlotKind::Scheduled; 10]);
}

#[test]
fn nothing_is_run_again_where_nobody_asked_for_it() {
    let (started, _) = Bench::new(one(60)).run(600_000, Some(Outcome::Fail));
    assert_eq!(kinds(&started), [SlotKind::Scheduled; 10]);
}

#[test]
fn a_scheduled_slot_waits_for_a_retry_that_is_under_way() {
    let mut bench = Bench::new(with_retries(60, 50));
    let (started, _) = bench.run(60_000, Some(Outcome::Fail));
    assert_eq!(kinds(&started), [SlotKind::Scheduled]);
    let due_ms = bench.scheduler.next_due_ms(&super::plans::watch()).expect("a due time");
    let (retry, ended) = bench.run(due_ms - bench.now.wall_ms + 2_000, None);
    assert_eq!((kinds(&retry), ended.len(), bench.scheduler.waiting()), (vec![SlotKind::Retry], 0, 1));
    bench.end(&retry[0].slot, Outcome::Pass);
    let polled = bench.pass(0);
    assert_eq!(kinds(&polled.start), [SlotKind::Scheduled]);
    assert!(polled.start[0].late_ms >= 1_000);
}

#[test]
fn retries_that_find_no_room_leave_no_row() {
    let mut plan = with_retries(60, 5);
    plan.maintenance = vec![maintenance(NOON_MS + 60_000, NOON_MS + 90_000, false)];
    let mut bench = Bench::new(plan);
    let (started, _) = bench.run(60_000, Some(Outcome::Fail));
    assert!(kinds(&started).contains(&SlotKind::Retry));
    let (started, ended) = bench.run(29_000, Some(Outcome::Fail));
    assert_eq!(started, []);
    assert!(ended.iter().all(|row| row.slot.kind == SlotKind::Scheduled));
    assert!(kinds(&bench.run(20_000, Some(Outcome::Fail)).0).contains(&SlotKind::Retry), "and go on after it");
}

#[test]
fn of_a_retry_and_a_scheduled_slot_that_are_both_late_the_scheduled_one_runs() {
    let mut bench = Bench::new(with_retries(15, 10));
    let first = first(&mut bench);
    bench.end(&first.slot, Outcome::Fail);
    let polled = bench.pass(16_000);
    assert_eq!(kinds(&polled.start), [SlotKind::Scheduled]);
}
