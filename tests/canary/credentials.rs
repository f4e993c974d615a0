//! Credentials that expire, are taken back and are renewed while a daemon runs: our fault, never the target's.

use std::time::Duration;

use plumb_canary::slot::{Ended, Mark, Outcome, Place};
use serde_json::Value;

use crate::daemon::{Daemon, agent, canary, rule, wait_for};
use crate::receiver::Receiver;
use crate::support::{Home, Served};

const UPLOADS: &str = r#"@api(s3)
Feature: Uploads
  Background:
    Given Bob owns the bucket "images"

  Scenario: A file that was uploaded can be read
    Given the file "cat.png" of 10 KiB
    When Bob uploads "cat.png" as "pets/cat.png"
    Then the upload succeeds
    And he can read "pets/cat.png"
"#;

/// How long the first credentials of a process are good.
const GOOD_FOR: Duration = Duration::from_secs(8);

/// Everything that a test of credentials has.
struct Stage {
    home: Home,
    receiver: Receiver,
    _server: Served,
    keys: (String, String),
}

impl Stage {
    fn new(actor: &str) -> Self {
        let (home, receiver) = (Home::new(), Receiver::new());
        let mut servers = Home::new();
        let server = Served::s3(&mut servers, None);
        let keys = (variable(&servers, "AWS_ACCESS_KEY_ID"), variable(&servers, "AWS_SECRET_ACCESS_KEY"));
        home.write("uploads.feature", UPLOADS);
        let target = format!(
            "[targets.s3]\napi = \"s3\"\nendpoint = \"{}\"\n[targets.s3.actors.default]\n{actor}\n",
            server.url
        );
        let config = [
            agent(&home),
            receiver.section("hook"),
            rule("down", "availability", (1, 1), &["hook"]),
            rule("wrong", "conformance", (1, 1), &["hook"]),
            target,
            canary("uploads", &["s3"], "features = [\"uploads.feature\"]\nalerts = [\"down\", \"wrong\"]"),
        ];
        home.write("plumb.toml", config.concat());
        Self { home, receiver, _server: server, keys }
    }

    /// Passes, is locked out by `lock_out`, is told of, and passes again after `let_in`.
    fn play(&self, lock_out: impl FnOnce(), let_in: impl FnOnce()) -> Vec<Ended> {
        let daemon = Daemon::start(&self.home);
        daemon.rows_once("a slot that passes", |rows| rows.iter().any(|row| row.outcome == Outcome::Pass));
        lock_out();
        let alert = self.receiver.wait("the alarm", |alert| is_of_credentials(alert, "firing"));
        assert!(alert["summary"].as_str().is_some_and(|text| text.contains("the credentials for s3")), "{alert:#}");
        let locked = daemon.rows_once("slots without", |rows| rows.iter().filter(|row| is_void(row)).count() >= 2);
        let_in();
        self.receiver.wait("the end of the alarm", |alert| is_of_credentials(alert, "resolved"));
        daemon.rows_once("a slot that passes again", |rows| {
            rows.len() > locked.len() && rows.last().is_some_and(|row| row.outcome == Outcome::Pass)
        });
        let told = self.receiver.alerts();
        assert!(told.iter().all(|alert| alert["rules"][0] == "agent-credentials"), "nothing else is told: {told:#?}");
        let ended = daemon.end().exits(0);
        assert!(!ended.stderr.contains(&self.keys.1), "no secret is shown: {}", ended.stderr);
        let rows = crate::daemon::rows(&self.home);
        assert!(rows.iter().all(|row| row.outcome == Outcome::Pass || is_void(row) || !row.outcome.ran()), "{rows:#?}");
        rows
    }
}

fn is_of_credentials(alert: &Value, state: &str) -> bool {
    alert["state"] == state && alert["rules"][0] == "agent-credentials"
}

/// A slot that says nothing, because we were not let in.
fn is_void(row: &Ended) -> bool {
    let place = row.trouble.as_ref().map(|own| own.place);
    row.outcome == Outcome::Inconclusive
        && place == Some(Place::Credentials)
        && (row.availability, row.conformance) == (Mark::Void, Mark::Void)
}

#[test]
fn expired_credentials_are_our_fault_and_those_that_follow_are_taken() {
    let stage = Stage::new("process = [\"cat\", \"keys.json\"]");
    let write = |expires: jiff::Timestamp| {
        let (id, secret) = &stage.keys;
        let keys = serde_json::json!({
            "Version": 1, "AccessKeyId": id, "SecretAccessKey": secret, "Expiration": expires.to_string()
        });
        stage.home.write("keys.json", keys.to_string());
    };
    let now = jiff::Timestamp::now;
    write(now() + GOOD_FOR);
    let rows = stage.play(|| (), || write(now() + Duration::from_hours(1)));
    let void = rows.iter().find(|row| is_void(row)).expect("a slot without");
    let message = crate::daemon::message(void);
    assert!(message.contains("renew the credentials of \"default\", which expired at"), "{message}");
    assert_eq!(void.exchanges, 0, "nothing is sent without credentials: {void:#?}");
}

#[test]
fn credentials_that_are_taken_back_are_our_fault_and_a_rotated_file_is_read() {
    let stage = Stage::new("id = { file = \"id\" }\nsecret = { file = \"secret\" }");
    let (id, secret) = &stage.keys;
    stage.home.write("id", id);
    stage.home.write("secret", secret);
    let rows = stage.play(|| stage.home.write("id", "AKIANOBODYKNOWSTHIS0"), || stage.home.write("id", id));
    let void = rows.iter().find(|row| is_void(row)).expect("a slot without");
    assert!(crate::daemon::message(void).contains("rejects the credentials"), "{void:#?}");
    wait_for("nothing is left", || (!stage.home.path("plumb-runs").exists()).then_some(()));
}

/// What an environment variable was set to.
fn variable(home: &Home, name: &str) -> String {
    let set = home.variables.iter().rfind(|(own, _)| *own == name);
    set.map(|(_, value)| value.clone()).expect("the variable was set")
}
