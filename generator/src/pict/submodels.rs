//! Lines with sub-models: `{ A, B, C } @ 3`.

use super::lines::Line;
use super::mistake::{Mistake, Warning};
use super::parameters::{Parameters, whole};
use super::text::{number, trim};
use super::{Dialect, Submodel};
use crate::covering::STRENGTH_MAX;

const REMEDY: &str = "a sub-model looks like { A, B, C } @ 3";

/// What PICT does beyond it: there, the rows of a sub-model are made first and then meet the rest as values do.
const DIFFERENCE: &str = "a sub-model is a group with a strength of its own, its rows do not meet the rest as wholes";

/// Reads some lines.
pub(super) fn read(
    text: &str,
    lines: &[Line<'_>],
    parameters: &mut Parameters<'_>,
    dialect: &Dialect,
) -> Result<Vec<Submodel>, Mistake> {
    let mut submodels = Vec::new();
    for line in lines {
        submodels.extend(one(text, line, parameters, dialect)?);
    }
    if let Some(first) = submodels.first() {
        parameters.warnings.push(Warning { line: first.line, message: DIFFERENCE.to_owned() });
    }
    Ok(submodels)
}

/// Reads one line; none where it names a parameter that there is not, which is warned of.
fn one(
    text: &str,
    line: &Line<'_>,
    parameters: &mut Parameters<'_>,
    dialect: &Dialect,
) -> Result<Option<Submodel>, Mistake> {
    let inner = trim(line.text).strip_prefix('{').and_then(|rest| rest.split_once('}'));
    let Some((names, order)) = inner.map(|(names, order)| (trim(names), trim(order))) else {
        return Err(Mistake::new(text, line.place(), "this is no sub-model", REMEDY));
    };
    let place = line.place();
    let order_place = place.end - order.len()..place.end;
    if names.is_empty() {
        return Err(Mistake::new(text, place, "a sub-model without parameters", REMEDY));
    }
    let found = members(names, ',', parameters).or_else(|_| members(names, dialect.values, parameters));
    let mut members = match found {
        Ok(members) => members,
        Err(unknown) => {
            let message = format!("the sub-model is left out: there is no parameter {unknown}");
            parameters.warnings.push(Warning { line: line.number, message });
            return Ok(None);
        }
    };
    let count = members.len();
    members.sort_unstable();
    members.dedup();
    if members.len() < count {
        let message = "the sub-model names a parameter twice, which counts once".to_owned();
        parameters.warnings.push(Warning { line: line.number, message });
    }
    let strength = match order.strip_prefix('@').map(trim) {
        None if order.is_empty() => None,
        None => return Err(Mistake::new(text, order_place, "only @ and a strength may stand here", REMEDY)),
        Some(strength) => Some(strength_of(text, strength, order_place.clone())?),
    };
    if strength.is_some_and(|strength| strength > members.len()) {
        let message = format!("the strength is above the number of its parameters, {}", members.len());
        return Err(Mistake::new(text, order_place, message, "lower the strength, or add parameters"));
    }
    Ok(Some(Submodel { line: line.number, parameters: members, strength }))
}

fn strength_of(text: &str, strength: &str, place: std::ops::Range<usize>) -> Result<usize, Mistake> {
    let known = number(strength).and_then(whole).filter(|strength| *strength <= STRENGTH_MAX);
    known.ok_or_else(|| {
        let remedy = format!("a strength is 1 to {STRENGTH_MAX}");
        Mistake::new(text, place, format!("{strength:?} is no strength"), remedy)
    })
}

/// The parameters with these names, or the first name that none has.
fn members(names: &str, separator: char, parameters: &Parameters<'_>) -> Result<Vec<usize>, String> {
    let each = names.split(separator).map(trim);
    each.map(|name| parameters.find(name).ok_or_else(|| name.to_owned())).collect()
}
