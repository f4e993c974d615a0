//! The command lines of `plumb canary` and `plumb ledger`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `plumb canary`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
pub struct CanaryArgs {
    /// The configuration file [default: plumb.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only this canary; may be given more than once
    #[arg(long = "canary", value_name = "NAME")]
    pub canaries: Vec<String>,
    /// Only this target; may be given more than once
    #[arg(long = "target", value_name = "NAME")]
    pub targets: Vec<String>,
    /// Read and check everything, tell what would run, and start nothing
    #[arg(long, conflicts_with_all = ["once", "self_test"])]
    pub check: bool,
    /// Run each once, now, and end: for cron and pipelines
    #[arg(long, conflicts_with = "self_test")]
    pub once: bool,
    /// Plant a fault between this machine and each target, and prove that the alarms fire and clear
    #[arg(long)]
    pub self_test: bool,
    /// In a self-test, tell the configured receivers and not a test receiver
    #[arg(long, requires = "self_test")]
    pub deliver: bool,
    /// What is printed on standard output by --check, --once and --self-test
    #[arg(long, value_enum, default_value_t = CanaryFormat::Terminal)]
    pub format: CanaryFormat,
}

/// The format of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CanaryFormat {
    /// For people.
    Terminal,
    /// One object, schema plumb.canary/1.
    Json,
}

/// `plumb ledger`.
#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// The configuration file that names the state [default: plumb.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The first moment: 2026-11-21, or 2026-11-21T18:00:00Z [default: a day ago]
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// The first moment after it [default: now]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}
