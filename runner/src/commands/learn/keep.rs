//! Writing the cases that were learned.

use std::path::Path;

use plumb_generator::traffic::learn::Learned;

use crate::error::Error;
use crate::output;

/// What the name of a file with a case on each line ends in.
const LINES: &str = "ndjson";

fn is_lines(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == LINES)
}

/// Checks before anything is read that cases can go there.
pub(super) fn check(path: &Path) -> Result<(), Error> {
    let refused = |kind: std::io::ErrorKind| {
        Error::file("write", path, kind.into(), format!("name a folder, or a file that ends in .{LINES}"))
    };
    match (is_lines(path), path.exists(), path.is_dir()) {
        (true, true, true) => Err(refused(std::io::ErrorKind::IsADirectory)),
        (false, true, false) => Err(refused(std::io::ErrorKind::NotADirectory)),
        _ => Ok(()),
    }
}

/// Writes every case: into a folder, each under its id, or one a line.
pub(super) fn cases(path: &Path, learned: &Learned) -> Result<(), Error> {
    if !is_lines(path) {
        output::make_folder(path)?;
        for (id, (case, _)) in &learned.cases {
            output::write_json(&path.join(format!("{id}.json")), case)?;
        }
        return Ok(());
    }
    let mut text = Vec::new();
    for (case, _) in learned.cases.values() {
        serde_json::to_writer(&mut text, case)
            .map_err(|error| Error::Internal(format!("write {}: {error}", path.display())))?;
        text.push(b'\n');
    }
    output::write_whole(path, &text)
}
