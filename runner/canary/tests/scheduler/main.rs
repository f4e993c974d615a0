//! What becomes of due times: each ends exactly once, whatever the clock, the configuration and the slots do.

mod clocks;
mod limits;
mod plans;
mod property;
mod retries;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use plumb_canary::clock::Now;
use plumb_canary::plan::Plan;
use plumb_canary::scheduler::{Polled, Scheduler, Start};
use plumb_canary::slot::{Ended, Mark, Outcome, Slot, Watch};

/// 2026-06-01, at noon.
const NOON_MS: i64 = 1_780_315_200_000;

/// A scheduler with a clock that is turned by hand.
struct Bench {
    scheduler: Scheduler,
    now: Now,
    /// The rows of the gap before the start.
    gaps: Vec<Ended>,
}

impl Bench {
    fn new(plan: Plan) -> Self {
        Self::after(plan, &BTreeMap::new())
    }

    fn after(plan: Plan, last_due: &BTreeMap<Watch, i64>) -> Self {
        let now = Now { wall_ms: NOON_MS, since: Duration::from_secs(1) };
        let (scheduler, gaps) = Scheduler::new(Arc::new(plan), last_due, now);
        Self { scheduler, now, gaps }
    }

    /// Both clocks go on.
    fn pass(&mut self, ms: i64) -> Polled {
        self.now.since += Duration::from_millis(u64::try_from(ms).expect("time goes on"));
        self.turn(ms)
    }

    /// The clock on the wall is put forward or back.
    fn turn(&mut self, ms: i64) -> Polled {
        self.now.wall_ms += ms;
        self.scheduler.poll(self.now)
    }

    /// Polls whenever it is time to, until `ms` have passed, and takes every slot that starts for over at once, if
    /// `over`.
    fn run(&mut self, ms: i64, over: Option<Outcome>) -> (Vec<Start>, Vec<Ended>) {
        let until_ms = self.now.wall_ms + ms;
        let (mut started, mut ended) = (Vec::new(), Vec::new());
        let mut polled = self.scheduler.poll(self.now);
        loop {
            for start in &polled.start {
                if let Some(outcome) = over {
                    self.end(&start.slot, outcome);
                }
            }
            started.append(&mut polled.start);
            ended.append(&mut polled.ended);
            let wake_ms = i64::try_from(polled.wake_in.as_millis()).expect("a short time");
            if self.now.wall_ms + wake_ms > until_ms {
                return (started, ended);
            }
            polled = self.pass(wake_ms.max(1));
        }
    }

    fn end(&mut self, slot: &Slot, outcome: Outcome) {
        self.scheduler.finished(slot, &over(slot, outcome), self.now);
    }
}

/// A slot that ran.
fn over(slot: &Slot, outcome: Outcome) -> Ended {
    let mark = if outcome == Outcome::Pass { Mark::Good } else { Mark::Void };
    let conformance = if outcome == Outcome::Fail { Mark::Bad } else { mark };
    Ended { availability: mark, conformance, trouble: None, ..Ended::without_start(slot.clone(), outcome, "") }
}

/// Rows in short: how each ended, how many it stands for, and why.
fn rows(ended: &[Ended]) -> Vec<(Outcome, u32, &str)> {
    let why = |row: &'_ Ended| -> usize { row.trouble.iter().len() };
    assert_eq!(ended.iter().map(why).sum::<usize>(), ended.len(), "each says why");
    let short = |row| -> Option<(Outcome, u32, &str)> {
        let row: &Ended = row;
        Some((row.outcome, row.count, row.trouble.as_ref()?.message.as_str()))
    };
    ended.iter().filter_map(short).collect()
}
