//! What is under test, who speaks to it, and what may be done there.

use std::fmt;
use std::str::FromStr;

use plumb_model::call::Case;
use plumb_model::space::Hazard;
use plumb_model::wire::{Actor, Site};

use crate::transport::SendLimits;

/// What a run may do to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safety {
    /// Nothing but reads.
    ReadOnly,
    /// Creates, changes and deletes what the run made itself.
    OwnData,
    /// Everything, even what opens data to others, cannot be undone, or costs money.
    Full,
}

impl Safety {
    /// Whether a call of this hazard may be sent.
    pub const fn permits(self, hazard: Hazard) -> bool {
        match self {
            Self::ReadOnly => matches!(hazard, Hazard::Reads),
            Self::OwnData => matches!(hazard, Hazard::Reads | Hazard::Writes | Hazard::Deletes),
            Self::Full => true,
        }
    }
}

impl fmt::Display for Safety {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ReadOnly => "read-only",
            Self::OwnData => "own-data",
            Self::Full => "full",
        })
    }
}

impl FromStr for Safety {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "read-only" => Ok(Self::ReadOnly),
            "own-data" => Ok(Self::OwnData),
            "full" => Ok(Self::Full),
            other => Err(format!("{other:?} is no safety level; there are read-only, own-data and full")),
        }
    }
}

/// An endpoint under test.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name in reports.
    pub name: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Host and port, as in the `host` header.
    pub authority: String,
    /// The region, for APIs that sign with one.
    pub region: String,
    /// The flavour of the API it speaks.
    pub flavour: &'static str,
    /// The identities; the first is the one that cases use where they name none.
    pub actors: Vec<Actor>,
    /// What may be done there.
    pub safety: Safety,
    /// Whether nobody else uses it, so that names without the run's marker may be used too.
    pub exclusive: bool,
    /// The bounds of one exchange.
    pub limits: SendLimits,
}

impl Target {
    /// The identity called `name`, or the first.
    pub fn actor(&self, name: Option<&str>) -> Option<&Actor> {
        match name {
            None => self.actors.first(),
            Some(name) => self.actors.iter().find(|actor| actor.name == name),
        }
    }

    /// Where resources are made.
    pub fn site(&self) -> Site<'_> {
        Site { flavour: self.flavour, region: &self.region }
    }

    /// Why a case that names `name` cannot be run here; none where the identity is known.
    pub fn no_actor(&self, name: &str) -> Option<String> {
        let known = self.actor(Some(name)).is_some();
        (!known).then(|| format!("the target has no second identity: configure actors.{name}"))
    }

    /// Why the identities of `case` are not enough here; none where they are.
    pub fn lacks_actor_of(&self, case: &Case) -> Option<String> {
        case.actors().find_map(|name| self.no_actor(name))
    }

    /// How journal and exchanges name an identity: not at all where it is the first, whatever its name.
    pub fn name_beside_first(&self, actor: Option<&Actor>) -> Option<String> {
        actor.filter(|actor| self.actors.first() != Some(actor)).map(|actor| actor.name.clone())
    }
}
