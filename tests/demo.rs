//! `plumb demo` finds real divergences in a server that is not ours, and each can be shown to somebody else.
//!
//! One run of the demo serves all the checks, because it takes most of a minute.

#[path = "cli/support/mod.rs"]
#[expect(dead_code, reason = "the tests of the command line use the rest")]
mod support;

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;
use support::served::identity;
use support::{Home, Running, shell_words, until};

/// How many findings are replayed at once.
const REPLAYS_AT_ONCE: usize = 4;

/// A deviation of `s3s-fs` that is known: operation, a word of the choice, what must be, what is.
const KNOWN: [(&str, &str, &str, &str); 4] = [
    ("GetObject", "suffix", "206", "500 InternalError"),
    ("GetObject", "if-match=wrong", "412 PreconditionFailed", "200"),
    ("DeleteBucket", "object", "409 BucketNotEmpty", "204"),
    ("PutObject", "bucket=absent", "404 NoSuchBucket", "200"),
];

#[test]
fn the_demo_finds_what_is_known_and_everything_it_prints_works() {
    let home = Home::new();
    let mut demo = home.start(&["demo", "--hold", "--format", "json"]);
    until("the held server", || demo.stderr().contains("the server stays up") || demo.status().is_some());
    let json: Value = serde_json::from_str(&demo.stdout()).expect("standard output is one JSON value");
    let findings = json["findings"].as_array().expect("a list").clone();
    assert_eq!(json["interrupted"], false);
    known_deviations_are_there(&findings);
    each_finding_is_told_once(&findings);
    each_finding_replays(&home, &findings);
    each_curl_block_shows_it(&home, &demo, &findings);
    demo.interrupt();
    demo.end().exits(0);
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key}: {value}"))
}

fn known_deviations_are_there(findings: &[Value]) {
    for known @ (operation, choice, expected, observed) in KNOWN {
        let found = findings.iter().any(|finding| {
            let choices = finding["choices"].as_array().expect("a list");
            text(finding, "operation") == operation
                && choices.iter().any(|own| own.as_str().is_some_and(|own| own.contains(choice)))
                && text(&finding["expected"][0], "class") == expected
                && text(&finding["observed"], "class") == observed
        });
        assert!(found, "{known:?} is not among the findings");
    }
}

fn each_finding_is_told_once(findings: &[Value]) {
    let mut ids = BTreeSet::new();
    for finding in findings {
        assert_eq!(text(finding, "reproduced"), "3/3", "{}", text(finding, "summary"));
        assert!(ids.insert(text(finding, "id")), "two findings are {}, in one file", text(finding, "id"));
    }
}

/// In fresh processes, each with a server of its own.
fn each_finding_replays(home: &Home, findings: &[Value]) {
    let (left, failed) = (Mutex::new(findings.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..REPLAYS_AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(finding) = left.lock().expect("a lock").next() else { break };
                    failed.lock().expect("a lock").extend(replay_failure(home, finding));
                }
            });
        }
    });
    let failed = failed.into_inner().expect("a lock");
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), findings.len(), failed.join("\n"));
}

fn replay_failure(home: &Home, finding: &Value) -> Option<String> {
    let words = shell_words(text(finding, "replay"));
    assert_eq!(words[0], "plumb");
    let ran = home.plumb(&words[1..].iter().map(String::as_str).collect::<Vec<_>>());
    let reproduced = ran.code == Some(1) && ran.stdout.starts_with("REPRODUCED");
    (!reproduced).then(|| format!("{} {:?} {} {}", text(finding, "replay"), ran.code, ran.stdout, ran.stderr))
}

/// Every block of commands, typed into a shell, ends with the status that was observed.
fn each_curl_block_shows_it(home: &Home, demo: &Running, findings: &[Value]) {
    if let Err(error) = Command::new("curl").arg("--version").output() {
        assert!(std::env::var("CI").is_err(), "curl is needed: {error}");
        eprintln!("not checked, because there is no curl: {error}");
        return;
    }
    let (id, secret) = identity(&demo.stderr()).expect("the demo's identity");
    let blocks: Vec<(&Value, &str)> =
        findings.iter().filter_map(|finding| Some((finding, finding["curl"].as_str()?))).collect();
    assert!(blocks.len() * 2 > findings.len(), "only {} of {} as curl", blocks.len(), findings.len());
    let signed = "--aws-sigv4 \"aws:amz:us-east-1:s3\" --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\"";
    assert!(blocks.iter().any(|(_, block)| block.contains(signed)), "curl signs when it is run");
    let failed: Vec<String> =
        blocks.into_iter().filter_map(|(finding, block)| curl_failure(home, (&id, &secret), finding, block)).collect();
    assert!(failed.is_empty(), "{}:\n{}", failed.len(), failed.join("\n\n"));
}

fn curl_failure(home: &Home, (id, secret): (&str, &str), finding: &Value, block: &str) -> Option<String> {
    assert!(!block.contains(secret), "a secret: {block}");
    let mut shell = Command::new("sh");
    shell.args(["-c", block]).current_dir(home.path("")).env_remove("AWS_SESSION_TOKEN");
    shell.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret);
    let ran = Running::start(&mut shell, b"").end();
    let status = ran.stdout.rfind("HTTP/1.1 ").and_then(|at| ran.stdout.get(at + 9..at + 12));
    let observed = text(&finding["observed"], "class").get(..3);
    let summary = text(finding, "summary");
    (status != observed).then(|| format!("{summary}\n{block}\n{}{}", ran.stdout, ran.stderr))
}

#[test]
fn the_demo_exits_with_0_when_its_findings_were_confirmed() {
    let home = Home::new();
    let arguments = ["demo", "--format", "json", "--operation", "DeleteBucket"];
    let json = home.plumb(&arguments).exits(0).json();
    assert!(json["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
}
