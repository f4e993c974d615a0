//! What bad slots tell whoever is called.

use serde::{Deserialize, Serialize};

use crate::slot::{Ended, FINDINGS_MAX, REQUEST_IDS_MAX, Trouble};

/// The bad slots on one axis since it was last quiet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Evidence {
    /// When the first was due.
    pub(super) first_ms: i64,
    /// When the last was.
    pub(super) last_ms: i64,
    /// What the last says, with the ids of those before it as long as there is room.
    pub(super) trouble: Option<Trouble>,
}

impl Evidence {
    pub(super) fn of(ended: &Ended) -> Self {
        let mut own = Self { first_ms: ended.slot.due_ms, last_ms: ended.slot.due_ms, trouble: None };
        own.add(ended);
        own
    }

    pub(super) fn add(&mut self, ended: &Ended) {
        self.first_ms = self.first_ms.min(ended.slot.due_ms);
        self.last_ms = self.last_ms.max(ended.slot.due_ms);
        let Some(mut newest) = ended.trouble.clone() else { return };
        if let Some(before) = self.trouble.take() {
            join(&mut newest.request_ids, before.request_ids, REQUEST_IDS_MAX);
            join(&mut newest.findings, before.findings, FINDINGS_MAX);
            newest.traceparent = newest.traceparent.or(before.traceparent);
            newest.replay = newest.replay.or(before.replay);
        }
        self.trouble = Some(newest);
    }
}

/// Appends what is not there yet, up to `most`.
pub(super) fn join<T: PartialEq>(all: &mut Vec<T>, more: impl IntoIterator<Item = T>, most: usize) {
    for own in more {
        if all.len() < most && !all.contains(&own) {
            all.push(own);
        }
    }
}
