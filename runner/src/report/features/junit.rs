//! The report as `JUnit` XML, for pipelines: a suite for each feature file, a case for each scenario.
//!
//! The format knows passed, failure, error and skipped; GitLab shows the four apart, Jenkins counts failures and errors
//! together, and neither lets an error pass. So a *failure* says that the service does not do what it should, an *error*
//! that this could not be found out: a step that is undefined, ambiguous or panics, a time that ran out, whatever is
//! inconclusive. *Skipped* is what does not fail the run and says nothing of the service either, with the reason: what
//! was not tried, what is inconclusive and allowed to be, and what is known and accepted.

use std::time::Duration;

use plumb_steps::played::{Outcome, Played, StepEnd};
use quick_junit::{
    NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestRerun, TestSuite, XmlString,
};

use super::why::ended;
use super::{Attempt, Feature, FeatureReport, Scenario, Upshot, skipped_for, what, why};
use crate::report::terminal::feature_failure;
use crate::report::words::safe;

/// The report as `JUnit` XML.
///
/// # Errors
/// Where the library refuses to write it, which nothing here should make it do.
pub fn junit(report: &FeatureReport) -> Result<String, SerializeError> {
    let started = &report.started;
    let mut junit = Report::new(xml(&format!("plumb test {} at {}", started.api, started.target)));
    if let Some(ended) = &report.ended {
        junit.set_time(Duration::from_millis(ended.duration_ms));
    }
    for feature in report.features() {
        junit.add_test_suite(suite(report, &feature));
    }
    junit.to_string()
}

fn suite(report: &FeatureReport, feature: &Feature<'_>) -> TestSuite {
    let started = &report.started;
    let mut suite = TestSuite::new(xml(feature.name));
    suite.extra.insert(xml("timestamp"), xml(&started.started));
    suite.extra.insert(xml("file"), xml(feature.path));
    suite.set_time(feature.scenarios.iter().map(|own| Duration::from_micros(own.played.duration_us)).sum());
    suite.add_properties([property("api", &started.api), property("target", &started.target)]);
    suite.add_property(property("flavour", &started.flavour));
    suite.add_test_cases(feature.scenarios.iter().map(|scenario| case(report, scenario)));
    suite
}

fn case(report: &FeatureReport, scenario: &Scenario) -> TestCase {
    let played = &scenario.played;
    let mut case = TestCase::new(xml(&played.id), status(report, scenario));
    case.set_classname(xml(played.path.strip_suffix(".feature").unwrap_or(&played.path)));
    case.set_time(Duration::from_micros(played.duration_us));
    case.extra.insert(xml("file"), xml(&played.path));
    case.extra.insert(xml("line"), xml(&played.line.to_string()));
    case.add_property(property("scenario", &played.name));
    if let Some(rule) = &played.rule {
        case.add_property(property("rule", rule));
    }
    if let Some(owner) = &played.owner {
        case.add_property(property("owner", owner));
    }
    if !played.tags.is_empty() {
        case.add_property(property("tags", &tags(played)));
    }
    if played.without_model {
        case.add_property(property("model", "off"));
    }
    case
}

/// `@smoke @owner(storage)`.
fn tags(played: &Played) -> String {
    played.tags.iter().map(|tag| format!("@{tag}")).collect::<Vec<_>>().join(" ")
}

fn status(report: &FeatureReport, scenario: &Scenario) -> TestCaseStatus {
    let played = &scenario.played;
    let upshot = report.upshot_of(scenario);
    let mut status = match upshot {
        Upshot::Passed | Upshot::Flaky => TestCaseStatus::success(),
        Upshot::Failed | Upshot::Inconclusive => {
            let mut status = TestCaseStatus::non_success(kind(played.outcome, ended(played)));
            let is_failure = upshot == Upshot::Failed;
            status.set_message(xml(&why(played))).set_type(if is_failure { what(played) } else { "inconclusive" });
            status.set_description(block(&feature_failure(report, scenario)));
            status
        }
        Upshot::Allowed => skipped("inconclusive", &why(played)),
        Upshot::Skipped => skipped("skipped", &skipped_for(report, played)),
        Upshot::Accepted => {
            let owner = report.accepted_by(scenario).unwrap_or_default();
            skipped("accepted", &format!("{}; accepted: {owner}", why(played)))
        }
    };
    status.add_reruns(scenario.earlier.iter().map(rerun));
    status
}

fn skipped(kind: &str, why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_type(kind).set_message(xml(why));
    status
}

fn kind(outcome: Outcome, end: Option<StepEnd>) -> NonSuccessKind {
    match (outcome, end) {
        (_, Some(StepEnd::Panicked | StepEnd::Undefined | StepEnd::Ambiguous)) => NonSuccessKind::Error,
        (Outcome::Failed, _) => NonSuccessKind::Failure,
        _ => NonSuccessKind::Error,
    }
}

/// An earlier attempt.
fn rerun(attempt: &Attempt) -> TestRerun {
    let mut rerun = TestRerun::new(kind(attempt.outcome, attempt.end));
    rerun.set_time(Duration::from_micros(attempt.duration_us));
    rerun.set_message(xml(&attempt.why)).set_type(xml(&attempt.what));
    rerun.set_description(xml(&format!("attempt {}: {}", attempt.attempt, attempt.why)));
    rerun
}

fn property(name: &str, value: &str) -> Property {
    Property::new(name, xml(value))
}

/// One line that XML can hold: what it forbids stands as an escape (XML 1.0, production 2).
fn xml(text: &str) -> XmlString {
    XmlString::new(permitted(&safe(text)))
}

/// Several lines that XML can hold; each is safe already.
fn block(text: &str) -> XmlString {
    XmlString::new(permitted(text))
}

/// The control characters are gone by then; two more are forbidden.
fn permitted(text: &str) -> String {
    text.replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}
