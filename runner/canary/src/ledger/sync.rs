//! Tells the disk now and then to keep what was written, on a thread of its own: a slow disk holds up no slot.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::segment::Segment;

#[derive(Debug, Default)]
struct State {
    file: Option<Arc<File>>,
    dirty: bool,
    /// The folder of a segment that is new, and not yet on disk for sure.
    fresh_in: Option<PathBuf>,
    /// How many segments there were.
    segments: u64,
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

    /// From now on this segment is synced; at once, as it is new.
    pub(super) fn watch(&self, segment: &Segment, folder: &Path) {
        let fresh_in = self.thread.is_some().then(|| folder.to_owned());
        self.change(|state| {
            (state.file, state.fresh_in) = (Some(segment.handle()), fresh_in);
            state.segments += 1;
        });
        self.shared.1.notify_all();
    }

    /// Whether the new segment is on disk, so that a power cut cannot take it.
    pub(super) fn is_new_safe(&self) -> bool {
        let mut is_safe = false;
        self.change(|state| is_safe = state.fresh_in.is_none());
        is_safe
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
    let (mut over, mut failed) = (false, false);
    while !over {
        let state = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = |state: &mut State| !state.over && (failed || state.fresh_in.is_none());
        let waited = shared.1.wait_timeout_while(state, every, is_idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        over = state.over;
        let is_due = std::mem::take(&mut state.dirty) || state.fresh_in.is_some();
        let (file, fresh_in) = (state.file.clone().filter(|_| is_due), state.fresh_in.clone());
        let segments = state.segments;
        drop(state);
        let Some(file) = file else { continue };
        let result = sync(&file, fresh_in.as_deref());
        failed = result.is_err();
        let mut state = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(()) if state.segments != segments => {}
            Ok(()) => state.fresh_in = None,
            Err(error) => {
                state.dirty = true;
                tracing::warn!(%error, "the ledger could not be synced");
            }
        }
    }
}

/// Tells the disk to keep a file, and the folder that it is new in, and waits until it does.
pub(super) fn sync(file: &File, fresh_in: Option<&Path>) -> io::Result<()> {
    file.sync_data()?;
    // A new file is there only once its folder says so.
    fresh_in.map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
