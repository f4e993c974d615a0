//! `[gates.NAME]`.

use std::path::PathBuf;

use plumb_gate::stats::limits::Limits;
use serde::Deserialize;
use toml::Spanned;

/// A gate as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateConfig {
    /// The targets that must pass, each of them.
    pub targets: Spanned<Vec<Spanned<String>>>,
    /// Feature files and folders.
    #[serde(default)]
    pub features: Vec<Spanned<String>>,
    /// Whether the features that come with the API are played, where no others are named.
    #[serde(default)]
    pub embedded: bool,
    /// Which of the scenarios: `@smoke and not @slow`.
    pub tags: Option<Spanned<String>>,
    /// Generated cases.
    pub suites: Option<Spanned<SuitesConfig>>,
    /// Cases that were kept: files and folders, as `plumb learn --cases`, `plumb test --record` and findings are.
    #[serde(default)]
    pub cases: Vec<Spanned<PathBuf>>,
    /// How many cases and scenarios must have been judged at each target, at least.
    pub minimum: Spanned<u64>,
    /// The least share of the choices that can meet which must have met: 0.95.
    pub coverage: Option<Spanned<f64>>,
    /// The largest share of inconclusive cases with which a run still counts.
    pub inconclusive_max: Option<Spanned<f64>>,
    /// Accepted findings; `plumb.deviations.toml` where it is missing and there is one.
    pub deviations: Option<PathBuf>,
    /// How long before an accepted finding expires it is told: `14d`.
    pub warn_before: Option<Spanned<String>>,
    /// From when on a finding blocks whose acceptance has expired.
    #[serde(default)]
    pub expired: Expired,
    /// What exchanges may take.
    #[serde(default)]
    pub latency: Vec<LatencyLimit>,
    /// How old evidence may be that was gathered before: `1h`.
    pub max_age: Option<Spanned<String>>,
    /// The version that every target must tell.
    pub expect_version: Option<Spanned<String>>,
    /// The address that requests are sent to instead of what the target's name resolves to.
    pub connect_to: Option<Spanned<String>>,
    /// The target that this one is held against, call by call.
    pub baseline: Option<Spanned<String>>,
    /// From where on it counts that the target is worse than that.
    pub baseline_limits: Option<Spanned<Limits>>,
    /// Who answers for going on all the same; `plumb.overrides.toml` where it is missing and there is one.
    pub overrides: Option<PathBuf>,
    /// How many cases and scenarios run at once.
    pub workers: Option<Spanned<u16>>,
}

/// From when on a finding blocks whose acceptance has expired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expired {
    /// From the day after the last on which it was accepted.
    #[default]
    BlocksAtOnce,
    /// From the first Monday to Friday after it. Holidays are not known here.
    BlocksOnWorkingDays,
}

/// Generated cases as they are configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuitesConfig {
    /// How many choices meet, 1 to 4.
    pub strength: Option<Spanned<usize>>,
    /// The most cases (500), or the longest time (10m); all of them where it is missing.
    pub budget: Option<Spanned<String>>,
    /// Only these operations.
    #[serde(default)]
    pub operations: Vec<Spanned<String>>,
    /// How many workflows come after the suites.
    pub workflows: Option<usize>,
    /// How often customers do what, for the workflows.
    pub weights: Option<PathBuf>,
    /// The seed.
    pub seed: Option<u64>,
}

/// What exchanges of an operation may take.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyLimit {
    /// The operation.
    pub operation: Spanned<String>,
    /// The share of exchanges that must be over within the time: 0.99.
    pub share: Spanned<f64>,
    /// The time: `300ms`.
    pub within: Spanned<String>,
}
