//! Telling from a client's error whether anything was sent, and how the exchange ended.

use std::error::Error;
use std::io;

use hyper_util::client::legacy;
use plumb_model::http::Response;

use super::answer::Clock;
use super::phases::{Phase, Reached};
use super::{NoAnswerKind, NotSentCause, SendError};

/// The system has no room for another open file, or this process has none (Linux, `errno.h`).
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;

/// How many errors deep a chain of causes is followed.
const CAUSES_MAX: usize = 16;

/// How hyper-util names the failure of a request that it took back before writing a byte of it.
/// The kind itself is not public; a new wording would only make us more careful.
const TAKEN_BACK: &str = "client error (Canceled)";

/// How hyper-util names a failed look-up of a host name; its error type is not public.
const DNS_FAILED: &str = "dns error";

/// What an error before the answer's head means, from a client that makes its connections itself.
pub(super) fn before_head(error: &(dyn Error + 'static), clock: &Clock<'_>) -> SendError {
    if !nothing_was_sent(error) {
        return no_answer(error, clock);
    }
    let cause = not_sent_cause(error);
    let phase = match cause {
        NotSentCause::Dns => Phase::Dns,
        NotSentCause::Tls => Phase::Tls,
        _ => Phase::Connect,
    };
    not_sent(cause, phase, detail(error), clock)
}

/// Nothing was sent: `cause` was in the way.
pub(super) fn not_sent(cause: NotSentCause, phase: Phase, detail: String, clock: &Clock<'_>) -> SendError {
    SendError::NotSent { cause, detail, after: clock.elapsed(), reached: Box::new(at(phase, clock)) }
}

/// There is no answer to a request that may have been sent.
pub(super) fn no_answer(error: &(dyn Error + 'static), clock: &Clock<'_>) -> SendError {
    // Whom a server does not know by a certificate of ours it tells so only after the handshake (RFC 8446 section 4.4.2).
    let phase = if is_tls(error) { Phase::Tls } else { Phase::FirstByte };
    let (kind, detail, after) = (no_answer_kind(error), detail(error), clock.elapsed());
    SendError::NoAnswer { kind, detail, after, begun: None, reached: Box::new(at(phase, clock)) }
}

/// What an error in the answer's body means, of which `begun` has come.
pub(super) fn in_body(error: &(dyn Error + 'static), begun: Response, clock: &Clock<'_>) -> SendError {
    let (kind, detail, after) = (no_answer_kind(error), detail(error), clock.elapsed());
    SendError::NoAnswer { kind, detail, after, begun: Some(Box::new(begun)), reached: Box::new(at(Phase::Body, clock)) }
}

/// A limit of ours ran out after the request may have been sent.
pub(super) fn timed_out(begun: Option<Response>, clock: &Clock<'_>) -> SendError {
    let (phase, waiting_for) = match &begun {
        None => (Phase::FirstByte, "answer"),
        Some(_) => (Phase::Body, "end of the body"),
    };
    SendError::NoAnswer {
        kind: NoAnswerKind::Timeout,
        detail: format!("no {waiting_for} within the limit"),
        after: clock.elapsed(),
        begun: begun.map(Box::new),
        reached: Box::new(at(phase, clock)),
    }
}

/// A limit of ours ran out before there was a connection to send on.
pub(super) fn connect_timed_out(phase: Phase, clock: &Clock<'_>) -> SendError {
    let what = match phase {
        Phase::Dns => "address",
        Phase::Tls => "end of the TLS handshake",
        _ => "connection",
    };
    not_sent(NotSentCause::Timeout, phase, format!("no {what} within the limit"), clock)
}

/// What kept a connection from being made, where the system says so.
pub(super) fn connect_cause(error: &io::Error) -> NotSentCause {
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::ConnectionRefused, _) => NotSentCause::Refused,
        (io::ErrorKind::TimedOut, _) => NotSentCause::Timeout,
        (io::ErrorKind::AddrNotAvailable | io::ErrorKind::OutOfMemory, _) | (_, Some(ENFILE | EMFILE)) => {
            NotSentCause::Local
        }
        _ => NotSentCause::Unconnected,
    }
}

const fn at(phase: Phase, clock: &Clock<'_>) -> Reached {
    Reached { phase, phases: clock.phases }
}

/// True only where it is certain: the connection failed, or no connection was ever handed the
/// request (hyper-util attaches one to every later error), or hyper gave the request back.
fn nothing_was_sent(error: &(dyn Error + 'static)) -> bool {
    causes(error)
        .find_map(|cause| cause.downcast_ref::<legacy::Error>())
        .is_some_and(|error| error.is_connect() || error.connect_info().is_none() || error.to_string() == TAKEN_BACK)
}

fn not_sent_cause(error: &(dyn Error + 'static)) -> NotSentCause {
    let timed_out = error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout);
    let io_kind = io_kind(error);
    if timed_out || io_kind == Some(io::ErrorKind::TimedOut) {
        NotSentCause::Timeout
    } else if io_kind == Some(io::ErrorKind::ConnectionRefused) {
        NotSentCause::Refused
    } else if is_tls(error) {
        NotSentCause::Tls
    } else if causes(error).any(|cause| cause.to_string().starts_with(DNS_FAILED)) {
        NotSentCause::Dns
    } else {
        NotSentCause::Unconnected
    }
}

fn no_answer_kind(error: &(dyn Error + 'static)) -> NoAnswerKind {
    let hyper = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    if hyper.is_some_and(hyper::Error::is_parse) {
        return NoAnswerKind::NotHttp;
    }
    if hyper.is_some_and(|error| error.is_incomplete_message() || error.is_closed()) {
        return NoAnswerKind::Closed;
    }
    if is_tls(error) {
        return NoAnswerKind::Broken;
    }
    match io_kind(error) {
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe) => {
            NoAnswerKind::Reset
        }
        Some(io::ErrorKind::UnexpectedEof) => NoAnswerKind::Closed,
        Some(io::ErrorKind::TimedOut) => NoAnswerKind::Timeout,
        Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => NoAnswerKind::NotHttp,
        _ => NoAnswerKind::Broken,
    }
}

/// The innermost, because the TLS layers wrap one I/O error in another.
fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last().map(io::Error::kind)
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.downcast_ref::<rustls::Error>().is_some())
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| cause_of(*cause)).take(CAUSES_MAX)
}

/// An I/O error that wraps another error leaves it out of its own chain of sources.
fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The messages of the chain, without reqwest's own: those print the URL, which may be signed.
pub(super) fn detail(error: &(dyn Error + 'static)) -> String {
    let mut messages: Vec<String> = Vec::new();
    for cause in causes(error).filter(|cause| !cause.is::<reqwest::Error>()) {
        let message = cause.to_string();
        // Some errors print their cause as well; once is enough.
        if !messages.last().is_some_and(|last| last.contains(&message)) {
            messages.push(message);
        }
    }
    if messages.is_empty() { "the client gave no reason".to_owned() } else { messages.join(": ") }
}
