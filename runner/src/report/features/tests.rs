//! What is counted and kept, and each format as it reads.

use plumb_steps::played::{Outcome, Played, StepEnd};
use serde_json::Value;

use super::fixture::{self, done, ended, passed};
use super::*;

const PATH: &str = "features/kv/uploads.feature";

fn scenario(report: &FeatureReport) -> &Scenario {
    report.scenarios().next().expect("a scenario was played")
}

#[test]
fn every_scenario_stands_somewhere_and_is_counted_once() {
    let report = fixture::report();
    let counts = Counts {
        scenarios: 17,
        passed: 2,
        flaky: 1,
        failed: 6,
        accepted: 1,
        inconclusive: 3,
        allowed: 1,
        skipped: 3,
        without_model: 1,
    };
    assert_eq!(report.counts(), counts);
    assert_eq!(counts.passed_in_all() + counts.failed_in_all() + counts.inconclusive_in_all() + counts.skipped, 17);
}

#[test]
fn the_last_attempt_counts_and_the_calls_of_all() {
    let mut report = fixture::empty();
    let first = ended(passed(PATH, 1, "A file can be read"), 1, StepEnd::Failed, "it is gone");
    report.apply(&done(first.clone()));
    assert_eq!(report.upshot_of(scenario(&report)), Upshot::Failed);
    report.apply(&done(Played { attempt: 2, ..passed(PATH, 1, "A file can be read") }));
    assert_eq!(report.upshot_of(scenario(&report)), Upshot::Flaky);
    assert_eq!((report.counts().scenarios, report.calls.calls), (1, 8));
    report.apply(&done(Played { attempt: 3, ..first }));
    assert_eq!(report.upshot_of(scenario(&report)), Upshot::Failed);
    assert_eq!(scenario(&report).earlier.len(), 2);
}

#[test]
fn earlier_attempts_beyond_the_bound_make_room_for_later_ones() {
    let mut report = fixture::empty();
    let attempts = u32::try_from(EARLIER_MAX).expect("it is small") + 3;
    for attempt in 1..=attempts {
        let played = ended(passed(PATH, 1, "A file can be read"), 1, StepEnd::Failed, "it is gone");
        report.apply(&done(Played { attempt, ..played }));
    }
    let earlier = &scenario(&report).earlier;
    assert_eq!((earlier.len(), earlier[0].attempt), (EARLIER_MAX, 3));
    assert_eq!(report.in_full, 1);
}

#[test]
fn a_scenario_that_passed_keeps_its_steps_and_no_case() {
    let mut report = fixture::empty();
    report.apply(&done(passed(PATH, 1, "A file can be read")));
    let kept = &scenario(&report).played;
    assert_eq!((kept.steps.len(), kept.case.is_none()), (3, true));
}

#[test]
fn everything_is_kept_of_a_bounded_number_that_did_not_pass() {
    let mut report = fixture::empty();
    for at in 1..=IN_FULL_MAX + 5 {
        report.apply(&done(ended(passed(PATH, at, "A file can be read"), 1, StepEnd::Failed, "it is gone")));
    }
    assert_eq!(report.scenarios().filter(|own| own.played.case.is_some()).count(), IN_FULL_MAX);
    assert_eq!(report.counts().failed, IN_FULL_MAX as u64 + 5);
    assert!(report.scenarios().all(|own| own.played.trouble.is_some()));
    let text = terminal(&report, false);
    assert!(text.contains("… and 955 more scenarios failed"), "{text}");
}

#[test]
fn steps_of_passed_scenarios_are_bounded_and_their_lack_is_told() {
    let mut report = fixture::empty();
    for at in 1..=WITH_STEPS_MAX + 2 {
        report.apply(&done(passed(PATH, at, "A file can be read")));
    }
    assert_eq!(report.without_steps(), 2);
    assert!(notices(&report).contains(&"2 scenarios that passed stand without their steps: they are too many.".into()));
}

#[test]
fn the_same_scenarios_in_another_order_give_the_same_report() {
    let mut report = fixture::empty();
    let (mut first, rest): (Vec<Event>, Vec<Event>) =
        fixture::events().into_iter().partition(|event| matches!(event, Event::ScenarioDone(own) if own.attempt == 1));
    first.reverse();
    first.iter().chain(&rest).for_each(|event| report.apply(event));
    assert_eq!(report.to_json(), fixture::report().to_json());
}

#[test]
fn a_finding_belongs_to_the_scenario_that_shows_it() {
    let report = fixture::report();
    let shown: Vec<_> =
        report.scenarios().filter_map(|own| Some((own.played.line, &*report.finding_of(own)?.id))).collect();
    assert_eq!(shown, [(50, "00d084a2"), (60, "fd565789")]);
    assert_eq!(report.findings_apart().map(|finding| &*finding.id).collect::<Vec<_>>(), ["7be1c09d"]);
    assert_eq!(report.findings.iter().map(|finding| finding.count).sum::<u64>(), 4);
}

#[test]
fn a_command_is_quoted_where_a_shell_would_read_it_otherwise() {
    let mut report = fixture::empty();
    report.apply(&done(passed("my features/it's.feature", 1, "A file can be read")));
    report.again = "--endpoint-url http://127.0.0.1:9000".into();
    let expected = r"plumb test 'my features/it'\''s.feature:10' --endpoint-url http://127.0.0.1:9000";
    assert_eq!(report.commands(scenario(&report)), [expected]);
}

fn check(report: &FeatureReport, words: &str, told: &[&str]) {
    assert_eq!(headline(report).1, words);
    assert_eq!(notices(report), told);
}

#[test]
fn a_run_in_which_nothing_ran_says_so_loudly() {
    let mut report = fixture::empty();
    report.apply(&Event::TestsEnded(TestsEnded::default()));
    (report.started.selected, report.started.tags) = (0, Some("@smoke".into()));
    let none = "NO SCENARIO WAS PLAYED (3 scenarios were left out by the tags \"@smoke\", by name or because they belong \
                to another API): this says nothing about the target.";
    check(&report, "Nothing ran", &[none]);
    insta::assert_snapshot!(terminal(&report, false));

    report.apply(&done(ended(passed(PATH, 1, "A file can be read"), 0, StepEnd::Skipped, "the guard refused")));
    check(&report, "Nothing passed", &["EVERY SCENARIO WAS SKIPPED: this says nothing about the target."]);
}

#[test]
fn a_dry_run_and_a_run_without_an_end_are_no_pass() {
    let mut report = fixture::empty();
    report.started.dry_run = true;
    report.apply(&done(Played { outcome: Outcome::Skipped, ..passed(PATH, 1, "A file can be read") }));
    let dry = "A dry run: steps were bound to functions, nothing was sent. This says nothing about the target.";
    let killed = "No end was recorded: the run still goes on, or it was killed.";
    check(&report, "Nothing was sent: a dry run", &[dry, killed]);
    assert_eq!(report.skipped(), [("dry run: its steps are defined, and nothing is sent".to_owned(), 1)]);

    let mut report = fixture::passing();
    report.apply(&Event::TestsEnded(TestsEnded {
        early: Some("the target died\u{1b}".into()),
        scenarios_left: 1,
        ..TestsEnded::default()
    }));
    let early = "Ended early: the target died\\u{1b}; 1 scenario was not played.";
    check(&report, "Nothing failed in the part that ran", &[early]);
}

#[test]
fn a_run_in_which_all_passed_is_one_line_of_sums() {
    let mut report = fixture::passing();
    check(&report, "74 scenarios passed", &[]);
    assert_eq!(summary(&report), "74 scenarios: 74 passed; 296 calls, 296 judged by the model; 3.2 s");
    (report.started.target, report.started.endpoint) = ("model".into(), None);
    insta::assert_snapshot!(terminal(&report, false), @"
    plumb 0.1.0 · kv (standard) at the model itself
    run xwp65c6x · 2026-11-21T06:19:19Z

    74 scenarios: 74 passed; 296 calls, 296 judged by the model; 3.2 s
    ");
}

#[test]
fn the_json_report_reads_like_this() {
    let mut report = fixture::report().to_json();
    assert_eq!(report["schema"], TEST_SCHEMA);
    // The findings are as in the report of any run.
    report["findings"] = report["findings"].as_array().map(Vec::len).into();
    insta::assert_json_snapshot!(report);
}

/// What the schema of the format demands of each object: its name, and whether the value is right.
type Demand = (&'static str, fn(&Value) -> bool);

const FEATURE: &[Demand] = &[
    ("uri", Value::is_string),
    ("id", Value::is_string),
    ("line", Value::is_u64),
    ("keyword", Value::is_string),
    ("name", Value::is_string),
    ("description", Value::is_string),
    ("elements", Value::is_array),
];
const ELEMENT: &[Demand] = &[
    ("line", Value::is_u64),
    ("type", |value| value == "scenario"),
    ("keyword", Value::is_string),
    ("name", Value::is_string),
    ("description", Value::is_string),
    ("steps", Value::is_array),
];
const STEP: &[Demand] =
    &[("keyword", Value::is_string), ("line", Value::is_u64), ("name", Value::is_string), ("result", Value::is_object)];
const RESULT: &[Demand] = &[
    ("duration", Value::is_u64),
    ("status", |value| {
        let status = value.as_str().unwrap_or_default();
        ["passed", "failed", "skipped", "undefined", "ambiguous", "pending"].contains(&status)
    }),
];

fn demand(value: &Value, demands: &[Demand]) {
    for (name, holds) in demands {
        assert!(value.get(name).is_some_and(holds), "{name} in {value:#}");
    }
}

fn list<'value>(value: &'value Value, name: &str) -> impl Iterator<Item = &'value Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[test]
fn the_cucumber_report_has_what_its_readers_demand() {
    let report = fixture::report();
    let json = cucumber_json(&report);
    let features = json.as_array().expect("it is a list of features");
    let mut statuses = Vec::new();
    for feature in features {
        demand(feature, FEATURE);
        for element in list(feature, "elements") {
            demand(element, ELEMENT);
            assert!(list(element, "tags").all(|tag| tag["name"].as_str().is_some_and(|name| name.starts_with('@'))));
            let steps: Vec<&Value> = list(element, "steps").collect();
            for step in &steps {
                demand(step, STEP);
            }
            let hooks = list(element, "before").chain(list(element, "after"));
            let results: Vec<&Value> = hooks.chain(steps).map(|own| &own["result"]).collect();
            for result in &results {
                demand(result, RESULT);
            }
            statuses.push(results.iter().all(|result| result["status"] == "passed"));
        }
    }
    let passed: Vec<bool> = report.scenarios().map(|own| own.played.outcome == Outcome::Passed).collect();
    assert_eq!((features.len(), statuses), (3, passed));
}

#[test]
fn what_no_step_is_at_fault_for_is_told_by_a_hook() {
    let mut report = fixture::empty();
    let mut played = ended(passed(PATH, 1, "A file can be read"), 2, StepEnd::Failed, "the clean-up failed");
    played.steps[2].end = StepEnd::Passed;
    report.apply(&done(played));
    let element = &cucumber_json(&report)[0]["elements"][0];
    assert!(list(element, "steps").all(|step| step["result"]["status"] == "passed"));
    assert_eq!(element["after"][0]["result"]["status"], "failed");
}

#[test]
fn the_cucumber_report_reads_like_this() {
    insta::assert_json_snapshot!(cucumber_json(&fixture::report()));
}

#[test]
fn the_junit_report_reads_like_this() {
    insta::assert_snapshot!(junit(&fixture::report()).expect("it can be written"));
}

#[test]
fn the_junit_report_can_be_read_whatever_files_and_servers_say() {
    let mut report = fixture::report();
    let mut hostile =
        ended(passed("a\u{0}b\u{ffff}.feature", 1, "x"), 1, StepEnd::Failed, "]]>\u{b}\u{fffe}\u{1f}<&\"'");
    hostile.id = "]]>\u{1}\u{ffff}\u{7f}<a&b>".into();
    hostile.feature = "\u{8}\u{fffe}]]>".into();
    report.apply(&done(hostile));
    let text = junit(&report).expect("it can be written");
    // XML 1.0, production 2: nothing below a blank but tab and line ends, and neither U+FFFE nor U+FFFF.
    let permitted =
        |character: char| matches!(character, '\n' | ' '..) && !matches!(character, '\u{fffe}' | '\u{ffff}');
    assert!(text.chars().all(permitted) && !text.contains("]]>"), "{text}");
    let read = quick_junit::Report::deserialize_from_str(&text).expect("it is well-formed");
    let case = &read.test_suites[0].test_cases[0];
    assert_eq!(case.name.as_str(), "]]>\\u{1}\\u{ffff}\\u{7f}<a&b>");
    assert_eq!(case.classname.as_deref(), Some("a\\u{0}b\\u{ffff}"));
    assert_eq!((read.tests, read.failures, read.errors, read.skipped), (18, 4, 6, 5));
}
