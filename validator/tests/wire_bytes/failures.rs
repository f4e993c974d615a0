//! Not sent, perhaps sent, and answers that only began.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};

use plumb_validator::transport::{Endpoint, NoAnswerKind, NotSentCause, Received, SendError, SendLimits};

use crate::server::{
    CLIENTS, Client, LIMITS, PATIENT, SHORT, accept, after_head, answering, get, joined, serve, transport, transport_to,
};

const IMPATIENT: SendLimits = SendLimits { first_byte: SHORT, total: SHORT, ..LIMITS };

async fn send(address: SocketAddr, client: Client, limits: SendLimits) -> Result<Received, SendError> {
    transport_to(address, client).send(&get(client, "/a"), &limits).await
}

#[track_caller]
fn check_no_answer(outcome: Result<Received, SendError>, wanted: NoAnswerKind) -> SendError {
    let error = outcome.expect_err("there is no answer");
    assert!(matches!(&error, SendError::NoAnswer { kind, .. } if *kind == wanted), "{error:?}");
    error
}

#[track_caller]
fn check_not_sent(outcome: Result<Received, SendError>, wanted: NotSentCause) {
    let error = outcome.expect_err("there is no answer");
    assert!(matches!(&error, SendError::NotSent { cause, .. } if *cause == wanted), "{error:?}");
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    for client in CLIENTS {
        let (address, server) = serve(drop);
        joined(server).await;
        check_not_sent(send(address, client, LIMITS).await, NotSentCause::Refused);
    }
}

#[tokio::test]
async fn an_unknown_host_is_not_sent() {
    // No label may be longer than 63 bytes, so that no name server is asked.
    let endpoint = Endpoint::parse(&format!("http://{}.invalid:80", "a".repeat(64)), None).expect("an endpoint");
    for client in CLIENTS {
        let transport = transport(&endpoint, client, PATIENT);
        check_not_sent(transport.send(&get(client, "/"), &LIMITS).await, NotSentCause::Dns);
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_a_timeout_that_may_have_been_sent() {
    for client in CLIENTS {
        let (address, server) = after_head(|mut stream| stream.read(&mut [0]).map(|_| ()));
        let error = check_no_answer(send(address, client, IMPATIENT).await, NoAnswerKind::Timeout);
        assert!(matches!(error, SendError::NoAnswer { begun: None, after, .. } if after >= SHORT));
        joined(server).await.expect("the client hangs up");
    }
}

#[tokio::test]
async fn a_reset_is_told_apart() {
    for client in CLIENTS {
        // Closing with bytes unread makes the kernel reset the connection.
        let (address, _server) = serve(|listener| accept(&listener).read(&mut [0; 3]).map(|_| ()));
        check_no_answer(send(address, client, LIMITS).await, NoAnswerKind::Reset);
    }
}

#[tokio::test]
async fn a_close_without_an_answer_is_told_apart() {
    for client in CLIENTS {
        let (address, _server) = after_head(drop);
        check_no_answer(send(address, client, LIMITS).await, NoAnswerKind::Closed);
        let (address, server) = after_head(|mut stream| {
            stream.shutdown(Shutdown::Write).expect("half of it can be closed");
            stream.read_to_end(&mut Vec::new()).map(|_| ())
        });
        check_no_answer(send(address, client, LIMITS).await, NoAnswerKind::Closed);
        joined(server).await.expect("the client hangs up as well");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_told_apart() {
    let answers: [&[u8]; 6] = [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\x15\x03\x03\x00\x02\x02\x16",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
    ];
    for client in CLIENTS {
        for answer in answers {
            let (address, _server) = answering(answer);
            check_no_answer(send(address, client, LIMITS).await, NoAnswerKind::NotHttp);
        }
    }
}

#[tokio::test]
async fn a_server_that_speaks_first_is_never_a_timeout_or_an_answer() {
    for client in CLIENTS {
        let (address, server) = serve(|listener| {
            let mut stream = accept(&listener);
            stream.write_all(b"220 mail ready\r\n").expect("the greeting can be written");
            stream.read_to_end(&mut Vec::new()).map(|_| ())
        });
        let error = send(address, client, LIMITS).await.expect_err("a greeting is no answer");
        let told = matches!(error, SendError::NotSent { cause: NotSentCause::Unconnected, .. })
            || matches!(error, SendError::NoAnswer { kind: NoAnswerKind::NotHttp, .. });
        assert!(told, "{error:?}");
        drop(server);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_keeps_what_came() {
    for client in CLIENTS {
        let (address, _server) = answering(b"HTTP/1.1 201 Created\r\ncontent-length: 10\r\nx-a: 1\r\n\r\nabc");
        let error = check_no_answer(send(address, client, LIMITS).await, NoAnswerKind::Closed);
        let SendError::NoAnswer { begun: Some(begun), .. } = error else { panic!("{error:?}") };
        assert_eq!((begun.status, begun.headers.text("x-a"), &begun.body[..]), (201, Some("1"), &b"abc"[..]));
        assert!(begun.truncated);
    }
}

#[tokio::test]
async fn an_answer_that_stalls_in_its_body_is_a_timeout_that_keeps_what_came() {
    for client in CLIENTS {
        let (address, server) = after_head(|mut stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").expect("half an answer");
            stream.read(&mut [0]).map(|_| ())
        });
        let error = check_no_answer(send(address, client, IMPATIENT).await, NoAnswerKind::Timeout);
        let SendError::NoAnswer { begun: Some(begun), .. } = error else { panic!("{error:?}") };
        assert_eq!((begun.status, &begun.body[..]), (200, &b"abc"[..]));
        joined(server).await.expect("the client hangs up");
    }
}

#[tokio::test]
async fn a_body_is_read_up_to_its_cap() {
    for client in CLIENTS {
        for (bytes_max, wanted, truncated) in [(4, "abcd", true), (6, "abcdef", false), (7, "abcdef", false)] {
            let (address, _server) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabcdef");
            let limits = SendLimits { body_bytes_max: bytes_max, ..LIMITS };
            let received = send(address, client, limits).await.expect("there is an answer");
            assert_eq!((&received.response.body[..], received.response.truncated), (wanted.as_bytes(), truncated));
        }
    }
}

#[tokio::test]
async fn an_answer_is_given_as_it_came() {
    for client in CLIENTS {
        let (address, _server) = answering(
            b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 307 Elsewhere\r\nX-B: 2\r\nlocation: /b\r\n\
              x-a: caf\xe9\r\nx-b: 1\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
        );
        let received = send(address, client, LIMITS).await.expect("there is an answer");
        let fields: Vec<_> =
            received.response.headers.iter().map(|(name, value)| (name.as_ref(), &value[..])).collect();
        let wanted: [(&str, &[u8]); 6] = [
            ("x-b", b"2"),
            ("x-b", b"1"),
            ("location", b"/b"),
            ("x-a", b"caf\xe9"),
            ("content-encoding", b"gzip"),
            ("content-length", b"3"),
        ];
        assert_eq!(fields, wanted);
        assert_eq!((received.response.status, &received.response.body[..]), (307, &b"abc"[..]));
        assert_eq!(received.peer, Some(address));
        assert!(received.first_byte <= received.latency);
    }
}

#[tokio::test]
async fn a_redirect_is_given_as_it_came_wherever_it_leads() {
    // Reqwest reads the location even where it follows none.
    for location in [
        "/b",
        "//",
        "http://",
        "http://host:99999/",
        "http://[/",
        "mailto:a",
        "host:80",
        "a:b@c",
        "?",
        "",
        "\u{e9}",
        "#",
    ] {
        for client in CLIENTS {
            let answer = format!("HTTP/1.1 301 Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
            let (address, _server) = after_head(move |mut stream| stream.write_all(answer.as_bytes()));
            let received = send(address, client, LIMITS).await.expect("there is an answer");
            assert_eq!(received.response.headers.text("location"), Some(location));
        }
    }
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    for client in CLIENTS {
        let (address, _server) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n");
        let request = plumb_model::http::Request { method: "HEAD".into(), ..get(client, "/a") };
        let received = transport_to(address, client).send(&request, &LIMITS).await.expect("there is an answer");
        assert_eq!((received.response.headers.text("content-length"), received.response.body.len()), (Some("6"), 0));
    }
}

#[tokio::test]
async fn a_failure_does_not_tell_the_target() {
    for client in CLIENTS {
        let (address, _server) = after_head(drop);
        let request = get(client, "/a?signature=hunter2");
        let error = transport_to(address, client).send(&request, &LIMITS).await.expect_err("there is no answer");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}
