//! Ctrl-C and SIGTERM: a run ends soon, says so, and cleans up behind itself.

use std::time::{Duration, Instant};

use crate::support::{Home, Running, Served, answer_with, bucket_exists, events, until};
use crate::sweep::{journalled, start_conform};

/// How soon a run is over once it is stopped, cleaning up included; a case takes milliseconds.
const SOON: Duration = Duration::from_secs(10);
/// How long the slow server thinks.
const SLOWNESS: Duration = Duration::from_millis(100);

/// Stops a run and demands that the end comes soon.
fn stopped(run: Running, stop: fn(&Running)) -> crate::support::Ran {
    let began = Instant::now();
    stop(&run);
    let ran = run.end().says(&["stopping after the cases that are under way"]);
    assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
    ran
}

/// Stops a run and demands that it says so and leaves nothing.
fn cleans_up(stop: fn(&Running)) {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    let run = start_conform(&home, &server.url, &["--format", "json"]);
    let names = journalled(&home, 4);
    let json = stopped(run, stop).exits(2).json();
    assert_eq!(json["interrupted"], true);
    assert!(json["ended"]["cases_left"].as_u64() > Some(0), "{}", json["ended"]);
    assert_eq!(json["ended"]["resources_left"].as_array().map(Vec::len), Some(0));
    assert!(!names.iter().any(|name| bucket_exists(&server.url, name)), "{names:?}");
    assert_eq!(home.journals().read_dir().expect("a folder").count(), 0);
}

#[test]
fn an_interrupted_run_says_so_and_cleans_up() {
    cleans_up(Running::interrupt);
}

#[test]
fn a_run_that_a_pipeline_stops_cleans_up_too() {
    cleans_up(Running::terminate);
}

/// A server that is slow and always wrong, so that there is much to make small.
fn slow_and_wrong() -> String {
    answer_with(|_| {
        std::thread::sleep(SLOWNESS);
        "418 Teapot"
    })
}

/// Making findings small takes many runs; whoever has seen enough does not wait for all of them.
#[test]
fn a_run_is_interrupted_while_it_confirms_and_keeps_what_it_has() {
    let home = Home::new();
    let url = slow_and_wrong();
    let arguments = ["conform", "--api", "kv", "--endpoint-url", &url, "--format", "ndjson", "--workers", "16"];
    let run = home.start(&arguments);
    until("the first finding", || run.stdout().contains("\"event\":\"found\""));
    let ran = stopped(run, Running::interrupt).exits(1);
    let ended = events(&ran.stdout, "run-ended");
    assert_eq!(ended[0]["interrupted"], true, "{ended:?}");
    assert!(!events(&ran.stdout, "found").is_empty());
}

#[test]
fn a_served_model_ends_on_ctrl_c() {
    let home = Home::new();
    let run = home.start(&["serve", "--api", "kv"]);
    until("the server's address", || run.stdout().contains("listens at"));
    run.interrupt();
    run.end().exits(0);
}
