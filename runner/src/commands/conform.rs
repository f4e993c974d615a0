//! `plumb conform`: generated cases against a target.

use plumb_validator::plugin::Plugin;

use crate::cli::ConformArgs;
use crate::commands::plan;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::resume::Earlier;
use crate::run::{self, Replayed};
use crate::select;

/// Carries the command out.
pub(super) fn conform(plugins: &[Plugin], arguments: &ConformArgs) -> Result<Exit, Error> {
    let config = Config::load(arguments.target.config.as_deref())?;
    let plugin = select::plugin(plugins, &select::api_name(&arguments.target, &config)?)?;
    let api = (plugin.api)();
    select::check_operations(&api, &arguments.cases.operations)?;
    let selected = select::select(plugin, &api, &arguments.target, &config)?;
    if arguments.cases.plan {
        return plan::plan(&api, &selected.target, &arguments.cases);
    }
    plan::refuse_unsafe(&api, &selected.target, &arguments.cases)?;
    let options = arguments.target.options();
    let earlier = arguments.resume.as_deref().map(Earlier::load).transpose()?;
    let mut output = arguments.output.clone();
    if let Some(earlier) = &earlier {
        output.output = Some(earlier.folder.clone());
    }
    let replayed = Replayed { options: &options };
    let ran = run::run(&api, &selected, &arguments.cases, &output, &replayed, earlier.as_ref())?;
    ran.kept().map(|report| run::exit_of(&report, arguments.cases.inconclusive_max))
}
