//! Servers of other makers, held against the model: each run goes to its end and its findings come again.
//!
//! A few cases by default. With a folder in `PLUMB_SERVERS_OUTPUT`, every case there is, with all results kept there.
#![expect(clippy::print_stdout, reason = "the figures are what one runs this for")]

#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod servers;
#[path = "cli/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use servers::{Missing, RealServer};
use support::Home;

/// Where all results of whole runs are kept.
const OUTPUT_VARIABLE: &str = "PLUMB_SERVERS_OUTPUT";
/// How many cases are run where no whole run was asked for.
const CASES: &str = "150";
/// How long a whole run may take.
const RUN_MAX: Duration = Duration::from_hours(1);
/// How many findings are replayed.
const REPLAYED_MAX: usize = 3;

/// What a configuration calls the credentials.
const ID: &str = "REAL_SERVER_ID";
const SECRET: &str = "REAL_SERVER_SECRET";

/// The target of a configuration.
fn config(server: &RealServer) -> String {
    let RealServer { name, endpoint, restart, .. } = server;
    let mut text = format!("[targets.{name}]\napi = \"s3\"\nendpoint = \"{endpoint}\"\nexclusive = true\n");
    text += &format!("actors.main = {{ id = {{ env = \"{ID}\" }}, secret = {{ env = \"{SECRET}\" }} }}\n");
    if let Some(command) = restart {
        text += &format!("restart = {}\n", Value::from(command.clone()));
    }
    text
}

/// A folder in which a target for `server` is configured.
fn home(server: &RealServer) -> Home {
    let mut home = Home::new();
    home.set(ID, &server.actor.id);
    home.set(SECRET, &server.actor.secret);
    home.write("plumb.toml", config(server));
    home
}

/// Runs cases against `server` into `folder`, and gives the report.
fn run(server: &RealServer, home: &Home, folder: &Path, is_whole: bool) -> Value {
    let folder = folder.to_str().expect("a folder with a name in UTF-8");
    let mut arguments = vec!["conform", "--target", server.name, "--output", folder];
    if !is_whole {
        arguments.extend(["--budget", CASES]);
    }
    let ran = home.start(&arguments).end_within(RUN_MAX).expect("the run ends in time");
    // Each of these servers is known to diverge; that nothing was found would be a fault of ours.
    let ran = ran.exits(1);
    println!("{}", ran.stdout.lines().rfind(|line| !line.is_empty()).unwrap_or_default());
    let text = std::fs::read_to_string(Path::new(folder).join("run.json")).expect("the report");
    serde_json::from_str(&text).expect("the report is JSON")
}

/// How many confirmed findings there are of each kind.
fn by_kind(report: &Value) -> BTreeMap<&str, usize> {
    let mut kinds = BTreeMap::new();
    for finding in report["findings"].as_array().into_iter().flatten() {
        *kinds.entry(finding["kind"].as_str().expect("a finding has a kind")).or_default() += 1;
    }
    kinds
}

fn print(server: &RealServer, report: &Value) {
    let mut text = format!("{}: {} cases", server.name, report["counts"]["cases"]);
    for (kind, count) in by_kind(report) {
        _ = write!(text, "\n{count:>6} {kind}");
    }
    println!("{text}");
}

/// Demands that the run went on to its end.
fn check_end(report: &Value, is_whole: bool) {
    assert_eq!(report["interrupted"], false);
    let early = &report["ended"]["early"];
    if is_whole {
        assert_eq!(*early, Value::Null, "the run ended before every case was run");
    } else {
        assert_eq!(*early, "the budget is spent", "nothing else ended it");
        assert_eq!(report["counts"]["cases"].to_string(), CASES);
    }
}

/// Demands that findings come again from their files.
fn check_replay(server: &RealServer, home: &Home, folder: &Path, report: &Value) {
    let findings = report["findings"].as_array().expect("findings");
    for finding in findings.iter().take(REPLAYED_MAX) {
        let file = folder.join("findings").join(format!("{}.json", finding["id"].as_str().expect("an id")));
        let ran = home.plumb(&["replay", file.to_str().expect("UTF-8"), "--target", server.name]);
        assert!(ran.exits(1).stdout.contains("REPRODUCED"), "{}", finding["summary"]);
    }
}

fn check(server: &RealServer) {
    let (home, whole) = (home(server), std::env::var_os(OUTPUT_VARIABLE).map(PathBuf::from));
    let folder = whole.as_ref().map_or_else(|| home.path("output"), |folder| folder.join(server.name));
    let folder = std::path::absolute(folder).expect("a current folder");
    let report = run(server, &home, &folder, whole.is_some());
    print(server, &report);
    check_end(&report, whole.is_some());
    check_replay(server, &home, &folder, &report);
}

fn trial(name: &str, start: fn() -> Result<RealServer, Missing>) -> Trial {
    servers::trial(format!("{name}_is_run_to_the_end"), start, |server| check(&server))
}

fn main() -> ExitCode {
    let trials = vec![trial("s3s_fs", servers::s3s_fs), trial("moto", servers::moto), trial("s3rver", servers::s3rver)];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
