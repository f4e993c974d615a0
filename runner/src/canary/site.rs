//! One target, kept ready for weeks.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use plumb_model::api::Api;
use plumb_validator::brake::Brake;
use plumb_validator::clock::{Clock as _, SystemClock, TargetClock};
use plumb_validator::guard::Bounds;
use plumb_validator::plugin::Plugin;
use plumb_validator::target::Target;
use plumb_validator::transport::Wanted;

use crate::budget;
use crate::canary::reference::Reference;
use crate::canary::seen::Wires;
use crate::canary::version::Told;
use crate::credentials::{CredentialsError, FILES_CHECKED_EVERY};
use crate::engine::lock;
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
    pub selected: Arc<Selected>,
    /// Who speaks to it and what may be done there, as of now.
    target: RwLock<Arc<Target>>,
    /// What is known of its clock.
    pub clock: TargetClock,
    /// What it says beside its answers.
    pub wanted: Wanted,
    /// The ways to it.
    pub wires: Wires,
    /// What keeps calls back, for all slots at once.
    pub bounds: Bounds,
    /// What proves a fault ours.
    pub reference: Option<Arc<Reference>>,
    /// Leases that slots hold here.
    pub leases: Arc<AtomicU64>,
    /// One investigation at a time: it sends many requests, and the target may be ill.
    pub investigation: Mutex<()>,
    /// What it says its version is.
    pub(super) told: Mutex<Told>,
    /// When its credentials were last looked at.
    checked: Mutex<Instant>,
    /// Options that name it again: ` --target NAME --config FILE`.
    pub options: String,
}

impl Site {
    /// The site of a selected target.
    ///
    /// # Errors
    /// Where no client can be set up for it.
    pub fn new(
        (plugin, api): (Plugin, &'static Api),
        selected: Selected,
        config: &str,
        (brake, reference): (&Arc<Brake>, Option<&Arc<Reference>>),
    ) -> Result<Self, Error> {
        let bounds = Bounds { brake: Arc::clone(brake), meter: budget::meter(&selected.target, selected.daily) };
        let wires = Wires::new(&selected.endpoint).map_err(|error| Error::Internal(error.to_string()))?;
        let options = format!(" --target {} --config {}", shell_word(&selected.target.name), shell_word(config));
        let target = RwLock::new(Arc::new(selected.target.clone()));
        let checked = Mutex::new(Instant::now());
        let wanted = Wanted {
            version_field: selected.version_header.clone(),
            request_id_fields: api.wire.request_id_field().into_iter().map(str::to_owned).collect(),
        };
        let (clock, investigation) = (TargetClock::default(), Mutex::new(()));
        Ok(Self {
            plugin,
            api,
            selected: Arc::new(selected),
            target,
            clock,
            wanted,
            wires,
            bounds,
            reference: reference.cloned(),
            leases: Arc::default(),
            investigation,
            options,
            checked,
            told: Mutex::default(),
        })
    }

    /// The same target by other ways, bound by the same bounds.
    #[must_use]
    pub fn by(&self, wires: Wires) -> Self {
        Self {
            plugin: self.plugin,
            api: self.api,
            selected: Arc::clone(&self.selected),
            target: RwLock::new(self.target()),
            clock: TargetClock::default(),
            wanted: self.wanted.clone(),
            wires,
            bounds: self.bounds.clone(),
            reference: self.reference.clone(),
            told: Mutex::default(),
            leases: Arc::default(),
            investigation: Mutex::new(()),
            checked: Mutex::new(*lock(&self.checked)),
            options: self.options.clone(),
        }
    }

    /// Whether it is time to look at its credentials again: it is from then on until they are found good.
    pub fn is_due(&self) -> bool {
        self.api.signed && lock(&self.checked).elapsed() >= FILES_CHECKED_EVERY
    }

    /// Looks at its credentials again, where it is time to. It may block for a while.
    ///
    /// # Errors
    /// Where there are none that are good: that is our own fault, and none of the target's.
    pub fn renew(&self) -> Result<(), CredentialsError> {
        if !self.is_due() {
            return Ok(());
        }
        let actors = self.selected.credentials.current(SystemClock.unix_ms())?;
        *lock(&self.checked) = Instant::now();
        let old = self.target();
        if old.actors != actors {
            let target = Arc::new(Target { actors, ..Target::clone(&old) });
            *self.target.write().unwrap_or_else(PoisonError::into_inner) = target;
        }
        Ok(())
    }

    /// The target as of now.
    pub fn target(&self) -> Arc<Target> {
        Arc::clone(&self.target.read().unwrap_or_else(PoisonError::into_inner))
    }
}
