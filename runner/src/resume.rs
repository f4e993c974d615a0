//! Goes on with a run that was cut short: what conformed is kept, everything else is run again.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use plumb_model::call::Case;

use crate::error::Error;
use crate::events::{CaseDone, EVENTS_SCHEMA, Event, RunStarted};

/// The longest line that is read, in bytes.
const LINE_BYTES_MAX: usize = 16 << 20;
/// The most cases of an earlier run that are kept.
const KEPT_MAX: usize = 5_000_000;

/// What an earlier run left in its folder.
#[derive(Debug)]
pub struct Earlier {
    /// The folder.
    pub folder: PathBuf,
    /// How it began.
    pub started: RunStarted,
    /// The cases that conformed. A divergence is to be confirmed and what was unclear may have become clear, so that
    /// those cases are run again.
    pub kept: Vec<CaseDone>,
    ids: BTreeSet<String>,
}

impl Earlier {
    /// Reads the events in a folder. A last line that was not written to its end is left out.
    ///
    /// # Errors
    /// Where there are no events of this version, or a line in the middle is none.
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let mut lines = Lines::open(folder)?;
        let Some(Event::RunStarted(started)) = lines.next_event()? else {
            return Err(lines.wrong("it does not begin with the start of a run"));
        };
        if started.schema != EVENTS_SCHEMA {
            return Err(lines.wrong(&format!("its schema is {:?}, this build reads {EVENTS_SCHEMA:?}", started.schema)));
        }
        let (mut kept, mut ids) = (Vec::new(), BTreeSet::new());
        while let Some(event) = lines.next_event()? {
            if let Event::CaseDone(done) = event
                && done.verdict == "conforms"
                && kept.len() < KEPT_MAX
                && ids.insert(done.case.clone())
            {
                kept.push(done);
            }
        }
        Ok(Self { folder: folder.to_owned(), started, kept, ids })
    }

    /// Whether a run that begins so sends the same cases to the same target.
    ///
    /// # Errors
    /// Where it does not: what is different.
    pub fn check(&self, begins: &RunStarted) -> Result<(), Error> {
        let pair = |name, own: &str, other: &str| (name, own.to_owned(), other.to_owned());
        let (own, new) = (&self.started, begins);
        let seeds = [own, new].map(|run| run.seed.to_string());
        let cases = [own, new].map(|run| serde_json::to_string(&run.cases).unwrap_or_default());
        let facts = [
            pair("version", &own.version, &new.version),
            pair("API", &own.api, &new.api),
            pair("flavour", &own.flavour, &new.flavour),
            pair("endpoint", &own.endpoint, &new.endpoint),
            pair("seed", &seeds[0], &seeds[1]),
            pair("choice of cases", &cases[0], &cases[1]),
        ];
        match facts.into_iter().find(|(_, own, new)| own != new) {
            None => Ok(()),
            Some((name, own, new)) => Err(Error::usage(
                format!("{} holds another run: its {name} is {own}, not {new}", self.folder.display()),
                "resume with the options of that run, or begin a new one with --output",
            )),
        }
    }

    /// Whether a case need not be run again.
    pub fn has(&self, case: &Case) -> bool {
        self.ids.contains(&case.id())
    }
}

/// The events of a run, in its folder.
pub(crate) const EVENTS: &str = "events.ndjson";

/// The lines of a file of events.
pub(crate) struct Lines {
    reader: BufReader<File>,
    path: PathBuf,
    number: u64,
}

impl Lines {
    /// Those of the run in a folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(EVENTS);
        let help = "name the folder that an earlier run was given by --output";
        let file = File::open(&path).map_err(|error| Error::file("read", &path, error, help))?;
        Ok(Self { reader: BufReader::new(file), path, number: 0 })
    }

    /// The next event; none at the end, or where the last line was cut off.
    pub(crate) fn next_event(&mut self) -> Result<Option<Event>, Error> {
        let mut line = Vec::new();
        self.number += 1;
        let read = self.reader.read_until(b'\n', &mut line);
        read.map_err(|error| Error::file("read", &self.path, error, "can the file be read?"))?;
        if !line.ends_with(b"\n") {
            return Ok(None);
        }
        if line.len() > LINE_BYTES_MAX {
            return Err(self.wrong(&format!("it is longer than {LINE_BYTES_MAX} bytes")));
        }
        serde_json::from_slice(&line).map(Some).map_err(|error| self.wrong(&error.to_string()))
    }

    /// An error at the line that was read last.
    pub(crate) fn wrong(&self, why: &str) -> Error {
        Error::usage(
            format!("failed to read line {} of {}: {why}", self.number, self.path.display()),
            "name the folder of a run of this version that was given by --output",
        )
    }
}
