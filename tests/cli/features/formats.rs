//! What `plumb test` prints and keeps, in each of its formats.

use quick_junit::{Report, TestCaseStatus};
use serde_json::Value;

use super::{deleted, feature, reads};
use crate::support::{Home, Ran, Served, events};

/// A run of one scenario that passes and one that fails at a server with a bug.
fn run(more: &[&str]) -> (Home, Ran) {
    let home = Home::new();
    let planted = Served::new(&home, "kv", Some("delete-forgets"));
    home.write("mine.feature", feature(&(reads("it <passes> & \"holds\"", "404") + &deleted("it fails"))));
    let ran = home.plumb(&[&["test", "mine.feature", "--endpoint-url", &planted.url], more].concat()).exits(1);
    (home, ran)
}

#[test]
fn people_read_what_failed_and_where() {
    let (_home, ran) = run(&["--format", "terminal"]);
    for words in
        ["✗ it fails", "mine.feature:8", "mine.feature:11:5", "reproduced 3/3", "2 scenarios: 1 passed, 1 failed"]
    {
        assert!(ran.stdout.contains(words), "no {words:?} in {}", ran.stdout);
    }
    assert!(!ran.stdout.contains('\u{1b}'), "no colours where nobody looks: {}", ran.stdout);
}

#[test]
fn json_is_one_object_with_every_scenario() {
    let (_home, ran) = run(&["--format", "json"]);
    let report = ran.json();
    assert_eq!((&report["schema"], &report["api"]), (&"plumb.test/1".into(), &"kv".into()));
    let scenarios = report["scenarios"].as_array().expect("scenarios");
    let upshots: Vec<&str> = scenarios.iter().map(|own| own["upshot"].as_str().expect("a word")).collect();
    assert_eq!(upshots, ["passed", "failed"]);
    assert_eq!(scenarios[1]["finding"], report["findings"][0]["id"]);
    assert_eq!(report["counts"]["failed"], 1);
}

#[test]
fn events_are_told_line_by_line() {
    let (_home, ran) = run(&["--format", "ndjson"]);
    let (first, last) = (ran.stdout.lines().next(), ran.stdout.lines().last());
    assert!(first.is_some_and(|line| line.contains("plumb.events/1")), "{first:?}");
    assert!(last.is_some_and(|line| line.contains("tests-ended")), "{last:?}");
    let done = events(&ran.stdout, "scenario-done");
    let mut outcomes: Vec<&str> = done.iter().map(|own| own["outcome"].as_str().expect("a word")).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["failed", "passed"]);
}

#[test]
fn pipelines_read_junit() {
    let (_home, ran) = run(&["--format", "junit"]);
    let report = Report::deserialize_from_str(&ran.stdout).expect("JUnit's XML");
    assert_eq!((report.tests, report.failures, report.errors), (2, 1, 0));
    let cases: Vec<_> = report.test_suites.iter().flat_map(|suite| &suite.test_cases).collect();
    assert_eq!(cases[0].name.as_str(), "mine::it_passes_holds");
    assert!(matches!(cases[0].status, TestCaseStatus::Success { .. }));
    assert_eq!(cases[1].name.as_str(), "mine::it_fails");
    assert!(matches!(cases[1].status, TestCaseStatus::NonSuccess { .. }));
}

#[test]
fn report_tools_read_cucumbers_json() {
    let (_home, ran) = run(&["--format", "cucumber-json"]);
    let report = ran.json();
    let elements = report[0]["elements"].as_array().expect("scenarios");
    assert_eq!((&report[0]["keyword"], &report[0]["uri"]), (&"Feature".into(), &"mine.feature".into()));
    let results = |element: &Value| -> Vec<String> {
        let steps = element["steps"].as_array().expect("steps").iter();
        steps.map(|step| step["result"]["status"].as_str().expect("a status").to_owned()).collect()
    };
    assert_eq!(results(&elements[0]), ["passed", "passed"]);
    assert_eq!(results(&elements[1]), ["passed", "passed", "failed"]);
}

#[test]
fn a_page_holds_everything_and_loads_nothing() {
    let (home, ran) = run(&["--format", "html", "--html", "page.html"]);
    let page = ran.stdout;
    assert!(page.to_ascii_lowercase().starts_with("<!doctype html>") && page.contains("it fails"), "{page}");
    assert!(page.contains("it &lt;passes&gt; &amp; "), "names are escaped: {page}");
    for loads in ["<script src", "<link ", "<img", "@import", "url("] {
        assert!(!page.contains(loads), "{loads}");
    }
    assert!(home.read("page.html").contains("it fails"));
}

#[test]
fn a_folder_keeps_report_events_and_findings() {
    let (home, ran) = run(&["--format", "json", "--output", "out"]);
    let report: Value = serde_json::from_str(&home.read("out/run.json")).expect("JSON");
    assert_eq!(report, ran.json());
    assert_eq!(events(&home.read("out/events.ndjson"), "scenario-done").len(), 2);
    let id = report["findings"][0]["id"].as_str().expect("an id");
    let finding: Value = serde_json::from_str(&home.read(&format!("out/findings/{id}.json"))).expect("JSON");
    assert_eq!(finding["finding"]["id"], id);
}

#[test]
fn without_a_folder_findings_are_kept_where_the_command_says() {
    let (home, ran) = run(&["--format", "json"]);
    let replay = ran.json()["findings"][0]["replay"].as_str().expect("a command").to_owned();
    let file = replay.split(' ').nth(2).expect("a file");
    assert!(file.starts_with("plumb-runs/") && home.path(file).is_file(), "{replay}");
}
