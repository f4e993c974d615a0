//! What each client is tried on: a served model of its own.

use std::ffi::OsStr;
use std::process::Command;

use crate::support::{Home, Ran, Running, Served};

/// A served model without any bucket, and the folder in which a client of it lives.
pub(crate) struct Service {
    home: Home,
    served: Served,
}

impl Service {
    /// A new one.
    pub(crate) fn new() -> Self {
        let mut home = Home::new();
        let served = Served::s3(&mut home, None);
        Self { home, served }
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn url(&self) -> &str {
        &self.served.url
    }

    /// The same without the scheme.
    pub(crate) fn authority(&self) -> &str {
        self.url().strip_prefix("http://").expect("it is served without TLS")
    }

    /// Access key and secret key, which are in the environment of every client too.
    pub(crate) fn identity(&self) -> (&str, &str) {
        (self.home.variable("AWS_ACCESS_KEY_ID"), self.home.variable("AWS_SECRET_ACCESS_KEY"))
    }

    /// The folder in which clients run.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// A client, not yet started.
    pub(crate) fn client(&self, program: impl AsRef<OsStr>) -> Command {
        self.home.program(program)
    }
}

/// Runs a client to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    Running::start(command, b"").end()
}
