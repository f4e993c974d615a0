//! Every planted bug is found with the finding it must give, alone and hidden in a long legal case.
#![expect(clippy::print_stdout, reason = "the figures are printed for whoever runs it with --nocapture")]

#[expect(dead_code, reason = "each test crate uses a part of it")]
mod lab;

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use plumb_generator::suites;
use plumb_model::api::Api;
use plumb_model::call::{Case, Turn};
use plumb_model::plant::Plant;
use plumb_model::space::{Hazard, Operation};
use plumb_validator::finding::Finding;
use plumb_validator::model_server::Answers;
use plumb_validator::verdict::Kind;

/// How many calls the long case has at least.
const LONG_CASE_CALLS: usize = 30;
/// How many calls may be left of it: where a next page starts too late, three keys, the page before it and itself.
const MINIMAL_CASE_CALLS: usize = 5;

fn findings(api: &Api, plant: &Plant, cases: impl IntoIterator<Item = Case>) -> Vec<Finding> {
    let server = lab::server(api, Answers::Preferred, Some(plant.clone()));
    lab::run(api, server, cases, true).findings
}

/// The cases of the operation that must give the bug away; then those of the operations that write, whose probes look
/// after it.
fn cases_that_show(api: &Api, plant: &Plant) -> [Vec<Case>; 2] {
    let names = |fits: &dyn Fn(&Operation) -> bool| -> Vec<String> {
        let fitting = api.operations.iter().filter(|operation| fits(operation));
        fitting.map(|operation| operation.name.to_owned()).collect()
    };
    let own = names(&|operation| operation.name == plant.operation);
    let writing = names(&|operation| operation.name != plant.operation && operation.hazard != Hazard::Reads);
    [own, writing].map(|names| {
        let cases = suites::suites(api, &names, plant.strength, 1).expect("suites");
        let cases = cases.filter(|case| case.origin.suite != suites::FAULT_PAIRS);
        cases.filter(|case| names.contains(&case.origin.operation)).collect()
    })
}

/// What shows only where several choices meet does not where each comes alone, and those that must meet are named: none
/// less, none more.
fn check_meeting(api: &Api, plant: &Plant) {
    let alone = Plant { strength: 1, ..plant.clone() };
    let [own, _] = cases_that_show(api, &alone);
    assert!(expected(plant, &findings(api, plant, own)).is_none(), "{} shows without its choices", plant.name);
    let finding = found(api, plant);
    assert_eq!(finding.choices.len(), plant.strength, "{}: {:?}", plant.name, finding.choices);
    let cause = finding.cause.expect("a cause");
    assert!(finding.choices.iter().all(|choice| cause.choices.contains(choice)), "{}: {cause:?}", plant.name);
    assert!(cause.tried > 0 && cause.held == cause.tried, "{}: {cause:?}", plant.name);
    println!("{:<28} needs {}", plant.name, cause.choices.join(", "));
}

fn expected<'f>(plant: &Plant, findings: &'f [Finding]) -> Option<&'f Finding> {
    findings.iter().find(|finding| finding.operation == plant.operation && finding.kind.name() == plant.kind)
}

/// The finding that a plant must give.
fn found(api: &Api, plant: &Plant) -> Finding {
    let mut kinds = Vec::new();
    for cases in cases_that_show(api, plant) {
        let findings = findings(api, plant, cases);
        if let Some(finding) = expected(plant, &findings) {
            let (calls, summary) = (finding.case.calls.len(), &finding.summary);
            println!("{:<28} {:>2} findings, {calls} calls: {summary}", plant.name, findings.len());
            return finding.clone();
        }
        kinds.extend(findings.iter().map(|finding| format!("{} {}", finding.operation, finding.kind.name())));
    }
    panic!("{}: no {} of {}, only {kinds:?}", plant.name, plant.kind, plant.operation);
}

/// `case` behind legal calls of the same API on keys of their own, so that only the end shows the bug.
fn hidden(api: &Api, case: &Case) -> Case {
    let mut long = case.clone();
    let mut filler: Vec<Turn> = Vec::new();
    // Calls of default rows conform; their ids are made unique.
    let operations = api.operations.iter().filter(|operation| operation.hazard <= Hazard::Writes);
    let defaults: Vec<Case> =
        operations.map(|operation| operation.case(api.name, "filler", &operation.space.defaults())).collect();
    // What is removed as a whole must be empty, so that nothing may be stored in front of it.
    let empties = case.calls.iter().any(|turn| turn.call.operation == "DeleteBucket");
    let mut round = 0;
    while filler.len() + case.calls.len() < LONG_CASE_CALLS {
        for default in defaults.iter().filter(|default| default.needs.iter().all(|need| case.needs.contains(need))) {
            let fixed = default
                .calls
                .iter()
                .filter(|turn| turn.call.arguments.values().all(plumb_model::value::Value::is_fixed))
                .filter(|turn| !empties || reads(api, turn));
            let name = &default.origin.operation;
            filler.extend(fixed.map(|turn| Turn { id: format!("filler{round}-{name}-{}", turn.id), ..turn.clone() }));
        }
        round += 1;
        assert!(round < LONG_CASE_CALLS, "no filler fits {:?}", case.needs);
    }
    let calls = filler.into_iter().chain(case.calls.iter().cloned());
    long.calls = calls.collect();
    long
}

fn reads(api: &Api, turn: &Turn) -> bool {
    api.operation(&turn.call.operation).is_some_and(|operation| operation.hazard == Hazard::Reads)
}

/// Alone, and then hidden.
fn check(api: &Api, plant: &Plant) {
    if plant.strength > 1 {
        check_meeting(api, plant);
    }
    let finding = found(api, plant);
    assert!(finding.case.calls.len() <= MINIMAL_CASE_CALLS, "{}: {:?}", plant.name, finding.case.calls);
    let long = hidden(api, &finding.case);
    assert!(long.calls.len() >= LONG_CASE_CALLS);
    assert_eq!(long.check(), Ok(()));
    let again = findings(api, plant, [long]);
    let smallest = again.iter().map(|finding| finding.case.calls.len()).min();
    let seen: Vec<_> = again.iter().map(|finding| (&finding.signature, finding.case.calls.len())).collect();
    assert!(smallest.is_some_and(|calls| calls <= MINIMAL_CASE_CALLS), "{}: {seen:?}", plant.name);
}

/// Every plant of an API, on as many threads as there are cores.
fn check_all(make: fn() -> Api) {
    // Winners in a circle diverge in no answer: tests/precedence.rs looks for them.
    let make = || {
        let mut api = make();
        api.plants.retain(|plant| plant.kind != Kind::PrecedenceCycle.name());
        api
    };
    let (next, threads) = (AtomicUsize::new(0), std::thread::available_parallelism().map_or(1, NonZero::get));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let api = make();
                while let Some(plant) = api.plants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(&api, plant);
                }
            });
        }
    });
    let count = make().plants.len();
    assert!(next.into_inner() >= count, "{count} plants were tried");
    println!("{count} plants, each found, and each at {MINIMAL_CASE_CALLS} calls or fewer out of {LONG_CASE_CALLS}");
}

#[test]
fn each_plant_of_kv_is_found_and_comes_out_of_a_long_case_small() {
    check_all(plumb_kv::api);
}

#[test]
fn each_plant_of_s3_is_found_and_comes_out_of_a_long_case_small() {
    check_all(plumb_s3::api);
}
