//! Walks the cases of every suite through the model alone: no server, no clock, no signatures.

use bytes::Bytes;
use plumb_generator::suites;
use plumb_model::answer::Answer;
use plumb_model::api::Api;
use plumb_model::belief::{Belief, Judged, Sent};
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Case, Turn};
use plumb_model::expectation::Expectation;
use plumb_model::http::Response;
use plumb_model::model::Lease;
use plumb_model::realise::Realiser;
use plumb_model::seen::{Bindings, Names as _, Seen, resolve_call};
use plumb_model::space::Hazard;
use plumb_model::time::{self, Interval};
use plumb_validator::names::{CaseNames, RunId};
use plumb_validator::target::Target;

use crate::lab;

/// The moment of every call, in milliseconds since 1970: a Tuesday, so that weekdays are not always the first.
const NOW_MS: i64 = 1_771_934_400_000;
/// How well a session knows the target's clock once it has seen a `date`, in milliseconds.
const CLOCK_SLACK_MS: i64 = 2_000;
/// The order of the cases and the choices on a walk that takes any outcome.
const CASES_SEED: u64 = 1;

/// One API in one flavour.
pub(crate) struct Place<'a> {
    /// The API.
    pub(crate) api: &'a Api,
    /// What it is called from.
    pub(crate) target: Target,
    /// The pool of bodies; nothing in it is forgotten, as samples outlive their cases.
    pub(crate) bodies: Bodies,
}

/// A call in the context in which its answer is judged.
#[derive(Clone)]
pub(crate) struct Met {
    id: String,
    call: Call,
    actor: Option<String>,
    reads: bool,
    /// What the service may have become before the call.
    pub(crate) belief: Belief,
}

impl<'a> Place<'a> {
    /// `api` in `flavour`.
    pub(crate) fn new(api: &'a Api, flavour: &'static str) -> Self {
        Self { api, target: Target { flavour, ..lab::target(api, "lab.invalid") }, bodies: Bodies::new() }
    }

    /// Walks through every case, shows each call that is met, and goes on with the preferred outcome; or with
    /// any, drawn by `seed`.
    pub(crate) fn walk(&self, seed: Option<u64>, visit: &mut dyn FnMut(&Case, &Met)) {
        let mut random = Realiser::new(rand::SeedableRng::seed_from_u64(seed.unwrap_or_default()), seed.is_some());
        for (sequence, case) in (0..).zip(suites::cases(self.api, &[], CASES_SEED)) {
            let (mut names, leases) = self.borrow(&case, sequence);
            let mut belief = Belief::new(self.api.model.initial(&leases));
            for turn in &case.calls {
                names.set_now_s(NOW_MS / 1_000);
                let Some(met) = self.meet(turn, &names, belief) else { break };
                visit(&case, &met);
                belief = self.go_on(&met, &mut random, seed.is_some());
            }
        }
    }

    /// As a run borrows: shared resources under a prefix, own ones whole.
    fn borrow(&self, case: &Case, sequence: u64) -> (CaseNames<'_>, Vec<Lease>) {
        let run = RunId::new(7);
        let mut names = CaseNames::new(self.api, &self.target, run.case_marker(sequence));
        let mut leases = Vec::new();
        for need in &case.needs {
            let mut lent = None;
            if !need.own {
                let shared = self.api.resources.name(&need.kind, "shared", &run.case_marker(0)).expect("a kind it has");
                let prefix = format!("{sequence:06}/");
                names.lend(&need.kind, &need.role, shared, &prefix);
                lent = Some(prefix.into());
            }
            let name = names.resource(&need.kind, &need.role).expect("a kind it has");
            let owner = self.target.actor(need.actor.as_deref()).map(|actor| actor.id.clone());
            leases.push(Lease { kind: need.kind.clone(), name, prefix: lent, owner });
        }
        (names, leases)
    }

    /// The call as the session would resolve it; none where it needs a value that no answer has told.
    fn meet(&self, turn: &Turn, names: &CaseNames<'_>, belief: Belief) -> Option<Met> {
        let call = resolve_call(&turn.call, names, &belief.bindings(), &self.bodies).ok()?;
        let actor = self.target.actor(turn.actor.as_deref());
        let reads = self.api.operation(&call.operation).is_some_and(|operation| operation.hazard == Hazard::Reads);
        Some(Met { id: turn.id.clone(), actor: actor.map(|actor| actor.id.clone()), call, reads, belief })
    }

    /// What is believed after the call was answered with one of its outcomes.
    fn go_on(&self, met: &Met, random: &mut Realiser, any: bool) -> Belief {
        let outcomes = met.outcomes(self);
        let index = if any { random.below(outcomes.len()) } else { 0 };
        let (expectation, bindings, _) = &outcomes[index];
        let answer = met.answer(self, &met.realised(self, expectation, bindings, random));
        let mut belief = met.belief.clone();
        let judged = belief.answered(&*self.api.model, &met.sent(self), &answer);
        let is_permitted = matches!(judged, Ok(Judged::Permitted { .. }));
        assert!(is_permitted, "its own answer is refused: {:?} {expectation:?}", met.call);
        belief
    }
}

impl Met {
    /// What the judge is told of the call.
    pub(crate) fn sent<'s>(&'s self, place: &'s Place<'_>) -> Sent<'s> {
        Sent {
            id: &self.id,
            call: &self.call,
            actor: self.actor.as_deref(),
            flavour: place.target.flavour,
            region: &place.target.region,
            time: Interval { earliest_ms: NOW_MS, latest_ms: NOW_MS + CLOCK_SLACK_MS },
            bodies: &place.bodies,
            reads: self.reads,
        }
    }

    /// What the model and the judge are told, in a world with these bindings.
    pub(crate) fn seen<'s>(&'s self, place: &'s Place<'_>, bindings: &'s Bindings) -> Seen<'s> {
        let Sent { id, actor, flavour, region, time, bodies, .. } = self.sent(place);
        Seen { call_id: id, actor, bindings, flavour, region, time, bodies }
    }

    /// Every outcome in every world: the expectation, the bindings of its world, and where it is written.
    pub(crate) fn outcomes(&self, place: &Place<'_>) -> Vec<(Expectation, Bindings, String)> {
        let mut all = Vec::new();
        for world in self.belief.worlds() {
            for outcome in place.api.model.step(&world.state, &self.call, &self.seen(place, &world.bindings)) {
                all.push((outcome.expectation, world.bindings.clone(), outcome.ground.source.into_owned()));
            }
        }
        all
    }

    /// The outcome on the wire, as the model's own server sends it.
    pub(crate) fn realised(
        &self,
        place: &Place<'_>,
        expectation: &Expectation,
        bindings: &Bindings,
        realiser: &mut Realiser,
    ) -> Response {
        let answer = realiser.answer(expectation, &self.seen(place, bindings));
        let mut response = place.api.wire.encode_response(&self.call, &answer);
        if response.headers.get("date").is_none() {
            response.headers.push("date", time::http_date(NOW_MS / 1_000));
        }
        response
    }

    /// A response to the call, taken apart.
    pub(crate) fn answer(&self, place: &Place<'_>, response: &Response) -> Answer {
        place.api.wire.decode_response(&self.call, response)
    }

    /// Whether some outcome in some world permits the answer.
    pub(crate) fn permits(&self, place: &Place<'_>, answer: &Answer) -> bool {
        let judged = self.belief.clone().answered(&*place.api.model, &self.sent(place), answer);
        matches!(judged, Ok(Judged::Permitted { .. }))
    }

    /// The name of the operation.
    pub(crate) fn operation(&self) -> &str {
        &self.call.operation
    }

    /// The id of the call in its case.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

/// Bytes of a header, for the keys of tables.
pub(crate) fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
