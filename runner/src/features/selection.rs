//! Which scenarios a run plays: from files, or those that come with an API; by tags and by name.

use std::collections::BTreeMap;
use std::rc::Rc;

use miette::NamedSource;
use plumb_model::bodies::{hex, sha256};
use plumb_steps::executor::Prepared;
use plumb_steps::feature::{self, Feature, Mistake, Scenario, TagExpression, Trouble, Wanted};
use plumb_steps::registry::{Registry, Source};
use plumb_validator::plugin::Plugin;

use crate::error::{ConfigError, Error};

/// What somebody wishes to run.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Files, `FILE:LINE`s and folders; none means the features that come with the API.
    pub paths: Vec<String>,
    /// The API, where it is named.
    pub api: Option<String>,
    /// A tag expression.
    pub tags: Option<String>,
    /// Parts of names or ids, one of which must be there.
    pub names: Vec<String>,
}

/// The scenarios of a run.
pub struct Selection<'p> {
    /// The API that they speak of.
    pub plugin: &'p Plugin,
    /// The scenarios, with their steps bound to functions.
    pub scenarios: Vec<Prepared>,
    /// How many were left out.
    pub left_out: u64,
}

/// The phrases for an API: those that fit every API, and its own.
///
/// # Errors
/// Where the crate of its steps defines none.
pub fn registry(plugin: &Plugin) -> Result<Registry, Error> {
    let own = plugin.steps.map(|file| Source { api: Some(plugin.name), file });
    let sources: Vec<Source> = [plumb_steps::source()].into_iter().chain(own).collect();
    Registry::new(&sources).map_err(|error| Error::Internal(error.to_string()))
}

/// The phrases of each API, made once for whoever reads many wishes: that takes longer than most wishes themselves.
#[derive(Default)]
pub struct Registries(BTreeMap<&'static str, Rc<Registry>>);

impl Registries {
    fn of(&mut self, plugin: &Plugin) -> Result<Rc<Registry>, Error> {
        if let Some(made) = self.0.get(plugin.name) {
            return Ok(Rc::clone(made));
        }
        let made = Rc::new(registry(plugin)?);
        self.0.insert(plugin.name, Rc::clone(&made));
        Ok(made)
    }
}

impl<'p> Selection<'p> {
    /// What tells one selection of scenarios from another.
    pub fn digest(&self) -> String {
        let mut ids: Vec<&str> = self.scenarios.iter().map(|own| own.scenario.id.as_str()).collect();
        ids.sort_unstable();
        hex(&sha256(ids.join("\n").as_bytes())[..8]).into_iter().map(char::from).collect()
    }

    /// What a wish comes to.
    ///
    /// # Errors
    /// Where a file cannot be read, a tag expression does not parse, or no API is named.
    pub fn of(wish: &Wish, plugins: &'p [Plugin]) -> Result<Self, Error> {
        Self::one_of_many(wish, plugins, &mut Registries::default())
    }

    /// The same for one wish of many, with phrases that all of them share.
    ///
    /// # Errors
    /// As with [`Selection::of`].
    pub fn one_of_many(wish: &Wish, plugins: &'p [Plugin], registries: &mut Registries) -> Result<Self, Error> {
        let tags = wish.tags.as_deref().map(str::parse::<TagExpression>).transpose().map_err(mistake)?;
        let features = features(wish, plugins)?;
        let plugin = crate::select::plugin(plugins, &api_of(wish, &features)?)?;
        let registry = registries.of(plugin)?;
        let (mut scenarios, mut left_out) = (Vec::new(), 0);
        for scenario in features.into_iter().flat_map(|feature| feature.scenarios) {
            if is_wanted(&scenario, plugin.name, tags.as_ref(), &wish.names) {
                scenarios.push(Prepared::new(&registry, scenario));
            } else {
                left_out += 1;
            }
        }
        Ok(Self { plugin, scenarios, left_out })
    }
}

fn is_wanted(scenario: &Scenario, api: &str, tags: Option<&TagExpression>, names: &[String]) -> bool {
    let of_api = scenario.terms.api.as_deref().is_none_or(|own| own == api);
    let by_name = |part: &String| scenario.id.contains(part) || scenario.name.contains(part);
    of_api && tags.is_none_or(|tags| tags.matches(&scenario.tags)) && (names.is_empty() || names.iter().any(by_name))
}

fn features(wish: &Wish, plugins: &[Plugin]) -> Result<Vec<Feature>, Error> {
    if wish.paths.is_empty() {
        let name = wish.api.as_deref().ok_or_else(|| no_api("there is neither a path nor an API"))?;
        return embedded(crate::select::plugin(plugins, name)?);
    }
    let wanted = wish.paths.iter().map(|path| path.parse()).collect::<Result<Vec<Wanted>, _>>();
    let wanted = wanted.map_err(|trouble| all_troubles(vec![trouble]))?;
    feature::read_paths(&wanted).map_err(all_troubles)
}

/// The features that come with an API.
fn embedded(plugin: &Plugin) -> Result<Vec<Feature>, Error> {
    if plugin.features.is_empty() {
        let message = format!("no features come with the API {:?}", plugin.name);
        return Err(Error::usage(message, "name files or folders: plumb test features/"));
    }
    let read = plugin.features.iter().map(|(path, text)| feature::read(path, text).map_err(mistake));
    let mut features = read.collect::<Result<Vec<_>, _>>()?;
    feature::distinguish(&mut features);
    feature::check_unique(&features).map_err(mistake)?;
    Ok(features)
}

/// The API of a run: named, or the one that the tags of all scenarios name.
fn api_of(wish: &Wish, features: &[Feature]) -> Result<String, Error> {
    if let Some(api) = &wish.api {
        return Ok(api.clone());
    }
    let scenarios = features.iter().flat_map(|feature| &feature.scenarios);
    let mut tagged: Vec<&str> = scenarios.filter_map(|scenario| scenario.terms.api.as_deref()).collect();
    tagged.sort_unstable();
    tagged.dedup();
    match &tagged[..] {
        [only] => Ok((*only).to_owned()),
        [] => Err(no_api("no scenario says which API it speaks of")),
        several => Err(no_api(&format!("the scenarios speak of several APIs: {}", several.join(", ")))),
    }
}

/// A mistake in a text, with its place.
fn mistake(mistake: Mistake) -> Error {
    all_troubles(vec![Trouble::Mistake(mistake)])
}

fn all_troubles(troubles: Vec<Trouble>) -> Error {
    let all: Vec<ConfigError> = troubles.into_iter().map(placed).collect();
    let message = match &all[..] {
        [_] => "failed to read the features: one mistake".to_owned(),
        several => format!("failed to read the features: {} mistakes", several.len()),
    };
    Error::Features { message, all }
}

fn placed(trouble: Trouble) -> ConfigError {
    match trouble {
        Trouble::Mistake(mistake) => {
            let message = mistake.to_string();
            let Mistake { path, text, span, help, .. } = mistake;
            let place = (!text.is_empty()).then(|| span.into());
            ConfigError { message, source_code: NamedSource::new(path, text.to_string()), place, help }
        }
        other => {
            let source_code = NamedSource::new(String::new(), String::new());
            ConfigError { message: other.to_string(), source_code, place: None, help: None }
        }
    }
}

fn no_api(why: &str) -> Error {
    Error::usage(why.to_owned(), "add --api NAME, or tag the feature @api(NAME)")
}
