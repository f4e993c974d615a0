//! Rows as lines of JSON, for other programs.

use std::io::{self, Write};

use serde::Serialize;

use super::StoreError;
use super::read::{Range, Reader};

/// The version of the format.
pub const EXPORT_VERSION: u32 = 1;

/// The first line: what follows.
#[derive(Debug, Serialize)]
struct Header {
    /// The version of the format.
    plumb_slots: u32,
    /// The first moment, in milliseconds since 1970.
    from_ms: i64,
    /// The first moment behind.
    until_ms: i64,
}

/// Writes the header and every row, the oldest first; gives back how many rows.
pub(super) fn write(mut reader: Reader, from_ms: i64, until_ms: i64, out: &mut dyn Write) -> Result<u64, StoreError> {
    let range = Range { from_ms, until_ms, step_ms: 1 };
    let mut count = 0;
    let mut written = line(out, &Header { plumb_slots: EXPORT_VERSION, from_ms, until_ms });
    for day in reader.days(from_ms, until_ms) {
        reader.with_day(day, |view| {
            view.each_ended(None, range, &mut |ended| {
                if written.is_ok() {
                    written = line(out, &ended);
                }
                count += u64::from(written.is_ok());
                written.is_ok()
            })
        });
    }
    written.and_then(|()| out.flush()).map_err(StoreError::Export)?;
    Ok(count)
}

fn line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(value).map_err(io::Error::other)?;
    text.push(b'\n');
    out.write_all(&text)
}
