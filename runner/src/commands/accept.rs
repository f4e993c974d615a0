//! `plumb accept`: findings that somebody answers for, for a while.

use jiff::Zoned;

use crate::cli::AcceptArgs;
use crate::commands::replay;
use crate::deviation::{self, Deviation};
use crate::error::{Error, Exit};
use crate::output;

/// Carries the command out.
pub(super) fn accept(arguments: &AcceptArgs) -> Result<Exit, Error> {
    for (name, text) in [("--owner", &arguments.owner), ("--reason", &arguments.reason)] {
        if text.trim().is_empty() {
            return Err(Error::usage(format!("{name} is empty"), "somebody has to answer for it, and say why"));
        }
    }
    if arguments.expires < Zoned::now().date() {
        return Err(Error::usage(
            format!("{} is over already", arguments.expires),
            "name a day to come with --expires",
        ));
    }
    let mut new = Vec::new();
    for path in &arguments.findings {
        let file = replay::read(path)?;
        let (owner, reason) = (&arguments.owner, &arguments.reason);
        new.push(Deviation::of(&file.finding, &file.api, owner, reason, arguments.expires));
    }
    let all = new.len();
    let known = deviation::add(&arguments.deviations, new)?;
    for deviation in &known {
        output::print(&format!("already accepted: {deviation}\n"))?;
    }
    let added = all - known.len();
    let path = arguments.deviations.display();
    output::print(&format!("{added} added to {path}, counting until {}\n", arguments.expires))?;
    Ok(Exit::Conforms)
}
