//! One attempt of a run, from the line in the journal to its decision.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;

use super::{ATTEMPTS_MAX, Book, Decision, Ended, Id, Outcome, Shared, State};
use crate::serve::Order;
use crate::serve::record::Attempt;

impl Shared {
    /// Begins what waits, as long as there is room.
    pub(super) fn advance(self: &Arc<Self>, book: &mut Book) {
        while !book.is_ending && book.under_way.len() < self.limits.at_once {
            let Some(id) = book.queue.pop_front() else { break };
            self.begin(book, id);
        }
    }

    fn begin(self: &Arc<Self>, book: &mut Book, id: Id) {
        let Some(entry) = book.runs.get_mut(&id) else { return };
        let (now, record) = ((self.clock)(), &mut entry.record);
        let refused = if record.attempts.len() >= ATTEMPTS_MAX {
            Some(format!("it was begun {ATTEMPTS_MAX} times, and never came to its end"))
        } else if !self.gates.names().contains(&record.gate) {
            Some("there is no such gate any more".to_owned())
        } else {
            record.attempts.push(Attempt { began: now, end: None });
            let noted = self.store.note(now, "began", record).and_then(|()| self.store.write(record));
            let noted = noted.and_then(|()| self.store.make_room(record));
            noted.err().map(|error| format!("its start could not be written down: {error}"))
        };
        if let Some(why) = refused {
            return self.close(book, &id, Err(why));
        }
        let order = Order {
            gate: record.gate.clone(),
            key: record.key.clone(),
            expect_version: record.expect_version.clone(),
            attempt: record.attempts.len(),
            folder: self.store.evidence(record),
            time_max: self.limits.run_max,
        };
        tracing::info!(gate = order.gate, key = %order.key, attempt = order.attempt, "a gate run begins");
        let task = self.runtime.spawn(Arc::clone(self).carry_out(id.clone(), order));
        book.under_way.insert(id, task.abort_handle());
    }

    async fn carry_out(self: Arc<Self>, id: Id, order: Order) {
        let (gates, time_max) = (Arc::clone(&self.gates), order.time_max);
        // A task of its own, so that a panic stays in it.
        let mut run = Dropped(tokio::spawn(async move { gates.run(order).await }));
        let ended = match timeout(time_max, &mut run.0).await {
            Ok(ended) => without_panic(ended),
            Err(_) => Err(too_long(time_max)),
        };
        drop(run);
        let closing = tokio::task::spawn_blocking(move || {
            let mut book = self.book();
            self.close(&mut book, &id, ended);
            self.advance(&mut book);
            self.prune(&mut book);
            drop(book);
            self.store.sweep();
        });
        if let Err(error) = closing.await {
            tracing::error!(%error, "failed to take in what came of a run");
        }
    }

    /// Takes in how a run ended.
    fn close(&self, book: &mut Book, id: &Id, ended: Result<Decision, String>) {
        book.under_way.remove(id);
        let Some(entry) = book.runs.get_mut(id) else { return };
        let (now, record) = ((self.clock)(), &mut entry.record);
        let how = if ended.is_ok() { Ended::Decided } else { Ended::Failed };
        if book.is_ending && !record.end(now, how) {
            // It was stopped at the very moment it ended: the next server begins it again.
            return;
        }
        record.end(now, how);
        record.outcome = Some(Outcome::of(&record.gate, now, ended));
        tracing::info!(gate = record.gate, key = %record.key, state = record.state().word(), "a gate run is decided");
        self.keep(now, record.state().word(), record);
        record.forget_decision();
        debug_assert_ne!(record.state(), State::Running, "what is closed is decided");
        entry.changed.send_replace(());
    }
}

/// Ends its task with itself.
struct Dropped(JoinHandle<Result<Decision, String>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn without_panic(ended: Result<Result<Decision, String>, JoinError>) -> Result<Decision, String> {
    ended.unwrap_or_else(|error| Err(format!("the run ended in an error of our own: {error}")))
}

fn too_long(time_max: Duration) -> String {
    format!("it took longer than {} s, and was ended", time_max.as_secs_f64())
}
