//! Clients that others wrote work against `plumb serve` as they are delivered.

mod boto3;
mod curl;
#[path = "../lab/mod.rs"]
mod lab;
mod learned;
mod rclone;
mod s3cmd;
#[path = "../servers/mod.rs"]
#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod servers;
mod service;
#[path = "../cli/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod support;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let trials = [boto3::trials(), curl::trials(), learned::trials(), rclone::trials(), s3cmd::trials()];
    libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
}
