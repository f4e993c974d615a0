//! What a slot looks like on the wire: each exchange with its phases, or how it failed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use plumb_canary::slot::{Phase, Slot, Timing};
use plumb_validator::names::RunId;
use plumb_validator::transport::{
    self, CONNECT_TIMEOUT, Ending, Endpoint, EndpointError, FreshTransport, Marked, Marks, NetworkTransport,
    NoAnswerKind, NotSentCause, Observed, Sighting, TraceId, Transport, Wanted,
};

use crate::canary::self_test::{Lie, Planted};
use crate::engine::lock;
use crate::run::new_run_id;

/// The ways to one target.
pub struct Wires {
    endpoint: Endpoint,
    fresh: Arc<FreshTransport>,
    /// Wrong answers that are planted, in a self-test alone.
    lie: Option<Arc<Lie>>,
}

/// What a slot sends, marked and looked at.
type Watched = Observed<Arc<dyn Transport>>;

impl Wires {
    /// The ways to `endpoint`.
    ///
    /// # Errors
    /// Where no client can be set up.
    pub fn new(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        let fresh = Arc::new(FreshTransport::new(endpoint, CONNECT_TIMEOUT)?);
        Ok(Self { endpoint: endpoint.clone(), fresh, lie: None })
    }

    /// The same ways, on which answers are altered while `lie` says so.
    #[must_use]
    pub(super) fn planted_with(self, lie: Arc<Lie>) -> Self {
        Self { lie: Some(lie), ..self }
    }

    /// A connection for each request, neither marked nor looked at.
    pub(super) fn fresh(&self) -> &FreshTransport {
        &self.fresh
    }

    /// A way for one slot: with a connection for each request, or with some that its requests share.
    pub(super) fn open(&self, is_fresh: bool, seen: &Seen) -> Result<Box<dyn Transport>, String> {
        let bare: Arc<dyn Transport> = if is_fresh {
            Arc::clone(&self.fresh) as _
        } else {
            Arc::new(NetworkTransport::new(&self.endpoint, CONNECT_TIMEOUT).map_err(|error| error.to_string())?)
        };
        let bare = match &self.lie {
            Some(lie) => Arc::new(Planted::new(bare, Arc::clone(lie))) as _,
            None => bare,
        };
        let watched = Arc::new(Observed::new(bare, seen.wanted.clone()));
        lock(&seen.watched).push(Arc::clone(&watched));
        Ok(Box::new(Marked::new(watched, &seen.trace.marks, seen.trace.id)))
    }
}

/// What marks the requests of a slot.
pub(super) struct Trace {
    /// The run of the slot: its names, its journal.
    pub(super) run: RunId,
    marks: Marks,
    id: TraceId,
}

impl Trace {
    /// The trace of a slot.
    pub(super) fn new(slot: &Slot) -> Self {
        let run = new_run_id();
        let id = TraceId::of(&format!("{} {} {}", slot.watch, slot.due_ms, run.as_str()));
        Self { run, marks: Marks::of_canary(&slot.watch.canary), id }
    }
}

/// Everything that a slot has sent so far.
pub(super) struct Seen {
    trace: Trace,
    wanted: Wanted,
    watched: Mutex<Vec<Arc<Watched>>>,
}

/// One exchange.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub(super) end: End,
    pub(super) timing: Timing,
    /// Sent and received, heads left out.
    pub(super) bytes: u64,
    pub(super) version: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) traceparent: Option<String>,
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// With this status.
    Answered(u16),
    /// In this phase, and how.
    Failed(Phase, String),
    /// This machine could not even try.
    NoSocket(String),
    /// Nothing was tried.
    Unsent,
}

impl Seen {
    pub(super) fn new(trace: Trace, wanted: Wanted) -> Self {
        Self { trace, wanted, watched: Mutex::default() }
    }

    /// Takes out what was seen, in the order of the ways, and how many exchanges there were in all.
    pub(super) fn take(&self) -> (Vec<Sight>, usize) {
        let (mut sights, mut all) = (Vec::new(), 0);
        for watched in lock(&self.watched).iter() {
            let taken = watched.drain();
            all += taken.sends.len() + usize::try_from(taken.beyond).unwrap_or(usize::MAX);
            sights.extend(taken.sends.into_iter().map(Sight::of));
        }
        (sights, all)
    }
}

impl Sight {
    fn of(own: Sighting) -> Self {
        let phases = transport::Phase::ALL.map(|phase| own.phases.get(phase).map(micros));
        let end = match own.result {
            Ok(status) => End::Answered(status),
            Err(failed) => {
                let phase = failed.phase.map_or(Phase::FirstByte, phase_of);
                match failed.ending {
                    Ending::Unsendable => End::Unsent,
                    Ending::NotSent(cause @ NotSentCause::Local) => End::NoSocket(cause.to_string()),
                    Ending::NotSent(cause) => End::Failed(phase, cause.to_string()),
                    Ending::NoAnswer(kind) => End::Failed(phase, kind.to_string()),
                    // Whoever gave it up had waited for as long as it may take.
                    Ending::GivenUp => End::Failed(phase, NoAnswerKind::Timeout.to_string()),
                }
            }
        };
        Self {
            end,
            timing: Timing { phases_us: phases, total_us: micros(own.total) },
            bytes: own.bytes_out + own.bytes_in,
            version: own.version,
            request_id: own.request_id,
            traceparent: own.traceparent,
        }
    }
}

const fn phase_of(phase: transport::Phase) -> Phase {
    match phase {
        transport::Phase::Dns => Phase::Dns,
        transport::Phase::Connect => Phase::Connect,
        transport::Phase::Tls => Phase::Tls,
        transport::Phase::FirstByte => Phase::FirstByte,
        transport::Phase::Body => Phase::Body,
    }
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
