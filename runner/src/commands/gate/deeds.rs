//! What else can be done with gates: override one, and answer pipelines that ask.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use plumb_gate::overrides::{self, Entry, OVERRIDES_FILE};
use plumb_gate::serve::{self, ChildGates, Limits, ServeError, Settings, Token, gate_line};
use plumb_validator::plugin::Plugin;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{GateRunArgs, GateServeArgs, OverrideArgs, parse_until};
use crate::commands::gate::told::overrides_error;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::gate::plan::Plan;
use crate::input::read_text;
use crate::output::print;
use crate::run::{model_digest, state_folder, stop_on_ctrl_c};
use crate::select;

/// Holds the token that callers of the server must bear, where no file is named.
const TOKEN_VARIABLE: &str = "PLUMB_GATE_TOKEN";
/// The shortest token, in bytes: less can be guessed.
const TOKEN_BYTES_MIN: usize = 16;
/// The longest token, in bytes.
const TOKEN_BYTES_MAX: u64 = 4_096;

/// Adds an override.
pub(super) fn override_gate(arguments: &OverrideArgs) -> Result<Exit, Error> {
    let config = Config::load(arguments.config.as_deref())?;
    let (_, gate) = config.gate(&arguments.name)?;
    let now = super::now();
    let until = parse_until(&arguments.until, now)
        .map_err(|reason| Error::usage(reason, "an end looks like 4h or 2026-11-22T12:00:00+01:00"))?;
    let entry = Entry {
        gate: arguments.name.clone(),
        who: arguments.who.clone(),
        why: arguments.why.clone(),
        made: now,
        until,
        version: arguments.expect_version.clone(),
    };
    let path = arguments.overrides.clone().or_else(|| gate.overrides.clone()).unwrap_or_else(|| OVERRIDES_FILE.into());
    overrides::add(&path, &entry).map_err(|error| overrides_error(&error))?;
    print(&format!(
        "{} is overridden until {until}: where it does not pass, plumb gate says overridden and exits 0. It stands in {}\n",
        entry.gate,
        path.display()
    ))?;
    Ok(Exit::Conforms)
}

/// Answers pipelines that ask, until somebody stops it.
pub(super) fn serve(plugins: &[Plugin], arguments: &GateServeArgs) -> Result<Exit, Error> {
    let config = Config::load(arguments.config.as_deref())?;
    let names: Vec<String> = config.gate_names().into_iter().map(str::to_owned).collect();
    if names.is_empty() {
        return Err(Error::usage("there is no gate to serve", "write [gates.NAME] in plumb.toml"));
    }
    let model = models(plugins, &config, &names, arguments)?;
    let program = std::env::current_exe().map_err(|error| Error::Internal(format!("find this program: {error}")))?;
    let mut more: Vec<OsString> = vec!["--while-stdin-is-open".into()];
    if let Some(path) = &arguments.config {
        more.extend(["--config".into(), path.clone().into()]);
    }
    let gates = ChildGates::new(names, gate_line(program, more)).without(TOKEN_VARIABLE);
    let settings = Settings {
        folder: arguments.state.clone().unwrap_or_else(|| state_folder().join("gates")),
        token: token(arguments.token_file.as_deref())?,
        limits: Limits::default(),
        version: env!("CARGO_PKG_VERSION").into(),
        model,
        clock: Arc::new(Timestamp::now),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::Internal(format!("start a runtime: {error}")))?;
    runtime.block_on(serve_at(arguments, settings, Arc::new(gates)))?;
    Ok(Exit::Conforms)
}

async fn serve_at(arguments: &GateServeArgs, settings: Settings, gates: Arc<ChildGates>) -> Result<(), Error> {
    let refused = |error| {
        Error::usage(format!("failed to listen at {}: {error}", arguments.listen), "name another with --listen")
    };
    let listener = TcpListener::bind(arguments.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    if settings.token.is_none() && !address.ip().is_loopback() {
        // Said before the line that whoever waits for the server looks for.
        return Err(told(&ServeError::Open(address)));
    }
    let kinds = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    let [Ok(mut interrupts), Ok(mut terminations)] = kinds else {
        return Err(Error::Internal("watch for signals".into()));
    };
    eprintln!("gates are answered for at http://{address}, and kept in {}", settings.folder.display());
    let shutdown = async move {
        tokio::select! {
            _ = interrupts.recv() => {}
            _ = terminations.recv() => {}
        }
        eprintln!("stopping; what is under way goes on at the next start");
    };
    serve::serve(listener, settings, gates, shutdown).await.map_err(|error| told(&error))
}

/// Reads every gate, so that a mistake is told now and not to a pipeline at night. Tells the digests of their models.
fn models(plugins: &[Plugin], config: &Config, names: &[String], arguments: &GateServeArgs) -> Result<String, Error> {
    let mut models: Vec<String> = Vec::new();
    for name in names {
        let run = GateRunArgs { config: arguments.config.clone(), ..GateRunArgs::default() };
        let plan = Plan::read(config, name, &run, plugins)?;
        let api = (select::plugin(plugins, plan.api)?.api)();
        let model = format!("{} {}", plan.api, model_digest(&api));
        if !models.contains(&model) {
            models.push(model);
        }
    }
    Ok(models.join(", "))
}

/// The token that callers must bear. The file is read again for each of them, so that it can be changed.
fn token(file: Option<&Path>) -> Result<Option<Token>, Error> {
    let Some(path) = file else {
        let value = std::env::var(TOKEN_VARIABLE).ok().map(|text| text.trim().to_owned());
        return match value.filter(|text| !text.is_empty()) {
            Some(text) if text.len() < TOKEN_BYTES_MIN => Err(Error::usage(
                format!("{TOKEN_VARIABLE} holds fewer than {TOKEN_BYTES_MIN} characters"),
                "openssl rand -hex 32 makes a good one",
            )),
            value => Ok(value.map(Token::fixed)),
        };
    };
    let help = "name the file with the token with --token-file";
    let text = read_text(path, TOKEN_BYTES_MAX).map_err(|error| Error::file("read", path, error, help))?;
    if text.trim().len() < TOKEN_BYTES_MIN {
        let message = format!("{} holds no token of at least {TOKEN_BYTES_MIN} characters", path.display());
        return Err(Error::usage(message, "openssl rand -hex 32 makes a good one"));
    }
    let path: PathBuf = path.to_owned();
    Ok(Some(Token::read_by(move || {
        let text =
            read_text(&path, TOKEN_BYTES_MAX).map_err(|error| format!("failed to read {}: {error}", path.display()))?;
        Ok(text.trim().to_owned())
    })))
}

fn told(error: &ServeError) -> Error {
    let help = match error {
        ServeError::Open(_) => "add --token-file FILE, or set PLUMB_GATE_TOKEN; or listen at 127.0.0.1",
        ServeError::Taken(_) => "stop that one, or name another folder with --state",
        ServeError::Folder { .. } => "name another folder with --state",
        ServeError::Limit(_) | ServeError::Socket(_) => "try it again",
    };
    Error::usage(format!("failed to {error}"), help)
}

/// Stops the run once whoever started it is gone: then nobody wants to know what comes of it.
pub(super) fn stop_without_stdin() {
    let stop = stop_on_ctrl_c();
    std::thread::spawn(move || {
        // Whatever comes in is nobody's; only the end counts.
        let mut buffer = [0; 64];
        while std::io::stdin().lock().read(&mut buffer).is_ok_and(|read| read > 0) {}
        stop.store(true, Ordering::Relaxed);
    });
}
