//! Overlap, room, and who goes first.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use plumb_canary::plan::Plan;
use plumb_canary::slot::Outcome;

use super::plans::{canary, every, one, plan, with};
use super::{Bench, rows};

/// So many canaries at each target, each once in so many seconds.
fn many(canaries: usize, targets: &[&str], seconds: u64) -> Plan {
    let named = |index: usize| (format!("canary-{index:04}"), canary(every(seconds), targets));
    Plan { canaries: (0..canaries).map(named).collect(), ..plan() }
}

#[test]
fn a_slot_is_shed_while_the_one_before_it_is_under_way() {
    let mut bench = Bench::new(one(5));
    let (started, ended) = bench.run(10_000, None);
    assert_eq!(rows(&ended), [(Outcome::Shed, 1, "the slot before it was still under way")]);
    bench.end(&started[0].slot, Outcome::Pass);
    assert_eq!(bench.run(5_000, None).0.len(), 1);
}

#[test]
fn slots_overlap_where_that_is_allowed() {
    let mut plan = one(5);
    plan.canaries.values_mut().for_each(|own| own.overlap = true);
    let mut bench = Bench::new(plan);
    let (started, ended) = bench.run(20_000, None);
    assert_eq!((started.len(), ended.len(), bench.scheduler.under_way()), (4, 0, 4));
}

#[test]
fn a_slot_that_finds_no_room_in_time_is_shed() {
    let mut plan = many(3, &["eu-1"], 60);
    plan.agent.slots_per_target_max = 1;
    let mut bench = Bench::new(plan);
    let (started, ended) = bench.run(60_000, None);
    assert_eq!(started.len(), 1);
    assert!(!ended.is_empty());
    for row in rows(&ended) {
        assert_eq!(row, (Outcome::Shed, 1, "no room within 5s: 1 slots under way at eu-1, 1 in all"));
    }
}

#[test]
fn a_slot_that_waits_starts_when_there_is_room_and_says_how_late() {
    let mut plan = many(2, &["eu-1"], 60);
    (plan.agent.slots_max, plan.agent.wait_max) = (1, Duration::from_mins(1));
    let mut bench = Bench::new(plan);
    let mut started = bench.run(1, None).0;
    while bench.scheduler.waiting() == 0 {
        started.extend(bench.pass(1).start);
    }
    assert_eq!(bench.pass(700).start, []);
    bench.end(&started[0].slot, Outcome::Pass);
    assert_eq!(bench.pass(0).start[0].late_ms, 700);
}

#[test]
fn a_target_that_is_full_holds_up_no_other() {
    let mut plan = many(4, &["eu-1", "us-1"], 60);
    (plan.agent.slots_per_target_max, plan.agent.wait_max) = (1, Duration::from_mins(10));
    let mut bench = Bench::new(plan);
    let mut ran: BTreeMap<String, usize> = BTreeMap::new();
    let mut polled = bench.pass(0);
    for _ in 0..1_200 {
        for start in std::mem::take(&mut polled.start) {
            *ran.entry(start.slot.watch.target.clone()).or_default() += 1;
            // What runs at eu-1 never ends.
            if start.slot.watch.target == "us-1" {
                bench.end(&start.slot, Outcome::Pass);
            }
        }
        polled = bench.pass(500);
    }
    assert_eq!(ran["eu-1"], 1);
    assert!((38..=41).contains(&ran["us-1"]), "{ran:?}");
}

#[test]
fn no_watch_starves_where_there_is_room_for_one_at_a_time() {
    let mut plan = many(10, &["eu-1"], 1);
    (plan.agent.slots_max, plan.agent.wait_max) = (1, Duration::from_mins(10));
    let mut bench = Bench::new(plan);
    let mut ran: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..200 {
        for start in bench.pass(500).start {
            *ran.entry(start.slot.watch.canary.clone()).or_default() += 1;
            bench.end(&start.slot, Outcome::Pass);
        }
    }
    assert!(ran.len() == 10 && ran.values().all(|count| (18..=22).contains(count)), "{ran:?}");
}

#[test]
fn slots_that_wait_start_in_the_order_of_their_due_times() {
    let mut plan = many(50, &["eu-1", "us-1"], 60);
    (plan.agent.slots_max, plan.agent.wait_max) = (1, Duration::from_mins(10));
    let mut bench = Bench::new(plan);
    let first = bench.run(1_500, None).0.remove(0);
    bench.pass(8_000);
    let mut due = Vec::new();
    let mut open = vec![first];
    while let Some(start) = open.pop() {
        bench.end(&start.slot, Outcome::Pass);
        due.push(start.slot.due_ms);
        open.extend(bench.pass(0).start);
    }
    assert!(due.len() > 8 && due.is_sorted(), "{due:?}");
}

#[test]
fn a_thousand_watches_at_a_second_cost_little() {
    let mut bench = Bench::new(many(1_000, &["eu-1"], 1));
    let before = Instant::now();
    let (started, ended) = bench.run(10_000, Some(Outcome::Pass));
    assert_eq!((started.len(), ended.len()), (10_000, 0));
    assert!(started.iter().all(|start| start.late_ms == 0));
    // Far more than it takes, far less than it would with a look at every watch for each.
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
}

#[test]
fn a_slot_that_nobody_started_cannot_end() {
    let mut bench = Bench::new(with(vec![("objects", canary(every(5), &["eu-1"]))]));
    let (started, _) = bench.run(6_000, None);
    let twice = [&started[0].slot, &started[0].slot];
    for slot in twice {
        bench.end(slot, Outcome::Pass);
    }
    assert_eq!(bench.scheduler.under_way(), 0);
}
