//! From a finding to a feature, from a scenario to a case, and from a known finding to one that is accepted.

use serde_json::Value;

use super::{check_all_passed, failed, json, served, shipped};
use crate::support::{Home, events};

/// The files of the findings of a run.
fn findings(report: &Value, folder: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().map(|own| format!("{folder}/findings/{}.json", own["id"].as_str().expect("an id"))).collect()
}

/// Each finding of a plant is a feature that fails where the bug is, and passes where it is not.
#[track_caller]
fn check_as_feature(api: &str, plant: &str) {
    let (mut away, mut home) = (Home::new(), Home::new());
    let (honest, planted) = (served(&mut away, api, None), served(&mut home, api, Some(plant)));
    let report = shipped(&home, api, &planted.url, &["--output", "out"]).exits(1).json();
    let files = findings(&report, "out");
    assert!(!files.is_empty(), "{plant}");
    for file in files {
        let feature = home.plumb(&["replay", &file, "--as", "feature"]).exits(0).stdout;
        home.write("x.feature", &feature);
        let bad = json(&home, &["x.feature", "--endpoint-url", &planted.url], 1);
        assert_eq!(failed(&bad).len(), 1, "{plant}: {feature}");
        assert_eq!(bad["findings"][0]["signature"], finding_of(&home, &file)["signature"], "{plant}: {feature}");
        check_all_passed(&json(&home, &["x.feature", "--endpoint-url", &honest.url], 0), 1);
        check_all_passed(&json(&home, &["x.feature", "--target", "model"], 0), 1);
    }
}

fn finding_of(home: &Home, file: &str) -> Value {
    serde_json::from_str::<Value>(&home.read(file)).expect("JSON")["finding"].clone()
}

#[test]
fn a_finding_of_the_tutorial_api_is_a_feature_that_fails_until_it_is_mended() {
    check_as_feature("kv", "lost-overwrite");
    check_as_feature("kv", "page-skips");
}

/// What must be refused, a wrong header, a wrong state and an error of the server.
#[test]
fn a_finding_of_s3_is_a_feature_that_fails_until_it_is_mended() {
    check_as_feature("s3", "second-first-write");
    check_as_feature("s3", "copy-loses-metadata");
    check_as_feature("s3", "delete-forgets");
    check_as_feature("s3", "suffix-crash");
}

/// The paths of the recorded cases.
fn recorded(home: &Home, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(home.path(folder)).expect("the folder");
    let mut names: Vec<_> = entries.map(|own| own.expect("an entry").file_name()).collect();
    names.sort();
    names.iter().map(|name| format!("{folder}/{}", name.display())).collect()
}

#[test]
fn a_recorded_scenario_is_a_case_that_replays_and_seeds_other_runs() {
    for api in ["kv", "s3"] {
        let mut home = Home::new();
        let server = served(&mut home, api, None);
        let ran = shipped(&home, api, &server.url, &["--record", "cases"]).exits(0);
        let (report, cases) = (ran.json(), recorded(&home, "cases"));
        let all = report["scenarios"].as_array().expect("scenarios");
        let lacking = all.iter().filter(|own| own["case_lacks"].is_string()).count();
        assert_eq!(cases.len() + lacking, all.len(), "every scenario is a case, or says what a case lacks");
        assert!(cases.len() > 10, "{} of {}", cases.len(), all.len());
        let told = format!("{lacking} of the scenarios were not recorded");
        assert_eq!(ran.stderr.contains(&told), lacking > 0, "{}", ran.stderr);
        for case in cases.iter().step_by(cases.len() / 5) {
            let ran = home.plumb(&["replay", case, "--endpoint-url", &server.url]).exits(0);
            assert!(ran.stdout.starts_with("CONFORMS"), "{case}: {}", ran.stdout);
        }
        check_seeds(&home, api, &server.url, &cases);
    }
}

/// Recorded cases are sent before everything else.
#[track_caller]
fn check_seeds(home: &Home, api: &str, url: &str, cases: &[String]) {
    let budget = (cases.len() + 3).to_string();
    let start = ["conform", "--api", api, "--endpoint-url", url, "--seeds", "cases", "--budget", &budget];
    home.plumb(&[&start[..], &["--no-probe", "--output", "seeded"]].concat()).exits(0);
    let mut done = events(&home.read("seeded/events.ndjson"), "case-done");
    assert_eq!(done.len(), cases.len() + 3);
    done.sort_by_key(|own| own["sequence"].as_u64());
    let seeded = done.iter().take_while(|own| own["suite"] == "features").count();
    assert!(seeded >= cases.len() - 3, "{seeded} of {} recorded cases came first: {:?}", cases.len(), done[0]);
}

#[test]
fn a_recorded_case_is_a_feature_too() {
    let mut home = Home::new();
    let server = served(&mut home, "s3", None);
    shipped(&home, "s3", &server.url, &["--record", "cases", "--name", "The first of two writers wins"]).exits(0);
    let case = &recorded(&home, "cases")[0];
    home.write("x.feature", home.plumb(&["replay", case, "--as", "feature"]).exits(0).stdout);
    check_all_passed(&json(&home, &["x.feature", "--endpoint-url", &server.url], 0), 1);
}

fn accept(home: &Home, files: &[String]) {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let end = ["--owner", "storage", "--reason", "mended in the next release", "--expires", "2999-12-31"];
    home.plumb(&[&["accept"], &files[..], &end].concat()).exits(0);
}

#[test]
fn what_somebody_accepts_is_told_and_fails_nothing() {
    for (api, plant) in [("kv", "delete-forgets"), ("s3", "second-first-write")] {
        let mut home = Home::new();
        let planted = served(&mut home, api, Some(plant));
        let report = shipped(&home, api, &planted.url, &["--output", "out"]).exits(1).json();
        let diverging = failed(&report);
        accept(&home, &findings(&report, "out"));
        let report = shipped(&home, api, &planted.url, &[]).exits(0).json();
        let counts = &report["counts"];
        assert_eq!(counts["failed"], 0, "{counts}");
        assert!(report["sent"]["accepted"].as_u64() > Some(0), "the answer is still told: {}", report["sent"]);
        let told = super::names(&report, "accepted");
        assert!(!told.is_empty() && told.iter().all(|own| diverging.contains(own)), "{told:?} of {diverging:?}");
        let text = home.plumb(&["test", "--api", api, "--endpoint-url", &planted.url]).exits(0).stdout;
        assert!(text.contains("that the model forbids: accepted deviations"), "{text}");
    }
}

#[test]
fn what_is_accepted_covers_no_other_bug() {
    let mut home = Home::new();
    let planted = served(&mut home, "kv", Some("delete-forgets"));
    let other = served(&mut home, "kv", Some("page-skips"));
    let report = shipped(&home, "kv", &planted.url, &["--output", "out"]).exits(1).json();
    accept(&home, &findings(&report, "out"));
    shipped(&home, "kv", &planted.url, &[]).exits(0);
    let report = shipped(&home, "kv", &other.url, &[]).exits(1).json();
    assert_eq!(failed(&report), ["A page says that there is more"]);
}
