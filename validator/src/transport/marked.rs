//! Marks test traffic, so that whoever runs the service can tell it from customers' and find one request among many.
//!
//! Three fields are added behind all others, each only where the request has none of its name, and nothing else is
//! changed. Signatures stay good: those of the APIs here cover the fields they name, and no API names these.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use plumb_model::bodies::{hex, sha256};
use plumb_model::http::Request;

use super::{Received, SendError, SendLimits, Transport};

/// The field with the name of the canary.
pub const CANARY_FIELD: &str = "x-plumbline-canary";
/// The field with the trace (W3C Trace Context, section 3.2).
pub const TRACE_FIELD: &str = "traceparent";
const USER_AGENT: &str = "user-agent";

/// The longest mark, in characters; what is longer is cut.
const MARK_CHARACTERS_MAX: usize = 120;

/// The id of a trace: everything that one slot or run sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

impl TraceId {
    /// The id that belongs to `text`, the same on every machine: what tells one slot or run from all others.
    pub fn of(text: &str) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&sha256(text.as_bytes())[..16]);
        // All zeros mean that there is none.
        id[15] |= u8::from(id == [0; 16]);
        Self(id)
    }

    /// The id in 32 hexadecimal digits.
    pub fn hex(self) -> String {
        digits(&self.0)
    }

    /// The id of the span of this number, which no other span of the trace has.
    fn span(self, number: u64) -> [u8; 8] {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[8..]);
        let start = u64::from_be_bytes(first);
        // One of 2^64 numbers would give zeros, which mean that there is no span; it has the place of the one past the end.
        let id = match start.wrapping_add(number) {
            0 => start.wrapping_sub(1),
            other => other,
        };
        id.to_be_bytes()
    }
}

/// What all requests of a canary are marked with.
#[derive(Debug, Clone)]
pub struct Marks {
    user_agent: Bytes,
    canary: Option<Bytes>,
}

impl Marks {
    /// The marks of a canary.
    pub fn of_canary(name: &str) -> Self {
        let name = safe(name);
        let user_agent = format!("plumbline/{} (canary {name})", env!("CARGO_PKG_VERSION"));
        Self { user_agent: user_agent.into(), canary: Some(name.into()) }
    }

    /// The marks of a run by hand, which is no canary's.
    pub fn of_run(run: &str) -> Self {
        let user_agent = format!("plumbline/{} (run {})", env!("CARGO_PKG_VERSION"), safe(run));
        Self { user_agent: user_agent.into(), canary: None }
    }
}

/// A transport that marks what it sends.
pub struct Marked<T> {
    inner: T,
    marks: Marks,
    trace: TraceId,
    spans: AtomicU64,
}

impl<T> Marked<T> {
    /// Marks what `inner` sends; each request is a span of `trace`.
    pub fn new(inner: T, marks: &Marks, trace: TraceId) -> Self {
        Self { inner, marks: marks.clone(), trace, spans: AtomicU64::new(1) }
    }

    /// The transport that sends.
    pub const fn inner(&self) -> &T {
        &self.inner
    }

    fn marked(&self, request: &Request) -> Request {
        let mut marked = request.clone();
        let mut add = |name: &'static str, value: Bytes| {
            if marked.headers.get(name).is_none() {
                marked.headers.push(Cow::Borrowed(name), value);
            }
        };
        add(USER_AGENT, self.marks.user_agent.clone());
        if let Some(canary) = &self.marks.canary {
            add(CANARY_FIELD, canary.clone());
        }
        let span = self.trace.span(self.spans.fetch_add(1, Ordering::Relaxed));
        add(TRACE_FIELD, format!("00-{}-{}-01", self.trace.hex(), digits(&span)).into());
        marked
    }
}

impl<T: Transport> Transport for Marked<T> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        let marked = self.marked(request);
        async move { self.inner.send(&marked, limits).await }.boxed()
    }

    fn send_unshared<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a SendLimits,
    ) -> BoxFuture<'a, Result<Received, SendError>> {
        let marked = self.marked(request);
        async move { self.inner.send_unshared(&marked, limits).await }.boxed()
    }
}

fn digits(bytes: &[u8]) -> String {
    hex(bytes).into_iter().map(char::from).collect()
}

/// A name that can stand in a field, and in the comment of a user agent (RFC 9110 section 5.6.5).
fn safe(name: &str) -> String {
    let plain = |character: char| character.is_ascii_graphic() && !"()\\\"".contains(character);
    name.chars().take(MARK_CHARACTERS_MAX).map(|own| if plain(own) { own } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_request_is_a_span_of_its_own_in_the_trace_of_its_slot() {
        let trace = TraceId::of("a slot");
        assert_eq!(trace, TraceId::of("a slot"), "the same everywhere");
        assert_ne!(trace, TraceId::of("another slot"));
        let spans: BTreeSet<_> = (0..1_000).map(|number| trace.span(number)).collect();
        assert_eq!(spans.len(), 1_000);
        assert!(!spans.contains(&[0; 8]), "zeros mean that there is none");
    }

    #[test]
    fn a_span_is_never_zero() {
        let trace = TraceId([255; 16]);
        assert_eq!(trace.span(1), (u64::MAX - 1).to_be_bytes());
    }

    #[test]
    fn a_mark_can_stand_in_a_field_whatever_the_name() {
        for (name, wanted) in [
            ("uploads-basic", "uploads-basic"),
            ("a b\r\nx: y", "a_b__x:_y"),
            ("caf\u{e9} (\\\")", "caf______"),
            ("", ""),
        ] {
            assert_eq!(safe(name), wanted, "{name:?}");
        }
        assert_eq!(safe(&"a".repeat(1_000)).len(), MARK_CHARACTERS_MAX);
    }
}
