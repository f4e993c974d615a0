//! A daemon that is killed at any moment: afterwards the ledger adds up.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use plumb_canary::ledger::{Ledger, Recovered};
use plumb_canary::slot::{Ended, Outcome, Slot};
use plumb_canary::store::Store;

use crate::rows::{DAY_MS, ended, folder, kept, slot};

/// Says to a process of this test that it is the daemon, and where it works.
const FOLDER: &str = "PLUMB_CRASH_FOLDER";
/// Where the due times of its life begin.
const LIFE: &str = "PLUMB_CRASH_LIFE";
/// How many deaths it takes.
const KILLS: &str = "PLUMB_KILLS";
/// The threads of the daemon.
const THREADS: i64 = 4;
/// The deaths in one folder.
const LIVES_MAX: u32 = 10;
/// The most slots of one life.
const SLOTS_MAX: i64 = 40_000;

/// The journal and the store of a folder.
fn open(folder: &Path) -> (Ledger, Store, Recovered) {
    let (ledger, recovered) = Ledger::open(&folder.join("ledger"), 0).expect("a ledger");
    let (store, notices) = Store::open(&folder.join("store"), kept(3_000, u64::MAX), DAY_MS).expect("a store");
    assert_eq!(notices, Vec::<String>::new());
    (ledger, store, recovered)
}

/// What a daemon does first: it says what became of the slots of the one before it.
fn recover(ledger: &mut Ledger, store: &Store, recovered: Recovered) {
    for row in recovered.ended {
        store.ended(row);
    }
    let killed: Vec<Ended> = recovered.started.into_iter().map(|slot| ended(slot, Outcome::Killed)).collect();
    ledger.ends(&killed).expect("ends");
    for row in killed {
        store.ended(row);
    }
}

fn outcome(due_ms: i64) -> Outcome {
    [Outcome::Pass, Outcome::Fail, Outcome::Inconclusive][usize::try_from(due_ms % 3).expect("a place")]
}

/// Says one line at once; whoever reads it counts on it.
fn say(word: char, due_ms: i64) {
    let line = format!("{word} {due_ms}\n");
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

/// The daemon: it starts and ends slots as fast as it can, some of them at once, and says so after each.
#[test]
fn daemon() {
    let (Some(folder), Ok(life)) = (std::env::var_os(FOLDER), std::env::var(LIFE)) else { return };
    let begins_ms = DAY_MS + life.parse::<i64>().expect("a number") * SLOTS_MAX;
    let (mut ledger, store, recovered) = open(Path::new(&folder));
    recover(&mut ledger, &store, recovered);
    say('r', 0);
    let ledger = Mutex::new(ledger);
    let lock = || ledger.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = store.clone();
            scope.spawn(move || {
                for due_ms in (begins_ms..begins_ms + SLOTS_MAX).filter(|due_ms| due_ms % THREADS == thread) {
                    let slot = slot("a", due_ms);
                    lock().starts(std::slice::from_ref(&slot), due_ms).expect("a start");
                    say('s', due_ms);
                    let row = ended(slot, outcome(due_ms));
                    let mut ledger = lock();
                    ledger.ends(std::slice::from_ref(&row)).expect("an end");
                    store.ended(row);
                    ledger.committed(store.progress(), due_ms).expect("room");
                    drop(ledger);
                    say('e', due_ms);
                }
            });
        }
    });
}

fn spawn(folder: &Path, life: u32) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "crash::daemon", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder).env(LIFE, life.to_string()).env_remove(KILLS);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a daemon")
}

/// Kills a daemon after so many lines; gives back the due times that it said to have started, and to have ended.
fn kill_after(mut daemon: Child, lines_max: u64) -> (BTreeSet<i64>, BTreeSet<i64>) {
    let (mut started, mut over, mut said) = (BTreeSet::new(), BTreeSet::new(), 0);
    let mut reader = BufReader::new(daemon.stdout.take().expect("its output"));
    let mut line = String::new();
    while reader.read_line(&mut line).expect("text") > 0 {
        let due_ms = line.get(2..).and_then(|due| due.trim_end().parse().ok());
        match (line.chars().next(), due_ms.filter(|_| line.ends_with('\n'))) {
            (Some('s'), Some(due_ms)) => said += u64::from(started.insert(due_ms)),
            (Some('e'), Some(due_ms)) => said += u64::from(over.insert(due_ms)),
            _ => {}
        }
        if said == lines_max {
            daemon.kill().expect("kill -9");
        }
        line.clear();
    }
    daemon.wait().expect("it is dead");
    (started, over)
}

/// What the store and the journal say together: each slot with its outcome.
fn add_up(folder: &Path) -> BTreeMap<Slot, Outcome> {
    let (mut ledger, store, recovered) = open(folder);
    assert_eq!(recovered.notices.iter().filter(|notice| !notice.contains("half a line")).count(), 0);
    recover(&mut ledger, &store, recovered);
    assert!(store.flush(Duration::from_mins(1)), "it is written: {:?}", store.notices());
    assert_eq!(store.lost(), 0);
    let mut all = BTreeMap::new();
    for row in store.slots(None, i64::MIN, i64::MAX, usize::MAX) {
        assert_eq!(all.insert(row.slot.clone(), row.outcome), None, "{} is there twice", row.slot.due_ms);
    }
    all
}

/// A stream of numbers by a seed (xorshift64, Marsaglia 2003).
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

/// Kills so many daemons one after the other in one folder; gives back how many slots were cut off, and how many there
/// are in all.
fn lives(count: u32, seed: &mut u64) -> (usize, usize) {
    let folder = folder();
    let mut truth: BTreeMap<Slot, Outcome> = BTreeMap::new();
    for life in 0..count {
        // Early deaths meet the recovery, late ones a change of segments.
        let lines_max = if life % 3 == 0 { next(seed) % 50 } else { next(seed) % 8_000 } + 1;
        let (started, over) = kill_after(spawn(folder.path(), life), lines_max);
        let all = add_up(folder.path());
        for due_ms in over {
            assert_eq!(
                all.get(&slot("a", due_ms)),
                Some(&outcome(due_ms)),
                "life {life}: the end of {due_ms} was said"
            );
        }
        for due_ms in started {
            assert!(all.contains_key(&slot("a", due_ms)), "life {life}: the start of {due_ms} was said");
        }
        for (slot, found) in &all {
            assert!([Outcome::Killed, outcome(slot.due_ms)].contains(found), "life {life}: {slot:?} is {found:?}");
        }
        for (slot, before) in &truth {
            assert_eq!(all.get(slot), Some(before), "life {life}: {slot:?} is not what it was");
        }
        truth = all;
    }
    let killed = truth.values().filter(|outcome| **outcome == Outcome::Killed).count();
    (killed, truth.len())
}

#[test]
fn after_any_kill_the_ledger_adds_up() {
    let kills = std::env::var(KILLS).map_or(10, |kills| kills.parse().expect("PLUMB_KILLS is a number"));
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let (mut killed, mut all, mut left) = (0, 0, kills);
    while left > 0 {
        let count = left.min(LIVES_MAX);
        let (own_killed, own) = lives(count, &mut seed);
        (killed, all, left) = (killed + own_killed, all + own, left - count);
    }
    assert!(killed > 0 && all > 1_000, "{killed} of {all}: slots were cut off, and others ended");
    let under_way_max = usize::try_from(THREADS).expect("few") * kills as usize;
    assert!(killed <= under_way_max, "{killed} of {all}: no more are cut off than were under way");
}
