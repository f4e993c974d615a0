//! Workflows from outside: how many, which, and what becomes of those that a target cannot take.

use serde_json::{Value, json};

use crate::probe::no_deletes;
use crate::refused::refused;
use crate::support::odd::Odd;
use crate::support::{Home, Ran, Served, events};

/// A run with workflows, with JSON on standard output and its events in `out`.
fn conform(home: &Home, url: &str, more: &[&str]) -> Ran {
    let arguments = ["conform", "--api", "kv", "--endpoint-url", url, "--format", "json", "--output", "out"];
    home.plumb(&[&arguments, more].concat())
}

/// The ids of the workflows of a run, in the order of their numbers.
fn ids(home: &Home) -> Vec<String> {
    let mut done = events(&home.read("out/events.ndjson"), "case-done");
    done.retain(|event| event["suite"] == "workflows");
    done.sort_by_key(|event| event["sequence"].as_u64());
    done.iter().map(|event| event["case"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn as_many_workflows_as_are_asked_for_come_after_the_suites() {
    let home = Home::new();
    let server = Served::kv(&home);
    let json = conform(&home, &server.url, &["--workflows", "30"]).exits(0).json();
    let workflows = &json["operations"]["workflows"];
    assert_eq!((&workflows["cases"], &workflows["conforms"]), (&json!(30), &json!(30)), "{workflows}");
    assert!(json["counts"]["cases"].as_u64() > Some(100), "{}", json["counts"]);
    let without = conform(&Home::new(), &server.url, &["--workflows", "0"]).exits(0).json();
    assert_eq!(without["operations"]["workflows"], Value::Null);
}

#[test]
fn the_same_seed_gives_the_same_workflows() {
    let ids = |seed: &str| {
        let home = Home::new();
        let server = Served::kv(&home);
        conform(&home, &server.url, &["--workflows", "15", "--seed", seed]).exits(0);
        ids(&home)
    };
    assert_eq!((ids("1"), ids("1").len()), (ids("1"), 15));
    assert_ne!(ids("1"), ids("2"));
}

#[test]
fn a_workflow_that_needs_what_is_not_there_is_kept_back_and_counted() {
    let home = Home::new();
    let server = Odd::new(no_deletes);
    let json = conform(&home, &server.url, &["--workflows", "40"]).exits(0).json();
    let workflows = &json["operations"]["workflows"];
    let of = |word: &str| workflows[word].as_u64().unwrap_or(0);
    assert!(of("unsupported") > 0 && of("conforms") > 0, "{workflows}");
    assert_eq!(of("unsupported") + of("conforms"), 40, "{workflows}");
    assert_eq!(json["operations"]["Delete"]["exchanges"], 0, "nothing of them is sent");
}

#[test]
fn a_bug_that_needs_a_history_is_found_and_replayed() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("lost-overwrite"));
    let json = conform(&home, &server.url, &["--operation", "List", "--workflows", "60"]).exits(1).json();
    let findings = json["findings"].as_array().expect("a list");
    let of_workflows: Vec<&Value> =
        findings.iter().filter(|finding| finding["case"]["origin"]["suite"] == "workflows").collect();
    assert!(!of_workflows.is_empty(), "no suite of List writes twice: {findings:#?}");
    for finding in of_workflows {
        let calls = finding["case"]["calls"].as_array().expect("a list");
        assert!(calls.len() <= 5, "{calls:#?}");
        let file = format!("out/findings/{}.json", finding["id"].as_str().expect("an id"));
        let ran = home.plumb(&["replay", &file, "--endpoint-url", &server.url]).exits(1);
        assert!(ran.stdout.starts_with("REPRODUCED"), "{}", ran.stdout);
    }
}

#[test]
fn weights_decide_what_is_sent() {
    let home = Home::new();
    let server = Served::kv(&home);
    let weights = r#"{"plumb_weights": 1, "api": "kv", "operations": {"Put": 1, "Get": 9}}"#;
    home.write("weights.json", weights);
    let plan = |more: &[&str]| {
        let arguments = ["conform", "--api", "kv", "--endpoint-url", &server.url, "--workflows", "200", "--plan"];
        let text = home.plumb(&[&arguments, more].concat()).exits(0).stdout;
        let line = text.lines().find(|line| line.ends_with("calls of Delete")).expect("a line").to_owned();
        line.split_whitespace().next().and_then(|count| count.parse::<u64>().ok()).expect("a count")
    };
    assert!(plan(&["--weights", "weights.json"]) < plan(&[]), "customers do not delete");
}

#[test]
fn weights_that_cannot_be_used_are_refused() {
    let home = Home::new();
    let check = |text: &str, words: &[&str]| {
        home.write("weights.json", text);
        let arguments = ["conform", "--api", "kv", "--endpoint-url", "URL", "--weights", "weights.json"];
        refused(&home, &arguments, words);
    };
    check("{", &["weights.json", "line 1"]);
    check(r#"{"plumb_weights": 9, "api": "kv"}"#, &["version is 9", "reads version 1"]);
    check(r#"{"plumb_weights": 1, "api": "s3"}"#, &["of the API", "s3", "kv"]);
    check(r#"{"plumb_weights": 1, "api": "kv", "operations": {"Patch": 1}}"#, &["no operation", "Patch"]);
    check(r#"{"plumb_weights": 1, "api": "kv", "more": {}}"#, &["unknown field", "more"]);
}
