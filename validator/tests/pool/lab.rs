//! What these tests share: an API's own server in this process, and a run that borrows from a pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use plumb_model::answer::Answer;
use plumb_model::api::Api;
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Turn};
use plumb_model::http::{Headers, Request, Response};
use plumb_model::plant::Plant;
use plumb_model::wire::{Actor, SECOND_ACTOR};
use plumb_validator::case_run::errand;
use plumb_validator::clock::{Clock, TargetClock};
use plumb_validator::guard::Guard;
use plumb_validator::journal::Journal;
use plumb_validator::model_server::{Answers, ModelServer, ServerOptions};
use plumb_validator::names::RunId;
use plumb_validator::open_case::OpenCase;
use plumb_validator::session::Context;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::{MemoryTransport, Received, SendError, SendLimits, Transport};
use plumb_validator::verdict::{Unclear, Verdict};
use tokio::time::Instant;

/// A clock that goes with the runtime's, paused or not, and that a test sets forward.
pub(crate) struct TestClock {
    start: Instant,
    ahead_ms: AtomicI64,
}

impl Clock for TestClock {
    fn unix_ms(&self) -> i64 {
        let gone = i64::try_from(self.start.elapsed().as_millis()).expect("a short test");
        1_750_000_000_000 + gone + self.ahead_ms.load(Ordering::SeqCst)
    }
}

/// The server, which refuses to remove anything while it is told to, and lists what was sent to it.
pub(crate) struct Picky<'a> {
    server: MemoryTransport<'a>,
    keeps_all: AtomicBool,
    refuses_buckets: AtomicBool,
    sent: Mutex<Vec<String>>,
}

impl Transport for Picky<'_> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        let target = String::from_utf8_lossy(&request.target).into_owned();
        let is_bucket = !target[1..].contains('/') && !target.contains('?');
        let refused = match request.method.as_ref() {
            "DELETE" => self.keeps_all.load(Ordering::SeqCst),
            "PUT" => is_bucket && self.refuses_buckets.load(Ordering::SeqCst),
            _ => false,
        };
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{} {target}", request.method));
        if !refused {
            return self.server.send(request, limits);
        }
        async {
            // Others have their turn before the answer is there.
            tokio::task::yield_now().await;
            let (headers, body) = (Headers::default(), Bytes::new());
            let response = Response { status: 403, headers, body, truncated: false };
            let (latency, first_byte, phases) = Default::default();
            Ok(Received { response, latency, first_byte, peer: None, phases })
        }
        .boxed()
    }
}

pub(crate) struct Lab<'a> {
    pub(crate) api: &'a Api,
    pub(crate) target: Target,
    pub(crate) run: RunId,
    pub(crate) guard: Guard,
    pub(crate) journal: Option<Journal>,
    clock: Arc<TestClock>,
    target_clock: TargetClock,
    server: Picky<'a>,
}

fn actor(name: &str, id: &str) -> Actor {
    Actor { name: name.into(), id: id.into(), secret: format!("{name}-secret"), session_token: None }
}

impl<'a> Lab<'a> {
    pub(crate) fn new(api: &'a Api) -> Self {
        Self::with(api, None)
    }

    /// The same with a bug in the server.
    pub(crate) fn with(api: &'a Api, plant: Option<Plant>) -> Self {
        let actors = if api.signed { vec![actor("lab", "LABKEY"), actor(SECOND_ACTOR, "OTHERKEY")] } else { vec![] };
        let (flavour, region) = (api.flavours[0].name, "us-east-1".to_owned());
        let answers = Answers::Preferred;
        let options = ServerOptions { flavour, region: region.clone(), actors: actors.clone(), answers };
        let clock = Arc::new(TestClock { start: Instant::now(), ahead_ms: AtomicI64::new(0) });
        let target = Target {
            name: "lab".into(),
            scheme: "http".into(),
            authority: "lab.invalid".into(),
            region,
            flavour,
            actors,
            safety: Safety::Full,
            exclusive: false,
            limits: SendLimits::default(),
        };
        let server = Picky {
            server: MemoryTransport::new(ModelServer::new(api, options, plant), clock.clone()),
            keeps_all: AtomicBool::new(false),
            refuses_buckets: AtomicBool::new(false),
            sent: Mutex::default(),
        };
        let run = RunId::new(7);
        let (guard, target_clock) = (Guard::new(&run, &target), TargetClock::default());
        Self { api, target, run, guard, journal: None, clock, target_clock, server }
    }

    pub(crate) fn context<'s>(&'s self, bodies: &'s Bodies) -> Context<'s> {
        Context {
            api: self.api,
            target: &self.target,
            transport: &self.server,
            run: &self.run,
            guard: &self.guard,
            journal: self.journal.as_ref(),
            clock: &*self.clock,
            target_clock: &self.target_clock,
            bodies,
        }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.unix_ms()
    }

    pub(crate) fn set_forward(&self, ms: i64) {
        self.clock.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// From now on the server refuses to remove anything, or does so no longer.
    pub(crate) fn keep_all(&self, keeps: bool) {
        self.server.keeps_all.store(keeps, Ordering::SeqCst);
    }

    /// From now on it refuses to make buckets, or does so no longer.
    pub(crate) fn refuse_buckets(&self, refuses: bool) {
        self.server.refuses_buckets.store(refuses, Ordering::SeqCst);
    }

    /// What was sent so far, as method and target.
    pub(crate) fn sent(&self) -> Vec<String> {
        self.server.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the server holds, whoever asks: sends `call` past every guard.
    pub(crate) async fn peek(&self, call: &Call, actor: Option<&str>) -> Answer {
        let (bodies, open) = (Bodies::new(), Target { exclusive: true, ..self.target.clone() });
        let guard = Guard::new(&RunId::new(8), &open);
        let context = Context { guard: &guard, journal: None, ..self.context(&bodies) };
        errand(&context, call, actor).await.expect("the server answers").0
    }

    /// The names in a list of an answer.
    pub(crate) async fn listed(&self, call: &Call, actor: Option<&str>, list: &str, field: &str) -> Vec<String> {
        let answer = self.peek(call, actor).await;
        let document = answer.document.expect("a document");
        document.list(list).iter().filter_map(|entry| entry.text(field)).map(str::to_owned).collect()
    }

    /// The buckets that there are.
    pub(crate) async fn buckets(&self, actor: Option<&str>) -> Vec<String> {
        let answer = self.peek(&Call::new("ListBuckets"), actor).await;
        let Some(document) = answer.document else { return Vec::new() };
        let buckets = document.field("Buckets").map(|own| own.list("Bucket").to_vec()).unwrap_or_default();
        buckets.iter().filter_map(|entry| entry.text("Name")).map(str::to_owned).collect()
    }

    /// The keys of a bucket.
    pub(crate) async fn keys(&self, bucket: &str, actor: Option<&str>) -> Vec<String> {
        self.listed(&Call::new("ListObjectsV2").with("bucket", bucket), actor, "Contents", "Key").await
    }
}

/// One call of a case, which must conform; the answer.
pub(crate) async fn call(open: &mut OpenCase<'_, '_>, id: &str, call: Call) -> Answer {
    let verdict = open.call(&Turn::new(id, call)).await;
    assert!(matches!(verdict, Verdict::Conforms { .. }), "{id}: {verdict:?}");
    open.session().exchanges().last().and_then(|exchange| exchange.answer.clone()).expect("an answer")
}

/// Why a case could not have what it needs.
pub(crate) fn no_resource<T>(got: Result<T, Verdict>) -> String {
    match got {
        Err(Verdict::Inconclusive(Unclear::NoResource(why))) => why,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was lent"),
    }
}
