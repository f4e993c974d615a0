//! One gate and key is one run.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::fixture::{Fake, How, Server, until};

#[tokio::test]
async fn two_hundred_that_ask_at_once_see_one_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let server = Arc::new(Server::start(&How::new(folder.path()), fake.clone()).await);
    let asking: Vec<_> = (0..200)
        .map(|_| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { server.get("/v1/gates/waits?key=shop:7f5d").await })
        })
        .collect();
    for asked in asking {
        let told = asked.await.expect("an answer");
        assert_eq!((told.status, told.json()["state"].as_str()), (200, Some("running")), "{}", told.body);
    }
    fake.may_end.add_permits(1);
    assert_eq!(server.decided("/v1/gates/waits?key=shop:7f5d").await["state"], "pass");
    assert_eq!(fake.started().len(), 1, "one run for all of them");
}

#[tokio::test]
async fn other_keys_and_other_gates_are_other_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let server = Server::start(&How::new(folder.path()), fake.clone()).await;
    for path in ["passes?key=a", "passes?key=b", "fails?key=a", "other%20name?key=a", "passes?key=a"] {
        server.decided(&format!("/v1/gates/{path}")).await;
    }
    let started: Vec<String> = fake.started().iter().map(|order| format!("{} {}", order.gate, order.key)).collect();
    assert_eq!(started, ["passes a", "passes b", "fails a", "other name a"]);
}

#[tokio::test]
async fn every_gate_says_what_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&How::new(folder.path()), Fake::new()).await;
    for (gate, state, summary) in [
        ("passes", "pass", "this is what was seen"),
        ("fails", "fail", "this is what was seen"),
        ("unclear", "inconclusive", "this is what was seen"),
        ("overridden", "overridden", "this is what was seen"),
        ("panics", "inconclusive", "an error of our own"),
        ("errors", "inconclusive", "the target is gone [2J ::error::"),
        ("lies", "inconclusive", "not what its checks come to"),
        ("empty", "inconclusive", "not what its checks come to"),
    ] {
        let told = server.decided(&format!("/v1/gates/{gate}?key=k")).await;
        assert_eq!(told["state"], state, "{told}");
        assert!(told["summary"].as_str().is_some_and(|said| said.contains(summary)), "{told}");
        assert_eq!((&told["plumb"]["version"], &told["plumb"]["model"]), (&"1.2.3".into(), &"m1".into()), "{told}");
        assert_eq!(told["run"], format!("/v1/runs/{gate}/k"), "{told}");
    }
}

#[tokio::test]
async fn what_keeps_it_from_passing_is_told_and_the_whole_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&How::new(folder.path()), Fake::new()).await;
    let told = server.decided("/v1/gates/fails?key=k&expect_version=1.4.2").await;
    assert_eq!(told["reasons"], serde_json::json!(["the features say fail"]));
    assert_eq!(told["judged_by"], serde_json::json!({"version": "9.9.9", "model": "m9"}));
    let whole = server.get("/v1/runs/fails/k").await.json();
    assert_eq!(whole["decision"]["checks"].as_array().map(Vec::len), Some(2), "{whole}");
    assert_eq!(whole["attempts"][0]["how"], "decided", "{whole}");
    let listed = server.get("/v1/runs").await.json();
    assert_eq!(listed["runs"][0]["state"], "fail", "{listed}");
    assert_eq!(listed["runs"][0].get("decision"), None, "the list is short");
}

#[tokio::test]
async fn a_key_stands_for_one_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let server = Server::start(&How::new(folder.path()), fake.clone()).await;
    server.decided("/v1/gates/passes?key=k&expect_version=1").await;
    for path in ["/v1/gates/passes?key=k&expect_version=2", "/v1/gates/passes?key=k"] {
        let told = server.get(path).await;
        assert_eq!(told.status, 409, "{}", told.body);
    }
    let body = br#"{"key":"k","expect_version":"1"}"#;
    assert_eq!(server.send("POST", "/v1/gates/passes", &[], body).await.json()["state"], "pass");
    assert_eq!(fake.started()[0].expect_version.as_deref(), Some("1"));
    assert_eq!(fake.started().len(), 1);
}

#[tokio::test]
async fn few_run_at_once_the_rest_waits_and_what_is_too_much_is_turned_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let (fake, mut how) = (Fake::new(), How::new(folder.path()));
    (how.limits.at_once, how.limits.queued) = (1, 1);
    let server = Server::start(&how, fake.clone()).await;
    let stand = |told: Value| (told["state"].clone(), told["queued"].clone());
    assert_eq!(stand(server.get("/v1/gates/waits?key=1").await.json()), ("running".into(), false.into()));
    assert_eq!(stand(server.get("/v1/gates/waits?key=2").await.json()), ("running".into(), true.into()));
    let third = server.get("/v1/gates/waits?key=3").await;
    assert_eq!(third.status, 503, "{}", third.body);
    assert!(third.head.contains("retry-after: 10"), "{}", third.head);
    assert_eq!(server.get("/v1/runs/waits/3").await.status, 404, "nothing is left of it");
    assert_eq!(fake.started().len(), 1);
    fake.may_end.add_permits(1);
    server.decided("/v1/gates/waits?key=1").await;
    until("the second", || fake.started().len() == 2).await;
    fake.may_end.add_permits(1);
    assert_eq!(server.decided("/v1/gates/waits?key=2").await["state"], "pass");
}

#[tokio::test]
async fn a_run_that_hangs_ends_and_holds_up_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (fake, mut how) = (Fake::new(), How::new(folder.path()));
    (how.limits.at_once, how.limits.run_max) = (1, Duration::from_millis(300));
    let server = Server::start(&how, fake.clone()).await;
    server.get("/v1/gates/hangs?key=k").await;
    assert_eq!(server.decided("/v1/gates/passes?key=k").await["state"], "pass");
    let told = server.decided("/v1/gates/hangs?key=k").await;
    assert_eq!(told["state"], "inconclusive");
    assert_eq!(told["summary"], "there is no decision: it took longer than 0.3 s, and was ended");
    assert_eq!(fake.dropped.load(std::sync::atomic::Ordering::SeqCst), 1, "it was dropped");
}

#[tokio::test]
async fn an_answer_that_is_held_back_comes_with_the_decision() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let server = Arc::new(Server::start(&How::new(folder.path()), fake.clone()).await);
    let asking = Arc::clone(&server);
    let asking = tokio::spawn(async move { asking.get("/v1/gates/waits?key=k&wait=240").await });
    until("the run", || fake.started().len() == 1).await;
    assert!(!asking.is_finished(), "nothing is decided");
    fake.may_end.add_permits(1);
    let told = tokio::time::timeout(Duration::from_secs(20), asking).await.expect("long before the wait is over");
    assert_eq!(told.expect("an answer").json()["state"], "pass");
}

#[tokio::test]
async fn whoever_waits_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let server = Server::start(&How::new(folder.path()), fake.clone()).await;
    let address = server.address;
    let asking = tokio::spawn(async move {
        let stream = tokio::net::TcpStream::connect(address).await.expect("somebody listens");
        let asked = tokio::time::timeout(Duration::from_mins(1), crate::fixture::waits(stream)).await;
        asked.expect("the connection ends");
    });
    until("the run", || fake.started().len() == 1).await;
    server.stop().await;
    asking.await.expect("it ends");
}
