//! Whatever happens, in whatever order: every due time is told about exactly once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use plumb_canary::clock::Now;
use plumb_canary::plan::Plan;
use plumb_canary::schedule::Cadence;
use plumb_canary::scheduler::{BACK_MAX, LATE_MAX, Polled, Scheduler, WAKE_MAX};
use plumb_canary::slot::{Ended, Mark, Outcome, Slot, SlotKind, Watch};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::plans::{canary, every, maintenance, plan};
use super::{NOON_MS, over};

/// Something that happens.
#[derive(Debug, Clone)]
enum Event {
    /// Both clocks go on, for so many milliseconds.
    Pass(i64),
    /// Both clocks go on until the next poll is due.
    Wake,
    /// The clock on the wall alone is put forward, or back.
    Turn(i64),
    /// A slot is over.
    Finish(Index, Outcome, Mark),
    /// Another plan, some time after the last poll.
    Reload(Box<Plan>, i64),
    Hold(bool),
    Drain,
}

fn cadence() -> impl Strategy<Value = Cadence> {
    let cron = |line: &str| Cadence::cron(line, "Europe/Berlin").expect("a good line");
    let lines = vec![cron("* * * * *"), cron("*/2 * * * *"), cron("*/10 * * * * *")];
    prop_oneof![select(vec![1, 2, 5, 7, 60, 90, 300]).prop_map(every), select(lines)]
}

fn plans() -> impl Strategy<Value = Plan> {
    let targets = subsequence(vec!["eu-1", "us-1", "ap-1"], 1..=3);
    let own = (cadence(), targets, any::<bool>(), prop::option::of(1_u64..30)).prop_map(
        |(cadence, targets, overlap, retry)| {
            let mut own = canary(cadence, &targets);
            (own.overlap, own.retry_every) = (overlap, retry.map(Duration::from_secs));
            own
        },
    );
    let canaries = prop::collection::btree_map(select(vec!["a", "b", "c"]).prop_map(str::to_owned), own, 0..=3);
    let pause = (-100_000_i64..300_000, 1_i64..60_000, any::<bool>());
    let pauses = prop::collection::vec(
        pause.prop_map(|(from, lasts, keeps)| maintenance(NOON_MS + from, NOON_MS + from + lasts, keeps)),
        0..2,
    );
    (canaries, 1_usize..4, 1_usize..3, select(vec![0_u64, 1, 5, 30]), pauses).prop_map(
        |(canaries, slots_max, slots_per_target_max, wait, maintenance)| {
            let mut own = Plan { canaries, maintenance, ..plan() };
            (own.agent.slots_max, own.agent.slots_per_target_max) = (slots_max, slots_per_target_max);
            own.agent.wait_max = Duration::from_secs(wait);
            own
        },
    )
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let outcome = select(vec![Outcome::Pass, Outcome::Fail, Outcome::Inconclusive]);
    let event = prop_oneof![
        12 => (0_i64..20_000).prop_map(Event::Pass),
        12 => Just(Event::Wake),
        12 => (any::<Index>(), outcome, select(vec![Mark::Good, Mark::Bad, Mark::Void]))
            .prop_map(|(which, outcome, mark)| Event::Finish(which, outcome, mark)),
        2 => (0_i64..400_000_000).prop_map(Event::Turn),
        2 => (-50_000_i64..0).prop_map(Event::Turn),
        1 => (-100_000_000_i64..-70_000).prop_map(Event::Turn),
        2 => (plans(), 0_i64..20_000).prop_map(|(plan, later)| Event::Reload(Box::new(plan), later)),
        1 => any::<bool>().prop_map(Event::Hold),
        1 => prop_oneof![9 => Just(Event::Wake), 1 => Just(Event::Drain)],
    ];
    prop::collection::vec(event, 1..120)
}

/// Due times of one watch that have to be told about, in order: those of one cadence from one moment to another.
#[derive(Debug)]
struct Owed {
    cadence: Cadence,
    /// Up to here they have been told about.
    told_ms: i64,
    /// The latest time that the clock has shown meanwhile: nothing later is owed.
    until_ms: i64,
    /// Whether it goes on.
    open: bool,
}

/// What must hold, kept apart from what does it.
struct Witness {
    scheduler: Scheduler,
    now: Now,
    plan: Arc<Plan>,
    owed: BTreeMap<Watch, VecDeque<Owed>>,
    /// Every slot that there has been, and the last of every row.
    met: BTreeSet<(Watch, SlotKind, i64)>,
    running: Vec<Slot>,
    failing: BTreeSet<Watch>,
    high_ms: i64,
    /// Whether the clock was put back so far that due times come again.
    went_back: bool,
    held: bool,
    draining: bool,
}

impl Witness {
    fn new(plan: Plan, gaps: &[i64]) -> Self {
        let now = Now { wall_ms: NOON_MS, since: Duration::from_secs(7) };
        let plan = Arc::new(plan);
        let last_due: BTreeMap<Watch, i64> =
            plan.watches().zip(gaps).map(|((watch, _), gap_ms)| (watch, NOON_MS - gap_ms)).collect();
        let (scheduler, ended) = Scheduler::new(Arc::clone(&plan), &last_due, now);
        let mut own = Self {
            scheduler,
            now,
            plan: Arc::clone(&plan),
            owed: BTreeMap::new(),
            met: BTreeSet::new(),
            running: Vec::new(),
            failing: BTreeSet::new(),
            high_ms: NOON_MS,
            went_back: false,
            held: false,
            draining: false,
        };
        for (watch, canary) in plan.watches() {
            let told_ms = last_due.get(&watch).copied().unwrap_or(NOON_MS);
            own.owe(watch, canary.cadence.clone(), told_ms);
        }
        own.read(&ended);
        own
    }

    fn owe(&mut self, watch: Watch, cadence: Cadence, told_ms: i64) {
        self.owed.entry(watch).or_default().push_back(Owed {
            cadence,
            told_ms,
            until_ms: self.now.wall_ms,
            open: true,
        });
    }

    /// Takes in what the clock shows, as the scheduler is about to.
    fn look(&mut self) {
        if self.now.wall_ms < self.high_ms - i64::try_from(BACK_MAX.as_millis()).expect("a minute") {
            self.went_back = true;
            for owed in self.owed.values_mut() {
                let Some(last) = owed.back_mut().filter(|last| last.open) else { continue };
                last.open = false;
                let cadence = last.cadence.clone();
                owed.push_back(Owed { cadence, told_ms: self.now.wall_ms, until_ms: self.now.wall_ms, open: true });
            }
            self.high_ms = self.now.wall_ms;
        }
        self.high_ms = self.high_ms.max(self.now.wall_ms);
        for own in self.owed.values_mut().flatten().filter(|own| own.open) {
            own.until_ms = own.until_ms.max(self.now.wall_ms);
        }
    }

    fn poll(&mut self) -> Polled {
        self.look();
        let polled = self.scheduler.poll(self.now);
        self.read(&polled.ended);
        let limits = &Arc::clone(&self.plan).agent;
        for start in &polled.start {
            assert!(!self.held && !self.draining, "nothing starts while all is kept back");
            self.starts(&start.slot);
            let at_target = self.running.iter().filter(|own| own.watch.target == start.slot.watch.target).count();
            assert!(self.running.len() <= limits.slots_max && at_target <= limits.slots_per_target_max, "room");
            let late_max = limits.wait_max + 2 * LATE_MAX;
            assert!(u128::from(start.late_ms) <= late_max.as_millis() + 20_000, "{start:?} is late");
        }
        assert!(polled.wake_in <= WAKE_MAX);
        assert_eq!(self.scheduler.under_way(), self.running.len());
        polled
    }

    fn starts(&mut self, slot: &Slot) {
        let canary = Arc::clone(&self.plan).canary(&slot.watch).expect("a canary of the plan").clone();
        let before = self.running.iter().filter(|own| own.watch == slot.watch);
        let may_overlap = canary.overlap && slot.kind == SlotKind::Scheduled;
        assert!(may_overlap || before.count() == 0, "{slot:?} overlaps");
        let moved_ms = if self.went_back { 63 } else { 0 };
        assert!(slot.due_ms - moved_ms <= self.high_ms, "{slot:?} is early");
        if slot.kind == SlotKind::Scheduled {
            self.told(slot, 1, slot.due_ms);
        } else {
            assert!(canary.retry_every.is_some() && self.failing.contains(&slot.watch), "{slot:?} has no reason");
            assert!(self.met.insert((slot.watch.clone(), slot.kind, slot.due_ms)), "{slot:?} was there before");
        }
        self.running.push(slot.clone());
    }

    fn read(&mut self, ended: &[Ended]) {
        for row in ended {
            assert!(!row.outcome.ran() && row.slot.kind == SlotKind::Scheduled && row.count > 0, "{row:?}");
            assert!(row.count == 1 || row.outcome == Outcome::Missed, "{row:?}");
            self.told(&row.slot, row.count, row.last_due_ms);
        }
    }

    /// Takes in that so many due times of a watch have been told about: they must be the next that are owed.
    fn told(&mut self, slot: &Slot, count: u32, last_due_ms: i64) {
        let most_ms = if self.went_back { 63 } else { 0 };
        let watch = &slot.watch;
        let owed = self.owed.get_mut(watch).expect("a watch that was there");
        let (own, first_ms) = loop {
            let own = owed.front_mut().expect("something is owed");
            let next_ms = own.cadence.due_after(watch, own.told_ms).expect("the calendar goes on");
            if own.open || next_ms <= own.until_ms {
                break (own, next_ms);
            }
            owed.pop_front();
        };
        let moved_ms = slot.due_ms - first_ms;
        assert!((0..=most_ms).contains(&moved_ms), "{slot:?} is told about, {first_ms} is owed");
        let stretch = own.cadence.count_between(watch, own.told_ms, last_due_ms).expect("some due times");
        assert_eq!(stretch.count, count, "{slot:?} to {last_due_ms}");
        assert!((0..=most_ms).contains(&(last_due_ms - stretch.last_ms)), "{slot:?} to {last_due_ms}");
        assert!(own.until_ms >= stretch.last_ms, "{slot:?} to {last_due_ms} is not due");
        own.told_ms = stretch.last_ms;
        let ends = BTreeSet::from([slot.due_ms, last_due_ms]);
        for due_ms in ends {
            assert!(self.met.insert((watch.clone(), slot.kind, due_ms)), "{slot:?} to {last_due_ms} was there before");
        }
    }

    fn finish(&mut self, which: Option<&Index>, outcome: Outcome, availability: Mark) {
        if self.running.is_empty() {
            return;
        }
        let slot = self.running.swap_remove(which.map_or(0, |which| which.index(self.running.len())));
        let ended = Ended { availability, ..over(&slot, outcome) };
        self.scheduler.finished(&slot, &ended, self.now);
        if outcome == Outcome::Fail || availability == Mark::Bad {
            self.failing.insert(slot.watch);
        } else if outcome == Outcome::Pass {
            self.failing.remove(&slot.watch);
        }
    }

    fn reload(&mut self, plan: Plan) {
        self.look();
        let plan = Arc::new(plan);
        let ended = self.scheduler.reload(Arc::clone(&plan), self.now);
        let mut last_told: BTreeMap<Watch, i64> = BTreeMap::new();
        for (watch, owed) in &mut self.owed {
            let Some(last) = owed.back_mut().filter(|last| last.open) else { continue };
            last.open = false;
            let found = last.cadence.count_between(watch, last.told_ms, last.until_ms);
            last_told.insert(watch.clone(), found.map_or(last.told_ms, |found| found.last_ms));
        }
        self.read(&ended);
        self.plan = Arc::clone(&plan);
        for (watch, canary) in plan.watches() {
            let told_ms = last_told.get(&watch).copied().unwrap_or(i64::MIN).max(self.high_ms);
            self.owe(watch, canary.cadence.clone(), told_ms);
        }
    }

    fn happen(&mut self, event: &Event, wake_in: Duration) {
        let pass = |now: &mut Now, ms: i64| {
            now.wall_ms += ms;
            now.since += Duration::from_millis(u64::try_from(ms).expect("time goes on"));
        };
        match event {
            Event::Pass(ms) => pass(&mut self.now, *ms),
            Event::Wake => pass(&mut self.now, i64::try_from(wake_in.as_millis()).expect("a short time")),
            Event::Turn(ms) => self.now.wall_ms += ms,
            Event::Finish(which, outcome, mark) => self.finish(Some(which), *outcome, *mark),
            Event::Reload(plan, later_ms) => {
                pass(&mut self.now, *later_ms);
                self.reload(Plan::clone(plan));
            }
            Event::Hold(held) => {
                self.held = *held;
                self.scheduler.hold(held.then(|| "kill switch: halt".to_owned()));
            }
            Event::Drain => {
                self.draining = true;
                self.scheduler.drain();
            }
        }
    }

    /// Shuts down; then nothing may be owed.
    fn close(mut self) {
        self.scheduler.drain();
        self.draining = true;
        self.poll();
        while !self.running.is_empty() {
            self.finish(None, Outcome::Pass, Mark::Good);
        }
        assert!(self.scheduler.is_idle());
        assert_eq!(self.poll().start, []);
        for (watch, owed) in &self.owed {
            for own in owed {
                let lost = own.cadence.count_between(watch, own.told_ms, own.until_ms);
                assert_eq!(lost, None, "{watch} was not told about");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn every_due_time_is_told_about_exactly_once(
        plan in plans(),
        gaps in prop::collection::vec(0_i64..10_000_000, 0..9),
        events in events(),
    ) {
        let mut witness = Witness::new(plan, &gaps);
        let mut wake_in = witness.poll().wake_in;
        for event in &events {
            witness.happen(event, wake_in);
            wake_in = witness.poll().wake_in;
        }
        witness.close();
    }
}
