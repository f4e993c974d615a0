//! What is in the journal of a daemon that is gone, however it went.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::lines::{self, Line};
use super::segment;
use super::{LEDGER_VERSION, LedgerError, Recovered};
use crate::slot::{Ended, Slot, Watch};

/// A line with more bytes is none of ours: a slot has at most [`crate::slot::TIMINGS_MAX`] timings.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// The segments that were found.
#[derive(Debug)]
pub(super) struct Found {
    /// Those that may be removed once what they say is elsewhere.
    pub(super) segments: Vec<PathBuf>,
    /// The number of the next one.
    pub(super) next: u64,
}

/// Reads every segment, the oldest first; moves aside what is corrupt.
pub(super) fn read(folder: &Path, now_ms: i64) -> Result<(Recovered, Found), LedgerError> {
    let numbers = numbers(folder).map_err(LedgerError::io("list", folder))?;
    let path = |number: &u64| folder.join(format!("ledger-{number}.ndjson"));
    // Before anything is touched: a newer version may be anywhere.
    for path in numbers.iter().map(path) {
        refuse_newer(&path)?;
    }
    let mut all = Gathered::default();
    let mut segments = Vec::new();
    for path in numbers.iter().map(path) {
        match all.segment(&path).map_err(LedgerError::io("read", &path))? {
            0 => segments.push(path),
            bad => all.notices.push(move_aside(&path, bad, now_ms)?),
        }
    }
    let next = numbers.last().map_or(1, |last| last + 1);
    Ok((all.recovered(), Found { segments, next }))
}

fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        numbers.extend(segment::number(&name));
        if segment::is_unfinished(&name) {
            fs::remove_file(folder.join(name))?;
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn refuse_newer(path: &Path) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::io("read", path)(source);
    let mut first = Vec::new();
    let file = File::open(path).map_err(failed)?;
    BufReader::new(file.take(LINE_BYTES_MAX)).read_until(b'\n', &mut first).map_err(failed)?;
    match lines::parse_header(&first) {
        Some((found, _)) if found > LEDGER_VERSION => Err(LedgerError::Newer { path: path.to_owned(), found }),
        _ => Ok(()),
    }
}

fn move_aside(path: &Path, bad: u64, now_ms: i64) -> Result<String, LedgerError> {
    let aside = path.with_extension(format!("ndjson.corrupt-{now_ms}"));
    fs::rename(path, &aside).map_err(LedgerError::io("move aside", path))?;
    let count = if bad == 1 { "1 line".to_owned() } else { format!("{bad} lines") };
    Ok(format!(
        "{} has {count} that cannot be read; the others are kept, and it is now {}",
        path.display(),
        aside.display()
    ))
}

/// What the segments say together.
#[derive(Debug, Default)]
struct Gathered {
    /// The slots that started, and their place in the order of starts.
    started: BTreeMap<Slot, usize>,
    ended: Vec<Ended>,
    over: BTreeSet<Slot>,
    last_due: BTreeMap<Watch, i64>,
    last_alive_ms: Option<i64>,
    notices: Vec<String>,
}

impl Gathered {
    /// Reads a segment, and counts its lines that cannot be read. A last line without an end was being written when the
    /// daemon was killed: nobody was told that it is there.
    fn segment(&mut self, path: &Path) -> io::Result<u64> {
        let mut reader = BufReader::new(File::open(path)?);
        let (mut line, mut bad, mut is_first) = (Vec::new(), 0, true);
        loop {
            line.clear();
            let read = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
            if line.pop_if(|last| *last == b'\n').is_none() {
                match read as u64 {
                    0 if !is_first => return Ok(bad),
                    LINE_BYTES_MAX => bad += 1,
                    _ => {
                        self.notices.push(format!("{} ends with half a line, which is dropped", path.display()));
                        return Ok(bad);
                    }
                }
            } else if std::mem::take(&mut is_first) {
                match lines::parse_header(&line) {
                    Some((_, at_ms)) => self.alive(at_ms),
                    // Nothing tells how the rest is to be read.
                    None => return Ok(1),
                }
            } else {
                bad += lines::parse(&line).map_or(1, |line| self.line(line));
            }
        }
    }

    fn line(&mut self, line: Line) -> u64 {
        match line {
            Line::Start(slot, at_ms) => {
                self.due(&slot, slot.due_ms);
                self.start(slot);
                self.alive(at_ms);
            }
            Line::Carried(slot) => self.start(slot),
            Line::End(row) => {
                self.due(&row.slot, row.last_due_ms);
                self.alive(lines::end_ms(&row));
                // A segment begins with what the one before it has too.
                if self.over.insert(row.slot.clone()) {
                    self.ended.push(*row);
                }
            }
            Line::Due(watch, due_ms) => self.last(watch, due_ms),
            Line::Alive(at_ms) => self.alive(at_ms),
        }
        0
    }

    fn start(&mut self, slot: Slot) {
        let place = self.started.len();
        self.started.entry(slot).or_insert(place);
    }

    fn alive(&mut self, at_ms: i64) {
        self.last_alive_ms = self.last_alive_ms.max(Some(at_ms));
    }

    fn due(&mut self, slot: &Slot, due_ms: i64) {
        if slot.kind.counts() {
            self.last(slot.watch.clone(), due_ms);
        }
    }

    fn last(&mut self, watch: Watch, due_ms: i64) {
        let last = self.last_due.entry(watch).or_insert(due_ms);
        *last = due_ms.max(*last);
    }

    fn recovered(mut self) -> Recovered {
        self.started.retain(|slot, _| !self.over.contains(slot));
        let mut started: Vec<(usize, Slot)> = self.started.into_iter().map(|(slot, place)| (place, slot)).collect();
        started.sort_unstable();
        Recovered {
            started: started.into_iter().map(|(_, slot)| slot).collect(),
            ended: self.ended,
            last_due: self.last_due,
            last_alive_ms: self.last_alive_ms,
            notices: self.notices,
        }
    }
}
