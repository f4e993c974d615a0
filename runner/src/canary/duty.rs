//! What one canary does at one target, read and bound once, and done in every slot.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plumb_canary::config::{CanaryConfig, Connections, SuitesConfig};
use plumb_canary::slot::Watch;
use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_steps::executor::{Prepared, Waivers};
use plumb_validator::finding::Finding;
use plumb_validator::plugin::Plugin;
use plumb_validator::target::{Safety, Target};

use crate::canary::batch::Surveyed;
use crate::canary::site::Site;
use crate::cases::Source;
use crate::cli::{self, CasesArgs};
use crate::config::Config;
use crate::deviation::{self, Deviation};
use crate::engine::lock;
use crate::error::Error;
use crate::features::{Registries, Selection, Wish};
use crate::select;

/// How many cases of one suite run at once: a canary is a guest.
const SUITE_WORKERS: u16 = 2;
/// The largest share of inconclusive cases with which a slot still counts, as everywhere.
const INCONCLUSIVE_MAX: f64 = 0.05;

/// What a canary does, wherever it does it.
pub struct Task {
    /// The API it speaks.
    pub api: &'static str,
    /// Its scenarios, with their steps bound to functions.
    pub scenarios: Vec<Prepared>,
    /// How many scenarios were left out.
    pub left_out: u64,
    /// Whether its features are those that come with the binary.
    pub embedded: bool,
    /// The tag expression, where there is one.
    pub tags: Option<String>,
    /// Its generated cases.
    pub suite: Option<Suite>,
    /// What is accepted.
    pub deviations: Vec<Deviation>,
    /// Whether each request has a connection of its own.
    pub is_fresh: bool,
    /// Whether it may change anything.
    pub writes: bool,
}

/// Generated cases, some of which are run in each slot.
pub struct Suite {
    /// All of them. Each slot goes on where the one before it ended.
    pub cases: Arc<Vec<Case>>,
    /// How many at once, how many in a slot, and of which operations.
    pub arguments: CasesArgs,
}

/// A canary at a target.
pub struct Duty {
    /// Which.
    pub watch: Watch,
    /// What it does.
    pub task: Arc<Task>,
    /// Where.
    pub site: Arc<Site>,
    /// The case of the suite with which the next slot begins.
    next: AtomicUsize,
    /// What the target was found to have.
    pub surveyed: Surveyed,
    /// The findings that were made in earlier slots, by their coarse signature: they are not made small again.
    pub known: Mutex<BTreeMap<String, Finding>>,
    /// Where the files are kept that replay findings, in a folder of their own.
    pub folder: PathBuf,
}

impl Duty {
    /// The duty of a watch; what it finds is kept below `folder`.
    pub fn new(watch: Watch, task: Arc<Task>, site: Arc<Site>, folder: PathBuf) -> Self {
        let (next, surveyed, known) = (AtomicUsize::new(0), Surveyed::default(), Mutex::default());
        Self { watch, task, site, next, surveyed, known, folder }
    }

    /// The target as this canary may use it: nothing takes longer than a slot, and nothing is changed by a canary that
    /// only reads.
    pub fn target(&self, slot: Duration, writes: bool) -> Target {
        let mut target = Target::clone(&self.site.target());
        target.limits.first_byte = target.limits.first_byte.min(slot);
        target.limits.total = target.limits.total.min(slot);
        if !writes {
            target.safety = Safety::ReadOnly;
        }
        target
    }

    /// Where the suite of the next slot begins.
    pub fn next_case(&self) -> usize {
        self.next.load(Ordering::Relaxed)
    }

    /// The next slot goes on behind so many more cases of `all`.
    pub fn went_on(&self, by: usize, all: usize) {
        self.next.store((self.next_case() + by) % all.max(1), Ordering::Relaxed);
    }

    /// Every finding is gone; tells their ids.
    pub fn forget_all(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.known)).into_values().map(|own| own.id).collect()
    }

    /// Goes on where the same watch was before a reload, or before a start.
    pub fn go_on(&self, known: BTreeMap<String, Finding>, next: usize) {
        *lock(&self.known) = known;
        self.next.store(next, Ordering::Relaxed);
    }

    /// The command that runs a slot of it by hand.
    pub fn once(&self) -> String {
        let Watch { canary, target } = &self.watch;
        let options = self.site.options.split_once(" --config").map(|(_, file)| format!(" --config{file}"));
        format!("plumb canary --once --canary {canary} --target {target}{}", options.unwrap_or_default())
    }

    /// Which wrong answers are accepted today.
    pub fn waivers(&self) -> Waivers {
        deviation::waivers(self.task.deviations.clone(), self.site.api.name)
    }
}

impl Task {
    /// Reads what a canary does. A feature that nobody can read and a scenario with an undefined step are errors here,
    /// before anything starts, and not red slots at night.
    ///
    /// # Errors
    /// Where a file cannot be read, or nothing is selected.
    pub fn read(
        name: &str,
        own: &CanaryConfig,
        config: &Config,
        (plugins, plugin, api): (&[Plugin], &Plugin, &'static Api),
        registries: &mut Registries,
    ) -> Result<Self, Error> {
        let selection = scenarios(own, (plugins, plugin), registries)?;
        let (scenarios, left_out) = selection.map_or_else(Default::default, |own| (own.scenarios, own.left_out));
        if let Some(unbound) = scenarios.iter().find(|own| own.is_unbound()) {
            let scenario = &unbound.scenario;
            let message = format!(
                "the canary {name:?} has a scenario with an undefined step: {} ({}:{})",
                scenario.id, scenario.path, scenario.line
            );
            return Err(Error::usage(message, format!("plumb test --dry-run --name {} tells which", scenario.id)));
        }
        let suite = own.suites.as_ref().map(|suites| Suite::read(suites, config, api)).transpose()?;
        if scenarios.is_empty() && suite.is_none() {
            let message = format!("the canary {name:?} selects no scenario: each of its slots would say nothing");
            return Err(Error::usage(message, "look at its features and tags with plumb test --list"));
        }
        Ok(Self {
            api: plugin.name,
            scenarios,
            left_out,
            embedded: own.embedded,
            tags: own.tags.as_ref().map(|tags| tags.get_ref().clone()),
            suite,
            deviations: deviation::load(own.deviations.as_deref())?,
            is_fresh: own.connections == Connections::Fresh,
            writes: own.writes.unwrap_or(true),
        })
    }
}

fn scenarios<'p>(
    own: &CanaryConfig,
    (plugins, plugin): (&'p [Plugin], &Plugin),
    registries: &mut Registries,
) -> Result<Option<Selection<'p>>, Error> {
    if own.features.is_empty() && !own.embedded {
        return Ok(None);
    }
    let wish = Wish {
        paths: own.features.iter().map(|path| path.get_ref().clone()).collect(),
        api: Some(plugin.name.to_owned()),
        tags: own.tags.as_ref().map(|tags| tags.get_ref().clone()),
        names: Vec::new(),
    };
    Selection::one_of_many(&wish, plugins, registries).map(Some)
}

impl Suite {
    fn read(own: &SuitesConfig, config: &Config, api: &'static Api) -> Result<Self, Error> {
        let budget = cli::parse_budget(own.budget.get_ref())
            .map_err(|why| config.error_at(&own.budget, why, "budget = \"200\" or budget = \"20s\""))?;
        let strength = own.strength.as_ref().map(|strength| {
            cli::parse_strength(&strength.get_ref().to_string())
                .map_err(|why| config.error_at(strength, why, "strength = 1 is every choice once"))
        });
        let arguments = CasesArgs {
            operations: own.operations.iter().map(|name| name.get_ref().clone()).collect(),
            seed: own.seed.unwrap_or(1),
            budget: Some(budget),
            strength: Some(strength.transpose()?.unwrap_or(1)),
            shard: None,
            workflows: Some(own.workflows.unwrap_or(0)),
            weights: None,
            workers: SUITE_WORKERS,
            inconclusive_max: INCONCLUSIVE_MAX,
            seeds: own.seeds.clone(),
            only_seeds: false,
            deviations: None,
            no_probe: false,
            plan: false,
        };
        select::check_operations(api, &arguments.operations)?;
        let cases: Vec<Case> = Source::open(api, &arguments)?.cases()?.0.collect();
        if cases.is_empty() {
            return Err(config.error_at(&own.budget, "the suite has no case", "name other operations, or none"));
        }
        Ok(Self { cases: Arc::new(cases), arguments })
    }
}
