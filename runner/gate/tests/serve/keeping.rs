//! How long a decision answers, and how many are kept.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::fixture::{Fake, How, Server};

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
}

#[tokio::test]
async fn a_decision_that_is_too_old_answers_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let (fake, how) = (Fake::new(), How::new(folder.path()));
    let server = Server::start(&how, fake.clone()).await;
    for (hours, runs) in [(0, 1), (23, 1), (25, 2), (25, 2), (-1, 3)] {
        how.ahead.store(hours * 3600, Ordering::SeqCst);
        server.decided("/v1/gates/passes?key=k").await;
        assert_eq!(fake.started().len(), runs, "after {hours} hours");
    }
    how.ahead.store(60 * 3600, Ordering::SeqCst);
    assert_eq!(server.get("/v1/runs/passes/k").await.status, 200, "whoever looks for it still finds it");
}

#[tokio::test]
async fn nothing_is_rolled_back_for_a_failure_of_long_ago() {
    let folder = tempfile::tempdir().expect("a folder");
    let how = How::new(folder.path());
    let server = Server::start(&how, Fake::new()).await;
    let body = br#"{"name":"podinfo","namespace":"test","phase":"Progressing","checksum":"85d557f47b"}"#;
    assert_eq!(server.send("POST", "/v1/flagger/fails?wait=20", &[], body).await.status, 412);
    for (hours, status) in [(23, 200), (25, 404)] {
        how.ahead.store(hours * 3600, Ordering::SeqCst);
        assert_eq!(server.send("POST", "/v1/flagger/fails/rollback", &[], body).await.status, status, "{hours} hours");
    }
}

#[tokio::test]
async fn so_many_are_kept_and_the_oldest_go_with_what_they_saw() {
    let folder = tempfile::tempdir().expect("a folder");
    let (fake, mut how) = (Fake::new(), How::new(folder.path()));
    how.limits.kept = 2;
    let server = Server::start(&how, fake.clone()).await;
    for (second, key) in ["a", "b", "c", "d"].into_iter().enumerate() {
        how.ahead.store(i64::try_from(second).expect("few"), Ordering::SeqCst);
        server.decided(&format!("/v1/gates/passes?key={key}")).await;
    }
    for (key, status) in [("a", 404), ("b", 404), ("c", 200), ("d", 200)] {
        assert_eq!(server.get(&format!("/v1/runs/passes/{key}")).await.status, status, "{key}");
    }
    server.stop().await;
    assert_eq!(files(&how.folder.join("runs")).len(), 2);
    assert_eq!(files(&how.folder.join("evidence")).len(), 2);
    assert_eq!(files(&how.folder.join("discarded")).len(), 0);
}

#[tokio::test]
async fn what_was_kept_for_long_goes_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut how = How::new(folder.path());
    (how.limits.answer_age_max, how.limits.kept_for) = (Duration::from_hours(1000), Duration::from_hours(100));
    let server = Server::start(&how, Fake::new()).await;
    server.decided("/v1/gates/passes?key=k").await;
    server.stop().await;
    for (hours, status) in [(99, 200), (101, 404)] {
        how.ahead.store(hours * 3600, Ordering::SeqCst);
        let server = Server::start(&how, Fake::new()).await;
        assert_eq!(server.get("/v1/runs/passes/k").await.status, status, "after {hours} hours");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_run_is_made_again_once_somebody_forgets_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let server = Server::start(&How::new(folder.path()), fake.clone()).await;
    server.decided("/v1/gates/fails?key=k").await;
    server.get("/v1/gates/hangs?key=k").await;
    assert_eq!(server.send("DELETE", "/v1/runs/fails/k", &[], b"").await.status, 204);
    assert_eq!(server.send("DELETE", "/v1/runs/fails/k", &[], b"").await.status, 404);
    let told = server.send("DELETE", "/v1/runs/hangs/k", &[], b"").await;
    assert_eq!((told.status, told.json()["error"].as_str()), (409, Some("the run is not decided yet")));
    server.decided("/v1/gates/fails?key=k").await;
    assert_eq!(fake.started().iter().filter(|order| order.gate == "fails").count(), 2);
}

#[tokio::test]
async fn what_is_kept_is_for_nobody_else_to_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let how = How::new(folder.path());
    let server = Server::start(&how, Fake::new()).await;
    server.decided("/v1/gates/passes?key=k").await;
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&how.folder), 0o700);
    assert_eq!(mode(&how.folder.join("journal.ndjson")), 0o600);
    for name in files(&how.folder.join("runs")) {
        assert_eq!(mode(&how.folder.join("runs").join(name)), 0o600);
    }
}
