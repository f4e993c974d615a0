//! `plumb accept`: findings that somebody answers for, for a while.

use std::path::{Path, PathBuf};

use jiff::Zoned;

use crate::cli::AcceptArgs;
use crate::commands::replay;
use crate::deviation::{self, Deviation};
use crate::error::{Error, Exit};
use crate::gate::evidence::folders;
use crate::output;

/// Carries the command out.
pub(super) fn accept(arguments: &AcceptArgs) -> Result<Exit, Error> {
    for (name, text) in [("--owner", &arguments.owner), ("--reason", &arguments.reason)] {
        if text.trim().is_empty() {
            return Err(Error::usage(format!("{name} is empty"), "somebody has to answer for it, and say why"));
        }
    }
    if arguments.expires < Zoned::now().date() {
        return Err(Error::usage(
            format!("{} is over already", arguments.expires),
            "name a day to come with --expires",
        ));
    }
    let mut new = Vec::new();
    let of_runs = arguments.from.iter().map(|folder| findings_of(folder)).collect::<Result<Vec<_>, _>>()?;
    let paths: Vec<&PathBuf> = arguments.findings.iter().chain(of_runs.iter().flatten()).collect();
    if paths.is_empty() {
        output::print("there is no finding, and nothing was added\n")?;
        return Ok(Exit::Conforms);
    }
    for path in paths {
        let file = replay::read(path)?;
        let (owner, reason) = (&arguments.owner, &arguments.reason);
        new.push(Deviation::of(&file.finding, &file.api, owner, reason, arguments.expires));
    }
    // Cases and scenarios of one run show the same findings.
    let mut once: Vec<Deviation> = Vec::with_capacity(new.len());
    for own in new {
        if !once.contains(&own) {
            once.push(own);
        }
    }
    let all = once.len();
    let known = deviation::add(&arguments.deviations, once)?;
    for deviation in &known {
        output::print(&format!("already accepted: {deviation}\n"))?;
    }
    let added = all - known.len();
    let path = arguments.deviations.display();
    output::print(&format!("{added} added to {path}, counting until {}\n", arguments.expires))?;
    Ok(Exit::Conforms)
}

/// The most findings of one run that are accepted at once: whoever has more has another kind of trouble.
const FINDINGS_MAX: usize = 10_000;

/// The files of all findings of a run, or of the runs of a gate, in the order of their names.
fn findings_of(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let help = "name a folder that a run was given by --output";
    let mut all = Vec::new();
    for run in folders(folder)? {
        let findings = run.join("findings");
        let entries = match std::fs::read_dir(&findings) {
            // A run without findings need not have made the folder.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.map_err(|error| Error::file("read", &findings, error, help))?,
        };
        for entry in entries.take(FINDINGS_MAX) {
            let path = entry.map_err(|error| Error::file("read", &findings, error, help))?.path();
            if path.extension().is_some_and(|end| end == "json") {
                all.push(path);
            }
        }
    }
    all.sort();
    Ok(all)
}
