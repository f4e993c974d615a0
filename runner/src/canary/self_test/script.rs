//! The test of one watch, in order: slots without a fault, slots with one until its rules fire, slots without it until
//! they clear. Slots are real; the clock is not, and goes from one due time to the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plumb_canary::plan::{Canary, Plan};
use plumb_canary::schedule::Timer;
use plumb_canary::slot::{Ended, Outcome, Slot, SlotKind, Watch};
use plumb_canary::work::{Terms, Work};
use plumb_validator::guard::Bounds;

use super::forwarder::{Forwarder, Mode};
use super::lie::Lie;
use super::plant::Plant;
use super::proof::{Proof, Proven, Step, Verdict};
use super::told::Teller;

/// So many slots without a fault must show a target that is well, before one is planted.
const HEALTHY: u32 = 3;
/// The most slots that are sent one after the other for one fault, and as many again without it: the last of them stands
/// for those that a rule needs beyond.
const SENT_MAX: u32 = 12;
/// The longest time of a slot whose connections are swallowed: it waits in vain.
const SWALLOWED_MAX: Duration = Duration::from_secs(2);
/// Why slots that never start never do.
const SILENCE: &str = "a self-test starts none";

/// A watch, and everything that stands between it and its target.
pub(super) struct Stage {
    pub(super) plan: Arc<Plan>,
    pub(super) watch: Watch,
    pub(super) canary: Canary,
    pub(super) work: Arc<dyn Work>,
    pub(super) bounds: Bounds,
    pub(super) forwarder: Forwarder,
    pub(super) lie: Arc<Lie>,
    pub(super) stop: Arc<AtomicBool>,
}

/// What came of the test of one watch.
pub(super) struct Played {
    pub(super) proven: Vec<Proven>,
    /// Things that its slots made and could not remove.
    pub(super) leaks: u64,
}

impl Stage {
    /// Puts every rule of the watch to the test, one kind of fault after the other.
    pub(super) async fn play(&mut self, teller: &Teller, mut now_ms: i64) -> Played {
        let (mut over, mut leaks) = (Vec::new(), 0);
        for plant in Plant::ALL {
            let is_its = |name: &&String| self.plan.alerts.get(*name).is_some_and(|own| Plant::of(&own.when) == plant);
            let names = self.canary.alerts.iter().filter(is_its);
            let proofs: Vec<Proof> =
                names.filter_map(|name| Proof::new(&self.plan, &self.watch, name, teller)).collect();
            if proofs.is_empty() {
                continue;
            }
            let timer = self.canary.cadence.timer(&self.watch);
            let mut act = Act { stage: self, plant, proofs, timer, now_ms, leaks: 0 };
            if let Err(why) = act.play().await {
                act.proofs.iter_mut().filter(|own| !own.is_over()).for_each(|own| own.note(Verdict::Unclear, &why));
            }
            let Act { proofs, now_ms: until_ms, leaks: more, .. } = act;
            (now_ms, leaks) = (until_ms, leaks + more);
            over.extend(proofs.into_iter().map(|proof| (plant, proof)));
            // Where it fails, the next slots say so.
            _ = self.heal().await;
        }
        let proven = futures::future::join_all(over.into_iter().map(|(plant, proof)| proof.end(plant))).await;
        Played { proven, leaks }
    }

    /// Takes every fault away.
    async fn heal(&mut self) -> Result<(), String> {
        self.lie.set(false);
        self.forwarder.set(Mode::Pass).await.map_err(|error| format!("the way to the target is closed: {error}"))
    }

    /// Plants a fault for the slot of this number.
    async fn hurt(&mut self, plant: Plant, number: u32) -> Result<(), String> {
        let mode = match plant {
            Plant::Down if number == 1 => Mode::Swallow,
            Plant::Down if number == 2 => Mode::Refuse,
            Plant::Slow if number == 1 => Mode::Delay(Plant::delay(&self.canary)),
            Plant::Wrong => {
                self.lie.set(true);
                return Ok(());
            }
            // It is as it was at the slot before.
            Plant::Down | Plant::Slow | Plant::Silent => return Ok(()),
        };
        self.forwarder.set(mode).await.map_err(|error| format!("the fault cannot be planted: {error}"))
    }

    /// Carries a slot out.
    async fn send(&self, slot: Slot, timeout: Duration) -> Result<Ended, String> {
        if self.stop.load(Ordering::Relaxed) {
            return Err("somebody stopped the test".to_owned());
        }
        if let Some(why) = self.bounds.keep_from_beginning() {
            return Err(why);
        }
        let began = Instant::now();
        let done = self.work.run(slot.clone(), Terms { timeout, read_only: false }).await;
        if let Some(why) = self.bounds.keep_from_beginning() {
            return Err(why);
        }
        // What it found is nobody's finding, and is thrown away.
        Ok(done.ended(slot, 0, began.elapsed()).0)
    }
}

/// The test of all rules of a watch that one fault is there for.
struct Act<'s> {
    stage: &'s mut Stage,
    plant: Plant,
    proofs: Vec<Proof>,
    timer: Timer,
    now_ms: i64,
    leaks: u64,
}

/// Some slots in a row under the same conditions.
#[derive(Default)]
struct Row {
    slots: u32,
    sent: u32,
    last: Option<Ended>,
}

impl Act<'_> {
    /// Goes through with it, or tells why nothing can be said.
    async fn play(&mut self) -> Result<(), String> {
        self.wait_for_health().await?;
        self.wait_for_alarm().await?;
        self.stage.heal().await?;
        self.wait_for_end().await
    }

    async fn wait_for_health(&mut self) -> Result<(), String> {
        let mut row = Row::default();
        for _ in 0..HEALTHY {
            let (ended, step) = self.next(&mut row, false, self.now_ms).await?;
            if let Some(why) = self.plant.ails(&self.stage.canary, &ended) {
                return Err(format!("without any fault, {} is not well: {why}", self.stage.watch.target));
            }
            self.proofs.iter_mut().for_each(|own| own.take(&ended, step));
        }
        if self.proofs.iter().any(|own| own.fired.is_some()) {
            return Err("it fires without any fault".to_owned());
        }
        Ok(())
    }

    async fn wait_for_alarm(&mut self) -> Result<(), String> {
        let most = self.proofs.iter().map(|own| own.bound(self.now_ms).to_fire()).max().unwrap_or(0);
        let (mut row, began_ms) = (Row::default(), self.now_ms);
        let mut shown = false;
        while row.slots < most && self.proofs.iter().any(|own| own.fired.is_none()) {
            let (ended, step) = self.next(&mut row, true, began_ms).await?;
            shown |= self.plant.shows(&self.stage.canary, &ended);
            self.proofs.iter_mut().for_each(|own| own.take(&ended, step));
        }
        let why = self.silence(&row, shown, began_ms);
        for own in self.proofs.iter_mut().filter(|own| own.fired.is_none()) {
            own.note(why.0, &why.1);
        }
        Ok(())
    }

    /// Why a rule has not fired.
    fn silence(&self, row: &Row, shown: bool, began_ms: i64) -> (Verdict, String) {
        let trouble = row.last.as_ref().and_then(|own| own.trouble.as_ref());
        if self.plant == Plant::Wrong && self.stage.lie.told() == 0 {
            return (Verdict::Unclear, "the canary reads nothing whose answer could be altered".to_owned());
        }
        if let Some(own) = trouble.filter(|own| !shown && own.place.is_ours()) {
            return (Verdict::Unclear, format!("the fault did not show: {}: {}", own.place.words(), own.message));
        }
        let after = in_words(after(began_ms, self.now_ms));
        let said =
            trouble.map_or_else(String::new, |own| format!("; the last said: {}: {}", own.place.words(), own.message));
        let unseen = if shown { "" } else { ", none of which was bad" };
        (Verdict::Failed, format!("it does not fire within {} slots ({after}) of the fault{unseen}{said}", row.slots))
    }

    async fn wait_for_end(&mut self) -> Result<(), String> {
        let most = self.proofs.iter().map(|own| own.bound(self.now_ms).to_clear()).max().unwrap_or(0);
        let (mut row, began_ms) = (Row::default(), self.now_ms);
        while row.slots < most && self.proofs.iter().any(|own| !own.is_over()) {
            let (ended, step) = self.next(&mut row, false, began_ms).await?;
            self.proofs.iter_mut().for_each(|own| own.take(&ended, step));
        }
        let trouble = row.last.as_ref().and_then(|own| self.plant.ails(&self.stage.canary, own));
        let after = in_words(after(began_ms, self.now_ms));
        for own in self.proofs.iter_mut().filter(|own| !own.is_over()) {
            match &trouble {
                // A target that fell ill meanwhile keeps its alert, and rightly.
                Some(why) => own.note(Verdict::Unclear, &format!("without the fault, the target is not well: {why}")),
                None => own.note(
                    Verdict::Failed,
                    &format!("it does not clear within {} slots ({after}) after the fault", row.slots),
                ),
            }
        }
        Ok(())
    }

    /// The next slot of a row that began at `began_ms`, with the fault or without.
    async fn next(&mut self, row: &mut Row, with_fault: bool, began_ms: i64) -> Result<(Ended, Step), String> {
        self.now_ms = self.timer.due_after(self.now_ms).ok_or("no further slot is due")?;
        row.slots += 1;
        let slot = Slot { watch: self.stage.watch.clone(), due_ms: self.now_ms, kind: SlotKind::Scheduled };
        let ended = if with_fault && self.plant == Plant::Silent {
            Ended::without_start(slot, Outcome::Missed, SILENCE)
        } else {
            self.row_slot(row, with_fault, slot).await?
        };
        row.last = Some(ended.clone());
        Ok((ended, Step { slots: row.slots, sent: row.sent, after: after(began_ms, self.now_ms) }))
    }

    async fn row_slot(&mut self, row: &mut Row, with_fault: bool, slot: Slot) -> Result<Ended, String> {
        if let Some(last) = row.last.take().filter(|_| row.sent >= SENT_MAX) {
            return Ok(Ended { last_due_ms: slot.due_ms, slot, ..last });
        }
        row.sent += 1;
        if with_fault {
            self.stage.hurt(self.plant, row.slots).await?;
        }
        let is_swallowed = with_fault && self.plant == Plant::Down && row.slots == 1;
        let timeout = self.stage.canary.timeout;
        let ended = self.stage.send(slot, if is_swallowed { timeout.min(SWALLOWED_MAX) } else { timeout }).await?;
        // Where nothing arrives, nothing is made, whatever the slot has to fear.
        if !(with_fault && self.plant == Plant::Down) {
            self.leaks += u64::from(ended.leaks);
        }
        Ok(ended)
    }
}

fn after(began_ms: i64, now_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(now_ms - began_ms).unwrap_or(0))
}

/// A time to the second.
pub(super) fn in_words(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}
