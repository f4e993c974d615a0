//! What `plumb learn` reports: what customers do, and how much of it the suites try.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plumb_generator::traffic::coverage;
use plumb_generator::traffic::learn::Learned;
use plumb_generator::weights::{Counts, Weights};
use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_model::space::Operation;
use serde::Serialize;

/// The most combinations of an operation that are listed because no suite tries them.
pub const MISSING_LISTED_MAX: usize = 100;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileRead {
    /// Its path, as it was given.
    pub file: String,
    /// Its format.
    pub format: &'static str,
    /// Lines, or entries of a document.
    pub lines: u64,
    /// Those that are requests of clients.
    pub requests: u64,
    /// Those that tell of no request of a client.
    pub left_out: u64,
    /// Those that cannot be read.
    pub unreadable: u64,
}

impl FileRead {
    /// A file of which nothing is read yet.
    pub fn new(path: &Path, format: &'static str) -> Self {
        Self { file: path.display().to_string(), format, lines: 0, requests: 0, left_out: 0, unreadable: 0 }
    }
}

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// `file:line`.
    pub place: String,
    /// What is wrong, in words that hold nothing of the line.
    pub reason: String,
}

/// What was learned, for people and for programs.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `plumb.learn/1`.
    pub schema: &'static str,
    /// The API.
    pub api: String,
    /// Its flavour.
    pub flavour: String,
    /// The files.
    pub files: Vec<FileRead>,
    /// The first lines that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// How many requests there were.
    pub requests: u64,
    /// How many sessions.
    pub sessions: u64,
    /// Operations, what follows on what, choices: the same as in `--weights FILE`.
    pub weights: Weights,
    /// By operation, the choices that are made where nothing is chosen.
    pub defaults: BTreeMap<&'static str, BTreeSet<String>>,
    /// How many of the choices had the very values of the choice.
    pub exactly: BTreeMap<String, Counts>,
    /// By operation, the dimensions with values that no choice stands for.
    pub other_values: BTreeMap<String, Counts>,
    /// By operation, how many calls had arguments that no dimension has.
    pub other_arguments: Counts,
    /// By operation, the dimensions of which the logs do not tell everything.
    pub untold: BTreeMap<String, Counts>,
    /// What the model does not know.
    pub unmodelled: Counts,
    /// How many choices are looked at together.
    pub strength: usize,
    /// What customers use together, by operation.
    pub coverage: Vec<Coverage>,
    /// What the model would answer.
    pub answers: Answers,
    /// The cases.
    pub cases: Cases,
}

/// What customers use together in the calls of an operation, and how much of that the suites try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The operation.
    pub operation: &'static str,
    /// How many different combinations customers use.
    pub used: usize,
    /// How many of these the suites try.
    pub tried: usize,
    /// The most frequent of the others.
    pub missing: Vec<Missing>,
    /// Whether there were more combinations than are counted.
    pub is_cut: bool,
}

/// A combination that no suite tries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The choices, as `dimension=choice`.
    pub choices: Vec<String>,
    /// In how many calls.
    pub count: u64,
}

/// Which answers the model permits in some state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answers {
    /// How many answers some state explains.
    pub explained: u64,
    /// Why the others could not be judged.
    pub unjudged: BTreeMap<&'static str, u64>,
    /// How many no state explains.
    pub never: u64,
    /// What they are, the most frequent first.
    pub never_permitted: Vec<NeverPermitted>,
}

/// Answers that no state explains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NeverPermitted {
    /// The operation.
    pub operation: &'static str,
    /// The choices out of their defaults.
    pub choices: Vec<String>,
    /// What was answered.
    pub answered: String,
    /// What the model permits.
    pub permitted: Vec<String>,
    /// How often.
    pub count: u64,
    /// `file:line` of the first.
    pub first: String,
}

/// The cases of the sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cases {
    /// How many different ones there are.
    pub different: usize,
    /// How many sessions have none.
    pub sessions_without: u64,
    /// How many calls did not fit into the case of their session.
    pub calls_left_out: u64,
}

impl Report {
    /// The report on what was learned, held against the cases of the suites.
    pub fn new(
        api: &Api,
        flavour: &str,
        strength: usize,
        learned: &Learned,
        suites: &[Case],
        (files, unreadable): (Vec<FileRead>, Vec<Unreadable>),
    ) -> Self {
        let used = api.operations.iter().filter(|own| learned.weights.operations.contains_key(own.name));
        Self {
            schema: "plumb.learn/1",
            api: api.name.to_owned(),
            flavour: flavour.to_owned(),
            files,
            unreadable,
            requests: learned.requests,
            sessions: learned.sessions,
            weights: learned.weights.clone(),
            defaults: used.clone().map(|own| (own.name, defaults(own))).collect(),
            exactly: learned.exactly.clone(),
            other_values: learned.others.clone(),
            other_arguments: learned.strangers.clone(),
            untold: learned.untold.clone(),
            unmodelled: learned.unmodelled.clone(),
            strength,
            coverage: used.filter_map(|own| coverage(own, learned, suites, strength)).collect(),
            answers: answers(learned),
            cases: Cases {
                different: learned.cases.len(),
                sessions_without: learned.without_case,
                calls_left_out: learned.calls_left_out,
            },
        }
    }

    /// The report as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or(serde_json::Value::Null)
    }
}

fn defaults(operation: &Operation) -> BTreeSet<String> {
    let each = operation.space.dimensions.iter();
    each.map(|dimension| format!("{}={}", dimension.name, dimension.choices[0].name)).collect()
}

fn coverage(operation: &Operation, learned: &Learned, suites: &[Case], strength: usize) -> Option<Coverage> {
    let together = learned.together.get(operation.name).filter(|together| !together.is_empty())?;
    let missing = together.missing(&coverage::tried(operation, suites.iter(), strength));
    let name = |(dimension, choice): &coverage::Chosen| {
        let dimension = &operation.space.dimensions[*dimension];
        format!("{}={}", dimension.name, dimension.choices[*choice].name)
    };
    let tried = together.len() - missing.len();
    let listed = missing.into_iter().take(MISSING_LISTED_MAX);
    let missing = listed.map(|(combination, count)| Missing { choices: combination.iter().map(name).collect(), count });
    let (used, is_cut) = (together.len(), together.is_cut);
    Some(Coverage { operation: operation.name, used, tried, missing: missing.collect(), is_cut })
}

fn answers(learned: &Learned) -> Answers {
    let each = learned.never.iter().map(|(never, seen)| NeverPermitted {
        operation: never.operation,
        choices: never.choices.clone(),
        answered: never.answered.clone(),
        permitted: never.permitted.clone(),
        count: seen.count,
        first: seen.first.clone(),
    });
    let mut never_permitted: Vec<NeverPermitted> = each.collect();
    never_permitted.sort_by_key(|own| std::cmp::Reverse(own.count));
    Answers {
        explained: learned.explained,
        unjudged: learned.unjudged.iter().map(|(why, count)| (why.about(), *count)).collect(),
        never: learned.never_count(),
        never_permitted,
    }
}
