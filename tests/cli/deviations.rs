//! Accepted findings: who answers for them, why, until when.

use crate::conform::arguments;
use crate::refused::refused;
use crate::support::{Home, Ran, Served};

/// A run against a server with a bug, whose findings are in `out/findings`.
fn diverging(home: &Home, server: &Served) -> Vec<String> {
    let json = home.plumb(&arguments(&server.url, &["--output", "out"])).exits(1).json();
    let findings = json["findings"].as_array().expect("a list");
    findings.iter().map(|one| format!("out/findings/{}.json", one["id"].as_str().expect("an id"))).collect()
}

fn accept(home: &Home, files: &[String], expires: &str) -> Ran {
    let mut words = vec!["accept"];
    words.extend(files.iter().map(String::as_str));
    words.extend(["--owner", "team-storage", "--reason", "fixed in the next release", "--expires", expires]);
    home.plumb(&words)
}

#[test]
fn an_accepted_finding_is_shown_and_no_longer_fails_the_run() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("lost-overwrite"));
    let files = diverging(&home, &server);
    accept(&home, &files, "2999-12-31").exits(0);
    let json = home.plumb(&arguments(&server.url, &[])).exits(0).json();
    let findings = json["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), files.len(), "it is still told");
    for finding in findings {
        let accepted = finding["accepted_by"].as_str().expect("an owner");
        assert!(accepted.contains("team-storage") && accepted.contains("2999-12-31"), "{accepted}");
    }
    let plain = ["conform", "--api", "kv", "--endpoint-url", &server.url, "--workflows", "0"];
    let text = home.plumb(&plain).exits(0).stdout;
    assert!(text.contains("accepted") && text.contains("team-storage"), "{text}");
}

#[test]
fn accepting_twice_adds_once() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("lost-overwrite"));
    let files = diverging(&home, &server);
    accept(&home, &files, "2999-12-31").exits(0);
    let once = home.read("plumb.deviations.toml");
    let again = accept(&home, &files, "2999-12-31").exits(0);
    let known = again.stdout.lines().filter(|line| line.starts_with("already accepted: ")).count();
    assert_eq!(known, files.len(), "{}", again.stdout);
    assert!(again.stdout.contains("accepted by team-storage until 2999-12-31\n0 added"), "{}", again.stdout);
    assert_eq!(home.read("plumb.deviations.toml"), once);
}

#[test]
fn what_is_accepted_and_no_longer_occurs_is_told_after_a_full_run() {
    const UNSEEN: &str = "accepted but not seen in this run: ";
    let home = Home::new();
    let (server, mended) = (Served::new(&home, "kv", Some("lost-overwrite")), Served::kv(&home));
    let files = diverging(&home, &server);
    accept(&home, &files, "2999-12-31").exits(0);
    let ran = home.plumb(&arguments(&mended.url, &[])).exits(0);
    assert_eq!(ran.stderr.matches(UNSEEN).count(), files.len(), "{}", ran.stderr);
    assert!(ran.stderr.contains("accepted by team-storage until 2999-12-31"), "{}", ran.stderr);
    let part = home.plumb(&arguments(&mended.url, &["--operation", "List"])).exits(0);
    let short = home.plumb(&arguments(&mended.url, &["--budget", "5"])).exits(0);
    let seen = home.plumb(&arguments(&server.url, &[])).exits(0);
    for ran in [part, short, seen] {
        assert!(!ran.stderr.contains(UNSEEN), "{}", ran.stderr);
    }
}

#[test]
fn an_accepted_finding_covers_no_other() {
    let home = Home::new();
    let (server, other) =
        (Served::new(&home, "kv", Some("lost-overwrite")), Served::new(&home, "kv", Some("delete-forgets")));
    let files = diverging(&home, &server);
    accept(&home, &files, "2999-12-31").exits(0);
    home.plumb(&arguments(&other.url, &[])).exits(1);
}

#[test]
fn what_has_expired_no_longer_counts() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("lost-overwrite"));
    let files = diverging(&home, &server);
    accept(&home, &files, "2999-12-31").exits(0);
    let expired = home.read("plumb.deviations.toml").replace("2999-12-31", "2001-12-31");
    home.write("plumb.deviations.toml", expired);
    let json = home.plumb(&arguments(&server.url, &[])).exits(1).json();
    assert!(json["findings"][0].get("accepted_by").is_none_or(serde_json::Value::is_null), "{json}");
}

#[test]
fn a_day_that_is_over_is_refused() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("lost-overwrite"));
    let files = diverging(&home, &server);
    accept(&home, &files, "2001-12-31").exits(3).says(&["2001-12-31 is over already", "--expires"]);
    accept(&home, &files, "soon").exits(3).says(&["--expires"]);
    assert!(!home.path("plumb.deviations.toml").exists());
}

#[test]
fn nobody_and_no_reason_are_refused() {
    let home = Home::new();
    let words = |owner, reason| ["accept", "f.json", "--owner", owner, "--reason", reason, "--expires", "2999-12-31"];
    refused(&home, &words(" ", "why not"), &["--owner is empty"]);
    refused(&home, &words("me", ""), &["--reason is empty"]);
    refused(&home, &words("me", "why not"), &["failed to read f.json"]);
}

const ENTRY: &str = "[[deviation]]\napi = \"kv\"\noperation = \"Get\"\nkind = \"wrong-code\"\nexpected = \"200\"\n\
    observed = \"404\"\nplaces = []\nchoices = []\nowner = \"me\"\nreason = \"known\"\n";

#[track_caller]
fn file_refused(text: &str, words: &[&str]) {
    let home = Home::new();
    home.write("plumb.deviations.toml", text);
    let arguments = ["conform", "--api", "kv", "--endpoint-url", "URL"];
    let ran = refused(&home, &arguments, &[&["plumb.deviations.toml"], words].concat());
    assert!(ran.stderr.contains("── here"), "a caret: {}", ran.stderr);
}

#[test]
fn a_typo_in_the_file_is_shown_where_it_stands() {
    file_refused(&format!("{ENTRY}expire = \"2999-12-31\"\n"), &["unknown field `expire`", ":11:1"]);
    file_refused(&format!("{ENTRY}expires = \"2999-13-31\"\n"), &[":11:11", "expires = \"2999-13-31\""]);
    file_refused(&ENTRY.replace("wrong-code", "wrong-cod"), &["wrong-cod"]);
    file_refused(ENTRY, &["missing field `expires`"]);
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let arguments = ["conform", "--api", "kv", "--endpoint-url", "URL", "--deviations", "other.toml"];
    refused(&Home::new(), &arguments, &["failed to read other.toml", "--deviations FILE"]);
}
