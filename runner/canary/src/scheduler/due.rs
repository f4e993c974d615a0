//! What becomes of due times as the clock goes on.

use super::entry::Waiting;
use super::{LATE_MAX, Scheduler, Start};
use crate::clock::Now;
use crate::plan::Maintenance;
use crate::schedule::millis;
use crate::slot::{Ended, Outcome, SlotKind};

/// A retry that is due: whose, and when.
pub(super) type Retry = (usize, i64);

impl Scheduler {
    /// Takes the time in, tells about every due time up to it, and gives the retries that are due.
    pub(super) fn advance(&mut self, now: Now, ended: &mut Vec<Ended>) -> Vec<Retry> {
        if self.era.look(now) {
            self.start_over(now, ended);
        }
        let why = "the agent was asleep or starved, or its clock was put forward";
        let retries = self.settle(now, why, ended);
        self.end_what_is_kept_back(ended);
        retries
    }

    /// Goes on from a time that is far behind what the clock has shown. What waits was due by a clock that nobody believes
    /// any more.
    fn start_over(&mut self, now: Now, ended: &mut Vec<Ended>) {
        self.end_waiting(Outcome::Missed, "the clock was put back while the slot waited for room", ended);
        self.agenda.clear();
        for (id, entry) in self.entries.iter_mut().enumerate().filter(|(_, entry)| !entry.gone) {
            entry.start_over(now);
            self.agenda.extend(entry.next_ms.map(|due_ms| (due_ms, id, SlotKind::Scheduled)));
        }
        for id in 0..self.entries.len() {
            self.plan_retry(id, now);
        }
    }

    /// Tells about every due time up to now, and gives the retries that are due. `why` nothing older has started.
    pub(super) fn settle(&mut self, now: Now, why: &str, ended: &mut Vec<Ended>) -> Vec<Retry> {
        let mut retries = Vec::new();
        while let Some(&(due_ms, id, kind)) = self.agenda.first().filter(|(due_ms, ..)| *due_ms <= now.wall_ms) {
            self.agenda.pop_first();
            match kind {
                SlotKind::Retry => {
                    self.entries[id].retry_ms = None;
                    retries.push((id, due_ms));
                }
                SlotKind::Scheduled | SlotKind::Asked => self.come_due(id, due_ms, now, why, ended),
            }
        }
        retries
    }

    /// Tells about the due times of one watch from `first_ms` until now: the newest may start, those before it are missed.
    fn come_due(&mut self, id: usize, first_ms: i64, now: Now, why: &str, ended: &mut Vec<Ended>) {
        let before = self.take_waiting(id);
        let entry = &mut self.entries[id];
        if let Some(before) = &before {
            ended.push(entry.without_start(before, Outcome::Shed, "no room until the next slot was due"));
        }
        let newest_ms = match entry.timer.due_after(first_ms) {
            Some(next_ms) if next_ms <= now.wall_ms => {
                entry.timer.count_between(first_ms, now.wall_ms).map_or(first_ms, |later| later.last_ms)
            }
            _ => first_ms,
        };
        let is_late = now.wall_ms.saturating_sub(newest_ms) > millis(LATE_MAX);
        let missed_until_ms = if is_late { newest_ms } else { newest_ms - 1 };
        if let Some(missed) = entry.timer.count_between(first_ms - 1, missed_until_ms) {
            let row = Ended::without_start(entry.slot(self.era.due_ms(missed.first_ms)), Outcome::Missed, why);
            ended.push(row.for_all_until(missed.count, self.era.due_ms(missed.last_ms)));
        }
        entry.told_ms = newest_ms;
        entry.next_ms = entry.timer.due_after(newest_ms);
        self.agenda.extend(entry.next_ms.map(|due_ms| (due_ms, id, SlotKind::Scheduled)));
        if !is_late {
            self.offer(id, newest_ms, before.as_ref(), now, ended);
        }
        self.plan_retry(id, now);
    }

    /// Lets a slot that has come due wait for room, or says why it never will start.
    fn offer(&mut self, id: usize, due_ms: i64, before: Option<&Waiting>, now: Now, ended: &mut Vec<Ended>) {
        let wait_max = self.plan.agent.wait_max;
        let kept_back = self.kept_back(id, due_ms);
        let due_ms = self.era.due_ms(due_ms);
        let entry = &mut self.entries[id];
        if let Some(reason) = kept_back {
            ended.push(Ended::without_start(entry.slot(due_ms), Outcome::Skipped, reason));
        } else if !entry.overlap && entry.scheduled_under_way() {
            let why = "the slot before it was still under way";
            ended.push(Ended::without_start(entry.slot(due_ms), Outcome::Shed, why));
        } else {
            let waiting = entry.wait(due_ms, before, wait_max, now);
            self.deadlines.insert((waiting.deadline, id));
            self.queue_up(id);
        }
    }

    /// Starts what waits, as long as there is room.
    pub(super) fn start_waiting(&mut self, now: Now, start: &mut Vec<Start>, ended: &mut Vec<Ended>) {
        let stale_ms = millis(self.plan.agent.wait_max).saturating_add(millis(LATE_MAX));
        while let Some(id) = self.rooms.next() {
            let Some(waiting) = self.take_waiting(id) else { break };
            let kept_back = self.kept_back(id, now.wall_ms);
            let entry = &mut self.entries[id];
            if let Some(reason) = kept_back {
                ended.push(entry.without_start(&waiting, Outcome::Skipped, reason));
            } else if now.wall_ms.saturating_sub(waiting.due_ms) > stale_ms {
                let why = "the agent was asleep, or its clock was put forward, while the slot waited for room";
                ended.push(entry.without_start(&waiting, Outcome::Missed, why));
            } else {
                let slot = entry.slot(waiting.due_ms);
                entry.enter(&slot);
                self.rooms.enter(entry.room);
                start.push(Start { slot, late_ms: waiting.late_ms(now) });
            }
            self.plan_retry(id, now);
        }
    }

    /// Starts retries that are due where there is room, and puts off the others.
    pub(super) fn start_retries(&mut self, retries: &[Retry], now: Now, start: &mut Vec<Start>) {
        for &(id, due_ms) in retries {
            let late_ms = now.wall_ms.saturating_sub(due_ms);
            let kept_back = self.kept_back(id, now.wall_ms).is_some();
            let entry = &mut self.entries[id];
            let free = entry.running.is_empty() && entry.waiting.is_none();
            if free && !kept_back && late_ms <= millis(LATE_MAX) && self.rooms.has_space(entry.room) {
                let slot = entry.retry(due_ms);
                entry.enter(&slot);
                self.rooms.enter(entry.room);
                start.push(Start { slot, late_ms: u32::try_from(late_ms).unwrap_or(0) });
            }
            self.plan_retry(id, now);
        }
    }

    /// Gives up what has waited for too long.
    pub(super) fn give_up_waiting(&mut self, now: Now, ended: &mut Vec<Ended>) {
        while let Some(&(_, id)) = self.deadlines.first().filter(|(deadline, _)| *deadline <= now.since) {
            let Some(waiting) = self.take_waiting(id) else { break };
            let why = self.why_no_room(id);
            ended.push(self.entries[id].without_start(&waiting, Outcome::Shed, why));
            self.plan_retry(id, now);
        }
    }

    fn why_no_room(&self, id: usize) -> String {
        let (entry, waited) = (&self.entries[id], humantime::format_duration(self.plan.agent.wait_max));
        if !entry.overlap && !entry.running.is_empty() {
            return format!("a retry of it was still under way after {waited}");
        }
        let (here, all) = (self.rooms.under_way_at(entry.room), self.rooms.under_way());
        format!("no room within {waited}: {here} slots under way at {}, {all} in all", entry.watch.target)
    }

    /// Ends what waits while everything is kept back.
    fn end_what_is_kept_back(&mut self, ended: &mut Vec<Ended>) {
        if let Some(reason) = self.kept_back_at_all() {
            self.end_waiting(Outcome::Skipped, &reason, ended);
        }
    }

    /// Ends everything that waits.
    fn end_waiting(&mut self, outcome: Outcome, why: &str, ended: &mut Vec<Ended>) {
        while let Some(&(_, id)) = self.deadlines.first() {
            let Some(waiting) = self.take_waiting(id) else { break };
            ended.push(self.entries[id].without_start(&waiting, outcome, why));
        }
    }

    /// Why nothing starts.
    fn kept_back_at_all(&self) -> Option<String> {
        if self.draining { Some("the agent shuts down".to_owned()) } else { self.hold.clone() }
    }

    /// Why a slot of one watch does not start at a moment.
    fn kept_back(&self, id: usize, at_ms: i64) -> Option<String> {
        let watch = &self.entries[id].watch;
        let holds = |own: &&Maintenance| !own.keeps_checking && own.holds(watch, at_ms);
        let maintenance = || self.plan.maintenance.iter().find(holds);
        self.kept_back_at_all().or_else(|| Some(format!("maintenance: {}", maintenance()?.reason)))
    }

    /// Puts what waits into the queue, where nothing of its own watch is in its way.
    pub(super) fn queue_up(&mut self, id: usize) {
        let entry = &self.entries[id];
        if let Some(waiting) = entry.waiting.as_ref().filter(|_| entry.overlap || entry.running.is_empty()) {
            self.rooms.queue_up(entry.room, waiting.turn_ms, id);
        }
    }

    /// Takes out what waits.
    pub(super) fn take_waiting(&mut self, id: usize) -> Option<Waiting> {
        let entry = &mut self.entries[id];
        let waiting = entry.waiting.take()?;
        self.rooms.give_up(entry.room, waiting.turn_ms, id);
        self.deadlines.remove(&(waiting.deadline, id));
        Some(waiting)
    }

    /// Plans a retry of a watch that fails, where none is planned, nothing of it is under way, and none is due sooner.
    pub(super) fn plan_retry(&mut self, id: usize, now: Now) {
        let entry = &mut self.entries[id];
        let quiet = entry.running.is_empty() && entry.waiting.is_none() && entry.retry_ms.is_none();
        let Some(every_ms) = entry.retry_every_ms.filter(|_| entry.failing && !entry.gone && quiet) else { return };
        let due_ms = self.era.retry_ms(now, every_ms);
        entry.retry_ms = entry.next_ms.is_none_or(|next_ms| due_ms < next_ms).then_some(due_ms);
        self.agenda.extend(entry.retry_ms.map(|due_ms| (due_ms, id, SlotKind::Retry)));
    }
}
