//! The daemon's own troubles, which are nobody's outage and have alerts of their own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::page::Page;

/// How often a trouble of the daemon is told again while it lasts.
pub const OWN_REMINDER: Duration = Duration::from_hours(4);

/// What is wrong with the daemon itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "trouble", content = "of")]
pub enum OwnTrouble {
    /// More was left behind by slots than may be.
    Leaks,
    /// Its credentials for this target are expired or rejected.
    Credentials(String),
    /// Nobody knows whether it may call: it holds back until it does.
    KillSwitch,
    /// This receiver cannot be told anything. The others are told.
    Delivery(String),
    /// What came of slots cannot be written.
    Store,
}

impl OwnTrouble {
    /// The name that stands where a rule's name stands.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Leaks => "agent-leaks",
            Self::Credentials(_) => "agent-credentials",
            Self::KillSwitch => "agent-kill-switch",
            Self::Delivery(_) => "agent-delivery",
            Self::Store => "agent-store",
        }
    }

    /// What it is about, where there are several.
    pub fn subject(&self) -> &str {
        match self {
            Self::Credentials(subject) | Self::Delivery(subject) => subject,
            Self::Leaks | Self::KillSwitch | Self::Store => "",
        }
    }

    /// How bad: whatever makes the daemon blind or mute is a page.
    pub const fn severity(&self) -> &'static str {
        match self {
            Self::Credentials(_) | Self::KillSwitch | Self::Delivery(_) => "page",
            Self::Leaks | Self::Store => "ticket",
        }
    }

    /// What it says, before the detail.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Leaks => "slots leave more behind than they may".to_owned(),
            Self::Credentials(target) => {
                format!("the credentials for {target} do not work, so that nothing is known of it")
            }
            Self::KillSwitch => "the kill switch cannot be read, so that nothing is changed anywhere".to_owned(),
            Self::Delivery(receiver) => format!("{receiver} cannot be told anything"),
            Self::Store => "what came of slots cannot be written".to_owned(),
        }
    }
}

/// A trouble that is there, or was lately.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Own {
    /// What is known of it; none once it is over.
    pub(super) detail: Option<String>,
    /// Since when, in milliseconds since 1970.
    pub(super) since_ms: i64,
    /// When it was seen last.
    pub(super) last_ms: i64,
    pub(super) page: Page,
}
