//! What comes from elsewhere: packages from npm, programs of the system.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What drives the browser, and what looks for barriers on a page.
const PACKAGES: [&str; 2] = ["playwright-core@1.65.1", "axe-core@4.14.1"];

/// The folder in which node finds the packages, or why there is none.
pub(crate) fn packages() -> Result<PathBuf, String> {
    for program in ["node", "npm", "chromium"] {
        program_runs(program)?;
    }
    let name = PACKAGES.join("-").replace('@', "-");
    once(&name, |folder| {
        let mut npm = Command::new("npm");
        // The browser is the system's: none is to be downloaded.
        npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        ran(npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(folder).args(PACKAGES))
    })
}

/// Whether a program is there and says its version.
pub(crate) fn program_runs(name: &str) -> Result<(), String> {
    ran(Command::new(name).arg("--version"))
}

/// The folder called `name`, made by `make` where it is not there yet. Whoever comes meanwhile waits, and what is half
/// made never has the name.
fn once(name: &str, make: impl FnOnce(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    let said = |error: std::io::Error| format!("{}: {error}", all.display());
    fs::create_dir_all(&all).map_err(said)?;
    let lock = File::create(all.join("lock")).map_err(said)?;
    lock.lock().map_err(said)?;
    let (folder, unfinished) = (all.join(name), all.join(format!("{name}.unfinished")));
    if !folder.exists() {
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(said)?;
        }
        make(&unfinished)?;
        fs::rename(&unfinished, &folder).map_err(said)?;
    }
    Ok(folder)
}

fn ran(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{name}: {}", complaint.trim())) }
}
