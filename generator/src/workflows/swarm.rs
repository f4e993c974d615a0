//! What one walk may do: a part of the operations and of the dimensions, drawn anew for each.
//!
//! Where everything may happen in every case, what fills a state up is undone as often, and rare things never come
//! close together. So each case leaves a random part out (Groce et al., "Swarm Testing", 2012).

use std::collections::{BTreeMap, BTreeSet};

use plumb_model::call::Need;
use plumb_model::space::{Choice, Hazard, Row, Space};

use super::FAULT_SHARE;
use super::dice::Dice;
use super::forms::{Action, Plan};
use super::values::endings;
use crate::suites::row_with;

/// Of a hundred operations, how many a walk does without.
const OPERATIONS_OFF_SHARE: usize = 33;
/// Of a hundred walks, how many surely have the operation that makes what the others meet.
const MAKING_SHARE: usize = 90;
/// Of a hundred dimensions, how many stay at their default in a walk.
const DIMENSIONS_OFF_SHARE: usize = 50;
/// Of a hundred walks, how many have faults in some of their rows.
const FAULTY_SHARE: usize = 50;
/// Of a hundred walks, how many have what they borrow for themselves.
const OWN_SHARE: usize = 40;
/// Of a hundred walks, how many know a second identity.
const OTHERS_SHARE: usize = 12;
/// How many endings names have in a walk: so few that the same thing is met again.
const ENDINGS_MAX: usize = 3;
/// The most dimensions of a row that are off their default.
const VARIED_MAX: usize = 3;

/// What one walk may do.
pub(super) struct Swarm {
    actions: BTreeSet<usize>,
    off: BTreeSet<(&'static str, &'static str)>,
    has_faults: bool,
    /// Whether the case has what it borrows for itself.
    pub(super) own: bool,
    has_others: bool,
    /// What its names end with.
    pub(super) endings: Vec<String>,
}

impl Swarm {
    pub(super) fn draw(plan: &Plan<'_>, dice: &mut Dice) -> Self {
        let count = 1 + dice.below(ENDINGS_MAX);
        let endings = endings();
        Self {
            actions: actions(plan, dice),
            off: dimensions_off(plan, dice),
            has_faults: dice.percent(FAULTY_SHARE),
            own: dice.percent(OWN_SHARE),
            has_others: dice.percent(OTHERS_SHARE),
            endings: (0..count).filter_map(|_| dice.value(&endings)).collect(),
        }
    }

    /// Whether calls of the operation with this number are made.
    pub(super) fn has(&self, action: usize) -> bool {
        self.actions.contains(&action)
    }

    /// Whether the walk may borrow this.
    pub(super) fn lends(&self, need: &Need) -> bool {
        match need.actor {
            Some(_) => self.has_others,
            None => self.own || !need.own,
        }
    }

    /// A row of an operation: the choices that customers make where that is known, and a few others off the default,
    /// of dimensions that are on.
    pub(super) fn row(&self, plan: &Plan<'_>, action: &Action<'_>, dice: &mut Dice) -> Option<Row> {
        let space = &action.operation.space;
        let mut pins: BTreeMap<usize, usize> = BTreeMap::new();
        for index in 0..space.dimensions.len() {
            let learned =
                learned(plan, action, index).and_then(|weights| self.choice(action, index, false, &weights, dice));
            pins.extend(learned.map(|choice| (index, choice)));
        }
        for _ in 0..dice.below(VARIED_MAX + 1) {
            let index = dice.below(space.dimensions.len());
            if self.is_on(action, index) && !pins.contains_key(&index) {
                pins.extend(self.any_choice(action, index, false, dice).map(|choice| (index, choice)));
            }
        }
        if self.has_faults && dice.percent(FAULT_SHARE) {
            let index = dice.below(space.dimensions.len());
            if self.is_on(action, index) {
                pins.extend(self.any_choice(action, index, true, dice).map(|choice| (index, choice)));
            }
        }
        let pins: Vec<(usize, usize)> = pins.into_iter().collect();
        row_with(space, &pins).filter(|row| self.permits(space, row))
    }

    fn is_on(&self, action: &Action<'_>, index: usize) -> bool {
        let (operation, dimensions) = (action.operation.name, &action.operation.space.dimensions);
        dimensions.get(index).is_some_and(|dimension| !self.off.contains(&(operation, dimension.name)))
    }

    /// Any choice of one dimension: of those that hold a fault, or of the others.
    fn any_choice(&self, action: &Action<'_>, index: usize, fault: bool, dice: &mut Dice) -> Option<usize> {
        let count = action.operation.space.dimensions.get(index)?.choices.len();
        self.choice(action, index, fault, &vec![1; count], dice)
    }

    fn choice(
        &self,
        action: &Action<'_>,
        index: usize,
        fault: bool,
        weights: &[u64],
        dice: &mut Dice,
    ) -> Option<usize> {
        let choices = action.operation.space.dimensions.get(index)?.choices.iter();
        let fits = |choice: &Choice| choice.fault == fault && self.permits_choice(choice);
        let fitting: Vec<u64> = choices.zip(weights).map(|(own, weight)| if fits(own) { *weight } else { 0 }).collect();
        dice.weighted(&fitting)
    }

    fn permits(&self, space: &Space, row: &Row) -> bool {
        space.dimensions.iter().zip(row).all(|(dimension, choice)| self.permits_choice(&dimension.choices[*choice]))
    }

    /// A second identity is for walks that know one; what exposes, costs or cannot be taken back is for none.
    fn permits_choice(&self, choice: &Choice) -> bool {
        let is_tame = choice.hazard.is_none_or(|hazard| hazard <= Hazard::Deletes);
        is_tame && (self.has_others || choice.actor.is_none())
    }
}

/// How often customers make each choice of a dimension; none where that is not known.
fn learned(plan: &Plan<'_>, action: &Action<'_>, index: usize) -> Option<Vec<u64>> {
    let dimension = action.operation.space.dimensions.get(index)?;
    let names: Vec<&str> = dimension.choices.iter().map(|choice| choice.name).collect();
    plan.weights.as_ref()?.choices(action.operation.name, dimension.name, &names)
}

/// The operations that are on. One that the walks are about is among them, and mostly the one that set-ups call most:
/// it makes what the others meet.
fn actions(plan: &Plan<'_>, dice: &mut Dice) -> BTreeSet<usize> {
    let mut on: BTreeSet<usize> = (0..plan.actions.len()).filter(|_| !dice.percent(OPERATIONS_OFF_SHARE)).collect();
    let setups = |index: &usize| plan.actions[*index].forms.iter().filter(|form| !form.is_probe).count();
    if dice.percent(MAKING_SHARE) {
        on.extend((0..plan.actions.len()).max_by_key(setups));
    }
    let is_named = |index: &usize| {
        let name = plan.actions[*index].operation.name;
        plan.named.is_empty() || plan.named.iter().any(|own| own == name)
    };
    let named: Vec<usize> = (0..plan.actions.len()).filter(is_named).collect();
    if !named.iter().any(|index| on.contains(index)) {
        on.extend(dice.pick(&named));
    }
    on
}

fn dimensions_off(plan: &Plan<'_>, dice: &mut Dice) -> BTreeSet<(&'static str, &'static str)> {
    let dimensions = plan.actions.iter().flat_map(|action| {
        let name = action.operation.name;
        action.operation.space.dimensions.iter().map(move |dimension| (name, dimension.name))
    });
    dimensions.filter(|_| dice.percent(DIMENSIONS_OFF_SHARE)).collect()
}
