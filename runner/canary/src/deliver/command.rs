//! A receiver that is a command: no shell, nothing of the alert in its words.

use std::process::Stdio;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::alert::{Alert, safe};

use super::{Road, TryError};

/// The most bytes of what a command writes that are looked at.
const OUTPUT_MAX: u64 = 4 * 1024;
/// The most characters of a value in its environment.
const VALUE_MAX: usize = 200;
/// How long the rest of what it wrote is waited for once it has ended.
const REST_MAX: Duration = Duration::from_millis(200);
/// What it inherits.
const INHERITED: [&str; 2] = ["PATH", "HOME"];

/// A command and its arguments.
pub(super) struct Words {
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
}

impl Words {
    fn command(&self, alert: &Alert) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().kill_on_drop(true);
        command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        for (name, value) in [
            ("PLUMB_ALERT_ID", alert.id.as_str()),
            ("PLUMB_ALERT_STATE", alert.state.word()),
            ("PLUMB_ALERT_SEVERITY", &alert.severity),
            ("PLUMB_ALERT_TARGET", &alert.target),
        ] {
            command.env(name, safe(value, VALUE_MAX));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    async fn run(&self, alert: &Alert) -> Result<(), TryError> {
        let down = |error: std::io::Error| TryError::Down(error.to_string());
        let bytes = serde_json::to_vec(alert).map_err(|error| TryError::Refused(error.to_string()))?;
        let mut child = self.command(alert).spawn().map_err(down)?;
        let (input, errors) = (child.stdin.take(), child.stderr.take());
        let write = async {
            if let Some(mut input) = input {
                // A command that does not read all of it may still do its work: what it ends with tells.
                let _ = input.write_all(&bytes).await;
            }
        };
        let mut said = Vec::new();
        let status = {
            let talk = async { tokio::join!(write, head(errors, &mut said)) };
            tokio::pin!(talk);
            tokio::select! {
                status = child.wait() => {
                    // What it leaves behind may hold its output open for ever.
                    let _ = tokio::time::timeout(REST_MAX, talk).await;
                    status
                }
                _ = &mut talk => child.wait().await,
            }
        }
        .map_err(down)?;
        if status.success() {
            return Ok(());
        }
        let said = safe(&String::from_utf8_lossy(&said), VALUE_MAX);
        Err(TryError::Later(format!("it ended with {status}: {said}")))
    }
}

/// Reads the beginning of what is written and throws the rest away, so that the writer is never held up.
async fn head(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) {
    if let Some(mut from) = from {
        let _ = (&mut from).take(OUTPUT_MAX).read_to_end(into).await;
        let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    }
}

impl Road for Words {
    fn tell<'a>(&'a self, alert: &'a Alert) -> BoxFuture<'a, Result<(), TryError>> {
        Box::pin(self.run(alert))
    }
}
