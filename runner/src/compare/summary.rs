//! What a comparison came to, for every report.

use serde::Serialize;
use serde_json::{Value, json};

use crate::compare::between::Right;
use crate::compare::comparison::{Comparison, Counts, Tally};
use crate::compare::groups::Sorted;
use crate::compare::latency::Latencies;
use crate::compare::passes::{ORDERS, Pass};
use crate::compare::reds::{News, Red};
use crate::engine::BUDGET_SPENT;
use crate::error::Exit;
use crate::events::RunEnded;

/// The schema of the JSON report.
pub const COMPARE_SCHEMA: &str = "plumb.compare/1";
/// The most differences without confirmation that are listed; all are counted.
pub const UNCONFIRMED_MAX: usize = 200;

/// A target as it stands in reports.
#[derive(Debug, Clone, Serialize)]
pub struct Named {
    /// Its name.
    pub target: String,
    /// Its endpoint.
    pub endpoint: String,
    /// Its flavour.
    pub flavour: String,
    /// The id of the run against it.
    pub run: String,
}

/// What was compared.
#[derive(Debug, Clone, Serialize)]
pub struct Began {
    /// The version of this tool.
    pub version: String,
    /// The API.
    pub api: String,
    /// The seed.
    pub seed: u64,
    /// When it began, ISO 8601.
    pub started: String,
    /// The targets, in the order of [`Pass::ALL`].
    pub targets: [Named; 3],
}

impl Began {
    /// Whether the second pass of A went to the same endpoint as the first.
    pub fn is_same_instance(&self) -> bool {
        self.targets[Pass::A as usize].endpoint == self.targets[Pass::Again as usize].endpoint
    }
}

/// What a comparison came to.
#[derive(Debug)]
pub struct Summary {
    /// What was compared.
    pub began: Began,
    /// How many cases came to what.
    pub counts: Counts,
    /// Differences in which somebody is wrong, those that most cases show first.
    pub reds: Vec<Red>,
    /// How many of these differences are beyond what was looked into.
    pub reds_only_counted: usize,
    /// Differences that did not come again: signature and why.
    pub unconfirmed: Vec<(String, String)>,
    /// Differences inside of what the model permits.
    pub permitted: Sorted,
    /// Where both are wrong alike, by signature.
    pub wrong_alike: Tally,
    /// How A differs from itself.
    pub noise: Tally,
    /// Why cases were not compared to their end.
    pub broken: Tally,
    /// Latencies.
    pub latencies: Latencies,
    /// How it ended.
    pub ended: RunEnded,
}

impl Summary {
    /// The sums of a comparison whose differences were looked into.
    pub fn new(began: Began, comparison: Comparison<'_>, ended: RunEnded) -> Self {
        let Comparison { mut counts, groups, wrong_alike, noise, broken, latencies, .. } = comparison;
        let permitted = groups.sorted();
        // What A itself answers now and then was counted before that was known.
        counts.either = counts.either.saturating_sub(permitted.noisy_cases);
        counts.noise += permitted.noisy_cases;
        let (reds, unconfirmed) = (Vec::new(), Vec::new());
        Self {
            began,
            counts,
            reds,
            reds_only_counted: 0,
            unconfirmed,
            permitted,
            wrong_alike,
            noise,
            broken,
            latencies,
            ended,
        }
    }

    /// Adds what an investigation tells.
    pub fn apply(&mut self, news: News) {
        match news {
            News::Found(red) => self.reds.push(*red),
            News::SeenAgain { right, finding } => {
                let known = |red: &&mut Red| red.right == right && red.wrong[0].finding.id == finding;
                if let Some(red) = self.reds.iter_mut().find(known) {
                    red.count += 1;
                }
            }
            News::Unconfirmed { signature, why, decides_case } => {
                if decides_case {
                    self.counts.take_back();
                }
                if self.unconfirmed.len() < UNCONFIRMED_MAX {
                    self.unconfirmed.push((signature, why));
                }
            }
        }
    }

    /// The differences that nobody has accepted.
    pub fn open(&self) -> impl Iterator<Item = &Red> {
        self.reds.iter().filter(|red| red.accepted_by.is_none())
    }

    /// How many cases were compared to their end, or up to a difference.
    pub const fn compared(&self) -> u64 {
        self.counts.wrong + self.counts.either + self.counts.noise + self.counts.alike
    }

    /// How the process ends: differences that only the permitted set explains are told, and are no failure.
    pub fn exit(&self, inconclusive_max: f64) -> Exit {
        if self.open().next().is_some() {
            Exit::Diverges
        } else if self.is_unclear(inconclusive_max) {
            Exit::Inconclusive
        } else {
            Exit::Conforms
        }
    }

    /// Whether it says too little, whatever was found.
    pub fn is_unclear(&self, inconclusive_max: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^52")]
        let share = self.counts.inconclusive as f64 / self.counts.cases.max(1) as f64;
        let died = self.ended.early.as_deref().is_some_and(|early| early != BUDGET_SPENT);
        let unproven = self.counts.wrong > 0 && self.reds.is_empty();
        unproven || self.compared() == 0 || share > inconclusive_max || self.ended.interrupted || died
    }

    /// The report as JSON, schema [`COMPARE_SCHEMA`].
    pub fn to_json(&self) -> Value {
        let [a, again, b] = &self.began.targets;
        let orders: Vec<String> =
            ORDERS.iter().map(|order| order.map(|lane| Pass::ALL[lane].name()).join(" ")).collect();
        let unconfirmed: Vec<Value> =
            self.unconfirmed.iter().map(|(signature, why)| json!({"signature": signature, "why": why})).collect();
        json!({
            "schema": COMPARE_SCHEMA,
            "version": self.began.version,
            "api": self.began.api,
            "seed": self.began.seed,
            "started": self.began.started,
            "targets": {"a": a, "again": again, "b": b},
            "orders": orders,
            "interrupted": self.ended.interrupted,
            "ended": self.ended,
            "counts": self.counts,
            "differences": self.reds.iter().map(red_json).collect::<Vec<_>>(),
            "differences_only_counted": self.reds_only_counted,
            "unconfirmed": unconfirmed,
            "permitted": self.permitted.groups,
            "permitted_only_counted": self.permitted.only_counted,
            "wrong_alike": self.wrong_alike,
            "noise": self.noise,
            "not_compared": self.broken,
            "latency_us": self.latencies.to_json(),
        })
    }
}

/// A difference in three columns.
fn red_json(red: &Red) -> Value {
    let wrong = |pass: Pass| red.wrong.iter().find(|own| own.pass == pass).map(|own| &own.finding);
    let column = |pass: Pass| match wrong(pass) {
        Some(finding) => json!({
            "answer": finding.observed.class,
            "wrong": finding.kind,
            "places": finding.places,
            "finding": finding,
        }),
        None => json!(red.answers),
    };
    json!({
        "right": red.right,
        "sentence": red.sentence(),
        "count": red.count,
        "choices": red.wrong[0].finding.choices,
        "case": red.wrong[0].finding.case,
        "a": column(Pass::A),
        "b": column(Pass::B),
        "model": red.wrong[0].finding.expected,
        "accepted_by": red.accepted_by,
    })
}

impl Red {
    /// One sentence: who is right, and what the other does instead.
    pub fn sentence(&self) -> String {
        let each = self.wrong.iter().map(|own| format!("{}: {}", own.pass.name(), own.finding.summary));
        let right = match self.right {
            Right::Neither => "neither is right".to_owned(),
            other => other.words().to_owned(),
        };
        format!("{right}; {}", each.collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixture;

    #[test]
    fn only_a_difference_in_which_somebody_is_wrong_fails() {
        let mut summary = fixture::summary();
        assert_eq!(summary.exit(1.0), Exit::Diverges);
        summary.reds.iter_mut().for_each(|red| red.accepted_by = Some("me".into()));
        assert_eq!(summary.exit(1.0), Exit::Conforms);
        assert!(summary.counts.either > 0 && !summary.permitted.groups.is_empty());
        assert_eq!(summary.exit(0.0), Exit::Inconclusive, "a case had no answer");
        summary.ended.interrupted = true;
        assert_eq!(summary.exit(1.0), Exit::Inconclusive);
    }

    #[test]
    fn nothing_compared_is_no_pass() {
        let mut summary = fixture::summary();
        summary.reds.clear();
        summary.counts = Counts::default();
        assert_eq!(summary.exit(1.0), Exit::Inconclusive);
        summary.counts = Counts { cases: 2, wrong: 1, alike: 1, ..Counts::default() };
        assert_eq!(summary.exit(1.0), Exit::Inconclusive, "what was seen and not confirmed is no pass");
    }

    #[test]
    fn a_difference_that_did_not_come_again_is_taken_back() {
        let mut summary = fixture::summary();
        summary.counts = Counts { cases: 1, wrong: 1, ..Counts::default() };
        let news = News::Unconfirmed { signature: String::new(), why: String::new(), decides_case: true };
        summary.apply(news);
        assert_eq!((summary.counts.wrong, summary.counts.inconclusive), (0, 1));
    }
}
