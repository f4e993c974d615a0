//! A server made from the model conforms; one with a planted bug, or with anything else in its answers, does not.

use std::collections::BTreeSet;

use plumb_model::api::Api;
use plumb_model::belief::Judged;
use plumb_model::call::Case;
use plumb_model::judge;
use plumb_model::plant::Plant;
use plumb_model::seen::Seen;

use crate::harness::{Step, Way, rows, run};
use crate::mutants::mutants;

const FLAVOURS: [&str; 2] = ["compatible", "aws"];

/// Every case that differs from the defaults in as many dimensions, or in fewer.
fn cases(api: &Api, differing: usize) -> Vec<Case> {
    let each = api.operations.iter().flat_map(|operation| {
        let rows = rows(&operation.space, differing);
        rows.into_iter().map(|row| operation.case("s3", "test", &row)).collect::<Vec<_>>()
    });
    each.collect()
}

fn each_case(differing: usize, mut with: impl FnMut(&Api, &Case)) {
    let api = plumb_s3::api();
    for case in cases(&api, differing) {
        with(&api, &case);
    }
}

fn conforms(case: &Case, step: &Step<'_>) {
    if let Judged::Forbidden { misses, .. } = &step.judged {
        panic!("{:?} {}: {:?}\n{misses:#?}", case.origin.choices, step.turn.id, step.answer);
    }
}

#[test]
fn the_model_as_a_server_conforms() {
    for flavour in FLAVOURS {
        each_case(1, |api, case| {
            let untold = run(api, case, Way { flavour, plant: None, any: None }, |step| conforms(case, step));
            assert_eq!(untold, 0, "{:?}", case.origin.choices);
        });
    }
}

/// Of the cases that differ in two dimensions, one in so many is run; the others are left to the product's tests.
const SAMPLE: u64 = 4;

#[test]
fn any_permitted_answer_conforms() {
    let api = plumb_s3::api();
    for (seed, case) in (0..).zip(cases(&api, 2)).filter(|(seed, _)| seed % SAMPLE == 0) {
        let flavour = FLAVOURS[usize::from(seed % (2 * SAMPLE) == 0)];
        run(&api, &case, Way { flavour, plant: None, any: Some(seed) }, |step| conforms(&case, step));
    }
}

/// The kind of a divergence, as the validator tells it.
fn kind(step: &Step<'_>) -> &'static str {
    let expected: Vec<_> = step.permitted.iter().map(|outcome| &outcome.expectation).collect();
    match step.answer.status {
        _ if step.answer.is_server_error() => "server-error",
        _ if step.stale => "wrong-state-afterwards",
        ..400 if expected.iter().all(|own| own.status >= 400) => "accepts-what-must-be-refused",
        400.. if expected.iter().all(|own| own.status < 400) => "refuses-what-must-work",
        _ if expected.iter().any(|own| own.class() == step.answer.class()) => "wrong-header-or-body",
        _ => "wrong-code",
    }
}

#[test]
fn every_plant_is_found() {
    let api = plumb_s3::api();
    let cases: Vec<Case> = [1, 2].into_iter().flat_map(|differing| cases(&api, differing)).collect();
    // Winners in a circle diverge in no answer: tests/precedence.rs looks for them. Three choices do not meet here:
    // tests/plants.rs looks for what needs them.
    let shown = |plant: &&Plant| plant.kind != "precedence-cycle" && plant.strength <= 2;
    for plant in api.plants.iter().filter(shown) {
        let way = Way { flavour: "compatible", plant: Some(plant), any: None };
        let mut others = BTreeSet::new();
        // Most bugs show in a case of their own operation.
        let own = |case: &&Case| case.origin.operation == plant.operation;
        let found = cases.iter().filter(own).chain(cases.iter().filter(|case| !own(case))).any(|case| {
            let mut found = false;
            run(&api, case, way, |step| {
                if let Judged::Forbidden { .. } = step.judged {
                    found |= step.call.operation == plant.operation && kind(step) == plant.kind;
                    others.insert(format!("{} {}", step.call.operation, kind(step)));
                }
            });
            found
        });
        assert!(found, "{} gives {others:?}", plant.name);
    }
}

#[test]
fn every_mutant_of_an_answer_diverges() {
    let mut count = 0;
    for flavour in FLAVOURS {
        each_case(1, |api, case| {
            run(api, case, Way { flavour, plant: None, any: None }, |step| {
                let world = &step.belief.worlds()[0];
                let seen = Seen {
                    call_id: step.sent.id,
                    actor: step.sent.actor,
                    bindings: &world.bindings,
                    flavour,
                    region: step.sent.region,
                    time: step.sent.time,
                    bodies: step.sent.bodies,
                };
                let matching = step
                    .permitted
                    .iter()
                    .find(|outcome| judge::judge(&outcome.expectation, step.answer, &seen).is_ok())
                    .expect("conforms");
                for (place, mutant) in mutants(&matching.expectation, step.answer) {
                    count += 1;
                    let survives = judge::judge(&matching.expectation, &mutant, &seen).is_ok();
                    assert!(!survives, "{flavour} {:?} {}: {place} is not noticed", case.origin.choices, step.turn.id);
                }
                for (place, why) in judge::unconstrained(&matching.expectation) {
                    assert!(!why.is_empty(), "{place} is left open without a reason");
                }
            });
        });
    }
    assert!(count > 10_000, "only {count} mutants");
}

#[test]
fn a_state_can_be_shown() {
    each_case(1, |api, case| {
        run(api, case, Way { flavour: "aws", plant: None, any: None }, |step| {
            for world in step.belief.worlds() {
                assert!(world.state.to_json().is_object(), "{:?}", case.origin.choices);
            }
        });
    });
}
