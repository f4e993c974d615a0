//! Who may ask.

use plumb_gate::serve::{ServeError, serve};
use tokio::net::TcpListener;

use crate::fixture::{Fake, How, Server};

const TOKEN: &str = "0123456789abcdef-token";

#[tokio::test]
async fn nobody_who_has_proven_nothing_sees_more_than_healthz() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let how = How { token: Some(TOKEN), ..How::new(folder.path()) };
    let server = Server::start(&how, fake.clone()).await;
    let healthy = server.get("/healthz").await;
    assert_eq!((healthy.status, healthy.body.as_str()), (200, "ok\n"));
    for (method, path) in [
        ("GET", "/v1/gates/passes?key=k"),
        ("POST", "/v1/gates/passes?key=k"),
        ("POST", "/v1/flagger/passes"),
        ("POST", "/v1/flagger/passes/rollback"),
        ("GET", "/v1/runs"),
        ("GET", "/v1/runs/passes/k"),
        ("DELETE", "/v1/runs/passes/k"),
        ("GET", "/"),
        ("GET", "/nothing"),
    ] {
        for header in ["", "Bearer", "Bearer ", "Bearer wrong", "Basic cGx1bWI6d3Jvbmc="] {
            let told = server.send(method, path, &[("authorization", header)], b"").await;
            assert_eq!(told.status, 401, "{method} {path} {header}");
            assert!(told.head.contains("www-authenticate: bearer"), "{}", told.head);
            assert!(!told.head.contains("plumb-version"), "{}", told.head);
        }
    }
    assert_eq!(fake.started().len(), 0, "nothing was started for nobody");
}

#[tokio::test]
async fn the_token_is_taken_as_bearer_and_as_password() {
    let folder = tempfile::tempdir().expect("a folder");
    let how = How { token: Some(TOKEN), ..How::new(folder.path()) };
    let server = Server::start(&how, Fake::new()).await;
    // The second is what `https://plumb:TOKEN@host/` becomes.
    for header in [format!("Bearer {TOKEN}"), "Basic cGx1bWI6MDEyMzQ1Njc4OWFiY2RlZi10b2tlbg==".to_owned()] {
        let told = server.send("GET", "/v1/gates/passes?key=k", &[("authorization", &header)], b"").await;
        assert_eq!(told.status, 200, "{}", told.body);
        for wanted in ["plumb-version: 1.2.3", "plumb-model: m1", "cache-control: no-store", "nosniff"] {
            assert!(told.head.contains(wanted), "{wanted}: {}", told.head);
        }
    }
}

#[tokio::test]
async fn without_a_token_only_this_machine_is_served_and_no_browser() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let server = Server::start(&How::new(folder.path()), fake.clone()).await;
    for (name, value) in [
        ("host", "evil.example"),
        ("host", "localhost.evil.example"),
        ("origin", "http://localhost"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-origin"),
    ] {
        let told = server.send("GET", "/v1/gates/passes?key=k", &[(name, value)], b"").await;
        assert_eq!(told.status, 403, "{name}: {value}");
    }
    assert_eq!(fake.started().len(), 0, "nothing was started");
    let refused = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let how = How::new(&folder.path().join("open"));
    let ended = serve(refused, how.settings(), fake, async {}).await;
    assert!(matches!(ended, Err(ServeError::Open(_))), "{ended:?}");
}

#[tokio::test]
async fn a_folder_belongs_to_one_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let how = How::new(folder.path());
    let server = Server::start(&how, Fake::new()).await;
    server.get("/healthz").await;
    let second = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let ended = serve(second, how.settings(), Fake::new(), async {}).await;
    assert!(matches!(ended, Err(ServeError::Taken(_))), "{ended:?}");
    server.stop().await;
    let third = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    serve(third, how.settings(), Fake::new(), async {}).await.expect("it is free again");
}

#[tokio::test]
async fn a_limit_of_zero_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut how = How::new(folder.path());
    how.limits.at_once = 0;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let ended = serve(listener, how.settings(), Fake::new(), async {}).await;
    assert_eq!(ended.expect_err("refused").to_string(), "serve with a limit of zero for the runs at once");
}
