//! Every phrase that can be said, and which function it runs.
//!
//! The macros of the `cucumber` crate feed one inventory for all steps of the process. A [`Source`] is one crate's part
//! of it, and a [`Registry`] takes in the sources it is given and no others: the phrases of one API never meet those
//! of another.

mod phrases;
mod skeleton;

use std::fmt;

use cucumber::codegen::{StepConstructor, WorldInventory, inventory};
use cucumber::step::Context;
use regex::{Regex, RegexSet};
use serde::Serialize;

use crate::feature::{Kind, Step};
use crate::world::World;

pub use phrases::phrases_markdown;
pub use skeleton::skeleton;

/// The steps of one crate: all that are defined in the folder of `file` and below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The API that the phrases belong to; none means that they fit every API.
    pub api: Option<&'static str>,
    /// A file in the folder of the steps, as `file!()` tells it.
    pub file: &'static str,
}

impl Source {
    fn folder(&self) -> &'static str {
        self.file.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
    }

    fn has(&self, path: &str) -> bool {
        path.strip_prefix(self.folder()).is_some_and(|rest| rest.starts_with(['/', '\\']))
    }
}

/// Where a step is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The source file.
    pub path: &'static str,
    /// The line, from one.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.path, self.line)
    }
}

/// One phrase.
pub struct Phrase {
    /// Whether it is a Given, a When or a Then.
    pub kind: Kind,
    /// The pattern that a step's text must match as a whole.
    pub pattern: Regex,
    /// Where it is defined.
    pub place: Place,
    /// The function.
    pub run: cucumber::Step<World>,
}

/// Why the sources make no registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// A source has no phrase, so that every step of it would be called undefined.
    #[error("register steps: no step is defined in {0:?} or below; is its crate linked in?")]
    Empty(&'static str),
    /// All patterns together are too large.
    #[error("register steps: {0}")]
    TooLarge(String),
}

/// Why a step is bound to no function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unbound {
    /// No phrase matches; a function to paste.
    Undefined(String),
    /// Several phrases match.
    Ambiguous(Vec<Place>),
}

/// A step with the function it runs.
#[derive(Clone)]
pub struct Bound {
    pub(crate) run: cucumber::Step<World>,
    pub(crate) context: Context,
    /// Where the function is.
    pub place: Place,
}

/// The phrases of some sources.
pub struct Registry {
    shelves: [Shelf; 3],
}

/// The phrases of one keyword. The set tells in one pass over a text which of them match, however many there are.
struct Shelf {
    phrases: Vec<Phrase>,
    set: RegexSet,
}

impl Registry {
    /// The phrases of `sources`.
    ///
    /// # Errors
    /// Where a source defines nothing.
    pub fn new(sources: &[Source]) -> Result<Self, RegistryError> {
        let phrases = [
            defined::<<World as WorldInventory>::Given>(Kind::Given, sources),
            defined::<<World as WorldInventory>::When>(Kind::When, sources),
            defined::<<World as WorldInventory>::Then>(Kind::Then, sources),
        ];
        for source in sources {
            if !phrases.iter().flatten().any(|phrase| source.has(phrase.place.path)) {
                return Err(RegistryError::Empty(source.folder()));
            }
        }
        Self::of(phrases.into_iter().flatten().collect())
    }

    /// These phrases and no others.
    ///
    /// # Errors
    /// Where all patterns together are too large.
    pub fn of(mut phrases: Vec<Phrase>) -> Result<Self, RegistryError> {
        phrases.sort_by_key(|phrase| phrase.place);
        let mut shelves = [Vec::new(), Vec::new(), Vec::new()];
        for phrase in phrases {
            shelves[phrase.kind as usize].push(phrase);
        }
        let [given, when, then] = shelves.map(Shelf::new);
        Ok(Self { shelves: [given?, when?, then?] })
    }

    /// Every phrase, by keyword and place.
    pub fn phrases(&self) -> impl Iterator<Item = &Phrase> {
        self.shelves.iter().flat_map(|shelf| &shelf.phrases)
    }

    /// The function that a step runs, with what its phrase captures.
    ///
    /// # Errors
    /// Where none matches, or more than one.
    pub fn bind(&self, step: &Step) -> Result<Bound, Unbound> {
        let own = &self.shelves[step.kind as usize];
        let matching: Vec<usize> = own.set.matches(&step.text).into_iter().collect();
        match &matching[..] {
            [] => Err(Unbound::Undefined(skeleton(step))),
            [only] => Ok(own.phrases[*only].bound(step)),
            several => Err(Unbound::Ambiguous(several.iter().map(|at| own.phrases[*at].place).collect())),
        }
    }
}

/// The phrases of `sources`. The pattern of any other is not so much as compiled: once it is, it stays in memory.
fn defined<S: inventory::Collect + StepConstructor<World>>(kind: Kind, sources: &[Source]) -> Vec<Phrase> {
    let all = inventory::iter::<S>.into_iter().map(StepConstructor::inner);
    let own = all.filter(|(location, ..)| sources.iter().any(|source| source.has(location.path)));
    own.map(|(location, pattern, run)| {
        let place = Place { path: location.path, line: location.line };
        Phrase { kind, pattern: pattern(), place, run }
    })
    .collect()
}

/// The step as functions of the `cucumber` crate take it.
fn to_gherkin(step: &Step) -> gherkin::Step {
    let (position, span) = (gherkin::LineCol { line: step.line, col: step.column }, gherkin::Span::default());
    gherkin::Step {
        keyword: step.keyword.clone(),
        ty: match step.kind {
            Kind::Given => gherkin::StepType::Given,
            Kind::When => gherkin::StepType::When,
            Kind::Then => gherkin::StepType::Then,
        },
        value: step.text.clone(),
        docstring: step.doc.clone(),
        table: step.table.clone().map(|rows| gherkin::Table { rows, span, position }),
        span,
        position,
    }
}

impl Shelf {
    fn new(phrases: Vec<Phrase>) -> Result<Self, RegistryError> {
        let set = RegexSet::new(phrases.iter().map(|phrase| phrase.pattern.as_str()))
            .map_err(|error| RegistryError::TooLarge(error.to_string()))?;
        Ok(Self { phrases, set })
    }
}

impl Phrase {
    fn bound(&self, step: &Step) -> Bound {
        let text = |group: Option<regex::Match<'_>>| group.map_or("", |group| group.as_str()).to_owned();
        let captures = self.pattern.captures(&step.text);
        let groups = captures.iter().flat_map(|captures| captures.iter());
        let names = self.pattern.capture_names().map(|name| name.map(str::to_owned));
        let matches = names.zip(groups.map(text)).collect();
        Bound { run: self.run, context: Context { step: to_gherkin(step), matches }, place: self.place }
    }

    /// The phrase as it is said: parameters stand as `{string}`, `{int}` and the like where the pattern tells.
    pub fn said(&self) -> String {
        skeleton::said(self.pattern.as_str())
    }
}
