//! The report in the JSON that reporters of Cucumber read: the classical format of its Ruby, Java and JavaScript
//! implementations (<https://github.com/cucumber/cucumber-json-schema>).
//!
//! A reader makes a scenario's status of those of its steps: passed, failed, undefined, pending or skipped, and ambiguous,
//! which the JavaScript implementation adds and readers such as the Jenkins plugin take for undefined. A scenario counts
//! as passed only where every step is, so what says nothing must not look like a pass: a step that timed out or is
//! inconclusive is *pending*; what is skipped, inconclusive and allowed to be, or known and accepted is *skipped*, with
//! the reason as its message. Where a scenario ended for a reason that is no step's, a hook before or after them says it.

use plumb_steps::played::{Played, StepEnd, StepPlayed};
use serde_json::{Map, Value, json};

use super::{Feature, FeatureReport, Scenario, Upshot, skipped_for, why};
use crate::report::terminal::feature_failure;
use crate::report::words::safe;

/// What a nanosecond clock counts in a microsecond.
const NANOSECONDS: u64 = 1_000;
/// Where the reason of a scenario is said to come from that is no step's.
const HOOK: &str = "plumb";

/// The report as Cucumber JSON.
pub fn cucumber_json(report: &FeatureReport) -> Value {
    report.features().iter().map(|feature| self::feature(report, feature)).collect()
}

fn feature(report: &FeatureReport, feature: &Feature<'_>) -> Value {
    let elements: Vec<Value> = feature.scenarios.iter().map(|scenario| element(report, scenario)).collect();
    json!({
        "uri": safe(feature.path),
        "id": safe(feature.path.strip_suffix(".feature").unwrap_or(feature.path)),
        // A feature's own line is not told; readers need one.
        "line": 1,
        "keyword": "Feature",
        "name": safe(feature.name),
        "description": "",
        "tags": [],
        "elements": elements,
    })
}

fn element(report: &FeatureReport, scenario: &Scenario) -> Value {
    let played = &scenario.played;
    let decided = Decided::of(report, scenario);
    let tags: Vec<Value> = played.tags.iter().map(|tag| json!({"name": safe(&format!("@{tag}"))})).collect();
    let steps: Vec<Value> = played
        .steps
        .iter()
        .enumerate()
        .map(|(at, own)| step(own, decided.as_ref().filter(|it| it.at == Some(at))))
        .collect();
    let mut element = Map::new();
    let rule = played.rule.as_ref().map_or_else(String::new, |rule| safe(&format!("Rule: {rule}")));
    element.insert("id".into(), json!(safe(&played.id)));
    element.insert("line".into(), json!(played.line));
    element.insert("type".into(), json!("scenario"));
    element.insert("keyword".into(), json!("Scenario"));
    element.insert("name".into(), json!(safe(&played.name)));
    element.insert("description".into(), json!(rule));
    element.insert("tags".into(), json!(tags));
    if let Some(decided) = decided.filter(|decided| decided.at.is_none()) {
        let hook = json!({"match": {"location": HOOK}, "result": decided.result(0)});
        let place = if played.steps.iter().any(|step| step.end != StepEnd::NotRun) { "after" } else { "before" };
        element.insert(place.into(), json!([hook]));
    }
    element.insert("steps".into(), json!(steps));
    Value::Object(element)
}

/// What decides that a scenario is not passed.
struct Decided {
    /// Which step.
    at: Option<usize>,
    status: &'static str,
    message: String,
}

impl Decided {
    fn of(report: &FeatureReport, scenario: &Scenario) -> Option<Self> {
        let played = &scenario.played;
        let at = ending_step(played);
        let (status, message) = match report.upshot_of(scenario) {
            Upshot::Passed | Upshot::Flaky => return None,
            Upshot::Failed => (failed(at.map(|at| played.steps[at].end)), feature_failure(report, scenario)),
            Upshot::Inconclusive => ("pending", feature_failure(report, scenario)),
            Upshot::Allowed => ("skipped", format!("inconclusive, which is allowed: {}", why(played))),
            Upshot::Skipped => ("skipped", skipped_for(report, played)),
            Upshot::Accepted => {
                let owner = safe(report.accepted_by(scenario).unwrap_or_default());
                ("skipped", format!("{}; accepted: {owner}", why(played)))
            }
        };
        Some(Self { at, status, message })
    }

    fn result(&self, duration: u64) -> Value {
        json!({"status": self.status, "duration": duration, "error_message": self.message})
    }
}

/// The step that ended a scenario which is not passed.
fn ending_step(played: &Played) -> Option<usize> {
    let told = played.trouble.as_ref().and_then(|trouble| trouble.step);
    told.filter(|at| played.steps.get(*at).is_some_and(|step| !matches!(step.end, StepEnd::Passed | StepEnd::NotRun)))
}

const fn failed(end: Option<StepEnd>) -> &'static str {
    match end {
        Some(StepEnd::Undefined) => "undefined",
        Some(StepEnd::Ambiguous) => "ambiguous",
        _ => "failed",
    }
}

fn step(step: &StepPlayed, decided: Option<&Decided>) -> Value {
    let nanoseconds = step.duration_us.saturating_mul(NANOSECONDS);
    let status = if step.end == StepEnd::Passed { "passed" } else { "skipped" };
    let result = decided
        .map_or_else(|| json!({"status": status, "duration": nanoseconds}), |decided| decided.result(nanoseconds));
    let location = step.defined_at.as_ref().map_or_else(|| json!({}), |place| json!({"location": safe(place)}));
    json!({
        // Readers print keyword and name one after the other.
        "keyword": format!("{} ", safe(&step.keyword)),
        "line": step.line,
        "name": safe(&step.text),
        "match": location,
        "result": result,
    })
}
