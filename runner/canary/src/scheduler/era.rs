//! What the clock on the wall has shown, and what follows from that for due times.

use std::collections::BTreeMap;

use super::BACK_MAX;
use crate::clock::Now;
use crate::schedule::millis;
use crate::slot::Watch;

/// So many times the clock may be put back and every slot still have a due time of its own. Due times are further apart.
const ERAS: i64 = 64;

/// The time since the clock was last put back so far that due times came again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Era {
    /// The latest time that the clock has shown in it.
    pub(super) high_ms: i64,
    /// Due times up to here may have been slots in an era before it.
    used_ms: i64,
    /// Which it is.
    number: i64,
}

impl Era {
    /// Begins. Where the ledger knows of slots that are due long after now, the clock was put back while nobody looked.
    pub(super) fn new(last_due: &BTreeMap<Watch, i64>, now: Now) -> Self {
        let ahead = last_due.values().copied().filter(|last_ms| Self::is_ahead(*last_ms, now)).max();
        Self { high_ms: now.wall_ms, used_ms: ahead.unwrap_or(i64::MIN), number: i64::from(ahead.is_some()) }
    }

    /// Whether a time is so long after now that nobody would wait until it comes again.
    pub(super) fn is_ahead(at_ms: i64, now: Now) -> bool {
        at_ms > now.wall_ms.saturating_add(millis(BACK_MAX))
    }

    /// Takes in what the clock shows. True where that begins another era.
    pub(super) fn look(&mut self, now: Now) -> bool {
        let is_over = Self::is_ahead(self.high_ms, now);
        if is_over {
            self.used_ms = self.used_ms.max(self.high_ms);
            self.number = (self.number + 1) % ERAS;
            self.high_ms = now.wall_ms;
        }
        self.high_ms = self.high_ms.max(now.wall_ms);
        is_over
    }

    /// The due time of a slot that the schedule puts there: a moment later where one may have been there before.
    pub(super) const fn due_ms(&self, scheduled_ms: i64) -> i64 {
        if scheduled_ms <= self.used_ms { scheduled_ms + self.number } else { scheduled_ms }
    }

    /// The due time of a retry some time from now: one that there was not before.
    pub(super) const fn retry_ms(&self, now: Now, in_ms: i64) -> i64 {
        let high_ms = if now.wall_ms > self.high_ms { now.wall_ms } else { self.high_ms };
        let from_ms = high_ms.saturating_add(in_ms);
        (from_ms.div_euclid(ERAS) + 1).saturating_mul(ERAS).saturating_add(self.number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;

    const fn at(wall_ms: i64) -> Now {
        Now { wall_ms, since: Duration::ZERO }
    }

    #[test]
    fn no_two_eras_have_a_due_time_in_common() {
        let mut era = Era::new(&BTreeMap::new(), at(0));
        let (mut scheduled, mut retries) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..ERAS {
            era.look(at(500_000));
            assert!(scheduled.insert(era.due_ms(200_000)), "{era:?}");
            assert!(retries.insert(era.retry_ms(at(500_000), 10_000)), "{era:?}");
            assert!(era.look(at(0)), "{era:?}");
        }
    }

    #[test]
    fn a_clock_that_is_put_back_a_little_begins_no_era_and_no_due_time_comes_again() {
        let mut era = Era::new(&BTreeMap::new(), at(0));
        era.look(at(500_000));
        let before = era.retry_ms(at(500_000), 10_000);
        assert!(!era.look(at(440_000)));
        assert_eq!((era.due_ms(450_000), era.high_ms), (450_000, 500_000));
        assert!(era.retry_ms(at(440_000), 10_000) >= before);
        assert!(era.look(at(439_999)));
        assert_eq!((era.due_ms(450_000), era.due_ms(500_001)), (450_001, 500_001));
    }
}
