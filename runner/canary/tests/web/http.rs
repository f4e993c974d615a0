//! The site over HTTP: who is let in, what is refused, what each answer says to a browser.

use std::fs;
use std::time::Duration;

use plumb_canary::plan::{Access, Secret};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::site::{Answer, Fixture, Served};

/// A site that asks for `secret` in a file, and the file.
async fn guarded(access: fn(Secret) -> Access) -> (Served, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), " s3cr:t \n").expect("it is written");
    let access = access(Secret::File(file.path().to_owned()));
    (Served::start(Fixture::default(), Some(access)).await, file)
}

fn basic(secret: Secret) -> Access {
    Access::Basic("oncall".into(), secret)
}

async fn with(site: &Served, path: &str, authorization: &str) -> Answer {
    site.send(&format!("GET {path} HTTP/1.1\r\nhost: any.example\r\nauthorization: {authorization}"), "").await
}

const PATHS: [&str; 8] =
    ["/", "/readyz", "/metrics", "/watch/a/b", "/ledger/2026-03-14", "/finding/x", "/icon.svg", "/nowhere"];

#[tokio::test]
async fn health_is_open_and_tells_nothing() {
    let (site, _file) = guarded(Access::Bearer).await;
    let answer = site.get("/healthz").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"));
    site.stop().await;
}

#[tokio::test]
async fn everything_else_asks_for_the_token() {
    let (site, _file) = guarded(Access::Bearer).await;
    for path in PATHS {
        for wrong in ["Bearer wrong", "Bearer", "Bearer s3cr:t2", "Basic czNjcjp0", "s3cr:t", ""] {
            let answer = with(&site, path, wrong).await;
            assert_eq!(answer.status, 401, "{path} with {wrong:?}");
            assert!(answer.head.contains("www-authenticate: bearer realm=\"plumb\""), "{}", answer.head);
        }
    }
    for right in ["Bearer s3cr:t", "bearer s3cr:t", "BEARER  s3cr:t"] {
        assert_eq!(with(&site, "/", right).await.status, 200, "{right}");
    }
    site.stop().await;
}

#[tokio::test]
async fn a_name_and_a_password_do_as_well() {
    let (site, _file) = guarded(basic).await;
    // oncall:s3cr:t, and the same with another name, another password, without a colon, and not in base64.
    assert_eq!(with(&site, "/", "Basic b25jYWxsOnMzY3I6dA==").await.status, 200);
    for wrong in ["Basic b3RoZXI6czNjcjp0", "Basic b25jYWxsOng=", "Basic b25jYWxs", "Basic ***", "Bearer s3cr:t"] {
        let answer = with(&site, "/", wrong).await;
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.head.contains("www-authenticate: basic realm=\"plumb\", charset=\"utf-8\""), "{}", answer.head);
    }
    site.stop().await;
}

#[tokio::test]
async fn a_secret_that_changes_is_read_again_and_one_that_is_gone_lets_nobody_in() {
    let (site, file) = guarded(Access::Bearer).await;
    fs::write(file.path(), "other").expect("it is written");
    assert_eq!(with(&site, "/", "Bearer s3cr:t").await.status, 401);
    assert_eq!(with(&site, "/", "Bearer other").await.status, 200);
    fs::write(file.path(), " \n").expect("it is written");
    assert_eq!(with(&site, "/", "Bearer ").await.status, 503, "an empty secret is none");
    file.close().expect("it is removed");
    let answer = with(&site, "/", "Bearer other").await;
    assert_eq!(answer.status, 503);
    assert!(!answer.body.contains("/tmp"), "no path: {}", answer.body);
    site.stop().await;
}

#[tokio::test]
async fn without_access_rules_only_this_machine_is_let_in_by_its_own_names() {
    let site = Served::start(Fixture::default(), None).await;
    for (host, status) in
        [("localhost", 200), ("127.0.0.1:80", 200), ("[::1]:80", 200), ("evil.example", 403), ("", 403)]
    {
        let answer = site.send(&format!("GET / HTTP/1.1\r\nhost: {host}"), "").await;
        assert_eq!(answer.status, status, "{host:?}");
    }
    // An address in the first line counts more than the header (RFC 9112, section 3.2.2).
    let answer = site.send("GET http://evil.example/ HTTP/1.1\r\nhost: localhost", "").await;
    assert_eq!(answer.status, 403);
    site.stop().await;
    let open = Served::start_at("0.0.0.0:0", Fixture::default(), None).await;
    let port = open.address.port();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
    assert_eq!(status_of(stream, "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await, "403");
    open.stop().await;
}

async fn status_of(mut stream: TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it is answered");
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn every_answer_tells_browsers_what_they_may_do() {
    let site = Served::start(Fixture::default(), None).await;
    for path in ["/", "/healthz", "/metrics", "/nowhere", "/watch/upload-download/eu-prod"] {
        let answer = site.get(path).await;
        for header in [
            "content-security-policy: default-src 'none'; img-src 'self'; style-src 'sha256-",
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "referrer-policy: same-origin",
            "cache-control: no-store",
        ] {
            assert!(answer.head.contains(header), "{path} has no {header}: {}", answer.head);
        }
    }
    site.stop().await;
}

#[tokio::test]
async fn each_address_gives_what_it_promises() {
    let site = Served::start(Fixture::default(), None).await;
    let due_ms = crate::fixture::rows(&crate::fixture::watch("signed-links", "us-prod"))[0].slot.due_ms;
    for (path, status, words) in [
        ("/", 200, "6 of 16 watches are broken"),
        ("/?state=failing&canary=conditional", 200, "1–1 of 1"),
        ("/?page=999", 200, "1–16 of 16"),
        ("/?refresh=1", 200, "http-equiv=\"refresh\" content=\"5\""),
        ("/watch/signed-links/us-prod", 200, "signed-links"),
        ("/watch/signed-links/nowhere", 404, "There is no such watch"),
        ("/ledger/2026-03-14?state=killed", 200, "The agent was killed"),
        ("/ledger/2026-03-14?canary=signed-links&target=us-prod&state=bad", 200, "No connection to"),
        ("/ledger/2026-02-30", 404, "A day is written as"),
        ("/finding/7c1e09d2", 200, "&lt;script&gt;"),
        ("/finding/none", 404, "There is no such finding"),
        (&format!("/slot/signed-links/us-prod/{due_ms}/scheduled"), 200, "Availability"),
        (&format!("/slot/signed-links/us-prod/{due_ms}/asked"), 404, "There is no such slot"),
        ("/readyz", 200, "ready"),
        ("/metrics", 200, "# EOF"),
        ("/nowhere", 404, "There is no page"),
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body.to_lowercase().contains(&words.to_lowercase()), "{path} has no {words:?}: {}", answer.body);
    }
    let metrics = site.get("/metrics").await;
    assert!(metrics.head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"));
    site.stop().await;
}

#[tokio::test]
async fn a_daemon_that_is_not_ready_says_why() {
    let fixture = Fixture { unready: Some("the ledger is being read".into()), ..Fixture::default() };
    let site = Served::start(fixture, None).await;
    let answer = site.get("/readyz").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "the ledger is being read\n"));
    site.stop().await;
}

#[tokio::test]
async fn reading_is_all_that_most_addresses_allow() {
    let site = Served::start(Fixture::default(), None).await;
    for path in ["/", "/metrics", "/healthz", "/watch/a/b"] {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer =
                site.send(&format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0"), "").await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
    let head = site.send("HEAD / HTTP/1.1\r\nhost: localhost", "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(site.get("/kill-switch").await.status, 405);
    site.stop().await;
}

/// Asks for the kill switch with further headers, one a line.
async fn kill(site: &Served, headers: &str, kind: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!(
        "POST /kill-switch HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {length}{headers}"
    );
    site.send(&head, body).await
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn the_kill_switch_is_set_by_form_and_by_json() {
    let (site, _file) = guarded(Access::Bearer).await;
    let token = "\r\nauthorization: Bearer s3cr:t";
    let form = kill(&site, token, FORM, "state=halt&reason=it+burns").await;
    assert_eq!(form.status, 303);
    assert!(form.head.contains("location: /\r"), "{}", form.head);
    let json = kill(&site, token, "application/json", r#"{"state":"off","reason":"over"}"#).await;
    assert_eq!((json.status, json.body.as_str()), (200, r#"{"state":"off","reason":"over"}"#));
    let set = site.fixture.set.lock().expect("nobody panicked").clone();
    assert_eq!(set, [("halt".into(), "it burns".into()), ("off".to_owned(), "over".to_owned())]);
    site.stop().await;
}

#[tokio::test]
async fn the_kill_switch_is_for_those_who_may_and_who_mean_it() {
    let (site, _file) = guarded(Access::Bearer).await;
    let right = "state=halt&reason=x";
    let token = "\r\nauthorization: Bearer s3cr:t";
    let long = format!("state=halt&reason={}", "x".repeat(1_000));
    let huge = format!("state=halt&reason={}", "x".repeat(10_000));
    for (headers, kind, body, status) in [
        ("", FORM, right, 401),
        ("\r\nauthorization: Bearer wrong", FORM, right, 401),
        (&format!("{token}\r\nsec-fetch-site: cross-site")[..], FORM, right, 403),
        (&format!("{token}\r\norigin: https://evil.example"), FORM, right, 403),
        (&format!("{token}\r\norigin: null"), FORM, right, 403),
        (token, "text/plain", right, 415),
        (token, FORM, "state=halt", 422),
        (token, FORM, "state=halt&reason=+", 400),
        (token, FORM, "state=nonsense&reason=x", 400),
        (token, FORM, "state=halt&reason=x&more=y", 422),
        (token, FORM, &long, 400),
        (token, FORM, &huge, 413),
        (token, "application/json", "{", 400),
    ] {
        let answer = kill(&site, headers, kind, body).await;
        assert_eq!(answer.status, status, "{headers:?} {kind} {:.40}: {}", body, answer.body);
    }
    assert!(site.fixture.set.lock().expect("nobody panicked").is_empty());
    site.stop().await;
}

#[tokio::test]
async fn on_this_machine_the_kill_switch_is_for_its_own_page() {
    let site = Served::start(Fixture::default(), None).await;
    let body = "state=drain&reason=x";
    assert_eq!(kill(&site, "\r\norigin: https://evil.example", FORM, body).await.status, 403);
    assert_eq!(kill(&site, "\r\nsec-fetch-site: same-site", FORM, body).await.status, 403);
    assert_eq!(kill(&site, "\r\norigin: http://localhost", FORM, body).await.status, 303);
    assert_eq!(kill(&site, "\r\nsec-fetch-site: same-origin", FORM, body).await.status, 303);
    site.stop().await;
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let site = Served::start(Fixture::default(), None).await;
    let many = "x: y\r\n".repeat(200);
    let answer = site.send_raw(format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{many}\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = "x".repeat(100_000);
    let answer =
        site.send_raw(format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: {long}\r\n\r\n").as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer:.200}");
    let answer = site.send_raw(b"\x16\x03\x01 nonsense\r\n\r\n").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer:.200}");
    assert_eq!(site.get("/healthz").await.status, 200, "it goes on");
    site.stop().await;
}

#[tokio::test]
async fn callers_that_say_nothing_hold_nobody_up_at_the_end() {
    let site = Served::start(Fixture::default(), None).await;
    let mut idle = Vec::new();
    for _ in 0..10 {
        let mut stream = TcpStream::connect(site.address).await.expect("it listens");
        stream.write_all(b"GET / HTTP/1.1\r\nhost: loc").await.expect("it is sent");
        idle.push(stream);
    }
    assert_eq!(site.get("/").await.status, 200);
    tokio::time::timeout(Duration::from_secs(20), site.stop()).await.expect("it ends although they wait");
}

#[tokio::test]
async fn a_long_ledger_comes_in_parts_without_gaps_or_repeats() {
    let site = Served::start(Fixture::default(), None).await;
    let (mut path, mut seen) = ("/ledger/2026-03-14".to_owned(), Vec::new());
    for _ in 0..50 {
        let answer = site.get(&path).await;
        let links = answer.body.split("href=\"/slot/").skip(1).filter_map(|rest| rest.split('"').next());
        seen.extend(links.map(str::to_owned));
        let next = answer.body.split("<a rel=\"next\" href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        match next.filter(|link| link.contains("from=")).last() {
            Some(next) => path = next.replace("&amp;", "&"),
            None => break,
        }
    }
    let all = crate::fixture::board().watches;
    let rows = all.iter().flat_map(|view| crate::fixture::rows(&view.watch));
    let today = rows.filter(|row| row.slot.due_ms >= 1_773_446_400_000).count();
    assert!(today > 400, "several pages: {today}");
    assert_eq!(seen.len(), today);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), today, "no slot twice");
}
