//! Gate runs as processes of their own, so that none can take the server with it.
//!
//! A process keeps its standard input open for as long as its run is wanted: where that ends, because the time is over or
//! the server is gone, however it went, it may clean up, and is killed a little later.

use std::ffi::OsString;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::record::short;
use super::{Gates, Order, Running};
use crate::decision::Decision;
use crate::verdict::Verdict;

/// The most bytes that a process may write to its standard output.
const OUTPUT_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// The last bytes of standard error that are told where there is no decision.
const ERRORS_BYTES_MAX: usize = 2048;
/// The most processes at once, those that still clean up included.
const PROCESSES_MAX: u32 = 64;
/// How long a process may take to clean up, unless it is said otherwise.
const GRACE: Duration = Duration::from_secs(15);

/// The command line of a run: the program, then its arguments.
type Line = dyn Fn(&Order) -> Vec<OsString> + Send + Sync;

/// Starts a process for each run, and takes the decision from its standard output.
#[derive(Clone)]
pub struct ChildGates {
    names: Vec<String>,
    line: Arc<Line>,
    grace: Duration,
    hidden: Vec<OsString>,
    room: Arc<Semaphore>,
}

/// The command line of `plumb gate`: `program gate NAME --format json --output DIR --expect-version=V`, with `more` behind
/// it, such as `--config FILE`.
pub fn gate_line(program: PathBuf, more: Vec<OsString>) -> impl Fn(&Order) -> Vec<OsString> + Send + Sync + 'static {
    move |order| {
        let mut line: Vec<OsString> = vec![program.clone().into(), "gate".into(), order.gate.clone().into()];
        line.extend(["--format", "json", "--output"].map(OsString::from));
        line.push(order.folder.clone().into());
        // In one word, so that no version is taken for an option.
        line.extend(order.expect_version.iter().map(|version| format!("--expect-version={version}").into()));
        line.extend(more.iter().cloned());
        line
    }
}

impl ChildGates {
    /// Runs the gates of these names by the command line that `line` makes of an order.
    pub fn new(names: Vec<String>, line: impl Fn(&Order) -> Vec<OsString> + Send + Sync + 'static) -> Self {
        let room = Arc::new(Semaphore::new(PROCESSES_MAX as usize));
        Self { names, line: Arc::new(line), grace: GRACE, hidden: Vec::new(), room }
    }

    /// The same with another time to clean up.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The same without an environment variable in its processes: the token of the server is none of theirs.
    #[must_use]
    pub fn without(mut self, variable: impl Into<OsString>) -> Self {
        self.hidden.push(variable.into());
        self
    }

    async fn carry_out(self, order: Order) -> Result<Decision, String> {
        let permit = Arc::clone(&self.room).acquire_owned().await.map_err(|error| error.to_string())?;
        let mut process = Process::start(self.command(&order)?, self.grace, permit)?;
        let (status, written, errors) = process.end().await?;
        decided(status, &written).map_err(|why| told(&why, &errors))
    }

    fn command(&self, order: &Order) -> Result<Command, String> {
        let mut words = (self.line)(order).into_iter();
        let mut command = Command::new(words.next().ok_or("there is no program to start")?);
        command.args(words);
        for variable in &self.hidden {
            command.env_remove(variable);
        }
        Ok(command)
    }
}

impl Gates for ChildGates {
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn run(&self, order: Order) -> Running {
        Box::pin(self.clone().carry_out(order))
    }

    fn settled(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let room = Arc::clone(&self.room);
        // All of the room is free once no process is left.
        Box::pin(async move { drop(room.acquire_many_owned(PROCESSES_MAX).await) })
    }
}

/// A process that is under way. Where it is dropped, it is told so, and killed a little later.
struct Process {
    /// Taken when it is dropped.
    child: Option<(Child, OwnedSemaphorePermit)>,
    stdin: Option<ChildStdin>,
    grace: Duration,
}

impl Process {
    fn start(mut command: Command, grace: Duration, permit: OwnedSemaphorePermit) -> Result<Self, String> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // An interrupt at the terminal is for the server, which ends its runs itself.
            .process_group(0)
            .kill_on_drop(true);
        let program = command.as_std().get_program().to_owned();
        let failed = |error| format!("failed to start {}: {error}", program.display());
        let mut child = command.spawn().map_err(failed)?;
        let stdin = child.stdin.take();
        Ok(Self { child: Some((child, permit)), stdin, grace })
    }

    /// Waits for its end, and takes what it wrote.
    async fn end(&mut self) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), String> {
        let Some((child, _)) = &mut self.child else { return Err("the process is gone".to_owned()) };
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err("nothing is heard of the process".to_owned());
        };
        let (written, errors) = tokio::try_join!(whole(stdout), last(stderr)).map_err(|error| error.to_string())?;
        if written.len() as u64 > OUTPUT_BYTES_MAX {
            return Err(format!("the process wrote more than {OUTPUT_BYTES_MAX} bytes"));
        }
        let status = child.wait().await.map_err(|error| format!("failed to wait for the process: {error}"))?;
        Ok((status, written, errors))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let (Some((mut child, permit)), grace) = (self.child.take(), self.grace) else { return };
        // What it still writes is lost, and holds it up in nothing: the pipes are closed with their readers.
        if matches!(child.try_wait(), Ok(None))
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                if timeout(grace, child.wait()).await.is_err() {
                    let _ = child.kill().await;
                }
                drop(permit);
            });
        }
    }
}

/// Everything that is written, and one byte beyond the bound where it is more.
async fn whole(from: impl AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(OUTPUT_BYTES_MAX + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// The last of what is written.
async fn last(mut from: impl AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let (mut kept, mut part) = (Vec::new(), [0; ERRORS_BYTES_MAX]);
    loop {
        match from.read(&mut part).await? {
            0 => return Ok(kept),
            read => kept.extend_from_slice(&part[..read]),
        }
        let surplus = kept.len().saturating_sub(ERRORS_BYTES_MAX);
        kept.drain(..surplus);
    }
}

/// The decision that a process tells twice: by what it wrote, and by how it ended. Where the two are not the same, there
/// is none.
fn decided(status: ExitStatus, written: &[u8]) -> Result<Decision, String> {
    let code = status.code().ok_or_else(|| format!("the run was killed ({status})"))?;
    if !(0..=2).contains(&code) {
        return Err(format!("the run ended with exit code {code}, which is no decision"));
    }
    let decision: Decision = serde_json::from_slice(written)
        .map_err(|error| format!("the run ended with exit code {code}, and wrote no decision: {error}"))?;
    let wanted = match decision.verdict {
        Verdict::Pass | Verdict::Overridden => 0,
        Verdict::Fail => 1,
        Verdict::Inconclusive => 2,
    };
    if code == wanted {
        return Ok(decision);
    }
    Err(format!("the run wrote {}, and ended with exit code {code}", decision.verdict))
}

fn told(why: &str, errors: &[u8]) -> String {
    match short(String::from_utf8_lossy(errors).trim()) {
        last if last.is_empty() => why.to_owned(),
        last => format!("{why}; its last words: {last}"),
    }
}
