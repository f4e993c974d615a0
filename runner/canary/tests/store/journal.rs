//! What the journal of slots promises: nothing that was acknowledged is lost, and nothing comes back twice.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use plumb_canary::ledger::{Ledger, LedgerError, Progress, Recovered, SEGMENT_BYTES_MAX};
use plumb_canary::slot::{Ended, Outcome, Slot, SlotKind};
use proptest::prelude::*;

use crate::rows::{ended, folder, slot, wait, watch};

fn open(folder: &Path) -> (Ledger, Recovered) {
    Ledger::open(folder, 1_000).expect("a ledger")
}

/// The segments, the oldest first.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|ext| ext == "ndjson")).collect();
    found.sort();
    found
}

fn only_segment(folder: &Path) -> PathBuf {
    let found = segments(folder);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn a_slot_that_started_and_did_not_end_comes_back_as_started() {
    let folder = folder();
    let (mut ledger, first) = open(folder.path());
    assert_eq!(first, Recovered::default());
    ledger.starts(&[slot("a", 10), slot("b", 20)], 25).expect("two starts");
    ledger.ends(&[ended(slot("a", 10), Outcome::Pass)]).expect("an end");
    drop(ledger);
    let (_, recovered) = open(folder.path());
    assert_eq!(recovered.started, [slot("b", 20)]);
    assert_eq!(recovered.ended, [ended(slot("a", 10), Outcome::Pass)]);
    assert_eq!(recovered.last_due.get(&watch("b")), Some(&20));
    assert_eq!(recovered.last_alive_ms, Some(1_000));
    assert!(recovered.notices.is_empty(), "{:?}", recovered.notices);
}

#[test]
fn what_was_left_is_still_there_after_a_second_crash() {
    let folder = folder();
    let (mut ledger, _) = open(folder.path());
    ledger.starts(&[slot("a", 10), slot("b", 20)], 5_000).expect("two starts");
    ledger.ends(&[ended(slot("a", 10), Outcome::Fail)]).expect("an end");
    drop(ledger);
    let (ledger, first) = Ledger::open(folder.path(), 6_000).expect("a ledger");
    drop(ledger);
    let (_, second) = open(folder.path());
    assert_eq!((first.started, first.ended, first.last_due), (second.started, second.ended, second.last_due));
    assert_eq!((first.last_alive_ms, second.last_alive_ms), (Some(5_000), Some(6_000)));
    only_segment(folder.path());
}

#[test]
fn a_slot_that_never_started_moves_the_last_due_time_to_the_last_that_it_stands_for() {
    let folder = folder();
    let (mut ledger, _) = open(folder.path());
    let missed = Ended::without_start(slot("a", 10), Outcome::Missed, "the agent slept").for_all_until(4, 40);
    ledger.ends(&[missed]).expect("an end");
    drop(ledger);
    assert_eq!(open(folder.path()).1.last_due.get(&watch("a")), Some(&40));
}

#[test]
fn only_scheduled_slots_move_the_last_due_time() {
    let folder = folder();
    let (mut ledger, _) = open(folder.path());
    let retry = Slot { kind: SlotKind::Retry, ..slot("a", 99) };
    ledger.starts(&[slot("a", 10), retry.clone()], 99).expect("starts");
    ledger.ends(&[ended(retry, Outcome::Pass)]).expect("an end");
    drop(ledger);
    assert_eq!(open(folder.path()).1.last_due.get(&watch("a")), Some(&10));
}

#[test]
fn half_a_line_at_the_end_is_dropped_with_a_notice_and_swallows_nothing() {
    let folder = folder();
    let (mut ledger, _) = open(folder.path());
    ledger.starts(&[slot("a", 10)], 10).expect("a start");
    drop(ledger);
    let mut file = fs::File::options().append(true).open(only_segment(folder.path())).expect("the segment");
    file.write_all(br#"{"e":{"slot":{"wa"#).expect("half a line");
    let (mut ledger, recovered) = open(folder.path());
    assert_eq!(recovered.started, [slot("a", 10)]);
    assert!(recovered.notices[0].contains("half a line"), "{:?}", recovered.notices);
    ledger.ends(&[ended(slot("a", 10), Outcome::Killed)]).expect("an end");
    drop(ledger);
    let (_, recovered) = open(folder.path());
    assert_eq!((recovered.started.len(), recovered.ended.len(), recovered.notices.len()), (0, 1, 0));
}

#[test]
fn a_corrupt_segment_is_moved_aside_and_its_good_lines_are_kept() {
    let folder = folder();
    let (mut ledger, _) = open(folder.path());
    ledger.starts(&[slot("a", 10)], 10).expect("a start");
    ledger.starts(&[slot("b", 20)], 20).expect("a start");
    drop(ledger);
    let path = only_segment(folder.path());
    let text = fs::read_to_string(&path).expect("the segment");
    let broken: Vec<&str> = text.lines().map(|line| if line.contains("\"a\"") { "\0\0\0" } else { line }).collect();
    fs::write(&path, broken.join("\n") + "\n").expect("a broken segment");
    let (_, recovered) = open(folder.path());
    assert_eq!(recovered.started, [slot("b", 20)]);
    assert!(recovered.notices[0].contains("1 line that cannot be read"), "{:?}", recovered.notices);
    assert!(path.with_extension("ndjson.corrupt-1000").exists());
}

#[test]
fn a_segment_without_a_header_is_moved_aside_whole() {
    let folder = folder();
    fs::write(folder.path().join("ledger-4.ndjson"), "{\"s\":1}\n{\"a\":7}\n").expect("a file");
    let (_, recovered) = open(folder.path());
    assert_eq!(recovered.last_alive_ms, None);
    assert_eq!(recovered.notices.len(), 1);
    assert!(only_segment(folder.path()).ends_with("ledger-5.ndjson"));
}

#[test]
fn a_newer_version_is_refused_and_untouched() {
    let folder = folder();
    let path = folder.path().join("ledger-1.ndjson");
    let text = "{\"plumb_ledger\":99,\"at\":{\"who\":\"knows\"}}\nhalf";
    fs::write(&path, text).expect("a file");
    let error = Ledger::open(folder.path(), 0).expect_err("a newer version");
    assert!(matches!(error, LedgerError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("it has version 99, and this program knows up to 1"), "{error}");
    assert_eq!(fs::read_to_string(&path).expect("the file"), text);
}

#[test]
fn a_second_daemon_on_the_folder_is_refused_until_the_first_is_gone() {
    let folder = folder();
    let (first, _) = open(folder.path());
    let error = Ledger::open(folder.path(), 0).expect_err("a second daemon");
    let process = format!("another daemon works there (process {})", std::process::id());
    assert!(error.to_string().contains(&process), "{error}");
    drop(first);
    open(folder.path());
}

#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = folder();
    let folder = parent.path().join("state/ledger");
    let (_ledger, _) = open(&folder);
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&only_segment(&folder)), 0o600);
    assert_eq!(mode(&folder.join("lock")), 0o600);
}

/// Starts and ends slots of `a` until the segment is full; gives back how many.
fn fill(ledger: &mut Ledger, from: u32) -> u32 {
    let mut count = 0;
    while ledger.bytes() < SEGMENT_BYTES_MAX {
        let next = slot("a", i64::from(from + count));
        ledger.starts(std::slice::from_ref(&next), 0).expect("a start");
        ledger.ends(&[ended(next, Outcome::Pass)]).expect("an end");
        count += 1;
    }
    count
}

/// The store has everything: the old segment goes once the disk has the new one for good.
fn commit_all(ledger: &mut Ledger, folder: &Path, count: u64) {
    wait(|| {
        ledger.committed(Progress { handed: count, settled: count }, 9).expect("the old one goes");
        segments(folder).len() == 1
    });
}

#[test]
fn a_segment_goes_only_when_the_store_has_all_of_it() {
    let folder = folder();
    let (mut ledger, _) = open(folder.path());
    ledger.starts(&[slot("quiet", 5)], 5).expect("a start");
    let count = u64::from(fill(&mut ledger, 0));
    ledger.committed(Progress { handed: count, settled: 0 }, 7).expect("a new segment");
    assert_eq!(segments(folder.path()).len(), 2);
    ledger.committed(Progress { handed: count, settled: count - 1 }, 8).expect("nothing to do");
    assert_eq!(segments(folder.path()).len(), 2);
    commit_all(&mut ledger, folder.path(), count);
    assert!(fs::metadata(only_segment(folder.path())).expect("a file").len() < 1_000);
    drop(ledger);
    let (_, recovered) = open(folder.path());
    assert_eq!(recovered.started, [slot("quiet", 5)], "what is under way is carried over");
    assert_eq!(recovered.ended, []);
    assert_eq!(recovered.last_due[&watch("quiet")], 5);
    assert_eq!(recovered.last_due[&watch("a")], i64::try_from(count).expect("few") - 1);
}

#[test]
fn the_journal_stays_small_however_long_it_goes() {
    let folder = folder();
    let (mut ledger, _) = open(folder.path());
    let mut total = 0;
    for _ in 0..4 {
        total += fill(&mut ledger, total);
        let done = Progress { handed: u64::from(total), settled: u64::from(total) };
        ledger.committed(done, 0).expect("a new segment");
        commit_all(&mut ledger, folder.path(), done.handed);
        assert!(ledger.bytes() < 1_000);
    }
}

#[test]
fn a_crash_between_two_segments_gives_nothing_twice() {
    let folder = folder();
    let (mut ledger, _) = open(folder.path());
    let count = fill(&mut ledger, 0);
    ledger.starts(&[slot("b", 1)], 1).expect("a start");
    ledger.committed(Progress { handed: u64::from(count), settled: 0 }, 0).expect("a new segment");
    ledger.ends(&[ended(slot("b", 1), Outcome::Fail)]).expect("an end");
    drop(ledger);
    let (_, recovered) = open(folder.path());
    assert_eq!(recovered.started, []);
    assert_eq!(recovered.ended.len(), count as usize + 1);
}

/// The steps of a journal: a start, or the end of a slot that may have started.
fn steps() -> impl Strategy<Value = Vec<(bool, u8)>> {
    proptest::collection::vec((any::<bool>(), 0_u8..12), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever byte the machine stopped at: what stands before it counts, each slot once.
    #[test]
    fn any_prefix_of_a_journal_recovers(steps in steps(), cut in any::<prop::sample::Index>()) {
        let folder = folder();
        let (mut ledger, _) = open(folder.path());
        let (mut started, mut over) = (Vec::new(), Vec::new());
        // The length of the file after each step, and what is true then.
        let mut truths = vec![(ledger.bytes(), started.clone(), over.clone())];
        for (is_start, due) in steps {
            let slot = slot("a", i64::from(due));
            if is_start && !started.contains(&slot) && !over.contains(&slot) {
                ledger.starts(std::slice::from_ref(&slot), 0).expect("a start");
                started.push(slot);
            } else if !is_start && !over.contains(&slot) {
                ledger.ends(&[ended(slot.clone(), Outcome::Pass)]).expect("an end");
                started.retain(|other| *other != slot);
                over.push(slot);
            }
            truths.push((ledger.bytes(), started.clone(), over.clone()));
        }
        drop(ledger);
        let path = only_segment(folder.path());
        let bytes = fs::read(&path).expect("the segment");
        let length = cut.index(bytes.len() + 1);
        fs::write(&path, &bytes[..length]).expect("a prefix");
        let truth = truths.iter().rev().find(|(at, ..)| *at <= length as u64);
        let (_, started, over) = truth.cloned().unwrap_or_default();
        let (_, recovered) = open(folder.path());
        prop_assert_eq!(recovered.started, started);
        let ends: Vec<Slot> = recovered.ended.into_iter().map(|row| row.slot).collect();
        prop_assert_eq!(ends, over);
    }
}
