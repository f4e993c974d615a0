//! Cases as scenarios: whatever a case says, its scenario says too.

use insta::assert_snapshot;
use plumb_generator::suites;
use plumb_model::api::Api;
use plumb_model::bodies::{BodySpec, ContentId};
use plumb_model::call::{Call, Case, Need, Repeat, Turn};
use plumb_model::expectation::{BodyRule, Expectation, Form, Matcher};
use plumb_model::value::{Function, Symbol, Value};
use plumb_steps::calls::{ExportError, scenario_of};
use plumb_steps::played::{Outcome, Played};
use plumb_steps::registry::Registry;
use proptest::prelude::*;

use crate::reading::scenarios;
use crate::stage::{on_stage, play_over, registry, server, told};

async fn played(api: &Api, registry: &Registry, text: &str, sequence: u64) -> Played {
    let mut scenarios = scenarios("features/exported.feature", text);
    assert_eq!(scenarios.len(), 1, "{text}");
    play_over(api, &server(api, None), registry, scenarios.remove(0), sequence).await
}

fn exported(case: &Case) -> String {
    scenario_of(case, "a case", &["why it is here".to_owned()]).expect("a scenario")
}

/// Every case of an API's suites survives: to text, played, and to text again.
fn check_suites(api: &Api) {
    let registry = registry();
    on_stage(async {
        for (sequence, case) in (0..).zip(suites::cases(api, &[], 1)) {
            let text = exported(&case);
            let played = played(api, &registry, &text, sequence).await;
            assert_eq!(played.outcome, Outcome::Passed, "{}\n{text}", told(&played));
            assert_eq!(played.case_lacks, None);
            let left = played.case.expect("a case");
            assert_eq!((&left.needs, &left.calls, left.id()), (&case.needs, &case.calls, case.id()), "{text}");
            assert_eq!(exported(&left), text);
        }
    });
}

#[test]
fn every_case_of_the_tutorial_api_survives_as_a_scenario() {
    check_suites(&plumb_kv::api());
}

#[test]
fn every_case_of_s3_survives_as_a_scenario() {
    check_suites(&plumb_s3::api());
}

fn key() -> Value {
    Value::resource("key", "a")
}

/// A case that says everything that a case can say.
fn whole() -> Case {
    let mut case = Case::new("kv");
    let any = || Expectation { body: BodyRule::Any("open".into()), ..Expectation::status(200) };
    let put = Call::new("Put").with("key", key()).with("value", " a|b\\c\n\"d\" ");
    let created = any().header("etag", Matcher::Like(Form::EntityTag));
    let also = Some(Expectation { status: 201, ..created });
    case.calls.push(Turn { also, ..Turn::new("stored", put) });
    let get = Call::new("Get").with("key", key()).with("if-none-match", "\"none\"");
    let repeat = Some(Repeat { until: any(), at_most: 5 });
    let after = Some(vec!["stored".to_owned()]);
    let body = BodyRule::Matches(Matcher::Contains("a|b".into()));
    let also = Some(Expectation { body, ..any() });
    case.calls.push(Turn { client: Some(2), after, repeat, also, ..Turn::new("read again", get) });
    case
}

#[test]
fn clients_order_repetition_and_expectations_survive() {
    let (api, case, registry) = (plumb_kv::api(), whole(), registry());
    let text = exported(&case);
    let played = on_stage(played(&api, &registry, &text, 1));
    assert_eq!(played.outcome, Outcome::Passed, "{}\n{text}", told(&played));
    assert_eq!(played.case.expect("a case").calls, case.calls, "{text}");
    assert_snapshot!(text);
}

#[test]
fn needs_are_said_with_their_owners() {
    let mut case = Case::new("s3");
    case.needs = vec![
        Need::own("bucket", "a"),
        Need::own("bucket", "b").by("other"),
        Need::shared("bucket", "c"),
        Need::shared("archive", "d").by("other"),
    ];
    case.calls.push(Turn { actor: Some("other".into()), ..Turn::new("call", Call::new("ListBuckets")) });
    assert_snapshot!(exported(&case));
}

#[test]
fn what_no_step_can_say_is_told() {
    let base = || {
        let mut case = Case::new("kv");
        case.calls.push(Turn::new("call", Call::new("List")));
        case
    };
    let check = |change: &dyn Fn(&mut Case), expected: &str| {
        let mut case = base();
        change(&mut case);
        let told = scenario_of(&case, "n", &[]).map_err(|error: ExportError| error.to_string());
        assert!(told.as_ref().is_err_and(|why| why.contains(expected)), "{expected}: {told:?}");
    };
    check(&|case| case.calls.clear(), "it has 0 calls");
    check(&|case| case.calls[0].id = "a\"b".into(), "the id of a call \"a\\\"b\" has a character");
    check(&|case| case.calls[0].call.operation = "Two Words".into(), "the operation");
    check(&|case| case.calls[0].actor = Some(String::new()), "the identity");
    check(&|case| case.needs.push(Need::own("key", "a\nb")), "the role of a resource");
    check(&|case| case.api = "a(b)".into(), "the API");
    let deep = (0..200).fold(Value::from(""), |value, _| Value::concat([value]));
    check(
        &|case| _ = case.calls[0].call.arguments.insert("key".into(), deep.clone()),
        "argument \"key\" of call \"call\"",
    );
}

#[test]
fn names_and_comments_stay_in_their_lines() {
    let mut case = Case::new("kv");
    case.calls.push(Turn::new("call", Call::new("List")));
    let comments = ["Scenario: none\n  When nobody".to_owned(), "\u{1b}[31m".to_owned()];
    let text = scenario_of(&case, "two\nlines @tag", &comments).expect("a scenario");
    assert_eq!(scenarios("f", &text).len(), 1);
    assert_snapshot!(text);
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ \\\\|\n\r\t\"{}<>#@'a]{0,6}", "[a-z]{1,4}"]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any_text().prop_map(|text| Value::from(text.as_str())),
        proptest::collection::vec(any::<u8>(), 0..8).prop_map(Value::literal),
        any_text().prop_map(|name| Value::Symbol(Symbol::new("first", &name))),
        (any_text(), any_text()).prop_map(|(kind, role)| Value::resource(&kind, &role)),
        any_text().prop_map(Value::Actor),
        Just(Value::Region),
        any::<i64>().prop_map(Value::now),
        any::<i64>().prop_map(|offset_s| Value::Clock { from: Some(Symbol::new("first", "t")), offset_s }),
        (any::<u64>(), 0..64_u64).prop_map(|(seed, length)| Value::Body(BodySpec::random(seed, length))),
        (any::<[u8; 32]>(), any::<u64>()).prop_map(|(sha256, length)| Value::Content(ContentId { sha256, length })),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        let functions = prop_oneof![Just(Function::Concat), Just(Function::Md5), Just(Function::PercentEncoded)];
        let of = proptest::collection::vec(inner, 0..3);
        (functions, of).prop_map(|(function, of)| Value::Apply { function, of })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_value_survives(values in proptest::collection::btree_map(any_text(), any_value(), 0..4)) {
        let (api, registry) = (plumb_kv::api(), registry());
        let mut case = Case::new("kv");
        case.calls.push(Turn::new("first", Call::new("List").with("prefix", key())));
        let arguments = values.into_iter().map(|(name, value)| (name.into(), value)).collect();
        // Nothing need be sendable: what is asked for is part of the case, whatever becomes of it.
        case.calls.push(Turn::new("second", Call { operation: "Nothing".into(), arguments }));
        let text = exported(&case);
        let left = on_stage(played(&api, &registry, &text, 1)).case.expect("a case");
        prop_assert_eq!(left.calls, case.calls, "{}", text);
    }
}
