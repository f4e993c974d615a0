//! A disk that is full, for real: a process that may not write files beyond a size, and a file system without room.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use plumb_canary::ledger::Ledger;
use plumb_canary::slot::Outcome;
use plumb_canary::store::{HELD_MAX, NOTICES_MAX, Store};

use crate::rows::{DAY_MS, ended, folder, kept, open, slot, wait};

/// Says to a process of this test that it is one, and in which folder.
const FOLDER: &str = "PLUMB_FULL_DISK";

/// Runs the test of this name again, in a process of its own in which `limit` holds, with this folder.
fn again(test: &str, limit: &str, folder: &Path) {
    let program = std::env::current_exe().expect("this program");
    let script = format!("trap '' XFSZ; {limit}; exec \"$0\" --exact full_disk::{test} --nocapture");
    let mut command = Command::new("bash");
    command.arg("-c").arg(script).arg(program).env(FOLDER, folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().expect("a process");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

fn own_folder() -> Option<std::path::PathBuf> {
    std::env::var_os(FOLDER).map(Into::into)
}

/// Hands over rows until what waits is more than is held; none of it can be written at last.
fn overfill(store: &Store) -> u64 {
    let mut handed = 0;
    for round in 0..40_u32 {
        for step in 0..1_000 {
            store.ended(ended(slot("a", DAY_MS + i64::from(round * 1_000 + step)), Outcome::Fail));
        }
        handed += 1_000;
        if !store.flush(Duration::from_millis(500)) && store.lost() > 0 {
            break;
        }
    }
    handed
}

#[test]
fn a_store_on_a_full_disk_counts_what_it_loses_and_keeps_the_last() {
    let Some(path) = own_folder() else {
        let folder = folder();
        again("a_store_on_a_full_disk_counts_what_it_loses_and_keeps_the_last", "ulimit -f 512", folder.path());
        // Whoever comes after, with room again, reads what was written.
        let rows = open(folder.path(), DAY_MS).slots(None, 0, i64::MAX, usize::MAX).len();
        assert!(rows > 500, "{rows} rows");
        return;
    };
    let store = open(&path, DAY_MS);
    let handed = overfill(&store);
    assert!(store.lost() > 0, "some did not fit");
    // Each row is on disk, held or counted, as soon as the writer has seen all of them.
    wait(|| (1..=HELD_MAX).contains(&store.waiting()));
    let there = store.slots(None, 0, i64::MAX, usize::MAX).len() as u64;
    assert_eq!(there + store.waiting() as u64 + store.lost(), handed);
    let progress = store.progress();
    assert_eq!(progress.handed, handed);
    assert!(progress.settled < handed, "the ledger keeps what is held");
    let notices = store.notices();
    assert!(notices.len() <= NOTICES_MAX && notices[0].contains("rows are kept in memory"), "{notices:?}");
}

/// A file system of so many bytes, as long as this lives; none where nobody may mount.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(bytes: u32) -> Option<Self> {
        let folder = folder();
        let size = format!("size={bytes},mode=700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_store_writes_what_it_held_once_there_is_room_again() {
    let Some(disk) = SmallDisk::new(2 << 20) else {
        eprintln!("nobody may mount here: the limit of a process has to do");
        return;
    };
    let ballast = disk.0.path().join("ballast");
    let (store, _) = Store::open(&disk.0.path().join("store"), kept(30, u64::MAX), DAY_MS).expect("a store");
    store.ended(ended(slot("first", DAY_MS), Outcome::Pass));
    assert!(store.flush(Duration::from_secs(30)), "there is room");
    // It ends when the disk is full.
    assert!(std::fs::write(&ballast, vec![7; 4 << 20]).is_err(), "the disk is small");
    for step in 0..1_000 {
        store.ended(ended(slot("a", DAY_MS + step), Outcome::Fail));
    }
    assert!(!store.flush(Duration::from_secs(3)), "there is no room");
    assert_eq!(store.slots(None, 0, i64::MAX, 9).len(), 1, "what is there can be read");
    std::fs::remove_file(&ballast).expect("room again");
    assert!(store.flush(Duration::from_secs(30)), "{:?}", store.notices());
    assert_eq!(store.slots(None, 0, i64::MAX, usize::MAX).len(), 1_001);
    assert_eq!(store.lost(), 0);
    assert!(store.notices()[1].contains("rows are written again; 0 were lost"), "{:?}", store.notices());
}

#[test]
fn a_store_that_begins_on_a_full_disk_begins() {
    let Some(disk) = SmallDisk::new(256 << 10) else { return };
    let ballast = disk.0.path().join("ballast");
    let folder = disk.0.path().join("store");
    std::fs::create_dir(&folder).expect("a folder");
    assert!(std::fs::write(&ballast, vec![7; 1 << 20]).is_err(), "the disk is small");
    let (store, notices) = Store::open(&folder, kept(30, u64::MAX), DAY_MS).expect("a store");
    assert!(notices[0].contains("it is tried again with every row"), "{notices:?}");
    store.ended(ended(slot("a", DAY_MS), Outcome::Pass));
    assert!(!store.flush(Duration::from_secs(2)), "there is no room");
    std::fs::remove_file(&ballast).expect("room again");
    assert!(store.flush(Duration::from_secs(30)), "{:?}", store.notices());
    assert_eq!(store.slots(None, 0, i64::MAX, 9).len(), 1);
}

#[test]
fn a_ledger_on_a_full_disk_goes_on_and_has_all_of_it_once_there_is_room() {
    let Some(disk) = SmallDisk::new(256 << 10) else { return };
    let ballast = disk.0.path().join("ballast");
    let folder = disk.0.path().join("ledger");
    let (mut ledger, _) = Ledger::open(&folder, 0).expect("a ledger");
    ledger.starts(&[slot("before", 1)], 1).expect("there is room");
    assert!(std::fs::write(&ballast, vec![7; 1 << 20]).is_err(), "the disk is small");
    let mut failed = 0;
    for due in 0..200 {
        failed += u64::from(ledger.starts(&[slot("a", due)], due).is_err());
        failed += u64::from(ledger.ends(&[ended(slot("a", due), Outcome::Fail)]).is_err());
    }
    assert!(failed > 100, "{failed} did not fit");
    assert_eq!((ledger.errors(), ledger.lost()), (failed, 0));
    std::fs::remove_file(&ballast).expect("room again");
    ledger.ends(&[ended(slot("before", 1), Outcome::Pass)]).expect("there is room");
    drop(ledger);
    let (_, recovered) = Ledger::open(&folder, 0).expect("a ledger");
    assert_eq!((recovered.ended.len(), recovered.started.len()), (201, 0));
    assert_eq!(recovered.notices, Vec::<String>::new(), "no line is torn");
}

#[test]
fn a_ledger_that_begins_on_a_full_disk_forgets_nothing_of_before() {
    let Some(disk) = SmallDisk::new(256 << 10) else { return };
    let ballast = disk.0.path().join("ballast");
    let folder = disk.0.path().join("ledger");
    let (mut ledger, _) = Ledger::open(&folder, 0).expect("a ledger");
    ledger.starts(&[slot("a", 1), slot("b", 2)], 2).expect("there is room");
    ledger.ends(&[ended(slot("a", 1), Outcome::Pass)]).expect("there is room");
    drop(ledger);
    assert!(std::fs::write(&ballast, vec![7; 1 << 20]).is_err(), "the disk is small");
    let (mut ledger, first) = Ledger::open(&folder, 5).expect("a ledger");
    assert!(first.notices[0].contains("it is tried again with every slot"), "{:?}", first.notices);
    assert_eq!((first.started.as_slice(), first.ended.len()), (&[slot("b", 2)][..], 1));
    assert!(ledger.starts(&[slot("c", 3)], 3).is_err(), "there is no room");
    std::fs::remove_file(&ballast).expect("room again");
    ledger.ends(&[ended(slot("b", 2), Outcome::Killed)]).expect("there is room");
    drop(ledger);
    let (_, second) = Ledger::open(&folder, 9).expect("a ledger");
    assert_eq!((second.started.as_slice(), second.ended.len()), (&[slot("c", 3)][..], 2));
}

#[test]
fn a_ledger_whose_file_may_not_grow_says_so_and_stays_whole() {
    let Some(path) = own_folder() else {
        let folder = folder();
        again("a_ledger_whose_file_may_not_grow_says_so_and_stays_whole", "ulimit -f 16", folder.path());
        let (_, recovered) = Ledger::open(folder.path(), 0).expect("a ledger");
        assert_eq!(recovered.notices, Vec::<String>::new(), "no line is torn");
        assert!(recovered.ended.len() > 10, "{} ends", recovered.ended.len());
        return;
    };
    let (mut ledger, _) = Ledger::open(&path, 0).expect("a ledger");
    let results = (0..3_000).map(|due| ledger.ends(&[ended(slot("a", due), Outcome::Fail)]));
    let failed = results.filter(Result::is_err).count() as u64;
    assert!(failed > 2_000, "{failed} did not fit");
    assert_eq!(ledger.errors(), failed);
    assert!(ledger.lost() > 0, "what waits for room is bounded");
}
