//! Where results go: the run folder, standard output, the HTML file.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Zoned;
use plumb_validator::finding::{Finding, REPLAY_VERSION, Replay};
use serde::Serialize;

use crate::deviation::Deviation;
use crate::error::Error;
use crate::events::{Event, RunStarted};
use crate::resume::EVENTS;
use crate::run::shell_word;

/// The folder for findings where none is named.
pub(crate) const DEFAULT_FOLDER: &str = "plumb-runs";
const REMEDY: &str = "choose another folder with --output DIR";

/// Those of a run that resumes another, until it has taken in what that one had.
const BESIDE: &str = "events.ndjson.new";

/// What runs, as the files that replay its findings tell it.
#[derive(Debug, Clone)]
pub struct About {
    /// The id of the run.
    pub run: String,
    /// The API.
    pub api: String,
    /// The flavour of the API.
    pub flavour: String,
    /// The name of the target.
    pub target: String,
}

impl About {
    /// What a run of cases tells of itself.
    pub fn of(started: &RunStarted) -> Self {
        let RunStarted { run, api, flavour, target, .. } = started.clone();
        Self { run, api, flavour, target }
    }
}

/// Where results are wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whether each event is printed as it comes.
    pub streams: bool,
    /// A file for a report as a page.
    pub html: Option<PathBuf>,
    /// A folder in which everything is kept; without one, findings only.
    pub folder: Option<PathBuf>,
    /// Whether the folder holds a run that this one goes on with.
    pub resumes: bool,
}

/// Where the results of one run go.
pub struct Output {
    wanted: Wanted,
    folder: PathBuf,
    /// Whether the folder was not there before.
    is_new: bool,
    events: Option<BufWriter<File>>,
    /// Whether the events stand beside those of the run that this one resumes, until they are no fewer.
    is_beside: bool,
    about: About,
}

impl Output {
    /// Checks before the run that everything can be written.
    pub fn open(wanted: Wanted, about: About) -> Result<Self, Error> {
        let (keep_all, is_beside) = (wanted.folder.is_some(), wanted.resumes);
        let folder = wanted.folder.clone().unwrap_or_else(|| Path::new(DEFAULT_FOLDER).join(&about.run));
        let is_new = !folder.exists();
        let mut events = None;
        let default = Path::new(DEFAULT_FOLDER);
        if !keep_all && default.exists() && !default.is_dir() {
            return Err(Error::file("make", default, std::io::ErrorKind::NotADirectory.into(), REMEDY));
        }
        if keep_all {
            make_folder(&folder.join("findings"))?;
            let path = folder.join(EVENTS);
            if path.exists() && !is_beside {
                let exists = std::io::Error::other("it holds the events of another run");
                let help = "choose another folder with --output DIR, or go on with that run with --resume DIR";
                return Err(Error::file("write", path, exists, help));
            }
            events = Some(BufWriter::new(create(&if is_beside { folder.join(BESIDE) } else { path })?));
        }
        if let Some(path) = &wanted.html {
            probe(path)?;
        }
        Ok(Self { wanted, folder, is_new, events, is_beside, about })
    }

    /// A place for findings and nothing else, made once there is one.
    pub fn of_findings(folder: PathBuf, about: About) -> Self {
        let wanted = Wanted { streams: false, html: None, folder: None, resumes: false };
        Self { wanted, folder, is_new: false, events: None, is_beside: false, about }
    }

    /// The events of the run that this one resumes are all in its own now, which take their place.
    pub fn replace_earlier(&mut self) -> Result<(), Error> {
        let Some(events) = self.events.as_mut().filter(|_| self.is_beside) else { return Ok(()) };
        let moved = events.flush().and_then(|()| std::fs::rename(self.folder.join(BESIDE), self.folder.join(EVENTS)));
        moved.map_err(|error| self.refused(EVENTS, error))?;
        self.is_beside = false;
        Ok(())
    }

    /// Takes away what [`Output::open`] made, where the run never began. What is not empty stays.
    pub fn discard(self) {
        if self.events.is_some() {
            _ = std::fs::remove_file(self.folder.join(if self.is_beside { BESIDE } else { EVENTS }));
            _ = std::fs::remove_dir(self.folder.join("findings"));
        }
        if self.is_new {
            _ = std::fs::remove_dir(&self.folder);
        }
    }

    /// Takes one event: the file and, where asked for, standard output.
    pub fn event(&mut self, event: &Event) -> Result<(), Error> {
        if let Some(events) = &mut self.events {
            write_line(events, event).map_err(|error| self.refused(EVENTS, error))?;
        }
        if self.wanted.streams {
            printed(write_line(&mut std::io::stdout().lock(), event))?;
        }
        Ok(())
    }

    /// Completes a finding with who accepts it and the command that replays it, and writes the file for that command.
    /// `options` name the target again.
    pub fn keep_finding(&self, finding: &mut Finding, deviations: &[Deviation], options: &str) -> Result<(), Error> {
        let today = Zoned::now().date();
        let accepted = deviations.iter().find(|own| own.accepts(finding, &self.about.api, today));
        finding.accepted_by = accepted.map(|own| format!("{}: {} (until {})", own.owner, own.reason, own.expires));
        let folder = self.folder.join("findings");
        let path = folder.join(format!("{}.json", finding.id));
        finding.replay = format!("plumb replay {}{options}", shell_word(&path.display().to_string()));
        make_folder(&folder)?;
        let replay = Replay {
            plumb_replay: REPLAY_VERSION,
            api: self.about.api.clone(),
            flavour: self.about.flavour.clone(),
            target: self.about.target.clone(),
            diverges: finding.signature.rsplit_once(" [").map_or("", |(coarse, _)| coarse).to_owned(),
            finding: finding.clone(),
        };
        write_json(&path, &replay)
    }

    /// Writes the reports of a run that is over, and prints `text`.
    pub fn finish(mut self, json: &serde_json::Value, page: &dyn Fn() -> String, text: &str) -> Result<(), Error> {
        if let Some(mut events) = self.events.take() {
            events.flush().map_err(|error| self.refused(EVENTS, error))?;
        }
        if self.wanted.folder.is_some() {
            write_json(&self.folder.join("run.json"), json)?;
            eprintln!("run.json, events.ndjson and findings are in {}", self.folder.display());
        }
        if let Some(path) = &self.wanted.html {
            write_whole(path, page().as_bytes())?;
            eprintln!("the report is in {}", path.display());
        }
        print(text)
    }

    fn refused(&self, name: &str, error: std::io::Error) -> Error {
        Error::file("write", self.folder.join(name), error, REMEDY)
    }
}

/// Prints on standard output.
pub fn print(text: &str) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    printed(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Prints lines as they come, each at once. It is false where the reader wanted no more before the last.
pub fn print_lines(lines: impl Iterator<Item = Result<String, Error>>) -> Result<bool, Error> {
    let mut stdout = std::io::stdout().lock();
    for line in lines {
        match stdout.write_all((line? + "\n").as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(false),
            written => printed(written)?,
        }
    }
    Ok(true)
}

/// A reader that wants no more is nobody's fault.
fn printed(written: std::io::Result<()>) -> Result<(), Error> {
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::Internal(format!("write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn write_line(to: &mut impl std::io::Write, event: &Event) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    to.write_all(&line)
}

/// Makes a folder that only its owner can read.
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| Error::file("make", path, error, REMEDY))
}

/// Checks that a file can be written at `path`, and leaves what is there as it is.
pub(crate) fn probe(path: &Path) -> Result<(), Error> {
    let refused = |error| Error::file("write", path, error, "choose another place");
    if path.is_dir() {
        return Err(refused(std::io::ErrorKind::IsADirectory.into()));
    }
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600).open(&beside).map_err(refused)?;
    std::fs::remove_file(beside).map_err(refused)
}

fn create(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    let opened = options.create(true).write(true).truncate(true).mode(0o600).open(path);
    opened.map_err(|error| Error::file("write", path, error, "choose another place"))
}

/// Writes a file that only its owner can read, whole or not at all.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| Error::Internal(format!("write {}: {error}", path.display())))?;
    text.push(b'\n');
    write_whole(path, &text)
}

/// Whole or not at all: written beside, then moved.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let beside = path.with_extension("new");
    let refused = |error| Error::file("write", path, error, "is there room on the disk?");
    create(&beside)?.write_all(bytes).map_err(refused)?;
    std::fs::rename(&beside, path).map_err(refused)
}
