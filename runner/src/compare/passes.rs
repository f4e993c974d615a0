//! Three passes over the same cases, interleaved.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use plumb_model::call::Case;
use plumb_validator::case_run::{CaseRun, Shared, run_case};
use plumb_validator::journal::Made;
use plumb_validator::verdict::{Unclear, Verdict};
use serde::Serialize;

use crate::compare::meeting::{Meeting, Member};
use crate::engine::{Budget, Ended, Engine, RESULTS_WAITING_MAX, Source, Worker, is_alive, lock};

/// One of the three passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pass {
    /// Against the first target.
    A,
    /// Against the first target once more, or against a second instance of it.
    Again,
    /// Against the other target.
    B,
}

impl Pass {
    /// All of them, in the order in which everything about them is kept.
    pub const ALL: [Self; 3] = [Self::A, Self::Again, Self::B];

    /// As it is called in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Again => "A'",
            Self::B => "B",
        }
    }
}

/// The orders in which one case after another is run, by all workers at the same time. Each is followed by its reverse, so that any two of
/// the passes stand as in ABBA and whatever grows or shrinks steadily weighs the same on both; and after six cases
/// each pass has been first, second and last equally often.
pub const ORDERS: [[Pass; 3]; 6] = {
    use Pass::{A, Again, B};
    [[A, B, Again], [Again, B, A], [B, Again, A], [A, Again, B], [Again, A, B], [B, A, Again]]
};

/// A case that is over against all three.
pub struct Triple {
    /// Its number.
    pub sequence: u64,
    /// The case.
    pub case: Case,
    /// What it came to, in the order of [`Pass::ALL`].
    pub runs: [CaseRun; 3],
    /// The order in which it was run.
    pub order: [Pass; 3],
}

impl Triple {
    /// What it came to in one pass.
    pub const fn run(&self, pass: Pass) -> &CaseRun {
        &self.runs[pass as usize]
    }

    /// Whether it ran in the pass `one` before it ran in the pass `other`.
    pub fn is_before(&self, one: Pass, other: Pass) -> bool {
        let place = |pass| self.order.iter().position(|own| *own == pass);
        place(one) < place(other)
    }
}

/// What could not be removed, and in which pass.
pub type Left = Vec<(Pass, Made)>;

/// One engine for each pass, in the order of [`Pass::ALL`].
pub struct Passes<'p, 'e> {
    /// The engines.
    pub engines: [&'p Engine<'e>; 3],
}

impl Passes<'_, '_> {
    /// Runs `cases` on `workers` threads until they, the budget or the life of one of the targets end. All of them
    /// are in the same pass at any time: a target that two passes go to is under no more load than the other.
    pub fn run(
        &self,
        cases: &mut (dyn Iterator<Item = Case> + Send),
        workers: usize,
        budget: Budget,
        on_done: &mut dyn FnMut(Triple),
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
        sender: &SyncSender<Triple>,
    ) -> Result<Left, String> {
        let [a, again, b] = self.engines;
        let mut lanes = [Lane::new(a)?, Lane::new(again)?, Lane::new(b)?];
        let mut orders = ORDERS.iter().cycle();
        while let Some((sequence, case)) = draw() {
            let order = orders.next().unwrap_or(&ORDERS[0]);
            let mut runs = [const { None }; 3];
            for pass in order {
                member.wait();
                let (run, died) = lanes[*pass as usize].run(&case, sequence);
                if let Some(why) = died {
                    let early = format!("the target {} died in case {}: {why}", pass.name(), case.id());
                    lock(source).early.get_or_insert(early);
                }
                runs[*pass as usize] = Some(run);
            }
            let [Some(a), Some(again), Some(b)] = runs else { unreachable!("each order names each pass") };
            if sender.send(Triple { sequence, case, runs: [a, again, b], order: *order }).is_err() {
                break;
            }
        }
        let each = Pass::ALL.into_iter().zip(lanes);
        Ok(each.flat_map(|(pass, lane)| lane.give_back().into_iter().map(move |left| (pass, left))).collect())
    }
}

/// The connection of one worker to the target of one pass.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_passes_stand_as_in_abba_and_each_place_is_held_equally_often() {
        for pair in ORDERS.chunks(2) {
            let mirrored: Vec<Pass> = pair[1].into_iter().rev().collect();
            assert_eq!(pair[0].to_vec(), mirrored);
        }
        for place in 0..3 {
            for pass in Pass::ALL {
                assert_eq!(ORDERS.iter().filter(|order| order[place] == pass).count(), 2, "{pass:?} at {place}");
            }
        }
    }
}
