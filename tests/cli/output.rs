//! Where results go, and that a place where they cannot go is told before the run.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use crate::conform::arguments;
use crate::refused::refused;
use crate::support::{Home, Listener, Served, events, list};

/// The command line of a run that nobody must notice.
fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["conform", "--api", "kv", "--endpoint-url", "URL"], more].concat()
}

#[test]
fn a_file_in_the_place_of_the_folder_is_refused() {
    let home = Home::new();
    home.write("taken", "something else");
    refused(&home, &with(&["--output", "taken"]), &["taken", "choose another folder with --output DIR"]);
    refused(&home, &with(&["--output", "taken/below"]), &["taken/below", "choose another folder with --output DIR"]);
    assert_eq!(home.read("taken"), "something else");
}

#[test]
fn a_file_in_the_place_of_the_default_folder_is_refused() {
    let home = Home::new();
    home.write("plumb-runs", "something else");
    refused(&home, &with(&["--timeout", "1s"]), &["plumb-runs", "choose another folder with --output DIR"]);
}

#[test]
fn a_page_below_a_folder_that_is_not_there_is_refused() {
    let home = Home::new();
    refused(&home, &with(&["--html", "missing/page.html"]), &["failed to write missing/page.html"]);
    refused(&home, &with(&["--html", "."]), &["failed to write ."]);
}

#[test]
fn a_folder_that_holds_a_run_is_refused_and_kept() {
    let home = Home::new();
    let server = Served::kv(&home);
    home.plumb(&arguments(&server.url, &["--output", "out"])).exits(0);
    let (events, run) = (home.read("out/events.ndjson"), home.read("out/run.json"));
    refused(&home, &with(&["--output", "out"]), &["out/events.ndjson", "another run", "--output DIR"]);
    assert_eq!((home.read("out/events.ndjson"), home.read("out/run.json")), (events, run));
}

#[test]
fn a_page_that_exists_stays_until_there_is_a_new_one() {
    let home = Home::new();
    home.write("page.html", "the report of yesterday");
    let url = Listener::new().url();
    home.plumb(&["conform", "--api", "kv", "--endpoint-url", &url, "--html", "page.html"]).exits(2);
    assert_eq!(home.read("page.html"), "the report of yesterday");
}

#[test]
fn a_state_folder_that_cannot_be_written_is_refused() {
    let mut home = Home::new();
    home.write("taken", "something else");
    home.set("XDG_STATE_HOME", "taken");
    refused(&home, &with(&[]), &["journal", "XDG_STATE_HOME"]);
}

#[track_caller]
fn check_modes(folder: &Path) {
    let mut all = BTreeSet::from([folder.to_owned()]);
    list(folder, &mut all);
    for path in all {
        let mode = path.metadata().expect("it is there").permissions().mode() & 0o777;
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{}: {mode:o}", path.display());
    }
}

#[test]
fn a_run_folder_holds_everything_for_nobody_else() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("lost-overwrite"));
    let ran = home.plumb(&arguments(&server.url, &["--output", "out", "--html", "page.html"])).exits(1);
    let json = ran.json();
    check_modes(&home.path("out"));
    assert_eq!(home.path("page.html").metadata().expect("a page").permissions().mode() & 0o777, 0o600);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&home.read("out/run.json")).expect("JSON"), json);
    let all = home.read("out/events.ndjson");
    assert!(all.lines().next().is_some_and(|line| line.contains("\"plumb.events/1\"")), "the version comes first");
    assert_eq!(events(&all, "case-done").len() as u64, json["counts"]["cases"].as_u64().expect("a count"));
    let ids: Vec<_> = json["findings"].as_array().expect("a list").iter().map(|one| one["id"].clone()).collect();
    assert!(!ids.is_empty());
    for id in ids {
        home.read(&format!("out/findings/{}.json", id.as_str().expect("an id")));
    }
    assert!(!home.path("plumb-runs").exists(), "one folder is enough");
}

#[test]
fn findings_are_kept_for_nobody_else_where_no_folder_is_named() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("lost-overwrite"));
    home.plumb(&arguments(&server.url, &[])).exits(1);
    check_modes(&home.path("plumb-runs"));
}

/// Whoever only wants the head of the output goes early; that is nobody's fault.
#[track_caller]
fn check_reader_gone(home: &Home, arguments: &[&str], code: i32) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = home.command(arguments);
    let ran = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().expect("it runs");
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn a_reader_that_goes_early_is_no_panic() {
    check_reader_gone(&Home::new(), &["completions", "bash"], 0);
}

#[test]
fn a_reader_that_goes_early_is_no_internal_error() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("lost-overwrite"));
    for format in ["terminal", "json", "ndjson"] {
        let arguments = ["conform", "--api", "kv", "--endpoint-url", &server.url, "--format", format];
        check_reader_gone(&home, &arguments, 1);
    }
    assert_eq!(home.journals().read_dir().expect("a folder").count(), 0, "it has cleaned up");
}

#[test]
fn where_results_were_written_is_said_on_standard_error() {
    let home = Home::new();
    let server = Served::kv(&home);
    let more = ["--operation", "List", "--output", "out", "--html", "page.html"];
    let ran = home.plumb(&arguments(&server.url, &more)).exits(0);
    ran.json();
    ran.says(&["the report is in page.html", "run.json, events.ndjson and findings are in out"]);
    let ran = home.plumb(&arguments(&server.url, &["--operation", "List"])).exits(0);
    assert!(!ran.stderr.contains(" in "), "nothing was asked for: {}", ran.stderr);
}
