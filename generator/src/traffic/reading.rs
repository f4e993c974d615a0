//! Which choices of a space a logged call may have made.

use std::collections::{BTreeMap, BTreeSet};

use plumb_model::bodies::BODY_BYTES_MAX;
use plumb_model::call::{ArgumentName, Call};
use plumb_model::space::{CALL_UNDER_TEST, Dimension, Operation};
use plumb_model::traffic::{LoggedBody, Record};
use plumb_model::value::Value;

use super::argument::{self, Given, Tier};
use super::bench::Bench;

/// What a log can tell of a request: whether it has the header fields, and whether it has the body.
type Told = (bool, bool);

/// So many arguments of one dimension that begin alike are examples of any number.
const FAMILY_NAMES_MIN: usize = 3;

/// An operation, prepared for reading calls of it.
pub(super) struct Reader<'a> {
    pub(super) operation: &'a Operation,
    /// The argument that is a body.
    pub(super) body: Option<ArgumentName>,
    dimensions: Vec<Names>,
    /// The arguments that a log tells, by what it has.
    told: BTreeMap<Told, BTreeSet<ArgumentName>>,
    /// The arguments of a call with all choices at their defaults.
    defaults: Call,
}

/// The arguments of a dimension.
struct Names {
    own: BTreeSet<ArgumentName>,
    /// Those that another dimension gives too.
    shared: BTreeSet<ArgumentName>,
    /// Those of them that other dimensions answer for: what is there may be there for their sake.
    foreign: BTreeSet<ArgumentName>,
    /// What the names of arguments start with of which there may be any number.
    family: Option<String>,
}

/// What a dimension was in a logged call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Read {
    /// One of these choices, the likeliest first; and of how many of them, from the first, it has the very values.
    OneOf(Vec<usize>, usize),
    /// A value that no choice stands for.
    Other,
    /// The log does not tell.
    Untold,
}

/// A logged call, read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reading {
    /// What each dimension was.
    pub(super) dimensions: Vec<Read>,
    /// How many arguments no dimension has.
    pub(super) strangers: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(operation: &'a Operation, bench: &Bench<'_>) -> Self {
        let dimensions = &operation.space.dimensions;
        let given = |dimension: &Dimension| {
            let choices = dimension.choices.iter().flat_map(|choice| &choice.arguments);
            choices.map(|(name, _)| ArgumentName::Borrowed(*name)).collect::<BTreeSet<_>>()
        };
        let names: Vec<BTreeSet<ArgumentName>> = dimensions.iter().map(given).collect();
        let of = |index: usize| {
            let others = names.iter().enumerate().filter(|(other, _)| *other != index).flat_map(|(_, own)| own);
            let others: BTreeSet<&ArgumentName> = others.collect();
            let shared: BTreeSet<_> = names[index].iter().filter(|name| others.contains(name)).cloned().collect();
            let is_foreign = |name: &&ArgumentName| answers_for(dimensions, name) != Some(index);
            let foreign = shared.iter().filter(is_foreign).cloned().collect();
            Names { own: names[index].clone(), shared, foreign, family: family(&names[index]) }
        };
        let prepared = (0..dimensions.len()).map(of).collect();
        let case = operation.case("", "", &operation.space.defaults());
        let defaults = case.calls.into_iter().find(|turn| turn.id == CALL_UNDER_TEST).map(|turn| turn.call);
        let told = [(false, false), (false, true), (true, false), (true, true)];
        let told = told.into_iter().map(|told| (told, told_arguments(operation, bench, told))).collect();
        let defaults = defaults.unwrap_or_else(|| Call::new(operation.name));
        Self { operation, body: argument::body_of(operation), dimensions: prepared, told, defaults }
    }

    /// Takes out of a call what the log cannot tell, and puts the body in by its length.
    pub(super) fn tidy(&self, mut call: Call, record: &Record, body_length: Option<u64>) -> Call {
        let told = &self.told[&(record.has_headers, record.body == LoggedBody::Whole)];
        let length = body_length.or(match record.body {
            LoggedBody::Whole => Some(record.request.body.len() as u64),
            LoggedBody::Length(length) => Some(length),
            LoggedBody::Unknown => None,
        });
        // What no dimension has is no less there, unless it stands where the log has nothing.
        let all = &self.told[&(true, true)];
        call.arguments.retain(|name, _| told.contains(&self.head(name)) || !all.contains(&self.head(name)));
        if let Some(own) = &self.body {
            call.arguments.remove(own);
            if let Some(length) = length {
                let spec = plumb_model::bodies::BodySpec::random(0, length.min(BODY_BYTES_MAX));
                call.arguments.insert(own.clone(), Value::Body(spec));
            }
        }
        call
    }

    /// The argument of a choice that stands for `name`: itself, or the first of its family.
    fn head(&self, name: &ArgumentName) -> ArgumentName {
        let of_family = |names: &Names| names.own.iter().find(|_| self.is_stranger(names, name)).cloned();
        self.dimensions.iter().find_map(of_family).unwrap_or_else(|| name.clone())
    }

    /// Whether an argument that no choice has belongs to the family of a dimension.
    fn is_stranger(&self, names: &Names, name: &ArgumentName) -> bool {
        let is_known = || self.dimensions.iter().any(|names| names.own.contains(name));
        names.family.as_ref().is_some_and(|family| name.starts_with(family.as_str())) && !is_known()
    }

    /// Reads a tidied call.
    pub(super) fn read(&self, call: &Call, record: &Record, untold: &[&str], bench: &Bench<'_>) -> Reading {
        let told = &self.told[&(record.has_headers, record.body == LoggedBody::Whole)];
        let is_told = |name: &ArgumentName| match &self.body {
            Some(body) if body == name => call.argument(name).is_some(),
            _ => told.contains(name) && !untold.contains(&name.as_ref()),
        };
        let each = self.operation.space.dimensions.iter().zip(&self.dimensions);
        let dimensions = each.map(|(dimension, names)| {
            let is_seen = !names.own.is_empty() && names.own.iter().all(is_told);
            match (dimension.state, is_seen) {
                (true, true) => self.state(dimension, names, call),
                (true, false) => Read::OneOf(by_set_up(dimension, 0..dimension.choices.len()), 0),
                (false, true) => self.choices(dimension, names, call, bench),
                (false, false) => Read::Untold,
            }
        });
        let known = |name: &ArgumentName| self.dimensions.iter().any(|names| names.own.contains(&self.head(name)));
        Reading {
            dimensions: dimensions.collect(),
            strangers: call.arguments.keys().filter(|name| !known(name)).count(),
        }
    }

    /// The choices of a state: all that give as many arguments as there are. Which of them it was is for the answer
    /// to tell.
    fn state(&self, dimension: &Dimension, names: &Names, call: &Call) -> Read {
        let there = self.present(names, call).len();
        let far = |choice: usize| dimension.choices[choice].arguments.len().abs_diff(there);
        let all = 0..dimension.choices.len();
        let Some(least) = all.clone().map(far).min().filter(|_| names.family.is_some()) else {
            return Read::OneOf(by_set_up(dimension, all), 0);
        };
        Read::OneOf(by_set_up(dimension, all.filter(|choice| far(*choice) == least)), 0)
    }

    /// The arguments of a dimension that a call has, those of its family among them.
    fn present<'c>(&self, names: &Names, call: &'c Call) -> Vec<&'c ArgumentName> {
        let is_own = |name: &&ArgumentName| names.own.contains(*name) || self.is_stranger(names, name);
        call.arguments.keys().filter(is_own).collect()
    }

    fn choices(&self, dimension: &Dimension, names: &Names, call: &Call, bench: &Bench<'_>) -> Read {
        let fits = |choice: usize| Some((self.fit(dimension, names, choice, call, bench)?, choice));
        let mut fitting: Vec<_> = (0..dimension.choices.len()).filter_map(fits).collect();
        if fitting.is_empty() {
            let present = self.present(names, call);
            let further = self.by_family(dimension, names, call, bench);
            let further = further.or_else(|| by_presence(dimension, &present));
            let marked = || by_marks(dimension, call, bench).filter(|_| present.len() == 1);
            fitting = further.or_else(marked).unwrap_or_default();
        }
        let Some(best) = fitting.iter().map(|(fit, _)| *fit).max() else { return Read::Other };
        let mut best_choices: Vec<usize> =
            fitting.iter().filter(|(fit, _)| *fit == best).map(|(_, choice)| *choice).collect();
        if best.0 == Tier::Same {
            let exact = best_choices.len();
            // `bytes=10-` is beyond the end of one object, and not of another.
            best_choices.extend(fitting.iter().filter(|(fit, _)| fit.0 == Tier::Alike).map(|(_, choice)| *choice));
            if best_choices[..exact].iter().all(|choice| dimension.choices[*choice].fault) && exact < best_choices.len()
            {
                // What is wrong for the body of the example may be right for the one that was sent.
                best_choices.sort_by_key(|choice| dimension.choices[*choice].fault);
                return Read::OneOf(best_choices, 0);
            }
            return Read::OneOf(best_choices, exact);
        }
        if matches!(best.0, Tier::Named | Tier::Marks | Tier::Only) {
            first_for_all(dimension, &mut best_choices);
            let is_fault = best_choices.iter().all(|choice| dimension.choices[*choice].fault);
            if is_fault && !argument::is_long(best) {
                // That it looks like a fault is not yet one: a legal choice that fits less well may have been meant.
                let legal = fitting.iter().map(|(_, choice)| *choice).find(|choice| !dimension.choices[*choice].fault);
                best_choices.extend(legal);
            }
        }
        let exact = if best.0 == Tier::Named { best_choices.len() } else { 0 };
        Read::OneOf(best_choices, exact)
    }

    /// How well the arguments of a call fit a choice: as well as the one that fits worst.
    fn fit(
        &self,
        dimension: &Dimension,
        names: &Names,
        choice: usize,
        call: &Call,
        bench: &Bench<'_>,
    ) -> Option<argument::Fit> {
        let choice = &dimension.choices[choice];
        let mut worst: argument::Fit = (Tier::Same, std::cmp::Reverse(0));
        if self.present(names, call).into_iter().any(|name| !names.own.contains(name)) {
            return None;
        }
        for name in &names.own {
            let given = choice.arguments.iter().find(|(own, _)| own == name).map(|(_, value)| value);
            let expected =
                given.or_else(|| names.shared.contains(name).then(|| self.defaults.argument(name)).flatten());
            match (expected, call.argument(name)) {
                (Some(value), Some(own)) => {
                    let fit = argument::fit(told(own)?, value, bench)?;
                    worst = worst.min(fit);
                }
                (None, Some(_)) if !names.foreign.contains(name) => return None,
                (Some(_), None) if given.is_some() => return None,
                _ => {}
            }
        }
        Some(worst)
    }

    /// Where arguments of a family are there that no choice has: the choices whose values are together as long.
    fn by_family(
        &self,
        dimension: &Dimension,
        names: &Names,
        call: &Call,
        bench: &Bench<'_>,
    ) -> Option<Vec<(argument::Fit, usize)>> {
        let present = self.present(names, call);
        present.iter().find(|name| self.is_stranger(names, name))?;
        let length = |value: Option<&Value>| match value {
            Some(Value::Literal(bytes)) => bytes.len(),
            _ => 0,
        };
        let there: usize = present.iter().map(|name| length(call.argument(name))).sum();
        let fit = |index: usize| {
            let values = dimension.choices[index].arguments.iter().map(|(_, value)| bench.bytes(value));
            let bytes = values.map(|bytes| bytes.map_or(0, |bytes| bytes.len())).sum::<usize>();
            (Tier::Only, std::cmp::Reverse(bytes.abs_diff(there) as u128))
        };
        let given = (0..dimension.choices.len()).filter(|index| !dimension.choices[*index].arguments.is_empty());
        Some(given.map(|index| (fit(index), index)).collect())
    }
}

/// Choices of a state, those in front that take the fewest calls to reach.
fn by_set_up(dimension: &Dimension, choices: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut choices: Vec<usize> = choices.collect();
    choices.sort_by_key(|choice| dimension.choices[*choice].setup.len());
    choices
}

/// Of examples with the same marks the first that is legal stands for all, and those that have the very values of it.
fn first_for_all(dimension: &Dimension, choices: &mut Vec<usize>) {
    let legal = choices.iter().copied().find(|choice| !dimension.choices[*choice].fault);
    let Some(first) = legal.or_else(|| choices.first().copied()) else { return };
    let values = &dimension.choices[first].arguments;
    choices.retain(|choice| dimension.choices[*choice].arguments == *values);
}

/// The dimension that answers for an argument of several: most of its choices give that and nothing else.
fn answers_for(dimensions: &[Dimension], name: &ArgumentName) -> Option<usize> {
    let alone = |dimension: &Dimension| {
        let given = dimension.choices.iter().map(|choice| choice.arguments.as_slice());
        given.filter(|given| matches!(given, [(own, _)] if own == name)).count()
    };
    (0..dimensions.len()).max_by_key(|index| (alone(&dimensions[*index]), std::cmp::Reverse(*index)))
}

/// What is known of an argument.
fn told(value: &Value) -> Option<Given<'_>> {
    match value {
        Value::Literal(bytes) => Some(Given::Bytes(bytes)),
        Value::Body(spec) => Some(Given::Body(spec.length)),
        _ => None,
    }
}

/// Where one argument is there, and one choice alone gives just that, it stands for whatever is given: unless its own
/// value is no word, as a star is.
fn by_presence(dimension: &Dimension, present: &[&ArgumentName]) -> Option<Vec<(argument::Fit, usize)>> {
    let [name] = present else { return None };
    let is_word = |value: &Value| match value {
        Value::Literal(bytes) => bytes.iter().any(u8::is_ascii_alphanumeric),
        _ => true,
    };
    let given = |choice: usize| dimension.choices[choice].arguments.as_slice();
    let is_of = |choice: &usize| given(*choice).iter().any(|(own, _)| own == *name);
    let mut giving = (0..dimension.choices.len()).filter(|choice| matches!(given(*choice), [_]) && is_of(choice));
    let first = giving.next().filter(|first| is_word(&given(*first)[0].1))?;
    giving.next().is_none().then(|| vec![((Tier::Only, std::cmp::Reverse(0)), first)])
}

/// Where the choices of a dimension with one argument differ by their marks, the marks of a value tell which it was.
fn by_marks(dimension: &Dimension, call: &Call, bench: &Bench<'_>) -> Option<Vec<(argument::Fit, usize)>> {
    let single = |index: usize| match dimension.choices[index].arguments.as_slice() {
        [(name, value)] => Some((*name, bench.bytes(value)?)),
        _ => None,
    };
    let examples: Vec<_> = (0..dimension.choices.len()).filter_map(|index| Some((index, single(index)?))).collect();
    let kinds: BTreeSet<_> = examples
        .iter()
        .filter(|(_, (_, example))| !example.is_empty())
        .map(|(_, (_, example))| argument::marks(example))
        .collect();
    if kinds.len() < 2 {
        return None;
    }
    let fits = examples.into_iter().filter_map(|(index, (name, example))| {
        let Given::Bytes(bytes) = told(call.argument(name)?)? else { return None };
        Some((argument::by_marks(bytes, &example)?, index))
    });
    Some(fits.collect())
}

/// What so many names have in common up to a hyphen or a dot that the rest may be anything.
fn family(names: &BTreeSet<ArgumentName>) -> Option<String> {
    let (first, last) = (names.first()?, names.last().filter(|_| names.len() >= FAMILY_NAMES_MIN)?);
    let common = first.bytes().zip(last.bytes()).take_while(|(one, other)| one == other).count();
    let end = first[..common].rfind(['-', '.'])? + 1;
    Some(first[..end].to_owned())
}

/// The arguments that are still told where a log lacks the rest of a request. Found by trying: a call of each choice is
/// put on the wire, what the log lacks is taken away, and what is left must read as the whole does.
fn told_arguments(operation: &Operation, bench: &Bench<'_>, (headers, body): Told) -> BTreeSet<ArgumentName> {
    let (mut told, mut lost) = (BTreeSet::new(), BTreeSet::new());
    for (index, dimension) in operation.space.dimensions.iter().enumerate() {
        for choice in 0..dimension.choices.len() {
            let mut row = operation.space.defaults();
            row[index] = choice;
            let Some(request) = bench.request(operation, &row) else { continue };
            let read = |headers, body| Some(bench.decode(&Bench::stripped(&request, headers, body)).ok()?.call);
            let (Some(whole), Some(rest)) = (read(true, true), read(headers, body)) else { continue };
            for name in whole.arguments.keys().chain(rest.arguments.keys()) {
                let is_same = whole.argument(name) == rest.argument(name);
                if is_same { &mut told } else { &mut lost }.insert(name.clone());
            }
        }
    }
    &told - &lost
}
