//! The alarms of the daemon itself, and of its credentials, which slots tell of.

use std::collections::BTreeSet;

use crate::slot::Place;

use super::super::page::Firing;
use super::super::text::{self, SENTENCE_MAX, WATCHES_MAX, safe};
use super::super::{Alert, OWN_REMINDER, OwnTrouble};
use super::{Alarms, Own};

impl Alarms {
    /// Takes in a trouble of the daemon itself: what is known of it, or none once it is over.
    pub fn own(&mut self, what: &OwnTrouble, detail: Option<&str>, now_ms: i64) -> Vec<Alert> {
        self.listen(now_ms);
        if detail.is_none() && !self.own.contains_key(what) {
            return Vec::new();
        }
        let own = self.own.entry(what.clone()).or_default();
        if detail.is_some() {
            own.since_ms = own.detail.as_ref().map_or(now_ms, |_| own.since_ms);
            own.last_ms = now_ms;
        }
        own.detail = detail.map(|text| safe(text, SENTENCE_MAX));
        self.step_own(what, now_ms)
    }

    /// Says what the slots at a target tell of its credentials.
    pub(super) fn credentials(&mut self, target: &str, now_ms: i64) -> Vec<Alert> {
        let mut here = self.watches.iter().filter(|(watch, _)| watch.target == target);
        let detail = here.find_map(|(_, own)| own.credentials.clone());
        self.own(&OwnTrouble::Credentials(target.to_owned()), detail.as_deref(), now_ms)
    }

    pub(super) fn step_own(&mut self, what: &OwnTrouble, now_ms: i64) -> Vec<Alert> {
        let alert = self.own.get(what).and_then(|own| self.own_alert(what, own, now_ms));
        let Some(own) = self.own.get_mut(what) else { return Vec::new() };
        let active = alert.is_some();
        let firing = Firing { audible: alert, active, reminder: Some(OWN_REMINDER), holders: &self.holders, now_ms };
        own.page.step(firing)
    }

    fn own_alert(&self, what: &OwnTrouble, own: &Own, now_ms: i64) -> Option<Alert> {
        let detail = own.detail.as_ref()?;
        let id = text::id(&[&self.plan.agent.region, "agent", what.word(), what.subject()]);
        let mut alert = text::blank(&self.plan.agent.region, id, what.severity(), "", now_ms);
        alert.rules = vec![what.word().to_owned()];
        alert.summary = safe(&format!("agent in {}: {}: {detail}", alert.region, what.sentence()), SENTENCE_MAX);
        (alert.since_ms, alert.first_ms, alert.last_ms) = (own.since_ms, own.since_ms, own.last_ms);
        alert.receivers = self.told_of_own(what);
        if let OwnTrouble::Credentials(target) = what {
            alert.place = Some(Place::Credentials.words());
            let here = self.watches.iter().filter(|(watch, own)| watch.target == *target && own.credentials.is_some());
            for (watch, _) in here.take(WATCHES_MAX) {
                text::name(&mut alert, &self.plan, watch);
            }
        }
        Some(alert)
    }

    /// Who is told of troubles as bad as this: whoever is told by a rule with the same severity, or everybody where there
    /// is none. A receiver that cannot be told anything is not told so.
    fn told_of_own(&self, what: &OwnTrouble) -> Vec<String> {
        let deaf = if let OwnTrouble::Delivery(receiver) = what { receiver.as_str() } else { "" };
        let rules = self.plan.alerts.values().filter(|rule| rule.severity == what.severity());
        let named: BTreeSet<&String> = rules.flat_map(|rule| &rule.receivers).collect();
        let able = |name: &&&String| name.as_str() != deaf && self.plan.receivers.contains_key(**name);
        let told: Vec<String> = named.iter().filter(able).map(|name| (*name).clone()).collect();
        if told.is_empty() {
            return self.plan.receivers.keys().filter(|name| *name != deaf).cloned().collect();
        }
        told
    }
}
