//! The days that are over, a file each.
//!
//! One thread writes, from a queue that holds up nobody; a row is on disk for good within about a second. A slot costs
//! some 45 bytes: it is packed once its five minutes are over, and its hour and day are added up, so that a month can
//! be asked for. What is broken is moved aside and what does not fit is counted: checking goes on whatever the disk
//! does. Nothing but whole files of days is ever removed.

mod day;
mod export;
mod file;
mod findings;
mod pack;
mod queue;
mod read;
mod retain;
mod row;
mod tally;
mod varint;
mod writer;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::Value;

pub use export::EXPORT_VERSION;
pub use findings::{FINDING_BYTES_MAX, FINDINGS_MAX, FINDINGS_TOLD_MAX};
pub use pack::GRACE_MS;
pub use queue::{BATCH_MAX, BATCH_WAIT, NOTICES_MAX, QUEUE_BYTES_MAX, QUEUE_MAX};
pub use retain::ASIDE_MAX;
pub use row::TIMINGS_EXACT_MAX;
pub use tally::Counts;
pub use writer::{HELD_MAX, RETAIN_EVERY, TICK, UNSETTLED_MAX};

use crate::ledger::Progress;
use crate::plan::Retention;
use crate::slot::{Ended, Phase, Watch};
use crate::view::{BandView, FindingView};
use queue::{Item, Queue};
use read::{Range, Reader, Want};
use row::Row;
use tally::Tally;
use writer::Writer;

/// The most changes of a version that are told of at once; the newest.
pub const VERSIONS_TOLD_MAX: usize = 1_000;

/// Why the store could not be opened, or something not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A newer version wrote it. It is as it was.
    #[error("read {path}: it has version {found}, and this program knows up to {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that it states.
        found: i32,
        /// The newest version that is known here.
        known: i32,
    },
    /// It is broken.
    #[error("read {path}: {why}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// `SQLite` says no.
    #[error("{doing} {path}: {source}")]
    Sqlite {
        /// What was tried.
        doing: &'static str,
        /// Of which file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// The disk says no.
    #[error("{doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Of which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No calendar has that day.
    #[error("name a file for day {0} since 1970")]
    NoSuchDay(i64),
    /// Whoever takes the export says no.
    #[error("write the export: {0}")]
    Export(io::Error),
    /// There is no thread to write with.
    #[error("start the writer of the store: {0}")]
    Thread(io::Error),
}

impl StoreError {
    fn sqlite(doing: &'static str, path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        if file::is_corrupt(&source) {
            return Self::Corrupt { path, why: source.to_string() };
        }
        Self::Sqlite { doing, path, source }
    }
}

/// What became of the slots of one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// When the stretch begins, in milliseconds since 1970.
    pub from_ms: i64,
    /// Its slots.
    pub counts: Counts,
}

/// The store. One daemon at a time: the lock of the ledger sees to that. It is cheap to clone; the last clone that goes waits for what is in the queue.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    queue: Arc<Queue>,
    gone: Arc<AtomicU64>,
    reader: Mutex<Reader>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Store {
    /// Opens the folder and begins to write; with it come notices of what had to be moved aside.
    ///
    /// # Errors
    /// Where a file is from a newer version, which leaves everything untouched, or the folder cannot be used at all. A
    /// full disk is no error: rows wait.
    pub fn open(folder: &Path, retention: Retention, now_ms: i64) -> Result<(Self, Vec<String>), StoreError> {
        let failed = |doing| move |source| StoreError::Io { doing, path: folder.to_owned(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed("create the folder"))?;
        let days =
            day::days(folder)?.into_iter().filter_map(|day| day::path(folder, day)).map(|path| (path, &day::LAYOUT));
        let files: Vec<_> = days.chain([(findings::path(folder), &findings::LAYOUT)]).collect();
        let checked: Vec<_> = files.into_iter().map(|(path, layout)| (file::check(&path, layout), path)).collect();
        let mut broken = Vec::new();
        for (result, path) in checked {
            match result {
                Err(error @ StoreError::Newer { .. }) => return Err(error),
                Err(error) => broken.push((path, error)),
                Ok(()) => {}
            }
        }
        let mut notices: Vec<String> =
            broken.into_iter().map(|(path, error)| set_aside(&path, &error, now_ms)).collect();
        let tried = writer::try_files(folder, now_ms);
        notices.extend(tried.into_iter().map(|(path, error)| set_aside(&path, &error, now_ms)));
        Self::start(folder, retention, now_ms).map(|store| (store, notices))
    }

    fn start(folder: &Path, retention: Retention, now_ms: i64) -> Result<Self, StoreError> {
        let (queue, gone) = (Arc::<Queue>::default(), Arc::<AtomicU64>::default());
        let writer = Writer::new(folder.to_owned(), retention, now_ms, Arc::clone(&queue), Arc::clone(&gone));
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || writer.run());
        let thread = Some(thread.map_err(StoreError::Thread)?);
        let reader = Mutex::new(Reader::new(folder, Arc::clone(&queue), Arc::clone(&gone)));
        Ok(Self { inner: Arc::new(Inner { folder: folder.to_owned(), queue, gone, reader, thread }) })
    }

    fn reader(&self) -> MutexGuard<'_, Reader> {
        self.inner.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot that is over. One that is there already, by watch, due time and kind, stays as it is.
    pub fn ended(&self, row: Ended) {
        self.inner.queue.put(Item::Row(Box::new(Row::new(row))));
    }

    /// Takes a finding that a slot has shown, in full. It is open from now on.
    pub fn found(&self, watch: &Watch, at_ms: i64, id: &str, finding: Value) {
        self.inner.queue.put(Item::Found { watch: watch.clone(), at_ms, id: id.to_owned(), finding });
    }

    /// A finding is no more to be seen at a watch.
    pub fn closed(&self, watch: &Watch, id: &str, at_ms: i64) {
        self.inner.queue.put(Item::Closed { watch: watch.clone(), id: id.to_owned(), at_ms });
    }

    /// Waits until everything that was handed over is on disk or given up; says whether it came to that.
    pub fn flush(&self, longest: Duration) -> bool {
        self.inner.queue.flush(longest)
    }

    /// How much was handed over, and how much of that is on disk for good or given up: the ledger asks.
    pub fn progress(&self) -> Progress {
        self.inner.queue.progress()
    }

    /// Rows and findings that are in memory only: a full second of them is nothing unusual, more is.
    pub fn waiting(&self) -> usize {
        self.inner.queue.waiting()
    }

    /// Rows and findings that will never be on disk.
    pub fn lost(&self) -> u64 {
        self.inner.queue.lost()
    }

    /// What there was to say since the start, the oldest first, at most [`NOTICES_MAX`].
    pub fn notices(&self) -> Vec<String> {
        self.inner.queue.notices()
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        retain::bytes(&self.inner.folder)
    }

    /// The slots of a watch, or of all, that were due from one moment until before another, the oldest first. One that
    /// stands for several is found by the first of them. Where it had more than [`TIMINGS_EXACT_MAX`] exchanges, only
    /// [`Store::latency`] knows what they took.
    pub fn slots(&self, watch: Option<&Watch>, from_ms: i64, until_ms: i64, most: usize) -> Vec<Ended> {
        self.reader().slots(watch, from_ms, until_ms, most)
    }

    /// The last slots of a watch, the oldest first.
    pub fn last(&self, watch: &Watch, count: usize) -> Vec<Ended> {
        self.reader().last(watch, count)
    }

    /// Sums by steps from `from_ms` on; steps without slots are left out. Steps of whole UTC hours and days are fast.
    pub fn sums(&self, watch: &Watch, from_ms: i64, until_ms: i64, step_ms: i64) -> Vec<Sum> {
        let steps = self.tallies(watch, Range { from_ms, until_ms, step_ms }, Want::Counts);
        steps.into_iter().map(|(from_ms, tally)| Sum { from_ms, counts: tally.counts }).collect()
    }

    /// The same for every watch at once, which is far cheaper than one after the other.
    pub fn sums_of_all(&self, from_ms: i64, until_ms: i64, step_ms: i64) -> Vec<(Watch, Vec<Sum>)> {
        let all = self.reader().tallies(None, Range { from_ms, until_ms, step_ms }, Want::Counts);
        let sums = |(from_ms, tally): (i64, Tally)| Sum { from_ms, counts: tally.counts };
        all.into_iter().map(|(watch, steps)| (watch, steps.into_iter().map(sums).collect())).collect()
    }

    /// What exchanges took as a whole, in microseconds, in slots that count.
    pub fn latency(&self, watch: &Watch, from_ms: i64, until_ms: i64) -> Histogram<u64> {
        self.all(watch, from_ms, until_ms).latencies.total()
    }

    /// What one phase of exchanges took, in microseconds, in slots that count.
    pub fn phase(&self, watch: &Watch, phase: Phase, from_ms: i64, until_ms: i64) -> Histogram<u64> {
        self.all(watch, from_ms, until_ms).latencies.phase(phase)
    }

    /// What exchanges took, in bands of time from `from_ms` on; those without exchanges are left out.
    pub fn bands(&self, watch: &Watch, from_ms: i64, until_ms: i64, step_ms: i64) -> Vec<BandView> {
        let steps = self.tallies(watch, Range { from_ms, until_ms, step_ms }, Want::All).into_iter();
        let totals =
            steps.map(|(from_ms, tally)| (from_ms, tally.latencies.total())).filter(|(_, total)| !total.is_empty());
        totals.map(|(from_ms, total)| band(from_ms, &total)).collect()
    }

    fn all(&self, watch: &Watch, from_ms: i64, until_ms: i64) -> Tally {
        let range = Range { from_ms, until_ms, step_ms: i64::MAX };
        self.tallies(watch, range, Want::All).remove(&from_ms).unwrap_or_default()
    }

    fn tallies(&self, watch: &Watch, range: Range, want: Want) -> std::collections::BTreeMap<i64, Tally> {
        self.reader().tallies(Some(watch), range, want).remove(watch).unwrap_or_default()
    }

    /// When the target of a watch changed its version, and to which, the oldest first. The first version that is known
    /// at all is no change.
    pub fn versions(&self, watch: &Watch, from_ms: i64, until_ms: i64) -> Vec<(i64, String)> {
        let mut all = self.reader().versions(watch, from_ms, until_ms);
        all.split_off(all.len().saturating_sub(VERSIONS_TOLD_MAX))
    }

    /// The findings that are open at a watch, or at all, those seen last first.
    pub fn findings(&self, watch: Option<&Watch>) -> Vec<(Watch, FindingView)> {
        self.reader().findings(|connection| findings::open(connection, watch)).unwrap_or_default()
    }

    /// A finding in full, open or closed.
    pub fn finding(&self, id: &str) -> Option<Value> {
        self.reader().findings(|connection| findings::full(connection, id)).flatten()
    }

    /// Writes the slots that were due from one moment until before another as lines of JSON, the oldest first, behind a
    /// line that says so; gives back how many. It reads by itself, so that nobody else waits.
    ///
    /// # Errors
    /// Where `out` takes no more.
    pub fn export(&self, from_ms: i64, until_ms: i64, out: &mut dyn Write) -> Result<u64, StoreError> {
        let inner = &self.inner;
        let reader = Reader::new(&inner.folder, Arc::clone(&inner.queue), Arc::clone(&inner.gone));
        export::write(reader, from_ms, until_ms, out)
    }
}

/// The same as [`Store::export`] of a folder in which somebody else may be writing.
///
/// # Errors
/// Where there is no such folder, or `out` takes no more.
pub fn export(folder: &Path, from_ms: i64, until_ms: i64, out: &mut dyn Write) -> Result<u64, StoreError> {
    let failed = |source| StoreError::Io { doing: "read the folder", path: folder.to_owned(), source };
    fs::metadata(folder).map_err(failed)?;
    export::write(Reader::new(folder, Arc::default(), Arc::default()), from_ms, until_ms, out)
}

fn band(from_ms: i64, total: &Histogram<u64>) -> BandView {
    let at = |share| total.value_at_quantile(share);
    BandView { from_ms, p50_us: at(0.5), p90_us: at(0.9), p99_us: at(0.99) }
}

/// Moves a broken file aside, and says so; what is wrong elsewhere is only said.
fn set_aside(path: &Path, error: &StoreError, now_ms: i64) -> String {
    if !matches!(error, StoreError::Corrupt { .. }) {
        return format!("failed to {error}; it is tried again with every row");
    }
    match file::move_aside(path, now_ms) {
        Ok(aside) => format!("failed to {error}; it is now {}, and what it held is no longer shown", aside.display()),
        Err(second) => format!("failed to {error}, and then to {second}"),
    }
}

#[cfg(test)]
mod exactly_once;
