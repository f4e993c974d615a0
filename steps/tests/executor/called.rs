//! Calls by name: what a step refuses, and what an exported case says of a server.

use plumb_generator::suites;
use plumb_model::call::{Call, Case, Turn};
use plumb_model::value::Value;
use plumb_steps::calls::scenario_of;
use plumb_steps::played::Outcome;

use crate::stage::{played_over, played_steps, server, told};

fn check(steps: &str, expected: &str) {
    let indented = format!("    {}", steps.replace('\n', "\n    "));
    let why = played_steps(&indented).trouble.map_or_else(|| "passed".to_owned(), |trouble| trouble.message);
    assert!(why.contains(expected), "{steps}: {why}");
}

/// A call that is answered.
const LISTED: &str = "When \"a\" calls List\n| prefix | {\"resource\":{\"kind\":\"key\",\"role\":\"a\"}} |\n";

#[test]
fn a_call_that_no_case_could_hold_is_refused() {
    check(LISTED, "passed");
    check(r#"When "" calls List"#, r#"the call id "" is empty"#);
    check(r#"When "a.b" calls List"#, "has a dot");
    check(&format!("{LISTED}And \"a\" calls List"), "used twice");
    check("When \"a\" calls List\n| limit | 1 |\n| limit | 2 |", "given twice");
    check("When \"a\" calls List\n| limit | {} |", "is no value");
    check("When \"a\" calls List\n| limit |", "a name and a value");
    check("When \"a\" calls List\n| {\"actor\":\"x\"} | 1 |", "must be a text");
    check("When \"a\" calls List as nobody", "the target has no second identity");
    check(&format!("{LISTED}Given the case has a key \"a\" of its own"), "borrows before its first call");
    check("Given the case has a cat \"a\" of its own", "the API has no resource of kind \"cat\"");
}

#[test]
fn terms_that_say_nothing_are_refused() {
    let terms = "Given the next call is sent on these terms";
    check(&format!("{terms}\n| client | x |"), "cannot be read");
    check(&format!("{terms}\n| at most | 2 |"), "go together");
    check(&format!("{terms}\n| often | 2 |"), "is no term of a call");
    check(&format!("{terms}\n| client | 2 |"), "none follows");
}

#[test]
fn what_an_answer_must_be_is_asked_of_an_answer() {
    let exactly = |doc: &str| format!("Then the answer is exactly\n\"\"\"\n{doc}\n\"\"\"");
    check("Then the answer is exactly", "needs a doc string");
    check(&exactly("{}"), "is no expectation");
    check(&exactly(r#"{"status":200,"body":"empty"}"#), "nothing was asked yet");
    check("Then every answer is permitted", "nothing was asked yet that the model could judge");
    let listed = format!("{LISTED}{}", exactly(r#"{"status":404,"body":"empty"}"#));
    check(&listed, "status: expected 404, observed 200");
}

/// A case that a server with this bug fails.
fn caught(plant: &str) -> Case {
    let put = |value: &str| Call::new("Put").with("value", value);
    let calls = match plant {
        "lost-overwrite" => vec![put("1"), put("2"), Call::new("Get")],
        "delete-forgets" => vec![put("1"), Call::new("Delete"), Call::new("Get")],
        other => panic!("{other} is not here"),
    };
    let of_key = |call: Call| call.with("key", Value::resource("key", "a"));
    let mut case = Case::new("kv");
    case.calls = (1..).zip(calls).map(|(id, call)| Turn::new(format!("call-{id}"), of_key(call))).collect();
    case
}

#[test]
fn a_finding_is_a_scenario_that_fails_until_it_is_fixed() {
    let api = plumb_kv::api();
    for plant in ["lost-overwrite", "delete-forgets"] {
        let text = scenario_of(&caught(plant), plant, &[]).expect("a scenario");
        let today = played_over(&server(&api, Some(plant)), &text).remove(0);
        let fixed = played_over(&server(&api, None), &text).remove(0);
        assert_eq!([today.outcome, fixed.outcome], [Outcome::Failed, Outcome::Passed], "{}", told(&today));
    }
}

#[test]
fn what_the_model_forbids_is_not_permitted_where_the_scenario_does_without_it() {
    let api = plumb_kv::api();
    let text = scenario_of(&caught("delete-forgets"), "n", &[]).expect("a scenario");
    let text = text.replace("  Scenario", "  @model(off)\n  Scenario");
    let done = played_over(&server(&api, Some("delete-forgets")), &text).remove(0);
    assert_eq!((done.outcome, done.waived), (Outcome::Failed, 1), "{}", told(&done));
    let why = done.trouble.expect("trouble").message;
    assert_eq!(why, "the model forbids 1 of the answers, and 0 are to no call that it knows");
}

#[test]
fn the_same_case_gives_the_same_text() {
    let api = plumb_s3::api();
    let texts = || suites::cases(&api, &[], 1).take(50).map(|case| scenario_of(&case, "n", &[])).collect::<Vec<_>>();
    assert_eq!(texts(), texts());
    assert_ne!(texts()[0], texts()[1]);
}
