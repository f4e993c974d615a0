//! The file with the overrides: read whole, and only ever added to.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use toml::Value;

use super::entry::{Entry, Mistake, parse};
use super::{OVERRIDES_BYTES_MAX, OVERRIDES_FILE};

/// How often it is asked whether somebody else is done with the file.
const LOCK_TRIES: u32 = 100;
/// How long between two such questions.
const LOCK_WAIT: Duration = Duration::from_millis(20);

/// Why overrides could not be read or added.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not as it must be.
    #[error("read the overrides in {path}: {mistake}", path = path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What it holds, for a caret under the place.
        text: String,
        /// What is wrong with it.
        mistake: Mistake,
    },
    /// The new entry is not as it must be.
    #[error("add the override: {0}")]
    Refused(Mistake),
    /// The file cannot be read.
    #[error("read the overrides in {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written. It is as it was.
    #[error("add the override to {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is too long.
    #[error("read the overrides in {path}: it has more than {OVERRIDES_BYTES_MAX} bytes", path = path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// What to do about it.
    pub fn help(&self) -> &str {
        match self {
            Self::Wrong { mistake, .. } | Self::Refused(mistake) => &mistake.help,
            Self::Read { .. } => "name another file, or let this user read it",
            Self::Write { .. } => "nothing was changed: let this user write into the folder, and try again",
            Self::TooLong { .. } => "move entries that are over to another file: they count for nothing",
        }
    }
}

/// The entries in `path`, or in [`OVERRIDES_FILE`] where there is one.
///
/// # Errors
/// Where the named file is not there, or what is in it is not as it must be.
pub fn load(path: Option<&Path>) -> Result<Vec<Entry>, Error> {
    let named = path.is_some();
    let path = path.unwrap_or(Path::new(OVERRIDES_FILE));
    match read(path)? {
        Some(text) => entries(path, &text),
        None if named => Err(Error::Read { path: path.to_owned(), source: io::ErrorKind::NotFound.into() }),
        None => Ok(Vec::new()),
    }
}

/// Adds `entry` at the end of the file at `path`, which is made where there is none. Whatever is in it stays as it is, byte
/// by byte; afterwards the entry is in it whole, or the file is as it was.
///
/// # Errors
/// Where the entry is not as it must be, or the file is not, or cannot be written.
pub fn add(path: &Path, entry: &Entry) -> Result<(), Error> {
    entry.check().map_err(Error::Refused)?;
    let refused = |source| Error::Write { path: path.to_owned(), source };
    // A link stays one: what it points to is replaced.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _lock = lock(folder).map_err(refused)?;
    let text = read(path)?.unwrap_or_default();
    let before = entries(path, &text)?;
    let longer = format!("{text}{}", addition(&text, entry));
    if longer.len() as u64 > OVERRIDES_BYTES_MAX {
        return Err(Error::TooLong { path: path.clone() });
    }
    // What is about to be written must read as what it is meant to be.
    let after = entries(path, &longer)?;
    if after.split_last() != Some((entry, &before[..])) {
        return Err(refused(io::Error::other("with the entry the file would read as something else")));
    }
    replace(path, folder, &longer).map_err(refused)
}

fn entries(path: &Path, text: &str) -> Result<Vec<Entry>, Error> {
    parse(text).map_err(|mistake| Error::Wrong { path: path.to_owned(), text: text.to_owned(), mistake })
}

/// The text of the file; nothing where there is none.
fn read(path: &Path) -> Result<Option<String>, Error> {
    let refused = |source| Error::Read { path: path.to_owned(), source };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(refused)?,
    };
    let mut text = String::new();
    file.take(OVERRIDES_BYTES_MAX + 1).read_to_string(&mut text).map_err(refused)?;
    if text.len() as u64 > OVERRIDES_BYTES_MAX { Err(Error::TooLong { path: path.to_owned() }) } else { Ok(Some(text)) }
}

/// The entry as TOML, to stand after `text`.
fn addition(text: &str, entry: &Entry) -> String {
    let quoted = |text: &str| Value::String(text.to_owned()).to_string();
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let gap = if text.is_empty() { "" } else { "\n" };
    let version = entry.version.as_ref().map(|version| format!("version = {}\n", quoted(version))).unwrap_or_default();
    format!(
        "{end}{gap}[[override]]\ngate = {}\nwho = {}\nwhy = {}\nmade = {}\nuntil = {}\n{version}",
        quoted(&entry.gate),
        quoted(&entry.who),
        quoted(&entry.why),
        entry.made,
        entry.until
    )
}

/// Nobody else adds to a file in `folder` while this is held. The folder is locked and not the file, which is replaced.
/// Where the file system knows no locks, things go on without.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let Ok(file) = File::open(folder) else { return Ok(None) };
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_WAIT),
        }
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "somebody else is adding to a file in the folder"))
}

/// Whole or not at all: written beside, brought to the disk, then moved.
fn replace(path: &Path, folder: &Path, text: &str) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{}.new", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let beside = folder.join(name);
    let done = write(&beside, path, text).and_then(|()| fs::rename(&beside, path));
    if done.is_err() {
        // It may not be there at all; the error that counts is the first one.
        let _ = fs::remove_file(&beside);
        return done;
    }
    // The move itself is on the disk when its folder is; where that cannot be asked for, it is there soon.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn write(beside: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(beside)?;
    if let Ok(own) = fs::metadata(path) {
        file.set_permissions(own.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
