//! Asks the model what a call would come to, after the calls of a walk each had its preferred answer.

use bytes::Bytes;
use plumb_model::api::Api;
use plumb_model::belief::{Belief, Judged, Sent};
use plumb_model::bodies::Bodies;
use plumb_model::call::{Need, Turn};
use plumb_model::model::Lease;
use plumb_model::realise::Realiser;
use plumb_model::seen::{Names, Seen, resolve_call};
use plumb_model::time::Interval;
use plumb_model::wire::{Access, Actor, Sending, Touch};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// What the names of a walk start with while it is thought up.
const MARKER: &str = "plumb-workflow-000000";
/// The part of a shared resource that is the walk's.
const PREFIX: &str = "000000/";
/// The public identifier of the first identity.
const FIRST: &str = "first";
/// The host that nothing is sent to.
const AUTHORITY: &str = "model.invalid";
/// When a walk begins, in milliseconds since 1970.
const START_MS: i64 = 1_800_000_000_000;
/// How far two calls are apart, in milliseconds.
const STEP_MS: i64 = 10;

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Whether the preferred answer is a success.
    pub(super) worked: bool,
    /// Whether it left another state behind.
    pub(super) changed: bool,
    /// Whether it would have been answered otherwise at the start of the walk.
    pub(super) met: bool,
}

/// The service as it is if every call had its preferred answer.
#[derive(Clone)]
pub(super) struct Guide<'a> {
    names: WalkNames<'a>,
    bodies: &'a Bodies,
    start: Belief,
    belief: Belief,
    count: u64,
}

impl<'a> Guide<'a> {
    /// The service before the first call of a case that borrows `needs`.
    pub(super) fn new(api: &'a Api, bodies: &'a Bodies, needs: &[Need]) -> Self {
        let names = WalkNames { api, shared: shared(api, needs), now_ms: START_MS };
        let leases: Vec<Lease> = needs.iter().filter_map(|need| names.lease(need)).collect();
        let start = Belief::new(api.model.initial(&leases));
        Self { names, bodies, belief: start.clone(), start, count: 0 }
    }

    /// Makes a call. None where it hangs on a value that no answer told, or where the model loses its way; then the
    /// guide must not be asked again.
    pub(super) fn step(&mut self, turn: &Turn) -> Option<Step> {
        self.count += 1;
        self.names.now_ms += STEP_MS;
        let api = self.names.api;
        let call = resolve_call(&turn.call, &self.names, &self.belief.bindings(), self.bodies).ok()?;
        let actor = api.signed.then(|| turn.actor.as_deref().unwrap_or(FIRST));
        let sent = Sent {
            id: &turn.id,
            call: &call,
            actor,
            flavour: api.flavours.first().map_or("", |flavour| flavour.name),
            region: "",
            time: Interval::at_ms(self.names.now_ms),
            bodies: self.bodies,
            reads: false,
        };
        let preferred = self.belief.permitted(&*api.model, &sent).ok()?.into_iter().next()?;
        let at_start = self.start.permitted(&*api.model, &sent).ok()?.into_iter().next()?;
        let world = self.belief.worlds().first()?;
        let seen = Seen {
            call_id: sent.id,
            actor,
            bindings: &world.bindings,
            flavour: sent.flavour,
            region: sent.region,
            time: sent.time,
            bodies: self.bodies,
        };
        let mut realiser = Realiser::new(ChaCha8Rng::seed_from_u64(self.count), false);
        let answer = realiser.answer(&preferred.expectation, &seen);
        let judged = self.belief.answered(&*api.model, &sent, &answer).ok()?;
        matches!(judged, Judged::Permitted { .. }).then(|| Step {
            worked: (200..300).contains(&preferred.expectation.status),
            changed: preferred.state.is_some(),
            met: preferred.expectation != at_start.expectation,
        })
    }
}

impl Guide<'_> {
    /// Whether a call can be put on the wire, and touches only what is the walk's however its bytes are read: a name
    /// that climbs out of its place may be that of the whole.
    pub(super) fn can_send(&self, turn: &Turn) -> bool {
        let api = self.names.api;
        let name = turn.actor.as_deref().unwrap_or(FIRST).to_owned();
        let actor = Actor { id: name.clone(), name, secret: String::new(), session_token: None };
        let sending = Sending {
            authority: AUTHORITY,
            region: "",
            actor: api.signed.then_some(&actor),
            now_s: self.names.now_s(),
            bodies: self.bodies,
        };
        let call = resolve_call(&turn.call, &self.names, &self.belief.bindings(), self.bodies);
        let request = call.ok().and_then(|call| api.wire.encode(&call, &sending).ok());
        let touches = request.and_then(|request| api.wire.touches(&request).ok());
        touches.is_some_and(|touches| touches.iter().all(|touch| self.names.may_touch(touch)))
    }
}

/// The names of a walk while it is thought up. They decide nothing: a case holds none of them.
#[derive(Clone)]
struct WalkNames<'a> {
    api: &'a Api,
    shared: Vec<(String, String, Bytes)>,
    now_ms: i64,
}

fn shared(api: &Api, needs: &[Need]) -> Vec<(String, String, Bytes)> {
    let lent = needs.iter().filter(|need| !need.own);
    lent.filter_map(|need| {
        let name = api.resources.name(&need.kind, "shared", MARKER)?;
        Some((need.kind.clone(), need.role.clone(), name))
    })
    .collect()
}

impl WalkNames<'_> {
    /// Of what is shared only the walk's own part may be changed.
    fn may_touch(&self, touch: &Touch) -> bool {
        let is_shared = self.shared.iter().any(|(.., name)| *name == touch.name);
        let is_own_part = || touch.inside.as_ref().is_some_and(|inside| inside.starts_with(PREFIX.as_bytes()));
        let is_ours = self.api.resources.carries(&touch.name, MARKER);
        is_ours && (!is_shared || touch.access == Access::Reads || is_own_part())
    }

    fn lease(&self, need: &Need) -> Option<Lease> {
        Some(Lease {
            kind: need.kind.clone(),
            name: self.resource(&need.kind, &need.role)?,
            prefix: (!need.own).then(|| Bytes::from_static(PREFIX.as_bytes())),
            owner: self.api.signed.then(|| need.actor.clone().unwrap_or_else(|| FIRST.to_owned())),
        })
    }
}

impl Names for WalkNames<'_> {
    fn resource(&self, kind: &str, role: &str) -> Option<Bytes> {
        if let Some((.., name)) = self.shared.iter().find(|(of, own, _)| of == kind && own == role) {
            return Some(name.clone());
        }
        let prefix = if self.shared.is_empty() { "" } else { PREFIX };
        let resources = &self.api.resources;
        resources.inside(kind, role, prefix).or_else(|| resources.name(kind, role, MARKER))
    }

    fn actor(&self, name: &str) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(name.as_bytes()))
    }

    fn region(&self) -> Bytes {
        Bytes::new()
    }

    fn now_s(&self) -> i64 {
        self.now_ms.div_euclid(1000)
    }
}
