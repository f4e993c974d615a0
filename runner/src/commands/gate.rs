//! `plumb gate`: may it go on?

mod deeds;
mod told;

use std::path::PathBuf;

use jiff::{Timestamp, Zoned};
use plumb_gate::decision::{Decision, GATE_SCHEMA, Looked};
use plumb_gate::overrides::{self, Entry};
use plumb_gate::stats::comparison::Comparison;
use plumb_gate::verdict::Verdict;
use plumb_model::api::Api;
use plumb_validator::plugin::Plugin;

use crate::cli::{GateArgs, GateDeed, GateRunArgs};
use crate::commands::plan;
use crate::config::Config;
use crate::deviation::{self, Deviation};
use crate::error::{Error, Exit};
use crate::gate::evidence::Evidence;
use crate::gate::known::Known;
use crate::gate::live::{self, Live};
use crate::gate::plan::{Asked, Plan};
use crate::gate::questions::{Bar, ask};
use crate::gate::runs::{Runs, Seen, default_folder};
use crate::gate::standing::Standings;
use crate::output::probe;
use crate::run::{model_digest, new_run_id};
use crate::select;
use crate::versions::Versions;

/// Carries the command out.
pub(super) fn gate(plugins: &[Plugin], arguments: &GateArgs) -> Result<Exit, Error> {
    match &arguments.deed {
        None => decide(plugins, &arguments.run),
        Some(GateDeed::Override(own)) => deeds::override_gate(own),
        Some(GateDeed::Serve(own)) => deeds::serve(plugins, own),
    }
}

fn decide(plugins: &[Plugin], arguments: &GateRunArgs) -> Result<Exit, Error> {
    let config = Config::load(arguments.config.as_deref())?;
    let Some(name) = &arguments.name else {
        let known = config.gate_names().join(", ");
        let help = if known.is_empty() {
            "write [gates.NAME] in plumb.toml".to_owned()
        } else {
            format!("there are: {known}")
        };
        return Err(Error::usage("no gate is named", help));
    };
    let plan = Plan::read(&config, name, arguments, plugins)?;
    // Whatever cannot be read is told before anything is sent.
    let deviations = deviation::load(plan.deviations.as_deref())?;
    let entries = load_overrides(&plan)?;
    let known = arguments.baseline_run.as_deref().map(Known::load).transpose()?;
    arguments.reports.iter().try_for_each(|report| probe(&report.path))?;
    if arguments.while_stdin_is_open {
        deeds::stop_without_stdin();
    }
    let run = new_run_id();
    let folder = arguments.output.clone().unwrap_or_else(|| default_folder(run.as_str()));
    let seeing = Seeing { plugins, plan: &plan, config: &config, folder: &folder, arguments, deviations: &deviations };
    let began = now();
    let sight = seeing.see()?;
    let decision = decided(&plan, &sight, (&deviations, known.as_ref()), &entries);
    let decision = Decision { run: run.as_str().to_owned(), began, ..decision };
    let decision = Decision { folder: Some(folder.display().to_string()), ..decision };
    let verdict = told::tell(decision, arguments, &folder)?;
    Ok(exit_of(verdict))
}

/// Now, to the second: nobody wants to read more of it.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// The exit code of a verdict. One that was overridden lets a pipeline go on: that is what it is for.
const fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Pass | Verdict::Overridden => Exit::Conforms,
        Verdict::Fail => Exit::Diverges,
        Verdict::Inconclusive => Exit::Inconclusive,
    }
}

/// What a gate has seen.
struct Sight {
    /// At each target.
    seen: Vec<Seen>,
    /// The digest of the model that judges.
    model: String,
    /// How the target stands to its baseline, where it has one.
    live: Option<Live>,
    /// What evidence must have asked, where it was gathered before.
    asked: Option<Asked>,
}

/// What a gate looks at.
struct Seeing<'s> {
    plugins: &'s [Plugin],
    plan: &'s Plan,
    config: &'s Config,
    folder: &'s PathBuf,
    arguments: &'s GateRunArgs,
    deviations: &'s [Deviation],
}

impl Seeing<'_> {
    /// What the targets show, now or in earlier runs.
    fn see(&self) -> Result<Sight, Error> {
        let plugin = select::plugin(self.plugins, self.plan.api)?;
        let api = (plugin.api)();
        let (plan, config, folder) = (self.plan, self.config, self.folder);
        if !self.arguments.evidence.is_empty() {
            // Evidence does not tell how two targets stand to each other.
            let live = plan.baseline.as_ref().map(|_| Live::Nothing("it cannot be told from earlier runs".into()));
            let today = Zoned::now().date();
            let asked = Some(Asked::of(plan, &api, self.plugins, self.deviations, today)?);
            return Ok(Sight { seen: self.earlier(&api)?, model: model_digest(&api), live, asked });
        }
        self.refuse_unsafe(plugin, &api)?;
        let runs = Runs { plan, plugin, plugins: self.plugins, api: &api, config, folder };
        let seen = runs.look_at_all()?;
        let is_stopped = seen.iter().flat_map(|own| &own.evidence).any(Evidence::interrupted);
        let live = match (&plan.baseline, plan.targets.as_slice()) {
            (Some(_), _) if is_stopped => Some(Live::Nothing("somebody stopped the gate before".into())),
            (Some(baseline), [candidate]) => {
                let versions = seen.first().map(|own| own.versions.clone()).unwrap_or_default();
                Some(runs.hold_against(candidate, baseline, (&plan.limits, &versions))?)
            }
            _ => None,
        };
        Ok(Sight { seen, model: model_digest(&api), live, asked: None })
    }

    /// Refuses, as `plumb conform` does, what hardly anything could be sent of at a target's safety level.
    fn refuse_unsafe(&self, plugin: &Plugin, api: &Api) -> Result<(), Error> {
        let Some(cases) = self.plan.cases.as_ref().filter(|cases| !cases.only_seeds) else { return Ok(()) };
        for target in self.plan.targets.iter().chain(&self.plan.baseline) {
            plan::refuse_unsafe(api, &select::select(plugin, api, target, self.config)?.target, cases)?;
        }
        Ok(())
    }

    /// What earlier runs have shown of each target.
    fn earlier(&self, api: &Api) -> Result<Vec<Seen>, Error> {
        let mut all: Vec<Evidence> = Vec::new();
        for folder in &self.arguments.evidence {
            for folder in crate::gate::evidence::folders(folder)? {
                let own = Evidence::load(&folder)?;
                let run = |own: &Evidence| own.told().map(|told| told.run.to_owned());
                if all.iter().any(|other| run(other) == run(&own)) {
                    let message = format!("{} is named twice, or a copy of another one", folder.display());
                    return Err(Error::usage(message, "name each run once: it would count twice"));
                }
                all.push(own);
            }
        }
        let mut seen = Vec::new();
        for target in &self.plan.targets {
            let name = target.target.clone().unwrap_or_default();
            let own = self.config.target(&name)?;
            let endpoint = own.endpoint.get_ref().clone();
            let endpoint = select::parse_endpoint(&endpoint, None).map_or(endpoint, |own| own.url().to_owned());
            let configured = own.connect_to.as_ref().and_then(|text| select::parse_address(text.get_ref()).ok());
            let flavour = own.flavour.as_ref().map(|name| name.get_ref().clone());
            let (of_it, others) = all.into_iter().partition(|own: &Evidence| own.target == name);
            all = others;
            seen.push(Seen {
                target: name,
                endpoint,
                connected_to: target.connect_to.or(configured).map(|address| address.to_string()),
                flavour: Some(flavour.unwrap_or_else(|| api.flavours[0].name.to_owned())),
                evidence: of_it,
                versions: Versions::default(),
                is_unheard: false,
                shut_out: None,
            });
        }
        match all.first() {
            None => Ok(seen),
            Some(other) => Err(Error::usage(
                format!(
                    "there is evidence about {:?}, and the gate {:?} does not ask about it",
                    other.target, self.plan.name
                ),
                "name the folders of its own targets with --evidence",
            )),
        }
    }
}

fn decided(
    plan: &Plan,
    sight: &Sight,
    (deviations, known): (&[Deviation], Option<&Known>),
    entries: &[Entry],
) -> Decision {
    let (now, today) = (now(), Zoned::now().date());
    let standings = Standings { deviations, expired: plan.expired, known, today };
    let Sight { seen, model, live, asked } = sight;
    let bar = Bar { plan, standings: &standings, model, asked: asked.as_ref(), now };
    let mut answered = ask(&bar, seen);
    let version = plan.expect_version.as_deref();
    answered.checks.extend(live.iter().flat_map(|live| live::checks(live, plan, &standings)));
    let comparison = match live {
        Some(Live::Held(comparison, ..)) => Some(Comparison::clone(comparison)),
        Some(Live::Nothing(_)) | None => None,
    };
    let mut notices = answered.notices;
    notices.extend(known.map(Known::in_words));
    notices.extend(overrides::told(entries, &plan.name, version, now));
    let decision = Decision {
        schema: GATE_SCHEMA.into(),
        gate: plan.name.clone(),
        run: String::new(),
        verdict: Verdict::Inconclusive,
        without_override: None,
        overridden: None,
        summary: String::new(),
        began: now,
        decided: now,
        version: env!("CARGO_PKG_VERSION").into(),
        api: plan.api.to_owned(),
        model: model.clone(),
        seed: plan.cases.as_ref().map(|cases| cases.seed),
        targets: seen.iter().map(looked).collect(),
        checks: answered.checks,
        findings: answered.findings,
        skipped: answered.skipped,
        notices,
        comparison,
        folder: None,
    };
    // Whoever stops a gate has not asked to go on.
    let is_stopped = seen.iter().flat_map(|own| &own.evidence).any(Evidence::interrupted);
    let overridden = overrides::in_force(entries, &plan.name, version, now).filter(|_| !is_stopped);
    let decision = decision.decided(overridden);
    Decision { summary: summary(&decision), ..decision }
}

fn looked(seen: &Seen) -> Looked {
    Looked {
        target: seen.target.clone(),
        endpoint: seen.endpoint.clone(),
        connected_to: seen.connected_to.clone(),
        versions: seen.all_versions(),
        executed: seen.evidence.iter().map(Evidence::executed).sum(),
        exchanges: seen.evidence.iter().map(Evidence::exchanges).sum(),
    }
}

/// One sentence on why.
fn summary(decision: &Decision) -> String {
    let first = decision.against().next();
    match (decision.verdict, first) {
        (Verdict::Pass, _) => {
            let executed: u64 = decision.targets.iter().map(|own| own.executed).sum();
            format!("{executed} cases and scenarios were judged, and every check passed")
        }
        (_, Some(check)) => format!("{} at {}: {}", check.name, check.target, check.why),
        (_, None) => "nothing was asked".to_owned(),
    }
}

fn load_overrides(plan: &Plan) -> Result<Vec<Entry>, Error> {
    overrides::load(plan.overrides.as_deref()).map_err(|error| told::overrides_error(&error))
}
