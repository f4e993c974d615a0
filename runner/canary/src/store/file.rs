//! A file of `SQLite`: made, opened, refused where it is newer, moved aside where it is none.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::StoreError;

/// Bytes of a page: large enough that packed slots leave little of it empty.
const PAGE_BYTES: u32 = 8_192;
/// Memory for pages of one open file, in KiB.
const CACHE_KIB: i32 = 512;
/// So many pages of write-ahead log are taken into the file at once.
const CHECKPOINT_PAGES: u32 = 256;
/// A log that grew beyond this is cut back, in bytes.
const LOG_BYTES_MAX: u32 = 4 << 20;
/// How long one waits for another on the same file.
const BUSY_MAX: Duration = Duration::from_secs(2);
/// How a file starts, and where it says its version (<https://sqlite.org/fileformat2.html>, section 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const VERSION_AT: usize = 60;
/// The names of the files beside a file, behind its own.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What a kind of file holds.
#[derive(Debug)]
pub(super) struct Layout {
    /// `user_version` of those that are made here.
    pub(super) version: i32,
    /// What makes the tables.
    pub(super) tables: &'static str,
}

/// Whether a file can be ours, by its first bytes, so that nothing is touched.
pub(super) fn check(path: &Path, layout: &Layout) -> Result<(), StoreError> {
    let mut first = Vec::new();
    let read = File::open(path).and_then(|file| file.take(100).read_to_end(&mut first));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(StoreError::Io { doing: "read", path: path.to_owned(), source }),
        // Made, and killed before anything was in it.
        Ok(0) => return Ok(()),
        Ok(_) => {}
    }
    let version = first.get(VERSION_AT..VERSION_AT + 4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_be_bytes);
    match version.filter(|_| first.starts_with(MAGIC)) {
        None => Err(StoreError::Corrupt { path: path.to_owned(), why: "it is no SQLite file".to_owned() }),
        Some(found) if found > layout.version => {
            Err(StoreError::Newer { path: path.to_owned(), found, known: layout.version })
        }
        Some(_) => Ok(()),
    }
}

/// Opens a file for writing, and makes it where there is none.
pub(super) fn open(path: &Path, layout: &Layout) -> Result<Connection, StoreError> {
    check(path, layout)?;
    let failed = |error| StoreError::sqlite("open", path, error);
    let made = File::options().append(true).create(true).mode(0o600).open(path);
    made.map_err(|source| StoreError::Io { doing: "open", path: path.to_owned(), source })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    prepare(&connection, layout).map_err(failed)?;
    Ok(connection)
}

fn prepare(connection: &Connection, layout: &Layout) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_MAX)?;
    if connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))? == 0 {
        // Before the log is begun: so the first page of the file itself says the version from the start.
        let (tables, version) = (layout.tables, layout.version);
        connection.execute_batch(&format!(
            "PRAGMA page_size = {PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL;
             BEGIN IMMEDIATE; {tables} PRAGMA user_version = {version}; COMMIT;"
        ))?;
    }
    // A commit is on disk for good when it returns: after it the ledger forgets.
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -{CACHE_KIB};
         PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; PRAGMA journal_size_limit = {LOG_BYTES_MAX};"
    ))
}

/// Opens a file for reading; none where there is none.
pub(super) fn open_to_read(path: &Path, layout: &Layout) -> Result<Option<Connection>, StoreError> {
    check(path, layout)?;
    if fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        return Ok(None);
    }
    let failed = |error| StoreError::sqlite("open", path, error);
    // Not read-only to SQLite: whoever comes first after a crash takes in the log.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY_MAX).map_err(failed)?;
    let settings = format!("PRAGMA query_only = ON; PRAGMA cache_size = -{CACHE_KIB};");
    connection.execute_batch(&settings).map_err(failed)?;
    Ok(Some(connection))
}

/// Looks at every page of a file.
pub(super) fn examine(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found = connection.pragma_query_value(None, "quick_check", |row| row.get::<_, String>(0));
    match found {
        Ok(word) if word == "ok" => Ok(()),
        Ok(why) => Err(StoreError::Corrupt { path: path.to_owned(), why }),
        Err(error) => Err(StoreError::sqlite("examine", path, error)),
    }
}

/// Moves a file aside with what is beside it, and says where to.
pub(super) fn move_aside(path: &Path, now_ms: i64) -> Result<PathBuf, StoreError> {
    let aside = with_ending(path, &format!(".corrupt-{now_ms}"));
    let failed = |source| StoreError::Io { doing: "move aside", path: path.to_owned(), source };
    fs::rename(path, &aside).map_err(failed)?;
    for ending in BESIDE {
        // A new file must not find the log of the old one.
        let _ = fs::rename(with_ending(path, ending), with_ending(&aside, ending));
    }
    Ok(aside)
}

/// Removes a file with what is beside it.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    for ending in BESIDE {
        let _ = fs::remove_file(with_ending(path, ending));
    }
    Ok(())
}

/// Takes the log in, gives back pages that are empty, and closes the file.
pub(super) fn finish(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA incremental_vacuum;")?;
    let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
    connection.query_row(truncate, [], |_| Ok(()))
}

/// Whether the file itself is to blame.
pub(super) fn is_corrupt(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
