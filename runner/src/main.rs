//! `plumb` with the APIs that come with it.

use std::process::ExitCode;

fn main() -> ExitCode {
    plumb_runner::run(&[plumb_s3_plugin::plugin(), plumb_runner::kv_plugin()])
}
