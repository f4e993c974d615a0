//! Keeps the credentials of one identity good: when they are read again, what is held meanwhile, who waits how long.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plumb_model::wire::Actor;
use plumb_validator::plugin::Keys;

use super::CredentialsError;
use super::source::{Failure, Fetched, Source};

/// How long before they expire a process is asked for newer credentials, as the SDKs do; where they are good for less
/// than twice as long, half of their time.
pub const REFRESH_MARGIN: Duration = Duration::from_mins(5);
/// How soon what failed is tried again; the wait doubles with every failure.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(5);
/// The longest wait between two tries.
pub const BACKOFF_MAX: Duration = Duration::from_mins(1);
/// How soon a process is run again at the earliest, however short what it hands over is good.
const RUNS_APART_MIN: Duration = Duration::from_secs(1);
/// How long files and profiles may be unreadable, as while they are being replaced, before what was read counts no
/// more.
pub const UNREADABLE_GRACE: Duration = Duration::from_mins(1);
/// How many sets that were rotated out are remembered, to be kept out of every text.
const RETIRED_MAX: usize = 16;

/// The credentials of one identity.
#[derive(Debug)]
pub(super) struct Keeper {
    /// The name that cases use.
    pub(super) actor: String,
    source: Source,
    state: Mutex<State>,
    settled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Fetched>,
    /// Whether a thread is reading.
    busy: bool,
    /// When it was last begun to read.
    tried_ms: Option<i64>,
    /// When it is to be read again; none means never.
    next_ms: Option<i64>,
    /// What went wrong the last time, since when, and how often in a row.
    failure: Option<CredentialsError>,
    failing_since_ms: i64,
    failures: u32,
    /// What was held before, the oldest first.
    retired: VecDeque<Keys>,
}

impl Keeper {
    pub(super) fn new(actor: String, source: Source) -> Self {
        let mut state = State::default();
        if let Source::Fixed(keys) = &source {
            state.held = Some(Fetched::lasting(keys.clone(), 0));
            state.tried_ms = Some(i64::MIN);
        }
        Self { actor, source, state: Mutex::new(state), settled: Condvar::new() }
    }

    /// Begins to read where that is due, and tells whether it did.
    pub(super) fn begin(self: &Arc<Self>, now_ms: i64) -> bool {
        let mut state = self.lock();
        if state.busy || !state.is_due(now_ms) {
            return false;
        }
        state.busy = true;
        state.tried_ms = Some(now_ms);
        let held = state.held.clone();
        drop(state);
        let keeper = Arc::clone(self);
        let thread = std::thread::Builder::new().name(format!("credentials of {}", self.actor));
        if let Err(error) = thread.spawn(move || keeper.read(held.as_ref(), now_ms)) {
            let reason = format!("no thread can be started: {error}");
            self.settle(Err(Failure::Unreadable { reason, remedy: "look what uses up the machine".into() }), now_ms);
        }
        true
    }

    fn read(&self, held: Option<&Fetched>, now_ms: i64) {
        let fresh = held.is_some_and(|held| refresh_ms(held).is_none_or(|refresh_ms| now_ms < refresh_ms));
        // Whoever waits must hear of it even where a plugin's code gives up.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.source.fetch(held, fresh, now_ms)));
        let panicked = |_| {
            let (reason, remedy) =
                ("reading them panicked".to_owned(), "tell whoever wrote the API's plugin".to_owned());
            Err(Failure::Unreadable { reason, remedy })
        };
        self.settle(outcome.unwrap_or_else(panicked), now_ms);
    }

    fn settle(&self, outcome: Result<Fetched, Failure>, now_ms: i64) {
        let mut state = self.lock();
        match outcome {
            Ok(fetched) => state.take(fetched, &self.source, now_ms),
            Err(failure) => {
                let error = told(&self.actor, failure, &known(&self.actor, &state));
                state.fail(error, now_ms);
            }
        }
        state.busy = false;
        drop(state);
        self.settled.notify_all();
    }

    /// What is good at `now_ms`. Whatever is being read is waited for until `due` where there is nothing good, and only
    /// until `soon` where there is.
    pub(super) fn current(&self, now_ms: i64, soon: Instant, due: Instant) -> Result<Actor, CredentialsError> {
        let mut state = self.lock();
        while state.busy {
            let until = if state.good(now_ms).is_some() { soon } else { due };
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                break;
            }
            state = self.settled.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        match state.good(now_ms) {
            Some(held) => Ok(actor(&self.actor, &held.keys)),
            None => Err(self.error(&state, now_ms)),
        }
    }

    fn error(&self, state: &State, now_ms: i64) -> CredentialsError {
        let expired = state.held.as_ref().and_then(|held| held.expires_ms).filter(|expires_ms| *expires_ms <= now_ms);
        match (expired, &state.failure) {
            (Some(since_ms), why) => {
                let why = why.as_ref().filter(|why| !matches!(why, CredentialsError::Expired { .. }));
                CredentialsError::Expired { actor: self.actor.clone(), since_ms, why: why.map(ToString::to_string) }
            }
            (None, Some(failure)) => failure.clone(),
            (None, None) => CredentialsError::Slow { actor: self.actor.clone() },
        }
    }

    /// When what is held expires.
    pub(super) fn expires_ms(&self) -> Option<i64> {
        self.lock().held.as_ref().and_then(|held| held.expires_ms)
    }

    /// The region of the profile.
    pub(super) fn region(&self) -> Option<String> {
        self.lock().held.as_ref().and_then(|held| held.region.clone())
    }

    /// What is held, and what was.
    pub(super) fn known(&self) -> Vec<Actor> {
        known(&self.actor, &self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether it is to be read. A clock that was set back must not make it wait.
    fn is_due(&self, now_ms: i64) -> bool {
        match (self.tried_ms, self.next_ms) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(tried_ms), Some(next_ms)) => now_ms >= next_ms || now_ms < tried_ms,
        }
    }

    fn take(&mut self, fetched: Fetched, source: &Source, now_ms: i64) {
        let refresh_ms = refresh_ms(&fetched).map(|refresh_ms| refresh_ms.max(now_ms + ms(RUNS_APART_MIN)));
        let check_ms = source.checked_every().map(|every| now_ms + ms(every));
        self.next_ms = [refresh_ms, check_ms].into_iter().flatten().min();
        let old = self.held.replace(fetched).map(|old| old.keys);
        if let Some(old) = old.filter(|old| self.held.as_ref().is_some_and(|new| new.keys != *old)) {
            self.retired.push_back(old);
            if self.retired.len() > RETIRED_MAX {
                self.retired.pop_front();
            }
        }
        (self.failure, self.failures) = (None, 0);
    }

    fn fail(&mut self, failure: CredentialsError, now_ms: i64) {
        if self.failure.is_none() {
            self.failing_since_ms = now_ms;
        }
        let wait = BACKOFF_FIRST.saturating_mul(1_u32 << self.failures.min(8)).min(BACKOFF_MAX);
        self.failure = Some(failure);
        self.failures = self.failures.saturating_add(1);
        self.next_ms = Some(now_ms + ms(wait));
    }

    /// What is held, where it is good: it has not expired, and where nobody can tell that it has been for long, it can
    /// still be read.
    fn good(&self, now_ms: i64) -> Option<&Fetched> {
        let held = self.held.as_ref()?;
        let in_grace = now_ms - self.failing_since_ms < ms(UNREADABLE_GRACE);
        let stands = match (&self.failure, held.expires_ms) {
            // A process that fails has told before how long they are good.
            (None, _) | (Some(CredentialsError::ProcessFailed { .. } | CredentialsError::Expired { .. }), Some(_)) => {
                true
            }
            (Some(_), _) => in_grace,
        };
        (stands && held.expires_ms.is_none_or(|expires_ms| now_ms < expires_ms)).then_some(held)
    }
}

/// When a process is to be asked for newer ones; none where they never expire.
fn refresh_ms(held: &Fetched) -> Option<i64> {
    held.expires_ms.map(|expires_ms| expires_ms - ms(REFRESH_MARGIN).min((expires_ms - held.got_ms) / 2))
}

/// What went wrong, without any secret that is known.
fn told(actor: &str, failure: Failure, known: &[Actor]) -> CredentialsError {
    let actor = actor.to_owned();
    match failure {
        Failure::Unreadable { reason, remedy } => CredentialsError::Missing { actor, reason, remedy },
        Failure::Process { program, failed } => {
            CredentialsError::ProcessFailed { actor, program, reason: failed.told(known) }
        }
        Failure::Stale { since_ms } => CredentialsError::Expired { actor, since_ms, why: None },
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn actor(name: &str, keys: &Keys) -> Actor {
    Actor {
        name: name.to_owned(),
        id: keys.id.clone(),
        secret: keys.secret.clone(),
        session_token: keys.session_token.clone(),
    }
}

fn known(name: &str, state: &State) -> Vec<Actor> {
    let held = state.held.as_ref().map(|held| &held.keys);
    held.into_iter().chain(&state.retired).map(|keys| actor(name, keys)).collect()
}
