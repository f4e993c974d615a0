//! The decision as GitLab's Code Quality report, which merge requests and pipelines show
//! (<https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Error;
use sha2::{Digest, Sha256};

use super::json::harmless;
use super::text::{line, sentence};
use super::{SHOWN_MAX, view};
use crate::decision::{Decision, Found};
use crate::verdict::{Said, Verdict};

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// What kept the gate from passing, and every finding, as a Code Quality report. What has no place in a feature file stands
/// at the first line of `config`, the file that the gate is configured in: GitLab shows nothing without a place.
///
/// A fingerprint is made of the gate, the target and what it is about, never of counts, times or words: GitLab tells by
/// it what is new, and shows only the first of two that are the same.
///
/// # Errors
/// Where the library refuses to write it, which nothing here should make it do.
pub fn gitlab(decision: &Decision, config: &str) -> Result<String, Error> {
    let mut issues = Issues { decision, config, seen: BTreeMap::new(), all: Vec::new() };
    issues.verdict();
    for check in decision.against().take(SHOWN_MAX) {
        let severity = if check.said == Said::Fail { "blocker" } else { "critical" };
        let words = format!("{} {}: {}", view::check_name(check), view::bars(check.said), check.why);
        issues.push(&["check", &check.target, &check.name], &check.name, severity, &words, None);
    }
    let mut found = view::blocking(decision);
    found.extend(view::old(decision));
    for found in found.into_iter().take(SHOWN_MAX) {
        issues.finding(found);
    }
    serde_json::to_string_pretty(&issues.all).map(|json| harmless(&json))
}

struct Issues<'a> {
    decision: &'a Decision,
    config: &'a str,
    seen: BTreeMap<String, u64>,
    all: Vec<Issue>,
}

impl Issues<'_> {
    fn verdict(&mut self) {
        let verdict = self.decision.verdict;
        if verdict != Verdict::Pass {
            let words = view::overridden(self.decision).unwrap_or_default();
            let words = format!("Gate {}: {verdict}. {words} {}", self.decision.gate, self.decision.summary);
            self.push(&["verdict"], "verdict", "blocker", &words, None);
        }
    }

    fn finding(&mut self, found: &Found) {
        let severity = match view::standing_word(&found.standing) {
            _ if found.standing.blocks() => "critical",
            "expired" => "minor",
            _ => "info",
        };
        let standing = view::standing(&found.standing);
        let words = format!("{} at {}: {} ({standing})", found.operation, found.target, found.summary);
        self.push(&["finding", &found.target, &found.id], "finding", severity, &words, found.place.as_ref());
    }

    /// Somebody who answers for going on takes the edge off, and does not make it disappear.
    fn push(
        &mut self,
        about: &[&str],
        name: &str,
        severity: &'static str,
        words: &str,
        place: Option<&(String, usize)>,
    ) {
        let is_overridden = self.decision.verdict == Verdict::Overridden;
        let severity = if is_overridden && matches!(severity, "blocker" | "critical") { "major" } else { severity };
        let print = fingerprint(&self.decision.gate, about, 0);
        let nth = self.seen.entry(print).or_default();
        let fingerprint = fingerprint(&self.decision.gate, about, *nth);
        *nth += 1;
        let (path, begin) = place.map_or((self.config, 1), |(path, at)| (path.as_str(), (*at).max(1)));
        self.all.push(Issue {
            description: sentence(words),
            check_name: line(&format!("plumb.gate.{name}")),
            fingerprint,
            severity,
            location: Location { path: line(path), lines: Lines { begin } },
        });
    }
}

/// A hash of what something is about; each part with its length, so that no two read the same.
fn fingerprint(gate: &str, about: &[&str], nth: u64) -> String {
    let mut hash = Sha256::new();
    for part in [gate].iter().chain(about) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.update(nth.to_be_bytes());
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
