//! The file of the kill switch: read without ever waiting long, and written so that no reader sees half of it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plumb_model::text::shown;
use plumb_validator::brake::BrakeState;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::source::{NOTE_CHARACTERS_MAX, Reading, SAID_BYTES_MAX, parse};
use crate::error::Error;

/// The longest that one look at a file may take.
const READ_MAX: Duration = Duration::from_millis(250);

/// Reads the file. Where there is none, nothing is said.
pub(super) fn read(path: &Path) -> Reading {
    match bytes_of(path) {
        Ok(bytes) => parse(&bytes).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe that nobody writes to would wait for ever.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(SAID_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a file again and again; at most one look at it is ever under way.
pub(super) struct FileReader {
    path: PathBuf,
    under_way: Option<JoinHandle<Reading>>,
}

impl FileReader {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), under_way: None }
    }

    /// What the file says; a file system that does not answer is one that cannot be read.
    pub(super) async fn read(&mut self) -> Reading {
        let path = self.path.clone();
        let mut looking = self.under_way.take().unwrap_or_else(|| tokio::task::spawn_blocking(move || read(&path)));
        if let Ok(read) = timeout(READ_MAX, &mut looking).await {
            return read.unwrap_or_else(|error| Err(error.to_string()));
        }
        self.under_way = Some(looking);
        Err("the file system does not answer".to_owned())
    }
}

/// Sets the state that the file says, with who wants it so and why; [`BrakeState::Runs`] takes the file away. Readers
/// see the old state or the new one, also where this is killed half-way.
///
/// # Errors
/// Where the file cannot be written.
pub fn set(path: &Path, state: BrakeState, who: &str, reason: &str) -> Result<(), Error> {
    let help = "whoever holds the kill switch must be let write there; XDG_STATE_HOME or [kill_switch] names the place";
    let written = if state == BrakeState::Runs { remove(path) } else { write(path, &line(state, who, reason)) };
    written.map_err(|error| Error::file("write", path, error, help))
}

fn line(state: BrakeState, who: &str, reason: &str) -> String {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    let [who, reason] = [who, reason].map(|text| shown(text.trim().as_bytes(), NOTE_CHARACTERS_MAX / 2));
    format!("{state} {who} at {now}: {reason}\n")
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().ok_or_else(|| io::Error::other("it is a folder"))?;
    let new = folder.join(format!(".{}.{}.new", name.to_string_lossy(), std::process::id()));
    // One of an earlier process with our number, which was killed.
    remove(&new)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let moved = written.and_then(|()| std::fs::rename(&new, path));
    if moved.is_err() {
        _ = remove(&new);
    }
    moved.and_then(|()| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_set_is_read_and_what_is_released_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/er/kill-switch");
        assert_eq!(read(&path), Ok(None));
        set(&path, BrakeState::Halt, "alice", "the disks\nare full").expect("it is written");
        let said = read(&path).expect("it reads").expect("it says something");
        assert_eq!(said.state, BrakeState::Halt);
        assert!(said.note.starts_with("alice at 2") && said.note.ends_with("Z: the disks\\nare full"), "{}", said.note);
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        set(&path, BrakeState::Drain, "bob", "later").expect("it is replaced");
        assert_eq!(read(&path).expect("it reads").expect("it says something").state, BrakeState::Drain);
        for _ in 0..2 {
            set(&path, BrakeState::Runs, "bob", "").expect("it is taken away");
            assert_eq!(read(&path), Ok(None));
        }
        let left = std::fs::read_dir(path.parent().expect("a folder")).expect("a folder").count();
        assert_eq!(left, 0, "nothing of the writing stays");
    }

    #[test]
    fn what_cannot_be_read_is_never_taken_for_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kill-switch");
        std::fs::create_dir(&path).expect("a folder");
        assert!(read(&path).is_err(), "a folder");
        assert!(read(&folder.path().join("kill-switch/x")).is_ok(), "nothing is there");
        std::fs::remove_dir(&path).expect("it goes");
        std::fs::write(&path, "").expect("a file");
        assert!(read(&path).is_err(), "an empty file");
        assert!(read(&path.join("below")).is_err(), "below a file there is no telling");
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
        assert!(made.success() && read(&path).is_err());
    }
}
