//! Runs on the disk: a file for each, a journal of what began and ended, and a folder for what each attempt saw.
//!
//! ```text
//! lock                              held while a server uses the folder
//! journal.ndjson, journal.1.ndjson  a line before each start and behind each end
//! runs/ID.json                      a run, written whole or not at all
//! evidence/ID/ASKED-ATTEMPT/        what an attempt saw
//! discarded/                        what is about to be removed
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;

use super::ServeError;
use super::record::{Id, Record};

/// The most bytes of a run on the disk. What a larger one would hold is left out of it.
pub(super) const RECORD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most bytes of a journal, before the next is begun; one earlier is kept.
const JOURNAL_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The most files that are looked at in the folder of runs.
const FILES_MAX: usize = 100_000;

/// The folder of one server.
pub(super) struct Store {
    folder: PathBuf,
    _lock: File,
}

impl Store {
    /// Opens a folder, making it where there is none.
    pub(super) fn open(folder: &Path) -> Result<Self, ServeError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ServeError::Folder { path, source }
        };
        for folder in [folder.to_owned(), folder.join("runs"), folder.join("evidence"), folder.join("discarded")] {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed(&folder))?;
        }
        let path = folder.join("lock");
        let lock = private().write(true).open(&path).map_err(failed(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ServeError::Taken(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(ServeError::Folder { path, source }),
        }
    }

    /// Every run without its whole decision, in the order in which they were asked for. What cannot be read is set aside,
    /// and told in the log.
    pub(super) fn load(&self) -> Result<Vec<Record>, ServeError> {
        let folder = self.folder.join("runs");
        let failed = |source| ServeError::Folder { path: folder.clone(), source };
        let mut records = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)?.take(FILES_MAX) {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            match read(&path) {
                Ok(mut record) => {
                    record.forget_decision();
                    records.push(record);
                }
                Err(why) => {
                    tracing::error!(path = %path.display(), %why, "failed to read a run; it is set aside");
                    let _ = fs::rename(&path, path.with_extension("unreadable"));
                }
            }
        }
        records.sort_by_key(|record| record.asked);
        Ok(records)
    }

    /// Reads one run with its whole decision.
    pub(super) fn read(&self, id: &Id) -> Result<Record, String> {
        read(&self.file(id))
    }

    /// Writes a run: whole or not at all.
    pub(super) fn write(&self, record: &Record) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(record)?;
        if bytes.len() > RECORD_BYTES_MAX {
            let mut shorter = record.clone();
            shorter.forget_decision();
            bytes = serde_json::to_vec_pretty(&shorter)?;
        }
        let path = self.file(&record.id());
        let beside = path.with_extension("new");
        let mut file = private().write(true).truncate(true).open(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        // The name is safe only with its folder.
        File::open(self.folder.join("runs"))?.sync_all()
    }

    /// Adds a line to the journal, and to the disk.
    pub(super) fn note(&self, now: Timestamp, what: &str, record: &Record) -> io::Result<()> {
        let path = self.folder.join("journal.ndjson");
        if fs::metadata(&path).is_ok_and(|meta| meta.len() > JOURNAL_BYTES_MAX) {
            fs::rename(&path, self.folder.join("journal.1.ndjson"))?;
        }
        let (gate, key, attempt) = (&record.gate, &record.key, record.attempts.len());
        let mut line = json!({"at": now, "what": what, "gate": gate, "key": key, "attempt": attempt}).to_string();
        line.push('\n');
        let mut file = private().append(true).open(&path)?;
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }

    /// The folder for what the newest attempt of a run sees.
    pub(super) fn evidence(&self, record: &Record) -> PathBuf {
        let name = format!("{}-{}", record.asked.as_millisecond(), record.attempts.len());
        self.folder.join("evidence").join(record.id().as_str()).join(name)
    }

    /// Makes the folder in which that of every attempt is.
    pub(super) fn make_room(&self, record: &Record) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(self.folder.join("evidence").join(record.id().as_str()))
    }

    /// Takes a run off the shelf. What it saw is moved aside, for removing it may take long: that does [`Store::sweep`].
    pub(super) fn discard(&self, record: &Record) -> io::Result<()> {
        let id = record.id();
        let aside = format!("{}-{}", id.as_str(), record.asked.as_millisecond());
        match fs::rename(self.folder.join("evidence").join(id.as_str()), self.folder.join("discarded").join(aside)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        match fs::remove_file(self.file(&id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes what was discarded.
    pub(super) fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.folder.join("discarded")) else { return };
        for entry in entries.take(FILES_MAX).flatten() {
            if let Err(error) = fs::remove_dir_all(entry.path())
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(path = %entry.path().display(), %error, "failed to remove what a run saw");
            }
        }
    }

    fn file(&self, id: &Id) -> PathBuf {
        self.folder.join("runs").join(id.as_str()).with_extension("json")
    }
}

/// How files are opened here: made where there is none, for nobody else to read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    options
}

fn read(path: &Path) -> Result<Record, String> {
    let bytes_max = RECORD_BYTES_MAX as u64;
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(format!("it has more than {RECORD_BYTES_MAX} bytes"));
    }
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let named = path.file_stem().is_some_and(|stem| stem == record.id().as_str());
    if record.is_known() && named { Ok(record) } else { Err("it is of another schema, or of another run".to_owned()) }
}
