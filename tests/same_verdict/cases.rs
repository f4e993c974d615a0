//! The same cases, from a file: `plumb conform`, `plumb gate` and a slot of a canary have the same findings.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::Home;

/// Records the scenarios of `features` as cases, and demands that all that run them find the same.
#[track_caller]
pub(crate) fn compare(home: &Home, api: &str, url: &str, features: &str) {
    let target = format!("[targets.t]\napi = \"{api}\"\nendpoint = \"{url}\"\n\n");
    home.write("plumb.toml", &target);
    home.plumb(&["test", features, "--target", "t", "--record", "cases", "--format", "json"]);
    let many = fs::read_dir(home.path("cases")).expect("cases").count();
    assert!(many > 0);
    // As many as there are, so that a slot holds them all, and nothing else.
    let canary = format!(
        "[agent]\nregion = \"lab\"\nstate = \"cases-state\"\n\n[canaries.c]\ntargets = [\"t\"]\nevery = \"1h\"\nowner = \"lab\"\n\
         connections = \"kept\"\nsuites = {{ seeds = [\"cases\"], budget = \"{many}\" }}\n\n"
    );
    let gate = format!("[gates.g]\ntargets = [\"t\"]\ncases = [\"cases\"]\nminimum = {many}\n");
    home.write("plumb.toml", [target, canary, gate].concat());
    let conform = ["conform", "--target", "t", "--seeds", "cases", "--only-seeds", "--format", "json"];
    let conformed = home.plumb(&conform).json();
    assert_eq!(conformed["counts"]["cases"], many, "{conformed:#}");
    let wanted = ids(&conformed["findings"]);
    let decision = home.plumb(&["gate", "g", "--format", "json"]).json();
    assert_eq!(ids(&decision["findings"]), wanted, "plumb gate");
    assert_eq!(decision["verdict"], if wanted.is_empty() { "pass" } else { "fail" });
    let once = home.plumb(&["canary", "--once", "--format", "json"]).json();
    let slot = &once["slots"][0];
    assert_eq!(slot["outcome"], if wanted.is_empty() { "pass" } else { "fail" }, "{slot:#}");
    let found = slot["trouble"]["findings"].as_array().into_iter().flatten();
    let found: BTreeSet<String> = found.filter_map(|own| own.as_str()).map(str::to_owned).collect();
    assert_eq!(found, wanted, "plumb canary");
}

fn ids(findings: &Value) -> BTreeSet<String> {
    let each = findings.as_array().into_iter().flatten().filter_map(|own| own["id"].as_str());
    each.map(str::to_owned).collect()
}
