//! The lines of the journal: a header, then one JSON value a line.

use serde::{Deserialize, Serialize};

use super::LEDGER_VERSION;
use crate::slot::{Ended, Slot, Watch};

/// The first line of a segment.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// The version of the format.
    plumb_ledger: u32,
    /// When the segment was begun, in milliseconds since 1970.
    at_ms: i64,
}

/// A line behind the header. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Line {
    /// A slot starts, and when.
    #[serde(rename = "s")]
    Start(Slot, i64),
    /// A slot is under way while the segment is begun.
    #[serde(rename = "u")]
    Carried(Slot),
    /// A slot ended.
    #[serde(rename = "e")]
    End(Box<Ended>),
    /// The last scheduled due time of a watch while the segment is begun.
    #[serde(rename = "d")]
    Due(Watch, i64),
    /// The daemon lives.
    #[serde(rename = "a")]
    Alive(i64),
}

/// The header with its end of line.
pub(super) fn header(at_ms: i64) -> Vec<u8> {
    let mut text = Vec::new();
    push_json(&mut text, &Header { plumb_ledger: LEDGER_VERSION, at_ms });
    text
}

/// Appends a line with its end.
pub(super) fn push(text: &mut Vec<u8>, line: &Line) {
    push_json(text, line);
}

/// Nothing that is written here has a key that is no text, so that no line is ever left out.
fn push_json(text: &mut Vec<u8>, value: &impl Serialize) {
    let before = text.len();
    match serde_json::to_writer(&mut *text, value) {
        Ok(()) => text.push(b'\n'),
        Err(_) => text.truncate(before),
    }
}

/// Version and time of a header; none where it is none.
pub(super) fn parse_header(line: &[u8]) -> Option<(u32, i64)> {
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    let version = value.get("plumb_ledger")?.as_u64()?;
    // What else a newer header says is its own affair.
    let at_ms = value.get("at_ms").and_then(serde_json::Value::as_i64).unwrap_or_default();
    Some((u32::try_from(version).unwrap_or(u32::MAX), at_ms))
}

/// A line without its end; none where it is none.
pub(super) fn parse(line: &[u8]) -> Option<Line> {
    serde_json::from_slice(line).ok()
}

/// When a slot was over, in milliseconds since 1970, as far as it says.
pub(super) fn end_ms(row: &Ended) -> i64 {
    let took_ms = i64::try_from(row.duration_us / 1_000).unwrap_or(i64::MAX);
    row.last_due_ms.saturating_add(i64::from(row.late_ms)).saturating_add(took_ms)
}
