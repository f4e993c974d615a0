//! Which of what is seen somebody must be told, and when it is over.
//!
//! [`Alarms`] is a state machine without clock, disk or network. It is told of each slot that is over
//! ([`Alarms::observe`]), of the time that passes ([`Alarms::tick`]) and of the daemon's own troubles
//! ([`Alarms::own`]), and says whom to tell what. However many canaries see a thing at one endpoint, it is one alert for
//! each severity, with one id, that names all of them. What it must not forget over a restart is in [`Alarms::kept`].

mod alarms;
mod evidence;
mod own;
mod page;
mod quiet;
mod text;
mod watching;

use serde::{Deserialize, Serialize};

use crate::slot::{Axis, Watch};

pub use alarms::{Alarms, Kept};
pub use own::{OWN_REMINDER, OwnTrouble};
pub use page::{FLAP_QUIET, FLAP_WINDOW, FLAPS_MAX};
pub use quiet::{Hold, maintained};
pub use text::{SENTENCE_MAX, WATCHES_MAX, permalink, safe};
pub(crate) use text::{blank, moment};

/// What an alert says of its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertState {
    /// It has begun.
    Firing,
    /// It goes on, and what it names has changed. Only receivers that hold alerts instead of telling them are sent this.
    Updated,
    /// It goes on, and is told again.
    Reminder,
    /// It is over.
    Resolved,
}

impl AlertState {
    /// The state in one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Updated => "updated",
            Self::Reminder => "reminder",
            Self::Resolved => "resolved",
        }
    }
}

/// What somebody is told. All text is safe to print, and bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The same for one endpoint and severity, as long as it fires and when it fires again.
    pub id: String,
    /// Whether it begins, goes on or is over.
    pub state: AlertState,
    /// How bad: the word of the rule.
    pub severity: String,
    /// The region that saw it.
    pub region: String,
    /// The endpoint; empty where the daemon speaks of itself.
    pub target: String,
    /// The rules that fire.
    pub rules: Vec<String>,
    /// The watches that they fire for, at most [`WATCHES_MAX`].
    pub watches: Vec<Watch>,
    /// Watches that cannot work because of these, and tell nobody, at most [`WATCHES_MAX`].
    pub inhibited: Vec<Watch>,
    /// The axis, where there is one.
    pub axis: Option<Axis>,
    /// One sentence.
    pub summary: String,
    /// What was counted, for each rule and watch: `reads@eu: 3 of the last 5 slots were bad`.
    pub sums: Vec<String>,
    /// Where it lies, in words: `way (connect)`.
    pub place: Option<String>,
    /// Since when it fires, in milliseconds since 1970.
    pub since_ms: i64,
    /// When this was said.
    pub at_ms: i64,
    /// When the first bad slot was due.
    pub first_ms: i64,
    /// When the last one was.
    pub last_ms: i64,
    /// The server's ids of the requests in question.
    pub request_ids: Vec<String>,
    /// The `traceparent` of the first of them.
    pub traceparent: Option<String>,
    /// Findings by id.
    pub findings: Vec<String>,
    /// What the target says its version is.
    pub version: Option<String>,
    /// Who answers for the canaries.
    pub owners: Vec<String>,
    /// What to read first: addresses.
    pub runbooks: Vec<String>,
    /// One command that shows it again.
    pub replay: Option<String>,
    /// Where the pages show it.
    pub links: Vec<String>,
    /// Who is told, by name.
    #[serde(skip)]
    pub receivers: Vec<String>,
}
