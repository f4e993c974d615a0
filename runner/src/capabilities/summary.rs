//! From what each check came to, to the table and to what a target can be sent.

use std::collections::BTreeMap;

use plumb_generator::capabilities::{Check, Of};
use plumb_generator::suites::CHOICES;
use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_model::capability::Capability;

use super::Seen;
use crate::engine::Engine;
use crate::events::{Checked, Has};
use crate::support::Support;

/// A capability with the checks that show it by what is refused.
type Refusals<'s, 'a> = (&'a Capability, Vec<(&'s Check<'a>, &'s Seen)>);

/// The lines of the table, and what follows from them.
pub(super) fn summed_up<'a>(
    api: &'a Api,
    engine: &Engine<'_>,
    seen: &[(&Check<'a>, Seen)],
) -> (Vec<Checked>, Support<'a>) {
    let (mut checked, mut support) = (Vec::new(), Support::new(api));
    let mut refusals: BTreeMap<&str, Refusals<'_, 'a>> = BTreeMap::new();
    let mut operation_has = Has::Works;
    for (check, seen) in seen {
        match check.of {
            Of::Operation => {
                operation_has = seen.has;
                if seen.has == Has::NotImplemented {
                    support.lacks_operation(check.operation.name, &seen.why);
                }
                checked.push(line(check, seen.has, &seen.why));
            }
            Of::Use { capability, argument } => {
                let has = of_use(seen.has, operation_has);
                if has == Has::NotImplemented {
                    support.lacks_argument(check.operation.name, capability.name, argument, &seen.why);
                }
                checked.push(line(check, has, &seen.why));
            }
            Of::Refusal { capability, .. } => {
                refusals.entry(capability.name).or_insert((capability, Vec::new())).1.push((check, seen));
            }
        }
    }
    for (capability, seen) in refusals.into_values() {
        let of_all = refusals_of(capability, &seen);
        if of_all.result == Has::NotImplemented {
            support.lacks_refusals(capability, witness(engine, &seen));
        }
        checked.push(of_all);
    }
    (checked, support)
}

/// Where it is unclear whether there is the operation, it is not for want of an argument that it is refused.
const fn of_use(has: Has, operation_has: Has) -> Has {
    match (has, operation_has) {
        (Has::NotImplemented, Has::Unclear) => Has::Unclear,
        _ => has,
    }
}

fn line(check: &Check<'_>, result: Has, why: &str) -> Checked {
    let (capability, argument) = match check.of {
        Of::Use { capability, argument } => (Some(capability.name.to_owned()), Some(argument.to_owned())),
        Of::Operation | Of::Refusal { .. } => (None, None),
    };
    let (operation, why) = (Some(check.operation.name.to_owned()), why.to_owned());
    Checked { operation, capability, argument, result, why }
}

/// A capability is there where every choice is refused, and missing where every one is accepted.
fn refusals_of(capability: &Capability, seen: &[(&Check<'_>, &Seen)]) -> Checked {
    let asked: Vec<_> = seen.iter().filter(|(_, seen)| seen.has != Has::NotProbed).collect();
    let told = if asked.is_empty() { seen.iter().collect() } else { asked.clone() };
    let all = |has: Has| asked.iter().all(|(_, seen)| seen.has == has);
    let result = match (asked.is_empty(), all(Has::Works), all(Has::NotImplemented)) {
        (true, ..) => Has::NotProbed,
        (_, true, _) => Has::Works,
        (.., true) => Has::NotImplemented,
        _ => Has::Unclear,
    };
    let each = told.iter().map(|(check, seen)| match check.of {
        Of::Refusal { choice, .. } => format!("{} {choice}: {}", check.operation.name, seen.why),
        _ => seen.why.clone(),
    });
    let mut why: Vec<String> = each.collect();
    why.dedup();
    let (capability, why) = (Some(capability.name.to_owned()), why.join(", "));
    Checked { operation: None, capability, argument: None, result, why }
}

/// The case that shows for all others that nothing is refused: the first that was asked for.
fn witness(engine: &Engine<'_>, seen: &[(&Check<'_>, &Seen)]) -> Option<Case> {
    let (check, _) = seen.iter().find(|(_, seen)| seen.has == Has::NotImplemented)?;
    Some(check.operation.case(engine.api.name, CHOICES, check.rows.first()?))
}
