//! What else can be done with gates: override one, and answer pipelines that ask.

use plumb_gate::overrides::{self, Entry, OVERRIDES_FILE};

use crate::cli::{GateServeArgs, OverrideArgs, parse_until};
use crate::commands::gate::told::overrides_error;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::output::print;

/// Adds an override.
pub(super) fn override_gate(arguments: &OverrideArgs) -> Result<Exit, Error> {
    let config = Config::load(arguments.config.as_deref())?;
    let (_, gate) = config.gate(&arguments.name)?;
    let now = super::now();
    let until = parse_until(&arguments.until, now)
        .map_err(|reason| Error::usage(reason, "an end looks like 4h or 2026-11-22T12:00:00+01:00"))?;
    let entry = Entry {
        gate: arguments.name.clone(),
        who: arguments.who.clone(),
        why: arguments.why.clone(),
        made: now,
        until,
        version: arguments.expect_version.clone(),
    };
    let path = arguments.overrides.clone().or_else(|| gate.overrides.clone()).unwrap_or_else(|| OVERRIDES_FILE.into());
    overrides::add(&path, &entry).map_err(|error| overrides_error(&error))?;
    print(&format!(
        "{} is overridden until {until}: where it does not pass, plumb gate says overridden and exits 0. It stands in {}\n",
        entry.gate,
        path.display()
    ))?;
    Ok(Exit::Conforms)
}

/// Answers pipelines that ask.
pub(super) fn serve(_arguments: &GateServeArgs) -> Result<Exit, Error> {
    Err(Error::Internal("serve gates".into()))
}
