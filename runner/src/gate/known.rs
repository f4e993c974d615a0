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
    /// By the target that showed them.
    findings: Vec<(String, Deviation)>,
    /// The scenarios that failed without a finding, by target.
    scenarios: BTreeSet<(String, String)>,
    /// The targets that were looked at.
    targets: BTreeSet<String>,
}

impl Known {
    /// Reads what a run, or a gate, left in its folder.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let run = folder.display().to_string();
        let mut known = Self { run, findings: Vec::new(), scenarios: BTreeSet::new(), targets: BTreeSet::new() };
        for folder in folders(folder)? {
            known.take(&Evidence::load(&folder)?);
        }
        Ok(known)
    }

    fn take(&mut self, evidence: &Evidence) {
        let api = evidence.told().map_or_else(String::new, |told| told.api.to_owned());
        let target = &evidence.target;
        self.targets.insert(target.clone());
        let findings = match &evidence.shown {
            Shown::Suites(report) => &report.findings,
            Shown::Features(report) => {
                let failed = report.upshot(Upshot::Failed).filter(|own| report.finding_of(own).is_none());
                self.scenarios.extend(failed.map(|own| (target.clone(), own.played.id.clone())));
                &report.findings
            }
            Shown::Nothing(..) => return,
        };
        let each = findings.iter().map(|own| (target.clone(), Deviation::of(own, &api, "", "", Date::MAX)));
        self.findings.extend(each);
    }

    /// What it is, in a sentence.
    pub fn in_words(&self) -> String {
        let targets: Vec<&str> = self.targets.iter().map(String::as_str).collect();
        format!(
            "what does not block because it was there before: {} findings and {} scenarios of {} in {}",
            self.findings.len(),
            self.scenarios.len(),
            targets.join(", "),
            self.run
        )
    }

    /// Whether what was seen at `own` speaks of `target`: a run of one target speaks of any, as that of another stage does
    /// of the next.
    fn speaks_of(&self, own: &str, target: &str) -> bool {
        own == target || self.targets.len() == 1
    }

    /// Whether it has this finding: the same wrong answer at the same places, with the choices that it had. Nobody has
    /// signed for it, so that one without any choice does not stand for others that have some.
    pub fn has(&self, finding: &Finding, api: &str, target: &str) -> bool {
        let same = |own: &Deviation| {
            let has_choices = own.choices == finding.choices || !own.choices.is_empty();
            own.matches(finding, api) && own.places == finding.places && has_choices
        };
        self.findings.iter().any(|(at, own)| self.speaks_of(at, target) && same(own))
    }

    /// Whether the scenario with this id failed in it, without a finding.
    pub fn has_scenario(&self, id: &str, target: &str) -> bool {
        self.scenarios.iter().any(|(at, own)| own == id && self.speaks_of(at, target))
    }
}
