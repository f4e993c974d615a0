//! Which row of a space a logged call was, told with the help of the model: the plainest one whose answer is the one
//! that the log has.
//!
//! A log tells neither the state that a request met nor, of an entity tag, whether it was the right one. The answer
//! does: so the rows that the request may have been are asked of the model one by one, those in front whose state takes
//! the fewest calls to reach, until one permits the answer. Where none does, no state of the space explains what the log says.

use std::collections::{BTreeMap, BTreeSet};

use plumb_model::api::Api;
use plumb_model::call::{Call, Case};
use plumb_model::space::{CALL_UNDER_TEST, Hazard, Operation, Row};
use plumb_model::value::Value;

use super::argument;
use super::bench::{Bench, Class};
use super::reading::{Read, Reading};

/// The most rows that are asked of the model for one request.
pub const ROWS_ASKED_MAX: usize = 10_000;
/// The most explanations that are kept, for requests that are read alike; beyond it they are found again.
pub const EXPLANATIONS_MAX: usize = 20_000;

/// Why it cannot be said whether the model would answer as the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unjudged {
    /// The status tells of rights, of load, or of the way to the service.
    Status,
    /// An argument holds what no choice stands for, or no dimension has it.
    Strange,
    /// There are more rows than are asked.
    TooMany,
    /// What it asks hangs on a body, on an earlier answer or on a moment that the log does not have.
    Relative,
}

impl Unjudged {
    /// The reason in words.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Status => "the status tells of rights, load or redirection (3xx, 401, 403, 429, 5xx)",
            Self::Strange => "an argument holds what no choice stands for",
            Self::TooMany => "too many states would have to be tried",
            Self::Relative => "it hangs on a body, an earlier answer or a moment that the log does not have",
        }
    }
}

/// What the model makes of a logged call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Explained {
    /// It was this row, in the state that [`template`] makes of it.
    Row(Row, Made),
    /// No row permits the answer; these do they permit.
    Never(BTreeSet<Class>),
    /// Nothing can be said.
    Unjudged(Unjudged),
}

/// How the state of a row is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Made {
    /// Under the name that is asked for, and without the set-up calls by which choices of a name make a state of their
    /// own.
    Moved,
    /// As the suites make it.
    AsSent,
}

/// Explains calls, and remembers.
pub(super) struct Explainer {
    known: BTreeMap<(&'static str, Reading, Class), Explained>,
    rows: BTreeMap<(&'static str, Row, Made), BTreeSet<Class>>,
}

impl Explainer {
    pub(super) const fn new() -> Self {
        Self { known: BTreeMap::new(), rows: BTreeMap::new() }
    }

    /// The row that a call was.
    pub(super) fn explain(
        &mut self,
        bench: &Bench<'_>,
        operation: &Operation,
        reading: &Reading,
        class: &Class,
    ) -> Explained {
        let key = (operation.name, reading.clone(), class.clone());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let explained = self.search(bench, operation, reading, class);
        if self.known.len() < EXPLANATIONS_MAX {
            self.known.insert(key, explained.clone());
        }
        explained
    }

    fn search(&mut self, bench: &Bench<'_>, operation: &Operation, reading: &Reading, class: &Class) -> Explained {
        if !tells(class.0) {
            return Explained::Unjudged(Unjudged::Status);
        }
        if reading.strangers > 0 || reading.dimensions.contains(&Read::Other) {
            return Explained::Unjudged(Unjudged::Strange);
        }
        let mut asked = 0;
        let mut permitted = BTreeSet::new();
        for open in [Rows::of(reading), Rows::with_untold(operation, reading)].into_iter().flatten() {
            // A state that a name makes for itself says less than one that stands in the row, and least where the
            // space does not have the two together.
            for (made, permits) in [(Made::Moved, None), (Made::AsSent, Some(true)), (Made::AsSent, Some(false))] {
                let fits = |row: &Row| permits.is_none_or(|permits| operation.space.permits(row) == permits);
                for row in open.clone().filter(fits) {
                    asked += 1;
                    if asked > ROWS_ASKED_MAX {
                        return Explained::Unjudged(Unjudged::TooMany);
                    }
                    let classes = self.classes(bench, operation, &row, made);
                    if classes.iter().any(|own| is_like(own, class)) {
                        return Explained::Row(row, made);
                    }
                    permitted.extend(classes.iter().cloned());
                }
            }
        }
        if permitted.is_empty() {
            Explained::Unjudged(Unjudged::Strange)
        } else if hangs_on_more(operation, reading) {
            Explained::Unjudged(Unjudged::Relative)
        } else {
            Explained::Never(permitted)
        }
    }

    /// What a row may answer in its state.
    fn classes(&mut self, bench: &Bench<'_>, operation: &Operation, row: &Row, made: Made) -> &BTreeSet<Class> {
        if self.rows.len() >= EXPLANATIONS_MAX {
            self.rows.clear();
        }
        let asked = || bench.classes(operation, template(bench.api, operation, row, made));
        self.rows.entry((operation.name, row.clone(), made)).or_insert_with(asked)
    }
}

/// Whether a call may have made a choice of which only more than the log has tells what it comes to: a digest of a
/// body, a tag of an answer, a date beside another.
fn hangs_on_more(operation: &Operation, reading: &Reading) -> bool {
    let each = operation.space.dimensions.iter().zip(&reading.dimensions).filter(|(own, _)| !own.state);
    let mut made = each.flat_map(|(dimension, read)| match read {
        Read::OneOf(choices, _) => choices.iter().map(|choice| &dimension.choices[*choice]).collect::<Vec<_>>(),
        Read::Other | Read::Untold => Vec::new(),
    });
    made.any(|choice| choice.arguments.iter().any(|(_, value)| argument::hangs_on_more(value)))
}

/// Whether a status tells what the specification speaks of.
const fn tells(status: u16) -> bool {
    match status {
        304 => true,
        401 | 403 | 429 => false,
        status => status >= 200 && status < 500 && status / 100 != 3,
    }
}

/// Whether an answer of the model is the one that a log has, as far as the log tells.
fn is_like(own: &Class, class: &Class) -> bool {
    own.0 == class.0 && (own.1.is_none() || class.1.is_none() || own.1 == class.1)
}

/// The case of a row.
pub(super) fn template(api: &Api, operation: &Operation, row: &Row, made: Made) -> Case {
    let case = operation.case(api.name, "", row);
    if made == Made::Moved { moved(case, api, operation, row) } else { case }
}

fn moved(mut case: Case, api: &Api, operation: &Operation, row: &Row) -> Case {
    let each = operation.space.dimensions.iter().zip(row).map(|(own, choice)| (own.state, &own.choices[*choice]));
    let writes = |call: &Call| api.operation(&call.operation).is_none_or(|operation| operation.hazard != Hazard::Reads);
    for (_, choice) in each.filter(|(is_state, _)| !is_state) {
        for turn in choice.setup.iter().filter(|turn| writes(&turn.call)) {
            if let Some(at) = case.calls.iter().position(|own| own == turn) {
                case.calls.remove(at);
            }
        }
    }
    let Some(asked) = case.calls.iter().find(|turn| turn.id == CALL_UNDER_TEST).map(|turn| turn.call.clone()) else {
        return case;
    };
    for turn in case.calls.iter_mut().filter(|turn| turn.id != CALL_UNDER_TEST) {
        for (name, value) in &mut turn.call.arguments {
            let Some(meant) = asked.argument(name).filter(|meant| *meant != value) else { continue };
            if matches!(value, Value::Resource { .. }) && argument::any(meant, &|inner| inner == value) {
                *value = meant.clone();
            }
        }
    }
    case
}

/// The rows that a reading leaves open, one after the other: the first dimension changes last.
#[derive(Clone)]
struct Rows {
    open: Vec<Vec<usize>>,
    next: Option<Vec<usize>>,
}

impl Rows {
    /// With what the log does not tell at its defaults.
    fn of(reading: &Reading) -> Vec<Self> {
        vec![Self::new(reading.dimensions.iter().map(|read| open(read, 0)).collect())]
    }

    /// With one of the dimensions that the log does not tell out of its default, each in turn.
    fn with_untold(operation: &Operation, reading: &Reading) -> Vec<Self> {
        let untold = reading.dimensions.iter().enumerate().filter(|(_, read)| **read == Read::Untold);
        let one = |(index, _): (usize, &Read)| {
            let mut open: Vec<Vec<usize>> = reading.dimensions.iter().map(|read| open(read, 0)).collect();
            open[index] = (1..operation.space.dimensions[index].choices.len()).collect();
            Self::new(open)
        };
        untold.map(one).collect()
    }

    fn new(open: Vec<Vec<usize>>) -> Self {
        let next = open.iter().all(|choices| !choices.is_empty()).then(|| vec![0; open.len()]);
        Self { open, next }
    }
}

/// The choices that a reading leaves open.
fn open(read: &Read, default: usize) -> Vec<usize> {
    match read {
        Read::OneOf(choices, _) => choices.clone(),
        Read::Other | Read::Untold => vec![default],
    }
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let places = self.next.clone()?;
        let row = self.open.iter().zip(&places).map(|(choices, place)| choices[*place]).collect();
        let step = (0..places.len()).rev().find(|index| places[*index] + 1 < self.open[*index].len());
        self.next = step.map(|index| {
            let mut next = places;
            next[index] += 1;
            next[index + 1..].fill(0);
            next
        });
        Some(row)
    }
}
