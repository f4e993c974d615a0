//! One file of the journal, appended to whole lines at a time.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::LedgerError;

/// How the name of a segment starts.
const PREFIX: &str = "ledger-";
/// How it ends.
const SUFFIX: &str = ".ndjson";
/// How it ends while it is made.
const UNFINISHED: &str = ".new";

/// A segment that is written.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    file: Arc<File>,
    /// Bytes up to the end of the last whole line.
    bytes: u64,
    /// Whether something may stand behind that.
    torn: bool,
}

impl Segment {
    /// Makes segment `number` of `text`; short of a power cut, half a segment is never seen.
    pub(super) fn create(folder: &Path, number: u64, text: &[u8]) -> Result<Self, LedgerError> {
        let path = folder.join(format!("{PREFIX}{number}{SUFFIX}"));
        let new = path.with_extension("new");
        let made = Self::write_new(&new, text).and_then(|file| {
            fs::rename(&new, &path).map_err(LedgerError::io("rename", &new))?;
            Ok(file)
        });
        match made {
            Ok(file) => Ok(Self { path, file: Arc::new(file), bytes: text.len() as u64, torn: false }),
            Err(error) => {
                let _ = fs::remove_file(&new);
                Err(error)
            }
        }
    }

    fn write_new(path: &Path, text: &[u8]) -> Result<File, LedgerError> {
        let failed = |source| LedgerError::io("write", path)(source);
        let _ = fs::remove_file(path);
        let mut file = File::options().append(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        file.write_all(text).map_err(failed)?;
        Ok(file)
    }

    /// Appends whole lines, or leaves the segment as it was.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<(), LedgerError> {
        let failed = |source| LedgerError::io("write", &self.path)(source);
        if self.torn {
            // Half a line would swallow the next one.
            self.file.set_len(self.bytes).map_err(failed)?;
            self.torn = false;
        }
        if let Err(error) = self.file.as_ref().write_all(lines) {
            self.torn = self.file.set_len(self.bytes).is_err();
            return Err(failed(error));
        }
        self.bytes += lines.len() as u64;
        Ok(())
    }

    /// Bytes of whole lines.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The file, to sync it by.
    pub(super) fn handle(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Where it is; it is written no more.
    pub(super) fn into_path(self) -> PathBuf {
        self.path
    }
}

/// The number of the segment of this name; none where it is no segment.
pub(super) fn number(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok()
}

/// Whether the name is that of a segment that was never finished.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(UNFINISHED)
}
