//! What an earlier run has found: known, and no reason to block.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;
use plumb_validator::finding::Finding;

use crate::deviation::Deviation;
use crate::error::Error;
use crate::gate::evidence::{Evidence, Shown, folders};
use crate::report::features::Upshot;

/// What an earlier run has found.
pub struct Known {
    /// Its folder, as it was named.
    pub run: String,
    findings: Vec<Deviation>,
    /// The scenarios that failed without a finding.
    scenarios: BTreeSet<String>,
}

impl Known {
    /// Reads what a run, or a gate, left in its folder.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let mut known = Self { run: folder.display().to_string(), findings: Vec::new(), scenarios: BTreeSet::new() };
        for folder in folders(folder)? {
            known.take(&Evidence::load(&folder)?);
        }
        Ok(known)
    }

    fn take(&mut self, evidence: &Evidence) {
        let api = evidence.told().map_or_else(String::new, |told| told.api.to_owned());
        let findings = match &evidence.shown {
            Shown::Suites(report) => &report.findings,
            Shown::Features(report) => {
                let failed = report.upshot(Upshot::Failed).filter(|own| report.finding_of(own).is_none());
                self.scenarios.extend(failed.map(|own| own.played.id.clone()));
                &report.findings
            }
            Shown::Nothing(..) => return,
        };
        self.findings.extend(findings.iter().map(|own| Deviation::of(own, &api, "", "", Date::MAX)));
    }

    /// Whether it has this finding: the same wrong answer, with at least the choices that it had.
    pub fn has(&self, finding: &Finding, api: &str) -> bool {
        self.findings.iter().any(|own| own.matches(finding, api))
    }

    /// Whether the scenario with this id failed in it, without a finding.
    pub fn has_scenario(&self, id: &str) -> bool {
        self.scenarios.contains(id)
    }
}
