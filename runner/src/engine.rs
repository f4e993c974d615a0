//! Runs many cases on a few threads, each with a runtime and a connection of its own.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use plumb_model::api::Api;
use plumb_model::bodies::Bodies;
use plumb_model::call::Case;
use plumb_validator::case_run::{CaseRun, Shared, errand, run_case};
use plumb_validator::clock::{SystemClock, TargetClock};
use plumb_validator::guard::Guard;
use plumb_validator::journal::{Journal, Made};
use plumb_validator::names::RunId;
use plumb_validator::session::Context;
use plumb_validator::target::Target;
use plumb_validator::transport::Transport;
use plumb_validator::verdict::{Unclear, Verdict};

/// How many results may wait for whoever reads them.
pub(crate) const RESULTS_WAITING_MAX: usize = 64;
/// How often a server that gave no answer is asked whether it lives.
pub const LIVENESS_TRIES: u32 = 3;
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
    journal: Option<&'a Journal>,
    run: RunId,
    guard: Guard,
    target_clock: TargetClock,
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

impl<'e> Engine<'e> {
    /// An engine for `run` that keeps no journal and that nobody stops, with a guard of its own.
    pub fn new(api: &'e Api, target: &'e Target, run: &RunId, connect: &'e Connect<'e>) -> Self {
        let (run, guard) = (run.clone(), Guard::new(run, target));
        Self { api, target, connect, journal: None, stop: &NEVER, run, guard, target_clock: TargetClock::default() }
    }

    /// The engine, noting in `journal` what it is about to create.
    #[must_use]
    pub fn noting_in(self, journal: &'e Journal) -> Self {
        Self { journal: Some(journal), ..self }
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
        let deadline = budget.time.map(|time| Instant::now() + time);
        let source = Mutex::new(Source { cases, next: 0, early: None });
        let left = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(RESULTS_WAITING_MAX);
            for _ in 0..workers.max(1) {
                let (sender, source, left) = (sender.clone(), &source, &left);
                scope.spawn(move || {
                    if let Err(why) = self.work(source, budget, deadline, &sender, left) {
                        lock(source).early.get_or_insert(why);
                    }
                });
            }
            drop(sender);
            receiver.into_iter().for_each(on_done);
        });
        let source = source.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ended {
            cases_left: source.cases.count() as u64,
            early: source.early,
            left: left.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn work(
        &self,
        source: &Mutex<Source<'_>>,
        budget: Budget,
        deadline: Option<Instant>,
        sender: &SyncSender<Done>,
        left: &Mutex<Vec<Made>>,
    ) -> Result<(), String> {
        self.with_context(async |context| {
            let mut shared = Shared::default();
            while let Some((sequence, case)) = self.next_case(source, budget, deadline) {
                let run = run_case(context, &mut shared, &case, sequence).await;
                let silent =
                    matches!(&run.verdict, Verdict::Inconclusive(Unclear::NoAnswer(_) | Unclear::Unreachable(_)));
                if silent && let Err(why) = is_alive(context).await {
                    lock(source).early.get_or_insert(format!("the target died in case {}: {why}", case.id()));
                }
                lock(left).extend(run.left.iter().cloned());
                if sender.send(Done { sequence, case, run }).is_err() {
                    break;
                }
            }
            let stayed = shared.give_back(context).await;
            lock(left).extend(stayed);
        })
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
        if self.stop.load(Ordering::Relaxed) {
            source.early = Some("interrupted".into());
            return None;
        }
        let spent = budget.cases.is_some_and(|most| source.next >= most)
            || deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if spent {
            source.early = Some("the budget is spent".into());
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
        Ok(Worker { engine: self, runtime, transport, bodies: Bodies::new(), left: RefCell::default() })
    }

    /// Runs `work` on this thread with a runtime and a connection of its own.
    pub fn with_context<T>(&self, work: impl AsyncFnOnce(&Context<'_>) -> T) -> Result<T, String> {
        Ok(self.worker()?.with_context(work))
    }
}

/// A runtime, a connection and a pool of bodies for one thread.
pub struct Worker<'s, 'e> {
    engine: &'s Engine<'e>,
    runtime: tokio::runtime::Runtime,
    transport: Box<dyn Transport + 'e>,
    bodies: Bodies,
    left: RefCell<Vec<Made>>,
}

impl Worker<'_, '_> {
    /// Runs `work` to its end.
    pub fn with_context<T>(&self, work: impl AsyncFnOnce(&Context<'_>) -> T) -> T {
        let engine = self.engine;
        let context = Context {
            api: engine.api,
            target: engine.target,
            transport: &*self.transport,
            run: &engine.run,
            guard: &engine.guard,
            journal: engine.journal,
            clock: &SystemClock,
            target_clock: &engine.target_clock,
            bodies: &self.bodies,
        };
        self.runtime.block_on(work(&context))
    }

    /// Runs one case with nothing shared, and removes whatever it made.
    pub fn run_alone(&self, case: &Case, sequence: u64) -> CaseRun {
        self.with_context(async |context| {
            let mut shared = Shared::default();
            let mut run = run_case(context, &mut shared, case, sequence).await;
            run.left.extend(shared.give_back(context).await);
            self.left.borrow_mut().extend(run.left.iter().cloned());
            run
        })
    }

    /// What cases that ran alone could not remove.
    pub fn into_left(self) -> Vec<Made> {
        self.left.into_inner()
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
