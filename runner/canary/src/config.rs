//! What `plumb.toml` says of canaries, as it is written there. [`crate::plan`] is what it comes to.

mod agent;
mod alerts;
mod canary;
mod mistake;
mod units;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

pub use self::agent::{AgentConfig, HeartbeatConfig};
pub use self::alerts::{
    AlertmanagerConfig, BurnRateConfig, LatencyRuleConfig, ReceiverConfig, RuleConfig, SlotsRuleConfig, WebhookConfig,
};
pub use self::canary::{CanaryConfig, Connections, LatencyConfig, MaintenanceConfig, SloConfig, SuitesConfig};
pub use self::mistake::Mistake;
use crate::plan::{Canary, Plan, Rule, Secret, Text};
use crate::slo::check;
use crate::slot::Watch;

/// The sections of `plumb.toml` that speak of canaries.
#[derive(Debug, Clone, Default)]
pub struct Sections {
    /// `[agent]`.
    pub agent: Option<Spanned<AgentConfig>>,
    /// `[canaries.NAME]`.
    pub canaries: BTreeMap<Spanned<String>, CanaryConfig>,
    /// `[alerts.NAME]`.
    pub alerts: BTreeMap<Spanned<String>, RuleConfig>,
    /// `[receivers.NAME]`.
    pub receivers: BTreeMap<Spanned<String>, ReceiverConfig>,
    /// `[[maintenance]]`.
    pub maintenance: Vec<MaintenanceConfig>,
}

/// Where a secret is to be found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum SecretConfig {
    /// In this environment variable.
    Env(String),
    /// In this file.
    File(std::path::PathBuf),
}

impl SecretConfig {
    fn secret(&self) -> Secret {
        match self {
            Self::Env(name) => Secret::Env(name.clone()),
            Self::File(path) => Secret::File(path.clone()),
        }
    }
}

/// An address: in the open, or by reference where it is a secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum TextConfig {
    /// In the open.
    Open(String),
    /// By reference.
    Secret(SecretConfig),
}

impl Sections {
    /// The plan that they come to, where `targets` are those that the file has.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn plan(&self, targets: &[&str], now_ms: i64) -> Result<Plan, Mistake> {
        let known = Known { sections: self, targets, now_ms };
        let Some(agent) = &self.agent else {
            let help = "add [agent] with region = \"eu-west-1\" at least";
            return Err(Mistake::nowhere("there is no [agent] that would run canaries", help));
        };
        let receivers = read_all(&self.receivers, |_, own| own.receiver())?;
        let alerts = read_all(&self.alerts, |_, own| own.rule(&known))?;
        let canaries = read_all(&self.canaries, |name, own| own.canary(name, &known, &alerts))?;
        for (name, own) in &self.canaries {
            let canary = &canaries[name.get_ref()];
            Self::check_sums((name.get_ref(), own), canary, &alerts, known.now_ms)?;
        }
        let maintenance = self.maintenance.iter().map(|own| own.maintenance(&known)).collect::<Result<_, _>>()?;
        Ok(Plan { agent: agent.get_ref().agent(agent, &known)?, canaries, alerts, receivers, maintenance })
    }
}

impl Sections {
    /// Checks that what is promised can be measured, and that no alert fires for one slot that may be lost.
    fn check_sums(
        (name, own): (&str, &CanaryConfig),
        canary: &Canary,
        alerts: &BTreeMap<String, Rule>,
        now_ms: i64,
    ) -> Result<(), Mistake> {
        let watch = |target: &String| Watch { canary: name.to_owned(), target: target.clone() };
        let Some(watch) = canary.targets.first().map(watch) else { return Ok(()) };
        let slots_in = |window| canary.cadence.slots_in(&watch, window, now_ms);
        if let Some(slo) = &own.slo {
            check::slo(&canary.slo, slots_in(canary.slo.window))
                .map_err(|error| Mistake::at(slo, error.to_string(), error.remedy()))?;
        }
        for name in &own.alerts {
            check::rule(&alerts[name.get_ref()], &canary.slo, slots_in)
                .map_err(|error| Mistake::at(name, error.to_string(), error.remedy()))?;
        }
        Ok(())
    }
}

/// What else is in the file, for names that stand for it.
struct Known<'k> {
    sections: &'k Sections,
    targets: &'k [&'k str],
    now_ms: i64,
}

/// How many characters a name may have: it becomes a label, a part of addresses and of file names.
const NAME_CHARACTERS_MAX: usize = 64;

fn read_all<C, T>(
    configured: &BTreeMap<Spanned<String>, C>,
    read: impl Fn(&Spanned<String>, &C) -> Result<T, Mistake>,
) -> Result<BTreeMap<String, T>, Mistake> {
    let mut all = BTreeMap::new();
    for (name, own) in configured {
        check_name(name)?;
        all.insert(name.get_ref().clone(), read(name, own)?);
    }
    Ok(all)
}

fn check_name(name: &Spanned<String>) -> Result<(), Mistake> {
    let text = name.get_ref();
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    // A name that starts with a letter or a digit is never `.` or `..`, which addresses cannot hold.
    if begins && text.chars().all(plain) && text.len() <= NAME_CHARACTERS_MAX {
        return Ok(());
    }
    let help = format!(
        "use letters, digits, - _ and ., at most {NAME_CHARACTERS_MAX}: the name becomes a label and a part of addresses"
    );
    Err(Mistake::at(name, format!("the name {text:?} cannot be used"), help))
}

/// Checks that a name stands for something.
fn known<'n>(name: &Spanned<String>, what: &str, all: impl Iterator<Item = &'n str>) -> Result<String, Mistake> {
    let all: Vec<&str> = all.collect();
    if all.contains(&name.get_ref().as_str()) {
        return Ok(name.get_ref().clone());
    }
    let help =
        if all.is_empty() { "there is none at all".to_owned() } else { format!("there are: {}", all.join(", ")) };
    Err(Mistake::at(name, format!("there is no {what} {:?}", name.get_ref()), help))
}

/// Reads an address. One that shows a secret is refused: it would stand in the file, in errors and in logs.
fn address(text: &Spanned<TextConfig>, may_have_path: bool) -> Result<Text, Mistake> {
    let url = match text.get_ref() {
        TextConfig::Secret(secret) => return Ok(Text::Secret(secret.secret())),
        TextConfig::Open(url) => url,
    };
    let by_reference = "keep the whole address in a file or variable: url = { file = \"PATH\" } or { env = \"NAME\" }";
    let parsed = url::Url::parse(url)
        .map_err(|error| Mistake::at(text, error.to_string(), "an address looks like https://example.com/hook"))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(Mistake::at(text, "the address is neither http nor https", "write https://..."));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(Mistake::at(text, "a user or password stands in the address", by_reference));
    }
    if let Some((name, _)) = parsed.query_pairs().find(|(name, value)| looks_secret(name) || looks_secret(value)) {
        return Err(Mistake::at(text, format!("the address holds what looks like a secret: {name:?}"), by_reference));
    }
    if !may_have_path && (parsed.path() != "/" || parsed.query().is_some()) {
        return Err(Mistake::at(text, "the address has a path", "leave it out: the path is known"));
    }
    Ok(Text::Open(url.clone()))
}

fn looks_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["token", "secret", "password", "passwd", "apikey", "api_key", "api-key", "access_key", "signature", "auth"]
        .iter()
        .any(|part| word.contains(part))
}

#[cfg(test)]
mod tests;
