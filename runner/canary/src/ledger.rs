//! What began and what ended, on disk before anything follows from it.
//!
//! The journal is a folder of segments (`ledger-7.ndjson`), of which the last is written. The start of a slot is in the
//! file, by one `write` for a batch, before its first call; its end follows right when it ends. So `kill -9` loses
//! nothing that was acknowledged. A power cut may lose what was written in about the last [`SYNC_EVERY`], because the
//! disk is told to keep it that often and no oftener: a slot that was under way is then missed instead of killed.
//!
//! Ends stay here until the store has them. Replaying them is harmless: the store knows each slot by watch, due time
//! and kind, and ignores one that it has.

mod lines;
mod recover;
mod segment;
mod sync;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::slot::{Ended, Slot, Watch};
use lines::Line;
use segment::Segment;
use sync::Syncer;

/// The version of the journal's format.
pub const LEDGER_VERSION: u32 = 1;
/// A segment is closed once it has so many bytes; two of them are kept at most while the store keeps up.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 20;
/// What could not be written is tried again with the next batch, as long as it has at most so many bytes.
pub const BACKLOG_BYTES_MAX: usize = 1 << 20;
/// How often the disk is told to keep what was written: a power cut loses about so much.
pub const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Why the journal could not be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another daemon has it.
    #[error("take the ledger in {folder}: another daemon works there (process {process})")]
    Taken {
        /// The folder.
        folder: PathBuf,
        /// What the other says of itself.
        process: String,
    },
    /// A newer version wrote it. It is as it was.
    #[error("read {path}: it has version {found}, and this program knows up to {LEDGER_VERSION}")]
    Newer {
        /// The segment.
        path: PathBuf,
        /// The version that it states.
        found: u32,
    },
    /// The disk says no.
    #[error("{doing} {path}: {source}")]
    Io {
        /// What was tried: `write`.
        doing: &'static str,
        /// Of what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl LedgerError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

/// What the daemon before this one left.
#[derive(Debug, Default, PartialEq)]
pub struct Recovered {
    /// Slots that started and did not end, in order: each is to be ended as killed.
    pub started: Vec<Slot>,
    /// Slots that ended and are perhaps not in the store, in the order of their ends: each is to be given to the store.
    pub ended: Vec<Ended>,
    /// The last scheduled due time of each watch that started, or ended without a start. It lies in the future where the
    /// clock was ahead.
    pub last_due: BTreeMap<Watch, i64>,
    /// When that daemon was last known to live, in milliseconds since 1970.
    pub last_alive_ms: Option<i64>,
    /// What had to be dropped or moved aside.
    pub notices: Vec<String>,
}

/// How far the store is: rows that it was handed, and those of them, without a gap, of which it is known what became.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows that it was handed.
    pub handed: u64,
    /// Of these the first so many are on disk for good, or are counted as lost.
    pub settled: u64,
}

/// The journal, open and locked.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    /// Held, not read: whoever holds it has the folder.
    _lock: File,
    /// What is written; none while there is no room for a new one.
    current: Option<Segment>,
    /// The number of the next segment.
    next: u64,
    /// Segments that are closed, whose ends may not be in the store.
    old: Vec<PathBuf>,
    /// How many rows the store must have settled before the old segments may go; none while that is not known.
    settled_min: Option<u64>,
    under_way: BTreeSet<Slot>,
    last_due: BTreeMap<Watch, i64>,
    backlog: Vec<u8>,
    errors: u64,
    lost: u64,
    syncer: Syncer,
}

impl Ledger {
    /// Takes the folder, and what was left in it, into a new segment.
    ///
    /// # Errors
    /// Where another daemon has the folder, a newer version wrote in it, or it cannot be read or written. A full disk
    /// is no error: it is a notice.
    pub fn open(folder: &Path, now_ms: i64) -> Result<(Self, Recovered), LedgerError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(LedgerError::io("create the folder", folder))?;
        let lock = lock(folder)?;
        let (mut recovered, found) = recover::read(folder, now_ms)?;
        let mut ledger = Self {
            folder: folder.to_owned(),
            _lock: lock,
            current: None,
            next: found.next,
            old: found.segments,
            settled_min: None,
            under_way: recovered.started.iter().cloned().collect(),
            last_due: recovered.last_due.clone(),
            backlog: Vec::new(),
            errors: 0,
            lost: 0,
            syncer: Syncer::start(SYNC_EVERY),
        };
        match ledger.begin_segment(&recovered.ended, now_ms).and_then(|()| ledger.make_sure()) {
            Ok(()) => ledger.remove_old(),
            Err(error) => recovered.notices.push(format!("failed to {error}; it is tried again with every slot")),
        }
        Ok((ledger, recovered))
    }

    /// Writes that slots start: when this returns `Ok`, `kill -9` cannot lose it.
    ///
    /// # Errors
    /// Where it cannot be written. It is kept, and written with the next batch that can be; the caller goes on.
    pub fn starts(&mut self, slots: &[Slot], now_ms: i64) -> Result<(), LedgerError> {
        let mut batch = Vec::new();
        for slot in slots {
            self.saw_due(slot, slot.due_ms);
            lines::push(&mut batch, &Line::Start(slot.clone(), now_ms));
        }
        self.under_way.extend(slots.iter().cloned());
        self.append(batch, slots.len(), now_ms)
    }

    /// Writes that slots ended, started or not.
    ///
    /// # Errors
    /// As with [`Ledger::starts`].
    pub fn ends(&mut self, ended: &[Ended]) -> Result<(), LedgerError> {
        let mut batch = Vec::new();
        let mut now_ms = i64::MIN;
        for row in ended {
            if !self.under_way.remove(&row.slot) {
                self.saw_due(&row.slot, row.last_due_ms);
            }
            now_ms = now_ms.max(lines::end_ms(row));
            lines::push(&mut batch, &Line::End(Box::new(row.clone())));
        }
        self.append(batch, ended.len(), now_ms)
    }

    /// Writes a sign of life, for times in which nothing starts and nothing ends.
    ///
    /// # Errors
    /// Where it cannot be written; it is not tried again.
    pub fn alive(&mut self, now_ms: i64) -> Result<(), LedgerError> {
        let mut batch = Vec::new();
        lines::push(&mut batch, &Line::Alive(now_ms));
        self.append(batch, 0, now_ms)
    }

    /// Hears how far the store is, and keeps the journal small. Call it now and then, and only while every row that
    /// went to [`Ledger::ends`] has been handed to the store as well: what is removed here must be there.
    ///
    /// # Errors
    /// Where a new segment cannot be written. The old one goes on.
    pub fn committed(&mut self, store: Progress, now_ms: i64) -> Result<(), LedgerError> {
        if self.settled_min.is_some_and(|least| store.settled >= least) && self.syncer.is_new_safe() {
            self.remove_old();
        }
        if self.old.is_empty() && self.bytes() >= SEGMENT_BYTES_MAX {
            self.begin_segment(&[], now_ms)?;
        }
        if !self.old.is_empty() && self.settled_min.is_none() && self.current.is_some() {
            self.settled_min = Some(store.handed);
        }
        Ok(())
    }

    /// Bytes of the segment that is written.
    pub fn bytes(&self) -> u64 {
        self.current.as_ref().map_or(0, Segment::bytes)
    }

    /// Whether there is one segment alone, and room in it.
    pub fn is_small(&self) -> bool {
        self.old.is_empty() && self.bytes() < SEGMENT_BYTES_MAX
    }

    /// Slots that started and have not ended.
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// How often something could not be written at once.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// Starts and ends that will never be in the journal, because too much waited for room.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn saw_due(&mut self, slot: &Slot, due_ms: i64) {
        if slot.kind.counts() {
            let last = self.last_due.entry(slot.watch.clone()).or_insert(due_ms);
            *last = due_ms.max(*last);
        }
    }

    /// Appends a batch of `count` lines behind what still waits.
    fn append(&mut self, batch: Vec<u8>, count: usize, now_ms: i64) -> Result<(), LedgerError> {
        let written = self.append_now(&batch, now_ms);
        if written.is_ok() {
            return Ok(());
        }
        self.errors += 1;
        if self.backlog.len() + batch.len() <= BACKLOG_BYTES_MAX {
            if count > 0 {
                self.backlog.extend(batch);
            }
        } else {
            self.lost += count as u64;
        }
        written
    }

    fn append_now(&mut self, batch: &[u8], now_ms: i64) -> Result<(), LedgerError> {
        if self.current.is_none() {
            self.begin_segment(&[], now_ms)?;
        }
        let Some(segment) = self.current.as_mut() else { return Ok(()) };
        self.syncer.written();
        if !self.backlog.is_empty() {
            segment.append(&self.backlog)?;
            self.backlog = Vec::new();
        }
        segment.append(batch)?;
        Ok(())
    }

    /// Begins a segment with all that must outlive the ones before it, and closes those.
    fn begin_segment(&mut self, ended: &[Ended], now_ms: i64) -> Result<(), LedgerError> {
        let mut text = lines::header(now_ms);
        for (watch, due_ms) in &self.last_due {
            lines::push(&mut text, &Line::Due(watch.clone(), *due_ms));
        }
        for slot in &self.under_way {
            lines::push(&mut text, &Line::Carried(slot.clone()));
        }
        for row in ended {
            lines::push(&mut text, &Line::End(Box::new(row.clone())));
        }
        let segment = Segment::create(&self.folder, self.next, &text)?;
        self.syncer.watch(&segment, &self.folder);
        self.next += 1;
        self.settled_min = None;
        self.old.extend(self.current.replace(segment).map(Segment::into_path));
        Ok(())
    }

    /// Waits until the disk has the segment for good.
    fn make_sure(&self) -> Result<(), LedgerError> {
        let Some(segment) = &self.current else { return Ok(()) };
        sync::sync(&segment.handle(), Some(&self.folder)).map_err(LedgerError::io("sync", &self.folder))
    }

    /// Removes the closed segments. One that cannot be removed is tried again the next time.
    fn remove_old(&mut self) {
        self.old.retain(|path| fs::remove_file(path).is_err_and(|error| error.kind() != io::ErrorKind::NotFound));
        self.settled_min = (!self.old.is_empty()).then_some(0);
    }
}

/// Takes the folder for this process alone, as long as the file is open.
fn lock(folder: &Path) -> Result<File, LedgerError> {
    let path = folder.join("lock");
    let mut options = File::options();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = file.map_err(LedgerError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let process = fs::read_to_string(&path).unwrap_or_default();
            return Err(LedgerError::Taken { folder: folder.to_owned(), process: process.trim().to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(LedgerError::io("lock", &path)(error)),
    }
    // Only whoever is refused reads it, so that a full disk must not keep the daemon from starting.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}
