//! The credentials of a target's identities, kept good for as long as a run or a daemon lives.
//!
//! [`Credentials::open`] says where they come from, and finds what is wrong with the configuration. It reads nothing.
//! [`Credentials::current`] gives what is good at a moment, and reads again what may have changed:
//!
//! - variables of the environment once;
//! - files and profiles every [`FILES_CHECKED_EVERY`], so that whoever rotates them need tell nobody;
//! - a process before what it has printed expires.
//!
//! Reading goes on beside the caller, who waits for [`WAIT_MAX`] where there is nothing good, and otherwise for
//! [`WAIT_WHILE_GOOD`]. It blocks: async code calls it in a thread of its own.

mod form;
mod keeper;
mod process;
mod source;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_model::api::Api;
use plumb_model::wire::{Actor, SECOND_ACTOR};
use plumb_validator::plugin::{FromEnv, Keys, Plugin};
use plumb_validator::target::Target;
use plumb_validator::verdict::without_secrets;
use thiserror::Error;

use crate::config::Config;
use crate::error::Error;
use keeper::Keeper;
use source::Source;

pub use keeper::{BACKOFF_FIRST, BACKOFF_MAX, REFRESH_MARGIN, UNREADABLE_GRACE};
pub use process::{OUTPUT_BYTES_MAX, PROCESS_TIMEOUT};
pub use source::FILES_CHECKED_EVERY;

/// How long a caller waits where there is nothing good yet: a little longer than a process may take, so that its error
/// is the one that is told.
pub const WAIT_MAX: Duration = Duration::from_secs(PROCESS_TIMEOUT.as_secs() + 5);
/// How long a caller waits for newer credentials where those that are held are good.
pub const WAIT_WHILE_GOOD: Duration = Duration::from_secs(1);

/// Why an identity has no good credentials. This says nothing of the target: the fault is ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CredentialsError {
    /// They are not where they should be, or cannot be read.
    #[error("read the credentials of {actor:?}: {reason}")]
    Missing {
        /// The identity.
        actor: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// Those that are held, or that were just handed over, are of no use any more.
    #[error("renew the credentials of {actor:?}, which expired at {}{}", Shown(*.since_ms), because(.why.as_deref()))]
    Expired {
        /// The identity.
        actor: String,
        /// When they expired, in milliseconds since 1970.
        since_ms: i64,
        /// Why there are no newer ones.
        why: Option<String>,
    },
    /// The process that has to print them did not.
    #[error("get the credentials of {actor:?} from {program}: {reason}")]
    ProcessFailed {
        /// The identity.
        actor: String,
        /// The first word of the command.
        program: String,
        /// What is wrong, with the start of what it said on standard error. Never what it has printed.
        reason: String,
    },
    /// Nothing was heard of them in time.
    #[error("read the credentials of {actor:?} within {}s", WAIT_MAX.as_secs())]
    Slow {
        /// The identity.
        actor: String,
    },
    /// Two names for one identity would make all that the one owns look open to the other.
    #[error("tell two identities apart: {actor:?} and {twin:?} have the same key")]
    SameKey {
        /// The one.
        actor: String,
        /// The other.
        twin: String,
    },
}

impl CredentialsError {
    /// What to do.
    pub fn remedy(&self) -> String {
        match self {
            Self::Missing { remedy, .. } => remedy.clone(),
            Self::Expired { .. } => "sign in again, or look why what hands them over has none that are newer".into(),
            Self::ProcessFailed { .. } => "run the command by hand; it must print one JSON object and exit 0".into(),
            Self::Slow { .. } => "look whether the file is on a disk that does not answer".into(),
            Self::SameKey { .. } => format!("{SECOND_ACTOR:?} must belong to another account"),
        }
    }

    /// The identity that it is about.
    pub fn actor(&self) -> &str {
        match self {
            Self::Missing { actor, .. }
            | Self::Expired { actor, .. }
            | Self::ProcessFailed { actor, .. }
            | Self::Slow { actor }
            | Self::SameKey { actor, .. } => actor,
        }
    }

    /// The same for a command that cannot begin without them.
    pub fn into_usage(self) -> Error {
        Error::usage(format!("failed to {self}"), self.remedy())
    }
}

/// A moment, as RFC 3339 writes it.
struct Shown(i64);

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => moment.fmt(formatter),
            Err(_) => write!(formatter, "{} ms", self.0),
        }
    }
}

fn because(why: Option<&str>) -> String {
    why.map(|why| format!(": failed to {why}")).unwrap_or_default()
}

/// Where the credentials of a target's identities come from, and what is known of them.
#[derive(Debug)]
pub struct Credentials {
    keepers: Vec<Arc<Keeper>>,
}

impl Credentials {
    /// Those of the configured target called `target`, or those of the environment where it names none. Reads nothing
    /// but the environment, and starts no process.
    pub fn open(plugin: &Plugin, api: &Api, config: &Config, target: &str) -> Result<Self, Error> {
        let own = config.target(target)?;
        if own.actors.is_empty() {
            return Self::from_env(plugin, api);
        }
        let sources = form::sources(plugin, config, target, own)?;
        Ok(Self::new(sources))
    }

    /// Those of the environment; none for an API that signs nothing.
    pub fn from_env(plugin: &Plugin, api: &Api) -> Result<Self, Error> {
        let Some(read) = plugin.actors_from_env.filter(|_| api.signed) else { return Ok(Self::fixed(&[])) };
        let found = read(&source::variable).map_err(|missing| {
            Error::usage(missing, "set it in the environment, or configure actors for the target in plumb.toml")
        })?;
        Ok(Self::new(found.into_iter().map(|found| from_env(plugin, found)).collect()))
    }

    /// These, for ever.
    pub fn fixed(actors: &[Actor]) -> Self {
        Self::new(actors.iter().map(|actor| (actor.name.clone(), Source::Fixed(keys_of(actor)))).collect())
    }

    fn new(sources: Vec<(String, Source)>) -> Self {
        Self { keepers: sources.into_iter().map(|(actor, source)| Arc::new(Keeper::new(actor, source))).collect() }
    }

    /// The identities in order, each with what is good at `now_ms` (milliseconds since 1970). An error is about one of
    /// them and told again until it is mended; what is behind it is not tried more often for being asked more often.
    pub fn current(&self, now_ms: i64) -> Result<Vec<Actor>, CredentialsError> {
        let now = Instant::now();
        let begun: Vec<bool> = self.keepers.iter().map(|keeper| keeper.begin(now_ms)).collect();
        let actors = self.keepers.iter().zip(begun).map(|(keeper, begun)| {
            let soon = if begun { now + WAIT_WHILE_GOOD } else { now };
            keeper.current(now_ms, soon, now + WAIT_MAX)
        });
        let actors = actors.collect::<Result<Vec<Actor>, _>>()?;
        check_accounts(&actors)?;
        Ok(actors)
    }

    /// When the first of those that are held expires, in milliseconds since 1970; none where none ever does.
    pub fn expires_ms(&self) -> Option<i64> {
        self.expiries().into_iter().filter_map(|(_, expires_ms)| expires_ms).min()
    }

    /// The same for each identity, in order.
    pub fn expiries(&self) -> Vec<(String, Option<i64>)> {
        self.keepers.iter().map(|keeper| (keeper.actor.clone(), keeper.expires_ms())).collect()
    }

    /// A text without any secret that is held, or was held a while ago.
    pub fn without_secrets(&self, text: &str) -> String {
        self.keepers.iter().fold(text.to_owned(), |text, keeper| without_secrets(&text, &keeper.known()))
    }

    /// Gives a target the region of the profile that its first identity comes from, where neither `given` nor the
    /// variable of the API names one.
    pub fn configure_region(&self, plugin: &Plugin, given: Option<&str>, target: &mut Target) {
        let variable = plugin.region.and_then(|(variable, _)| source::variable(variable));
        if let (None, None, Some(region)) = (given, variable, self.keepers.first().and_then(|keeper| keeper.region())) {
            target.region = region;
        }
    }
}

fn keys_of(actor: &Actor) -> Keys {
    Keys { id: actor.id.clone(), secret: actor.secret.clone(), session_token: actor.session_token.clone() }
}

fn from_env(plugin: &Plugin, found: FromEnv) -> (String, Source) {
    match found {
        FromEnv::Actor(actor) => (actor.name.clone(), Source::Fixed(keys_of(&actor))),
        FromEnv::Profile { actor, profile, because } => {
            let forms = plugin.credentials;
            (actor, Source::Profile { name: profile, forms, because: Some(because) })
        }
    }
}

fn check_accounts(actors: &[Actor]) -> Result<(), CredentialsError> {
    for (at, actor) in actors.iter().enumerate() {
        if let Some(twin) = actors[..at].iter().find(|earlier| earlier.id == actor.id) {
            return Err(CredentialsError::SameKey { actor: twin.name.clone(), twin: actor.name.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
