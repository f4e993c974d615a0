//! What a self-test has shown, for people and for programs.

use std::fmt::Write as _;

use plumb_canary::slot::Watch;
use serde_json::{Value, json};

use super::proof::{Proven, Step, Verdict};
use super::script::in_words;
use crate::error::Exit;

/// The schema of the JSON report.
const SCHEMA: &str = "plumb.canary-self-test/1";

/// What was shown.
pub(super) struct Report {
    pub(super) proven: Vec<Proven>,
    /// Watches that have no rule.
    pub(super) without_rules: Vec<Watch>,
    /// What would have kept alerts silent, and was lifted.
    pub(super) lifted: Vec<(Watch, String)>,
    pub(super) leaks: u64,
    /// Whether the configured receivers were told.
    pub(super) delivers: bool,
}

impl Report {
    /// 1 where a rule failed, 2 where nothing can be said of one, or there is none.
    pub(super) fn exit(&self) -> Exit {
        let has = |verdict| self.proven.iter().any(|own| own.verdict == verdict);
        if has(Verdict::Failed) {
            Exit::Diverges
        } else if has(Verdict::Unclear) || self.proven.is_empty() {
            Exit::Inconclusive
        } else {
            Exit::Conforms
        }
    }

    pub(super) fn terminal(&self) -> String {
        let mut text = String::new();
        for own in &self.proven {
            tell(&mut text, own);
        }
        for (watch, what) in &self.lifted {
            _ = writeln!(text, "{watch}: lifted for the test: {what}");
        }
        for watch in &self.without_rules {
            _ = writeln!(text, "{watch}: no alert watches over it");
        }
        if self.leaks > 0 {
            _ = writeln!(text, "{} things were left behind: plumb sweep removes them", self.leaks);
        }
        let count = self.proven.iter().filter(|own| own.verdict == Verdict::Proven).count();
        let whom = if self.delivers { "the configured receivers were told" } else { TEST_RECEIVER };
        _ = writeln!(text, "{count} of {} alerts are proven; {whom}", self.proven.len());
        text
    }

    pub(super) fn json(&self) -> Value {
        let lifted =
            |(watch, what): &(Watch, String)| json!({ "canary": watch.canary, "target": watch.target, "what": what });
        json!({
            "schema": SCHEMA,
            "receivers": if self.delivers { "configured" } else { "test" },
            "rules": self.proven.iter().map(in_json).collect::<Vec<_>>(),
            "without_rules": self.without_rules,
            "lifted": self.lifted.iter().map(lifted).collect::<Vec<_>>(),
            "left_behind": self.leaks,
        })
    }
}

/// Who is told unless somebody asks for more.
const TEST_RECEIVER: &str = "a test receiver was told, and --deliver tells the configured ones";

fn tell(text: &mut String, own: &Proven) {
    let (verdict, watch, name, severity) = (own.verdict.word(), &own.watch, &own.name, &own.rule.severity);
    _ = writeln!(text, "{verdict:<8} {watch} {name} ({severity})");
    _ = writeln!(text, "         planted: {}", own.planted);
    if let Some(fired) = own.fired {
        _ = writeln!(text, "         fires {}", at(fired));
    }
    if let Some(cleared) = own.cleared {
        _ = writeln!(text, "         clears {}", at(cleared));
    }
    let names: Vec<&str> = own.told.iter().filter(|own| own.why.is_none()).map(|own| own.receiver.as_str()).collect();
    if !names.is_empty() {
        _ = writeln!(text, "         told: {}", names.join(", "));
    }
    if let Some(why) = &own.why {
        _ = writeln!(text, "         {why}");
    }
}

/// `after 3 slots (3m)`, and how many of them were sent where that is not all.
fn at(step: Step) -> String {
    let Step { slots, sent, after } = step;
    let s = if slots == 1 { "" } else { "s" };
    let sent = if sent == slots { String::new() } else { format!(", {sent} of them sent") };
    format!("after {slots} slot{s} ({}{sent})", in_words(after))
}

fn in_json(own: &Proven) -> Value {
    let step = |step: Step| json!({ "slots": step.slots, "sent": step.sent, "after_s": step.after.as_secs() });
    json!({
        "canary": own.watch.canary,
        "target": own.watch.target,
        "rule": own.name,
        "severity": own.rule.severity,
        "planted": own.planted,
        "verdict": own.verdict.word(),
        "fired": own.fired.map(step),
        "cleared": own.cleared.map(step),
        "told": own.told.iter().map(|own| json!({ "receiver": own.receiver, "error": own.why })).collect::<Vec<_>>(),
        "why": own.why,
    })
}
