//! The decision as `JUnit` XML: a suite for each target, in it a case for each check and each finding.
//!
//! The format knows passed, failure, error and skipped. Jenkins counts failures and errors together and shows skipped apart
//! (`CaseResult.java` of <https://github.com/jenkinsci/junit-plugin>); GitLab shows the four apart
//! (<https://docs.gitlab.com/ci/testing/unit_test_reports/>), and shows nothing of what a passed case wrote. So
//!
//! - what fails is a *failure*, and what could not be told an *error*: neither lets a pipeline go on;
//! - a finding that does not block is *skipped*, with the reason: passed, it would be invisible, and it is no good news;
//! - what was not judged is skipped as well;
//! - where somebody overrode the gate, what would have blocked is skipped with who, why and until when. A failure would
//!   stop what the override lets go on, and a pass would say what is not so: both tools show skipped cases by number.
//!
//! One case is always there, `verdict`: a gate that checked nothing is an error, not an empty report that looks green.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::text::{command, count, line, sentence};
use super::{SHOWN_MAX, view};
use crate::decision::{Check, Decision, Found, Skipped};
use crate::verdict::{Said, Verdict};

/// What is shown of what is too much.
const MORE: &str = "more";

/// The decision as `JUnit` XML.
///
/// # Errors
/// Where the library refuses to write it, which nothing here should make it do.
pub fn junit(decision: &Decision) -> Result<String, SerializeError> {
    let mut report = Report::new(xml(&format!("plumb gate {}", decision.gate)));
    report.set_time(decision.decided.duration_since(decision.began).unsigned_abs());
    let mut whole = TestSuite::new(xml(&format!("gate {}", decision.gate)));
    whole.add_property(property("verdict", decision.verdict.word()));
    for (name, fact) in view::facts(decision) {
        whole.add_property(property(name, &fact));
    }
    let mut names = Names::default();
    whole.add_test_case(verdict(decision, &mut names));
    fill(&mut whole, decision, "", &mut names);
    report.add_test_suite(whole);
    for target in targets(decision) {
        let mut suite = TestSuite::new(xml(&target));
        for looked in decision.targets.iter().filter(|looked| looked.target == target).take(1) {
            suite.add_property(property("endpoint", &looked.endpoint));
            suite.add_property(property("versions", &looked.versions.join(", ")));
        }
        fill(&mut suite, decision, &target, &mut names);
        report.add_test_suite(suite);
    }
    report.to_string()
}

/// Every target that is named anywhere: those that were looked at, in their order, then others.
fn targets(decision: &Decision) -> Vec<String> {
    let looked = decision.targets.iter().map(|looked| &looked.target);
    let checks = decision.checks.iter().map(|check| &check.target);
    let found = decision.findings.iter().map(|found| &found.target);
    let skipped = decision.skipped.iter().map(|skipped| &skipped.target);
    let mut all: Vec<String> = Vec::new();
    for target in looked.chain(checks).chain(found).chain(skipped).filter(|target| !target.is_empty()) {
        if !all.contains(target) && all.len() < SHOWN_MAX {
            all.push(target.clone());
        }
    }
    all
}

/// GitLab knows a case by its class and name, and drops the second of the same: no name comes twice.
#[derive(Default)]
struct Names(BTreeMap<String, u64>);

impl Names {
    fn case(&mut self, decision: &Decision, target: &str, name: &str, status: TestCaseStatus) -> TestCase {
        let class = if target.is_empty() { line(&decision.gate) } else { line(&format!("{}.{target}", decision.gate)) };
        let seen = self.0.entry(format!("{class}\n{name}")).or_default();
        *seen += 1;
        let name = if *seen == 1 { name.to_owned() } else { format!("{name} ({seen})") };
        let mut case = TestCase::new(xml(&name), status);
        case.set_classname(xml(&class));
        case
    }
}

/// What is at `target`.
fn fill(suite: &mut TestSuite, decision: &Decision, target: &str, names: &mut Names) {
    let checks: Vec<&Check> = decision.checks.iter().filter(|check| check.target == target).collect();
    for check in checks.iter().take(SHOWN_MAX) {
        suite.add_test_case(names.case(decision, target, &check.name, of_check(decision, check)));
    }
    let rest = checks.get(SHOWN_MAX..).unwrap_or_default();
    more(suite, decision, target, names, (rest.len(), rest.iter().any(|check| check.said != Said::Pass)), "check");
    let (mut found, old): (Vec<&Found>, Vec<&Found>) =
        decision.findings.iter().filter(|found| found.target == target).partition(|found| found.standing.blocks());
    found.extend(old);
    for found in found.iter().take(SHOWN_MAX) {
        suite.add_test_case(of_found(decision, found, names));
    }
    let rest = found.get(SHOWN_MAX..).unwrap_or_default();
    more(suite, decision, target, names, (rest.len(), rest.iter().any(|found| found.standing.blocks())), "finding");
    for skipped in decision.skipped.iter().filter(|skipped| skipped.target == target).take(SHOWN_MAX) {
        suite.add_test_case(of_skipped(decision, skipped, names));
    }
}

/// The case for what is too much to show: as bad as the worst of it.
fn more(suite: &mut TestSuite, decision: &Decision, target: &str, names: &mut Names, rest: (usize, bool), noun: &str) {
    let (many, is_against) = rest;
    if many > 0 {
        let words = format!("{} more, all of them in the JSON", count(many as u64, noun));
        let status =
            if is_against { against(decision, NonSuccessKind::Failure, MORE, &words) } else { skip(MORE, &words) };
        suite.add_test_case(names.case(decision, target, &format!("more {noun}s"), status));
    }
}

fn verdict(decision: &Decision, names: &mut Names) -> TestCase {
    let status = match decision.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail => against(decision, NonSuccessKind::Failure, "fail", &decision.summary),
        Verdict::Inconclusive => against(decision, NonSuccessKind::Error, "inconclusive", &decision.summary),
        Verdict::Overridden => against(decision, NonSuccessKind::Failure, "overridden", &decision.summary),
    };
    names.case(decision, "", "verdict", status)
}

fn of_check(decision: &Decision, check: &Check) -> TestCaseStatus {
    match check.said {
        Said::Pass => TestCaseStatus::success(),
        Said::Fail => against(decision, NonSuccessKind::Failure, check.said.word(), &check.why),
        Said::Inconclusive => against(decision, NonSuccessKind::Error, check.said.word(), &check.why),
    }
}

fn of_found(decision: &Decision, found: &Found, names: &mut Names) -> TestCase {
    let standing = view::standing(&found.standing);
    let word = view::standing_word(&found.standing);
    let words = format!("{}: {} ({standing})", found.operation, found.summary);
    let mut status = if found.standing.blocks() {
        against(decision, NonSuccessKind::Failure, word, &words)
    } else {
        skip(word, &words)
    };
    status.set_description(XmlString::new(described(found)));
    let mut case = names.case(decision, &found.target, &format!("finding {}", line(&found.id)), status);
    if let Some((path, at)) = &found.place {
        case.extra.insert(xml("file"), xml(path));
        case.extra.insert(xml("line"), xml(&at.to_string()));
    }
    case
}

/// What it takes to see a finding again, line by line; each begins with a word of ours.
fn described(found: &Found) -> String {
    let mut lines = vec![
        format!("finding: {}", line(&found.summary)),
        format!("standing: {}", line(&view::standing(&found.standing))),
        format!("seen in: {}", count(found.count, "case")),
    ];
    if !found.replay.is_empty() {
        lines.push(format!("replay: {}", command(&found.replay)));
    }
    if !found.request_ids.is_empty() {
        lines.push(format!("request ids: {}", line(&found.request_ids.join(", "))));
    }
    lines.join("\n")
}

fn of_skipped(decision: &Decision, skipped: &Skipped, names: &mut Names) -> TestCase {
    let status = skip(&line(&skipped.verdict), &view::skipped(skipped));
    names.case(decision, &skipped.target, &format!("not judged: {}", line(&skipped.why)), status)
}

/// What keeps a gate from passing; skipped where somebody answers for going on.
fn against(decision: &Decision, kind: NonSuccessKind, word: &str, why: &str) -> TestCaseStatus {
    if let Some(words) = view::overridden(decision) {
        return skip("overridden", &format!("{words} {word}: {why}"));
    }
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(xml(word)).set_message(xml(why));
    status
}

fn skip(word: &str, why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_type(xml(word)).set_message(xml(why));
    status
}

fn property(name: &str, value: &str) -> Property {
    Property::new(name, xml(value))
}

/// One line that XML can hold: whatever XML 1.0 forbids (production 2) is escaped as text.
fn xml(text: &str) -> XmlString {
    XmlString::new(sentence(text))
}
