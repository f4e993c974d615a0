//! Differences inside of what the model permits, grouped: many calls, few lines.

use std::collections::{BTreeMap, BTreeSet};

use plumb_model::call::Case;
use serde::Serialize;

use crate::compare::between::{Seen, Unlike};
use crate::compare::passes::Triple;
use crate::compare::places::Frame;
use crate::compare::said::Standing;
use crate::investigate::cut_after;

/// The most groups, those of each operation apart; what would make a further one is only counted.
pub const GROUPS_MAX: usize = 500;
/// The most kinds of noise that are remembered.
pub const NOISE_KINDS_MAX: usize = 10_000;

/// What the calls of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "differs")]
pub enum What {
    /// Other answers to the same call.
    Answer {
        /// Status and code of A's answer.
        a: String,
        /// Status and code of B's.
        b: String,
    },
    /// A place of answers with the same status and code.
    Place {
        /// The place: `header content-type`.
        place: String,
        /// Who has it.
        held_by: Holder,
    },
}

/// Who has something at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// Only the first target.
    A,
    /// Only the other one.
    B,
    /// Both, with different values.
    Both,
}

/// One target's answer in an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Status and code.
    pub answer: String,
    /// What stands at the place, where the difference is one of a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Whether it is a preferred answer of the model.
    pub preferred: bool,
    /// How well it is known that the answer is permitted; empty where it is wrong.
    pub basis: String,
    /// Where that is written.
    pub source: String,
}

impl Column {
    /// The column of an answer.
    pub fn new(seen: &Seen<'_>, frame: &Frame<'_>) -> Self {
        let answer = frame.safe(&seen.class());
        match seen.spoken.standing {
            Standing::Permitted(permit) => Self {
                answer,
                value: None,
                preferred: permit.preferred,
                basis: permit.ground.basis.letter().to_owned(),
                source: permit.ground.source.to_string(),
            },
            Standing::Wrong(_) => {
                Self { answer, value: None, preferred: false, basis: String::new(), source: String::new() }
            }
        }
    }

    fn with(self, value: Option<String>) -> Self {
        Self { value, ..self }
    }
}

/// The simplest case of a group, cut after the call that differs.
#[derive(Debug, Clone, Serialize)]
pub struct Example {
    /// A's answer.
    pub a: Column,
    /// B's answer.
    pub b: Column,
    /// The case.
    pub case: Case,
    #[serde(skip)]
    rank: (usize, usize, u64),
}

/// Calls that differ in the same way.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// What they have in common.
    #[serde(flatten)]
    pub what: What,
    /// How many cases, each counted once, differ in nothing that is worse.
    #[serde(skip)]
    cases: u64,
    /// How many calls, by operation.
    pub operations: BTreeMap<String, u64>,
    /// The choices that all their cases have.
    pub choices: Vec<String>,
    /// The simplest of them.
    pub example: Example,
}

impl Group {
    /// How many calls.
    pub fn calls(&self) -> u64 {
        self.operations.values().sum()
    }

    /// Takes in the same of another operation.
    fn take(&mut self, other: Self) {
        self.cases += other.cases;
        self.operations.extend(other.operations);
        self.choices.retain(|choice| other.choices.contains(choice));
        if other.example.rank < self.example.rank {
            self.example = other.example;
        }
    }
}

/// Where in a run a difference was seen.
#[derive(Clone, Copy)]
pub struct Spot<'s> {
    /// The case.
    pub triple: &'s Triple,
    /// The id of the call.
    pub call: &'s str,
    /// Its operation.
    pub operation: &'s str,
}

/// What groups came to.
#[derive(Debug, Default)]
pub struct Sorted {
    /// The groups, those with most calls first.
    pub groups: Vec<Group>,
    /// How many cases belong to groups that turned out to be noise.
    pub noisy_cases: u64,
    /// How many differences were in no group, because there were too many.
    pub only_counted: u64,
}

/// Groups in the making, with the noise they are held against.
#[derive(Debug, Default)]
pub struct Groups {
    /// By what they have in common and by operation: a place may be noise in one operation only.
    found: BTreeMap<(What, String), Group>,
    noisy_answers: BTreeSet<(String, BTreeSet<String>)>,
    noisy_places: BTreeSet<(String, String)>,
    only_counted: u64,
}

impl Groups {
    /// Notes that A itself gives either of these answers.
    pub fn noisy_answer(&mut self, operation: &str, answers: [String; 2]) {
        if self.noisy_answers.len() < NOISE_KINDS_MAX {
            self.noisy_answers.insert((operation.to_owned(), answers.into()));
        }
    }

    /// Notes that A itself has now this, now that at a place.
    pub fn noisy_place(&mut self, operation: &str, place: &str) {
        if self.noisy_places.len() < NOISE_KINDS_MAX {
            self.noisy_places.insert((operation.to_owned(), place.to_owned()));
        }
    }

    /// Notes answers that both are permitted; `decides` tells whether the case counts because of it.
    pub fn answers(&mut self, spot: Spot<'_>, columns: [Column; 2], decides: bool) {
        let [a, b] = &columns;
        let what = What::Answer { a: a.answer.clone(), b: b.answer.clone() };
        if let Some(group) = self.note(what, spot, columns) {
            group.cases += u64::from(decides);
        }
    }

    /// Notes what differs at a place.
    pub fn place(&mut self, spot: Spot<'_>, columns: [Column; 2], unlike: Unlike) {
        let held_by = match (&unlike.left, &unlike.right) {
            (Some(_), None) => Holder::A,
            (None, Some(_)) => Holder::B,
            _ => Holder::Both,
        };
        let [a, b] = columns;
        let columns = [a.with(unlike.left), b.with(unlike.right)];
        self.note(What::Place { place: unlike.place, held_by }, spot, columns);
    }

    fn note(&mut self, what: What, spot: Spot<'_>, columns: [Column; 2]) -> Option<&mut Group> {
        let key = (what, spot.operation.to_owned());
        if self.found.len() >= GROUPS_MAX && !self.found.contains_key(&key) {
            self.only_counted += 1;
            return None;
        }
        let choices = &spot.triple.case.origin.choices;
        let group = self.found.entry(key).or_insert_with_key(|(what, _)| Group {
            what: what.clone(),
            cases: 0,
            operations: BTreeMap::new(),
            choices: choices.clone(),
            example: example(spot, columns.clone()),
        });
        *group.operations.entry(spot.operation.to_owned()).or_default() += 1;
        group.choices.retain(|choice| choices.contains(choice));
        if rank(spot) < group.example.rank {
            group.example = example(spot, columns);
        }
        Some(group)
    }

    /// The groups without those that are noise.
    pub fn sorted(self) -> Sorted {
        let Self { found, noisy_answers, noisy_places, only_counted } = self;
        let (mut noisy_cases, mut merged) = (0, BTreeMap::<Cause, Group>::new());
        for ((what, operation), group) in found {
            let is_noise = match &what {
                What::Answer { a, b } => noisy_answers.contains(&(operation.clone(), [a.clone(), b.clone()].into())),
                What::Place { place, .. } => noisy_places.contains(&(operation.clone(), place.clone())),
            };
            let cause = cause(what, operation, &group);
            if is_noise {
                noisy_cases += group.cases;
            } else if let Some(own) = merged.get_mut(&cause) {
                own.take(group);
            } else {
                merged.insert(cause, group);
            }
        }
        let mut groups: Vec<Group> = merged.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.calls()));
        Sorted { groups, noisy_cases, only_counted }
    }
}

/// What groups of several operations must share to be one.
type Cause = (What, Vec<String>, Option<String>);

/// A place is the same in every operation. Other answers are it where all cases have a choice in common: without
/// one, nothing says that two operations do so for one reason.
fn cause(what: What, operation: String, group: &Group) -> Cause {
    match what {
        What::Place { .. } => (what, Vec::new(), None),
        What::Answer { .. } if group.choices.is_empty() => (what, Vec::new(), Some(operation)),
        What::Answer { .. } => (what, group.choices.clone(), None),
    }
}

/// The simplest case stands for its group, whichever worker was faster.
fn rank(spot: Spot<'_>) -> (usize, usize, u64) {
    let case = &spot.triple.case;
    let calls = case.calls.iter().position(|turn| turn.id == spot.call).unwrap_or(case.calls.len());
    (case.origin.choices.len(), calls, spot.triple.sequence)
}

fn example(spot: Spot<'_>, [a, b]: [Column; 2]) -> Example {
    Example { a, b, case: cut_after(&spot.triple.case, spot.call), rank: rank(spot) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixture::{Says, against, compared, ok, triple};

    fn sorted(triples: &[Triple]) -> Sorted {
        let mut sorted = Sorted::default();
        compared(triples, |comparison| sorted = comparison.groups.sorted());
        sorted
    }

    fn places(triples: &[Triple]) -> Vec<(String, u64)> {
        let groups = sorted(triples).groups.into_iter();
        groups
            .map(|group| match &group.what {
                What::Place { place, held_by } => (format!("{place} {held_by:?}"), group.calls()),
                What::Answer { a, b } => (format!("{a} {b}"), group.calls()),
            })
            .collect()
    }

    #[test]
    fn many_cases_are_one_group_with_what_they_have_in_common_and_the_simplest_example() {
        let other = Says::right(204, &[]);
        let choices = [&["if=x", "size=large"][..], &["if=x", "size=large", "key=odd"]];
        let mut triples: Vec<Triple> = (0..1_000)
            .zip(choices.iter().cycle())
            .map(|(sequence, choices)| against(sequence, choices, &ok(), &other))
            .collect();
        triples.push(against(1_000, &["if=x"], &ok(), &other));
        let sorted = sorted(&triples);
        let [group] = &sorted.groups[..] else { panic!("{:?}", sorted.groups) };
        assert_eq!(group.calls(), 1_001);
        assert_eq!(group.choices, ["if=x"]);
        assert_eq!(group.example.case.origin.choices, ["if=x"]);
        assert_eq!((group.example.a.answer.as_str(), group.example.b.answer.as_str()), ("200", "204"));
        assert_eq!((group.example.b.basis.as_str(), group.example.b.source.as_str()), ("D", "the manual"));
    }

    #[test]
    fn operations_that_share_their_choices_are_one_group() {
        let other = Says::right(204, &[]);
        let of = |operation: &'static str, choices: &[&str]| {
            let mut triple = against(0, choices, &ok(), &other);
            triple.case.calls[0].call.operation = operation.into();
            triple
        };
        let groups = |choices: &[&str]| sorted(&[of("Get", choices), of("List", choices)]).groups.len();
        assert_eq!(groups(&["signature=bad"]), 1);
        assert_eq!(groups(&[]), 2);
    }

    #[test]
    fn fields_that_one_has_and_values_that_differ_are_told_apart() {
        let a = Says::right(200, &[("server", "one"), ("x-only-a", "1")]).field("Owner", "me");
        let b = Says::right(200, &[("server", "two"), ("x-only-b", "1")]).field("Owner", "you");
        let mut found = places(&[against(0, &[], &a, &b)]);
        found.sort();
        let expected = ["body Owner Both", "header server Both", "header x-only-a A", "header x-only-b B"];
        assert_eq!(found, expected.map(|words| (words.to_owned(), 1)));
    }

    #[test]
    fn what_a_server_chooses_is_no_difference() {
        let dates = ["Thu, 01 Jan 1970 00:01:40 GMT", "Thu, 01 Jan 1970 00:01:41 GMT"];
        for (name, a, b) in [
            ("etag", "\"1\"", "\"2\""),
            ("last-modified", dates[0], dates[1]),
            ("date", dates[0], "never"),
            ("content-length", "1", "2"),
        ] {
            let says = |value| Says::right(200, &[(name, value)]);
            assert_eq!(places(&[against(0, &[], &says(a), &says(b))]), [], "{name}");
        }
    }

    #[test]
    fn where_a_differs_from_itself_b_cannot_differ_in_any_case() {
        let says = |value| [Says::right(200, &[("x-node", value), ("server", value)])];
        let [one, two, three] = ["1", "2", "3"].map(says);
        let noisy = triple(0, &[], [&one, &two, &three]);
        let by_luck = triple(1, &[], [&one, &one, &three]);
        assert_eq!(places(&[noisy, by_luck]), []);
        let (ok, other) = ([ok()], [Says::right(204, &[])]);
        let (noisy, by_luck) = (triple(0, &[], [&ok, &other, &ok]), triple(1, &[], [&ok, &ok, &other]));
        let sorted = sorted(&[noisy, by_luck]);
        assert!(sorted.groups.is_empty());
        assert_eq!(sorted.noisy_cases, 1);
    }

    #[test]
    fn where_the_model_found_something_wrong_nothing_is_called_permitted() {
        let a = Says::right(200, &[("x-size", "1")]);
        let b = Says::right(200, &[("x-size", "2")]).wrong_at(&["header x-size"]);
        assert_eq!(places(&[against(0, &[], &a, &b)]), []);
    }

    #[test]
    fn groups_are_bounded() {
        let triples: Vec<Triple> = (0..GROUPS_MAX + 5)
            .map(|index| against(0, &[], &ok().field(&format!("Field{index}"), "x"), &ok()))
            .collect();
        let sorted = sorted(&triples);
        assert_eq!((sorted.groups.len(), sorted.only_counted), (GROUPS_MAX, 5));
    }
}
