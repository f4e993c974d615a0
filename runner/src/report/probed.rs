//! What a target was found to have, as `plumb probe` tells it.

use serde_json::{Value, json};

use crate::events::{Checked, Has};

/// The schema of the JSON report.
pub const PROBE_SCHEMA: &str = "plumb.probe/1";

/// What a target was found to have.
#[derive(Debug, Clone)]
pub struct Probed {
    /// The API.
    pub api: String,
    /// The flavour.
    pub flavour: String,
    /// The name of the target.
    pub target: String,
    /// Its endpoint.
    pub endpoint: String,
    /// One for each thing that was looked at.
    pub checked: Vec<Checked>,
    /// Why it ended before everything was looked at.
    pub early: Option<String>,
    /// Resources that could not be removed: kind and name.
    pub resources_left: Vec<(String, String)>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl Probed {
    /// How many things came to a result.
    pub fn count(&self, has: Has) -> u64 {
        self.checked.iter().filter(|checked| checked.result == has).count() as u64
    }

    /// Whether anything could be told.
    pub fn tells(&self) -> bool {
        self.early.is_none() && self.count(Has::Works) + self.count(Has::NotImplemented) > 0
    }

    /// The report as JSON, schema [`PROBE_SCHEMA`].
    pub fn to_json(&self) -> Value {
        json!({
            "schema": PROBE_SCHEMA,
            "version": env!("CARGO_PKG_VERSION"),
            "api": self.api,
            "flavour": self.flavour,
            "target": self.target,
            "endpoint": self.endpoint,
            "counts": {
                "works": self.count(Has::Works),
                "not_implemented": self.count(Has::NotImplemented),
                "unclear": self.count(Has::Unclear),
                "not_probed": self.count(Has::NotProbed),
            },
            "capabilities": self.checked,
            "early": self.early,
            "resources_left": self.resources_left,
            "duration_ms": self.duration_ms,
        })
    }
}
