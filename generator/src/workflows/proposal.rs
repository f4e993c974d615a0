//! A call that a walk might make next, pointed at what the walk has made already.

use plumb_model::call::{Call, Need, Turn};
use plumb_model::space::{CALL_UNDER_TEST, Operation, Row};
use plumb_model::value::Value;

use super::WORKFLOWS;
use super::dice::Dice;
use super::forms::{Action, Form, Plan, merge};
use super::swarm::Swarm;
use super::values::{Swap, bodies, each_part, renamed, swapped};

/// Of a hundred calls, how many are of the operation's own rows; the others are set-ups and probes.
const ROW_SHARE: usize = 70;
/// Of a hundred bodies, how many are drawn anew.
const BODY_SHARE: usize = 60;
/// Of a hundred arguments that say which thing a call is about, how many are those of an earlier call.
const SAME_THING_SHARE: usize = 50;
/// Of a hundred other arguments, how many are those of an earlier call.
const SAME_VALUE_SHARE: usize = 8;
/// How many calls back a walk looks for something to meet.
const LOOK_BACK: usize = 6;

/// A call of the walk, as it was made.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) turn: Turn,
    /// The operation in whose space the call stands.
    pub(super) of: &'static str,
    pub(super) swaps: Vec<Swap>,
    pub(super) worked: bool,
    pub(super) changed: bool,
}

/// One call, with those before it that it hangs on.
pub(super) struct Proposal {
    pub(super) turns: Vec<Turn>,
    /// The same, with more calls in front: for values that only another answer tells.
    pub(super) longer: Vec<Turn>,
    pub(super) needs: Vec<Need>,
    pub(super) of: &'static str,
    pub(super) swaps: Vec<Swap>,
    /// The choices that the last call is made of.
    pub(super) labels: Vec<String>,
}

/// Who proposes: what may be done at all, and what was done.
pub(super) struct Desk<'d, 'a> {
    pub(super) plan: &'d Plan<'a>,
    pub(super) swarm: &'d Swarm,
    pub(super) made: &'d [Made],
    pub(super) dice: &'d mut Dice,
}

/// What a call is turned into on its way into the walk.
#[derive(Default)]
struct Turning {
    swaps: Vec<Swap>,
    ids: Vec<(String, String)>,
}

impl Desk<'_, '_> {
    /// A call of an operation; none where what was drawn does not fit together.
    pub(super) fn propose(&mut self, action: &Action<'_>) -> Option<Proposal> {
        if action.forms.is_empty() || self.dice.percent(ROW_SHARE) {
            let row = self.swarm.row(self.plan, action, self.dice)?;
            Some(self.of_row(action.operation, &row))
        } else {
            let form = &action.forms[self.dice.below(action.forms.len())];
            Some(self.of_form(form))
        }
    }

    /// The call of a row. Its set-up is left out, and what it was to make is something that the walk has made.
    fn of_row(&mut self, operation: &Operation, row: &Row) -> Proposal {
        let case = operation.case(self.plan.api.name, WORKFLOWS, row);
        let place = case.calls.iter().position(|turn| turn.id == CALL_UNDER_TEST).unwrap_or(0);
        let (setup, tested) = (&case.calls[..place], &case.calls[place]);
        let mut turning = Turning::default();
        for turn in setup {
            self.meet(turn, &mut turning);
        }
        self.fill(tested, &mut turning);
        let needed = needed(setup, tested, &turning);
        let with = |wanted: &dyn Fn(&Turn) -> bool, turning: &Turning| {
            let before: Vec<Turn> = setup.iter().filter(|turn| wanted(turn)).cloned().collect();
            self.turned(&before, tested, turning)
        };
        let turns = with(&|turn| needed.contains(&turn.id), &turning);
        let longer =
            with(&|turn| !turning.ids.iter().any(|(own, _)| *own == turn.id) || reads(self.plan, turn), &turning);
        let mut needs = case.needs.clone();
        for turn in turns.iter().chain(&longer) {
            merge(&mut needs, self.plan.needs_of(operation, &turn.call));
        }
        let labels = labels(operation, row);
        Proposal { turns, longer, needs, of: operation.name, swaps: turning.swaps, labels }
    }

    /// A set-up or a probe. A probe looks at what a call left behind that it belongs to.
    fn of_form(&mut self, form: &Form<'_>) -> Proposal {
        let mut turning = Turning::default();
        let after: Vec<&Made> = self.made.iter().filter(|own| form.is_probe && own.of == form.of.name).collect();
        if let Some(made) = self.dice.pick(&after) {
            turning.swaps.clone_from(&made.swaps);
        }
        self.fill(form.turn, &mut turning);
        let turns = self.turned(&[], form.turn, &turning);
        let mut needs = form.needs.clone();
        merge(&mut needs, self.plan.needs_of(form.of, &turns[0].call));
        Proposal { turns, longer: vec![], needs, of: form.of.name, swaps: turning.swaps, labels: vec![] }
    }

    /// The probes of a call that was made, each pointed at it.
    pub(super) fn looks(&self, made: &Made) -> Vec<Proposal> {
        let of = self.plan.api.operation(made.of).into_iter();
        let turning = Turning { swaps: made.swaps.clone(), ids: vec![] };
        of.flat_map(|of| {
            let turning = &turning;
            of.probes.iter().map(move |probe| {
                let turns = self.turned(&[], probe, turning);
                let needs = self.plan.needs_of(of, &turns[0].call);
                Proposal { turns, longer: vec![], needs, of: of.name, swaps: made.swaps.clone(), labels: vec![] }
            })
        })
        .collect()
    }

    /// Points a set-up call at one like it that the walk has made.
    fn meet(&mut self, turn: &Turn, turning: &mut Turning) {
        let is_like = |own: &&Made| own.worked && own.turn.call.operation == turn.call.operation;
        let alike: Vec<&Made> = self.made.iter().rev().filter(is_like).take(LOOK_BACK).collect();
        let Some(made) = self.dice.pick(&alike) else { return };
        turning.ids.push((turn.id.clone(), made.turn.id.clone()));
        for (name, value) in &turn.call.arguments {
            if let Some(other) = made.turn.call.argument(name) {
                turning.swap(value, other.clone());
            }
        }
    }

    /// Draws what is still open: which thing a call is about, how its names end, what its bodies are.
    fn fill(&mut self, tested: &Turn, turning: &mut Turning) {
        for (name, value) in &tested.call.arguments {
            let is_open = !turning.swaps.iter().any(|(own, _)| holds(value, own));
            let share = if self.plan.is_identity(name) { SAME_THING_SHARE } else { SAME_VALUE_SHARE };
            if is_open && self.dice.percent(share) {
                let used = self.made.iter().rev().filter(|own| own.worked).take(LOOK_BACK);
                let used: Vec<&Value> = used.filter_map(|own| own.turn.call.argument(name)).collect();
                if let Some(other) = self.dice.pick(&used) {
                    turning.swap(value, (*other).clone());
                }
            }
        }
        let mut parts: Vec<Value> = Vec::new();
        for value in tested.call.arguments.values() {
            each_part(value, &mut |part| {
                if (self.plan.is_own_name(part) || matches!(part, Value::Body(_))) && !parts.contains(part) {
                    parts.push(part.clone());
                }
            });
        }
        for part in parts {
            if let Some(other) = self.other(&part) {
                turning.swap(&part, other);
            }
        }
    }

    /// A value in place of a name or a body; none where it stays.
    fn other(&mut self, part: &Value) -> Option<Value> {
        match part {
            Value::Body(own) if self.dice.percent(BODY_SHARE) => self.dice.value(&bodies(*own)).map(Value::Body),
            Value::Resource { .. } => {
                let ending = self.dice.pick(&self.swarm.endings).filter(|ending| !ending.is_empty())?;
                Some(Value::concat([part.clone(), ending.as_str().into()]))
            }
            _ => None,
        }
    }

    /// The calls as they go into the walk, under ids of their own.
    fn turned(&self, before: &[Turn], tested: &Turn, turning: &Turning) -> Vec<Turn> {
        let mut ids = turning.ids.clone();
        let mut turns = Vec::new();
        for (turn, number) in before.iter().chain([tested]).zip(self.made.len() + 1..) {
            let id = format!("c{number}");
            let mut call = Call::new(turn.call.operation.clone());
            for (name, value) in &turn.call.arguments {
                call.arguments.insert(name.clone(), renamed(&swapped(value, &turning.swaps), &ids));
            }
            ids.insert(0, (turn.id.clone(), id.clone()));
            turns.push(Turn { id, call, ..turn.clone() });
        }
        turns
    }
}

impl Turning {
    /// Has `other` stand for `value`. What was said first holds; a literal stands for too many things.
    fn swap(&mut self, value: &Value, other: Value) {
        let is_known = self.swaps.iter().any(|(own, _)| own == value);
        if !is_known && !matches!(value, Value::Literal(_)) {
            self.swaps.push((value.clone(), other));
        }
    }
}

fn holds(value: &Value, inner: &Value) -> bool {
    let mut found = false;
    each_part(value, &mut |part| found |= part == inner);
    found
}

fn reads(plan: &Plan<'_>, turn: &Turn) -> bool {
    let operation = plan.api.operation(&turn.call.operation);
    operation.is_some_and(|own| own.hazard == plumb_model::space::Hazard::Reads)
}

/// The set-up calls whose answers the call hangs on, and that nothing in the walk stands for.
fn needed(setup: &[Turn], tested: &Turn, turning: &Turning) -> Vec<String> {
    let mut needed: Vec<String> = Vec::new();
    for turn in std::iter::once(tested).chain(setup.iter().rev()) {
        if turn.id == tested.id || needed.contains(&turn.id) {
            turn.call.each_symbol(&mut |symbol| {
                if !turning.ids.iter().any(|(own, _)| own == symbol.call()) {
                    needed.push(symbol.call().to_owned());
                }
            });
        }
    }
    needed
}

/// The choices of a row that are in the call itself. The state that a choice sets up is not the one that is met.
fn labels(operation: &Operation, row: &Row) -> Vec<String> {
    let each = operation.space.dimensions.iter().zip(row).filter(|(_, choice)| **choice != 0);
    let told = each.filter(|(dimension, choice)| {
        let choice = &dimension.choices[**choice];
        !choice.arguments.is_empty() || choice.actor.is_some()
    });
    told.map(|(dimension, choice)| format!("{}={}", dimension.name, dimension.choices[*choice].name)).collect()
}
