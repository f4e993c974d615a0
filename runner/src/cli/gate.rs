//! The command line of `plumb gate`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

/// `plumb gate`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct GateArgs {
    /// Something else than deciding
    #[command(subcommand)]
    pub deed: Option<GateDeed>,
    /// What is decided
    #[command(flatten)]
    pub run: GateRunArgs,
}

/// What else can be done with gates.
#[derive(Debug, Subcommand)]
pub enum GateDeed {
    /// Go on although a gate does not pass: somebody answers for it, until some time
    Override(OverrideArgs),
    /// Answer pipelines that ask over HTTP, as Argo Rollouts and Flagger do
    Serve(GateServeArgs),
}

/// `plumb gate NAME`.
#[derive(Debug, Clone, Default, Args)]
pub struct GateRunArgs {
    /// The gate, [gates.NAME] in plumb.toml
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The configuration file [default: plumb.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Keep gate.json and all that was seen in this folder [default: plumb-runs/RUN]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: GateFormat,
    /// Write a report, as junit=gate.xml; may be given more than once: json, junit, markdown, gitlab, html
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = ReportTo::parse)]
    pub reports: Vec<ReportTo>,
    /// The version that every target must tell, whatever plumb.toml says
    #[arg(long, value_name = "VERSION")]
    pub expect_version: Option<String>,
    /// Connect to this address, IP:PORT, whatever the target's name resolves to; Host and the name in TLS stay
    #[arg(long, value_name = "ADDRESS", value_parser = crate::select::parse_address)]
    pub connect_to: Option<SocketAddr>,
    /// Only what is not in this run blocks: a folder that a run or a gate was given by --output
    #[arg(long, value_name = "DIR")]
    pub baseline_run: Option<PathBuf>,
    /// Judge what earlier runs have left in these folders, and send nothing; may be given more than once
    #[arg(long, value_name = "DIR")]
    pub evidence: Vec<PathBuf>,
    /// Stop where standard input ends: whoever started it is gone
    #[arg(long, hide = true)]
    pub while_stdin_is_open: bool,
    /// Let a target be held against itself, to see how the comparison does
    #[arg(long = "self")]
    pub against_itself: bool,
}

/// The format of standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum GateFormat {
    /// For people.
    #[default]
    Terminal,
    /// One object, schema plumb.gate/1.
    Json,
    /// Workflow commands of GitHub; the job summary goes to the file that GitHub names for it.
    Github,
}

/// A report and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTo {
    /// What it is.
    pub format: ReportFormat,
    /// The file.
    pub path: PathBuf,
}

/// What a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One object, schema plumb.gate/1.
    Json,
    /// `JUnit`'s XML, as pipelines read it.
    Junit,
    /// For pull requests.
    Markdown,
    /// `GitLab`'s Code Quality.
    Gitlab,
    /// One self-contained page.
    Html,
}

impl ReportTo {
    fn parse(text: &str) -> Result<Self, String> {
        let (format, path) = text.split_once('=').ok_or("a report is FORMAT=FILE: junit=gate.xml")?;
        let format = ReportFormat::from_str(format, true).map_err(|_| {
            format!("{format:?} is no format of a report: there are json, junit, markdown, gitlab and html")
        })?;
        if path.is_empty() {
            return Err("a report is FORMAT=FILE: junit=gate.xml".into());
        }
        Ok(Self { format, path: path.into() })
    }
}

/// `plumb gate override`.
#[derive(Debug, Args)]
pub struct OverrideArgs {
    /// The gate
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Who answers for it
    #[arg(long, value_name = "WHO")]
    pub who: String,
    /// Why it is right to go on
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Until when it counts: a time from now (4h), or 2026-11-22T12:00:00+01:00; a week at most
    #[arg(long, value_name = "TIME")]
    pub until: String,
    /// Only where the gate expects this version
    #[arg(long, value_name = "VERSION")]
    pub expect_version: Option<String>,
    /// The file that it is added to [default: what the gate names, or plumb.overrides.toml]
    #[arg(long, value_name = "FILE")]
    pub overrides: Option<PathBuf>,
    /// The configuration file [default: plumb.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `plumb gate serve`.
#[derive(Debug, Args)]
pub struct GateServeArgs {
    /// Where it listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8750")]
    pub listen: SocketAddr,
    /// The file with the token that every request must bear; without one, it listens on loopback only
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Where runs of gates are kept [default: the state folder of this user]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// The configuration file [default: plumb.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Reads an end: a time from `now`, or an instant.
///
/// # Errors
/// What is wrong with it.
pub fn parse_until(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(time) = humantime::parse_duration(text) {
        let time = jiff::SignedDuration::try_from(time).map_err(|error| error.to_string())?;
        return now.checked_add(time).map_err(|error| error.to_string());
    }
    text.parse().map_err(|_| format!("{text:?} is neither a time such as 4h nor an instant with a zone"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_time_from_now_or_an_instant_with_a_zone() {
        let now: Timestamp = "2026-11-22T02:00:00Z".parse().expect("an instant");
        let check = |text: &str, wanted: Option<&str>| {
            let found = parse_until(text, now).ok().map(|until| until.to_string());
            assert_eq!(found.as_deref(), wanted, "{text}");
        };
        check("4h", Some("2026-11-22T06:00:00Z"));
        check("2026-11-22T12:00:00+01:00", Some("2026-11-22T11:00:00Z"));
        check("2026-11-22T12:00:00", None);
        check("tomorrow", None);
    }

    #[test]
    fn a_report_names_its_format_and_its_file() {
        let junit = ReportTo { format: ReportFormat::Junit, path: "a=b.xml".into() };
        assert_eq!(ReportTo::parse("junit=a=b.xml"), Ok(junit));
        for wrong in ["junit", "junit=", "pdf=a", ""] {
            assert!(ReportTo::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
