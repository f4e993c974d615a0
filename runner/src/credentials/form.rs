//! From an identity as it is configured to where its credentials come from. Each has exactly one form.

use plumb_model::wire::SECOND_ACTOR;
use plumb_validator::plugin::Plugin;
use toml::Spanned;

use super::source::Source;
use crate::config::{ActorConfig, Config, TargetConfig};
use crate::error::Error;

const FORMS: &str = "give id and secret, or process = [\"command\", \"argument\"], or profile = \"name\"";

/// The configured identities; the second one, which is never the default, comes last.
pub(super) fn sources(
    plugin: &Plugin,
    config: &Config,
    target: &str,
    own: &TargetConfig,
) -> Result<Vec<(String, Source)>, Error> {
    let (second, mut ordered): (Vec<_>, Vec<_>) = own.actors.iter().partition(|(name, _)| *name == SECOND_ACTOR);
    if ordered.is_empty() {
        let message = format!("the target {target:?} has no identity but {SECOND_ACTOR:?}, which is the second one");
        return Err(Error::usage(message, format!("add the first, as [targets.{target}.actors.default]")));
    }
    ordered.extend(second);
    ordered.into_iter().map(|(name, actor)| Ok((name.clone(), source(plugin, config, actor)?))).collect()
}

fn source(plugin: &Plugin, config: &Config, actor: &Spanned<ActorConfig>) -> Result<Source, Error> {
    let own = actor.get_ref();
    match (&own.process, &own.profile) {
        (Some(words), None) => {
            check_alone(config, own, "a process hands over all of an identity")?;
            process(plugin, config, words)
        }
        (None, Some(name)) => {
            check_alone(config, own, "a profile has all of an identity")?;
            profile(plugin, config, name)
        }
        (Some(_), Some(name)) => {
            Err(config.error_at(name, "the identity has both a process and a profile", "keep one of them"))
        }
        (None, None) => references(config, actor),
    }
}

/// Refuses single values beside a form that has them all.
fn check_alone(config: &Config, own: &ActorConfig, why: &str) -> Result<(), Error> {
    let values = [("id", &own.id), ("secret", &own.secret), ("session_token", &own.session_token)];
    let beside = values.into_iter().find_map(|(name, value)| value.as_ref().map(|value| (name, value)));
    beside.map_or(Ok(()), |(name, value)| {
        Err(config.error_at(value, format!("{why}: {name} cannot stand beside it"), format!("leave {name} out")))
    })
}

fn references(config: &Config, actor: &Spanned<ActorConfig>) -> Result<Source, Error> {
    let own = actor.get_ref();
    match (&own.id, &own.secret) {
        (Some(id), Some(secret)) => Ok(Source::References {
            id: id.get_ref().clone(),
            secret: secret.get_ref().clone(),
            session_token: own.session_token.as_ref().map(|token| token.get_ref().clone()),
        }),
        (Some(id), None) => {
            Err(config.error_at(id, "the identity has an id and no secret", "add secret = { file = … }"))
        }
        (None, Some(secret)) => {
            Err(config.error_at(secret, "the identity has a secret and no id", "add id = { env = … }"))
        }
        (None, None) => Err(config.error_at(actor, "the identity has no credentials", FORMS)),
    }
}

fn process(plugin: &Plugin, config: &Config, words: &Spanned<Vec<String>>) -> Result<Source, Error> {
    if words.get_ref().first().is_none_or(String::is_empty) {
        let help = "a process looks like [\"/usr/local/bin/my-credentials\", \"--for\", \"canary\"]";
        return Err(config.error_at(words, "the process names no command", help));
    }
    Ok(Source::Process { words: words.get_ref().clone(), fields: plugin.credentials.process })
}

fn profile(plugin: &Plugin, config: &Config, name: &Spanned<String>) -> Result<Source, Error> {
    if plugin.credentials.profile.is_none() {
        let help = "give id and secret, or process = [\"command\", \"argument\"]";
        return Err(config.error_at(name, format!("the API {} has no profiles", plugin.name), help));
    }
    if name.get_ref().is_empty() {
        return Err(config.error_at(name, "the profile has no name", "name it as its file does"));
    }
    Ok(Source::Profile { name: name.get_ref().clone(), forms: plugin.credentials, because: None })
}
