//! Going on under another plan.

use std::sync::Arc;

use super::entry::Entry;
use super::{Rooms, Scheduler};
use crate::clock::Now;
use crate::plan::Plan;
use crate::slot::{Ended, Outcome};

impl Scheduler {
    /// Goes on under another plan from a moment: everything due until then is the old plan's, everything later the new
    /// one's. Watches that stay keep what is under way, what waits, and whether they fail. What waits of a watch that is
    /// in the plan no longer ends as skipped; what is under way goes on, and is over when it is.
    pub fn reload(&mut self, plan: Arc<Plan>, now: Now) -> Vec<Ended> {
        let mut ended = Vec::new();
        // A retry that is due right now is put off by its interval: it is not owed.
        self.advance(now, &mut ended);
        let entries = std::mem::take(&mut self.entries);
        self.by_watch.clear();
        self.agenda.clear();
        self.deadlines.clear();
        self.rooms = Rooms::new(&plan.agent);
        self.plan = plan;
        let plan = Arc::clone(&self.plan);
        for mut entry in entries {
            match plan.canary(&entry.watch) {
                Some(canary) => entry.replan(canary, self.era.high_ms),
                None => ended.extend(leave_out(&mut entry)),
            }
            if !entry.gone || !entry.running.is_empty() {
                self.keep(entry);
            }
        }
        for (watch, canary) in plan.watches() {
            if !self.by_watch.contains_key(&watch) {
                self.keep(Entry::new(watch, canary, self.era.high_ms));
            }
        }
        for id in 0..self.entries.len() {
            self.plan_retry(id, now);
        }
        ended
    }
}

/// Takes a watch out of the plan, and gives the row of what waited.
fn leave_out(entry: &mut Entry) -> Option<Ended> {
    entry.gone = true;
    (entry.next_ms, entry.retry_ms) = (None, None);
    let waiting = entry.waiting.take()?;
    Some(entry.without_start(&waiting, Outcome::Skipped, "the configuration has no such canary any more"))
}
