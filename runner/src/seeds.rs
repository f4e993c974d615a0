//! Cases that somebody kept: recorded scenarios, findings, and what `plumb learn` wrote.

use std::path::{Path, PathBuf};

use plumb_model::bodies::{hex, sha256};
use plumb_model::call::Case;
use plumb_validator::finding::Replay;

use crate::error::Error;
use crate::input::read_text;

/// The longest file of a case, in bytes.
const CASE_BYTES_MAX: u64 = 16 << 20;
/// The most files that are read.
pub const SEEDS_MAX: usize = 100_000;

/// The cases of `api` in files, or in folders of files that end in `.json`, in the order of their paths.
///
/// # Errors
/// Where a file cannot be read, is no case, or speaks of another API.
pub fn load(paths: &[PathBuf], api: &str) -> Result<Vec<Case>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(files_in(path)?);
        } else {
            files.push(path.clone());
        }
    }
    if files.len() > SEEDS_MAX {
        let message = format!("{} files of cases are more than {SEEDS_MAX}", files.len());
        return Err(Error::usage(message, "name fewer folders with --seeds"));
    }
    files.iter().map(|path| of_api(path, read(path)?, api)).collect()
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let refused = |error| Error::file("read", folder, error, "name a file or a folder with --seeds");
    let entries = std::fs::read_dir(folder).map_err(refused)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(refused)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    if paths.is_empty() {
        return Err(Error::usage(
            format!("the folder {} holds no file that ends in .json", folder.display()),
            "name a folder that `plumb test --record` wrote",
        ));
    }
    Ok(paths)
}

/// The case in a file: one by itself, or that of a finding.
///
/// # Errors
/// Where the file cannot be read or is neither.
pub fn read(path: &Path) -> Result<Case, Error> {
    let help = "name a case that `plumb test --record` wrote, or findings/ID.json of a run";
    let text = read_text(path, CASE_BYTES_MAX).map_err(|error| Error::file("read", path, error, help))?;
    parse(&text).map_err(|why| Error::usage(format!("failed to read {}: {why}", path.display()), help))
}

fn parse(text: &str) -> Result<Case, String> {
    let json: serde_json::Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    let case = if json.get("plumb_replay").is_some() {
        serde_json::from_value::<Replay>(json).map_err(|error| error.to_string())?.finding.case
    } else {
        serde_json::from_value(json).map_err(|error| format!("it is no case: {error}"))?
    };
    case.check().map_err(|error| error.to_string())?;
    Ok(case)
}

fn of_api(path: &Path, case: Case, api: &str) -> Result<Case, Error> {
    if case.api == api {
        return Ok(case);
    }
    let message = format!("the case in {} is of the API {:?}, and this run of {api:?}", path.display(), case.api);
    Err(Error::usage(message, "leave it out, or name the other API"))
}

/// What tells one set of cases from another.
pub fn digest(cases: &[Case]) -> String {
    let ids: String = cases.iter().map(Case::id).collect();
    hex(&sha256(ids.as_bytes())[..8]).into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_model::call::{Call, Turn};

    #[test]
    fn a_case_is_read_whether_it_stands_alone_or_not_at_all() {
        let mut case = Case::new("kv");
        case.calls.push(Turn::new("get", Call::new("Get").with("key", "a")));
        let alone = serde_json::to_string(&case).expect("serialises");
        assert_eq!(parse(&alone), Ok(case));
        for (text, why) in [("{", "no JSON"), ("{}", "it is no case"), ("{\"plumb_replay\":1}", "missing field")] {
            assert!(parse(text).is_err_and(|error| error.contains(why)), "{text}");
        }
    }
}
