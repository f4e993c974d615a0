//! The report as JSON, for other programs and for keeping.

use serde_json::{Value, json};

use super::{FeatureReport, Scenario};

/// The schema of the JSON report of a run of features.
pub const TEST_SCHEMA: &str = "plumb.test/1";

impl FeatureReport {
    /// The report as JSON, schema [`TEST_SCHEMA`]. Texts are as they came, whatever is in them: JSON escapes them.
    pub fn to_json(&self) -> Value {
        let started = &self.started;
        let skipped: Vec<Value> =
            self.skipped().into_iter().map(|(reason, count)| json!({"reason": reason, "count": count})).collect();
        let features: Vec<Value> = self
            .features()
            .iter()
            .map(|feature| {
                let microseconds: u64 = feature.scenarios.iter().map(|own| own.played.duration_us).sum();
                let counts = self.counts_of(feature.scenarios.iter().copied());
                json!({"feature": feature.name, "path": feature.path, "counts": counts, "duration_us": microseconds})
            })
            .collect();
        json!({
            "schema": TEST_SCHEMA,
            "run": started.run,
            "version": started.version,
            "api": started.api,
            "target": started.target,
            "endpoint": started.endpoint,
            "flavour": started.flavour,
            "tags": started.tags,
            "dry_run": started.dry_run,
            "started": started.started,
            "selected": started.selected,
            "left_out": started.left_out,
            "interrupted": self.interrupted(),
            "ended": self.ended,
            "counts": self.counts(),
            "sent": self.calls,
            "skipped": skipped,
            "features": features,
            "scenarios": self.scenarios().map(|scenario| self.scenario_json(scenario)).collect::<Vec<_>>(),
            "findings": self.findings,
        })
    }

    /// The last attempt as it was told, after how it stands and before what else is known of it.
    fn scenario_json(&self, scenario: &Scenario) -> Value {
        let mut object = serde_json::Map::new();
        object.insert("upshot".into(), json!(self.upshot_of(scenario)));
        if let Ok(Value::Object(played)) = serde_json::to_value(&scenario.played) {
            object.extend(played);
        }
        if !scenario.earlier.is_empty() {
            object.insert("earlier".into(), json!(scenario.earlier));
        }
        if let Some(finding) = self.finding_of(scenario) {
            object.insert("finding".into(), json!(finding.id));
        }
        object.insert("again".into(), json!(self.commands(scenario)));
        Value::Object(object)
    }
}
