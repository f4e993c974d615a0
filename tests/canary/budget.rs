//! An error budget that is spent: whoever writes stops writing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use plumb_canary::slot::{Ended, Outcome};
use plumb_model::http::Request;

use crate::daemon::{Daemon, agent, canary, message, target};
use crate::support::Home;
use crate::support::odd::{Act, Odd};

const BOTH: &str = r#"@api(kv)
Feature: Both
  Scenario: What is not there cannot be read
    When the client sends GET "/v1/keys/{key a}"
    Then the status is 404

  Scenario: A new entry is made
    When the client sends PUT "/v1/keys/{key a}" with the body "first"
    Then the status is 201
"#;

/// A server that hangs up while it is told to, and counts what would change something.
fn server() -> (String, Arc<AtomicBool>, Arc<AtomicUsize>) {
    let (is_ill, writes) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (ill, counted) = (Arc::clone(&is_ill), Arc::clone(&writes));
    let server = Odd::new(move |request: &Request| {
        if request.method != "GET" {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        if ill.load(Ordering::SeqCst) { Act::HangUp } else { Act::Serve }
    });
    (server.url, is_ill, writes)
}

fn says_spent(row: &Ended) -> bool {
    message(row).contains("error budget is spent")
}

#[test]
fn once_its_budget_is_spent_a_canary_reads_and_does_not_write_and_says_why() {
    let (home, (url, is_ill, writes)) = (Home::new(), server());
    home.write("both.feature", BOTH);
    let slo = "slo = { availability = 0.999, window = \"1h\" }";
    let config = [
        agent(&home),
        target("kv", &url),
        canary("writes", &["kv"], slo),
        canary("both", &["kv"], &format!("features = [\"both.feature\"]\n{slo}")),
        canary("stubborn", &["kv"], &format!("{slo}\nwrites_when_spent = true")),
    ];
    home.write("plumb.toml", config.concat());
    let daemon = Daemon::start(&home);
    let of = |rows: &[Ended], canary: &str| -> Vec<Ended> {
        rows.iter().filter(|row| row.slot.watch.canary == canary).cloned().collect()
    };
    daemon.rows_once("a spent budget", |rows| of(rows, "writes").iter().any(says_spent));
    let left = |name: &str| {
        daemon.metric("plumb_error_budget_left_ratio", &[&format!("canary=\"{name}\""), "axis=\"availability\""])
    };
    crate::daemon::wait_for("the other one", || (left("both") <= Some(0.0)).then_some(()));
    assert!(left("writes") <= Some(0.0), "{}", daemon.get("/metrics").1);
    is_ill.store(false, Ordering::SeqCst);
    let passes = |row: &Ended| row.outcome == Outcome::Pass;
    let rows = daemon.rows_once("one that goes on", |rows| of(rows, "stubborn").iter().any(passes));
    let first = rows.iter().find(|row| row.slot.watch.canary == "stubborn" && passes(row)).expect("one").slot.due_ms;
    let rows = daemon.rows_once("slots behind", |rows| {
        let late = |name: &str| of(rows, name).iter().filter(|row| row.slot.due_ms > first + 1_000).count();
        late("writes") >= 2 && late("both") >= 2
    });
    for row in of(&rows, "writes").iter().filter(|row| row.slot.due_ms > first + 1_000) {
        assert_eq!((row.outcome, row.exchanges), (Outcome::Skipped, 0), "{row:#?}");
        assert!(says_spent(row), "{row:#?}");
    }
    for row in of(&rows, "both").iter().filter(|row| row.slot.due_ms > first + 1_000) {
        assert!(row.judged == 1 && row.exchanges >= 1, "it goes on reading: {row:#?}");
    }
    daemon.end().exits(0);

    // It outlives the daemon: the one that writes all the same is left out now.
    let daemon_of_two = home.read("plumb.toml").split("[canaries.stubborn]").next().expect("text").to_owned();
    home.write("plumb.toml", daemon_of_two);
    let before = (writes.load(Ordering::SeqCst), crate::daemon::rows(&home).len());
    let daemon = Daemon::start(&home);
    daemon.rows_once("slots after a start", |rows| rows.len() > before.1 + 4);
    assert_eq!(writes.load(Ordering::SeqCst), before.0, "nothing is changed");
    daemon.end().exits(0);
}
