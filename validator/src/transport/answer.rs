//! Reads an answer, whichever client brings it, and keeps the time.

use std::borrow::Cow;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::Body;
use plumb_model::http::{Headers, Response};
use tokio::time::{Instant, timeout_at};

use super::body::Capped;
use super::phases::{Phase, Phases};
use super::{Received, SendError, SendLimits, failure};

/// When an exchange began, what its parts took so far, and when they must be over.
pub(super) struct Clock<'a> {
    start: Instant,
    lap: Instant,
    limits: &'a SendLimits,
    pub(super) phases: Phases,
}

impl<'a> Clock<'a> {
    pub(super) fn start(limits: &'a SendLimits) -> Self {
        let start = Instant::now();
        Self { start, lap: start, limits, phases: Phases::default() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Notes that `phase` is over, or has failed.
    pub(super) fn lap(&mut self, phase: Phase) {
        let now = Instant::now();
        self.phases.note(phase, now - self.lap);
        self.lap = now;
    }

    /// When there must be a connection that may take so long.
    pub(super) fn connect_due(&self, connect_timeout: Duration) -> Instant {
        self.head_due().min(self.start + connect_timeout)
    }

    pub(super) fn head_due(&self) -> Instant {
        self.start + self.limits.first_byte.min(self.limits.total)
    }

    fn body_due(&self) -> Instant {
        self.start + self.limits.total
    }
}

/// Reads the body of an answer whose head has just come.
pub(super) async fn receive<B>(
    answer: http::Response<B>,
    peer: Option<SocketAddr>,
    mut clock: Clock<'_>,
) -> Result<Received, SendError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Error + 'static,
{
    let first_byte = clock.elapsed();
    let (head, body) = answer.into_parts();
    let mut capped = Capped::new(clock.limits.body_bytes_max);
    let read = timeout_at(clock.body_due(), capped.read(body)).await;
    let latency = clock.elapsed();
    clock.phases.note(Phase::Body, latency.saturating_sub(first_byte));
    let response = Response {
        status: head.status.as_u16(),
        headers: headers(&head.headers),
        truncated: capped.truncated || !matches!(read, Ok(Ok(()))),
        body: capped.finish(),
    };
    match read {
        Ok(Ok(())) => Ok(Received { response, latency, first_byte, peer, phases: clock.phases }),
        Ok(Err(error)) => Err(failure::in_body(&error, response, &clock)),
        Err(_) => Err(failure::timed_out(Some(response), &clock)),
    }
}

/// The names that most answers hold: they cost no allocation, here and in every later copy.
const COMMON: [&str; 11] = [
    "accept-ranges",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "server",
    "vary",
    "transfer-encoding",
];

/// The fields as they came; all values share one allocation.
fn headers(fields: &http::HeaderMap) -> Headers {
    let mut text = BytesMut::with_capacity(fields.values().map(http::HeaderValue::len).sum());
    fields.values().for_each(|value| text.extend_from_slice(value.as_bytes()));
    let mut rest = text.freeze();
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let known = COMMON.iter().find(|known| **known == name.as_str());
        let name = known.map_or_else(|| Cow::Owned(name.as_str().to_owned()), |known| Cow::Borrowed(*known));
        (name, rest.split_to(value.len()))
    };
    fields.iter().map(field).collect()
}
