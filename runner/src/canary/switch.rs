//! The kill switch as a daemon knows it: what every command obeys, with its alarms, and a way to set it from a page.

use std::path::PathBuf;
use std::sync::Arc;

use plumb_canary::agent::Switch;
use plumb_validator::brake::{Brake, BrakeState, Deed};

use crate::config::Config;
use crate::error::Error;
use crate::kill_switch::{self, KillSwitch, Settings};

/// The word of the pages for a switch that keeps nothing back.
const OFF: &str = "off";
/// Who sets it where a page does.
const BY: &str = "the status page";

/// The kill switch of a daemon.
pub struct CanarySwitch {
    watched: KillSwitch,
    /// The file that is written.
    file: PathBuf,
}

impl CanarySwitch {
    /// Watches the sources that the configuration names.
    ///
    /// # Errors
    /// Where they cannot be watched.
    pub fn of(config: &Config) -> Result<Self, Error> {
        let settings = Settings::of(config)?;
        let file = settings.written_file();
        Ok(Self { watched: KillSwitch::watch(&settings)?, file })
    }

    /// What the guard of every slot asks.
    pub const fn brake(&self) -> &Arc<Brake> {
        self.watched.brake()
    }
}

impl Switch for CanarySwitch {
    fn holds(&self) -> Option<String> {
        // Nothing is tried here, so nothing is counted as refused.
        if self.watched.brake().permits(Deed::Begin) { None } else { self.words() }
    }

    fn words(&self) -> Option<String> {
        let hold = self.watched.brake().strictest()?;
        Some(format!("the kill switch says {}, by {} ({})", hold.state, hold.source, hold.note))
    }

    fn state(&self) -> String {
        match self.watched.brake().state() {
            BrakeState::Runs => String::new(),
            state => state.word().to_owned(),
        }
    }

    fn unreadable(&self) -> Option<String> {
        self.watched.alarms().into_iter().next()
    }

    fn set(&self, state: &str, reason: &str) -> Result<(), String> {
        let state = if state == OFF { BrakeState::Runs } else { state.parse()? };
        kill_switch::set(&self.file, state, BY, reason).map_err(|error| error.to_string())
    }
}
