//! Whether what earlier runs have left can stand for a run of the gate.

use plumb_gate::verdict::Said;

use super::{Asking, in_words};
use crate::engine::BUDGET_SPENT;
use crate::gate::evidence::{Evidence, Shown, Told};

impl Asking<'_> {
    /// Asks whether a run can be evidence; whether it is.
    pub(super) fn evidence(&mut self, evidence: &Evidence) -> bool {
        if let Some(why) = &evidence.unkept {
            self.say("record", Said::Inconclusive, format!("not all that was seen could be kept: {why}"));
        }
        let (Some(folder), Some(told)) = (&evidence.from, evidence.told()) else { return true };
        let folder = folder.display();
        if let Some(why) = self.wrong(evidence, &told).or_else(|| self.stale(evidence)) {
            self.say("evidence", Said::Inconclusive, format!("{folder} {why}"));
            return false;
        }
        let age = evidence.began().map(|began| in_words(self.now.duration_since(began).unsigned_abs()));
        self.say("evidence", Said::Pass, format!("{folder} began {} ago", age.unwrap_or_default()));
        true
    }

    /// What makes a run one about something else.
    fn wrong(&self, evidence: &Evidence, told: &Told<'_>) -> Option<String> {
        let ours = format!("{} {}", env!("CARGO_PKG_VERSION"), self.model);
        let theirs = format!("{} {}", told.version, told.model);
        let address = |own: Option<&str>| own.unwrap_or("what its name resolves to").to_owned();
        let (at, wanted) = (address(told.connected_to), address(self.seen.connected_to.as_deref()));
        let flavour = self.seen.flavour.as_deref().unwrap_or(told.flavour);
        if told.api != self.plan.api {
            Some(format!("is about the API {:?}, the gate about {:?}", told.api, self.plan.api))
        } else if told.endpoint != self.seen.endpoint {
            Some(format!("is about {}, the target is at {}", told.endpoint, self.seen.endpoint))
        } else if at != wanted {
            Some(format!("was gathered at {at}, the target is at {wanted}"))
        } else if told.flavour != flavour {
            Some(format!("was judged as the flavour {:?}, the target is {flavour:?}", told.flavour))
        } else if theirs != ours {
            Some(format!("was judged by another model: {theirs}, this one is {ours}"))
        } else if let Some(other) = self.asked.and_then(|asked| asked.differs(&evidence.shown)) {
            Some(format!("did not ask what this gate asks: {other}"))
        } else {
            let is_cut = self.plan.cases.as_ref().is_some_and(|own| own.budget.is_none())
                && evidence.early().is_some_and(|early| early == BUDGET_SPENT);
            is_cut.then(|| "ended at a budget, and the gate has none".to_owned())
        }
    }

    /// What makes a run too old, or too young.
    fn stale(&self, evidence: &Evidence) -> Option<String> {
        let Some(began) = evidence.began() else { return Some("does not tell when it began".into()) };
        let age = self.now.duration_since(began);
        if age.is_negative() {
            return Some("began in the future: is a clock wrong?".into());
        }
        let (age, most) = (age.unsigned_abs(), self.plan.max_age);
        (age > most).then(|| format!("began {} ago, and evidence may be {} old", in_words(age), in_words(most)))
    }

    /// Whether the parts of a run that was dealt to several machines are the whole.
    pub(super) fn shards(&mut self) {
        if let Some(why) = self.asked.and_then(|_| missing_shard(&self.seen.evidence)) {
            self.say("evidence", Said::Inconclusive, why);
        }
    }
}

/// The part that is missing of a run that was dealt to several machines.
fn missing_shard(all: &[Evidence]) -> Option<String> {
    let shards = all.iter().filter_map(|own| match &own.shown {
        Shown::Suites(report) => report.started.cases.shard.as_deref()?.split_once('/'),
        _ => None,
    });
    let shards: Vec<(&str, &str)> = shards.collect();
    let (_, of) = shards.first()?;
    let parts = 1..=of.parse::<u32>().ok()?;
    let missing = parts.into_iter().find(|part| !shards.contains(&(part.to_string().as_str(), *of)))?;
    Some(format!("the part {missing}/{of} of the cases is missing"))
}
