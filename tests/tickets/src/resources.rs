//! Tickets are the only resource: each carries the marker of its run in its name.

use bytes::Bytes;
use plumb_model::answer::Answer;
use plumb_model::call::{Call, Need};
use plumb_model::value::Value;
use plumb_model::wire::{Resources, Site};

/// How tickets are named and removed.
pub(crate) struct TicketResources;

impl Resources for TicketResources {
    fn name(&self, kind: &str, role: &str, marker: &str) -> Option<Bytes> {
        (kind == "ticket").then(|| format!("{marker}-{role}").into())
    }

    fn inside(&self, _kind: &str, _role: &str, _prefix: &str) -> Option<Bytes> {
        None
    }

    fn carries(&self, name: &[u8], marker: &str) -> bool {
        name.strip_prefix(marker.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'-'))
    }

    fn provision(&self, _need: &Need, _name: &Bytes, _site: Site<'_>) -> Vec<Call> {
        Vec::new()
    }

    fn list(&self, _kind: &str, _name: &Bytes, _last: Option<&Answer>) -> Option<Call> {
        None
    }

    fn remove_listed(&self, _kind: &str, _name: &Bytes, _listed: &Answer) -> Vec<Call> {
        Vec::new()
    }

    fn remove(&self, _kind: &str, name: &Bytes) -> Call {
        Call::new("Remove").with("name", Value::Literal(name.clone()))
    }

    fn liveness(&self, marker: &str) -> Call {
        Call::new("Read").with("name", format!("{marker}-liveness").as_str())
    }
}
