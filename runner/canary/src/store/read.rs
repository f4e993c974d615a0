//! Reads rows and sums out of the files of days, while they are written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, OptionalExtension as _};

use super::day::{self, DAY_MS, HOUR_MS, SLICE_MS, WHOLE_DAY, day_of};
use super::pack::{self, Packed};
use super::queue::{Item, Queue};
use super::row::Body;
use super::tally::Tally;
use super::{StoreError, file, findings, retain};
use crate::slot::{Ended, Watch};

/// The most files of days that are open for reading.
const OPEN_MAX: usize = 3;

/// Sums by the start of their stretch, for each watch.
pub(super) type Tallies = BTreeMap<Watch, BTreeMap<i64, Tally>>;

/// A stretch of time, cut into steps.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit is part of each name")]
pub(super) struct Range {
    pub(super) from_ms: i64,
    pub(super) until_ms: i64,
    pub(super) step_ms: i64,
}

/// What is asked of sums: latencies of many watches would fill the memory of somebody who only counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Counts,
    All,
}

impl Want {
    fn add(self, tally: &mut Tally, body: &Body) {
        match self {
            Self::Counts => tally.counts.add(&body.ended),
            Self::All => tally.add(body),
        }
    }

    fn merge(self, tally: &mut Tally, other: &Tally) {
        match self {
            Self::Counts => tally.counts.merge(&other.counts),
            Self::All => tally.merge(other),
        }
    }
}

impl Range {
    /// The start of the step that a moment falls into.
    fn step(&self, at_ms: i64) -> i64 {
        let step_ms = self.step_ms.max(1);
        let steps = at_ms.saturating_sub(self.from_ms).div_euclid(step_ms);
        self.from_ms.saturating_add(steps.saturating_mul(step_ms))
    }

    /// The step that all of a stretch falls into; none where it is not inside, or in several.
    fn whole(&self, from_ms: i64, until_ms: i64) -> Option<i64> {
        let is_inside = self.from_ms <= from_ms && until_ms <= self.until_ms;
        Some(self.step(from_ms)).filter(|step| is_inside && *step == self.step(until_ms - 1))
    }

    fn has(&self, at_ms: i64) -> bool {
        (self.from_ms..self.until_ms).contains(&at_ms)
    }
}

/// The files of days, open for reading.
#[derive(Debug)]
pub(super) struct Reader {
    folder: PathBuf,
    queue: Arc<Queue>,
    /// Counts files that were removed or moved aside: whoever has one of them open reads what is gone.
    gone: Arc<AtomicU64>,
    gone_seen: u64,
    open: BTreeMap<i64, Connection>,
}

impl Reader {
    pub(super) fn new(folder: &Path, queue: Arc<Queue>, gone: Arc<AtomicU64>) -> Self {
        Self { folder: folder.to_owned(), queue, gone, gone_seen: 0, open: BTreeMap::new() }
    }

    /// The days with a file that a stretch touches, the oldest first.
    pub(super) fn days(&self, from_ms: i64, until_ms: i64) -> Vec<i64> {
        if from_ms >= until_ms {
            return Vec::new();
        }
        let range = day_of(from_ms)..=day_of(until_ms - 1);
        let all = day::days(&self.folder).map_err(|error| self.queue.note(format!("failed to {error}")));
        all.unwrap_or_default().into_iter().filter(|day| range.contains(day)).collect()
    }

    /// Does something with a day as it is at one moment; none where it has no file, or cannot be read.
    pub(super) fn with_day<T>(&mut self, day: i64, read: impl FnOnce(&View<'_>) -> rusqlite::Result<T>) -> Option<T> {
        let result = self.connection(day).and_then(|found| {
            let Some((connection, path)) = found else { return Ok(None) };
            let done = connection.unchecked_transaction().and_then(|_moment| read(&View { connection, day }));
            done.map(Some).map_err(|error| StoreError::sqlite("read", &path, error))
        });
        result.unwrap_or_else(|error| {
            self.open.remove(&day);
            if matches!(error, StoreError::Corrupt { .. }) {
                self.queue.put(Item::Suspect(day));
            }
            self.queue.note(format!("failed to {error}; {} is left out", retain::name(&self.folder, day)));
            None
        })
    }

    fn connection(&mut self, day: i64) -> Result<Option<(&Connection, PathBuf)>, StoreError> {
        let gone = self.gone.load(Ordering::Acquire);
        if std::mem::replace(&mut self.gone_seen, gone) != gone {
            self.open.clear();
        }
        let Some(path) = day::path(&self.folder, day) else { return Ok(None) };
        if !self.open.contains_key(&day) {
            let Some(connection) = file::open_to_read(&path, &day::LAYOUT)? else { return Ok(None) };
            if self.open.len() >= OPEN_MAX {
                self.open.pop_first();
            }
            self.open.insert(day, connection);
        }
        Ok(self.open.get(&day).map(|connection| (connection, path)))
    }

    /// Rows of a stretch, the oldest first.
    pub(super) fn slots(&mut self, watch: Option<&Watch>, from_ms: i64, until_ms: i64, most: usize) -> Vec<Ended> {
        let range = Range { from_ms, until_ms, step_ms: 1 };
        let mut all = Vec::new();
        for day in self.days(from_ms, until_ms) {
            let left = most - all.len();
            all.extend(self.with_day(day, |view| view.slots(watch, range, left)).unwrap_or_default());
            if all.len() >= most {
                break;
            }
        }
        all
    }

    /// The last rows of a watch, the oldest first.
    pub(super) fn last(&mut self, watch: &Watch, count: usize) -> Vec<Ended> {
        let mut all = Vec::new();
        for day in self.days(i64::MIN, i64::MAX).into_iter().rev() {
            let mut found = self.with_day(day, |view| view.last(watch, count - all.len())).unwrap_or_default();
            found.append(&mut all);
            all = found;
            if all.len() >= count {
                break;
            }
        }
        all
    }

    /// Sums of a watch, or of all.
    pub(super) fn tallies(&mut self, watch: Option<&Watch>, range: Range, want: Want) -> Tallies {
        let mut all = Tallies::new();
        for day in self.days(range.from_ms, range.until_ms) {
            // Into a map of its own: a day that breaks off in the middle is left out whole.
            let found = self.with_day(day, |view| view.tallies(watch, range, want)).unwrap_or_default();
            for (watch, steps) in found {
                let own = all.entry(watch).or_default();
                for (step, tally) in steps {
                    want.merge(own.entry(step).or_default(), &tally);
                }
            }
        }
        all
    }

    /// When the version of a watch's target changed, and to which, the oldest first.
    pub(super) fn versions(&mut self, watch: &Watch, from_ms: i64, until_ms: i64) -> Vec<(i64, String)> {
        let mut all: Vec<(i64, String)> = Vec::new();
        for day in self.days(i64::MIN, until_ms).into_iter().rev() {
            let mut found = self.with_day(day, |view| view.deploys(watch)).unwrap_or_default();
            found.append(&mut all);
            all = found;
            // One from before the stretch tells whether the first in it is a change.
            if all.first().is_some_and(|(due_ms, _)| *due_ms < from_ms) {
                break;
            }
        }
        let changes = all.windows(2).filter(|pair| pair[0].1 != pair[1].1).map(|pair| pair[1].clone());
        changes.filter(|(due_ms, _)| (from_ms..until_ms).contains(due_ms)).collect()
    }

    /// Reads the file of findings; none where there is none, or it cannot be read.
    pub(super) fn findings<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Option<T> {
        let path = findings::path(&self.folder);
        let result = file::open_to_read(&path, &findings::LAYOUT).and_then(|connection| {
            let failed = |error| StoreError::sqlite("read", &path, error);
            connection.map(|connection| read(&connection).map_err(failed)).transpose()
        });
        result.map_err(|error| self.queue.note(format!("failed to {error}"))).ok().flatten()
    }
}

/// A day at one moment.
#[derive(Debug)]
pub(super) struct View<'a> {
    connection: &'a Connection,
    day: i64,
}

impl View<'_> {
    /// The watch of this name, or all, by their numbers.
    fn watches(&self, watch: Option<&Watch>) -> rusqlite::Result<BTreeMap<i64, Watch>> {
        let Some(watch) = watch else {
            return Ok(day::watches(self.connection)?.into_iter().collect());
        };
        let select = "SELECT id FROM watch WHERE canary = ?1 AND target = ?2";
        let mut statement = self.connection.prepare_cached(select)?;
        let id = statement.query_row([&watch.canary, &watch.target], |row| row.get(0)).optional()?;
        Ok(id.map(|id| (id, watch.clone())).into_iter().collect())
    }

    fn begins_ms(&self) -> i64 {
        self.day * DAY_MS
    }

    /// The pieces of the day, each so long, that a range touches.
    fn pieces(&self, range: Range, length_ms: i64) -> std::ops::Range<i64> {
        let first = range.from_ms.saturating_sub(self.begins_ms()).clamp(0, DAY_MS) / length_ms;
        let last = range.until_ms.saturating_sub(self.begins_ms()).clamp(0, DAY_MS);
        first..(last + length_ms - 1) / length_ms
    }

    /// Every row of a slice, packed or not, in no order.
    fn each(&self, watches: &BTreeMap<i64, Watch>, slice: i64, each: &mut dyn FnMut(Packed)) -> rusqlite::Result<()> {
        pack::each_of_slice(self.connection, watches, (self.day, slice), each)?;
        let from_ms = self.begins_ms() + slice * SLICE_MS;
        self.each_recent(watches, (from_ms, from_ms + SLICE_MS), each)
    }

    fn each_recent(
        &self,
        watches: &BTreeMap<i64, Watch>,
        (from_ms, until_ms): (i64, i64),
        each: &mut dyn FnMut(Packed),
    ) -> rusqlite::Result<()> {
        let select = "SELECT due, watch, body FROM recent WHERE due >= ?1 AND due < ?2";
        let mut statement = self.connection.prepare_cached(select)?;
        let mut rows = statement.query([from_ms, until_ms])?;
        while let Some(row) = rows.next()? {
            let id = row.get(1)?;
            if let Some(watch) = watches.get(&id) {
                let packed = Packed::take(&mut row.get_ref(2)?.as_blob()?, (id, watch), row.get(0)?);
                packed.into_iter().for_each(&mut *each);
            }
        }
        Ok(())
    }

    fn slots(&self, watch: Option<&Watch>, range: Range, most: usize) -> rusqlite::Result<Vec<Ended>> {
        let mut all = Vec::new();
        self.each_ended(watch, range, &mut |ended| {
            all.push(ended);
            all.len() < most
        })?;
        all.truncate(most);
        Ok(all)
    }

    /// Gives every row of a range, in the order of due times, to `each`, until that has enough.
    pub(super) fn each_ended(
        &self,
        watch: Option<&Watch>,
        range: Range,
        each: &mut dyn FnMut(Ended) -> bool,
    ) -> rusqlite::Result<()> {
        let watches = self.watches(watch)?;
        let versions = day::versions(self.connection)?;
        for slice in self.pieces(range, SLICE_MS).filter(|_| !watches.is_empty()) {
            for packed in self.sorted(&watches, slice, range)? {
                if !each(self.ended(packed, &versions)?) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn sorted(&self, watches: &BTreeMap<i64, Watch>, slice: i64, range: Range) -> rusqlite::Result<Vec<Packed>> {
        let mut found = Vec::new();
        self.each(watches, slice, &mut |packed| {
            if range.has(packed.body.ended.slot.due_ms) {
                found.push(packed);
            }
        })?;
        found.sort_by(|one, other| {
            one.body
                .ended
                .slot
                .due_ms
                .cmp(&other.body.ended.slot.due_ms)
                .then_with(|| one.body.ended.slot.cmp(&other.body.ended.slot))
        });
        Ok(found)
    }

    fn last(&self, watch: &Watch, count: usize) -> rusqlite::Result<Vec<Ended>> {
        let range = Range { from_ms: i64::MIN, until_ms: i64::MAX, step_ms: 1 };
        let watches = self.watches(Some(watch))?;
        let versions = day::versions(self.connection)?;
        let mut newest_first = Vec::new();
        for slice in self.pieces(range, SLICE_MS).rev().filter(|_| !watches.is_empty()) {
            for packed in self.sorted(&watches, slice, range)?.into_iter().rev().take(count - newest_first.len()) {
                newest_first.push(self.ended(packed, &versions)?);
            }
            if newest_first.len() >= count {
                break;
            }
        }
        newest_first.reverse();
        Ok(newest_first)
    }

    /// A row with the texts that are kept elsewhere.
    fn ended(&self, packed: Packed, versions: &BTreeMap<i64, String>) -> rusqlite::Result<Ended> {
        let mut ended = packed.body.ended;
        ended.version = packed.version.and_then(|version| versions.get(&version).cloned());
        if packed.body.has_trouble {
            let select = "SELECT json FROM trouble WHERE watch = ?1 AND due = ?2 AND kind = ?3";
            let key = (packed.watch, ended.slot.due_ms, super::row::kind_code(ended.slot.kind));
            let mut statement = self.connection.prepare_cached(select)?;
            let json: Option<String> = statement.query_row(key, |row| row.get(0)).optional()?;
            ended.trouble = json.and_then(|json| serde_json::from_str(&json).ok());
        }
        Ok(ended)
    }

    fn tallies(&self, watch: Option<&Watch>, range: Range, want: Want) -> rusqlite::Result<Tallies> {
        let watches = self.watches(watch)?;
        let mut all = Tallies::new();
        let mut add = |packed: &Packed| {
            let slot = &packed.body.ended.slot;
            if range.has(slot.due_ms) {
                let steps = all.entry(slot.watch.clone()).or_default();
                want.add(steps.entry(range.step(slot.due_ms)).or_default(), &packed.body);
            }
        };
        let mut rolled = Vec::new();
        let whole_day = range.whole(self.begins_ms(), self.begins_ms() + DAY_MS);
        if let Some(step) = whole_day.filter(|_| self.is_rolled(WHOLE_DAY).unwrap_or(false)) {
            rolled.push((WHOLE_DAY, step));
            self.each_recent(&watches, (self.begins_ms(), self.begins_ms() + DAY_MS), &mut |packed| add(&packed))?;
        } else {
            for hour in self.pieces(range, HOUR_MS) {
                let from_ms = self.begins_ms() + hour * HOUR_MS;
                let whole = range.whole(from_ms, from_ms + HOUR_MS);
                if let Some(step) = whole.filter(|_| self.is_rolled(hour).unwrap_or(false)) {
                    rolled.push((hour, step));
                    self.each_recent(&watches, (from_ms, from_ms + HOUR_MS), &mut |packed| add(&packed))?;
                    continue;
                }
                for slice in hour * HOUR_MS / SLICE_MS..(hour + 1) * HOUR_MS / SLICE_MS {
                    self.each(&watches, slice, &mut |packed| add(&packed))?;
                }
            }
        }
        for (hour, step) in rolled {
            for (id, watch) in &watches {
                if let Some(tally) = pack::rollup(self.connection, hour, *id)? {
                    let steps = all.entry(watch.clone()).or_default();
                    want.merge(steps.entry(step).or_default(), &tally);
                }
            }
        }
        Ok(all)
    }

    fn is_rolled(&self, hour: i64) -> rusqlite::Result<bool> {
        self.connection.prepare_cached("SELECT 1 FROM rolled WHERE hour = ?1")?.exists([hour])
    }

    /// The versions of a watch's target, each with the first due time at which it was seen that day.
    fn deploys(&self, watch: &Watch) -> rusqlite::Result<Vec<(i64, String)>> {
        let select = "SELECT due, name FROM deploy JOIN version ON version.id = deploy.version
            WHERE watch = (SELECT id FROM watch WHERE canary = ?1 AND target = ?2) ORDER BY due";
        let mut statement = self.connection.prepare_cached(select)?;
        let rows = statement.query_map([&watch.canary, &watch.target], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    }
}
