//! Where the kill switch is: `[kill_switch]` in `plumb.toml`, and a file that binds everything on a host.

use std::path::PathBuf;
use std::time::Duration;

use plumb_validator::transport::Endpoint;
use serde::Deserialize;
use toml::Spanned;

use crate::config::{Config, Reference};
use crate::error::Error;
use crate::run::state_folder;
use crate::select::parse_endpoint;

/// How long a source may be unreadable before only reads go on, where nothing else is asked for.
const UNREADABLE_AFTER: Duration = Duration::from_mins(1);
/// How often an address is asked, where nothing else is asked for.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How often it may be asked at most.
const ASK_EVERY_MIN: Duration = Duration::from_millis(200);
/// What a query names that holds a secret.
const SECRET_WORDS: [&str; 5] = ["token", "key", "secret", "password", "signature"];

/// `[kill_switch]` as it is written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KillSwitchConfig {
    /// A file, besides the one that binds everything on the host.
    file: Option<PathBuf>,
    /// An address that is asked.
    url: Option<Spanned<String>>,
    /// What proves to the address who asks: `Authorization: Bearer …`.
    token: Option<Spanned<Reference>>,
    /// A PEM file with certificates to trust there besides the system's.
    ca: Option<Spanned<PathBuf>>,
    /// How often it is asked: `5s`.
    every: Option<Spanned<String>>,
    /// How long a source may be unreadable before only reads go on: `1m`.
    unreadable_after: Option<Spanned<String>>,
}

/// An address that is asked what the kill switch says.
#[derive(Debug, Clone)]
pub struct Address {
    /// The server.
    pub endpoint: Endpoint,
    /// Path and query.
    pub path: String,
    /// What proves who asks.
    pub token: Option<Reference>,
    /// How often.
    pub every: Duration,
}

impl Address {
    /// How it is told. A query is left out.
    pub(super) fn name(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("the address {}{path}", self.endpoint.url())
    }
}

/// Where the kill switch is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The files. The first binds everything that this user runs on the host; the last is the one that is written.
    pub files: Vec<PathBuf>,
    /// An address that is asked.
    pub address: Option<Address>,
    /// How long a source may be unreadable.
    pub unreadable_after: Duration,
}

impl Default for Settings {
    /// The file of the host alone.
    fn default() -> Self {
        Self { files: vec![default_file()], address: None, unreadable_after: UNREADABLE_AFTER }
    }
}

/// The file that binds everything: `$XDG_STATE_HOME/plumb/kill-switch`, or below `~/.local/state`.
pub fn default_file() -> PathBuf {
    state_folder().join("kill-switch")
}

impl Settings {
    /// What a configuration says.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn of(config: &Config) -> Result<Self, Error> {
        let Some(own) = config.kill_switch() else { return Ok(Self::default()) };
        let mut settings = Self::default();
        settings.files.extend(own.file.clone().filter(|file| *file != settings.files[0]));
        if let Some(text) = &own.unreadable_after {
            settings.unreadable_after = time(config, text)?;
        }
        settings.address = address(config, own)?;
        Ok(settings)
    }

    /// The file that `plumb kill` writes.
    pub fn written_file(&self) -> PathBuf {
        self.files.last().cloned().unwrap_or_else(default_file)
    }
}

fn address(config: &Config, own: &KillSwitchConfig) -> Result<Option<Address>, Error> {
    let Some(url) = &own.url else {
        let help = "add url = \"https://host/kill-switch\", or leave it out";
        let alone = |what: &str| format!("there is no address for which {what} would be");
        return match (&own.token, &own.ca, &own.every) {
            (Some(place), ..) => Err(config.error_at(place, alone("the token"), help)),
            (_, Some(place), _) => Err(config.error_at(place, alone("the certificates"), help)),
            (.., Some(place)) => Err(config.error_at(place, alone("the time"), help)),
            _ => Ok(None),
        };
    };
    let (origin, path) = split(url.get_ref());
    let holds_secret = path.split_once('?').is_some_and(|(_, query)| {
        let names = query.split('&').filter_map(|pair| pair.split('=').next());
        names.map(str::to_ascii_lowercase).any(|name| SECRET_WORDS.iter().any(|word| name.contains(word)))
    });
    if holds_secret {
        let help = "add token = { env = \"NAME\" } or { file = \"PATH\" }: addresses stand in logs";
        return Err(config.error_at(url, "a secret does not belong into an address", help));
    }
    let ca = own.ca.as_ref().map(|path| path.get_ref().as_path());
    let endpoint = parse_endpoint(origin, ca)
        .map_err(|reason| config.error_at(url, reason, "an address looks like https://host/kill-switch"))?;
    let every = own.every.as_ref().map_or(Ok(ASK_EVERY), |text| at_least(config, text))?;
    let token = own.token.as_ref().map(|token| token.get_ref().clone());
    Ok(Some(Address { endpoint, path: path.to_owned(), token, every }))
}

/// Scheme and host, and what comes behind.
fn split(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?']).map_or(url.len(), |at| start + at);
    let (origin, path) = url.split_at(end);
    (origin, if path.is_empty() { "/" } else { path })
}

fn at_least(config: &Config, text: &Spanned<String>) -> Result<Duration, Error> {
    let every = time(config, text)?;
    if every < ASK_EVERY_MIN {
        let most = humantime::format_duration(ASK_EVERY_MIN);
        return Err(config.error_at(text, format!("that is more often than every {most}"), "every = \"5s\" is enough"));
    }
    Ok(every)
}

fn time(config: &Config, text: &Spanned<String>) -> Result<Duration, Error> {
    humantime::parse_duration(text.get_ref())
        .map_err(|error| config.error_at(text, error.to_string(), "a time looks like 30s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(lines: &str) -> Result<Settings, String> {
        let config = Config::parse("plumb.toml", format!("[kill_switch]\n{lines}"));
        config.and_then(|config| Settings::of(&config)).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_is_taken_apart() {
        for (url, origin, path) in [
            ("http://h:1/a/b?c=d", "http://h:1", "/a/b?c=d"),
            ("https://h", "https://h", "/"),
            ("http://h?x", "http://h", "?x"),
            ("h/a", "h", "/a"),
        ] {
            assert_eq!(split(url), (origin, path), "{url}");
        }
    }

    #[test]
    fn the_file_of_the_host_counts_beside_the_one_that_is_named() {
        let named = settings("file = \"/etc/plumb/kill\"\nunreadable_after = \"5s\"").expect("it is good");
        assert_eq!(named.files, [default_file(), PathBuf::from("/etc/plumb/kill")]);
        assert_eq!(named.written_file(), PathBuf::from("/etc/plumb/kill"));
        assert_eq!(named.unreadable_after, Duration::from_secs(5));
        assert_eq!(Settings::default().written_file(), default_file());
    }

    #[test]
    fn a_kill_switch_that_cannot_be_is_refused() {
        let url = "url = \"http://127.0.0.1:9/kill\"\n";
        for (lines, wanted) in [
            ("fil = \"x\"", "unknown field `fil`"),
            ("url = \"ftp://h/\"", "neither http nor https"),
            ("url = \"http://user:pw@h/\"", "a user or password"),
            ("url = \"http://h/?access_token=1\"", "a secret does not belong into an address"),
            ("every = \"5s\"", "there is no address"),
            ("token = { env = \"T\" }", "there is no address"),
            (&format!("{url}every = \"1ms\""), "more often than every 200ms"),
            (&format!("{url}every = \"soon\""), "expected number"),
            (&format!("{url}token = \"s3cr3t\""), "expected `env` or `file`"),
            ("unreadable_after = \"long\"", "expected number"),
        ] {
            let error = settings(lines).expect_err(lines);
            assert!(error.contains(wanted) && !error.contains("s3cr3t"), "{lines}: {error}");
        }
    }
}
