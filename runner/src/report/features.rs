//! A run of features added up: the fold over its events that every report of it shows.
//!
//! Every scenario is kept, since most formats list them all; what is large is kept of some alone. A scenario that passed
//! keeps its steps and no case, and the first [`IN_FULL_MAX`] that did not pass keep everything.

mod count;
mod cucumber_json;
#[cfg(test)]
pub(super) mod fixture;
mod json;
mod junit;
mod outcome;
#[cfg(test)]
mod tests;
mod upshot;
mod why;

use std::collections::BTreeMap;

use plumb_steps::played::{Outcome, Played, StepEnd};
use plumb_validator::finding::Finding;

pub use count::{Calls, Counts};
pub use cucumber_json::cucumber_json;
pub use json::TEST_SCHEMA;
pub use junit::junit;
pub use outcome::{notices, summary, worst};
pub use upshot::Upshot;

pub use super::html::features as page;
pub use super::terminal::features as terminal;

pub(super) use outcome::{headline, played_at};
pub use why::why;
pub(super) use why::{lack, mark, permitted, place, skipped_for, what};

use crate::error::Exit;
use crate::events::{Event, TestsEnded, TestsStarted};

/// The most scenarios that did not pass of which everything is kept: what they did as a case, and the answer that should
/// not have come. Of others the words are kept.
pub const IN_FULL_MAX: usize = 1_000;
/// The most scenarios that passed of which the steps are kept.
pub const WITH_STEPS_MAX: usize = 20_000;
/// The most earlier attempts of one scenario that are kept: the last ones.
pub const EARLIER_MAX: usize = 10;

/// Where a scenario stands: path, line, id. Reports list scenarios in this order, whichever was over first.
type Place = (String, usize, String);

/// An attempt at a scenario that was not the last.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Attempt {
    /// Which it was, from one.
    pub attempt: u32,
    /// What it came to.
    pub outcome: Outcome,
    /// How the step ended that ended it.
    pub end: Option<StepEnd>,
    /// What kind of trouble it was, in a word or two: `timed out`.
    pub what: String,
    /// Why it did not pass.
    pub why: String,
    /// How long it took, in microseconds.
    pub duration_us: u64,
}

/// A scenario with all that became of it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The last attempt, which counts.
    pub played: Played,
    /// Those before it, in order.
    pub earlier: Vec<Attempt>,
    /// The signature of the answer that should not have come, where it is one.
    signature: Option<String>,
    /// Whether everything of the last attempt is kept.
    in_full: bool,
}

/// A run of features added up.
#[derive(Debug)]
pub struct FeatureReport {
    /// What ran, against what.
    pub started: TestsStarted,
    /// What follows `plumb test PATH:LINE` where somebody plays a scenario again.
    pub again: String,
    /// What was sent, in all attempts.
    pub calls: Calls,
    /// The findings, in the order of their signatures.
    pub findings: Vec<Finding>,
    /// How it ended; none while it goes on.
    pub ended: Option<TestsEnded>,
    scenarios: BTreeMap<Place, Scenario>,
    in_full: usize,
    with_steps: usize,
}

impl FeatureReport {
    /// The report of a run that has just begun.
    pub fn new(started: TestsStarted) -> Self {
        Self {
            again: format!("--target {}", why::quoted(&started.target)),
            started,
            calls: Calls::default(),
            findings: Vec::new(),
            ended: None,
            scenarios: BTreeMap::new(),
            in_full: 0,
            with_steps: 0,
        }
    }

    /// Adds one event; those of other runs say nothing here.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::TestsStarted(started) => self.started = started.clone(),
            Event::ScenarioDone(played) => self.scenario_done(played),
            Event::Found(finding) => super::add(&mut self.findings, finding),
            Event::SeenAgain { finding } => super::count_again(&mut self.findings, finding),
            Event::TestsEnded(ended) => self.ended = Some(ended.clone()),
            _ => {}
        }
    }

    fn scenario_done(&mut self, played: &Played) {
        self.calls.add(played);
        let key = (played.path.clone(), played.line, played.id.clone());
        let before = self.scenarios.remove(&key);
        let earlier = before.map(|before| self.give_way(before)).unwrap_or_default();
        let scenario = self.kept(played, earlier);
        self.scenarios.insert(key, scenario);
    }

    /// Another attempt counts instead of this one.
    fn give_way(&mut self, before: Scenario) -> Vec<Attempt> {
        self.in_full -= usize::from(before.in_full);
        self.with_steps -= usize::from(before.keeps_steps_of_a_pass());
        let Scenario { played, mut earlier, .. } = before;
        earlier.push(Attempt {
            attempt: played.attempt,
            outcome: played.outcome,
            end: why::ended(&played),
            what: what(&played).to_owned(),
            why: why(&played),
            duration_us: played.duration_us,
        });
        earlier.drain(..earlier.len().saturating_sub(EARLIER_MAX));
        earlier
    }

    /// What is kept of an attempt.
    fn kept(&mut self, played: &Played, earlier: Vec<Attempt>) -> Scenario {
        let divergence = played.trouble.as_ref().and_then(|trouble| trouble.divergence.as_ref());
        let signature = divergence.map(|divergence| divergence.signature());
        let passed = played.outcome == Outcome::Passed;
        let in_full = !passed && self.in_full < IN_FULL_MAX;
        let mut kept = played.clone();
        if !in_full {
            kept.case = None;
            if let Some(trouble) = &mut kept.trouble {
                trouble.divergence = None;
            }
        }
        if passed && self.with_steps >= WITH_STEPS_MAX {
            kept.steps = Vec::new();
        }
        let scenario = Scenario { played: kept, earlier, signature, in_full };
        self.in_full += usize::from(in_full);
        self.with_steps += usize::from(scenario.keeps_steps_of_a_pass());
        scenario
    }

    /// The scenarios by path and line.
    pub fn scenarios(&self) -> impl Iterator<Item = &Scenario> {
        self.scenarios.values()
    }

    /// The scenarios that came to it.
    pub fn upshot(&self, upshot: Upshot) -> impl Iterator<Item = &Scenario> {
        self.scenarios().filter(move |scenario| self.upshot_of(scenario) == upshot)
    }

    /// The scenarios by file, each with the name of its feature.
    pub fn features(&self) -> Vec<Feature<'_>> {
        let mut features: Vec<Feature<'_>> = Vec::new();
        for scenario in self.scenarios() {
            let Played { path, feature: name, .. } = &scenario.played;
            match features.last_mut() {
                Some(last) if last.path == path => last.scenarios.push(scenario),
                _ => features.push(Feature { path, name, scenarios: vec![scenario] }),
            }
        }
        features
    }

    /// The finding that a scenario shows, where there is one.
    pub fn finding_of(&self, scenario: &Scenario) -> Option<&Finding> {
        self.findings_of(scenario).into_iter().next()
    }

    /// All of them: one wrong answer may have several causes.
    pub fn findings_of(&self, scenario: &Scenario) -> Vec<&Finding> {
        self.findings.iter().filter(|finding| scenario.shows(finding)).collect()
    }

    /// The findings that nobody has accepted and that no scenario shows at its end, because another attempt passed.
    pub fn findings_apart(&self) -> impl Iterator<Item = &Finding> {
        let shown = |finding: &Finding| self.scenarios().any(|own| own.shows(finding));
        self.findings.iter().filter(move |finding| finding.accepted_by.is_none() && !shown(finding))
    }

    /// The commands that show a scenario again: itself, and its finding.
    pub fn commands(&self, scenario: &Scenario) -> Vec<String> {
        let Played { path, line, id, .. } = &scenario.played;
        let which = if self.started.embedded {
            format!("--name {}", why::quoted(id))
        } else {
            why::quoted(&format!("{path}:{line}"))
        };
        let again = format!("plumb test {which} {}", self.again);
        let finding = self.finding_of(scenario).map(|finding| finding.replay.clone());
        std::iter::once(again.trim_end().to_owned()).chain(finding.filter(|replay| !replay.is_empty())).collect()
    }

    /// The exit code of the run. A run in which nothing passed has shown nothing.
    pub fn exit(&self) -> Exit {
        if self.counts().failed > 0 || self.findings_apart().next().is_some() {
            Exit::Diverges
        } else if self.is_clear() {
            Exit::Conforms
        } else {
            Exit::Inconclusive
        }
    }

    /// Whether the run says enough, whatever failed in it. A run in which nothing passed has shown nothing.
    pub fn is_clear(&self) -> bool {
        let counts = self.counts();
        let early = self.ended.as_ref().is_some_and(|ended| ended.early.is_some());
        let shown = counts.passed_in_all() > 0 || self.started.dry_run && counts.scenarios > 0;
        counts.inconclusive == 0 && shown && !early && !self.interrupted()
    }

    /// Whether somebody stopped the run, or it never ended.
    pub fn interrupted(&self) -> bool {
        self.ended.as_ref().is_none_or(|ended| ended.interrupted)
    }
}

/// How findings of what a scenario itself expects name it among their choices.
const SCENARIO: &str = "scenario=";

/// The choice by which a finding belongs to one scenario.
pub fn own_choice(id: &str) -> String {
    format!("{SCENARIO}{id}")
}

impl Scenario {
    /// Whether a finding is the one of its wrong answer, and no other scenario's own.
    fn shows(&self, finding: &Finding) -> bool {
        let own = own_choice(&self.played.id);
        let is_others = |choice: &String| choice.starts_with(SCENARIO) && *choice != own;
        let signature = self.signature.as_ref();
        signature.is_some_and(|signature| shows(finding, signature)) && !finding.choices.iter().any(is_others)
    }

    fn keeps_steps_of_a_pass(&self) -> bool {
        self.played.outcome == Outcome::Passed && !self.played.steps.is_empty()
    }
}

/// What is wrong with one scenario that was played by itself, as text; `again` follows `plumb test PATH:LINE` where
/// somebody plays it again.
pub fn failure_of(played: Played, again: String) -> String {
    let started = TestsStarted { api: played.api.clone(), selected: 1, ..TestsStarted::default() };
    let mut report = FeatureReport { again, ..FeatureReport::new(started) };
    report.apply(&Event::ScenarioDone(Box::new(played)));
    report.scenarios().map(|scenario| super::terminal::feature_failure(&report, scenario)).collect()
}

/// Whether a finding is the one of a divergence with this coarse signature: its own goes on with the choices.
fn shows(finding: &Finding, signature: &str) -> bool {
    finding.signature.strip_prefix(signature).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ["))
}

/// The scenarios of one file.
pub struct Feature<'report> {
    /// The file.
    pub path: &'report str,
    /// The name of the feature.
    pub name: &'report str,
    /// Its scenarios by line.
    pub scenarios: Vec<&'report Scenario>,
}
