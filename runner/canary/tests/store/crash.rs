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
    recovered.ended.into_iter().for_each(|row| store.ended(row));
    let killed: Vec<Ended> = recovered.started.into_iter().map(|slot| ended(slot, Outcome::Killed)).collect();
    ledger.ends(&killed).expect("ends");
    killed.into_iter().for_each(|row| store.ended(row));
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
    assert!(store.flush(Duration::from_secs(60)), "it is written: {:?}", store.notices());
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

#[test]
fn after_any_kill_the_ledger_adds_up() {
    let kills = std::env::var(KILLS).map_or(10, |kills| kills.parse().expect("PLUMB_KILLS is a number"));
    let folder = folder();
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let mut truth: BTreeMap<i64, Outcome> = BTreeMap::new();
    let mut counted = (0, 0);
    for life in 0..kills {
        // Early deaths meet the recovery, late ones a change of segments.
        let lines_max = if life % 3 == 0 { next(&mut seed) % 50 } else { next(&mut seed) % 12_000 } + 1;
        let (started, over) = kill_after(spawn(folder.path(), life), lines_max);
        let all = add_up(folder.path());
        for due_ms in over {
            assert_eq!(
                all.get(&slot("a", due_ms)),
                Some(&outcome(due_ms)),
                "life {life}: the end of {due_ms} was said"
            );
        }
        for due_ms in &started {
            assert!(all.contains_key(&slot("a", *due_ms)), "life {life}: the start of {due_ms} was said");
        }
        for (slot, outcome_found) in &all {
            let is_killed = *outcome_found == Outcome::Killed;
            assert!(is_killed || *outcome_found == outcome(slot.due_ms), "life {life}: {slot:?} is {outcome_found:?}");
            let before = truth.insert(slot.due_ms, *outcome_found);
            assert!(before.is_none_or(|before| before == *outcome_found), "life {life}: {slot:?} was {before:?}");
            counted.0 += u64::from(is_killed && before.is_none());
        }
        assert_eq!(truth.len(), all.len(), "life {life}: nothing that was there is gone");
        counted.1 = all.len();
    }
    assert!(counted.0 > 0 && counted.1 > 1_000, "{counted:?}: slots were cut off, and others ended");
    let killed_in_one_life = THREADS.unsigned_abs() * u64::from(kills);
    assert!(counted.0 <= killed_in_one_life, "{counted:?}: no more are cut off than were under way");
}
