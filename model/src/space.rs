//! What may vary in an operation, as data that a generator reads.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::call::{Call, Case, Need, Origin, Turn};
use crate::value::Value;

/// The id of the call under test in a case made from a space.
pub const CALL_UNDER_TEST: &str = "call";

/// What a call may do to the service, from harmless to costly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hazard {
    /// Only reads.
    Reads,
    /// Creates or overwrites.
    Writes,
    /// Takes away.
    Deletes,
    /// Opens data to others.
    Exposes,
    /// Cannot be taken back.
    Irreversible,
    /// Costs money beyond the ordinary.
    Costs,
}

/// One value class of a dimension.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Its name, unique in its dimension.
    pub name: &'static str,
    /// Whether it holds a fault.
    pub fault: bool,
    /// The arguments it gives the call under test.
    pub arguments: Vec<(&'static str, Value)>,
    /// Who sends the call under test; none leaves it to the target's first identity.
    pub actor: Option<&'static str>,
    /// What the case must borrow for it.
    pub needs: Vec<Need>,
    /// The calls that reach the state it stands for.
    pub setup: Vec<Turn>,
    /// What a call with its arguments may do beyond what the operation does anyway.
    pub hazard: Option<Hazard>,
}

impl Choice {
    /// A valid choice that gives nothing: the argument is not sent.
    pub fn absent(name: &'static str) -> Self {
        Self { name, fault: false, arguments: vec![], actor: None, needs: vec![], setup: vec![], hazard: None }
    }

    /// A valid choice that gives one argument.
    pub fn valid(name: &'static str, argument: &'static str, value: impl Into<Value>) -> Self {
        Self { arguments: vec![(argument, value.into())], ..Self::absent(name) }
    }

    /// A choice that gives one argument and holds a fault.
    pub fn fault(name: &'static str, argument: &'static str, value: impl Into<Value>) -> Self {
        Self { fault: true, ..Self::valid(name, argument, value) }
    }

    /// A choice that has `actor` send the call under test, and holds a fault: what is there is somebody else's.
    /// Set-up calls and probes stay with whoever sent them anyway.
    pub fn sent_by(name: &'static str, actor: &'static str) -> Self {
        Self { fault: true, actor: Some(actor), ..Self::absent(name) }
    }

    /// The choice with one more argument.
    #[must_use]
    pub fn and(mut self, argument: &'static str, value: impl Into<Value>) -> Self {
        self.arguments.push((argument, value.into()));
        self
    }

    /// The choice, borrowing `need`.
    #[must_use]
    pub fn needs(mut self, need: Need) -> Self {
        self.needs.push(need);
        self
    }

    /// The choice, making a call that carries its arguments do more than the operation does anyway.
    #[must_use]
    pub const fn raising(mut self, hazard: Hazard) -> Self {
        self.hazard = Some(hazard);
        self
    }

    /// Whether `call` carries what the choice gives. A value that is told only when it is sent counts wherever the
    /// argument is there: a hazard is rather seen too often.
    fn is_in(&self, call: &Call) -> bool {
        let given = |(name, value): &(&str, Value)| {
            call.argument(name)
                .is_some_and(|own| own == value || !matches!((own, value), (Value::Literal(_), Value::Literal(_))))
        };
        !self.arguments.is_empty() && self.arguments.iter().all(given)
    }

    /// The choice with one more call before the call under test.
    #[must_use]
    pub fn after(mut self, id: &'static str, call: Call) -> Self {
        self.setup.push(Turn::new(id, call));
        self
    }
}

/// A named thing that may vary: an argument, or the state met.
#[derive(Debug, Clone)]
pub struct Dimension {
    /// Its name, unique in its space.
    pub name: &'static str,
    /// Whether it is the state met, not a part of the request.
    pub state: bool,
    /// Its choices; the first is the default.
    pub choices: Vec<Choice>,
}

impl Dimension {
    /// A part of the request.
    pub fn argument(name: &'static str, choices: Vec<Choice>) -> Self {
        Self { name, state: false, choices }
    }

    /// The state met.
    pub fn state(name: &'static str, choices: Vec<Choice>) -> Self {
        Self { name, state: true, choices }
    }
}

/// Where `when` is chosen, `dimension` must be one of `allowed`.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// Dimension and choice that demand something.
    pub when: (&'static str, &'static str),
    /// The dimension that is bound.
    pub dimension: &'static str,
    /// What it may be.
    pub allowed: Vec<&'static str>,
}

/// The dimensions of an operation and the constraints between them.
#[derive(Debug, Clone, Default)]
pub struct Space {
    /// The dimensions, those whose set-up comes first in front.
    pub dimensions: Vec<Dimension>,
    /// The constraints.
    pub constraints: Vec<Constraint>,
}

/// A choice for every dimension of a space, by index.
pub type Row = Vec<usize>;

impl Space {
    /// The row of defaults.
    pub fn defaults(&self) -> Row {
        vec![0; self.dimensions.len()]
    }

    /// Whether a row keeps every constraint.
    pub fn permits(&self, row: &Row) -> bool {
        self.constraints.iter().all(|constraint| self.keeps(row, constraint))
    }

    /// Whether a row keeps one constraint.
    pub fn keeps(&self, row: &Row, constraint: &Constraint) -> bool {
        self.chosen(row, constraint.when.0) != Some(constraint.when.1)
            || self.chosen(row, constraint.dimension).is_none_or(|choice| constraint.allowed.contains(&choice))
    }

    /// The row whose choices that are not the default are `labels`; none where a label is unknown.
    pub fn row(&self, labels: &[String]) -> Option<Row> {
        let mut row = self.defaults();
        for label in labels {
            let (dimension, choice) = label.split_once('=')?;
            let index = self.dimensions.iter().position(|own| own.name == dimension)?;
            row[index] = self.dimensions[index].choices.iter().position(|own| own.name == choice)?;
        }
        Some(row)
    }

    /// The name of the choice that a row makes in a dimension.
    pub fn chosen(&self, row: &Row, dimension: &str) -> Option<&'static str> {
        let index = self.dimensions.iter().position(|own| own.name == dimension)?;
        Some(self.dimensions[index].choices[row[index]].name)
    }

    /// The choices of a row that are not the default, as `dimension=choice`.
    pub fn differing(&self, row: &Row) -> Vec<String> {
        let each = self.dimensions.iter().zip(row).filter(|(_, choice)| **choice != 0);
        each.map(|(dimension, choice)| format!("{}={}", dimension.name, dimension.choices[*choice].name)).collect()
    }
}

/// The choices that make a call fail, as far as other rows that have them tell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// The choices as `dimension=choice`, those among them that are defaults too.
    pub choices: Vec<String>,
    /// In how many other rows with these choices the same failed.
    pub held: u32,
    /// How many other rows were tried.
    pub tried: u32,
}

/// One API action.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Where it is documented.
    pub source: &'static str,
    /// What it may do to the service.
    pub hazard: Hazard,
    /// What may vary.
    pub space: Space,
    /// Calls that show what it left behind.
    pub probes: Vec<Turn>,
}

impl Operation {
    /// What `call` may do: what the operation does, and what the choices do whose arguments it carries.
    pub fn hazard_of(&self, call: &Call) -> Hazard {
        let choices = self.space.dimensions.iter().flat_map(|dimension| &dimension.choices);
        let raised = choices.filter(|choice| choice.is_in(call)).filter_map(|choice| choice.hazard);
        raised.fold(self.hazard, Hazard::max)
    }

    /// The case of a row: what it borrows, the calls that reach the state, the call, the probes.
    pub fn case(&self, api: &str, suite: &str, row: &Row) -> Case {
        let mut case = Case::new(api);
        let mut tested = Turn::new(CALL_UNDER_TEST, Call::new(Cow::Borrowed(self.name)));
        for (dimension, choice) in self.space.dimensions.iter().zip(row) {
            let choice = &dimension.choices[*choice];
            for (name, value) in &choice.arguments {
                tested.call.arguments.insert(Cow::Borrowed(name), value.clone());
            }
            if let Some(actor) = choice.actor {
                tested.actor = Some(actor.to_owned());
            }
            for need in &choice.needs {
                if !case.needs.contains(need) {
                    case.needs.push(need.clone());
                }
            }
            case.calls.extend(choice.setup.iter().cloned());
        }
        case.calls.push(tested);
        case.calls.extend(self.probes.iter().cloned());
        case.origin = Origin { suite: suite.into(), operation: self.name.into(), choices: self.space.differing(row) };
        case
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::SECOND_ACTOR;

    #[test]
    fn a_choice_raises_the_hazard_of_calls_that_carry_it() {
        let acl = vec![
            Choice::absent("none"),
            Choice::valid("public", "acl", "public-read").raising(Hazard::Exposes),
            Choice::valid("private", "acl", "private"),
        ];
        let until = vec![
            Choice::absent("none"),
            Choice::valid("locked", "until", Value::now(60)).raising(Hazard::Irreversible),
        ];
        let dimensions = vec![Dimension::argument("acl", acl), Dimension::argument("until", until)];
        let operation = Operation {
            name: "Put",
            about: "",
            source: "",
            hazard: Hazard::Writes,
            space: Space { dimensions, constraints: vec![] },
            probes: vec![],
        };
        let hazard = |name: &'static str, value: &str| operation.hazard_of(&Call::new("Put").with(name, value));
        assert_eq!(hazard("acl", "private"), Hazard::Writes);
        assert_eq!(hazard("acl", "public-read"), Hazard::Exposes);
        assert_eq!(hazard("until", "2026-11-21T06:19:19Z"), Hazard::Irreversible, "whatever the moment");
        assert_eq!(operation.hazard_of(&Call::new("Put")), Hazard::Writes);
    }

    #[test]
    fn a_choice_of_the_sender_moves_the_call_under_test_alone() {
        let state = Choice::absent("there").after("stored", Call::new("Put"));
        let callers = vec![Choice::absent("owner"), Choice::sent_by("other", SECOND_ACTOR)];
        let dimensions = vec![Dimension::state("state", vec![state]), Dimension::argument("caller", callers)];
        let operation = Operation {
            name: "Get",
            about: "",
            source: "",
            hazard: Hazard::Reads,
            space: Space { dimensions, constraints: vec![] },
            probes: vec![Turn::new("probe", Call::new("Get"))],
        };
        let senders = |row: &Row| {
            let calls = operation.case("kv", "choices", row).calls.into_iter();
            calls.map(|turn| turn.actor).collect::<Vec<_>>()
        };
        assert_eq!(senders(&vec![0, 0]), [None, None, None]);
        assert_eq!(senders(&vec![0, 1]), [None, Some("other".to_owned()), None]);
    }
}
