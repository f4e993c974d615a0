//! Every way in which a scenario ends.

use insta::assert_snapshot;
use plumb_steps::played::{Outcome, StepEnd};

use crate::stage::{Silence, feature, played, played_over, played_steps, server, told};

#[test]
fn a_scenario_that_holds_passes() {
    let done = played_steps("    When the client sends GET \"/v1/keys/{key a}\"\n    Then the status is 404");
    assert_snapshot!(told(&done));
}

#[test]
fn a_then_that_does_not_hold_shows_what_was_expected_and_what_came() {
    let check = |then: &str| {
        let steps =
            format!("    When the client sends PUT \"/v1/keys/{{key a}}\" with the body \"v\"\n    Then {then}");
        told(&played_steps(&steps))
    };
    let thens = [
        "the status is 200",
        "the status is 200 or 204",
        "the header \"etag\" is \"x\"",
        "the header \"server\" contains \"x\"",
        "the answer has the header \"server\"",
        "the answer has no header \"ETag\"",
        "the body is \"v\"",
        "the body has 1 byte",
        "\"$.keys\" exists",
    ];
    assert_snapshot!(thens.map(check).join("\n"));
}

#[test]
fn what_stands_in_json_is_told_apart_by_its_type() {
    let check = |then: &str| {
        let steps = format!("    When the client sends GET \"/v1/keys?prefix={{key a}}\"\n    Then {then}");
        let played = played_steps(&steps);
        let trouble = played.trouble.map_or_else(|| "passed".to_owned(), |trouble| trouble.message);
        format!("{then} -> {trouble}")
    };
    let thens = [
        "\"$.more\" is false",
        "\"$.more\" is \"false\"",
        "\"$.more\" is null",
        "\"$.keys\" has 0 entries",
        "\"$.keys\" has 1 entry",
        "\"$.more\" has 1 entry",
        "\"$.less\" is 1",
        "\"$.less\" does not exist",
        "\"$.keys\" does not exist",
        "\"$.keys\" contains \"a\"",
        "\"$.*\" is false",
        "\"$.[\" exists",
    ];
    assert_snapshot!(thens.map(check).join("\n"));
}

#[test]
fn a_step_that_panics_fails_its_scenario_and_no_other() {
    let text = "Feature: f\n  Scenario: one\n    Given something that panics\n    Then the status is 200\n\n  Scenario: two\n    \
                When the client sends GET \"/v1/keys/{key a}\"\n    Then the status is 404\n";
    let [one, two] = &played(text)[..] else { panic!("two scenarios") };
    assert_snapshot!([told(one), told(two)].join("\n"));
}

#[test]
fn a_step_that_hangs_is_named_when_the_time_runs_out() {
    let text = "Feature: f\n  @timeout(2s)\n  Scenario: s\n    When nobody ever answers\n    Then the status is 200\n";
    assert_snapshot!(told(&played(text)[0]));
}

#[test]
fn an_undefined_step_ends_the_scenario_before_its_first_call() {
    let done = played_steps("    When the client sends GET \"/v1/keys/{key a}\"\n    Then the cat has 9 lives");
    assert_eq!((done.outcome, done.calls), (Outcome::Failed, 0));
    assert_snapshot!(told(&done));
}

#[test]
fn an_ambiguous_step_names_both_places() {
    let done = played_steps("    Then twice is said");
    assert_eq!(done.steps[0].end, StepEnd::Ambiguous);
    let help = done.trouble.and_then(|trouble| trouble.help).expect("the places");
    let files: Vec<&str> = help.lines().filter_map(|line| line.split_once(':')).map(|(file, _)| file).collect();
    assert_eq!(files, ["steps/tests/executor/said.rs"; 2], "{help}");
}

const OVERWRITES: &str = "    When the client sends PUT \"/v1/keys/{key a}\" with the body \"1\"
    And the client sends PUT \"/v1/keys/{key a}\" with the body \"2\"
    And the client sends GET \"/v1/keys/{key a}\"";

#[test]
fn an_answer_that_the_model_forbids_fails_without_any_then() {
    let api = plumb_kv::api();
    let forgetful = server(&api, Some("lost-overwrite"));
    assert_snapshot!(told(&played_over(&forgetful, &feature(OVERWRITES))[0]));
}

#[test]
fn a_scenario_without_the_model_counts_what_the_model_forbids() {
    let api = plumb_kv::api();
    let forgetful = server(&api, Some("lost-overwrite"));
    let text = feature(OVERWRITES).replace("  Scenario", "  @model(off)\n  Scenario");
    let done = played_over(&forgetful, &text).remove(0);
    assert!(done.without_model);
    assert_snapshot!(told(&done));
}

#[test]
fn an_answer_that_is_lost_says_nothing() {
    let text = feature("    When the client sends GET \"/v1/keys/{key a}\"\n    Then the status is 404");
    assert_snapshot!(told(&played_over(&Silence, &text)[0]));
}

#[test]
fn what_was_not_made_by_the_run_is_not_touched() {
    let done = played_steps("    When the client sends DELETE \"/v1/keys/somebody-elses\"");
    assert_snapshot!(told(&done));
}
