//! Write once, run everywhere: `cargo test`, `plumb test`, `plumb gate` and a slot of a canary say the same of each scenario,
//! and of each case, at the same target.

#[path = "../cli/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod support;

mod cases;
mod ways;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use plumb_runner::features::harness::{self, Tests};
use plumb_validator::plugin::DemoServer;

use crate::support::{Home, Served};

/// Names the API that this binary plays the features of, as `cargo test` plays those of a user.
const API: &str = "PLUMB_SAME_VERDICT_API";
/// Where they are.
const FEATURES: &str = "PLUMB_SAME_VERDICT_FEATURES";

/// Features of S3 whose scenarios come to the same in any order: what they find does not hang on what else is going on.
const S3_FILES: [&str; 4] = ["downloads", "errors", "ranges", "uploads"];

fn main() -> ExitCode {
    if let (Ok(api), Ok(paths)) = (std::env::var(API), std::env::var(FEATURES)) {
        let plugins = [plumb_s3_plugin::plugin(), plumb_runner::kv_plugin()];
        let paths: Vec<&str> = paths.split(':').collect();
        return harness::main(&plugins, &[Tests { api: Some(&api), paths: &paths }]);
    }
    let trials = [
        kv("an_honest_server", None),
        kv("a_server_that_forgets_deletes", Some("delete-forgets")),
        kv("a_server_that_loses_a_second_write", Some("lost-overwrite")),
        kv("a_server_that_ignores_conditions", Some("condition-ignored")),
        Trial::test("the_demo_server", at_demo_server),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

fn kv(name: &str, plant: Option<&'static str>) -> Trial {
    Trial::test(name, move || {
        at_kv(plant);
        Ok(())
    })
}

/// The same verdicts at a served model of the tutorial API.
fn at_kv(plant: Option<&str>) {
    let home = Home::new();
    let server = Served::new(&home, "kv", plant);
    let seen = ways::compare(&home, "kv", &server.url, &[features("kv")]);
    // A plant that no scenario sees would show nothing of how failures are told.
    assert_eq!(seen.failed > 0, plant.is_some(), "{} scenarios failed", seen.failed);
    assert!(seen.passed > 0);
    cases::compare(&home, "kv", &server.url, &features("kv"));
}

/// The same at a server that somebody else has written.
fn at_demo_server() -> Result<(), Failed> {
    let start = plumb_s3_plugin::plugin().demo_server.ok_or("there is no demo server")?;
    let server: Box<dyn DemoServer> = start().map_err(|error| format!("failed to start it: {error}"))?;
    let (mut home, actor) = (Home::new(), server.actor());
    home.set("AWS_ACCESS_KEY_ID", &actor.id);
    home.set("AWS_SECRET_ACCESS_KEY", &actor.secret);
    let files = S3_FILES.map(|name| format!("{}/{name}.feature", features("s3")));
    let seen = ways::compare(&home, "s3", &server.endpoint(), &files);
    assert!(seen.failed > 0 && seen.passed > 0, "{} passed, {} failed", seen.passed, seen.failed);
    Ok(())
}

/// The folder with the features of an API.
fn features(api: &str) -> String {
    format!("{}/../features/{api}", env!("CARGO_MANIFEST_DIR"))
}
