//! When nobody is told, although something fires.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Canary, Plan};
use crate::slot::Watch;

/// Why nobody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// The canary is new: until then, in milliseconds since 1970.
    Probation(i64),
    /// Somebody works on the target, and why.
    Maintenance(String),
    /// A canary without which this one cannot work has an alert at the same target.
    Inhibited(Watch),
}

/// Tells whether a watch is under maintenance at a moment, in milliseconds since 1970, and why.
pub type Maintained = dyn Fn(&Plan, &Watch, i64) -> Option<String> + Send + Sync;

/// Why a watch is under maintenance at a moment, where it is: once, or again and again.
pub fn maintained(plan: &Plan, watch: &Watch, now_ms: i64) -> Option<String> {
    plan.maintenance.iter().find(|own| own.holds(watch, now_ms)).map(|own| own.reason.clone())
}

/// For each canary those without which it cannot work, however far away. Two that need each other hold neither back.
pub(super) fn needs(canaries: &BTreeMap<String, Canary>) -> BTreeMap<String, BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<String>> =
        canaries.keys().map(|name| (name, reachable(canaries, name))).collect();
    let mutual = |one: &String, other: &String| reached.get(other).is_some_and(|own| own.contains(one));
    let own = |name: &String, needed: &BTreeSet<String>| {
        needed.iter().filter(|other| *other != name && !mutual(name, other)).cloned().collect()
    };
    reached.iter().map(|(name, needed)| ((*name).clone(), own(name, needed))).collect()
}

fn reachable(canaries: &BTreeMap<String, Canary>, name: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![name];
    while let Some(name) = open.pop() {
        let needed = canaries.get(name).map_or(&[][..], |own| &own.depends_on);
        open.extend(needed.iter().filter(|next| reached.insert((*next).clone())).map(String::as_str));
    }
    reached
}

impl Hold {
    /// The reason in words.
    pub fn words(&self) -> String {
        match self {
            Self::Probation(until_ms) => format!("on probation until {}", super::text::moment(*until_ms)),
            Self::Maintenance(reason) => format!("maintenance: {reason}"),
            Self::Inhibited(by) => format!("cannot work without {by}, which has an alert"),
        }
    }
}
