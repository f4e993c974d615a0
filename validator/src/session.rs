//! The one road: resolve, guard, send, ask the model, judge, record.

mod expect;
mod raw;

use std::time::Duration;

use plumb_model::answer::Answer;
use plumb_model::api::Api;
use plumb_model::belief::{Belief, Judged, Sent};
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, REPEAT_MAX, Turn};
use plumb_model::http::Request;
use plumb_model::seen::{Bindings, resolve_call};
use plumb_model::space::Hazard;
use plumb_model::time::Interval;
use plumb_model::wire::{Access, Actor, Sending, Touch};
use tracing::{debug, instrument};

use crate::clock::{Clock, TargetClock};
use crate::guard::Guard;
use crate::journal::{Journal, JournalError, Made};
use crate::names::{CaseNames, RunId};
use crate::target::Target;
use crate::transport::{NoAnswerKind, SendError, Transport};
use crate::verdict::{self, Divergence, HangUp, Kind, NO_ANSWER, Observed, Permit, Unclear, Verdict};

/// How often a call is sent again after the server asked to slow down.
pub const THROTTLE_RETRIES_MAX: u32 = 4;
/// The wait before the first of these, doubled each time.
pub const THROTTLE_WAIT: Duration = Duration::from_millis(100);
/// The wait between two tries of a call that is repeated.
pub const REPEAT_WAIT: Duration = Duration::from_millis(100);
/// The most states before a call that a session remembers, to tell a stale answer from a wrong one.
pub const HISTORY_MAX: usize = 64;

/// What all sessions of a run share.
pub struct Context<'a> {
    /// The API.
    pub api: &'a Api,
    /// The target.
    pub target: &'a Target,
    /// How bytes get there.
    pub transport: &'a dyn Transport,
    /// The run.
    pub run: &'a RunId,
    /// The last check before a send.
    pub guard: &'a Guard,
    /// Where intents are written; none only where nothing outlives the process.
    pub journal: Option<&'a Journal>,
    /// Our clock.
    pub clock: &'a dyn Clock,
    /// What is known of the target's clock.
    pub target_clock: &'a TargetClock,
    /// The pool of bodies.
    pub bodies: &'a Bodies,
}

/// One call that was sent, and what came back.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The id of the call in its case.
    pub id: String,
    /// The operation.
    pub operation: String,
    /// The name of the identity that signed; none where it was the target's first, or nobody.
    pub actor: Option<String>,
    /// The request as it was sent.
    pub request: Request,
    /// The answer; none where none came.
    pub answer: Option<Answer>,
    /// From the send to the end of the answer.
    pub latency: Duration,
    /// Why the answer conforms; none where it does not, or where nothing was judged.
    pub permit: Option<Permit>,
}

impl Exchange {
    /// The class of its answer; `no answer` where none came.
    pub fn class(&self) -> String {
        self.answer.as_ref().map_or_else(|| NO_ANSWER.to_owned(), Answer::class)
    }
}

/// What one exchange without judgement came to.
pub(crate) enum Raw {
    /// An answer.
    Answer(Box<Answer>, Interval),
    /// Nothing was sent.
    NotSent(Verdict),
    /// It may have taken effect.
    NoAnswer(Unclear, Interval, Option<HungUp>),
}

/// How a server hung up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HungUp {
    how: NoAnswerKind,
    is_certain: bool,
}

/// A case in progress.
pub struct Session<'c, 'a> {
    context: &'c Context<'a>,
    names: CaseNames<'a>,
    belief: Belief,
    history: Vec<Belief>,
    exchanges: Vec<Exchange>,
    hang_ups: Vec<HangUp>,
    made: Vec<Made>,
    lost: bool,
}

impl<'c, 'a> Session<'c, 'a> {
    /// A session whose names carry `marker` and that believes `belief`.
    pub(crate) fn new(context: &'c Context<'a>, names: CaseNames<'a>, belief: Belief) -> Self {
        let (history, exchanges, hang_ups, made) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { context, names, belief, history, exchanges, hang_ups, made, lost: false }
    }

    /// What was sent and came back so far.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// What the case calls its things.
    pub const fn names(&self) -> &CaseNames<'a> {
        &self.names
    }

    /// The same, for whoever lends it something before its first call.
    pub(crate) const fn names_mut(&mut self) -> &mut CaseNames<'a> {
        &mut self.names
    }

    /// Sets what is believed before the first call.
    pub(crate) fn believe(&mut self, belief: Belief) {
        self.belief = belief;
    }

    /// Takes out the calls on which the server hung up.
    pub(crate) fn take_hang_ups(&mut self) -> Vec<HangUp> {
        std::mem::take(&mut self.hang_ups)
    }

    /// The resources that this session created and did not remove, oldest first.
    pub fn made(&self) -> &[Made] {
        &self.made
    }

    /// Whether an answer left no state that could be believed, so that nothing after it can be judged.
    pub const fn is_lost(&self) -> bool {
        self.lost
    }

    /// The values that the server chose, as far as its answers told them.
    pub fn bindings(&self) -> Bindings {
        self.belief.bindings()
    }

    /// Ends the session.
    pub(crate) fn into_exchanges(self) -> Vec<Exchange> {
        self.exchanges
    }

    /// One turn: sends the call and judges the answer.
    #[instrument(level = "debug", skip_all, fields(call = %turn.id, operation = %turn.call.operation))]
    pub async fn call(&mut self, turn: &Turn) -> Verdict {
        let Some(repeat) = &turn.repeat else { return self.call_once(turn).await };
        let mut verdict = Verdict::Inconclusive(Unclear::Blocked("repeat at most zero times".into()));
        // What the case itself expects is asked of the last answer, not of those that are waited through.
        let once = Turn { also: None, ..turn.clone() };
        for attempt in 0..repeat.at_most.min(REPEAT_MAX) {
            if attempt > 0 {
                tokio::time::sleep(REPEAT_WAIT).await;
                // Of many answers only the last is kept: what was waited through says nothing more.
                self.exchanges.pop_if(|earlier| earlier.id == turn.id);
            }
            verdict = self.call_once(&once).await;
            if !matches!(verdict, Verdict::Conforms { .. }) || self.holds(turn, &repeat.until) {
                break;
            }
        }
        match &turn.also {
            Some(also) if matches!(verdict, Verdict::Conforms { .. }) => self.expect(turn, also).unwrap_or(verdict),
            _ => verdict,
        }
    }

    async fn call_once(&mut self, turn: &Turn) -> Verdict {
        let context = self.context;
        self.names.set_now_s(context.target_clock.at_s(context.clock.unix_ms()));
        let call = match resolve_call(&turn.call, &self.names, &self.belief.bindings(), context.bodies) {
            Ok(call) => call,
            Err(unresolved) => return Verdict::Inconclusive(Unclear::Blocked(unresolved.to_string())),
        };
        let actor = context.target.actor(turn.actor.as_deref());
        if let Some(why) = turn.actor.as_deref().and_then(|name| context.target.no_actor(name)) {
            return Verdict::Unsupported(why);
        }
        let mut wait = THROTTLE_WAIT;
        let mut retries_left = THROTTLE_RETRIES_MAX;
        loop {
            let verdict = match self.exchange(&turn.id, &call, actor).await {
                Raw::NotSent(verdict) => return verdict,
                Raw::NoAnswer(unclear, time, hung_up) => {
                    let sent = sent(context, turn, &call, actor, time);
                    if let Some(hung_up) = hung_up {
                        self.note_hang_up(turn, &sent, hung_up);
                    }
                    self.belief.unanswered(&sent);
                    return Verdict::Inconclusive(unclear);
                }
                Raw::Answer(answer, time) if is_throttled(&answer) => {
                    self.belief.unanswered(&sent(context, turn, &call, actor, time));
                    Verdict::Inconclusive(Unclear::Throttled(verdict::message(&answer)))
                }
                Raw::Answer(answer, time) => return self.verdict_on(turn, &call, actor, time, &answer),
            };
            if retries_left == 0 {
                return verdict;
            }
            retries_left -= 1;
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }

    /// Guards and sends a resolved call, and takes the answer apart. Nothing is judged here.
    pub(crate) async fn exchange(&mut self, id: &str, call: &Call, actor: Option<&Actor>) -> Raw {
        match self.prepare(call, actor) {
            Ok(prepared) => self.exchange_bytes(id, call, actor, prepared).await,
            Err(verdict) => Raw::NotSent(verdict),
        }
    }

    /// Sends what the guard has passed.
    async fn exchange_bytes(
        &mut self,
        id: &str,
        call: &Call,
        actor: Option<&Actor>,
        (request, touches): (Request, Vec<Touch>),
    ) -> Raw {
        let context = self.context;
        let sender = context.target.name_beside_first(actor);
        if let Err(refusal) = context.guard.admit(&request) {
            return Raw::NotSent(Verdict::Skipped(refusal.to_string()));
        }
        if let Err(error) = self.note_intents(&touches, sender.as_ref()) {
            return Raw::NotSent(Verdict::Inconclusive(Unclear::NoResource(error.to_string())));
        }
        let sent_ms = context.clock.unix_ms();
        let received = context.transport.send(&request, &context.target.limits).await;
        let received_ms = context.clock.unix_ms();
        context.guard.received(&received);
        let mut exchange = Exchange {
            id: id.to_owned(),
            operation: call.operation.to_string(),
            actor: sender,
            request,
            answer: None,
            latency: Duration::ZERO,
            permit: None,
        };
        let raw = match received {
            Ok(received) => {
                if let Some(date) = received.response.headers.get("date") {
                    context.target_clock.learn(date, sent_ms, received_ms);
                }
                let answer = context.api.wire.decode_response(call, &received.response);
                exchange.latency = received.latency;
                exchange.answer = Some(answer.clone());
                Raw::Answer(Box::new(answer), context.target_clock.interval(sent_ms, received_ms))
            }
            Err(error) => {
                debug!(%error, "no answer");
                let has_body = !exchange.request.body.is_empty();
                unanswered(&error, has_body, context.target_clock.interval(sent_ms, received_ms))
            }
        };
        if !matches!(raw, Raw::NotSent(_)) {
            self.note_made(&touches, &exchange);
            self.exchanges.push(exchange);
        }
        raw
    }

    fn prepare(&self, call: &Call, actor: Option<&Actor>) -> Result<(Request, Vec<Touch>), Verdict> {
        let context = self.context;
        let sending = Sending {
            authority: &context.target.authority,
            region: &context.target.region,
            actor,
            now_s: context.target_clock.at_s(context.clock.unix_ms()),
            bodies: context.bodies,
        };
        let request =
            context.api.wire.encode(call, &sending).map_err(|error| Verdict::Unsupported(error.to_string()))?;
        let touches = self.guarded(call, &request)?;
        Ok((request, touches))
    }

    /// What the request touches, if all of it may be touched.
    fn guarded(&self, call: &Call, request: &Request) -> Result<Vec<Touch>, Verdict> {
        let context = self.context;
        let hazard = context.api.operation(&call.operation).map_or(Hazard::Writes, |own| own.hazard_of(call));
        let checked = context.guard.check(context.api, hazard, request);
        checked.map_err(|refusal| Verdict::Skipped(refusal.to_string()))
    }

    fn note_intents(&self, touches: &[Touch], sender: Option<&String>) -> Result<(), JournalError> {
        let Some(journal) = self.context.journal else { return Ok(()) };
        for touch in touches.iter().filter(|touch| is_creation(touch)) {
            let made = made_by(touch, sender);
            if !self.made.contains(&made) {
                journal.creating(&made)?;
            }
        }
        Ok(())
    }

    fn note_made(&mut self, touches: &[Touch], exchange: &Exchange) {
        let answer = exchange.answer.as_ref();
        // Without an answer, or with an error that may hide an effect, the resource counts as made.
        let maybe_done = answer.is_none_or(|answer| answer.status < 400 || answer.status >= 500);
        let surely_gone = answer.is_some_and(Answer::is_success);
        for touch in touches.iter().filter(|touch| touch.inside.is_none()) {
            let made = made_by(touch, exchange.actor.as_ref());
            match touch.access {
                Access::Creates if maybe_done && !self.made.contains(&made) => self.made.push(made),
                Access::Deletes if surely_gone => {
                    self.made.retain(|own| !own.is_same_thing(&made));
                    if let Some(journal) = self.context.journal {
                        _ = journal.removed(touch.kind, &touch.name);
                    }
                }
                _ => {}
            }
        }
    }

    fn verdict_on(
        &mut self,
        turn: &Turn,
        call: &Call,
        actor: Option<&Actor>,
        time: Interval,
        answer: &Answer,
    ) -> Verdict {
        let mut belief = self.belief.clone();
        let sent = sent(self.context, turn, call, actor, time);
        let verdict = match belief.answered(&*self.context.api.model, &sent, answer) {
            Err(many) => Verdict::Inconclusive(Unclear::TooManyWorlds(many.to_string())),
            Ok(Judged::Forbidden { misses, .. }) if misses.is_empty() => {
                Verdict::Unmodelled(format!("the model knows no {}", call.operation))
            }
            Ok(Judged::Forbidden { misses, follows }) => {
                let stale = sent.reads && self.was_right_before(&sent, answer);
                let kind = verdict::kind_of(&misses, answer, stale);
                self.lost = !follows;
                self.diverges(turn, kind, verdict::expected(misses), answer)
            }
            Ok(Judged::Permitted { preferred, ground, misses }) => {
                match turn.also.as_ref().and_then(|also| self.own_mismatch(turn, also, answer)) {
                    None => self.conforms(Permit { preferred, ground, others: verdict::classes(&misses) }),
                    Some(expected) => self.diverges(turn, Kind::OwnExpectation, vec![expected], answer),
                }
            }
        };
        let before = std::mem::replace(&mut self.belief, belief);
        if !sent.reads && self.history.len() < HISTORY_MAX {
            self.history.push(before);
        }
        verdict
    }

    /// Notes what the server should have answered, for whoever finds out whether it always hangs up.
    fn note_hang_up(&mut self, turn: &Turn, sent: &Sent<'_>, HungUp { how, is_certain }: HungUp) {
        let Ok(permitted) = self.belief.permitted(&*self.context.api.model, sent) else { return };
        let divergence = Divergence {
            call: turn.id.clone(),
            operation: turn.call.operation.to_string(),
            kind: Kind::ServerError,
            expected: verdict::unanswered(permitted, &how.to_string()),
            observed: Observed::nothing(),
            state: self.state(),
            request_id: None,
        };
        if !divergence.expected.is_empty() {
            self.hang_ups.push(HangUp { divergence, is_certain });
        }
    }

    /// The first state that the belief holds possible, for reports.
    fn state(&self) -> serde_json::Value {
        self.belief.worlds().first().map_or(serde_json::Value::Null, |world| world.state.to_json())
    }

    /// Whether the answer to a read would have been right before one of the changes of this case.
    fn was_right_before(&self, sent: &Sent<'_>, answer: &Answer) -> bool {
        self.history.iter().any(|earlier| {
            let judged = earlier.clone().answered(&*self.context.api.model, sent, answer);
            matches!(judged, Ok(Judged::Permitted { .. }))
        })
    }

    /// Notes with the exchange why its answer conforms.
    fn conforms(&mut self, permit: Permit) -> Verdict {
        let preferred = permit.preferred;
        if let Some(exchange) = self.exchanges.last_mut() {
            exchange.permit = Some(permit);
        }
        Verdict::Conforms { preferred }
    }

    fn diverges(&self, turn: &Turn, kind: Kind, expected: Vec<verdict::Expected>, answer: &Answer) -> Verdict {
        let actors = &self.context.target.actors;
        let expected = expected.into_iter().map(|own| own.without_secrets(actors)).collect();
        Verdict::Diverges(Box::new(Divergence {
            call: turn.id.clone(),
            operation: turn.call.operation.to_string(),
            kind,
            expected,
            observed: Observed::new(answer).without_secrets(actors),
            state: self.state(),
            request_id: self.context.api.wire.request_id(answer),
        }))
    }
}

fn sent<'s>(
    context: &'s Context<'_>,
    turn: &'s Turn,
    call: &'s Call,
    actor: Option<&'s Actor>,
    time: Interval,
) -> Sent<'s> {
    let reads = context.api.operation(&call.operation).is_some_and(|operation| operation.hazard == Hazard::Reads);
    Sent {
        id: &turn.id,
        call,
        actor: actor.map(|actor| actor.id.as_str()),
        flavour: context.target.flavour,
        region: &context.target.region,
        time,
        bodies: context.bodies,
        reads,
    }
}

fn made_by(touch: &Touch, sender: Option<&String>) -> Made {
    Made { kind: touch.kind.to_owned(), name: touch.name.clone(), actor: sender.cloned() }
}

fn is_creation(touch: &Touch) -> bool {
    touch.access == Access::Creates && touch.inside.is_none()
}

/// A request to slow down (RFC 6585 section 4; 503 with `SlowDown` or `Retry-After` as APIs use it).
fn is_throttled(answer: &Answer) -> bool {
    let asks = answer.code.as_deref() == Some("SlowDown");
    answer.status == 429
        || answer.status == 503 && (asks || answer.headers.get("retry-after").is_some())
        || answer.fails_late && asks
}

fn unanswered(error: &SendError, has_body: bool, time: Interval) -> Raw {
    match error {
        SendError::NotSent { .. } => Raw::NotSent(Verdict::Inconclusive(Unclear::Unreachable(error.to_string()))),
        SendError::Unsendable { .. } => Raw::NotSent(Verdict::Unsupported(error.to_string())),
        SendError::NoAnswer { kind, begun, .. } => {
            let hung_up = hung_up(*kind, has_body).filter(|_| begun.is_none());
            Raw::NoAnswer(Unclear::NoAnswer(error.to_string()), time, hung_up)
        }
    }
}

/// A connection that was closed is a server's doing; a limit of ours that ran out says nothing at all.
const fn hung_up(how: NoAnswerKind, has_body: bool) -> Option<HungUp> {
    match how {
        NoAnswerKind::Closed => Some(HungUp { how, is_certain: true }),
        NoAnswerKind::Reset => Some(HungUp { how, is_certain: !has_body }),
        NoAnswerKind::Timeout | NoAnswerKind::NotHttp | NoAnswerKind::Broken => None,
    }
}
