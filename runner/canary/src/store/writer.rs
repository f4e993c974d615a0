//! The one thread that writes: in batches, in spite of full disks and broken files, and it keeps house in between.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::day::{DAY_MS, Day, day_of, days};
use super::pack::GRACE_MS;
use super::queue::{BATCH_MAX, Item, Queue};
use super::{StoreError, day, file, findings, retain};
use crate::plan::Retention;

/// The most rows that are kept in memory while they cannot be written; the oldest are lost first.
pub const HELD_MAX: usize = 4_000;
/// A row that could not be written while so many others came is given up: the ledger keeps all of them until then.
pub const UNSETTLED_MAX: u64 = 20_000;
/// How often what cannot be written is tried again, and how often the writer looks around at least.
pub const TICK: Duration = Duration::from_secs(1);
/// How often it looks for rows that came late and are to be packed.
const PACK_EVERY: Duration = Duration::from_secs(10);
/// How often it looks for what is too old or too much.
pub const RETAIN_EVERY: Duration = Duration::from_mins(1);
/// So many things are packed before rows are written again.
const PACK_STEPS_MAX: usize = 8;
/// The most files of days that are open for writing.
const OPEN_MAX: usize = 3;

/// Where something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Day(i64),
    Findings,
}

fn place(item: &Item) -> Place {
    match item {
        Item::Row(row) => Place::Day(day_of(row.slot.due_ms)),
        Item::Suspect(day) => Place::Day(*day),
        Item::Found { .. } | Item::Closed { .. } => Place::Findings,
    }
}

/// The writer and what it has open.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    retention: Retention,
    queue: Arc<Queue>,
    gone: Arc<AtomicU64>,
    /// When it began, on both clocks: a wall clock that jumps removes no days.
    began: (Instant, i64),
    /// The latest due time that was written.
    latest_ms: i64,
    days: BTreeMap<i64, Day>,
    findings: Option<Connection>,
    /// Days before today that may not be packed in full.
    unfinished: BTreeSet<i64>,
    held: VecDeque<(u64, Item)>,
    /// Whether the last try failed, and how much was lost since.
    failing: Option<u64>,
    packed: Option<Instant>,
    retained: Option<Instant>,
    is_busy: bool,
}

impl Writer {
    pub(super) fn new(
        folder: PathBuf,
        retention: Retention,
        now_ms: i64,
        queue: Arc<Queue>,
        gone: Arc<AtomicU64>,
    ) -> Self {
        let unfinished = days(&folder).unwrap_or_default().into_iter().collect();
        Self {
            folder,
            retention,
            queue,
            gone,
            began: (Instant::now(), now_ms),
            latest_ms: now_ms,
            days: BTreeMap::new(),
            findings: None,
            unfinished,
            held: VecDeque::new(),
            failing: None,
            packed: None,
            retained: None,
            is_busy: false,
        }
    }

    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self) {
        loop {
            let idle = if self.is_busy { Duration::ZERO } else { TICK };
            let taken = self.queue.take(idle);
            self.held.extend(taken.items);
            let lost = self.write_held();
            self.queue.settle(&self.held, lost);
            if taken.closed {
                break;
            }
            self.keep_house();
        }
        if !self.held.is_empty() {
            tracing::error!(rows = self.held.len(), "rows could not be written before the end; the ledger has them");
        }
    }

    /// Tries to write all that is held, and gives back how much of it had to be given up.
    fn write_held(&mut self) -> u64 {
        if self.held.is_empty() {
            return 0;
        }
        let (mut left, mut never) = (VecDeque::new(), 0);
        let mut error = None;
        let newest = self.held.back().map_or(0, |(number, _)| *number);
        while !self.held.is_empty() {
            let count = self.held.len().min(BATCH_MAX);
            let mut batch: Vec<(u64, Item)> = self.held.drain(..count).collect();
            let before = batch.len();
            batch.retain(|(_, item)| !matches!(place(item), Place::Day(day) if day::path(&self.folder, day).is_none()));
            never += before - batch.len();
            let failed = self.write(&batch);
            batch.retain(|(_, item)| failed.contains_key(&place(item)));
            left.extend(batch);
            error = failed.into_values().next().or(error);
        }
        self.held = left;
        let stale = self.held.partition_point(|(number, _)| number + UNSETTLED_MAX < newest);
        let lost = stale.max(self.held.len().saturating_sub(HELD_MAX));
        self.held.drain(..lost);
        if never > 0 {
            self.queue.note("rows of a day that no calendar has are lost: what is wrong with the clock?".to_owned());
        }
        self.tell(error, lost as u64);
        (never + lost) as u64
    }

    /// Says once that nothing can be written, and once that it can again.
    fn tell(&mut self, error: Option<StoreError>, lost: u64) {
        match (error, self.failing) {
            (Some(error), None) => {
                self.queue
                    .note(format!("failed to {error}; the last {HELD_MAX} rows are kept in memory until it works"));
                self.failing = Some(lost);
            }
            (Some(_), Some(before)) => self.failing = Some(before + lost),
            (None, Some(before)) => {
                self.queue.note(format!("rows are written again; {} were lost", before + lost));
                self.failing = None;
            }
            (None, None) => {}
        }
    }

    /// Writes a batch; gives back the places that could not be written, and why.
    fn write(&mut self, batch: &[(u64, Item)]) -> BTreeMap<Place, StoreError> {
        let places: BTreeSet<Place> = batch.iter().map(|(_, item)| place(item)).collect();
        let mut failed = BTreeMap::new();
        for at in places {
            let items = || batch.iter().map(|(_, item)| item).filter(|item| place(item) == at);
            let first = self.write_to(at, items());
            // A broken file is moved aside, and the rows go into a new one.
            let again =
                first.or_else(|error| if self.gave_way(at, &error) { self.write_to(at, items()) } else { Err(error) });
            if let Err(error) = again {
                self.close(at);
                failed.insert(at, error);
            }
        }
        failed
    }

    fn write_to<'a>(&mut self, at: Place, items: impl Iterator<Item = &'a Item> + Clone) -> Result<(), StoreError> {
        let Place::Day(number) = at else {
            let connection = match self.findings.take() {
                Some(connection) => connection,
                None => findings::connect(&self.folder)?,
            };
            let connection = self.findings.insert(connection);
            let path = findings::path(&self.folder);
            return findings::write(connection, items).map_err(|error| StoreError::sqlite("write", &path, error));
        };
        let day = self.day(number)?;
        if items.clone().any(|item| matches!(item, Item::Suspect(_))) {
            file::examine(&day.connection, &day.path)?;
        }
        let rows = items.filter_map(|item| if let Item::Row(row) = item { Some(row.as_ref()) } else { None });
        let mut latest_ms = i64::MIN;
        let rows = rows.inspect(|row| latest_ms = latest_ms.max(row.slot.due_ms));
        day.write(rows).map_err(|error| StoreError::sqlite("write", &day.path, error))?;
        self.latest_ms = self.latest_ms.max(latest_ms);
        Ok(())
    }

    fn day(&mut self, number: i64) -> Result<&mut Day, StoreError> {
        if !self.days.contains_key(&number) {
            let day = Day::open(&self.folder, number)?;
            if self.days.len() >= OPEN_MAX
                && let Some((other, _)) = self.days.pop_first()
            {
                self.unfinished.insert(other);
            }
            self.days.insert(number, day);
        }
        self.days.get_mut(&number).ok_or(StoreError::NoSuchDay(number))
    }

    fn close(&mut self, at: Place) {
        match at {
            Place::Day(number) => drop(self.days.remove(&number)),
            Place::Findings => self.findings = None,
        }
    }

    /// Moves a file aside where it is to blame for an error. Says whether it did.
    fn gave_way(&mut self, at: Place, error: &StoreError) -> bool {
        let StoreError::Corrupt { path, .. } = error else { return false };
        self.close(at);
        let moved = file::move_aside(path, self.now_ms());
        self.gone.fetch_add(1, Ordering::AcqRel);
        let told = match &moved {
            Ok(aside) => {
                format!("failed to {error}; it is now {}, and what it held is no longer shown", aside.display())
            }
            Err(second) => format!("failed to {error}, and then to {second}"),
        };
        self.queue.note(told);
        moved.is_ok()
    }

    /// The time by the clock of the machine, as far as it can be trusted.
    fn clock_ms(&self) -> i64 {
        self.began.1.saturating_add(i64::try_from(self.began.0.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    fn now_ms(&self) -> i64 {
        self.clock_ms().max(self.latest_ms)
    }

    /// Packs what is over, closes days that are done, removes what is too old.
    fn keep_house(&mut self) {
        if self.retained.is_none_or(|last| last.elapsed() >= RETAIN_EVERY) {
            self.retained = Some(Instant::now());
            self.retain();
        }
        if self.is_busy || self.packed.is_none_or(|last| last.elapsed() >= PACK_EVERY) || self.is_slice_over() {
            self.packed = Some(Instant::now());
            self.pack();
        }
    }

    /// Whether a day has rows that are to be packed for sure.
    fn is_slice_over(&self) -> bool {
        let now_ms = self.now_ms();
        self.days.values().any(|day| day.is_slice_over(now_ms))
    }

    fn pack(&mut self) {
        let now_ms = self.now_ms();
        self.is_busy = false;
        if let Some(number) = self.unfinished.pop_first() {
            self.is_busy = !self.unfinished.is_empty();
            if let Err(error) = self.day(number).map(|_| ()) {
                self.set_back(number, &error);
            }
        }
        for number in self.days.keys().copied().collect::<Vec<_>>() {
            if let Err(error) = self.pack_day(number, now_ms) {
                self.set_back(number, &error);
            }
        }
    }

    /// A day could not be packed: it is moved aside where it is broken, and tried again later where it is not.
    fn set_back(&mut self, number: i64, error: &StoreError) {
        tracing::warn!("failed to {error}");
        self.close(Place::Day(number));
        if !self.gave_way(Place::Day(number), error) {
            self.unfinished.insert(number);
            self.is_busy = false;
        }
    }

    fn pack_day(&mut self, number: i64, now_ms: i64) -> Result<(), StoreError> {
        let Some(day) = self.days.get_mut(&number) else { return Ok(()) };
        let path = day.path.clone();
        let failed = |error| StoreError::sqlite("pack", &path, error);
        for _ in 0..PACK_STEPS_MAX {
            if !day.pack_one(now_ms).map_err(failed)? {
                let is_over = day.begins_ms() + DAY_MS + GRACE_MS <= now_ms;
                if is_over && day.is_done() {
                    file::finish(&day.connection).map_err(failed)?;
                    self.days.remove(&number);
                }
                return Ok(());
            }
        }
        self.is_busy = true;
        Ok(())
    }

    fn retain(&mut self) {
        let clock_ms = self.clock_ms();
        match retain::apply(&self.folder, self.retention, clock_ms) {
            Ok(gone) => {
                for number in gone {
                    tracing::info!(file = retain::name(&self.folder, number), "a day is no longer kept");
                    self.unfinished.remove(&number);
                    self.close(Place::Day(number));
                    self.gone.fetch_add(1, Ordering::AcqRel);
                }
            }
            Err(error) => self.queue.note(format!("failed to {error}")),
        }
        let before_ms = clock_ms.saturating_sub(i64::from(self.retention.days).saturating_mul(DAY_MS));
        if let Some(Err(error)) = self.findings.as_ref().map(|connection| findings::forget(connection, before_ms)) {
            tracing::warn!(%error, "closed findings could not be forgotten");
        }
    }
}

/// Opens what is written next, so that what is broken is known before the first row comes.
pub(super) fn try_files(folder: &std::path::Path, now_ms: i64) -> Vec<(PathBuf, StoreError)> {
    let mut broken = Vec::new();
    let today = day::path(folder, day_of(now_ms));
    let files = today.map(|path| (path, &day::LAYOUT)).into_iter().chain([(findings::path(folder), &findings::LAYOUT)]);
    for (path, layout) in files {
        let tried = file::open(&path, layout).and_then(|connection| file::examine(&connection, &path));
        broken.extend(tried.err().map(|error| (path, error)));
    }
    broken
}
