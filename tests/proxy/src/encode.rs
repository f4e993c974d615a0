//! Answers that are not the upstream's bytes any more, put on the wire as the upstream would have.

use bytes::{BufMut as _, Bytes, BytesMut};
use plumb_model::http::{Headers, Response};

use crate::framing::{Framing, is_bodiless};
use crate::mutate::Change;
use crate::side::WholeAnswer;

/// Bytes for the client.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) pieces: [Bytes; 2],
    /// Whether the client's connection must be closed after them.
    pub(crate) closes: bool,
}

/// The upstream's own bytes.
pub(crate) fn honest(answer: &WholeAnswer) -> Reply {
    let closes = answer.head.framing == Framing::Close;
    Reply { pieces: [answer.head.raw.clone(), answer.raw_body.clone()], closes }
}

/// A spoilt answer: names spelt and body framed as in the honest one.
pub(crate) fn spoilt(method: &str, answer: &WholeAnswer, change: Change) -> Reply {
    let Change { mut response, misframed, .. } = change;
    let mut framing = answer.head.framing;
    let bodiless = is_bodiless(method, response.status);
    if !misframed {
        framing = reframe(&mut response.headers, framing, bodiless, response.status, response.body.len());
    }
    let reason = if response.status == answer.head.status { &answer.head.reason } else { reason(response.status) };
    let head = head(&response, reason, |name| answer.head.spelling(name));
    let body = match framing {
        _ if bodiless => Bytes::new(),
        Framing::Chunked if !misframed => chunked(&response.body, &answer.trailer),
        _ => response.body,
    };
    let closes = answer.head.framing == Framing::Close || (misframed && !bodiless);
    Reply { pieces: [head, body], closes }
}

/// An answer that no upstream gave.
pub(crate) fn faked(method: &str, mut response: Response) -> Reply {
    let bodiless = is_bodiless(method, response.status);
    let length = response.body.len();
    response.headers.remove("transfer-encoding");
    reframe(&mut response.headers, Framing::Length(0), bodiless, response.status, length);
    let head = head(&response, reason(response.status), |name| name);
    Reply { pieces: [head, if bodiless { Bytes::new() } else { response.body }], closes: false }
}

/// Makes the framing fields true of a body of `length` bytes.
fn reframe(headers: &mut Headers, framing: Framing, bodiless: bool, status: u16, length: usize) -> Framing {
    if status == 204 {
        headers.remove("content-length");
        headers.remove("transfer-encoding");
    }
    match framing {
        _ if bodiless => Framing::Absent,
        Framing::Absent | Framing::Length(_) => {
            headers.set("content-length", length.to_string());
            Framing::Length(length as u64)
        }
        Framing::Chunked | Framing::Close => framing,
    }
}

fn head<'a>(response: &'a Response, reason: &str, spelling: impl Fn(&'a str) -> &'a str) -> Bytes {
    let mut head = BytesMut::new();
    head.put_slice(format!("HTTP/1.1 {} {reason}\r\n", response.status).as_bytes());
    for (name, value) in &response.headers {
        head.put_slice(spelling(name).as_bytes());
        head.put_slice(b": ");
        head.put_slice(value);
        head.put_slice(b"\r\n");
    }
    head.put_slice(b"\r\n");
    head.freeze()
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("")
}

/// The body as one chunk.
fn chunked(body: &[u8], trailer: &[u8]) -> Bytes {
    let chunk = match body.len() {
        0 => Vec::new(),
        length => [format!("{length:x}\r\n").as_bytes(), body, b"\r\n"].concat(),
    };
    [&chunk[..], b"0\r\n", trailer, b"\r\n"].concat().into()
}
