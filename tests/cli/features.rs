//! `plumb test`: features against the model itself, an honest server and servers with a bug.

mod documented;
mod formats;
mod looped;
mod refused;
mod selected;
mod together;

use serde_json::Value;

use crate::replay::replay_words;
use crate::support::{Home, Ran, Served, shell_words};

/// A feature of the tutorial API with these scenarios.
fn feature(scenarios: &str) -> String {
    format!("@api(kv)\nFeature: Entries\n{scenarios}")
}

/// A scenario that reads what was never stored.
fn reads(name: &str, expected: &str) -> String {
    format!(
        "\n  Scenario: {name}\n    When the client sends GET \"/v1/keys/{{key a}}\"\n    Then the status is {expected}\n"
    )
}

/// `plumb test` with JSON on standard output.
fn json(home: &Home, arguments: &[&str], code: i32) -> Value {
    home.plumb(&[&["test"], arguments, &["--format", "json"]].concat()).exits(code).json()
}

/// The names of the scenarios that came to this, in the order of the report.
fn names(report: &Value, upshot: &str) -> Vec<String> {
    let scenarios = report["scenarios"].as_array().expect("scenarios").iter();
    let wanted = scenarios.filter(|own| own["upshot"] == upshot);
    wanted.map(|own| own["name"].as_str().expect("a name").to_owned()).collect()
}

/// The names of the scenarios that failed.
fn failed(report: &Value) -> Vec<String> {
    names(report, "failed")
}

/// Demands that so many scenarios passed, and that there is no other.
#[track_caller]
fn check_all_passed(report: &Value, scenarios: u64) {
    let counts = &report["counts"];
    assert_eq!(counts["scenarios"], scenarios, "{counts}");
    assert_eq!(counts["passed"], scenarios, "{counts}");
    assert_eq!(report["ended"]["resources_left"], Value::Array(Vec::new()));
}

/// A server of this API, in a home that knows both of its identities.
fn served(home: &mut Home, api: &str, plant: Option<&str>) -> Served {
    if api != "s3" {
        return Served::new(home, api, plant);
    }
    let server = Served::s3(home, plant);
    server.set_second(home);
    server
}

/// Runs the features that come with `api` against `url`.
fn shipped(home: &Home, api: &str, url: &str, more: &[&str]) -> Ran {
    home.plumb(&[&["test", "--api", api, "--endpoint-url", url, "--format", "json"], more].concat())
}

/// Features and model agree, and something was sent and judged in every scenario.
#[track_caller]
fn check_against_the_model(api: &str, scenarios_min: usize) {
    let home = Home::new();
    let before = home.everything();
    let report = json(&home, &["--api", api, "--target", "model"], 0);
    let scenarios = report["scenarios"].as_array().expect("scenarios");
    assert!(scenarios.len() >= scenarios_min, "{}", scenarios.len());
    check_all_passed(&report, scenarios.len() as u64);
    for scenario in scenarios {
        let of = |key: &str| scenario[key].as_u64().expect("a count");
        assert!(of("calls") > 0 && of("judged") == of("calls"), "vacuous: {scenario}");
    }
    assert_eq!((&report["sent"]["unmodelled"], &report["counts"]["without_model"]), (&0.into(), &0.into()));
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    assert_eq!(home.everything(), before);
}

#[test]
fn the_features_of_the_tutorial_agree_with_the_model() {
    check_against_the_model("kv", 20);
}

#[test]
fn the_features_of_s3_agree_with_the_model() {
    check_against_the_model("s3", 60);
}

#[test]
fn an_honest_server_passes_and_nothing_is_left_of_the_run() {
    for api in ["kv", "s3"] {
        let mut home = Home::new();
        let server = served(&mut home, api, None);
        let before = home.everything();
        let report = shipped(&home, api, &server.url, &[]).exits(0).json();
        check_all_passed(&report, report["selected"].as_u64().expect("a count"));
        assert_eq!(home.everything(), before);
    }
}

/// A server with a bug fails the scenarios that are about it; the printed command reproduces each finding there, and
/// tells of a server without the bug that it is fixed.
#[track_caller]
fn check_plant(api: &str, plant: &str, scenario: &str) {
    let (mut away, mut home) = (Home::new(), Home::new());
    let (honest, planted) = (served(&mut away, api, None), served(&mut home, api, Some(plant)));
    let report = shipped(&home, api, &planted.url, &["--output", "it's $HOME; results"]).exits(1).json();
    let failed = failed(&report);
    assert!(failed.iter().any(|name| name == scenario), "{plant} fails {failed:?}");
    let findings = report["findings"].as_array().expect("findings");
    assert!(!findings.is_empty(), "{plant}");
    for finding in findings {
        let replay = |url| home.plumb(&replay_words(finding, url).iter().map(String::as_str).collect::<Vec<_>>());
        let again = replay(None).exits(1).stdout;
        assert!(again.starts_with("REPRODUCED"), "{plant}: {again}");
        let elsewhere = replay(Some(&honest.url)).exits(0).stdout;
        assert!(elsewhere.starts_with("FIXED"), "{plant}: {elsewhere}");
    }
}

#[test]
fn a_bug_of_the_tutorial_api_fails_its_scenarios_and_replays() {
    check_plant("kv", "lost-overwrite", "A second value replaces the first");
    check_plant("kv", "delete-forgets", "A deleted entry is gone");
    check_plant("kv", "condition-ignored", "Whoever comes second does not overwrite");
    check_plant("kv", "page-skips", "A page says that there is more");
}

#[test]
fn a_bug_of_s3_fails_its_scenarios_and_replays() {
    check_plant("s3", "second-first-write", "The first of two writers wins");
    check_plant("s3", "suffix-crash", "More last bytes than there are is the whole file");
    check_plant("s3", "others-may-read", "The owner can read a file, and another account cannot");
}

/// What is printed for people holds the same command, and the one that plays the scenario again.
#[test]
fn the_commands_that_are_printed_are_those_that_work() {
    let home = Home::new();
    let planted = Served::new(&home, "kv", Some("delete-forgets"));
    home.write("mine.feature", feature(&(reads("one", "404") + &deleted("two"))));
    let ran = home.plumb(&["test", "mine.feature", "--endpoint-url", &planted.url]).exits(1);
    let commands: Vec<&str> = ran.stdout.lines().filter_map(|line| line.strip_prefix("    plumb ")).collect();
    assert_eq!(commands.len(), 2, "{}", ran.stdout);
    let again = home.plumb(&commands[0].split(' ').collect::<Vec<_>>()).exits(1).stdout;
    assert!(commands[0].starts_with("test mine.feature:") && again.contains("✗ two"), "{again}");
    assert!(again.contains("1 scenario: 0 passed, 1 failed"), "{again}");
    let replayed = home.plumb(&commands[1].split(' ').collect::<Vec<_>>()).exits(1).stdout;
    assert!(replayed.starts_with("REPRODUCED"), "{replayed}");
}

/// Whoever has only the binary has no file of the features that come with it.
#[test]
fn a_scenario_that_comes_with_the_binary_is_played_again_without_a_file() {
    let home = Home::new();
    let planted = Served::new(&home, "kv", Some("delete-forgets"));
    let report = shipped(&home, "kv", &planted.url, &[]).exits(1).json();
    for scenario in report["scenarios"].as_array().expect("scenarios").iter().filter(|own| own["upshot"] == "failed") {
        let words = shell_words(scenario["again"][0].as_str().expect("a command"));
        let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let again = home.plumb(&[&words[..], &["--format", "json"]].concat()).exits(1).json();
        assert_eq!(failed(&again), [scenario["name"].as_str().expect("a name")], "{words:?}");
        assert_eq!(again["selected"], 1);
    }
}

/// A scenario that deletes what it has stored. That it is gone, only the model demands.
fn deleted(name: &str) -> String {
    format!(
        "\n  Scenario: {name}\n    When the client sends PUT \"/v1/keys/{{key a}}\" with the body \"x\"\n    \
         And the client sends DELETE \"/v1/keys/{{key a}}\"\n    And the client sends GET \"/v1/keys/{{key a}}\"\n"
    )
}
