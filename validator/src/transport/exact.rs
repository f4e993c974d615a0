//! What can be put on a socket byte for byte, and by which client.
//!
//! Both clients speak through the `http` crate's types. Whatever those would refuse, reorder or
//! reframe is found here, before anything is sent, and named as an [`Obstacle`].

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use plumb_model::http::{Headers, Request};
use url::Url;

/// The longest target or URL that `http::Uri` takes, in bytes.
const URI_BYTES_MAX: usize = 65_534;

/// The most header fields that a request may have: well below what `http::HeaderMap` takes.
const HEADER_FIELDS_MAX: usize = 10_000;

/// A part of a request that neither client can put on a socket unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// The method is not an HTTP token, or is `CONNECT`, which replaces the target.
    #[error("the method is no token, or is CONNECT")]
    Method,
    /// The target is not one that `http::Uri` keeps as it is.
    #[error("the target {reason}")]
    Target {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A field name is not a token in lower case.
    #[error("the header name {name:?} is no token in lower case")]
    HeaderName {
        /// The name.
        name: String,
    },
    /// A field value holds a control character other than a tab.
    #[error("the value of header {name} holds a control character")]
    HeaderValue {
        /// The field's name.
        name: String,
    },
    /// Fields of one name do not stand together: they would be sent so.
    #[error("another field stands between two called {name}")]
    HeaderOrder {
        /// The field's name.
        name: String,
    },
    /// There are more header fields than can be sent.
    #[error("there are more than {HEADER_FIELDS_MAX} header fields")]
    HeaderCount,
    /// The framing fields do not fit the body in a way that hyper leaves alone.
    #[error("the framing is not sent as asked: {reason}")]
    Framing {
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// How a body ends on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length, which is also what the fields say.
    Sized,
    /// By chunks, because the caller's `transfer-encoding` says so.
    Chunked,
    /// Not at all: `content-length` promises more than there is.
    Short,
    /// There is no body, and `content-length` is not a number.
    Unreadable,
}

impl Framing {
    /// Whether the server knows where the request ends, so that another may follow on the connection.
    pub(super) fn ends(self) -> bool {
        matches!(self, Self::Sized | Self::Chunked)
    }
}

/// A request that goes on the wire as it was asked for.
#[derive(Debug)]
pub(super) struct Exact {
    pub(super) method: Method,
    pub(super) target: PathAndQuery,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) framing: Framing,
}

impl Exact {
    /// Holds every part of `request` against what the clients would send.
    ///
    /// Where the caller gives neither `content-length` nor `transfer-encoding`, `content-length`
    /// is added as the last field if there is a body, or if the method is `PUT`, `POST` or
    /// `PATCH` (RFC 9110, section 8.6). Nothing else is ever added.
    pub(super) fn of(request: &Request) -> Result<Self, Obstacle> {
        let method = exact_method(&request.method)?;
        let target = exact_target(&request.target)?;
        let mut headers = exact_headers(&request.headers)?;
        let framing = framing(&method, &mut headers, request.body.len() as u64)?;
        Ok(Self { method, target, headers, body: request.body.clone(), framing })
    }

    /// The URL with which reqwest sends this unchanged, if it does.
    ///
    /// Reqwest adds `accept` and `host` where they are missing, knows one framing, and sends a
    /// target as its `Url` writes it: without dot segments, with `/` for `\`, with quotes encoded.
    pub(super) fn reqwest_url(&self, base: &str) -> Option<Url> {
        let complete = self.headers.contains_key(ACCEPT) && self.headers.contains_key(HOST);
        if !complete || self.framing != Framing::Sized {
            return None;
        }
        let text = [base, self.target.as_str()].concat();
        let url = Url::parse(&text).ok()?;
        (url.as_str() == text && text.len() <= URI_BYTES_MAX).then_some(url)
    }
}

fn exact_method(text: &str) -> Result<Method, Obstacle> {
    match Method::from_bytes(text.as_bytes()) {
        Ok(method) if method != Method::CONNECT => Ok(method),
        _ => Err(Obstacle::Method),
    }
}

fn exact_target(bytes: &[u8]) -> Result<PathAndQuery, Obstacle> {
    let refused = |reason| Err(Obstacle::Target { reason });
    if bytes.len() > URI_BYTES_MAX {
        return refused("is longer than 65534 bytes");
    }
    if bytes != b"*" && bytes.first() != Some(&b'/') {
        return refused("does not start with a slash");
    }
    if bytes.contains(&b'#') {
        return refused("holds a fragment, which would be cut off");
    }
    let Ok(target) = PathAndQuery::try_from(bytes) else {
        return refused("holds a byte that must be percent-encoded (control, space, <, >, ` or no UTF-8)");
    };
    if target.as_str().as_bytes() == bytes { Ok(target) } else { refused("would be sent in another form") }
}

/// `http::HeaderMap` keeps the order of names, and the order of values under one name: so the
/// map says exactly what was asked unless another name stands between two equal ones.
fn exact_headers(asked: &Headers) -> Result<HeaderMap, Obstacle> {
    if asked.len() > HEADER_FIELDS_MAX {
        return Err(Obstacle::HeaderCount);
    }
    let mut headers = HeaderMap::with_capacity(asked.len() + 1);
    for (name, value) in asked {
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok().filter(|parsed| parsed.as_str() == name);
        let parsed = parsed.ok_or_else(|| Obstacle::HeaderName { name: name.to_string() })?;
        let value = HeaderValue::from_maybe_shared(value.clone())
            .map_err(|_| Obstacle::HeaderValue { name: name.to_string() })?;
        headers.append(parsed, value);
    }
    for ((name, value), (sent_name, sent_value)) in asked.iter().zip(&headers) {
        if sent_name.as_str() != name || sent_value.as_bytes() != value {
            return Err(Obstacle::HeaderOrder { name: sent_name.to_string() });
        }
    }
    Ok(headers)
}

fn framing(method: &Method, headers: &mut HeaderMap, body_bytes: u64) -> Result<Framing, Obstacle> {
    let chunked = headers.get_all(TRANSFER_ENCODING).iter().next_back().map(ends_in_chunked);
    let sized = headers.contains_key(CONTENT_LENGTH);
    match (chunked, sized) {
        (Some(_), true) => {
            Err(Obstacle::Framing { reason: "content-length beside transfer-encoding would be dropped" })
        }
        (Some(false), false) => {
            Err(Obstacle::Framing { reason: "a transfer-encoding that does not end in chunked would be mended" })
        }
        (Some(true), false) => Ok(Framing::Chunked),
        (None, true) => framing_by_length(headers, body_bytes),
        (None, false) => {
            let expects_body = matches!(*method, Method::PUT | Method::POST | Method::PATCH);
            if body_bytes > 0 || expects_body {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(body_bytes));
            }
            Ok(Framing::Sized)
        }
    }
}

/// What hyper makes of the caller's own `content-length`: it believes a number and cuts the body
/// to it, mends what is no number, and looks at neither where there is no body.
fn framing_by_length(headers: &HeaderMap, body_bytes: u64) -> Result<Framing, Obstacle> {
    let mut said = headers.get_all(CONTENT_LENGTH).iter().map(digits);
    let first = said.next().flatten();
    match first.filter(|_| said.all(|other| other == first)) {
        Some(length) if length == body_bytes => Ok(Framing::Sized),
        Some(length) if length > body_bytes => Ok(Framing::Short),
        Some(_) => Err(Obstacle::Framing { reason: "the body would be cut to its content-length" }),
        None if body_bytes == 0 => Ok(Framing::Unreadable),
        None => Err(Obstacle::Framing { reason: "a content-length that is no number would be mended" }),
    }
}

fn digits(value: &HeaderValue) -> Option<u64> {
    let digits = value.as_bytes();
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn ends_in_chunked(value: &HeaderValue) -> bool {
    let last = value.to_str().ok().and_then(|codings| codings.rsplit(',').next());
    last.is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    const BASE: &str = "http://127.0.0.1:9000";

    fn request(target: &[u8], headers: &[(&'static str, &'static str)]) -> Request {
        let headers = headers.iter().map(|(name, value)| (Cow::from(*name), Bytes::from_static(value.as_bytes())));
        Request { method: "GET".into(), target: target.to_vec(), headers: headers.collect(), body: Bytes::new() }
    }

    #[track_caller]
    fn check_reqwest(target: &str, wanted: bool) {
        let request = request(target.as_bytes(), &[("host", "h"), ("accept", "*/*")]);
        let exact = Exact::of(&request).expect("the target can be sent");
        assert_eq!(exact.reqwest_url(BASE).is_some(), wanted, "{target}");
    }

    #[test]
    fn reqwest_carries_only_what_its_url_leaves_alone() {
        for target in ["/", "/a/b%2Fc?x=1&y", "//a//b", "/a?", "/%2e%2e%2fa", "/...", "/a?b=../c", "/~a_b-c"] {
            check_reqwest(target, true);
        }
        for target in ["/a/../b", "/.", "/a/%2e%2e/b", "/a/%2E./b", "/a\\b", "/{a}", "/\"", "/\u{e9}", "*"] {
            check_reqwest(target, false);
        }
    }

    #[test]
    fn reqwest_is_not_asked_where_it_would_add_a_field() {
        for headers in [[("host", "h"), ("x-a", "1")], [("accept", "*/*"), ("x-a", "1")]] {
            let exact = Exact::of(&request(b"/", &headers)).expect("it can be sent");
            assert!(exact.reqwest_url(BASE).is_none(), "{headers:?}");
        }
    }

    #[track_caller]
    fn check_length(length: &'static str, body: &'static str, wanted: Option<Framing>) {
        let mut request = request(b"/", &[("content-length", length)]);
        request.body = Bytes::from_static(body.as_bytes());
        let found = Exact::of(&request).ok().map(|exact| exact.framing);
        assert_eq!(found, wanted, "content-length {length:?} with body {body:?}");
    }

    #[test]
    fn a_given_length_is_sent_unless_hyper_would_mend_or_cut() {
        check_length("3", "abc", Some(Framing::Sized));
        check_length("003", "abc", Some(Framing::Sized));
        check_length("4", "abc", Some(Framing::Short));
        check_length("2", "abc", None);
        check_length("-1", "abc", None);
        check_length("+3", "abc", None);
        check_length("0", "", Some(Framing::Sized));
        check_length("5", "", Some(Framing::Short));
        check_length("-1", "", Some(Framing::Unreadable));
        check_length("", "", Some(Framing::Unreadable));
        check_length("99999999999999999999", "", Some(Framing::Unreadable));
    }
}
