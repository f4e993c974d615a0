//! The order in which a server lets faults win: seen as it is, and a finding where it goes in a circle.

#[expect(dead_code, reason = "each test crate uses a part of it")]
mod lab;

use plumb_generator::suites;
use plumb_model::api::Api;
use plumb_model::plant::{Effect, OnCall, Plant};
use plumb_runner::precedence::order::{Order, Standing};
use plumb_validator::finding::Finding;
use plumb_validator::model_server::Answers;
use plumb_validator::verdict::Kind;

use std::sync::Arc;

/// How many seeds a server is tried with that picks any permitted answer.
const SEEDS: u64 = 4;

fn run(api: &Api, operation: &str, answers: Answers, plant: Option<Plant>) -> lab::Results {
    lab::run(api, lab::server(api, answers, plant), suites::cases(api, &[operation.to_owned()], 1), true)
}

fn cycles(results: &lab::Results) -> Vec<&Finding> {
    results.findings.iter().filter(|finding| finding.kind == Kind::PrecedenceCycle).collect()
}

fn order(results: &lab::Results, operation: &str) -> Order {
    results.sightings.orders().remove(operation).expect("pairs were seen")
}

#[test]
fn winners_in_a_circle_are_one_finding_with_the_cases_that_show_it() {
    let api = plumb_s3::api();
    let plant = api.plant("winners-in-a-circle").cloned();
    let results = run(&api, "PutObject", Answers::Preferred, plant);
    assert_eq!(results.not_conforming(), [""; 0], "every answer by itself is permitted");
    let [finding] = &results.findings[..] else { panic!("{:?}", results.findings) };
    assert_eq!(finding.kind, Kind::PrecedenceCycle);
    let cycle = finding.cycle.as_ref().expect("it has its cycle");
    let steps: Vec<_> = cycle.steps.iter().map(|step| (step.fault.as_str(), step.class.as_str())).collect();
    let expected = [
        ("storage-class=outposts", "400 InvalidStorageClass"),
        ("key=too-long", "400 KeyTooLongError"),
        ("metadata=too-large", "400 MetadataTooLarge"),
    ];
    assert_eq!(steps, expected);
    assert_eq!(cycle.check("s3"), Ok(()));
    for (case, _) in cycle.cases() {
        assert_eq!(case.calls.last().map(|turn| turn.id.as_str()), Some("call"), "nothing after the call under test");
    }
    assert!(order(&results, "PutObject").nodes.iter().any(|node| node.in_circle));
}

#[test]
fn a_server_with_an_order_gives_that_order_and_no_cycle() {
    let api = plumb_s3::api();
    let results = run(&api, "PutObject", Answers::Preferred, None);
    assert!(results.findings.is_empty() && results.unconfirmed.is_empty());
    let order = order(&results, "PutObject");
    assert!(order.nodes.iter().all(|node| !node.in_circle));
    assert_eq!(order.pairs.broken, 0);
    assert!(order.pairs.kept > 0 && order.pairs.open > 0, "{:?}", order.pairs);
    assert!(order.edges.iter().all(|edge| order.nodes[edge.over].layer < order.nodes[edge.under].layer));
}

#[test]
fn a_server_that_picks_any_permitted_answer_gives_no_cycle() {
    let (mut circles, api) = (0, plumb_s3::api());
    for seed in 0..SEEDS {
        let results = run(&api, "PutObject", Answers::Any { seed }, None);
        assert_eq!(cycles(&results).len(), 0, "seed {seed}");
        circles += results.unconfirmed.iter().filter(|line| line.contains("precedence-cycle")).count();
    }
    assert!(circles > 0, "it seemed to go in circles, and did not when it was asked again");
}

/// A store that looks at a condition before it looks at the key.
fn condition_first() -> Plant {
    let bug = OnCall(|call, _| {
        let stored = plumb_model::call::Call::new("Put").with("key", "stored").with("value", "v");
        match call.bytes("if-match") {
            Some(_) if call.operation == "Put" => Effect::Instead(stored.with("if-match", "\"no-such-revision\"")),
            _ => Effect::Honest,
        }
    });
    Plant { name: "condition-first", about: "", operation: "Put", kind: "wrong-code", strength: 1, bug: Arc::new(bug) }
}

#[test]
fn a_broken_firm_edge_is_told_as_such_and_is_no_cycle() {
    let api = plumb_kv::api();
    let results = run(&api, "Put", Answers::Preferred, Some(condition_first()));
    assert!(cycles(&results).is_empty());
    assert!(results.findings.iter().any(|finding| finding.kind == Kind::WrongCode), "it is a finding of its own");
    let order = order(&results, "Put");
    let broken: Vec<_> = order.edges.iter().filter(|edge| edge.standing == Standing::Broken).collect();
    let ends: Vec<_> =
        broken.iter().map(|edge| [&order.nodes[edge.over].class, &order.nodes[edge.under].class]).collect();
    assert!(ends.contains(&[&"412 precondition_failed".to_owned(), &"400 bad_key".to_owned()]), "{ends:?}");
}

#[test]
fn no_permitted_answer_is_against_the_model() {
    let api = plumb_s3::api();
    for operation in ["CopyObject", "HeadObject"] {
        let results = run(&api, operation, Answers::Preferred, None);
        assert_eq!(order(&results, operation).pairs.broken, 0, "{operation}");
    }
}
