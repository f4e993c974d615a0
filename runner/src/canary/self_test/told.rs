//! Whom a self-test tells, and whether they heard it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use plumb_canary::alert::{Alert, AlertState, SENTENCE_MAX, safe};
use plumb_canary::clock::{Clock, SystemClock};
use plumb_canary::deliver::{Delivery, DeliveryCounts};
use plumb_canary::plan::{Plan, Receiver, Text};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::engine::lock;

/// How every text begins that somebody is told in a self-test.
pub(super) const MARK: &str = "SELF-TEST: ";
/// How long everybody may take to be told, once all is pushed.
const DELIVERY_MAX: Duration = Duration::from_secs(20);
/// After so many tries in a row that failed, a receiver is down.
const TRIES_MAX: u64 = 3;
/// How often it is looked whether everybody is told.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The longest alert that the test receiver reads, in bytes.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Tells the alerts of a self-test.
pub(super) struct Teller {
    /// Where the queues are, until the test is over.
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    next: AtomicUsize,
    /// Who is told instead of the configured receivers.
    test: Option<TestReceiver>,
}

/// The alerts of one rule.
pub(super) struct Telling {
    delivery: Delivery,
    clock: Arc<dyn Clock>,
    pushed: BTreeMap<String, Vec<(String, AlertState)>>,
    since_ms: Option<i64>,
    heard: Option<Heard>,
}

/// What became of the alerts for one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) receiver: String,
    /// Why it has not heard all of it.
    pub(super) why: Option<String>,
}

impl Teller {
    /// Tells the configured receivers, or one of its own. Queues are kept in `folder`.
    ///
    /// # Errors
    /// Where there is no port for a receiver.
    pub(super) async fn new(folder: PathBuf, delivers: bool) -> std::io::Result<Self> {
        let test = if delivers { None } else { Some(TestReceiver::listen().await?) };
        Ok(Self { folder, clock: Arc::new(SystemClock::default()), next: AtomicUsize::new(0), test })
    }

    /// Begins to tell the alerts of one rule, with a queue of its own.
    pub(super) fn begin(&self, plan: &Plan) -> Result<Telling, String> {
        let folder = self.folder.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        let receivers = plan.receivers.iter().map(|(name, own)| {
            let own = self.test.as_ref().map_or_else(|| own.clone(), |test| test.receiver(name));
            (name.clone(), own)
        });
        let plan = Plan { receivers: receivers.collect(), ..plan.clone() };
        let seed = self.clock.now().wall_ms.unsigned_abs();
        let delivery = Delivery::start(&plan, &folder, &self.clock, seed).map_err(|error| error.to_string())?;
        let (clock, heard) = (Arc::clone(&self.clock), self.test.as_ref().map(|own| Arc::clone(&own.heard)));
        Ok(Telling { delivery, clock, pushed: BTreeMap::new(), since_ms: None, heard })
    }
}

impl Telling {
    /// Hands an alert to its receivers, marked as what it is. Its clock is the simulated one: what is told has the time of
    /// day, because a receiver that holds alerts would believe in one that ends tomorrow.
    pub(super) fn push(&mut self, alert: &Alert, id: &str) {
        let now_ms = self.clock.now().wall_ms;
        let since_ms = *self.since_ms.get_or_insert(now_ms);
        let marked = |text: &String| safe(&format!("{MARK}{text}"), SENTENCE_MAX);
        let alert = Alert {
            // Never that of an alert that a daemon may have sent.
            id: id.to_owned(),
            summary: marked(&alert.summary),
            sums: alert.sums.iter().map(marked).collect(),
            since_ms,
            at_ms: now_ms,
            first_ms: since_ms,
            last_ms: now_ms,
            // Nothing shows again what was planted.
            findings: Vec::new(),
            replay: None,
            ..alert.clone()
        };
        for receiver in &alert.receivers {
            self.pushed.entry(receiver.clone()).or_default().push((alert.id.clone(), alert.state));
        }
        self.delivery.push(&alert);
    }

    /// Waits until everybody has heard everything, or will not.
    pub(super) async fn end(self) -> Vec<Told> {
        let until = Instant::now() + DELIVERY_MAX;
        loop {
            let counts = self.delivery.counts();
            let open =
                |(name, pushed): (&String, &Vec<_>)| counts.get(name).is_some_and(|own| is_open(own, pushed.len()));
            if !self.pushed.iter().any(open) || Instant::now() >= until {
                return self.pushed.iter().map(|(name, pushed)| self.told(name, pushed, counts.get(name))).collect();
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn told(&self, receiver: &str, pushed: &[(String, AlertState)], counts: Option<&DeliveryCounts>) -> Told {
        let counts = counts.cloned().unwrap_or_default();
        let is_heard = |(id, state): &(String, AlertState)| {
            let entry = (receiver.to_owned(), id.clone(), state.word().to_owned());
            self.heard.as_ref().is_none_or(|heard| lock(heard).contains(&entry))
        };
        let why = if counts.delivered < pushed.len() as u64 {
            let why = counts.last_error.unwrap_or_else(|| "it takes too long".to_owned());
            Some(format!("{} of {} alerts delivered: {why}", counts.delivered, pushed.len()))
        } else if pushed.iter().all(is_heard) {
            None
        } else {
            Some("what was delivered never came".to_owned())
        };
        Told { receiver: receiver.to_owned(), why }
    }
}

/// Whether something may still be told.
fn is_open(counts: &DeliveryCounts, pushed: usize) -> bool {
    let is_down = counts.last_error.is_some() && counts.retried >= TRIES_MAX;
    counts.delivered + counts.failed < pushed as u64 && !is_down
}

/// What was heard: receiver, alert, state.
type Heard = Arc<Mutex<Vec<(String, String, String)>>>;

/// A webhook on loopback that remembers what it is told.
struct TestReceiver {
    address: SocketAddr,
    heard: Heard,
    serving: JoinHandle<()>,
}

impl TestReceiver {
    async fn listen() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, heard) = (listener.local_addr()?, Heard::default());
        let serving = tokio::spawn(serve(listener, Arc::clone(&heard)));
        Ok(Self { address, heard, serving })
    }

    /// It in the place of a configured one.
    fn receiver(&self, name: &str) -> Receiver {
        Receiver::Webhook {
            url: Text::Open(format!("http://{}/{name}", self.address)),
            template: None,
            content_type: "application/json".to_owned(),
            authorization: None,
        }
    }
}

impl Drop for TestReceiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, heard: Heard) {
    // Whoever tells has one connection a receiver, and tries again where none can be taken.
    while let Ok((stream, _)) = listener.accept().await {
        let heard = Arc::clone(&heard);
        let hear = service_fn(move |request| hear(request, Arc::clone(&heard)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), hear));
    }
}

async fn hear(request: Request<Incoming>, heard: Heard) -> hyper::Result<Response<Empty<Bytes>>> {
    let receiver = request.uri().path().trim_start_matches('/').to_owned();
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await;
    let alert = body.ok().and_then(|body| serde_json::from_slice::<Alert>(&body.to_bytes()).ok());
    let mut answer = Response::new(Empty::new());
    match alert.filter(|own| own.summary.starts_with(MARK)) {
        Some(alert) => lock(&heard).push((receiver, alert.id, alert.state.word().to_owned())),
        None => *answer.status_mut() = StatusCode::BAD_REQUEST,
    }
    Ok(answer)
}
