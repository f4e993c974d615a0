//! The files for Prometheus and Grafana: checked by Prometheus' own tool, and held against the metrics.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use plumb_canary::metrics::{FAMILIES, Kind};
use serde_json::Value;

use crate::install;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("monitoring")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("the file is kept")
}

#[test]
fn promtool_takes_rules_and_config_and_the_rules_do_what_their_tests_say() {
    if let Err(why) = install::program_runs("promtool") {
        return eprintln!("skipped: {why}");
    }
    for arguments in
        [["check", "rules", "rules.yml"], ["check", "config", "prometheus.yml"], ["test", "rules", "rules_test.yml"]]
    {
        let output = Command::new("promtool").current_dir(folder()).args(arguments).output().expect("promtool runs");
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
    }
}

/// Names that a query may use: those of series that agents give, and those that the rules make.
fn known() -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for family in FAMILIES {
        let name = family.name();
        if family.kind == Kind::Histogram {
            known.extend(["bucket", "sum", "count"].map(|suffix| format!("{name}_{suffix}")));
        } else {
            known.insert(name);
        }
    }
    known
        .extend(text("rules.yml").lines().filter_map(|line| line.trim().strip_prefix("- record: ").map(str::to_owned)));
    known
}

/// The names in a text that look like ours.
fn named(text: &str) -> BTreeSet<String> {
    let part = |character: char| !(character.is_ascii_alphanumeric() || character == '_' || character == ':');
    let words = text.split(part).map(|word| word.trim_end_matches(':'));
    words.filter(|word| word.starts_with("plumb_") || word.starts_with("plumb:")).map(str::to_owned).collect()
}

#[track_caller]
fn check_names(text: &str) {
    let unknown: Vec<String> = named(text).difference(&known()).cloned().collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn rules_and_dashboard_name_metrics_that_there_are() {
    check_names(&text("rules.yml"));
    check_names(&text("rules_test.yml"));
    check_names(&text("dashboard.json"));
}

/// The queries of the dashboard, with its variables set to everything.
pub(crate) fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&text("dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let own = dashboard["annotations"]["list"].as_array().expect("annotations").iter();
    let exprs = targets.chain(own).map(|target| target["expr"].as_str().expect("a query"));
    let set = |expr: &str| {
        ["$region", "$canary", "$target"]
            .iter()
            .fold(expr.replace("$__rate_interval", "1m"), |expr, name| expr.replace(name, ".*"))
    };
    exprs.map(set).collect()
}

/// The columns of Grafana's grid.
const GRID_COLUMNS: u64 = 24;

#[test]
fn the_dashboard_has_the_form_that_grafana_reads() {
    let dashboard: Value = serde_json::from_str(&text("dashboard.json")).expect("JSON");
    for (field, is_there) in [
        ("title", dashboard["title"].is_string()),
        ("uid", dashboard["uid"].as_str().is_some_and(|uid| uid.len() <= 40)),
        ("schemaVersion", dashboard["schemaVersion"].is_u64()),
        ("time", dashboard["time"]["from"].is_string()),
        ("templating", dashboard["templating"]["list"].is_array()),
    ] {
        assert!(is_there, "{field}");
    }
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    let mut taken = BTreeSet::new();
    for panel in panels {
        let at = |field: &str| panel["gridPos"][field].as_u64().expect("a place in the grid");
        assert!(at("x") + at("w") <= GRID_COLUMNS, "{}", panel["title"]);
        let cells = (at("x")..at("x") + at("w")).flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)));
        assert!(cells.into_iter().all(|cell| taken.insert(cell)), "{} lies over another", panel["title"]);
        assert!(panel["type"] == "row" || panel["targets"].as_array().is_some_and(|targets| !targets.is_empty()));
    }
}
