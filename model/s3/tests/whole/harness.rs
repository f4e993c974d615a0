//! A server made from the model, and a client that holds its answers against the model: the whole crate, both
//! ways over the wire, without a network.

use bytes::Bytes;
use plumb_model::answer::Answer;
use plumb_model::api::Api;
use plumb_model::belief::{Belief, Judged, Sent};
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Case, Need, Turn};
use plumb_model::http::{Request, Response};
use plumb_model::judge;
use plumb_model::model::{ErasedState, Lease, Outcome};
use plumb_model::plant::{Effect, Plant};
use plumb_model::realise::Realiser;
use plumb_model::seen::{Bindings, Names, ResolveError, Seen, resolve_call};
use plumb_model::space::{Hazard, Row};
use plumb_model::time::Interval;
use plumb_model::wire::{Actor, Receiving, SECOND_ACTOR, Sending};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// When everything happens, in seconds since 1970.
pub(crate) const NOW_S: i64 = 1_700_000_000;
const MARKER: &str = "plumb-test01-000001";
const SHARED: &str = "plumb-test01-shared";
const PREFIX: &str = "case-1/";
pub(crate) const REGION: &str = "us-east-1";

pub(crate) fn actor() -> Actor {
    Actor { name: "main".into(), id: "AKIAOWNER".into(), secret: "secret".into(), session_token: None }
}

/// Somebody with another account.
fn other() -> Actor {
    Actor { name: SECOND_ACTOR.into(), id: "AKIAOTHER".into(), secret: "another".into(), session_token: None }
}

/// Whom a turn or a need names; the first where it names nobody.
fn named(name: Option<&String>) -> Actor {
    if name.is_some_and(|name| name == SECOND_ACTOR) { other() } else { actor() }
}

pub(crate) fn sending<'a>(actor: Option<&'a Actor>, bodies: &'a Bodies) -> Sending<'a> {
    Sending { authority: "127.0.0.1:9000", region: REGION, actor, now_s: NOW_S, bodies }
}

pub(crate) fn receiving<'a>(actors: &'a [Actor], bodies: &'a Bodies) -> Receiving<'a> {
    Receiving { region: REGION, actors, now_s: NOW_S, bodies }
}

/// A server made from the model.
pub(crate) struct Server<'a> {
    api: &'a Api,
    flavour: &'a str,
    plant: Option<&'a Plant>,
    state: ErasedState,
    before: ErasedState,
    bindings: Bindings,
    bodies: Bodies,
    realiser: Realiser,
    any: bool,
    stored: Vec<Call>,
}

impl Server<'_> {
    fn handle(&mut self, request: &Request) -> Response {
        let actors = [actor(), other()];
        let received = self.api.wire.decode_request(request, &receiving(&actors, &self.bodies)).expect("modelled");
        let effect = self.plant.map_or(Effect::Honest, |plant| plant.bug.on_call(&received.call, &self.stored));
        let asked = match &effect {
            Effect::Instead(other) => other.clone(),
            _ => received.call.clone(),
        };
        let id = format!("s{}", self.stored.len());
        let time = Interval { earliest_ms: NOW_S * 1_000, latest_ms: NOW_S * 1_000 };
        let actor = if effect == Effect::AsFirst { Some(actor().id) } else { received.actor.clone() };
        let bindings = self.bindings.clone();
        let seen = Seen {
            call_id: &id,
            actor: actor.as_deref(),
            bindings: &bindings,
            flavour: self.flavour,
            region: REGION,
            time,
            bodies: &self.bodies,
        };
        let state = if effect == Effect::Stale { &self.before } else { &self.state };
        let mut outcomes = self.api.model.step(state, &asked, &seen);
        let index = if self.any { self.realiser.below(outcomes.len()) } else { 0 };
        let outcome = outcomes.swap_remove(index);
        let mut answer = self.realiser.answer(&outcome.expectation, &seen);
        self.bindings = judge::bind(&self.bindings, judge::judge(&outcome.expectation, &answer, &seen).expect("own"));
        if let (Some(next), true) = (outcome.state, !matches!(effect, Effect::Forget | Effect::Stale)) {
            self.before = std::mem::replace(&mut self.state, next);
        }
        self.stored.push(received.call.clone());
        if let Some(plant) = self.plant {
            plant.bug.on_answer(&received.call, &mut answer);
        }
        self.api.wire.encode_response(&received.call, &answer)
    }
}

/// The names of a case; its bucket `a` may be a part of a shared one.
struct CaseNames<'a> {
    api: &'a Api,
    shared: bool,
}

impl Names for CaseNames<'_> {
    fn resource(&self, kind: &str, role: &str) -> Option<Bytes> {
        if self.shared && (kind, role) == ("bucket", "a") {
            return Some(SHARED.into());
        }
        let resources = &self.api.resources;
        resources.inside(kind, role, PREFIX).or_else(|| resources.name(kind, role, MARKER))
    }
    fn actor(&self, _: &str) -> Option<Bytes> {
        None
    }
    fn region(&self) -> Bytes {
        Bytes::from_static(REGION.as_bytes())
    }
    fn now_s(&self) -> i64 {
        NOW_S
    }
}

/// One call with what came of it.
pub(crate) struct Step<'a> {
    pub(crate) turn: &'a Turn,
    pub(crate) call: &'a Call,
    pub(crate) answer: &'a Answer,
    /// What the client's model permitted.
    pub(crate) permitted: Vec<Outcome<ErasedState>>,
    pub(crate) judged: Judged,
    /// Whether the answer to a read would have been right before one of the changes of this case.
    pub(crate) stale: bool,
    pub(crate) belief: &'a Belief,
    pub(crate) sent: Sent<'a>,
}

/// How the server answers.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) flavour: &'a str,
    pub(crate) plant: Option<&'a Plant>,
    /// Any permitted outcome, not the preferred one.
    pub(crate) any: Option<u64>,
}

/// Runs a case, and shows each step. Tells the calls that could not be made, as a value was never told.
pub(crate) fn run(api: &Api, case: &Case, way: Way<'_>, mut look: impl FnMut(&Step<'_>)) -> usize {
    case.check().expect("a case that can be run");
    let ours = || case.needs.iter().filter(|need| need.actor.is_none());
    let shared = ours().count() > 0 && ours().all(|need| !need.own);
    let names = &CaseNames { api, shared };
    let name = |role: &str| names.resource("bucket", role).expect("a bucket");
    let lease = |prefix: Option<&'static str>, need: &Need| Lease {
        kind: "bucket".into(),
        name: name(&need.role),
        prefix: prefix.filter(|_| !need.own).map(Into::into),
        owner: Some(named(need.actor.as_ref()).id),
    };
    let leases = |prefix| case.needs.iter().map(|need| lease(prefix, need)).collect::<Vec<_>>();
    let start = api.model.initial(&leases(None));
    let mut server = Server {
        api,
        flavour: way.flavour,
        plant: way.plant,
        before: start.clone(),
        state: start,
        bindings: Bindings::new(),
        bodies: Bodies::new(),
        realiser: Realiser::new(ChaCha8Rng::seed_from_u64(way.any.unwrap_or(0)), way.any.is_some()),
        any: way.any.is_some(),
        stored: Vec::new(),
    };
    let bodies = Bodies::new();
    let mut belief = Belief::new(api.model.initial(&leases(shared.then_some(PREFIX))));
    let (mut untold, mut history) = (0, Vec::new());
    for turn in &case.calls {
        let call = match resolve_call(&turn.call, names, &belief.bindings(), &bodies) {
            Ok(call) => call,
            Err(ResolveError::Unbound(_)) => {
                untold += 1;
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let me = named(turn.actor.as_ref());
        let request = api.wire.encode(&call, &sending(Some(&me), &bodies)).expect("encodes");
        let answer = api.wire.decode_response(&call, &server.handle(&request));
        let time = Interval { earliest_ms: NOW_S * 1_000 - 200, latest_ms: NOW_S * 1_000 + 200 };
        let sent = Sent {
            id: &turn.id,
            call: &call,
            actor: Some(&me.id),
            flavour: way.flavour,
            region: REGION,
            time,
            bodies: &bodies,
            reads: api.operation(&call.operation).is_some_and(|operation| operation.hazard == Hazard::Reads),
        };
        let permitted = belief.permitted(&*api.model, &sent).expect("few worlds");
        let earlier = belief.clone();
        let judged = belief.answered(&*api.model, &sent, &answer).expect("few worlds");
        let was_right = |belief: &Belief| {
            let judged = belief.clone().answered(&*api.model, &sent, &answer);
            matches!(judged, Ok(Judged::Permitted { .. }))
        };
        let stale = sent.reads && matches!(judged, Judged::Forbidden { .. }) && history.iter().any(was_right);
        look(&Step { turn, call: &call, answer: &answer, permitted, judged, stale, belief: &earlier, sent });
        if !sent.reads {
            history.push(earlier);
        }
    }
    untold
}

/// Every row that differs from the defaults in at most `differing` dimensions, one or two.
pub(crate) fn rows(space: &plumb_model::space::Space, differing: usize) -> Vec<Row> {
    let defaults = space.defaults();
    let singles = |row: &Row, from: usize| {
        let mut rows = Vec::new();
        for (dimension, own) in space.dimensions.iter().enumerate().skip(from) {
            for choice in 1..own.choices.len() {
                let mut next = row.clone();
                next[dimension] = choice;
                rows.push((next, dimension + 1));
            }
        }
        rows
    };
    let ones = singles(&defaults, 0);
    let mut all: Vec<Row> = ones.iter().map(|(row, _)| row.clone()).collect();
    if differing > 1 {
        all.extend(ones.iter().flat_map(|(row, from)| singles(row, *from)).map(|(row, _)| row));
    }
    all.push(defaults);
    all.retain(|row| space.permits(row));
    all
}
