//! The file of one UTC day: its name, its tables, and how rows get into it exactly once.
//!
//! A row is in `recent` first, in the order of due times, so that a commit touches few pages. When five minutes are
//! over, what each watch has of them is one `pack`; when an hour is over, its sums are one `rollup` for each watch, and
//! so for the day. Minutes need none: a row says what its exchanges took.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use super::file::{self, Layout};
use super::row::{Row, kind_code};
use super::varint;
use crate::slot::Watch;

/// The milliseconds of a day.
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;
/// The milliseconds of an hour.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// The milliseconds of what is packed together.
pub(super) const SLICE_MS: i64 = 300_000;
/// The most versions of targets that one day knows by name; a row with yet another has none.
const VERSIONS_MAX: usize = 10_000;
/// Where the roll-up of the day stands, behind those of its hours.
pub(super) const WHOLE_DAY: i64 = 24;

/// The file of a day. Keys of packs and roll-ups are the slice or hour, and the watch in the lower half.
pub(super) const LAYOUT: Layout = Layout {
    version: 1,
    tables: "
        CREATE TABLE watch (id INTEGER PRIMARY KEY, canary TEXT NOT NULL, target TEXT NOT NULL, UNIQUE (canary, target));
        CREATE TABLE version (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE deploy (watch INTEGER, due INTEGER, version INTEGER NOT NULL, PRIMARY KEY (watch, due)) WITHOUT ROWID;
        CREATE TABLE recent (due INTEGER, watch INTEGER, kind INTEGER, body BLOB NOT NULL,
            PRIMARY KEY (due, watch, kind)) WITHOUT ROWID;
        CREATE TABLE trouble (watch INTEGER, due INTEGER, kind INTEGER, json TEXT NOT NULL,
            PRIMARY KEY (watch, due, kind)) WITHOUT ROWID;
        CREATE TABLE pack (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
        CREATE TABLE packed (slice INTEGER PRIMARY KEY);
        CREATE TABLE rollup (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
        CREATE TABLE rolled (hour INTEGER PRIMARY KEY);",
};

/// The day of a moment, in days since 1970.
pub(super) fn day_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(DAY_MS)
}

/// The file of a day; none where no calendar has that day.
pub(super) fn path(folder: &Path, day: i64) -> Option<PathBuf> {
    let since = SignedDuration::from_hours(day.checked_mul(24)?);
    let date = Date::constant(1970, 1, 1).checked_add(since).ok()?;
    Some(folder.join(format!("slots-{date}.db")))
}

/// The day of a file by its name; none where it is no file of a day. What follows the date does not matter.
pub(super) fn day_of_name(name: &str) -> Option<i64> {
    let date: Date = name.strip_prefix("slots-")?.get(..10)?.parse().ok()?;
    let since = date.since((jiff::Unit::Day, Date::constant(1970, 1, 1))).ok()?;
    Some(i64::from(since.get_days()))
}

/// The days that have a file, the oldest first.
pub(super) fn days(folder: &Path) -> Result<Vec<i64>, StoreError> {
    let failed = |source| StoreError::Io { doing: "list", path: folder.to_owned(), source };
    let mut days = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        days.extend(day_of_name(&name).filter(|_| name.len() == "slots-2026-11-21.db".len() && name.ends_with("db")));
    }
    days.sort_unstable();
    Ok(days)
}

/// The key of a pack or roll-up.
pub(super) fn key(place: i64, watch: i64) -> i64 {
    place << 32 | watch
}

/// What a key is the key of: place and watch.
pub(super) fn parts(key: i64) -> (i64, i64) {
    (key >> 32, key & i64::from(u32::MAX))
}

/// A day that is written.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) number: i64,
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    /// Slices of which a part is packed.
    pub(super) packed: BTreeSet<i64>,
    /// Hours that are rolled up, and the day.
    pub(super) rolled: BTreeSet<i64>,
    watches: BTreeMap<Watch, i64>,
    versions: BTreeMap<String, i64>,
    /// The last version of each watch, and since which due time.
    deployed: BTreeMap<i64, (i64, i64)>,
}

impl Day {
    /// Opens the file of a day, and makes it where there is none.
    pub(super) fn open(folder: &Path, number: i64) -> Result<Self, StoreError> {
        let path = path(folder, number).ok_or(StoreError::NoSuchDay(number))?;
        let connection = file::open(&path, &LAYOUT)?;
        let known = Self::known(number, path.clone(), connection);
        known.map_err(|error| StoreError::sqlite("read", &path, error))
    }

    fn known(number: i64, path: PathBuf, connection: Connection) -> rusqlite::Result<Self> {
        let all = |sql: &str| -> rusqlite::Result<BTreeSet<i64>> {
            connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        let (packed, rolled) = (all("SELECT slice FROM packed")?, all("SELECT hour FROM rolled")?);
        let watches = watches(&connection)?.into_iter().map(|(id, watch)| (watch, id)).collect();
        let versions = versions(&connection)?.into_iter().map(|(id, name)| (name, id)).collect();
        let mut statement = connection.prepare("SELECT watch, max(due), version FROM deploy GROUP BY watch")?;
        let last = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
        let deployed = last.collect::<rusqlite::Result<_>>()?;
        drop(statement);
        Ok(Self { number, path, connection, packed, rolled, watches, versions, deployed })
    }

    /// The first moment of the day.
    pub(super) fn begins_ms(&self) -> i64 {
        self.number * DAY_MS
    }

    /// Writes rows, all or nothing; those that are there already are left as they are. After an error the day must be
    /// opened again: it may know of names that are not in the file.
    pub(super) fn write<'a>(&mut self, rows: impl Iterator<Item = &'a Row>) -> rusqlite::Result<()> {
        // The names that come with it are part of the transaction; what is known of them here is not.
        let transaction = self.connection.unchecked_transaction()?;
        let mut names =
            Names { watches: &mut self.watches, versions: &mut self.versions, deployed: &mut self.deployed };
        for row in rows {
            let slice = (row.slot.due_ms - self.number * DAY_MS) / SLICE_MS;
            names.insert(&transaction, row, self.packed.contains(&slice).then_some((slice, self.number)))?;
        }
        transaction.commit()
    }
}

/// The watches of a day.
pub(super) fn watches(connection: &Connection) -> rusqlite::Result<Vec<(i64, Watch)>> {
    let mut statement = connection.prepare_cached("SELECT id, canary, target FROM watch")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, Watch { canary: row.get(1)?, target: row.get(2)? })))?;
    rows.collect()
}

/// The versions that a day knows by name.
pub(super) fn versions(connection: &Connection) -> rusqlite::Result<BTreeMap<i64, String>> {
    let mut statement = connection.prepare_cached("SELECT id, name FROM version")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

struct Names<'a> {
    watches: &'a mut BTreeMap<Watch, i64>,
    versions: &'a mut BTreeMap<String, i64>,
    deployed: &'a mut BTreeMap<i64, (i64, i64)>,
}

impl Names<'_> {
    /// Inserts a row, unless it is there; `packed` is its slice and day where it may be in a pack.
    fn insert(&mut self, to: &Transaction<'_>, row: &Row, packed: Option<(i64, i64)>) -> rusqlite::Result<()> {
        let watch = self.watch(to, &row.slot.watch)?;
        let (due, kind) = (row.slot.due_ms, kind_code(row.slot.kind));
        if let Some((slice, day)) = packed
            && super::pack::has(to, day, slice, watch, (due, kind))?
        {
            return Ok(());
        }
        let mut body = row.body.clone();
        if let Some(name) = &row.version {
            let version = self.version(to, name)?;
            varint::push(&mut body, version.cast_unsigned());
            self.deploy(to, watch, due, version)?;
        }
        let insert = "INSERT OR IGNORE INTO recent VALUES (?1, ?2, ?3, ?4)";
        let is_new = to.prepare_cached(insert)?.execute(params![due, watch, kind, body])? == 1;
        if let Some(json) = row.trouble.as_ref().filter(|_| is_new) {
            let insert = "INSERT OR IGNORE INTO trouble VALUES (?1, ?2, ?3, ?4)";
            to.prepare_cached(insert)?.execute(params![watch, due, kind, json])?;
        }
        Ok(())
    }

    fn watch(&mut self, to: &Transaction<'_>, watch: &Watch) -> rusqlite::Result<i64> {
        if let Some(id) = self.watches.get(watch) {
            return Ok(*id);
        }
        let insert = "INSERT INTO watch (canary, target) VALUES (?1, ?2)";
        to.prepare_cached(insert)?.execute([&watch.canary, &watch.target])?;
        let id = to.last_insert_rowid();
        self.watches.insert(watch.clone(), id);
        Ok(id)
    }

    /// The number of a version; zero where there are too many.
    fn version(&mut self, to: &Transaction<'_>, name: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.versions.get(name) {
            return Ok(*id);
        }
        if self.versions.len() >= VERSIONS_MAX {
            return Ok(0);
        }
        to.prepare_cached("INSERT INTO version (name) VALUES (?1)")?.execute([name])?;
        let id = to.last_insert_rowid();
        self.versions.insert(name.to_owned(), id);
        Ok(id)
    }

    fn deploy(&mut self, to: &Transaction<'_>, watch: i64, due: i64, version: i64) -> rusqlite::Result<()> {
        let last = self.deployed.get(&watch);
        if version == 0 || last.is_some_and(|(since, last)| *last == version || *since >= due) {
            return Ok(());
        }
        let insert = "INSERT OR REPLACE INTO deploy VALUES (?1, ?2, ?3)";
        to.prepare_cached(insert)?.execute([watch, due, version])?;
        self.deployed.insert(watch, (due, version));
        Ok(())
    }
}

/// A blob by its key; none where there is none.
pub(super) fn blob(connection: &Connection, select: &str, key: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.prepare_cached(select)?.query_row([key], |row| row.get(0)).optional()
}
