//! The executable specification: a state, and what each call may answer in it.
//!
//! An author writes [`Model`] with a state type of their own; [`ErasedModel`] is what the framework sees.

use std::any::Any;
use std::cmp::Ordering;
use std::fmt::{self, Debug};
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use crate::call::Call;
use crate::expectation::Expectation;
use crate::fault::{Basis, Fault, Ground, Precedence};
use crate::seen::Seen;

/// A resource that exists before the first call: its kind and its real name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lease {
    /// What it is, a word of the API.
    pub kind: String,
    /// Its name.
    pub name: Bytes,
    /// The part of it that is this case's own, where it is shared: everything whose name starts so.
    pub prefix: Option<Bytes>,
    /// The public identifier of its owner; none where the API knows no owners.
    pub owner: Option<String>,
}

/// The executable specification of an API.
pub trait Model: Send + Sync + 'static {
    /// What the service remembers. Cloning must be cheap: persistent maps, no bytes of bodies.
    type State: Clone + Ord + Debug + Serialize + Send + Sync + 'static;

    /// The state before the first call, when just these resources exist.
    fn initial(&self, leases: &[Lease]) -> Self::State;

    /// Every permitted outcome of a call whose arguments are literals or bodies. Never empty: any call, however
    /// malformed, has outcomes. The first is the preferred one.
    fn step(&self, state: &Self::State, call: &Call, seen: &Seen<'_>) -> Vec<Outcome<Self::State>>;
}

/// One permitted answer with the state it leaves behind.
#[derive(Debug, Clone)]
pub struct Outcome<S> {
    /// The answer.
    pub expectation: Expectation,
    /// The state it leaves behind; none where it leaves the state as it was.
    pub state: Option<S>,
    /// How well it is known, and where it is written.
    pub ground: Ground,
}

impl<S> Outcome<S> {
    /// `expectation`, with the state left as it was.
    pub fn new(expectation: Expectation, basis: Basis, source: &'static str) -> Self {
        Self { expectation, state: None, ground: Ground { basis, source: source.into() } }
    }

    /// The outcome, leaving `state` behind.
    #[must_use]
    pub fn leaving(self, state: S) -> Self {
        Self { state: Some(state), ..self }
    }
}

/// The outcomes of a call: the undominated faults, and what happens without a fault where every fault is optional.
///
/// `success` is asked only where it is needed. A fault leaves the state as it is.
pub fn outcomes<S>(
    faults: &[Fault],
    precedence: &Precedence,
    success: impl FnOnce() -> Vec<Outcome<S>>,
) -> Vec<Outcome<S>> {
    let mut all = if faults.iter().all(|fault| fault.optional) { success() } else { Vec::new() };
    for fault in precedence.undominated(faults) {
        for answer in &fault.answers {
            if !all.iter().any(|outcome| outcome.expectation == *answer) {
                all.push(Outcome::new(answer.clone(), fault.basis, fault.source));
            }
        }
    }
    all
}

/// A state whose type only its model knows.
#[derive(Clone)]
pub struct ErasedState(Arc<dyn AnyState>);

trait AnyState: Send + Sync {
    fn compare(&self, other: &dyn AnyState) -> Ordering;
    fn as_any(&self) -> &dyn Any;
    fn debug(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result;
    fn json(&self) -> serde_json::Value;
}

impl<S: Ord + Debug + Serialize + Send + Sync + 'static> AnyState for S {
    fn compare(&self, other: &dyn AnyState) -> Ordering {
        // Two states of one belief come from one model, so the types agree.
        other.as_any().downcast_ref::<S>().map_or(Ordering::Less, |other| self.cmp(other))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn debug(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(self, formatter)
    }
    fn json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or(serde_json::Value::Null)
    }
}

impl ErasedState {
    fn new<S: Ord + Debug + Serialize + Send + Sync + 'static>(state: S) -> Self {
        Self(Arc::new(state))
    }

    /// The state as JSON, for reports.
    pub fn to_json(&self) -> serde_json::Value {
        self.0.json()
    }
}

impl Debug for ErasedState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug(formatter)
    }
}

impl PartialEq for ErasedState {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.compare(&*other.0) == Ordering::Equal
    }
}

impl Eq for ErasedState {}

impl PartialOrd for ErasedState {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ErasedState {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.compare(&*other.0) }
    }
}

/// A [`Model`] without its state type. Every model is one.
pub trait ErasedModel: Send + Sync {
    /// See [`Model::initial`].
    fn initial(&self, leases: &[Lease]) -> ErasedState;
    /// See [`Model::step`].
    fn step(&self, state: &ErasedState, call: &Call, seen: &Seen<'_>) -> Vec<Outcome<ErasedState>>;
}

impl<M: Model> ErasedModel for M {
    fn initial(&self, leases: &[Lease]) -> ErasedState {
        ErasedState::new(Model::initial(self, leases))
    }

    fn step(&self, state: &ErasedState, call: &Call, seen: &Seen<'_>) -> Vec<Outcome<ErasedState>> {
        // A state of another model is a mistake of the caller; an empty answer set makes it visible as one.
        let Some(typed) = state.0.as_any().downcast_ref::<M::State>() else { return Vec::new() };
        Model::step(self, typed, call, seen)
            .into_iter()
            .map(|outcome| Outcome {
                expectation: outcome.expectation,
                state: outcome.state.map(ErasedState::new),
                ground: outcome.ground,
            })
            .collect()
    }
}
