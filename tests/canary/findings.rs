//! A bug at a target: found, kept, told with a command that shows it again, and over once it is mended.

use std::process::Command;

use plumb_canary::slot::{Mark, Outcome, Place};
use serde_json::Value;

use crate::daemon::{Daemon, agent, canary, rule, target, wait_for};
use crate::receiver::{Receiver, is};
use crate::support::{Home, Ran, Running, Served, shell_words};

/// Meets the plant `lost-overwrite`.
const OVERWRITES: &str = r#"@api(kv)
Feature: Overwrites
  Scenario: A second value replaces the first
    When the client sends PUT "/v1/keys/{key a}" with the body "first"
    And the client sends PUT "/v1/keys/{key a}" with the body "second"
    And the client sends GET "/v1/keys/{key a}"
    Then the body is "second"
"#;

/// Runs a command line as it was printed, with our binary as `plumb`.
fn run(home: &Home, line: &str) -> Ran {
    let words = shell_words(line);
    assert_eq!(words[0], "plumb", "{line}");
    home.plumb(&words[1..].iter().map(String::as_str).collect::<Vec<_>>())
}

fn open(daemon: &Daemon<'_>, id: &str) -> bool {
    daemon.get("/watch/overwrites/kv").1.contains(&format!("/finding/{id}"))
}

/// Finds the bug of a plant, mends the server in its place, and sees the alert end.
fn found_and_mended(plant: &str, more: &str) {
    let (home, receiver) = (Home::new(), Receiver::new());
    let buggy = Served::new(&home, "kv", Some(plant));
    home.write("overwrites.feature", OVERWRITES);
    let sections = [
        agent(&home),
        receiver.section("hook"),
        rule("wrong", "conformance", (2, 3), &["hook"]),
        rule("down", "availability", (2, 3), &["hook"]),
        target("kv", &buggy.url),
        canary("overwrites", &["kv"], &format!("{more}\nalerts = [\"wrong\", \"down\"]")),
    ];
    home.write("plumb.toml", sections.concat());
    let daemon = Daemon::start(&home);
    let alert = receiver.wait("the alert", |alert| is(alert, "firing", "kv"));
    assert_eq!((&alert["rules"][0], &alert["axis"]), (&"wrong".into(), &"conformance".into()), "{alert:#}");
    assert_eq!((&alert["owners"][0], &alert["place"]), (&"storage".into(), &"service".into()), "{alert:#}");
    let id = alert["findings"][0].as_str().expect("a finding").to_owned();
    let replay = alert["replay"].as_str().expect("a command").to_owned();
    let rows = daemon.rows_once("the failed slots", |rows| rows.iter().filter(|row| failed(row)).count() >= 2);
    let bad = rows.iter().find(|row| failed(row)).expect("a failed slot");
    let trouble = bad.trouble.as_ref().expect("a trouble");
    assert_eq!((bad.availability, bad.conformance, trouble.place), (Mark::Good, Mark::Bad, Place::Service), "{bad:#?}");
    assert!(trouble.findings.contains(&id), "{bad:#?}");
    assert!(home.path(&format!("state/findings/{id}.json")).exists(), "{id}");
    wait_for("the finding on the page", || open(&daemon, &id).then_some(()));
    assert_eq!(daemon.get(&format!("/finding/{id}")).0, 200);
    run(&home, &replay).exits(1).prints("REPRODUCED");

    let port = buggy.url.trim_start_matches("http://").to_owned();
    drop(buggy);
    let _honest = serve_at(&home, &port);
    let over =
        receiver.wait("the end of the alert", |alert| is(alert, "resolved", "kv") && alert["rules"][0] == "wrong");
    assert_eq!(over["id"], alert["id"]);
    wait_for("the end of the finding", || (!open(&daemon, &id)).then_some(()));
    run(&home, &replay).exits(0).prints("FIXED");
    daemon.end().exits(0);
}

fn failed(row: &plumb_canary::slot::Ended) -> bool {
    row.outcome == Outcome::Fail
}

/// An honest server at a port that another one had.
fn serve_at(home: &Home, address: &str) -> Running {
    let mut command: Command = home.command(&["serve", "--api", "kv", "--listen", address]);
    let running = Running::start(&mut command, b"");
    wait_for("the honest server", || running.stdout().contains(address).then_some(()));
    running
}

#[test]
fn a_bug_that_a_feature_meets_is_told_with_its_replay_and_over_once_mended() {
    found_and_mended("lost-overwrite", "features = [\"overwrites.feature\"]");
}

#[test]
fn a_bug_that_a_suite_meets_is_told_with_its_replay_and_over_once_mended() {
    let suite = "features = []\nsuites = { budget = \"200\", operations = [\"Put\"] }\ntimeout = \"30s\"";
    found_and_mended("condition-ignored", suite);
}

impl Ran {
    /// Demands a word on standard output.
    #[track_caller]
    fn prints(&self, word: &str) {
        assert!(self.stdout.contains(word), "{}{}", self.stdout, self.stderr);
    }
}

/// What an alert says of itself can be read by anybody.
#[test]
fn an_alert_names_when_what_and_who_and_where_to_read_on() {
    let (home, receiver) = (Home::new(), Receiver::new());
    let buggy = Served::new(&home, "kv", Some("lost-overwrite"));
    home.write("overwrites.feature", OVERWRITES);
    let more =
        "features = [\"overwrites.feature\"]\nalerts = [\"wrong\"]\nrunbook = \"https://runbooks.example.com/kv\"";
    let sections = [
        agent(&home).replace("[agent]\n", "[agent]\npublic_url = \"https://canary.example.com\"\n"),
        receiver.section("hook"),
        rule("wrong", "conformance", (1, 1), &["hook"]),
        target("kv", &buggy.url),
        canary("overwrites", &["kv"], more),
    ];
    home.write("plumb.toml", sections.concat());
    let daemon = Daemon::start(&home);
    let alert: Value = receiver.wait("the alert", |alert| is(alert, "firing", "kv"));
    assert_eq!(alert["region"], "lab");
    assert_eq!(alert["runbooks"][0], "https://runbooks.example.com/kv");
    assert!(alert["first_ms"].as_i64() <= alert["last_ms"].as_i64(), "{alert:#}");
    assert!(alert["traceparent"].as_str().is_some_and(|text| text.starts_with("00-")), "{alert:#}");
    let link = alert["links"][0].as_str().expect("a link");
    let path = link.strip_prefix("https://canary.example.com").expect("a link to our pages");
    daemon.rows_once("the slot in the ledger", |rows| rows.iter().any(failed));
    assert_eq!(daemon.get(path).0, 200, "{link}");
    daemon.end().exits(0);
}
