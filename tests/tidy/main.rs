//! The house rules that no compiler checks: arrows, purity, names, sizes, links.

mod canary_keys;
mod canary_pages;
mod docs;
mod examples;
mod source;

use std::path::{Path, PathBuf};

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file below `folder` whose name ends in `ending`, with its text; build output left out.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if ["target", ".git", "plumb-runs"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else if name.ends_with(ending) {
            let text = std::fs::read_to_string(&path).expect("a text file");
            let relative = path.strip_prefix(root()).expect("below the root").display().to_string();
            found.push((relative, text));
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} has no file *{ending}");
    found
}
