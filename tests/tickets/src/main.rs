//! `plumb` with this API.

use std::process::ExitCode;

fn main() -> ExitCode {
    plumb_runner::run(&[tickets::plugin()])
}
