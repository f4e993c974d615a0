//! What a slot costs on disk and in memory.

use std::time::Duration;

use plumb_canary::slot::{Ended, Outcome, Timing};
use plumb_canary::store::Store;

use crate::rows::{DAY_MS, HOUR_MS, MINUTE_MS, ended, folder, open, slot, wait};

/// A stream of numbers below 1,000 by a seed.
fn noise(seed: &mut u64) -> u32 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    u32::try_from((*seed >> 33) % 1_000).expect("below 1,000")
}

/// A slot with one exchange over a new connection, each of its times another.
fn row(watch: u32, minute: i64, seed: &mut u64) -> Ended {
    let due_ms = DAY_MS + minute * MINUTE_MS + i64::from(watch * 59 + noise(seed) % 20);
    let phases = [
        400 + noise(seed) / 4,
        900 + noise(seed),
        2_500 + noise(seed),
        14_000 + noise(seed) * 9,
        200 + noise(seed) / 4,
    ];
    let total_us = phases.iter().sum::<u32>() + noise(seed) / 10;
    let timing = Timing { phases_us: phases.map(Some), total_us };
    Ended {
        timings: vec![timing],
        late_ms: noise(seed) / 200,
        duration_us: u64::from(total_us) + 900 + u64::from(noise(seed)),
        bytes: 1_800 + u64::from(noise(seed) / 4),
        ..ended(slot(&format!("canary-{watch:04}"), due_ms), Outcome::Pass)
    }
}

/// Writes a day of this many watches at one slot a minute, and gives back the bytes that a slot takes once all of it is
/// packed.
fn bytes_of_a_day(watches: u32) -> f64 {
    let folder = folder();
    let store = open(folder.path(), DAY_MS);
    let mut seed = 7;
    for minute in 0..24 * 60 {
        for watch in 0..watches {
            store.ended(row(watch, minute, &mut seed));
        }
        if minute % 5 == 4 {
            assert!(store.flush(Duration::from_mins(1)), "it is written");
        }
    }
    // What ends a day is a slot of the next.
    store.ended(ended(slot("canary-0000", DAY_MS + 25 * HOUR_MS), Outcome::Pass));
    assert!(store.flush(Duration::from_mins(1)), "it is written");
    let log = folder.path().join("slots-2026-11-21.db-wal");
    wait(|| !log.exists());
    assert_eq!((store.lost(), store.notices()), (0, Vec::new()));
    let size = std::fs::metadata(folder.path().join("slots-2026-11-21.db")).expect("the day").len();
    let rows = 24 * 60 * u64::from(watches);
    assert_eq!(count(&store), rows);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let bytes = size as f64 / rows as f64;
    bytes
}

fn count(store: &Store) -> u64 {
    let all = store.sums_of_all(DAY_MS, DAY_MS + 24 * HOUR_MS, 24 * HOUR_MS);
    all.iter().flat_map(|(_, sums)| sums).flat_map(|sum| sum.counts.by_outcome).sum()
}

#[test]
fn a_slot_takes_less_than_a_hundred_bytes() {
    let bytes = bytes_of_a_day(20);
    assert!(bytes < 60.0, "{bytes:.1} bytes a slot");
}

/// Said and not only checked: `cargo test -p plumb-canary --release --test store -- --ignored --nocapture`.
#[test]
#[ignore = "it writes a day of 1,000 watches, which takes minutes in a debug build"]
fn what_a_thousand_watches_take() {
    let before = resident_kib();
    let began = std::time::Instant::now();
    let bytes = bytes_of_a_day(1_000);
    let gigabytes = bytes * 1_000.0 * 24.0 * 60.0 * 30.0 / 1e9;
    eprintln!("{bytes:.1} bytes a slot; {gigabytes:.2} GB for 1,000 canaries at one slot a minute in 30 days");
    eprintln!("{:.1?} for 1,440,000 slots; memory from {before} to {} KiB at most", began.elapsed(), peak_kib());
    assert!(bytes < 60.0, "{bytes:.1} bytes a slot");
}

fn resident_kib() -> u64 {
    status("VmRSS:")
}

fn peak_kib() -> u64 {
    status("VmHWM:")
}

fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}
