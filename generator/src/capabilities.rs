//! The cases that show what a target has and what it lacks as a whole.

use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_model::capability::{Capability, Shown};
use plumb_model::space::{CALL_UNDER_TEST, Hazard, Operation, Row, Space};
use plumb_model::value::Value;
use plumb_model::wire::Site;

use crate::suites::{CHOICES, row_with};

/// The most rows that show one thing: the first, and those that must agree before a target is said to lack it.
pub const ROWS_MAX: usize = 4;

/// What a check shows.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// The operation as a whole.
    Operation,
    /// An argument of the operation.
    Use {
        /// What the argument belongs to.
        capability: &'a Capability,
        /// The argument.
        argument: &'static str,
    },
    /// That the operation refuses a choice.
    Refusal {
        /// What refuses it.
        capability: &'a Capability,
        /// The choice, by its name.
        choice: &'static str,
    },
}

/// One thing to find out about a target.
#[derive(Debug, Clone)]
pub struct Check<'a> {
    /// The operation that is called.
    pub operation: &'a Operation,
    /// What it shows.
    pub of: Of<'a>,
    /// The rows that show it, the simplest first. Never empty.
    pub rows: Vec<Row>,
    /// A row that shows it and changes nothing on the way; none where there is no such row.
    pub harmless: Option<Row>,
}

impl Check<'_> {
    /// The case of a row, without the probes behind the call.
    pub fn case(&self, api: &Api, row: &Row) -> Case {
        let mut case = self.operation.case(api.name, CHOICES, row);
        if let Some(place) = case.calls.iter().position(|turn| turn.id == CALL_UNDER_TEST) {
            case.calls.truncate(place + 1);
        }
        case
    }
}

/// What is to be found out before the cases of the named operations are sent, all operations where none is named.
///
/// Operations that these cases only pass through, on the way to a state or to look at it, are among them.
pub fn checks<'a>(api: &'a Api, names: &[String]) -> Vec<Check<'a>> {
    let reached = reached(api, names);
    let mut checks = Vec::new();
    for operation in &reached {
        checks.push(of_operation(api, operation));
        let within = api.capabilities.iter().filter(|own| own.shown == Shown::ByUse && (own.within)(operation));
        checks.extend(within.flat_map(|capability| uses(operation, capability)));
    }
    let by_refusal = api.capabilities.iter().filter_map(|own| match own.shown {
        Shown::ByUse => None,
        Shown::ByRefusal(choices) => Some((own, choices)),
    });
    for (capability, choices) in by_refusal {
        checks.extend(refusals(&selected_first(reached.clone(), names), capability, choices));
    }
    checks
}

/// The operations that the cases of the named ones call in any way, in the order of the API.
fn reached<'a>(api: &'a Api, names: &[String]) -> Vec<&'a Operation> {
    let is_selected = |operation: &&Operation| is_named(names, operation);
    let mut called: Vec<String> = Vec::new();
    for operation in api.operations.iter().filter(is_selected) {
        let choices = || operation.space.dimensions.iter().flat_map(|dimension| &dimension.choices);
        let turns = choices().flat_map(|choice| &choice.setup).chain(&operation.probes);
        let needs = choices().flat_map(|choice| &choice.needs);
        let made = needs.flat_map(|need| api.resources.provision(need, &need.role.clone().into(), Site::NOWHERE));
        called.push(operation.name.to_owned());
        called.extend(turns.map(|turn| turn.call.operation.to_string()).chain(made.map(|call| call.operation.into())));
    }
    api.operations.iter().filter(|operation| called.iter().any(|name| name == operation.name)).collect()
}

/// Whether an operation is among the named ones; every one is where none is named.
pub fn is_named(names: &[String], operation: &Operation) -> bool {
    names.is_empty() || names.iter().any(|name| name == operation.name)
}

fn selected_first<'a>(mut operations: Vec<&'a Operation>, names: &[String]) -> Vec<&'a Operation> {
    operations.sort_by_key(|operation| !is_named(names, operation));
    operations
}

/// The default row, and further valid ones that need nothing which the target may lack besides.
fn of_operation<'a>(api: &Api, operation: &'a Operation) -> Check<'a> {
    let space = &operation.space;
    let optional = |name: &&str| {
        let mut within = api.capabilities.iter().filter(|capability| (capability.within)(operation));
        within.any(|capability| capability.arguments.contains(name))
    };
    let plain = space.dimensions.iter().enumerate().filter_map(|(index, dimension)| {
        let mut choices = dimension.choices.iter().enumerate().skip(1);
        let choice = choices.find(|(_, own)| !own.fault && !own.arguments.iter().any(|(name, _)| optional(name)))?;
        row_with(space, &[(index, choice.0)])
    });
    let rows = std::iter::once(space.defaults()).chain(plain).take(ROWS_MAX).collect();
    Check { operation, of: Of::Operation, rows, harmless: harmless(operation, &[]) }
}

/// A check for each argument of a capability that some valid choice of the operation gives and the default does not.
fn uses<'a>(operation: &'a Operation, capability: &'a Capability) -> Vec<Check<'a>> {
    let each = capability.arguments.iter().filter_map(|argument| {
        let gives = |arguments: &[(&str, Value)]| arguments.iter().any(|(name, _)| name == argument);
        let pins = pins(&operation.space, |choice| !choice.fault && gives(&choice.arguments));
        let rows: Vec<Row> = pins.filter_map(|pin| row_with(&operation.space, &[pin])).take(ROWS_MAX).collect();
        let of = Of::Use { capability, argument };
        (!rows.is_empty()).then_some(Check { operation, of, rows, harmless: None })
    });
    each.collect()
}

/// A check for each choice, in the first operation of each hazard that has all of them.
fn refusals<'a>(
    operations: &[&'a Operation],
    capability: &'a Capability,
    choices: &'static [&'static str],
) -> Vec<Check<'a>> {
    let mut seen: Vec<Hazard> = Vec::new();
    let mut checks = Vec::new();
    for operation in operations.iter().filter(|operation| (capability.within)(operation)) {
        let own: Vec<Check<'_>> = choices.iter().filter_map(|choice| refusal(operation, capability, choice)).collect();
        if own.len() == choices.len() && !seen.contains(&operation.hazard) {
            seen.push(operation.hazard);
            checks.extend(own);
        }
    }
    checks
}

fn refusal<'a>(operation: &'a Operation, capability: &'a Capability, choice: &'static str) -> Option<Check<'a>> {
    let gives = |name: &str| capability.arguments.contains(&name);
    let mut pins = pins(&operation.space, |own| {
        own.fault && own.name == choice && own.arguments.iter().any(|(name, _)| gives(name))
    });
    let pin = pins.next()?;
    let row = row_with(&operation.space, &[pin])?;
    let of = Of::Refusal { capability, choice };
    Some(Check { operation, of, rows: vec![row], harmless: harmless(operation, &[pin]) })
}

/// The choices beside the defaults that are `wanted`, by dimension and index.
fn pins<'s>(
    space: &'s Space,
    wanted: impl Fn(&plumb_model::space::Choice) -> bool + 's,
) -> impl Iterator<Item = (usize, usize)> + 's {
    let each = space.dimensions.iter().enumerate().flat_map(|(index, dimension)| {
        let choices = dimension.choices.iter().enumerate().skip(1);
        choices.map(move |(at, choice)| (index, at, choice))
    });
    each.filter(move |(.., choice)| wanted(choice)).map(|(index, at, _)| (index, at))
}

/// A row of a reading operation for which nothing has to be made: what it asks for is not there.
fn harmless(operation: &Operation, pinned: &[(usize, usize)]) -> Option<Row> {
    if operation.hazard != Hazard::Reads {
        return None;
    }
    let mut row = Row::new();
    for dimension in &operation.space.dimensions {
        let is_free = |choice: &plumb_model::space::Choice| choice.needs.is_empty() && choice.setup.is_empty();
        row.push(dimension.choices.iter().position(is_free)?);
    }
    for (index, choice) in pinned {
        row[*index] = *choice;
    }
    operation.space.permits(&row).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(checks: &[Check<'_>]) -> Vec<String> {
        let each = checks.iter().map(|check| match check.of {
            Of::Operation => check.operation.name.to_owned(),
            Of::Use { argument, .. } => format!("{} {argument}", check.operation.name),
            Of::Refusal { choice, .. } => format!("{} refuses {choice}", check.operation.name),
        });
        each.collect()
    }

    #[test]
    fn each_operation_and_each_optional_argument_is_checked() {
        let api = plumb_kv::api();
        let all = words(&checks(&api, &[]));
        assert_eq!(all, ["Put", "Put if-match", "Put if-none-match", "Get", "Delete", "Delete if-match", "List"]);
    }

    #[test]
    fn what_the_cases_of_an_operation_pass_through_is_checked_too() {
        let api = plumb_kv::api();
        let of_get = ["Put", "Put if-match", "Put if-none-match", "Get", "Delete", "Delete if-match"];
        assert_eq!(words(&checks(&api, &["Get".into()])), of_get);
    }

    #[test]
    fn a_check_ends_with_its_call_and_the_simplest_row_comes_first() {
        let api = plumb_kv::api();
        for check in checks(&api, &[]) {
            assert!((1..=ROWS_MAX).contains(&check.rows.len()));
            for row in &check.rows {
                let case = check.case(&api, row);
                assert!(check.operation.space.permits(row) && case.check().is_ok());
                assert_eq!(case.calls.last().map(|turn| turn.id.as_str()), Some(CALL_UNDER_TEST));
            }
        }
        let put = &checks(&api, &[])[0];
        assert_eq!(put.rows[0], put.operation.space.defaults());
        assert!(put.rows.len() > 1, "others must agree before it is said to be missing");
    }

    #[test]
    fn what_only_reads_can_be_shown_without_making_anything() {
        let api = plumb_kv::api();
        for check in checks(&api, &[]).iter().filter(|check| matches!(check.of, Of::Operation)) {
            let Some(row) = &check.harmless else {
                assert_ne!(check.operation.hazard, Hazard::Reads, "{}", check.operation.name);
                continue;
            };
            let case = check.case(&api, row);
            assert!(case.needs.is_empty() && case.calls.len() == 1, "{case:?}");
        }
    }

    #[test]
    fn refusals_are_asked_for_once_for_each_hazard_and_of_the_named_operations_first() {
        let mut api = plumb_kv::api();
        api.capabilities = vec![Capability {
            name: "keys",
            about: "",
            source: "",
            arguments: &["key"],
            identities: false,
            within: |_| true,
            shown: Shown::ByRefusal(&["upper-case", "too-long"]),
        }];
        let refused = |names: &[String]| {
            let all = words(&checks(&api, names));
            all.into_iter().filter(|word| word.ends_with("long")).collect::<Vec<_>>()
        };
        let both = |operation: &str| format!("{operation} refuses too-long");
        assert_eq!(refused(&[]), ["Put", "Get", "Delete"].map(both));
        assert_eq!(refused(&["Get".into()]), ["Get", "Put", "Delete"].map(both));
    }
}
