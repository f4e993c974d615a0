//! Rounds of the same case against several targets, interleaved.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use plumb_model::call::Case;
use plumb_validator::case_run::{CaseRun, Shared, run_case};
use plumb_validator::journal::Made;
use plumb_validator::verdict::{Unclear, Verdict};

use crate::compare::meeting::{Meeting, Member};
use crate::engine::{Budget, Ended, Engine, RESULTS_WAITING_MAX, Source, Worker, is_alive, lock};

/// A case that is over against all of them.
pub struct Round<const N: usize> {
    /// Its number.
    pub sequence: u64,
    /// The case.
    pub case: Case,
    /// What it came to at each.
    pub runs: [CaseRun; N],
    /// The order in which it was run.
    pub order: [usize; N],
}

impl<const N: usize> Round<N> {
    /// Whether it ran at `one` before it ran at `other`.
    pub fn is_before(&self, one: usize, other: usize) -> bool {
        let place = |lane: usize| self.order.iter().position(|own| *own == lane);
        place(one) < place(other)
    }
}

/// What could not be removed, and at which of them.
pub type Left = Vec<(usize, Made)>;

/// An engine for each, their names, and the orders in which one case after another is run, by all workers at the same time.
pub struct Rounds<'p, 'e, const N: usize> {
    /// The engines.
    pub engines: [&'p Engine<'e>; N],
    /// How each is called where it dies.
    pub names: [&'static str; N],
    /// The orders, again and again.
    pub orders: &'static [[usize; N]],
}

impl<const N: usize> Rounds<'_, '_, N> {
    /// Runs `cases` on `workers` threads until they, the budget or the life of one of the targets end. All of them
    /// are in the same pass at any time: a target that two passes go to is under no more load than the other.
    pub fn run(
        &self,
        cases: &mut (dyn Iterator<Item = Case> + Send),
        workers: usize,
        budget: Budget,
        on_done: &mut dyn FnMut(Round<N>),
    ) -> (Ended, Left) {
        let deadline = budget.time.map(|time| Instant::now() + time);
        let source = Mutex::new(Source { cases, next: 0, early: None });
        let left = Mutex::new(Left::new());
        let meeting = Meeting::new(workers.max(1));
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(RESULTS_WAITING_MAX);
            for _ in 0..workers.max(1) {
                let (sender, source, left, member) = (sender.clone(), &source, &left, meeting.member());
                let draw = move || self.engines[0].next_case(source, budget, deadline);
                scope.spawn(move || match self.work(source, &draw, &member, &sender) {
                    Ok(stayed) => lock(left).extend(stayed),
                    Err(why) => _ = lock(source).early.get_or_insert(why),
                });
            }
            drop(sender);
            receiver.into_iter().for_each(on_done);
        });
        let source = source.into_inner().unwrap_or_else(PoisonError::into_inner);
        let ended = Ended { cases_left: source.cases.count() as u64, early: source.early, left: Vec::new() };
        (ended, left.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn work(
        &self,
        source: &Mutex<Source<'_>>,
        draw: &dyn Fn() -> Option<(u64, Case)>,
        member: &Member<'_>,
        sender: &SyncSender<Round<N>>,
    ) -> Result<Left, String> {
        let mut lanes = self.engines.iter().map(|engine| Lane::new(engine)).collect::<Result<Vec<_>, _>>()?;
        let mut orders = self.orders.iter().cycle();
        while let Some((sequence, case)) = draw() {
            let order = *orders.next().unwrap_or(&self.orders[0]);
            let mut runs = [const { None }; N];
            for lane in order {
                member.wait();
                let (run, died) = lanes[lane].run(&case, sequence);
                if let Some(why) = died {
                    let early = format!("the target {} died in case {}: {why}", self.names[lane], case.id());
                    lock(source).early.get_or_insert(early);
                }
                runs[lane] = Some(run);
            }
            let runs = runs.map(|run| run.unwrap_or_else(|| unreachable!("each order names each of them")));
            if sender.send(Round { sequence, case, runs, order }).is_err() {
                break;
            }
        }
        let each = lanes.into_iter().enumerate();
        Ok(each.flat_map(|(at, lane)| lane.give_back().into_iter().map(move |left| (at, left))).collect())
    }
}

/// The connection of one worker to one target.
struct Lane<'p, 'e> {
    worker: Worker<'p, 'e>,
    shared: Shared,
    left: Vec<Made>,
}

impl<'p, 'e> Lane<'p, 'e> {
    fn new(engine: &'p Engine<'e>) -> Result<Self, String> {
        Ok(Self { worker: engine.worker()?, shared: Shared::default(), left: Vec::new() })
    }

    /// Runs a case; tells besides why the target seems to be dead, where it does.
    fn run(&mut self, case: &Case, sequence: u64) -> (CaseRun, Option<String>) {
        let shared = &mut self.shared;
        let (run, died) = self.worker.with_context(async |context| {
            let run = run_case(context, shared, case, sequence).await;
            let silent = matches!(&run.verdict, Verdict::Inconclusive(Unclear::NoAnswer(_) | Unclear::Unreachable(_)));
            let died = if silent { is_alive(context).await.err() } else { None };
            (run, died)
        });
        self.left.extend(run.left.iter().cloned());
        (run, died)
    }

    /// Removes what was shared; tells everything that stayed.
    fn give_back(self) -> Vec<Made> {
        let Self { worker, shared, mut left } = self;
        left.extend(worker.with_context(async |context| shared.give_back(context).await));
        left
    }
}
