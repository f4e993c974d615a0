//! What the pages on canaries say, held against the program.

use std::collections::BTreeSet;
use std::time::Duration;

use plumb_canary::alert::OwnTrouble;
use plumb_canary::deliver::fields;
use plumb_canary::schedule::Cadence;
use plumb_canary::slot::{Ended, Outcome, Phase, Place, Slot, SlotKind, Timing, Trouble, Watch};
use plumb_runner::config::Config;
use serde_json::Value;

use crate::root;

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join("docs").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The cells of the table whose head begins with these words.
fn table(text: &str, head: &str) -> Vec<Vec<String>> {
    let (_, rest) = text.split_once(&format!("\n| {head} |")).unwrap_or_else(|| panic!("no table of {head}"));
    let rows = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.map(cells).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn firsts(rows: &[Vec<String>]) -> Vec<String> {
    rows.iter().flat_map(|row| quoted(&row[0])).collect()
}

#[test]
fn the_outcomes_are_those_that_there_are() {
    let words: Vec<&str> = Outcome::ALL.iter().map(|own| own.word()).collect();
    assert_eq!(firsts(&table(&page("canaries.md"), "outcome")), words);
}

#[test]
fn every_place_is_in_the_table_of_failures() {
    let places: BTreeSet<String> =
        table(&page("canaries.md"), "what is seen").iter().flat_map(|row| quoted(&row[4])).collect();
    let ways = [Phase::Dns, Phase::Connect, Phase::Tls].map(|phase| Place::Way(phase).words());
    let others = [Place::Service, Place::Agent, Place::Pool, Place::Credentials, Place::Model].map(Place::words);
    assert_eq!(places, ways.into_iter().chain(others).collect());
}

#[test]
fn every_minute_of_the_hour_is_visited_when_the_page_says() {
    for row in table(&page("canaries.md"), "`every`") {
        let every = humantime::parse_duration(&quoted(&row[0])[0]).expect("a time");
        let within = humantime::parse_duration(&row[1]).expect("a time");
        let cadence = Cadence::every(every).expect("an interval");
        assert_eq!(cadence.visits_every_minute_within(), Some(within), "{row:?}");
    }
}

#[test]
fn the_fields_of_the_export_are_those_of_a_row() {
    let slot =
        Slot { watch: Watch { canary: "a".to_owned(), target: "t".to_owned() }, due_ms: 1, kind: SlotKind::Scheduled };
    let row = Ended {
        timings: vec![Timing::default()],
        version: Some("1".to_owned()),
        ..Ended::without_start(slot, Outcome::Missed, "asleep")
    };
    let Value::Object(row) = serde_json::to_value(row).expect("JSON") else { panic!("an object") };
    let flat = |(name, value): (&String, &Value)| match (name.as_str(), value) {
        ("slot", _) => ["slot.watch.canary", "slot.watch.target", "slot.due_ms", "slot.kind"].map(str::to_owned).into(),
        _ => vec![name.clone()],
    };
    let mut written: Vec<String> = row.iter().flat_map(flat).collect();
    written.sort();
    let mut documented = firsts(&table(&page("canaries.md"), "field"));
    documented.sort();
    assert_eq!(documented, written);
}

#[test]
fn what_a_row_says_of_a_failure_is_named() {
    let trouble = Trouble {
        place: Place::Way(Phase::Connect),
        message: String::new(),
        findings: vec![String::new()],
        request_ids: vec![String::new()],
        traceparent: Some(String::new()),
        replay: Some(String::new()),
    };
    let value = serde_json::to_value(&trouble).expect("JSON");
    let text = page("canaries.md");
    let row = text.lines().find(|line| line.starts_with("| `trouble` |")).expect("a row");
    let names: BTreeSet<String> = value.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(quoted(row).into_iter().skip(1).collect::<BTreeSet<_>>(), names);
    assert!(text.contains(&value["place"].to_string().replace("\":\"", "\": \"").replace("\",\"", "\", \"")));
}

#[test]
fn the_fields_of_a_template_are_those_that_there_are() {
    assert_eq!(firsts(&table(&page("alerts.md"), "field")), fields().collect::<Vec<_>>());
}

#[test]
fn the_alarms_of_the_agent_are_those_that_there_are() {
    let any = || "x".to_owned();
    let troubles = [
        OwnTrouble::Credentials(any()),
        OwnTrouble::KillSwitch,
        OwnTrouble::Delivery(any()),
        OwnTrouble::Leaks,
        OwnTrouble::Store,
    ];
    let known: Vec<(String, String)> =
        troubles.iter().map(|own| (own.word().to_owned(), own.severity().to_owned())).collect();
    let rows = table(&page("alerts.md"), "alert");
    let documented: Vec<(String, String)> =
        rows.iter().map(|row| (quoted(&row[0])[0].clone(), row[1].clone())).collect();
    assert_eq!(documented, known);
}

/// A canary with a promise on both axes, and rules.
fn config(every: &str, promise: &str, window: &str, rules: &[String]) -> String {
    let names: Vec<String> = (0..rules.len()).map(|number| format!("\"r{number}\"")).collect();
    let rule = |(number, rule): (usize, &String)| {
        format!("[alerts.r{number}]\n{rule}\nseverity = \"page\"\nreceivers = [\"pager\"]\n")
    };
    let rules: String = rules.iter().enumerate().map(rule).collect();
    format!(
        "[targets.t]\napi = \"kv\"\nendpoint = \"http://127.0.0.1:1\"\n[agent]\nregion = \"eu\"\nstate = \"state\"\n\
         [canaries.a]\nembedded = true\ntargets = [\"t\"]\nevery = \"{every}\"\nowner = \"me\"\nalerts = [{}]\n\
         slo = {{ availability = {promise}, conformance = {promise}, window = \"{window}\" }}\n{rules}\
         [receivers.pager]\ncommand = [\"/bin/page\"]\n",
        names.join(", ")
    )
}

fn planned(text: &str) -> Result<(), String> {
    let config = Config::parse("plumb.toml", text.to_owned()).map_err(|error| error.to_string())?;
    config.sections().plan(&config.target_names(), 0).map(|_| ()).map_err(|mistake| mistake.message)
}

/// `factor 6, `6h` and `30m`: 3 of 360`, checked against its own sum.
fn burn_rate(cell: &str, every: Duration, promise: f64) -> [String; 2] {
    let (rule, fires) = cell.split_once(": ").expect("a rule and when it fires");
    let factor: f64 = rule.split([' ', ',']).nth(1).and_then(|factor| factor.parse().ok()).expect("a factor");
    let windows = quoted(rule);
    let long = humantime::parse_duration(&windows[0]).expect("a window");
    let slots = long.as_secs_f64() / every.as_secs_f64();
    let bad = (slots * factor * (1.0 - promise) - 1e-9).ceil().max(2.0);
    assert_eq!(fires, format!("{bad} of {slots}"), "{cell}");
    ["availability", "conformance"].map(|axis| {
        let (long, short) = (&windows[0], &windows[1]);
        format!("burn_rate = {{ axis = \"{axis}\", factor = {factor}, long = \"{long}\", short = \"{short}\" }}")
    })
}

#[test]
fn the_rules_that_are_advised_are_taken_and_fire_when_the_page_says() {
    for row in table(&page("alerts.md"), "every") {
        let (every, window) = (quoted(&row[0])[0].clone(), quoted(&row[2])[0].clone());
        let time = humantime::parse_duration(&every).expect("a time");
        let promise: f64 = row[1].parse().expect("a share");
        let (bad, of) = row[3].split_once(" of ").expect("a count");
        let slots = ["availability", "conformance"]
            .map(|axis| format!("slots = {{ axis = \"{axis}\", bad = {bad}, of = {of} }}"));
        let burns = [&row[4], &row[5]].map(|cell| burn_rate(cell, time, promise));
        let rules: Vec<String> = slots.into_iter().chain(burns.into_iter().flatten()).collect();
        planned(&config(&every, &row[1], &window, &rules)).unwrap_or_else(|error| panic!("{row:?}: {error}"));
    }
}

#[test]
fn what_cannot_be_measured_is_refused_in_the_words_of_the_page() {
    let text = page("alerts.md");
    let stock = "burn_rate = { axis = \"availability\", factor = 14.4, long = \"1h\", short = \"5m\" }".to_owned();
    for refused in [config("1h", "0.999", "30d", &[]), config("1m", "0.999", "30d", &[stock])] {
        let message = planned(&refused).expect_err("a refusal");
        assert!(text.contains(&format!("```text\n{message}\n```")), "alerts.md lacks: {message}");
    }
}

#[test]
fn the_examples_of_the_pages_are_configurations() {
    let mut plans = 0;
    for name in ["canaries.md", "alerts.md", "running-canaries.md", "kill-switch.md", "targets.md"] {
        let text = page(name);
        for block in text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let config = Config::parse(name, block.to_owned()).unwrap_or_else(|error| panic!("{name}: {error}"));
            if block.contains("[agent]") && block.contains("[canaries.") {
                let plan = config.sections().plan(&config.target_names(), 0);
                plan.unwrap_or_else(|error| panic!("{name}: {error}: {block}"));
                plans += 1;
            }
        }
    }
    assert_eq!(plans, 2, "whole examples");
    // Its canaries are those of the target that it has made before.
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let blocks = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    planned(&blocks.collect::<String>()).unwrap_or_else(|error| panic!("README.md: {error}"));
}
