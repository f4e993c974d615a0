//! The kill switch while a daemon runs, and over its restarts.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use plumb_canary::slot::{Mark, Outcome};

use crate::daemon::{Daemon, agent, canary, message, target, wait_for};
use crate::support::Home;
use crate::support::odd::{Act, Odd};

/// How soon nothing more arrives.
const SOON: Duration = Duration::from_secs(1);
/// So many slots that do not start show that nothing is sent.
const SKIPPED: u32 = 3;

/// A server that is well, and notes when it was asked.
struct Noted {
    url: String,
    count: Arc<AtomicUsize>,
    last: Arc<Mutex<Option<Instant>>>,
}

fn noted() -> Noted {
    let (count, last): (Arc<AtomicUsize>, Arc<Mutex<Option<Instant>>>) = Default::default();
    let (counted, noted) = (Arc::clone(&count), Arc::clone(&last));
    let server = Odd::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        *noted.lock().expect("a lock") = Some(Instant::now());
        Act::Serve
    });
    Noted { url: server.url, count, last }
}

fn kill(home: &Home, state: &str) {
    home.plumb(&["kill", state, "--by", "alice", "--reason", "the disks are full"]).exits(0);
}

fn skipped(rows: &[plumb_canary::slot::Ended]) -> u32 {
    rows.iter().filter(|row| row.outcome == Outcome::Skipped).map(|row| row.count).sum()
}

#[test]
fn nothing_arrives_a_second_after_halt_and_slots_say_why_until_it_is_released() {
    let (home, server) = (Home::new(), noted());
    home.write("plumb.toml", [agent(&home), target("kv", &server.url), canary("writes", &["kv"], "")].concat());
    let daemon = Daemon::start(&home);
    daemon.rows_once("a slot", |rows| rows.iter().any(|row| row.outcome == Outcome::Pass));
    kill(&home, "halt");
    let halted = Instant::now();
    let rows = daemon.rows_once("skipped slots", |rows| skipped(rows) >= SKIPPED);
    let last = server.last.lock().expect("a lock").expect("it was asked before");
    assert!(last < halted + SOON, "{:?} after it was set", last.saturating_duration_since(halted));
    for row in rows.iter().filter(|row| row.outcome == Outcome::Skipped) {
        for word in ["the kill switch says halt", "alice", "the disks are full"] {
            assert!(message(row).contains(word), "{row:#?}");
        }
        assert_eq!((row.availability, row.conformance), (Mark::Void, Mark::Void), "{row:#?}");
    }
    assert_eq!(daemon.metric("plumb_kill_switch", &["state=\"halt\""]), Some(1.0));
    assert!(daemon.get("/").1.contains("the disks are full"), "the first page says so");

    // A daemon that begins under it sends nothing either.
    daemon.end().exits(0);
    let before = server.count.load(Ordering::SeqCst);
    let skipped_before = skipped(&crate::daemon::rows(&home));
    let daemon = Daemon::start(&home);
    daemon.rows_once("skipped slots after a start", |rows| skipped(rows) >= skipped_before + SKIPPED);
    assert_eq!(server.count.load(Ordering::SeqCst), before, "nothing was sent");

    kill(&home, "release");
    wait_for("a request", || (server.count.load(Ordering::SeqCst) > before).then_some(()));
    let ended = |rows: &[plumb_canary::slot::Ended]| rows.last().is_some_and(|row| row.outcome == Outcome::Pass);
    daemon.rows_once("a slot that passes", ended);
    daemon.end().exits(0);
}

#[test]
fn under_read_only_a_canary_that_writes_is_skipped_and_says_why() {
    let (home, server) = (Home::new(), noted());
    home.write("plumb.toml", [agent(&home), target("kv", &server.url), canary("writes", &["kv"], "")].concat());
    kill(&home, "read-only");
    let daemon = Daemon::start(&home);
    let rows = daemon.rows_once("skipped slots", |rows| skipped(rows) >= 2);
    assert!(rows.iter().all(|row| message(row).contains("the kill switch says read-only")), "{rows:#?}");
    daemon.end().exits(0);
}
