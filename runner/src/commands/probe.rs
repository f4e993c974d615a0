//! `plumb probe`: what a target has and what it lacks, in about a second.

use std::time::Instant;

use plumb_validator::plugin::Plugin;

use crate::capabilities::survey;
use crate::cli::{Format, ProbeArgs};
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::output;
use crate::report::probed::Probed;
use crate::report::terminal;
use crate::run;
use crate::select;
use crate::short_run::short_run;

/// How many cases run at once: they are few, and somebody waits.
const WORKERS: usize = 8;

/// Carries the command out. Exits 2 where nothing could be told.
pub(super) fn probe(plugins: &[Plugin], arguments: &ProbeArgs) -> Result<Exit, Error> {
    let config = Config::load(arguments.target.config.as_deref())?;
    let plugin = select::plugin(plugins, &select::api_name(&arguments.target, &config)?)?;
    let api = (plugin.api)();
    select::check_operations(&api, &arguments.operations)?;
    let selected = select::select(plugin, &api, &arguments.target, &config)?;
    let (began, stop) = (Instant::now(), run::stop_on_ctrl_c());
    let probed = short_run(&api, &selected, &stop, |engine| {
        let survey = survey(engine, &arguments.operations, WORKERS);
        let probed = Probed {
            api: api.name.to_owned(),
            flavour: selected.target.flavour.to_owned(),
            target: selected.target.name.clone(),
            endpoint: selected.endpoint.url().to_owned(),
            checked: survey.checked,
            early: survey.early,
            resources_left: survey.left.iter().map(run::told).collect(),
            duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        Ok((probed, survey.left))
    })?;
    output::print(&match arguments.format {
        Format::Terminal => terminal::probed::text(&probed, terminal::colours_wanted()),
        Format::Json | Format::Ndjson => format!("{}\n", probed.to_json()),
        Format::Nothing => String::new(),
    })?;
    Ok(if probed.tells() { Exit::Conforms } else { Exit::Inconclusive })
}
