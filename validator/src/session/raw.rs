//! Requests that somebody wrote by hand.

use plumb_model::call::{Call, Turn};
use plumb_model::http::Request;
use plumb_model::wire::Receiving;

use super::{Raw, Session, is_throttled, sent};
use crate::verdict::{Unclear, Verdict, message};

/// The operation of a request that is none of the API.
const UNMODELLED: &str = "unmodelled";

impl Session<'_, '_> {
    /// Sends a request as somebody wrote it, and judges the answer where the request is a call of the API. Beside the
    /// verdict, that call with every value as bytes. A request that is none is sent all the same, as far as the guard
    /// can tell what it touches.
    pub async fn call_raw(&mut self, id: &str, request: Request) -> (Verdict, Option<Call>) {
        let context = self.context;
        let receiving = Receiving {
            region: &context.target.region,
            actors: &context.target.actors,
            now_s: context.target_clock.at_s(context.clock.unix_ms()),
            bodies: context.bodies,
        };
        let read = context.api.wire.decode_request(&request, &receiving);
        let (call, actor) = match &read {
            Ok(received) => (received.call.clone(), received.actor.clone()),
            Err(_) => (Call::new(UNMODELLED), None),
        };
        let touches = match self.guarded(&call, &request) {
            Ok(touches) => touches,
            Err(verdict) => return (verdict, None),
        };
        let actor = context.target.actors.iter().find(|own| actor.as_ref() == Some(&own.id));
        let turn = Turn::new(id, call.clone());
        let verdict = match (self.exchange_bytes(id, &call, actor, (request, touches)).await, read) {
            (Raw::NotSent(verdict), _) => verdict,
            (Raw::NoAnswer(unclear, time, _), _) => {
                self.belief.unanswered(&sent(context, &turn, &call, actor, time));
                Verdict::Inconclusive(unclear)
            }
            (Raw::Answer(answer, time), _) if is_throttled(&answer) => {
                self.belief.unanswered(&sent(context, &turn, &call, actor, time));
                Verdict::Inconclusive(Unclear::Throttled(message(&answer)))
            }
            (Raw::Answer(..), Err(unmodelled)) => Verdict::Unmodelled(unmodelled.to_string()),
            (Raw::Answer(answer, time), Ok(_)) => self.verdict_on(&turn, &call, actor, time, &answer),
        };
        (verdict, (turn.call.operation != UNMODELLED).then_some(call))
    }
}
