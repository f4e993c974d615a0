//! What a canary adds to its requests, and what it keeps of their answers.

use std::borrow::Cow;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use bytes::Bytes;
use plumb_model::bodies::Bodies;
use plumb_model::call::Call;
use plumb_model::http::Request;
use plumb_model::wire::{Actor, Receiving, Sending};
use plumb_validator::transport::{
    Ending, Failed, Marked, Marks, NoAnswerKind, NotSentCause, Observed, Phase, SENDS_MAX, SendLimits, Sighting,
    TraceId, Transport, Wanted,
};
use tokio::time::timeout;

use crate::server::{
    Client, LIMITS, SHORT, after_head, answering, bytes_of, capture, get, joined, serve, transport_to,
};

type Canary = Marked<Observed<Box<dyn Transport>>>;

fn canary(address: SocketAddr, client: Client) -> Canary {
    let wanted = Wanted {
        version_field: Some("x-version".to_owned()),
        request_id_fields: vec!["x-first-id".to_owned(), "x-request-id".to_owned()],
    };
    let observed = Observed::new(transport_to(address, client), wanted);
    Marked::new(observed, &Marks::of_canary("uploads"), TraceId::of("uploads@eu 1"))
}

fn only(canary: &Canary) -> Sighting {
    let mut kept = canary.inner().drain();
    assert_eq!((kept.sends.len(), kept.beyond), (1, 0), "{kept:?}");
    assert_eq!(canary.inner().drain().sends, [], "what was taken out is gone");
    kept.sends.remove(0)
}

#[tokio::test]
async fn marks_stand_behind_everything_that_was_asked_and_change_nothing() {
    let mut request =
        Request { method: "PUT".into(), body: Bytes::from_static(b"abc"), ..get(Client::Fresh, "/a/../b?%41") };
    request.headers.push("content-length", "3");
    request.headers.push("x-odd", &b"\xe9"[..]);
    let trace = TraceId::of("uploads@eu 1").hex();
    let version = env!("CARGO_PKG_VERSION");
    for client in [Client::Fresh, Client::Hyper] {
        let start = format!(
            "user-agent: plumbline/{version} (canary uploads)\r\nx-plumbline-canary: uploads\r\ntraceparent: 00-{trace}-"
        );
        let asked = bytes_of(&request, &start);
        let (address, server) = capture(asked.len() + "0123456789abcdef-01\r\n".len());
        let canary = canary(address, client);
        canary.send(&request, &LIMITS).await.expect("an answer");
        let seen = joined(server).await;
        let (head, tail) = (asked.len() - b"\r\nabc".len(), b"-01\r\n\r\nabc");
        assert_eq!(seen[..head].escape_ascii().to_string(), asked[..head].escape_ascii().to_string());
        assert!(seen.ends_with(tail), "{}", seen.escape_ascii());
        let kept = only(&canary);
        let sent = kept.traceparent.expect("a trace");
        assert!(seen.windows(sent.len()).any(|window| window == sent.as_bytes()), "{sent}");
        assert_eq!((sent.len(), kept.bytes_out), (55, 3));
    }
}

#[tokio::test]
async fn a_field_that_the_request_has_is_left_as_it_is() {
    let mut request = get(Client::Fresh, "/");
    for (name, value) in [("traceparent", "mine"), ("user-agent", "mine"), ("x-plumbline-canary", "")] {
        request.headers.push(name, value);
    }
    let wanted = bytes_of(&request, "");
    let (address, server) = capture(wanted.len());
    canary(address, Client::Fresh).send(&request, &LIMITS).await.expect("an answer");
    assert_eq!(joined(server).await.escape_ascii().to_string(), wanted.escape_ascii().to_string());
}

#[tokio::test]
async fn what_a_server_says_of_itself_is_kept_bounded_and_safe_to_print() {
    let (address, server) = answering(
        b"HTTP/1.1 503 Busy\r\nx-version: v1\x1b[31m\r\nx-request-id: 4442587\r\ncontent-length: 2\r\n\r\nno",
    );
    let canary = canary(address, Client::Hyper);
    let sent = canary.send(&get(Client::Hyper, "/"), &LIMITS).await;
    // A control character is none that a field may hold: then the whole answer is no HTTP.
    assert!(sent.is_err(), "{sent:?}");
    assert_eq!(
        only(&canary).result,
        Err(Failed { ending: Ending::NoAnswer(NoAnswerKind::NotHttp), phase: Some(Phase::FirstByte) })
    );
    joined(server).await;
    let long = "v".repeat(1_000);
    let (address, server) = after_head(move |mut stream| {
        let answer = format!(
            "HTTP/1.1 503 Busy\r\nx-version: {long}\u{202e}\r\nx-request-id: 44\u{202e}\r\ncontent-length: 2\r\n\r\nno"
        );
        stream.write_all(answer.as_bytes()).expect("an answer");
    });
    let canary = self::canary(address, Client::Fresh);
    canary.send(&get(Client::Fresh, "/"), &LIMITS).await.expect("an answer");
    joined(server).await;
    let kept = only(&canary);
    assert_eq!((kept.result, kept.bytes_in), (Ok(503), 2));
    assert_eq!(kept.request_id.as_deref(), Some("44\\u{202e}"));
    assert_eq!(kept.version.map(|text| text.chars().count()), Some(201), "cut, with a sign that there was more");
    assert!(
        kept.phases.get(Phase::Connect).is_some() && kept.total >= kept.phases.get(Phase::FirstByte).expect("a time")
    );
}

#[tokio::test]
async fn a_failed_send_is_kept_with_its_phase() {
    let (closed, server) = serve(drop);
    joined(server).await;
    let (silent, server) = after_head(|mut stream| stream.read(&mut [0]).map(|_| ()));
    let impatient = SendLimits { first_byte: SHORT, total: SHORT, ..LIMITS };
    let failed = |ending, phase| Err(Failed { ending, phase: Some(phase) });
    for (address, wanted) in [
        (closed, failed(Ending::NotSent(NotSentCause::Refused), Phase::Connect)),
        (silent, failed(Ending::NoAnswer(NoAnswerKind::Timeout), Phase::FirstByte)),
    ] {
        let canary = canary(address, Client::Fresh);
        canary.send(&get(Client::Fresh, "/"), &impatient).await.expect_err("no answer");
        assert_eq!(only(&canary).result, wanted);
    }
    joined(server).await.expect("the client hangs up");
}

#[tokio::test]
async fn a_send_that_is_given_up_is_kept_too() {
    let (address, server) = after_head(|mut stream| stream.read(&mut [0]).map(|_| ()));
    let canary = canary(address, Client::Fresh);
    assert!(timeout(SHORT, canary.send(&get(Client::Fresh, "/"), &LIMITS)).await.is_err());
    let kept = only(&canary);
    assert_eq!(kept.result, Err(Failed { ending: Ending::GivenUp, phase: None }));
    assert!(kept.total >= SHORT / 2 && kept.traceparent.is_some(), "{kept:?}");
    joined(server).await.expect("the client hangs up");
}

#[tokio::test]
async fn what_is_kept_is_bounded() {
    let (address, server) = serve(drop);
    joined(server).await;
    let canary = canary(address, Client::Fresh);
    for _ in 0..SENDS_MAX + 3 {
        canary.send(&get(Client::Fresh, "/"), &LIMITS).await.expect_err("nobody listens");
    }
    let kept = canary.inner().drain();
    assert_eq!((kept.sends.len(), kept.beyond), (SENDS_MAX, 3));
}

/// The model of S3 checks signatures by the fields that they name (`AWS4-HMAC-SHA256`, `SignedHeaders`).
#[tokio::test]
async fn a_signed_request_stays_signed() {
    let api = plumb_s3::api();
    let bodies = Bodies::new();
    let actor = Actor { name: "default".into(), id: "AKID".into(), secret: "secret".into(), session_token: None };
    let now_s = 1_700_000_000;
    let sending = Sending { authority: "localhost", region: "us-east-1", actor: Some(&actor), now_s, bodies: &bodies };
    let call = Call::new("PutObject").with("bucket", "a-bucket").with("key", "a key").with("body", "abc");
    let request = api.wire.encode(&call, &sending).expect("a request");
    let wanted = bytes_of(&request, "");
    let version = env!("CARGO_PKG_VERSION");
    let marks = format!("user-agent: plumbline/{version} (canary uploads)\r\nx-plumbline-canary: uploads\r\n").len();
    let (address, server) = capture(wanted.len() + marks + "traceparent: \r\n".len() + 55);
    canary(address, Client::Fresh).send(&request, &LIMITS).await.expect("an answer");
    let mut seen = read(&joined(server).await);
    let receiving =
        Receiving { region: "us-east-1", actors: std::slice::from_ref(&actor), now_s: now_s + 1, bodies: &bodies };
    let received = api.wire.decode_request(&seen, &receiving).expect("a call");
    assert_eq!(received.actor.as_deref(), Some("AKID"), "{received:?}");
    assert_eq!(received.call.operation, "PutObject");
    assert!(seen.headers.get("traceparent").is_some());
    // What is signed may not change, or the test above would say nothing.
    seen.headers.set("x-amz-date", "20200101T000000Z");
    let changed = api.wire.decode_request(&seen, &receiving).expect("a call");
    assert_eq!(changed.actor, None, "{changed:?}");
}

/// A request as it stood on the socket.
fn read(bytes: &[u8]) -> Request {
    let split = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..split]);
    let mut lines = head.split("\r\n");
    let mut words = lines.next().expect("a first line").split(' ');
    let (method, target) = (words.next().expect("a method").to_owned(), words.next().expect("a target").into());
    let fields = lines.filter_map(|line| line.split_once(": "));
    let headers = fields.map(|(name, value)| (Cow::Owned(name.to_owned()), Bytes::from(value.to_owned()))).collect();
    Request { method: method.into(), target, headers, body: Bytes::copy_from_slice(&bytes[split + 4..]) }
}
