//! `plumb conform` against an honest server and against one with a bug.

use serde_json::Value;

use crate::support::{Home, Listener, Served, events};

/// What is under test against `server`, without workflows, with JSON on standard output.
pub(crate) fn arguments<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["conform", "--api", "kv", "--endpoint-url", url, "--workflows", "0", "--format", "json"], more].concat()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn an_honest_server_conforms() {
    let home = Home::new();
    let server = Served::kv(&home);
    let json = home.plumb(&arguments(&server.url, &[])).exits(0).json();
    assert_eq!(json["schema"], "plumb.run/1");
    assert_eq!(json["api"], "kv");
    assert_eq!(json["flavour"], "standard");
    assert_eq!(json["seed"], 1);
    assert_eq!(json["interrupted"], false);
    assert!(json["target"].is_string());
    assert_eq!(json["findings"], Value::Array(vec![]));
    let counts = &json["counts"];
    let words = ["cases", "exchanges", "conforms", "diverges", "inconclusive", "skipped", "unsupported", "unmodelled"];
    assert_eq!(keys(counts), words);
    assert!(counts["cases"].as_u64() > Some(50), "{counts}");
    assert_eq!(counts["conforms"], counts["cases"]);
    assert!(counts["exchanges"].as_u64() >= counts["cases"].as_u64(), "{counts}");
}

#[test]
fn nothing_is_left_of_a_run_that_conforms() {
    let home = Home::new();
    let server = Served::kv(&home);
    let before = home.everything();
    home.plumb(&arguments(&server.url, &[])).exits(0);
    assert_eq!(home.everything(), before);
}

#[test]
fn a_planted_bug_is_a_finding_with_everything_it_takes_to_show_it() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("lost-overwrite"));
    let json = home.plumb(&arguments(&server.url, &[])).exits(1).json();
    let findings = json["findings"].as_array().expect("a list");
    assert!(!findings.is_empty());
    for finding in findings {
        check_finding(finding, &server.url);
    }
    let sum: u64 = ["conforms", "diverges", "inconclusive", "skipped", "unsupported", "unmodelled"]
        .iter()
        .filter_map(|word| json["counts"][word].as_u64())
        .sum();
    assert_eq!(json["counts"]["cases"], sum);
}

fn check_finding(finding: &Value, url: &str) {
    for key in ["id", "signature", "kind", "operation", "summary", "basis", "replay", "curl"] {
        assert!(finding[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {finding}");
    }
    let id = finding["id"].as_str().expect("an id");
    assert!(id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let expected = finding["expected"].as_array().expect("a list");
    assert!(!expected.is_empty() && expected.iter().all(|one| one["class"].is_string() && one["source"].is_string()));
    assert!(finding["observed"]["class"].is_string(), "{finding}");
    assert_eq!(finding["preferred_only"], false);
    assert_eq!(finding["reproduced"], "3/3");
    assert!(finding["count"].as_u64() >= Some(1));
    assert!(finding["request_ids"].is_array());
    assert!(finding["state"].is_object(), "the state of the model: {}", finding["state"]);
    let replay = finding["replay"].as_str().expect("a command");
    assert!(replay.starts_with("plumb replay ") && replay.contains(id) && replay.contains(url), "{replay}");
    assert!(finding["curl"].as_str().is_some_and(|curl| curl.contains(url)), "{finding}");
}

/// The ids of the cases of a run, in the order of their numbers.
fn case_ids(url: &str, seed: &str) -> Vec<String> {
    let home = Home::new();
    home.plumb(&arguments(url, &["--output", "out", "--seed", seed])).exits(0);
    let mut done = events(&home.read("out/events.ndjson"), "case-done");
    done.sort_by_key(|event| event["sequence"].as_u64());
    let numbers: Vec<_> = done.iter().map(|event| event["sequence"].as_u64()).collect();
    assert_eq!(numbers, (0..done.len() as u64).map(Some).collect::<Vec<_>>(), "each number once");
    done.iter().map(|event| event["case"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn the_same_seed_gives_the_same_cases() {
    let home = Home::new();
    let (one, other) = (Served::kv(&home), Served::kv(&home));
    let first = case_ids(&one.url, "7");
    assert_eq!(first, case_ids(&other.url, "7"));
    assert_ne!(first, case_ids(&other.url, "8"));
}

#[test]
fn a_budget_bounds_the_cases() {
    let home = Home::new();
    let server = Served::kv(&home);
    let json = home.plumb(&arguments(&server.url, &["--budget", "5"])).exits(0).json();
    assert_eq!(json["counts"]["cases"], 5);
    assert!(json["ended"]["cases_left"].as_u64() > Some(0), "{}", json["ended"]);
}

#[test]
fn events_are_the_only_thing_on_standard_output_where_they_are_asked_for() {
    let home = Home::new();
    let server = Served::kv(&home);
    let ran = home.plumb(&["conform", "--api", "kv", "--endpoint-url", &server.url, "--format", "ndjson"]).exits(0);
    let (first, last) = (ran.stdout.lines().next(), ran.stdout.lines().last());
    assert!(first.is_some_and(|line| line.contains("plumb.events/1")), "{first:?}");
    assert!(last.is_some_and(|line| line.contains("run-ended")), "{last:?}");
    assert!(events(&ran.stdout, "case-done").len() > 50);
}

#[test]
fn a_plan_sends_nothing() {
    let home = Home::new();
    let nobody = Listener::new();
    let before = home.everything();
    let plan = |url: &str| home.plumb(&["conform", "--api", "kv", "--endpoint-url", url, "--plan"]);
    let ran = plan(&nobody.url()).exits(0);
    assert!(ran.stdout.contains("calls of Put") && ran.stdout.contains("safety full"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("REFUSED"), "{}", ran.stdout);
    let ran = plan("http://192.0.2.1:9").exits(3).says(&["192.0.2.1:9 is read-only", "--safety own-data"]);
    let refused: Vec<&str> = ran.stdout.lines().filter(|line| line.ends_with("REFUSED at safety read-only")).collect();
    let has = |what: &str| refused.iter().any(|line| line.contains(what));
    assert!(has("calls of Put ") && has("calls of Delete ") && !has("calls of Get "), "{refused:?}");
    assert!(!nobody.was_called());
    assert_eq!(home.everything(), before);
}
