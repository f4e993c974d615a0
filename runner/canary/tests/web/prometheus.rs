//! The real Prometheus, with the config and rules that are kept here, against a site.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use plumb_canary::metrics::FAMILIES;
use plumb_canary::plan::{Access, Secret};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::install;
use crate::rules::{folder, queries};
use crate::site::{Fixture, Served, exchange};

/// How long Prometheus may take to come to something.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often it is asked meanwhile.
const TICK: Duration = Duration::from_millis(250);

/// A Prometheus that ends with the test.
struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    /// Starts one in `home` that reads `agent`, and is quick about everything.
    fn start(home: &Path, agent: SocketAddr, port: u16) -> Self {
        let read = |name: &str| fs::read_to_string(folder().join(name)).expect("the file is kept");
        let config = read("prometheus.yml")
            .replace("127.0.0.1:9464", &agent.to_string())
            .replace("interval: 15s", "interval: 1s")
            .replace(
                "    # authorization:\n    #   credentials_file: /etc/prometheus/plumb.token",
                "    authorization:\n      credentials_file: token",
            );
        assert!(config.contains("interval: 1s") && config.contains("credentials_file: token"), "{config}");
        fs::write(home.join("prometheus.yml"), config).expect("it is written");
        fs::write(home.join("rules.yml"), read("rules.yml").replace("for: 2m", "for: 1s")).expect("it is written");
        fs::write(home.join("token"), "s3cret").expect("it is written");
        let mut command = Command::new("prometheus");
        command.current_dir(home).arg("--config.file=prometheus.yml").arg("--storage.tsdb.path=data");
        command.arg(format!("--web.listen-address=127.0.0.1:{port}")).arg("--log.level=warn");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().expect("it starts");
        Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    /// What it answers; none while it does not.
    async fn ask(&self, path: &str, query: &[(&str, &str)]) -> Option<Value> {
        let mut url = url::Url::parse(&format!("http://{}/api/v1/{path}", self.address)).expect("an address");
        url.query_pairs_mut().extend_pairs(query);
        let asked = format!("{}?{}", url.path(), url.query().unwrap_or_default());
        // To a client of version 1.0 nothing comes in chunks.
        let text = exchange(self.address, format!("GET {asked} HTTP/1.0\r\n\r\n").as_bytes()).await?;
        serde_json::from_str(text.split_once("\r\n\r\n")?.1).ok()
    }

    /// What a query gives.
    async fn query(&self, expr: &str) -> Option<Value> {
        self.ask("query", &[("query", expr)]).await
    }

    /// Waits until the answer to `path` has what `holds` looks for.
    async fn until(&self, what: &str, path: &str, query: &[(&str, &str)], holds: fn(&Value) -> bool) {
        let start = Instant::now();
        let mut last = None;
        while start.elapsed() < PATIENCE {
            last = self.ask(path, query).await;
            if last.as_ref().is_some_and(holds) {
                return;
            }
            tokio::time::sleep(TICK).await;
        }
        panic!("{what}: {last:?}")
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound address").port()
}

fn is_up(answer: &Value) -> bool {
    answer["data"]["activeTargets"][0]["health"] == "up"
}

fn has_result(answer: &Value) -> bool {
    answer["data"]["result"].as_array().is_some_and(|result| !result.is_empty())
}

fn agent_down(answer: &Value) -> bool {
    let alerts = answer["data"]["alerts"].as_array().into_iter().flatten();
    alerts.into_iter().any(|alert| alert["labels"]["alertname"] == "PlumbAgentDown" && alert["state"] == "firing")
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_every_metric_and_sees_a_dead_agent() {
    if let Err(why) = install::program_runs("prometheus") {
        return eprintln!("skipped: {why}");
    }
    let home = tempfile::tempdir().expect("a folder");
    let token = home.path().join("token");
    let site = Served::start(Fixture::default(), Some(Access::Bearer(Secret::File(token)))).await;
    let mut prometheus = Prometheus::start(home.path(), site.address, free_port());

    prometheus.until("the agent is up", "targets", &[], is_up).await;
    prometheus.until("series are there", "query", &[("query", "plumb_slots_total")], has_result).await;
    every_series_is_there(&prometheus).await;
    every_query_of_the_dashboard_is_one(&prometheus).await;
    assert!(!agent_down(&prometheus.ask("alerts", &[]).await.expect("it answers")));

    site.stop().await;
    prometheus.until("a dead agent is seen", "alerts", &[], agent_down).await;
    prometheus.child.kill().await.expect("it ends");
}

async fn every_series_is_there(prometheus: &Prometheus) {
    for family in FAMILIES {
        let name = family.name();
        let series = if family.word() == "histogram" { format!("{name}_bucket") } else { name };
        let answer = prometheus.query(&series).await.expect("it answers");
        assert!(has_result(&answer), "{series}: {answer}");
        let labels = &answer["data"]["result"][0]["metric"];
        assert_eq!(labels["region"], "eu-central", "{series}");
        assert!(labels.get("exported_region").is_none() && labels["job"] == "plumb", "{labels}");
    }
    let passed = prometheus.query(r#"sum(plumb_slots_total{canary="upload-download",target="eu-prod"})"#).await;
    let passed = passed.expect("it answers")["data"]["result"][0]["value"][1].as_str().map(str::to_owned);
    // Ninety rows; one of them stands for three slots that were missed.
    assert_eq!(passed.as_deref(), Some("92"));
}

async fn every_query_of_the_dashboard_is_one(prometheus: &Prometheus) {
    for expr in queries() {
        let answer = prometheus.query(&expr).await.expect("it answers");
        assert_eq!(answer["status"], "success", "{expr}: {answer}");
    }
}
