//! A running `plumb canary`, its pages and its ledger.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use plumb_canary::slot::{Ended, Outcome};

use crate::support::{Home, Ran, Running};

/// How long anything may take before the test gives up: several slots, unoptimised, on a machine with other work.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// How often a condition is looked at that is cheap to ask.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What a canary plays where nothing else is wanted.
const WRITES: &str = r#"@api(kv)
Feature: Writes
  Scenario: A new entry is made
    When the client sends PUT "/v1/keys/{key a}" with the body "first"
    Then the status is 201
"#;

/// The start of a configuration: the daemon, and the feature `writes.feature` beside it.
pub(crate) fn agent(home: &Home) -> String {
    home.write("writes.feature", WRITES);
    let state = home.path("state");
    format!("[agent]\nregion = \"lab\"\nstate = \"{}\"\nlisten = \"127.0.0.1:0\"\n", state.display())
}

/// A target that speaks the tutorial API.
pub(crate) fn target(name: &str, url: &str) -> String {
    format!("[targets.{name}]\napi = \"kv\"\nendpoint = \"{url}\"\nsafety = \"full\"\n")
}

/// A canary with a slot every second.
pub(crate) fn canary(name: &str, targets: &[&str], more: &str) -> String {
    let features = if more.contains("features =") { "" } else { "features = [\"writes.feature\"]\n" };
    let timeout = if more.contains("timeout =") { "" } else { "timeout = \"10s\"\n" };
    format!(
        "[canaries.{name}]\n{features}{timeout}targets = {targets:?}\nevery = \"1s\"\nowner = \"storage\"\n{more}\n"
    )
}

/// A rule that looks at slots and tells `receivers`.
pub(crate) fn rule(name: &str, axis: &str, (bad, of): (u32, u32), receivers: &[&str]) -> String {
    format!(
        "[alerts.{name}]\nslots = {{ axis = \"{axis}\", bad = {bad}, of = {of} }}\nseverity = \"page\"\nreceivers = \
         {receivers:?}\n"
    )
}

/// Waits until there is something, for a bounded time.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "never came: {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A daemon with the `plumb.toml` of its home.
pub(crate) struct Daemon<'h> {
    home: &'h Home,
    pub(crate) running: Running,
    /// `127.0.0.1:port`.
    pages: String,
}

impl<'h> Daemon<'h> {
    /// Starts it, and waits for its pages.
    #[track_caller]
    pub(crate) fn start(home: &'h Home) -> Self {
        let mut running = home.start(&["canary"]);
        let pages = wait_for("the address of the pages", || {
            assert!(running.status().is_none(), "the daemon has ended: {}", running.stderr());
            let told = running.stderr();
            let line = told.split_inclusive('\n').find(|line| line.contains("pages at ") && line.ends_with('\n'))?;
            Some(line.trim_end().rsplit_once("http://")?.1.to_owned())
        });
        assert!(!pages.ends_with(":0"), "{pages}");
        Self { home, running, pages }
    }

    /// Asks for a page: its status and its body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        get(&self.pages, path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// What a metric says in the series that has all of `labels`.
    pub(crate) fn metric(&self, name: &str, labels: &[&str]) -> Option<f64> {
        let (status, text) = self.get("/metrics");
        assert_eq!(status, 200, "{text}");
        let mut lines =
            text.lines().filter(|line| line.starts_with(name) && labels.iter().all(|own| line.contains(own)));
        lines.next()?.rsplit_once(' ')?.1.parse().ok()
    }

    /// The ledger so far, as `plumb ledger` prints it beside the daemon.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<Ended> {
        rows(self.home)
    }

    /// Waits until the ledger has rows that satisfy, and gives them all.
    #[track_caller]
    pub(crate) fn rows_once(&self, what: &str, fits: impl Fn(&[Ended]) -> bool) -> Vec<Ended> {
        let began = Instant::now();
        loop {
            let rows = self.rows();
            if fits(&rows) {
                return rows;
            }
            assert!(began.elapsed() < PATIENCE, "never came: {what}; {}; {:#?}", self.running.stderr(), rows.last());
            std::thread::sleep(LOOK_EVERY * 10);
        }
    }

    /// Sends a signal by its name: `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.running.id().to_string()]).status();
        assert!(sent.expect("kill runs").success(), "the signal is sent");
    }

    /// Waits until it has said something on standard error.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        wait_for(words, || self.running.stderr().contains(words).then_some(()));
    }

    /// Asks it to end, and waits for that.
    #[track_caller]
    pub(crate) fn end(self) -> Ran {
        self.running.terminate();
        self.running.end_within(PATIENCE).expect("the daemon ends")
    }
}

/// The ledger of a home, whether a daemon runs there or not.
#[track_caller]
pub(crate) fn rows(home: &Home) -> Vec<Ended> {
    let ran = home.plumb(&["ledger"]);
    assert!(matches!(ran.code, Some(0 | 2)), "{}", ran.stderr);
    let lines = ran.stdout.lines().skip(1);
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// How many slots ended so, at a target.
pub(crate) fn count(rows: &[Ended], target: &str, outcome: Outcome) -> usize {
    rows.iter().filter(|row| row.slot.watch.target == target && row.outcome == outcome).count()
}

/// What is wrong with a slot, in one sentence.
pub(crate) fn message(row: &Ended) -> &str {
    row.trouble.as_ref().map_or("", |trouble| &trouble.message)
}

fn get(address: &str, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    Ok((status, body))
}
