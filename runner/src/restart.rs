//! Brings a target back that has died, by the command that its configuration names.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use plumb_validator::session::Context;
use tokio::sync::Mutex;

use crate::engine::is_alive;

/// How long a target may take until it answers again, where nothing else was asked for.
pub const RESTART_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the command is tried for one death.
pub const RESTART_TRIES: u32 = 3;
/// The most deaths of a run: a target that dies more often is given up.
pub const DEATHS_MAX: u64 = 200;
/// How often it is looked whether the command has ended and whether the target answers.
const TICK: Duration = Duration::from_millis(100);

/// How a target is restarted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// The command and its arguments. No shell reads them.
    pub command: Vec<String>,
    /// How long the target may take until it answers again.
    pub timeout: Duration,
}

/// Brings one target back, whichever worker finds it dead.
#[derive(Debug)]
pub struct Restarter {
    restart: Restart,
    deaths: AtomicU64,
    /// Whoever holds the lock is the one that restarts.
    hook: Mutex<Hook>,
}

/// What became of the command so far.
#[derive(Debug, Default)]
struct Hook {
    /// A command that did not end: the server itself.
    running: Option<Child>,
    /// Why nobody tries any more.
    given_up: Option<String>,
}

impl Restarter {
    /// A restarter that has done nothing yet.
    pub fn new(restart: Restart) -> Self {
        Self { restart, deaths: AtomicU64::new(0), hook: Mutex::default() }
    }

    /// How often the target was found dead. Counted before it is brought back, so that whoever sees the same number
    /// before a case and behind it knows that the target did not lose its memory in between.
    pub fn deaths(&self) -> u64 {
        self.deaths.load(Ordering::SeqCst)
    }

    /// Brings the target back where it is dead: who comes second finds it alive.
    pub async fn bring_back(&self, context: &Context<'_>, stop: &AtomicBool) -> Result<(), String> {
        let mut hook = self.hook.lock().await;
        if let Some(why) = &hook.given_up {
            return Err(why.clone());
        }
        let Err(why) = is_alive(context).await else { return Ok(()) };
        let deaths = self.deaths.fetch_add(1, Ordering::SeqCst) + 1;
        tracing::info!(deaths, why, "the target died and is restarted");
        let back = match deaths {
            ..=DEATHS_MAX => self.try_often(&mut hook, context, stop).await,
            _ => Err(format!("it died more than {DEATHS_MAX} times")),
        };
        hook.given_up = back.clone().err();
        back
    }

    async fn try_often(&self, hook: &mut Hook, context: &Context<'_>, stop: &AtomicBool) -> Result<(), String> {
        let mut why = String::new();
        for _ in 0..RESTART_TRIES {
            if stop.load(Ordering::Relaxed) {
                return Err("interrupted before it was restarted".into());
            }
            match self.try_once(hook, context, stop).await {
                Ok(()) => return Ok(()),
                Err(reason) => why = reason,
            }
        }
        Err(format!("the restart command did not bring it back in {RESTART_TRIES} tries: {why}"))
    }

    async fn try_once(&self, hook: &mut Hook, context: &Context<'_>, stop: &AtomicBool) -> Result<(), String> {
        if let Some(old) = hook.running.take() {
            end(old);
        }
        let mut child = self.start()?;
        let due = Instant::now() + self.restart.timeout;
        let mut why = "it does not answer".to_owned();
        while Instant::now() < due && !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(TICK).await;
            if let Some(status) = child.try_wait().ok().flatten().filter(|status| !status.success()) {
                return Err(ended_with(status));
            }
            match is_alive(context).await {
                Ok(()) => {
                    // A command that still runs is the server; it lives as long as it likes, even after this run.
                    hook.running = child.try_wait().is_ok_and(|status| status.is_none()).then_some(child);
                    return Ok(());
                }
                Err(reason) => why = reason,
            }
        }
        end(child);
        Err(why)
    }

    /// Starts the command in a group of its own: Ctrl-C shall end this run and not the server.
    fn start(&self) -> Result<Child, String> {
        let (program, arguments) = self.restart.command.split_first().ok_or("it has no word")?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))
    }
}

/// Ends a command that still runs.
fn end(mut child: Child) {
    _ = child.kill();
    _ = child.wait();
}

fn ended_with(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with exit code {code}"),
        None => "a signal ended it".to_owned(),
    }
}
