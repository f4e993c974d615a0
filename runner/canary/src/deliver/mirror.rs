//! The copy of a queue on disk: a small file for each alert, written aside and renamed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::queue::{Item, Queue};

/// The most bytes of one file.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// How the name of a file ends that is whole, and of one that is being written.
pub(super) const WHOLE: &str = ".json";
const PART: &str = ".part";
/// The longest name of a receiver that is the name of its folder.
const NAME_MAX: usize = 64;

/// The files that are there, by name, and which item each holds.
#[derive(Debug)]
pub(super) struct Mirror {
    folder: PathBuf,
    there: BTreeMap<String, u64>,
}

/// What a mirror is to do.
#[derive(Debug, Default)]
pub(super) struct Work {
    write: Vec<(String, u64, Vec<u8>)>,
    remove: Vec<String>,
}

impl Mirror {
    /// Reads what is in the folder, which it makes. A file that cannot be read lies aside from then on.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Queue)> {
        fs::create_dir_all(folder)?;
        let mut own = Self { folder: folder.to_owned(), there: BTreeMap::new() };
        let (mut items, mut held, mut torn) = (Vec::new(), Vec::new(), 0);
        let names: BTreeSet<String> =
            fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        for name in names {
            let path = folder.join(&name);
            if name.ends_with(PART) {
                fs::remove_file(path)?;
            } else if name.ends_with(WHOLE) {
                if let Ok(item) = read(&path) {
                    own.there.insert(name.clone(), item.seq);
                    if name.starts_with("held-") { &mut held } else { &mut items }.push(item);
                } else {
                    torn += 1;
                    tracing::warn!(file = %path.display(), "a queued alert cannot be read: moved aside");
                    fs::rename(&path, folder.join(format!("{name}.torn")))?;
                }
            }
        }
        Ok((own, Queue::new(items, held, torn)))
    }

    /// What is missing on disk, or too much there.
    pub(super) fn work(&self, queue: &Queue) -> Work {
        let wanted = queue.files();
        let missing = wanted.iter().filter(|(name, item)| self.there.get(*name) != Some(&item.seq));
        let bytes = |item: &Item| serde_json::to_vec(item).unwrap_or_default();
        Work {
            write: missing.map(|(name, item)| (name.clone(), item.seq, bytes(item))).collect(),
            remove: self.there.keys().filter(|name| !wanted.contains_key(*name)).cloned().collect(),
        }
    }

    /// Does it. What was done before something failed stays done.
    pub(super) fn apply(&mut self, work: Work) -> io::Result<()> {
        for (name, seq, bytes) in work.write {
            write(&self.folder, &name, &bytes)?;
            self.there.insert(name, seq);
        }
        for name in work.remove {
            match fs::remove_file(self.folder.join(&name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.there.remove(&name),
            };
        }
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Item> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let part = folder.join(format!("{name}{PART}"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(part, folder.join(name))
}

/// The folder of a receiver: its name, where that is a name for a folder everywhere.
pub(super) fn folder_name(receiver: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if !receiver.is_empty() && receiver.len() <= NAME_MAX && receiver.chars().all(plain) {
        return receiver.to_owned();
    }
    let hash = Sha256::digest(receiver);
    let first = hash.iter().take(8).fold(0, |all: u64, byte| (all << 8) | u64::from(*byte));
    format!("receiver.{first:016x}")
}
