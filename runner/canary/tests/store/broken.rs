//! Files that are broken, from a newer version, or gone.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plumb_canary::slot::Outcome;
use plumb_canary::store::{ASIDE_MAX, Store, StoreError, UNSETTLED_MAX};
use serde_json::json;

use crate::rows::{DAY_MS, HOUR_MS, MINUTE_MS, ended, folder, kept, open, slot, wait, watch};

const TODAY: &str = "slots-2026-11-21.db";
const YESTERDAY: &str = "slots-2026-11-20.db";

/// A folder with rows of two days and a finding, closed in order.
fn filled() -> tempfile::TempDir {
    let folder = folder();
    let store = open(folder.path(), DAY_MS);
    for minute in -200..200 {
        store.ended(ended(slot("a", DAY_MS + minute * MINUTE_MS), Outcome::Fail));
    }
    store.found(&watch("a"), DAY_MS, "0badc0de", json!({ "summary": "wrong" }));
    assert!(store.flush(Duration::from_secs(30)), "it is written");
    drop(store);
    folder
}

fn reopen(folder: &Path) -> (Store, Vec<String>) {
    Store::open(folder, kept(3_000, u64::MAX), DAY_MS).expect("a store")
}

fn rows(store: &Store) -> (usize, usize) {
    (store.slots(None, 0, DAY_MS, 1_000).len(), store.slots(None, DAY_MS, i64::MAX, 1_000).len())
}

fn aside(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    all.filter(|path| path.to_string_lossy().rsplit_once(".corrupt-").is_some_and(|(_, at)| at.parse::<i64>().is_ok()))
        .collect()
}

/// Overwrites all pages but the first.
fn scramble(path: &Path) {
    let mut bytes = fs::read(path).expect("a file");
    bytes.iter_mut().skip(8_192).for_each(|byte| *byte = 0xa5);
    fs::write(path, bytes).expect("a broken file");
}

#[test]
fn a_newer_file_is_refused_and_everything_stays_as_it_was() {
    for name in [TODAY, YESTERDAY, "findings.db"] {
        let folder = filled();
        let path = folder.path().join(name);
        rusqlite::Connection::open(&path)
            .and_then(|file| file.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA user_version = 7;"))
            .expect("a newer version");
        fs::write(folder.path().join("slots-2026-11-19.db"), "nonsense").expect("a broken file beside it");
        let before: Vec<(PathBuf, Vec<u8>)> = contents(folder.path());
        let error = Store::open(folder.path(), kept(1, 0), DAY_MS + 99 * HOUR_MS).expect_err("a newer version");
        assert!(matches!(&error, StoreError::Newer { path: found, found: 7, known: 1 } if *found == path), "{error}");
        assert!(error.to_string().ends_with("it has version 7, and this program knows up to 1"), "{error}");
        assert_eq!(contents(folder.path()), before, "{name}");
    }
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let all = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut all: Vec<_> = all.map(|path| (path.clone(), fs::read(path).expect("a file"))).collect();
    all.sort();
    all
}

/// Breaks a file between two lives of the daemon; `left` is what is there after.
fn check(name: &str, breaks: impl Fn(&Path), left: (usize, usize), is_told: bool) {
    let folder = filled();
    breaks(&folder.path().join(name));
    let (store, notices) = reopen(folder.path());
    assert_eq!(rows(&store), left, "{name}");
    store.ended(ended(slot("a", DAY_MS + 1), Outcome::Pass));
    store.ended(ended(slot("a", DAY_MS - 1), Outcome::Pass));
    store.found(&watch("b"), 5, "feedbeef", json!({}));
    assert!(store.flush(Duration::from_secs(30)), "it is written: {:?}", store.notices());
    wait(|| !is_told || aside(folder.path()).len() == 1);
    let told = [notices, store.notices()].concat();
    assert_eq!(told.iter().any(|notice| notice.contains(name) && notice.contains(".corrupt-")), is_told, "{told:?}");
    assert_eq!(
        store.slots(None, DAY_MS - 1, DAY_MS + 2, 9).iter().filter(|row| row.outcome == Outcome::Pass).count(),
        2
    );
    assert_eq!(store.findings(Some(&watch("b"))).len(), 1);
    assert_eq!(store.lost(), 0);
}

#[test]
fn a_broken_file_is_moved_aside_and_a_new_one_begun() {
    let nonsense = |path: &Path| fs::write(path, "this is no database, and never was one").expect("a broken file");
    let torn =
        |path: &Path| fs::File::options().write(true).open(path).and_then(|file| file.set_len(20_000)).expect("half");
    check(TODAY, nonsense, (200, 0), true);
    check(TODAY, torn, (200, 0), true);
    check(TODAY, scramble, (200, 0), true);
    check(YESTERDAY, nonsense, (0, 200), true);
    check(YESTERDAY, scramble, (0, 200), true);
    check("findings.db", nonsense, (200, 200), true);
    check("findings.db", torn, (200, 200), true);
}

#[test]
fn a_file_that_is_gone_or_empty_is_begun_again() {
    let gone = |path: &Path| fs::remove_file(path).expect("it goes");
    let empty = |path: &Path| fs::write(path, "").expect("an empty file");
    check(TODAY, gone, (200, 0), false);
    check(TODAY, empty, (200, 0), false);
    check(YESTERDAY, empty, (0, 200), false);
    check("findings.db", empty, (200, 200), false);
}

#[test]
fn a_file_that_breaks_while_it_is_written_is_moved_aside_and_the_new_rows_are_kept() {
    let folder = folder();
    let store = open(folder.path(), DAY_MS);
    for minute in 0..2_000_i64 {
        store.ended(ended(slot("a", DAY_MS + minute * 1_000), Outcome::Fail));
    }
    assert!(store.flush(Duration::from_secs(30)), "it is written");
    scramble(&folder.path().join(TODAY));
    // What the log holds is still good, so that it takes a while until the pages are asked for.
    for second in 0..50_000_i64 {
        store.ended(ended(slot(&format!("b{}", second % 50), DAY_MS + HOUR_MS + second * 100), Outcome::Fail));
        if second % 5_000 == 4_999 {
            store.flush(Duration::from_secs(30));
        }
        if !aside(folder.path()).is_empty() {
            break;
        }
    }
    let _ = store.slots(None, DAY_MS, DAY_MS + HOUR_MS, 10);
    wait(|| aside(folder.path()).len() == 1);
    store.ended(ended(slot("after", DAY_MS + 20 * HOUR_MS), Outcome::Pass));
    assert!(store.flush(Duration::from_secs(30)), "it is written: {:?}", store.notices());
    assert_eq!(store.last(&watch("after"), 9).len(), 1);
    assert_eq!(store.lost(), 0);
    assert!(store.notices().iter().any(|notice| notice.contains("is now ")), "{:?}", store.notices());
}

#[test]
fn a_day_that_can_never_be_written_does_not_hold_up_the_ledger_for_ever() {
    let folder = folder();
    let store = open(folder.path(), DAY_MS);
    fs::create_dir(folder.path().join("slots-2026-11-22.db")).expect("something in the way");
    store.ended(ended(slot("a", DAY_MS + 24 * HOUR_MS), Outcome::Pass));
    let handed = i64::try_from(UNSETTLED_MAX).expect("few") + 10;
    for due in 0..handed {
        store.ended(ended(slot("b", DAY_MS + due), Outcome::Pass));
        if due % 5_000 == 4_999 {
            wait(|| store.waiting() <= 1);
        }
    }
    assert!(store.flush(Duration::from_mins(1)), "{:?}", store.notices());
    assert_eq!(store.lost(), 1);
    assert_eq!(store.progress().settled, store.progress().handed);
}

#[test]
fn only_some_broken_files_are_kept() {
    let folder = filled();
    for at in 0..9 {
        fs::write(folder.path().join(format!("slots-2026-11-1{at}.db.corrupt-{at}")), "x").expect("a broken file");
    }
    let (_store, _) = reopen(folder.path());
    wait(|| aside(folder.path()).len() == ASIDE_MAX);
    assert!(folder.path().join("slots-2026-11-18.db.corrupt-8").exists(), "the newest stay");
}
