//! A run added up: the fold over its events that every report shows.

pub mod features;
pub mod html;
pub mod probed;
pub mod terminal;

#[cfg(test)]
mod fixture;
mod outcome;
mod words;

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use plumb_validator::finding::Finding;
use serde::Serialize;
use serde_json::{Value, json};

use crate::events::{CaseDone, Checked, Covered, Died, Event, RunEnded, RunStarted};
use crate::precedence::Sightings;

pub use outcome::{worst, worst_unclear};

/// The schema of the JSON report.
pub const RUN_SCHEMA: &str = "plumb.run/1";
/// The most different reasons that a report lists.
pub const REASONS_MAX: usize = 200;
/// The longest latency that is told apart, in microseconds: one minute.
pub const LATENCY_MICROSECONDS_MAX: u64 = 60_000_000;

/// How many cases came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Cases that were begun.
    pub cases: u64,
    /// Requests that were sent.
    pub exchanges: u64,
    /// Every answer was permitted.
    pub conforms: u64,
    /// An answer was outside of every permitted outcome.
    pub diverges: u64,
    /// Nothing can be said.
    pub inconclusive: u64,
    /// The guard refused a call.
    pub skipped: u64,
    /// Cannot be put on the wire, or the flavour lacks it.
    pub unsupported: u64,
    /// The model has no outcome for it.
    pub unmodelled: u64,
}

impl Counts {
    fn add(&mut self, done: &CaseDone) {
        self.cases += 1;
        self.exchanges += done.exchanges.len() as u64;
        match done.verdict.as_str() {
            "conforms" => self.conforms += 1,
            "diverges" => self.diverges += 1,
            "inconclusive" => self.inconclusive += 1,
            "skipped" => self.skipped += 1,
            "unsupported" => self.unsupported += 1,
            _ => self.unmodelled += 1,
        }
    }
}

impl Counts {
    /// One divergence less, one unclear case more.
    const fn take_back(&mut self) {
        self.diverges = self.diverges.saturating_sub(1);
        self.inconclusive += 1;
    }

    /// One unclear case less, one divergence more.
    const fn hung_up(&mut self) {
        self.inconclusive = self.inconclusive.saturating_sub(1);
        self.diverges += 1;
    }
}

/// Puts a finding among the others, which stand in the order of their signatures.
fn add(findings: &mut Vec<Finding>, finding: &Finding) {
    let at = findings.partition_point(|own| own.signature <= finding.signature);
    findings.insert(at, finding.clone());
}

/// One more case shows the finding with this id.
fn count_again(findings: &mut [Finding], id: &str) {
    if let Some(own) = findings.iter_mut().find(|own| own.id == id) {
        own.count += 1;
    }
}

/// A run added up.
#[derive(Debug)]
pub struct Report {
    /// What ran, against what.
    pub started: RunStarted,
    /// What the target was found to have before the first case.
    pub capabilities: Vec<Checked>,
    /// The sums.
    pub counts: Counts,
    /// The sums by operation.
    pub operations: BTreeMap<String, Counts>,
    /// The findings, in the order of their signatures.
    pub findings: Vec<Finding>,
    /// Divergences that are no findings: signature and why.
    pub unconfirmed: Vec<(String, String)>,
    /// Why cases were not judged: verdict, reason, how many.
    pub reasons: BTreeMap<(String, String), u64>,
    /// Cases that conform, though not every answer was the preferred one, by operation.
    pub not_preferred: BTreeMap<String, u64>,
    /// What was seen of who wins where a call has two faults.
    pub precedence: Sightings,
    /// What has met of the choices of each operation.
    pub coverage: Vec<Covered>,
    /// Latencies by operation, in microseconds.
    pub latencies: BTreeMap<String, Histogram<u64>>,
    /// The cases of which the target died.
    pub deaths: Vec<Died>,
    /// How it ended; none while it goes on.
    pub ended: Option<RunEnded>,
}

impl Report {
    /// The report of a run that has just begun.
    pub fn new(started: RunStarted) -> Self {
        Self {
            started,
            capabilities: Vec::new(),
            counts: Counts::default(),
            operations: BTreeMap::new(),
            findings: Vec::new(),
            unconfirmed: Vec::new(),
            reasons: BTreeMap::new(),
            not_preferred: BTreeMap::new(),
            precedence: Sightings::default(),
            coverage: Vec::new(),
            latencies: BTreeMap::new(),
            deaths: Vec::new(),
            ended: None,
        }
    }

    /// Adds one event.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted(started) => self.started = started.clone(),
            Event::Capabilities { checked } => self.capabilities.clone_from(checked),
            Event::CaseDone(done) => self.case_done(done),
            Event::Found(finding) => add(&mut self.findings, finding),
            Event::SeenAgain { finding } => count_again(&mut self.findings, finding),
            Event::Unconfirmed { signature, why, operation, decides_case, .. } => {
                // What did not come again is not a divergence that anybody can act on.
                if *decides_case {
                    self.counts.take_back();
                    self.operations.entry(operation.clone()).or_default().take_back();
                }
                self.unconfirmed.push((signature.clone(), why.clone()));
            }
            Event::HungUp { operation, unsaid, .. } => {
                self.counts.hung_up();
                self.operations.entry(operation.clone()).or_default().hung_up();
                self.said_after_all(unsaid);
            }
            Event::Died(died) => self.deaths.push(died.clone()),
            Event::Coverage { covered } => self.coverage.clone_from(covered),
            Event::RunEnded(ended) => self.ended = Some(ended.clone()),
            // Runs of features are added up by `report::features`.
            Event::TestsStarted(_) | Event::ScenarioDone(_) | Event::TestsEnded(_) => {}
        }
    }

    fn case_done(&mut self, done: &CaseDone) {
        self.counts.add(done);
        self.precedence.add(done);
        self.operations.entry(done.operation.clone()).or_default().add(done);
        if done.verdict == "conforms" && !done.preferred {
            *self.not_preferred.entry(done.operation.clone()).or_default() += 1;
        }
        if let (Some(detail), false) = (&done.detail, done.verdict == "diverges") {
            let key = (done.verdict.clone(), detail.clone());
            if self.reasons.len() < REASONS_MAX || self.reasons.contains_key(&key) {
                *self.reasons.entry(key).or_default() += 1;
            }
        }
        for (operation, _, microseconds) in &done.exchanges {
            let histogram = self.latencies.entry(operation.clone()).or_insert_with(|| {
                Histogram::new_with_bounds(1, LATENCY_MICROSECONDS_MAX, 3)
                    .unwrap_or_else(|_| unreachable!("the bounds are constants"))
            });
            histogram.saturating_record((*microseconds).max(1));
        }
    }

    /// One inconclusive case less for this reason.
    fn said_after_all(&mut self, reason: &str) {
        let key = ("inconclusive".to_owned(), reason.to_owned());
        if let Some(count) = self.reasons.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.reasons.remove(&key);
            }
        }
    }

    /// The findings that nobody has accepted.
    pub fn open_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.accepted_by.is_none())
    }

    /// Whether somebody stopped the run.
    pub fn interrupted(&self) -> bool {
        self.ended.as_ref().is_none_or(|ended| ended.interrupted)
    }

    /// The report as JSON, schema [`RUN_SCHEMA`].
    pub fn to_json(&self) -> Value {
        let reasons: Vec<Value> = self
            .reasons
            .iter()
            .map(|((verdict, reason), count)| json!({"verdict": verdict, "reason": reason, "count": count}))
            .collect();
        let latencies: BTreeMap<&String, Value> =
            self.latencies.iter().map(|(operation, histogram)| (operation, latency_json(histogram))).collect();
        let unconfirmed: Vec<Value> =
            self.unconfirmed.iter().map(|(signature, why)| json!({"signature": signature, "why": why})).collect();
        json!({
            "schema": RUN_SCHEMA,
            "run": self.started.run,
            "version": self.started.version,
            "target": self.started.target,
            "endpoint": self.started.endpoint,
            "api": self.started.api,
            "flavour": self.started.flavour,
            "seed": self.started.seed,
            "cases": self.started.cases,
            "started": self.started.started,
            "interrupted": self.interrupted(),
            "ended": self.ended,
            "capabilities": self.capabilities,
            "counts": self.counts,
            "operations": self.operations,
            "findings": self.findings,
            "unconfirmed": unconfirmed,
            "not_judged": reasons,
            "not_preferred": self.not_preferred,
            "precedence": {
                "operations": self.precedence.orders(),
                "all": self.precedence.merged(),
                "cases_left_out": self.precedence.left_out,
            },
            "coverage": self.coverage,
            "deaths": self.deaths,
            "latency_us": latencies,
        })
    }
}

fn latency_json(histogram: &Histogram<u64>) -> Value {
    json!({
        "count": histogram.len(),
        "p50": histogram.value_at_quantile(0.5),
        "p99": histogram.value_at_quantile(0.99),
        "max": histogram.max(),
    })
}
