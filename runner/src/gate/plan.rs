//! What a gate demands, read and checked: whatever is wrong is told before anything is sent.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use plumb_gate::stats::limits::Limits;
use plumb_model::api::Api;
use plumb_validator::plugin::Plugin;
use toml::Spanned;

use crate::cases::{STRENGTH_DEFAULT, Source, WORKFLOWS_DEFAULT};
use crate::cli::{self, CasesArgs, GateRunArgs, TargetArgs, TestArgs, TestFormat};
use crate::config::Config;
use crate::deviation::{self, Deviation};
use crate::error::Error;
use crate::events::CasesOf;
use crate::features::{Selection, Wish};
use crate::gate::config::{Expired, GateConfig, SuitesConfig};
use crate::gate::evidence::Shown;
use crate::report::LATENCY_MICROSECONDS_MAX;
use crate::select::{self, ADDRESS_HELP};

/// The largest share of inconclusive cases with which a run still counts, unless it is said.
const INCONCLUSIVE_MAX: f64 = 0.05;
/// How long before it expires an accepted finding is told, unless it is said.
const WARN_BEFORE: Duration = Duration::from_hours(24 * 14);
/// How old evidence may be, unless it is said.
const MAX_AGE: Duration = Duration::from_hours(24);
/// How many cases and scenarios run at once, unless it is said.
const WORKERS: u16 = 4;
/// The longest time that anything here may be.
const LONGEST: Duration = Duration::from_hours(24 * 366);
/// Names that `plumb gate` takes for something else.
const RESERVED: [&str; 2] = ["serve", "override"];

/// What a gate demands.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// The API that its targets offer.
    pub api: &'static str,
    /// Its targets, as if each were named on the command line.
    pub targets: Vec<TargetArgs>,
    /// The features that are played, where any are.
    pub features: Option<Wish>,
    /// The cases that are sent, where any are.
    pub cases: Option<CasesArgs>,
    /// How many cases and scenarios must have been judged at each target.
    pub minimum: u64,
    /// The least share of choices that must have met.
    pub coverage: Option<f64>,
    /// The largest share of inconclusive cases with which a run still counts.
    pub inconclusive_max: f64,
    /// Accepted findings.
    pub deviations: Option<PathBuf>,
    /// How long before an accepted finding expires it is told.
    pub warn_before: Duration,
    /// From when on a finding blocks whose acceptance has expired.
    pub expired: Expired,
    /// What exchanges may take.
    pub latency: Vec<Limit>,
    /// How old evidence may be.
    pub max_age: Duration,
    /// The version that every target must tell.
    pub expect_version: Option<String>,
    /// The target that the others are held against.
    pub baseline: Option<TargetArgs>,
    /// From where on it counts that a target is worse than that.
    pub limits: Limits,
    /// Where overrides stand.
    pub overrides: Option<PathBuf>,
    /// How many cases and scenarios run at once.
    pub workers: u16,
}

/// What exchanges of an operation may take.
#[derive(Debug, Clone)]
pub struct Limit {
    /// The operation.
    pub operation: String,
    /// The share of exchanges that must be over within the time.
    pub share: f64,
    /// The time.
    pub within: Duration,
}

/// What evidence must have asked, that it can stand for a run of the gate.
#[derive(Debug)]
pub struct Asked {
    /// Which cases, and their seed.
    cases: Option<(CasesOf, u64)>,
    /// The digest of the scenarios.
    scenarios: Option<String>,
    /// The digest of what is accepted: a scenario goes on after what is.
    accepted: String,
}

impl Asked {
    /// What `plan` asks today.
    ///
    /// # Errors
    /// Where the cases or features that it names cannot be read.
    pub fn of(
        plan: &Plan,
        api: &Api,
        plugins: &[Plugin],
        deviations: &[Deviation],
        today: Date,
    ) -> Result<Self, Error> {
        let cases = plan.cases.as_ref().map(|cases| Ok((Source::open(api, cases)?.told(), cases.seed))).transpose()?;
        let selection = plan.features.as_ref().map(|wish| Selection::of(wish, plugins)).transpose()?;
        let scenarios = selection.map(|selection| selection.digest());
        Ok(Self { cases, scenarios, accepted: deviation::digest(deviations, api.name, today) })
    }

    /// In what a run differs from it, where it does. A part of the cases is theirs: whether all parts are there is another
    /// question.
    pub fn differs(&self, shown: &Shown) -> Option<String> {
        match (shown, &self.cases, &self.scenarios) {
            (Shown::Suites(report), Some((wanted, seed)), _) => {
                let own = CasesOf { shard: None, ..report.started.cases.clone() };
                let words = |cases: &CasesOf, seed: u64| {
                    format!("{} and the seed {seed}", serde_json::to_string(cases).unwrap_or_default())
                };
                let (own, wanted) = (words(&own, report.started.seed), words(wanted, *seed));
                (own != wanted).then(|| format!("its cases are {own}, not {wanted}"))
            }
            (Shown::Features(report), _, Some(wanted)) => {
                if report.started.scenarios != *wanted {
                    Some("it played other scenarios".into())
                } else if report.started.accepted != self.accepted {
                    Some("other findings were accepted then, after which scenarios went on".into())
                } else {
                    None
                }
            }
            (Shown::Nothing(..), ..) => None,
            (Shown::Suites(_) | Shown::Features(_), ..) => Some("the gate has none of that kind".into()),
        }
    }
}

impl Plan {
    /// Reads the gate called `name`, with what the command line says beside.
    ///
    /// # Errors
    /// Where anything is wrong, with its place.
    pub fn read(config: &Config, name: &str, arguments: &GateRunArgs, plugins: &[Plugin]) -> Result<Self, Error> {
        let (key, own) = config.gate(name)?;
        if RESERVED.contains(&name) {
            let help = format!("call it otherwise: plumb gate {name} does something else");
            return Err(config.error_at(key, format!("a gate cannot be called {name:?}"), help));
        }
        let targets = targets(config, own, arguments)?;
        let plugin = plugin(config, own, plugins)?;
        let api = (plugin.api)();
        if *own.minimum.get_ref() == 0 {
            let help = "say how many cases and scenarios must have been judged at least: minimum = 100";
            return Err(config.error_at(&own.minimum, "a gate that passes with nothing judged is none", help));
        }
        let workers = own.workers.as_ref().map_or(Ok(WORKERS), |given| workers(config, given))?;
        let features = features(config, own, plugin.name)?;
        let cases = cases(config, own, &api, workers)?;
        if features.is_none() && cases.is_none() {
            let help = "add features = [\"PATH\"], embedded = true, suites = { strength = 1 }, or cases = [\"PATH\"]";
            return Err(config.error_at(key, "the gate looks at nothing", help));
        }
        let latency = own.latency.iter().map(|limit| read_limit(config, &api, limit)).collect::<Result<Vec<_>, _>>()?;
        if let (Some(limit), None) = (own.latency.first(), &cases) {
            let help = "add suites or cases: exchanges are told by operation there";
            return Err(config.error_at(&limit.operation, "latencies are those of cases, and there are none", help));
        }
        if let (Some(floor), true) = (&own.coverage, own.suites.is_none()) {
            return Err(config.error_at(floor, "coverage is that of suites, and there are none", "add suites = {}"));
        }
        let read_time =
            |given: &Option<Spanned<String>>, default| given.as_ref().map_or(Ok(default), |text| time(config, text));
        Ok(Self {
            name: name.to_owned(),
            api: plugin.name,
            features,
            cases,
            minimum: *own.minimum.get_ref(),
            coverage: own.coverage.as_ref().map(|given| share(config, given)).transpose()?,
            inconclusive_max: own.inconclusive_max.as_ref().map_or(Ok(INCONCLUSIVE_MAX), |own| share(config, own))?,
            deviations: own.deviations.clone(),
            warn_before: read_time(&own.warn_before, WARN_BEFORE)?,
            expired: own.expired,
            latency,
            max_age: read_time(&own.max_age, MAX_AGE)?,
            expect_version: expected(config, own, arguments)?,
            baseline: baseline(config, own, arguments, &targets)?,
            limits: limits(config, own)?,
            overrides: own.overrides.clone(),
            workers,
            targets,
        })
    }

    /// What `plumb test` would be told, at this target.
    pub fn test_args(&self, target: &TargetArgs, output: &Path) -> Option<TestArgs> {
        let wish = self.features.as_ref()?;
        Some(TestArgs {
            paths: wish.paths.clone(),
            target: target.clone(),
            tags: wish.tags.clone(),
            names: Vec::new(),
            workers: self.workers,
            fail_fast: false,
            dry_run: false,
            list: false,
            phrases: false,
            format: TestFormat::Nothing,
            html: Some(output.join("report.html")),
            output: Some(output.to_owned()),
            record: None,
            deviations: self.deviations.clone(),
        })
    }
}

fn targets(config: &Config, own: &GateConfig, arguments: &GateRunArgs) -> Result<Vec<TargetArgs>, Error> {
    let named = own.targets.get_ref();
    if named.is_empty() {
        return Err(config.error_at(&own.targets, "the gate has no target", "name at least one of [targets.NAME]"));
    }
    let connect_to = connect_to(config, own, arguments)?;
    if connect_to.is_some() && named.len() > 1 {
        let help = "name one target, or give each connect_to = \"IP:PORT\" below [targets.NAME]";
        return Err(config.error_at(&own.targets, "several targets cannot be at one address", help));
    }
    let mut targets: Vec<TargetArgs> = Vec::new();
    for name in named {
        known_target(config, name)?;
        if targets.iter().any(|other| other.target.as_ref() == Some(name.get_ref())) {
            return Err(config.error_at(name, format!("{:?} is named twice", name.get_ref()), "name it once"));
        }
        targets.push(target_args(arguments, name.get_ref(), connect_to));
    }
    Ok(targets)
}

fn target_args(arguments: &GateRunArgs, name: &str, connect_to: Option<SocketAddr>) -> TargetArgs {
    TargetArgs { target: Some(name.to_owned()), config: arguments.config.clone(), connect_to, ..TargetArgs::default() }
}

fn known_target(config: &Config, name: &Spanned<String>) -> Result<(), Error> {
    if config.target(name.get_ref()).is_ok() {
        return Ok(());
    }
    let help = format!("there are: {}", config.target_names().join(", "));
    Err(config.error_at(name, format!("there is no target {:?}", name.get_ref()), help))
}

fn connect_to(config: &Config, own: &GateConfig, arguments: &GateRunArgs) -> Result<Option<SocketAddr>, Error> {
    match (arguments.connect_to, &own.connect_to) {
        (Some(address), _) => Ok(Some(address)),
        (None, None) => Ok(None),
        (None, Some(text)) => {
            let read = select::parse_address(text.get_ref());
            read.map(Some).map_err(|reason| config.error_at(text, reason, ADDRESS_HELP))
        }
    }
}

/// What the binary knows of the API that all targets offer.
fn plugin<'p>(config: &Config, own: &GateConfig, plugins: &'p [Plugin]) -> Result<&'p Plugin, Error> {
    let mut first: Option<String> = None;
    for name in own.targets.get_ref().iter().chain(&own.baseline) {
        known_target(config, name)?;
        let api = config.target(name.get_ref())?.api.get_ref().clone();
        match &first {
            None => first = Some(api),
            Some(other) if *other != api => {
                let message =
                    format!("the target {:?} offers the API {api:?}, the first one {other:?}", name.get_ref());
                return Err(config.error_at(name, message, "a gate speaks one API: write a gate for each"));
            }
            Some(_) => {}
        }
    }
    select::plugin(plugins, &first.unwrap_or_default())
}

fn features(config: &Config, own: &GateConfig, api: &str) -> Result<Option<Wish>, Error> {
    let is_wished = !own.features.is_empty() || own.embedded;
    if let (Some(tags), false) = (&own.tags, is_wished) {
        let help = "add embedded = true, or features = [\"PATH\"]";
        return Err(config.error_at(tags, "there is no scenario that these tags could choose", help));
    }
    if let (Some(path), true) = (own.features.first(), own.embedded) {
        let help = "leave embedded out, or write a gate for each";
        return Err(config.error_at(
            path,
            "the features that come with the API are played where no others are named",
            help,
        ));
    }
    Ok(is_wished.then(|| Wish {
        paths: own.features.iter().map(|path| path.get_ref().clone()).collect(),
        api: Some(api.to_owned()),
        tags: own.tags.as_ref().map(|tags| tags.get_ref().clone()),
        names: Vec::new(),
    }))
}

fn cases(config: &Config, own: &GateConfig, api: &Api, workers: u16) -> Result<Option<CasesArgs>, Error> {
    if own.suites.is_none() && own.cases.is_empty() {
        return Ok(None);
    }
    let nothing = SuitesConfig::default();
    let suites = own.suites.as_ref().map_or(&nothing, |suites| suites.get_ref());
    let names: Vec<String> = suites.operations.iter().map(|name| name.get_ref().clone()).collect();
    if let Some(name) = suites.operations.iter().find(|name| api.operation(name.get_ref()).is_none()) {
        let known: Vec<&str> = api.operations.iter().map(|operation| operation.name).collect();
        let message = format!("the API {} has no operation {:?}", api.name, name.get_ref());
        return Err(config.error_at(name, message, format!("there are: {}", known.join(", "))));
    }
    let strength = suites.strength.as_ref().map(|given| {
        cli::parse_strength(&given.get_ref().to_string())
            .map_err(|why| config.error_at(given, why, "strength = 2 makes any two choices meet"))
    });
    let budget = suites.budget.as_ref().map(|given| {
        cli::parse_budget(given.get_ref())
            .map_err(|why| config.error_at(given, why, "budget = \"500\" or budget = \"10m\""))
    });
    let inconclusive_max = own.inconclusive_max.as_ref().map_or(INCONCLUSIVE_MAX, |own| *own.get_ref());
    Ok(Some(CasesArgs {
        operations: names,
        seed: suites.seed.unwrap_or(1),
        budget: budget.transpose()?,
        // Said in full, so that a comparison sends the same.
        strength: Some(strength.transpose()?.unwrap_or(STRENGTH_DEFAULT)),
        shard: None,
        workflows: Some(suites.workflows.unwrap_or(WORKFLOWS_DEFAULT)),
        weights: suites.weights.clone(),
        workers,
        inconclusive_max,
        seeds: own.cases.iter().map(|path| path.get_ref().clone()).collect(),
        only_seeds: own.suites.is_none(),
        deviations: own.deviations.clone(),
        no_probe: false,
        plan: false,
    }))
}

fn baseline(
    config: &Config,
    own: &GateConfig,
    arguments: &GateRunArgs,
    targets: &[TargetArgs],
) -> Result<Option<TargetArgs>, Error> {
    let Some(name) = &own.baseline else { return Ok(None) };
    known_target(config, name)?;
    if own.suites.is_none() && own.cases.is_empty() {
        let help = "add suites or cases: both targets get the same calls";
        return Err(config.error_at(name, "there is no case to hold two targets against each other with", help));
    }
    let [candidate] = targets else {
        return Err(config.error_at(name, "only one target can be held against another", "write a gate for each"));
    };
    let is_itself = place(config, candidate)? == place(config, &target_args(arguments, name.get_ref(), None))?;
    if is_itself && !arguments.against_itself {
        let help = "name another target; to see how the comparison itself does, say --self";
        return Err(config.error_at(name, "the target would be held against itself", help));
    }
    Ok(Some(target_args(arguments, name.get_ref(), None)))
}

/// Where a target is: what its endpoint and address come to, however they are written.
fn place(config: &Config, target: &TargetArgs) -> Result<(String, u16, Option<SocketAddr>), Error> {
    let own = config.target(target.target.as_deref().unwrap_or_default())?;
    let endpoint = select::parse_endpoint(own.endpoint.get_ref(), None)
        .map_err(|reason| config.error_at(&own.endpoint, reason, "an endpoint looks like https://host:9000"))?;
    let configured = own.connect_to.as_ref().and_then(|text| select::parse_address(text.get_ref()).ok());
    Ok((endpoint.host().to_ascii_lowercase(), endpoint.port(), target.connect_to.or(configured)))
}

fn limits(config: &Config, own: &GateConfig) -> Result<Limits, Error> {
    let Some(given) = &own.baseline_limits else { return Ok(Limits::default()) };
    if own.baseline.is_none() {
        return Err(config.error_at(
            given,
            "there is no baseline that these limits are about",
            "add baseline = \"NAME\"",
        ));
    }
    let limits = *given.get_ref();
    limits.check().map_err(|error| {
        config.error_at(given, format!("failed to {error}"), "docs/gate-statistics.md says what each of them does")
    })?;
    Ok(limits)
}

fn expected(config: &Config, own: &GateConfig, arguments: &GateRunArgs) -> Result<Option<String>, Error> {
    let expected =
        arguments.expect_version.clone().or_else(|| own.expect_version.as_ref().map(|own| own.get_ref().clone()));
    let Some(expected) = expected.map(|text| text.trim().to_owned()) else { return Ok(None) };
    if expected.is_empty() {
        return Err(Error::usage("the expected version is empty", "name it, or leave --expect-version out"));
    }
    for name in own.targets.get_ref() {
        let target = config.target(name.get_ref())?;
        if target.version_header.is_none() && target.version_path.is_none() {
            let message = format!("nobody said where the target {:?} tells its version", name.get_ref());
            let help = format!("add version_header or version_path to [targets.{}]", name.get_ref());
            return Err(config.error_at(name, message, help));
        }
    }
    Ok(Some(expected))
}

fn workers(config: &Config, given: &Spanned<u16>) -> Result<u16, Error> {
    match *given.get_ref() {
        workers @ 1..=64 => Ok(workers),
        other => Err(config.error_at(given, format!("{other} workers cannot be"), "between 1 and 64")),
    }
}

fn read_limit(config: &Config, api: &Api, own: &crate::gate::config::LatencyLimit) -> Result<Limit, Error> {
    let name = own.operation.get_ref();
    if api.operation(name).is_none() {
        let known: Vec<&str> = api.operations.iter().map(|operation| operation.name).collect();
        let message = format!("the API {} has no operation {name:?}", api.name);
        return Err(config.error_at(&own.operation, message, format!("there are: {}", known.join(", "))));
    }
    let share = *own.share.get_ref();
    if !(share > 0.0 && share < 1.0) {
        let help = "a share between 0 and 1, both left out: 0.99 is 99 %";
        return Err(config.error_at(&own.share, format!("{share} is no share that can be kept and missed"), help));
    }
    let within = time(config, &own.within)?;
    let longest = Duration::from_micros(LATENCY_MICROSECONDS_MAX);
    if within >= longest {
        let help = format!("less than {}: longer ones are not told apart", humantime::format_duration(longest));
        return Err(config.error_at(&own.within, "a limit that nothing could miss", help));
    }
    Ok(Limit { operation: name.clone(), share, within })
}

/// A share, both ends included.
fn share(config: &Config, given: &Spanned<f64>) -> Result<f64, Error> {
    let share = *given.get_ref();
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    Err(config.error_at(given, format!("{share} is no share"), "a share is between 0 and 1: 0.95 is 95 %"))
}

fn time(config: &Config, text: &Spanned<String>) -> Result<Duration, Error> {
    let time = humantime::parse_duration(text.get_ref())
        .map_err(|error| config.error_at(text, error.to_string(), "a time looks like 300ms, 1h or 14d"))?;
    if time <= LONGEST {
        return Ok(time);
    }
    Err(config.error_at(text, format!("{} is too long", text.get_ref()), "a year at most"))
}
