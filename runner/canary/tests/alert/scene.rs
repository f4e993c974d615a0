//! A daemon's alarms, fed with slots a minute apart.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plumb_canary::alert::{Alarms, Alert, AlertState};
use plumb_canary::plan::{Agent, Canary, LatencySlo, Plan, Receiver, Retention, Rule, Slo, Text, When};
use plumb_canary::schedule::Cadence;
use plumb_canary::slot::{Axis, Ended, Mark, Outcome, Phase, Place, Slot, SlotKind, Trouble, Watch};

pub(crate) const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const HOUR: Duration = Duration::from_hours(1);
pub(crate) const MINUTE_MS: i64 = 60_000;
/// A moment on a full hour.
pub(crate) const START_MS: i64 = 1_700_000_000_000 / 3_600_000 * 3_600_000;

pub(crate) fn watch(canary: &str, target: &str) -> Watch {
    Watch { canary: canary.to_owned(), target: target.to_owned() }
}

pub(crate) fn slots(axis: Axis, bad: u32, of: u32) -> Rule {
    rule(When::Slots { axis, bad, of })
}

/// A rule that pages `phone`.
pub(crate) fn rule(when: When) -> Rule {
    let receivers = vec!["phone".to_owned()];
    Rule { when, severity: "page".to_owned(), receivers, reminder: None, resolve_after: 2 }
}

pub(crate) fn canary(targets: &[&str], alerts: &[&str]) -> Canary {
    let words = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Canary {
        targets: words(targets),
        cadence: Cadence::Every(MINUTE),
        timeout: MINUTE,
        retry_every: None,
        overlap: false,
        writes: false,
        writes_when_spent: false,
        slo: Slo {
            availability: Some(0.99),
            conformance: Some(0.99),
            window: 24 * HOUR,
            latency: Some(LatencySlo { share: 0.9, within: Duration::from_millis(100) }),
        },
        owner: "storage".to_owned(),
        runbook: Some("https://runbooks.example/reads".to_owned()),
        probation: Duration::ZERO,
        depends_on: Vec::new(),
        alerts: words(alerts),
    }
}

/// A plan of these canaries and rules.
pub(crate) fn plan(canaries: &[(&str, Canary)], rules: &[(&str, Rule)]) -> Plan {
    let agent = Agent {
        region: "eu".to_owned(),
        state: PathBuf::new(),
        listen: None,
        access: None,
        public_url: Some("https://plumb.example".to_owned()),
        slots_max: 1,
        slots_per_target_max: 1,
        wait_max: MINUTE,
        drain_max: MINUTE,
        retention: Retention { days: 1, bytes: 1 },
        heartbeat: None,
        leaks_max: 1,
        reference: None,
    };
    let webhook = Receiver::Webhook {
        url: Text::Open("http://127.0.0.1:9/".to_owned()),
        template: None,
        content_type: "application/json".to_owned(),
        authorization: None,
    };
    let manager = Receiver::Alertmanager { url: Text::Open("http://127.0.0.1:9".to_owned()), authorization: None };
    let receivers = [("desk", webhook.clone()), ("phone", webhook), ("manager", manager)];
    Plan {
        agent,
        canaries: owned(canaries),
        alerts: owned(rules),
        receivers: owned(&receivers),
        maintenance: Vec::new(),
    }
}

fn owned<T: Clone>(pairs: &[(&str, T)]) -> BTreeMap<String, T> {
    pairs.iter().map(|(name, own)| ((*name).to_owned(), own.clone())).collect()
}

/// A canary `reads` at `shop` with one rule.
pub(crate) fn one(rule: Rule) -> Plan {
    plan(&[("reads", canary(&["shop"], &["rule"]))], &[("rule", rule)])
}

/// What a slot came to, in one letter: `.` good on both axes, `x` black-holed, `c` a divergence, `p` a trouble of the
/// pool, `k` expired credentials, `i` nothing to say, `m` missed, `s` skipped, `o` shed, `d` killed.
pub(crate) fn ended(watch: Watch, due_ms: i64, letter: char) -> Ended {
    let (outcome, availability, conformance, place) = match letter {
        '.' => (Outcome::Pass, Mark::Good, Mark::Good, None),
        'x' => (Outcome::Inconclusive, Mark::Bad, Mark::Void, Some(Place::Way(Phase::Connect))),
        'c' => (Outcome::Fail, Mark::Good, Mark::Bad, Some(Place::Service)),
        // Marked as bad although it is ours: the alarms must know better.
        'p' => (Outcome::Inconclusive, Mark::Bad, Mark::Void, Some(Place::Pool)),
        'k' => (Outcome::Inconclusive, Mark::Bad, Mark::Void, Some(Place::Credentials)),
        'i' => (Outcome::Inconclusive, Mark::Void, Mark::Void, None),
        'm' => (Outcome::Missed, Mark::Void, Mark::Void, None),
        's' => (Outcome::Skipped, Mark::Void, Mark::Void, None),
        'o' => (Outcome::Shed, Mark::Void, Mark::Void, None),
        'd' => (Outcome::Killed, Mark::Void, Mark::Void, None),
        other => panic!("no slot is {other}"),
    };
    let slot = Slot { watch, due_ms, kind: SlotKind::Scheduled };
    let trouble = place.map(|place| trouble(place, due_ms));
    Ended { availability, conformance, trouble, ..Ended::without_start(slot, outcome, "") }
}

fn trouble(place: Place, due_ms: i64) -> Trouble {
    let minute = (due_ms - START_MS) / MINUTE_MS;
    Trouble {
        place,
        message: "it was seen".to_owned(),
        findings: vec![format!("finding-{minute}")],
        request_ids: vec![format!("request-{minute}")],
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        replay: Some("plumb replay case.json".to_owned()),
    }
}

/// Alarms, and how late it is.
pub(crate) struct Scene {
    pub(crate) alarms: Alarms,
    pub(crate) now_ms: i64,
}

impl Scene {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { alarms: Alarms::new(Arc::new(plan), None), now_ms: START_MS }
    }

    /// One slot now, and a tick.
    pub(crate) fn slot(&mut self, canary: &str, target: &str, letter: char) -> Vec<Alert> {
        let mut said = self.alarms.observe(&ended(watch(canary, target), self.now_ms, letter), self.now_ms);
        said.extend(self.alarms.tick(self.now_ms));
        said
    }

    /// Slots of `reads@shop` a minute apart.
    pub(crate) fn play(&mut self, letters: &str) -> Vec<(i64, Alert)> {
        let mut said = Vec::new();
        for letter in letters.chars() {
            let minute = self.minute();
            said.extend(self.slot("reads", "shop", letter).into_iter().map(|alert| (minute, alert)));
            self.pass(MINUTE);
        }
        said
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now_ms += i64::try_from(time.as_millis()).expect("a short time");
    }

    pub(crate) fn minute(&self) -> i64 {
        (self.now_ms - START_MS) / MINUTE_MS
    }
}

/// The state of each alert.
pub(crate) fn states(said: &[Alert]) -> Vec<AlertState> {
    said.iter().map(|alert| alert.state).collect()
}

/// Plays slots of `reads@shop` and holds what is said, and at which minute, against `wanted`: `3 firing, 7 resolved`.
pub(crate) fn check(plan: Plan, letters: &str, wanted: &str) {
    let said = Scene::new(plan).play(letters);
    let said: Vec<String> = said.iter().map(|(minute, own)| format!("{minute} {}", own.state.word())).collect();
    assert_eq!(said.join(", "), wanted, "{letters}");
}
