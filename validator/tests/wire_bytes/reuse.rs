//! Connections that are used again, and those that must not be.

use std::io::Write;
use std::sync::{Arc, Mutex};

use plumb_model::http::Request;
use plumb_validator::transport::{NoAnswerKind, SendError, Transport as _, Unshared};

use crate::server::{LIMITS, POOLED, accept, bytes_of, get, joined, read_head, serve, transport_to};

const OK_KEEP: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn a_connection_is_used_again() {
    for client in POOLED {
        let (address, _server) = serve(|listener| {
            let mut stream = accept(&listener);
            while !read_head(&mut stream).is_empty() {
                stream.write_all(OK_KEEP).expect("an answer");
            }
        });
        let transport = transport_to(address, client);
        for target in ["/1", "/2", "/3"] {
            transport.send(&get(client, target), &LIMITS).await.expect("the one connection answers");
        }
    }
}

#[tokio::test]
async fn an_unshared_request_has_a_connection_of_its_own() {
    for client in POOLED {
        let (address, _server) = serve(|listener| {
            let mut kept = accept(&listener);
            assert!(!read_head(&mut kept).is_empty());
            kept.write_all(OK_KEEP).expect("an answer");
            for _ in 0..2 {
                let mut fresh = accept(&listener);
                assert!(!read_head(&mut fresh).is_empty());
                fresh.write_all(OK_KEEP).expect("an answer");
            }
            assert!(!read_head(&mut kept).is_empty(), "the first connection waits for its next request");
            kept.write_all(OK_KEEP).expect("an answer");
        });
        let transport = transport_to(address, client);
        transport.send(&get(client, "/1"), &LIMITS).await.expect("the first connection answers");
        for target in ["/2", "/3"] {
            Unshared(&transport).send(&get(client, target), &LIMITS).await.expect("a fresh one answers");
        }
        transport.send(&get(client, "/4"), &LIMITS).await.expect("the first one again");
    }
}

#[tokio::test]
async fn the_bytes_of_an_unshared_request_are_the_same() {
    for client in POOLED {
        let (address, server) = serve(|listener| {
            let mut stream = accept(&listener);
            let head = read_head(&mut stream);
            stream.write_all(OK_KEEP).expect("an answer");
            head
        });
        let transport = transport_to(address, client);
        transport.send_unshared(&get(client, "/1"), &LIMITS).await.expect("it is answered");
        assert_eq!(joined(server).await, bytes_of(&get(client, "/1"), ""));
    }
}

#[tokio::test]
async fn a_request_lost_on_a_reused_connection_is_not_sent_again() {
    for client in POOLED {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let (address, _server) = serve(move |listener| {
            for _ in 0..2 {
                let mut stream = accept(&listener);
                let first = read_head(&mut stream);
                log.lock().expect("the log").push(first);
                stream.write_all(OK_KEEP).expect("an answer to the first");
                let second = read_head(&mut stream);
                log.lock().expect("the log").push(second);
            }
        });
        let transport = transport_to(address, client);
        let lost = Request { method: "POST".into(), ..get(client, "/lost") };
        transport.send(&get(client, "/1"), &LIMITS).await.expect("the first is answered");
        let error = transport.send(&lost, &LIMITS).await.expect_err("the second is not");
        assert!(matches!(error, SendError::NoAnswer { kind: NoAnswerKind::Closed, .. }), "{error:?}");
        // Were there another copy under way, the server would read it before this one.
        transport.send(&get(client, "/3"), &LIMITS).await.expect("a new connection is made");
        let wanted = [
            bytes_of(&get(client, "/1"), ""),
            bytes_of(&lost, "content-length: 0\r\n"),
            bytes_of(&get(client, "/3"), ""),
        ];
        assert_eq!(*seen.lock().expect("the log"), wanted);
    }
}

#[tokio::test]
async fn no_request_is_seen_twice_by_a_server_that_hangs_up_between_requests() {
    const REQUESTS: usize = 50;
    for client in POOLED {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let (address, _server) = serve(move |listener| {
            loop {
                let mut stream = accept(&listener);
                let head = read_head(&mut stream);
                log.lock().expect("the log").push(head);
                stream.write_all(OK_KEEP).ok();
            }
        });
        let transport = transport_to(address, client);
        for number in 0..REQUESTS {
            let request = get(client, &format!("/{number}"));
            let outcome = transport.send(&request, &LIMITS).await;
            let copies = seen.lock().expect("the log").iter().filter(|head| **head == bytes_of(&request, "")).count();
            // A request that met the close may have got lost, but nothing may come of it twice.
            assert_eq!(copies, usize::from(outcome.is_ok()), "{outcome:?}");
        }
        let mut heads = seen.lock().expect("the log").clone();
        let count = heads.len();
        heads.sort();
        heads.dedup();
        assert_eq!(heads.len(), count);
    }
}

#[tokio::test]
async fn a_request_that_promises_more_than_it_has_gets_its_answer_and_its_own_connection() {
    for client in POOLED {
        let (address, server) = serve(|listener| {
            let mut heads = Vec::new();
            for _ in 0..3 {
                let mut stream = accept(&listener);
                heads.push(read_head(&mut stream));
                stream.write_all(OK_KEEP).expect("an answer");
            }
            heads
        });
        let transport = transport_to(address, client);
        let mut short = get(client, "/short");
        short.headers.push("content-length", "5");
        let mut unreadable = get(client, "/unreadable");
        unreadable.headers.push("content-length", "-1");
        let requests = [short, unreadable, get(client, "/plain")];
        for request in &requests {
            transport.send(request, &LIMITS).await.expect("an answer");
        }
        let heads = joined(server).await;
        assert_eq!(heads, requests.map(|request| bytes_of(&request, "")));
    }
}

#[tokio::test]
async fn a_server_of_http_1_0_does_not_change_the_next_request() {
    for client in POOLED {
        let (address, server) = serve(|listener| {
            let mut heads = Vec::new();
            for _ in 0..2 {
                let mut stream = accept(&listener);
                heads.push(read_head(&mut stream));
                stream
                    .write_all(b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n")
                    .expect("an answer");
            }
            heads
        });
        let transport = transport_to(address, client);
        for _ in 0..2 {
            transport.send(&get(client, "/a"), &LIMITS).await.expect("an answer");
        }
        let wanted = bytes_of(&get(client, "/a"), "");
        assert_eq!(joined(server).await, [wanted.clone(), wanted]);
    }
}
