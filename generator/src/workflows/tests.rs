use std::collections::BTreeSet;

use plumb_model::call::Call;
use plumb_model::value::Value;

use super::*;

fn cases(options: &WorkflowOptions, seed: u64, count: usize) -> Vec<Case> {
    workflows(&plumb_kv::api(), options, seed).take(count).collect()
}

fn plain(seed: u64, count: usize) -> Vec<Case> {
    cases(&WorkflowOptions::default(), seed, count)
}

fn ids(cases: &[Case]) -> Vec<String> {
    cases.iter().map(Case::id).collect()
}

fn calls(cases: &[Case]) -> impl Iterator<Item = &Call> {
    cases.iter().flat_map(|case| &case.calls).map(|turn| &turn.call)
}

#[test]
fn the_same_seed_gives_the_same_workflows_and_another_seed_others() {
    assert_eq!(ids(&plain(1, 40)), ids(&plain(1, 40)));
    let (one, two) = (plain(1, 40), plain(2, 40));
    let both: BTreeSet<String> = ids(&one).into_iter().chain(ids(&two)).collect();
    assert!(both.len() > 70, "but for the shortest ones no workflow comes twice: {}", both.len());
}

#[test]
fn a_workflow_hangs_on_its_number_alone() {
    let api = plumb_kv::api();
    let stream = workflows(&api, &WorkflowOptions::default(), 1);
    let late = stream.case(30);
    assert_eq!(late, plain(1, 31)[30]);
}

#[test]
fn every_workflow_can_be_run() {
    for case in plain(3, 300) {
        assert_eq!(case.check(), Ok(()));
        assert!(case.calls.len() <= CALLS_MAX, "{} calls", case.calls.len());
        assert_eq!((case.origin.suite.as_str(), case.origin.operation.as_str()), (WORKFLOWS, WORKFLOWS));
    }
}

#[test]
fn a_condition_names_what_an_earlier_answer_told() {
    let cases = plain(4, 100);
    let revisions = calls(&cases).filter_map(|call| call.argument("if-match"));
    let told = revisions.filter(|value| matches!(value, Value::Symbol(_))).count();
    assert!(told > 10, "{told} conditions");
}

#[test]
fn named_operations_come_with_what_reaches_their_states_and_shows_them() {
    let options = |name: &str| WorkflowOptions { operations: vec![name.to_owned()], weights: None };
    let called = |name: &str| -> BTreeSet<String> {
        calls(&cases(&options(name), 1, 60)).map(|call| call.operation.to_string()).collect()
    };
    assert_eq!(called("Get").into_iter().collect::<Vec<_>>(), ["Delete", "Get", "Put"]);
    assert_eq!(called("Delete").into_iter().collect::<Vec<_>>(), ["Delete", "Get", "List", "Put"]);
}

#[test]
fn weights_decide_what_is_called_and_with_what() {
    let text = r#"{"plumb_weights": 1, "api": "kv", "operations": {"Put": 10, "Get": 90},
        "after": {"": {"Put": 1}, "Put": {"Get": 1}, "Get": {"Get": 3, "Put": 1}},
        "choices": {"Get": {"if-none-match=current": 80}}}"#;
    let weights = Weights::parse(text, &plumb_kv::api()).expect("weights");
    let weighted = cases(&WorkflowOptions { operations: vec![], weights: Some(weights) }, 1, 100);
    let share = |cases: &[Case], operation: &str| {
        let all = calls(cases).count();
        calls(cases).filter(|call| call.operation == operation).count() * 100 / all
    };
    let both = share(&weighted, "Put") + share(&weighted, "Get");
    assert!(both > share(&plain(1, 100), "Put") + share(&plain(1, 100), "Get") + 10 && both < 100, "{both}");
    let conditional = |cases: &[Case]| {
        let gets = || calls(cases).filter(|call| call.operation == "Get");
        gets().filter(|call| call.argument("if-none-match").is_some()).count() * 100 / gets().count()
    };
    assert!(conditional(&weighted) > 2 * conditional(&plain(1, 100)), "{}", conditional(&weighted));
}

#[test]
fn a_workflow_that_fails_is_told_as_a_case_about_its_last_call() {
    let with_choice = |case: &Case| case.origin.choices.iter().any(|label| label.ends_with("if-match=current"));
    let mut case = plain(4, 200).into_iter().find(with_choice).expect("one has a condition");
    let label = case.origin.choices.iter().find(|label| label.ends_with("if-match=current")).cloned();
    let id = label.and_then(|label| Some(label.split_once(' ')?.0.to_owned())).expect("the label names a call");
    let place = case.calls.iter().position(|turn| turn.id == id).expect("the call is there");
    case.calls.truncate(place + 1);
    let told = about_last_call(case.clone());
    assert_eq!(told.check(), Ok(()));
    assert_eq!(told.calls.last().map(|turn| turn.id.as_str()), Some(CALL_UNDER_TEST));
    assert_eq!(told.origin.operation, case.calls[place].call.operation);
    assert!(told.origin.choices.contains(&"if-match=current".to_owned()), "{:?}", told.origin.choices);
    assert!(told.origin.choices.iter().all(|label| !label.contains(' ')), "{:?}", told.origin.choices);
    let row = Case { origin: plumb_model::call::Origin { suite: "choices".into(), ..case.origin.clone() }, ..case };
    assert_eq!(about_last_call(row.clone()), row, "cases of other suites stay as they are");
}
