//! Alertmanager itself, where it is installed.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plumb_canary::alert::AlertState;
use plumb_canary::plan::{Heartbeat, Receiver, Text};
use serde_json::Value;

use crate::scene::{Ear, alert, delivery, plan};

/// What Debian calls it.
const PROGRAM: &str = "prometheus-alertmanager";

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts it below `folder`; none where it is not installed.
fn start(folder: &Path) -> Option<(Running, String)> {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let config = folder.join("alertmanager.yml");
    std::fs::write(&config, "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n").expect("a file");
    let child = Command::new(PROGRAM)
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={free}"))
        .arg("--cluster.listen-address=")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match child {
        Ok(child) => Some((Running(child), format!("http://{free}"))),
        Err(error) => {
            eprintln!("skipped: {PROGRAM} cannot be started: {error}");
            None
        }
    }
}

/// What fires there, by the name of the alert.
async fn firing(url: &str, name: &str) -> Vec<Value> {
    let asked = reqwest::get(format!("{url}/api/v2/alerts?filter=alertname%3D{name}")).await;
    let Ok(answer) = asked else { return Vec::new() };
    let text = answer.text().await.unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

async fn fires(url: &str, name: &str, wanted: usize) -> Vec<Value> {
    let wait = async {
        loop {
            let own = firing(url, name).await;
            if own.len() == wanted {
                return own;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it comes to be so in time")
}

fn manager(url: &str) -> Receiver {
    Receiver::Alertmanager { url: Text::Open(format!("{url}/")), authorization: None }
}

#[tokio::test]
async fn alertmanager_holds_an_alert_until_it_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some((_running, url)) = start(folder.path()) else { return };
    let heartbeat = Heartbeat { every: Duration::from_millis(200), url: None, receivers: vec!["manager".to_owned()] };
    let delivery = delivery(&plan(&[("manager", manager(&url))], Some(heartbeat)), &folder.path().join("queue"));
    let own = alert("a1", AlertState::Firing, &["manager"]);
    delivery.push(&own);
    let held = fires(&url, "PlumbCanary", 1).await.remove(0);
    assert_eq!((&held["labels"]["target"], &held["labels"]["severity"]), (&"shop".into(), &"page".into()));
    assert_eq!(held["annotations"]["summary"], own.summary.as_str());
    assert_eq!(held["annotations"]["runbook_url"], "https://runbooks.example/reads");
    assert_eq!(held["generatorURL"], own.links[0].as_str());
    delivery.beat();
    fires(&url, "PlumbWatchdog", 1).await;
    let mut more = alert("a1", AlertState::Updated, &["manager"]);
    more.summary = "another sentence".to_owned();
    delivery.push(&more);
    let changed = async {
        while firing(&url, "PlumbCanary").await[0]["annotations"]["summary"] != "another sentence" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), changed).await.expect("the same alert has another sentence");
    delivery.push(&alert("a1", AlertState::Resolved, &["manager"]));
    fires(&url, "PlumbCanary", 0).await;
    fires(&url, "PlumbWatchdog", 0).await;
}

#[tokio::test]
async fn what_goes_on_is_posted_again_after_a_restart() {
    let (folder, ear) = (tempfile::tempdir().expect("a folder"), Ear::open().await);
    let receivers = plan(&[("manager", manager(&ear.url()))], None);
    let first = delivery(&receivers, folder.path());
    first.push(&alert("a1", AlertState::Firing, &["manager"]));
    first.push(&alert("a2", AlertState::Firing, &["manager"]));
    first.push(&alert("a2", AlertState::Resolved, &["manager"]));
    ear.hears(3).await;
    assert!(first.stop(Duration::from_secs(10)).await);
    let _second = delivery(&receivers, folder.path());
    let again = ear.hears(4).await[3].json();
    let ids: Vec<&Value> = again.as_array().expect("alerts").iter().map(|own| &own["labels"]["plumb_alert"]).collect();
    assert_eq!(ids, ["a1"]);
    let read = |name: &str| again[0][name].as_str().expect("a moment").parse::<jiff::Timestamp>().expect("RFC 3339");
    assert!(read("endsAt").as_millisecond() > crate::scene::now_ms() + 60_000 && read("startsAt") < read("endsAt"));
}
