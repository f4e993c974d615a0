//! Watches, slots and rows for the tests.

use std::path::Path;
use std::time::{Duration, Instant};

use plumb_canary::plan::Retention;
use plumb_canary::slot::{Ended, Mark, Outcome, Place, Slot, SlotKind, Timing, Trouble, Watch};
use plumb_canary::store::Store;

/// A moment in November 2026, at the start of a day.
pub(crate) const DAY_MS: i64 = 1_795_219_200_000;
/// The milliseconds of a minute.
pub(crate) const MINUTE_MS: i64 = 60_000;
/// The milliseconds of an hour.
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;

pub(crate) fn watch(canary: &str) -> Watch {
    Watch { canary: canary.to_owned(), target: "west".to_owned() }
}

/// A scheduled slot.
pub(crate) fn slot(canary: &str, due_ms: i64) -> Slot {
    Slot { watch: watch(canary), due_ms, kind: SlotKind::Scheduled }
}

/// The timing of an exchange that took `first_byte_us` to its first byte.
pub(crate) fn timing(first_byte_us: u32) -> Timing {
    let phases_us = [Some(310), Some(820), Some(2_400), Some(first_byte_us), Some(190)];
    Timing { phases_us, total_us: first_byte_us + 3_733 }
}

/// A slot with one exchange that ended in this way.
pub(crate) fn ended(slot: Slot, outcome: Outcome) -> Ended {
    let timings = if outcome.ran() { vec![timing(12_000)] } else { Vec::new() };
    let (availability, conformance) = match outcome {
        Outcome::Pass => (Mark::Good, Mark::Good),
        Outcome::Fail => (Mark::Good, Mark::Bad),
        Outcome::Inconclusive => (Mark::Bad, Mark::Void),
        _ => (Mark::Void, Mark::Void),
    };
    Ended {
        count: 1,
        last_due_ms: slot.due_ms,
        outcome,
        availability,
        conformance,
        late_ms: 3,
        duration_us: 17_345,
        exchanges: u32::try_from(timings.len()).expect("few"),
        timings,
        judged: 1,
        bytes: 1_834,
        version: Some("2026.11.3".to_owned()),
        trouble: (outcome != Outcome::Pass).then(|| trouble("the answer is not permitted")),
        leaks: 0,
        slot,
    }
}

/// Why a slot did not pass.
pub(crate) fn trouble(message: &str) -> Trouble {
    Trouble {
        place: Place::Service,
        message: message.to_owned(),
        findings: vec!["0badc0de".to_owned()],
        request_ids: vec!["4442587FB7D0A2F9".to_owned()],
        traceparent: None,
        replay: Some("plumb replay 0badc0de.json".to_owned()),
    }
}

/// An empty folder.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Days and bytes to keep.
pub(crate) fn kept(days: u32, bytes: u64) -> Retention {
    Retention { days, bytes }
}

/// A store that keeps everything.
pub(crate) fn open(folder: &Path, now_ms: i64) -> Store {
    let (store, notices) = Store::open(folder, kept(3_000, u64::MAX), now_ms).expect("a store");
    assert_eq!(notices, Vec::<String>::new());
    store
}

/// Waits until another thread has come so far.
pub(crate) fn wait(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(1), "it never came to that");
        std::thread::sleep(Duration::from_millis(5));
    }
}
