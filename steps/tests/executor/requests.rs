//! Requests written by hand: what is sent, what is refused, and what of it becomes a case.

use insta::assert_snapshot;
use plumb_model::call::Case;
use plumb_model::value::Value;
use plumb_steps::played::{Outcome, Played};

use crate::reading::scenarios;
use crate::stage::{feature, on_stage, play_over, played, played_steps, registry, server, told};

fn passed(steps: &str) -> Played {
    let played = played_steps(steps);
    assert_eq!(played.outcome, Outcome::Passed, "{}", told(&played));
    played
}

fn case_of(steps: &str) -> Case {
    passed(steps).case.expect("a case")
}

fn trouble(steps: &str) -> String {
    played_steps(steps).trouble.map_or_else(|| "passed".to_owned(), |trouble| trouble.message)
}

#[test]
fn a_case_holds_roles_and_symbols_and_no_name_of_this_run() {
    let case = case_of(
        "    When the client sends PUT \"/v1/keys/{key a}\" with the file \"cat.png\"
    And the header \"etag\" is captured as \"revision\"
    And the client sends GET \"/v1/keys/{key a}\" with the headers
      | if-none-match | {revision} |
    Then the status is 304
    And the header \"etag\" is \"{revision}\"",
    );
    let text = serde_json::to_string_pretty(&case).expect("JSON");
    assert!(!text.contains("plumb-"), "{text}");
    assert_snapshot!(text);
}

#[test]
fn names_are_percent_encoded_where_they_stand_in_a_query() {
    let case = case_of(
        "    When the client sends GET \"/v1/keys\" with the query
      | prefix | {key a} |
      | after  | a b&c=d |",
    );
    assert_eq!(case.calls[0].call.argument("after"), Some(&Value::from("a b&c=d")));
    assert_eq!(case.calls[0].call.argument("prefix"), Some(&Value::resource("key", "a")));
}

#[test]
fn braces_in_json_are_its_own_but_within_its_texts() {
    let case = case_of(
        "    When the client sends PUT \"/v1/keys/{key a}\" with the JSON body
      \"\"\"
      {\"id\": \"{key a}\", \"n\": 1.0, \"set\": {}, \"brace\": \"{{}}\"}
      \"\"\"",
    );
    let parts = ["{\"id\": \"", "\", \"n\": 1.0, \"set\": {}, \"brace\": \"{}\"}"].map(Value::from);
    let [before, after] = parts;
    let expected = Value::concat([before, Value::concat([Value::resource("key", "a"), after])]);
    let found = case.calls[0].call.argument("value").expect("a value").clone();
    assert_eq!(flat(found), flat(expected));
}

/// The parts of a value in one list.
fn flat(value: Value) -> Vec<Value> {
    match value {
        Value::Apply { of, .. } => of.into_iter().flat_map(flat).collect(),
        other => vec![other],
    }
}

#[test]
fn what_could_be_read_as_another_request_is_not_sent() {
    let with =
        |header: &str| format!("    When the client sends GET \"/v1/keys/a\" with the headers\n      | {header} | x |");
    let check = |steps: &str, expected: &str| {
        let why = trouble(steps);
        assert!(why.contains(expected), "{steps}: {why}");
    };
    check("    When the client sends GET \"v1/keys\"", "begins with a slash");
    check("    When the client sends GET \"/v1/a b\"", "write %20");
    check("    When the client sends GET \"/v1/a#b\"", "write %23");
    check("    When the client sends GET \"/v1/ü\"", "write %C3");
    check("    When the client sends GET \"/v1/{key\"", "without its other half");
    check("    When the client sends GET \"/v1/{id}\"", "nothing is known as \"id\"");
    check(&with("Host"), "says where a request goes");
    check(&with("Transfer-Encoding"), "says where a request goes");
    check(&with("a b"), "no name of a header field");
    check(&with("x").replace("| x | x |", "| x | a\\nb |"), "control character");
    check("    When the client sends GET \"/v1/keys/a\" with the headers", "needs a table");
    check(
        "    When the client sends PUT \"/v1/keys/a\" with the JSON body\n      \"\"\"\n      {,}\n      \"\"\"",
        "no JSON",
    );
}

#[test]
fn what_was_said_of_the_next_request_is_never_left_out_in_silence() {
    let given = "    Given the next request has the headers\n      | a | b |";
    for steps in [given.to_owned(), format!("{given}\n    When \"x\" calls List")] {
        let why = trouble(&steps);
        assert!(why.contains("headers or a query were given"), "{steps}: {why}");
    }
}

#[test]
fn a_request_of_which_nobody_can_tell_what_it_touches_is_not_sent() {
    let done = played_steps("    When the client sends POST \"/v1/keys/{key a}\"");
    assert_eq!((done.outcome, done.calls), (Outcome::Failed, 0), "{}", told(&done));
    assert!(done.trouble.is_some_and(|trouble| trouble.message.contains("it cannot be told what the request touches")));
}

#[test]
fn waiting_ends_with_the_answer_that_is_waited_for_and_is_one_call_of_the_case() {
    let case = case_of(
        "    When the client sends PUT \"/v1/keys/{key a}\" with the body \"v\"
    And the client asks GET \"/v1/keys/{key a}\" until the status is 200, for at most 10 seconds",
    );
    let repeat = case.calls[1].repeat.clone().expect("a repeated call");
    assert_eq!((case.calls.len(), repeat.at_most, repeat.until.status), (2, 100, 200));
}

#[test]
fn waiting_in_vain_tells_what_was_seen_last() {
    let wait = |until: &str| {
        let steps = format!("    When the client asks GET \"/v1/keys/{{key a}}\" until {until}");
        let played = played_steps(&steps);
        format!("{} calls: {}", played.calls, played.trouble.map_or_else(String::new, |trouble| trouble.message))
    };
    let untils = [
        "the status is 200, for at most 1 second",
        "\"$.error\" is \"gone\", for at most 2 seconds",
        "\"$.error\" is \"not_found\", for at most 2 seconds",
        "\"$.error\" is 1, for at most 1 second",
        "the status is 200, for at most 61 seconds",
    ];
    assert_snapshot!(untils.map(wait).join("\n\n"));
}

#[test]
fn a_body_that_does_not_fit_a_schema_tells_where() {
    let steps = "    When the client sends GET \"/v1/keys?prefix={key a}\"
    Then the body fits the schema
      \"\"\"
      {\"properties\": {\"more\": {\"type\": \"string\"}}, \"required\": [\"next\"]}
      \"\"\"";
    assert_snapshot!(trouble(steps));
    let elsewhere = steps.replace(
        "{\"properties\": {\"more\": {\"type\": \"string\"}}, \"required\": [\"next\"]}",
        "{\"$ref\": \"http://example.invalid/x\"}",
    );
    let why = trouble(&elsewhere);
    assert!(why.contains("this is no schema") && why.contains("cannot fetch http://example.invalid/x"), "{why}");
}

#[test]
fn a_schema_lies_beside_the_feature() {
    let why = trouble(
        "    When the client sends GET \"/v1/keys?prefix={key a}\"\n    Then the body fits the schema in \"../x.json\"",
    );
    assert_eq!(why, "failed to read the schema \"../x.json\": it must be beside the feature file or below");
}

#[test]
fn two_people_and_a_pronoun_send_alike() {
    let text = "Feature: f\n  Scenario: s\n    When Bob sends PUT \"/v1/keys/{key a}\" with the body \"v\"\n    And he sends GET \"/v1/keys/{key a}\"\n    Then the body contains \"v\"\n";
    assert_eq!(played(text)[0].outcome, Outcome::Passed);
    let why = trouble("    When he sends GET \"/v1/keys/{key a}\"");
    assert!(why.contains("means nobody"), "{why}");
}

#[test]
fn whoever_signs_nothing_is_a_stranger_and_is_told_so_in_xml() {
    let (api, registry) = (plumb_s3::api(), registry());
    let check = |then: &str, expected: &str| {
        let steps = format!(
            "    Given the case has a bucket \"a\" of its own
    When the client sends GET \"/{{bucket a}}/cat.png\"
    Then the status is 403
    And {then}"
        );
        let scenario = scenarios("features/test.feature", &feature(&steps)).remove(0);
        let done = on_stage(play_over(&api, &server(&api, None), &registry, scenario, 1));
        let why = done.trouble.as_ref().map_or("passed", |trouble| trouble.message.as_str());
        assert_eq!(why, expected, "{}", told(&done));
        assert_eq!(done.judged, 1, "the model knows the call");
    };
    check("the XML \"/Error/Code\" is \"AccessDenied\"", "passed");
    check("the XML \"/Error/Code\" exists", "passed");
    check("the XML \"/Error/Key\" does not exist", "passed");
    check("the XML \"/Error/Code\" is \"NoSuchKey\"", "/Error/Code: expected NoSuchKey, observed AccessDenied");
    check(
        "the XML \"/Error/Code[2]\" exists",
        &format!("/Error/Code[2]: expected anything ({ONLY_THERE}), observed nothing"),
    );
}

const ONLY_THERE: &str = "the scenario asks only whether it is there";
