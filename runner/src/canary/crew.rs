//! Who carries slots out: a few threads, each with many slots of features under way, and a thread for each slot of
//! generated cases.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use plumb_canary::slot::{Slot, Watch};
use plumb_canary::view::DeviationView;
use plumb_canary::work::{Done, Terms, Work};
use plumb_validator::finding::Finding;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::canary::duty::Duty;
use crate::canary::facts::unclear;
use crate::canary::findings::coarse;
use crate::canary::lag::Lag;
use crate::canary::site::Site;
use crate::canary::{told, version};
use crate::engine::lock;

/// How much longer than its timeout a slot may take before it is given up: it confirms what it found for as long again,
/// and cleans up.
const GRACE: Duration = Duration::from_secs(30);

/// What every watch does.
pub type Duties = BTreeMap<Watch, Arc<Duty>>;

/// What the threads are asked to do.
enum Order {
    /// To carry a slot out.
    Slot(Box<SlotOrder>),
    /// To ask a target for its version.
    Version(Arc<Site>),
}

/// One slot to carry out.
struct SlotOrder {
    slot: Slot,
    terms: Terms,
    duty: Arc<Duty>,
    done: oneshot::Sender<Done>,
}

/// The threads, and what there is to do for them.
pub struct Crew {
    duties: RwLock<Arc<Duties>>,
    hands: Vec<UnboundedSender<Order>>,
    next: AtomicUsize,
}

impl Crew {
    /// A crew with so many threads for slots of features.
    ///
    /// # Errors
    /// Where the machine gives no threads.
    pub fn new(duties: Duties, threads: usize) -> std::io::Result<Self> {
        let hands = (0..threads.max(1)).map(|number| {
            let (sender, receiver) = unbounded_channel();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let name = format!("slots-{number}");
            std::thread::Builder::new()
                .name(name)
                .spawn(move || LocalSet::new().block_on(&runtime, attend(receiver)))?;
            Ok(sender)
        });
        Ok(Self {
            hands: hands.collect::<std::io::Result<_>>()?,
            next: AtomicUsize::new(0),
            duties: RwLock::new(Arc::new(duties)),
        })
    }

    /// One thread after the other.
    fn hand(&self) -> &UnboundedSender<Order> {
        &self.hands[self.next.fetch_add(1, Ordering::Relaxed) % self.hands.len()]
    }

    /// From now on this is to be done; slots under way go on as they began, and a watch that stays goes on where it was.
    pub fn reload(&self, duties: Duties) {
        let before = self.duties();
        for (watch, duty) in &duties {
            if let Some(old) = before.get(watch) {
                duty.go_on(lock(&old.known).clone(), old.next_case());
            }
        }
        *self.duties.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(duties);
    }

    /// Findings that were open when an earlier process ended: they need not be made small again.
    pub fn remember(&self, findings: Vec<(Watch, serde_json::Value)>) {
        let duties = self.duties();
        for (watch, finding) in findings {
            let read = serde_json::from_value::<Finding>(finding).ok();
            if let Some((duty, finding)) = duties.get(&watch).zip(read) {
                lock(&duty.known).insert(coarse(&finding), finding);
            }
        }
    }

    /// What may still be sent today, by target, where that is bounded: requests and bytes.
    pub fn left(&self) -> Vec<(String, Option<u64>, Option<u64>)> {
        let mut all = BTreeMap::new();
        for duty in self.duties().values() {
            if let Some(meter) = &duty.site.bounds.meter {
                let left = meter.left();
                all.insert(duty.watch.target.clone(), (left.requests, left.bytes));
            }
        }
        all.into_iter().map(|(target, (requests, bytes))| (target, requests, bytes)).collect()
    }

    /// Leases that slots hold now, everywhere.
    pub fn leases(&self) -> u64 {
        let duties = self.duties();
        let sites: BTreeMap<*const Site, &Arc<Site>> =
            duties.values().map(|own| (Arc::as_ptr(&own.site), &own.site)).collect();
        sites.values().map(|site| site.leases.load(Ordering::Relaxed)).sum()
    }

    /// Everything that is accepted, each once.
    pub fn deviations(&self) -> Vec<DeviationView> {
        let mut views: Vec<DeviationView> = Vec::new();
        for own in self.duties().values().flat_map(|duty| &duty.task.deviations) {
            let view = DeviationView {
                what: own.to_string(),
                owner: own.owner.clone(),
                reason: own.reason.clone(),
                expires: own.expires.to_string(),
            };
            if !views.contains(&view) {
                views.push(view);
            }
        }
        views
    }

    /// What there is to do as of now.
    pub fn duties(&self) -> Arc<Duties> {
        Arc::clone(&self.duties.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes orders, and has all of them under way at once: how many that are is bounded by whoever gives them.
async fn attend(mut orders: UnboundedReceiver<Order>) {
    let lag = Lag::watch();
    while let Some(order) = orders.recv().await {
        let order = match order {
            Order::Slot(order) => order,
            Order::Version(site) => {
                tokio::task::spawn_local(version::ask(site));
                continue;
            }
        };
        let lag = lag.clone();
        tokio::task::spawn_local(async move {
            let SlotOrder { slot, terms, duty, done } = *order;
            let ended = told::features(&slot, terms, &duty, &lag).await;
            // Whoever asked may have given the slot up.
            _ = done.send(ended);
        });
    }
}

impl Work for Crew {
    fn run(&self, slot: Slot, terms: Terms) -> BoxFuture<'static, Done> {
        let duty = self.duties().get(&slot.watch).cloned();
        let Some(duty) = duty else {
            return std::future::ready(unclear(&slot, "the canary is not configured any more")).boxed();
        };
        if duty.site.is_version_due() {
            _ = self.hand().send(Order::Version(Arc::clone(&duty.site)));
        }
        let (done, ended) = oneshot::channel();
        let again = slot.clone();
        if duty.task.suite.is_some() {
            let spawned = std::thread::Builder::new().name("suite".to_owned()).spawn(move || {
                _ = done.send(told::suite(&slot, terms, &duty));
            });
            if let Err(error) = spawned {
                return std::future::ready(unclear(&again, &format!("no thread could be started: {error}"))).boxed();
            }
        } else {
            _ = self.hand().send(Order::Slot(Box::new(SlotOrder { slot, terms, duty, done })));
        }
        async move {
            match tokio::time::timeout(terms.timeout * 2 + GRACE, ended).await {
                Ok(Ok(done)) => done,
                Ok(Err(_)) => unclear(&again, "the slot ended in a panic"),
                Err(_) => unclear(&again, "the slot did not end in time, and was given up"),
            }
        }
        .boxed()
    }
}
