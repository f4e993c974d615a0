//! The last check before every send: does this request touch only what this run may touch?

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use plumb_model::api::Api;
use plumb_model::http::Request;
use plumb_model::space::Hazard;
use plumb_model::text::shown;
use plumb_model::wire::{Access, Touch};

use crate::names::RunId;
use crate::target::{Safety, Target};

/// Why a call was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The call does more than the target's safety level allows.
    #[error(
        "the call {hazard}, and the target's safety level is {safety}: add --safety {needed} (or `safety` in plumb.toml) if that is wanted"
    )]
    Safety {
        /// What the call does.
        hazard: &'static str,
        /// The level in force.
        safety: Safety,
        /// The level that would do.
        needed: Safety,
    },
    /// The call touches something that this run neither made nor borrowed.
    #[error("the call touches the {kind} {name:?}, which this run neither made nor borrowed")]
    Foreign {
        /// What it is.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// It cannot be told what the request touches.
    #[error("it cannot be told what the request touches: {0}")]
    Unclear(String),
}

/// The guard of one run.
#[derive(Debug)]
pub struct Guard {
    marker: String,
    safety: Safety,
    exclusive: bool,
    leased: RwLock<BTreeSet<(String, Bytes)>>,
}

impl Guard {
    /// The guard for `run` against `target`.
    pub fn new(run: &RunId, target: &Target) -> Self {
        let leased = RwLock::default();
        Self { marker: run.marker(), safety: target.safety, exclusive: target.exclusive, leased }
    }

    /// Permits a resource that somebody lent to this run.
    pub fn lease(&self, kind: &str, name: Bytes) {
        self.leased.write().unwrap_or_else(PoisonError::into_inner).insert((kind.to_owned(), name));
    }

    /// What the request touches, if all of it may be touched.
    pub fn check(&self, api: &Api, hazard: Hazard, request: &Request) -> Result<Vec<Touch>, Refusal> {
        let touches = api.wire.touches(request).map_err(Refusal::Unclear)?;
        // What the bytes say counts as much as what the operation is declared to do.
        let seen = touches.iter().map(|touch| hazard_of(touch.access)).max();
        let hazard = hazard.max(seen.unwrap_or(Hazard::Reads));
        if !self.safety.permits(hazard) {
            let needed = if Safety::OwnData.permits(hazard) { Safety::OwnData } else { Safety::Full };
            return Err(Refusal::Safety { hazard: in_words(hazard), safety: self.safety, needed });
        }
        match touches.iter().find(|touch| !self.is_ours(api, touch)) {
            None => Ok(touches),
            Some(touch) => Err(Refusal::Foreign { kind: touch.kind, name: shown(&touch.name, 80) }),
        }
    }

    fn is_ours(&self, api: &Api, touch: &Touch) -> bool {
        self.exclusive
            || api.resources.carries(&touch.name, &self.marker)
            || self
                .leased
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&(touch.kind.to_owned(), touch.name.clone()))
    }
}

const fn hazard_of(access: Access) -> Hazard {
    match access {
        Access::Reads => Hazard::Reads,
        Access::Creates | Access::Writes => Hazard::Writes,
        Access::Deletes => Hazard::Deletes,
    }
}

const fn in_words(hazard: Hazard) -> &'static str {
    match hazard {
        Hazard::Reads => "reads",
        Hazard::Writes => "writes",
        Hazard::Deletes => "deletes",
        Hazard::Exposes => "opens data to others",
        Hazard::Irreversible => "cannot be taken back",
        Hazard::Costs => "costs money",
    }
}
