//! Processes that are watched while they run and end with the test at the latest.

use std::io::{self, Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{PATIENCE, TICK};

/// What a process came to.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Ran {
    /// Demands an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Demands that standard error holds each of `words`, however its lines are broken.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        let plain = self.stderr.replace(['│', '\n'], " ");
        let folded = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(folded.contains(word), "no {word:?} in {}", self.stderr);
        }
        self
    }

    /// Standard output, which must be one JSON value and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// A process with its output as it comes.
pub(crate) struct Running {
    child: Child,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts it and gives it its whole input.
    pub(crate) fn start(command: &mut Command, input: &[u8]) -> Self {
        Self::try_start(command, input).expect("the process starts")
    }

    /// The same for a program that may be missing.
    pub(crate) fn try_start(command: &mut Command, input: &[u8]) -> io::Result<Self> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let readers = vec![
            collect(child.stdout.take().expect("a pipe"), Arc::clone(&stdout)),
            collect(child.stderr.take().expect("a pipe"), Arc::clone(&stderr)),
        ];
        // Whoever does not want the input may have gone already.
        _ = child.stdin.take().expect("a pipe").write_all(input);
        Ok(Self { child, stdout, stderr, readers })
    }

    /// What it has printed on standard output so far.
    pub(crate) fn stdout(&self) -> String {
        text(&self.stdout)
    }

    /// What it has printed on standard error so far.
    pub(crate) fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// Its exit status, where it has ended.
    pub(crate) fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the process can be asked")
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        self.signal("-INT");
    }

    /// Asks it to end, as a pipeline does.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success(), "the signal is sent");
    }

    /// Ends it at once, as a lack of memory would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the process is killed");
        self.child.wait().expect("the process ends");
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(self) -> Ran {
        self.end_within(PATIENCE).expect("the process ends")
    }

    /// Waits for its end, so long; a process that takes longer is killed.
    pub(crate) fn end_within(mut self, patience: Duration) -> Option<Ran> {
        let (mut status, began) = (self.status(), Instant::now());
        while status.is_none() {
            if began.elapsed() > patience {
                return None;
            }
            std::thread::sleep(TICK);
            status = self.status();
        }
        for reader in self.readers.drain(..) {
            reader.join().expect("the output is read");
        }
        let code = status.and_then(|status| status.code());
        Some(Ran { code, stdout: self.stdout(), stderr: self.stderr() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn collect(mut from: impl Read + Send + 'static, to: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            to.lock().expect("a lock").extend_from_slice(&buffer[..length]);
        }
    })
}

fn text(bytes: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&bytes.lock().expect("a lock")).into_owned()
}
