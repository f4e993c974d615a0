//! What the configuration names for scenarios to borrow parts of.

use bytes::Bytes;
use plumb_model::api::Api;
use plumb_validator::pool::Standing;
use plumb_validator::target::Target;
use toml::Spanned;

use crate::config::{Config, PoolConfig, TargetConfig};
use crate::error::Error;

/// What `own` names, each thing once.
pub(super) fn configured(
    api: &Api,
    config: &Config,
    own: &TargetConfig,
    target: &Target,
) -> Result<Vec<Standing>, Error> {
    let mut all: Vec<Standing> = Vec::new();
    for pool in &own.pool {
        check_words(api, config, pool, target)?;
        for name in pool.names.get_ref() {
            let (kind, text) = (pool.kind.get_ref(), name.get_ref());
            check_name(config, name)?;
            if all.iter().any(|earlier| earlier.kind == *kind && earlier.name == *text.as_bytes()) {
                let message = format!("the {kind} {text:?} is named twice");
                return Err(config.error_at(name, message, "it has one nature and one owner"));
            }
            let word = |word: &Option<Spanned<String>>| word.as_ref().map(|own| own.get_ref().clone());
            let (nature, owner, name) =
                (word(&pool.nature), word(&pool.owner), Bytes::copy_from_slice(text.as_bytes()));
            all.push(Standing { kind: kind.clone(), nature, owner, name });
        }
    }
    Ok(all)
}

fn check_words(api: &Api, config: &Config, pool: &PoolConfig, target: &Target) -> Result<(), Error> {
    let (resources, kind) = (&api.resources, pool.kind.get_ref());
    if resources.name(kind, "a", "plumb").is_none() {
        let message = format!("the API {} has no resource of kind {kind:?}", api.name);
        return Err(config.error_at(&pool.kind, message, "name what the cases of the API borrow"));
    }
    if resources.list_below(kind, &Bytes::new(), &Bytes::new(), None).is_none() {
        let message = format!("no part of a {kind} can be lent");
        return Err(config.error_at(&pool.kind, message, "what is lent as a whole is made for each scenario"));
    }
    if let Some(nature) = &pool.nature
        && !resources.natures(kind).contains(&nature.get_ref().as_str())
    {
        let known = resources.natures(kind);
        let help =
            if known.is_empty() { "leave it out".to_owned() } else { format!("there are: {}", known.join(", ")) };
        return Err(config.error_at(nature, format!("no {kind} is of the nature {:?}", nature.get_ref()), help));
    }
    if let Some(owner) = &pool.owner
        && target.actor(Some(owner.get_ref())).is_none()
    {
        let known: Vec<&str> = target.actors.iter().map(|actor| actor.name.as_str()).collect();
        let message = format!("the target has no identity {:?}", owner.get_ref());
        let help =
            if known.is_empty() { "leave it out".to_owned() } else { format!("there are: {}", known.join(", ")) };
        return Err(config.error_at(owner, message, help));
    }
    if pool.names.get_ref().is_empty() {
        return Err(config.error_at(&pool.names, "the pool names nothing", "add names = [\"canary-a\", \"canary-b\"]"));
    }
    Ok(())
}

fn check_name(config: &Config, name: &Spanned<String>) -> Result<(), Error> {
    if name.get_ref().is_empty() {
        return Err(config.error_at(name, "the name is empty", "name what is there already: it is never made"));
    }
    Ok(())
}
