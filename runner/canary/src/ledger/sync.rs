//! Tells the disk now and then to keep what was written, on a thread of its own: a slow disk holds up no slot.

use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::segment::Segment;

#[derive(Debug, Default)]
struct State {
    file: Option<File>,
    dirty: bool,
    over: bool,
}

type Shared = Arc<(Mutex<State>, Condvar)>;

/// The thread and what it knows.
#[derive(Debug)]
pub(super) struct Syncer {
    shared: Shared,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    /// Begins to sync every so often. Without a thread nothing is synced, and only a power cut can tell.
    pub(super) fn start(every: Duration) -> Self {
        let shared = Shared::default();
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("ledger-sync".to_owned()).spawn(move || run(&own, every));
        Self { shared, thread: thread.ok() }
    }

    /// From now on this segment is synced.
    pub(super) fn watch(&self, segment: &Segment) {
        self.change(|state| state.file = segment.handle());
    }

    /// Something was written.
    pub(super) fn written(&self) {
        self.change(|state| state.dirty = true);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.change(|state| state.over = true);
        self.shared.1.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, every: Duration) {
    let mut over = false;
    while !over {
        let state = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = shared.1.wait_timeout_while(state, every, |state| !state.over);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        over = state.over;
        let dirty = std::mem::take(&mut state.dirty);
        let file = state.file.as_ref().filter(|_| dirty).and_then(|file| file.try_clone().ok());
        drop(state);
        if let Some(Err(error)) = file.map(|file| file.sync_data()) {
            tracing::warn!(%error, "the ledger could not be synced");
        }
    }
}
