//! The model's own server, giving any permitted outcome, must give no finding.
#![expect(clippy::print_stdout, reason = "the figures are printed for whoever runs it with --nocapture")]

mod lab;

use std::collections::{BTreeMap, BTreeSet};

use plumb_generator::suites;
use plumb_generator::workflows::{WorkflowOptions, workflows};
use plumb_model::api::Api;
use plumb_validator::model_server::Answers;
use plumb_validator::target::Target;

/// How many requests are sent to each API, over all seeds.
const EXCHANGES_MIN: usize = 40_000;
/// How often all seeds are gone through at most until every permitted outcome was drawn.
const ROUNDS_MAX: u64 = 10;
const SEEDS: [u64; 3] = [1, 2, 3];
/// How many workflows of each seed come beside the suites.
const WORKFLOWS: usize = 150;

#[derive(Default)]
struct Tally {
    exchanges: usize,
    realised: BTreeSet<String>,
    offered: BTreeSet<String>,
    sent: BTreeSet<String>,
}

fn no_alarm(api: &Api) -> Tally {
    let mut tally = Tally::default();
    let mut round = 0;
    while tally.exchanges < EXCHANGES_MIN || (round < ROUNDS_MAX && tally.offered != tally.realised) {
        for seed in SEEDS {
            let server = lab::server(api, Answers::Any { seed: seed + 1_000 * round }, None);
            let results = lab::run(api, server, suites::cases(api, &[], seed), false);
            // A server that may choose can leave a case without the value it needs: unclear, never wrong.
            let wrong: Vec<String> =
                results.not_conforming().into_iter().filter(|line| !line.starts_with("inconclusive")).collect();
            assert!(
                wrong.is_empty(),
                "seed {seed}, round {round}: {} wrong, first {:#?}",
                wrong.len(),
                &wrong[..wrong.len().min(5)]
            );
            tally.exchanges += results.exchanges();
            tally.realised.extend(results.realised.iter().cloned());
            tally.offered.extend(results.offered.iter().cloned());
            for done in &results.done {
                tally.sent.extend(
                    done.case.origin.choices.iter().map(|choice| format!("{} {choice}", done.case.origin.operation)),
                );
            }
        }
        round += 1;
    }
    tally
}

/// The model's own server takes every workflow, whether it picks the preferred answer or any.
fn no_alarm_over_workflows(api: &Api) {
    for seed in SEEDS {
        let cases: Vec<_> = workflows(api, &WorkflowOptions::default(), seed).take(WORKFLOWS).collect();
        for answers in [Answers::Preferred, Answers::Any { seed }] {
            let results = lab::run(api, lab::server(api, answers, None), cases.clone(), false);
            let mut wrong = results.not_conforming();
            // As above, a server that may choose can leave a case without the value it needs.
            wrong.retain(|line| answers == Answers::Preferred || !line.starts_with("inconclusive"));
            assert!(wrong.is_empty(), "{answers:?}: {} wrong, first {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
        }
    }
}

fn every_choice_is_sent(api: &Api, tally: &Tally) {
    let mut missing = Vec::new();
    for operation in &api.operations {
        for dimension in &operation.space.dimensions {
            for choice in &dimension.choices[1..] {
                let label = format!("{} {}={}", operation.name, dimension.name, choice.name);
                if !tally.sent.contains(&label) {
                    missing.push(label);
                }
            }
        }
    }
    assert!(missing.is_empty(), "never sent: {missing:?}");
}

fn print(api: &Api, tally: &Tally) {
    let mut by_operation: BTreeMap<&str, usize> = BTreeMap::new();
    for outcome in &tally.realised {
        *by_operation.entry(outcome.split(':').next().unwrap_or_default()).or_default() += 1;
    }
    println!(
        "{}: {} exchanges, {} choices sent, outcomes realised {by_operation:?}",
        api.name,
        tally.exchanges,
        tally.sent.len()
    );
}

fn check(api: &Api) {
    let tally = no_alarm(api);
    every_choice_is_sent(api, &tally);
    let never: Vec<_> = tally.offered.difference(&tally.realised).collect();
    assert!(never.is_empty(), "permitted, but never given: {never:#?}");
    print(api, &tally);
}

#[test]
fn kv_gives_no_false_alarm() {
    check(&plumb_kv::api());
}

#[test]
fn s3_gives_no_false_alarm() {
    check(&plumb_s3::api());
}

#[test]
fn workflows_give_no_false_alarm() {
    no_alarm_over_workflows(&plumb_kv::api());
    no_alarm_over_workflows(&plumb_s3::api());
}

#[test]
fn s3_gives_no_false_alarm_in_any_region_of_aws() {
    let api = plumb_s3::api();
    for region in ["us-east-1", "eu-west-1"] {
        let target = Target { flavour: "aws", region: region.into(), ..lab::target(&api, "lab.invalid") };
        let server = lab::server_at(&api, target.clone(), Answers::Preferred, None);
        let results = lab::run_at(&api, &target, server, suites::cases(&api, &[], 1), false);
        let wrong = results.not_conforming();
        assert!(wrong.is_empty(), "{region}: {} wrong, first {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    }
}
