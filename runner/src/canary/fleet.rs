//! From `plumb.toml` to everything that is to be done, and where: read as a whole, or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plumb_canary::clock::{Clock as _, SystemClock};
use plumb_canary::config::{CanaryConfig, Sections};
use plumb_canary::plan::Plan;
use plumb_canary::slot::Watch;
use plumb_model::api::Api;
use plumb_validator::brake::Brake;
use plumb_validator::plugin::Plugin;

use crate::canary::crew::Duties;
use crate::canary::duty::{Duty, Task};
use crate::canary::reference::Reference;
use crate::canary::site::Site;
use crate::cli::TargetArgs;
use crate::config::{CONFIG_FILE, Config};
use crate::error::Error;
use crate::features::Registries;
use crate::select;

/// The APIs that slots speak. Each is built once and lives as long as the process, because slots borrow it on threads of
/// their own; a reload finds it here.
pub struct Apis<'p> {
    plugins: &'p [Plugin],
    built: BTreeMap<&'static str, &'static Api>,
}

impl<'p> Apis<'p> {
    /// Those that the binary offers.
    pub const fn new(plugins: &'p [Plugin]) -> Self {
        Self { plugins, built: BTreeMap::new() }
    }

    fn of(&mut self, plugin: &Plugin) -> &'static Api {
        self.built.entry(plugin.name).or_insert_with(|| Box::leak(Box::new((plugin.api)())))
    }
}

/// Which watches are wanted; empty lists mean all.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The canaries.
    pub canaries: Vec<String>,
    /// The targets.
    pub targets: Vec<String>,
}

/// Everything that one daemon does.
pub struct Fleet {
    /// When, and who is told.
    pub plan: Arc<Plan>,
    /// What, and where.
    pub duties: Duties,
}

impl Fleet {
    /// Reads the configuration at `path`, or where it is by default, and everything that it names.
    ///
    /// # Errors
    /// Where anything is wrong, with its place: nothing starts then, and a daemon that runs goes on as it was.
    pub fn read(path: Option<&Path>, wanted: &Wanted, apis: &mut Apis<'_>, brake: &Arc<Brake>) -> Result<Self, Error> {
        let config = Config::load(path)?;
        let sections = config.sections();
        let now_ms = SystemClock::default().now().wall_ms;
        let plan = sections.plan(&config.target_names(), now_ms).map_err(|mistake| config.mistake(&mistake))?;
        let plan = narrowed(plan, wanted)?;
        let mut sites = BTreeMap::new();
        let (mut duties, mut registries) = (Duties::new(), Registries::default());
        let folder = plan.agent.state.clone();
        let reference = plan.agent.reference.clone().map(|address| Arc::new(Reference::new(address)));
        for (name, own) in sections.canaries.iter().filter(|(name, _)| plan.canaries.contains_key(name.get_ref())) {
            let all = &plan.canaries[name.get_ref()].targets;
            let plugin = plugin(&config, own, all, apis.plugins)?;
            let api = apis.of(plugin);
            let task = Task::read(name.get_ref(), own, &config, (apis.plugins, plugin, api), &mut registries)?;
            let task = Arc::new(task);
            for target in all {
                let site = match sites.get(target) {
                    Some(site) => Arc::clone(site),
                    None => site(&config, path, target, (*plugin, api), (brake, reference.as_ref()))?,
                };
                sites.insert(target.clone(), Arc::clone(&site));
                let watch = Watch { canary: name.get_ref().clone(), target: target.clone() };
                duties.insert(watch.clone(), Arc::new(Duty::new(watch, Arc::clone(&task), site, folder.clone())));
            }
        }
        check_any(&sections, &duties)?;
        Ok(Self { plan: Arc::new(plan), duties })
    }
}

fn check_any(sections: &Sections, duties: &Duties) -> Result<(), Error> {
    if !duties.is_empty() {
        return Ok(());
    }
    let message = if sections.canaries.is_empty() { "no canary is configured" } else { "no canary is left to run" };
    Err(Error::usage(message, "add [canaries.NAME], or name others with --canary and --target"))
}

/// The plugin that all targets of a canary speak.
fn plugin<'p>(
    config: &Config,
    own: &CanaryConfig,
    targets: &[String],
    plugins: &'p [Plugin],
) -> Result<&'p Plugin, Error> {
    let mut name: Option<String> = None;
    for target in targets {
        let api = config.target(target)?.api.get_ref().clone();
        if let Some(first) = name.filter(|first| *first != api) {
            let message = format!("the targets of this canary speak different APIs: {first} and {api}");
            let place = own.targets.get_ref().iter().find(|given| given.get_ref() == target);
            let help = "make a canary for each API";
            return Err(match place {
                Some(place) => config.error_at(place, message, help),
                None => Error::usage(message, help),
            });
        }
        name = Some(api);
    }
    select::plugin(plugins, &name.unwrap_or_default())
}

fn site(
    config: &Config,
    path: Option<&Path>,
    target: &str,
    (plugin, api): (Plugin, &'static Api),
    proofs: (&Arc<Brake>, Option<&Arc<Reference>>),
) -> Result<Arc<Site>, Error> {
    let arguments = TargetArgs { target: Some(target.to_owned()), ..TargetArgs::default() };
    let selected = select::select(&plugin, api, &arguments, config)?;
    let file = absolute(path.unwrap_or(Path::new(CONFIG_FILE))).display().to_string();
    Ok(Arc::new(Site::new((plugin, api), selected, &file, proofs)?))
}

/// Whoever replays a finding stands in another folder.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The plan with the wanted watches alone.
fn narrowed(mut plan: Plan, wanted: &Wanted) -> Result<Plan, Error> {
    let known = |name: &String, all: &mut dyn Iterator<Item = &String>, what: &str| {
        let all: Vec<&str> = all.map(String::as_str).collect();
        if all.contains(&name.as_str()) {
            return Ok(());
        }
        Err(Error::usage(format!("there is no {what} {name:?}"), format!("there are: {}", all.join(", "))))
    };
    for name in &wanted.canaries {
        known(name, &mut plan.canaries.keys(), "canary")?;
    }
    for name in &wanted.targets {
        known(name, &mut plan.canaries.values().flat_map(|own| &own.targets), "canary with the target")?;
    }
    let is_wanted = |names: &[String], name: &String| names.is_empty() || names.contains(name);
    plan.canaries.retain(|name, own| {
        own.targets.retain(|target| is_wanted(&wanted.targets, target));
        is_wanted(&wanted.canaries, name) && !own.targets.is_empty()
    });
    Ok(plan)
}
