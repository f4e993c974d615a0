//! Finds out what a target has and what it lacks, in a few cases before all others.

mod reading;
mod summary;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use plumb_generator::capabilities::{Check, ROWS_MAX, checks};
use plumb_model::api::Api;
use plumb_model::space::Row;
use plumb_validator::case_run::{Shared, clean_up, run_case};
use plumb_validator::journal::Made;
use plumb_validator::session::Context;

use crate::engine::Engine;
use crate::events::{Checked, Has};
use crate::life::Life;
use crate::support::Support;
use reading::read;
use summary::summed_up;

/// The first number of the runs that find out.
pub const CHECKS_SEQUENCE: u64 = 2_000_000;
/// How far the numbers of two runs of one check are apart.
const AGAIN_STEP: u64 = 1_000;

/// What was found out about a target.
#[derive(Debug)]
pub struct Survey<'a> {
    /// One for each thing that was looked at, operation by operation.
    pub checked: Vec<Checked>,
    /// Which cases the target can be sent.
    pub support: Support<'a>,
    /// Why it ended before everything was looked at.
    pub early: Option<String>,
    /// What could not be removed.
    pub left: Vec<Made>,
}

/// What one check came to.
struct Seen {
    has: Has,
    why: String,
}

impl Seen {
    fn new(has: Has, why: impl Into<String>) -> Self {
        Self { has, why: why.into() }
    }
}

/// What the workers of a survey share.
struct Desk<'s, 'a> {
    checks: &'s [Check<'a>],
    open: Mutex<VecDeque<usize>>,
    seen: Mutex<BTreeMap<usize, Seen>>,
    /// The checks during which the target died.
    struck: Mutex<BTreeSet<usize>>,
    early: Mutex<Option<String>>,
    left: Mutex<Vec<Made>>,
}

/// Finds out what the cases of the named operations need, all operations where none is named.
pub fn survey<'a>(engine: &Engine<'a>, names: &[String], workers: usize) -> Survey<'a> {
    survey_of(engine.api, engine, names, workers)
}

/// The same of an API that lives longer than the engine does.
pub fn survey_of<'a>(api: &'a Api, engine: &Engine<'_>, names: &[String], workers: usize) -> Survey<'a> {
    let checks = checks(api, names);
    let desk = Desk {
        checks: &checks,
        open: Mutex::new((0..checks.len()).collect()),
        seen: Mutex::default(),
        struck: Mutex::default(),
        early: Mutex::default(),
        left: Mutex::default(),
    };
    std::thread::scope(|scope| (0..workers.max(1)).for_each(|_| _ = scope.spawn(|| desk.work(engine))));
    // Of cases that ran at once it is not known which one killed the target.
    let struck = std::mem::take(&mut *lock(&desk.struck));
    if !struck.is_empty() {
        lock(&desk.open).extend(struck);
        desk.work(engine);
    }
    let mut seen = into_inner(desk.seen);
    let missing = || Seen::new(Has::Unclear, "it was not asked any more");
    let each = checks.iter().enumerate().map(|(index, check)| (check, seen.remove(&index).unwrap_or_else(missing)));
    let each: Vec<(&Check<'a>, Seen)> = each.collect();
    let (checked, support) = summed_up(api, engine, &each);
    let mut early = into_inner(desk.early);
    engine.tell_kept_back(&mut early);
    Survey { checked, support, early, left: into_inner(desk.left) }
}

impl Desk<'_, '_> {
    fn work(&self, engine: &Engine<'_>) {
        let worked = engine.with_context(async |context| {
            let mut shared = Shared::default();
            while let Some(index) = self.next(engine) {
                let seen = self.look(engine, context, &mut shared, index).await;
                lock(&self.seen).insert(index, seen);
            }
            let stayed = shared.give_back(context).await;
            lock(&self.left).extend(stayed);
        });
        if let Err(why) = worked {
            lock(&self.early).get_or_insert(why);
        }
    }

    fn next(&self, engine: &Engine<'_>) -> Option<usize> {
        if lock(&self.early).is_some() {
            return None;
        }
        if let Some(why) = engine.why_over() {
            *lock(&self.early) = Some(why);
            return None;
        }
        lock(&self.open).pop_front()
    }

    /// One check: its first row, and the others only where the first says that there is no such thing.
    async fn look(&self, engine: &Engine<'_>, context: &Context<'_>, shared: &mut Shared, index: usize) -> Seen {
        let check = &self.checks[index];
        let first = match self.ask(engine, context, shared, (index, 0, &check.rows[0])).await {
            Seen { has: Has::NotProbed, why } => match &check.harmless {
                None => Seen::new(Has::NotProbed, why),
                Some(row) => self.ask(engine, context, shared, (index, check.rows.len(), row)).await,
            },
            seen => seen,
        };
        if first.has != Has::NotImplemented {
            return first;
        }
        for (place, row) in check.rows.iter().enumerate().skip(1) {
            let further = self.ask(engine, context, shared, (index, place, row)).await;
            if matches!(further.has, Has::Works | Has::Unclear) {
                let with = check.operation.space.differing(row).join(" and ");
                return Seen::new(Has::Unclear, format!("{}; with {with}: {}", first.why, further.why));
            }
        }
        first
    }

    async fn ask(
        &self,
        engine: &Engine<'_>,
        context: &Context<'_>,
        shared: &mut Shared,
        (index, place, row): (usize, usize, &Row),
    ) -> Seen {
        let check = &self.checks[index];
        let (deaths, number) = (engine.deaths(), index * (1 + ROWS_MAX) + place);
        // Whoever is asked again has other names: what was made before the target died may still be there.
        let sequence = CHECKS_SEQUENCE + deaths * AGAIN_STEP + number as u64;
        let mut run = run_case(context, shared, &check.case(engine.api, row), sequence).await;
        let seen = match engine.life_after(context, &run, deaths).await {
            Life::GoesOn => read(engine, check, &run),
            Life::BroughtBack => {
                run.left.extend(std::mem::take(shared).give_back(context).await);
                run.left = clean_up(context, run.left).await;
                lock(&self.struck).insert(index);
                Seen::new(Has::Unclear, "the target died while it was asked")
            }
            Life::Over(why) => {
                lock(&self.early).get_or_insert(format!("the target died while it was probed: {why}"));
                Seen::new(Has::Unclear, "the target died while it was asked")
            }
        };
        lock(&self.left).extend(run.left);
        seen
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
