//! Where the credentials of one identity come from, and how they are read once.

use std::path::Path;
use std::time::Duration;

use plumb_validator::plugin::{CredentialForms, Keys, ProcessFields, ProfileSource, Surroundings};

use super::process::{Failed, Handed, PROCESS_TIMEOUT, hand_over};
use crate::config::{CONFIG_BYTES_MAX, Reference};
use crate::input::read_text;

/// How often files and profiles are read again.
pub const FILES_CHECKED_EVERY: Duration = Duration::from_secs(10);
/// How often what is being changed is read until it is the same twice.
const READS_MAX: u32 = 3;

/// Where credentials come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// They are known, and stay as they are.
    Fixed(Keys),
    /// Value by value from variables and files.
    References { id: Reference, secret: Reference, session_token: Option<Reference> },
    /// A process prints them.
    Process { words: Vec<String>, fields: ProcessFields },
    /// A profile of the API's own tools; `because` says why it is looked for where nobody has named it.
    Profile { name: String, forms: CredentialForms, because: Option<String> },
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fetched {
    pub(super) keys: Keys,
    /// When they expire, in milliseconds since 1970.
    pub(super) expires_ms: Option<i64>,
    /// When they were got, in milliseconds since 1970.
    pub(super) got_ms: i64,
    /// The region of the profile.
    pub(super) region: Option<String>,
    /// The command that printed them.
    pub(super) words: Option<Vec<String>>,
}

impl Fetched {
    /// What is good until something else is read.
    pub(super) const fn lasting(keys: Keys, got_ms: i64) -> Self {
        Self { keys, expires_ms: None, got_ms, region: None, words: None }
    }
}

/// Why nothing was read.
pub(super) enum Failure {
    Unreadable {
        reason: String,
        remedy: String,
    },
    Process {
        program: String,
        failed: Failed,
    },
    /// What a process handed over has expired already.
    Stale {
        since_ms: i64,
    },
}

impl Source {
    /// How often it is looked whether it has changed; none where it never does by itself.
    pub(super) const fn checked_every(&self) -> Option<Duration> {
        match self {
            Self::Fixed(_) | Self::Process { .. } => None,
            Self::References { id: Reference::Env(_), secret: Reference::Env(_), session_token } => match session_token
            {
                Some(Reference::File(_)) => Some(FILES_CHECKED_EVERY),
                Some(Reference::Env(_)) | None => None,
            },
            Self::References { .. } | Self::Profile { .. } => Some(FILES_CHECKED_EVERY),
        }
    }

    /// Reads them. What is `held` stays where a profile names the process that has printed it, and it is `fresh`.
    pub(super) fn fetch(&self, held: Option<&Fetched>, fresh: bool, now_ms: i64) -> Result<Fetched, Failure> {
        let plain = |keys| Fetched::lasting(keys, now_ms);
        match self {
            Self::Fixed(keys) => Ok(plain(keys.clone())),
            Self::References { id, secret, session_token } => {
                let keys = settled(|| references(id, secret, session_token.as_ref()))?;
                checked(keys).map(plain).map_err(|reason| configured(&reason))
            }
            Self::Process { words, fields } => printed(words, fields, now_ms),
            Self::Profile { name, forms, because } => {
                let (source, region) = settled(|| profile(name, forms, because.as_deref()))?;
                let fetched = match source {
                    ProfileSource::Keys(keys) => checked(keys).map(plain).map_err(|reason| Failure::Unreadable {
                        reason: format!("of the profile {name:?} {reason}"),
                        remedy: "mend it in the profile".into(),
                    })?,
                    ProfileSource::Process(words) => match held {
                        Some(held) if fresh && held.words.as_ref() == Some(&words) => held.clone(),
                        _ => printed(&words, &forms.process, now_ms)?,
                    },
                };
                Ok(Fetched { region, ..fetched })
            }
        }
    }
}

/// A variable of the environment that is not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// Reads until twice the same was read: whoever changes two files does not do so at the same moment, and the new key
/// with the old secret is no identity.
fn settled<T: PartialEq>(read: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
    let mut last = read()?;
    for _ in 0..READS_MAX {
        let again = read()?;
        if again == last {
            return Ok(again);
        }
        last = again;
    }
    Err(configured("the files change while they are read"))
}

fn configured(reason: &str) -> Failure {
    Failure::Unreadable { reason: reason.to_owned(), remedy: "plumb.toml names it as a credential".into() }
}

fn references(id: &Reference, secret: &Reference, session_token: Option<&Reference>) -> Result<Keys, Failure> {
    let read = |reference: &Reference| reference.read().map_err(|error| configured(&error.to_string()));
    Ok(Keys { id: read(id)?, secret: read(secret)?, session_token: session_token.map(read).transpose()? })
}

fn profile(
    name: &str,
    forms: &CredentialForms,
    because: Option<&str>,
) -> Result<(ProfileSource, Option<String>), Failure> {
    let refused = |reason: String, remedy: String| {
        let reason = because.map(|because| format!("{because}, and ")).unwrap_or_default() + &reason;
        Failure::Unreadable { reason, remedy }
    };
    let Some(read) = forms.profile else {
        return Err(refused("the API has no profiles".into(), "name an identity in another way".into()));
    };
    let around = Surroundings { variable: &variable, file: &file };
    let profile = read(name, &around).map_err(|none| refused(none.reason, none.remedy))?;
    Ok((profile.source, profile.region))
}

/// The text of a file; none where there is none.
fn file(path: &Path) -> Result<Option<String>, String> {
    match read_text(path, CONFIG_BYTES_MAX) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("failed to read {}: {error}", path.display())),
    }
}

fn printed(words: &[String], fields: &ProcessFields, now_ms: i64) -> Result<Fetched, Failure> {
    let program = words.first().cloned().unwrap_or_default();
    let Handed { keys, expires_ms } = hand_over(words, fields, PROCESS_TIMEOUT)
        .and_then(|Handed { keys, expires_ms }| {
            let keys = checked(keys).map_err(|reason| format!("of what it printed {reason}"))?;
            Ok(Handed { keys, expires_ms })
        })
        .map_err(|failed| Failure::Process { program, failed })?;
    match expires_ms.filter(|expires_ms| *expires_ms <= now_ms) {
        Some(since_ms) => Err(Failure::Stale { since_ms }),
        None => Ok(Fetched { keys, expires_ms, got_ms: now_ms, region: None, words: Some(words.to_vec()) }),
    }
}

/// Refuses what cannot be sent in a header: a file that was just cut short has an empty value, and one that was taken
/// for another has several lines.
fn checked(keys: Keys) -> Result<Keys, String> {
    let values =
        [("id", Some(&keys.id)), ("secret", Some(&keys.secret)), ("session token", keys.session_token.as_ref())];
    for (what, value) in values {
        match value {
            Some(value) if value.is_empty() => return Err(format!("the {what} is empty")),
            Some(value) if value.chars().any(char::is_control) => {
                return Err(format!("the {what} holds a line break or another control character"));
            }
            _ => {}
        }
    }
    Ok(keys)
}
