//! The model without a service: what a row of a space may answer, and how its call stands on the wire.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use plumb_model::api::Api;
use plumb_model::belief::{Belief, Sent};
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Case};
use plumb_model::http::{Headers, Request};
use plumb_model::model::Lease;
use plumb_model::realise::Realiser;
use plumb_model::seen::{Bindings, Names, Seen, resolve_call};
use plumb_model::space::{CALL_UNDER_TEST, Operation, Row};
use plumb_model::time::Interval;
use plumb_model::traffic::Record;
use plumb_model::value::Value;
use plumb_model::wire::{Actor, Receiving, SECOND_ACTOR, Sending};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// What every name starts with here. Nothing is ever called so: nothing leaves.
const MARKER: &str = "plumb-learnlog-000001";
/// A moment: 2026-11-21. What a row may answer does not hang on which one it is.
const NOW_S: i64 = 1_795_200_000;
/// The seed of what a model leaves open while the state of a row is reached.
const SEED: u64 = 1;

/// An answer, as far as a log tells it: its status, and its code where it has one.
pub(super) type Class = (u16, Option<String>);

/// The model of an API, with names and identities of no service.
pub(super) struct Bench<'a> {
    pub(super) api: &'a Api,
    flavour: &'a str,
    region: &'a str,
    actors: [Actor; 2],
    bodies: Bodies,
    /// The bytes of values that were asked for: those of choices, so there are no more than the spaces have.
    known: RefCell<BTreeMap<Value, Option<Bytes>>>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(api: &'a Api, flavour: &'a str, region: &'a str) -> Self {
        let actor = |name: &str, id: &str| Actor {
            name: name.to_owned(),
            id: id.to_owned(),
            secret: "none".to_owned(),
            session_token: None,
        };
        let actors = [actor("first", "PLUMBLEARNFIRST"), actor(SECOND_ACTOR, "PLUMBLEARNOTHER")];
        Self { api, flavour, region, actors, bodies: Bodies::new(), known: RefCell::default() }
    }

    /// The bytes of the value of a choice, where they hang on no answer.
    pub(super) fn bytes(&self, value: &Value) -> Option<Bytes> {
        if let Some(known) = self.known.borrow().get(value) {
            return known.clone();
        }
        let bytes = plumb_model::seen::resolve(value, self, &Bindings::new(), &self.bodies).ok();
        self.known.borrow_mut().insert(value.clone(), bytes.clone());
        bytes
    }

    /// What the call that a log tells of is.
    pub(super) fn decode(&self, record: &Record) -> Result<plumb_model::traffic::Logged, String> {
        self.api.wire.decode_logged(record, &self.receiving()).map_err(|unmodelled| unmodelled.0)
    }

    /// The request of a row's call; none where it cannot be put on the wire without an answer before.
    pub(super) fn request(&self, operation: &Operation, row: &Row) -> Option<Request> {
        let case = operation.case(self.api.name, "", row);
        let turn = case.calls.iter().find(|turn| turn.id == CALL_UNDER_TEST)?;
        let call = resolve_call(&turn.call, self, &Bindings::new(), &self.bodies).ok()?;
        let sending = Sending {
            authority: "model.invalid",
            region: self.region,
            actor: self.actors.first(),
            now_s: NOW_S,
            bodies: &self.bodies,
        };
        self.api.wire.encode(&call, &sending).ok()
    }

    /// A record of a request as a log has it that lacks header fields, bodies, or both.
    pub(super) fn stripped(request: &Request, has_headers: bool, has_body: bool) -> Record {
        let mut record = Record::new(&request.method, "/", 200);
        record.request.target.clone_from(&request.target);
        record.has_headers = has_headers;
        if has_headers {
            record.request.headers.clone_from(&request.headers);
        } else {
            record.request.headers = Headers::default();
        }
        if has_body {
            record.body = plumb_model::traffic::LoggedBody::Whole;
            record.request.body = request.body.clone();
        }
        record
    }

    /// What the call under test of a case may answer after the calls before it; digests that are right for another
    /// body of the operation are right for its own. Empty where the state cannot be reached here.
    pub(super) fn classes(&self, operation: &Operation, mut case: Case) -> BTreeSet<Class> {
        let tested = case.calls.iter_mut().find(|turn| turn.id == CALL_UNDER_TEST);
        if let (Some(turn), Some(own)) = (tested, super::argument::body_of(operation))
            && let Some(Value::Body(body)) = turn.call.arguments.get(&own).cloned()
        {
            super::argument::replace_body(&mut turn.call, operation, body);
        }
        self.bodies.forget_given();
        self.run(&case).unwrap_or_default()
    }

    fn run(&self, case: &Case) -> Option<BTreeSet<Class>> {
        let leases = case.needs.iter().map(|need| {
            let name = self.resource(&need.kind, &need.role)?;
            let owner = self.sender(need.actor.as_deref()).map(str::to_owned);
            Some(Lease { kind: need.kind.clone(), name, prefix: None, owner })
        });
        let mut belief = Belief::new(self.api.model.initial(&leases.collect::<Option<Vec<_>>>()?));
        let mut realiser = Realiser::new(ChaCha8Rng::seed_from_u64(SEED), false);
        for turn in &case.calls {
            let call = resolve_call(&turn.call, self, &belief.bindings(), &self.bodies).ok()?;
            let sent = self.sent(&turn.id, &call, self.sender(turn.actor.as_deref()));
            let outcomes = belief.permitted(&*self.api.model, &sent).ok()?;
            if turn.id == CALL_UNDER_TEST {
                let class = |expectation: &plumb_model::expectation::Expectation| {
                    (expectation.status, expectation.code.as_ref().map(ToString::to_string))
                };
                return Some(outcomes.iter().map(|outcome| class(&outcome.expectation)).collect());
            }
            let bindings = belief.bindings();
            let answer = realiser.answer(&outcomes.first()?.expectation, &Self::seen(&sent, &bindings));
            belief.answered(&*self.api.model, &sent, &answer).ok()?;
        }
        None
    }

    fn sender(&self, name: Option<&str>) -> Option<&str> {
        let [first, other] = &self.actors;
        self.api.signed.then(|| if name == Some(SECOND_ACTOR) { other.id.as_str() } else { first.id.as_str() })
    }

    fn sent<'s>(&'s self, id: &'s str, call: &'s Call, actor: Option<&'s str>) -> Sent<'s> {
        let (flavour, region, time) = (self.flavour, self.region, Interval::at_ms(NOW_S * 1_000));
        Sent { id, call, actor, flavour, region, time, bodies: &self.bodies, reads: false }
    }

    fn seen<'s>(sent: &Sent<'s>, bindings: &'s Bindings) -> Seen<'s> {
        Seen {
            call_id: sent.id,
            actor: sent.actor,
            bindings,
            flavour: sent.flavour,
            region: sent.region,
            time: sent.time,
            bodies: sent.bodies,
        }
    }

    fn receiving(&self) -> Receiving<'_> {
        Receiving { region: self.region, actors: &self.actors, now_s: NOW_S, bodies: &self.bodies }
    }
}

impl Names for Bench<'_> {
    fn resource(&self, kind: &str, role: &str) -> Option<Bytes> {
        self.api.resources.name(kind, role, MARKER)
    }

    fn actor(&self, name: &str) -> Option<Bytes> {
        self.sender(Some(name)).map(|id| Bytes::copy_from_slice(id.as_bytes()))
    }

    fn region(&self) -> Bytes {
        Bytes::copy_from_slice(self.region.as_bytes())
    }

    fn now_s(&self) -> i64 {
        NOW_S
    }
}
