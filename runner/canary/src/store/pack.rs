//! What is over is packed: rows of five minutes into one blob a watch, packs into sums of hours, hours into the day.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::day::{DAY_MS, Day, HOUR_MS, SLICE_MS, WHOLE_DAY, blob, key, parts};
use super::row::{Body, kind_code};
use super::tally::Tally;
use super::varint;
use crate::slot::Watch;

/// How long after its end a stretch of time is packed: most of its slots are over by then. One that is not is added
/// later.
pub const GRACE_MS: i64 = 120_000;

/// The slices of an hour.
const SLICES: i64 = HOUR_MS / SLICE_MS;

const SELECT_PACK: &str = "SELECT body FROM pack WHERE id = ?1";
const SELECT_ROLLUP: &str = "SELECT body FROM rollup WHERE id = ?1";

/// A row of a pack or of `recent`, with what the day file keeps elsewhere by number.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) watch: i64,
    pub(super) body: Body,
    /// The number of its version.
    pub(super) version: Option<i64>,
}

impl Packed {
    /// Takes a row off the front; none where it is none.
    pub(super) fn take(bytes: &mut &[u8], (id, watch): (i64, &Watch), due_ms: i64) -> Option<Self> {
        let body = Body::take(bytes, watch, due_ms)?;
        let version = if body.has_version { Some(varint::take(bytes)?.cast_signed()) } else { None };
        Some(Self { watch: id, body, version })
    }
}

/// Every row of a pack that begins at `from_ms`; what cannot be read ends it.
pub(super) fn rows<'a>(
    mut bytes: &'a [u8],
    (id, watch): (i64, &'a Watch),
    from_ms: i64,
) -> impl Iterator<Item = Packed> + 'a {
    std::iter::from_fn(move || {
        let due_ms = from_ms.checked_add(varint::take(&mut bytes)?.cast_signed())?;
        Packed::take(&mut bytes, (id, watch), due_ms)
    })
}

/// Whether a pack has a slot of this due time and kind.
pub(super) fn has(
    from: &Connection,
    day: i64,
    slice: i64,
    watch: i64,
    (due, kind): (i64, u8),
) -> rusqlite::Result<bool> {
    let Some(pack) = blob(from, SELECT_PACK, key(slice, watch))? else { return Ok(false) };
    let nobody = Watch { canary: String::new(), target: String::new() };
    let begins_ms = day * DAY_MS + slice * SLICE_MS;
    let mut all = rows(&pack, (watch, &nobody), begins_ms).map(|row| row.body.ended.slot);
    Ok(all.any(|slot| slot.due_ms == due && kind_code(slot.kind) == kind))
}

/// Whether a stretch that ends then is over.
fn is_over(until_ms: i64, now_ms: i64) -> bool {
    until_ms.saturating_add(GRACE_MS) <= now_ms
}

impl Day {
    /// Packs one slice, or rolls up one hour or the day, where its time is over. Says whether anything was to do. After
    /// an error the day must be opened again.
    pub(super) fn pack_one(&mut self, now_ms: i64) -> rusqlite::Result<bool> {
        let first: Option<i64> = self.connection.query_row("SELECT min(due) FROM recent", [], |row| row.get(0))?;
        let first_slice = first.map(|due| (due - self.begins_ms()) / SLICE_MS);
        if let Some(slice) = first_slice
            && is_over(self.begins_ms() + (slice + 1) * SLICE_MS, now_ms)
        {
            return self.pack_slice(slice).map(|()| true);
        }
        let over = |hour: &i64| is_over(self.begins_ms() + (hour + 1) * HOUR_MS, now_ms);
        // The whole day is over when its last hour is.
        let open =
            (0..=WHOLE_DAY).find(|hour| !self.rolled.contains(hour)).filter(|hour| over(&hour.min(&23).to_owned()));
        let Some(hour) = open else { return Ok(false) };
        self.roll_up(hour).map(|()| true)
    }

    /// Whether a slice is over that was not when the last one was packed.
    pub(super) fn is_slice_over(&self, now_ms: i64) -> bool {
        let next = self.packed.last().map_or(0, |last| last + 1);
        next < DAY_MS / SLICE_MS && is_over(self.begins_ms() + (next + 1) * SLICE_MS, now_ms)
    }

    /// Whether everything is packed and added up.
    pub(super) fn is_done(&self) -> bool {
        self.rolled.contains(&WHOLE_DAY)
    }

    fn pack_slice(&mut self, slice: i64) -> rusqlite::Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        let begins_ms = self.begins_ms() + slice * SLICE_MS;
        let range = params![begins_ms, begins_ms + SLICE_MS];
        let mut fresh: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
        {
            let select = "SELECT due, watch, body FROM recent WHERE due >= ?1 AND due < ?2 ORDER BY due, watch, kind";
            let mut statement = transaction.prepare_cached(select)?;
            let mut rows = statement.query(range)?;
            while let Some(row) = rows.next()? {
                let (due, watch): (i64, i64) = (row.get(0)?, row.get(1)?);
                let pack = fresh.entry(watch).or_default();
                varint::push(pack, (due - begins_ms).cast_unsigned());
                pack.extend_from_slice(row.get_ref(2)?.as_blob()?);
            }
        }
        for (watch, rows) in &fresh {
            // Rows that came late are behind the others: readers sort.
            let mut pack = blob(&transaction, SELECT_PACK, key(slice, *watch))?.unwrap_or_default();
            pack.extend_from_slice(rows);
            let insert = "INSERT OR REPLACE INTO pack VALUES (?1, ?2)";
            transaction.prepare_cached(insert)?.execute(params![key(slice, *watch), pack])?;
        }
        transaction.execute("DELETE FROM recent WHERE due >= ?1 AND due < ?2", range)?;
        transaction.execute("INSERT OR IGNORE INTO packed VALUES (?1)", [slice])?;
        let late: Vec<i64> = fresh.into_keys().collect();
        self.roll_up_again(slice / SLICES, &late)?;
        transaction.commit()?;
        self.packed.insert(slice);
        Ok(())
    }

    /// Adds up again what was added up before rows came late.
    fn roll_up_again(&self, hour: i64, late: &[i64]) -> rusqlite::Result<()> {
        if !self.rolled.contains(&hour) {
            return Ok(());
        }
        let watches: BTreeMap<i64, Watch> = super::day::watches(&self.connection)?.into_iter().collect();
        for (id, watch) in late.iter().filter_map(|id| Some((*id, watches.get(id)?))) {
            self.roll_up_watch(hour, id, watch)?;
            if self.is_done() {
                self.roll_up_watch(WHOLE_DAY, id, watch)?;
            }
        }
        Ok(())
    }

    fn roll_up(&mut self, hour: i64) -> rusqlite::Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        for (id, watch) in super::day::watches(&self.connection)? {
            self.roll_up_watch(hour, id, &watch)?;
        }
        transaction.execute("INSERT OR IGNORE INTO rolled VALUES (?1)", [hour])?;
        transaction.commit()?;
        self.rolled.insert(hour);
        Ok(())
    }

    /// Adds up an hour of a watch from its packs, or the day from its hours.
    fn roll_up_watch(&self, hour: i64, id: i64, watch: &Watch) -> rusqlite::Result<()> {
        let mut tally = Tally::default();
        if hour == WHOLE_DAY {
            for hour in 0..WHOLE_DAY {
                let rollup = rollup(&self.connection, hour, id)?;
                tally.merge(&rollup.unwrap_or_default());
            }
        } else {
            for slice in hour * SLICES..(hour + 1) * SLICES {
                let pack = blob(&self.connection, SELECT_PACK, key(slice, id))?.unwrap_or_default();
                rows(&pack, (id, watch), self.begins_ms() + slice * SLICE_MS).for_each(|row| tally.add(&row.body));
            }
        }
        if tally != Tally::default() {
            let insert = "INSERT OR REPLACE INTO rollup VALUES (?1, ?2)";
            self.connection.prepare_cached(insert)?.execute(params![key(hour, id), tally.bytes()])?;
        }
        Ok(())
    }
}

/// The sums of an hour, or of the day, of a watch; none where there are none.
pub(super) fn rollup(from: &Connection, hour: i64, watch: i64) -> rusqlite::Result<Option<Tally>> {
    Ok(blob(from, SELECT_ROLLUP, key(hour, watch))?.and_then(|bytes| Tally::from_bytes(&bytes)))
}

/// Gives every row of a slice of these watches to `each`.
pub(super) fn each_of_slice(
    from: &Connection,
    watches: &BTreeMap<i64, Watch>,
    (day, slice): (i64, i64),
    each: &mut dyn FnMut(Packed),
) -> rusqlite::Result<()> {
    let begins_ms = day * DAY_MS + slice * SLICE_MS;
    if let (1, Some((id, watch))) = (watches.len(), watches.first_key_value()) {
        let pack = blob(from, SELECT_PACK, key(slice, *id))?.unwrap_or_default();
        rows(&pack, (*id, watch), begins_ms).for_each(each);
        return Ok(());
    }
    let mut statement = from.prepare_cached("SELECT id, body FROM pack WHERE id >= ?1 AND id < ?2")?;
    let mut found = statement.query([key(slice, 0), key(slice + 1, 0)])?;
    while let Some(row) = found.next()? {
        let (_, id) = parts(row.get(0)?);
        if let Some(watch) = watches.get(&id) {
            rows(row.get_ref(1)?.as_blob()?, (id, watch), begins_ms).for_each(&mut *each);
        }
    }
    Ok(())
}
