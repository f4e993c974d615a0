//! A run in parts: cut short and resumed, dealt to several machines, cut off by a budget. Together it is the same.

use std::collections::BTreeSet;
use std::fs;

use crate::conform::arguments;
use crate::refused::refused;
use crate::support::{Home, Running, Served, events, until};

/// The cases that a folder tells of, each once.
fn cases(home: &Home, folder: &str) -> BTreeSet<String> {
    let all = events(&home.read(&format!("{folder}/events.ndjson")), "case-done");
    let ids: BTreeSet<String> = all.iter().map(|done| done["case"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids.len(), all.len(), "{folder}: each case is told once");
    ids
}

/// A run of one operation of the larger API.
fn larger<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let start = ["conform", "--api", "s3", "--endpoint-url", url, "--operation", "DeleteObject", "--workflows", "20"];
    [&start[..], &["--no-probe", "--format", "json"], more].concat()
}

/// A run that is killed once it has written something.
fn cut_short(home: &Home, url: &str, folder: &str) {
    let run: Running = home.start(&larger(url, &["--output", folder]));
    let written = || fs::metadata(home.path(folder).join("events.ndjson")).is_ok_and(|own| own.len() > 0);
    until("the first events", written);
    run.kill();
}

#[test]
fn a_run_that_was_killed_and_resumed_tells_of_the_same_cases() {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    let whole = home.plumb(&larger(&server.url, &["--output", "whole"])).exits(0).json();
    cut_short(&home, &server.url, "cut");
    let earlier = events(home.read("cut/events.ndjson").rsplit_once('\n').expect("lines").0, "case-done").len();
    let resumed = home.plumb(&larger(&server.url, &["--resume", "cut"])).exits(0).json();
    assert_eq!(cases(&home, "cut"), cases(&home, "whole"));
    assert_eq!(resumed["counts"]["cases"], whole["counts"]["cases"]);
    assert_eq!((&resumed["coverage"], &resumed["findings"]), (&whole["coverage"], &whole["findings"]));
    let sent = events(&home.read("cut/events.ndjson"), "run-started");
    assert!(sent[0]["resumes"].is_string() && earlier > 0, "{sent:?}");
    assert!(!home.path("cut/events.ndjson.new").exists());
}

#[test]
fn shards_are_the_whole_and_have_nothing_in_common() {
    let home = Home::new();
    let server = Served::kv(&home);
    let run = |folder: &str, more: &[&str]| {
        home.plumb(&arguments(&server.url, &[&["--output", folder, "--strength", "3"], more].concat())).exits(0);
        cases(&home, folder)
    };
    let whole = run("whole", &[]);
    let parts = ["1/3", "2/3", "3/3"].map(|shard| run(&shard.replace('/', "-"), &["--shard", shard]));
    assert_eq!(parts.iter().map(BTreeSet::len).sum::<usize>(), whole.len());
    assert_eq!(parts.iter().flatten().cloned().collect::<BTreeSet<_>>(), whole);
    assert!(parts.iter().all(|part| !part.is_empty()));
}

#[test]
fn the_number_of_workers_decides_nothing() {
    let home = Home::new();
    let server = Served::kv(&home);
    let run = |folder: &str, workers: &str| {
        home.plumb(&arguments(&server.url, &["--output", folder, "--workers", workers])).exits(0);
        cases(&home, folder)
    };
    assert_eq!(run("one", "1"), run("eight", "8"));
}

#[test]
fn what_a_run_did_not_try_is_told() {
    let home = Home::new();
    let server = Served::kv(&home);
    let left = |more: &[&str]| -> u64 {
        let json = home.plumb(&arguments(&server.url, more)).exits(0).json();
        let lines = json["coverage"].as_array().expect("coverage").clone();
        lines.iter().map(|line| line["left"].as_u64().expect("a count")).sum()
    };
    assert_eq!(left(&["--strength", "3"]), 0);
    assert_eq!(left(&[]), 0);
    assert!(left(&["--budget", "20"]) > 0);
    let text = home.plumb(&["conform", "--api", "kv", "--endpoint-url", &server.url, "--budget", "20"]).exits(0);
    assert!(text.stdout.contains("Choices that met, of those that can"), "{}", text.stdout);
}

#[test]
fn a_folder_that_holds_another_run_is_not_resumed() {
    let home = Home::new();
    let server = Served::kv(&home);
    home.plumb(&arguments(&server.url, &["--output", "out"])).exits(0);
    let with = |more: &[&'static str]| [&["conform", "--api", "kv", "--endpoint-url", "URL"], more].concat();
    refused(&home, &with(&["--resume", "nowhere"]), &["nowhere/events.ndjson", "an earlier run was given by --output"]);
    let seed = arguments(&server.url, &["--resume", "out", "--seed", "2"]);
    home.plumb(&seed).exits(3).says(&["out holds another run: its seed is 1, not 2"]);
    let strength = arguments(&server.url, &["--resume", "out", "--strength", "1"]);
    home.plumb(&strength).exits(3).says(&["its choice of cases is"]);
    home.write("out/events.ndjson", "{\"event\":\"no-such\"}\n");
    home.plumb(&arguments(&server.url, &["--resume", "out"])).exits(3).says(&["line 1 of out/events.ndjson"]);
}

#[test]
fn a_strength_and_a_shard_that_are_none_are_refused() {
    let home = Home::new();
    let with = |more: &[&'static str]| [&["conform", "--api", "kv", "--endpoint-url", "URL"], more].concat();
    refused(&home, &with(&["--strength", "5"]), &["between 1 and 4 choices can meet"]);
    refused(&home, &with(&["--strength", "0"]), &["between 1 and 4 choices can meet"]);
    refused(&home, &with(&["--shard", "4/3"]), &["shard 4 is out of range"]);
    refused(&home, &with(&["--shard", "x"]), &["a shard looks like 2/5"]);
}
