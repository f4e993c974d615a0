//! The rows of what is known of S3, as signed requests, against `plumb serve`: each answer is in the row's set.
//!
//! Rows and requests lie in a folder that projects share; where it is not there, nothing can be said.

#[path = "rows/outside.rs"]
mod outside;
#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod servers;
#[path = "cli/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "each test crate uses a part of it")]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use libtest_mimic::{Arguments, Trial};
use serde::Deserialize;
use servers::Missing;
use support::{Home, Running, Served};

/// Where the shared folder is, seen from the project's root. The variable names another place.
const SHARED: &str = "../shared";
const SHARED_VARIABLE: &str = "PLUMB_SHARED";
/// The probe in it.
const PROBE: &str = "s3/rows_probe.py";
/// The name under which the probe writes its results.
const NAME: &str = "served";

/// One row: a request with a fault or two, and what it may be answered.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    allowed: Vec<String>,
    basis: String,
    source: String,
}

/// What was answered.
#[derive(Debug, Clone, Deserialize)]
struct Answered {
    id: String,
    got: String,
}

/// The folder with the rows, if it is there.
fn folder() -> Result<PathBuf, Missing> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os(SHARED_VARIABLE).map_or_else(|| root.join(SHARED), PathBuf::from);
    let probe = std::path::absolute(shared.join(PROBE)).ok().filter(|probe| probe.exists());
    let missing = || format!("the rows do not come with the project, and there is no {SHARED}/{PROBE} beside it");
    probe.and_then(|probe| Some(probe.parent()?.to_owned())).ok_or_else(|| Missing::Data(missing()))
}

fn rows(folder: &Path) -> Vec<Row> {
    let text = fs::read_to_string(folder.join("behaviour_rows.json")).expect("the rows");
    serde_json::from_str(&text).expect("the rows are JSON")
}

/// The answer to each row. All are asked in one go, by whoever comes first.
fn answers() -> Result<&'static BTreeMap<String, String>, Missing> {
    static ANSWERS: OnceLock<Result<BTreeMap<String, String>, Missing>> = OnceLock::new();
    ANSWERS.get_or_init(probe).as_ref().map_err(Clone::clone)
}

fn probe() -> Result<BTreeMap<String, String>, Missing> {
    let (script, python) = (folder()?.join("rows_probe.py"), servers::python()?);
    let mut home = Home::new();
    let served = Served::s3(&mut home, None);
    let actors = plumb_s3_plugin::plugin().serve_actors.expect("there are built-in identities");
    let actor = actors().swap_remove(0);
    let mut command = home.program(python);
    command.arg("-B").arg(script).args([&served.url, NAME, &actor.id, &actor.secret]);
    Running::start(&mut command, b"").end().exits(0);
    let text = home.read(&format!("probe_{NAME}.json"));
    let answered: Vec<Answered> = serde_json::from_str(&text).expect("the results are JSON");
    Ok(answered.into_iter().map(|own| (own.id, own.got)).collect())
}

/// Demands that a row is in its set, or outside for a reason that still holds.
fn check(row: &Row, got: Option<&String>) {
    let Row { id, allowed, basis, source } = row;
    let got = got.unwrap_or_else(|| panic!("the probe did not ask {id}"));
    if allowed.contains(got) {
        assert!(!outside::is_listed(id), "{got} is in the set: the row must leave the table of those outside");
    } else {
        assert!(outside::is_explained(id, got), "[{basis}] {source}: answered {got}, permitted {allowed:?}");
    }
}

fn trials() -> Vec<Trial> {
    let folder = match folder() {
        Ok(folder) => folder,
        Err(missing) => return vec![servers::trial("every_row_is_answered_from_its_set", || Err(missing), |()| {})],
    };
    let rows = rows(&folder);
    let known = rows.iter().map(|row| row.id.clone()).collect();
    let each = rows.into_iter().map(|row| {
        let (name, is_listed) = (format!("{} {}", row.basis, row.id), outside::is_listed(&row.id));
        let trial = servers::trial(name, answers, move |answers| check(&row, answers.get(&row.id)));
        if is_listed { trial.with_kind("outside") } else { trial }
    });
    let mut trials: Vec<Trial> = each.collect();
    trials.push(Trial::test("every_reason_is_about_a_row", move || {
        outside::check_known(&known);
        Ok(())
    }));
    trials
}

fn main() -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), trials()).exit_code()
}
