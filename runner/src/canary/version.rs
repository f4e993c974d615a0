//! The version of a target that tells it at an address of its own, beside the API.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_validator::brake::Deed;

use crate::canary::site::Site;
use crate::engine::lock;
use crate::versions;

/// How often a target is asked for its version.
const ASK_EVERY: Duration = Duration::from_mins(1);
/// When it was last asked, and what it last said.
#[derive(Debug, Default)]
pub(super) struct Told {
    asked: Option<Instant>,
    version: Option<String>,
}

impl Site {
    /// Whether it is time to ask; whoever hears so has to.
    pub(super) fn is_version_due(&self) -> bool {
        let mut told = lock(&self.told);
        let is_due = self.selected.version_path.is_some() && told.asked.is_none_or(|at| at.elapsed() >= ASK_EVERY);
        if is_due {
            told.asked = Some(Instant::now());
        }
        is_due
    }

    /// What it last said.
    pub(super) fn version(&self) -> Option<String> {
        lock(&self.told).version.clone()
    }
}

/// Asks for the version. Where there is no answer, what was said before still stands: that a target is silent is for
/// its slots to say.
pub(super) async fn ask(site: Arc<Site>) {
    let Some(path) = &site.selected.version_path else { return };
    if !site.bounds.brake.permits(Deed::Read) || site.bounds.meter.as_ref().is_some_and(|own| own.admit(0).is_err()) {
        return;
    }
    if let Some(version) = versions::ask(site.wires.fresh(), &site.selected.target.authority, path).await {
        lock(&site.told).version = Some(version);
    }
}
