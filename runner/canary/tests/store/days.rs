//! What the store keeps, and what it gives back.

use std::time::Duration;

use plumb_canary::slot::{Ended, Mark, Outcome, Phase, Slot, SlotKind};
use plumb_canary::store::{Store, Sum};
use serde_json::json;

use crate::rows::{DAY_MS, HOUR_MS, MINUTE_MS, ended, folder, kept, open, slot, timing, wait, watch};

fn flush(store: &Store) {
    assert!(store.flush(Duration::from_secs(30)), "it is written: {:?}", store.notices());
}

/// Writes these rows.
fn with(rows: impl IntoIterator<Item = Ended>) -> (tempfile::TempDir, Store) {
    let folder = folder();
    let store = open(folder.path(), DAY_MS);
    rows.into_iter().for_each(|row| store.ended(row));
    flush(&store);
    (folder, store)
}

/// A slot in every minute, the outcomes in turn.
fn minutes(from: i64, until: i64) -> impl Iterator<Item = Ended> {
    (from..until).map(|minute| {
        let outcome = Outcome::ALL[usize::try_from(minute.rem_euclid(3)).expect("a place")];
        ended(slot("uploads", DAY_MS + minute * MINUTE_MS), outcome)
    })
}

#[test]
fn a_slot_comes_back_as_it_was_given() {
    let given: Vec<Ended> =
        Outcome::ALL.into_iter().zip(0..).map(|(outcome, due)| ended(slot("a", DAY_MS + due), outcome)).collect();
    let (_folder, store) = with(given.clone());
    assert_eq!(store.slots(Some(&watch("a")), DAY_MS, DAY_MS + 100, 100), given);
    assert_eq!(store.slots(Some(&watch("b")), DAY_MS, DAY_MS + 100, 100), []);
}

#[test]
fn slots_of_several_days_are_one_row_after_the_other() {
    let given: Vec<Ended> = minutes(-30, 1_470).collect();
    let (folder, store) = with(given.clone());
    let days = std::fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let days = days.filter(|name| name.to_string_lossy().ends_with(".db") && *name != *"findings.db").count();
    assert_eq!(days, 3);
    assert_eq!(store.slots(None, 0, i64::MAX, usize::MAX), given);
    assert_eq!(store.slots(None, DAY_MS, DAY_MS + 5 * MINUTE_MS, usize::MAX), given[30..35]);
    assert_eq!(store.slots(None, 0, i64::MAX, 40), given[..40]);
    assert_eq!(store.last(&watch("uploads"), 45), given[given.len() - 45..]);
    drop(store);
    assert_eq!(open(folder.path(), DAY_MS + 72 * HOUR_MS).last(&watch("uploads"), usize::MAX), given);
}

#[test]
fn a_slot_that_is_given_twice_is_there_once_as_it_was_first() {
    let first = ended(slot("a", DAY_MS), Outcome::Pass);
    let second = ended(slot("a", DAY_MS), Outcome::Killed);
    let retry = Ended { slot: Slot { kind: SlotKind::Retry, ..slot("a", DAY_MS) }, ..first.clone() };
    let (folder, store) = with([first.clone(), second.clone(), retry.clone()]);
    drop(store);
    let store = open(folder.path(), DAY_MS);
    store.ended(second);
    flush(&store);
    assert_eq!(store.slots(None, DAY_MS, DAY_MS + 1, 10), [first, retry]);
    assert_eq!(store.lost(), 0);
}

#[test]
fn only_slots_that_count_are_on_an_axis() {
    let pass = ended(slot("a", DAY_MS), Outcome::Pass);
    let retry =
        Ended { slot: Slot { kind: SlotKind::Retry, ..slot("a", DAY_MS + 1) }, ..ended(slot("a", 0), Outcome::Fail) };
    let missed = Ended::without_start(slot("a", DAY_MS + 2), Outcome::Missed, "asleep").for_all_until(5, DAY_MS + 7);
    let fail = ended(slot("a", DAY_MS + HOUR_MS), Outcome::Fail);
    let (_folder, store) = with([pass, retry, missed, fail]);
    let sums = store.sums(&watch("a"), DAY_MS, DAY_MS + 4 * HOUR_MS, HOUR_MS);
    let said: Vec<_> =
        sums.iter().map(|sum| (sum.from_ms, sum.counts.by_outcome, sum.counts.good, sum.counts.bad)).collect();
    assert_eq!(
        said,
        [(DAY_MS, [1, 1, 0, 5, 0, 0, 0], [1, 1], [0, 0]), (DAY_MS + HOUR_MS, [0, 1, 0, 0, 0, 0, 0], [1, 0], [0, 1]),]
    );
    assert_eq!(store.latency(&watch("a"), DAY_MS, DAY_MS + DAY_MS).len(), 2);
}

#[test]
fn sums_of_all_are_the_sums_of_each() {
    let rows = minutes(0, 90).chain((0..90).map(|minute| ended(slot("b", DAY_MS + minute * MINUTE_MS), Outcome::Pass)));
    let (_folder, store) = with(rows);
    let all = store.sums_of_all(DAY_MS, DAY_MS + 24 * HOUR_MS, HOUR_MS);
    let each =
        ["b", "uploads"].map(|name| (watch(name), store.sums(&watch(name), DAY_MS, DAY_MS + 24 * HOUR_MS, HOUR_MS)));
    assert_eq!(all, each);
    let passed = |sums: &[Sum]| sums.iter().map(|sum| sum.counts.by_outcome[0]).sum::<u64>();
    assert_eq!((passed(&all[0].1), passed(&all[1].1)), (90, 30));
}

#[test]
fn latency_is_told_by_phase_and_in_bands() {
    let rows = (0..120_u32).map(|minute| Ended {
        timings: vec![timing(if minute < 60 { 10_000 } else { 50_000 })],
        ..ended(slot("a", DAY_MS + i64::from(minute) * MINUTE_MS), Outcome::Pass)
    });
    let (_folder, store) = with(rows);
    let near = |told: u64, value: u64| assert!(told.abs_diff(value) * 50 <= value, "{value} is told as {told}");
    let whole = store.latency(&watch("a"), DAY_MS, DAY_MS + 24 * HOUR_MS);
    assert_eq!(whole.len(), 120);
    near(whole.value_at_quantile(0.25), 13_733);
    near(whole.value_at_quantile(0.99), 53_733);
    near(store.phase(&watch("a"), Phase::Tls, DAY_MS, DAY_MS + HOUR_MS).max(), 2_400);
    let bands = store.bands(&watch("a"), DAY_MS, DAY_MS + 24 * HOUR_MS, HOUR_MS);
    assert_eq!(bands.iter().map(|band| band.from_ms).collect::<Vec<_>>(), [DAY_MS, DAY_MS + HOUR_MS]);
    near(bands[0].p99_us, 13_733);
    near(bands[1].p50_us, 53_733);
}

#[test]
fn a_version_is_told_when_it_changes() {
    let version = |due: i64, name: &str| Ended {
        version: Some(name.to_owned()),
        ..ended(slot("a", DAY_MS + due), Outcome::Pass)
    };
    let rows = [
        version(-5, "1"),
        version(0, "1"),
        version(1, "2"),
        version(2, "2"),
        version(3, "1"),
        version(24 * HOUR_MS, "3"),
    ];
    let (_folder, store) = with(rows);
    let told = |from_ms, until_ms| store.versions(&watch("a"), from_ms, until_ms);
    let change = |due: i64, name: &str| (DAY_MS + due, name.to_owned());
    assert_eq!(told(0, i64::MAX), [change(1, "2"), change(3, "1"), change(24 * HOUR_MS, "3")]);
    assert_eq!(told(DAY_MS + 24 * HOUR_MS, i64::MAX), [change(24 * HOUR_MS, "3")]);
    assert_eq!(told(DAY_MS, DAY_MS + 2), [change(1, "2")]);
}

#[test]
fn a_finding_is_open_until_it_is_closed() {
    let (folder, store) = with([]);
    let finding =
        json!({ "summary": "a deleted key is still listed", "replay": "plumb replay 1.json", "more": [1, 2] });
    store.found(&watch("a"), 10, "0badc0de", finding.clone());
    store.found(&watch("a"), 30, "0badc0de", json!({ "summary": "again" }));
    store.found(&watch("b"), 20, "0badc0de", json!({ "finding": { "summary": "inside", "replay": "r" } }));
    flush(&store);
    let open_at =
        |store: &Store, name| store.findings(Some(&watch(name))).into_iter().map(|(_, view)| view).collect::<Vec<_>>();
    let own = open_at(&store, "a");
    assert_eq!((own[0].first_ms, own[0].last_ms, own[0].slots), (10, 30, 2));
    assert_eq!(own[0].sentence, "a deleted key is still listed");
    assert_eq!(own[0].replay, "plumb replay 1.json");
    assert_eq!(open_at(&store, "b")[0].sentence, "inside");
    store.closed(&watch("a"), "0badc0de", 40);
    flush(&store);
    drop(store);
    let store = open(folder.path(), DAY_MS);
    assert_eq!(store.findings(None).len(), 1);
    assert_eq!(store.finding("0badc0de"), Some(finding), "a link to it still works");
    store.found(&watch("a"), 50, "0badc0de", json!({}));
    flush(&store);
    assert_eq!((open_at(&store, "a")[0].first_ms, open_at(&store, "a")[0].slots), (10, 3));
    assert_eq!(store.finding("nothing"), None);
}

#[test]
fn an_export_is_a_header_and_a_line_for_each_slot() {
    let given: Vec<Ended> = minutes(0, 100).collect();
    let (_folder, store) = with(given.clone());
    let mut out = Vec::new();
    let count = store.export(DAY_MS, DAY_MS + 90 * MINUTE_MS, &mut out).expect("an export");
    let text = String::from_utf8(out).expect("text");
    let mut lines = text.lines();
    let header = format!(r#"{{"plumb_slots":1,"from_ms":{DAY_MS},"until_ms":{}}}"#, DAY_MS + 90 * MINUTE_MS);
    assert_eq!(lines.next(), Some(header.as_str()));
    let rows: Vec<Ended> = lines.map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert_eq!((count, rows.as_slice()), (90, &given[..90]));
}

#[test]
fn an_export_that_nobody_takes_is_an_error() {
    let (_folder, store) = with(minutes(0, 100));
    let mut room = [0_u8; 1_000];
    let error = store.export(0, i64::MAX, &mut room.as_mut_slice()).expect_err("no room");
    assert!(error.to_string().starts_with("write the export: "), "{error}");
}

#[test]
fn days_that_are_too_old_or_too_much_go_and_today_never_does() {
    let folder = folder();
    let store = open(folder.path(), DAY_MS);
    minutes(-10, 10).for_each(|row| store.ended(row));
    store.ended(ended(slot("uploads", DAY_MS - 9 * 24 * HOUR_MS), Outcome::Pass));
    flush(&store);
    let most = store.bytes() * 2;
    drop(store);
    let check = |retention, left: usize| {
        let (store, _) = Store::open(folder.path(), retention, DAY_MS).expect("a store");
        wait(|| store.slots(None, 0, DAY_MS, 100).len() == left);
        assert_eq!(store.slots(None, DAY_MS, i64::MAX, 100).len(), 10, "today stays");
    };
    check(kept(10, most), 11);
    // Nine days and no more: the oldest is just too old.
    check(kept(9, most), 10);
    check(kept(9, 1), 0);
}

#[test]
fn a_row_of_a_day_that_no_calendar_has_harms_no_other() {
    let (_folder, store) = with([]);
    store.ended(ended(slot("a", i64::MAX), Outcome::Pass));
    store.ended(Ended { conformance: Mark::Void, ..ended(slot("a", DAY_MS), Outcome::Pass) });
    flush(&store);
    assert_eq!((store.last(&watch("a"), 5).len(), store.lost(), store.waiting()), (1, 1, 0));
    assert!(store.notices()[0].contains("a day that no calendar has"), "{:?}", store.notices());
}
