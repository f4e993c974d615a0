//! Everything that is written down: journal, store, sums, alerts and their queues. One hand writes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::past::warm;
use super::{AgentError, Outfit};
use crate::alert::{Alarms, Alert, Kept, OwnTrouble};
use crate::clock::Now;
use crate::deliver::{DeliverError, Delivery};
use crate::ledger::{Ledger, LedgerError};
use crate::metrics::Metrics;
use crate::slot::{Axis, Ended, Outcome, Slot, Watch};
use crate::store::Store;
use crate::work::News;

/// The file that keeps alerts over a restart.
const KEPT_FILE: &str = "alerts.json";
/// How often it is written where nothing was told: what the last slots were is in it, too.
const KEPT_EVERY_MS: i64 = 10_000;
/// The most notices that are kept.
const NOTICES_MAX: usize = 100;
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
    kept: PathBuf,
    kept_ms: i64,
    leaks: u64,
    leaks_max: u64,
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
        let metrics = Arc::new(Metrics::new(plan.agent.region.clone(), outfit.builds.clone()));
        metrics.follow(plan);
        let mut books = Self {
            ledger,
            store,
            alarms: Arc::new(Mutex::new(alarms)),
            metrics,
            delivery: Arc::new(Mutex::new(Some(deliver(outfit, now)?))),
            notices: Arc::default(),
            kept,
            kept_ms: now.wall_ms,
            leaks: 0,
            leaks_max: plan.agent.leaks_max.into(),
        };
        recovered.notices.into_iter().chain(notices).for_each(|notice| books.notice(notice));
        let why = "the agent died while the slot was under way";
        let killed = |slot: Slot| (Ended::without_start(slot, Outcome::Killed, why), News::default());
        books.end(recovered.started.into_iter().map(killed).collect(), now.wall_ms);
        Ok((books, recovered.last_due))
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
            self.leaks += u64::from(row.leaks);
            self.keep(&row, news);
            self.store.ended(row);
        }
        self.tell(&said, now_ms);
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
        let mut said = lock(&self.alarms).tick(now_ms);
        said.extend(self.own_troubles(now_ms));
        self.tell(&said, now_ms);
        if let Some(delivery) = &*lock(&self.delivery) {
            delivery.beat();
        }
        let written = self.ledger.alive(now_ms);
        self.note(written);
        let committed = self.ledger.committed(self.store.progress(), now_ms);
        self.note(committed);
        if now_ms >= self.kept_ms + KEPT_EVERY_MS || now_ms < self.kept_ms {
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
        self.tell(&said, now_ms);
    }

    fn own_troubles(&self, now_ms: i64) -> Vec<Alert> {
        let mut alarms = lock(&self.alarms);
        let leaks = (self.leaks > self.leaks_max)
            .then(|| format!("{} things were left behind since the start, and {} may be", self.leaks, self.leaks_max));
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
    fn tell(&mut self, said: &[Alert], now_ms: i64) {
        if said.is_empty() {
            return;
        }
        for alert in said {
            let (state, severity) = (alert.state.word(), &alert.severity);
            tracing::warn!(id = %alert.id, state, %severity, target = %alert.target, "{}", alert.summary);
            if let Some(delivery) = &*lock(&self.delivery) {
                delivery.push(alert);
            }
        }
        self.write_kept(now_ms);
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
        match deliver(outfit, now) {
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
        self.kept_ms = now_ms;
        let kept = lock(&self.alarms).kept();
        if let Err(error) = write_kept(&self.kept, &kept) {
            self.notice(format!("failed to keep which alerts fire in {}: {error}", self.kept.display()));
        }
    }
}

fn deliver(outfit: &Outfit, now: Now) -> Result<Delivery, DeliverError> {
    let folder = outfit.plan.agent.state.join("alerts");
    Delivery::start(&outfit.plan, &folder, &outfit.clock, now.wall_ms.unsigned_abs())
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
