//! Asked bytes are sent bytes, or nothing is sent.

use std::net::TcpStream;

use bytes::Bytes;
use plumb_model::http::Request;
use plumb_validator::transport::{Obstacle, SendError};
use proptest::prelude::*;

use crate::server::{Client, LIMITS, POOLED, bytes_of, capture, get, joined, transport_to};

/// What stood on the socket when `wanted` had been read from it, or why nothing was sent: the same whether
/// connections are kept or not.
async fn sent(request: &Request, wanted: &[u8]) -> Result<Vec<u8>, Obstacle> {
    let fresh = sent_by(Client::Fresh, request, wanted).await;
    let pooled = sent_by(Client::Hyper, request, wanted).await;
    assert_eq!(fresh, pooled);
    pooled
}

async fn sent_by(client: Client, request: &Request, wanted: &[u8]) -> Result<Vec<u8>, Obstacle> {
    let (address, server) = capture(wanted.len());
    let outcome = transport_to(address, client).send(request, &LIMITS).await;
    if let Err(SendError::Unsendable { reason }) = outcome {
        drop(TcpStream::connect(address).expect("the server still waits for its first client"));
        assert_eq!(joined(server).await, b"", "{request:?}");
        return Err(reason);
    }
    assert_eq!(outcome.map(|received| received.response.status), Ok(200), "{request:?}");
    Ok(joined(server).await)
}

/// Sends `request`, which must arrive as it is, with `added` as its last fields.
async fn check_sent(request: &Request, added: &str) {
    let wanted = bytes_of(request, added);
    let seen = sent(request, &wanted).await.unwrap_or_else(|obstacle| panic!("{obstacle}: {request:?}"));
    assert_eq!(seen.escape_ascii().to_string(), wanted.escape_ascii().to_string());
}

async fn check_unsendable(request: &Request, wanted: impl Fn(&Obstacle) -> bool) {
    let wanted_bytes = bytes_of(request, "");
    match sent(request, &wanted_bytes).await {
        Err(obstacle) => assert!(wanted(&obstacle), "{obstacle}: {request:?}"),
        Ok(_) => panic!("sent, although it cannot be: {request:?}"),
    }
}

const SENDABLE_TARGETS: &[&str] = &[
    "/",
    "*",
    "//",
    "///",
    "//host/path",
    "/.",
    "/..",
    "/./a",
    "/a/..",
    "/a/../../b",
    "/a/./b/",
    "/...",
    "/.a",
    "/%2e",
    "/%2e%2e",
    "/a/%2e%2e/b",
    "/a/%2E%2e/b",
    "/a/.%2e/b",
    "/a/%2e",
    "/%252e%252e",
    "/a%2fb",
    "/a%2Fb",
    "/%",
    "/%4",
    "/%zz",
    "/%00",
    "/%0d%0a",
    "/%FF",
    "/%c3%a9",
    "/%C3%A9",
    "/\u{e9}",
    "/\u{1f600}?\u{e9}",
    "/\u{feff}",
    "/a\\b",
    "/\\",
    "/..\\a",
    "/a?b\\c",
    "/a?",
    "/?",
    "/??",
    "/a?b?c",
    "/a?b=/../c",
    "/?a=1&a=2",
    "/?=",
    "/?&",
    "/a+b?c+d",
    "/a%20b",
    "/a;b=c",
    "/a:b",
    "/:80",
    "/@",
    "/a@b",
    "/a|b?c|d",
    "/a^b?c^d",
    "/{a}?{b}",
    "/[a]?[b]",
    "/\"a\"",
    "/'a'?'b'",
    "/a?`b`",
    "/~-._!$&'()*+,;=",
    "/a,b",
    "/http://other/",
    "/http:/\\other",
    "/a//b///",
    "/%e2%80%8f",
    "/\u{202e}",
    "/AbC%aF",
];

const UNSENDABLE_TARGETS: &[&[u8]] = &[
    b"",
    b"a",
    b"?a",
    b"http://other/",
    b"/a b",
    b"/a?b c",
    b"/a\tb",
    b"/a\nb",
    b"/a\r\nx: y",
    b"/\0",
    b"/\x7f",
    b"/a#b",
    b"/#",
    b"/a?b#c",
    b"/<a>",
    b"/a?<b>",
    b"/`a`",
    b"/a?\"b\"",
    b"/\xff",
    b"/a?\xc3",
    b"**",
];

#[tokio::test]
async fn a_hostile_target_arrives_as_it_is() {
    for client in POOLED {
        for target in SENDABLE_TARGETS {
            check_sent(&get(client, target), "").await;
        }
    }
}

#[tokio::test]
async fn a_target_that_no_client_can_say_is_not_sent() {
    for client in POOLED {
        for target in UNSENDABLE_TARGETS {
            let request = Request { target: target.to_vec(), ..get(client, "/") };
            check_unsendable(&request, |obstacle| matches!(obstacle, Obstacle::Target { .. })).await;
        }
    }
}

#[tokio::test]
async fn a_target_is_sent_up_to_the_longest_that_can_be_said() {
    for client in POOLED {
        for length in [65_000, 65_533] {
            check_sent(&get(client, &format!("/{}", "a".repeat(length))), "").await;
        }
        let request = get(client, &format!("/{}", "a".repeat(65_534)));
        check_unsendable(&request, |obstacle| matches!(obstacle, Obstacle::Target { .. })).await;
    }
}

#[tokio::test]
async fn hostile_fields_arrive_as_they_are_and_in_order() {
    let fields: &[(&'static str, &'static [u8])] = &[
        ("zulu", b"1"),
        ("alpha", b""),
        ("x-twice", b"b"),
        ("x-twice", b"a"),
        ("x-twice", b"b"),
        ("x-blank", b"  both sides  "),
        ("x-tab", b"\ta\t"),
        ("x-only-blank", b"   "),
        ("x-latin", b"caf\xe9 \xff\x80"),
        ("x-quoted", b"\"a\\\"b\", c;d=e"),
        ("!#$%&'*+-.^_`|~09", b"any token is a name"),
        ("authorization", b"Bearer a, b"),
        ("connection", b"close"),
        ("te", b"trailers"),
        ("expect", b"100-continue"),
        ("referer", b"/"),
        ("cookie", b"a=b"),
        ("user-agent", b"a"),
        ("accept-encoding", b"gzip"),
    ];
    for client in POOLED {
        let mut request = get(client, "/");
        for (name, value) in fields {
            request.headers.push(*name, *value);
        }
        check_sent(&request, "").await;
    }
}

#[tokio::test]
async fn a_field_that_no_client_can_say_is_not_sent() {
    let check = async |fields: &[(&'static str, &'static [u8])], wanted: fn(&Obstacle) -> bool| {
        for client in POOLED {
            let mut request = get(client, "/");
            for (name, value) in fields {
                request.headers.push(*name, *value);
            }
            check_unsendable(&request, wanted).await;
        }
    };
    for value in [b"a\r\nx-b: c".as_slice(), b"a\nb", b"a\rb", b"\0", b"\x1f", b"\x7f"] {
        check(&[("x-a", value)], |obstacle| matches!(obstacle, Obstacle::HeaderValue { .. })).await;
    }
    for name in ["", "X-Upper", "x a", "x:a", "x\r\n", "\u{e9}"] {
        check(&[(name, b"1")], |obstacle| matches!(obstacle, Obstacle::HeaderName { .. })).await;
    }
    let apart: &[(&str, &[u8])] = &[("x-a", b"1"), ("x-b", b"2"), ("x-a", b"3")];
    check(apart, |obstacle| matches!(obstacle, Obstacle::HeaderOrder { .. })).await;
}

#[tokio::test]
async fn nothing_is_added_to_a_request_without_fields() {
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "get", "M-SEARCH"] {
        let request = Request { method: method.into(), headers: [].into_iter().collect(), ..get(Client::Hyper, "/") };
        check_sent(&request, "").await;
    }
}

#[tokio::test]
async fn a_method_that_is_no_token_is_not_sent() {
    for method in ["", "A B", "A\r\n", "\u{e9}", "CONNECT"] {
        let request = Request { method: method.into(), ..get(Client::Reqwest, "/") };
        check_unsendable(&request, |obstacle| *obstacle == Obstacle::Method).await;
    }
}

#[tokio::test]
async fn a_missing_length_is_added_last_where_a_body_is_or_may_be() {
    for client in POOLED {
        for (method, body, added) in [
            ("PUT", "", "content-length: 0\r\n"),
            ("POST", "", "content-length: 0\r\n"),
            ("PATCH", "", "content-length: 0\r\n"),
            ("PUT", "abc", "content-length: 3\r\n"),
            ("GET", "abc", "content-length: 3\r\n"),
            ("DELETE", "abc", "content-length: 3\r\n"),
            ("DELETE", "", ""),
        ] {
            let request =
                Request { method: method.into(), body: Bytes::from_static(body.as_bytes()), ..get(client, "/") };
            check_sent(&request, added).await;
        }
    }
}

fn framed(client: Client, fields: &[(&'static str, &'static str)], body: &'static str) -> Request {
    let mut request = Request { method: "PUT".into(), body: Bytes::from_static(body.as_bytes()), ..get(client, "/") };
    for (name, value) in fields {
        request.headers.push(*name, *value);
    }
    request.headers.push("x-last", "1");
    request
}

#[tokio::test]
async fn a_given_length_arrives_as_it_is_even_if_it_is_wrong() {
    for client in POOLED {
        for (length, body) in
            [("3", "abc"), ("03", "abc"), ("0", ""), ("9", "abc"), ("9", ""), ("-1", ""), ("", ""), ("x", "")]
        {
            check_sent(&framed(client, &[("content-length", length)], body), "").await;
        }
        check_sent(&framed(client, &[("content-length", "3"), ("content-length", "3")], "abc"), "").await;
    }
}

#[tokio::test]
async fn a_chunked_body_is_sent_as_one_chunk() {
    for (coding, body, wanted) in [("chunked", "abc", "3\r\nabc\r\n0\r\n\r\n"), ("gzip, Chunked", "", "0\r\n\r\n")] {
        let request = framed(Client::Reqwest, &[("transfer-encoding", coding)], body);
        let mut wire = bytes_of(&Request { body: Bytes::new(), ..request.clone() }, "");
        wire.extend_from_slice(wanted.as_bytes());
        let seen = sent(&request, &wire).await.expect("chunks can be sent");
        assert_eq!(seen.escape_ascii().to_string(), wire.escape_ascii().to_string());
    }
}

#[tokio::test]
async fn framing_that_hyper_would_mend_is_not_sent() {
    for client in POOLED {
        for fields in [
            &[("content-length", "2")][..],
            &[("content-length", "-1")],
            &[("content-length", "3"), ("content-length", "4")],
            &[("content-length", "3"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "gzip")],
        ] {
            let request = framed(client, fields, "abc");
            check_unsendable(&request, |obstacle| matches!(obstacle, Obstacle::Framing { .. })).await;
        }
    }
}

fn any_target() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec!["/", ".", "..", "%2e", "%2E", "\\", "?", "&", "=", "a", "B", "%", "+", "\u{e9}"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| [b"/".to_vec(), pieces.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_request_arrives_as_it_is_or_not_at_all(
        target in any_target(),
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..3),
        through_reqwest in any::<bool>(),
    ) {
        let client = if through_reqwest { Client::Reqwest } else { Client::Hyper };
        let mut request = Request { target, ..get(client, "/") };
        for value in values {
            request.headers.push("x-any", value);
        }
        let wanted = bytes_of(&request, "");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        if let Ok(seen) = runtime.block_on(sent(&request, &wanted)) {
            prop_assert_eq!(seen.escape_ascii().to_string(), wanted.escape_ascii().to_string());
        }
    }
}
