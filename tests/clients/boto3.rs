//! boto3, with the botocore that it comes with: each script in the folder beside this file is a test.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::servers;
use crate::service::{Service, run};

/// What the scripts share; it is no test.
const SHARED: &str = "shared";

/// The variants of S3 that are served.
const FLAVOURS: [&str; 2] = ["aws", "compatible"];

/// One test for each script and flavour.
pub(crate) fn trials() -> Vec<Trial> {
    let entries = fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("an entry").path());
    let scripts = entries.filter(|path| path.extension().is_some_and(|ending| ending == "py"));
    let mut names: Vec<String> =
        scripts.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).filter(|name| name != SHARED).collect();
    names.sort();
    names.iter().flat_map(|name| FLAVOURS.map(|flavour| trial(name.clone(), flavour))).collect()
}

fn trial(script: String, flavour: &'static str) -> Trial {
    servers::trial(format!("boto3_{script}_of_{flavour}"), servers::python, move |python| {
        let service = Service::of(Some(flavour));
        let mut command = service.client(python);
        command.current_dir(folder()).args(["-B", "-m", "unittest", "--verbose", &script]);
        command.env("ENDPOINT", service.url()).env("FLAVOUR", flavour).env("AWS_EC2_METADATA_DISABLED", "true");
        let ran = run(&mut command);
        assert!(!ran.stderr.contains("Ran 0 tests"), "{script}.py tests nothing");
        assert!(ran.code == Some(0), "{}{}", ran.stdout, ran.stderr);
    })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/clients/boto3")
}
