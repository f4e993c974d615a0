//! Every scenario of the project is a test of its own, by name: `s3::uploads::…`, `kv::entries::…`.

use std::process::ExitCode;

use plumb_runner::features::harness::{self, Tests};

fn main() -> ExitCode {
    let plugins = [plumb_s3_plugin::plugin(), plumb_runner::kv_plugin()];
    let tests =
        [Tests { api: Some("s3"), paths: &["../features/s3"] }, Tests { api: Some("kv"), paths: &["../features/kv"] }];
    harness::main(&plugins, &tests)
}
