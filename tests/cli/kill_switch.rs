//! The kill switch and the budgets, from outside: what stops, how soon, and what is said.

use std::fs;
use std::io::{BufReader, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plumb_model::call::{Call, Case, Turn};

use crate::conform::arguments;
use crate::support::{Home, Listener, Ran, Running, Served, bucket_exists, listen, read_request, until};
use crate::sweep::{journalled, start_conform};

/// How soon the last write has left once the switch is set.
const SOON: Duration = Duration::from_secs(1);
/// Long enough to see that nothing more is sent.
const QUIET: Duration = Duration::from_millis(1_500);

/// How long the forgetful server thinks, so that a run goes on for a while.
const THINKING: Duration = Duration::from_millis(10);

/// The file that binds everything in a home.
fn file(home: &Home) -> PathBuf {
    home.journals().with_file_name("kill-switch")
}

fn kill(home: &Home, state: &str) -> Ran {
    home.plumb(&["kill", state, "--by", "alice", "--reason", "the disks are full"])
}

/// When each request came, and its method.
type Log = Arc<Mutex<Vec<(Instant, String)>>>;

/// A server that forgets everything, and notes what it is sent.
fn forgetful() -> (String, Log) {
    let log = Log::default();
    let noted = Arc::clone(&log);
    let url = listen(move |mut stream| {
        let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
        while let Some(line) = read_request(&mut reader) {
            let method = line.split(' ').next().unwrap_or_default().to_owned();
            noted.lock().expect("a lock").push((Instant::now(), method));
            std::thread::sleep(THINKING);
            if stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").is_err() {
                return;
            }
        }
    });
    (url, log)
}

/// The last request that fits, where there is one.
fn last(log: &Log, fits: impl Fn(&str) -> bool) -> Option<Instant> {
    log.lock().expect("a lock").iter().rev().find(|(_, method)| fits(method)).map(|(at, _)| *at)
}

fn is_write(method: &str) -> bool {
    matches!(method, "PUT" | "POST" | "DELETE")
}

/// A run of many cases that has begun to write.
fn writing(home: &Home, url: &str, log: &Log) -> Running {
    let more = ["--no-probe", "--workflows", "300", "--workers", "4"];
    let run =
        home.start(&[&["conform", "--api", "kv", "--endpoint-url", url, "--format", "ndjson"], &more[..]].concat());
    until("the first writes", || {
        log.lock().expect("a lock").iter().filter(|(_, method)| is_write(method)).count() > 20
    });
    run
}

#[test]
fn no_write_leaves_a_second_after_the_switch_is_set() {
    for state in ["read-only", "halt"] {
        let (home, (url, log)) = (Home::new(), forgetful());
        let run = writing(&home, &url, &log);
        kill(&home, state).exits(0);
        let pulled = Instant::now();
        std::thread::sleep(QUIET);
        let written = last(&log, is_write).expect("a write");
        assert!(written < pulled + SOON, "{state}: {:?} after it was set", written - pulled);
        if state == "halt" {
            let sent = last(&log, |_| true).expect("a request");
            assert!(sent < pulled + SOON, "{:?} after it was set", sent - pulled);
        }
        run.terminate();
        let words = format!("the kill switch says {state}");
        let ran = run.end();
        assert_ne!(ran.code, Some(0), "a run under it is never a pass");
        ran.says(&[&words, "alice", "the disks are full"]);
    }
}

#[test]
fn a_run_under_it_is_never_a_pass_and_says_by_whom_and_how_it_ends() {
    let home = Home::new();
    let server = Served::kv(&home);
    kill(&home, "read-only").exits(0);
    let json = home.plumb(&arguments(&server.url, &["--no-probe"])).exits(2).json();
    assert!(json["counts"]["skipped"].as_u64() > Some(0), "{}", json["counts"]);
    let early = json["ended"]["early"].as_str().expect("a reason");
    for word in ["kept back", "the kill switch says read-only", "alice", "the disks are full", "plumb kill release"] {
        assert!(early.contains(word), "{early}");
    }
}

#[test]
fn everything_that_sends_is_bound_and_calls_nobody() {
    let home = Home::new();
    let listener = Listener::new();
    let url = listener.url();
    let mut case = Case::new("kv");
    case.calls.push(Turn::new("read", Call::new("Get").with("key", "k")));
    home.write("case.json", serde_json::to_vec(&case).expect("JSON"));
    for state in ["drain", "halt"] {
        kill(&home, state).exits(0);
        let words = format!("the kill switch says {state}");
        for command in [
            &["conform", "--api", "kv", "--endpoint-url", &url][..],
            &["test", "--api", "kv", "--endpoint-url", &url],
            &["probe", "--api", "kv", "--endpoint-url", &url],
            &["replay", "case.json", "--api", "kv", "--endpoint-url", &url],
            &["compare", "--api", "kv", &url, &url],
            &["demo"],
        ] {
            home.plumb(command).exits(2).says(&[&words, "alice", "the disks are full", "plumb kill release"]);
        }
    }
    assert!(!listener.was_called());
    assert_eq!(fs::read_dir(home.journals()).map_or(0, Iterator::count), 0, "nothing began");
}

#[test]
fn what_a_killed_run_left_is_swept_in_read_only_and_stays_in_halt() {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    let run = start_conform(&home, &server.url, &["--operation", "GetObject"]);
    let names = journalled(&home, 4);
    let exists = |name: &String| bucket_exists(&server.url, name);
    until("a bucket on the server", || journalled(&home, 4).iter().rev().any(exists));
    run.kill();
    let sweep = || home.plumb(&["sweep", "--api", "s3", "--endpoint-url", &server.url, "--min-age", "0s", "--yes"]);
    kill(&home, "halt").exits(0);
    sweep().exits(2).says(&["the kill switch says halt"]);
    assert!(journalled(&home, 4).iter().any(exists), "{names:?}");
    kill(&home, "read-only").exits(0);
    sweep().exits(0);
    assert_eq!(fs::read_dir(home.journals()).expect("a folder").count(), 0);
}

#[test]
fn the_switch_shows_what_it_says_and_is_released() {
    let home = Home::new();
    let shown = home.plumb(&["kill"]).exits(0).stdout;
    assert!(shown.ends_with("kill-switch: runs\n"), "{shown}");
    let set = kill(&home, "halt").exits(0).stdout;
    assert!(set.contains("halt (alice at 2") && set.contains("the disks are full)"), "{set}");
    home.plumb(&["kill", "release"]).exits(0);
    assert!(!file(&home).exists());
    home.plumb(&["kill", "halt"]).exits(3).says(&["--reason"]);
    home.plumb(&["kill", "stop", "--reason", "x"]).exits(3).says(&["read-only", "drain", "halt", "release"]);
}

#[test]
fn a_switch_that_nobody_can_read_lets_nothing_be_changed_and_says_so() {
    let home = Home::new();
    let server = Served::kv(&home);
    fs::create_dir_all(file(&home).parent().expect("a folder")).expect("a folder");
    fs::write(file(&home), "stop everything").expect("a file");
    home.plumb(&["kill"]).exits(2);
    let ran = home.plumb(&arguments(&server.url, &["--no-probe"])).exits(2);
    let early = ran.json()["ended"]["early"].to_string();
    assert!(early.contains("says read-only") && early.contains("it cannot be read"), "{early}");
    ran.says(&["the kill switch cannot be read", "only reads and clean-up go on"]);
}

#[test]
fn an_address_is_asked_and_obeyed() {
    let answer = Arc::new(Mutex::new("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nruns".to_owned()));
    let given = Arc::clone(&answer);
    let switch = listen(move |mut stream| {
        let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
        if read_request(&mut reader).is_some() {
            _ = stream.write_all(given.lock().expect("a lock").as_bytes());
        }
    });
    let (home, (url, log)) = (Home::new(), forgetful());
    home.write("plumb.toml", format!("[kill_switch]\nurl = \"{switch}/kill?of=eu\"\nevery = \"200ms\"\n"));
    let run = writing(&home, &url, &log);
    let body = r#"{"state": "halt", "who": "bob", "reason": "fire"}"#;
    *answer.lock().expect("a lock") = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let ran = run.end();
    assert_ne!(ran.code, Some(0));
    ran.says(&["the kill switch says halt, by the address", "(bob: fire)"]);
    *answer.lock().expect("a lock") = "HTTP/1.1 302 Found\r\nlocation: /runs\r\ncontent-length: 0\r\n\r\n".to_owned();
    home.plumb(&["kill"]).exits(2);
}

#[test]
fn a_signal_lets_one_process_change_nothing_until_another_releases_it() {
    let (home, (url, log)) = (Home::new(), forgetful());
    let run = writing(&home, &url, &log);
    let send = |signal: &str| {
        let sent = Command::new("kill").args([signal, &run.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    };
    send("-USR1");
    until("that it was heard", || run.stderr().contains("by the signal SIGUSR1"));
    // What was under way at that moment has left.
    std::thread::sleep(THINKING * 10);
    let held = Instant::now();
    std::thread::sleep(THINKING * 10);
    assert!(last(&log, is_write).expect("a write") < held);
    send("-USR2");
    let released = Instant::now();
    until("a write after it was released", || last(&log, is_write).is_some_and(|at| at > released));
    run.terminate();
    run.end().says(&["by the signal SIGUSR1", "the kill switch is released"]);
}

/// A target with a budget, and what is sent to it.
fn with_budget(budget: &str) -> (Home, Log) {
    let (home, (url, log)) = (Home::new(), forgetful());
    home.write("plumb.toml", format!("[targets.t]\napi = \"kv\"\nendpoint = \"{url}\"\n{budget}\n"));
    (home, log)
}

const AT_TARGET: [&str; 6] = ["conform", "--target", "t", "--no-probe", "--format", "json"];

#[test]
fn a_spent_budget_ends_a_run_and_the_next_one_does_not_begin() {
    let (home, log) = with_budget("requests_per_day = 50");
    let json = home.plumb(&AT_TARGET).json();
    let sent = log.lock().expect("a lock").len();
    assert!((40..=60).contains(&sent), "clean-up may go a little beyond: {sent}");
    assert!(
        json["ended"]["early"].as_str().is_some_and(|why| why.contains("budget of 50 requests")),
        "{}",
        json["ended"]
    );
    assert!(json["ended"]["cases_left"].as_u64() > Some(0));
    home.plumb(&AT_TARGET).exits(2).says(&["today's budget of 50 requests", "raise requests_per_day"]);
    assert_eq!(log.lock().expect("a lock").len(), sent);
}

#[test]
fn a_budget_outlives_a_process_that_is_killed() {
    let (home, log) = with_budget("requests_per_day = 600");
    for _ in 0..3 {
        let before = log.lock().expect("a lock").len();
        let run = home.start(&AT_TARGET);
        until("some requests", || log.lock().expect("a lock").len() > before + 60);
        run.kill();
    }
    let ran = home.plumb(&AT_TARGET);
    let sent = log.lock().expect("a lock").len();
    assert!(sent <= 620, "a killed process leaves too much counted, and never too little: {sent}");
    assert!(sent >= 550, "and not much too much: {sent}");
    assert_ne!(ran.code, Some(0));
}

#[test]
fn two_processes_share_one_budget() {
    let (home, log) = with_budget("requests_per_day = 300");
    let runs = [home.start(&AT_TARGET), home.start(&AT_TARGET)];
    for run in runs {
        assert_ne!(run.end().code, Some(0));
    }
    let sent = log.lock().expect("a lock").len();
    assert!((250..=340).contains(&sent), "clean-up may go a little beyond: {sent}");
}

#[test]
fn a_budget_of_bytes_is_kept_too() {
    let (home, log) = with_budget("bytes_per_day = 20_000");
    let json = home.plumb(&AT_TARGET).json();
    assert!(
        json["ended"]["early"].as_str().is_some_and(|why| why.contains("budget of 20000 bytes")),
        "{}",
        json["ended"]
    );
    assert!(log.lock().expect("a lock").len() < 400);
}
