//! The parts of an exchange, in order, and how long each took.

use std::fmt;
use std::time::Duration;

/// A part of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The name is resolved.
    Dns,
    /// The connection is made.
    Connect,
    /// The TLS handshake.
    Tls,
    /// From the start of sending to the end of the answer's head.
    FirstByte,
    /// From there to the end of the body.
    Body,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 5] = [Self::Dns, Self::Connect, Self::Tls, Self::FirstByte, Self::Body];

    /// The phase in one word: `first-byte`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::FirstByte => "first-byte",
            Self::Body => "body",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// How long each part of an exchange took. What did not happen, or is not known, is missing: an address needs no
/// look-up, plain HTTP no handshake, and a transport that shares connections does not tell when it made one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases([Option<Duration>; 5]);

impl Phases {
    /// How long `phase` took. Where the exchange failed in it, until it failed.
    pub const fn get(&self, phase: Phase) -> Option<Duration> {
        self.0[phase as usize]
    }

    /// Each phase with its time, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Phase, Option<Duration>)> {
        Phase::ALL.into_iter().map(|phase| (phase, self.get(phase)))
    }

    /// Notes how long `phase` took.
    pub const fn note(&mut self, phase: Phase, took: Duration) {
        self.0[phase as usize] = Some(took);
    }
}

/// How far an exchange came that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The phase in which it failed, as far as the transport knows.
    pub phase: Phase,
    /// How long each phase took that came to its end, and the failing one until it failed.
    pub phases: Phases,
}
