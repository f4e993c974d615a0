//! `plumb.toml`: strict, with line and caret for whatever is wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plumb_canary::config::{
    AgentConfig, CanaryConfig, MaintenanceConfig, Mistake, ReceiverConfig, RuleConfig, Sections,
};
use serde::Deserialize;
use toml::Spanned;

use crate::error::Error;
use crate::gate::config::GateConfig;
use crate::input::read_text;
use crate::kill_switch::KillSwitchConfig;

/// The file that is read where none is named.
pub const CONFIG_FILE: &str = "plumb.toml";
/// The longest configuration file, in bytes.
pub const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// A configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    targets: BTreeMap<String, TargetConfig>,
    agent: Option<Spanned<AgentConfig>>,
    #[serde(default)]
    canaries: BTreeMap<Spanned<String>, CanaryConfig>,
    #[serde(default)]
    alerts: BTreeMap<Spanned<String>, RuleConfig>,
    #[serde(default)]
    receivers: BTreeMap<Spanned<String>, ReceiverConfig>,
    #[serde(default)]
    maintenance: Vec<MaintenanceConfig>,
    #[serde(default)]
    gates: BTreeMap<Spanned<String>, GateConfig>,
    kill_switch: Option<KillSwitchConfig>,
}

/// A target as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetConfig {
    /// The API it offers.
    pub api: Spanned<String>,
    /// `http://host[:port]` or `https://host[:port]`.
    pub endpoint: Spanned<String>,
    /// The address that requests are sent to instead of what the endpoint's name resolves to: `10.0.0.7:443`. Host and the
    /// name in TLS stay those of the endpoint.
    pub connect_to: Option<Spanned<String>>,
    /// The region, for APIs that sign with one.
    pub region: Option<String>,
    /// The flavour; the API's first where it is missing.
    pub flavour: Option<Spanned<String>>,
    /// `read-only`, `own-data` or `full`.
    pub safety: Option<Spanned<String>>,
    /// Whether nobody else uses the target.
    #[serde(default)]
    pub exclusive: bool,
    /// A PEM file with certificates to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// A PEM file with the certificate by which the target knows us, and those between it and its authority.
    pub client_cert: Option<Spanned<PathBuf>>,
    /// A PEM file with the key of that certificate.
    pub client_key: Option<Spanned<PathBuf>>,
    /// How many requests may be sent in a day (UTC), by all processes on this host.
    pub requests_per_day: Option<Spanned<u64>>,
    /// How many bytes may be sent and received in a day (UTC), by all processes on this host.
    pub bytes_per_day: Option<Spanned<u64>>,
    /// How long one exchange may take: `30s`.
    pub timeout: Option<Spanned<String>>,
    /// The command that brings the target back where it dies, and its arguments. No shell reads them.
    pub restart: Option<Spanned<Vec<String>>>,
    /// How long the target may take to answer again: `30s`.
    pub restart_timeout: Option<Spanned<String>>,
    /// The header in which the target tells its version.
    pub version_header: Option<Spanned<String>>,
    /// Where the target tells its version as text, beside its API: `/version`.
    pub version_path: Option<Spanned<String>>,
    /// The identities by name. The first in the alphabet is the default one, but never `other`: that is the second
    /// identity, for the cases about what belongs to somebody else. It must belong to another account than the
    /// first, because another access key of the same account is let do everything.
    #[serde(default)]
    pub actors: BTreeMap<String, Spanned<ActorConfig>>,
    /// What the platform team made and keeps, for scenarios to borrow parts of.
    #[serde(default)]
    pub pool: Vec<PoolConfig>,
}

/// Things of one kind, nature and owner that scenarios borrow parts of and that are never removed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolConfig {
    /// What they are, a word of the API.
    pub kind: Spanned<String>,
    /// What cannot be undone in them, a word of the API.
    pub nature: Option<Spanned<String>>,
    /// The identity that owns them; the target's first where it is missing.
    pub owner: Option<Spanned<String>>,
    /// Their names.
    pub names: Spanned<Vec<Spanned<String>>>,
}

/// An identity as it is configured, in one of three forms: value by value, by a process, or by a profile. Secrets stand
/// in it only by reference.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActorConfig {
    /// The public identifier.
    pub id: Option<Spanned<Reference>>,
    /// The secret.
    pub secret: Option<Spanned<Reference>>,
    /// The token of a session.
    pub session_token: Option<Spanned<Reference>>,
    /// The command that prints all of it, and its arguments. No shell reads them.
    pub process: Option<Spanned<Vec<String>>>,
    /// The profile that has all of it, in the way of the API's own tools.
    pub profile: Option<Spanned<String>>,
}

/// Where a value is to be found.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum Reference {
    /// In this environment variable.
    Env(String),
    /// In this file; white space around it is cut off.
    File(PathBuf),
}

impl Reference {
    /// The value.
    pub fn read(&self) -> Result<String, Error> {
        match self {
            Self::Env(name) => std::env::var(name).map_err(|_| {
                Error::usage(
                    format!("the environment variable {name} is not set"),
                    "plumb.toml names it as a credential",
                )
            }),
            Self::File(path) => read_text(path, CONFIG_BYTES_MAX)
                .map(|text| text.trim().to_owned())
                .map_err(|error| Error::file("read", path, error, "plumb.toml names it as a credential")),
        }
    }
}

/// A configuration with the text it was read from, for errors with a place.
#[derive(Debug, Default)]
pub struct Config {
    name: String,
    text: String,
    file: File,
}

impl Config {
    /// Reads `path`, or [`CONFIG_FILE`] where there is one, or nothing.
    pub fn load(path: Option<&Path>) -> Result<Self, Error> {
        let given = path.is_some();
        let path = path.unwrap_or(Path::new(CONFIG_FILE));
        let refused = |error| Error::file("read", path, error, "name the configuration file with --config FILE");
        match read_text(path, CONFIG_BYTES_MAX) {
            Err(error) if !given && error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(refused(error)),
            Ok(text) => Self::parse(&path.display().to_string(), text),
        }
    }

    /// Reads a configuration from text.
    pub fn parse(name: &str, text: String) -> Result<Self, Error> {
        match toml::from_str(&text) {
            Ok(file) => Ok(Self { name: name.to_owned(), text, file }),
            Err(error) => {
                let (text, secrets) = masked(&without_addresses(&text));
                let mut message = format!("failed to read {name}: {}", error.message());
                for secret in &secrets {
                    message = message.replace(secret, "***");
                }
                let help = (!secrets.is_empty()).then(|| SECRETS_HELP.to_owned());
                Err(Error::config(name, &text, error.span(), message, help))
            }
        }
    }

    /// The target called `name`.
    pub fn target(&self, name: &str) -> Result<&TargetConfig, Error> {
        self.file.targets.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.file.targets.keys().map(String::as_str).collect();
            let help = if known.is_empty() {
                format!("add [targets.{name}] to {CONFIG_FILE}, or give --endpoint-url")
            } else {
                format!("there are: {}", known.join(", "))
            };
            Error::usage(format!("there is no target {name:?}"), help)
        })
    }

    /// The names of all targets.
    pub fn target_names(&self) -> Vec<&str> {
        self.file.targets.keys().map(String::as_str).collect()
    }

    /// The gate called `name`, and its name where it stands.
    pub fn gate(&self, name: &str) -> Result<(&Spanned<String>, &GateConfig), Error> {
        self.file.gates.iter().find(|(key, _)| key.get_ref() == name).ok_or_else(|| {
            let known = self.gate_names();
            let help = if known.is_empty() {
                format!("add [gates.{name}] to {CONFIG_FILE}")
            } else {
                format!("there are: {}", known.join(", "))
            };
            Error::usage(format!("there is no gate {name:?}"), help)
        })
    }

    /// The names of all gates.
    pub fn gate_names(&self) -> Vec<&str> {
        self.file.gates.keys().map(|name| name.get_ref().as_str()).collect()
    }

    /// What it says of canaries.
    pub fn sections(&self) -> Sections {
        let File { agent, canaries, alerts, receivers, maintenance, .. } = &self.file;
        Sections {
            agent: agent.clone(),
            canaries: canaries.clone(),
            alerts: alerts.clone(),
            receivers: receivers.clone(),
            maintenance: maintenance.clone(),
        }
    }

    /// A mistake in what it says of canaries, shown at its place.
    pub fn mistake(&self, mistake: &Mistake) -> Error {
        let (message, help) = (mistake.message.clone(), Some(mistake.help.clone()));
        Error::config(&self.name, &without_addresses(&self.text), mistake.place_in(&self.text), message, help)
    }

    /// What it says of the kill switch.
    pub const fn kill_switch(&self) -> Option<&KillSwitchConfig> {
        self.file.kill_switch.as_ref()
    }

    /// An error at a place of this configuration.
    pub fn error_at<T>(&self, place: &Spanned<T>, message: impl Into<String>, help: impl Into<String>) -> Error {
        Error::config(&self.name, &without_addresses(&self.text), Some(place.span()), message.into(), Some(help.into()))
    }
}

const SECRETS_HELP: &str = "secrets stand here only by reference: { env = \"NAME\" } or { file = \"PATH\" }";

/// The text with every quoted word masked in lines that speak of a secret, and these words. Whoever has put one
/// there in plain text shall not find it in a log too. Lengths stay as they are, and so do places.
fn masked(text: &str) -> (String, Vec<String>) {
    let (mut shown, mut secrets) = (String::with_capacity(text.len()), Vec::new());
    for line in text.split_inclusive('\n') {
        let speaks = ["secret", "token", "password"].iter().any(|word| line.to_ascii_lowercase().contains(word));
        let mut quote = None;
        for part in line.split_inclusive(['"', '\'']) {
            let inside = part.trim_end_matches(['"', '\'']);
            if speaks && quote.is_some() && !inside.is_empty() {
                shown.push_str(&"*".repeat(inside.len()));
                shown.push_str(&part[inside.len()..]);
                secrets.push(inside.to_owned());
            } else {
                shown.push_str(part);
            }
            quote = if quote.is_some() { None } else { part.chars().last().filter(|last| "\"'".contains(*last)) };
        }
    }
    (shown, secrets)
}

/// The text with what may be secret in an address masked: a user with a password, and a query. An error shows the lines
/// around its place too, whatever is in them. Lengths stay as they are, and so do places.
fn without_addresses(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for part in text.split_inclusive(['"', '\'', '\n']) {
        let (address, end) = part.split_at(part.trim_end_matches(['"', '\'', '\n']).len());
        let Some((scheme, rest)) = address.split_once("://") else {
            shown.push_str(part);
            continue;
        };
        let (rest, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
        let (user, rest) = rest.split_at(rest.rfind('@').unwrap_or(0));
        let masks = |hidden: &str, kept: usize| "*".repeat(hidden.len().saturating_sub(kept));
        shown.extend([scheme, "://", &masks(user, 0), rest, &query[..query.len().min(1)], &masks(query, 1), end]);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> (String, Option<usize>) {
        match Config::parse("plumb.toml", text.to_owned()) {
            Err(Error::Config(error)) => (error.message, error.place.map(|place| place.offset())),
            other => panic!("expected a configuration error, got {other:?}"),
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_place() {
        let text = "[targets.a]\napi = \"kv\"\nendpoint = \"http://localhost\"\nendpont = 1\n";
        let (message, place) = message(text);
        assert!(message.contains("unknown field `endpont`"), "{message}");
        assert_eq!(place, text.find("endpont"));
    }

    #[test]
    fn what_may_be_secret_in_an_address_is_not_shown() {
        let check = |text: &str, shown: &str| {
            assert_eq!(without_addresses(text), shown);
            assert_eq!(text.len(), shown.len(), "places stay");
        };
        check("url = \"https://a/b?token=c\"\n", "url = \"https://a/b?*******\"\n");
        check("url = 'https://me:pass@a/b'\n", "url = 'https://*******@a/b'\n");
        check("# see https://a/b\nk = \"v?x\"\n", "# see https://a/b\nk = \"v?x\"\n");
    }

    #[test]
    fn a_secret_in_the_file_is_refused() {
        let text =
            "[targets.a]\napi=\"s\"\nendpoint=\"http://x\"\nactors.a = { id = { env = \"I\" }, secret = \"s3cr3t\" }\n";
        assert!(message(text).1.is_some());
    }
}
