//! The model as a server: takes a request, picks a permitted outcome, answers. The tool's own test subject.

use std::collections::BTreeSet;

use bytes::Bytes;
use plumb_model::answer::Answer;
use plumb_model::api::Api;
use plumb_model::bodies::Bodies;
use plumb_model::call::Call;
use plumb_model::http::{Headers, Request, Response};
use plumb_model::judge;
use plumb_model::model::{ErasedState, Outcome};
use plumb_model::plant::{Effect, Plant};
use plumb_model::realise::Realiser;
use plumb_model::seen::{Bindings, Seen};
use plumb_model::time::Interval;
use plumb_model::wire::{Actor, Receiving};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// How many of the calls that changed something are remembered for planted bugs; beyond it the older half is forgotten.
pub const STORED_CALLS_MAX: usize = 10_000;

/// Which of the permitted outcomes are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// Always the preferred one.
    Preferred,
    /// Any, drawn from a seeded stream.
    Any {
        /// The seed.
        seed: u64,
    },
}

/// How a server is made from the model.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The flavour.
    pub flavour: &'static str,
    /// The region, for APIs that sign with one.
    pub region: String,
    /// The identities it knows.
    pub actors: Vec<Actor>,
    /// Which outcomes it gives.
    pub answers: Answers,
}

/// A server made from the model.
pub struct ModelServer<'a> {
    api: &'a Api,
    options: ServerOptions,
    plant: Option<Plant>,
    realiser: Realiser,
    bodies: Bodies,
    state: ErasedState,
    state_before: ErasedState,
    bindings: Bindings,
    stored: Vec<Call>,
    count: u64,
    realised: BTreeSet<String>,
    offered: BTreeSet<String>,
}

impl<'a> ModelServer<'a> {
    /// A server that remembers nothing yet.
    pub fn new(api: &'a Api, options: ServerOptions, plant: Option<Plant>) -> Self {
        let (seed, vary) = match options.answers {
            Answers::Preferred => (0, false),
            Answers::Any { seed } => (seed, true),
        };
        let state = api.model.initial(&[]);
        Self {
            api,
            options,
            plant,
            realiser: Realiser::new(ChaCha8Rng::seed_from_u64(seed), vary),
            bodies: Bodies::new(),
            state_before: state.clone(),
            state,
            bindings: Bindings::new(),
            stored: Vec::new(),
            count: 0,
            realised: BTreeSet::new(),
            offered: BTreeSet::new(),
        }
    }

    /// The outcomes that were given so far, as `operation: class (source)`.
    pub fn realised(&self) -> &BTreeSet<String> {
        &self.realised
    }

    /// The outcomes that the model permitted so far, whether they were given or not.
    pub fn offered(&self) -> &BTreeSet<String> {
        &self.offered
    }

    /// Answers a request at `now_ms` since 1970.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Response {
        let receiving = Receiving {
            region: &self.options.region,
            actors: &self.options.actors,
            now_s: now_ms.div_euclid(1000),
            bodies: &self.bodies,
        };
        let mut response = match self.api.wire.decode_request(request, &receiving) {
            Ok(received) => {
                let answer = self.answer(&received.call, received.actor.as_deref(), now_ms);
                self.api.wire.encode_response(&received.call, &answer)
            }
            Err(unmodelled) => unmodelled_response(&unmodelled.to_string()),
        };
        if response.headers.get("date").is_none() {
            response.headers.push("date", plumb_model::time::http_date(now_ms.div_euclid(1000)));
        }
        response
    }

    fn answer(&mut self, call: &Call, actor: Option<&str>, now_ms: i64) -> Answer {
        self.count += 1;
        let id = format!("s{}", self.count);
        let effect = self.plant.as_ref().map_or(Effect::Honest, |plant| plant.bug.on_call(call, &self.stored));
        let asked = if let Effect::Instead(other) = &effect { other } else { call };
        let base = if effect == Effect::Stale { self.state_before.clone() } else { self.state.clone() };
        let bindings = self.bindings.clone();
        let first = self.options.actors.first().map(|actor| actor.id.clone());
        let actor = if effect == Effect::AsFirst { first.as_deref() } else { actor };
        let seen = Seen {
            call_id: &id,
            actor,
            bindings: &bindings,
            flavour: self.options.flavour,
            region: &self.options.region,
            time: Interval::at_ms(now_ms),
            bodies: &self.bodies,
        };
        let mut outcomes = self.api.model.step(&base, asked, &seen);
        if outcomes.is_empty() {
            return Answer { status: 501, ..Answer::default() };
        }
        self.offered.extend(outcomes.iter().map(|outcome| label(call, outcome)));
        let chosen = match self.options.answers {
            Answers::Preferred => 0,
            Answers::Any { .. } => self.realiser.below(outcomes.len()),
        };
        let outcome = outcomes.swap_remove(chosen);
        let mut answer = self.realiser.answer(&outcome.expectation, &seen);
        if let Ok(bound) = judge::judge(&outcome.expectation, &answer, &seen) {
            self.bindings = judge::bind(&bindings, bound);
        }
        self.note(call, &effect, outcome);
        if let Some(plant) = &self.plant {
            plant.bug.on_answer(call, &mut answer);
        }
        answer
    }

    fn note(&mut self, call: &Call, effect: &Effect, outcome: Outcome<ErasedState>) {
        self.realised.insert(label(call, &outcome));
        if let (Some(state), false) = (outcome.state, *effect == Effect::Forget) {
            self.state_before = std::mem::replace(&mut self.state, state);
            if self.plant.is_some() {
                if self.stored.len() >= STORED_CALLS_MAX {
                    self.stored.drain(..STORED_CALLS_MAX / 2);
                }
                self.stored.push(call.clone());
            }
        }
    }
}

/// `operation: class (source)`.
fn label(call: &Call, outcome: &Outcome<ErasedState>) -> String {
    format!("{}: {} ({})", call.operation, outcome.expectation.class(), outcome.ground.source)
}

fn unmodelled_response(why: &str) -> Response {
    let mut headers = Headers::default();
    headers.push("content-type", "text/plain; charset=utf-8");
    Response { status: 501, headers, body: Bytes::from(format!("{why}\n")), truncated: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status of a write on condition of a revision that no answer has told: 200 preferred, 412 permitted.
    fn status(answers: Answers) -> u16 {
        let api = plumb_kv::api();
        let options = ServerOptions { flavour: "standard", region: String::new(), actors: vec![], answers };
        let mut server = ModelServer::new(&api, options, None);
        let put = Call::new("Put").with("key", "a").with("value", "v");
        server.answer(&put, None, 0);
        server.bindings = Bindings::new();
        server.answer(&put.with("if-match", "\"never told\""), None, 0).status
    }

    #[test]
    fn the_preferred_answer_is_never_drawn() {
        assert_eq!(status(Answers::Preferred), 200);
        let drawn: BTreeSet<u16> = (0..20).map(|seed| status(Answers::Any { seed })).collect();
        assert_eq!(drawn, BTreeSet::from([200, 412]));
    }
}
