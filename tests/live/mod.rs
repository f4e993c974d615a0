//! What tests against a real server share: a fresh third-party server, a fault proxy before it, and a log of
//! what was sent.

pub(crate) mod workflows;

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use plumb_generator::suites;
use plumb_model::api::Api;
use plumb_model::bodies::{hex, md5};
use plumb_model::call::Case;
use plumb_model::http::{Headers, Request, Response};
use plumb_runner::engine::Done;
use plumb_test_proxy::{Applied, Fake, FaultProxy, Plan};
use plumb_validator::plugin::DemoServer;
use plumb_validator::session::Exchange;
use plumb_validator::target::Target;
use plumb_validator::transport::{
    CONNECT_TIMEOUT, Endpoint, NetworkTransport, Received, SendError, SendLimits, Transport,
};

use crate::lab;

/// The seed of everything that is drawn here.
pub(crate) const SEED: u64 = 20_261_121;
/// How many workflows there are, beside the suites.
pub(crate) const WORKFLOWS: u64 = 24;
/// How often a request is sent again that found its connection closed.
const RESENT_MAX: usize = 3;

/// Starts a server without any state.
pub(crate) type Start = fn() -> Box<dyn DemoServer>;

/// Starts `s3s-fs` in this process.
pub(crate) fn s3s_fs() -> Box<dyn DemoServer> {
    let start = plumb_s3_plugin::plugin().demo_server.expect("there is a demo server");
    start().expect("the server starts")
}

/// At most so many cases of each operation, and the workflows.
pub(crate) fn cases(api: &Api, of_each: usize) -> Vec<Case> {
    let names = api.operations.iter().map(|operation| [operation.name.to_owned()]);
    let mut cases: Vec<Case> = Vec::new();
    for name in names {
        cases.extend(suites::cases(api, &name, SEED).take(of_each));
    }
    cases.extend((0..WORKFLOWS).map(|number| workflows::workflow(api, SEED + number)));
    cases
}

/// The cases that conform without a fault; what a server does wrong by itself tells nothing of the judge.
pub(crate) fn conforming(api: &Api, start: Start, cases: Vec<Case>) -> Vec<Done> {
    let done = run(api, start, Plan::Honest, cases).done;
    done.into_iter().filter(|done| done.run.verdict.word() == "conforms").collect()
}

/// A run through a proxy.
pub(crate) struct Run {
    /// The cases in the order of the run.
    pub(crate) done: Vec<Done>,
    /// What the proxy did.
    pub(crate) applied: Vec<Applied>,
    sent: Vec<Sent>,
}

/// A request with its answer and the number that the proxy gave it.
struct Sent {
    request: Request,
    answer: Option<Response>,
    number: u64,
}

impl Sent {
    /// Whether this is what `exchange` tells of. Two requests that are signed in the same second may be alike, and
    /// one of them may have been spoilt.
    fn is(&self, exchange: &Exchange) -> bool {
        let same_answer = match (&self.answer, &exchange.answer) {
            (Some(own), Some(other)) => {
                (own.status, &own.headers, &own.body) == (other.status, &other.headers, &other.body)
            }
            (own, other) => own.is_none() && other.is_none(),
        };
        same_answer && self.request == exchange.request
    }
}

impl Run {
    /// What was done to the exchanges of each case, in the order of the cases: the place among its exchanges, and
    /// what. Borrowing and clean-up are left out.
    pub(crate) fn spoilt(&self) -> Vec<Vec<(usize, &Applied)>> {
        let mut next = 0;
        self.done.iter().map(|done| self.spoilt_of(&done.run.exchanges, &mut next)).collect()
    }

    fn spoilt_of(&self, exchanges: &[Exchange], next: &mut usize) -> Vec<(usize, &Applied)> {
        let mut spoilt = Vec::new();
        for (place, exchange) in exchanges.iter().enumerate() {
            let ahead = self.sent[*next..].iter().position(|sent| sent.is(exchange));
            let at = *next + ahead.expect("each exchange was sent");
            *next = at + 1;
            let number = self.sent[at].number;
            spoilt.extend(self.applied.iter().find(|own| own.sequence == number).map(|own| (place, own)));
        }
        spoilt
    }
}

/// Runs `cases` one after the other against a server of their own, with `plan` in between.
pub(crate) fn run(api: &Api, start: Start, plan: Plan, cases: impl IntoIterator<Item = Case>) -> Run {
    let server = start();
    let address = server.endpoint().strip_prefix("http://").and_then(|address| address.parse().ok());
    let proxy = FaultProxy::start(address.expect("the server has an address"), plan).expect("the proxy starts");
    let target = target(api, &*server, &proxy);
    let endpoint = Endpoint::parse(&format!("http://{}", proxy.address()), None).expect("the proxy has an endpoint");
    let sent = Mutex::default();
    let connect = || {
        let network = NetworkTransport::new(&endpoint, CONNECT_TIMEOUT).map_err(|error| error.to_string())?;
        Ok(Box::new(Logged { network, proxy: &proxy, sent: &sent }) as Box<dyn Transport>)
    };
    let done = lab::run_through(api, &target, &connect, cases, false).done;
    let sent = std::mem::take(&mut *sent.lock().unwrap_or_else(PoisonError::into_inner));
    Run { done, applied: proxy.applied(), sent }
}

fn target(api: &Api, server: &dyn DemoServer, proxy: &FaultProxy) -> Target {
    Target { actors: vec![server.actor()], ..lab::target(api, &proxy.address().to_string()) }
}

/// Acknowledges an object as S3 does: 200 and the MD5 of the body. A bucket cannot be acknowledged this way.
pub(crate) fn fake_put_object() -> Fake {
    Fake(|request, _| {
        let path = request.target.split(|byte| *byte == b'?').next()?;
        let is_object = request.method == "PUT" && path.split(|byte| *byte == b'/').count() > 2;
        let mut headers = Headers::default();
        headers.push("etag", [b"\"".as_slice(), &hex(&md5(&request.body)), b"\""].concat());
        is_object.then_some(Response { status: 200, headers, body: Bytes::new(), truncated: false })
    })
}

/// A network with a log. One request at a time, so that the proxy's count tells which one came last.
struct Logged<'a> {
    network: NetworkTransport,
    proxy: &'a FaultProxy,
    sent: &'a Mutex<Vec<Sent>>,
}

impl Logged<'_> {
    /// Sends a request. The server closes a connection after some refusals without saying so; a request that met
    /// such a close never came to the proxy and is sent again, so that every run counts alike.
    async fn exchange(&self, request: &Request, limits: &SendLimits) -> Result<Received, SendError> {
        let before = self.proxy.requests();
        let mut result = self.network.send(request, limits).await;
        for _ in 0..RESENT_MAX {
            if result.is_ok() || self.proxy.requests() > before {
                break;
            }
            result = self.network.send(request, limits).await;
        }
        if self.proxy.requests() > before {
            let answer = result.as_ref().ok().map(|received| received.response.clone());
            let sent = Sent { request: request.clone(), answer, number: self.proxy.requests() };
            self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        }
        result
    }
}

impl Transport for Logged<'_> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        self.exchange(request, limits).boxed()
    }
}
