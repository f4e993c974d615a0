//! `plumb test`: features against a target, or against the model itself.

use plumb_model::api::Api;
use plumb_steps::registry::phrases_markdown;
use plumb_validator::plugin::Plugin;

use crate::cli::{TargetArgs, TestArgs};
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::features::{self, MODEL_TARGET, ModelTarget, Selection, Stage, Wish};
use crate::output::print;
use crate::select;

/// Carries the command out.
pub(super) fn test(plugins: &[Plugin], arguments: &TestArgs) -> Result<Exit, Error> {
    let config = Config::load(arguments.target.config.as_deref())?;
    let wish = Wish {
        paths: arguments.paths.clone(),
        api: api_name(&arguments.target, &config)?,
        tags: arguments.tags.clone(),
        names: arguments.names.clone(),
    };
    if arguments.phrases {
        let plugin = select::plugin(plugins, wish.api.as_deref().unwrap_or(plugins[0].name))?;
        print(&phrases_markdown(&features::registry(plugin)?))?;
        return Ok(Exit::Conforms);
    }
    let selection = Selection::of(&wish, plugins)?;
    if arguments.list {
        let lines = selection.scenarios.iter().map(|own| format!("{}\n", own.scenario.id));
        print(&lines.collect::<String>())?;
        return Ok(if selection.scenarios.is_empty() { Exit::Inconclusive } else { Exit::Conforms });
    }
    let api = (selection.plugin.api)();
    let stage = stage(selection.plugin, &api, arguments, &config)?;
    let ran = features::run(&api, arguments, &selection, &stage, arguments.target.options())?;
    ran.kept().map(|report| report.exit())
}

/// The API that the command line or the target names; none where only the features can tell.
fn api_name(target: &TargetArgs, config: &Config) -> Result<Option<String>, Error> {
    match &target.target {
        Some(name) if target.api.is_none() && name != MODEL_TARGET => {
            Ok(Some(config.target(name)?.api.get_ref().clone()))
        }
        _ => Ok(target.api.clone()),
    }
}

/// Where the scenarios of a run are played.
fn stage<'a>(plugin: &Plugin, api: &'a Api, arguments: &TestArgs, config: &Config) -> Result<Stage<'a>, Error> {
    let target = &arguments.target;
    if arguments.dry_run {
        return Ok(Stage::Nowhere);
    }
    if target.target.as_deref() == Some(MODEL_TARGET) {
        let flavour = select::flavour(api, target.flavour.as_deref())?;
        let region = select::region(plugin, target.region.as_deref());
        return Ok(Stage::Model(Box::new(ModelTarget::new(plugin, api, flavour, region))));
    }
    if target.target.is_none() && target.endpoint_url.is_none() {
        let help = "--target model tries them without a server; otherwise --endpoint-url URL, or --target NAME";
        return Err(Error::usage("no target is named", help));
    }
    Ok(Stage::Target(Box::new(select::select(plugin, api, target, config)?)))
}
