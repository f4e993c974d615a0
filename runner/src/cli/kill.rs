//! The command line of `plumb kill`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plumb_validator::brake::BrakeState;

/// `plumb kill`.
#[derive(Debug, Args)]
pub struct KillArgs {
    /// What it shall say from now on; without it, what each source says is printed
    #[arg(value_enum, value_name = "STATE")]
    pub state: Option<KillTo>,
    /// Why, for whoever is kept back
    #[arg(long, value_name = "TEXT", requires = "state", required_if_eq_any = [("state", "read-only"), ("state", "drain"), ("state", "halt")])]
    pub reason: Option<String>,
    /// Who sets it [default: the name of this user]
    #[arg(long, value_name = "NAME", requires = "state")]
    pub by: Option<String>,
    /// The configuration file [default: plumb.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What the kill switch shall say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KillTo {
    /// Cases may only read; what runs made is still removed.
    ReadOnly,
    /// What is under way may end, and nothing begins.
    Drain,
    /// Nothing is sent at all.
    Halt,
    /// Everything goes on.
    Release,
}

impl KillTo {
    /// The state of the switch.
    pub const fn state(self) -> BrakeState {
        match self {
            Self::ReadOnly => BrakeState::ReadOnly,
            Self::Drain => BrakeState::Drain,
            Self::Halt => BrakeState::Halt,
            Self::Release => BrakeState::Runs,
        }
    }
}
