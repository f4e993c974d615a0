//! A configuration with one gate, and what it comes to.

use serde_json::Value;

use crate::support::Home;

/// One target of the tutorial API.
pub(crate) fn target(name: &str, url: &str, more: &str) -> String {
    format!("[targets.{name}]\napi = \"kv\"\nendpoint = \"{url}\"\n{more}\n\n")
}

/// The gate `release` at the target `kv`.
pub(crate) fn gate(more: &str) -> String {
    format!("[gates.release]\ntargets = [\"kv\"]\n{more}\n")
}

/// Cases enough for most questions, and few enough for a test.
pub(crate) const SUITES: &str = "suites = { strength = 1, workflows = 0 }\nminimum = 20\n";

/// Runs the gate `release`, which must come to `verdict` with the exit code that belongs to it; tells the decision.
#[track_caller]
pub(crate) fn decides(home: &Home, arguments: &[&str], verdict: &str) -> Value {
    let code = match verdict {
        "pass" | "overridden" => 0,
        "fail" => 1,
        "inconclusive" => 2,
        other => panic!("{other} is no verdict"),
    };
    let all = [&["gate", "release", "--format", "json"], arguments].concat();
    let decision = home.plumb(&all).exits(code).json();
    assert_eq!(decision["verdict"], verdict, "{decision:#}");
    decision
}

/// The checks of this name that said `said`, with why.
pub(crate) fn checks(decision: &Value, name: &str, said: &str) -> Vec<String> {
    let all = decision["checks"].as_array().expect("checks").iter();
    let wanted = all.filter(|check| check["name"] == name && check["said"] == said);
    wanted.map(|check| check["why"].as_str().expect("why").to_owned()).collect()
}

/// Demands that a check of this name said `said`, and that its reason holds these words.
#[track_caller]
pub(crate) fn says(decision: &Value, name: &str, said: &str, words: &str) {
    let found = checks(decision, name, said);
    assert!(found.iter().any(|why| why.contains(words)), "{name} {said} {words:?}: {:#}", decision["checks"]);
}

/// How many findings stand so.
pub(crate) fn standing(decision: &Value, is: &str) -> usize {
    decision["findings"].as_array().expect("findings").iter().filter(|own| own["standing"]["is"] == is).count()
}
