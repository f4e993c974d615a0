//! Profiles of the shared `config` and `credentials` files.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files", "Location of the shared config and
//! credentials files" and "Process credential provider". A setting of the `credentials` file counts before that of the
//! `config` file. What takes a call to another service to get credentials is refused: this is no client of STS or SSO.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plumb_validator::plugin::{Keys, NoProfile, Profile, ProfileSource, Surroundings};

use super::ini::{self, Found, Kind, Settings};

/// Settings by which credentials come from elsewhere, and what that is.
const ELSEWHERE: [(&str, &str); 8] = [
    ("role_arn", "takes on a role"),
    ("source_profile", "takes on a role"),
    ("credential_source", "takes on a role"),
    ("web_identity_token_file", "proves itself by the token of another service"),
    ("sso_session", "signs in by IAM Identity Center"),
    ("sso_start_url", "signs in by IAM Identity Center"),
    ("sso_account_id", "signs in by IAM Identity Center"),
    ("login_session", "signs in by the console"),
];

/// Variables by which the SDKs find credentials in a container or a pod.
const CONTAINER: [&str; 3] =
    ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

/// One of the two files.
struct Shared {
    kind: Kind,
    path: PathBuf,
    /// What it says of the profile; none where there is no such file.
    found: Option<Found>,
}

/// The profile called `name`.
pub(super) fn read(name: &str, around: &Surroundings<'_>) -> Result<Profile, NoProfile> {
    let config = shared(Kind::Config, name, around)?;
    let credentials = shared(Kind::Credentials, name, around)?;
    let mut settings = Placed::default();
    for shared in [&config, &credentials] {
        settings.take_in(shared);
    }
    if !settings.is_there {
        return Err(NoProfile { reason: absent(name, [&config, &credentials]), remedy: settings_remedy(name, around) });
    }
    let region = settings.value("region").filter(|region| !region.is_empty()).map(str::to_owned);
    Ok(Profile { source: source(name, &settings, around)?, region })
}

/// The settings of both files, each with the place where it stands.
#[derive(Default)]
struct Placed {
    is_there: bool,
    all: BTreeMap<String, (String, String)>,
}

impl Placed {
    fn take_in(&mut self, shared: &Shared) {
        let Some(settings) = shared.found.as_ref().and_then(|found| found.settings.as_ref()) else { return };
        self.is_there = true;
        self.all.extend(placed(settings, &shared.path));
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.all.get(name).map(|(value, _)| value.as_str())
    }

    /// `aws_access_key_id (/home/me/.aws/config:3)`.
    fn shown(&self, name: &str) -> String {
        let place = self.all.get(name).map_or("", |(_, place)| place.as_str());
        format!("{name} ({place})")
    }
}

fn placed(settings: &Settings, path: &Path) -> impl Iterator<Item = (String, (String, String))> {
    settings.iter().map(move |(name, setting)| {
        let place = format!("{}:{}", path.display(), setting.line);
        (name.clone(), (setting.value.clone(), place))
    })
}

/// Reads one of the files.
fn shared(kind: Kind, name: &str, around: &Surroundings<'_>) -> Result<Shared, NoProfile> {
    let (variable, usual) = match kind {
        Kind::Config => ("AWS_CONFIG_FILE", "config"),
        Kind::Credentials => ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    };
    let path = match (around.variable)(variable) {
        Some(path) => from_home(&path, around),
        None => from_home(&format!("~/.aws/{usual}"), around),
    };
    let remedy = || format!("mend it, or name another one by {variable}");
    let text = (around.file)(&path).map_err(|reason| NoProfile { reason, remedy: remedy() })?;
    let found = text.map(|text| ini::find(&text, kind, name)).transpose().map_err(|reason| {
        let reason = format!("{} cannot be understood: {reason}", path.display());
        NoProfile { reason, remedy: remedy() }
    })?;
    Ok(Shared { kind, path, found })
}

/// A path that may begin with the home folder.
fn from_home(path: &str, around: &Surroundings<'_>) -> PathBuf {
    match (path.strip_prefix("~/"), (around.variable)("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

fn source(name: &str, settings: &Placed, around: &Surroundings<'_>) -> Result<ProfileSource, NoProfile> {
    if let Some((setting, what)) = ELSEWHERE.iter().find(|(setting, _)| settings.value(setting).is_some()) {
        let reason = format!("the profile {name:?} {what}, by {}: that is left to others", settings.shown(setting));
        return Err(NoProfile { reason, remedy: export(Some(name)) });
    }
    let keys = keys(name, settings)?;
    match (keys, settings.value("credential_process")) {
        (Some(keys), None) => Ok(ProfileSource::Keys(keys)),
        (None, Some(line)) => words(name, settings, line).map(ProfileSource::Process),
        (Some(_), Some(_)) => {
            let places = [settings.shown("aws_access_key_id"), settings.shown("credential_process")].join(" and ");
            let reason = format!("the profile {name:?} has both {places}");
            Err(NoProfile { reason, remedy: "keep one of them: the SDKs do not agree which one counts".into() })
        }
        (None, None) => {
            let reason = format!("the profile {name:?} has no credentials");
            Err(NoProfile { reason, remedy: settings_remedy(name, around) })
        }
    }
}

/// The keys of a profile; none where it has neither of the two.
fn keys(name: &str, settings: &Placed) -> Result<Option<Keys>, NoProfile> {
    let (id, secret) = ("aws_access_key_id", "aws_secret_access_key");
    let half = |there: &str, missing: &str| {
        let reason = format!("the profile {name:?} has {} and no {missing}", settings.shown(there));
        Err(NoProfile { reason, remedy: format!("add {missing} to the profile") })
    };
    match (settings.value(id), settings.value(secret)) {
        (None, None) => Ok(None),
        (Some(_), None) => half(id, secret),
        (None, Some(_)) => half(secret, id),
        (Some(id), Some(secret)) => {
            let session_token = settings.value("aws_session_token").filter(|token| !token.is_empty());
            Ok(Some(Keys { id: id.into(), secret: secret.into(), session_token: session_token.map(str::to_owned) }))
        }
    }
}

/// The words of a command. Quotes keep blanks in a word, as in a shell; nothing else of a shell is done.
fn words(name: &str, settings: &Placed, line: &str) -> Result<Vec<String>, NoProfile> {
    let words = shlex::split(line).filter(|words| words.first().is_some_and(|first| !first.is_empty()));
    words.ok_or_else(|| {
        let reason = format!("the profile {name:?} names no command in {}", settings.shown("credential_process"));
        let remedy = "write a command with its whole path, and quotes around words with blanks".to_owned();
        NoProfile { reason, remedy }
    })
}

/// Why there is no such profile.
fn absent(name: &str, files: [&Shared; 2]) -> String {
    let mut told = Vec::new();
    for Shared { kind, path, found } in files {
        let path = path.display();
        told.push(match found {
            None => format!("{path} is not there"),
            Some(Found { misnamed: Some(line), .. }) => match kind {
                Kind::Config => format!("{path}:{line} lacks the word `profile` before it"),
                Kind::Credentials => format!("{path}:{line} has the word `profile` before it, which only config has"),
            },
            Some(Found { names, .. }) if names.is_empty() => format!("{path} has no profile"),
            Some(Found { names, .. }) => format!("{path} has {}", names.join(", ")),
        });
    }
    format!("there is no profile {name:?}: {}", told.join(", and "))
}

fn settings_remedy(name: &str, around: &Surroundings<'_>) -> String {
    match CONTAINER.iter().find(|variable| (around.variable)(variable).is_some()) {
        Some(variable) => format!("{variable} is set, which is left to others; {}", export(None)),
        None if name == "default" => {
            let own = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile by AWS_PROFILE, or configure \
                       actors for the target in plumb.toml; where the machine has a role";
            format!("{own}, {}", export(None))
        }
        None => "add it there, with aws_access_key_id and aws_secret_access_key or with credential_process".into(),
    }
}

/// How the credentials of a profile, or those of the machine, are had from the AWS CLI.
fn export(profile: Option<&str>) -> String {
    let profile = profile.map(|name| format!("\"--profile\", {name:?}, ")).unwrap_or_default();
    let words = format!("\"aws\", \"configure\", \"export-credentials\", {profile}\"--format\", \"process\"");
    format!("let the AWS CLI do it, as an actor in plumb.toml: process = [{words}]")
}

#[cfg(test)]
mod tests;
