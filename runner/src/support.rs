//! Which cases a target can be sent, from what it was found to lack.

use std::collections::BTreeMap;

use bytes::Bytes;
use plumb_model::api::Api;
use plumb_model::call::{Call, Case, Turn};
use plumb_model::capability::{Capability, Shown};
use plumb_model::space::CALL_UNDER_TEST;
use plumb_model::wire::Site;

/// What a target lacks.
pub struct Support<'a> {
    api: &'a Api,
    operations: BTreeMap<&'static str, String>,
    arguments: BTreeMap<(&'static str, &'static str), String>,
    refusals: Vec<(Capability, Option<Case>)>,
}

/// What becomes of a case.
#[derive(Debug, PartialEq)]
pub enum Fit {
    /// It is sent, without the probes that the target does not implement.
    Sent(Case),
    /// It is not sent, and why.
    Unsupported(Case, String),
}

impl std::fmt::Debug for Support<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("Support");
        debug.field("operations", &self.operations).field("arguments", &self.arguments).finish_non_exhaustive()
    }
}

impl<'a> Support<'a> {
    /// A target that lacks nothing.
    pub const fn new(api: &'a Api) -> Self {
        Self { api, operations: BTreeMap::new(), arguments: BTreeMap::new(), refusals: Vec::new() }
    }

    /// The target answers `class` to every call of an operation.
    pub(crate) fn lacks_operation(&mut self, operation: &'static str, class: &str) {
        self.operations.insert(operation, format!("the target does not implement {operation}: {class}"));
    }

    /// The target answers `class` to every call of an operation with an argument.
    pub(crate) fn lacks_argument(
        &mut self,
        operation: &'static str,
        capability: &str,
        argument: &'static str,
        class: &str,
    ) {
        let why = format!("the target does not implement {capability} ({argument} of {operation}): {class}");
        self.arguments.insert((operation, argument), why);
    }

    /// The target refuses nothing for want of a capability; `witness` is the case that shows it.
    pub(crate) fn lacks_refusals(&mut self, capability: &Capability, witness: Option<Case>) {
        self.refusals.push((*capability, witness));
    }

    /// The cases that show what the target never refuses: sent for all the others, one for each finding.
    pub fn witnesses(&self) -> impl Iterator<Item = &Case> {
        self.refusals.iter().filter_map(|(_, witness)| witness.as_ref())
    }

    /// What becomes of a case here.
    pub fn fit(&self, mut case: Case) -> Fit {
        let tested = case.calls.iter().position(|turn| turn.id == CALL_UNDER_TEST);
        let probes = tested.map_or(case.calls.len(), |place| place + 1);
        let resources = &self.api.resources;
        let borrowed = case.needs.iter().flat_map(|need| resources.provision(need, &Bytes::new(), Site::NOWHERE));
        let calls = case.calls[..probes].iter().map(|turn| &turn.call);
        let lacks = borrowed.collect::<Vec<_>>().iter().chain(calls).find_map(|call| self.lacks(call));
        if let Some(why) = lacks.or_else(|| self.lacks_identities(&case)) {
            return Fit::Unsupported(case, why);
        }
        let mut place = 0;
        case.calls.retain(|turn: &Turn| {
            place += 1;
            place <= probes || self.lacks(&turn.call).is_none()
        });
        Fit::Sent(case)
    }

    /// Whether a case that was sent lacks probes of its operation.
    pub fn is_without_probes(&self, case: &Case) -> bool {
        let tested = case.calls.iter().position(|turn| turn.id == CALL_UNDER_TEST);
        let probes = self.api.operation(&case.origin.operation).map_or(0, |operation| operation.probes.len());
        tested.is_some_and(|place| case.calls.len() - place - 1 < probes)
    }

    /// Why a case with a second identity says nothing here.
    fn lacks_identities(&self, case: &Case) -> Option<String> {
        case.actors().next()?;
        let (capability, witness) = self.refusals.iter().find(|(own, _)| own.identities)?;
        Some(unrefused(capability, witness.as_ref()))
    }

    /// Why a call cannot be made here.
    fn lacks(&self, call: &Call) -> Option<String> {
        if let Some(why) = self.operations.get(call.operation.as_ref()) {
            return Some(why.clone());
        }
        let operation = self.api.operation(&call.operation)?;
        let by_use = call.arguments.keys().find_map(|name| {
            let mut lacking = self.arguments.iter().filter(|((own, _), _)| *own == operation.name);
            lacking.find(|((_, argument), _)| *argument == name.as_ref()).map(|(_, why)| why.clone())
        });
        by_use.or_else(|| {
            let of = self.refusals.iter().find(|(own, _)| own.needed_by(operation, call).next().is_some());
            of.map(|(capability, witness)| unrefused(capability, witness.as_ref()))
        })
    }
}

/// Cases on their way to a target. Those that it lacks something for are put by.
pub struct Sieve<'s, I> {
    cases: I,
    support: &'s Support<'s>,
    witnesses: std::vec::IntoIter<Case>,
    witnessed: Vec<String>,
    /// The cases that are not sent, and why.
    pub put_by: Vec<(Case, String)>,
}

impl<'s, I: Iterator<Item = Case>> Sieve<'s, I> {
    /// The cases of the named operations, all operations where none is named. What is never refused comes first,
    /// and of all the cases that would show it one is sent.
    pub fn new(cases: I, support: &'s Support<'s>, names: &[String]) -> Self {
        let is_named = |case: &&Case| names.is_empty() || names.contains(&case.origin.operation);
        let witnesses: Vec<Case> = support.witnesses().filter(is_named).cloned().collect();
        let ids = witnesses.iter().map(Case::id).collect();
        Self { cases, support, witnesses: witnesses.into_iter(), witnessed: ids, put_by: Vec::new() }
    }

    fn is_witnessed(&self, case: &Case) -> bool {
        !self.witnessed.is_empty() && self.witnessed.contains(&case.id())
    }
}

impl<I: Iterator<Item = Case>> Iterator for Sieve<'_, I> {
    type Item = Case;

    fn next(&mut self) -> Option<Case> {
        if let Some(witness) = self.witnesses.next() {
            return Some(witness);
        }
        loop {
            let case = self.cases.next()?;
            if self.is_witnessed(&case) {
                continue;
            }
            match self.support.fit(case) {
                Fit::Sent(case) => return Some(case),
                Fit::Unsupported(case, why) => self.put_by.push((case, why)),
            }
        }
    }
}

fn unrefused(capability: &Capability, witness: Option<&Case>) -> String {
    let choices = match capability.shown {
        Shown::ByRefusal(choices) => choices.join(" and "),
        Shown::ByUse => String::new(),
    };
    let one = witness.map_or_else(String::new, |case| format!("; one finding of {} says so", case.origin.operation));
    format!("the target has no {}: it accepts {choices}{one}", capability.name)
}
