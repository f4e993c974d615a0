//! What comes from elsewhere: an environment with Python packages, a server from npm, programs of the system.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use plumb_model::bodies::{hex, md5};

use super::Missing;
use crate::support::{Ran, Running};

/// How long an installation may take.
const INSTALLATION_MAX: Duration = Duration::from_mins(10);
/// How many characters of an installer's complaint are shown.
const COMPLAINT_CHARACTERS_MAX: usize = 300;
/// The Python packages, as pip reads them.
const REQUIREMENTS: &str = include_str!("requirements.txt");
/// The server from npm.
const S3RVER: &str = "s3rver@3.7.1";

/// The Python of an environment that holds `requirements.txt`.
pub(crate) fn python() -> Result<PathBuf, Missing> {
    static PYTHON: OnceLock<Result<PathBuf, Missing>> = OnceLock::new();
    PYTHON.get_or_init(install_python).clone()
}

fn install_python() -> Result<PathBuf, Missing> {
    let version = ran("python3", &["--version"])?;
    // Another Python or other packages make another environment.
    let key = hex(&md5([version.as_bytes(), REQUIREMENTS.as_bytes()].concat().as_slice()));
    let name = format!("python-{}", String::from_utf8_lossy(&key[..8]));
    let folder = once(&name, |folder| {
        ran("python3", &["-m", "venv", text(folder)])?;
        let list = folder.join("requirements.txt");
        fs::write(&list, REQUIREMENTS).map_err(|error| unwritten(&list, &error))?;
        let pip = ["-m", "pip", "install", "--quiet", "--requirement", text(&list)];
        ran(text(&folder.join("bin/python")), &pip).map(drop)
    })?;
    Ok(folder.join("bin/python"))
}

/// The script that starts s3rver, for `node`.
pub(crate) fn s3rver() -> Result<PathBuf, Missing> {
    static SCRIPT: OnceLock<Result<PathBuf, Missing>> = OnceLock::new();
    SCRIPT.get_or_init(install_s3rver).clone()
}

fn install_s3rver() -> Result<PathBuf, Missing> {
    ran("node", &["--version"])?;
    let folder = once(&S3RVER.replace('@', "-"), |folder| {
        ran("npm", &["install", "--no-audit", "--no-fund", "--prefix", text(folder), S3RVER]).map(drop)
    })?;
    Ok(folder.join("node_modules/s3rver/bin/s3rver.js"))
}

/// A program of the system, which must be there.
pub(crate) fn program(name: &'static str) -> Result<&'static str, Missing> {
    ran(name, &["--version"]).map(|_| name)
}

/// The folder called `name`, made by `make` where it is not there yet. Whoever comes meanwhile waits, and what is
/// half made never has the name.
fn once(name: &str, make: impl FnOnce(&Path) -> Result<(), Missing>) -> Result<PathBuf, Missing> {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers");
    fs::create_dir_all(&all).map_err(|error| unwritten(&all, &error))?;
    let lock = all.join("lock");
    let locked = File::create(&lock).and_then(|file| file.lock().map(|()| file));
    let _locked = locked.map_err(|error| unwritten(&lock, &error))?;
    let (folder, unfinished) = (all.join(name), all.join(format!("{name}.unfinished")));
    if !folder.exists() {
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(|error| unwritten(&unfinished, &error))?;
        }
        make(&unfinished)?;
        fs::rename(&unfinished, &folder).map_err(|error| unwritten(&folder, &error))?;
    }
    Ok(folder)
}

/// Runs a program to its good end and gives what it printed.
fn ran(program: &str, arguments: &[&str]) -> Result<String, Missing> {
    let missing = |why: String| Missing::Tool(format!("{program} {}: {why}", arguments.join(" ")));
    let mut command = Command::new(program);
    let running = Running::try_start(command.args(arguments), b"").map_err(|error| missing(error.to_string()))?;
    match running.end_within(INSTALLATION_MAX) {
        Some(Ran { code: Some(0), stdout, .. }) => Ok(stdout),
        Some(Ran { stderr, .. }) => {
            let complaint: String = stderr.trim().chars().take(COMPLAINT_CHARACTERS_MAX).collect();
            Err(missing(complaint.replace('\n', " ")))
        }
        None => Err(missing(format!("not done after {INSTALLATION_MAX:?}"))),
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Missing {
    Missing::Tool(format!("failed to write {}: {error}", path.display()))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the build's folder has a name in UTF-8")
}
