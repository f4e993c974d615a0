//! Receivers that listen, hang or are gone, and plans that name them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use plumb_canary::alert::{Alert, AlertState};
use plumb_canary::clock::{Clock, SystemClock};
use plumb_canary::deliver::Delivery;
use plumb_canary::plan::{Agent, Heartbeat, Plan, Receiver, Retention, Text};
use plumb_canary::slot::{Axis, Watch};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a receiver was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Sent {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("a body of JSON")
    }
}

/// A receiver that writes down what it is sent.
pub(crate) struct Ear {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<Sent>>>,
    task: JoinHandle<()>,
}

impl Ear {
    pub(crate) async fn open() -> Self {
        Self::at("127.0.0.1:0".parse().expect("an address"), StatusCode::OK).await
    }

    pub(crate) async fn at(address: SocketAddr, status: StatusCode) -> Self {
        let heard: Arc<Mutex<Vec<Sent>>> = Arc::default();
        let own = heard.clone();
        let app = axum::Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
            let body = String::from_utf8(body.to_vec()).expect("text");
            own.lock().expect("no panic").push(Sent { path: uri.to_string(), headers, body });
            (status, [("location", "/elsewhere")])
        });
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("a server") });
        Self { address, heard, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn heard(&self) -> Vec<Sent> {
        self.heard.lock().expect("no panic").clone()
    }

    /// Waits until it was sent so much.
    pub(crate) async fn hears(&self, count: usize) -> Vec<Sent> {
        until(|| self.heard().len() >= count).await;
        self.heard()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until something is so.
pub(crate) async fn until(so: impl Fn() -> bool) {
    let wait = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it comes to be so in time");
}

/// A listener that takes connections and never answers.
pub(crate) async fn hanging() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    (format!("http://{}", listener.local_addr().expect("an address")), listener)
}

pub(crate) fn webhook(url: &str) -> Receiver {
    Receiver::Webhook {
        url: Text::Open(url.to_owned()),
        template: None,
        content_type: "application/json".to_owned(),
        authorization: None,
    }
}

pub(crate) fn plan(receivers: &[(&str, Receiver)], heartbeat: Option<Heartbeat>) -> Plan {
    let agent = Agent {
        region: "eu".to_owned(),
        state: PathBuf::new(),
        listen: None,
        access: None,
        public_url: None,
        slots_max: 1,
        slots_per_target_max: 1,
        wait_max: Duration::ZERO,
        drain_max: Duration::ZERO,
        retention: Retention { days: 1, bytes: 1 },
        heartbeat,
        leaks_max: 1,
        reference: None,
    };
    let receivers = receivers.iter().map(|(name, own)| ((*name).to_owned(), own.clone())).collect();
    Plan { agent, canaries: BTreeMap::new(), alerts: BTreeMap::new(), receivers, maintenance: Vec::new() }
}

pub(crate) fn delivery(plan: &Plan, folder: &Path) -> Delivery {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    Delivery::start(plan, folder, &clock, 1).expect("a delivery")
}

pub(crate) fn now_ms() -> i64 {
    SystemClock::default().now().wall_ms
}

/// An alert with something in each field, for these receivers.
pub(crate) fn alert(id: &str, state: AlertState, receivers: &[&str]) -> Alert {
    let watch = |canary: &str| Watch { canary: canary.to_owned(), target: "shop".to_owned() };
    Alert {
        id: id.to_owned(),
        state,
        severity: "page".to_owned(),
        region: "eu".to_owned(),
        target: "shop".to_owned(),
        rules: vec!["down".to_owned()],
        watches: vec![watch("reads"), watch("writes")],
        inhibited: vec![watch("lists")],
        axis: Some(Axis::Availability),
        summary: "shop: reads, writes: 3 of the last 5 slots were bad".to_owned(),
        sums: vec!["reads@shop: 3 of the last 5 slots were bad".to_owned()],
        place: Some("way (connect)".to_owned()),
        since_ms: now_ms() - 60_000,
        at_ms: now_ms(),
        first_ms: 1_700_000_000_000,
        last_ms: 1_700_000_060_000,
        request_ids: vec!["4442587FB7D0A2F9".to_owned()],
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        findings: vec!["f1".to_owned()],
        version: Some("1.2.3".to_owned()),
        owners: vec!["storage".to_owned()],
        runbooks: vec!["https://runbooks.example/reads".to_owned()],
        replay: Some("plumb replay case.json".to_owned()),
        links: vec!["https://plumb.example/?canary=reads&target=shop".to_owned()],
        receivers: receivers.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Text as a server would write it that wishes to break out of whatever it is put in.
pub(crate) const HOSTILE: &str =
    "\"},{\"admin\":true,\"x\":\"\\\" </script><b>&amp;' $(reboot) `id` ; rm -rf / \r\nX-Evil: 1\u{1b}[31m{{id}}%00";
