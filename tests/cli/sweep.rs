//! `plumb sweep`: what a run that was killed has left behind is found and removed, and nothing else.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use plumb_model::call::Call;
use serde_json::{Value, json};

use crate::support::{Home, Ran, Running, Served, answer_with, bucket_exists, send, until};

/// Starts a run that goes on for a while.
pub(crate) fn start_conform(home: &Home, url: &str, more: &[&str]) -> Running {
    home.start(&[&["conform", "--api", "s3", "--endpoint-url", url], more].concat())
}

/// The names of the buckets that journals say were made or about to be, once there are `least`.
pub(crate) fn journalled(home: &Home, least: usize) -> Vec<String> {
    let mut names = Vec::new();
    until("entries in the journal", || {
        names = all_journalled(home);
        names.len() >= least
    });
    names
}

fn all_journalled(home: &Home) -> Vec<String> {
    let Ok(entries) = fs::read_dir(home.journals()) else { return Vec::new() };
    let texts = entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
    texts.flat_map(|text| text.lines().filter_map(bucket).collect::<Vec<_>>()).collect()
}

fn bucket(line: &str) -> Option<String> {
    let json: Value = serde_json::from_str(line).ok()?;
    let name = BASE64.decode(json["create"]["name"].as_str()?).ok()?;
    String::from_utf8(name).ok()
}

fn sweep(home: &Home, server: &Served, more: &[&str]) -> Ran {
    home.plumb(&[&["sweep", "--api", "s3", "--endpoint-url", &server.url], more].concat())
}

/// The names that a sweep tells, each in a line of its own.
fn told(ran: &Ran, words: &str) -> Vec<String> {
    let lines = ran.stdout.lines().filter_map(|line| line.strip_prefix(words));
    lines.filter_map(|line| Some(line.trim().split_once(" of run ")?.0.to_owned())).collect()
}

fn journal_count(home: &Home) -> usize {
    fs::read_dir(home.journals()).map_or(0, Iterator::count)
}

/// A server, and a run against it that was killed once it had a bucket.
fn killed() -> (Home, Served) {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    let run = start_conform(&home, &server.url, &["--operation", "GetObject"]);
    journalled(&home, 4);
    // Cases remove their own as they go: what is there now may have been written down since.
    let any_exists = || all_journalled(&home).iter().rev().any(|name| bucket_exists(&server.url, name));
    until("a bucket on the server", any_exists);
    run.kill();
    (home, server)
}

#[test]
fn what_a_killed_run_left_is_told_first_and_then_removed() {
    let (home, server) = killed();
    let dry = sweep(&home, &server, &["--min-age", "0s"]).exits(0);
    assert!(dry.stdout.contains("nothing was removed; add --yes"), "{}", dry.stdout);
    let names = told(&dry, "would remove bucket");
    let there = |name: &String| bucket_exists(&server.url, name);
    assert!(names.iter().any(there), "{names:?}");
    assert_eq!(journal_count(&home), 1);
    let done = sweep(&home, &server, &["--min-age", "0s", "--yes"]).exits(0);
    assert_eq!(told(&done, "removing bucket"), names);
    assert!(!names.iter().any(there), "{names:?}");
    assert_eq!(journal_count(&home), 0);
    let again = sweep(&home, &server, &["--min-age", "0s", "--yes"]).exits(0);
    assert!(again.stdout.starts_with("nothing to remove"), "{}", again.stdout);
}

#[test]
fn a_young_run_and_another_endpoint_are_left_alone() {
    let (home, server) = killed();
    let young = sweep(&home, &server, &["--yes"]).exits(0);
    assert_eq!(told(&young, "removing bucket"), Vec::<String>::new());
    let elsewhere = Served::new(&home, "s3", None);
    let other = sweep(&home, &elsewhere, &["--yes", "--min-age", "0s"]).exits(0);
    assert_eq!(told(&other, "removing bucket"), Vec::<String>::new());
    assert_eq!(journal_count(&home), 1);
}

#[test]
fn a_sweep_removes_no_more_than_it_may() {
    let (home, server) = killed();
    let all = told(&sweep(&home, &server, &["--min-age", "0s"]).exits(0), "would remove bucket");
    let one = sweep(&home, &server, &["--min-age", "0s", "--yes", "--max-count", "1"]).exits(0);
    assert_eq!(told(&one, "removing bucket"), all[..1]);
    assert_eq!(journal_count(&home), 1, "the rest is not forgotten");
}

#[test]
fn a_live_run_is_left_alone() {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    let mut run = start_conform(&home, &server.url, &["--format", "json"]);
    journalled(&home, 4);
    let ran = sweep(&home, &server, &["--min-age", "0s", "--yes"]).exits(0);
    assert!(run.status().is_none(), "the run was still going on");
    assert!(ran.stdout.starts_with("nothing to remove"), "{}", ran.stdout);
    run.interrupt();
    let json = run.end().exits(2).json();
    assert_eq!(json["counts"]["diverges"], 0, "nothing was taken from under it");
    assert_eq!(journal_count(&home), 0);
}

/// A run that was killed before its first line, or in the middle of one, must not keep others from being swept.
#[test]
fn a_torn_journal_keeps_no_other_from_being_swept() {
    let (home, server) = killed();
    fs::write(home.journals().join("aaaaaaaa.ndjson"), "").expect("a journal");
    fs::write(home.journals().join("bbbbbbbb.ndjson"), "{\"plumb_jou").expect("a journal");
    let ran = sweep(&home, &server, &["--min-age", "0s", "--yes"]).exits(0);
    assert!(!told(&ran, "removing bucket").is_empty(), "{} {}", ran.stdout, ran.stderr);
}

/// A name without the marker of its run is not removed, whoever wrote it into the journal.
#[test]
fn a_name_that_no_run_made_is_not_removed() {
    let (home, server) = killed();
    let path = fs::read_dir(home.journals()).expect("a folder").next().expect("a journal").expect("an entry").path();
    let foreign = BASE64.encode("somebody-elses");
    let header = fs::read_to_string(&path).expect("a journal").lines().next().expect("a header").to_owned();
    let entry = format!("{{\"create\":{{\"kind\":\"bucket\",\"name\":\"{foreign}\"}}}}");
    fs::write(&path, format!("{header}\n{entry}\n")).expect("a journal");
    sweep(&home, &server, &["--min-age", "0s", "--yes"]).exits(2).says(&["could not remove bucket somebody-elses"]);
    assert_eq!(journal_count(&home), 1);
}

/// Confirming a finding makes things as well; what it cannot remove must not be forgotten.
#[test]
fn what_a_confirmation_could_not_remove_stays_in_the_journal() {
    let home = Home::new();
    // Cases of the run itself clean up; the numbers of those that confirm have seven digits.
    let url = answer_with(|request| match request.strip_prefix("DELETE ") {
        Some(target) if target.contains("-1000") => "403 Forbidden",
        Some(_) => "204 No Content",
        None => "201 Created",
    });
    let arguments = ["conform", "--api", "kv", "--endpoint-url", &url, "--operation", "Put", "--format", "json"];
    let json = home.plumb(&[&arguments[..], &["--budget", "8"]].concat()).exits(1).json();
    assert!(!json["findings"].as_array().expect("a list").is_empty());
    let left = json["ended"]["resources_left"].as_array().expect("a list");
    assert!(!left.is_empty(), "{}", json["ended"]);
    assert_eq!(journal_count(&home), 1, "a sweep can find them");
}

/// The journal of a run that is over: it lent these parts of the bucket `canary-a`, and emptied `emptied` of them.
fn lent(home: &Home, server: &Served, prefixes: &[&str], emptied: &[&str]) {
    let header = json!({
        "plumb_journal": 1, "run": "aaaaaaaa", "api": "s3", "target": "t", "endpoint": server.url, "started_s": 7
    });
    let part =
        |prefix: &&str| json!({ "kind": "bucket", "name": BASE64.encode("canary-a"), "prefix": BASE64.encode(prefix) });
    let lend = |prefix: &&str| {
        let mut part = part(prefix);
        part["token"] = 1.into();
        part["expires_ms"] = 5.into();
        json!({ "lend": part })
    };
    let lines = [header].into_iter().chain(prefixes.iter().map(lend));
    let lines = lines.chain(emptied.iter().map(|prefix| json!({ "emptied": part(prefix) })));
    fs::create_dir_all(home.journals()).expect("a folder");
    let lines: Vec<String> = lines.map(|line| line.to_string()).collect();
    fs::write(home.journals().join("aaaaaaaa.ndjson"), lines.join("\n") + "\n").expect("a journal");
}

/// A server with the bucket `canary-a`, which has these keys.
fn canary(keys: &[&str]) -> (Home, Served) {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    let on = |operation| Call::new(operation).with("bucket", "canary-a");
    let puts = keys.iter().map(|key| on("PutObject").with("key", *key));
    for call in [on("CreateBucket")].into_iter().chain(puts) {
        let answer = send(&server.url, &call, 0);
        assert_eq!(answer.get(9..12), Some("200"), "{answer}");
    }
    (home, server)
}

fn has_key(server: &Served, key: &str) -> bool {
    let answer = send(&server.url, &Call::new("GetObject").with("bucket", "canary-a").with("key", key), 0);
    answer.get(9..12) == Some("200")
}

#[test]
fn what_a_killed_run_left_in_a_bucket_that_is_not_ours_goes_and_nothing_else() {
    let (cat, dog) = ("plumb-aaaaaaaa/000001/cat", "plumb-aaaaaaaa/000002/dog");
    let theirs = [dog, "plumb-aaaaaaaa/000001", "plumb-bbbbbbbb/000001/cat", "reports/january"];
    let (home, server) = canary(&[&theirs[..], &[cat]].concat());
    lent(&home, &server, &["plumb-aaaaaaaa/000001/", "plumb-aaaaaaaa/000002/"], &["plumb-aaaaaaaa/000002/"]);
    let dry = sweep(&home, &server, &[]).exits(0);
    let line = "would empty bucket canary-a below plumb-aaaaaaaa/000001/ of run aaaaaaaa\n";
    assert_eq!(dry.stdout, format!("{line}nothing was removed; add --yes to do it\n"));
    assert!(has_key(&server, cat));
    let none = sweep(&home, &server, &["--yes", "--max-count", "0"]).exits(0);
    assert_eq!((none.stdout.as_str(), journal_count(&home)), ("", 1));
    sweep(&home, &server, &["--yes", "--safety", "read-only"]).exits(2).says(&["could not empty bucket canary-a"]);
    assert!(has_key(&server, cat) && journal_count(&home) == 1, "nothing is forgotten that may not be removed");
    let done = sweep(&home, &server, &["--yes"]).exits(0);
    assert_eq!(done.stdout, line.replace("would empty", "emptying"));
    assert!(!has_key(&server, cat));
    for key in theirs {
        assert!(has_key(&server, key), "{key}");
    }
    assert_eq!(journal_count(&home), 0);
}

/// Whatever somebody wrote into the journal.
#[test]
fn a_part_that_the_run_never_lent_is_not_emptied() {
    let keys = ["plumb-bbbbbbbb/000001/cat", "reports/january"];
    let (home, server) = canary(&keys);
    let prefixes = ["", "r", "plumb-", "plumb-aaaaaaaa/", "plumb-bbbbbbbb/000001/"];
    lent(&home, &server, &prefixes, &[]);
    let ran = sweep(&home, &server, &["--yes"]).exits(2).says(&["could not empty", "the prefix is not the run's"]);
    assert_eq!(ran.stdout.matches("cannot empty bucket canary-a below ").count(), prefixes.len(), "{}", ran.stdout);
    assert!(keys.iter().all(|key| has_key(&server, key)));
    assert_eq!(journal_count(&home), 1);
}
