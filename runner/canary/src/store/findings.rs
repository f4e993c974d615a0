//! Findings, apart from slots: each in full once, with when it was seen first and last, and in how many slots.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use super::StoreError;
use super::file::{self, Layout};
use super::queue::Item;
use crate::slot::Watch;
use crate::view::FindingView;

/// The most findings that are kept; those that are closed go first, then the ones not seen for longest.
pub const FINDINGS_MAX: u32 = 10_000;
/// A finding with more bytes of JSON is kept without them.
pub const FINDING_BYTES_MAX: usize = 256 << 10;
/// The most open findings that are told of at once.
pub const FINDINGS_TOLD_MAX: u32 = 1_000;

/// The name of the file.
pub(super) const NAME: &str = "findings.db";

/// The file of findings.
pub(super) const LAYOUT: Layout = Layout {
    version: 1,
    tables: "
        CREATE TABLE finding (
            canary TEXT NOT NULL, target TEXT NOT NULL, id TEXT NOT NULL,
            first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, slots INTEGER NOT NULL, closed_ms INTEGER,
            sentence TEXT NOT NULL, replay TEXT NOT NULL, json TEXT,
            PRIMARY KEY (canary, target, id));
        CREATE INDEX finding_by_id ON finding (id, last_ms);",
};

/// Where it is.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// About how much memory a value takes.
pub(super) fn weight(value: &Value) -> usize {
    let inner = match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(weight).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| 48 + name.len() + weight(value)).sum(),
        _ => 0,
    };
    size_of::<Value>() + inner
}

/// Writes what was seen of findings, all or nothing.
pub(super) fn write<'a>(connection: &mut Connection, items: impl Iterator<Item = &'a Item>) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for item in items {
        match item {
            Item::Found { watch, at_ms, id, finding } => found(&transaction, watch, *at_ms, id, finding)?,
            Item::Closed { watch, id, at_ms } => {
                let close = "UPDATE finding SET closed_ms = ?4 WHERE canary = ?1 AND target = ?2 AND id = ?3";
                let own = params![watch.canary, watch.target, id, at_ms];
                transaction.prepare_cached(close)?.execute(own)?;
            }
            Item::Row(_) | Item::Suspect(_) => {}
        }
    }
    transaction.commit()
}

fn found(connection: &Connection, watch: &Watch, at_ms: i64, id: &str, finding: &Value) -> rusqlite::Result<()> {
    let json = serde_json::to_string(finding).ok().filter(|json| json.len() <= FINDING_BYTES_MAX);
    // The JSON stays as it was first seen, so that an address of it means one thing.
    let upsert = "INSERT INTO finding VALUES (?1, ?2, ?3, ?4, ?4, 1, NULL, ?5, ?6, ?7)
        ON CONFLICT DO UPDATE SET slots = slots + 1, closed_ms = NULL,
            first_ms = min(first_ms, ?4), last_ms = max(last_ms, ?4)";
    let (sentence, replay) = (text(finding, &["sentence", "summary"]), text(finding, &["replay"]));
    let own = params![watch.canary, watch.target, id, at_ms, sentence, replay, json];
    connection.prepare_cached(upsert)?.execute(own).map(|_| ())
}

/// The first of these fields that is a text, in the value or in the finding that it wraps.
fn text<'a>(value: &'a Value, names: &[&str]) -> &'a str {
    let places = [Some(value), value.get("finding")];
    let texts =
        places.into_iter().flatten().flat_map(|place| names.iter().filter_map(|name| place.get(*name)?.as_str()));
    texts.into_iter().next().unwrap_or_default()
}

/// Removes findings that were closed before a moment, and those that are too many.
pub(super) fn forget(connection: &Connection, before_ms: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM finding WHERE closed_ms < ?1", [before_ms])?;
    let count: u32 = connection.query_row("SELECT count(*) FROM finding", [], |row| row.get(0))?;
    if count > FINDINGS_MAX {
        let worst = "DELETE FROM finding WHERE rowid IN
            (SELECT rowid FROM finding ORDER BY closed_ms IS NULL, last_ms LIMIT ?1)";
        connection.execute(worst, [count - FINDINGS_MAX])?;
    }
    Ok(())
}

/// The open findings of a watch, or of all, those seen last first.
pub(super) fn open(connection: &Connection, watch: Option<&Watch>) -> rusqlite::Result<Vec<(Watch, FindingView)>> {
    let select = "SELECT canary, target, id, sentence, replay, first_ms, last_ms, slots FROM finding
        WHERE closed_ms IS NULL AND (?1 IS NULL OR (canary = ?1 AND target = ?2)) ORDER BY last_ms DESC, id LIMIT ?3";
    let own = params![watch.map(|watch| &watch.canary), watch.map(|watch| &watch.target), FINDINGS_TOLD_MAX];
    let mut statement = connection.prepare_cached(select)?;
    let rows = statement.query_map(own, |row| {
        let watch = Watch { canary: row.get(0)?, target: row.get(1)? };
        let view = FindingView {
            id: row.get(2)?,
            sentence: row.get(3)?,
            replay: row.get(4)?,
            first_ms: row.get(5)?,
            last_ms: row.get(6)?,
            slots: row.get::<_, i64>(7)?.cast_unsigned(),
        };
        Ok((watch, view))
    })?;
    rows.collect()
}

/// A finding in full, open or closed, as it was seen first at the watch that saw it last.
pub(super) fn full(connection: &Connection, id: &str) -> rusqlite::Result<Option<Value>> {
    let select = "SELECT json FROM finding WHERE id = ?1 AND json IS NOT NULL ORDER BY last_ms DESC LIMIT 1";
    let json: Option<String> = connection.prepare_cached(select)?.query_row([id], |row| row.get(0)).optional()?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}

/// Opens the file for writing.
pub(super) fn connect(folder: &Path) -> Result<Connection, StoreError> {
    file::open(&path(folder), &LAYOUT)
}
