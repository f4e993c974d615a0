//! A target that dies: the run says so, has it restarted, and goes on.

use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use plumb_model::http::Request;
use serde_json::Value;

use crate::support::odd::{Act, Odd};
use crate::support::{Home, Ran, events, shell_words};

/// The file whose making is the restart.
const SIGN: &str = "again";

/// A legal request: the largest page.
fn is_deadly(request: &Request) -> bool {
    request.target.ends_with(b"limit=100")
}

fn dies(request: &Request) -> Act {
    if is_deadly(request) { Act::Die } else { Act::Serve }
}

fn hangs_up(request: &Request) -> Act {
    if is_deadly(request) { Act::HangUp } else { Act::Serve }
}

/// A configuration with the target `odd`, and what else is said of it.
fn configure(home: &Home, url: &str, more: &str) {
    home.write("plumb.toml", format!("[targets.odd]\napi = \"kv\"\nendpoint = \"{url}\"\n{more}"));
}

fn conform(home: &Home, more: &[&str]) -> Ran {
    home.plumb(&[&["conform", "--target", "odd", "--workflows", "0", "--format", "json"], more].concat())
}

/// A server that dies, with the configuration that brings it back.
fn mortal(home: &Home) -> Odd {
    let server = Odd::brought_back_by(home.path(SIGN), dies);
    configure(home, &server.url, &format!("restart = [\"touch\", \"{SIGN}\"]\nrestart_timeout = \"20s\"\n"));
    server
}

/// The one finding, which is a hang-up on the largest page and nothing else.
fn the_hang_up(json: &Value) -> &Value {
    let findings = json["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let finding = &findings[0];
    assert_eq!(finding["kind"], "server-error");
    assert_eq!(finding["operation"], "List");
    assert_eq!(finding["observed"]["class"], "no answer");
    assert_eq!(finding["expected"][0]["class"], "200");
    assert_eq!(finding["reproduced"], "5/5");
    assert_eq!(finding["choices"], serde_json::json!(["limit=largest"]));
    assert_eq!(finding["case"]["calls"].as_array().map(Vec::len), Some(1), "minimal: {finding:#}");
    assert!(finding["summary"].as_str().is_some_and(|text| text.contains("hung up without an answer")), "{finding:#}");
    finding
}

fn replay(home: &Home, finding: &Value) -> Ran {
    let words = shell_words(finding["replay"].as_str().expect("a command"));
    home.plumb(&words[1..].iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_run_goes_on_after_the_target_died_and_tells_of_what() {
    let home = Home::new();
    let server = mortal(&home);
    let json = conform(&home, &["--output", "out"]).exits(1).json();
    let finding = the_hang_up(&json);
    assert_eq!(json["ended"]["early"], Value::Null, "every case was run");
    assert_eq!(json["ended"]["cases_left"], 0);
    assert_eq!(json["counts"]["inconclusive"], 0, "cases that were struck were run again: {}", json["not_judged"]);
    // Two workers that kill it at once find it dead once.
    let restarts = json["ended"]["restarts"].as_u64().expect("a count");
    assert!((1..=server.deaths() as u64).contains(&restarts), "{restarts} restarts, {} deaths", server.deaths());
    let deaths = json["deaths"].as_array().expect("a list");
    assert!(!deaths.is_empty());
    for death in deaths {
        assert_eq!(death["operation"], "List");
        assert!(death["request"].as_str().is_some_and(|text| text.ends_with("limit=100")), "{death}");
    }
    assert_eq!(events(&home.read("out/events.ndjson"), "died").len(), deaths.len());
    assert_eq!(json["counts"]["diverges"].as_u64(), Some(deaths.len() as u64), "each of them diverges");
    let before = server.deaths();
    let ran = replay(&home, finding).exits(1);
    assert!(ran.stdout.starts_with("REPRODUCED"), "{}", ran.stdout);
    assert_eq!(server.deaths(), before + 1, "who dies once needs not be killed again");
}

#[test]
fn a_run_with_one_worker_and_one_with_many_find_the_same() {
    for workers in ["1", "8"] {
        let home = Home::new();
        let _server = mortal(&home);
        let json = conform(&home, &["--workers", workers]).exits(1).json();
        the_hang_up(&json);
    }
}

#[test]
fn deaths_are_told_to_people_too() {
    let home = Home::new();
    let _server = mortal(&home);
    let ran = home.plumb(&["conform", "--target", "odd", "--workflows", "0", "--html", "page.html"]).exits(1);
    assert!(ran.stdout.contains("The target died") && ran.stdout.contains("limit=100"), "{}", ran.stdout);
    assert!(ran.stdout.contains("no answer"), "{}", ran.stdout);
    let page = home.read("page.html");
    assert!(page.contains("The target died") && page.contains("limit=100"));
}

#[test]
fn a_hang_up_that_does_not_come_again_is_fixed() {
    let home = Home::new();
    let server = mortal(&home);
    let json = conform(&home, &[]).exits(1).json();
    let better = Odd::new(|_| Act::Serve);
    let toml = home.read("plumb.toml").replace(&server.url, &better.url);
    home.write("plumb.toml", toml);
    let ran = replay(&home, the_hang_up(&json)).exits(0);
    assert!(ran.stdout.starts_with("FIXED"), "{}", ran.stdout);
}

#[test]
fn without_a_restart_the_run_ends_with_the_target() {
    let home = Home::new();
    let server = Odd::new(dies);
    configure(&home, &server.url, "");
    let json = conform(&home, &[]).exits(2).json();
    let early = json["ended"]["early"].as_str().expect("it ended early");
    assert!(early.starts_with("the target died in case "), "{early}");
    assert!(json["ended"]["cases_left"].as_u64() > Some(0));
    assert_eq!(json["findings"], Value::Array(vec![]), "nothing could be confirmed");
    assert_eq!(json["deaths"].as_array().map(Vec::len), Some(1), "{}", json["deaths"]);
    assert_eq!(server.deaths(), 1);
}

#[test]
fn a_restart_that_does_not_help_ends_the_run_and_says_why() {
    for (restart, why) in [("false", "it ended with exit code 1"), ("no-such-command", "cannot be started")] {
        let home = Home::new();
        let server = Odd::new(dies);
        configure(&home, &server.url, &format!("restart = [\"{restart}\"]\n"));
        let json = conform(&home, &[]).exits(2).json();
        let early = json["ended"]["early"].as_str().expect("it ended early");
        assert!(early.contains("did not bring it back in 3 tries") && early.contains(why), "{early}");
    }
}

#[test]
fn a_restart_that_is_the_server_itself_may_go_on() {
    let home = Home::new();
    let server = Odd::new(dies);
    let address = server.url.trim_start_matches("http://").to_owned();
    let plumb = env!("CARGO_BIN_EXE_plumb");
    let script = format!("echo $$ > pid; exec {plumb} serve --api kv --listen {address}");
    configure(&home, &server.url, &format!("restart = [\"sh\", \"-c\", \"{script}\"]\n"));
    let json = conform(&home, &[]).exits(0).json();
    assert_eq!(json["ended"]["restarts"], 1, "the second server does not die");
    assert_eq!(json["counts"]["conforms"], json["counts"]["cases"]);
    assert!(TcpListener::bind(&address).is_err(), "the server is left as it was: running");
    let ended = Command::new("kill").arg(home.read("pid").trim()).status().expect("kill runs");
    assert!(ended.success());
}

#[test]
fn a_server_that_lives_and_hangs_up_every_time_has_a_finding() {
    let home = Home::new();
    let server = Odd::new(hangs_up);
    configure(&home, &server.url, "");
    let json = conform(&home, &[]).exits(1).json();
    let finding = the_hang_up(&json);
    assert_eq!(json["deaths"], Value::Array(vec![]));
    assert_eq!(json["counts"]["inconclusive"], 0, "{}", json["not_judged"]);
    assert!(replay(&home, finding).exits(1).stdout.starts_with("REPRODUCED"));
}

#[test]
fn a_server_that_hangs_up_most_of_the_time_has_none() {
    let home = Home::new();
    let count = AtomicUsize::new(0);
    let server = Odd::new(move |request| match hangs_up(request) {
        Act::HangUp if !count.fetch_add(1, Ordering::SeqCst).is_multiple_of(4) => Act::HangUp,
        _ => Act::Serve,
    });
    configure(&home, &server.url, "");
    let json = conform(&home, &["--inconclusive-max", "1"]).exits(0).json();
    assert_eq!(json["findings"], Value::Array(vec![]));
    assert!(json["counts"]["inconclusive"].as_u64() > Some(0));
    let unconfirmed = json["unconfirmed"].as_array().expect("a list");
    assert!(
        unconfirmed.iter().any(|one| one["why"].as_str().is_some_and(|why| why.contains("hung up in"))),
        "{json:#}"
    );
}
