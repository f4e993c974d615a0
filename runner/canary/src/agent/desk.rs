//! What pages and metrics are made of, put together when somebody asks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::books::{Books, lock};
use super::{Extra, Outfit, Switch};
use crate::alert::Alarms;
use crate::clock::{Clock, Now};
use crate::deliver::Delivery;
use crate::metrics::{Deliveries, Left, Metrics, Numbers};
use crate::plan::{Canary, Plan};
use crate::slot::{Axis, Ended, Outcome, Watch};
use crate::store::Store;
use crate::view::{Board, FindingView, SLOTS_MAX, SlotView, Source, WatchView};

const HOUR_MS: i64 = 3_600_000;
/// How far back the latency of a watch is shown, and in which steps.
const BANDS_MS: i64 = 24 * HOUR_MS;
const BAND_STEP_MS: i64 = HOUR_MS / 2;
/// How far back changes of version are shown.
const DEPLOYS_MS: i64 = 7 * 24 * HOUR_MS;

/// What a daemon shows.
pub struct Desk {
    plan: RwLock<Arc<Plan>>,
    clock: Arc<dyn Clock>,
    switch: Arc<dyn Switch>,
    extra: Arc<dyn Extra>,
    builds: Vec<(String, String)>,
    store: Store,
    alarms: Arc<Mutex<Alarms>>,
    metrics: Arc<Metrics>,
    delivery: Arc<Mutex<Option<Delivery>>>,
    notices: Arc<Mutex<Vec<String>>>,
    started_ms: i64,
    under_way: AtomicUsize,
    /// What will never be in the journal.
    unjournalled: AtomicU64,
    /// When the loop last came round, in milliseconds since the process began: one that hangs makes the daemon unready.
    turned_ms: AtomicI64,
    reloaded: Mutex<Option<(i64, bool)>>,
    leaks_left: Arc<AtomicI64>,
}

/// How long the loop may take to come round before the daemon is not ready.
const TURN_MS_MAX: i64 = 30_000;

impl Desk {
    pub(super) fn new(outfit: &Outfit, books: &Books, now: Now) -> Self {
        Self {
            plan: RwLock::new(Arc::clone(&outfit.plan)),
            clock: Arc::clone(&outfit.clock),
            switch: Arc::clone(&outfit.switch),
            extra: Arc::clone(&outfit.extra),
            builds: outfit.builds.clone(),
            store: books.store.clone(),
            alarms: Arc::clone(&books.alarms),
            metrics: Arc::clone(&books.metrics),
            delivery: Arc::clone(&books.delivery),
            notices: Arc::clone(&books.notices),
            started_ms: now.wall_ms,
            under_way: AtomicUsize::new(0),
            unjournalled: AtomicU64::new(0),
            turned_ms: AtomicI64::new(since_ms(now)),
            reloaded: Mutex::new(Some((now.wall_ms, true))),
            leaks_left: Arc::clone(&books.leaks_left),
        }
    }

    /// Findings that are open, in full, for whoever begins where an earlier process ended.
    pub fn open_findings(&self) -> Vec<(Watch, serde_json::Value)> {
        let findings = self.store.findings(None).into_iter();
        findings.filter_map(|(watch, own)| Some((watch, self.store.finding(&own.id)?))).collect()
    }

    pub(super) fn turned(&self, under_way: usize, unjournalled: u64, now: Now) {
        self.unjournalled.store(unjournalled, Ordering::Relaxed);
        self.under_way.store(under_way, Ordering::Relaxed);
        self.turned_ms.store(since_ms(now), Ordering::Relaxed);
    }

    pub(super) fn reloaded(&self, plan: Arc<Plan>, now_ms: i64) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = plan;
        *lock(&self.reloaded) = Some((now_ms, true));
    }

    /// A plan was refused, and the one of before goes on.
    pub(super) fn refused(&self, why: &str, now_ms: i64) {
        *lock(&self.reloaded) = Some((now_ms, false));
        lock(&self.notices).push(format!("the configuration was refused, and the one of before goes on: {why}"));
    }

    fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn watch(&self, watch: &Watch, canary: &Canary, findings: Vec<FindingView>, now_ms: i64) -> WatchView {
        let last = self.store.last(watch, SLOTS_MAX);
        let said =
            last.iter().rev().find(|own| matches!(own.outcome, Outcome::Pass | Outcome::Fail | Outcome::Inconclusive));
        let trouble = said.filter(|own| own.outcome != Outcome::Pass).and_then(|own| own.trouble.clone());
        let alarms = lock(&self.alarms);
        let budgets = Axis::ALL.into_iter().filter_map(|axis| alarms.sums().budget(watch, axis, now_ms)).collect();
        let muted = alarms.muted(watch).map(|(until_ms, why)| (until_ms.unwrap_or(now_ms), why));
        drop(alarms);
        WatchView {
            watch: watch.clone(),
            owner: canary.owner.clone(),
            runbook: canary.runbook.clone(),
            cadence: canary.cadence.words(),
            slots: last.iter().map(SlotView::from).collect(),
            trouble,
            budgets,
            bands: self.store.bands(watch, now_ms - BANDS_MS, now_ms + 1, BAND_STEP_MS),
            deploys: self.store.versions(watch, now_ms - DEPLOYS_MS, now_ms + 1),
            findings,
            muted,
        }
    }

    fn numbers(&self) -> Numbers {
        let now_ms = self.clock.now().wall_ms;
        let plan = self.plan();
        let alarms = lock(&self.alarms);
        let mut alerts_firing: BTreeMap<String, u64> = BTreeMap::new();
        for alert in alarms.firing() {
            *alerts_firing.entry(alert.severity).or_default() += 1;
        }
        let budget = |watch: &Watch, axis| Some((watch.clone(), axis, alarms.sums().budget(watch, axis, now_ms)?.left));
        let error_budgets_left =
            plan.watches().flat_map(|(watch, _)| Axis::ALL.map(|axis| budget(&watch, axis))).flatten().collect();
        drop(alarms);
        let left = |(target, requests, bytes)| (target, Left { requests, bytes });
        Numbers {
            started_ms: self.started_ms,
            heartbeat_ms: self.heartbeat_ms(),
            reloaded: *lock(&self.reloaded),
            slots_under_way: self.under_way.load(Ordering::Relaxed) as u64,
            leases: self.extra.leases(),
            leaks_left: Some(self.leaks_left.load(Ordering::Relaxed)),
            rows_lost: self.store.lost() + self.unjournalled.load(Ordering::Relaxed),
            deliveries: self.deliveries(),
            alerts_firing,
            brake: self.switch.state(),
            error_budgets_left,
            targets_left: self.extra.left().into_iter().map(left).collect(),
        }
    }

    fn heartbeat_ms(&self) -> Option<i64> {
        lock(&self.delivery).as_ref().and_then(Delivery::heartbeat_ms)
    }

    fn deliveries(&self) -> BTreeMap<String, Deliveries> {
        let delivery = lock(&self.delivery);
        let counts = delivery.as_ref().map(Delivery::counts).unwrap_or_default();
        let each = counts.into_iter().map(|(receiver, own)| {
            let dropped = own.dropped + own.failed;
            (receiver, Deliveries { waiting: own.queued, sent: own.delivered, failed: own.retried, dropped })
        });
        each.collect()
    }
}

impl Source for Desk {
    fn board(&self) -> Board {
        let (plan, now_ms) = (self.plan(), self.clock.now().wall_ms);
        let mut findings: BTreeMap<Watch, Vec<FindingView>> = BTreeMap::new();
        for (watch, own) in self.store.findings(None) {
            findings.entry(watch).or_default().push(own);
        }
        let watches = plan.watches().map(|(watch, canary)| {
            let own = findings.remove(&watch).unwrap_or_default();
            self.watch(&watch, canary, own, now_ms)
        });
        Board {
            region: plan.agent.region.clone(),
            now_ms,
            up_since_ms: self.started_ms,
            builds: self.builds.clone(),
            brake: self.switch.words(),
            watches: watches.collect(),
            alerts: lock(&self.alarms).firing(),
            deviations: self.extra.deviations(),
            notices: [lock(&self.notices).clone(), self.store.notices()].concat(),
        }
    }

    fn ledger(&self, watch: Option<&Watch>, from_ms: i64, until_ms: i64, most: usize) -> Vec<Ended> {
        self.store.slots(watch, from_ms, until_ms, most)
    }

    fn finding(&self, id: &str) -> Option<serde_json::Value> {
        self.store.finding(id)
    }

    fn metrics(&self) -> String {
        self.metrics.text(&self.numbers())
    }

    fn unready(&self) -> Option<String> {
        let silent_ms = since_ms(self.clock.now()) - self.turned_ms.load(Ordering::Relaxed);
        (silent_ms > TURN_MS_MAX).then(|| format!("the loop has not come round for {} s", silent_ms / 1_000))
    }

    fn set_brake(&self, state: &str, reason: &str) -> Result<(), String> {
        self.switch.set(state, reason)
    }
}

fn since_ms(now: Now) -> i64 {
    i64::try_from(now.since.as_millis()).unwrap_or(i64::MAX)
}
