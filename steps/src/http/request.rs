//! From what a scenario says to the bytes of a request.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use plumb_model::http::{Headers, Request};
use plumb_model::value::Value;

use super::parameters::Method;
use super::unescaped;
use crate::failure::fail;
use crate::world::{Piece, World};

/// What is not percent-encoded in a name (RFC 3986 section 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Header fields that say where a request goes and where it ends: they are the transport's, or one request could hide
/// another from the guard (RFC 9112 sections 6.3 and 11.2).
const KEPT_BACK: [&str; 7] = ["host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade"];

/// A request as a scenario says it.
pub(super) struct Draft {
    method: String,
    target: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Bytes,
    names: Names,
}

/// The names of this run in a request, with what they stand for.
pub(super) type Names = Vec<(Bytes, Value)>;

impl Draft {
    /// A request with what was said of it before.
    pub(super) fn new(world: &mut World, method: Method, target: &str) -> Self {
        let query = std::mem::take(&mut world.upcoming.query);
        let headers = std::mem::take(&mut world.upcoming.headers);
        Self { method: method.0, target: unescaped(target), query, headers, body: Bytes::new(), names: Names::new() }
    }

    /// The request with more header fields.
    pub(super) fn headers(mut self, headers: Vec<(String, String)>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// The request with more parameters in its query.
    pub(super) fn query(mut self, query: Vec<(String, String)>) -> Self {
        self.query.extend(query);
        self
    }

    /// The request with a body, in which `names` stand for something. It is of this type where no header says another.
    pub(super) fn body(mut self, (body, names): (Bytes, Names), media_type: Option<&str>) -> Self {
        let is_typed = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if let Some(media_type) = media_type.filter(|_| !is_typed) {
            self.headers.push(("content-type".to_owned(), media_type.to_owned()));
        }
        self.body = body;
        self.names.extend(names);
        self
    }

    /// Sends it.
    pub(super) async fn send(mut self, world: &mut World) {
        let target = self.target(world).await;
        let mut headers = Headers::default();
        for (name, value) in std::mem::take(&mut self.headers) {
            let value = resolved(world, &value, &mut self.names).await;
            headers.push(field_name(&name), field_value(&name, value));
        }
        if headers.get("accept").is_none() {
            headers.push("accept", "*/*");
        }
        let request = Request { method: Cow::Owned(self.method), target, headers, body: self.body };
        world.send_raw(request, &self.names).await;
    }

    async fn target(&mut self, world: &mut World) -> Vec<u8> {
        let mut target = Vec::new();
        for piece in world.memory.pieces(&self.target) {
            match piece {
                Piece::Plain(plain) => target.extend(plain.into_bytes()),
                Piece::Named(value) => target.extend(encoded(&named(world, value, &mut self.names).await)),
            }
        }
        let mut separator = if target.contains(&b'?') { b'&' } else { b'?' };
        for (name, value) in &self.query {
            target.push(separator);
            target.extend(encoded(name.as_bytes()));
            target.push(b'=');
            target.extend(encoded(&resolved(world, value, &mut self.names).await));
            separator = b'&';
        }
        checked(target)
    }
}

fn encoded(name: &[u8]) -> Vec<u8> {
    percent_encode(name, UNRESERVED).to_string().into_bytes()
}

/// A target in origin form, in which nothing can be read as anything else.
fn checked(target: Vec<u8>) -> Vec<u8> {
    let shown = || plumb_model::text::shown(&target, 80);
    if target.first() != Some(&b'/') {
        fail(format!("a path begins with a slash: {}", shown()));
    }
    if let Some(wrong) = target.iter().find(|byte| !byte.is_ascii_graphic() || **byte == b'#') {
        fail(format!("a path is sent as it is written, so write %{wrong:02X} for this byte: {}", shown()));
    }
    target
}

/// The bytes of a text.
pub(super) async fn resolved(world: &mut World, text: &str, names: &mut Names) -> Bytes {
    let mut bytes = Vec::new();
    for piece in world.memory.pieces(text) {
        match piece {
            Piece::Plain(plain) => bytes.extend(plain.into_bytes()),
            Piece::Named(value) => bytes.extend(named(world, value, names).await),
        }
    }
    bytes.into()
}

/// The bytes of a value, noted among the names where they are others in each run.
pub(super) async fn named(world: &mut World, value: Value, names: &mut Names) -> Bytes {
    let bytes = world.bytes(&value).await;
    if value.as_literal().is_none() {
        names.push((bytes.clone(), value));
    }
    bytes
}

/// A header name in lower case (RFC 9110 section 5.1).
fn field_name(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        fail(format!("{name:?} is no name of a header field"));
    }
    if KEPT_BACK.contains(&name.as_str()) {
        fail(format!("the header field {name:?} says where a request goes or ends, so no scenario sets it"));
    }
    name
}

/// A header value that stays in its line (RFC 9110 section 5.5).
fn field_value(name: &str, value: Bytes) -> Bytes {
    if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        fail(format!("the value of the header field {name:?} has a control character in it"));
    }
    value
}
