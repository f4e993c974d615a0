//! The features against servers of other makers: whatever they do otherwise is accepted, one by one, with a reason.
//!
//! With a folder in `PLUMB_SERVERS_OUTPUT`, all results are kept there. A finding that is new and right is added with
//! `plumb accept FINDING --deviations tests/deviations/SERVER.toml`.
#![expect(clippy::print_stdout, reason = "the figures are what one runs this for")]

#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod servers;
#[path = "cli/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::Arguments;
use plumb_model::call::Call;
use plumb_model::wire::{Actor, SECOND_ACTOR};
use serde_json::Value;
use servers::{Missing, RealServer};
use support::Home;
use support::served::send_as;

/// Where all results are kept.
const OUTPUT_VARIABLE: &str = "PLUMB_SERVERS_OUTPUT";
/// How many scenarios hold on each of these servers, at the least.
const PASSED_MIN: u64 = 100;
/// How the names of all begin that a run makes.
const MARK: &str = "plumb-";
/// How the name of the bucket ends that the features say does not exist.
const UNASKED: &str = "-nowhere";

/// The accepted findings of a server.
fn deviations(server: &RealServer) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/deviations/{}.toml", server.name))
}

/// A folder in which a target for `server` is configured, with a second identity where one is known there.
fn home(server: &RealServer, second: Option<&Actor>) -> Home {
    let mut home = Home::new();
    let mut config = format!("[targets.{}]\napi = \"s3\"\nendpoint = \"{}\"\n", server.name, server.endpoint);
    let first = [("main", Some(&server.actor), ["REAL_ID", "REAL_SECRET"])];
    for (name, actor, [id, secret]) in first.into_iter().chain([(SECOND_ACTOR, second, ["OTHER_ID", "OTHER_SECRET"])]) {
        let Some(actor) = actor else { continue };
        home.set(id, &actor.id);
        home.set(secret, &actor.secret);
        let secrets = format!("{{ id = {{ env = \"{id}\" }}, secret = {{ env = \"{secret}\" }} }}");
        writeln!(config, "actors.{name} = {secrets}").expect("text grows");
    }
    home.write("plumb.toml", config);
    home
}

/// Runs every feature of S3, and gives the report.
fn run(server: &RealServer, home: &Home) -> Value {
    let folder = std::env::var_os(OUTPUT_VARIABLE).map(|folder| PathBuf::from(folder).join(server.name));
    let folder = folder.unwrap_or_else(|| home.path("output"));
    let (folder, accepted) = (std::path::absolute(folder).expect("a current folder"), deviations(server));
    let (folder, accepted) = (folder.to_str().expect("UTF-8"), accepted.to_str().expect("UTF-8"));
    let arguments = ["test", "--target", server.name, "--deviations", accepted, "--output", folder];
    // s3s-fs answers 500 to whoever lists buckets while another one is removed, so there nothing is played beside.
    let alone: &[&str] = if server.restart.is_none() { &["--workers", "1"] } else { &[] };
    let ran = home.plumb(&[&arguments, alone].concat());
    println!("{}: {}", server.name, ran.stdout.lines().next_back().unwrap_or_default());
    let text = std::fs::read_to_string(Path::new(folder).join("run.json")).expect("the report");
    let report = serde_json::from_str(&text).expect("the report is JSON");
    check_upshots(&report);
    ran.exits(0);
    report
}

/// Demands that no scenario ended in what nobody has accepted.
fn check_upshots(report: &Value) {
    let scenarios = report["scenarios"].as_array().expect("scenarios");
    let bad: Vec<String> = scenarios
        .iter()
        .filter(|own| !["passed", "accepted", "skipped"].contains(&own["upshot"].as_str().unwrap_or_default()))
        .map(|own| format!("{}: {}", own["id"], own["trouble"]["message"]))
        .collect();
    assert!(bad.is_empty(), "not accepted: {bad:#?}");
    let findings = report["findings"].as_array().expect("findings").iter();
    let open: Vec<_> = findings.filter(|own| own["accepted_by"].is_null()).map(|own| &own["summary"]).collect();
    assert!(open.is_empty(), "not accepted: {open:#?}");
}

/// Demands that nothing that the run made is still there.
fn check_left(server: &RealServer, home: &Home, report: &Value) {
    assert_eq!(report["ended"]["resources_left"], Value::Array(Vec::new()));
    let listed = send_as(&server.endpoint, &Call::new("ListBuckets"), Some(&server.actor));
    assert!(listed.contains(" 200 ") && listed.contains("ListAllMyBucketsResult"), "{listed}");
    let names = listed.split("<Name>").skip(1).filter_map(|rest| rest.split_once("</Name>"));
    // Whoever uploads into a bucket that does not exist makes s3s-fs make it. Nobody asked for it, so nobody removes it.
    let is_unasked = |name: &str| server.restart.is_none() && name.ends_with(UNASKED);
    let left: Vec<&str> = names.map(|(name, _)| name).filter(|own| own.starts_with(MARK) && !is_unasked(own)).collect();
    assert!(left.is_empty(), "buckets stay: {left:?}");
    let journals = std::fs::read_dir(home.journals()).map_or(0, Iterator::count);
    assert_eq!(journals, 0, "no journal stays where nothing is left to sweep");
}

fn check(server: &RealServer, second: Option<&Actor>) {
    let home = home(server, second);
    let report = run(server, &home);
    let counts = &report["counts"];
    assert!(counts["passed"].as_u64() >= Some(PASSED_MIN), "{counts}");
    assert!(counts["accepted"].as_u64() >= Some(1), "this server is known to diverge: {counts}");
    assert_eq!(counts["skipped"].as_u64() > Some(0), second.is_none(), "{counts}: {}", report["skipped"]);
    check_left(server, &home, &report);
}

fn main() -> ExitCode {
    // It takes every key for one that it knows.
    let second = Actor { name: SECOND_ACTOR.into(), id: "other".into(), secret: "other".into(), session_token: None };
    let known = |name: &str| format!("{name}_does_nothing_otherwise_that_nobody_has_accepted");
    let trials = vec![
        servers::trial(known("s3s_fs"), servers::s3s_fs as fn() -> Result<_, Missing>, |server| check(&server, None)),
        servers::trial(known("moto"), servers::moto, move |server| check(&server, Some(&second))),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
