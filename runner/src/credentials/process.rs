//! A process that prints credentials: run within bounds, read strictly, and never repeated.

use std::fmt;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use plumb_model::text::shown;
use plumb_model::wire::Actor;
use plumb_validator::plugin::{Keys, ProcessFields};
use plumb_validator::verdict::without_secrets;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

/// How long it may take.
pub const PROCESS_TIMEOUT: Duration = Duration::from_secs(20);
/// How much it may print, in bytes.
pub const OUTPUT_BYTES_MAX: u64 = 64 << 10;
/// How much is kept of what it says on standard error, in bytes.
const ERROR_BYTES_MAX: u64 = 4 << 10;
/// How much of that is shown, in characters.
const ERROR_CHARACTERS_MAX: usize = 400;
/// How long is waited for what it says on standard error once it has ended.
const ERROR_WAIT_MAX: Duration = Duration::from_millis(500);
/// How often it is looked whether it has ended.
const TICK: Duration = Duration::from_millis(2);

/// What a process handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Handed {
    pub(super) keys: Keys,
    /// When they expire, in milliseconds since 1970.
    pub(super) expires_ms: Option<i64>,
}

/// Why a process handed nothing over.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Failed {
    /// What is wrong, safe to show.
    pub(super) reason: String,
    /// What it said on standard error, as it is.
    said: Vec<u8>,
}

impl Failed {
    /// The reason with the start of what it said, made safe, and without the secrets of `known`.
    pub(super) fn told(&self, known: &[Actor]) -> String {
        let said = without_secrets(&String::from_utf8_lossy(&self.said), known);
        match said.trim() {
            "" => self.reason.clone(),
            said => format!("{}, and said: {}", self.reason, shown(said.as_bytes(), ERROR_CHARACTERS_MAX)),
        }
    }
}

impl fmt::Debug for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Failed").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl From<String> for Failed {
    fn from(reason: String) -> Self {
        Self { reason, said: Vec::new() }
    }
}

/// Runs the command and reads what it prints.
pub(super) fn hand_over(words: &[String], fields: &ProcessFields, timeout: Duration) -> Result<Handed, Failed> {
    Ok(read(&run(words, timeout)?, fields)?)
}

/// What the command prints on standard output. It runs in a group of its own, so that nothing of it is left behind
/// where it fails.
fn run(words: &[String], timeout: Duration) -> Result<Vec<u8>, Failed> {
    let due = Instant::now() + timeout;
    let (program, arguments) = words.split_first().ok_or_else(|| "it has no word".to_owned())?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
    let output = child.stdout.take().map(|from| collect(from, OUTPUT_BYTES_MAX + 1, false));
    let errors = child.stderr.take().map(|from| collect(from, ERROR_BYTES_MAX, true));
    match watch(&mut child, output.as_ref(), due, timeout) {
        Ok(output) => Ok(output),
        Err(reason) => {
            end(&mut child);
            let said = errors.and_then(|errors| errors.recv_timeout(ERROR_WAIT_MAX).ok()).unwrap_or_default();
            Err(Failed { reason, said })
        }
    }
}

/// Its output, once it has ended well.
fn watch(
    child: &mut Child,
    output: Option<&Receiver<Vec<u8>>>,
    due: Instant,
    timeout: Duration,
) -> Result<Vec<u8>, String> {
    let late = || format!("it did not end within {}", humantime::format_duration(timeout));
    let rest = due.saturating_duration_since(Instant::now());
    let output = output.and_then(|output| output.recv_timeout(rest).ok()).ok_or_else(late)?;
    if output.len() as u64 > OUTPUT_BYTES_MAX {
        return Err(format!("it printed more than {OUTPUT_BYTES_MAX} bytes"));
    }
    loop {
        match child.try_wait() {
            Err(error) => return Err(format!("it cannot be waited for: {error}")),
            Ok(Some(status)) if status.success() => return Ok(output),
            Ok(Some(status)) => return Err(ended_with(status)),
            Ok(None) if Instant::now() >= due => return Err(late()),
            Ok(None) => std::thread::sleep(TICK),
        }
    }
}

/// Reads so many bytes on a thread of its own; `drains` reads on without keeping more, so that nobody blocks.
fn collect(mut from: impl Read + Send + 'static, bytes_max: u64, drains: bool) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What cannot be read is an early end, and what was printed then is no whole object.
        _ = from.by_ref().take(bytes_max).read_to_end(&mut bytes);
        if drains {
            _ = std::io::copy(&mut from, &mut std::io::sink());
        }
        _ = sender.send(bytes);
    });
    receiver
}

/// Ends it with all that it has started in its group.
fn end(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        _ = kill_process_group(group, Signal::KILL);
    }
    _ = child.wait();
}

fn ended_with(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with exit code {code}"),
        None => "a signal ended it".to_owned(),
    }
}

/// Reads the object. No error repeats anything of it but the names of its fields.
fn read(output: &[u8], fields: &ProcessFields) -> Result<Handed, String> {
    let value: Value = serde_json::from_slice(output).map_err(|error| {
        // The words of the library would hold values.
        format!("what it printed is no JSON (line {}, column {})", error.line(), error.column())
    })?;
    let object = value.as_object().ok_or("what it printed is no JSON object")?;
    if let Some((name, version)) = fields.version
        && object.get(name).and_then(Value::as_u64) != Some(version)
    {
        return Err(format!("{name} in what it printed is not {version}"));
    }
    let text = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name} in what it printed is no text")),
    };
    let needed = |name: &str| text(name)?.ok_or_else(|| format!("what it printed has no {name}"));
    let keys = Keys {
        id: needed(fields.id)?,
        secret: needed(fields.secret)?,
        session_token: text(fields.session_token)?.filter(|token| !token.is_empty()),
    };
    let expires = text(fields.expires)?.map(|time| time.parse::<jiff::Timestamp>());
    let expires = expires.transpose().map_err(|_| {
        format!("{} in what it printed is no time with an offset, like 2030-01-31T12:00:00Z", fields.expires)
    })?;
    Ok(Handed { keys, expires_ms: expires.map(jiff::Timestamp::as_millisecond) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEUTRAL: ProcessFields = ProcessFields::NEUTRAL;
    const VERSIONED: ProcessFields = ProcessFields { version: Some(("v", 1)), ..NEUTRAL };

    /// Why the output is refused.
    #[track_caller]
    fn refused(output: &str, fields: &ProcessFields, reason: &str) {
        assert_eq!(read(output.as_bytes(), fields), Err(reason.to_owned()), "{output:?}");
    }

    /// Why a shell's script hands nothing over.
    fn failed(script: &str, timeout: Duration) -> String {
        let words = ["sh", "-c", script].map(str::to_owned);
        hand_over(&words, &NEUTRAL, timeout).expect_err("it hands nothing over").told(&[])
    }

    #[test]
    fn an_object_is_read_by_the_names_of_its_fields() {
        let text = r#"{"v": 1, "id": "I", "secret": "S", "session_token": "T", "expires": "1970-01-01T00:01:00.5Z"}"#;
        let keys = Keys { id: "I".into(), secret: "S".into(), session_token: Some("T".into()) };
        assert_eq!(read(text.as_bytes(), &VERSIONED), Ok(Handed { keys, expires_ms: Some(60_500) }));
        let text = r#"{"id": "I", "secret": "S", "session_token": "", "expires": null, "more": [1]}"#;
        let keys = Keys { id: "I".into(), secret: "S".into(), session_token: None };
        assert_eq!(read(text.as_bytes(), &NEUTRAL), Ok(Handed { keys, expires_ms: None }));
        let text = r#"{"id": "I", "secret": "S", "expires": "1970-01-01T02:00:01+02:00"}"#;
        assert_eq!(read(text.as_bytes(), &NEUTRAL).map(|handed| handed.expires_ms), Ok(Some(1_000)));
    }

    #[test]
    fn what_is_no_such_object_is_refused_and_not_repeated() {
        refused("", &NEUTRAL, "what it printed is no JSON (line 1, column 0)");
        refused("{\"secret\": hunter2}", &NEUTRAL, "what it printed is no JSON (line 1, column 12)");
        refused("[\"hunter2\"]", &NEUTRAL, "what it printed is no JSON object");
        refused("{}", &VERSIONED, "v in what it printed is not 1");
        refused(r#"{"v": "hunter2"}"#, &VERSIONED, "v in what it printed is not 1");
        refused(r#"{"v": 2, "id": "I", "secret": "S"}"#, &VERSIONED, "v in what it printed is not 1");
        refused(r#"{"id": "I"}"#, &NEUTRAL, "what it printed has no secret");
        refused(r#"{"id": "I", "secret": 42}"#, &NEUTRAL, "secret in what it printed is no text");
        for time in ["hunter2", "2030-01-31T12:00:00", "2030-01-31"] {
            let text = format!(r#"{{"id": "I", "secret": "S", "expires": "{time}"}}"#);
            let reason = "expires in what it printed is no time with an offset, like 2030-01-31T12:00:00Z";
            refused(&text, &NEUTRAL, reason);
        }
    }

    #[test]
    fn no_shell_reads_the_words() {
        let words = ["printf", r#"{"id": "%s", "secret": "S"}"#, "$HOME `id` *"].map(str::to_owned);
        let handed = hand_over(&words, &NEUTRAL, PROCESS_TIMEOUT).expect("credentials");
        assert_eq!(handed.keys.id, "$HOME `id` *");
    }

    #[test]
    fn a_process_that_fails_is_told_with_what_it_said_made_safe() {
        assert_eq!(failed("exit 3", PROCESS_TIMEOUT), "it ended with exit code 3");
        let said = failed("printf '\\033[31mno session\\n' >&2; echo hunter2; exit 1", PROCESS_TIMEOUT);
        assert_eq!(said, "it ended with exit code 1, and said: \\u{1b}[31mno session");
        assert_eq!(failed("kill -9 $$", PROCESS_TIMEOUT), "a signal ended it");
        let long = failed("yes x | head -c 100000 >&2; exit 1", PROCESS_TIMEOUT);
        assert!(long.len() < 2_000 && long.ends_with('…'), "{long}");
        let words = ["/no/such/program".to_owned()];
        let reason = hand_over(&words, &NEUTRAL, PROCESS_TIMEOUT).expect_err("it is not there").reason;
        assert!(reason.starts_with("it cannot be started: No such file"), "{reason}");
    }

    #[test]
    fn a_process_that_prints_without_end_is_ended() {
        let began = Instant::now();
        assert_eq!(failed("yes", PROCESS_TIMEOUT), "it printed more than 65536 bytes");
        assert_eq!(failed("head -c 10000000 /dev/zero", PROCESS_TIMEOUT), "it printed more than 65536 bytes");
        assert!(began.elapsed() < PROCESS_TIMEOUT, "it is not waited for");
    }

    #[test]
    fn a_process_that_hangs_is_ended_with_all_that_it_has_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pid");
        let script = format!("echo waiting >&2; sleep 1000 & echo $! > {}; wait", file.display());
        let reason = failed(&script, Duration::from_millis(500));
        assert_eq!(reason, "it did not end within 500ms, and said: waiting");
        let pid = std::fs::read_to_string(&file).expect("a number");
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw).expect("a number");
        let began = Instant::now();
        // It is a zombie until whoever has inherited it looks.
        while is_running(pid) {
            assert!(began.elapsed() < PROCESS_TIMEOUT, "what it has started goes on");
            std::thread::sleep(TICK);
        }
        // One that closes its output and goes on hangs too.
        let reason = failed("exec >&- 2>&-; sleep 1000", Duration::from_millis(500));
        assert_eq!(reason, "it did not end within 500ms");
    }

    fn is_running(pid: Pid) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    }
}
