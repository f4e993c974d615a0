//! What can go wrong with us, each with a remedy and an exit code. A divergence is a result, not an error.

use std::ops::Range;
use std::path::PathBuf;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// How the process ends; the first that applies, from the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Our own fault.
    Internal = 4,
    /// Bad configuration or usage.
    Usage = 3,
    /// At least one finding is open.
    Diverges = 1,
    /// Nothing can be said.
    Inconclusive = 2,
    /// Everything that ran conforms, and something ran.
    Conforms = 0,
}

/// Why a command could not do its work.
#[derive(Debug, Error, Diagnostic)]
pub enum Error {
    /// The command line asks for something that cannot be.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// A configuration file is wrong at a place.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Config(Box<ConfigError>),
    /// Feature files are wrong at some places.
    #[error("{message}")]
    Features {
        /// How many mistakes there are.
        message: String,
        /// Each with its place.
        #[related]
        all: Vec<ConfigError>,
    },
    /// A file cannot be read or written.
    #[error("failed to {what} {path}: {error}")]
    File {
        /// What was tried: `read`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What was said.
        error: std::io::Error,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// The target cannot be reached, or speaks no HTTP: nothing can be said of it.
    #[error("failed to reach the target {target}: {reason}")]
    Unreachable {
        /// Its endpoint.
        target: String,
        /// Why.
        reason: String,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// The kill switch or a budget that is spent lets nothing begin.
    #[error("failed to begin: {0}")]
    KeptBack(String),
    /// Something that must not happen.
    #[error("failed to {0}")]
    Internal(String),
}

/// A configuration file is wrong at a place.
#[derive(Debug, Error, Diagnostic)]
#[error("{message}")]
pub struct ConfigError {
    /// What is wrong.
    pub message: String,
    /// The file.
    #[source_code]
    pub source_code: NamedSource<String>,
    /// The place.
    #[label("here")]
    pub place: Option<SourceSpan>,
    /// What to do.
    #[help]
    pub help: Option<String>,
}

impl Error {
    /// A mistake on the command line.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// A file that cannot be used.
    pub fn file(what: &'static str, path: impl Into<PathBuf>, error: std::io::Error, help: impl Into<String>) -> Self {
        Self::File { what, path: path.into(), error, help: Some(help.into()) }
    }

    /// A configuration file that is wrong at a place.
    pub fn config(name: &str, text: &str, place: Option<Range<usize>>, message: String, help: Option<String>) -> Self {
        let source_code = NamedSource::new(name, text.to_owned());
        Self::Config(Box::new(ConfigError { message, source_code, place: place.map(Into::into), help }))
    }

    /// The exit code that goes with it.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Config(_) | Self::Features { .. } | Self::File { .. } => Exit::Usage,
            Self::Unreachable { .. } | Self::KeptBack(_) => Exit::Inconclusive,
            Self::Internal(_) => Exit::Internal,
        }
    }
}
