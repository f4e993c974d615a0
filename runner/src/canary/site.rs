//! One target, kept ready for weeks.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use plumb_model::api::Api;
use plumb_validator::clock::TargetClock;
use plumb_validator::plugin::Plugin;
use plumb_validator::target::Target;
use plumb_validator::transport::Wanted;

use crate::canary::seen::Wires;
use crate::error::Error;
use crate::run::shell_word;
use crate::select::Selected;

/// A target with everything that slots share.
pub struct Site {
    /// What the binary knows of its API.
    pub plugin: Plugin,
    /// Its API. It lives as long as the process: slots borrow it on threads of their own.
    pub api: &'static Api,
    /// How it was configured.
    pub selected: Selected,
    /// Who speaks to it and what may be done there, as of now.
    target: RwLock<Arc<Target>>,
    /// What is known of its clock.
    pub clock: TargetClock,
    /// What it says beside its answers.
    pub wanted: Wanted,
    /// The ways to it.
    pub wires: Wires,
    /// One investigation at a time: it sends many requests, and the target may be ill.
    pub investigation: Mutex<()>,
    /// Options that name it again: ` --target NAME --config FILE`.
    pub options: String,
}

impl Site {
    /// The site of a selected target.
    ///
    /// # Errors
    /// Where no client can be set up for it.
    pub fn new(plugin: Plugin, api: &'static Api, selected: Selected, config: Option<&str>) -> Result<Self, Error> {
        let wires = Wires::new(&selected.endpoint).map_err(|error| Error::Internal(error.to_string()))?;
        let named = format!(" --target {}", shell_word(&selected.target.name));
        let options = config.map_or_else(|| named.clone(), |file| format!("{named} --config {}", shell_word(file)));
        let target = RwLock::new(Arc::new(selected.target.clone()));
        let wanted = Wanted {
            version_field: selected.version_header.clone(),
            request_id_fields: api.wire.request_id_field().into_iter().map(str::to_owned).collect(),
        };
        let (clock, investigation) = (TargetClock::default(), Mutex::new(()));
        Ok(Self { plugin, api, selected, target, clock, wanted, wires, investigation, options })
    }

    /// The target as of now.
    pub fn target(&self) -> Arc<Target> {
        Arc::clone(&self.target.read().unwrap_or_else(PoisonError::into_inner))
    }
}
