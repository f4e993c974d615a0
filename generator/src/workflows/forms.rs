//! What a walk may do: the operations, and the forms that calls of each take beside the rows of its own space.

use std::collections::BTreeSet;

use plumb_model::api::Api;
use plumb_model::call::{Call, Need, Turn};
use plumb_model::space::{Choice, Hazard, Operation};
use plumb_model::value::Value;

use super::values::each_part;
use super::{Weights, WorkflowOptions};

/// How much more often a call is made that names something of the case's own, where no weights are given.
const OF_OWN_THINGS: u64 = 4;

/// Everything that the walks of a stream have in common.
pub(super) struct Plan<'a> {
    pub(super) api: &'a Api,
    pub(super) actions: Vec<Action<'a>>,
    pub(super) weights: Option<Weights>,
    /// The operations that the walks are about.
    pub(super) named: Vec<String>,
    /// The kinds of resources that cases borrow.
    borrowed: BTreeSet<&'a str>,
    /// The arguments by which calls name what they make.
    identities: BTreeSet<&'a str>,
}

/// An operation that walks call.
pub(super) struct Action<'a> {
    pub(super) operation: &'a Operation,
    /// Its calls in set-ups and probes of any operation.
    pub(super) forms: Vec<Form<'a>>,
    /// How heavy it is where nothing else is known.
    pub(super) weight: u64,
}

/// A call that some operation's space makes before the call under test, or that looks after it.
pub(super) struct Form<'a> {
    /// The operation whose space has it.
    pub(super) of: &'a Operation,
    pub(super) turn: &'a Turn,
    pub(super) needs: Vec<Need>,
    pub(super) is_probe: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn new(api: &'a Api, options: &WorkflowOptions) -> Self {
        let borrowed: BTreeSet<&str> = api.operations.iter().flat_map(needs).map(|need| need.kind.as_str()).collect();
        let mut plan = Self {
            api,
            actions: Vec::new(),
            weights: options.weights.clone(),
            named: options.operations.clone(),
            identities: identities(api, &borrowed),
            borrowed,
        };
        let called = reached(api, &options.operations);
        let actions = called.into_iter().map(|operation| plan.action(operation)).collect();
        plan.actions = actions;
        plan
    }

    fn action(&self, operation: &'a Operation) -> Action<'a> {
        let forms = self.api.operations.iter().flat_map(|of| self.forms(of, operation)).collect();
        let gives = |choice: &Choice| choice.arguments.iter().any(|(name, _)| self.identities.contains(name));
        let names_own = operation.space.dimensions.iter().filter_map(|own| own.choices.first()).any(gives);
        let by_hazard = match operation.hazard {
            Hazard::Writes => 3,
            Hazard::Reads => 2,
            _ => 1,
        };
        Action { operation, forms, weight: by_hazard * if names_own { OF_OWN_THINGS } else { 1 } }
    }

    /// The calls of `operation` in the space of `of`. Those that hang on the answer to another make no sense alone.
    fn forms(&self, of: &'a Operation, operation: &Operation) -> Vec<Form<'a>> {
        let stands_alone = |turn: &Turn| {
            let mut refers = false;
            turn.call.each_symbol(&mut |_| refers = true);
            turn.call.operation == operation.name && !refers
        };
        let mut forms: Vec<Form<'a>> = Vec::new();
        let mut add = |turn: &'a Turn, more: &[Need], is_probe| {
            if stands_alone(turn) && !forms.iter().any(|own| own.turn.call == turn.call && own.is_probe == is_probe) {
                let mut needs = more.to_vec();
                merge(&mut needs, self.needs_of(of, &turn.call));
                forms.push(Form { of, turn, needs, is_probe });
            }
        };
        for choice in choices(of) {
            choice.setup.iter().for_each(|turn| add(turn, &choice.needs, false));
        }
        of.probes.iter().for_each(|turn| add(turn, &[], true));
        forms
    }

    /// What a call must borrow in a case of `of`, by the resources that it names; what changes things borrows at least
    /// what its own cases do. Where neither says how, the case must have them for itself.
    pub(super) fn needs_of(&self, of: &Operation, call: &Call) -> Vec<Need> {
        let own = self.api.operation(&call.operation).filter(|own| own.hazard != Hazard::Reads);
        let mut named: Vec<Need> = Vec::new();
        for (kind, role) in resources(call).filter(|(kind, _)| self.borrowed.contains(kind)) {
            let is_it = |need: &&Need| need.kind == kind && need.role == role;
            let by_others = || self.api.operations.iter().flat_map(needs).find(is_it);
            let of_it = needs(of).chain(own.into_iter().flat_map(needs)).filter(is_it);
            let need = match of_it.max_by_key(|need| need.own) {
                Some(need) => Some(need.clone()),
                None => by_others().map(|need| Need { own: true, ..need.clone() }),
            };
            merge(&mut named, need.into_iter().collect());
        }
        named
    }

    /// Whether an argument says which thing a call is about.
    pub(super) fn is_identity(&self, argument: &str) -> bool {
        self.identities.contains(argument)
    }

    /// Whether a value is the name of something that cases make, and do not borrow.
    pub(super) fn is_own_name(&self, value: &Value) -> bool {
        matches!(value, Value::Resource { kind, .. } if !self.borrowed.contains(kind.as_str()))
    }

    /// Whether a call changes something under a name that is nobody's in particular: that is for a case alone.
    pub(super) fn is_for_itself(&self, operation: &Operation, call: &Call) -> bool {
        let is_bare = |value: &Value| {
            let mut names_resource = false;
            each_part(value, &mut |part| names_resource |= matches!(part, Value::Resource { .. }));
            !names_resource
        };
        let identities = call.arguments.iter().filter(|(name, _)| self.is_identity(name));
        operation.hazard != Hazard::Reads && identities.into_iter().any(|(_, value)| is_bare(value))
    }
}

/// Adds what is not there yet; what is asked for as one's own once is one's own.
pub(super) fn merge(needs: &mut Vec<Need>, more: Vec<Need>) {
    for need in more {
        match needs.iter_mut().find(|own| (&own.kind, &own.role) == (&need.kind, &need.role)) {
            Some(own) => own.own |= need.own,
            None => needs.push(need),
        }
    }
}

fn choices(operation: &Operation) -> impl Iterator<Item = &Choice> {
    operation.space.dimensions.iter().flat_map(|dimension| &dimension.choices)
}

fn needs(operation: &Operation) -> impl Iterator<Item = &Need> {
    choices(operation).flat_map(|choice| &choice.needs)
}

/// The resources that the arguments of a call name: kind and role.
fn resources(call: &Call) -> impl Iterator<Item = (&str, &str)> {
    let mut named = Vec::new();
    for value in call.arguments.values() {
        each_part(value, &mut |part| {
            if let Value::Resource { kind, role } = part {
                named.push((kind.as_str(), role.as_str()));
            }
        });
    }
    named.into_iter()
}

/// The arguments that somewhere hold the name of a thing that is made, and not borrowed.
fn identities<'a>(api: &'a Api, borrowed: &BTreeSet<&str>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for (name, value) in api.operations.iter().flat_map(choices).flat_map(|choice| &choice.arguments) {
        each_part(value, &mut |part| {
            if matches!(part, Value::Resource { kind, .. } if !borrowed.contains(kind.as_str())) {
                found.insert(*name);
            }
        });
    }
    found
}

/// The named operations and those that reach a state for them or look at what they left; all where none is named.
fn reached<'a>(api: &'a Api, names: &[String]) -> Vec<&'a Operation> {
    let is_named = |operation: &Operation| names.is_empty() || names.iter().any(|name| name == operation.name);
    let wanted = || api.operations.iter().filter(|operation| is_named(operation));
    let on_the_way = wanted().flat_map(|own| choices(own).flat_map(|choice| &choice.setup).chain(&own.probes));
    let called: BTreeSet<&str> = on_the_way.map(|turn| &*turn.call.operation).collect();
    api.operations.iter().filter(|own| is_named(own) || called.contains(own.name)).collect()
}
