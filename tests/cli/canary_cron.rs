//! `plumb canary --once` where nothing but cron ever starts it: what it leaves behind, the next one takes over.

use std::fs;

use plumb_canary::ledger::{Ledger, SEGMENT_BYTES_MAX};
use plumb_canary::slot::{Ended, Outcome, Slot, SlotKind, Watch};
use serde_json::Value;

use crate::support::{Home, Listener, Served, until};

/// A home with a canary at this address.
fn home_at(home: &Home, url: &str) {
    home.write(
        "plumb.toml",
        format!(
            "[targets.t]\napi = \"kv\"\nendpoint = \"{url}\"\n[agent]\nregion = \"eu\"\nstate = \"state\"\n\
             [canaries.a]\nfeatures = [\"kv/entries.feature\"]\ntargets = [\"t\"]\nevery = \"1m\"\nowner = \"me\"\ntimeout = \"1s\"\n"
        ),
    );
}

/// Bytes of the journal.
fn journal(home: &Home) -> u64 {
    let files = fs::read_dir(home.path("state/ledger")).expect("a folder");
    files.map(|file| file.and_then(|file| file.metadata()).expect("a file").len()).sum()
}

/// How many slots ended as this.
fn ended(home: &Home, outcome: &str) -> usize {
    let lines = home.plumb(&["ledger"]).exits(0).stdout;
    let rows = lines.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    rows.filter(|row| row["outcome"] == outcome).count()
}

#[test]
fn the_journal_stays_small_and_nothing_in_it_is_lost() {
    let home = Home::new();
    let server = Served::kv(&home);
    home_at(&home, &server.url);
    home.plumb(&["canary", "--once"]).exits(0);
    // What many turns of cron have left, of which nobody knows whether the store has it.
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let watch = Watch { canary: "a".to_owned(), target: "t".to_owned() };
    let rows = (1..=4_000).map(|ago| {
        let slot = Slot { watch: watch.clone(), due_ms: now_ms - ago * 10_000, kind: SlotKind::Asked };
        Ended::without_start(slot, Outcome::Shed, "the slot before it was still under way")
    });
    let (mut ledger, _) = Ledger::open(&home.path("state/ledger"), now_ms).expect("the ledger");
    ledger.ends(&rows.collect::<Vec<_>>()).expect("rows");
    drop(ledger);
    assert!(journal(&home) > SEGMENT_BYTES_MAX);
    home.plumb(&["canary", "--once"]).exits(0);
    assert!(journal(&home) < SEGMENT_BYTES_MAX / 10, "{} bytes", journal(&home));
    assert_eq!((ended(&home, "shed"), ended(&home, "pass")), (4_000, 2));
}

#[test]
fn a_slot_that_died_with_its_process_is_told_by_the_next() {
    let home = Home::new();
    let silent = Listener::new();
    home_at(&home, &silent.url());
    let run = home.start(&["canary", "--once"]);
    until("a call of the slot", || silent.was_called());
    run.kill();
    home.plumb(&["canary", "--once"]).exits(2);
    assert_eq!(ended(&home, "killed"), 1);
}
