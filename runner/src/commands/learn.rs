//! `plumb learn`: what customers do, from access logs.

mod intake;
mod keep;

use plumb_generator::suites;
use plumb_generator::traffic::learn::Learner;
use plumb_model::call::Case;
use plumb_validator::plugin::Plugin;

use crate::cases::STRENGTH_DEFAULT;
use crate::cli::{LearnArgs, LearnFormat};
use crate::error::{Error, Exit};
use crate::learned::Report;
use crate::output;
use crate::report::terminal;
use crate::select;

/// The seed of the suites that are compared with, which are those that `conform` sends unless it is told otherwise.
const SUITE_SEED: u64 = 1;

/// Carries the command out.
pub(super) fn learn(plugins: &[Plugin], arguments: &LearnArgs) -> Result<Exit, Error> {
    let plugin = select::plugin(plugins, &arguments.api)?;
    let api = (plugin.api)();
    let flavour = select::flavour(&api, arguments.flavour.as_deref())?;
    let formats = intake::formats(plugin, arguments.log_format.as_deref())?;
    if let Some(path) = &arguments.cases {
        keep::check(path)?;
    }
    let region = select::region(plugin, None);
    let mut reading = Learner::new(&api, flavour, &region, usize::from(arguments.strength));
    let mut intake = intake::Intake::default();
    for path in &arguments.files {
        intake.read(path, &formats, &mut reading)?;
    }
    let learned = reading.finish();
    let suites = suites::suites(&api, &[], STRENGTH_DEFAULT, SUITE_SEED)
        .map_err(|error| Error::usage(format!("failed to {error}"), "give the dimension fewer choices"))?;
    let suites: Vec<Case> = suites.collect();
    let report = Report::new(&api, flavour, usize::from(arguments.strength), &learned, &suites, intake.into_parts());
    if let Some(path) = &arguments.weights {
        output::write_json(path, &learned.weights)?;
    }
    if let Some(path) = &arguments.cases {
        keep::cases(path, &learned)?;
    }
    match arguments.format {
        LearnFormat::Terminal => output::print(&terminal::learned(&report, terminal::colours_wanted()))?,
        LearnFormat::Json => output::print(&format!("{:#}\n", report.to_json()))?,
    }
    Ok(Exit::Conforms)
}
