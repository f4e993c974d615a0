//! Our clock, and what we know of the target's.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use plumb_model::time::{self, Interval};

/// How far the target's clock may be from ours before its first answer, in milliseconds: beyond a quarter of an
/// hour services that sign requests refuse them (`RequestTimeTooSkewed`).
pub const OFFSET_MS_MAX: i64 = 15 * 60 * 1000;

/// How late a `date` header may be, in milliseconds: it shows whole seconds, and servers cache it for one more.
const DATE_LAG_MS: i64 = 2_000;

/// How late the clock may be by which a server stamps what it stores, in milliseconds: file systems of Linux read one
/// that goes on once a tick, a hundred times a second at the least.
const STAMP_LAG_MS: i64 = 10;

/// Something that tells the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn unix_ms(&self) -> i64;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// How far the target's clock is from ours, as an interval that every `date` header narrows.
#[derive(Debug)]
pub struct TargetClock {
    offset: Mutex<Offset>,
}

#[derive(Debug)]
struct Offset {
    earliest_ms: i64,
    latest_ms: i64,
    last_date: Vec<u8>,
}

impl Default for TargetClock {
    fn default() -> Self {
        let offset = Offset { earliest_ms: -OFFSET_MS_MAX, latest_ms: OFFSET_MS_MAX, last_date: Vec::new() };
        Self { offset: Mutex::new(offset) }
    }
}

impl TargetClock {
    /// The interval on the target's clock that corresponds to our `from_ms` to `to_ms`.
    pub fn interval(&self, from_ms: i64, to_ms: i64) -> Interval {
        let offset = self.lock();
        Interval { earliest_ms: from_ms + offset.earliest_ms - STAMP_LAG_MS, latest_ms: to_ms + offset.latest_ms }
    }

    /// The target's clock at our `ms`, as well as we know, in seconds.
    pub fn at_s(&self, ms: i64) -> i64 {
        let offset = self.lock();
        (ms + i64::midpoint(offset.earliest_ms, offset.latest_ms)).div_euclid(1000)
    }

    /// Learns from the `date` header of an answer that was asked for at `sent_ms` and had come at `received_ms`.
    pub fn learn(&self, date: &[u8], sent_ms: i64, received_ms: i64) {
        let mut offset = self.lock();
        if offset.last_date == date {
            return;
        }
        let Some(seconds) = std::str::from_utf8(date).ok().and_then(time::parse_http_date) else { return };
        let (earliest, latest) = (seconds * 1000 - received_ms, seconds * 1000 + DATE_LAG_MS - sent_ms);
        let narrowed = (offset.earliest_ms.max(earliest), offset.latest_ms.min(latest));
        // A clock that was set in between makes old knowledge wrong; then only the newest counts.
        (offset.earliest_ms, offset.latest_ms) = if narrowed.0 <= narrowed.1 { narrowed } else { (earliest, latest) };
        date.clone_into(&mut offset.last_date);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Offset> {
        self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_date_narrows_the_offset_and_a_jump_starts_anew() {
        let clock = TargetClock::default();
        clock.learn(b"Thu, 01 Jan 1970 00:01:40 GMT", 90_000, 90_100);
        assert_eq!(clock.interval(0, 0), Interval { earliest_ms: 9_890, latest_ms: 12_000 });
        clock.learn(b"Thu, 01 Jan 1970 00:01:41 GMT", 90_950, 91_000);
        assert_eq!(clock.interval(0, 0), Interval { earliest_ms: 9_990, latest_ms: 12_000 });
        clock.learn(b"Thu, 01 Jan 1970 01:00:00 GMT", 92_000, 92_000);
        assert_eq!(clock.interval(0, 0), Interval { earliest_ms: 3_507_990, latest_ms: 3_510_000 });
    }
}
