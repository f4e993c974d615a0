//! One walk: call after call, each the best of a few proposals.

use plumb_model::bodies::Bodies;
use plumb_model::call::{Case, Need, Turn};
use plumb_model::space::{CALL_UNDER_TEST, Hazard};

use super::dice::Dice;
use super::forms::{Action, Plan, merge};
use super::guide::{Guide, Step};
use super::proposal::{Desk, Made, Proposal};
use super::swarm::Swarm;
use super::{CALLS_MAX, CALLS_MIN, LEGAL_SHARE, WORKFLOWS};

/// How many proposals are looked at for one call.
const PROPOSALS_MAX: usize = 10;
/// How often a walk tries to go on for each call that it sets out to make.
const TRIES_PER_CALL: usize = 3;
/// Of a hundred calls, how many are drawn as if no weights were given: what nobody does yet may be done tomorrow.
const UNWEIGHTED_SHARE: usize = 10;
/// Of a hundred walks, how many end with a look at what the last change left behind.
const LOOK_SHARE: usize = 60;

/// A walk under way.
pub(super) struct Walk<'w, 'a> {
    plan: &'w Plan<'a>,
    bodies: &'w Bodies,
    dice: Dice,
    swarm: Swarm,
    guide: Guide<'w>,
    needs: Vec<Need>,
    made: Vec<Made>,
    labels: Vec<String>,
}

/// A proposal that the model was asked about.
struct Tried<'w> {
    proposal: Proposal,
    turns: Vec<Turn>,
    steps: Vec<Step>,
    needs: Vec<Need>,
    guide: Guide<'w>,
}

/// What a proposal is worth, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// The model says that it will be refused, as it would have been at the start.
    Fails,
    /// It will be refused because of what the walk has made.
    Refused,
    /// It was asked before, and nothing has changed since.
    Again,
    /// It works.
    Works,
    /// It works, and meets what the walk has made.
    Meets,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(plan: &'w Plan<'a>, bodies: &'w Bodies, mut dice: Dice) -> Self {
        bodies.forget_given();
        let swarm = Swarm::draw(plan, &mut dice);
        let guide = Guide::new(plan.api, bodies, &[]);
        Self { plan, bodies, dice, swarm, guide, needs: vec![], made: vec![], labels: vec![] }
    }

    /// Walks to the end.
    pub(super) fn case(mut self) -> Case {
        let calls = CALLS_MIN + self.dice.below(CALLS_MAX + 1 - CALLS_MIN);
        for _ in 0..calls * TRIES_PER_CALL {
            if self.made.len() >= calls {
                break;
            }
            if let Some(tried) = self.next(CALLS_MAX - self.made.len()) {
                self.go(tried);
            }
        }
        if self.dice.percent(LOOK_SHARE) {
            self.look();
        }
        self.told()
    }

    /// The case of the calls that were made; where the walk could make none, that of the first operation.
    fn told(self) -> Case {
        let api = self.plan.api;
        let mut case = Case::new(api.name);
        case.needs = self.needs;
        case.calls = self.made.into_iter().map(|made| made.turn).collect();
        case.origin.choices = self.labels;
        if case.calls.is_empty()
            && let Some(action) = self.plan.actions.first()
        {
            case = action.operation.case(api.name, WORKFLOWS, &action.operation.space.defaults());
            case.calls.retain(|turn| turn.id == CALL_UNDER_TEST);
        }
        WORKFLOWS.clone_into(&mut case.origin.suite);
        WORKFLOWS.clone_into(&mut case.origin.operation);
        case
    }

    /// The next call: mostly one that works and meets something, the best of some proposals; else one that is refused
    /// for what it meets, or whatever comes.
    fn next(&mut self, room: usize) -> Option<Tried<'w>> {
        let is_guided = self.dice.percent(LEGAL_SHARE);
        let mut best: Option<(Worth, Tried<'w>)> = None;
        for _ in 0..PROPOSALS_MAX {
            let Some(proposal) = self.propose() else { continue };
            let Some(tried) = self.tried(proposal).filter(|tried| tried.turns.len() <= room) else { continue };
            let worth = self.worth(&tried);
            let is_it = worth == if is_guided { Worth::Meets } else { Worth::Refused };
            let is_better = best.as_ref().is_none_or(|(own, _)| is_guided && *own < worth);
            if !is_it && !is_better || !tried.turns.iter().all(|turn| tried.guide.can_send(turn)) {
                continue;
            }
            if is_it {
                return Some(tried);
            }
            best = Some((worth, tried));
        }
        // Rather a shorter walk than one that asks the same again and again.
        let enough = match self.made.len() {
            _ if !is_guided => Worth::Fails,
            0 => Worth::Fails,
            1..CALLS_MIN => Worth::Again,
            _ => Worth::Works,
        };
        best.filter(|(worth, _)| *worth >= enough).map(|(_, tried)| tried)
    }

    fn propose(&mut self) -> Option<Proposal> {
        let plan = self.plan;
        let action = &plan.actions[self.action()?];
        self.desk().propose(action)
    }

    fn desk(&mut self) -> Desk<'_, 'a> {
        Desk { plan: self.plan, swarm: &self.swarm, made: &self.made, dice: &mut self.dice }
    }

    /// Which operation is called next.
    fn action(&mut self) -> Option<usize> {
        let heavy = |weigh: &dyn Fn(&Action<'_>) -> u64| -> Vec<u64> {
            let each = self.plan.actions.iter().enumerate();
            each.map(|(index, action)| if self.swarm.has(index) { weigh(action) } else { 0 }).collect()
        };
        let name = |back: usize| {
            let place = self.made.len().checked_sub(back);
            place.map_or("", |place| self.made[place].turn.call.operation.as_ref())
        };
        let plain = heavy(&|action| action.weight);
        let learned = self.plan.weights.as_ref().map(|weights| {
            let last = (name(2), name(1));
            heavy(&|action| weights.next(last, action.operation.name))
        });
        let learned = learned.filter(|_| !self.dice.percent(UNWEIGHTED_SHARE));
        learned.and_then(|weights| self.dice.weighted(&weights)).or_else(|| self.dice.weighted(&plain))
    }

    /// What the model says of a proposal; none where the walk may not make it, or it hangs on what no answer told.
    fn tried(&self, proposal: Proposal) -> Option<Tried<'w>> {
        let mut needs = self.needs.clone();
        let mut more = proposal.needs.clone();
        for turn in proposal.turns.iter().chain(&proposal.longer) {
            let operation = self.plan.api.operation(&turn.call.operation)?;
            if self.plan.is_for_itself(operation, &turn.call) {
                for need in &mut more {
                    need.own = true;
                }
            }
        }
        merge(&mut needs, more);
        if !needs.iter().all(|need| self.swarm.lends(need)) {
            return None;
        }
        // A walk that may have things for itself has them all for itself: they do not change hands on the way.
        for need in &mut needs {
            need.own |= self.swarm.own;
        }
        let guide = self.guide_for(&needs)?;
        let walked = |turns: &[Turn]| {
            let mut guide = guide.clone();
            let steps: Option<Vec<Step>> = turns.iter().map(|turn| guide.step(turn)).collect();
            steps.map(|steps| (turns.to_vec(), steps, guide))
        };
        let longer = || Some(&proposal.longer).filter(|turns| !turns.is_empty()).and_then(|turns| walked(turns));
        let (turns, steps, guide) = walked(&proposal.turns).or_else(longer)?;
        Some(Tried { proposal, turns, steps, needs, guide })
    }

    /// The guide after the calls so far, in a case that borrows `needs`.
    fn guide_for(&self, needs: &[Need]) -> Option<Guide<'w>> {
        if needs == self.needs {
            return Some(self.guide.clone());
        }
        let mut guide = Guide::new(self.plan.api, self.bodies, needs);
        self.made.iter().try_for_each(|made| guide.step(&made.turn).map(|_| ()))?;
        Some(guide)
    }

    /// What a proposal is worth. It meets what the walk made where it is answered otherwise than at the start, or is
    /// about a thing that an earlier call changed.
    fn worth(&self, tried: &Tried<'_>) -> Worth {
        let (Some(last), Some(step)) = (tried.turns.last(), tried.steps.last()) else { return Worth::Fails };
        let mut since_change = self.made.iter().rev().take_while(|made| !made.changed);
        let is_same = |made: &Made| {
            let mut own = last.call.arguments.iter().filter(|(name, _)| self.plan.is_identity(name));
            own.any(|(name, value)| made.turn.call.argument(name) == Some(value))
        };
        if !step.worked {
            if step.met { Worth::Refused } else { Worth::Fails }
        } else if since_change.any(|made| made.turn.call == last.call) {
            Worth::Again
        } else if step.met || self.made.iter().any(|made| made.changed && is_same(made)) {
            Worth::Meets
        } else {
            Worth::Works
        }
    }

    fn go(&mut self, tried: Tried<'w>) {
        let Tried { proposal, turns, steps, needs, guide } = tried;
        if let Some(last) = turns.last() {
            self.labels.extend(proposal.labels.iter().map(|label| format!("{} {label}", last.id)));
        }
        let (count, last) = (turns.len(), proposal.swaps);
        for (place, (turn, step)) in turns.into_iter().zip(steps).enumerate() {
            let swaps = if place + 1 == count { last.clone() } else { vec![] };
            let Step { worked, changed, .. } = step;
            self.made.push(Made { turn, of: proposal.of, swaps, worked, changed });
        }
        (self.needs, self.guide) = (needs, guide);
    }

    /// Looks at what the last change left behind, as far as the walk may.
    fn look(&mut self) {
        let is_write = |made: &&Made| {
            let operation = self.plan.api.operation(&made.turn.call.operation);
            made.changed && operation.is_some_and(|own| own.hazard != Hazard::Reads && own.name == made.of)
        };
        let Some(made) = self.made.iter().rev().find(is_write).cloned() else { return };
        let looks = self.desk().looks(&made).len();
        for number in 0..looks {
            // Each is made anew: its id counts the calls before it.
            let Some(look) = self.desk().looks(&made).into_iter().nth(number) else { return };
            let index = self.plan.actions.iter().position(|own| own.operation.name == look.turns[0].call.operation);
            let is_on = index.is_some_and(|index| self.swarm.has(index));
            if self.made.len() < CALLS_MAX
                && is_on
                && let Some(tried) = self.tried(look)
            {
                self.go(tried);
            }
        }
    }
}
