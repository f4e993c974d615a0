//! What is not spoilt is forwarded byte for byte.

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use plumb_test_proxy::{FaultProxy, Plan};
use support::{Bench, exchange};

/// An upstream for one connection: reads until what came ends in `until`, answers, and gives back what came.
fn upstream(until: &'static [u8], answer: &'static [u8]) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let reader = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let (mut came, mut byte) = (Vec::new(), [0]);
        while !came.ends_with(until) && stream.read(&mut byte).expect("to receive") > 0 {
            came.push(byte[0]);
        }
        stream.write_all(answer).expect("to answer");
        came
    });
    (address, reader)
}

/// Sends bytes through an honest proxy to an upstream that closes; both sides must see the other's very bytes.
#[track_caller]
fn check(request: &[u8], until: &'static [u8], answer: &'static [u8]) {
    let (address, reader) = upstream(until, answer);
    let proxy = FaultProxy::start(address, Plan::Honest).expect("a proxy");
    let came_back = exchange(proxy.address(), request);
    let came_there = reader.join().expect("an upstream");
    assert_eq!(String::from_utf8_lossy(&came_there), String::from_utf8_lossy(request));
    assert_eq!(String::from_utf8_lossy(&came_back), String::from_utf8_lossy(answer));
    assert_eq!(proxy.applied(), []);
}

const OK: &[u8] = b"HTTP/1.1 200 Fine by me\r\nX-b: 1\r\nx-A:2 \r\nContent-Length: 2\r\n\r\nok";

#[test]
fn hostile_targets_arrive_as_they_were_sent() {
    for target in
        ["/a/../b", "/%2e%2e/%2E", "//x", "/?", "?", "/a?b=c?&&=", "/{}|\\^\"<>", "/\u{e9}", "*", "http://h/x"]
    {
        let request = format!("GET {target} HTTP/1.1\r\nhost: h:1\r\n\r\n");
        check(request.as_bytes(), b"\r\n\r\n", OK);
    }
}

#[test]
fn the_service_sees_hostile_targets_too() {
    let bench = Bench::new(Plan::Honest);
    let targets = ["/a/../b", "/%2e%2e", "//x", "/?", "/a//?x"];
    for target in targets {
        bench.put(target, "x").expect("an answer");
        assert_eq!(bench.get(target).body, b"x");
    }
    let seen: Vec<_> = bench.store.requests();
    let expected: Vec<_> =
        targets.iter().flat_map(|target| [format!("PUT {target}"), format!("GET {target}")]).collect();
    assert_eq!(seen, expected);
    assert_eq!(bench.proxy.requests(), 10);
}

#[test]
fn fields_keep_their_case_order_and_spaces() {
    let request = b"PUT /k HTTP/1.1\r\nx-B:  2\r\nHOST:h\r\nX-a: 1\r\nx-b: 3\r\nContent-length: 3\r\n\r\nabc";
    check(request, b"abc", OK);
}

#[test]
fn chunks_and_trailers_stay_as_they_were_cut() {
    let request = b"PUT /k HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n1;a=b\r\nx\r\n02\r\nyz\r\n0\r\nx-t: 1\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-T: 2\r\n\r\n";
    check(request, b"x-t: 1\r\n\r\n", answer);
}

#[test]
fn an_answer_without_a_length_ends_with_the_connection() {
    check(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nall of it");
}

#[test]
fn what_is_not_http_is_passed_on() {
    check(b"\x00\x01\x02 hello", b"hello", b"\x03 go away");
    check(b"GET / HTTP/1.1\r\nbad name: 1\r\n\r\n", b"\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n");
    check(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n", b"\r\n\r\n", b"nonsense");
    check(b"PUT / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", b"\r\n\r\n", OK);
}

#[test]
fn an_answer_that_is_cut_stays_cut() {
    check(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nfour");
    check(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\nconte");
    check(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n", b"\r\n\r\n", b"");
}

#[test]
fn an_early_answer_does_not_wait_for_the_body() {
    let request = b"PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 99\r\n\r\n";
    check(request, b"\r\n\r\n", b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
}

#[test]
fn an_interim_answer_arrives_before_the_body_is_sent() {
    let (address, reader) = upstream(b"\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n");
    let proxy = FaultProxy::start(address, Plan::Honest).expect("a proxy");
    let mut stream = TcpStream::connect(proxy.address()).expect("a connection");
    stream.write_all(b"PUT / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n").expect("to send");
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("an interim answer");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    reader.join().expect("an upstream");
}

#[test]
fn one_connection_carries_many_requests() {
    let bench = Bench::new(Plan::Honest);
    bench.put("/k", "body").expect("an answer");
    let mut stream = TcpStream::connect(bench.proxy.address()).expect("a connection");
    let once = b"GET /k HTTP/1.1\r\nhost: h\r\n\r\n".as_slice();
    let last = b"GET /k HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n".as_slice();
    stream.write_all(&[once, once, last].concat()).expect("to send");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("to receive");
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 3);
    assert_eq!(bench.proxy.requests(), 4);
}

#[test]
fn dropping_the_proxy_closes_its_connections() {
    let bench = Bench::new(Plan::Honest);
    let mut stream = TcpStream::connect(bench.proxy.address()).expect("a connection");
    let address = bench.proxy.address();
    drop(bench);
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).is_err());
}
