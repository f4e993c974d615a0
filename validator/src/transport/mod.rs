//! How bytes get to a server and back, and how a send that failed is told apart.
//!
//! A [`Transport`] puts exactly the asked bytes on a socket, or says why it cannot; it never
//! mends a request, follows a redirect, asks a proxy or sends anything twice. Three failures
//! are kept apart because they mean different things for the state of the server:
//! [`SendError::NotSent`] (nothing can have happened), [`SendError::NoAnswer`] (anything may
//! have happened) and [`SendError::Unsendable`] (we could not ask the question).

mod answer;
mod body;
mod endpoint;
mod exact;
mod failure;
mod fresh;
mod identity;
mod marked;
mod memory;
mod network;
mod observed;
mod phases;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use futures::future::BoxFuture;
use plumb_model::http::{Request, Response};

pub use self::endpoint::{Endpoint, EndpointError, Trust};
pub use self::exact::Obstacle;
pub use self::fresh::FreshTransport;
pub use self::identity::Identity;
pub use self::marked::{CANARY_FIELD, Marked, Marks, TRACE_FIELD, TraceId};
pub use self::memory::MemoryTransport;
pub use self::network::{CONNECT_TIMEOUT, NetworkTransport};
pub use self::observed::{Ending, Failed, Observed, SENDS_MAX, Sighting, Sightings, TEXT_CHARACTERS_MAX, Wanted};
pub use self::phases::{Phase, Phases, Reached};

/// How long an answer's head may take where nothing else was asked for.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a whole exchange may take where nothing else was asked for.
pub const TOTAL_TIMEOUT: Duration = Duration::from_mins(1);

/// How much of a body is kept where nothing else was asked for, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Something that can send one request and bring its answer back.
pub trait Transport: Send + Sync {
    /// Sends `request` once and reads the answer, both within `limits`.
    ///
    /// Dropping the future abandons the exchange: the request may or may not have been sent.
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>>;

    /// The same over a connection that no other request has used or will use: what is lost there was lost by this
    /// request alone. Without connections there is no difference.
    fn send_unshared<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a SendLimits,
    ) -> BoxFuture<'a, Result<Received, SendError>> {
        self.send(request, limits)
    }
}

/// A transport that sends every request over a connection of its own.
pub struct Unshared<'a>(pub &'a dyn Transport);

impl Transport for Unshared<'_> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        self.0.send_unshared(request, limits)
    }
}

impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        (**self).send(request, limits)
    }

    fn send_unshared<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a SendLimits,
    ) -> BoxFuture<'a, Result<Received, SendError>> {
        (**self).send_unshared(request, limits)
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        (**self).send(request, limits)
    }

    fn send_unshared<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a SendLimits,
    ) -> BoxFuture<'a, Result<Received, SendError>> {
        (**self).send_unshared(request, limits)
    }
}

/// The bounds of one exchange. Connecting is bounded where the transport is made, because
/// connections are shared between requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendLimits {
    /// From the start of the send to the end of the answer's head; connecting counts.
    pub first_byte: Duration,
    /// From the start of the send to the last byte of the answer's body.
    pub total: Duration,
    /// How much of the body is kept, in bytes; the rest is not read.
    pub body_bytes_max: usize,
}

impl Default for SendLimits {
    fn default() -> Self {
        Self { first_byte: FIRST_BYTE_TIMEOUT, total: TOTAL_TIMEOUT, body_bytes_max: BODY_BYTES_MAX }
    }
}

/// An answer and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The answer. Field names are in lower case, and fields of one name stand together.
    pub response: Response,
    /// From the start of the send (connecting included) to the last body byte that was read.
    pub latency: Duration,
    /// From the start of the send to the end of the answer's head.
    pub first_byte: Duration,
    /// The address that answered, where there is one.
    pub peer: Option<SocketAddr>,
    /// How long each part took, as far as the transport knows.
    pub phases: Phases,
}

/// Why there is no answer to judge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not one byte of the request left: it has no effect.
    #[error("failed to reach the server, nothing was sent ({cause}): {detail}")]
    NotSent {
        /// What was in the way.
        cause: NotSentCause,
        /// The underlying messages, without address or headers.
        detail: String,
        /// How long it took to find out.
        after: Duration,
        /// How far it came.
        reached: Box<Reached>,
    },
    /// Some of the request may have reached the server: it may have taken effect, or may yet.
    #[error("failed to get an answer ({kind}): {detail}")]
    NoAnswer {
        /// How the exchange ended.
        kind: NoAnswerKind,
        /// The underlying messages, without address or headers.
        detail: String,
        /// How long it took to find out.
        after: Duration,
        /// The head of an answer that broke off in its body, with the body as far as it came.
        begun: Option<Box<Response>>,
        /// How far it came.
        reached: Box<Reached>,
    },
    /// These bytes cannot be put on a socket unchanged; nothing was sent.
    #[error("failed to send unchanged: {reason}")]
    Unsendable {
        /// The part that cannot be said.
        reason: Obstacle,
    },
}

impl SendError {
    /// The phase in which it failed; none where nothing was tried.
    pub fn phase(&self) -> Option<Phase> {
        self.reached().map(|reached| reached.phase)
    }

    /// How long each phase took, as far as the transport knows.
    pub fn phases(&self) -> Phases {
        self.reached().map_or_else(Phases::default, |reached| reached.phases)
    }

    fn reached(&self) -> Option<&Reached> {
        match self {
            Self::NotSent { reached, .. } | Self::NoAnswer { reached, .. } => Some(reached),
            Self::Unsendable { .. } => None,
        }
    }
}

/// What kept a request from being sent at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotSentCause {
    /// The host name did not resolve: often the agent's own fault.
    Dns,
    /// The server's host refused the connection.
    Refused,
    /// The TLS handshake failed.
    Tls,
    /// Connecting took longer than allowed; [`SendError::phase`] tells which part of it.
    Timeout,
    /// This machine has no socket to connect with: it is out of open files, ports or memory.
    Local,
    /// The connection was lost before the request was begun, or could not be made.
    Unconnected,
}

impl fmt::Display for NotSentCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "name not resolved",
            Self::Refused => "connection refused",
            Self::Tls => "TLS handshake failed",
            Self::Timeout => "connecting timed out",
            Self::Local => "no socket on this machine",
            Self::Unconnected => "no connection",
        })
    }
}

/// How an exchange ended that had begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoAnswerKind {
    /// A limit ran out.
    Timeout,
    /// The connection was reset.
    Reset,
    /// The server closed the connection before the answer was complete.
    Closed,
    /// What came back is not HTTP/1.
    NotHttp,
    /// Any other failure of the connection.
    Broken,
}

impl fmt::Display for NoAnswerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "timed out",
            Self::Reset => "connection reset",
            Self::Closed => "connection closed",
            Self::NotHttp => "not HTTP",
            Self::Broken => "connection broken",
        })
    }
}
