//! The meter: how many requests and bytes a target is sent in a day (UTC), however many processes send them.
//!
//! The sum of all processes is somebody else's to keep, behind [`Allowance`]. A meter takes of it in blocks before it
//! sends, so that a process that is killed can only leave too much counted, never too little.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;

/// Milliseconds of a day. Days begin at midnight UTC.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// A block is this part of a day's budget, so that what a killed process leaves counted is little of it.
const BLOCK_SHARE: u64 = 100;
/// The largest block of requests.
const BLOCK_REQUESTS_MAX: u64 = 64;
/// The largest block of bytes.
const BLOCK_BYTES_MAX: u64 = 4 << 20;

/// What is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Requests.
    pub requests: u64,
    /// Bytes of requests and answers: targets, fields and bodies.
    pub bytes: u64,
}

/// What may be sent in a day; none means as much as anybody likes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Daily {
    /// Requests.
    pub requests: Option<u64>,
    /// Bytes.
    pub bytes: Option<u64>,
}

impl Daily {
    /// Whether there is no budget at all.
    pub const fn is_open(self) -> bool {
        self.requests.is_none() && self.bytes.is_none()
    }

    /// Which budget has no room left for `more` after `used`.
    pub fn spent(self, used: Amount, more: Amount) -> Option<&'static str> {
        let is_over =
            |most: Option<u64>, used: u64, more: u64| most.is_some_and(|most| used.saturating_add(more) > most);
        if is_over(self.requests, used.requests, more.requests) {
            return Some("requests");
        }
        is_over(self.bytes, used.bytes, more.bytes).then_some("bytes")
    }

    /// How much of this is taken at once beside `need`, where `used` is gone.
    fn block(self, used: Amount, need: Amount) -> Amount {
        let part = |most: Option<u64>, used: u64, need: u64, block_max: u64| {
            let Some(most) = most else { return need.max(block_max) };
            let room = most.saturating_sub(used);
            need.max((most / BLOCK_SHARE).clamp(1, block_max).min(room))
        };
        Amount {
            requests: part(self.requests, used.requests, need.requests, BLOCK_REQUESTS_MAX),
            bytes: part(self.bytes, used.bytes, need.bytes, BLOCK_BYTES_MAX),
        }
    }
}

/// The sum of what all processes have taken, day by day.
pub trait Allowance: Send + Sync {
    /// Adds to the sum of a day (counted from 1970) what `take` makes of the sum so far, and waits until that outlives
    /// this process. Nothing is added where `take` says none.
    ///
    /// # Errors
    /// Why nobody knows what is left.
    fn add(&self, day: i64, take: &mut dyn FnMut(Amount) -> Option<Amount>) -> Result<(), String>;

    /// Takes back of the sum what was taken and never sent.
    fn give_back(&self, day: i64, unused: Amount);
}

/// Why something was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Spent {
    /// A budget of today is spent.
    #[error(
        "today's budget of {most} {what} for the target {target:?} is spent: wait until midnight UTC, or raise {what}_per_day in plumb.toml"
    )]
    Budget {
        /// `requests` or `bytes`.
        what: &'static str,
        /// How many of it may be sent in a day.
        most: u64,
        /// The target.
        target: String,
    },
    /// Nobody knows what is left.
    #[error("nobody knows what is left of today's budget for the target {target:?}: {why}")]
    Unknown {
        /// The target.
        target: String,
        /// Why.
        why: String,
    },
}

/// What this process has taken and not yet sent.
#[derive(Debug, Default)]
struct Taken {
    day: i64,
    left: Amount,
}

impl Taken {
    /// What was taken yesterday is worth nothing today.
    fn begin(&mut self, day: i64) {
        if self.day != day {
            *self = Self { day, left: Amount::default() };
        }
    }
}

/// The budget of one target in this process.
pub struct Meter {
    target: String,
    daily: Daily,
    allowance: Box<dyn Allowance>,
    clock: Arc<dyn Clock>,
    taken: Mutex<Taken>,
    refusals: AtomicU64,
}

impl Meter {
    /// The meter of `target`, of which so much may be asked in a day.
    pub fn new(target: &str, daily: Daily, allowance: Box<dyn Allowance>, clock: Arc<dyn Clock>) -> Self {
        let (taken, refusals) = (Mutex::default(), AtomicU64::new(0));
        Self { target: target.to_owned(), daily, allowance, clock, taken, refusals }
    }

    /// Counts a request of so many bytes before it is sent.
    ///
    /// # Errors
    /// Where the day's budget has no room for it; then nothing is counted but the refusal.
    pub fn admit(&self, bytes: u64) -> Result<(), Spent> {
        let admitted = self.count(Amount { requests: 1, bytes }, false);
        if admitted.is_err() {
            self.refusals.fetch_add(1, Ordering::Relaxed);
        }
        admitted
    }

    /// Counts a request that removes what a run made: it is sent even where the budget is spent.
    pub fn admit_clean_up(&self, bytes: u64) {
        _ = self.count(Amount { requests: 1, bytes }, true);
    }

    /// Counts the bytes of an answer, for which it is too late to have no room.
    pub fn received(&self, bytes: u64) {
        _ = self.count(Amount { requests: 0, bytes }, true);
    }

    /// Why nothing more can be sent today, where so. Nothing is counted.
    pub fn spent(&self) -> Option<Spent> {
        let (mut taken, day) = (self.taken(), self.day());
        taken.begin(day);
        let left = taken.left;
        let one = Amount { requests: 1, bytes: 1 };
        if left.requests >= one.requests && left.bytes >= one.bytes {
            return None;
        }
        let mut spent = None;
        let looked = self.allowance.add(day, &mut |used| {
            let more = Amount { requests: one.requests - left.requests.min(1), bytes: one.bytes - left.bytes.min(1) };
            spent = self.daily.spent(used, more);
            None
        });
        self.told(looked, spent).err()
    }

    /// What is left of today's budget, what other processes have taken left out; none where it is not bounded, or nobody
    /// knows.
    pub fn left(&self) -> Daily {
        let (mut taken, day) = (self.taken(), self.day());
        taken.begin(day);
        let mut used = None;
        let looked = self.allowance.add(day, &mut |sum| {
            used = Some(sum);
            None
        });
        let Some(used) = used.filter(|_| looked.is_ok()) else { return Daily::default() };
        let left = |most: Option<u64>, used: u64, taken: u64| Some(most?.saturating_sub(used) + taken);
        Daily {
            requests: left(self.daily.requests, used.requests, taken.left.requests),
            bytes: left(self.daily.bytes, used.bytes, taken.left.bytes),
        }
    }

    /// How many requests were refused so far.
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    fn count(&self, need: Amount, is_sure: bool) -> Result<(), Spent> {
        let (mut taken, day) = (self.taken(), self.day());
        taken.begin(day);
        let left = taken.left;
        let more = Amount {
            requests: need.requests.saturating_sub(left.requests),
            bytes: need.bytes.saturating_sub(left.bytes),
        };
        let mut got = Amount::default();
        if more != Amount::default() {
            let mut spent = None;
            let added = self.allowance.add(day, &mut |used| {
                spent = self.daily.spent(used, more).filter(|_| !is_sure);
                got = self.daily.block(used, more);
                spent.is_none().then_some(got)
            });
            self.told(added, spent)?;
        }
        taken.left = Amount {
            requests: (left.requests + got.requests).saturating_sub(need.requests),
            bytes: (left.bytes + got.bytes).saturating_sub(need.bytes),
        };
        Ok(())
    }

    fn told(&self, asked: Result<(), String>, spent: Option<&'static str>) -> Result<(), Spent> {
        let target = self.target.clone();
        match (asked, spent) {
            (Err(why), _) => Err(Spent::Unknown { target, why }),
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(what)) => {
                let most = if what == "bytes" { self.daily.bytes } else { self.daily.requests };
                Err(Spent::Budget { what, most: most.unwrap_or_default(), target })
            }
        }
    }

    fn day(&self) -> i64 {
        self.clock.unix_ms().div_euclid(DAY_MS)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, daily, .. } = self;
        formatter.debug_struct("Meter").field("target", target).field("daily", daily).finish_non_exhaustive()
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let (day, left) = {
            let taken = self.taken();
            (taken.day, taken.left)
        };
        if left != Amount::default() {
            self.allowance.give_back(day, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use super::*;

    /// A sum in memory, which several meters share.
    #[derive(Default)]
    struct Sum(Mutex<(i64, Amount)>);

    impl Allowance for Arc<Sum> {
        fn add(&self, day: i64, take: &mut dyn FnMut(Amount) -> Option<Amount>) -> Result<(), String> {
            let mut sum = self.0.lock().expect("a lock");
            if sum.0 != day {
                *sum = (day, Amount::default());
            }
            if let Some(more) = take(sum.1) {
                sum.1 = Amount { requests: sum.1.requests + more.requests, bytes: sum.1.bytes + more.bytes };
            }
            Ok(())
        }

        fn give_back(&self, _: i64, unused: Amount) {
            let mut sum = self.0.lock().expect("a lock");
            sum.1 = Amount { requests: sum.1.requests - unused.requests, bytes: sum.1.bytes - unused.bytes };
        }
    }

    struct Unknown;

    impl Allowance for Unknown {
        fn add(&self, _: i64, _: &mut dyn FnMut(Amount) -> Option<Amount>) -> Result<(), String> {
            Err("the file is torn".to_owned())
        }

        fn give_back(&self, _: i64, _: Amount) {}
    }

    #[derive(Default)]
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn unix_ms(&self) -> i64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn meter(sum: &Arc<Sum>, clock: &Arc<Hand>, requests: Option<u64>, bytes: Option<u64>) -> Meter {
        Meter::new("t", Daily { requests, bytes }, Box::new(Arc::clone(sum)), Arc::clone(clock) as Arc<dyn Clock>)
    }

    #[test]
    fn meters_that_share_a_sum_never_send_more_than_the_budget() {
        let (sum, clock) = (Arc::default(), Arc::default());
        let meters = [meter(&sum, &clock, Some(1_000), None), meter(&sum, &clock, Some(1_000), None)];
        let admitted = (0..3_000).filter(|number| meters[number % 2].admit(100).is_ok()).count();
        assert_eq!(admitted, 1_000);
        assert_eq!(meters.iter().map(Meter::refusals).sum::<u64>(), 2_000);
        let spent = meters[0].spent().expect("it is spent").to_string();
        assert!(spent.contains("budget of 1000 requests") && spent.contains("raise requests_per_day"), "{spent}");
    }

    #[test]
    fn a_new_day_is_a_new_budget() {
        let (sum, clock) = (Arc::default(), Arc::<Hand>::default());
        let meter = meter(&sum, &clock, Some(2), None);
        assert_eq!([1, 1, 1].map(|bytes| meter.admit(bytes).is_ok()), [true, true, false]);
        clock.0.store(DAY_MS - 1, Ordering::Relaxed);
        assert!(meter.admit(1).is_err() && meter.spent().is_some());
        clock.0.store(DAY_MS, Ordering::Relaxed);
        assert!(meter.spent().is_none() && meter.admit(1).is_ok());
    }

    #[test]
    fn bytes_are_counted_both_ways_and_an_answer_may_be_the_last_straw() {
        let (sum, clock) = (Arc::default(), Arc::default());
        let meter = meter(&sum, &clock, None, Some(100));
        assert!(meter.admit(60).is_ok() && meter.spent().is_none());
        assert!(meter.admit(60).is_err(), "there is no room for as much");
        meter.received(200);
        assert!(meter.admit(1).is_err() && meter.spent().is_some());
        assert!(sum.0.lock().expect("a lock").1.bytes >= 260);
    }

    #[test]
    fn clean_up_is_counted_and_never_refused() {
        let (sum, clock) = (Arc::default(), Arc::default());
        let meter = meter(&sum, &clock, Some(1), None);
        assert!(meter.admit(1).is_ok() && meter.admit(1).is_err());
        meter.admit_clean_up(1);
        assert_eq!(sum.0.lock().expect("a lock").1.requests, 2);
    }

    #[test]
    fn what_was_taken_and_never_sent_is_given_back_at_the_end() {
        let (sum, clock) = (Arc::default(), Arc::default());
        let meter = meter(&sum, &clock, Some(10_000), Some(1 << 20));
        meter.admit(10).expect("there is room");
        assert_eq!(sum.0.lock().expect("a lock").1.requests, BLOCK_REQUESTS_MAX, "a block was taken");
        drop(meter);
        assert_eq!(sum.0.lock().expect("a lock").1, Amount { requests: 1, bytes: 10 });
    }

    #[test]
    fn nothing_is_sent_where_nobody_knows_what_is_left() {
        let daily = Daily { requests: Some(10), bytes: None };
        let meter = Meter::new("t", daily, Box::new(Unknown), Arc::<Hand>::default());
        let refused = meter.admit(1).expect_err("nobody knows").to_string();
        assert!(refused.contains("the file is torn"), "{refused}");
    }
}
