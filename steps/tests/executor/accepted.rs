//! What becomes of a scenario once an answer came that the model forbids and somebody has accepted.

use plumb_steps::played::{Outcome, Played, StepEnd};

use crate::stage::{Busy, played_over, played_steps, server};

/// Plays steps against a server with a planted bug that somebody has accepted.
fn played(plant: &str, steps: &str) -> Played {
    let api = plumb_kv::api();
    let text = format!("Feature: f\n  @accepted @timeout(1s)\n  Scenario: s\n{steps}\n");
    played_over(&server(&api, Some(plant)), &text).remove(0)
}

const WRITES_TWICE: &str = "    When the client sends PUT \"/v1/keys/{key a}\" with the body \"one\"
    And the client sends PUT \"/v1/keys/{key a}\" with the body \"two\"
    And the client sends GET \"/v1/keys/{key a}\"";

#[test]
fn a_scenario_goes_on_after_an_accepted_answer() {
    let done = played("lost-overwrite", &format!("{WRITES_TWICE}\n    Then the status is 200"));
    assert_eq!((done.outcome, done.accepted, done.ends_in_accepted), (Outcome::Passed, 1, false));
}

#[test]
fn a_then_that_looks_at_an_accepted_answer_fails_and_is_accepted() {
    let done = played("lost-overwrite", &format!("{WRITES_TWICE}\n    Then the body is \"two\""));
    assert_eq!((done.outcome, done.accepted, done.ends_in_accepted), (Outcome::Failed, 1, true));
}

#[test]
fn nothing_else_is_accepted_for_it() {
    for (step, outcome, end) in [
        ("When nobody ever answers", Outcome::Inconclusive, StepEnd::TimedOut),
        ("Given something that panics", Outcome::Failed, StepEnd::Panicked),
    ] {
        let done = played("lost-overwrite", &format!("{WRITES_TWICE}\n    {step}"));
        let ended = done.steps.last().map(|step| step.end);
        assert_eq!((done.outcome, ended, done.ends_in_accepted), (outcome, Some(end), false), "{step}");
    }
    let later = "    And the client sends GET \"/v1/keys/{key b}\"\n    Then the status is 200";
    let done = played("lost-overwrite", &format!("{WRITES_TWICE}\n{later}"));
    assert_eq!((done.outcome, done.accepted, done.ends_in_accepted), (Outcome::Failed, 1, false), "another answer");
}

#[test]
fn a_server_that_asks_to_slow_down_is_not_wrong() {
    let text = "Feature: f\n  Scenario: s\n    When the client sends GET \"/v1/keys/{key a}\"\n";
    let done = played_over(&Busy, text).remove(0);
    assert_eq!(done.outcome, Outcome::Inconclusive, "{:?}", done.trouble);
}

#[test]
fn what_is_borrowed_twice_is_borrowed_in_one_way() {
    let steps = |second: &str| {
        format!(
            "    Given the case has a key \"a\" of its own\n    And the case has a key \"a\" {second}\n    When the client sends GET \"/v1/keys/{{key a}}\""
        )
    };
    assert_eq!(played_steps(&steps("or a part of one")).outcome, Outcome::Failed);
}
