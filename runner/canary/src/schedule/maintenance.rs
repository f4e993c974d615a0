//! Whether a maintenance holds, and until when.

use super::millis;
use crate::plan::{During, Maintenance};
use crate::slot::Watch;

/// The most maintenances that begin before the one before them is over and are taken as one.
const CHAINED_MAX: usize = 1_000;

impl Maintenance {
    /// Whether it holds for `watch` at a moment.
    pub fn holds(&self, watch: &Watch, now_ms: i64) -> bool {
        self.begin(watch, now_ms).is_some()
    }

    /// The first moment after it, where it holds for `watch` now. Those that begin again before they end are one.
    pub fn ends_ms(&self, watch: &Watch, now_ms: i64) -> Option<i64> {
        let begin_ms = self.begin(watch, now_ms)?;
        let (begins, lasts_ms) = match &self.during {
            During::Once { until_ms, .. } => return Some(*until_ms),
            During::Repeated { begins, lasts } => (begins, millis(*lasts)),
        };
        let mut begin_ms = begin_ms;
        for _ in 0..CHAINED_MAX {
            match begins.due_after(watch, begin_ms) {
                Some(next) if next <= begin_ms.saturating_add(lasts_ms) => begin_ms = next,
                _ => break,
            }
        }
        Some(begin_ms.saturating_add(lasts_ms))
    }

    /// The first beginning of those that hold at a moment.
    fn begin(&self, watch: &Watch, now_ms: i64) -> Option<i64> {
        if !self.concerns(watch) {
            return None;
        }
        match &self.during {
            During::Once { from_ms, until_ms } => (*from_ms..*until_ms).contains(&now_ms).then_some(*from_ms),
            During::Repeated { begins, lasts } => {
                let before_ms = now_ms.saturating_sub(millis(*lasts));
                begins.due_after(watch, before_ms).filter(|begin| *begin <= now_ms)
            }
        }
    }

    /// Whether it speaks of `watch` at all.
    fn concerns(&self, watch: &Watch) -> bool {
        let among = |names: &[String], name: &String| names.is_empty() || names.contains(name);
        among(&self.targets, &watch.target) && among(&self.canaries, &watch.canary)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::schedule::Cadence;

    const MINUTE_MS: i64 = 60_000;

    fn maintenance(during: During) -> Maintenance {
        Maintenance { reason: "disks".to_owned(), targets: vec![], canaries: vec![], during, keeps_checking: false }
    }

    fn watch() -> Watch {
        Watch { canary: "objects".to_owned(), target: "eu-1".to_owned() }
    }

    /// Holds from its first moment to the last before `until_ms`, and at neither side of these.
    fn check(maintenance: &Maintenance, from_ms: i64, until_ms: i64) {
        for (at_ms, holds) in [(from_ms - 1, false), (from_ms, true), (until_ms - 1, true), (until_ms, false)] {
            assert_eq!(maintenance.holds(&watch(), at_ms), holds, "{maintenance:?} at {at_ms}");
            assert_eq!(maintenance.ends_ms(&watch(), at_ms), holds.then_some(until_ms), "{maintenance:?} at {at_ms}");
        }
    }

    #[test]
    fn one_that_comes_once_holds_from_its_first_moment_until_before_its_end() {
        check(&maintenance(During::Once { from_ms: 5_000, until_ms: 9_000 }), 5_000, 9_000);
    }

    #[test]
    fn one_that_is_repeated_holds_from_each_beginning_for_its_time() {
        let begins = Cadence::cron("0 3 * * *", "UTC").expect("a good line");
        let nightly = maintenance(During::Repeated { begins, lasts: Duration::from_mins(30) });
        let three = 3 * 60 * MINUTE_MS;
        check(&nightly, three, three + 30 * MINUTE_MS);
        check(&nightly, three + 24 * 60 * MINUTE_MS, three + (24 * 60 + 30) * MINUTE_MS);
    }

    #[test]
    fn those_that_begin_before_the_one_before_is_over_end_with_the_last() {
        let begins = Cadence::cron("0,20,40 3 * * *", "UTC").expect("a good line");
        let nightly = maintenance(During::Repeated { begins, lasts: Duration::from_mins(25) });
        let three = 3 * 60 * MINUTE_MS;
        check(&nightly, three, three + 65 * MINUTE_MS);
    }

    #[test]
    fn it_holds_for_those_that_it_names_alone() {
        let named = |targets: &[&str], canaries: &[&str]| {
            let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let during = During::Once { from_ms: 0, until_ms: 10 };
            Maintenance { targets: own(targets), canaries: own(canaries), ..maintenance(during) }.holds(&watch(), 5)
        };
        assert!(named(&["eu-1"], &[]));
        assert!(named(&["us-1", "eu-1"], &["objects"]));
        assert!(!named(&["us-1"], &[]));
        assert!(!named(&["eu-1"], &["buckets"]));
    }
}
