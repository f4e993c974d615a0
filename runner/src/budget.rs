//! The day's budgets of a target on disk, where every process on the host adds to one sum.
//!
//! The file is locked while it is read and written. It holds one line of a fixed length, which is written over as a
//! whole. What is taken stands there before it is sent, so that a process that dies leaves too much counted at the
//! most. A file that nobody can read tells nothing of what was sent, and then nothing more is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_validator::clock::SystemClock;
use plumb_validator::meter::{Allowance, Amount, Daily, Meter};
use plumb_validator::target::Target;

use crate::run::state_folder;

/// The longest that one process waits for another.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(2);
/// How often it looks whether the other is done.
const LOCK_TICK: Duration = Duration::from_millis(2);
/// The first words of the file: its kind and version.
const HEADER: &str = "plumb-budget 1";
/// The longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 256;
/// The longest part of a file's name, in characters.
const NAME_CHARACTERS_MAX: usize = 80;

/// The meter of a target; none where it has no budget.
pub fn meter(target: &Target, daily: Daily) -> Option<Arc<Meter>> {
    (!daily.is_open()).then(|| {
        let file = BudgetFile::new(&state_folder().join("budgets"), target);
        Arc::new(Meter::new(&target.name, daily, Box::new(file), Arc::new(SystemClock)))
    })
}

/// The sum of one target, in a file.
#[derive(Debug)]
pub struct BudgetFile {
    path: PathBuf,
}

/// What stands in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    day: i64,
    used: Amount,
}

impl Sum {
    /// The sum on a day. A clock that is set back over midnight goes on with the later day, which would otherwise be
    /// new twice; one that was days ahead was wrong, and what it counted belongs to today.
    const fn on(self, day: i64) -> Self {
        match self.day - day {
            0 | 1 => self,
            2.. => Self { day, ..self },
            _ => Self { day, used: Amount { requests: 0, bytes: 0 } },
        }
    }
}

impl BudgetFile {
    /// The file of `target` in `folder`. Targets of one name at different places do not share it.
    pub fn new(folder: &Path, target: &Target) -> Self {
        let plain = |text: &str| -> String {
            let each = text.chars().take(NAME_CHARACTERS_MAX);
            each.map(|own| if own.is_ascii_alphanumeric() || own == '-' || own == '.' { own } else { '_' }).collect()
        };
        Self { path: folder.join(format!("{}@{}", plain(&target.name), plain(&target.authority))) }
    }

    /// Changes what stands in the file to what `change` makes of it.
    fn change(&self, change: &mut dyn FnMut(Sum) -> Option<Sum>) -> Result<(), String> {
        let refused = |error: &dyn std::fmt::Display| format!("{}: {error}", self.path.display());
        let file = self.locked().map_err(|error| refused(&error))?;
        let sum = read(&file).map_err(|error| {
            refused(&format!("{error}; if nothing has been sent today that would count, remove the file"))
        })?;
        let Some(sum) = change(sum) else { return Ok(()) };
        write(&file, sum).map_err(|error| refused(&error))
    }

    /// The file, locked until it is dropped.
    fn locked(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&self.path)?;
        let due = Instant::now() + LOCK_WAIT_MAX;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if Instant::now() >= due => {
                    return Err(io::Error::other("another process does not let go of it"));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_TICK),
            }
        }
    }
}

impl Allowance for BudgetFile {
    fn add(&self, day: i64, take: &mut dyn FnMut(Amount) -> Option<Amount>) -> Result<(), String> {
        self.change(&mut |sum| {
            let Sum { day, used } = sum.on(day);
            let more = take(used)?;
            let requests = used.requests.saturating_add(more.requests);
            Some(Sum { day, used: Amount { requests, bytes: used.bytes.saturating_add(more.bytes) } })
        })
    }

    fn give_back(&self, day: i64, unused: Amount) {
        // Where it cannot be given back, it stays counted.
        _ = self.change(&mut |Sum { day: own, used }| {
            let requests = used.requests.saturating_sub(unused.requests);
            let less = Amount { requests, bytes: used.bytes.saturating_sub(unused.bytes) };
            (own == day).then_some(Sum { day, used: less })
        });
    }
}

/// What the file says; a new one says nothing was sent.
fn read(file: &File) -> Result<Sum, String> {
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.is_empty() {
        return Ok(Sum::default());
    }
    let words = text.strip_prefix(HEADER).and_then(|rest| rest.strip_suffix('\n'));
    let words: Vec<&str> = words.map(|rest| rest.split_whitespace().collect()).unwrap_or_default();
    let sum = || match words[..] {
        [day, requests, bytes] => Some(Sum {
            day: day.parse().ok()?,
            used: Amount { requests: requests.parse().ok()?, bytes: bytes.parse().ok()? },
        }),
        _ => None,
    };
    sum().ok_or_else(|| "it holds no budget that this version can read".to_owned())
}

fn write(file: &File, Sum { day, used }: Sum) -> io::Result<()> {
    let line = format!("{HEADER} {day:>10} {:>20} {:>20}\n", used.requests, used.bytes);
    file.write_all_at(line.as_bytes(), 0)?;
    file.sync_data()
}

#[cfg(test)]
mod tests;
