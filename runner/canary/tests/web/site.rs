//! A site on loopback, fed by the fixture.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plumb_canary::metrics::{Deliveries, Left, Metrics, Numbers};
use plumb_canary::plan::{self, Access, Plan};
use plumb_canary::schedule::Cadence;
use plumb_canary::slot::{Axis, Ended, Watch};
use plumb_canary::view::{Board, Source};
use plumb_canary::web;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::fixture;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the fixture's daemon tells.
pub(crate) struct Fixture {
    pub(crate) board: Board,
    pub(crate) metrics: Metrics,
    pub(crate) unready: Option<String>,
    pub(crate) set: Mutex<Vec<(String, String)>>,
}

impl Default for Fixture {
    fn default() -> Self {
        let board = fixture::board();
        let metrics = Metrics::new("eu-central", board.builds.clone());
        metrics.follow(&plan());
        board.watches.iter().flat_map(|view| fixture::rows(&view.watch)).for_each(|row| metrics.ended(&row));
        Self { board, metrics, unready: None, set: Mutex::default() }
    }
}

impl Source for Fixture {
    fn board(&self) -> Board {
        let set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let brake = set.last().map(|(state, reason)| format!("{state}: {reason}"));
        Board { brake, ..self.board.clone() }
    }

    fn ledger(&self, watch: Option<&Watch>, from_ms: i64, until_ms: i64, most: usize) -> Vec<Ended> {
        let asked = self.board.watches.iter().filter(|view| watch.is_none_or(|watch| *watch == view.watch));
        let mut rows: Vec<Ended> = asked.flat_map(|view| fixture::rows(&view.watch)).collect();
        rows.retain(|row| (from_ms..until_ms).contains(&row.slot.due_ms));
        rows.sort_by(|one, other| one.slot.due_ms.cmp(&other.slot.due_ms).then_with(|| one.slot.cmp(&other.slot)));
        rows.truncate(most);
        rows
    }

    fn finding(&self, id: &str) -> Option<serde_json::Value> {
        (id == "7c1e09d2")
            .then(|| serde_json::json!({"id": id, "summary": "<script>alert(1)</script>", "calls": ["PUT", "PUT"]}))
    }

    fn metrics(&self) -> String {
        self.metrics.text(&numbers(&self.board))
    }

    fn unready(&self) -> Option<String> {
        self.unready.clone()
    }

    fn set_brake(&self, state: &str, reason: &str) -> Result<(), String> {
        if !["off", "read-only", "drain", "halt"].contains(&state) {
            return Err(format!("there is no state {state}"));
        }
        self.set.lock().unwrap_or_else(PoisonError::into_inner).push((state.into(), reason.into()));
        Ok(())
    }
}

/// The plan of the fixture.
pub(crate) fn plan() -> Plan {
    let canary = |name: &str| plan::Canary {
        targets: fixture::TARGETS.map(String::from).to_vec(),
        cadence: Cadence::Every(fixture::every(name)),
        timeout: Duration::from_secs(30),
        retry_every: None,
        overlap: false,
        writes: true,
        writes_when_spent: false,
        slo: plan::Slo {
            availability: Some(0.999),
            conformance: Some(0.9995),
            window: Duration::from_hours(30 * 24),
            latency: None,
        },
        owner: "storage-oncall".into(),
        runbook: None,
        probation: Duration::ZERO,
        depends_on: Vec::new(),
        alerts: Vec::new(),
    };
    Plan {
        agent: plan::Agent {
            region: "eu-central".into(),
            state: PathBuf::new(),
            listen: None,
            access: None,
            public_url: None,
            slots_max: 1,
            slots_per_target_max: 1,
            wait_max: Duration::ZERO,
            drain_max: Duration::ZERO,
            retention: plan::Retention { days: 1, bytes: 1 },
            heartbeat: None,
            leaks_max: 1,
            reference: None,
        },
        canaries: fixture::canaries().map(|name| (name.to_owned(), canary(name))).collect(),
        alerts: BTreeMap::new(),
        receivers: BTreeMap::new(),
        maintenance: Vec::new(),
    }
}

/// What the fixture's daemon says of itself: everything that there is to say.
pub(crate) fn numbers(board: &Board) -> Numbers {
    let left = |view: &plumb_canary::view::WatchView| {
        let watch = view.watch.clone();
        view.budgets.iter().map(move |own| (watch.clone(), own.axis, own.left)).collect::<Vec<(Watch, Axis, f64)>>()
    };
    Numbers {
        started_ms: board.up_since_ms,
        heartbeat_ms: Some(board.now_ms),
        reloaded: Some((board.up_since_ms, true)),
        slots_under_way: 3,
        leases: 2,
        leaks_left: Some(40),
        rows_lost: 412,
        deliveries: BTreeMap::from([("pager".into(), Deliveries { waiting: 1, sent: 7, failed: 2, dropped: 0 })]),
        alerts_firing: BTreeMap::from([("page".into(), 2), ("ticket".into(), 1)]),
        brake: String::new(),
        error_budgets_left: board.watches.iter().flat_map(left).collect(),
        targets_left: BTreeMap::from([(
            "eu-prod".into(),
            Left { requests: Some(120_000), bytes: Some(9_000_000_000) },
        )]),
    }
}

/// A site that is served.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) fixture: Arc<Fixture>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Served {
    /// Serves `fixture` at a free port of loopback.
    pub(crate) async fn start(fixture: Fixture, access: Option<Access>) -> Self {
        Self::start_at("127.0.0.1:0", fixture, access).await
    }

    /// The same at an address.
    pub(crate) async fn start_at(at: &str, fixture: Fixture, access: Option<Access>) -> Self {
        let listener = TcpListener::bind(at).await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let (stop, stopped) = oneshot::channel();
        let fixture = Arc::new(fixture);
        let source: Arc<dyn Source> = Arc::clone(&fixture) as Arc<dyn Source>;
        let stopped = async move { drop(stopped.await) };
        let task = tokio::spawn(web::serve(listener, access, source, stopped));
        Self { address, fixture, stop, task }
    }

    /// Ends it, and waits until it has ended.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        let ended = tokio::time::timeout(PATIENCE, self.task).await.expect("it ends");
        ended.expect("it does not panic").expect("it has an address");
    }

    /// Sends `head`, without the empty line at its end, and `body`; gives what comes until the connection ends.
    pub(crate) async fn send(&self, head: &str, body: &str) -> Answer {
        let text = self.send_raw(format!("{}\r\nconnection: close\r\n\r\n{body}", head.trim()).as_bytes()).await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head in {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// Sends bytes, and gives what comes until the connection ends.
    pub(crate) async fn send_raw(&self, bytes: &[u8]) -> String {
        exchange(self.address, bytes).await.expect("it listens")
    }

    /// Asks for a page.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: localhost:{}", self.address.port()), "").await
    }
}

/// Sends bytes to `address`, and gives what comes until the connection ends; none where nobody listens.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8]) -> Option<String> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        // A server that refuses early may not take the rest.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        Some(String::from_utf8_lossy(&answer).into_owned())
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("an answer in time")
}

/// What came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In small letters.
    pub(crate) head: String,
    /// As it was sent: in chunks where the length was not known.
    pub(crate) body: String,
}
