//! Every planted bug is found with the finding it must give, alone and hidden in a long legal case.
#![expect(clippy::print_stdout, reason = "the figures are printed for whoever runs it with --nocapture")]

#[expect(dead_code, reason = "each test crate uses a part of it")]
mod lab;

use plumb_generator::suites;
use plumb_model::api::Api;
use plumb_model::call::{Case, Turn};
use plumb_model::plant::Plant;
use plumb_model::space::{Hazard, Operation};
use plumb_validator::finding::Finding;
use plumb_validator::model_server::Answers;

/// How many calls the long case has at least.
const LONG_CASE_CALLS: usize = 30;
/// How many calls may be left of it.
const MINIMAL_CASE_CALLS: usize = 4;

fn findings(api: &Api, plant: &Plant, cases: impl IntoIterator<Item = Case>) -> Vec<Finding> {
    let server = lab::server(api, Answers::Preferred, Some(plant.clone()));
    lab::run(api, server, cases, true).findings
}

/// The suites of the operation that must give the bug away, and of those that write: their probes look after it.
fn cases_that_show<'a>(api: &'a Api, plant: &Plant) -> impl Iterator<Item = Case> + 'a {
    let own = plant.operation;
    let writes = |operation: &&Operation| operation.hazard != Hazard::Reads || operation.name == own;
    let names: Vec<String> = api.operations.iter().filter(writes).map(|operation| operation.name.to_owned()).collect();
    suites::cases(api, &[], 1)
        .filter(move |case| case.origin.suite == suites::CHOICES && names.contains(&case.origin.operation))
}

fn expected<'f>(plant: &Plant, findings: &'f [Finding]) -> Option<&'f Finding> {
    findings.iter().find(|finding| finding.operation == plant.operation && finding.kind.name() == plant.kind)
}

fn each_plant_is_found(api: &Api) {
    for plant in &api.plants {
        let findings = findings(api, plant, cases_that_show(api, plant));
        let kinds: Vec<_> = findings.iter().map(|finding| (&finding.operation, finding.kind.name())).collect();
        let finding = expected(plant, &findings)
            .unwrap_or_else(|| panic!("{}: no {} of {}, only {kinds:?}", plant.name, plant.kind, plant.operation));
        assert!(finding.case.calls.len() <= MINIMAL_CASE_CALLS, "{}: {:?}", plant.name, finding.case.calls);
        println!(
            "{:<28} {:>2} findings, {} calls: {}",
            plant.name,
            findings.len(),
            finding.case.calls.len(),
            finding.summary
        );
    }
}

/// `case` behind legal calls of the same API on keys of their own, so that only the end shows the bug.
fn hidden(api: &Api, case: &Case) -> Case {
    let mut long = case.clone();
    let mut filler: Vec<Turn> = Vec::new();
    // Calls of default rows conform; their ids are made unique.
    let operations = api.operations.iter().filter(|operation| operation.hazard <= Hazard::Writes);
    let defaults: Vec<Case> =
        operations.map(|operation| operation.case(api.name, "filler", &operation.space.defaults())).collect();
    let mut round = 0;
    while filler.len() + case.calls.len() < LONG_CASE_CALLS {
        for default in defaults.iter().filter(|default| default.needs.iter().all(|need| case.needs.contains(need))) {
            let fixed = default
                .calls
                .iter()
                .filter(|turn| turn.call.arguments.values().all(plumb_model::value::Value::is_fixed));
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

fn each_hidden_plant_comes_out_small(api: &Api) {
    for plant in &api.plants {
        let alone = findings(api, plant, cases_that_show(api, plant));
        let Some(finding) = expected(plant, &alone) else { continue };
        let long = hidden(api, &finding.case);
        assert!(long.calls.len() >= LONG_CASE_CALLS);
        let again = findings(api, plant, [long.clone()]);
        let smallest = again.iter().map(|finding| finding.case.calls.len()).min();
        assert_eq!(long.check(), Ok(()));
        let seen: Vec<_> = again.iter().map(|finding| (&finding.signature, finding.case.calls.len())).collect();
        assert!(smallest.is_some_and(|calls| calls <= MINIMAL_CASE_CALLS), "{}: {seen:?}", plant.name);
    }
}

#[test]
fn each_plant_of_kv_is_found() {
    each_plant_is_found(&plumb_kv::api());
}

#[test]
fn each_hidden_plant_of_kv_comes_out_small() {
    each_hidden_plant_comes_out_small(&plumb_kv::api());
}

#[test]
fn each_plant_of_s3_is_found() {
    each_plant_is_found(&plumb_s3::api());
}

#[test]
fn each_hidden_plant_of_s3_comes_out_small() {
    each_hidden_plant_comes_out_small(&plumb_s3::api());
}
