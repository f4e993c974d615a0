//! Plays many scenarios on a few threads, each with a runtime and a connection of its own.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use plumb_steps::executor::{Prepared, Setting, Waivers, play};
use plumb_steps::feature::Scenario;
use plumb_steps::played::{Outcome, Played};
use plumb_validator::journal::{Made, Part};
use plumb_validator::pool::Pool;
use plumb_validator::session::Context;

use crate::engine::{Engine, RESULTS_WAITING_MAX, is_alive, lock};

/// How scenarios are played.
pub struct Terms {
    /// How many at once; those that are `@serial` come after all others, one by one.
    pub workers: usize,
    /// Whether nothing begins any more once a scenario has failed.
    pub fail_fast: bool,
    /// Which answers that the model forbids are accepted.
    pub waivers: Waivers,
}

/// How all the scenarios ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Why before every scenario was played, where so.
    pub early: Option<String>,
    /// How many were not played.
    pub left_out: u64,
    /// What could not be removed.
    pub left: Vec<Made>,
    /// Parts of what is not ours that could not be emptied.
    pub parts_left: Vec<Part>,
}

/// What the threads share.
struct Floor<'s> {
    scenarios: Vec<&'s Prepared>,
    next: AtomicUsize,
    over: Mutex<Option<String>>,
    left: Mutex<Vec<Made>>,
    has_failed: AtomicBool,
    terms: &'s Terms,
    pool: &'s Pool,
}

impl<'s> Floor<'s> {
    fn new(scenarios: Vec<&'s Prepared>, terms: &'s Terms, pool: &'s Pool) -> Self {
        let (next, over, left) = (AtomicUsize::new(0), Mutex::default(), Mutex::default());
        Self { scenarios, next, over, left, has_failed: AtomicBool::new(false), terms, pool }
    }

    /// The next scenario, while nothing has ended the run.
    fn next(&self, engine: &Engine<'_>) -> Option<&'s Prepared> {
        if let Some(why) = engine.why_over() {
            self.ends(&why);
        }
        let some_are_left = self.next.load(Ordering::Relaxed) < self.scenarios.len();
        if self.terms.fail_fast && some_are_left && self.has_failed.load(Ordering::Relaxed) {
            self.ends("a scenario failed");
        }
        if lock(&self.over).is_some() {
            return None;
        }
        self.scenarios.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }

    fn ends(&self, why: &str) {
        lock(&self.over).get_or_insert_with(|| why.to_owned());
    }
}

/// Plays `scenarios`, which borrow of `pool`, and tells each attempt as it is over. At the end the pool removes what it
/// made.
pub fn play_all(
    engine: &Engine<'_>,
    pool: &Pool,
    scenarios: &[Prepared],
    terms: &Terms,
    on_played: &mut dyn FnMut(Played),
) -> Ended {
    let (serial, parallel): (Vec<_>, Vec<_>) = scenarios.iter().partition(|own| own.scenario.terms.serial);
    let numbers = AtomicUsize::new(0);
    let mut all = Ended::default();
    for (scenarios, workers) in [(parallel, terms.workers), (serial, 1)] {
        if scenarios.is_empty() {
            continue;
        }
        let floor = Floor::new(scenarios, terms, pool);
        if let Some(why) = &all.early {
            floor.ends(why);
        }
        let played = play_together(engine, &floor, workers, &numbers, on_played);
        all.left_out += (floor.scenarios.len() - played) as u64;
        all.left.extend(floor.left.into_inner().unwrap_or_else(PoisonError::into_inner));
        all.early = floor.over.into_inner().unwrap_or_else(PoisonError::into_inner);
    }
    match engine.with_context(async |context| pool.close(context).await) {
        Ok(left) => {
            all.left.extend(left.made);
            all.parts_left = left.parts;
        }
        Err(why) => _ = all.early.get_or_insert(why),
    }
    all
}

/// Tells how many scenarios were played to their last attempt.
fn play_together(
    engine: &Engine<'_>,
    floor: &Floor<'_>,
    workers: usize,
    numbers: &AtomicUsize,
    on_played: &mut dyn FnMut(Played),
) -> usize {
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(RESULTS_WAITING_MAX);
        for _ in 0..workers.clamp(1, floor.scenarios.len()) {
            let (sender, done) = (sender.clone(), &done);
            scope.spawn(move || {
                let work = async |context: &Context<'_>| work(engine, context, floor, (numbers, done), &sender).await;
                if let Err(why) = engine.with_context(work) {
                    floor.ends(&why);
                }
            });
        }
        drop(sender);
        receiver.into_iter().for_each(on_played);
    });
    done.into_inner()
}

async fn work(
    engine: &Engine<'_>,
    context: &Context<'_>,
    floor: &Floor<'_>,
    (numbers, done): (&AtomicUsize, &AtomicUsize),
    sender: &SyncSender<Played>,
) {
    let setting = Setting { waivers: Some(&floor.terms.waivers), ..Setting::new(context, floor.pool) };
    while let Some(prepared) = floor.next(engine) {
        for attempt in 1..=prepared.scenario.terms.retries + 1 {
            let number = numbers.fetch_add(1, Ordering::Relaxed) as u64;
            let ended = play(&setting, prepared, number).await;
            lock(&floor.left).extend(ended.left);
            let is_last = is_final(&ended.played, attempt, &prepared.scenario) || engine.why_over().is_some();
            if ended.played.outcome == Outcome::Inconclusive && is_last {
                look_after(context, floor, &prepared.scenario.id).await;
            }
            let has_failed = is_last && ended.played.outcome == Outcome::Failed && !ended.played.ends_in_accepted;
            floor.has_failed.fetch_or(has_failed, Ordering::Relaxed);
            let sent = sender.send(Played { attempt, ..ended.played });
            if is_last || sent.is_err() {
                break;
            }
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether an attempt is the last: nothing is left to be shown by another one, or there is none.
pub(crate) fn is_final(played: &Played, attempt: u32, scenario: &Scenario) -> bool {
    let may_be_better = matches!(played.outcome, Outcome::Failed | Outcome::Inconclusive) && !played.ends_in_accepted;
    !may_be_better || attempt > scenario.terms.retries
}

/// One dead server is one sentence, and not a page of scenarios of which nothing can be said.
async fn look_after(context: &Context<'_>, floor: &Floor<'_>, id: &str) {
    if let Err(why) = is_alive(context).await {
        floor.ends(&format!("the target gives no answer any more since {id}: {why}"));
    }
}
