//! A connection for each request: where it fails is told, and how long each part took.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::thread::sleep;
use std::time::Duration;

use plumb_validator::transport::{Endpoint, NotSentCause, Phase, Phases, Received, SendError, SendLimits, Trust};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::rustls::HandshakeKind;

use crate::server::{
    Client, LIMITS, PATIENT, SHORT, accept, after_head, get, joined, read_head, serve, transport, transport_to,
};
use crate::tls::tls_server_that_tells;

const IMPATIENT: SendLimits = SendLimits { first_byte: SHORT, total: SHORT, ..LIMITS };
/// The longest queue of connections that nobody accepts, with room to spare.
const QUEUE_MAX: usize = 64;

async fn send(url: &str, trust: Option<Trust>, limits: SendLimits) -> Result<Received, SendError> {
    let endpoint = Endpoint::parse(url, trust).expect("an endpoint");
    transport(&endpoint, Client::Fresh, PATIENT).send(&get(Client::Fresh, "/a"), &limits).await
}

/// The phases that were met, in order.
fn met(phases: Phases) -> Vec<Phase> {
    phases.iter().filter_map(|(phase, took)| took.map(|_| phase)).collect()
}

/// Demands that it failed in the last of `wanted`, and that these phases and no others have a time.
#[track_caller]
fn check_failed(outcome: Result<Received, SendError>, wanted: &[Phase]) -> SendError {
    let error = outcome.expect_err("there is no whole answer");
    assert_eq!(error.phase().as_ref(), wanted.last(), "{error:?}");
    assert_eq!(met(error.phases()), wanted, "{error:?}");
    error
}

/// A listener that takes no further connection: packets to it are lost, as in a black hole.
async fn black_hole() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("loopback can be bound");
    let listener = socket.listen(1).expect("it listens");
    let address = listener.local_addr().expect("an address");
    let mut queue = Vec::new();
    while let Ok(stream) = timeout(SHORT, TcpStream::connect(address)).await {
        queue.push(stream.expect("a place in the queue"));
        assert!(queue.len() < QUEUE_MAX, "the queue is never full");
    }
    (listener, queue, address)
}

#[tokio::test]
async fn a_black_hole_fails_in_connecting_and_nothing_was_sent() {
    let (_listener, _queue, address) = black_hole().await;
    let outcome = send(&format!("http://{address}"), None, IMPATIENT).await;
    let error = check_failed(outcome, &[Phase::Connect]);
    assert!(matches!(&error, SendError::NotSent { cause: NotSentCause::Timeout, .. }), "{error:?}");
    assert!(error.phases().get(Phase::Connect) >= Some(SHORT), "{error:?}");
}

#[tokio::test]
async fn a_closed_port_fails_in_connecting() {
    let (address, server) = serve(drop);
    joined(server).await;
    let error = check_failed(send(&format!("http://{address}"), None, LIMITS).await, &[Phase::Connect]);
    assert!(matches!(&error, SendError::NotSent { cause: NotSentCause::Refused, .. }), "{error:?}");
}

#[tokio::test]
async fn a_name_that_is_none_fails_in_the_look_up() {
    // No label may be longer than 63 bytes, so that no name server is asked.
    let url = format!("http://{}.invalid:80", "a".repeat(64));
    let error = check_failed(send(&url, None, LIMITS).await, &[Phase::Dns]);
    assert!(matches!(&error, SendError::NotSent { cause: NotSentCause::Dns, .. }), "{error:?}");
}

#[tokio::test]
async fn a_handshake_that_hangs_fails_in_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    let own = rcgen::generate_simple_self_signed(["any".to_owned()]).expect("a certificate");
    let trust = Trust::with_extra_roots(own.cert.pem().as_bytes()).expect("a certificate");
    let error = check_failed(send(&url, Some(trust), IMPATIENT).await, &[Phase::Connect, Phase::Tls]);
    assert!(matches!(&error, SendError::NotSent { cause: NotSentCause::Timeout, .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_fails_in_tls() {
    let (address, server) = serve(|listener| accept(&listener).write_all(b"HTTP/1.1 400 No\r\n\r\n"));
    let own = rcgen::generate_simple_self_signed(["any".to_owned()]).expect("a certificate");
    let trust = Trust::with_extra_roots(own.cert.pem().as_bytes()).expect("a certificate");
    let outcome = send(&format!("https://{address}"), Some(trust), LIMITS).await;
    let error = check_failed(outcome, &[Phase::Connect, Phase::Tls]);
    assert!(matches!(&error, SendError::NotSent { cause: NotSentCause::Tls, .. }), "{error:?}");
    joined(server).await.expect("it answers");
}

#[tokio::test]
async fn a_server_that_accepts_and_never_answers_fails_before_the_first_byte() {
    let (address, server) = after_head(|mut stream| stream.read(&mut [0]).map(|_| ()));
    let outcome = send(&format!("http://{address}"), None, IMPATIENT).await;
    let error = check_failed(outcome, &[Phase::Connect, Phase::FirstByte]);
    assert!(matches!(error, SendError::NoAnswer { .. }), "{error:?}");
    joined(server).await.expect("the client hangs up");
}

#[tokio::test]
async fn a_body_that_dribbles_fails_in_the_body() {
    let (address, server) = after_head(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").expect("a head");
        while stream.write_all(b"a").is_ok() {
            sleep(SHORT / 20);
        }
    });
    let limits = SendLimits { total: SHORT * 3, ..LIMITS };
    let outcome = send(&format!("http://{address}"), None, limits).await;
    let error = check_failed(outcome, &[Phase::Connect, Phase::FirstByte, Phase::Body]);
    let SendError::NoAnswer { begun: Some(begun), .. } = &error else { panic!("{error:?}") };
    assert!(begun.body.len() > 1 && begun.body.len() < 1_000, "{}", begun.body.len());
    joined(server).await;
}

#[tokio::test]
async fn each_part_of_a_good_exchange_has_its_time_and_all_are_within_the_whole() {
    let (address, pem, mut log, _) = tls_server_that_tells().await;
    let trust = Trust::with_extra_roots(pem.as_bytes()).expect("the certificate can be read");
    let url = format!("https://localhost:{}", address.port());
    let received = send(&url, Some(trust), LIMITS).await.expect("an answer");
    assert_eq!(met(received.phases), Phase::ALL);
    let all: Duration = received.phases.iter().filter_map(|(_, took)| took).sum();
    assert!(all <= received.latency, "{received:?}");
    assert!(received.phases.get(Phase::Tls) > Some(Duration::ZERO), "{received:?}");
    assert!(log.recv().await.is_some());
}

#[tokio::test]
async fn an_address_needs_no_look_up_and_plain_http_no_handshake() {
    let (address, server) = after_head(|mut stream| {
        sleep(SHORT);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n").expect("a head");
        sleep(SHORT);
        stream.write_all(b"a").expect("a body");
    });
    let received = send(&format!("http://{address}"), None, LIMITS).await.expect("an answer");
    joined(server).await;
    assert_eq!(met(received.phases), [Phase::Connect, Phase::FirstByte, Phase::Body]);
    assert!(received.phases.get(Phase::FirstByte) >= Some(SHORT), "{received:?}");
    assert!(received.phases.get(Phase::Body) >= Some(SHORT * 9 / 10), "{received:?}");
    assert_eq!(received.peer, Some(address));
}

#[tokio::test]
async fn every_request_greets_the_server_as_if_for_the_first_time() {
    let (address, pem, mut log, mut handshakes) = tls_server_that_tells().await;
    let trust = Trust::with_extra_roots(pem.as_bytes()).expect("the certificate can be read");
    let endpoint = Endpoint::parse(&format!("https://localhost:{}", address.port()), Some(trust)).expect("an endpoint");
    let transport = transport(&endpoint, Client::Fresh, PATIENT);
    for _ in 0..3 {
        transport.send(&get(Client::Fresh, "/"), &LIMITS).await.expect("an answer");
        assert!(log.recv().await.is_some());
        // One that is resumed would be of another kind.
        assert!(matches!(
            handshakes.recv().await,
            Some(Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest))
        ));
    }
}

#[tokio::test]
async fn every_request_has_a_connection_of_its_own() {
    let (address, server) = serve(|listener| {
        let ask = || {
            let mut stream = accept(&listener);
            read_head(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("an answer that keeps alive");
            stream.read(&mut [0]).expect("the client closes")
        };
        [ask(), ask()]
    });
    let transport = transport_to(address, Client::Fresh);
    for _ in 0..2 {
        transport.send(&get(Client::Fresh, "/"), &LIMITS).await.expect("an answer");
    }
    assert_eq!(joined(server).await, [0, 0]);
}

#[tokio::test]
async fn a_send_that_is_given_up_leaves_no_connection() {
    let (address, server) = after_head(|mut stream| stream.read(&mut [0]));
    let transport = transport_to(address, Client::Fresh);
    let given_up = timeout(SHORT, transport.send(&get(Client::Fresh, "/"), &LIMITS)).await;
    assert!(given_up.is_err());
    assert_eq!(joined(server).await.expect("a close, not a reset"), 0);
}
