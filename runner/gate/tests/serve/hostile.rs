//! Whoever asks may be anybody.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::fixture::{Fake, How, Server, heard, raw};

#[tokio::test]
async fn hostile_keys_are_refused_and_not_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let server = Server::start(&How::new(folder.path()), fake.clone()).await;
    let long = "k".repeat(401);
    for key in [
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e",
        "a%2Fb",
        "a%00b",
        "a%0A%3A%3Aerror%3A%3Aspoofed",
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "%E2%80%AEspoofed",
        "%FF%FE",
        "a+b",
        "a%20b",
        "--config%3D%2Fetc%2Fshadow",
        "%24(reboot)",
        "",
        &long,
    ] {
        for told in [
            server.get(&format!("/v1/gates/passes?key={key}")).await,
            server.get(&format!("/v1/runs/passes/{key}")).await,
        ] {
            assert!(matches!(told.status, 400 | 404), "{key}: {}", told.status);
            for part in ["passwd", "spoofed", "script", "shadow", "reboot", "kkkk"] {
                assert!(!told.body.contains(part), "{}", told.body);
            }
        }
    }
    assert_eq!(fake.started().len(), 0);
}

#[tokio::test]
async fn questions_of_another_form_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::new();
    let server = Server::start(&How::new(folder.path()), fake.clone()).await;
    for (method, path, body, status) in [
        ("GET", "/v1/gates/passes", "", 400),
        ("GET", "/v1/gates/passes?key=a&key=b", "", 400),
        ("GET", "/v1/gates/passes?key=a&expect-version=1", "", 400),
        ("GET", "/v1/gates/passes?key=a&expect_version=", "", 400),
        ("GET", "/v1/gates/passes?key=a&expect_version=a%0Ab", "", 400),
        ("GET", "/v1/gates/passes?key=a&wait=-1", "", 400),
        ("GET", "/v1/gates/passes?key=a&wait=241", "", 400),
        ("GET", "/v1/gates/passes?key=a&wait=99999999999999999999", "", 400),
        ("POST", "/v1/gates/passes?key=a", "key=a", 400),
        ("POST", "/v1/gates/passes?key=a", "{\"key\":\"a\"}", 400),
        ("POST", "/v1/gates/passes", "{\"key\":[\"a\"]}", 400),
        ("GET", "/v1/gates/unknown?key=a", "", 404),
        ("GET", "/v1/gates/..%2F..?key=a", "", 404),
        ("GET", "/v1/runs/passes/a", "", 404),
        ("DELETE", "/v1/runs/passes/a", "", 404),
        ("PUT", "/v1/gates/passes?key=a", "", 405),
        ("HEAD", "/v1/gates/passes?key=a", "", 405),
        ("GET", "/v2/gates/passes?key=a", "", 404),
    ] {
        let told = server.send(method, path, &[], body.as_bytes()).await;
        assert_eq!(told.status, status, "{method} {path} {body}: {}", told.body);
        assert!(method == "HEAD" || told.json()["error"].is_string(), "it says why: {}", told.body);
    }
    assert_eq!(fake.started().len(), 0);
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_harms_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&How::new(folder.path()), Fake::new()).await;
    let headers = "x: y\r\n".repeat(100);
    let long = format!("GET /v1/gates/passes?key={} HTTP/1.1\r\nhost: localhost\r\n\r\n", "k".repeat(100_000));
    for bytes in [
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n"),
        long,
        "POST /v1/flagger/passes HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}"
            .to_owned(),
    ] {
        let told = raw(server.address, bytes.as_bytes()).await;
        assert!((400..500).contains(&told.status), "{}", told.head);
    }
    assert_eq!(server.decided("/v1/gates/passes?key=k").await["state"], "pass");
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up_and_holds_up_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&How::new(folder.path()), Fake::new()).await;
    let mut slow = TcpStream::connect(server.address).await.expect("somebody listens");
    let head =
        "POST /v1/flagger/passes HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.expect("the head is taken");
    let asked = tokio::time::timeout(Duration::from_secs(5), server.decided("/v1/gates/passes?key=k"));
    assert_eq!(asked.await.expect("nobody waits for it")["state"], "pass");
    let told = heard(slow).await;
    assert_eq!((told.status, told.body.as_str()), (408, "{\"error\":\"the body took longer than 10 s\"}"));
}
