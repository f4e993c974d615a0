//! The sign of life stops with the loop that it is the sign of.

use std::time::Duration;

use plumb_canary::plan::{Heartbeat, Receiver, Text};

use crate::scene::{Ear, delivery, hanging, plan};

const EVERY: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_heartbeat_goes_out_only_while_the_loop_goes_on() {
    let (ear, folder) = (Ear::open().await, tempfile::tempdir().expect("a folder"));
    let heartbeat =
        Heartbeat { every: EVERY, url: Some(Text::Open(format!("{}/ping/eu", ear.url()))), receivers: Vec::new() };
    let delivery = delivery(&plan(&[], Some(heartbeat)), folder.path());
    tokio::time::sleep(10 * EVERY).await;
    assert!(ear.heard().is_empty(), "nobody has said that the loop goes on");
    assert_eq!(delivery.heartbeat_ms(), None);
    while ear.heard().len() < 3 {
        delivery.beat();
        tokio::time::sleep(EVERY).await;
    }
    assert_eq!(ear.heard()[0].path, "/ping/eu");
    tokio::time::sleep(10 * EVERY).await;
    let after = ear.heard().len();
    tokio::time::sleep(10 * EVERY).await;
    assert_eq!(ear.heard().len(), after, "the loop hangs, and so nothing goes out");
    assert!(delivery.heartbeats().0 >= 3);
    assert!(delivery.heartbeat_ms().is_some(), "it is known when the last one went out");
}

#[tokio::test]
async fn an_alert_that_always_fires_goes_to_those_that_hold_alerts() {
    let (ear, folder) = (Ear::open().await, tempfile::tempdir().expect("a folder"));
    let (url, _listener) = hanging().await;
    let manager = |url: String| Receiver::Alertmanager { url: Text::Open(url), authorization: None };
    let receivers = vec!["deaf".to_owned(), "manager".to_owned()];
    let heartbeat = Heartbeat { every: EVERY, url: None, receivers };
    let plan = plan(&[("deaf", manager(url)), ("manager", manager(ear.url()))], Some(heartbeat));
    let delivery = delivery(&plan, folder.path());
    while ear.heard().is_empty() {
        delivery.beat();
        tokio::time::sleep(EVERY).await;
    }
    let sent = ear.heard()[0].clone();
    assert_eq!(sent.path, "/api/v2/alerts");
    let labels = &sent.json()[0]["labels"];
    assert_eq!((&labels["alertname"], &labels["region"]), (&"PlumbWatchdog".into(), &"eu".into()));
}
