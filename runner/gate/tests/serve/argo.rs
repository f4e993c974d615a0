//! The conditions that are published for Argo Rollouts, judged as Argo Rollouts judges them.
//!
//! What is written here follows its source: `metricproviders/webmetric/webmetric.go` (what a measurement is),
//! `utils/evaluate/evaluate.go` (how conditions make it a phase) and `analysis/analysis.go` (when a metric and a run are
//! complete).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::expression::holds;
use crate::fixture::{Fake, How, Server};

const TEMPLATE: &str = include_str!("../../../../docs/pipelines/argo-rollouts/analysis-template.yaml");

/// The phases of a measurement, a metric and a run; the later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Successful,
    Running,
    Inconclusive,
    Error,
    Failed,
}

/// A metric of the template.
#[derive(Debug)]
struct Metric {
    keys: BTreeMap<String, String>,
}

/// The metrics of the published template: what stands behind each `- name:` below `metrics:`.
fn metrics() -> Vec<Metric> {
    let (_, metrics) = TEMPLATE.split_once("\n  metrics:\n").expect("metrics");
    let mut all: Vec<Metric> = Vec::new();
    for line in metrics.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if line.starts_with("- name:") {
            all.push(Metric { keys: BTreeMap::new() });
        }
        let (key, value) = line.trim_start_matches("- ").split_once(':').expect("a key");
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        all.last_mut().expect("a name comes first").keys.insert(key.to_owned(), value.to_owned());
    }
    all
}

impl Metric {
    fn says(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    fn number(&self, key: &str, otherwise: i64) -> i64 {
        self.says(key).map_or(otherwise, |text| text.parse().expect("a number"))
    }

    /// A measurement: no 2xx is an error, and of what was answered the JSON path is judged.
    fn measure(&self, status: u16, body: &Value) -> Phase {
        if !(200..300).contains(&status) {
            return Phase::Error;
        }
        let path = self.says("jsonPath").expect("a path");
        let field = path.strip_prefix("{$.").and_then(|path| path.strip_suffix('}')).expect("a path to one field");
        let Some(result) = body.get(field) else { return Phase::Error };
        self.evaluate(result)
    }

    /// `EvaluateResult`, for a metric that has both conditions.
    fn evaluate(&self, result: &Value) -> Phase {
        let said = |key| holds(self.says(key).expect("both conditions are given"), result);
        match (said("successCondition"), said("failureCondition")) {
            (Ok(_), Ok(true)) => Phase::Failed,
            (Ok(false), Ok(false)) => Phase::Inconclusive,
            (Ok(true), Ok(false)) => Phase::Successful,
            (Err(_), _) | (_, Err(_)) => Phase::Error,
        }
    }
}

/// What was counted of a metric.
#[derive(Debug, Default)]
struct Counts {
    count: i64,
    failed: i64,
    inconclusive: i64,
    errors_in_row: i64,
    successes_in_row: i64,
    phase: Option<Phase>,
}

impl Counts {
    /// `runMeasurements`.
    fn add(&mut self, measured: Phase) {
        if measured == Phase::Error {
            (self.errors_in_row, self.successes_in_row) = (self.errors_in_row + 1, 0);
            return;
        }
        self.count += 1;
        self.errors_in_row = 0;
        self.successes_in_row = if measured == Phase::Successful { self.successes_in_row + 1 } else { 0 };
        self.failed += i64::from(measured == Phase::Failed);
        self.inconclusive += i64::from(measured == Phase::Inconclusive);
    }

    /// `assessMetricStatus`.
    fn assess(&self, metric: &Metric, is_terminating: bool) -> Phase {
        if let Some(phase) = self.phase {
            return phase;
        }
        let failure_limit = metric.number("failureLimit", 0);
        if self.errors_in_row > metric.number("consecutiveErrorLimit", 4) {
            return Phase::Error;
        }
        if self.inconclusive > metric.number("inconclusiveLimit", 0) {
            return Phase::Inconclusive;
        }
        if failure_limit >= 0 && self.failed > failure_limit {
            return Phase::Failed;
        }
        let wanted = metric.number("consecutiveSuccessLimit", 0);
        if wanted > 0 && self.successes_in_row >= wanted {
            return Phase::Successful;
        }
        let count = match (metric.number("count", 0), metric.says("interval")) {
            (0, Some(_)) => None,
            (0, None) => Some(1),
            (count, _) => Some(count),
        };
        if count.is_some_and(|count| self.count >= count) {
            return match (failure_limit >= 0, wanted > 0) {
                (true, true) => Phase::Inconclusive,
                (false, true) => Phase::Failed,
                _ => Phase::Successful,
            };
        }
        if is_terminating { Phase::Successful } else { Phase::Running }
    }
}

/// A run: all metrics with what was counted of each.
struct Analysis {
    metrics: Vec<(Metric, Counts)>,
}

impl Analysis {
    fn new(metrics: Vec<Metric>) -> Self {
        Self { metrics: metrics.into_iter().map(|metric| (metric, Counts::default())).collect() }
    }

    /// `reconcileAnalysisRun`: every metric that is not complete is measured, then the run is assessed. Where that ends a
    /// metric badly, the next reconciliation measures nothing more and ends the run.
    fn reconcile(&mut self, mut answer: impl FnMut() -> (u16, Value)) -> Phase {
        for (metric, counts) in self.metrics.iter_mut().filter(|(_, counts)| counts.phase.is_none()) {
            let (status, body) = answer();
            counts.add(metric.measure(status, &body));
        }
        let mut assessed = self.assess();
        if self.is_terminating() {
            assessed = self.assess();
        }
        assessed
    }

    fn is_terminating(&self) -> bool {
        let ends = |phase| matches!(phase, Phase::Failed | Phase::Error | Phase::Inconclusive);
        self.metrics.iter().any(|(_, counts)| counts.phase.is_some_and(ends))
    }

    fn assess(&mut self) -> Phase {
        let is_terminating = self.is_terminating();
        let mut worst = Phase::Successful;
        let mut is_complete = true;
        for (metric, counts) in &mut self.metrics {
            match counts.assess(metric, is_terminating) {
                Phase::Running => is_complete = false,
                phase => {
                    counts.phase = Some(phase);
                    worst = worst.max(phase);
                }
            }
        }
        if is_complete || is_terminating { worst } else { Phase::Running }
    }
}

/// Lets an analysis see these answers, one an interval, and says what it came to, and after how many.
fn analysed(metrics: Vec<Metric>, answers: impl IntoIterator<Item = (u16, Value)>) -> (Phase, usize) {
    let mut analysis = Analysis::new(metrics);
    let (mut phase, mut seen) = (Phase::Running, 0);
    for answer in answers {
        phase = analysis.reconcile(|| answer.clone());
        seen += 1;
        if phase != Phase::Running {
            break;
        }
    }
    (phase, seen)
}

fn state(state: &str) -> (u16, Value) {
    (200, json!({ "state": state, "summary": "x" }))
}

fn down() -> (u16, Value) {
    (503, json!({ "error": "x" }))
}

#[test]
fn the_template_has_what_this_reads() {
    let names: Vec<_> = metrics().iter().map(|metric| metric.keys["name"].clone()).collect();
    assert_eq!(names, ["gate", "gate-can-tell"]);
    assert!(metrics().iter().all(|metric| metric.says("count").is_none() && metric.says("interval") == Some("10s")));
}

#[test]
fn each_state_leads_where_it_is_said_to_lead() {
    use Phase::{Error, Failed, Inconclusive, Running, Successful};
    let after = |times: usize, answer: (u16, Value), last: &str| {
        let mut all = vec![answer; times];
        all.push(state(last));
        all
    };
    for (answers, wanted) in [
        (vec![state("pass")], (Successful, 1)),
        (vec![state("overridden")], (Successful, 1)),
        (vec![state("fail")], (Failed, 1)),
        (vec![state("inconclusive")], (Inconclusive, 1)),
        (vec![state("running")], (Running, 1)),
        (after(700, state("running"), "pass"), (Successful, 701)),
        (after(700, state("running"), "fail"), (Failed, 701)),
        (after(700, state("running"), "inconclusive"), (Inconclusive, 701)),
        // A run that never ends pauses the rollout.
        (vec![state("running"); 1000], (Inconclusive, 721)),
        // A server that is away for five minutes decides nothing, and one that stays away sends the rollout back.
        (after(30, down(), "pass"), (Successful, 31)),
        (vec![down(); 100], (Error, 31)),
        // What a later version might say leads nowhere.
        (vec![state("excellent")], (Inconclusive, 1)),
        (vec![(200, json!({"status": "pass"})); 100], (Error, 31)),
        (vec![(204, json!(null)); 100], (Error, 31)),
    ] {
        assert_eq!(
            analysed(metrics(), answers.clone()),
            wanted,
            "{} answers, the last {:?}",
            answers.len(),
            answers.last()
        );
    }
}

#[test]
fn nothing_but_a_pass_ever_succeeds() {
    let states = ["running", "fail", "inconclusive", "excellent", "", "PASS"];
    for first in states {
        for second in states {
            let answers = [state(first), state(second), down(), state(first)].into_iter().cycle().take(5000);
            let (phase, _) = analysed(metrics(), answers);
            assert_ne!(phase, Phase::Successful, "{first}, {second}");
            assert_ne!(phase, Phase::Running, "{first}, {second}: it ends");
        }
    }
}

/// Why the template has no `count`: measurements without a verdict count, too, and reaching the count succeeds.
#[test]
fn a_count_would_let_a_run_pass_that_never_ended() {
    let counted = metrics().into_iter().take(1).map(|mut metric| {
        metric.keys.insert("count".to_owned(), "60".to_owned());
        metric.keys.remove("consecutiveSuccessLimit");
        metric
    });
    let (phase, seen) = analysed(counted.collect(), vec![state("running"); 100]);
    assert_eq!((phase, seen), (Phase::Successful, 60), "this is what must not be published");
}

/// Why there are two metrics: one alone cannot tell `inconclusive` from `running`.
#[test]
fn one_metric_alone_takes_two_hours_to_pause() {
    let first = metrics().into_iter().take(1).collect();
    assert_eq!(analysed(first, vec![state("inconclusive"); 1000]), (Phase::Inconclusive, 721));
}

#[tokio::test]
async fn an_analysis_of_a_real_server_comes_to_what_the_gate_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&How::new(folder.path()), Fake::new()).await;
    for (gate, wanted) in [
        ("passes", Phase::Successful),
        ("overridden", Phase::Successful),
        ("fails", Phase::Failed),
        ("unclear", Phase::Inconclusive),
        ("errors", Phase::Inconclusive),
    ] {
        let path = metrics()[0].says("url").expect("an address").replace("http://plumb-gate.plumb.svc:8080", "");
        let path = path.replace("{{args.gate}}", gate).replace("{{args.namespace}}:{{args.rollout}}", "shop:storage");
        let path = path.replace("{{args.revision}}", "7f5d6c9b8");
        server.decided(&path).await;
        let answer = server.get(&path).await;
        let measured = (answer.status, answer.json());
        assert_eq!(analysed(metrics(), [measured.clone()]), (wanted, 1), "{gate}: {measured:?}");
    }
}
