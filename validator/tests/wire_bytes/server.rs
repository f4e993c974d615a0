//! Servers made of one thread and no HTTP library, so that nothing is tidied up on the way.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use plumb_model::http::{Headers, Request};
use plumb_validator::transport::{Endpoint, FreshTransport, NetworkTransport, SendLimits, Transport};

/// Long enough for any answer on loopback; reached only by a test that fails.
pub(crate) const PATIENT: Duration = Duration::from_secs(10);

/// Short enough to wait for on purpose.
pub(crate) const SHORT: Duration = Duration::from_millis(150);

pub(crate) const LIMITS: SendLimits = SendLimits { first_byte: PATIENT, total: PATIENT, body_bytes_max: 1 << 20 };

pub(crate) const OK_CLOSE: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Which client carries a request: reqwest is asked only where an `accept` field is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Reqwest,
    Hyper,
    /// Hyper without its pool, with a connection for each request.
    Fresh,
}

/// Those that keep connections.
pub(crate) const POOLED: [Client; 2] = [Client::Reqwest, Client::Hyper];
pub(crate) const CLIENTS: [Client; 3] = [Client::Reqwest, Client::Hyper, Client::Fresh];

pub(crate) fn get(client: Client, target: &str) -> Request {
    let accept = [(Cow::from("accept"), Bytes::from_static(b"*/*"))];
    let mut headers: Headers = accept.into_iter().filter(|_| client == Client::Reqwest).collect();
    headers.push("host", "localhost");
    Request { method: "GET".into(), target: target.into(), headers, body: Bytes::new() }
}

/// The bytes that `request` asks for, with `added` after the last field.
pub(crate) fn bytes_of(request: &Request, added: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(request.method.as_bytes());
    bytes.push(b' ');
    bytes.extend_from_slice(&request.target);
    bytes.extend_from_slice(b" HTTP/1.1\r\n");
    for (name, value) in &request.headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(added.as_bytes());
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&request.body);
    bytes
}

/// A transport to loopback on which `client` carries its requests.
pub(crate) fn transport_to(address: SocketAddr, client: Client) -> Box<dyn Transport> {
    let endpoint = Endpoint::parse(&format!("http://{address}"), None).expect("loopback is an endpoint");
    transport(&endpoint, client, PATIENT)
}

/// A transport to `endpoint` that gives up connecting after `connect_timeout`.
pub(crate) fn transport(endpoint: &Endpoint, client: Client, connect_timeout: Duration) -> Box<dyn Transport> {
    let made = "a transport can be made";
    match client {
        Client::Reqwest | Client::Hyper => Box::new(NetworkTransport::new(endpoint, connect_timeout).expect(made)),
        Client::Fresh => Box::new(FreshTransport::new(endpoint, connect_timeout).expect(made)),
    }
}

/// Runs `serve` on a listener of its own and gives its result when joined.
pub(crate) fn serve<T: Send + 'static>(
    serve: impl FnOnce(TcpListener) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be bound");
    let address = listener.local_addr().expect("a bound listener has an address");
    (address, thread::spawn(move || serve(listener)))
}

/// What `server` ends with. Waits beside the runtime, which may have to close a connection first.
pub(crate) async fn joined<T: Send + 'static>(server: JoinHandle<T>) -> T {
    let result = tokio::task::spawn_blocking(|| server.join()).await;
    result.expect("waiting is not cancelled").expect("the server ends")
}

/// Accepts one connection and hands it over once a request's head has been read from it.
pub(crate) fn after_head<T: Send + 'static>(
    answer: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    serve(move |listener| {
        let mut stream = accept(&listener);
        read_head(&mut stream);
        answer(stream)
    })
}

/// Answers one request with `answer`, then closes.
pub(crate) fn answering(answer: &'static [u8]) -> (SocketAddr, JoinHandle<()>) {
    after_head(move |mut stream| stream.write_all(answer).expect("the answer can be written"))
}

/// Answers as soon as `count` bytes have come, and gives every byte up to the client's close.
pub(crate) fn capture(count: usize) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    serve(move |listener| {
        let mut stream = accept(&listener);
        let mut seen = Vec::new();
        Read::by_ref(&mut stream).take(count as u64).read_to_end(&mut seen).expect("the request can be read");
        if seen.len() == count {
            stream.write_all(OK_CLOSE).expect("the answer can be written");
            stream.shutdown(Shutdown::Write).expect("the answer can be ended");
        }
        stream.read_to_end(&mut seen).expect("the rest can be read");
        seen
    })
}

pub(crate) fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().expect("a client connects");
    stream.set_read_timeout(Some(PATIENT)).expect("a read can be bounded");
    stream
}

/// Reads to the end of a head; empty where the client closed instead.
pub(crate) fn read_head(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => break,
        }
    }
    head
}
