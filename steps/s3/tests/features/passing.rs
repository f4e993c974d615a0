//! The features and the model agree.

use std::time::{Duration, Instant};

use plumb_validator::model_server::Answers;

use crate::parse::scenarios;
use crate::stage::{AWS, Stage, trouble};

/// How long all of them may take in a test build, on a machine that does other things as well.
const TIME_MAX: Duration = Duration::from_secs(30);
/// The seeds of the servers that answer as they like within what the model permits.
const SEEDS: std::ops::Range<u64> = 1..4;

fn check(stage: &Stage) {
    let started = Instant::now();
    let performance = stage.perform(&scenarios());
    let failed: Vec<String> = performance.played.iter().filter_map(trouble).collect();
    assert!(failed.is_empty(), "{} in {}: {failed:#?}", stage.flavour, stage.region);
    for played in &performance.played {
        let counts = (played.judged, played.unmodelled, played.waived);
        assert_eq!(counts, (played.calls, 0, 0), "{}: not every answer was judged", played.id);
        assert!(played.calls > 0, "{}: nothing was asked", played.id);
        assert_eq!(played.case_lacks, None, "{}", played.id);
    }
    assert!(performance.left.is_empty(), "{:#?}", performance.left);
    assert!(started.elapsed() < TIME_MAX, "{:?}", started.elapsed());
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
