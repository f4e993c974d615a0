//! The runs that there are: each gate and key once, a few at a time, the rest in a queue.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::ask::{Key, Question};
use super::record::{Ended, Id, Outcome, Record, State};
use super::store::Store;
use super::{Clock, Gates, Limits, ServeError, Settings};
use crate::decision::Decision;

mod attempt;

/// How often a run is begun: one with which the server dies every time would otherwise take it down for ever.
const ATTEMPTS_MAX: usize = 5;

/// Why there is no answer to a question.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    #[error("there is no such gate")]
    NoGate,
    #[error("there is no such run")]
    NoRun,
    #[error("this run was asked for with another expect_version: a key stands for one version")]
    OtherVersion,
    #[error("the run is not decided yet")]
    UnderWay,
    #[error("too many runs wait for their turn; ask again later")]
    Full,
    #[error("the server ends; ask again later")]
    Ending,
    #[error("the run cannot be kept, and so it is not begun; the log says why")]
    Disk,
}

/// A run as it is now.
pub(super) struct Seen {
    /// The run, without its whole decision.
    pub(super) record: Record,
    /// Whether it waits for its turn.
    pub(super) is_queued: bool,
    /// Where its newest attempt keeps what it sees.
    pub(super) folder: std::path::PathBuf,
    /// Changes once it is decided.
    pub(super) changed: watch::Receiver<()>,
}

/// All of them.
#[derive(Clone)]
pub(super) struct Runs(Arc<Shared>);

struct Shared {
    gates: Arc<dyn Gates>,
    store: Store,
    limits: Limits,
    clock: Clock,
    runtime: Handle,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    runs: BTreeMap<Id, Entry>,
    queue: VecDeque<Id>,
    under_way: BTreeMap<Id, AbortHandle>,
    is_ending: bool,
}

struct Entry {
    record: Record,
    changed: watch::Sender<()>,
}

impl Runs {
    /// What there is in the folder. What was under way when the last server ended is begun again. Has to be called in
    /// a runtime.
    pub(super) fn open(settings: &Settings, gates: Arc<dyn Gates>) -> Result<Self, ServeError> {
        let store = Store::open(&settings.folder)?;
        store.sweep();
        let records = store.load()?;
        let (limits, clock) = (settings.limits, Arc::clone(&settings.clock));
        let runtime = Handle::current();
        let shared = Arc::new(Shared { gates, store, limits, clock, runtime, book: Mutex::default() });
        let mut book = shared.book();
        for record in records {
            shared.take_up(&mut book, record);
        }
        shared.prune(&mut book);
        shared.advance(&mut book);
        drop(book);
        Ok(Self(shared))
    }

    /// The run for a question: the one that there is, or a new one. Touches the disk.
    pub(super) fn ask(&self, gate: &str, question: Question) -> Result<Seen, Trouble> {
        let shared = &self.0;
        if !shared.gates.names().iter().any(|name| name == gate) {
            return Err(Trouble::NoGate);
        }
        let id = Id::of(gate, &question.key);
        let mut book = shared.book();
        shared.forget_if_old(&mut book, &id);
        match book.runs.get(&id) {
            Some(entry) if entry.record.expect_version != question.expect_version => Err(Trouble::OtherVersion),
            Some(_) => shared.seen(&book, &id),
            None => {
                let record = Record::new(gate.to_owned(), question.key, question.expect_version, (shared.clock)());
                shared.enter(&mut book, record)?;
                let seen = shared.seen(&book, &id);
                shared.prune(&mut book);
                drop(book);
                shared.store.sweep();
                seen
            }
        }
    }

    /// The run of a gate and key, if there is one, however old.
    pub(super) fn see(&self, gate: &str, key: &Key) -> Result<Seen, Trouble> {
        self.0.seen(&self.0.book(), &Id::of(gate, key))
    }

    /// The same, unless it is too old to answer for anything.
    pub(super) fn see_fresh(&self, gate: &str, key: &Key) -> Result<Seen, Trouble> {
        let (book, id) = (self.0.book(), Id::of(gate, key));
        if self.0.is_old(&book, &id) { Err(Trouble::NoRun) } else { self.0.seen(&book, &id) }
    }

    /// The same with its whole decision, from the disk.
    pub(super) fn see_all(&self, gate: &str, key: &Key) -> Result<Seen, Trouble> {
        let mut seen = self.see(gate, key)?;
        if seen.record.outcome.is_some() {
            match self.0.store.read(&seen.record.id()) {
                Ok(record) => seen.record = record,
                Err(why) => tracing::warn!(gate, %key, %why, "failed to read a run; it is told without its decision"),
            }
        }
        Ok(seen)
    }

    /// Every run, the newest first.
    pub(super) fn list(&self) -> Vec<Seen> {
        let book = self.0.book();
        let mut all: Vec<Seen> = book.runs.keys().filter_map(|id| self.0.seen(&book, id).ok()).collect();
        all.sort_by_key(|seen| std::cmp::Reverse(seen.record.asked));
        all
    }

    /// Forgets a decided run, so that whoever asks next starts it again.
    pub(super) fn forget(&self, gate: &str, key: &Key) -> Result<(), Trouble> {
        let mut book = self.0.book();
        let id = Id::of(gate, key);
        match book.runs.get(&id).map(|entry| entry.record.state()) {
            None => return Err(Trouble::NoRun),
            Some(State::Running) => return Err(Trouble::UnderWay),
            Some(_) => self.0.discard(&mut book, &id, "forgotten")?,
        }
        drop(book);
        self.0.store.sweep();
        Ok(())
    }

    /// Begins nothing more, and drops what is under way: it is begun again in the next life.
    pub(super) fn stop(&self) {
        let mut book = self.0.book();
        book.is_ending = true;
        let now = (self.0.clock)();
        for (id, task) in std::mem::take(&mut book.under_way) {
            task.abort();
            if let Some(entry) = book.runs.get_mut(&id)
                && entry.record.end(now, Ended::Stopped)
            {
                self.0.keep(now, "stopped", &entry.record);
            }
        }
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        // A panic between two changes leaves nothing half done: each is one assignment.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self, book: &Book, id: &Id) -> Result<Seen, Trouble> {
        let entry = book.runs.get(id).ok_or(Trouble::NoRun)?;
        let is_queued = entry.record.outcome.is_none() && !book.under_way.contains_key(id);
        let (record, changed) = (entry.record.clone(), entry.changed.subscribe());
        Ok(Seen { folder: self.store.evidence(&record), record, is_queued, changed })
    }

    /// Takes a run up that an earlier server left.
    fn take_up(&self, book: &mut Book, mut record: Record) {
        let (id, now) = (record.id(), (self.clock)());
        if record.outcome.is_none() {
            if record.end(now, Ended::Killed) {
                self.keep(now, "killed", &record);
            }
            book.queue.push_back(id.clone());
        }
        book.runs.insert(id, Entry { record, changed: watch::Sender::default() });
    }

    /// Enters a new run, on the disk first, and begins it where there is room.
    fn enter(self: &Arc<Self>, book: &mut Book, record: Record) -> Result<(), Trouble> {
        if book.is_ending {
            return Err(Trouble::Ending);
        }
        if book.under_way.len() >= self.limits.at_once && book.queue.len() >= self.limits.queued {
            return Err(Trouble::Full);
        }
        self.store.write(&record).map_err(|error| {
            tracing::error!(gate = record.gate, key = %record.key, %error, "failed to keep a run");
            Trouble::Disk
        })?;
        let id = record.id();
        book.queue.push_back(id.clone());
        book.runs.insert(id, Entry { record, changed: watch::Sender::default() });
        self.advance(book);
        Ok(())
    }

    /// Writes what has changed. Where that fails, what is in memory counts on, and the next server begins the run again.
    fn keep(&self, now: Timestamp, what: &str, record: &Record) {
        let noted = self.store.note(now, what, record);
        if let Err(error) = self.store.write(record).and(noted) {
            tracing::error!(gate = record.gate, key = %record.key, %error, what, "failed to keep what came of a run");
        }
    }

    fn is_old(&self, book: &Book, id: &Id) -> bool {
        let outcome = book.runs.get(id).and_then(|entry| entry.record.outcome.as_ref());
        // However far away: a clock that was set back makes nothing younger.
        let age = outcome.map(|outcome| (self.clock)().duration_since(outcome.decided).unsigned_abs());
        age.is_some_and(|age| age > self.limits.answer_age_max)
    }

    /// Takes a decision off the shelf that is too old to answer for anything.
    fn forget_if_old(&self, book: &mut Book, id: &Id) {
        if self.is_old(book, id)
            && let Err(trouble) = self.discard(book, id, "too old")
        {
            // It would answer from the disk after a restart, but it is as old there.
            tracing::error!(%trouble, "failed to take an old run off the disk");
            book.runs.remove(id);
        }
    }

    /// Takes off the shelf what is there for too long, and the oldest of what is too much.
    fn prune(&self, book: &mut Book) {
        let now = (self.clock)();
        let mut decided: Vec<(Timestamp, Id)> = book
            .runs
            .iter()
            .filter_map(|(id, entry)| Some((entry.record.outcome.as_ref()?.decided, id.clone())))
            .collect();
        decided.sort();
        let surplus = decided.len().saturating_sub(self.limits.kept);
        for (place, (at, id)) in decided.into_iter().enumerate() {
            let is_old = now.duration_since(at).unsigned_abs() > self.limits.kept_for;
            if (is_old || place < surplus)
                && let Err(trouble) = self.discard(book, &id, "removed")
            {
                tracing::error!(%trouble, "failed to remove a run");
            }
        }
    }

    fn discard(&self, book: &mut Book, id: &Id, what: &str) -> Result<(), Trouble> {
        let Some(entry) = book.runs.get(id) else { return Err(Trouble::NoRun) };
        let record = &entry.record;
        let discarded = self.store.note((self.clock)(), what, record).and_then(|()| self.store.discard(record));
        if let Err(error) = discarded {
            tracing::error!(gate = record.gate, key = %record.key, %error, "failed to take a run off the disk");
            return Err(Trouble::Disk);
        }
        book.runs.remove(id);
        Ok(())
    }
}
