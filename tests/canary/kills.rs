//! kill -9 at any moment, again and again: the ledger adds up.

use std::fs;
use std::time::Duration;

use plumb_canary::schedule::Cadence;
use plumb_canary::slot::{Ended, Outcome, Watch};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::daemon::{Daemon, agent, canary, rows, target};
use crate::faults::black_hole;
use crate::support::{Home, Served};

/// So many kills, unless `PLUMB_KILLS` says another number.
const KILLS: usize = 10;
/// The longest life of a daemon.
const LIFE_MS_MAX: u64 = 1_500;
/// The longest time that nobody is there.
const GAP_MS_MAX: u64 = 1_200;
/// The time that nobody is there for once: two slots of a second are due in it, of which only the last can start late.
const LONG_GAP_MS: u64 = 2_200;
const SEED: u64 = 20_261_121;

#[test]
fn after_random_kills_every_due_time_is_in_the_ledger_exactly_once() {
    let kills = std::env::var("PLUMB_KILLS").map_or(KILLS, |text| text.parse().expect("PLUMB_KILLS is a number"));
    let home = Home::new();
    let (server, silent) = (Served::kv(&home), black_hole());
    let config = [
        agent(&home),
        target("kv", &server.url),
        target("hole", &silent),
        canary("writes", &["kv"], ""),
        canary("hangs", &["hole"], "timeout = \"60s\""),
    ];
    home.write("plumb.toml", config.concat());
    let mut random = StdRng::seed_from_u64(SEED);
    for number in 0..kills {
        let daemon = Daemon::start(&home);
        if number == 0 {
            // So that there is something to kill.
            let ledger = home.path("state/ledger");
            crate::daemon::wait_for("the first start", || text(&ledger).contains("hangs").then_some(()));
        }
        pause(&mut random, LIFE_MS_MAX);
        daemon.running.kill();
        pause(&mut random, GAP_MS_MAX);
        if number == 0 {
            std::thread::sleep(Duration::from_millis(LONG_GAP_MS));
        }
    }
    let daemon = Daemon::start(&home);
    daemon.rows_once("a slot after the last kill", passed_last);
    daemon.running.kill();
    // The books of the one before are closed by whoever comes next, here by one with nothing that hangs.
    home.write("plumb.toml", config.concat().replace(&silent, &server.url));
    Daemon::start(&home).end().exits(0);
    let all = rows(&home);
    for watch in ["writes@kv", "hangs@hole"] {
        add_up(watch, &all);
    }
    let missed: u32 = all.iter().filter(|row| row.outcome == Outcome::Missed).map(|row| row.count).sum();
    assert!(missed > 0, "somebody was not there: {all:#?}");
    let killed = all.iter().filter(|row| row.outcome == Outcome::Killed).count();
    assert!(killed > 0, "something was under way when it was killed: {all:#?}");
    assert!(all.iter().any(|row| row.outcome == Outcome::Pass), "{all:#?}");
}

fn passed_last(rows: &[Ended]) -> bool {
    rows.iter().rfind(|row| row.slot.watch.canary == "writes").is_some_and(|row| row.outcome == Outcome::Pass)
}

fn pause(random: &mut StdRng, longest_ms: u64) {
    std::thread::sleep(Duration::from_millis(random.random_range(0..longest_ms)));
}

/// Everything in the files of a folder.
fn text(folder: &std::path::Path) -> String {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| fs::read_to_string(file.path()).unwrap_or_default()).collect()
}

/// Every due time of a watch between the first and the last row is covered once.
#[track_caller]
fn add_up(name: &str, all: &[Ended]) {
    let mut own: Vec<&Ended> =
        all.iter().filter(|row| row.slot.watch.to_string() == name && row.slot.kind.counts()).collect();
    own.sort_by_key(|row| row.slot.due_ms);
    let (canary, target) = name.split_once('@').expect("a watch");
    let watch = Watch { canary: canary.to_owned(), target: target.to_owned() };
    let timer = Cadence::every(Duration::from_secs(1)).expect("a cadence").timer(&watch);
    let mut last_ms = own.first().expect("rows").slot.due_ms - 1;
    for row in &own {
        let due_ms = timer.due_after(last_ms);
        assert_eq!(Some(row.slot.due_ms), due_ms, "{name}: neither a gap nor twice: {row:#?}");
        let covered = timer.count_between(last_ms, row.last_due_ms).map(|stretch| stretch.count);
        assert_eq!(Some(row.count), covered, "{name}: {row:#?}");
        assert!(row.count == 1 || !row.outcome.ran(), "{name}: {row:#?}");
        last_ms = row.last_due_ms;
    }
}
