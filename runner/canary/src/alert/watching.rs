//! What is known of one watch: its last slots, and which of its rules fire.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::{Canary, Plan, Rule, When};
use crate::slo::check::OF_MAX;
use crate::slo::{Counted, Sums, millis, number, percent, span};
use crate::slot::{Axis, Ended, Mark, Place, SlotKind, Watch};

use super::evidence::Evidence;

/// So many good slots in a row, while no rule fires, and what was bad before them is no part of what comes.
const QUIET_SLOTS: u32 = 5;
/// Fewer bad slots never burn a budget too fast, however few slots the window has.
const BURNING_MIN: u64 = 2;
/// Rates that differ by less are equal.
const CLOSE: f64 = 1e-9;

/// A rule that fires for a watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cause {
    /// Since when, in milliseconds since 1970.
    pub(super) since_ms: i64,
    /// What was counted, in words.
    pub(super) sum: String,
    /// On which axis.
    pub(super) axis: Option<Axis>,
}

/// One rule for one watch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct RuleState {
    /// How many slots on its axis there had been when it last ended: those fire it no second time.
    from: u64,
    cause: Option<Cause>,
}

/// The last slots on one axis that say something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Marks {
    /// The last [`OF_MAX`], the newest in the lowest bit; a one is a bad slot.
    bad: u64,
    /// How many there have been.
    total: u64,
    good_row: u32,
    evidence: Option<Evidence>,
}

/// What is known of one watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watching {
    /// When its first slot was due.
    pub(super) first_ms: i64,
    /// When the last slot was due that started; its first slot where none has.
    started_ms: i64,
    /// When the last slot was due that did not start, and how many did not since one has.
    idle: Option<(i64, u64)>,
    marks: [Marks; 2],
    rules: BTreeMap<String, RuleState>,
    /// What the target said last that its version is.
    pub(super) version: Option<String>,
    /// What is wrong with its credentials, as long as no slot shows that they work.
    pub(super) credentials: Option<String>,
}

/// What a rule says now.
enum Said {
    Fires(String),
    Ends,
    Nothing,
}

/// Everything that a rule looks at beside the watch itself.
pub(super) struct Around<'a> {
    pub(super) plan: &'a Plan,
    pub(super) sums: &'a Sums,
    pub(super) now_ms: i64,
    /// Since when somebody is listening: slots that were missed before are told of by whoever saw the daemon gone.
    pub(super) alive_ms: i64,
}

impl Watching {
    pub(super) fn new(first_ms: i64) -> Self {
        Self {
            first_ms,
            started_ms: first_ms,
            idle: None,
            marks: [Marks::default(), Marks::default()],
            rules: BTreeMap::new(),
            version: None,
            credentials: None,
        }
    }

    /// Takes a slot in that is over. Also those count that run sooner because one failed: they are there so that
    /// somebody knows sooner. What somebody asked for moves nothing.
    pub(super) fn take(&mut self, ended: &Ended) {
        if ended.slot.kind == SlotKind::Asked {
            return;
        }
        if ended.outcome.ran() {
            self.started_ms = self.started_ms.max(ended.slot.due_ms);
            self.idle = None;
        } else {
            let before = self.idle.map_or(0, |(_, count)| count);
            self.idle = Some((ended.last_due_ms, before + u64::from(ended.count)));
        }
        self.version = ended.version.clone().or(self.version.take());
        self.look_at_credentials(ended);
        for axis in Axis::ALL {
            self.mark(axis, mark(ended, axis), ended);
        }
    }

    fn look_at_credentials(&mut self, ended: &Ended) {
        let trouble = ended.trouble.as_ref().filter(|own| own.place == Place::Credentials);
        if let Some(own) = trouble {
            self.credentials = Some(own.message.clone());
        } else if Axis::ALL.into_iter().any(|axis| mark(ended, axis) == Mark::Good) {
            self.credentials = None;
        }
    }

    fn mark(&mut self, axis: Axis, mark: Mark, ended: &Ended) {
        let firing = self.rules.values().any(|own| own.cause.as_ref().is_some_and(|cause| cause.axis == Some(axis)));
        let own = &mut self.marks[axis as usize];
        own.total += u64::from(mark != Mark::Void);
        match mark {
            Mark::Void => {}
            Mark::Good => {
                (own.bad, own.good_row) = (own.bad << 1, own.good_row.saturating_add(1));
                own.evidence = own.evidence.take().filter(|_| firing || own.good_row < QUIET_SLOTS);
            }
            Mark::Bad => {
                (own.bad, own.good_row) = ((own.bad << 1) | 1, 0);
                match &mut own.evidence {
                    Some(evidence) => evidence.add(ended),
                    none => *none = Some(Evidence::of(ended)),
                }
            }
        }
    }

    /// Asks each rule of the watch; those that cannot begin by the mere passing of time only where they fire.
    pub(super) fn ask_rules(&mut self, watch: &Watch, canary: &Canary, around: &Around<'_>, time_only: bool) {
        for name in &canary.alerts {
            let Some(rule) = around.plan.alerts.get(name) else { continue };
            let state = self.rules.get(name).cloned().unwrap_or_default();
            let by_time = matches!(rule.when, When::AllMissed { .. });
            if time_only && state.cause.is_none() && !by_time {
                continue;
            }
            let said = self.said(watch, canary, rule, &state, around);
            let total = axis(rule).map_or(0, |axis| self.marks[axis as usize].total);
            let next = state.after(said, rule, total, around.now_ms);
            self.rules.insert(name.clone(), next);
        }
    }

    fn said(&self, watch: &Watch, canary: &Canary, rule: &Rule, state: &RuleState, around: &Around<'_>) -> Said {
        let fires = state.cause.is_some();
        match &rule.when {
            When::Slots { axis, bad, of } => {
                let marks = &self.marks[*axis as usize];
                if fires && marks.good_row >= rule.resolve_after {
                    return Said::Ends;
                }
                let last = marks.last(*of, state.from);
                let count = marks.among(last);
                if count >= *bad { Said::Fires(counted(count, last, *axis)) } else { Said::Nothing }
            }
            When::BurnRate { axis, factor, long, short } => {
                let all = (*long, around.slots(watch, *axis, *long));
                let last = (*short, around.slots(watch, *axis, *short));
                canary.slo.objective(*axis).map_or(Said::Ends, |objective| {
                    let said = burning(all, last, *factor, objective, fires);
                    said.told_of(&format!("{} budget burns too fast", axis.word()))
                })
            }
            When::Latency { over, exchanges_min } => slow(watch, canary, (*over, *exchanges_min), around),
            When::AllMissed { over } => self.missed(*over, around),
        }
    }

    /// Whether slots were due since one started, and did not start.
    pub(super) const fn is_idle(&self) -> bool {
        self.idle.is_some()
    }

    /// What did not start until now was not to start: once a maintenance is over, nothing has been missed for as long as
    /// it lasted.
    pub(super) fn rest(&mut self, now_ms: i64) {
        (self.started_ms, self.idle) = (self.started_ms.max(now_ms), None);
    }

    fn missed(&self, over: Duration, around: &Around<'_>) -> Said {
        let Some((last_ms, count)) = self.idle else { return Said::Ends };
        let (since_ms, over_ms) = (self.started_ms.max(around.alive_ms), millis(over));
        if around.now_ms - since_ms >= over_ms && last_ms > around.now_ms - over_ms {
            return Said::Fires(format!(
                "no slot has started for {}: {count} were due since the last that did",
                span(over)
            ));
        }
        Said::Nothing
    }

    /// The rules that fire.
    pub(super) fn causes(&self) -> impl Iterator<Item = (&String, &Cause)> {
        self.rules.iter().filter_map(|(name, own)| own.cause.as_ref().map(|cause| (name, cause)))
    }

    /// Whether any does.
    pub(super) fn fires(&self) -> bool {
        self.causes().next().is_some()
    }

    /// What bad slots on an axis tell.
    pub(super) fn evidence(&self, axis: Option<Axis>) -> Option<&Evidence> {
        self.marks[axis? as usize].evidence.as_ref()
    }

    /// When the last slot was due that was bad on any axis, as far as its alerts remember.
    pub(super) fn last_bad_ms(&self) -> Option<i64> {
        self.marks.iter().filter_map(|own| own.evidence.as_ref()).map(|own| own.last_ms).max()
    }

    /// Forgets rules that hold no longer.
    pub(super) fn keep_rules(&mut self, names: &[String], plan: &Plan) {
        self.rules.retain(|name, _| names.contains(name) && plan.alerts.contains_key(name));
    }
}

impl Around<'_> {
    fn slots(&self, watch: &Watch, axis: Axis, window: Duration) -> Counted {
        self.sums.slots(watch, axis, window, self.now_ms)
    }
}

impl Marks {
    /// How many slots a rule looks at that wants the last `of`, and none of the first `from`.
    fn last(&self, of: u32, from: u64) -> u32 {
        let fresh = u32::try_from(self.total.saturating_sub(from)).unwrap_or(u32::MAX);
        of.min(fresh).min(OF_MAX)
    }

    /// Bad ones among the `last`.
    fn among(&self, last: u32) -> u32 {
        let mask = u64::MAX.checked_shr(OF_MAX - last).unwrap_or(0);
        (self.bad & mask).count_ones()
    }
}

impl RuleState {
    fn after(mut self, said: Said, rule: &Rule, total: u64, now_ms: i64) -> Self {
        match (said, &mut self.cause) {
            (Said::Fires(sum), Some(cause)) => cause.sum = sum,
            (Said::Fires(sum), none) => *none = Some(Cause { since_ms: now_ms, sum, axis: axis(rule) }),
            (Said::Ends, Some(_)) => self = Self { from: total, cause: None },
            (Said::Ends | Said::Nothing, _) => {}
        }
        self
    }
}

impl Said {
    /// With what comes before the numbers.
    fn told_of(self, what: &str) -> Self {
        match self {
            Self::Fires(sum) => Self::Fires(format!("{what}: {sum}")),
            other => other,
        }
    }
}

/// Whether a budget burns too fast over both windows. Where the short one holds no slot, nothing has changed.
fn burning(long: (Duration, Counted), short: (Duration, Counted), factor: f64, objective: f64, fires: bool) -> Said {
    let burns = |own: &Counted| own.burn(objective) >= factor - CLOSE;
    if fires && short.1.seen() > 0 && !burns(&short.1) {
        return Said::Ends;
    }
    if burns(&long.1) && burns(&short.1) && long.1.bad >= BURNING_MIN {
        let rate = |(window, own): &(Duration, Counted)| {
            let (bad, seen, times) = (own.bad, own.seen(), number(own.burn(objective)));
            format!("{bad} of {seen} slots in {} were bad ({times} times)", span(*window))
        };
        return Said::Fires(format!("{}, {}", rate(&long), rate(&short)));
    }
    Said::Nothing
}

/// Whether too many exchanges took too long. Where there are too few to tell, nothing has changed.
fn slow(watch: &Watch, canary: &Canary, (over, exchanges_min): (Duration, u32), around: &Around<'_>) -> Said {
    let Some(slo) = canary.slo.latency else { return Said::Ends };
    let own = around.sums.exchanges(watch, over, around.now_ms);
    if own.seen() < u64::from(exchanges_min) {
        return Said::Nothing;
    }
    if own.bad_share() <= 1.0 - slo.share + CLOSE {
        return Said::Ends;
    }
    let (bad, seen, over, within) = (own.bad, own.seen(), span(over), span(slo.within));
    let (share, promised) = (percent(own.bad_share()), percent(1.0 - slo.share));
    Said::Fires(format!("{bad} of {seen} exchanges in {over} took longer than {within}: {share}, where {promised} may"))
}

const fn axis(rule: &Rule) -> Option<Axis> {
    match rule.when {
        When::Slots { axis, .. } | When::BurnRate { axis, .. } => Some(axis),
        When::Latency { .. } | When::AllMissed { .. } => None,
    }
}

/// What a slot says on `axis`. Whatever lies with us is never held against the target's availability.
fn mark(ended: &Ended, axis: Axis) -> Mark {
    let ours = ended.trouble.as_ref().is_some_and(|own| own.place.is_ours());
    match (axis, ended.mark(axis)) {
        (Axis::Availability, Mark::Bad) if ours => Mark::Void,
        (_, mark) => mark,
    }
}

fn counted(bad: u32, of: u32, axis: Axis) -> String {
    format!("{bad} of the last {of} slots were bad on {}", axis.word())
}
