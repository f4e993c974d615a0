//! `plumb compare`: the same cases against two targets, and who is right where they differ.

use plumb_validator::plugin::Plugin;

use crate::cli::{CompareArgs, TargetArgs};
use crate::commands::plan;
use crate::compare;
use crate::compare::passes::Pass;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::select;

/// Carries the command out.
pub(super) fn compare(plugins: &[Plugin], arguments: &CompareArgs) -> Result<Exit, Error> {
    let config = Config::load(arguments.access.config.as_deref())?;
    let again = arguments.again.as_ref().unwrap_or(&arguments.a);
    let targets = [&arguments.a, again, &arguments.b].map(|word| arguments.access.target(word));
    for target in &targets {
        check_name(target, &config)?;
    }
    let named = targets.iter().find_map(|target| select::api_name(target, &config).ok());
    let plugin = select::plugin(plugins, &named.map_or_else(|| select::api_name(&targets[0], &config), Ok)?)?;
    let api = (plugin.api)();
    select::check_operations(&api, &arguments.cases.operations)?;
    let select = |pass: Pass| select::select(plugin, &api, &targets[pass as usize], &config);
    let selected = [select(Pass::A)?, select(Pass::Again)?, select(Pass::B)?];
    let cases = arguments.cases.brief();
    if cases.plan {
        // All of them are printed, even where the first tells that it could not run.
        let plans = selected.each_ref().map(|own| plan::plan(&api, &own.target, &cases));
        return plans.into_iter().find(Result::is_err).unwrap_or(Ok(Exit::Conforms));
    }
    selected.iter().try_for_each(|own| plan::refuse_unsafe(&api, &own.target, &cases))?;
    let (summary, unkept) = compare::run::compare(&api, &selected, &targets, arguments)?;
    unkept.map_or_else(|| Ok(summary.exit(arguments.cases.inconclusive_max)), Err)
}

/// Refuses a word that is neither an endpoint nor the name of a target.
fn check_name(target: &TargetArgs, config: &Config) -> Result<(), Error> {
    match &target.target {
        Some(name) if config.target(name).is_err() => Err(Error::usage(
            format!("there is no target {name:?}"),
            "what is compared are endpoints such as http://127.0.0.1:9000, or names of targets in plumb.toml",
        )),
        _ => Ok(()),
    }
}
