//! `plumb demo` finds real divergences in a server that is not ours, and each can be shown to somebody else.
//!
//! One run of the demo serves all the checks, because it takes most of a minute.

#[path = "cli/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests of the command line use the rest")]
mod support;

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;
use support::served::identity;
use support::{Home, Running, shell_words, until};

/// What is observed of a server that hangs up.
const NO_ANSWER: &str = "no answer";

/// How many findings are replayed at once.
const REPLAYS_AT_ONCE: usize = 4;

/// A deviation of `s3s-fs` that is known: operation, a word of the choice, what must be, what is.
const KNOWN: [(&str, &str, &str, &str); 5] = [
    ("GetObject", "suffix", "206", "500 InternalError"),
    ("GetObject", "if-match=wrong", "412 PreconditionFailed", "200"),
    ("DeleteBucket", "object", "409 BucketNotEmpty", "204"),
    ("PutObject", "bucket=absent", "404 NoSuchBucket", "200"),
    ("ListObjectsV2", "delimiter=empty", "200", NO_ANSWER),
];

#[test]
fn the_demo_finds_what_is_known_and_everything_it_prints_works() {
    let home = Home::new();
    let mut demo = home.start(&["demo", "--hold", "--format", "json"]);
    until("the held server", || demo.stderr().contains("the server stays up") || demo.status().is_some());
    let json: Value = serde_json::from_str(&demo.stdout()).expect("standard output is one JSON value");
    assert_eq!(json["interrupted"], false);
    let findings = json["findings"].as_array().expect("a list");
    let mut wrong = not_found(findings);
    wrong.extend(not_told_once(findings));
    wrong.extend(not_replayed(&home, findings));
    wrong.extend(not_shown_by_curl(&home, &demo, findings));
    demo.interrupt();
    demo.end().exits(0);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), findings.len(), wrong.join("\n\n"));
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key}: {value}"))
}

/// What is known and was not found.
fn not_found(findings: &[Value]) -> Vec<String> {
    let missing = KNOWN.iter().filter(|known| !findings.iter().any(|finding| is(finding, known)));
    missing.map(|known| format!("{known:?} is not among the findings")).collect()
}

fn is(finding: &Value, (operation, choice, expected, observed): &(&str, &str, &str, &str)) -> bool {
    let mut choices = finding["choices"].as_array().expect("a list").iter().filter_map(Value::as_str);
    text(finding, "operation") == *operation
        && choices.any(|own| own.contains(choice))
        && text(&finding["expected"][0], "class") == *expected
        && text(&finding["observed"], "class") == *observed
}

/// What does not come every time, and what shares its file with another finding.
fn not_told_once(findings: &[Value]) -> Vec<String> {
    let mut ids = BTreeSet::new();
    let wrong =
        findings.iter().filter(|finding| !comes_every_time(finding) || !ids.insert(text(finding, "id").to_owned()));
    wrong.map(|one| format!("{} {}: {}", text(one, "id"), text(one, "reproduced"), text(one, "signature"))).collect()
}

/// A hang-up is no finding unless it comes more often than a wrong answer has to.
fn comes_every_time(finding: &Value) -> bool {
    let wanted = if text(&finding["observed"], "class") == NO_ANSWER { "5/5" } else { "3/3" };
    text(finding, "reproduced") == wanted
}

/// What does not replay in a fresh process with a server of its own.
fn not_replayed(home: &Home, findings: &[Value]) -> Vec<String> {
    let (left, failed) = (Mutex::new(findings.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..REPLAYS_AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(finding) = left.lock().expect("a lock").next() else { break };
                    let failure = replay_failure(home, finding);
                    failed.lock().expect("a lock").extend(failure);
                }
            });
        }
    });
    failed.into_inner().expect("a lock")
}

fn replay_failure(home: &Home, finding: &Value) -> Option<String> {
    let words = shell_words(text(finding, "replay"));
    assert_eq!(words[0], "plumb");
    let ran = home.plumb(&words[1..].iter().map(String::as_str).collect::<Vec<_>>());
    let reproduced = ran.code == Some(1) && ran.stdout.starts_with("REPRODUCED");
    (!reproduced).then(|| format!("{} {:?} {} {}", text(finding, "replay"), ran.code, ran.stdout, ran.stderr))
}

/// The blocks of commands that, typed into a shell, do not end with the status that was observed.
fn not_shown_by_curl(home: &Home, demo: &Running, findings: &[Value]) -> Vec<String> {
    if let Err(error) = Command::new("curl").arg("--version").output() {
        assert!(std::env::var("CI").is_err(), "curl is needed: {error}");
        eprintln!("not checked, because there is no curl: {error}");
        return Vec::new();
    }
    let (id, secret) = identity(&demo.stderr()).expect("the demo's identity");
    let blocks: Vec<(&Value, &str)> =
        findings.iter().filter_map(|finding| Some((finding, finding["curl"].as_str()?))).collect();
    let signed = "--aws-sigv4 \"aws:amz:us-east-1:s3\" --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\"";
    let by_curl = blocks.iter().filter(|(_, block)| block.contains(signed)).count();
    assert!(by_curl * 2 > findings.len(), "curl signs only {by_curl} of {}", findings.len());
    blocks.into_iter().filter_map(|(finding, block)| curl_failure(home, (&id, &secret), finding, block)).collect()
}

fn curl_failure(home: &Home, (id, secret): (&str, &str), finding: &Value, block: &str) -> Option<String> {
    assert!(!block.contains(secret), "a secret: {block}");
    let mut shell = Command::new("sh");
    shell.args(["-c", block]).current_dir(home.path("")).env_remove("AWS_SESSION_TOKEN");
    shell.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret);
    let ran = Running::start(&mut shell, b"").end();
    let status = ran.stdout.rfind("HTTP/1.1 ").and_then(|at| ran.stdout.get(at + 9..at + 12));
    let observed = text(&finding["observed"], "class");
    let summary = text(finding, "summary");
    // 52 is curl's word for an empty reply.
    let is_shown = if observed == NO_ANSWER { ran.code == Some(52) } else { status == observed.get(..3) };
    (!is_shown).then(|| format!("{summary}\n{block}\n{}{}", ran.stdout, ran.stderr))
}

#[test]
fn the_demo_exits_with_0_when_its_findings_were_confirmed() {
    let home = Home::new();
    let arguments = ["demo", "--format", "json", "--operation", "DeleteBucket"];
    let json = home.plumb(&arguments).exits(0).json();
    assert!(json["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
}
