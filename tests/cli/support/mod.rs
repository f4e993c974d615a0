//! What the tests share: a folder of their own, the binary inside it, servers that end with the test.

mod listener;
pub(crate) mod odd;
mod process;
pub(crate) mod served;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use listener::{Listener, answer_with, listen, read_request};
pub(crate) use process::{Ran, Running};
pub(crate) use served::{Served, bucket_exists, make_bucket_of_the_second, send};

/// How long anything may take before the test gives up: a whole demo, unoptimised, on a machine with other work.
pub(crate) const PATIENCE: Duration = Duration::from_mins(10);
/// How often a condition is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// What must not come in from whoever runs the tests.
const FOREIGN_VARIABLES: [&str; 26] = [
    "ALL_PROXY",
    "AWS_ACCESS_KEY_ID",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "HTTP_PROXY",
    "PLUMB_OTHER_ACCESS_KEY_ID",
    "PLUMB_OTHER_PROFILE",
    "PLUMB_OTHER_SECRET_ACCESS_KEY",
    "PLUMB_OTHER_SESSION_TOKEN",
    "PYTHONPATH",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "XDG_CONFIG_HOME",
    "all_proxy",
    "http_proxy",
];

/// A folder of its own for one test: the current folder, the home and the state of every process in it.
pub(crate) struct Home {
    folder: TempDir,
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Home {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("work")).expect("a current folder");
        Self { folder, variables: Vec::new() }
    }

    /// Sets an environment variable for every process from now on.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.variables.push((name, value.to_owned()));
    }

    /// A file in the current folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("work").join(name)
    }

    /// Writes a file into the current folder.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).expect("a file is written");
    }

    /// The text of a file in the current folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The folder with the journals.
    pub(crate) fn journals(&self) -> PathBuf {
        self.folder.path().join("state/plumb/journal")
    }

    /// Every file there is, and every folder in the current one.
    pub(crate) fn everything(&self) -> BTreeSet<PathBuf> {
        let mut all = BTreeSet::new();
        list(self.folder.path(), &mut all);
        all.retain(|path| path.is_file() || path.starts_with(self.path("")));
        all
    }

    /// `plumb` with these arguments, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_plumb"));
        command.args(arguments);
        command
    }

    /// A program in this home, not yet started.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path(""));
        for name in FOREIGN_VARIABLES {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path()).env("XDG_STATE_HOME", self.folder.path().join("state"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts `plumb`.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(&mut self.command(arguments), b"")
    }

    /// Runs `plumb` to its end.
    pub(crate) fn plumb(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).end()
    }

    /// Runs `plumb` to its end with this standard input.
    pub(crate) fn plumb_fed(&self, arguments: &[&str], input: &[u8]) -> Ran {
        Running::start(&mut self.command(arguments), input).end()
    }
}

/// Every file and folder below `folder`.
pub(crate) fn list(folder: &Path, all: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        list(&path, all);
        all.insert(path);
    }
}

/// Waits until `done`, for a bounded time.
#[track_caller]
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "never came: {what}");
        std::thread::sleep(TICK);
    }
}

/// The lines of an `events.ndjson` of one kind.
pub(crate) fn events(text: &str, kind: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    lines.filter(|event| event["event"] == kind).collect()
}

/// Takes a command line apart as a shell does.
pub(crate) fn shell_words(line: &str) -> Vec<String> {
    let mut shell = Command::new("sh");
    let ran = Running::start(shell.args(["-c", &format!("printf '%s\\n' {line}")]), b"").end().exits(0);
    ran.stdout.lines().map(str::to_owned).collect()
}
