//! One receiver: what waits for it, the task that keeps it on disk, and the task that tells it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::alert::{Alert, safe};
use crate::clock::Clock;
use crate::slo::millis;

use super::backoff::{PAUSE_MAX, pause};
use super::mirror::Mirror;
use super::queue::{Item, Queue};
use super::{DeliveryCounts, Road, TryError};

/// How long one try may take.
pub const TRY_MAX: Duration = Duration::from_secs(10);
/// How long an alert is tried before it is given up.
pub const AGE_MAX: Duration = Duration::from_hours(24);
/// How often an alert is tried that a receiver which is there refuses.
pub const REFUSED_MAX: u32 = 10;
/// How long nothing must have reached a receiver before that is a trouble of its own.
pub const FAILING_AFTER: Duration = Duration::from_mins(5);
/// How long to wait before the disk is tried again.
const DISK_PAUSE: Duration = Duration::from_secs(5);
/// The most characters that are kept of an error.
const ERROR_MAX: usize = 300;

/// See the module.
pub(super) struct Lane {
    name: String,
    queue: Mutex<Queue>,
    /// Something is to be told.
    pushed: Notify,
    /// Something is to be written.
    changed: Notify,
    /// Up to which change everything is on disk.
    written: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    seed: u64,
}

/// What keeps the task from telling.
#[derive(Default)]
struct Pauses {
    /// Until when everything waits, and after how many tries.
    all: Option<(Instant, u32)>,
    /// The same for one alert in the queue.
    one: BTreeMap<u64, (Instant, u32)>,
}

impl Lane {
    pub(super) fn new(name: &str, queue: Queue, clock: Arc<dyn Clock>, seed: u64) -> Self {
        let (written, _) = watch::channel(queue.changes);
        let (pushed, changed) = (Notify::new(), Notify::new());
        Self { name: name.to_owned(), queue: Mutex::new(queue), pushed, changed, written, clock, seed }
    }

    pub(super) fn push(&self, alert: Alert) {
        let now_ms = self.now_ms();
        self.queue().push(alert, now_ms);
        self.pushed.notify_one();
        self.changed.notify_one();
    }

    pub(super) fn hold_only(&self, fires: impl Fn(&str) -> bool) {
        self.queue().hold_only(fires);
        self.changed.notify_one();
    }

    pub(super) fn counts(&self) -> DeliveryCounts {
        self.queue().counts()
    }

    /// Why nothing has reached the receiver for long, where that is so.
    pub(super) fn failing(&self, now_ms: i64) -> Option<String> {
        let queue = self.queue();
        let since_ms = queue.counts.failing_since_ms?;
        (now_ms - since_ms >= millis(FAILING_AFTER)).then(|| queue.counts.last_error.clone().unwrap_or_default())
    }

    /// Waits until everything is on disk that is to be told.
    pub(super) async fn settled(&self) {
        let changes = self.queue().changes;
        // It ends with the lane at the latest, and then nobody waits.
        let _ = self.written.subscribe().wait_for(|written| *written >= changes).await;
    }

    /// Keeps the copy on disk. A disk that fails is tried again, and holds up nothing.
    pub(super) async fn keep(self: Arc<Self>, mut mirror: Mirror) {
        loop {
            let (work, changes) = {
                let queue = self.queue();
                (mirror.work(&queue), queue.changes)
            };
            let done = tokio::task::spawn_blocking(move || {
                let result = mirror.apply(work);
                (mirror, result)
            });
            let Ok((back, result)) = done.await else { return };
            mirror = back;
            if let Err(error) = result {
                self.queue().counts.unwritten += 1;
                tracing::warn!(receiver = self.name, %error, "the queue of alerts cannot be written");
                tokio::time::sleep(DISK_PAUSE).await;
                continue;
            }
            self.written.send_replace(changes);
            if self.queue().changes == changes {
                self.changed.notified().await;
            }
        }
    }

    /// Tells the receiver, one alert after the other.
    pub(super) async fn deliver(self: Arc<Self>, road: Box<dyn Road>) {
        let mut pauses = Pauses::default();
        let every = road.forgets_after();
        let mut again = every.map(|_| Instant::now());
        loop {
            let now = Instant::now();
            if let (Some(at), Some(every)) = (again, every)
                && at <= now
            {
                self.tell_again(&*road).await;
                again = Some(Instant::now() + every);
            }
            match self.next(&pauses, now) {
                Ok(item) => self.tell(&*road, &item, &mut pauses).await,
                Err(wake) => self.wait(wake.into_iter().chain(again).min()).await,
            }
        }
    }

    /// The next alert to tell, or when to look again.
    fn next(&self, pauses: &Pauses, now: Instant) -> Result<Item, Option<Instant>> {
        let mut queue = self.queue();
        if let Some((until, _)) = pauses.all.filter(|(until, _)| *until > now) {
            return Err((!queue.is_empty()).then_some(until));
        }
        let state = |item: &Item| pauses.one.get(&item.seq).copied().unwrap_or((now, 0));
        // Those that were tried least come first, so that one on which the receiver hangs keeps none of the others.
        let ready = queue.heads().filter(|item| state(item).0 <= now).min_by_key(|item| state(item).1);
        let ready = ready.map(|item| item.seq);
        let wake = queue.heads().map(|item| state(item).0).min();
        ready.and_then(|seq| queue.begin(seq)).ok_or(wake)
    }

    async fn wait(&self, wake: Option<Instant>) {
        let asleep = async {
            match wake {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.pushed.notified() => {}
            () = asleep => {}
        }
    }

    async fn tell(&self, road: &dyn Road, item: &Item, pauses: &mut Pauses) {
        let result = in_time(road.tell(&item.alert)).await;
        let now_ms = self.now_ms();
        let mut queue = self.queue();
        match result {
            Ok(()) => {
                queue.told(item, road.forgets_after().is_some());
                (queue.counts.failing_since_ms, queue.counts.last_error) = (None, None);
                pauses.all = None;
            }
            Err(error) => {
                note(&mut queue, &self.name, &error, now_ms);
                let tries = self.hold_back(&error, item.seq, pauses);
                let refused = matches!(error, TryError::Refused(_)) && tries >= REFUSED_MAX;
                if refused || now_ms - item.pushed_ms >= millis(AGE_MAX) {
                    tracing::error!(receiver = self.name, alert = item.alert.id, "an alert is given up");
                    queue.give_up(item);
                } else {
                    queue.put_back();
                }
            }
        }
        pauses.one.retain(|seq, _| queue.has(*seq));
        drop(queue);
        self.changed.notify_one();
    }

    /// Waits longer each time, and says how often this alert was tried: with everything where nobody is there, with this
    /// alert where it cannot be taken.
    fn hold_back(&self, error: &TryError, seq: u64, pauses: &mut Pauses) -> u32 {
        let now = Instant::now();
        let more = |before: Option<&(Instant, u32)>| before.map_or(1, |(_, tries)| tries.saturating_add(1));
        let until = |tries| now + pause(self.seed, &self.name, tries).min(PAUSE_MAX);
        let tries = more(pauses.one.get(&seq));
        let own = match error {
            TryError::Later(_) | TryError::Refused(_) => until(tries),
            TryError::Down(_) | TryError::Secret(_) => {
                let all = more(pauses.all.as_ref());
                pauses.all = Some((until(all), all));
                now
            }
        };
        pauses.one.insert(seq, (own, tries));
        tries
    }

    async fn tell_again(&self, road: &dyn Road) {
        let held = self.queue().held();
        if held.is_empty() {
            return;
        }
        if let Err(error) = in_time(road.tell_again(held)).await {
            note(&mut self.queue(), &self.name, &error, self.now_ms());
        }
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().wall_ms
    }

    /// A lock that is held for moments only: no disk and no network is touched under it.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn in_time(telling: impl Future<Output = Result<(), TryError>>) -> Result<(), TryError> {
    let late = || TryError::Down(format!("no answer within {}", crate::slo::span(TRY_MAX)));
    tokio::time::timeout(TRY_MAX, telling).await.unwrap_or_else(|_| Err(late()))
}

fn note(queue: &mut Queue, receiver: &str, error: &TryError, now_ms: i64) {
    tracing::warn!(receiver, %error, "an alert could not be delivered");
    queue.counts.retried += 1;
    queue.counts.failing_since_ms.get_or_insert(now_ms);
    queue.counts.last_error = Some(safe(&error.to_string(), ERROR_MAX));
}
