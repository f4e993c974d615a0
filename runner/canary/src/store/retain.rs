//! What is kept: days by age and by size, the oldest go first.

use std::fs;
use std::path::Path;

use super::day::{day_of, day_of_name, days, path};
use super::{StoreError, file};
use crate::plan::Retention;

/// The most files that were moved aside and are kept.
pub const ASIDE_MAX: usize = 4;

/// Bytes of everything in the folder.
pub(super) fn bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file).map(|file| file.len()).sum()
}

/// Removes what is too old or too much, and says which days went. Today and what lies in the future stay.
pub(super) fn apply(folder: &Path, retention: Retention, now_ms: i64) -> Result<Vec<i64>, StoreError> {
    forget_aside(folder);
    let today = day_of(now_ms);
    let mut gone = Vec::new();
    for day in days(folder)?.into_iter().filter(|day| *day < today) {
        let is_old = day <= today.saturating_sub(i64::from(retention.days.max(1)));
        if !is_old && bytes(folder) <= retention.bytes {
            break;
        }
        let Some(path) = path(folder, day) else { continue };
        file::remove(&path).map_err(|source| StoreError::Io { doing: "remove", path, source })?;
        gone.push(day);
    }
    Ok(gone)
}

/// Removes the oldest files that were moved aside, beyond the number that is kept.
fn forget_aside(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut aside: Vec<(Option<i64>, String)> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.rsplit_once(".corrupt-").is_some_and(|(_, at)| at.parse::<i64>().is_ok()))
        .map(|name| (name.rsplit_once(".corrupt-").and_then(|(_, at)| at.parse().ok()), name))
        .collect();
    aside.sort();
    let too_many = aside.len().saturating_sub(ASIDE_MAX);
    for (_, name) in aside.into_iter().take(too_many) {
        let _ = file::remove(&folder.join(name));
    }
}

/// The day in words: the name of its file says it.
pub(super) fn name(folder: &Path, day: i64) -> String {
    let path = path(folder, day);
    let name = path.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    debug_assert!(name.as_deref().is_none_or(|name| day_of_name(name) == Some(day)));
    name.unwrap_or_else(|| format!("day {day}"))
}
