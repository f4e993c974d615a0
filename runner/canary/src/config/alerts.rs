//! `[alerts.NAME]` and `[receivers.NAME]`.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::units::time;
use super::{Known, Mistake, SecretConfig, TextConfig, address, known};
use crate::deliver::Template;
use crate::plan::{Receiver, Rule, When};
use crate::slo::check;
use crate::slot::Axis;

/// The longest window of a rule.
const WINDOW_MAX: Duration = Duration::from_hours(24 * 90);
/// The shortest time in which no slot may be missed.
const MISSED_MIN: Duration = Duration::from_secs(10);
/// The most good slots that a rule may wait for before it ends.
const RESOLVE_AFTER_MAX: u32 = 1_000;
/// How many good slots end an alert, unless it is said.
const RESOLVE_AFTER_DEFAULT: u32 = 2;

/// A rule as it is configured: exactly one of `slots`, `burn_rate`, `latency` and `all_missed`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// So many of the last slots.
    pub slots: Option<Spanned<SlotsRuleConfig>>,
    /// The error budget burns too fast.
    pub burn_rate: Option<Spanned<BurnRateConfig>>,
    /// The latency SLO is not kept.
    pub latency: Option<Spanned<LatencyRuleConfig>>,
    /// Nothing has started for so long.
    pub all_missed: Option<Spanned<String>>,
    /// How bad it is.
    pub severity: Spanned<String>,
    /// Who is told.
    pub receivers: Vec<Spanned<String>>,
    /// How often again.
    pub reminder: Option<Spanned<String>>,
    /// So many good slots end it.
    pub resolve_after: Option<Spanned<u32>>,
}

/// So many of the last slots are bad.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotsRuleConfig {
    /// On this axis.
    pub axis: Axis,
    /// So many.
    pub bad: u32,
    /// Of so many.
    pub of: u32,
}

/// The error budget burns too fast.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BurnRateConfig {
    /// On this axis.
    pub axis: Axis,
    /// So many times as fast as it may.
    pub factor: f64,
    /// Over this window.
    pub long: Spanned<String>,
    /// And over this one, too.
    pub short: Spanned<String>,
}

/// The latency SLO is not kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyRuleConfig {
    /// Over this window.
    pub over: Spanned<String>,
    /// With so many exchanges at least.
    pub exchanges_min: u32,
}

/// Who is told, as it is configured: exactly one of the three.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum ReceiverConfig {
    /// An HTTP POST.
    Webhook(WebhookConfig),
    /// The API of Alertmanager.
    Alertmanager(AlertmanagerConfig),
    /// A command and its arguments.
    Command(Spanned<Vec<String>>),
}

/// An HTTP POST as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// The address.
    pub url: Spanned<TextConfig>,
    /// The body with `{{fields}}`.
    pub template: Option<Spanned<String>>,
    /// The type of the body.
    pub content_type: Option<String>,
    /// What stands in the `authorization` header.
    pub authorization: Option<SecretConfig>,
}

/// The API of Alertmanager as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertmanagerConfig {
    /// The address, without a path.
    pub url: Spanned<TextConfig>,
    /// What stands in the `authorization` header.
    pub authorization: Option<SecretConfig>,
}

impl RuleConfig {
    pub(super) fn rule(&self, all: &Known<'_>) -> Result<Rule, Mistake> {
        let names = || all.sections.receivers.keys().map(|name| name.get_ref().as_str());
        let receivers =
            self.receivers.iter().map(|own| known(own, "receiver", names())).collect::<Result<Vec<_>, _>>()?;
        if receivers.is_empty() {
            return Err(Mistake::at(&self.severity, "the alert tells nobody", "add receivers = [\"NAME\"]"));
        }
        super::check_name(&self.severity)?;
        let reminder = |text| time(text, Duration::from_mins(1), WINDOW_MAX);
        Ok(Rule {
            when: self.when()?,
            severity: self.severity.get_ref().clone(),
            receivers,
            reminder: self.reminder.as_ref().map(reminder).transpose()?,
            resolve_after: self.resolve_after.as_ref().map_or(Ok(RESOLVE_AFTER_DEFAULT), resolve_after)?,
        })
    }

    fn when(&self) -> Result<When, Mistake> {
        let window = |text| time(text, check::WINDOW_MIN, WINDOW_MAX);
        match (&self.slots, &self.burn_rate, &self.latency, &self.all_missed) {
            (Some(own), None, None, None) => {
                let SlotsRuleConfig { axis, bad, of } = own.get_ref().clone();
                if bad == 0 || bad > of || of > check::OF_MAX {
                    let help = format!("at least 1 bad slot, of at least as many and at most {}", check::OF_MAX);
                    return Err(Mistake::at(own, format!("{bad} of {of} slots cannot be"), help));
                }
                Ok(When::Slots { axis, bad, of })
            }
            (None, Some(own), None, None) => {
                let BurnRateConfig { axis, factor, long, short } = own.get_ref();
                Ok(When::BurnRate { axis: *axis, factor: *factor, long: window(long)?, short: window(short)? })
            }
            (None, None, Some(own), None) => {
                let LatencyRuleConfig { over, exchanges_min } = own.get_ref();
                Ok(When::Latency { over: window(over)?, exchanges_min: *exchanges_min })
            }
            (None, None, None, Some(over)) => Ok(When::AllMissed { over: time(over, MISSED_MIN, WINDOW_MAX)? }),
            _ => {
                let help = "exactly one of slots, burn_rate, latency and all_missed";
                Err(Mistake::at(&self.severity, "it is not clear what this alert looks at", help))
            }
        }
    }
}

fn resolve_after(given: &Spanned<u32>) -> Result<u32, Mistake> {
    if (1..=RESOLVE_AFTER_MAX).contains(given.get_ref()) {
        return Ok(*given.get_ref());
    }
    let message = format!("an alert cannot end after {} good slots", given.get_ref());
    Err(Mistake::at(given, message, format!("between 1 and {RESOLVE_AFTER_MAX}")))
}

impl ReceiverConfig {
    pub(super) fn receiver(&self) -> Result<Receiver, Mistake> {
        match self {
            Self::Webhook(own) => {
                let content_type = own.content_type.clone().unwrap_or_else(|| "application/json".to_owned());
                own.template.as_ref().map_or(Ok(()), |text| check_template(text, &content_type))?;
                Ok(Receiver::Webhook {
                    url: address(&own.url, true)?,
                    template: own.template.as_ref().map(|text| text.get_ref().clone()),
                    content_type,
                    authorization: own.authorization.as_ref().map(SecretConfig::secret),
                })
            }
            Self::Alertmanager(own) => Ok(Receiver::Alertmanager {
                url: address(&own.url, false)?,
                authorization: own.authorization.as_ref().map(SecretConfig::secret),
            }),
            Self::Command(words) if words.get_ref().first().is_none_or(String::is_empty) => {
                Err(Mistake::at(words, "the command has no name", "command = [\"/usr/local/bin/page\", \"argument\"]"))
            }
            Self::Command(words) => Ok(Receiver::Command { words: words.get_ref().clone() }),
        }
    }
}

/// Reads a template now, and not when the first alert goes out at night.
fn check_template(text: &Spanned<String>, content_type: &str) -> Result<(), Mistake> {
    let Err(error) = Template::parse(text.get_ref(), content_type) else { return Ok(()) };
    let (before, after) = text.get_ref().split_at_checked(error.offset).unwrap_or((text.get_ref(), ""));
    if after.starts_with("{{") {
        return Err(Mistake::in_template(text, before.matches("{{").count(), error.message));
    }
    Err(Mistake::at(text, error.message, "a template of JSON has its fields within quotes: \"{{summary}}\""))
}
