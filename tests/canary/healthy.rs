//! A target that is well.

use plumb_canary::slot::{Mark, Outcome, Phase, SlotKind};

use crate::daemon::{Daemon, agent, canary, count, rows, target};
use crate::support::{Home, Served};

#[test]
fn slots_of_a_healthy_target_pass_and_the_pages_show_it() {
    let home = Home::new();
    let server = Served::kv(&home);
    home.write("plumb.toml", [agent(&home), target("kv", &server.url), canary("writes", &["kv"], "")].concat());
    let daemon = Daemon::start(&home);
    let seen = daemon.rows_once("three slots", |rows| rows.len() >= 3);
    for row in &seen {
        assert_eq!(row.outcome, Outcome::Pass, "{row:#?}");
        assert_eq!((row.availability, row.conformance), (Mark::Good, Mark::Good));
        assert_eq!((row.slot.kind, row.judged, row.leaks, &row.trouble), (SlotKind::Scheduled, 1, 0, &None));
        assert!(row.exchanges >= 1 && row.bytes > 0 && row.duration_us > 0, "{row:#?}");
        let connect = row.timings[0].phases_us[Phase::Connect as usize];
        assert!(connect.is_some(), "each request has a connection of its own: {row:#?}");
    }
    let labels = ["canary=\"writes\"", "target=\"kv\"", "outcome=\"pass\"", "kind=\"scheduled\""];
    assert!(daemon.metric("plumb_slots_total", &labels) >= Some(3.0), "{}", daemon.get("/metrics").1);
    assert_eq!(daemon.get("/healthz").0, 200);
    assert_eq!(daemon.get("/readyz").0, 200);
    let (status, board) = daemon.get("/");
    assert_eq!(status, 200);
    assert!(board.contains("writes") && board.contains("storage"), "{board}");
    assert_eq!(daemon.get("/watch/writes/kv").0, 200);

    let ended = daemon.end().exits(0).says(&["ending after the slots that are under way"]);
    assert_eq!(ended.stdout, "", "nothing goes to standard output");
    let all = rows(&home);
    assert!(all.len() >= seen.len(), "nothing is lost by an end in order");
    assert_eq!(count(&all, "kv", Outcome::Pass), all.len(), "every slot that began has ended: {all:#?}");
}

#[test]
fn the_ledger_is_a_line_of_json_for_each_slot() {
    let home = Home::new();
    let server = Served::kv(&home);
    home.write("plumb.toml", [agent(&home), target("kv", &server.url), canary("writes", &["kv"], "")].concat());
    let daemon = Daemon::start(&home);
    daemon.rows_once("a slot", |rows| !rows.is_empty());
    daemon.end().exits(0);
    let ran = home.plumb(&["ledger"]).exits(0);
    let header: serde_json::Value = serde_json::from_str(ran.stdout.lines().next().expect("a header")).expect("JSON");
    assert_eq!(header["plumb_slots"], 1, "{header}");
    let last = rows(&home).pop().expect("a row");
    let behind = jiff::Timestamp::from_millisecond(last.last_due_ms + 1).expect("a moment").to_string();
    home.plumb(&["ledger", "--from", &behind]).exits(2);
    home.plumb(&["ledger", "--until", "2000-01-01"]).exits(2);
    home.plumb(&["ledger", "--from", "tomorrow"]).exits(3).says(&["--from \"tomorrow\" is no time"]);
}
