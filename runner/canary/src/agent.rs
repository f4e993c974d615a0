//! The daemon: it asks the scheduler what is due, has it carried out, and tells everybody what came of it.
//!
//! One task decides ([`Agent::run`]): it alone starts slots and takes their ends, so that the ledger has one order. It never
//! waits for a disk that hangs, a receiver or a page: rows go to the store's own thread, alerts to queues, and pages are
//! made elsewhere of what [`Desk`] shows.

mod books;
mod desk;
mod past;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::alert::OwnTrouble;
use crate::clock::{Clock, Now};
use crate::deliver::DeliverError;
use crate::ledger::LedgerError;
use crate::plan::Plan;
use crate::scheduler::Scheduler;
use crate::slot::{Ended, Slot};
use crate::store::StoreError;
use crate::view::DeviationView;
use crate::work::{Done, News, Terms, Work};

use self::books::Books;
pub use self::desk::Desk;

/// How often time itself is told to those who wait for it: alerts, the journal, the sign of life.
const TICK: Duration = Duration::from_secs(1);
/// The longest sleep: a clock that was set is noticed within it.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// The most ends that are taken in one go.
const ENDS_MAX: usize = 1_024;
/// How long the store may take to write what it has when the daemon ends.
const FLUSH_MAX: Duration = Duration::from_secs(10);

/// Why there is no daemon.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The journal.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    /// The file that keeps alerts over a restart.
    #[error("failed to read {}: {why}", path.display())]
    Kept {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

/// What keeps calls back, and who may say so. It binds every call by itself; here it only keeps slots from starting.
pub trait Switch: Send + Sync {
    /// Why no slot may begin, where none may.
    fn holds(&self) -> Option<String>;
    /// What it says, in words, where it says anything: `read-only: alice: disk is full`.
    fn words(&self) -> Option<String>;
    /// Its state in one word; empty where it is off.
    fn state(&self) -> String;
    /// Why it cannot be read, where that is so.
    fn unreadable(&self) -> Option<String>;
    /// Sets it.
    ///
    /// # Errors
    /// Where there is no such state, or it cannot be kept.
    fn set(&self, state: &str, reason: &str) -> Result<(), String>;
}

/// What else is known of the targets when somebody asks.
pub trait Extra: Send + Sync {
    /// What may still be sent today: requests and bytes, by target, where they are bounded.
    fn left(&self) -> Vec<(String, Option<u64>, Option<u64>)>;
    /// Findings that somebody answers for.
    fn deviations(&self) -> Vec<DeviationView>;
    /// Leases that slots hold now.
    fn leases(&self) -> u64;
}

/// Everything that a daemon needs from outside.
pub struct Outfit {
    /// What it does.
    pub plan: Arc<Plan>,
    /// Who carries slots out.
    pub work: Arc<dyn Work>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What keeps it back.
    pub switch: Arc<dyn Switch>,
    /// What else it can tell.
    pub extra: Arc<dyn Extra>,
    /// The version of the binary, and hashes of the models it holds: name and value.
    pub builds: Vec<(String, String)>,
}

/// What somebody tells the daemon.
#[derive(Debug)]
pub enum Order {
    /// Go on with another plan. Whoever carries slots out has heard of it already.
    Reload(Arc<Plan>),
    /// A plan was refused, and the old one goes on: why.
    Refused(String),
    /// Start nothing more, and end once nothing is under way.
    Drain,
}

/// How the daemon ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Slots that were under way when its patience was over; the next start tells that they were killed.
    pub under_way: usize,
}

/// A slot that is over: when it began, how late that was in milliseconds, and what came of it.
type Finished = (Slot, Now, u32, Done);

/// A daemon that is set up and has not begun.
pub struct Agent {
    outfit: Outfit,
    scheduler: Scheduler,
    books: Books,
    desk: Arc<Desk>,
    done: (UnboundedSender<Finished>, UnboundedReceiver<Finished>),
    last_tick: Option<Duration>,
}

impl Agent {
    /// Opens what is on disk, tells what became of slots while nobody was there, and starts to deliver. It must be
    /// called on the runtime that delivers.
    ///
    /// # Errors
    /// Where the state cannot be used: another daemon has it, or a newer one wrote it.
    pub fn open(outfit: Outfit) -> Result<Self, AgentError> {
        let now = outfit.clock.now();
        let (mut books, last_due) = Books::open(&outfit, now)?;
        let (scheduler, missed) = Scheduler::new(Arc::clone(&outfit.plan), &last_due, now);
        books.end(unstarted(missed), now.wall_ms);
        let desk = Arc::new(Desk::new(&outfit, &books, now));
        Ok(Self { outfit, scheduler, books, desk, done: unbounded_channel(), last_tick: None })
    }

    /// What pages and metrics are made of.
    pub fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk)
    }

    /// Runs until it is told to drain and nothing is under way, or its patience is over.
    pub async fn run(mut self, mut orders: Receiver<Order>) -> Closing {
        let mut drained_by: Option<Duration> = None;
        loop {
            let now = self.outfit.clock.now();
            let wake_in = self.turn(now);
            self.books.settle(now.wall_ms).await;
            if let Some(by) = drained_by
                && (self.scheduler.is_idle() || now.since >= by)
            {
                return self.close().await;
            }
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(Order::Reload(plan)) => self.reload(plan).await,
                    Some(Order::Refused(why)) => self.desk.refused(&why, self.outfit.clock.now().wall_ms),
                    Some(Order::Drain) | None if drained_by.is_none() => {
                        let now = self.outfit.clock.now();
                        drained_by = Some(now.since + self.outfit.plan.agent.drain_max);
                        self.scheduler.drain();
                    }
                    // Whoever could give orders is gone; what is under way still ends.
                    Some(Order::Drain) | None => tokio::time::sleep(wake_in.min(SLEEP_MAX)).await,
                },
                done = self.done.1.recv() => self.take(done),
                () = tokio::time::sleep(wake_in.min(SLEEP_MAX)) => {}
            }
        }
    }

    /// Does everything that is due; tells when something is due again.
    fn turn(&mut self, now: Now) -> Duration {
        self.scheduler.hold(self.outfit.switch.holds());
        let polled = self.scheduler.poll(now);
        let slots: Vec<Slot> = polled.start.iter().map(|start| start.slot.clone()).collect();
        self.books.begin(&slots, now.wall_ms);
        for start in polled.start {
            self.start(start.slot, start.late_ms, now);
        }
        self.books.end(unstarted(polled.ended), now.wall_ms);
        if self.last_tick.is_none_or(|last| now.since >= last + TICK) {
            self.last_tick = Some(now.since);
            self.tick(now);
        }
        polled.wake_in
    }

    fn tick(&mut self, now: Now) {
        self.books.own(&OwnTrouble::KillSwitch, self.outfit.switch.unreadable().as_deref(), now.wall_ms);
        self.books.tick(now.wall_ms);
        self.desk.turned(self.scheduler.under_way(), self.books.unjournalled(), now);
    }

    /// Has a slot carried out. It has begun in the ledger.
    fn start(&self, slot: Slot, late_ms: u32, began: Now) {
        let Some(canary) = self.outfit.plan.canary(&slot.watch) else { return };
        let read_only = canary.writes && !canary.writes_when_spent && self.books.is_spent(&slot.watch, began.wall_ms);
        let running = self.outfit.work.run(slot.clone(), Terms { timeout: canary.timeout, read_only });
        let done = self.done.0.clone();
        tokio::spawn(async move {
            // Nobody hears it once the daemon has ended, and the next start tells that the slot was killed.
            _ = done.send((slot, began, late_ms, running.await));
        });
    }

    /// Takes the ends of slots that wait, in one go.
    fn take(&mut self, first: Option<Finished>) {
        let now = self.outfit.clock.now();
        let mut ended = Vec::new();
        let mut next = first;
        while let Some((slot, began, late_ms, done)) = next {
            let (row, news) = done.ended(slot.clone(), late_ms, now.since.saturating_sub(began.since));
            self.scheduler.finished(&slot, &row, now);
            ended.push((row, news));
            next = if ended.len() < ENDS_MAX { self.done.1.try_recv().ok() } else { None };
        }
        self.books.end(ended, now.wall_ms);
    }

    async fn reload(&mut self, plan: Arc<Plan>) {
        let now = self.outfit.clock.now();
        let ended = self.scheduler.reload(Arc::clone(&plan), now);
        self.outfit.plan = Arc::clone(&plan);
        self.books.reload(&self.outfit, now).await;
        self.books.end(unstarted(ended), now.wall_ms);
        self.desk.reloaded(plan, now.wall_ms);
    }

    async fn close(mut self) -> Closing {
        let now = self.outfit.clock.now();
        let under_way = self.scheduler.under_way();
        self.books.tick(now.wall_ms);
        self.books.close(now.wall_ms, FLUSH_MAX).await;
        Closing { under_way }
    }
}

/// Slots that never started have no news.
fn unstarted(ended: Vec<Ended>) -> Vec<(Ended, News)> {
    ended.into_iter().map(|ended| (ended, News::default())).collect()
}
