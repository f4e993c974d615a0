//! GitLab's Code Quality, and the decision as JSON.

use std::collections::BTreeSet;

use plumb_gate::decision::Decision;
use plumb_gate::overrides::{in_force, parse};
use plumb_gate::render::text::{is_unsafe, line};
use plumb_gate::render::{gitlab, json};
use proptest::prelude::*;
use serde_json::Value;

use crate::attacks::{ATTACKS, nasty};
use crate::sample::{at, empty, failing, huge, overridden, overriding, passing, with_text};

const CONFIG: &str = "plumb.toml";

fn issues(decision: &Decision) -> Vec<Value> {
    let text = gitlab(decision, CONFIG).expect("a decision is a report");
    serde_json::from_str(&text).expect("a list")
}

fn of(issue: &Value, pointer: &str) -> String {
    issue
        .pointer(pointer)
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .unwrap_or_default()
}

fn prints(decision: &Decision) -> BTreeSet<String> {
    issues(decision).iter().map(|issue| of(issue, "/fingerprint")).collect()
}

/// Both are JSON without anything in it that a terminal or build server could take for more, and lose nothing.
fn check(text: &str, is_overridden: bool) {
    let decision = with_text(text, is_overridden);
    let whole = json(&decision).expect("a decision is JSON");
    let quality = gitlab(&decision, CONFIG).expect("a decision is a report");
    for written in [&whole, &quality] {
        let bad = written.chars().find(|character| is_unsafe(*character) && *character != '\n');
        assert_eq!(bad, None, "{text:?}");
        assert!(!written.contains("##"), "{text:?}");
    }
    let read: Decision = serde_json::from_str(&whole).expect("what was written is read");
    assert_eq!(read, decision, "{text:?}");
    let all: Vec<Value> = serde_json::from_str(&quality).expect("a list");
    let fields = |issue: &Value| issue.as_object().map(|own| own.keys().cloned().collect::<Vec<_>>());
    let wanted = ["description", "check_name", "fingerprint", "severity", "location"].map(str::to_owned).to_vec();
    assert!(all.iter().all(|issue| fields(issue) == Some(wanted.clone())), "{text:?}: {quality}");
    assert!(all.iter().any(|issue| of(issue, "/description").contains(&line(text))), "{text:?} is lost: {quality}");
}

#[test]
fn no_attack_breaks_out_of_json() {
    for attack in ATTACKS {
        check(attack, false);
        check(attack, true);
    }
}

proptest! {
    #[test]
    fn no_text_breaks_out_of_json(text in nasty(), is_overridden: bool) {
        check(&text, is_overridden);
    }
}

#[test]
fn a_fingerprint_is_that_of_the_next_run_and_of_nothing_else() {
    let mut next = failing();
    (next.run, next.summary, next.seed) = ("01JE2".to_owned(), "something else".to_owned(), Some(8));
    for found in &mut next.findings {
        (found.count, found.summary) = (found.count + 5, "in other words".to_owned());
    }
    next.checks.iter_mut().for_each(|check| check.why = "in other words".to_owned());
    assert_eq!(prints(&next), prints(&failing()));
    assert_eq!(prints(&failing()).len(), issues(&failing()).len(), "no two are the same");
    assert_eq!(prints(&with_text("same", false)).len(), issues(&with_text("same", false)).len());
    let mut other = failing();
    other.gate = "nightly".to_owned();
    assert!(prints(&other).is_disjoint(&prints(&failing())), "another gate has others");
}

#[test]
fn every_issue_says_how_bad_it_is_and_where() {
    let told: Vec<String> = issues(&failing())
        .iter()
        .map(|own| {
            ["/severity", "/check_name", "/location/path", "/location/lines/begin"].map(|part| of(own, part)).join(" ")
        })
        .collect();
    let feature = "features/items/reading.feature 14";
    assert_eq!(
        told,
        [
            "blocker plumb.gate.verdict plumb.toml 1".to_owned(),
            "blocker plumb.gate.features plumb.toml 1".to_owned(),
            "critical plumb.gate.coverage plumb.toml 1".to_owned(),
            format!("critical plumb.gate.finding {feature}"),
            format!("critical plumb.gate.finding {feature}"),
            format!("info plumb.gate.finding {feature}"),
            format!("info plumb.gate.finding {feature}"),
            format!("minor plumb.gate.finding {feature}"),
        ]
    );
    assert_eq!(issues(&empty()).len(), 1, "nothing checked is an issue");
    assert!(issues(&passing()).iter().all(|own| ["info", "minor"].contains(&&*of(own, "/severity"))));
    assert!(issues(&huge(2_000)).len() <= 601);
}

#[test]
fn an_override_that_is_used_is_on_record_and_a_pass_needs_none() {
    let file = "[[override]]\ngate = 'release'\nwho = 'Ada Lovelace'\nwhy = 'the fix must go out tonight'\n\
                made = 2026-11-22T02:12:00Z\nuntil = 2026-11-22T12:00:00+01:00\n";
    let entries = parse(file).expect("it is fine");
    let used = || in_force(&entries, "release", None, at("2026-11-22T03:04:10Z"));
    assert_eq!(used(), Some(overriding()));
    for (decision, without) in [(failing(), "fail"), (empty(), "inconclusive")] {
        let record: Value = serde_json::from_str(&json(&decision.decided(used())).expect("JSON")).expect("a decision");
        let of = |pointer| of(&record, pointer);
        assert_eq!((of("/verdict").as_str(), of("/without_override").as_str()), ("overridden", without));
        assert_eq!(of("/overridden/who"), "Ada Lovelace");
        assert_eq!(of("/overridden/why"), "the fix must go out tonight");
        assert_eq!(of("/overridden/made"), "2026-11-22T02:12:00Z");
        assert_eq!(of("/overridden/until"), "2026-11-22T11:00:00Z");
    }
    let passed: Value = serde_json::from_str(&json(&passing().decided(used())).expect("JSON")).expect("a decision");
    assert_eq!((of(&passed, "/verdict").as_str(), passed.pointer("/overridden")), ("pass", None));
}

#[test]
fn an_override_is_told() {
    let all = issues(&overridden());
    let first = of(&all[0], "/description");
    assert!(first.starts_with("Gate release: overridden. Ada Lovelace answers for going on until"), "{first}");
    assert_eq!(all.len(), issues(&failing()).len(), "nothing disappears");
    assert!(all.iter().all(|own| !["blocker", "critical"].contains(&&*of(own, "/severity"))));
}
