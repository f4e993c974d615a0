//! The journal: what a run is about to create, written and synced before it is created.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use plumb_model::text::shown;
use serde::{Deserialize, Serialize};

use crate::names::RunId;

/// The version of the journal's format.
pub const JOURNAL_VERSION: u32 = 1;
/// The largest journal that is read, in bytes.
pub const JOURNAL_BYTES_MAX: u64 = 256 << 20;

/// Something that a run made, and who made it: only who made a thing is sure to be let remove it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Made {
    /// What it is, a word of the API.
    pub kind: String,
    /// Its name.
    pub name: Bytes,
    /// The name of the identity that made it; none means the target's first.
    pub actor: Option<String>,
}

impl Made {
    /// Whether both are one thing, whoever made it.
    pub fn is_same_thing(&self, other: &Self) -> bool {
        self.kind == other.kind && self.name == other.name
    }
}

/// A part of something that is not a run's to remove: what lies inside under names that start with the prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// What it is a part of, a word of the API.
    pub kind: String,
    /// The name of that.
    pub name: Bytes,
    /// How the names of everything in the part start.
    pub prefix: Bytes,
    /// The name of the identity that owns the whole; none means the target's first.
    pub actor: Option<String>,
    /// The number of the lease, higher than that of every earlier one of the run.
    pub token: u64,
    /// When the lease ends by itself, in milliseconds since 1970.
    pub expires_ms: i64,
}

impl Part {
    /// How the prefixes of everything start that the run with this marker lends in part.
    pub(crate) fn start(marker: &str) -> String {
        format!("{marker}/")
    }

    /// Whether it was lent by this run: only then may it be emptied.
    pub fn is_of(&self, run: &RunId) -> bool {
        let start = Self::start(&run.marker());
        self.prefix.len() > start.len() && self.prefix.starts_with(start.as_bytes())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} below {}", self.kind, shown(&self.name, 80), shown(&self.prefix, 80))
    }
}

/// The first line of a journal: whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format.
    pub plumb_journal: u32,
    /// The id of the run.
    pub run: String,
    /// The API.
    pub api: String,
    /// The name of the target.
    pub target: String,
    /// Its endpoint.
    pub endpoint: String,
    /// When the run began, in seconds since 1970.
    pub started_s: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    /// About to be created.
    Create {
        kind: String,
        name: String,
        /// Who creates it; none means the target's first identity, as in journals that know of no other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<String>,
    },
    /// Removed again, as the server said.
    Removed { kind: String, name: String },
    /// About to be lent in part, and not to be removed.
    Lend {
        kind: String,
        name: String,
        prefix: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<String>,
        token: u64,
        expires_ms: i64,
    },
    /// That part was emptied.
    Emptied { kind: String, name: String, prefix: String },
}

/// Why a journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("write journal {path}: {error}")]
    Io {
        /// The journal's path.
        path: PathBuf,
        /// What was said.
        error: io::Error,
    },
    /// The file is no journal of this version.
    #[error("read journal {path}: {reason}")]
    Format {
        /// The journal's path.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// The journal of a live run. The file stays locked until it is dropped.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// Begins the journal of a run in `folder`, which is made where it is missing.
    pub fn begin(folder: &Path, header: &Header) -> Result<Self, JournalError> {
        let path = folder.join(format!("{}.ndjson", header.run));
        let refused = |error| JournalError::Io { path: path.clone(), error };
        std::fs::create_dir_all(folder).map_err(refused)?;
        let mut options = OpenOptions::new();
        let mut file = options.create_new(true).append(true).mode(0o600).open(&path).map_err(refused)?;
        file.lock().map_err(refused)?;
        write_line(&mut file, header).map_err(refused)?;
        file.sync_all().map_err(refused)?;
        Ok(Self { file: Mutex::new(file), path })
    }

    /// Takes up the journal of a run that is over, to note what is removed now.
    pub fn resume(path: &Path) -> Result<Self, JournalError> {
        let refused = |error| JournalError::Io { path: path.to_owned(), error };
        let file = OpenOptions::new().append(true).open(path).map_err(refused)?;
        file.lock().map_err(refused)?;
        Ok(Self { file: Mutex::new(file), path: path.to_owned() })
    }

    /// Notes that something is about to be created, and waits until the disk has it.
    pub fn creating(&self, made: &Made) -> Result<(), JournalError> {
        let Made { kind, name, actor } = made.clone();
        self.append(&Entry::Create { kind, name: BASE64.encode(name), actor }, true)
    }

    /// Notes that something is gone.
    pub fn removed(&self, kind: &str, name: &[u8]) -> Result<(), JournalError> {
        self.append(&Entry::Removed { kind: kind.to_owned(), name: BASE64.encode(name) }, false)
    }

    /// Notes that a part of something is about to be lent that is not the run's to remove, and waits until the disk has
    /// it.
    pub fn lending(&self, part: &Part) -> Result<(), JournalError> {
        let Part { kind, name, prefix, actor, token, expires_ms } = part.clone();
        let (name, prefix) = (BASE64.encode(name), BASE64.encode(prefix));
        self.append(&Entry::Lend { kind, name, prefix, actor, token, expires_ms }, true)
    }

    /// Notes that nothing is left in that part.
    pub fn emptied(&self, part: &Part) -> Result<(), JournalError> {
        let (name, prefix) = (BASE64.encode(&part.name), BASE64.encode(&part.prefix));
        self.append(&Entry::Emptied { kind: part.kind.clone(), name, prefix }, false)
    }

    /// Ends the journal: the file is taken away, because nothing is left to sweep.
    pub fn finish_clean(&self) -> Result<(), JournalError> {
        std::fs::remove_file(&self.path).map_err(|error| JournalError::Io { path: self.path.clone(), error })
    }

    fn append(&self, entry: &Entry, sync: bool) -> Result<(), JournalError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = write_line(&mut file, entry).and_then(|()| if sync { file.sync_data() } else { Ok(()) });
        written.map_err(|error| JournalError::Io { path: self.path.clone(), error })
    }
}

fn write_line(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text)
}

/// What a finished or dead run left behind, by its journal.
#[derive(Debug)]
pub struct Leftovers {
    /// The journal's path.
    pub path: PathBuf,
    /// Whose it is.
    pub header: Header,
    /// What was created and not removed. What two identities may have created is told for each.
    pub resources: Vec<Made>,
    /// What was lent in part and not emptied. The wholes are not the run's to remove.
    pub parts: Vec<Part>,
}

/// Reads every journal in `folder` whose run is over. Journals of live runs are left alone.
pub fn leftovers(folder: &Path) -> Result<Vec<Leftovers>, JournalError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "ndjson"));
    paths.sort();
    paths.iter().filter_map(|path| read(path).transpose()).collect()
}

fn read(path: &Path) -> Result<Option<Leftovers>, JournalError> {
    let refused = |error| JournalError::Io { path: path.to_owned(), error };
    let format = |reason: String| JournalError::Format { path: path.to_owned(), reason };
    let file = File::open(path).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(refused(error)),
    }
    let mut reader = BufReader::new(file.take(JOURNAL_BYTES_MAX));
    let mut first = String::new();
    reader.read_line(&mut first).map_err(refused)?;
    // The header is on the disk before the first entry: where it is torn, the run was killed and had made nothing.
    if !first.ends_with('\n') {
        return Ok(None);
    }
    let lines = reader.lines();
    let header: Header = serde_json::from_str(&first).map_err(|error| format(format!("line 1: {error}")))?;
    if header.plumb_journal != JOURNAL_VERSION {
        return Err(format(format!("its version is {}, this build reads {JOURNAL_VERSION}", header.plumb_journal)));
    }
    let mut left = Leftovers { path: path.to_owned(), header, resources: Vec::new(), parts: Vec::new() };
    let mut resources: BTreeSet<Made> = BTreeSet::new();
    for line in lines {
        // The last line of a run that was killed may be torn; its resource was never asked for.
        let Ok(entry) = serde_json::from_str(&line.map_err(refused)?) else { continue };
        left.take(entry, &mut resources);
    }
    left.resources = resources.into_iter().collect();
    Ok(Some(left))
}

impl Leftovers {
    fn take(&mut self, entry: Entry, resources: &mut BTreeSet<Made>) {
        let decoded = |name: String| BASE64.decode(name).map(Bytes::from).unwrap_or_default();
        match entry {
            Entry::Create { kind, name, actor } => _ = resources.insert(Made { kind, name: decoded(name), actor }),
            Entry::Removed { kind, name } => {
                let name = decoded(name);
                resources.retain(|made| made.kind != kind || made.name != name);
            }
            Entry::Lend { kind, name, prefix, actor, token, expires_ms } => {
                let (name, prefix) = (decoded(name), decoded(prefix));
                self.parts.push(Part { kind, name, prefix, actor, token, expires_ms });
            }
            Entry::Emptied { kind, name, prefix } => {
                let (name, prefix) = (decoded(name), decoded(prefix));
                self.parts.retain(|part| part.kind != kind || part.name != name || part.prefix != prefix);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        let text = |text: &str| text.to_owned();
        let (api, target, endpoint) = (text("kv"), text("t"), text("http://127.0.0.1:1"));
        Header { plumb_journal: JOURNAL_VERSION, run: text("aaaaaaaa"), api, target, endpoint, started_s: 7 }
    }

    fn made(name: &'static str, actor: Option<&str>) -> Made {
        Made { kind: "key".into(), name: name.into(), actor: actor.map(str::to_owned) }
    }

    #[test]
    fn a_live_run_is_left_alone_and_a_dead_one_is_told() {
        let folder = tempfile::tempdir().expect("folder");
        let journal = Journal::begin(folder.path(), &header()).expect("begins");
        journal.creating(&made("plumb-a", None)).expect("writes");
        journal.creating(&made("plumb-b", None)).expect("writes");
        journal.removed("key", b"plumb-a").expect("writes");
        assert!(leftovers(folder.path()).expect("reads").is_empty(), "locked, so live");
        drop(journal);
        let left = leftovers(folder.path()).expect("reads");
        assert_eq!(left[0].header, header());
        assert_eq!(left[0].resources, [made("plumb-b", None)]);
    }

    #[test]
    fn a_journal_tells_who_made_a_thing_and_one_that_does_not_means_the_first() {
        let folder = tempfile::tempdir().expect("folder");
        let journal = Journal::begin(folder.path(), &header()).expect("begins");
        journal.creating(&made("plumb-a", Some("other"))).expect("writes");
        journal.creating(&made("plumb-b", None)).expect("writes");
        journal.creating(&made("plumb-b", Some("other"))).expect("writes");
        journal.creating(&made("plumb-c", Some("other"))).expect("writes");
        journal.removed("key", b"plumb-c").expect("writes");
        drop(journal);
        let path = folder.path().join("aaaaaaaa.ndjson");
        let text = std::fs::read_to_string(&path).expect("a journal");
        std::fs::write(&path, text + "{\"create\":{\"kind\":\"key\",\"name\":\"cGx1bWItZA==\"}}\n").expect("writes");
        let left = leftovers(folder.path()).expect("reads");
        let expected = [
            made("plumb-a", Some("other")),
            made("plumb-b", None),
            made("plumb-b", Some("other")),
            made("plumb-d", None),
        ];
        assert_eq!(left[0].resources, expected);
    }

    #[test]
    fn what_was_lent_in_part_is_told_until_it_was_emptied() {
        let folder = tempfile::tempdir().expect("folder");
        let journal = Journal::begin(folder.path(), &header()).expect("begins");
        let part = |name: &'static str, token| Part {
            kind: "bucket".into(),
            name: name.into(),
            prefix: format!("plumb-aaaaaaaa/{token:06}/").into(),
            actor: (token == 2).then(|| "other".to_owned()),
            token,
            expires_ms: 5,
        };
        let parts = [part("canary-a", 1), part("canary-a", 2), part("canary-b", 3)];
        for part in &parts {
            journal.lending(part).expect("writes");
        }
        journal.emptied(&parts[0]).expect("writes");
        drop(journal);
        let left = leftovers(folder.path()).expect("reads");
        assert_eq!(left[0].parts, parts[1..]);
        assert_eq!(left[0].resources, [], "they are not ours to remove");
    }
}
