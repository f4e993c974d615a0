//! The state machine: what it is told, and what it says.

mod own;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::{Plan, Receiver};
use crate::slo::{Sums, millis};
use crate::slot::{Ended, Watch};
use crate::view::AlertView;

use super::Alert;
use super::own::{Own, OwnTrouble};
use super::page::{Firing, Page};
use super::quiet::{self, Hold, maintained};
use super::text::{self, Active, SENTENCE_MAX, WATCHES_MAX, safe};
use super::watching::{Around, Watching};

/// One alert at a time: an endpoint and a severity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Key {
    target: String,
    severity: String,
}

/// What must outlive the daemon: what fires, what has been told, and the last slots. Whoever keeps it does so once the
/// alerts that came with it are safely queued.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    #[serde(default)]
    watches: Vec<(Watch, Watching)>,
    #[serde(default)]
    pages: Vec<(Key, Page)>,
    #[serde(default)]
    own: Vec<(OwnTrouble, Own)>,
}

/// All alerts of a daemon. No clock: the time is passed in, in milliseconds since 1970.
pub struct Alarms {
    plan: Arc<Plan>,
    sums: Sums,
    watches: BTreeMap<Watch, Watching>,
    /// Those for which a rule fires.
    troubled: BTreeSet<Watch>,
    pages: BTreeMap<Key, Page>,
    own: BTreeMap<OwnTrouble, Own>,
    /// For each canary those without which it cannot work.
    needs: BTreeMap<String, BTreeSet<String>>,
    /// Receivers that hold alerts.
    holders: BTreeSet<String>,
    /// Since when it listens.
    alive_ms: Option<i64>,
    /// When it was told something last.
    now_ms: i64,
}

impl fmt::Debug for Alarms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Alarms").field("pages", &self.pages).field("own", &self.own).finish_non_exhaustive()
    }
}

impl Alarms {
    /// Nothing fires, but for what was `kept`. What the plan no longer has is told to be over at the next
    /// [`Self::tick`].
    pub fn new(plan: Arc<Plan>, kept: Option<Kept>) -> Self {
        let kept = kept.unwrap_or_default();
        let mut watches: BTreeMap<Watch, Watching> = kept.watches.into_iter().collect();
        watches.retain(|watch, own| {
            let canary = plan.canary(watch);
            canary.inspect(|canary| own.keep_rules(&canary.alerts, &plan)).is_some()
        });
        let holds = |own: &&Receiver| matches!(own, Receiver::Alertmanager { .. });
        let holders = plan.receivers.iter().filter(|(_, own)| holds(own)).map(|(name, _)| name.clone()).collect();
        Self {
            sums: Sums::new(plan.clone()),
            troubled: watches.iter().filter(|(_, own)| own.fires()).map(|(watch, _)| watch.clone()).collect(),
            watches,
            pages: kept.pages.into_iter().collect(),
            own: kept.own.into_iter().collect(),
            needs: quiet::needs(&plan.canaries),
            holders,
            alive_ms: None,
            now_ms: 0,
            plan,
        }
    }

    /// The sums over windows that the alerts are made of.
    pub const fn sums(&self) -> &Sums {
        &self.sums
    }

    /// The same, to be warmed with the past.
    pub const fn sums_mut(&mut self) -> &mut Sums {
        &mut self.sums
    }

    /// Takes in a slot that is over.
    pub fn observe(&mut self, ended: &Ended, now_ms: i64) -> Vec<Alert> {
        let (plan, watch) = (self.plan.clone(), &ended.slot.watch);
        let Some(canary) = plan.canary(watch) else { return Vec::new() };
        let alive_ms = self.listen(now_ms);
        self.sums.take(ended);
        let own = self.watches.entry(watch.clone()).or_insert_with(|| Watching::new(ended.slot.due_ms));
        let expired = own.credentials.is_some();
        own.take(ended);
        own.ask_rules(watch, canary, &Around { plan: &plan, sums: &self.sums, now_ms, alive_ms }, false);
        let expired = expired || own.credentials.is_some();
        note(&mut self.troubled, watch, own);
        let mut said = self.refresh(&watch.target, now_ms);
        if expired {
            said.extend(self.credentials(&watch.target, now_ms));
        }
        said
    }

    /// Lets time pass: what is missed, what ends by itself, what must be told again, what may be told now.
    pub fn tick(&mut self, now_ms: i64) -> Vec<Alert> {
        let plan = self.plan.clone();
        let alive_ms = self.listen(now_ms);
        let around = Around { plan: &plan, sums: &self.sums, now_ms, alive_ms };
        for (watch, own) in &mut self.watches {
            if let Some(canary) = plan.canary(watch) {
                if own.is_idle() && maintained(&plan, watch, now_ms).is_some() {
                    own.rest(now_ms);
                }
                own.ask_rules(watch, canary, &around, true);
                note(&mut self.troubled, watch, own);
            }
        }
        let mut said = Vec::new();
        for target in self.targets() {
            said.extend(self.refresh(&target, now_ms));
        }
        let troubles: Vec<OwnTrouble> = self.own.keys().cloned().collect();
        for what in troubles {
            said.extend(self.step_own(&what, now_ms));
        }
        self.pages.retain(|_, own| !own.is_over());
        self.own.retain(|_, own| own.detail.is_some() || !own.page.is_over());
        said
    }

    /// Everything that fires, told or not, the worst first.
    pub fn firing(&self) -> Vec<AlertView> {
        let mut views = Vec::new();
        for target in self.targets() {
            let active = self.active(&target, self.now_ms);
            let severities: BTreeSet<&String> = active.iter().map(|own| self.severity(own)).collect();
            for severity in severities {
                let all: Vec<&Active<'_>> = active.iter().filter(|own| self.severity(own) == severity).collect();
                views.push(self.view(&target, severity, &all));
            }
        }
        let held =
            |own: &Page| own.last.clone().filter(|last| own.open && !views.iter().any(|view| view.id == last.id));
        let quiet: Vec<Alert> =
            self.pages.values().chain(self.own.values().map(|own| &own.page)).filter_map(held).collect();
        views.extend(quiet.into_iter().map(|last| shown(last, "")));
        views.sort_by_key(|view| (rank(&view.severity), view.since_ms, view.id.clone()));
        views
    }

    /// What must outlive the daemon.
    pub fn kept(&self) -> Kept {
        let pairs = |(watch, own): (&Watch, &Watching)| (watch.clone(), own.clone());
        Kept {
            watches: self.watches.iter().map(pairs).collect(),
            pages: self.pages.iter().map(|(key, own)| (key.clone(), own.clone())).collect(),
            own: self.own.iter().map(|(what, own)| (what.clone(), own.clone())).collect(),
        }
    }

    /// Until when nobody is told of a watch, in milliseconds since 1970, where that is known, and why.
    pub fn muted(&self, watch: &Watch) -> Option<(Option<i64>, String)> {
        let until_ms = |hold: &Hold| if let Hold::Probation(until_ms) = hold { Some(*until_ms) } else { None };
        self.hold(watch, self.now_ms).map(|hold| (until_ms(&hold), hold.words()))
    }

    fn listen(&mut self, now_ms: i64) -> i64 {
        self.now_ms = now_ms;
        *self.alive_ms.get_or_insert(now_ms)
    }

    /// Every target of which something may be said.
    fn targets(&self) -> BTreeSet<String> {
        let firing = self.troubled.iter().map(|watch| watch.target.clone());
        firing.chain(self.pages.keys().map(|key| key.target.clone())).collect()
    }

    /// Why nobody is told of a watch, leaving out what fires elsewhere.
    fn hold(&self, watch: &Watch, now_ms: i64) -> Option<Hold> {
        let probation = self.plan.canary(watch).map(|own| millis(own.probation)).unwrap_or_default();
        let until_ms = self.watches.get(watch).map_or(now_ms, |own| own.first_ms.saturating_add(probation));
        if now_ms < until_ms {
            return Some(Hold::Probation(until_ms));
        }
        // What was seen in a maintenance alone, and not since, is nothing to be told of once it is over.
        let seen_ms = self.watches.get(watch).and_then(Watching::last_bad_ms).unwrap_or(now_ms);
        let reason = maintained(&self.plan, watch, now_ms).or_else(|| maintained(&self.plan, watch, seen_ms));
        reason.map(|reason| Hold::Maintenance(safe(&reason, SENTENCE_MAX)))
    }

    /// What fires at a target, and why nobody is told of it.
    fn active(&self, target: &str, now_ms: i64) -> Vec<Active<'_>> {
        let here = self.troubled.iter().filter(|watch| watch.target == target);
        let here = here.filter_map(|watch| self.watches.get_key_value(watch));
        let all: Vec<(&Watch, &Watching, Option<Hold>)> =
            here.map(|(watch, own)| (watch, own, self.hold(watch, now_ms))).collect();
        // A canary that is new proves nothing, and holds nobody back.
        let proven = || all.iter().filter(|(_, _, hold)| !matches!(hold, Some(Hold::Probation(_))));
        let needed = |watch: &Watch| {
            let needs = self.needs.get(&watch.canary)?;
            proven()
                .find(|(other, ..)| needs.contains(&other.canary))
                .map(|(other, ..)| Hold::Inhibited((*other).clone()))
        };
        let mut active = Vec::new();
        for (watch, watching, hold) in &all {
            let hold = hold.clone().or_else(|| needed(watch));
            active.extend(watching.causes().map(|(rule, cause)| Active {
                watch,
                rule,
                cause,
                watching,
                hold: hold.clone(),
            }));
        }
        active
    }

    fn severity(&self, active: &Active<'_>) -> &String {
        const NONE: &String = &String::new();
        self.plan.alerts.get(active.rule).map_or(NONE, |rule| &rule.severity)
    }

    /// Says what has changed at a target.
    fn refresh(&mut self, target: &str, now_ms: i64) -> Vec<Alert> {
        let active = self.active(target, now_ms);
        let mut severities: BTreeSet<String> = active.iter().map(|own| self.severity(own).clone()).collect();
        severities.extend(self.pages.keys().filter(|key| key.target == target).map(|key| key.severity.clone()));
        let firing: Vec<_> =
            severities.into_iter().map(|severity| self.firing_with(target, severity, &active, now_ms)).collect();
        let mut said = Vec::new();
        for (severity, active, audible, reminder) in firing {
            let key = Key { target: target.to_owned(), severity };
            let page = self.pages.entry(key).or_default();
            said.extend(page.step(Firing { audible, active, reminder, holders: &self.holders, now_ms }));
        }
        said
    }

    fn firing_with(
        &self,
        target: &str,
        severity: String,
        active: &[Active<'_>],
        now_ms: i64,
    ) -> (String, bool, Option<Alert>, Option<Duration>) {
        let own: Vec<&Active<'_>> = active.iter().filter(|own| *self.severity(own) == severity).collect();
        let audible: Vec<&Active<'_>> = own.iter().filter(|own| own.hold.is_none()).copied().collect();
        let reminder = audible.iter().filter_map(|own| self.plan.alerts.get(own.rule)?.reminder).min();
        let alert = (!audible.is_empty()).then(|| {
            let mut alert = text::compose(&self.plan, target, &severity, &audible, now_ms);
            alert.inhibited = inhibited(&self.needs, active, &audible);
            alert
        });
        (severity, !own.is_empty(), alert, reminder)
    }

    fn view(&self, target: &str, severity: &str, all: &[&Active<'_>]) -> AlertView {
        let alert = text::compose(&self.plan, target, severity, all, self.now_ms);
        let silent = all.iter().all(|own| own.hold.is_some());
        let why = all.iter().find_map(|own| own.hold.as_ref()).filter(|_| silent);
        shown(alert, &why.map(|hold| format!("; nobody is told: {}", hold.words())).unwrap_or_default())
    }
}

/// Remembers whether a rule fires for a watch, so that nobody has to look through all of them.
fn note(troubled: &mut BTreeSet<Watch>, watch: &Watch, own: &Watching) {
    if !own.fires() {
        troubled.remove(watch);
    } else if !troubled.contains(watch) {
        troubled.insert(watch.clone());
    }
}

/// Watches that tell nobody because of those that do.
fn inhibited(needs: &BTreeMap<String, BTreeSet<String>>, active: &[Active<'_>], audible: &[&Active<'_>]) -> Vec<Watch> {
    let because = |own: &&Active<'_>| {
        let needed = needs.get(&own.watch.canary);
        matches!(own.hold, Some(Hold::Inhibited(_)))
            && needed.is_some_and(|needed| audible.iter().any(|other| needed.contains(&other.watch.canary)))
    };
    let watches: BTreeSet<&Watch> = active.iter().filter(because).map(|own| own.watch).collect();
    watches.into_iter().take(WATCHES_MAX).cloned().collect()
}

fn shown(alert: Alert, note: &str) -> AlertView {
    let (rule, summary) = (alert.rules.join(", "), alert.summary + note);
    let Alert { id, severity, watches, since_ms, .. } = alert;
    AlertView { id, rule, severity, summary, watches, since_ms }
}

/// The words that are known for bad come first.
fn rank(severity: &str) -> u8 {
    match severity {
        "critical" | "page" => 0,
        "ticket" | "warning" => 2,
        "info" => 3,
        _ => 1,
    }
}
