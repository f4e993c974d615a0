//! What the service may have become: a set of worlds, thinned by every answer.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;

use crate::answer::Answer;
use crate::bodies::Bodies;
use crate::call::Call;
use crate::fault::Ground;
use crate::judge::{self, Mismatch};
use crate::model::{ErasedModel, ErasedState, Outcome};
use crate::seen::{Bindings, Seen};
use crate::time::Interval;

/// The most worlds a belief holds; beyond it the case is inconclusive, never pruned.
pub const BELIEFS_MAX: usize = 512;

/// A call that may yet take effect, or never.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pending {
    id: String,
    call: Call,
    actor: Option<String>,
    earliest_ms: i64,
}

/// One thing the service may have become.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct World {
    /// The state.
    pub state: ErasedState,
    /// What the symbols stand for.
    pub bindings: Bindings,
    pending: Vec<Pending>,
}

/// A set of worlds. Never empty.
#[derive(Debug, Clone)]
pub struct Belief {
    worlds: Vec<World>,
}

/// More worlds than [`BELIEFS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("follow the service: more than {BELIEFS_MAX} states are possible")]
pub struct TooManyWorlds;

/// The context of one call that all worlds share.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// The id of the call.
    pub id: &'a str,
    /// The resolved call.
    pub call: &'a Call,
    /// The public identifier of its sender.
    pub actor: Option<&'a str>,
    /// The flavour.
    pub flavour: &'a str,
    /// The region, for APIs that know regions.
    pub region: &'a str,
    /// From sending to the answer, on the target's clock.
    pub time: Interval,
    /// The pool of bodies.
    pub bodies: &'a Bodies,
    /// Whether the operation never changes anything, in no state.
    pub reads: bool,
}

/// What the model says of an answer.
#[derive(Debug, Clone)]
pub enum Judged {
    /// At least one outcome permits it.
    Permitted {
        /// Whether it was the preferred outcome of a world.
        preferred: bool,
        /// How well the outcome is known.
        ground: Ground,
        /// Every other outcome that was permitted, and where the answer differs from it.
        misses: Vec<Miss>,
    },
    /// No outcome permits it.
    Forbidden {
        /// Every outcome, and where the answer differs from it.
        misses: Vec<Miss>,
        /// Whether what comes after it can still be judged.
        follows: bool,
    },
}

/// An outcome that did not match, and where.
#[derive(Debug, Clone)]
pub struct Miss {
    /// What was permitted.
    pub outcome: Outcome<ErasedState>,
    /// Where the answer differs.
    pub mismatches: Vec<Mismatch>,
}

impl Belief {
    /// The one world at the start of a case.
    pub fn new(state: ErasedState) -> Self {
        Self { worlds: vec![World { state, bindings: Bindings::new(), pending: vec![] }] }
    }

    /// The worlds.
    pub fn worlds(&self) -> &[World] {
        &self.worlds
    }

    /// Everything any world knows of the symbols, for resolving the next call.
    pub fn bindings(&self) -> Bindings {
        match self.worlds.split_first() {
            Some((only, [])) => only.bindings.clone(),
            Some((first, rest)) => {
                rest.iter().fold(first.bindings.clone(), |all, world| all.union(world.bindings.clone()))
            }
            None => Bindings::new(),
        }
    }

    /// Thins the worlds by an answer. Where it is forbidden, the belief goes on as if the nearest outcome of the
    /// same class had been answered, so that one wrong header does not hide everything after it; where there is
    /// no such outcome it stays as it was, and nothing after the answer can be judged.
    pub fn answered(
        &mut self,
        model: &dyn ErasedModel,
        sent: &Sent<'_>,
        answer: &Answer,
    ) -> Result<Judged, TooManyWorlds> {
        let mut kept = Vec::new();
        let mut best: Option<(bool, Ground)> = None;
        let mut misses: Vec<Miss> = Vec::new();
        let mut near: Vec<World> = Vec::new();
        for world in &*self.unfolded(model, sent)? {
            for (index, outcome) in world.outcomes(model, sent).into_iter().enumerate() {
                match judge::judge(&outcome.expectation, answer, &world.seen(sent)) {
                    Ok(bound) => {
                        if best.as_ref().is_none_or(|(preferred, _)| !preferred && index == 0) {
                            best = Some((index == 0, outcome.ground.clone()));
                        }
                        kept.push(world.after(outcome, bound));
                    }
                    Err(mismatches) => {
                        if outcome.expectation.class() == answer.class() {
                            near.push(world.after(outcome.clone(), Vec::new()));
                        }
                        note_miss(&mut misses, outcome, mismatches);
                    }
                }
            }
        }
        match best {
            None => {
                let follows = !near.is_empty();
                if follows {
                    self.worlds = bounded(near)?;
                }
                Ok(Judged::Forbidden { misses, follows })
            }
            Some((preferred, ground)) => {
                self.worlds = bounded(kept)?;
                Ok(Judged::Permitted { preferred, ground, misses })
            }
        }
    }

    /// A call without an answer: it may take effect between any two later events, or never.
    pub fn unanswered(&mut self, sent: &Sent<'_>) {
        if sent.reads {
            return;
        }
        // A call that would change nothing now may change something later: a delayed delete after a put.
        for world in &mut self.worlds {
            world.pending.push(Pending {
                id: sent.id.to_owned(),
                call: sent.call.clone(),
                actor: sent.actor.map(str::to_owned),
                earliest_ms: sent.time.earliest_ms,
            });
        }
    }

    /// What the service may answer: every outcome in every world, without repetition, preferred ones first.
    pub fn permitted(
        &self,
        model: &dyn ErasedModel,
        sent: &Sent<'_>,
    ) -> Result<Vec<Outcome<ErasedState>>, TooManyWorlds> {
        let mut all: Vec<Outcome<ErasedState>> = Vec::new();
        for world in &*self.unfolded(model, sent)? {
            for outcome in world.outcomes(model, sent) {
                if !all.iter().any(|own| own.expectation == outcome.expectation && own.state == outcome.state) {
                    all.push(outcome);
                }
            }
        }
        Ok(all)
    }

    /// Every world, with every subset of its pending calls in every order taken effect.
    fn unfolded(&self, model: &dyn ErasedModel, sent: &Sent<'_>) -> Result<Cow<'_, [World]>, TooManyWorlds> {
        if self.worlds.iter().all(|world| world.pending.is_empty()) {
            return Ok(Cow::Borrowed(&self.worlds));
        }
        let mut seen: BTreeSet<World> = self.worlds.iter().cloned().collect();
        let mut open: Vec<World> = self.worlds.clone();
        while let Some(world) = open.pop() {
            for index in 0..world.pending.len() {
                for next in world.with_effect(index, model, sent) {
                    if seen.insert(next.clone()) {
                        open.push(next);
                    }
                }
                if seen.len() > BELIEFS_MAX {
                    return Err(TooManyWorlds);
                }
            }
        }
        Ok(Cow::Owned(seen.into_iter().collect()))
    }
}

impl World {
    fn seen<'a>(&'a self, sent: &Sent<'a>) -> Seen<'a> {
        Seen {
            call_id: sent.id,
            actor: sent.actor,
            bindings: &self.bindings,
            flavour: sent.flavour,
            region: sent.region,
            time: sent.time,
            bodies: sent.bodies,
        }
    }

    fn outcomes(&self, model: &dyn ErasedModel, sent: &Sent<'_>) -> Vec<Outcome<ErasedState>> {
        model.step(&self.state, sent.call, &self.seen(sent))
    }

    fn after(&self, outcome: Outcome<ErasedState>, bound: Vec<(crate::value::Symbol, Bytes)>) -> Self {
        Self {
            state: outcome.state.unwrap_or_else(|| self.state.clone()),
            bindings: if bound.is_empty() { self.bindings.clone() } else { judge::bind(&self.bindings, bound) },
            pending: self.pending.clone(),
        }
    }

    /// The worlds in which the pending call `index` has taken effect by now.
    fn with_effect(&self, index: usize, model: &dyn ErasedModel, sent: &Sent<'_>) -> Vec<Self> {
        let mut pending = self.pending.clone();
        let effect = pending.remove(index);
        let late = Sent {
            id: &effect.id,
            call: &effect.call,
            actor: effect.actor.as_deref(),
            time: Interval { earliest_ms: effect.earliest_ms, latest_ms: sent.time.latest_ms },
            ..*sent
        };
        let changed = self.outcomes(model, &late).into_iter().filter_map(|outcome| outcome.state);
        changed.map(|state| Self { state, bindings: self.bindings.clone(), pending: pending.clone() }).collect()
    }
}

fn bounded(mut worlds: Vec<World>) -> Result<Vec<World>, TooManyWorlds> {
    if worlds.len() > 1 {
        worlds.sort();
        worlds.dedup();
    }
    if worlds.len() > BELIEFS_MAX { Err(TooManyWorlds) } else { Ok(worlds) }
}

fn note_miss(misses: &mut Vec<Miss>, outcome: Outcome<ErasedState>, mismatches: Vec<Mismatch>) {
    if !misses.iter().any(|miss| miss.outcome.expectation == outcome.expectation) {
        misses.push(Miss { outcome, mismatches });
    }
}
