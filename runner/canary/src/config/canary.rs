//! `[canaries.NAME]` and `[[maintenance]]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::units::{objective, time, time_or};
use super::{Known, Mistake, known};
use crate::plan::{Canary, During, LatencySlo, Maintenance, Rule, Slo};
use crate::schedule::{Cadence, CadenceError};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);
/// The longest time that anything here may take.
const LONGEST: Duration = Duration::from_hours(24 * 366);
/// How long a slot may take, unless it is said.
const TIMEOUT_DEFAULT: Duration = Duration::from_mins(1);
/// The longest that can be said.
const TIMEOUT_MAX: Duration = Duration::from_hours(24);

/// A canary as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanaryConfig {
    /// Feature files and folders.
    #[serde(default)]
    pub features: Vec<Spanned<String>>,
    /// Whether the features that come with the API are played, where no others are named.
    #[serde(default)]
    pub embedded: bool,
    /// Which of the scenarios: `@smoke and not @slow`.
    pub tags: Option<Spanned<String>>,
    /// Generated cases.
    pub suites: Option<SuitesConfig>,
    /// The targets.
    pub targets: Spanned<Vec<Spanned<String>>>,
    /// How often: `1m`.
    pub every: Option<Spanned<String>>,
    /// When, as cron writes it; with `time_zone`.
    pub cron: Option<Spanned<String>>,
    /// The time zone of `cron`, as IANA names it: `Europe/Berlin`.
    pub time_zone: Option<Spanned<String>>,
    /// How long a slot may take.
    pub timeout: Option<Spanned<String>>,
    /// How soon it runs again while it fails.
    pub retry_every: Option<Spanned<String>>,
    /// Whether a slot begins while the one before it is under way.
    #[serde(default)]
    pub overlap: bool,
    /// Whether it may change anything at the target.
    pub writes: Option<bool>,
    /// Whether it goes on changing things once an error budget is spent.
    #[serde(default)]
    pub writes_when_spent: bool,
    /// Whether each request has a connection of its own.
    #[serde(default)]
    pub connections: Connections,
    /// What is promised.
    pub slo: Option<Spanned<SloConfig>>,
    /// Who answers for it.
    pub owner: Spanned<String>,
    /// What whoever is called reads first.
    pub runbook: Option<Spanned<String>>,
    /// How long it tells nobody, from its first slot on.
    pub probation: Option<Spanned<String>>,
    /// Canaries without which it cannot work.
    #[serde(default)]
    pub depends_on: Vec<Spanned<String>>,
    /// The rules that hold for it.
    #[serde(default)]
    pub alerts: Vec<Spanned<String>>,
    /// Accepted findings; `plumb.deviations.toml` where it is missing and there is one.
    pub deviations: Option<PathBuf>,
}

/// Whether each request has a connection of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connections {
    /// Each has one: name, connection and TLS are seen each time, as a new customer sees them.
    #[default]
    Fresh,
    /// They share what is kept open.
    Kept,
}

/// Generated cases as they are configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuitesConfig {
    /// How many choices meet, 1 to 4.
    pub strength: Option<Spanned<usize>>,
    /// The most cases of one slot (200), or the longest time (20s). The next slot goes on where this one ended.
    pub budget: Spanned<String>,
    /// Only these operations.
    #[serde(default)]
    pub operations: Vec<Spanned<String>>,
    /// How many workflows come after the suites.
    pub workflows: Option<usize>,
    /// The seed.
    pub seed: Option<u64>,
    /// Cases that go first: files and folders.
    #[serde(default)]
    pub seeds: Vec<PathBuf>,
}

/// What is promised, as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SloConfig {
    /// The share of slots in which the target is available: 0.999.
    pub availability: Option<Spanned<f64>>,
    /// The share of slots in which every answer is permitted.
    pub conformance: Option<Spanned<f64>>,
    /// Over how long; 30 days where it is missing.
    pub window: Option<Spanned<String>>,
    /// What is promised of the time that an exchange takes.
    pub latency: Option<LatencyConfig>,
}

/// A share of exchanges is over within a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyConfig {
    /// The share: 0.99.
    pub share: Spanned<f64>,
    /// The time: `800ms`.
    pub within: Spanned<String>,
}

/// A maintenance as it is configured: `from` and `until`, or `cron`, `time_zone` and `lasts`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceConfig {
    /// Why.
    pub reason: Spanned<String>,
    /// The targets; all where none is named.
    #[serde(default)]
    pub targets: Vec<Spanned<String>>,
    /// The canaries; all where none is named.
    #[serde(default)]
    pub canaries: Vec<Spanned<String>>,
    /// Its first moment: `2026-12-24T18:00:00+01:00`.
    pub from: Option<Spanned<String>>,
    /// The first moment after it.
    pub until: Option<Spanned<String>>,
    /// When it begins, again and again.
    pub cron: Option<Spanned<String>>,
    /// The time zone of `cron`.
    pub time_zone: Option<Spanned<String>>,
    /// How long it lasts.
    pub lasts: Option<Spanned<String>>,
    /// Whether slots go on, and only alerts are held back.
    #[serde(default)]
    pub keeps_checking: bool,
}

impl CanaryConfig {
    pub(super) fn canary(
        &self,
        name: &Spanned<String>,
        all: &Known<'_>,
        rules: &BTreeMap<String, Rule>,
    ) -> Result<Canary, Mistake> {
        let canaries = || all.sections.canaries.keys().map(|name| name.get_ref().as_str());
        let targets = names(self.targets.get_ref(), "target", || all.targets.iter().copied())?;
        if targets.is_empty() {
            return Err(Mistake::at(&self.targets, "the canary has no target", "name at least one of [targets.NAME]"));
        }
        if self.features.is_empty() && !self.embedded && self.suites.is_none() {
            let help = "add features = [\"PATH\"], embedded = true, or suites = { budget = \"100\" }";
            return Err(Mistake::at(name, "the canary does nothing", help));
        }
        if let Some(own) = self.depends_on.iter().find(|own| own.get_ref() == name.get_ref()) {
            return Err(Mistake::at(own, "the canary depends on itself", "name another one"));
        }
        let cadence = self.cadence(name)?;
        let timeout = time_or(self.timeout.as_ref(), TIMEOUT_DEFAULT, SECOND, TIMEOUT_MAX)?;
        let retry = |text| time(text, SECOND, LONGEST);
        Ok(Canary {
            targets,
            timeout,
            retry_every: self.retry_every.as_ref().map(retry).transpose()?,
            overlap: self.overlap,
            writes: self.writes.unwrap_or(true),
            writes_when_spent: self.writes_when_spent,
            slo: self.slo.as_ref().map_or(Ok(NOTHING_PROMISED), |slo| slo.get_ref().slo())?,
            owner: filled(&self.owner, "an owner: the team that is called")?,
            runbook: self.runbook.as_ref().map(|own| filled(own, "an address")).transpose()?,
            probation: time_or(self.probation.as_ref(), Duration::ZERO, Duration::ZERO, LONGEST)?,
            depends_on: names(&self.depends_on, "canary", canaries)?,
            alerts: names(&self.alerts, "alert", || rules.keys().map(String::as_str))?,
            cadence,
        })
    }

    fn cadence(&self, name: &Spanned<String>) -> Result<Cadence, Mistake> {
        match (&self.every, &self.cron, &self.time_zone) {
            (Some(every), None, None) => Cadence::every(time(every, Duration::ZERO, LONGEST)?).map_err(|error| {
                Mistake::at(every, format!("failed to {error}"), "an interval looks like 30s, 5m or 1h")
            }),
            (None, Some(cron), Some(zone)) => self::cron(cron, zone),
            (None, Some(cron), None) => {
                Err(Mistake::at(cron, "a cron line needs a time zone", "add time_zone = \"Europe/Berlin\", or \"UTC\""))
            }
            (Some(every), Some(_), _) => {
                Err(Mistake::at(every, "there is both every and cron", "one of them says when slots are due"))
            }
            (Some(_), None, Some(zone)) => {
                Err(Mistake::at(zone, "a time zone says nothing about every", "leave it out, or write cron"))
            }
            (None, None, _) => Err(Mistake::at(
                name,
                "it is not said when the canary runs",
                "add every = \"1m\", or cron and time_zone",
            )),
        }
    }
}

fn cron(line: &Spanned<String>, zone: &Spanned<String>) -> Result<Cadence, Mistake> {
    Cadence::cron(line.get_ref(), zone.get_ref()).map_err(|error| {
        let place = if matches!(error, CadenceError::Zone(_)) { zone } else { line };
        Mistake::at(place, format!("failed to {error}"), "minute hour day month weekday: \"*/5 8-17 * * MON-FRI\"")
    })
}

/// Where no SLO is configured.
const NOTHING_PROMISED: Slo =
    Slo { availability: None, conformance: None, window: Duration::from_hours(24 * 30), latency: None };

impl SloConfig {
    fn slo(&self) -> Result<Slo, Mistake> {
        let latency = |own: &LatencyConfig| {
            let within = time(&own.within, Duration::from_millis(1), Duration::from_hours(1))?;
            Ok(LatencySlo { share: objective(&own.share)?, within })
        };
        Ok(Slo {
            availability: self.availability.as_ref().map(objective).transpose()?,
            conformance: self.conformance.as_ref().map(objective).transpose()?,
            window: time_or(self.window.as_ref(), NOTHING_PROMISED.window, DAY / 24, DAY * 90)?,
            latency: self.latency.as_ref().map(latency).transpose()?,
        })
    }
}

impl MaintenanceConfig {
    pub(super) fn maintenance(&self, all: &Known<'_>) -> Result<Maintenance, Mistake> {
        let canaries = || all.sections.canaries.keys().map(|name| name.get_ref().as_str());
        Ok(Maintenance {
            reason: filled(&self.reason, "a reason: it is shown instead of the slots")?,
            targets: names(&self.targets, "target", || all.targets.iter().copied())?,
            canaries: names(&self.canaries, "canary", canaries)?,
            during: self.during()?,
            keeps_checking: self.keeps_checking,
        })
    }

    fn during(&self) -> Result<During, Mistake> {
        match (&self.from, &self.until, &self.cron, &self.time_zone, &self.lasts) {
            (Some(from), Some(until), None, None, None) => {
                let (from_ms, until_ms) = (moment(from)?, moment(until)?);
                if from_ms >= until_ms {
                    return Err(Mistake::at(until, "the maintenance ends before it begins", "swap from and until"));
                }
                Ok(During::Once { from_ms, until_ms })
            }
            (None, None, Some(line), Some(zone), Some(lasts)) => {
                Ok(During::Repeated { begins: cron(line, zone)?, lasts: time(lasts, SECOND, DAY * 7)? })
            }
            _ => {
                let help = "from and until, or cron, time_zone and lasts";
                Err(Mistake::at(&self.reason, "it is not clear when the maintenance is", help))
            }
        }
    }
}

fn moment(text: &Spanned<String>) -> Result<i64, Mistake> {
    let help = "a moment looks like 2026-12-24T18:00:00+01:00 (RFC 3339)";
    let read = text.get_ref().parse::<jiff::Timestamp>();
    read.map(jiff::Timestamp::as_millisecond).map_err(|error| Mistake::at(text, error.to_string(), help))
}

fn filled(text: &Spanned<String>, what: &str) -> Result<String, Mistake> {
    let trimmed = text.get_ref().trim();
    if trimmed.is_empty() {
        return Err(Mistake::at(text, "it is empty", format!("write {what}")));
    }
    Ok(trimmed.to_owned())
}

/// The names, each once.
fn names<'n, I: Iterator<Item = &'n str>>(
    given: &[Spanned<String>],
    what: &str,
    all: impl Fn() -> I,
) -> Result<Vec<String>, Mistake> {
    let mut read: Vec<String> = Vec::new();
    for own in given {
        let name = known(own, what, all())?;
        if read.contains(&name) {
            return Err(Mistake::at(own, format!("{name:?} is named twice"), "name it once"));
        }
        read.push(name);
    }
    Ok(read)
}
