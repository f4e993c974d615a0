//! Pools: what cases of several threads borrow, each for a time, and give back empty.
//!
//! A thing that the API can list by prefix is lent in parts, each under a prefix that nobody else ever had; any other is
//! lent as a whole and made anew for everybody. Things of a class are made as they are needed, unless the configuration
//! names standing ones: then only these are lent, and they are neither made nor removed here.

mod clean;
mod stock;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use plumb_model::call::Need;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::case_run::{clean_up, provision};
use crate::journal::{Made, Part};
use crate::open_case::OpenCase;
use crate::session::{Context, Exchange};
use crate::target::Target;
use crate::verdict::{Unclear, Verdict};
pub use clean::empty_part;
use stock::{Ask, Class, Grant, Never, Stock, Taken};

/// The most things of one kind, nature and owner that a pool makes and lends at once.
pub const PER_CLASS_MAX: usize = 4;
/// The most leases at once on one thing that is lent in parts.
pub const PARTS_MAX: usize = 64;
/// The most things of a class that are taken out of lending before the pool makes no more in their place.
pub const RETIRED_MAX: usize = 16;
/// How long a case waits for something to be free.
pub const WAIT_MAX: Duration = Duration::from_secs(30);
/// How long a lease lasts.
pub const LEASE_MAX: Duration = Duration::from_mins(10);
/// The shortest wait for a lease to end, so that nobody asks without a pause.
const WAIT_LEAST: Duration = Duration::from_millis(1);

/// The bounds of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolTerms {
    /// The most things of one kind, nature and owner that are made and lent at once.
    pub per_class_max: usize,
    /// The most leases at once on one thing that is lent in parts.
    pub parts_max: usize,
    /// The most things of a class that are taken out of lending before none is made in their place.
    pub retired_max: usize,
    /// How long a case waits for something to be free.
    pub wait_max: Duration,
    /// How long a lease lasts.
    pub lease_max: Duration,
}

impl Default for PoolTerms {
    fn default() -> Self {
        Self {
            per_class_max: PER_CLASS_MAX,
            parts_max: PARTS_MAX,
            retired_max: RETIRED_MAX,
            wait_max: WAIT_MAX,
            lease_max: LEASE_MAX,
        }
    }
}

/// Something that the platform team made and keeps: lent in parts, never removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// What it is, a word of the API.
    pub kind: String,
    /// What cannot be undone in it, a word of the API; none where nobody said.
    pub nature: Option<String>,
    /// The name of the identity that owns it; none means the target's first.
    pub owner: Option<String>,
    /// Its name.
    pub name: Bytes,
}

/// What all threads of a run borrow from.
#[derive(Debug)]
pub struct Pool {
    terms: PoolTerms,
    stock: Mutex<Stock>,
    freed: Notify,
    /// The sum of leases that are held, of this pool and of others that count there, too.
    sum: Option<Arc<AtomicU64>>,
}

/// A lease: what a case may use until its time is over.
#[derive(Debug)]
#[must_use = "what was borrowed must be given back"]
pub struct Held(Grant, #[expect(dead_code, reason = "it counts as long as it is there")] Option<Tally>);

/// One more lease, as long as it is held.
#[derive(Debug)]
struct Tally(Arc<AtomicU64>);

impl Tally {
    fn new(sum: &Arc<AtomicU64>) -> Self {
        sum.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(sum))
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Held {
    /// The number of the lease, higher than that of every earlier one.
    pub const fn token(&self) -> u64 {
        self.0.token
    }

    /// The name of the thing.
    pub const fn name(&self) -> &Bytes {
        &self.0.name
    }

    /// How the names of everything that is lent start; none where the whole thing is.
    pub fn prefix(&self) -> Option<&str> {
        self.0.prefix.as_deref()
    }

    /// Whether the lease is not over yet at `now_ms`, in milliseconds since 1970. Once it is, nothing more may be
    /// written.
    pub const fn is_current(&self, now_ms: i64) -> bool {
        now_ms < self.0.expires_ms
    }
}

/// How something came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// Empty, and ready for the next.
    Clean,
    /// It could not be emptied, and is lent to nobody any more.
    Unclean,
    /// After its lease had ended; it was emptied, and is lent to nobody any more.
    Late,
}

/// What a pool could not take away at its end. The journal has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Things that it made.
    pub made: Vec<Made>,
    /// Parts of standing things that may hold something.
    pub parts: Vec<Part>,
}

impl Left {
    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.made.is_empty() && self.parts.is_empty()
    }
}

impl Pool {
    /// A pool with what `standing` names at `target`.
    pub fn new(target: &Target, terms: PoolTerms, standing: Vec<Standing>) -> Self {
        let mut stock = Stock::default();
        for Standing { kind, nature, owner, name } in standing {
            let owner = target.name_beside_first(target.actor(owner.as_deref()));
            stock.put(Class { kind, nature, owner }, name);
        }
        Self { terms, stock: Mutex::new(stock), freed: Notify::new(), sum: None }
    }

    /// The pool, counting in `sum` the leases that are held.
    #[must_use]
    pub fn counting_in(self, sum: &Arc<AtomicU64>) -> Self {
        Self { sum: Some(Arc::clone(sum)), ..self }
    }

    /// Lends a case a part of something, which is made where there is none yet; waits where everything is lent.
    ///
    /// # Errors
    /// The verdict on a case that cannot have it.
    pub async fn borrow(&self, open: &mut OpenCase<'_, '_>, need: &Need) -> Result<Held, Verdict> {
        let context = open.context();
        if need.own {
            return Err(Verdict::Unsupported(format!("a {} of one's own is made, not borrowed", need.kind)));
        }
        if let Some(why) = need.actor.as_deref().and_then(|name| context.target.no_actor(name)) {
            return Err(Verdict::Unsupported(why));
        }
        if open.has_begun() {
            return Err(no_resource("borrowed after the first call".to_owned()));
        }
        let deadline = Instant::now() + self.terms.wait_max;
        loop {
            // Whoever frees something after this line is heard, even before anybody waits.
            let mut freed = std::pin::pin!(self.freed.notified());
            freed.as_mut().enable();
            let ends_ms = match self.take(open, need) {
                Taken::Lent(grant) => return self.hand_over(open, need, grant, Vec::new()),
                Taken::Make(grant) => return self.make(open, need, grant).await,
                Taken::Never(why) => return Err(never(&why, &class(context, need))),
                Taken::Wait(ends_ms) => ends_ms,
            };
            if Instant::now() >= deadline {
                let class = class(context, need);
                let why = format!("every {class} of the pool was lent to others for {:?}", self.terms.wait_max);
                return Err(no_resource(why));
            }
            let ends = ends_ms.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0)).max(WAIT_LEAST));
            let until = ends.map_or(deadline, |ends| deadline.min(Instant::now() + ends));
            _ = timeout_at(until, freed).await;
        }
    }

    /// Whether a lease is in force, for whoever is about to send a call.
    ///
    /// # Errors
    /// The verdict on a case whose lease is over: somebody else may have what it held.
    pub fn check(&self, context: &Context<'_>, held: &Held) -> Result<(), Verdict> {
        let grant = &held.0;
        if self.stock_now(context).is_held(grant) {
            return Ok(());
        }
        let made = grant.made();
        let name = plumb_model::text::shown(&made.name, 80);
        Err(no_resource(format!("the lease of {} {name} has expired (token {})", made.kind, grant.token)))
    }

    /// Takes something back and empties it. What comes back too late is emptied as well, and lent to nobody any more.
    pub async fn give_back(&self, context: &Context<'_>, held: Held) -> Returned {
        let grant = held.0;
        let is_clean = match grant.part() {
            None => clean_up(context, vec![grant.made()]).await.is_empty(),
            Some(part) => empty_part(context, &part).await,
        };
        let returned = self.take_back(context, &grant, is_clean);
        self.freed.notify_waiters();
        returned
    }

    /// Ends the pool: removes all that it made, and empties what it lent of standing things and nobody gave back.
    pub async fn close(&self, context: &Context<'_>) -> Left {
        let stock = std::mem::take(&mut *self.stock());
        let (made, parts) = stock.clear();
        let mut left = Left { made: clean_up(context, made).await, parts: Vec::new() };
        for part in parts {
            context.guard.release(&part.kind, &part.name, &part.prefix);
            if !empty_part(context, &part).await {
                left.parts.push(part);
            }
        }
        left
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is there now, once every lease has ended whose time is over.
    fn stock_now(&self, context: &Context<'_>) -> MutexGuard<'_, Stock> {
        let mut stock = self.stock();
        let expired = stock.expire(context.clock.unix_ms());
        for part in expired.parts {
            context.guard.release(&part.kind, &part.name, &part.prefix);
        }
        if expired.any {
            self.freed.notify_waiters();
        }
        stock
    }

    fn take(&self, open: &OpenCase<'_, '_>, need: &Need) -> Taken {
        let context = open.context();
        let (resources, marker) = (&context.api.resources, context.run.marker());
        let can_make = need.nature.as_ref().is_none_or(|nature| resources.makes_nature(&need.kind, nature));
        let name = |token: u64| {
            let name = resources.name(&need.kind, &format!("{token:06}"), &format!("{marker}-pool"))?;
            (can_make && resources.carries(&name, &marker)).then_some(name)
        };
        let ask = Ask {
            class: class(context, need),
            case: open.sequence(),
            in_parts: resources.list_below(&need.kind, &Bytes::new(), &Bytes::new(), None).is_some(),
            marker: &marker,
            prefix: open.prefix(),
            name: &name,
            now_ms: context.clock.unix_ms(),
        };
        self.stock_now(context).take(&ask, &self.terms)
    }

    /// Makes what was granted. Its place is freed where that fails, or is given up.
    async fn make(&self, open: &mut OpenCase<'_, '_>, need: &Need, grant: Grant) -> Result<Held, Verdict> {
        let (context, place) = (open.context(), Place { pool: self, grant: Some(grant.clone()) });
        match provision(context, need, &grant.name).await {
            Ok(exchanges) => {
                place.settle();
                self.hand_over(open, need, grant, exchanges)
            }
            Err(verdict) => {
                // It may be there all the same, unless nothing was sent.
                let calls = context.api.resources.provision(need, &grant.name, context.target.site()).len();
                let is_sent = calls > 1 || !verdict.is_unsent();
                if !is_sent || clean_up(context, vec![grant.made()]).await.is_empty() {
                    place.forget();
                }
                Err(verdict)
            }
        }
    }

    /// Gives the case what was granted: noted first where it is not ours to remove, and permitted then.
    fn hand_over(
        &self,
        open: &mut OpenCase<'_, '_>,
        need: &Need,
        grant: Grant,
        provisioned: Vec<Exchange>,
    ) -> Result<Held, Verdict> {
        let context = open.context();
        let Some(part) = grant.part() else {
            open.take_whole(need, grant.name.clone(), provisioned);
            return Ok(Held(grant, self.sum.as_ref().map(Tally::new)));
        };
        if grant.standing {
            if let Some(error) = context.journal.and_then(|journal| journal.lending(&part).err()) {
                self.stock().end(&grant);
                self.freed.notify_waiters();
                return Err(no_resource(error.to_string()));
            }
            context.guard.lease(&part.kind, part.name.clone(), Some(part.prefix));
        }
        let prefix = grant.prefix.as_deref().unwrap_or_default();
        open.share(need, grant.name.clone(), prefix, provisioned)?;
        Ok(Held(grant, self.sum.as_ref().map(Tally::new)))
    }

    fn take_back(&self, context: &Context<'_>, grant: &Grant, is_clean: bool) -> Returned {
        let mut stock = self.stock_now(context);
        let is_in_time = stock.end(grant);
        let part = grant.part();
        match &part {
            Some(part) if grant.standing && is_clean => stock.note_clean(part),
            Some(part) if grant.standing => stock.note_unclean(part.clone()),
            // What was lent as a whole is gone, and leaves its place to another.
            None if is_clean => stock.forget(grant),
            _ => {}
        }
        if !is_clean {
            stock.retire(grant);
        }
        drop(stock);
        if let Some(part) = part.filter(|_| grant.standing) {
            context.guard.release(&part.kind, &part.name, &part.prefix);
        }
        match (is_clean, is_in_time) {
            (false, _) => Returned::Unclean,
            (true, true) => Returned::Clean,
            (true, false) => Returned::Late,
        }
    }
}

/// The place of something that is being made. Where nobody waits for it to be made any more, it is retired: it may be
/// there, and is removed with the pool.
struct Place<'p> {
    pool: &'p Pool,
    grant: Option<Grant>,
}

impl Place<'_> {
    fn settle(mut self) {
        if let Some(grant) = self.grant.take() {
            self.pool.stock().settle(&grant);
            self.pool.freed.notify_waiters();
        }
    }

    fn forget(mut self) {
        if let Some(grant) = self.grant.take() {
            self.pool.stock().forget(&grant);
            self.pool.freed.notify_waiters();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(grant) = self.grant.take() {
            let mut stock = self.pool.stock();
            stock.end(&grant);
            stock.retire(&grant);
            drop(stock);
            self.pool.freed.notify_waiters();
        }
    }
}

fn class(context: &Context<'_>, need: &Need) -> Class {
    let owner = context.target.name_beside_first(context.target.actor(need.actor.as_deref()));
    Class { kind: need.kind.clone(), nature: need.nature.clone(), owner }
}

fn never(why: &Never, class: &Class) -> Verdict {
    match why {
        Never::Unknown => Verdict::Unsupported(format!("the pool has no {class}, and nobody here can make one")),
        Never::HoldsAll => no_resource(format!("the case holds every {class} of the pool already")),
        Never::Retired(count) => {
            let why = "because a lease on it ended by itself or it could not be emptied";
            no_resource(format!("no {class} is lent any more: {count} were taken out of the pool, each {why}"))
        }
    }
}

const fn no_resource(why: String) -> Verdict {
    Verdict::Inconclusive(Unclear::NoResource(why))
}
