//! The command line.

mod canary;
mod compare;
mod gate;
mod generate;
mod kill;
mod learn;
mod test;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use plumb_generator::covering::STRENGTH_MAX;
use plumb_generator::shard::Shard;
use plumb_validator::target::Safety;

use crate::engine::Budget;
use crate::run::shell_word;

pub use canary::{CanaryArgs, CanaryFormat, LedgerArgs};
pub use compare::{AccessArgs, CompareArgs, CompareFormat};
pub use gate::{
    GateArgs, GateDeed, GateFormat, GateRunArgs, GateServeArgs, OverrideArgs, ReportFormat, ReportTo, parse_until,
};
pub use generate::{DialectArgs, EffortArg, GenerateArgs, RowsArgs};
pub use kill::{KillArgs, KillTo};
pub use learn::{LearnArgs, LearnFormat, LogTo, RequestLogFormat};
pub use test::{TestArgs, TestFormat};

/// Tells whether a live HTTP service still does what its specification says.
#[derive(Debug, Parser)]
#[command(name = "plumb", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// Log to standard error in this format: text or json
    #[arg(long, global = true, value_name = "FORMAT", value_parser = LogTo::parse)]
    pub log: Vec<LogTo>,
    /// What is logged: error, warn, info, debug, trace, or a filter such as `plumb_validator=debug`
    #[arg(long, global = true, default_value = "info", value_name = "FILTER")]
    pub log_level: String,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find real divergences in an embedded third-party server
    Demo(DemoArgs),
    /// Send generated cases to a target and judge every answer by the model
    Conform(ConformArgs),
    /// Run features: Given, When, Then
    Test(TestArgs),
    /// Run features and suites on a clock, and keep an honest ledger of what came of each slot
    Canary(CanaryArgs),
    /// Print what became of the slots of canaries, a line of JSON for each
    Ledger(LedgerArgs),
    /// Decide whether a release may go on: pass, fail or inconclusive, and why
    Gate(GateArgs),
    /// Send the same cases to two targets and tell who is right where they differ
    Compare(CompareArgs),
    /// Tell within about a second what a target implements, and whether it checks who calls
    Probe(ProbeArgs),
    /// Make the rows of a model in PICT's language, or the cases of an API, and send nothing
    Generate(GenerateArgs),
    /// Run a finding again: REPRODUCED, FIXED or INCONCLUSIVE
    Replay(ReplayArgs),
    /// Serve the model over HTTP on loopback
    Serve(ServeArgs),
    /// Tell what a call may answer, as JSON
    Ask(AskArgs),
    /// Tell from access logs what customers do, and how much of it the suites try
    Learn(LearnArgs),
    /// Remove what runs left behind
    Sweep(SweepArgs),
    /// Set or release the kill switch, which binds every command that sends anything; without a word, show it
    Kill(KillArgs),
    /// Accept findings for a while, with owner and reason
    Accept(AcceptArgs),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Which endpoint, and as whom.
#[derive(Debug, Clone, Default, Args)]
pub struct TargetArgs {
    /// The API under test
    #[arg(long, value_name = "NAME")]
    pub api: Option<String>,
    /// The endpoint: `http://host[:port]` or `https://host[:port]`
    #[arg(long, value_name = "URL", conflicts_with = "target")]
    pub endpoint_url: Option<String>,
    /// Connect to this address, IP:PORT, whatever the endpoint's name resolves to; Host and the name in TLS stay
    #[arg(long, value_name = "ADDRESS", value_parser = crate::select::parse_address)]
    pub connect_to: Option<SocketAddr>,
    /// A target from plumb.toml
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// The configuration file [default: plumb.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The documented variant of the API that the target speaks
    #[arg(long, value_name = "NAME")]
    pub flavour: Option<String>,
    /// What may be done there: read-only, own-data or full [default: full on loopback, read-only elsewhere]
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

impl TargetArgs {
    /// The options that name the same target again.
    pub fn options(&self) -> String {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let given = [
            ("--endpoint-url", self.endpoint_url.clone()),
            ("--target", self.target.clone()),
            ("--config", path(&self.config)),
            ("--safety", self.safety.map(|safety| safety.to_string())),
            ("--connect-to", self.connect_to.map(|address| address.to_string())),
            ("--region", self.region.clone()),
            ("--ca", path(&self.ca)),
        ];
        let each = given.into_iter().filter_map(|(name, value)| Some(format!(" {name} {}", shell_word(&value?))));
        each.collect()
    }
}

/// What is printed and kept.
#[derive(Debug, Clone, Args)]
pub struct OutputArgs {
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub format: Format,
    /// Write a report as one self-contained HTML file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Keep run.json, events.ndjson and findings in this folder [default: plumb-runs/RUN, findings only]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// The format of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Terminal,
    /// One object, schema plumb.run/1.
    Json,
    /// The events of the run, one a line.
    Ndjson,
    /// Nothing: somebody else tells what came of it.
    #[value(skip)]
    Nothing,
}

/// Which cases.
#[derive(Debug, Clone, Args)]
pub struct CasesArgs {
    /// Only this operation; may be given more than once
    #[arg(long = "operation", value_name = "NAME")]
    pub operations: Vec<String>,
    /// The seed: the same seed gives the same cases in the same order
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// The most cases (500) or the longest time (30s, 5m)
    #[arg(long, value_name = "N|TIME", value_parser = parse_budget)]
    pub budget: Option<Budget>,
    /// How many choices of an operation are made to meet, 1 to 4 [default: 2; 1 in the demo and in comparisons]
    #[arg(long, value_name = "N", value_parser = parse_strength)]
    pub strength: Option<usize>,
    /// Only this part of the cases, as 2/5: the second of five. Each case is in exactly one part
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// How many workflows come after the suites: cases of many calls, as customers mix them [default: 200; none in the
    /// demo and in comparisons]
    #[arg(long, value_name = "N")]
    pub workflows: Option<usize>,
    /// How often customers do what, for the workflows
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// How many cases run at once
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,
    /// The largest share of inconclusive cases with which a run still counts
    #[arg(long, default_value_t = 0.05, value_name = "SHARE", value_parser = parse_share)]
    pub inconclusive_max: f64,
    /// Cases that go first: a file, or a folder of files, as `plumb test --record` and findings are
    #[arg(long, value_name = "PATH")]
    pub seeds: Vec<PathBuf>,
    /// Send no other cases than those of --seeds
    #[arg(long, requires = "seeds")]
    pub only_seeds: bool,
    /// Accepted findings [default: plumb.deviations.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub deviations: Option<PathBuf>,
    /// Send every case, even of what the target answers "not implemented" to
    #[arg(long)]
    pub no_probe: bool,
    /// Print the calls, bytes, resources and hazards, and send nothing
    #[arg(long)]
    pub plan: bool,
}

impl CasesArgs {
    /// The same for commands that send each choice alone and no workflows unless they are asked for more.
    #[must_use]
    pub fn brief(&self) -> Self {
        let (strength, workflows) = (Some(self.strength.unwrap_or(1)), Some(self.workflows.unwrap_or(0)));
        Self { strength, workflows, ..self.clone() }
    }
}

/// `plumb demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The API to demonstrate
    #[arg(long, value_name = "NAME")]
    pub api: Option<String>,
    /// Keep the server up until it is stopped
    #[arg(long)]
    pub hold: bool,
    /// Which cases
    #[command(flatten)]
    pub cases: CasesArgs,
    /// What is printed and kept
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `plumb conform`.
#[derive(Debug, Args)]
pub struct ConformArgs {
    /// Which endpoint
    #[command(flatten)]
    pub target: TargetArgs,
    /// Which cases
    #[command(flatten)]
    pub cases: CasesArgs,
    /// What is printed and kept
    #[command(flatten)]
    pub output: OutputArgs,
    /// Go on with the run whose --output was this folder: what conformed is kept, everything else is run again
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    pub resume: Option<PathBuf>,
}

/// `plumb probe`.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// Which endpoint
    #[command(flatten)]
    pub target: TargetArgs,
    /// Only this operation and those that its cases pass through; may be given more than once
    #[arg(long = "operation", value_name = "NAME")]
    pub operations: Vec<String>,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub format: Format,
}

/// `plumb replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The file of a finding
    pub file: PathBuf,
    /// Which endpoint; a finding of the demo needs none
    #[command(flatten)]
    pub target: TargetArgs,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub format: Format,
    /// Send nothing, and print the case in another form
    #[arg(long = "as", value_enum, value_name = "FORM")]
    pub written_as: Option<Form>,
}

/// In what form a case is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// A feature with one scenario, which fails as long as the finding is true.
    Feature,
}

/// `plumb serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The API
    #[arg(long, value_name = "NAME")]
    pub api: String,
    /// Where to listen; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub listen: std::net::SocketAddr,
    /// Plant this bug
    #[arg(long, value_name = "NAME")]
    pub plant: Option<String>,
    /// List the bugs that can be planted
    #[arg(long)]
    pub list_plants: bool,
    /// Which of the permitted outcomes are given
    #[arg(long, value_enum, default_value_t = AnswersArg::Preferred)]
    pub answers: AnswersArg,
    /// The seed for --answers any
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// The documented variant of the API
    #[arg(long, value_name = "NAME")]
    pub flavour: Option<String>,
    /// The region to check signatures for
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Append every request to this file; text or json logs to standard error, as everywhere. May be given for both
    #[arg(long, value_name = "FILE|FORMAT", value_parser = LogTo::parse)]
    pub log: Vec<LogTo>,
    /// How requests are written to the file
    #[arg(long, value_enum, default_value_t = RequestLogFormat::Requests)]
    pub log_format: RequestLogFormat,
}

/// Which of the permitted outcomes a served model gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswersArg {
    /// Always the preferred one.
    Preferred,
    /// Any, drawn from a seeded stream.
    Any,
}

/// `plumb ask`.
#[derive(Debug, Args)]
pub struct AskArgs {
    /// The API
    #[arg(long, value_name = "NAME")]
    pub api: String,
    /// The documented variant of the API
    #[arg(long, value_name = "NAME")]
    pub flavour: Option<String>,
    /// A case whose calls come before, each with its preferred outcome
    #[arg(long, value_name = "FILE")]
    pub after: Option<PathBuf>,
    /// Read a raw HTTP request from this file instead of a call; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "call")]
    pub http: Option<PathBuf>,
    /// The region to check signatures for
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// The call: Operation argument=value ..., or one JSON object
    #[arg(value_name = "CALL", required_unless_present = "http")]
    pub call: Vec<String>,
}

/// `plumb sweep`.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// Which endpoint
    #[command(flatten)]
    pub target: TargetArgs,
    /// Really remove; without it, only what would be removed is printed
    #[arg(long)]
    pub yes: bool,
    /// Only of runs that began at least this long ago
    #[arg(long, default_value = "1h", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub min_age: Duration,
    /// At most this many resources
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub max_count: usize,
}

/// `plumb accept`.
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// Files of findings
    #[arg(required_unless_present = "from")]
    pub findings: Vec<PathBuf>,
    /// All findings of this run: a folder that a run or a gate was given by --output; may be given more than once
    #[arg(long, value_name = "DIR")]
    pub from: Vec<PathBuf>,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub owner: String,
    /// Why it is accepted
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Until when: 2027-03-31
    #[arg(long, value_name = "DATE")]
    pub expires: jiff::civil::Date,
    /// The file it is added to
    #[arg(long, default_value = crate::deviation::DEVIATIONS_FILE, value_name = "FILE")]
    pub deviations: PathBuf,
}

pub(crate) fn parse_budget(text: &str) -> Result<Budget, String> {
    if let Ok(cases) = text.parse::<u64>() {
        return if cases == 0 {
            Err("a budget of no cases would say nothing".into())
        } else {
            Ok(Budget { cases: Some(cases), time: None })
        };
    }
    let time = humantime::parse_duration(text).map_err(|_| "neither a number of cases (500) nor a time (30s)")?;
    if time.is_zero() {
        return Err("a budget of no time would say nothing".into());
    }
    Ok(Budget { cases: None, time: Some(time) })
}

pub(crate) fn parse_strength(text: &str) -> Result<usize, String> {
    let strength = text.parse().map_err(|_| "not a number")?;
    let known = 1..=STRENGTH_MAX;
    if known.contains(&strength) { Ok(strength) } else { Err(format!("between 1 and {STRENGTH_MAX} choices can meet")) }
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse().map_err(|_| "not a number")?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("a share is between 0 and 1".into()) }
}
