//! Everything that is written down: journal, store, sums, alerts and their queues. One hand writes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::past::warm;
use super::{AgentError, Outfit};
use crate::alert::{Alarms, Alert, Kept, OwnTrouble};
use crate::clock::Now;
use crate::deliver::{DeliverError, Delivery};
use crate::ledger::{Ledger, LedgerError};
use crate::metrics::Metrics;
use crate::plan::Plan;
use crate::slot::{Axis, Ended, Outcome, Slot, Watch};
use crate::store::Store;
use crate::work::News;
use tokio::runtime::Handle;

/// The file that keeps alerts over a restart.
const KEPT_FILE: &str = "alerts.json";
/// How often it is written where nothing was told: what the last slots were is in it, too.
const KEPT_EVERY_MS: i64 = 10_000;
const DAY_MS: i64 = 24 * 3_600_000;
/// So long after a slot was due and did not come, its watch had been taken out of the plan: no slot waits that long.
const LEFT_OUT_MS: i64 = 2 * 3_600_000;
/// The most notices that are kept.
const NOTICES_MAX: usize = 100;
/// How long the loop waits for what was said to be safe on disk; then it waits again a second later.
const SETTLE_SOON: Duration = Duration::from_millis(20);
/// How long what is said may take to be safe on disk before another plan takes over.
const SETTLE_MAX: Duration = Duration::from_secs(2);

/// The open books of a daemon.
pub(super) struct Books {
    ledger: Ledger,
    pub(super) store: Store,
    pub(super) alarms: Arc<Mutex<Alarms>>,
    pub(super) metrics: Arc<Metrics>,
    /// None only while one plan takes over from another.
    pub(super) delivery: Arc<Mutex<Option<Delivery>>>,
    pub(super) notices: Arc<Mutex<Vec<String>>>,
    /// Where receivers are told, so that none of them holds up the loop.
    runtime: Handle,
    kept: PathBuf,
    kept_ms: i64,
    /// Whether something was said since.
    is_unkept: bool,
    /// What slots have left behind on a day, counted from 1970.
    leaks: (i64, u64),
    leaks_max: u64,
    /// How much more they may.
    pub(super) leaks_left: Arc<AtomicI64>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Books {
    /// Opens everything; beside it, the newest due time that is known of each watch.
    pub(super) fn open(outfit: &Outfit, now: Now) -> Result<(Self, BTreeMap<Watch, i64>), AgentError> {
        let plan = &outfit.plan;
        let state = &plan.agent.state;
        let (ledger, recovered) = Ledger::open(&state.join("ledger"), now.wall_ms)?;
        let (store, notices) = Store::open(&state.join("store"), plan.agent.retention, now.wall_ms)?;
        let kept = state.join(KEPT_FILE);
        let mut alarms = Alarms::new(Arc::clone(plan), read_kept(&kept)?);
        // They are in the journal, and may be in the store: there, no slot is twice.
        recovered.ended.iter().for_each(|row| store.ended(row.clone()));
        store.flush(SETTLE_MAX);
        warm(&mut alarms, &store, plan, now.wall_ms);
        let delivery = deliver(outfit, &alarms, now)?;
        let metrics = Arc::new(Metrics::new(plan.agent.region.clone(), outfit.builds.clone()));
        metrics.follow(plan);
        let mut books = Self {
            ledger,
            store,
            alarms: Arc::new(Mutex::new(alarms)),
            metrics,
            delivery: Arc::new(Mutex::new(Some(delivery))),
            runtime: Handle::current(),
            is_unkept: false,
            notices: Arc::default(),
            kept,
            kept_ms: now.wall_ms,
            leaks: (0, 0),
            leaks_max: plan.agent.leaks_max.into(),
            leaks_left: Arc::new(AtomicI64::new(plan.agent.leaks_max.into())),
        };
        recovered.notices.into_iter().chain(notices).for_each(|notice| books.notice(notice));
        let why = "the agent died while the slot was under way";
        let killed = |slot: Slot| (Ended::without_start(slot, Outcome::Killed, why), News::default());
        books.end(recovered.started.into_iter().map(killed).collect(), now.wall_ms);
        Ok((books, owed(plan, recovered.last_due, recovered.last_alive_ms)))
    }

    /// Writes that slots begin; only then may they.
    pub(super) fn begin(&mut self, slots: &[Slot], now_ms: i64) {
        if !slots.is_empty() {
            let written = self.ledger.starts(slots, now_ms);
            self.note(written);
        }
    }

    /// Writes that slots ended, and tells everybody.
    pub(super) fn end(&mut self, ended: Vec<(Ended, News)>, now_ms: i64) {
        if ended.is_empty() {
            return;
        }
        let (rows, news): (Vec<Ended>, Vec<News>) = ended.into_iter().unzip();
        let written = self.ledger.ends(&rows);
        self.note(written);
        let mut said = Vec::new();
        for (row, news) in rows.into_iter().zip(news) {
            self.metrics.ended(&row);
            said.extend(lock(&self.alarms).observe(&row, now_ms));
            self.count_leaks(row.leaks.into(), now_ms);
            log(&row);
            self.keep(&row, news);
            self.store.ended(row);
        }
        self.tell(&said);
    }

    fn count_leaks(&mut self, more: u64, now_ms: i64) {
        let day = now_ms.div_euclid(DAY_MS);
        if day != self.leaks.0 {
            self.leaks = (day, 0);
        }
        self.leaks.1 += more;
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.leaks_left.store(signed(self.leaks_max) - signed(self.leaks.1), Ordering::Relaxed);
    }

    fn keep(&self, row: &Ended, news: News) {
        let (watch, at_ms) = (&row.slot.watch, row.slot.due_ms);
        for (id, finding) in news.findings {
            self.store.found(watch, at_ms, &id, finding);
        }
        for id in news.fixed {
            self.store.closed(watch, &id, at_ms);
        }
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self, now_ms: i64) {
        self.count_leaks(0, now_ms);
        let mut said = lock(&self.alarms).tick(now_ms);
        said.extend(self.own_troubles(now_ms));
        self.tell(&said);
        if let Some(delivery) = &*lock(&self.delivery) {
            delivery.beat();
        }
        let written = self.ledger.alive(now_ms);
        self.note(written);
        let committed = self.ledger.committed(self.store.progress(), now_ms);
        self.note(committed);
    }

    /// Keeps which alerts fire, once what was said of them is safe in the queues: what is lost before that is said again.
    pub(super) async fn settle(&mut self, now_ms: i64) {
        let is_due = now_ms >= self.kept_ms + KEPT_EVERY_MS || now_ms < self.kept_ms;
        if !is_due && !self.is_unkept {
            return;
        }
        let settling = lock(&self.delivery).as_ref().map(Delivery::settling);
        let is_settled = match settling {
            Some(settling) => tokio::time::timeout(SETTLE_SOON, settling).await.is_ok(),
            None => true,
        };
        if is_settled {
            self.write_kept(now_ms);
        }
    }

    /// Starts and ends that will never be in the journal.
    pub(super) fn unjournalled(&self) -> u64 {
        self.ledger.lost()
    }

    /// Takes in a trouble of the daemon itself.
    pub(super) fn own(&mut self, what: &OwnTrouble, detail: Option<&str>, now_ms: i64) {
        let said = lock(&self.alarms).own(what, detail, now_ms);
        self.tell(&said);
    }

    fn own_troubles(&self, now_ms: i64) -> Vec<Alert> {
        let mut alarms = lock(&self.alarms);
        let (left, most) = (self.leaks.1, self.leaks_max);
        let leaks = (left > most).then(|| format!("{left} things were left behind today, and {most} may be"));
        let mut said = alarms.own(&OwnTrouble::Leaks, leaks.as_deref(), now_ms);
        let lost = self.store.lost() + self.ledger.lost();
        let unwritten = (lost > 0).then(|| format!("{lost} rows could not be written since the start"));
        said.extend(alarms.own(&OwnTrouble::Store, unwritten.as_deref(), now_ms));
        let delivery = lock(&self.delivery);
        let Some(delivery) = &*delivery else { return said };
        let troubled: BTreeMap<String, String> = delivery.troubles(now_ms).into_iter().collect();
        for receiver in delivery.counts().into_keys() {
            let detail = troubled.get(&receiver).map(String::as_str);
            said.extend(alarms.own(&OwnTrouble::Delivery(receiver), detail, now_ms));
        }
        said
    }

    /// Hands alerts over, and remembers that they were said.
    fn tell(&mut self, said: &[Alert]) {
        self.is_unkept |= !said.is_empty();
        for alert in said {
            let (state, severity) = (alert.state.word(), &alert.severity);
            tracing::warn!(id = %alert.id, state, %severity, target = %alert.target, "{}", alert.summary);
            if let Some(delivery) = &*lock(&self.delivery) {
                delivery.push(alert);
            }
        }
    }

    /// Whether a budget of the watch is spent, on any axis.
    pub(super) fn is_spent(&self, watch: &Watch, now_ms: i64) -> bool {
        let alarms = lock(&self.alarms);
        Axis::ALL.into_iter().any(|axis| alarms.sums().is_spent(watch, axis, now_ms))
    }

    /// Goes on with another plan. What fires stays, as far as its canary does.
    pub(super) async fn reload(&mut self, outfit: &Outfit, now: Now) {
        let plan = &outfit.plan;
        let mut alarms = Alarms::new(Arc::clone(plan), Some(lock(&self.alarms).kept()));
        let store = self.store.clone();
        _ = tokio::task::spawn_blocking(move || store.flush(SETTLE_MAX)).await;
        warm(&mut alarms, &self.store, plan, now.wall_ms);
        *lock(&self.alarms) = alarms;
        self.metrics.follow(plan);
        self.leaks_max = plan.agent.leaks_max.into();
        // Two that deliver from one folder would tell everything twice.
        let before = lock(&self.delivery).take();
        if let Some(before) = before {
            before.stop(SETTLE_MAX).await;
        }
        let runtime = self.runtime.clone();
        let _entered = runtime.enter();
        let delivery = deliver(outfit, &lock(&self.alarms), now);
        match delivery {
            Ok(delivery) => *lock(&self.delivery) = Some(delivery),
            Err(error) => self.notice(format!("nobody is told of alerts until the next reload: {error}")),
        }
    }

    /// Ends everything in order: what is known is written, and what waits for receivers waits on disk.
    pub(super) async fn close(mut self, now_ms: i64, longest: Duration) {
        let delivery = lock(&self.delivery).take();
        if let Some(delivery) = delivery {
            delivery.stop(longest).await;
        }
        self.write_kept(now_ms);
        let store = self.store.clone();
        _ = tokio::task::spawn_blocking(move || store.flush(longest)).await;
    }

    fn note(&self, written: Result<(), LedgerError>) {
        if let Err(error) = written {
            self.notice(format!("failed to {error}"));
        }
    }

    /// Something that whoever looks at the pages should know. What was said before is not said again.
    fn notice(&self, text: String) {
        let mut notices = lock(&self.notices);
        if notices.contains(&text) {
            return;
        }
        tracing::warn!("{text}");
        if notices.len() == NOTICES_MAX {
            notices.remove(0);
        }
        notices.push(text);
    }

    fn write_kept(&mut self, now_ms: i64) {
        (self.kept_ms, self.is_unkept) = (now_ms, false);
        let kept = lock(&self.alarms).kept();
        if let Err(error) = write_kept(&self.kept, &kept) {
            self.notice(format!("failed to keep which alerts fire in {}: {error}", self.kept.display()));
        }
    }
}

/// The newest due times of the watches that were in the plan when the daemon was last alive. One that was due long
/// before, and had no slot although the daemon lived, was not: it owes nothing since.
fn owed(plan: &Plan, mut last_due: BTreeMap<Watch, i64>, last_alive_ms: Option<i64>) -> BTreeMap<Watch, i64> {
    let Some(alive_ms) = last_alive_ms else { return last_due };
    last_due.retain(|watch, last_ms| {
        let next_ms = plan.canary(watch).and_then(|canary| canary.cadence.due_after(watch, *last_ms));
        next_ms.is_some_and(|next_ms| next_ms + LEFT_OUT_MS > alive_ms)
    });
    last_due
}

/// What passes says nothing new.
fn log(row: &Ended) {
    let (slot, outcome) = (&row.slot, row.outcome.word());
    match &row.trouble {
        None => tracing::debug!(canary = %slot.watch.canary, target = %slot.watch.target, outcome, "slot"),
        Some(trouble) => {
            let place = trouble.place.words();
            tracing::info!(
                canary = %slot.watch.canary, target = %slot.watch.target, due_ms = slot.due_ms, count = row.count, outcome,
                place, traceparent = trouble.traceparent.as_deref().unwrap_or_default(), "{}", trouble.message
            );
        }
    }
}

fn deliver(outfit: &Outfit, alarms: &Alarms, now: Now) -> Result<Delivery, DeliverError> {
    let folder = outfit.plan.agent.state.join("alerts");
    let delivery = Delivery::start(&outfit.plan, &folder, &outfit.clock, now.wall_ms.unsigned_abs())?;
    let firing = alarms.firing();
    delivery.hold_only(|id| firing.iter().any(|alert| alert.id == id));
    Ok(delivery)
}

fn read_kept(path: &Path) -> Result<Option<Kept>, AgentError> {
    match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AgentError::Kept { path: path.to_owned(), why: error.to_string() }),
        // What was torn is written whole the next time; at worst somebody is told again.
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
    }
}

/// Whole or not at all: written beside, then moved.
fn write_kept(path: &Path, kept: &Kept) -> std::io::Result<()> {
    let beside = path.with_extension("json.new");
    let mut file = fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&serde_json::to_vec(kept)?)?;
    fs::rename(beside, path)
}
