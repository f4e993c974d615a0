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
    let restart = restart.iter().map(|command| format!("restart = {}\n", Value::from(command.clone())));
    format!(
        "[targets.{name}]\napi = \"s3\"\nendpoint = \"{endpoint}\"\nexclusive = true\n\
         actors.main = {{ id = {{ env = \"{ID}\" }}, secret = {{ env = \"{SECRET}\" }} }}\n{}",
        restart.collect::<String>()
    )
}

/// A folder in which a target for `server` is configured.
fn home(server: &RealServer) -> Home {
    let mut home = Home::new();
    home.set(ID, &server.actor.id);
    home.set(SECRET, &server.actor.secret);
    home.write("plumb.toml", config(server));
    home
}

/// How much of the suites is run.
#[derive(Clone, Copy)]
enum Extent {
    /// Every case.
    Whole,
    /// So many cases; of one operation, where one is named.
    Cases(u64, Option<&'static str>),
}

/// Runs cases against `server` into `folder`, and gives the report.
fn run(server: &RealServer, home: &Home, folder: &Path, extent: Extent) -> Value {
    let folder = folder.to_str().expect("a folder with a name in UTF-8");
    let mut arguments = vec!["conform", "--target", server.name, "--workflows", "0", "--output", folder];
    let (cases, operation) = match extent {
        Extent::Whole => (None, None),
        Extent::Cases(cases, operation) => (Some(cases.to_string()), operation),
    };
    arguments.extend(cases.iter().flat_map(|cases| ["--budget", cases]));
    arguments.extend(operation.iter().flat_map(|operation| ["--operation", operation]));
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
    let mut text = format!("{}, confirmed findings by kind:", server.name);
    for (kind, count) in by_kind(report) {
        _ = write!(text, "\n{count:>6} {kind}");
    }
    println!("{text}");
}

/// Demands that the run went on to its end, however often the server died.
fn check_end(server: &RealServer, report: &Value, extent: Extent) {
    assert_eq!(report["interrupted"], false);
    let (counts, early) = (&report["counts"], &report["ended"]["early"]);
    match extent {
        Extent::Whole => assert_eq!(*early, Value::Null, "the run ended before every case was run"),
        Extent::Cases(cases, _) => {
            assert_eq!(*early, "the budget is spent", "nothing else ended it");
            let sent = ["conforms", "diverges", "inconclusive"].map(|verdict| counts[verdict].as_u64());
            let sent = sent.into_iter().flatten().sum::<u64>();
            assert!((cases / 2..=cases).contains(&sent), "{sent} of {cases} cases were sent: {counts}");
        }
    }
    let restarts = report["ended"]["restarts"].as_u64().unwrap_or_default();
    assert_eq!(restarts > 0, server.dies, "it was restarted {restarts} times");
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

fn check(server: &RealServer, part: Extent) {
    let (home, whole) = (home(server), std::env::var_os(OUTPUT_VARIABLE).map(PathBuf::from));
    let extent = whole.as_ref().map_or(part, |_| Extent::Whole);
    let folder = whole.map_or_else(|| home.path("output"), |folder| folder.join(server.name));
    let folder = std::path::absolute(folder).expect("a current folder");
    let report = run(server, &home, &folder, extent);
    print(server, &report);
    check_end(server, &report, extent);
    check_replay(server, &home, &folder, &report);
}

/// A test of at least this part of the suites.
fn trial(name: &str, start: fn() -> Result<RealServer, Missing>, part: Extent) -> Trial {
    servers::trial(format!("{name}_is_run_to_the_end"), start, move |server| check(&server, part))
}

fn main() -> ExitCode {
    let trials = vec![
        trial("s3s_fs", servers::s3s_fs, Extent::Cases(150, None)),
        trial("moto", servers::moto, Extent::Cases(100, None)),
        // It dies of long keys, one of which is among the first, and a restart takes its time.
        trial("s3rver", servers::s3rver, Extent::Cases(40, Some("DeleteObject"))),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
