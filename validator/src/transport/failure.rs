//! Telling from a client's error whether anything was sent, and how the exchange ended.

use std::error::Error;
use std::io;
use std::time::Duration;

use hyper_util::client::legacy;
use plumb_model::http::Response;

use super::{NoAnswerKind, NotSentCause, SendError};

/// How many errors deep a chain of causes is followed.
const CAUSES_MAX: usize = 16;

/// How hyper-util names the failure of a request that it took back before writing a byte of it.
/// The kind itself is not public; a new wording would only make us more careful.
const TAKEN_BACK: &str = "client error (Canceled)";

/// How hyper-util names a failed look-up of a host name; its error type is not public.
const DNS_FAILED: &str = "dns error";

/// What an error before the answer's head means, `after` the start of the send.
pub(super) fn before_head(error: &(dyn Error + 'static), after: Duration) -> SendError {
    let detail = detail(error);
    if nothing_was_sent(error) {
        SendError::NotSent { cause: not_sent_cause(error), detail, after }
    } else {
        SendError::NoAnswer { kind: no_answer_kind(error), detail, after, begun: None }
    }
}

/// What an error in the answer's body means, of which `begun` has come.
pub(super) fn in_body(error: &(dyn Error + 'static), begun: Response, after: Duration) -> SendError {
    let (kind, detail) = (no_answer_kind(error), detail(error));
    SendError::NoAnswer { kind, detail, after, begun: Some(Box::new(begun)) }
}

/// A limit of ours ran out after the request may have been sent.
pub(super) fn timed_out(waiting_for: &str, begun: Option<Response>, after: Duration) -> SendError {
    SendError::NoAnswer {
        kind: NoAnswerKind::Timeout,
        detail: format!("no {waiting_for} within the limit"),
        after,
        begun: begun.map(Box::new),
    }
}

/// A limit of ours ran out before there was a connection to send on.
pub(super) fn connect_timed_out(after: Duration) -> SendError {
    let detail = "no connection within the limit".to_owned();
    SendError::NotSent { cause: NotSentCause::Timeout, detail, after }
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
fn detail(error: &(dyn Error + 'static)) -> String {
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
