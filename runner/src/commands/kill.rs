//! `plumb kill`: sets, releases and shows the kill switch.

use plumb_validator::brake::BrakeState;

use crate::cli::KillArgs;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::kill_switch::{Settings, set, shown};
use crate::output::print;

/// Carries the command out. Shown, it exits 2 where a source cannot be read.
pub(super) fn kill(arguments: &KillArgs) -> Result<Exit, Error> {
    let settings = Settings::of(&Config::load(arguments.config.as_deref())?)?;
    if let Some(wanted) = arguments.state {
        let (file, state) = (settings.written_file(), wanted.state());
        let who = arguments.by.clone().unwrap_or_else(user);
        set(&file, state, &who, arguments.reason.as_deref().unwrap_or_default())?;
        let done = if state == BrakeState::Runs { "released in" } else { "set in" };
        print(&format!("{done} the file {}\n", file.display()))?;
    }
    let (lines, is_known) = shown(&settings)?;
    print(&lines.into_iter().map(|line| line + "\n").collect::<String>())?;
    Ok(if is_known { Exit::Conforms } else { Exit::Inconclusive })
}

/// Who runs this, as far as the environment tells.
fn user() -> String {
    let variable = |name| std::env::var(name).ok().filter(|name| !name.is_empty());
    variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "somebody".to_owned())
}
