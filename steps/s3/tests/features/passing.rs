//! The features and the model agree.

use std::time::{Duration, Instant};

use plumb_model::call::Case;
use plumb_steps::feature::Scenario;
use plumb_validator::model_server::Answers;
use plumb_validator::verdict::Verdict;

use crate::parse::scenarios;
use crate::stage::{AWS, Stage, trouble};

/// How long all of them may take in a test build, on a machine that does other things as well.
const TIME_MAX: Duration = Duration::from_secs(30);
/// The seeds of the servers that answer as they like within what the model permits.
const SEEDS: std::ops::Range<u64> = 1..4;
/// The tag of what AWS documents and other servers need not have.
const ONLY_AWS: &str = "aws";

fn check(stage: &Stage) {
    let scenarios = scenarios_for(stage);
    let started = Instant::now();
    let performance = stage.perform(&scenarios);
    let failed: Vec<String> = performance.played.iter().filter_map(trouble).collect();
    assert!(failed.is_empty(), "{} in {}: {failed:#?}", stage.flavour, stage.region);
    for played in &performance.played {
        let counts = (played.judged, played.unmodelled, played.waived);
        assert_eq!(counts, (played.calls, 0, 0), "{}: not every answer was judged", played.id);
        assert!(played.calls > 0, "{}: nothing was asked", played.id);
    }
    assert!(performance.left.is_empty(), "{:#?}", performance.left);
    assert!(started.elapsed() < TIME_MAX, "{:?}", started.elapsed());
}

/// Those that hold on what is of this flavour.
fn scenarios_for(stage: &Stage) -> Vec<Scenario> {
    let is_meant = |scenario: &Scenario| stage.flavour == "aws" || !scenario.tags.iter().any(|tag| tag == ONLY_AWS);
    scenarios().iter().filter(|own| is_meant(own)).cloned().collect()
}

#[test]
fn every_scenario_holds_on_aws_wherever_it_is() {
    check(&AWS);
    check(&Stage { region: "eu-west-1", ..AWS });
}

#[test]
fn every_scenario_holds_on_what_is_compatible() {
    check(&Stage { flavour: "compatible", ..AWS });
}

#[test]
fn nothing_is_demanded_that_s3_leaves_open() {
    for seed in SEEDS {
        for flavour in ["aws", "compatible"] {
            check(&Stage { flavour, answers: Answers::Any { seed }, ..AWS });
        }
    }
}

#[test]
fn a_scenario_leaves_a_case_that_says_all_of_it_and_holds_without_it() {
    let played = AWS.perform(scenarios()).played;
    let mut cases = Vec::new();
    for own in &played {
        assert_eq!(own.case_lacks, None, "{}", own.id);
        let case = own.case.as_ref().unwrap_or_else(|| panic!("{} leaves no case", own.id));
        assert_eq!(case.check(), Ok(()), "{}", own.id);
        assert!(case.calls.iter().any(|turn| turn.also.is_some()), "{} demands nothing by itself", own.id);
        let json = serde_json::to_string(case).expect("serialises");
        assert_eq!(&serde_json::from_str::<Case>(&json).expect("parses"), case, "{}", own.id);
        cases.push(case.clone());
    }
    let (verdicts, left) = AWS.replay(&cases);
    let pairs = played.iter().zip(&verdicts);
    let not: Vec<_> = pairs.filter(|(_, verdict)| !matches!(verdict, Verdict::Conforms { .. })).collect();
    let not: Vec<String> = not.iter().map(|(own, verdict)| format!("{}: {verdict:?}", own.id)).collect();
    assert!(not.is_empty(), "{not:#?}");
    assert!(left.is_empty(), "{left:#?}");
}
