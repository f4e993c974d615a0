//! Every scenario of the desk is a test of its own.

use std::process::ExitCode;

use plumb_runner::features::harness::{self, Tests};

fn main() -> ExitCode {
    harness::main(&[tickets::plugin()], &[Tests { api: Some("tickets"), paths: &["features"] }])
}
