//! The last check before every send: does this request touch only what this run may touch?

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use plumb_model::api::Api;
use plumb_model::http::{Headers, Request};
use plumb_model::space::Hazard;
use plumb_model::text::shown;
use plumb_model::wire::{Access, Touch};

use crate::brake::{Brake, Deed, Held};
use crate::meter::{Meter, Spent};
use crate::names::RunId;
use crate::target::{Safety, Target};
use crate::transport::{Received, SendError};

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
    /// The call touches more of something than the part that is lent to this run.
    #[error("the call touches the {kind} {name:?} outside of what is lent to this run")]
    Outside {
        /// What it is.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// It cannot be told what the request touches.
    #[error("it cannot be told what the request touches: {0}")]
    Unclear(String),
    /// The kill switch keeps it back.
    #[error(transparent)]
    Held(#[from] Held),
    /// A budget of the target is spent.
    #[error(transparent)]
    Spent(#[from] Spent),
}

/// Whether a refusal, in the words of a verdict, is due to what may be sent now, by the target's safety level, the kill
/// switch or today's budget, and not to what is touched.
pub fn is_kept_back(why: &str) -> bool {
    ["the target's safety level is", "the kill switch says", "today's budget"].iter().any(|words| why.contains(words))
}

/// The guard of one run.
#[derive(Debug)]
pub struct Guard {
    marker: String,
    safety: Safety,
    exclusive: bool,
    /// Whether it guards calls that remove what a run made.
    cleans_up: bool,
    leased: Arc<Leased>,
    bounds: Bounds,
    kept_back: Arc<KeptBack>,
}

type Leased = RwLock<BTreeMap<(String, Bytes), Lent>>;

/// What bounds a run from outside: none of it is the run's own.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// The kill switch.
    pub brake: Arc<Brake>,
    /// The budgets of the target; none where it has none.
    pub meter: Option<Arc<Meter>>,
}

impl Bounds {
    /// Why no case may begin now, where so.
    pub fn keep_from_beginning(&self) -> Option<String> {
        if let Some(held) = self.brake.holds_back(Deed::Begin) {
            return Some(held.to_string());
        }
        self.meter.as_ref().and_then(|meter| meter.spent()).map(|spent| spent.to_string())
    }
}

/// What the bounds have refused of one run.
#[derive(Debug, Default)]
struct KeptBack {
    count: AtomicU64,
    first: OnceLock<String>,
}

/// How much of something is lent to a run.
#[derive(Debug)]
enum Lent {
    /// All of it.
    Whole,
    /// What lies inside under names that start with one of these.
    Parts(Vec<Bytes>),
}

impl Lent {
    fn permits(&self, touch: &Touch) -> bool {
        match (self, &touch.inside) {
            (Self::Whole, _) => true,
            (Self::Parts(prefixes), Some(inside)) => prefixes.iter().any(|prefix| inside.starts_with(prefix)),
            // Whoever has a part may see that the whole is there.
            (Self::Parts(prefixes), None) => touch.access == Access::Reads && !prefixes.is_empty(),
        }
    }
}

impl Guard {
    /// The guard for `run` against `target`.
    pub fn new(run: &RunId, target: &Target) -> Self {
        Self {
            marker: run.marker(),
            safety: target.safety,
            exclusive: target.exclusive,
            cleans_up: false,
            leased: Arc::default(),
            bounds: Bounds::default(),
            kept_back: Arc::default(),
        }
    }

    /// The guard, keeping within these bounds too.
    #[must_use]
    pub fn bound_by(self, bounds: &Bounds) -> Self {
        Self { bounds: bounds.clone(), ..self }
    }

    /// What the run is bound by.
    pub const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// How many calls the kill switch or a budget has refused so far, and why the first of them; none where there was
    /// none. A run of which something was kept back has not shown what it was to show.
    pub fn kept_back(&self) -> Option<(u64, String)> {
        let first = self.kept_back.first.get()?;
        Some((self.kept_back.count.load(Ordering::Relaxed), first.clone()))
    }

    /// The same guard for calls that remove what the run made, which are let pass where cases may change nothing.
    #[must_use]
    pub fn cleaning_up(&self) -> Self {
        Self {
            marker: self.marker.clone(),
            safety: self.safety,
            exclusive: self.exclusive,
            cleans_up: true,
            leased: Arc::clone(&self.leased),
            bounds: self.bounds.clone(),
            kept_back: Arc::clone(&self.kept_back),
        }
    }

    /// Permits a resource that somebody lent to this run: all of it, or only what lies inside under names that start
    /// with `prefix`. Of what is lent in parts nothing else is permitted, not even on an exclusive target.
    pub fn lease(&self, kind: &str, name: Bytes, prefix: Option<Bytes>) {
        let mut leased = self.leased.write().unwrap_or_else(PoisonError::into_inner);
        let lent = leased.entry((kind.to_owned(), name)).or_insert_with(|| Lent::Parts(Vec::new()));
        match (lent, prefix) {
            (lent, None) => *lent = Lent::Whole,
            (Lent::Parts(prefixes), Some(prefix)) => prefixes.push(prefix),
            (Lent::Whole, Some(_)) => {}
        }
    }

    /// Permits a part no longer. What is left of the thing stays closed.
    pub fn release(&self, kind: &str, name: &Bytes, prefix: &Bytes) {
        let mut leased = self.leased.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(Lent::Parts(prefixes)) = leased.get_mut(&(kind.to_owned(), name.clone())) {
            prefixes.retain(|own| own != prefix);
        }
    }

    /// A guard that permits this part and nothing else, for whoever empties it.
    #[must_use]
    pub fn within(&self, kind: &str, name: Bytes, prefix: Bytes) -> Self {
        let leased = BTreeMap::from([((kind.to_owned(), name), Lent::Parts(vec![prefix]))]);
        let leased = Arc::new(RwLock::new(leased));
        Self { marker: String::new(), exclusive: false, leased, ..self.cleaning_up() }
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
        let mut refused = touches.iter().filter_map(|touch| self.refusal(api, touch));
        if let Some(refusal) = refused.next() {
            return Err(refusal);
        }
        self.bounds.brake.check(self.deed(hazard, &touches)).map_err(|held| self.note(held.into()))?;
        Ok(touches)
    }

    /// Counts a request that is about to be sent, if the target's budget has room for it.
    pub fn admit(&self, request: &Request) -> Result<(), Refusal> {
        let Some(meter) = &self.bounds.meter else { return Ok(()) };
        let start = request.method.len() + request.target.len();
        let bytes = (start + size(&request.headers) + request.body.len()) as u64;
        if self.cleans_up {
            meter.admit_clean_up(bytes);
            return Ok(());
        }
        meter.admit(bytes).map_err(|spent| self.note(spent.into()))
    }

    /// Counts an answer, as far as it came.
    pub fn received(&self, answer: &Result<Received, SendError>) {
        let Some(meter) = &self.bounds.meter else { return };
        let response = match answer {
            Ok(received) => &received.response,
            Err(SendError::NoAnswer { begun: Some(begun), .. }) => begun,
            Err(_) => return,
        };
        meter.received((size(&response.headers) + response.body.len()) as u64);
    }

    /// Clean-up reads and deletes; whatever else it does changes something, as a case does.
    fn deed(&self, hazard: Hazard, touches: &[Touch]) -> Deed {
        let only_removes = || touches.iter().all(|touch| matches!(touch.access, Access::Reads | Access::Deletes));
        match hazard {
            _ if self.cleans_up && only_removes() => Deed::CleanUp,
            Hazard::Reads => Deed::Read,
            _ => Deed::Change,
        }
    }

    fn note(&self, refusal: Refusal) -> Refusal {
        self.kept_back.count.fetch_add(1, Ordering::Relaxed);
        self.kept_back.first.get_or_init(|| refusal.to_string());
        refusal
    }

    fn refusal(&self, api: &Api, touch: &Touch) -> Option<Refusal> {
        let (kind, name) = (touch.kind, || shown(&touch.name, 80));
        let leased = self.leased.read().unwrap_or_else(PoisonError::into_inner);
        // Most runs borrow nothing that is not theirs, and then no key is made to look for it.
        let lent = if leased.is_empty() { None } else { leased.get(&(kind.to_owned(), touch.name.clone())) };
        match lent {
            Some(lent) if lent.permits(touch) => None,
            Some(_) => Some(Refusal::Outside { kind, name: name() }),
            None if self.exclusive || self.is_marked(api, touch) => None,
            None => Some(Refusal::Foreign { kind, name: name() }),
        }
    }

    fn is_marked(&self, api: &Api, touch: &Touch) -> bool {
        !self.marker.is_empty() && api.resources.carries(&touch.name, &self.marker)
    }
}

/// The fields as they stand on the wire, with what separates them.
fn size(headers: &Headers) -> usize {
    headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum()
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
