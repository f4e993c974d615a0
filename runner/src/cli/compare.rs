//! The arguments of `plumb compare`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use plumb_validator::target::Safety;

use super::{CasesArgs, TargetArgs};

/// `plumb compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The first target: an endpoint, `http://host[:port]`, or the name of a target in plumb.toml
    #[arg(value_name = "A")]
    pub a: String,
    /// The target to compare it with, named in the same way
    #[arg(value_name = "B")]
    pub b: String,
    /// A second instance of A: what differs between the two is noise [default: A itself once more]
    #[arg(long, value_name = "URL|NAME")]
    pub again: Option<String>,
    /// What holds for all of them
    #[command(flatten)]
    pub access: AccessArgs,
    /// Which cases
    #[command(flatten)]
    pub cases: CasesArgs,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = CompareFormat::Terminal)]
    pub format: CompareFormat,
    /// Keep compare.json and findings in this folder [default: plumb-runs/RUN, findings only]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// What holds for all targets that are compared, where plumb.toml says nothing of its own.
#[derive(Debug, Clone, Default, Args)]
pub struct AccessArgs {
    /// The API under test
    #[arg(long, value_name = "NAME")]
    pub api: Option<String>,
    /// The configuration file [default: plumb.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The documented variant of the API that all targets speak
    #[arg(long, value_name = "NAME")]
    pub flavour: Option<String>,
    /// What may be done to all of them: read-only, own-data or full [default: full on loopback, read-only elsewhere]
    #[arg(long, value_name = "LEVEL")]
    pub safety: Option<Safety>,
    /// The region to sign with, for APIs that have one
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// A PEM file with certificates to trust besides the system's
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// How long one exchange may take
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,
}

impl AccessArgs {
    /// The arguments that name one of the targets: an endpoint has `://` in it, a name has not.
    pub fn target(&self, word: &str) -> TargetArgs {
        let own = self.clone();
        let is_url = word.contains("://");
        TargetArgs {
            api: own.api,
            endpoint_url: is_url.then(|| word.to_owned()),
            target: (!is_url).then(|| word.to_owned()),
            config: own.config,
            connect_to: None,
            flavour: own.flavour,
            safety: own.safety,
            region: own.region,
            ca: own.ca,
            timeout: own.timeout,
        }
    }
}

/// The format of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    /// For people.
    Terminal,
    /// One object, schema plumb.compare/1.
    Json,
    /// Nothing: somebody else tells what came of it.
    #[value(skip)]
    Nothing,
}
