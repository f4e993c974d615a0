//! What came of it: a row for each number that was looked at, and what is needed to draw it.

use serde::{Deserialize, Serialize};

use crate::verdict::Said;

/// Candidate and baseline, held against each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The share of gates in which chance alone may block.
    pub alpha: f64,
    /// How many numbers it was corrected for, each with its weight.
    pub corrected_for: u32,
    /// What was tested: all calls together first, where there is more than one group, then group by group.
    pub rows: Vec<Row>,
    /// What can be drawn, in the same order.
    pub drawn: Vec<Drawn>,
    /// How many pairs of calls were too many to be kept. They say nothing.
    pub left_out: u64,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// How many calls were not answered in time, or with 5xx.
    Availability,
    /// How long calls took, the very slow ones set aside.
    Body,
    /// How many calls took very long.
    Tail,
}

impl Metric {
    /// All, in the order of the rows.
    pub const ALL: [Self; 3] = [Self::Availability, Self::Body, Self::Tail];

    /// The word for it, as in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::Body => "body",
            Self::Tail => "tail",
        }
    }
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The candidate is worse: that is beyond chance, and it matters.
    Worse,
    /// It is no worse, as far as so many calls tell.
    NoWorse,
    /// There is too little to say.
    TooLittle,
}

/// One number that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The name of the group, or that it is all of them.
    pub group: String,
    /// Whether it is all groups together.
    pub is_whole: bool,
    /// What was looked at.
    pub metric: Metric,
    /// How many pairs of calls say something of it.
    pub calls: u64,
    /// The candidate's.
    pub candidate: Number,
    /// The baseline's.
    pub baseline: Number,
    /// Of the tail of one group: calls that took at least so long are in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail_from_us: Option<u64>,
    /// Of the tail of all calls: those are in it that took at least so many times as long as 90 % of the calls of their own
    /// group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail_from_times: Option<f64>,
    /// How often chance does as much, with calls near each other taken for one event.
    pub p: f64,
    /// The same, corrected for all that was looked at. It is at most [`Comparison::alpha`] where it is beyond chance.
    pub p_corrected: f64,
    /// How often chance would do as much, were every call independent of the next: by the exact test of `McNemar`, or that
    /// of Mann and Whitney. It decides nothing on its own.
    pub p_independent: f64,
    /// How large the difference is. Availability: by how much the share of failed calls is higher. Body: how many times as
    /// long calls take. Tail: how many times as many are in it, with half a call added on both sides so that it is never
    /// without an end.
    pub effect: f64,
    /// Of the body: in which share of all pairings of a call of the candidate with one of the baseline the candidate's
    /// took longer. One half is no difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superiority: Option<f64>,
    /// What it says.
    pub standing: Standing,
    /// Why, in one sentence.
    pub why: String,
}

/// One side of a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// How many calls failed, or were in the tail; of the body, how many were measured.
    pub count: u64,
    /// Which share of all that is; of the body, the typical time in microseconds.
    pub value: f64,
}

/// Both distributions of the latency of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// The name of the group, or that it is all of them.
    pub group: String,
    /// Whether it is all groups together.
    pub is_whole: bool,
    /// The candidate's numbers.
    pub candidate: Side,
    /// The baseline's numbers.
    pub baseline: Side,
    /// Both distributions at the same shares, from the fastest call to the slowest; empty where a side answered nothing.
    pub curve: Vec<Point>,
}

/// The numbers of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// How many calls it was sent.
    pub calls: u64,
    /// How many of them failed.
    pub failed: u64,
    /// The latency that half of its answers were within, in microseconds.
    pub p50_us: Option<u64>,
    /// The latency that 99 % of its answers were within.
    pub p99_us: Option<u64>,
    /// The latency that 99.5 % of its answers were within.
    pub p995_us: Option<u64>,
}

/// A point of both curves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The share of answers that were as fast.
    pub share: f64,
    /// The candidate's latency there, in microseconds.
    pub candidate_us: u64,
    /// The baseline's.
    pub baseline_us: u64,
}

impl Comparison {
    /// What a gate is to make of it. It fails where any row is worse. It passes only where the rows that stand for all
    /// calls say that it is no worse: those of single groups may have too little to say, as they have their part in the
    /// others.
    pub fn said(&self) -> Said {
        let has_whole = self.rows.iter().any(|row| row.is_whole);
        let mut deciding = self.rows.iter().filter(|row| row.is_whole || !has_whole).peekable();
        if self.rows.iter().any(|row| row.standing == Standing::Worse) {
            Said::Fail
        } else if deciding.peek().is_none() || deciding.any(|row| row.standing == Standing::TooLittle) {
            Said::Inconclusive
        } else {
            Said::Pass
        }
    }

    /// Why, in one sentence a row: those that decide it, or, where it passes, those that stand for all.
    pub fn reasons(&self) -> Vec<&str> {
        let has_whole = self.rows.iter().any(|row| row.is_whole);
        let deciding = |row: &&Row| match self.said() {
            Said::Fail => row.standing == Standing::Worse,
            Said::Inconclusive => row.standing == Standing::TooLittle && (row.is_whole || !has_whole),
            Said::Pass => row.is_whole || !has_whole,
        };
        self.rows.iter().filter(deciding).map(|row| row.why.as_str()).collect()
    }
}
