//! What each client is tried on: a served model of its own.

use std::ffi::OsStr;
use std::process::Command;

use plumb_model::wire::Actor;

use crate::support::{Home, Ran, Running, Served};

/// A served model without any bucket, and the folder in which a client of it lives.
pub(crate) struct Service {
    home: Home,
    served: Served,
    actor: Actor,
}

impl Service {
    /// A new one, as it is served where nothing else is asked for.
    pub(crate) fn new() -> Self {
        Self::of(None)
    }

    /// A new one that serves this flavour.
    pub(crate) fn of(flavour: Option<&str>) -> Self {
        Self::with(&flavour.iter().flat_map(|flavour| ["--flavour", flavour]).collect::<Vec<_>>())
    }

    /// A new one, served with these options.
    pub(crate) fn with(options: &[&str]) -> Self {
        let mut home = Home::new();
        let served = Served::s3_with(&mut home, options);
        let actors = plumb_s3_plugin::plugin().serve_actors.expect("there are built-in identities");
        Self { home, served, actor: actors().swap_remove(0) }
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
        (&self.actor.id, &self.actor.secret)
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
