//! What the metrics of a thousand watches take in memory: a process of its own, so that nothing else is counted.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use plumb_canary::metrics::Metrics;
use plumb_canary::plan::{Agent, Canary, Plan, Retention, Slo};
use plumb_canary::schedule::Cadence;
use plumb_canary::slot::{Ended, Outcome, Slot, SlotKind, Timing};

/// What they may take at most, in bytes.
const BYTES_MAX: usize = 5 * 1024 * 1024;
/// The size of a page of memory. Where pages are larger, less is counted than there is, never more.
const PAGE_BYTES: usize = 4_096;
const CANARIES: usize = 100;
const TARGETS: usize = 10;
const SLOTS_PER_WATCH: i64 = 50;

/// The bytes that the process holds in memory (proc(5), `/proc/pid/statm`, the second number).
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("it is read");
    let pages: usize = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number of pages");
    pages * PAGE_BYTES
}

fn plan() -> Plan {
    let canary = Canary {
        targets: (0..TARGETS).map(|number| format!("region-{number}-production")).collect(),
        cadence: Cadence::Every(Duration::from_secs(1)),
        timeout: Duration::from_secs(1),
        retry_every: None,
        overlap: false,
        writes: false,
        writes_when_spent: false,
        slo: Slo { availability: Some(0.999), conformance: Some(0.999), window: Duration::from_mins(1), latency: None },
        owner: String::new(),
        runbook: None,
        probation: Duration::ZERO,
        depends_on: Vec::new(),
        alerts: Vec::new(),
    };
    let agent = Agent {
        region: "here".into(),
        state: PathBuf::new(),
        listen: None,
        access: None,
        public_url: None,
        slots_max: 1,
        slots_per_target_max: 1,
        wait_max: Duration::ZERO,
        drain_max: Duration::ZERO,
        retention: Retention { days: 1, bytes: 1 },
        heartbeat: None,
        leaks_max: 1,
        reference: None,
    };
    let canaries =
        (0..CANARIES).map(|number| (format!("a-canary-of-usual-length-{number:03}"), canary.clone())).collect();
    Plan { agent, canaries, alerts: BTreeMap::new(), receivers: BTreeMap::new(), maintenance: Vec::new() }
}

#[test]
fn a_thousand_watches_take_less_than_five_megabytes() {
    let plan = plan();
    let watches: Vec<_> = plan.watches().map(|(watch, _)| watch).collect();
    assert_eq!(watches.len(), 1_000);
    let before = resident();
    let metrics = Metrics::new("here", Vec::new());
    metrics.follow(&plan);
    for at in 0..SLOTS_PER_WATCH {
        for watch in &watches {
            let slot = Slot { watch: watch.clone(), due_ms: at * 1_000, kind: SlotKind::Scheduled };
            let mut ended = Ended::without_start(slot, Outcome::Pass, "");
            ended.timings = vec![Timing { phases_us: [Some(100); 5], total_us: 500 }];
            metrics.ended(&ended);
        }
    }
    let taken = resident().saturating_sub(before);
    assert!(taken < BYTES_MAX, "{taken} bytes");
    drop(metrics);
}
