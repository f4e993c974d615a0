//! Keeps what became of each send, for whoever asks afterwards whether the target was available, and how fast.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt as _};
use plumb_model::http::{Headers, Request};
use plumb_model::text::shown;

use super::marked::TRACE_FIELD;
use super::{NoAnswerKind, NotSentCause, Phase, Phases, Received, SendError, SendLimits, Transport};

/// The most sends that are kept until somebody takes them out; of those beyond only the number is.
pub const SENDS_MAX: usize = 4_096;
/// The longest text of a server that is kept, in characters.
pub const TEXT_CHARACTERS_MAX: usize = 200;

/// What a server says beside its answers, and under which names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The field with the version of the service.
    pub version_field: Option<String>,
    /// Fields with the server's id of the request: the first that is there counts.
    pub request_id_fields: Vec<String>,
}

/// How a send ended that brought no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing was sent.
    NotSent(NotSentCause),
    /// No whole answer came.
    NoAnswer(NoAnswerKind),
    /// The request cannot be said; nothing was tried.
    Unsendable,
    /// Whoever waited for it went away.
    GivenUp,
}

/// A send that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// How it ended.
    pub ending: Ending,
    /// In which phase; none where nothing was tried, or nobody knows.
    pub phase: Option<Phase>,
}

/// What became of one send. All text is safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The status of a whole answer, or how it failed.
    pub result: Result<u16, Failed>,
    /// How long each phase took, as far as the transport knows.
    pub phases: Phases,
    /// From the start of the send to its end.
    pub total: Duration,
    /// Bytes of the request's body.
    pub bytes_out: u64,
    /// Bytes of the answer's body that were read.
    pub bytes_in: u64,
    /// What the service says its version is.
    pub version: Option<String>,
    /// The server's id of the request.
    pub request_id: Option<String>,
    /// The trace field as it was sent.
    pub traceparent: Option<String>,
}

/// Every send since somebody last asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// In the order in which they ended, at most [`SENDS_MAX`].
    pub sends: Vec<Sighting>,
    /// How many more there were.
    pub beyond: u64,
}

/// A transport that keeps what becomes of what it sends.
pub struct Observed<T> {
    inner: T,
    wanted: Wanted,
    seen: Mutex<Sightings>,
}

impl<T> Observed<T> {
    /// Keeps what becomes of what `inner` sends. To see marks, it stands between them and the network.
    pub fn new(inner: T, wanted: Wanted) -> Self {
        Self { inner, wanted, seen: Mutex::default() }
    }

    /// The transport that sends.
    pub const fn inner(&self) -> &T {
        &self.inner
    }

    /// Takes out what was kept.
    pub fn drain(&self) -> Sightings {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Sightings> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, request: &Request, sent: &Result<Received, SendError>, took: Duration) {
        let (result, phases, total) = match sent {
            Ok(received) => (Ok(received.response.status), received.phases, received.latency),
            Err(error) => (Err(Failed { ending: ending(error), phase: error.phase() }), error.phases(), took),
        };
        let response = match sent {
            Ok(received) => Some(&received.response),
            Err(SendError::NoAnswer { begun, .. }) => begun.as_deref(),
            Err(_) => None,
        };
        let headers = response.map(|own| &own.headers);
        self.note(Sighting {
            result,
            phases,
            total,
            bytes_in: response.map_or(0, |own| own.body.len() as u64),
            version: headers.and_then(|own| first_text(own, self.wanted.version_field.as_slice())),
            request_id: headers.and_then(|own| first_text(own, &self.wanted.request_id_fields)),
            ..given_up(request, took)
        });
    }

    fn note(&self, sighting: Sighting) {
        let mut seen = self.lock();
        if seen.sends.len() < SENDS_MAX {
            seen.sends.push(sighting);
        } else {
            seen.beyond += 1;
        }
    }
}

impl<T: Transport> Observed<T> {
    async fn watch(
        &self,
        request: &Request,
        sending: BoxFuture<'_, Result<Received, SendError>>,
    ) -> Result<Received, SendError> {
        let mut under_way = UnderWay { observed: self, request, start: Instant::now(), is_over: false };
        let sent = sending.await;
        under_way.is_over = true;
        self.keep(request, &sent, under_way.start.elapsed());
        sent
    }
}

/// Notes a send that nobody waits for any more: a target that hangs is often found out by that alone.
struct UnderWay<'s, T> {
    observed: &'s Observed<T>,
    request: &'s Request,
    start: Instant,
    is_over: bool,
}

impl<T> Drop for UnderWay<'_, T> {
    fn drop(&mut self) {
        if !self.is_over {
            self.observed.note(given_up(self.request, self.start.elapsed()));
        }
    }
}

impl<T: Transport> Transport for Observed<T> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        self.watch(request, self.inner.send(request, limits)).boxed()
    }

    fn send_unshared<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a SendLimits,
    ) -> BoxFuture<'a, Result<Received, SendError>> {
        self.watch(request, self.inner.send_unshared(request, limits)).boxed()
    }
}

fn first_text(headers: &Headers, names: &[String]) -> Option<String> {
    names.iter().find_map(|name| headers.get(name)).map(|value| shown(value, TEXT_CHARACTERS_MAX))
}

fn given_up(request: &Request, total: Duration) -> Sighting {
    Sighting {
        result: Err(Failed { ending: Ending::GivenUp, phase: None }),
        phases: Phases::default(),
        total,
        bytes_out: request.body.len() as u64,
        bytes_in: 0,
        version: None,
        request_id: None,
        traceparent: request.headers.get(TRACE_FIELD).map(|value| shown(value, TEXT_CHARACTERS_MAX)),
    }
}

const fn ending(error: &SendError) -> Ending {
    match error {
        SendError::NotSent { cause, .. } => Ending::NotSent(*cause),
        SendError::NoAnswer { kind, .. } => Ending::NoAnswer(*kind),
        SendError::Unsendable { .. } => Ending::Unsendable,
    }
}
