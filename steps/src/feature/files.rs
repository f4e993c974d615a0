//! Feature files on disk: single ones and folders of them, and every mistake in all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{FILE_BYTES_MAX, Feature, Mistake, Wanted, check_unique, distinguish, encoding, read_all};

/// How deep folders may lie within a folder that is read.
pub const DEPTH_MAX: usize = 32;

/// The most feature files that are read at once.
pub const FILES_MAX: usize = 10_000;

/// How the name of a feature file ends.
const EXTENSION: &str = "feature";

/// Why features cannot be read.
#[derive(Debug, Error)]
pub enum Trouble {
    /// A file says something that cannot be read.
    #[error(transparent)]
    Mistake(#[from] Mistake),
    /// A file or a folder cannot be opened.
    #[error("failed to read {}: {error}", path.display())]
    File {
        /// The file or the folder.
        path: PathBuf,
        /// What was said.
        error: io::Error,
    },
    /// A folder holds no feature file: a run of nothing would look like a run that passed.
    #[error("failed to find a file *.feature in {}", path.display())]
    Nothing {
        /// The folder.
        path: PathBuf,
    },
    /// More than is read at once.
    #[error("failed to read {}: more than {FILES_MAX} feature files, or folders {DEPTH_MAX} deep", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
    /// A line that the file does not have, or that is no line.
    #[error("failed to find line {line} of {}: lines are numbered from 1 to the last one", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line as it was given.
        line: String,
    },
}

/// Reads what is wanted: files, folders with everything below them in order of path, and lines of files. Links to
/// folders within a folder are not followed, names with a leading dot are left out. A file that is wanted twice is
/// read once. The ids are told apart; everything that is wrong in any file is told.
pub fn read_paths(wanted: &[Wanted]) -> Result<Vec<Feature>, Vec<Trouble>> {
    let mut features = Vec::new();
    let mut troubles = Vec::new();
    for file in files(wanted, &mut troubles) {
        match file.read() {
            Ok(feature) => features.push(feature),
            Err(found) => troubles.extend(found),
        }
    }
    distinguish(&mut features);
    if troubles.is_empty()
        && let Err(mistake) = check_unique(&features)
    {
        troubles.push(mistake.into());
    }
    if troubles.is_empty() { Ok(features) } else { Err(troubles) }
}

/// A file that is to be read.
struct Chosen {
    path: PathBuf,
    /// The lines that were asked for; all of the file where there is none.
    lines: BTreeSet<usize>,
}

impl Chosen {
    fn read(&self) -> Result<Feature, Vec<Trouble>> {
        let bytes = bytes(&self.path).map_err(|error| vec![Trouble::File { path: self.path.clone(), error }])?;
        let path = self.path.to_string_lossy();
        let text = encoding::decoded(&path, &bytes).map_err(|mistake| vec![mistake.into()])?;
        let feature =
            read_all(&path, text).map_err(|found| found.into_iter().map(Trouble::from).collect::<Vec<_>>())?;
        if self.lines.is_empty() {
            return Ok(feature);
        }
        feature.at_lines(&self.lines).ok_or_else(|| {
            let line = self.lines.last().copied().unwrap_or_default().to_string();
            vec![Trouble::Line { path: self.path.clone(), line }]
        })
    }
}

/// One byte more than may be, at most: that is enough to refuse it.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The files of what is wanted, each once, in the order in which they were asked for first.
fn files(wanted: &[Wanted], troubles: &mut Vec<Trouble>) -> Vec<Chosen> {
    let mut chosen: Vec<Chosen> = Vec::new();
    let mut known: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for one in wanted {
        let paths = below(&one.path).unwrap_or_else(|trouble| {
            troubles.push(trouble);
            Vec::new()
        });
        for path in paths {
            let same = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            if let Some(index) = known.get(&same) {
                let lines = &mut chosen[*index].lines;
                match one.line {
                    Some(line) if !lines.is_empty() => drop(lines.insert(line)),
                    _ => lines.clear(),
                }
            } else {
                known.insert(same, chosen.len());
                chosen.push(Chosen { path, lines: one.line.into_iter().collect() });
            }
        }
    }
    chosen
}

/// The file itself, or every feature file below a folder.
fn below(path: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let failed = |error| Trouble::File { path: path.to_owned(), error };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut open = vec![(path.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| Trouble::File { path: folder.clone(), error })? {
            let entry = entry.map_err(|error| Trouble::File { path: folder.clone(), error })?;
            match sort_of(&entry) {
                Sort::Folder => open.push((entry.path(), depth + 1)),
                Sort::Feature => found.push(entry.path()),
                Sort::Other => {}
            }
        }
        if depth > DEPTH_MAX || found.len() > FILES_MAX {
            return Err(Trouble::TooMany { path: path.to_owned() });
        }
    }
    if found.is_empty() {
        return Err(Trouble::Nothing { path: path.to_owned() });
    }
    found.sort();
    Ok(found)
}

enum Sort {
    Folder,
    Feature,
    Other,
}

/// What an entry of a folder is. A link to a folder is nothing to us: it may lead back.
fn sort_of(entry: &fs::DirEntry) -> Sort {
    let path = entry.path();
    let hidden = entry.file_name().to_string_lossy().starts_with('.');
    let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
    if hidden {
        Sort::Other
    } else if folder {
        Sort::Folder
    } else if path.extension().is_some_and(|extension| extension == EXTENSION) && !path.is_dir() {
        Sort::Feature
    } else {
        Sort::Other
    }
}
