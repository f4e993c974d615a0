//! Plans to try the scheduler with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use plumb_canary::plan::{Agent, Canary, During, Maintenance, Plan, Retention, Slo};
use plumb_canary::schedule::Cadence;
use plumb_canary::slot::Watch;

/// A plan without limits that anybody would meet, and without canaries.
pub(crate) fn plan() -> Plan {
    let agent = Agent {
        region: "eu".to_owned(),
        state: PathBuf::from("/nowhere"),
        listen: None,
        access: None,
        public_url: None,
        slots_max: 10_000,
        slots_per_target_max: 10_000,
        wait_max: Duration::from_secs(5),
        drain_max: Duration::from_secs(30),
        retention: Retention { days: 1, bytes: 1 },
        heartbeat: None,
        leaks_max: 0,
        reference: None,
    };
    let (canaries, alerts, receivers) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    Plan { agent, canaries, alerts, receivers, maintenance: Vec::new() }
}

/// A canary at these targets.
pub(crate) fn canary(cadence: Cadence, targets: &[&str]) -> Canary {
    Canary {
        targets: targets.iter().map(|target| (*target).to_owned()).collect(),
        cadence,
        timeout: Duration::from_secs(30),
        retry_every: None,
        overlap: false,
        writes: false,
        writes_when_spent: false,
        slo: Slo { availability: None, conformance: None, window: Duration::from_hours(24), latency: None },
        owner: "storage".to_owned(),
        runbook: None,
        probation: Duration::ZERO,
        depends_on: Vec::new(),
        alerts: Vec::new(),
    }
}

/// An interval in seconds.
pub(crate) fn every(seconds: u64) -> Cadence {
    Cadence::every(Duration::from_secs(seconds)).expect("a good interval")
}

/// A plan with canaries of these names.
pub(crate) fn with(canaries: Vec<(&str, Canary)>) -> Plan {
    Plan { canaries: canaries.into_iter().map(|(name, own)| (name.to_owned(), own)).collect(), ..plan() }
}

/// A plan with one canary at `eu-1`, once in so many seconds.
pub(crate) fn one(seconds: u64) -> Plan {
    with(vec![("objects", canary(every(seconds), &["eu-1"]))])
}

/// Its watch.
pub(crate) fn watch() -> Watch {
    Watch { canary: "objects".to_owned(), target: "eu-1".to_owned() }
}

/// A maintenance of everything.
pub(crate) fn maintenance(from_ms: i64, until_ms: i64, keeps_checking: bool) -> Maintenance {
    let during = During::Once { from_ms, until_ms };
    Maintenance { reason: "disks".to_owned(), targets: Vec::new(), canaries: Vec::new(), during, keeps_checking }
}
