//! The four ways to play a scenario, and what each says of it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Home, Running};
use crate::{API, FEATURES};

/// What is said of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Pass,
    Fail,
    Unclear,
}

/// By the id of the scenario.
type Verdicts = BTreeMap<String, Said>;

/// How many scenarios came to what.
pub(crate) struct Seen {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

/// Plays the scenarios of these files in all four ways, and demands that they say the same.
#[track_caller]
pub(crate) fn compare(home: &Home, api: &str, url: &str, files: &[String]) -> Seen {
    let target = format!("[targets.t]\napi = \"{api}\"\nendpoint = \"{url}\"\nsafety = \"full\"\n\n");
    home.write("plumb.toml", &target);
    let report = plumb_test(home, files);
    let tested = of_report(&report);
    let named = files.iter().map(|file| format!("{file:?}")).collect::<Vec<_>>().join(", ");
    let gate = format!("[gates.g]\ntargets = [\"t\"]\nfeatures = [{named}]\nminimum = 1\nworkers = 1\n\n");
    let canaries: String = scenarios(&report).enumerate().map(|(at, own)| canary(at, own)).collect();
    let agent = "[agent]\nregion = \"lab\"\nstate = \"state\"\n\n";
    home.write("plumb.toml", [target.as_str(), &gate, agent, &canaries].concat());
    check("cargo test", &cargo_test(home, api, url, files), &tested);
    check("plumb gate", &gated(home, &tested), &tested);
    check("plumb canary", &slots(home, &report), &tested);
    let count = |said: Said| tested.values().filter(|own| **own == said).count();
    Seen { passed: count(Said::Pass), failed: count(Said::Fail) }
}

#[track_caller]
fn check(way: &str, said: &Verdicts, tested: &Verdicts) {
    let other = tested.iter().find(|(id, own)| said.get(*id) != Some(own));
    let told = other.map(|(id, own)| format!("{id}: plumb test {own:?}, {way} {:?}", said.get(id)));
    assert_eq!(told, None, "{way}");
    assert_eq!(said.len(), tested.len(), "{way} plays no more than those");
}

/// `plumb test`.
fn plumb_test(home: &Home, files: &[String]) -> Value {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let fixed = ["--target", "t", "--workers", "1", "--format", "json"];
    home.plumb(&[&["test"], &files[..], &fixed].concat()).json()
}

fn scenarios(report: &Value) -> impl Iterator<Item = &Value> {
    report["scenarios"].as_array().expect("scenarios").iter()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn of_report(report: &Value) -> Verdicts {
    let said = |own: &Value| match text(own, "upshot") {
        "passed" | "flaky" => Said::Pass,
        "failed" => Said::Fail,
        _ => Said::Unclear,
    };
    scenarios(report).map(|own| (text(own, "id").to_owned(), said(own))).collect()
}

/// As `cargo test` plays features: this binary once more, in their place.
fn cargo_test(home: &Home, api: &str, url: &str, files: &[String]) -> Verdicts {
    let own = std::env::current_exe().expect("a binary");
    let mut command = home.program(own);
    command.env(API, api).env(FEATURES, files.join(":")).env("PLUMB_TEST_TARGET", url);
    let ran = Running::start(command.args(["--test-threads", "1"]), b"").end();
    let unclear = |id: &str| {
        let failure = ran.stdout.split(&format!("---- {id} ----")).nth(1).unwrap_or_default();
        failure.trim_start().starts_with('?')
    };
    let lines = ran.stdout.lines().filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "));
    let said = lines.map(|(id, end)| {
        let id = id.trim_end();
        let said = match end {
            "ok" => Said::Pass,
            "FAILED" if !unclear(id) => Said::Fail,
            _ => Said::Unclear,
        };
        (id.to_owned(), said)
    });
    said.collect()
}

/// `plumb gate`, whose own verdict must be that of its scenarios.
#[track_caller]
fn gated(home: &Home, tested: &Verdicts) -> Verdicts {
    let decision = home.plumb(&["gate", "g", "--output", "gated", "--format", "json"]).json();
    let any = |said: Said| tested.values().any(|own| *own == said);
    let wanted = match (any(Said::Fail), any(Said::Unclear)) {
        (true, _) => "fail",
        (false, true) => "inconclusive",
        (false, false) => "pass",
    };
    assert_eq!(decision["verdict"], wanted, "{decision:#}");
    let report: Value = home.read("gated/t/features/run.json").parse().expect("JSON");
    of_report(&report)
}

/// A canary for the scenario with this number.
fn canary(at: usize, scenario: &Value) -> String {
    let (path, line) = (text(scenario, "path"), &scenario["line"]);
    format!(
        "[canaries.c{at}]\nfeatures = [\"{path}:{line}\"]\ntargets = [\"t\"]\nevery = \"1h\"\nowner = \"lab\"\n\
         connections = \"kept\"\n\n"
    )
}

/// A slot of each canary.
fn slots(home: &Home, report: &Value) -> Verdicts {
    let once = home.plumb(&["canary", "--once", "--format", "json"]).json();
    let slots = once["slots"].as_array().expect("slots");
    let said = |at: usize| {
        let slot = slots.iter().find(|slot| slot["slot"]["watch"]["canary"] == format!("c{at}"));
        match slot.map(|slot| text(slot, "outcome")) {
            Some("pass") => Said::Pass,
            Some("fail") => Said::Fail,
            _ => Said::Unclear,
        }
    };
    scenarios(report).enumerate().map(|(at, own)| (text(own, "id").to_owned(), said(at))).collect()
}
