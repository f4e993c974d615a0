//! A server in this process, gates that do as they are told, and a client that sends bytes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use plumb_gate::decision::{Check, Decision, GATE_SCHEMA, Override};
use plumb_gate::serve::{Gates, Limits, Order, Running, ServeError, Settings, Token, serve};
use plumb_gate::verdict::{Said, Verdict, sum};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

/// The longest that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// The gates of [`Fake`], each of which does what its name says. `waits` passes once it may,
/// and the two of the published files fail.
const GATES: [&str; 13] = [
    "passes",
    "fails",
    "unclear",
    "overridden",
    "waits",
    "hangs",
    "panics",
    "errors",
    "lies",
    "empty",
    "other name",
    "before-traffic",
    "under-traffic",
];

/// Gates that do as they are told.
pub(crate) struct Fake {
    /// What was started, in order.
    started: Mutex<Vec<Order>>,
    /// How many were dropped before their end.
    pub(crate) dropped: Arc<AtomicUsize>,
    /// A permit for each run of `waits` that may end.
    pub(crate) may_end: Arc<Semaphore>,
}

impl Fake {
    pub(crate) fn new() -> Arc<Self> {
        let may_end = Arc::new(Semaphore::new(0));
        Arc::new(Self { started: Mutex::default(), dropped: Arc::default(), may_end })
    }

    pub(crate) fn started(&self) -> Vec<Order> {
        self.started.lock().expect("nobody panics with it").clone()
    }
}

impl Gates for Fake {
    fn names(&self) -> Vec<String> {
        GATES.map(str::to_owned).to_vec()
    }

    fn run(&self, order: Order) -> Running {
        self.started.lock().expect("nobody panics with it").push(order.clone());
        let (may_end, dropped) = (Arc::clone(&self.may_end), Arc::clone(&self.dropped));
        Box::pin(async move {
            let mut told = TellsDrop { dropped, is_over: false };
            let ended = outcome(&order, &may_end).await;
            told.is_over = true;
            ended
        })
    }
}

async fn outcome(order: &Order, may_end: &Semaphore) -> Result<Decision, String> {
    match order.gate.as_str() {
        "passes" | "other name" => Ok(decision(&order.gate, &[Said::Pass])),
        "fails" | "before-traffic" | "under-traffic" => Ok(decision(&order.gate, &[Said::Pass, Said::Fail])),
        "unclear" => Ok(decision("unclear", &[Said::Inconclusive])),
        "overridden" => Ok(overridden(decision("overridden", &[Said::Fail]))),
        "waits" => {
            may_end.acquire().await.map_err(|error| error.to_string())?.forget();
            Ok(decision("waits", &[Said::Pass]))
        }
        "hangs" => std::future::pending().await,
        "panics" => panic!("on purpose"),
        "lies" => Ok(Decision { verdict: Verdict::Pass, ..decision("lies", &[Said::Fail]) }),
        "empty" => Ok(Decision { verdict: Verdict::Pass, ..decision("empty", &[]) }),
        _ => Err("the target is gone\u{1b}[2J\n::error::".to_owned()),
    }
}

struct TellsDrop {
    dropped: Arc<AtomicUsize>,
    is_over: bool,
}

impl Drop for TellsDrop {
    fn drop(&mut self) {
        if !self.is_over {
            self.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The decision of a gate with these checks.
pub(crate) fn decision(gate: &str, checks: &[Said]) -> Decision {
    let check = |said: &Said| Check {
        name: "features".to_owned(),
        target: "staging".to_owned(),
        said: *said,
        why: format!("the features say {}", said.word()),
    };
    let now = Timestamp::UNIX_EPOCH;
    Decision {
        schema: GATE_SCHEMA.to_owned(),
        gate: gate.to_owned(),
        run: "r1".to_owned(),
        verdict: sum(checks.iter().copied()),
        without_override: None,
        overridden: None,
        summary: "this is what was seen".to_owned(),
        began: now,
        decided: now,
        version: "9.9.9".to_owned(),
        api: "kv".to_owned(),
        model: "m9".to_owned(),
        seed: None,
        targets: Vec::new(),
        checks: checks.iter().map(check).collect(),
        findings: Vec::new(),
        skipped: Vec::new(),
        notices: Vec::new(),
        comparison: None,
        folder: None,
    }
}

fn overridden(decision: Decision) -> Decision {
    let now = Timestamp::UNIX_EPOCH;
    let own = Override { who: "ops".to_owned(), why: "a known outage".to_owned(), until: now, made: now };
    decision.decided(Some(own))
}

/// How a server of a test differs from others.
#[derive(Clone)]
pub(crate) struct How {
    pub(crate) folder: PathBuf,
    pub(crate) token: Option<&'static str>,
    pub(crate) limits: Limits,
    /// How many seconds the clock is ahead.
    pub(crate) ahead: Arc<AtomicI64>,
}

impl How {
    pub(crate) fn new(folder: &Path) -> Self {
        let folder = folder.join("state");
        Self { folder, token: None, limits: Limits::default(), ahead: Arc::default() }
    }

    pub(crate) fn settings(&self) -> Settings {
        let ahead = Arc::clone(&self.ahead);
        Settings {
            folder: self.folder.clone(),
            token: self.token.map(|token| Token::fixed(token.to_owned())),
            limits: self.limits,
            version: "1.2.3".to_owned(),
            model: "m1".to_owned(),
            clock: Arc::new(move || Timestamp::now() + SignedDuration::from_secs(ahead.load(Ordering::SeqCst))),
        }
    }
}

/// A server that ends with its test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    pub(crate) async fn start(how: &How, gates: Arc<dyn Gates>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let settings = how.settings();
        let served = tokio::spawn(async move { serve(listener, settings, gates, async { drop(stopped.await) }).await });
        Self { address, stop, served }
    }

    /// Ends it in an orderly way.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        let ended = tokio::time::timeout(PATIENCE, self.served).await.expect("it ends in time");
        ended.expect("it does not panic").expect("it served");
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        send(self.address, method, path, headers, body).await
    }

    /// Asks until the run is decided.
    pub(crate) async fn decided(&self, path: &str) -> Value {
        until_decided(self.address, path).await
    }
}

/// Asks until the run is decided.
pub(crate) async fn until_decided(address: SocketAddr, path: &str) -> Value {
    let asked = async {
        loop {
            let told = send(address, "GET", &format!("{path}&wait=1"), &[], b"").await;
            assert_eq!(told.status, 200, "{}", told.body);
            if told.json()["state"] != "running" {
                return told.json();
            }
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("it is decided in time")
}

/// Waits until `is_so`.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = tokio::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(tokio::time::Instant::now() < end, "{what} never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

pub(crate) async fn send(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    let host = if headers.iter().any(|(name, _)| *name == "host") { None } else { Some(&("host", "localhost")) };
    head.extend(headers.iter().chain(host).flat_map(|(name, value)| [name, ": ", value, "\r\n"]));
    raw(to, &[head.as_bytes(), b"\r\n", body].concat()).await
}

/// Sends bytes as they are, and takes what comes back.
pub(crate) async fn raw(to: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(to).await.expect("somebody listens");
    // Whoever was answered before it had sent everything need not send the rest.
    let _ = stream.write_all(bytes).await;
    heard(stream).await
}

pub(crate) async fn heard(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an answer in time");
    let text = String::from_utf8(bytes).expect("an answer in UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// Asks for a run that hangs with a long wait, and takes whatever comes until the connection ends.
pub(crate) async fn waits(mut stream: TcpStream) {
    let head = "GET /v1/gates/hangs?key=k&wait=240 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("the head is taken");
    let _ = stream.read_to_end(&mut Vec::new()).await;
}
