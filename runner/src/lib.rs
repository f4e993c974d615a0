//! The `plumb` binary as a library: a user's own `main` is one call to [`run()`] with the APIs it offers.
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     plumb_runner::run(&[plumb_runner::kv_plugin()])
//! }
//! ```

pub mod cli;
pub mod commands;
pub mod config;
pub mod deviation;
pub mod engine;
pub mod error;
pub mod events;
pub mod input;
pub mod investigate;
pub mod output;
pub mod report;
pub mod run;
pub mod select;

use std::process::ExitCode;

use clap::Parser as _;
use plumb_validator::plugin::Plugin;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, LogFormat};
use crate::error::{Error, Exit};

/// The plugin of the tutorial API.
pub fn kv_plugin() -> Plugin {
    Plugin {
        name: "kv",
        api: plumb_kv::api,
        actors_from_env: None,
        region: None,
        demo_server: None,
        serve_actors: None,
        variables: None,
    }
}

/// Runs the command line with these APIs; the first that has a demo server is the demo's default.
pub fn run(plugins: &[Plugin]) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Conforms };
            return ExitCode::from(exit as u8);
        }
    };
    let exit = match start_log(&cli).and_then(|()| commands::dispatch(plugins, cli.command)) {
        Ok(exit) => exit,
        Err(error) => {
            let exit = error.exit();
            select::print_error(error);
            exit
        }
    };
    ExitCode::from(exit as u8)
}

fn start_log(cli: &Cli) -> Result<(), Error> {
    let Some(format) = cli.log else { return Ok(()) };
    let filter = EnvFilter::try_new(&cli.log_level).map_err(|error| {
        Error::usage(
            format!("the log filter {:?} is wrong: {error}", cli.log_level),
            "use error, warn, info, debug or trace",
        )
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(report::terminal::log_colours_wanted());
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
