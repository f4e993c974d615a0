//! Who speaks: the people of a scenario, and the identities of the target that they bear.

use plumb_validator::target::Target;
use plumb_validator::verdict::Verdict;

use crate::failure::Failure;

/// The words that mean whoever spoke last.
const PRONOUNS: [&str; 4] = ["he", "she", "they", "it"];

/// One of the people in a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    name: String,
    actor: Option<String>,
}

impl Persona {
    /// The name in the scenario.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The target's identity; none means its first.
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }
}

/// The people of a scenario. Each bears an identity of the target: the one that has their name, or else the next one
/// that nobody bears yet. So two people are never one account.
#[derive(Debug, Clone, Default)]
pub struct Cast {
    actors: Vec<String>,
    has_identities: bool,
    people: Vec<(Persona, Option<usize>)>,
    recent: usize,
}

impl Cast {
    /// Nobody yet; the identities are those of `target`. An API that is not `signed` has none, and whoever speaks is
    /// the same to it.
    pub fn of(target: &Target, signed: bool) -> Self {
        let actors = target.actors.iter().map(|actor| actor.name.clone()).collect();
        Self { actors, has_identities: signed, ..Self::default() }
    }

    /// Whoever a name or a pronoun means.
    ///
    /// # Errors
    /// Where the target has too few identities, or a pronoun means nobody.
    pub(crate) fn persona(&mut self, word: &str) -> Result<Persona, Failure> {
        if PRONOUNS.contains(&word.to_lowercase().as_str()) {
            let nobody = || Failure::new(format!("{word:?} means nobody: no step before has a name in it"));
            return self.people.get(self.recent).map(|(persona, _)| persona.clone()).ok_or_else(nobody);
        }
        if let Some(at) = self.people.iter().position(|(persona, _)| persona.name == word) {
            self.recent = at;
            return Ok(self.people[at].0.clone());
        }
        let at = self.free_identity(word)?;
        let actor = at.filter(|at| *at > 0).map(|at| self.actors[at].clone());
        self.people.push((Persona { name: word.to_owned(), actor }, at));
        self.recent = self.people.len() - 1;
        Ok(self.people[self.recent].0.clone())
    }

    fn free_identity(&self, name: &str) -> Result<Option<usize>, Failure> {
        if !self.has_identities {
            return Ok(None);
        }
        let is_free = |at: &usize| !self.people.iter().any(|(_, borne)| borne == &Some(*at));
        let namesake = (0..self.actors.len()).find(|at| self.actors[*at].eq_ignore_ascii_case(name));
        let free = namesake.filter(is_free).or_else(|| (0..self.actors.len()).find(is_free));
        let too_few = || {
            let (people, name) = (self.people.len() + 1, name.to_lowercase());
            let why = format!(
                "the target has too few identities for {people} people: configure actors.{name} in plumb.toml, or set the second identity's variables"
            );
            Failure::of(Verdict::Unsupported(why))
        };
        free.map(Some).ok_or_else(too_few)
    }

    /// Whoever spoke last, or the target's first identity where nobody has.
    pub(crate) fn recent(&self) -> Persona {
        let first = || Persona { name: "the client".to_owned(), actor: None };
        self.people.get(self.recent).map_or_else(first, |(persona, _)| persona.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(actors: &[&str], signed: bool) -> Cast {
        let actors = actors.iter().map(|name| (*name).to_owned()).collect();
        Cast { actors, has_identities: signed, ..Cast::default() }
    }

    fn bears(cast: &mut Cast, word: &str) -> Result<Option<String>, String> {
        cast.persona(word).map(|persona| persona.actor).map_err(|failure| failure.message)
    }

    #[test]
    fn each_of_the_people_bears_an_identity_of_their_own() {
        let mut cast = cast(&["default", "other"], true);
        assert_eq!(bears(&mut cast, "Bob"), Ok(None), "the first");
        assert_eq!(bears(&mut cast, "Alice"), Ok(Some("other".into())));
        assert_eq!(bears(&mut cast, "Bob"), Ok(None), "for good");
        let third = bears(&mut cast, "Carol");
        assert!(third.is_err_and(|why| why.contains("configure actors.carol")));
    }

    #[test]
    fn whoever_has_the_name_of_an_identity_bears_it() {
        let mut cast = cast(&["default", "alice"], true);
        assert_eq!(bears(&mut cast, "Alice"), Ok(Some("alice".into())));
        assert_eq!(bears(&mut cast, "Bob"), Ok(None));
    }

    #[test]
    fn a_pronoun_means_whoever_was_named_last() {
        let mut cast = cast(&["default", "other"], true);
        assert!(bears(&mut cast, "he").is_err_and(|why| why.contains("means nobody")));
        for word in ["Bob", "Alice", "she"] {
            bears(&mut cast, word).expect("an identity");
        }
        assert_eq!(cast.recent().name(), "Alice");
        bears(&mut cast, "Bob").expect("an identity");
        assert_eq!(bears(&mut cast, "They"), Ok(None));
    }

    #[test]
    fn without_signatures_everybody_is_the_same() {
        let mut cast = cast(&[], false);
        assert_eq!(bears(&mut cast, "Bob"), Ok(None));
        assert_eq!(bears(&mut cast, "Alice"), Ok(None));
    }
}
