//! One rule on one watch: what it did while a fault was planted, and after.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use plumb_canary::alert::{Alarms, Alert, AlertState};
use plumb_canary::plan::{Agent, Canary, Plan, Rule};
use plumb_canary::slot::{Ended, Watch};

use super::bound::Bound;
use super::plant::Plant;
use super::told::{Teller, Telling, Told};

/// When something happened, counted from the change before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// The slot at whose end it happened.
    pub(super) slots: u32,
    /// How many of them were really sent; the others are repeated.
    pub(super) sent: u32,
    /// How long that takes where nothing is sped up.
    pub(super) after: Duration,
}

/// What is said of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It fires, it clears, and somebody is told of both.
    Proven,
    /// One of these is not so.
    Failed,
    /// Nothing can be said.
    Unclear,
}

impl Verdict {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Failed => "failed",
            Self::Unclear => "unclear",
        }
    }
}

/// A rule in its test.
pub(super) struct Proof {
    pub(super) watch: Watch,
    pub(super) name: String,
    pub(super) rule: Rule,
    pub(super) canary: Canary,
    alarms: Alarms,
    telling: Result<Telling, String>,
    pub(super) fired: Option<Step>,
    pub(super) cleared: Option<Step>,
    /// Why it is not proven, and whether that is its own fault.
    why: Option<(Verdict, String)>,
    last: Option<Alert>,
}

/// What became of a rule.
pub(super) struct Proven {
    pub(super) watch: Watch,
    pub(super) name: String,
    pub(super) rule: Rule,
    pub(super) planted: String,
    pub(super) fired: Option<Step>,
    pub(super) cleared: Option<Step>,
    pub(super) told: Vec<Told>,
    pub(super) verdict: Verdict,
    pub(super) why: Option<String>,
}

impl Proof {
    /// The test of a rule of the plan. What would silence it is lifted: whether it fires is the question.
    pub(super) fn new(plan: &Plan, watch: &Watch, name: &str, teller: &Teller) -> Option<Self> {
        let (canary, rule) = (plan.canary(watch)?.clone(), plan.alerts.get(name)?.clone());
        let alone = alone(plan, watch, name);
        let telling = teller.begin(&alone);
        let alarms = Alarms::new(Arc::new(alone), None);
        let (watch, name) = (watch.clone(), name.to_owned());
        let (fired, cleared, why, last) = (None, None, None, None);
        Some(Self { watch, name, rule, canary, alarms, telling, fired, cleared, why, last })
    }

    /// The most slots that it can need from now on.
    pub(super) fn bound(&self, now_ms: i64) -> Bound<'_> {
        Bound { rule: &self.rule, canary: &self.canary, watch: &self.watch, now_ms }
    }

    /// Takes in a slot that is over, and tells of what it changes.
    pub(super) fn take(&mut self, ended: &Ended, step: Step) {
        let now_ms = ended.slot.due_ms;
        let mut said = self.alarms.observe(ended, now_ms);
        said.extend(self.alarms.tick(now_ms));
        said.retain(|own| own.rules.contains(&self.name));
        for alert in said {
            match alert.state {
                AlertState::Firing => self.fired = self.fired.or(Some(step)),
                AlertState::Resolved => self.cleared = self.cleared.or(Some(step)),
                AlertState::Updated | AlertState::Reminder => continue,
            }
            self.tell(alert);
        }
    }

    fn tell(&mut self, alert: Alert) {
        if let Ok(telling) = &mut self.telling {
            telling.push(&alert, &format!("self-test-{}-{}-{}", self.watch.canary, self.watch.target, self.name));
        }
        self.last = Some(alert);
    }

    /// Notes why it is not proven; the first reason stands.
    pub(super) fn note(&mut self, verdict: Verdict, why: &str) {
        self.why.get_or_insert_with(|| (verdict, why.to_owned()));
    }

    /// Whether nothing more is to be learned of it.
    pub(super) const fn is_over(&self) -> bool {
        self.cleared.is_some() || self.why.is_some()
    }

    /// Waits until everybody is told, for a bounded time, and says what became of it.
    pub(super) async fn end(mut self, plant: Plant) -> Proven {
        if self.fired.is_some()
            && self.cleared.is_none()
            && let Some(last) = self.last.take()
        {
            // Whoever was called must not go on with what never was.
            let summary = format!("the test is over, and it has not cleared by itself: {}", last.summary);
            self.tell(Alert { state: AlertState::Resolved, summary, ..last });
        }
        let told = match self.telling {
            Ok(telling) => telling.end().await,
            Err(why) => vec![Told { receiver: String::new(), why: Some(why) }],
        };
        let untold = told.iter().find_map(|own| Some((own, own.why.as_ref()?)));
        let untold = untold.map(|(own, why)| (Verdict::Failed, format!("{} is not told: {why}", own.receiver)));
        let failed = self.why.filter(|(verdict, _)| *verdict == Verdict::Failed || untold.is_none()).or(untold);
        let (verdict, why) = failed.map_or((Verdict::Proven, None), |(verdict, why)| (verdict, Some(why)));
        let planted = plant.words(&self.canary);
        let (fired, cleared) = (self.fired, self.cleared);
        Proven { watch: self.watch, name: self.name, rule: self.rule, planted, fired, cleared, told, verdict, why }
    }
}

/// The plan of one rule on one watch, with nothing that would silence it and no sign of life.
fn alone(plan: &Plan, watch: &Watch, name: &str) -> Plan {
    let mut canaries = BTreeMap::new();
    if let Some(own) = plan.canary(watch) {
        let (targets, alerts) = (vec![watch.target.clone()], vec![name.to_owned()]);
        let probation = Duration::ZERO;
        let canary = Canary { targets, alerts, probation, depends_on: Vec::new(), ..own.clone() };
        canaries.insert(watch.canary.clone(), canary);
    }
    let rule = plan.alerts.get(name).cloned();
    let told = |receiver: &String| rule.as_ref().is_some_and(|own| own.receivers.contains(receiver));
    let receivers = plan.receivers.iter().filter(|(own, _)| told(own)).map(|(own, how)| (own.clone(), how.clone()));
    Plan {
        agent: Agent { heartbeat: None, ..plan.agent.clone() },
        canaries,
        receivers: receivers.collect(),
        alerts: rule.into_iter().map(|rule| (name.to_owned(), rule)).collect(),
        maintenance: Vec::new(),
    }
}
