//! A board as it may look on a bad night: eight canaries at two targets each.

use std::time::Duration;

use plumb_canary::slot::{Axis, Ended, Mark, Outcome, Phase, Place, Slot, SlotKind, Timing, Trouble, Watch};
use plumb_canary::view::{
    AlertView, BandView, Board, BudgetView, DeviationView, FindingView, SLOTS_MAX, SlotView, WatchView,
};

/// When the board is looked at: 2026-03-14 03:41:07 UTC.
pub(crate) const NOW_MS: i64 = 1_773_459_667_000;
pub(crate) const MINUTE_MS: i64 = 60_000;
/// The targets.
pub(crate) const TARGETS: [&str; 2] = ["eu-prod", "us-prod"];

/// A canary of the fixture.
struct Plan {
    name: &'static str,
    owner: &'static str,
    every_min: i64,
    base_us: u64,
}

const PLANS: [Plan; 8] = [
    Plan { name: "upload-download", owner: "storage-oncall", every_min: 1, base_us: 42_000 },
    Plan { name: "list-after-write", owner: "storage-oncall", every_min: 1, base_us: 61_000 },
    Plan { name: "multipart-upload", owner: "storage-oncall", every_min: 5, base_us: 480_000 },
    Plan { name: "conditional-writes", owner: "storage-oncall", every_min: 2, base_us: 55_000 },
    Plan { name: "signed-links", owner: "edge-team", every_min: 2, base_us: 38_000 },
    Plan { name: "access-denied", owner: "identity-team", every_min: 5, base_us: 29_000 },
    Plan { name: "version-history", owner: "storage-oncall", every_min: 5, base_us: 97_000 },
    Plan { name: "error-pairs", owner: "api-quality", every_min: 15, base_us: 1_900_000 },
];

/// The board.
pub(crate) fn board() -> Board {
    let watches = PLANS.iter().flat_map(|plan| TARGETS.iter().map(move |target| watch_view(plan, target)));
    let mut watches: Vec<WatchView> = watches.collect();
    watches.sort_by(|one, other| one.watch.cmp(&other.watch));
    Board {
        region: "eu-central".into(),
        now_ms: NOW_MS,
        up_since_ms: NOW_MS - 12 * 24 * 60 * MINUTE_MS,
        builds: vec![
            ("version".into(), "0.1.0".into()),
            ("storage-model".into(), "9f31c07be2a4".into()),
            ("suites".into(), "5d20aa81".into()),
        ],
        brake: None,
        watches,
        alerts: alerts(),
        deviations: deviations(),
        notices: vec![
            "The store moved slots-2026-03-11.db aside: it was torn. 412 rows of that day are missing.".into(),
        ],
    }
}

fn alerts() -> Vec<AlertView> {
    let alert =
        |id: &str, rule: &str, severity: &str, summary: &str, watches: &[(&str, &str)], minutes: i64| AlertView {
            id: id.into(),
            rule: rule.into(),
            severity: severity.into(),
            summary: summary.into(),
            watches: watches.iter().map(|(canary, target)| watch(canary, target)).collect(),
            since_ms: NOW_MS - minutes * MINUTE_MS,
        };
    let gone = [("upload-download", "us-prod"), ("list-after-write", "us-prod"), ("signed-links", "us-prod")];
    vec![
        alert(
            "a1",
            "unavailable",
            "page",
            "us-prod does not answer: 5 of the last 5 slots of 3 canaries are bad",
            &gone,
            21,
        ),
        alert(
            "a2",
            "wrong-answers",
            "page",
            "conditional-writes at eu-prod: 3 of the last 5 slots fail",
            &[("conditional-writes", "eu-prod")],
            46,
        ),
        alert(
            "a3",
            "budget-burns",
            "ticket",
            "version-history at eu-prod burns its error budget 6.2 times as fast as it may",
            &[("version-history", "eu-prod")],
            190,
        ),
    ]
}

fn deviations() -> Vec<DeviationView> {
    vec![
        DeviationView {
            what: "A listing with an empty delimiter answers 400 instead of 200".into(),
            owner: "storage-oncall".into(),
            reason: "fixed in 2.15, which goes out in April".into(),
            expires: "2026-04-30".into(),
        },
        DeviationView {
            what: "The error of a key that is too long names the wrong limit".into(),
            owner: "api-quality".into(),
            reason: "documented by the vendor".into(),
            expires: "2026-06-01".into(),
        },
    ]
}

pub(crate) fn watch(canary: &str, target: &str) -> Watch {
    Watch { canary: canary.into(), target: target.into() }
}

fn watch_view(plan: &Plan, target: &str) -> WatchView {
    let watch = watch(plan.name, target);
    let rows = rows(&watch);
    let slots: Vec<SlotView> = rows.iter().map(SlotView::from).collect();
    let last = rows.iter().rev().take_while(|row| row.outcome != Outcome::Pass).find_map(|row| row.trouble.clone());
    WatchView {
        owner: plan.owner.into(),
        runbook: Some(format!("https://runbooks.example/{}", plan.name)),
        cadence: format!("every {}m", plan.every_min),
        slots,
        trouble: last,
        budgets: budgets(plan.name, target),
        bands: bands(plan, target),
        deploys: if target == "eu-prod" {
            vec![(NOW_MS - 49 * MINUTE_MS, "storage 2.14.1".into())]
        } else {
            Vec::new()
        },
        findings: findings(plan.name, target),
        muted: (plan.name == "access-denied" && target == "us-prod")
            .then(|| (NOW_MS + 80 * MINUTE_MS, "identity provider is being moved".into())),
        watch,
    }
}

/// How the slot ended that is `back` slots before the last, at this watch.
fn ending(watch: &Watch, back: usize) -> (Outcome, Mark, Option<Place>) {
    let down = (Outcome::Inconclusive, Mark::Bad, Some(Place::Way(Phase::Connect)));
    let wrong = (Outcome::Fail, Mark::Good, Some(Place::Service));
    let passes = (Outcome::Pass, Mark::Good, None);
    match (watch.canary.as_str(), watch.target.as_str(), back) {
        ("upload-download" | "list-after-write", "us-prod", 0..22) | ("signed-links", "us-prod", 0..11) => down,
        ("signed-links", "us-prod", 40..43) => (Outcome::Inconclusive, Mark::Bad, Some(Place::Service)),
        ("conditional-writes", "eu-prod", 0..24) if back % 5 != 3 => wrong,
        ("version-history", "eu-prod", 9 | 16 | 17 | 31) => wrong,
        ("error-pairs", "us-prod", 0..4) => (Outcome::Inconclusive, Mark::Void, Some(Place::Credentials)),
        ("multipart-upload", "us-prod", 0..3) => (Outcome::Shed, Mark::Void, Some(Place::Agent)),
        ("access-denied", "us-prod", 0..5) => (Outcome::Skipped, Mark::Void, Some(Place::Agent)),
        (_, _, 33) => (Outcome::Missed, Mark::Void, Some(Place::Agent)),
        (_, _, 34) => (Outcome::Killed, Mark::Void, Some(Place::Agent)),
        ("upload-download", "eu-prod", 61) => (Outcome::Inconclusive, Mark::Void, Some(Place::Pool)),
        _ => passes,
    }
}

/// The ledger of a watch, the oldest first.
pub(crate) fn rows(watch: &Watch) -> Vec<Ended> {
    let plan = PLANS.iter().find(|plan| plan.name == watch.canary).expect("a canary of the fixture");
    let row = |back: usize| {
        let (outcome, availability, place) = ending(watch, back);
        let back_ms = i64::try_from(back).expect("few slots") * plan.every_min * MINUTE_MS;
        let retried = outcome == Outcome::Fail && back % 5 == 1;
        let kind = if retried { SlotKind::Retry } else { SlotKind::Scheduled };
        let slot = Slot { watch: watch.clone(), due_ms: NOW_MS - 23_000 - back_ms, kind };
        ended(plan, slot, outcome, availability, place)
    };
    (0..SLOTS_MAX).rev().map(row).collect()
}

fn ended(plan: &Plan, slot: Slot, outcome: Outcome, availability: Mark, place: Option<Place>) -> Ended {
    let timed_out = matches!(place, Some(Place::Way(_)));
    let total_us = if timed_out { 3_000_000 } else { u32::try_from(plan.base_us).expect("short") };
    let phases_us = [
        Some(1_200),
        Some(total_us / 8),
        Some(total_us / 6),
        (!timed_out).then_some(total_us / 2),
        (!timed_out).then_some(total_us / 6),
    ];
    let ran = outcome.ran();
    let conformance = match outcome {
        Outcome::Pass => Mark::Good,
        Outcome::Fail => Mark::Bad,
        _ => Mark::Void,
    };
    Ended {
        count: if outcome == Outcome::Missed { 3 } else { 1 },
        last_due_ms: slot.due_ms,
        outcome,
        availability,
        conformance,
        late_ms: if ran { 3 } else { 0 },
        duration_us: if ran { plan.base_us * 4 } else { 0 },
        timings: if ran { vec![Timing { phases_us, total_us }; 4] } else { Vec::new() },
        exchanges: if ran { 4 } else { 0 },
        judged: u32::from(ran),
        bytes: if ran { 131_072 } else { 0 },
        version: Some("storage 2.14.1".into()),
        trouble: place.map(|place| trouble(plan.name, &slot, outcome, place)),
        leaks: 0,
        slot,
    }
}

fn trouble(canary: &str, slot: &Slot, outcome: Outcome, place: Place) -> Trouble {
    let message = match (place, outcome) {
        (Place::Way(_), _) => "No connection to 198.51.100.7:443 within 3 s; DNS answered in 1.2 ms.",
        (Place::Service, Outcome::Fail) => {
            "PUT with If-None-Match: * over an existing key answered 200 and replaced it; 412 is the only permitted answer."
        }
        (Place::Service, _) => "503 three times in a row, with retries after 1 s and 2 s.",
        (Place::Credentials, _) => "The session token expired at 02:50; the file that it is read from was not renewed.",
        (Place::Pool, _) => "No bucket was free to be borrowed for 20 s.",
        (_, Outcome::Missed) => "The agent was asleep.",
        (_, Outcome::Killed) => "The agent was killed; the slot had begun.",
        (_, Outcome::Shed) => "128 slots were under way already, for longer than 5 s.",
        _ => "Maintenance: identity provider is being moved.",
    };
    let ran = outcome.ran() && outcome != Outcome::Killed;
    Trouble {
        place,
        message: message.into(),
        findings: if outcome == Outcome::Fail { vec!["7c1e09d2".into()] } else { Vec::new() },
        request_ids: if outcome == Outcome::Fail { vec!["4QW8YH2K1M3R7S".into()] } else { Vec::new() },
        traceparent: ran.then(|| "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        replay: ran.then(|| match outcome {
            Outcome::Fail => {
                format!("plumb replay /var/lib/plumb/findings/7c1e09d2.json --target {}", slot.watch.target)
            }
            _ => format!("plumb canary --once {canary} --target {}", slot.watch.target),
        }),
    }
}

fn budgets(canary: &str, target: &str) -> Vec<BudgetView> {
    let (available, conforms) = match (canary, target) {
        ("upload-download" | "list-after-write" | "signed-links", "us-prod") => (-0.41, 0.97),
        ("conditional-writes", "eu-prod") => (0.93, -2.2),
        ("version-history", "eu-prod") => (0.88, 0.14),
        _ => (0.91, 1.0),
    };
    let budget = |axis, objective: f64, left: f64| {
        let slots = 43_200.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred slots")]
        let bad = ((1.0 - objective) * slots * (1.0 - left)).round() as u64;
        BudgetView { axis, objective, window: "30d".into(), good: 43_200 - bad, bad, left }
    };
    vec![budget(Axis::Availability, 0.999, available), budget(Axis::Conformance, 0.9995, conforms)]
}

fn bands(plan: &Plan, target: &str) -> Vec<BandView> {
    let worse = |at: u64| if target == "eu-prod" && at > 50 { 1_400 } else { 1_000 };
    let band = |at: u64| {
        let wave = 1_000 + (at * 7_919 % 13) * 12;
        let p50_us = plan.base_us * wave / 1_000 * worse(at) / 1_000;
        let peak = if at % 17 == 5 { 3 } else { 1 };
        let from_ms = NOW_MS - i64::try_from(60 - at).expect("few bands") * 5 * MINUTE_MS;
        BandView { from_ms, p50_us, p90_us: p50_us * 16 / 10, p99_us: p50_us * (24 + at % 5) / 10 * peak }
    };
    (0..60).map(band).collect()
}

fn findings(canary: &str, target: &str) -> Vec<FindingView> {
    let open = |id: &str, sentence: &str, minutes, slots| FindingView {
        id: id.into(),
        sentence: sentence.into(),
        replay: format!("plumb replay /var/lib/plumb/findings/{id}.json --target {target}"),
        first_ms: NOW_MS - minutes * MINUTE_MS,
        last_ms: NOW_MS - 2 * MINUTE_MS,
        slots,
    };
    match (canary, target) {
        ("conditional-writes", "eu-prod") => vec![open(
            "7c1e09d2",
            "A write that must not replace a key replaces it: 200 where 412 is the only permitted answer",
            48,
            19,
        )],
        ("version-history", "eu-prod") => {
            vec![open("b8804a1f", "A listing of versions leaves out the newest delete marker", 190, 4)]
        }
        _ => Vec::new(),
    }
}

/// How long each slot of a canary takes to come round.
pub(crate) fn every(canary: &str) -> Duration {
    let plan = PLANS.iter().find(|plan| plan.name == canary).expect("a canary of the fixture");
    Duration::from_secs(u64::try_from(plan.every_min).expect("positive") * 60)
}

/// The canaries' names.
pub(crate) fn canaries() -> impl Iterator<Item = &'static str> {
    PLANS.iter().map(|plan| plan.name)
}
