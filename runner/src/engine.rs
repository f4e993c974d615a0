//! Runs many cases on a few threads, each with a runtime and a connection of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_validator::case_run::{CaseRun, Shared, clean_up, errand, run_case};
use plumb_validator::clock::TargetClock;
use plumb_validator::guard::{Bounds, Guard};
use plumb_validator::journal::{Journal, Made};
use plumb_validator::names::RunId;
use plumb_validator::session::Context;
use plumb_validator::target::Target;
use plumb_validator::transport::Transport;
use plumb_validator::verdict::Verdict;

use crate::life::{Life, died_under};
use crate::restart::Restarter;
pub use crate::worker::Worker;

/// How many results may wait for whoever reads them.
pub(crate) const RESULTS_WAITING_MAX: usize = 64;
/// How often a server that gave no answer is asked whether it lives.
pub const LIVENESS_TRIES: u32 = 3;
/// The most cases that are counted where they were not run: the others are not even made.
pub const CASES_LEFT_MAX: usize = 20_000;
/// The first number of the runs of cases during which the target died.
pub const STRUCK_SEQUENCE: u64 = 3_000_000;
/// Why a run ended that was given so many cases, or so much time.
pub const BUDGET_SPENT: &str = "the budget is spent";
/// The wait between two of these.
const LIVENESS_WAIT: Duration = Duration::from_millis(200);

/// Opens a connection for one worker.
pub type Connect<'a> = dyn Fn() -> Result<Box<dyn Transport + 'a>, String> + Sync + 'a;

/// What all workers of a run share.
pub struct Engine<'a> {
    /// The API.
    pub api: &'a Api,
    /// The target.
    pub target: &'a Target,
    /// Opens a connection.
    pub connect: &'a Connect<'a>,
    /// Set when somebody wants the run to stop.
    pub stop: &'a AtomicBool,
    /// Brings the target back where it dies; without one a run ends there.
    pub restarter: Option<&'a Restarter>,
    pub(crate) journal: Option<&'a Journal>,
    pub(crate) run: RunId,
    pub(crate) guard: Guard,
    pub(crate) target_clock: TargetClock,
}

/// For a run that nobody stops.
static NEVER: AtomicBool = AtomicBool::new(false);

/// When to stop before every case was run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// The most cases.
    pub cases: Option<u64>,
    /// The longest time.
    pub time: Option<Duration>,
}

/// A case that is over.
pub struct Done {
    /// Its number in the run.
    pub sequence: u64,
    /// The case.
    pub case: Case,
    /// What it came to.
    pub run: CaseRun,
    /// Whether the target died of it, as far as it can be told.
    pub died: bool,
}

/// A case during which the target died. Which case killed it is not known where several ran at once.
struct Struck {
    sequence: u64,
    case: Case,
    run: CaseRun,
}

/// What the workers of a run share while they work.
struct Floor<'s> {
    source: Mutex<Source<'s>>,
    left: Mutex<Vec<Made>>,
    struck: Mutex<Vec<Struck>>,
    budget: Budget,
    deadline: Option<Instant>,
}

/// How all the cases ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Why before every case was run, where so.
    pub early: Option<String>,
    /// How many cases were not run.
    pub cases_left: u64,
    /// What could not be removed.
    pub left: Vec<Made>,
}

/// What all workers of a run take their cases from.
pub(crate) struct Source<'s> {
    pub(crate) cases: &'s mut (dyn Iterator<Item = Case> + Send),
    pub(crate) next: u64,
    pub(crate) early: Option<String>,
}

impl Struck {
    /// The case with nothing said about it.
    fn unsaid(self) -> Done {
        Done { sequence: self.sequence, case: self.case, run: died_under(self.run), died: false }
    }
}

impl Floor<'_> {
    /// Ends the run; whether nobody has ended it before.
    fn ends(&self, why: String) -> bool {
        let mut source = lock(&self.source);
        let is_first = source.early.is_none();
        source.early.get_or_insert(why);
        is_first
    }
}

impl<'e> Engine<'e> {
    /// An engine for `run` that keeps no journal and that nobody stops, with a guard of its own.
    pub fn new(api: &'e Api, target: &'e Target, run: &RunId, connect: &'e Connect<'e>) -> Self {
        let (run, guard) = (run.clone(), Guard::new(run, target));
        let target_clock = TargetClock::default();
        Self { api, target, connect, restarter: None, journal: None, stop: &NEVER, run, guard, target_clock }
    }

    /// The engine, noting in `journal` what it is about to create.
    #[must_use]
    pub fn noting_in(self, journal: &'e Journal) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// The engine, bringing the target back by `restarter` where it dies.
    #[must_use]
    pub fn brought_back_by(self, restarter: Option<&'e Restarter>) -> Self {
        Self { restarter, ..self }
    }

    /// The engine, keeping within these bounds.
    #[must_use]
    pub fn bound_by(self, bounds: &Bounds) -> Self {
        Self { guard: self.guard.bound_by(bounds), ..self }
    }

    /// The engine, for nothing but removing what the run made.
    #[must_use]
    pub fn only_cleaning_up(self) -> Self {
        Self { guard: self.guard.cleaning_up(), ..self }
    }

    /// Why no further case may begin, where so: somebody stopped the run, or something keeps it back.
    pub fn why_over(&self) -> Option<String> {
        if self.stop.load(Ordering::Relaxed) {
            return Some("interrupted".into());
        }
        self.guard.bounds().keep_from_beginning()
    }

    /// How many calls the kill switch or a budget refused, and why, where there were any.
    pub fn kept_back(&self) -> Option<String> {
        let (count, why) = self.guard.kept_back()?;
        let calls = if count == 1 { "1 call was".to_owned() } else { format!("{count} calls were") };
        Some(format!("{calls} kept back: {why}"))
    }

    /// Notes that something was kept back as why a run ended early, unless something worse has ended it.
    pub fn tell_kept_back(&self, early: &mut Option<String>) {
        if early.as_ref().is_none_or(|why| why == BUDGET_SPENT)
            && let Some(why) = self.kept_back()
        {
            *early = Some(why);
        }
    }

    /// The engine, stopping once `stop` is set.
    #[must_use]
    pub fn stopped_by(self, stop: &'e AtomicBool) -> Self {
        Self { stop, ..self }
    }

    /// Runs `cases` on `workers` threads until they, the budget or the target's life end.
    pub fn run(
        &self,
        cases: &mut (dyn Iterator<Item = Case> + Send),
        workers: usize,
        budget: Budget,
        on_done: &mut dyn FnMut(Done),
    ) -> Ended {
        let floor = Floor {
            source: Mutex::new(Source { cases, next: 0, early: None }),
            left: Mutex::default(),
            struck: Mutex::default(),
            budget,
            deadline: budget.time.map(|time| Instant::now() + time),
        };
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(RESULTS_WAITING_MAX);
            for _ in 0..workers.max(1) {
                let (sender, floor) = (sender.clone(), &floor);
                scope.spawn(move || {
                    let worked = self.with_context(async |context| self.work(context, floor, &sender).await);
                    if let Err(why) = worked {
                        lock(&floor.source).early.get_or_insert(why);
                    }
                });
            }
            drop(sender);
            receiver.into_iter().for_each(&mut *on_done);
        });
        self.run_struck(&floor, on_done);
        let source = floor.source.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ended {
            cases_left: source.cases.take(CASES_LEFT_MAX).count() as u64,
            early: source.early,
            left: floor.left.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }

    async fn work(&self, context: &Context<'_>, floor: &Floor<'_>, sender: &SyncSender<Done>) {
        let (mut shared, mut deaths) = (Shared::default(), self.deaths());
        while let Some((sequence, case)) = self.next_case(&floor.source, floor.budget, floor.deadline) {
            if deaths != self.deaths() {
                // What was shared may have died with the target.
                deaths = self.deaths();
                let stayed = std::mem::take(&mut shared).give_back(context).await;
                lock(&floor.left).extend(stayed);
            }
            let mut run = run_case(context, &mut shared, &case, sequence).await;
            let life = self.life_after(context, &run, deaths).await;
            if life == Life::BroughtBack {
                run.left = clean_up(context, run.left).await;
            }
            lock(&floor.left).extend(run.left.iter().cloned());
            let died = match life {
                Life::GoesOn => false,
                Life::Over(why) => floor.ends(format!("the target died in case {}: {why}", case.id())),
                Life::BroughtBack => {
                    lock(&floor.struck).push(Struck { sequence, case, run });
                    continue;
                }
            };
            if sender.send(Done { sequence, case, run, died }).is_err() {
                break;
            }
        }
        let stayed = shared.give_back(context).await;
        lock(&floor.left).extend(stayed);
    }

    /// Runs each case during which the target died again, alone: now it shows which of them kills it.
    fn run_struck(&self, floor: &Floor<'_>, on_done: &mut dyn FnMut(Done)) {
        let mut struck = std::mem::take(&mut *lock(&floor.struck));
        struck.sort_by_key(|struck| struck.sequence);
        let Some(worker) = (!struck.is_empty()).then(|| self.worker().ok()).flatten() else {
            return struck.into_iter().for_each(|own| on_done(own.unsaid()));
        };
        for (own, number) in struck.into_iter().zip(STRUCK_SEQUENCE..) {
            let over = lock(&floor.source).early.is_some() || self.is_late(floor);
            if over || worker.is_over() {
                on_done(own.unsaid());
                continue;
            }
            let deaths = self.deaths();
            let run = worker.run_alone(&own.case, number);
            if let Some(why) = worker.over() {
                floor.ends(format!("the target died in case {}: {why}", own.case.id()));
            }
            let died = worker.is_over() || self.deaths() != deaths;
            on_done(Done { sequence: own.sequence, case: own.case, run, died });
        }
        lock(&floor.left).extend(worker.into_left());
    }

    fn is_late(&self, floor: &Floor<'_>) -> bool {
        self.why_over().is_some() || floor.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The next case with its number; none where cases, budget or the target's life have ended.
    pub(crate) fn next_case(
        &self,
        source: &Mutex<Source<'_>>,
        budget: Budget,
        deadline: Option<Instant>,
    ) -> Option<(u64, Case)> {
        let mut source = lock(source);
        if source.early.is_some() {
            return None;
        }
        if let Some(why) = self.why_over() {
            source.early = Some(why);
            return None;
        }
        let spent = budget.cases.is_some_and(|most| source.next >= most)
            || deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if spent {
            source.early = Some(BUDGET_SPENT.into());
            return None;
        }
        let case = source.cases.next()?;
        source.next += 1;
        Some((source.next - 1, case))
    }

    /// A runtime and a connection for this thread.
    pub fn worker(&self) -> Result<Worker<'_, 'e>, String> {
        // A current-thread runtime per worker costs about 0.6 of the CPU of a shared one on small requests.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("start a runtime: {error}"))?;
        let transport = {
            let _entered = runtime.enter();
            (self.connect)()?
        };
        Ok(Worker::new(self, runtime, transport))
    }

    /// Runs `work` on this thread with a runtime and a connection of its own.
    pub fn with_context<T>(&self, work: impl AsyncFnOnce(&Context<'_>) -> T) -> Result<T, String> {
        Ok(self.worker()?.with_context(work))
    }
}

/// Whether the target answers at all, and to each of our identities; if not, why.
pub async fn is_alive(context: &Context<'_>) -> Result<(), String> {
    is_alive_to(context, None).await?;
    for actor in context.target.actors.iter().skip(1) {
        let why = |why| format!("as {:?}, {why}", actor.name);
        is_alive_to(context, Some(&actor.name)).await.map_err(why)?;
    }
    Ok(())
}

async fn is_alive_to(context: &Context<'_>, actor: Option<&str>) -> Result<(), String> {
    let call = context.api.resources.liveness(&context.run.case_marker(0));
    let mut why = String::new();
    for attempt in 0..LIVENESS_TRIES {
        if attempt > 0 {
            tokio::time::sleep(LIVENESS_WAIT).await;
        }
        match errand(context, &call, actor).await {
            Ok((answer, _)) if context.api.resources.rejects_credentials(&answer) => {
                return Err(format!("it rejects the credentials: {}", answer.class()));
            }
            Ok(_) => return Ok(()),
            Err(Verdict::Inconclusive(unclear)) => why = unclear.to_string(),
            Err(verdict) => return Err(format!("the liveness call cannot be sent: {}", in_words(&verdict))),
        }
    }
    Err(why)
}

/// Why a verdict is what it is, where it does not conform.
pub fn in_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Conforms { .. } => String::new(),
        Verdict::Diverges(divergence) => divergence.signature(),
        Verdict::Inconclusive(unclear) => unclear.to_string(),
        Verdict::Skipped(why) | Verdict::Unsupported(why) | Verdict::Unmodelled(why) => why.clone(),
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
