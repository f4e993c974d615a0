//! Workflows: cases of several calls, as customers mix them.
//!
//! A workflow is a walk that the model guides. Each call is proposed from the space of an operation, with a mostly
//! valid row, and is pointed at what the walk has made already: its keys, its bodies, the values that earlier answers
//! told. Of several proposals the one is taken that the model says will work and that meets something. What a walk may
//! do at all is drawn anew for each (`swarm`), so that rare calls come in company as rare as themselves.
//!
//! Case number n is a pure function of the API, the weights, the seed and n.

mod dice;
mod forms;
mod guide;
mod proposal;
mod swarm;
pub(crate) mod values;
mod walk;

use plumb_model::api::Api;
use plumb_model::bodies::Bodies;
use plumb_model::call::Case;
use plumb_model::space::CALL_UNDER_TEST;

pub use crate::weights::{Weights, WeightsError};

use dice::Dice;
use forms::Plan;
use walk::Walk;

/// The suite of workflows, as in [`plumb_model::call::Origin::suite`]; and what stands there for the operation of a
/// whole workflow, which is about none.
pub const WORKFLOWS: &str = "workflows";
/// The fewest calls that a walk sets out to make.
pub const CALLS_MIN: usize = 4;
/// The most calls that a walk sets out to make.
pub const CALLS_MAX: usize = 24;
/// Of a hundred calls, for how many the model is asked which one will work.
pub const LEGAL_SHARE: usize = 85;
/// Of a hundred rows, how many may hold a fault, in walks that have faults at all.
pub const FAULT_SHARE: usize = 10;

/// Which workflows are made.
#[derive(Debug, Clone, Default)]
pub struct WorkflowOptions {
    /// The operations they are about; all of them where none is named. Operations that reach a state for these or
    /// show what they left behind are called as well.
    pub operations: Vec<String>,
    /// How often customers do what; none draws by what an operation does.
    pub weights: Option<Weights>,
}

/// The endless stream of workflows that `seed` draws.
pub fn workflows<'a>(api: &'a Api, options: &WorkflowOptions, seed: u64) -> Workflows<'a> {
    Workflows { plan: Plan::new(api, options), bodies: Bodies::new(), seed, next: 0 }
}

/// A stream of workflows. It never ends.
pub struct Workflows<'a> {
    plan: Plan<'a>,
    /// Only saves digesting a body twice: it decides nothing.
    bodies: Bodies,
    seed: u64,
    next: u64,
}

impl Workflows<'_> {
    /// The workflow with this number, whatever was drawn before.
    pub fn case(&self, number: u64) -> Case {
        Walk::new(&self.plan, &self.bodies, Dice::new(self.seed, number)).case()
    }
}

impl Iterator for Workflows<'_> {
    type Item = Case;

    fn next(&mut self) -> Option<Case> {
        let case = self.case(self.next);
        self.next += 1;
        Some(case)
    }
}

/// A workflow that ends with the call in question, told as a case about that call, with the choices that it was made
/// of. So it is held against what the other suites found, and is made small in the same way. Other cases stay as they
/// are.
pub fn about_last_call(case: Case) -> Case {
    let mut case = case;
    if case.origin.suite != WORKFLOWS {
        return case;
    }
    let Some(last) = case.calls.last_mut() else { return case };
    let own = format!("{} ", last.id);
    case.origin.operation = last.call.operation.to_string();
    case.origin.choices =
        case.origin.choices.iter().filter_map(|label| label.strip_prefix(&own)).map(str::to_owned).collect();
    // No later call can refer to it, so it may have the name that minimising looks for.
    CALL_UNDER_TEST.clone_into(&mut last.id);
    case
}

#[cfg(test)]
mod tests;
