//! The `plumb` binary as a library: a user's own `main` is one call to [`run()`] with the APIs it offers.
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     plumb_runner::run(&[plumb_runner::kv_plugin()])
//! }
//! ```

pub mod bounds;
pub mod budget;
pub mod canary;
pub mod capabilities;
pub mod cases;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod config;
pub mod coverage;
pub mod credentials;
pub mod deviation;
mod embedded;
pub mod engine;
pub mod error;
pub mod events;
pub mod features;
pub mod gate;
pub mod hang_up;
pub mod input;
pub mod investigate;
pub mod kill_switch;
pub mod learned;
pub mod life;
pub mod output;
pub mod precedence;
pub mod report;
pub mod restart;
pub mod resume;
pub mod run;
pub mod seeds;
pub mod select;
pub mod short_run;
pub mod support;
pub mod versions;
pub mod worker;

use std::process::ExitCode;

use clap::Parser as _;
use plumb_validator::plugin::{CredentialForms, Plugin};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::cli::{Cli, Command, LogFormat, LogTo};
use crate::error::{Error, Exit};

/// The plugin of the tutorial API.
pub fn kv_plugin() -> Plugin {
    Plugin {
        name: "kv",
        api: plumb_kv::api,
        actors_from_env: None,
        credentials: CredentialForms::NEUTRAL,
        region: None,
        demo_server: None,
        serve_actors: None,
        variables: None,
        steps: None,
        features: embedded::KV,
        log_formats: &[],
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
    let filter = log_filter(&cli.log_level)?;
    let Some(format) = messages_format(cli)? else { return Ok(()) };
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

/// The format in which our own messages are logged. Only a server takes a file as well.
fn messages_format(cli: &Cli) -> Result<Option<LogFormat>, Error> {
    let is_log = |word: &std::ffi::OsString| word == "--log" || word.to_string_lossy().starts_with("--log=");
    if std::env::args_os().take_while(|word| word != "--").filter(is_log).count() > cli.log.len() {
        // Of two places clap keeps what stands in the second.
        return Err(Error::usage("--log stands before the command and behind it", "give both behind the command"));
    }
    let mut formats = Vec::new();
    let mut files = Vec::new();
    for log in &cli.log {
        match log {
            LogTo::Messages(format) => formats.push(*format),
            LogTo::Requests(file) => files.push(file),
        }
    }
    match (&formats[..], &files[..], &cli.command) {
        (_, [file, ..], command) if !matches!(command, Command::Serve(_)) => {
            let message = format!("--log {:?} is no format", file.display().to_string());
            Err(Error::usage(message, "use text or json; only plumb serve takes a file there"))
        }
        ([_, _, ..], ..) | (_, [_, _, ..], _) => {
            Err(Error::usage("--log names two formats or two files", "name one format, and for plumb serve one file"))
        }
        _ => Ok(formats.first().copied()),
    }
}

/// Reads `--log-level`. A word that is no level would be taken for the name of a module, and log nothing of ours.
fn log_filter(text: &str) -> Result<EnvFilter, Error> {
    let level = |directive: &str| {
        let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
        !level.trim().is_empty() && level.trim().parse::<LevelFilter>().is_ok()
    };
    let refused = |why: String| Error::usage(why, "use error, warn, info, debug or trace, or plumb_validator=debug");
    match text.split(',').find(|directive| !level(directive)) {
        Some(wrong) => Err(refused(format!("--log-level {wrong:?} names no level"))),
        None => EnvFilter::try_new(text).map_err(|error| refused(format!("--log-level {text:?} is wrong: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::log_filter;

    #[test]
    fn a_log_level_names_a_level() {
        for text in ["error", "TRACE", "plumb_validator=debug", "info,plumb_runner=trace", "off"] {
            assert!(log_filter(text).is_ok(), "{text}");
        }
        for text in ["nonsense", "", "plumb_validator", "plumb_validator=loud", "info,", "info,nonsense"] {
            assert!(log_filter(text).is_err(), "{text}");
        }
    }
}
