//! What one run has shown of one target: gathered now, or read from what an earlier run has left.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::error::Error;
use crate::events::{Event, RunStarted, TestsStarted};
use crate::report::Report;
use crate::report::features::FeatureReport;
use crate::resume::{EVENTS, Lines};

/// What one run has shown of one target.
pub struct Evidence {
    /// The name of the target.
    pub target: String,
    /// What was looked at.
    pub shown: Shown,
    /// Why not all of it is kept where it should be.
    pub unkept: Option<String>,
    /// The folder that it was read from; none where it was gathered by this gate.
    pub from: Option<PathBuf>,
}

/// What a run has shown.
pub enum Shown {
    /// Generated and kept cases.
    Suites(Box<Report>),
    /// Features.
    Features(Box<FeatureReport>),
    /// Nothing, because it could not begin: what it should have been, and why not.
    Nothing(&'static str, String),
}

/// What a run tells of itself.
pub struct Told<'e> {
    /// Its id.
    pub run: &'e str,
    /// The version of the binary.
    pub version: &'e str,
    /// The API.
    pub api: &'e str,
    /// The digest of the model.
    pub model: &'e str,
    /// The endpoint.
    pub endpoint: &'e str,
    /// The flavour.
    pub flavour: &'e str,
    /// The address that was connected to instead of what the name of the endpoint resolves to.
    pub connected_to: Option<&'e str>,
    /// When it began, ISO 8601.
    pub started: &'e str,
    /// The versions that the target told.
    pub versions: &'e [String],
}

impl Evidence {
    /// What the run tells of itself; none where it could not begin.
    pub fn told(&self) -> Option<Told<'_>> {
        match &self.shown {
            Shown::Suites(report) => {
                Some(of_cases(&report.started, versions_of(report.ended.as_ref().map(|own| &own.versions))))
            }
            Shown::Features(report) => {
                Some(of_features(&report.started, versions_of(report.ended.as_ref().map(|own| &own.versions))))
            }
            Shown::Nothing(..) => None,
        }
    }

    /// When the run began.
    pub fn began(&self) -> Option<Timestamp> {
        self.told()?.started.parse().ok()
    }

    /// How many cases and scenarios were judged.
    pub fn executed(&self) -> u64 {
        match &self.shown {
            Shown::Suites(report) => report.counts.conforms + report.counts.diverges,
            Shown::Features(report) => {
                let counts = report.counts();
                counts.passed_in_all() + counts.failed_in_all()
            }
            Shown::Nothing(..) => 0,
        }
    }

    /// How many requests were sent.
    pub fn exchanges(&self) -> u64 {
        match &self.shown {
            Shown::Suites(report) => report.counts.exchanges,
            Shown::Features(report) => report.calls.calls,
            Shown::Nothing(..) => 0,
        }
    }

    /// Why it ended before everything was run, where it did.
    pub fn early(&self) -> Option<&str> {
        match &self.shown {
            Shown::Suites(report) => report.ended.as_ref()?.early.as_deref(),
            Shown::Features(report) => report.ended.as_ref()?.early.as_deref(),
            Shown::Nothing(..) => None,
        }
    }

    /// How many things could not be removed.
    pub fn resources_left(&self) -> usize {
        match &self.shown {
            Shown::Suites(report) => report.ended.as_ref().map_or(0, |ended| ended.resources_left.len()),
            Shown::Features(report) => report.ended.as_ref().map_or(0, |ended| ended.resources_left.len()),
            Shown::Nothing(..) => 0,
        }
    }

    /// Whether somebody stopped it.
    pub fn interrupted(&self) -> bool {
        match &self.shown {
            Shown::Suites(report) => report.interrupted(),
            Shown::Features(report) => report.interrupted(),
            Shown::Nothing(..) => false,
        }
    }

    /// Reads what a run left in its folder by `--output`.
    ///
    /// # Errors
    /// Where there are no events of this version, or a line in the middle is none.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let mut lines = Lines::open(folder)?;
        let first = lines.next_event()?;
        let mut evidence = match &first {
            Some(Event::RunStarted(started)) => {
                Self::read(&started.target, Shown::Suites(Box::new(Report::new(started.clone()))))
            }
            Some(Event::TestsStarted(started)) => {
                Self::read(&started.target, Shown::Features(Box::new(FeatureReport::new(started.clone()))))
            }
            _ => return Err(lines.wrong("it does not begin with the start of a run")),
        };
        evidence.from = Some(folder.to_owned());
        while let Some(event) = lines.next_event()? {
            match &mut evidence.shown {
                Shown::Suites(report) => report.apply(&event),
                Shown::Features(report) => report.apply(&event),
                Shown::Nothing(..) => {}
            }
        }
        Ok(evidence)
    }

    fn read(target: &str, shown: Shown) -> Self {
        Self { target: target.to_owned(), shown, unkept: None, from: None }
    }
}

/// The folders of runs in `folder`: itself, or those below it, as a gate leaves them.
///
/// # Errors
/// Where there is none.
pub fn folders(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    walk(folder, DEPTH_MAX, &mut found)?;
    found.sort();
    if found.is_empty() {
        let missing =
            std::io::Error::new(std::io::ErrorKind::NotFound, format!("there is no {EVENTS} in it or below it"));
        return Err(Error::file("read", folder, missing, HELP));
    }
    Ok(found)
}

/// How far below the folder of a gate those of its runs are: `TARGET/suites`.
const DEPTH_MAX: usize = 2;
/// The most entries of a folder that are looked at.
const ENTRIES_MAX: usize = 10_000;
const HELP: &str = "name a folder that a run was given by --output, and that this user can read";

/// A folder that cannot be read may hold what would not pass, so that it is an error and not left out.
fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let refused = |error| Error::file("read", folder, error, HELP);
    let entries = std::fs::read_dir(folder).map_err(refused)?;
    let mut below = Vec::new();
    for (count, entry) in entries.enumerate() {
        let entry = entry.map_err(refused)?;
        if entry.file_name() == EVENTS {
            found.push(folder.to_owned());
            return Ok(());
        }
        if count == ENTRIES_MAX {
            return Err(refused(std::io::Error::other(format!("it has more than {ENTRIES_MAX} entries"))));
        }
        // A link may lead anywhere, also in a circle.
        if entry.file_type().map_err(refused)?.is_dir() {
            below.push(entry.path());
        }
    }
    if depth > 0 {
        below.iter().try_for_each(|folder| walk(folder, depth - 1, found))?;
    }
    Ok(())
}

fn versions_of(versions: Option<&Vec<String>>) -> &[String] {
    versions.map_or(&[], Vec::as_slice)
}

fn of_cases<'e>(started: &'e RunStarted, versions: &'e [String]) -> Told<'e> {
    Told {
        run: &started.run,
        version: &started.version,
        api: &started.api,
        model: &started.model,
        endpoint: &started.endpoint,
        flavour: &started.flavour,
        connected_to: started.connected_to.as_deref(),
        started: &started.started,
        versions,
    }
}

fn of_features<'e>(started: &'e TestsStarted, versions: &'e [String]) -> Told<'e> {
    Told {
        run: &started.run,
        version: &started.version,
        api: &started.api,
        model: &started.model,
        endpoint: started.endpoint.as_deref().unwrap_or_default(),
        flavour: &started.flavour,
        connected_to: started.connected_to.as_deref(),
        started: &started.started,
        versions,
    }
}
