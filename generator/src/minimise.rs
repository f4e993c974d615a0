//! Cuts a failing case down: fewer calls, fewer arguments, smaller bodies.

use plumb_model::api::Api;
use plumb_model::bodies::BodySpec;
use plumb_model::call::{Case, Turn};
use plumb_model::space::Row;
use plumb_model::value::{Function, Value};

use crate::localise::{Localiser, Passed, RowCase, Shown};
use crate::workflows::WORKFLOWS;
use crate::workflows::values::{Swap, each_part, swapped};

/// The body lengths that are tried in place of a longer one, in bytes.
const SMALL_BODIES: [u64; 3] = [0, 1, 10];

/// What came of it.
#[derive(Debug)]
pub struct Minimised {
    /// The smallest case found that still fails.
    pub case: Case,
    /// The smallest row that fails, as it was before calls and arguments were taken away, where it is the case of one.
    pub of_row: Option<RowCase>,
    /// How often a candidate was tried.
    pub tries: usize,
}

struct Search<'a> {
    best: Case,
    tries: usize,
    tries_max: usize,
    run: &'a mut dyn FnMut(&Case) -> Shown,
}

/// The smallest case that still fails, as far as `tries_max` candidates reach. The last call is the one that
/// shows the failure. `run` runs a candidate from empty and tells what it shows; the case given must fail. What passed
/// is not tried again.
pub fn minimise(
    api: &Api,
    case: &Case,
    passed: &Passed,
    tries_max: usize,
    run: &mut dyn FnMut(&Case) -> Shown,
) -> Minimised {
    let mut search = Search { best: case.clone(), tries: 0, tries_max, run };
    let of_row = search.smallest_row(api, passed);
    search.own_resources();
    search.plain_names();
    // Each round makes the case smaller or is the last, so this ends with the tries.
    while search.drop_calls() | search.drop_arguments() | search.shrink_bodies() {}
    let mut case = search.best;
    case.origin.choices = remaining_choices(api, &case);
    Minimised { case, of_row, tries: search.tries }
}

impl Search<'_> {
    fn try_case(&mut self, candidate: Case) -> bool {
        let is_same = self.shown_by(&candidate) == Shown::Same;
        if is_same {
            self.best = candidate;
        }
        is_same
    }

    fn shown_by(&mut self, candidate: &Case) -> Shown {
        if self.tries >= self.tries_max || candidate.check().is_err() {
            return Shown::Else;
        }
        self.tries += 1;
        (self.run)(candidate)
    }

    /// Makes the case that of the smallest row that fails, where it is that of a row.
    fn smallest_row(&mut self, api: &Api, passed: &Passed) -> Option<RowCase> {
        let of_row = RowCase::of(api, &self.best)?;
        let (operation, row) = of_row.row(api)?;
        // A workflow may have come to its state on a way of its own.
        if self.best.origin.suite == WORKFLOWS && !self.try_case(of_row.with(api, &row)?.case) {
            return None;
        }
        let mut run = |row: &Row| Shown::of(of_row.with(api, row).is_some_and(|own| self.try_case(own.case)));
        let smallest = Localiser::new(operation, passed, &mut run).smallest(&row);
        of_row.with(api, &smallest)
    }

    /// A case that has its resources for itself needs nobody else's history to be told.
    fn own_resources(&mut self) {
        let mut candidate = self.best.clone();
        candidate.needs.iter_mut().for_each(|need| need.own = true);
        if candidate != self.best {
            self.try_case(candidate);
        }
    }

    /// Takes the endings off the names of a workflow, wherever they stand.
    fn plain_names(&mut self) {
        if self.best.origin.suite != WORKFLOWS {
            return;
        }
        // Each candidate that still fails has one ending less, so this ends with the tries.
        let mut passed: Vec<Swap> = Vec::new();
        while let Some(swap) = ending(&self.best, &passed) {
            let mut candidate = self.best.clone();
            for value in candidate.calls.iter_mut().flat_map(|turn| turn.call.arguments.values_mut()) {
                *value = swapped(value, std::slice::from_ref(&swap));
            }
            if !self.try_case(candidate) {
                passed.push(swap);
            }
        }
    }

    /// Drops runs of calls, long ones first. The last call is the one that shows the failure.
    fn drop_calls(&mut self) -> bool {
        let mut any = false;
        let mut length = self.best.calls.len() / 2;
        while length > 0 {
            let mut end = self.best.calls.len().saturating_sub(1);
            while end >= length {
                if self.try_case(without_calls(&self.best, end - length, end)) {
                    any = true;
                }
                end -= length;
                end = end.min(self.best.calls.len().saturating_sub(1));
            }
            length /= 2;
        }
        any
    }

    fn drop_arguments(&mut self) -> bool {
        let mut any = false;
        for index in 0..self.best.calls.len() {
            let names: Vec<_> = self.best.calls[index].call.arguments.keys().cloned().collect();
            for name in names {
                let mut candidate = self.best.clone();
                candidate.calls[index].call.arguments.remove(&name);
                any |= self.try_case(candidate);
            }
        }
        any
    }

    fn shrink_bodies(&mut self) -> bool {
        let mut any = false;
        for index in 0..self.best.calls.len() {
            let bodies: Vec<_> = self.best.calls[index]
                .call
                .arguments
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), body_of(value)?)))
                .collect();
            for (name, spec) in bodies {
                for length in SMALL_BODIES.into_iter().filter(|length| *length < spec.length) {
                    let mut candidate = self.best.clone();
                    let smaller = Value::Body(BodySpec { length, seed: 0, ..spec });
                    candidate.calls[index].call.arguments.insert(name.clone(), smaller);
                    if self.try_case(candidate) {
                        any = true;
                        break;
                    }
                }
            }
        }
        any
    }
}

/// A name with an ending in a case, and the name without it; none of those that were tried.
fn ending(case: &Case, passed: &[Swap]) -> Option<Swap> {
    let mut found = None;
    for value in case.calls.iter().flat_map(|turn| turn.call.arguments.values()) {
        each_part(value, &mut |part| {
            if let Value::Apply { function: Function::Concat, of } = part
                && let [name @ (Value::Resource { .. } | Value::Apply { .. }), Value::Literal(_)] = &of[..]
            {
                let swap = (part.clone(), name.clone());
                if !passed.contains(&swap) {
                    found = Some(swap);
                }
            }
        });
    }
    found
}

/// The case without the calls `from..to`, and without the arguments elsewhere that refer to their answers.
fn without_calls(case: &Case, from: usize, to: usize) -> Case {
    let mut smaller = case.clone();
    let gone: Vec<String> = smaller.calls.drain(from..to).map(|turn| turn.id).collect();
    for turn in &mut smaller.calls {
        turn.call.arguments.retain(|_, value| {
            let mut refers = false;
            value.each_symbol(&mut |symbol| refers |= gone.iter().any(|id| id == symbol.call()));
            !refers
        });
        if let Some(after) = &mut turn.after {
            after.retain(|id| !gone.contains(id));
        }
    }
    smaller
}

const fn body_of(value: &Value) -> Option<BodySpec> {
    match value {
        Value::Body(spec) => Some(*spec),
        _ => None,
    }
}

/// The choices of the case's origin that are still in it: their arguments are sent, their set-up is made.
fn remaining_choices(api: &Api, case: &Case) -> Vec<String> {
    let Some(operation) = api.operation(&case.origin.operation) else { return case.origin.choices.clone() };
    let tested = case.calls.iter().find(|turn| turn.id == plumb_model::space::CALL_UNDER_TEST);
    let still = |label: &&String| {
        let Some((dimension, choice)) = label.split_once('=') else { return true };
        let dimension = operation.space.dimensions.iter().find(|own| own.name == dimension);
        let Some(choice) = dimension.and_then(|own| own.choices.iter().find(|own| own.name == choice)) else {
            return true;
        };
        let is_there = |turn: &Turn| case.calls.iter().any(|own| own.id == turn.id);
        match tested {
            // The failing call is one of those that reach the state.
            None => choice.setup.iter().any(is_there),
            Some(tested) => {
                // A workflow has values of its own in place of those that a set-up made.
                let is_walked = case.origin.suite == WORKFLOWS;
                let stands_for = |own: &Value, value: &Value| {
                    let other = |value: &Value| !matches!(value, Value::Literal(_) | Value::Body(_));
                    own == value || is_walked && other(own) && other(value)
                };
                let given = |(name, value): &(&str, Value)| {
                    tested.call.argument(name).is_some_and(|own| stands_for(own, value))
                };
                let sent = choice.actor.is_none_or(|actor| tested.actor.as_deref() == Some(actor));
                let is_set_up = is_walked || choice.setup.iter().all(is_there);
                sent && choice.arguments.iter().all(given) && is_set_up
            }
        }
    };
    case.origin.choices.iter().filter(still).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_model::call::Call;
    use plumb_model::space::{Choice, Dimension};

    fn long_case() -> Case {
        let mut case = Case::new("kv");
        for index in 0..29 {
            let call = Call::new("Put").with("key", "k").with("value", BodySpec::random(index, 500));
            case.calls.push(Turn::new(format!("put{index}"), call));
        }
        let get = Call::new("Get").with("key", "k").with("if-none-match", Value::symbol("put20", "revision"));
        case.calls.push(Turn::new("get", get));
        case
    }

    #[test]
    fn a_bug_that_needs_two_calls_of_thirty_comes_out_at_two() {
        let api = plumb_kv::api();
        let mut fails = |case: &Case| {
            let puts = case.calls.iter().filter(|turn| turn.call.operation == "Put").count();
            let has_key = case.calls.last().is_some_and(|turn| turn.call.argument("key").is_some());
            Shown::of(puts >= 1 && has_key)
        };
        let minimised = minimise(&api, &long_case(), &Passed::default(), 500, &mut fails);
        assert_eq!(minimised.case.calls.len(), 2);
        let arguments: Vec<usize> = minimised.case.calls.iter().map(|turn| turn.call.arguments.len()).collect();
        assert_eq!(arguments, [0, 1]);
        assert!(minimised.tries < 100, "{}", minimised.tries);
    }

    #[test]
    fn the_sender_stays_where_the_failure_hangs_on_it_and_goes_where_it_does_not() {
        let mut api = plumb_kv::api();
        let get = api.operations.iter_mut().find(|operation| operation.name == "Get").expect("it has one");
        let callers = vec![Choice::absent("owner"), Choice::sent_by("other", "other")];
        get.space.dimensions.push(Dimension::argument("caller", callers));
        let row = get.space.row(&["caller=other".to_owned()]).expect("a row");
        let case = get.case("kv", "choices", &row);
        let sender = |case: &Case| case.calls.iter().find(|turn| turn.id == "call").and_then(|turn| turn.actor.clone());
        assert_eq!(sender(&case).as_deref(), Some("other"));
        let none = Passed::default();
        let small = minimise(&api, &case, &none, 100, &mut |case| Shown::of(sender(case).is_some())).case;
        assert_eq!(
            (sender(&small).as_deref(), &small.origin.choices[..]),
            (Some("other"), &["caller=other".into()][..])
        );
        let is_there = &mut |case: &Case| Shown::of(case.calls.iter().any(|turn| turn.id == "call"));
        let small = minimise(&api, &case, &none, 100, is_there).case;
        assert_eq!((sender(&small), small.origin.choices), (None, vec![]));
    }

    #[test]
    fn the_names_of_a_workflow_lose_the_endings_that_do_not_matter() {
        let key = |ending: &str| Value::concat([Value::resource("key", "a"), ending.into()]);
        let mut case = Case::new("kv");
        WORKFLOWS.clone_into(&mut case.origin.suite);
        for (id, operation, ending) in [("c1", "Put", "-x"), ("c2", "Get", "-x"), ("c3", "Get", "-y")] {
            case.calls.push(Turn::new(id, Call::new(operation).with("key", key(ending))));
        }
        let last_key = |case: &Case| case.calls.last().and_then(|turn| turn.call.argument("key").cloned());
        let mut fails = |case: &Case| Shown::of(last_key(case) == Some(key("-y")));
        let small = minimise(&plumb_kv::api(), &case, &Passed::default(), 100, &mut fails).case;
        assert_eq!(small.calls.len(), 1, "what is needed stays");
        let mut fails = |case: &Case| Shown::of(case.calls.len() == 3 && case.calls[1].call.arguments.len() == 1);
        let small = minimise(&plumb_kv::api(), &case, &Passed::default(), 100, &mut fails).case;
        assert_eq!(small.calls[1].call.argument("key"), Some(&Value::resource("key", "a")));
    }

    #[test]
    fn nothing_is_tried_beyond_the_budget() {
        let mut count = 0;
        let mut fails = |_: &Case| {
            count += 1;
            Shown::Nothing
        };
        let minimised = minimise(&plumb_kv::api(), &long_case(), &Passed::default(), 7, &mut fails);
        assert_eq!((minimised.tries, count), (7, 7));
        assert_eq!(minimised.case.calls, long_case().calls);
    }
}
