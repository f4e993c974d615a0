//! One thread's way to the target: a runtime, a connection, and cases one after the other.

use std::cell::RefCell;

use plumb_model::bodies::Bodies;
use plumb_model::call::Case;
use plumb_validator::case_run::{CaseRun, Shared, clean_up, run_case};
use plumb_validator::clock::SystemClock;
use plumb_validator::journal::Made;
use plumb_validator::session::Context;
use plumb_validator::transport::{Transport, Unshared};
use tokio::runtime::Runtime;

use crate::engine::Engine;
use crate::life::Life;

/// A runtime, a connection and a pool of bodies for one thread.
pub struct Worker<'s, 'e> {
    engine: &'s Engine<'e>,
    runtime: Runtime,
    transport: Box<dyn Transport + 'e>,
    bodies: Bodies,
    left: RefCell<Vec<Made>>,
    over: RefCell<Option<String>>,
}

impl<'s, 'e> Worker<'s, 'e> {
    pub(crate) fn new(engine: &'s Engine<'e>, runtime: Runtime, transport: Box<dyn Transport + 'e>) -> Self {
        let (bodies, left, over) = (Bodies::new(), RefCell::default(), RefCell::default());
        Self { engine, runtime, transport, bodies, left, over }
    }

    /// Runs `work` to its end.
    pub fn with_context<T>(&self, work: impl AsyncFnOnce(&Context<'_>) -> T) -> T {
        self.with_transport(&*self.transport, work)
    }

    fn with_transport<T>(&self, transport: &dyn Transport, work: impl AsyncFnOnce(&Context<'_>) -> T) -> T {
        let engine = self.engine;
        let context = Context {
            api: engine.api,
            target: engine.target,
            transport,
            run: &engine.run,
            guard: &engine.guard,
            journal: engine.journal,
            clock: &SystemClock,
            target_clock: &engine.target_clock,
            bodies: &self.bodies,
        };
        self.runtime.block_on(work(&context))
    }

    /// Runs one case with nothing shared, and removes whatever it made. Where the target dies of it, it is brought
    /// back.
    pub fn run_alone(&self, case: &Case, sequence: u64) -> CaseRun {
        self.with_context(async |context| self.run_alone_in(context, case, sequence).await)
    }

    /// The same with a connection for each request.
    pub fn run_unshared(&self, case: &Case, sequence: u64) -> CaseRun {
        let unshared = Unshared(&*self.transport);
        self.with_transport(&unshared, async |context| self.run_alone_in(context, case, sequence).await)
    }

    async fn run_alone_in(&self, context: &Context<'_>, case: &Case, sequence: u64) -> CaseRun {
        let (mut shared, deaths) = (Shared::default(), self.engine.deaths());
        let mut run = run_case(context, &mut shared, case, sequence).await;
        run.left.extend(shared.give_back(context).await);
        match self.engine.life_after(context, &run, deaths).await {
            Life::GoesOn => {}
            Life::BroughtBack => run.left = clean_up(context, run.left).await,
            Life::Over(why) => _ = self.over.borrow_mut().get_or_insert(why),
        }
        self.left.borrow_mut().extend(run.left.iter().cloned());
        run
    }

    /// Looks whether the target lives, and has it brought back where it does not.
    pub fn check_alive(&self) {
        let engine = self.engine;
        let life = self.with_context(async |context| engine.life(context, engine.deaths()).await);
        if let Life::Over(why) = life {
            self.over.borrow_mut().get_or_insert(why);
        }
    }

    /// Why the target stays dead, where it died under this worker for good.
    pub fn over(&self) -> Option<String> {
        self.over.borrow().clone()
    }

    /// Whether it does.
    pub fn is_over(&self) -> bool {
        self.over.borrow().is_some()
    }

    /// What cases that ran alone could not remove.
    pub fn into_left(self) -> Vec<Made> {
        self.left.into_inner()
    }
}
