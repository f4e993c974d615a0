//! The line between a world and its session: steps ask, the session answers.
//!
//! Step functions live on their own, without a lifetime, and a session borrows from the run it belongs to. So the two
//! speak over a channel inside one task. A step that is given up in the middle of a call leaves the session to bring
//! the call to its end, and nothing that was made is forgotten.

use bytes::Bytes;
use futures::StreamExt as _;
use futures::channel::{mpsc, oneshot};
use plumb_model::call::{Call, Need, Turn};
use plumb_model::expectation::{Expectation, Matcher};
use plumb_model::http::{Headers, Request};
use plumb_model::seen::{Bindings, resolve};
use plumb_model::value::{Symbol, Value};
use plumb_validator::open_case::OpenCase;
use plumb_validator::pool::{Held, Pool};
use plumb_validator::session::Exchange;
use plumb_validator::verdict::{Unclear, Verdict};

use crate::failure::Failure;

/// What a step asks of the session.
pub(crate) enum Ask {
    /// Borrow something: made for this scenario alone, or a part of what others use as well.
    Borrow(Need),
    /// The calls that make something once the scenario has begun to call.
    Provision(Need),
    /// Send a call and judge the answer.
    Call(Turn),
    /// Send a request as it is, to the target: the `host` header field is added.
    Raw { id: String, request: Request },
    /// Hold the last answer against what the scenario itself expects.
    Expect(Turn, Expectation),
    /// Hold something that stood in the last answer against what it must be.
    Value(Turn, Taken),
    /// The bytes of a value.
    Resolve(Value),
    /// The symbol that stands for these bytes.
    Symbol(Bytes),
}

/// Something that was taken out of an answer, and what it must be.
pub(crate) struct Taken {
    /// Where it stood: `$.keys[0]`.
    pub(crate) place: String,
    /// What it must be, as bytes.
    pub(crate) matcher: Matcher,
    /// What was found there. One of these must match, or nothing must where there is none.
    pub(crate) values: Vec<Bytes>,
    /// What is shown as observed; none where there was nothing.
    pub(crate) whole: Option<Bytes>,
}

/// What the session says.
pub(crate) enum Told {
    /// It is done.
    Done,
    /// These calls.
    Calls(Vec<Call>),
    /// A call was made: the verdict, what was sent and came back, and the call that a raw request was.
    Answered { verdict: Verdict, exchange: Option<Box<Exchange>>, call: Option<Call>, is_lost: bool },
    /// These bytes.
    Bytes(Bytes),
    /// What is wrong, if anything.
    Wrong(Option<Failure>),
    /// This symbol, if any.
    Symbol(Option<Symbol>),
}

type Asked = (Ask, oneshot::Sender<Result<Told, Failure>>);

/// The end of the line that a world holds.
pub(crate) struct Line(Option<mpsc::Sender<Asked>>);

/// The other end.
pub(crate) struct Desk(mpsc::Receiver<Asked>);

/// Both ends of a new line.
pub(crate) fn line() -> (Line, Desk) {
    let (sender, receiver) = mpsc::channel(0);
    (Line(Some(sender)), Desk(receiver))
}

impl Line {
    /// A line on which nobody answers.
    pub(crate) const fn cut() -> Self {
        Self(None)
    }

    /// Asks, and ends the step where that fails.
    pub(crate) async fn ask(&mut self, ask: Ask) -> Told {
        let (reply, told) = oneshot::channel();
        let asked = self.0.as_mut().is_some_and(|line| line.try_send((ask, reply)).is_ok());
        match told.await {
            Ok(Ok(told)) if asked => told,
            Ok(Err(failure)) => failure.raise(),
            _ => Failure::new("the session of this scenario is over").raise(),
        }
    }
}

impl Desk {
    /// Answers until the world is gone. What was borrowed of `pool` is put into `held`, to be given back once the case
    /// is closed.
    pub(crate) async fn attend(mut self, open: &mut OpenCase<'_, '_>, pool: &Pool, held: &mut Vec<Held>) {
        while let Some((ask, reply)) = self.0.next().await {
            let told = match ask {
                Ask::Borrow(need) if !need.own => borrow(open, pool, &need, held).await,
                // Once a lease is over, somebody else may have what it held.
                Ask::Call(_) | Ask::Raw { .. } => match check(open, pool, held) {
                    Ok(()) => answer(open, ask).await,
                    Err(verdict) => Err(Failure::of(verdict)),
                },
                other => answer(open, other).await,
            };
            // Whoever asked may have been given up.
            _ = reply.send(told);
        }
    }
}

fn check(open: &OpenCase<'_, '_>, pool: &Pool, held: &[Held]) -> Result<(), Verdict> {
    held.iter().try_for_each(|lease| pool.check(open.context(), lease))
}

async fn borrow(open: &mut OpenCase<'_, '_>, pool: &Pool, need: &Need, held: &mut Vec<Held>) -> Result<Told, Failure> {
    held.push(pool.borrow(open, need).await.map_err(Failure::of)?);
    Ok(Told::Done)
}

async fn answer(open: &mut OpenCase<'_, '_>, ask: Ask) -> Result<Told, Failure> {
    match ask {
        Ask::Borrow(need) => open.make(&need).await.map(|()| Told::Done).map_err(Failure::of),
        Ask::Provision(need) => provision(open, &need),
        Ask::Call(turn) => {
            let verdict = open.call(&turn).await;
            Ok(answered(open, &turn.id, verdict, None))
        }
        Ask::Raw { id, request } => {
            let request = addressed(request, &open.context().target.authority);
            let (verdict, call) = open.session().call_raw(&id, request).await;
            Ok(answered(open, &id, verdict, call))
        }
        Ask::Expect(turn, expectation) => match open.peek().expect(&turn, &expectation) {
            None => Ok(Told::Done),
            Some(verdict) => Err(Failure::of(verdict)),
        },
        Ask::Value(turn, taken) => Ok(Told::Wrong(wrong(open, &turn, &taken))),
        Ask::Resolve(value) => bytes_of(open, &value).map(Told::Bytes),
        Ask::Symbol(bytes) => {
            let bindings: Bindings = open.peek().bindings();
            let symbol = bindings.iter().find(|(_, bound)| **bound == bytes).map(|(symbol, _)| symbol.clone());
            Ok(Told::Symbol(symbol))
        }
    }
}

/// The request with the target's authority in front (RFC 9112 section 3.2).
fn addressed(request: Request, authority: &str) -> Request {
    let mut headers = Headers::with_capacity(request.headers.len() + 1);
    headers.push("host", authority.to_owned());
    for (name, value) in &request.headers {
        headers.push(name.clone(), value.clone());
    }
    Request { headers, ..request }
}

/// What is wrong with something that stood in the last answer.
fn wrong(open: &OpenCase<'_, '_>, turn: &Turn, taken: &Taken) -> Option<Failure> {
    let session = open.peek();
    let mut values = taken.values.iter().map(Some).chain(taken.values.is_empty().then_some(None));
    if values.any(|value| session.expect_value(turn, &taken.place, &taken.matcher, value).is_none()) {
        return None;
    }
    let verdict = session.expect_value(turn, &taken.place, &taken.matcher, taken.whole.as_ref());
    Some(verdict.map_or_else(|| Failure::new(format!("{} is not as it must be", taken.place)), Failure::of))
}

/// The exchange of the call, where one was sent.
fn answered(open: &mut OpenCase<'_, '_>, id: &str, verdict: Verdict, call: Option<Call>) -> Told {
    let exchange = open.session().exchanges().last().filter(|exchange| exchange.id == id).cloned();
    let is_lost = open.peek().is_lost();
    Told::Answered { verdict, exchange: exchange.map(Box::new), call, is_lost }
}

fn provision(open: &OpenCase<'_, '_>, need: &Need) -> Result<Told, Failure> {
    let context = open.context();
    let name = open
        .resource(&need.kind, &need.role)
        .ok_or_else(|| Failure::of(Verdict::Unsupported(format!("the API has no resource of kind {:?}", need.kind))))?;
    let calls = context.api.resources.provision(need, &name, context.target.site());
    let role = Value::resource(&need.kind, &need.role);
    // The name differs from run to run; its role does not.
    let relative = |mut call: Call| {
        for value in call.arguments.values_mut().filter(|value| value.as_literal() == Some(&name)) {
            *value = role.clone();
        }
        call
    };
    Ok(Told::Calls(calls.into_iter().map(relative).collect()))
}

fn bytes_of(open: &OpenCase<'_, '_>, value: &Value) -> Result<Bytes, Failure> {
    let bodies = open.context().bodies;
    let session = open.peek();
    let resolved = resolve(value, session.names(), &session.bindings(), bodies);
    resolved.map_err(|why| Failure::of(Verdict::Inconclusive(Unclear::Blocked(why.to_string()))))
}
