//! Which scenarios are played, in which order, and how often.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::{check_all_passed, failed, feature, json, names, reads};
use crate::support::odd::{Act, Odd};
use crate::support::{Home, Listener, Served};

/// A folder with `mine.feature`: four scenarios, at the lines 5, 10, 14 and 22, two of them from an outline.
fn home() -> Home {
    let home = Home::new();
    let outline = "\n  @slow\n  Scenario Outline: three <what>\n    When the client sends GET \"/v1/keys/{key <what>}\"\n    \
                   Then the status is 404\n\n    Examples:\n      | what |\n      | a    |\n      | b    |\n";
    let first = reads("one", "404").replacen("\n  ", "\n  @smoke\n  ", 1);
    home.write("mine.feature", feature(&(first + &reads("two", "404") + outline)));
    home
}

/// Demands that just these scenarios are played with `more`.
#[track_caller]
fn check(more: &[&str], expected: &[&str]) {
    let report = json(&home(), &[more, &["--target", "model"]].concat(), 0);
    assert_eq!(names(&report, "passed"), expected, "{more:?}");
    check_all_passed(&report, expected.len() as u64);
}

const ALL: [&str; 4] = ["one", "two", "three a", "three b"];

#[test]
fn tags_select() {
    check(&["mine.feature"], &ALL);
    check(&["mine.feature", "--tags", "@smoke"], &ALL[..1]);
    check(&["mine.feature", "--tags", "@slow"], &ALL[2..]);
    check(&["mine.feature", "--tags", "not (@smoke or @slow)"], &ALL[1..2]);
    check(&["mine.feature", "--tags", "@api(kv) and not @slow"], &ALL[..2]);
}

#[test]
fn names_and_ids_select() {
    check(&["mine.feature", "--name", "two"], &ALL[1..2]);
    check(&["mine.feature", "--name", "two", "--name", "one"], &ALL[..2]);
    check(&["mine.feature", "--name", "mine::three"], &ALL[2..]);
    check(&["mine.feature", "--name", "three b", "--tags", "@slow"], &ALL[3..]);
}

#[test]
fn a_line_selects_the_scenario_around_it() {
    check(&["mine.feature:5"], &ALL[..1]);
    check(&["mine.feature:6"], &ALL[..1]);
    check(&["mine.feature:11"], &ALL[1..2]);
    check(&["mine.feature:14"], &ALL[2..]);
    check(&["mine.feature:20"], &ALL[2..3]);
    check(&["mine.feature:6", "mine.feature:21"], &[ALL[0], ALL[3]]);
}

#[test]
fn a_folder_is_all_the_files_below_it() {
    let home = home();
    std::fs::create_dir_all(home.path("all/below")).expect("a folder");
    home.write("all/one.feature", feature(&reads("first", "404")));
    home.write("all/below/two.feature", feature(&reads("second", "404")));
    home.write("all/note.txt", "no feature");
    let mut passed = names(&json(&home, &["all", "--target", "model"], 0), "passed");
    passed.sort();
    assert_eq!(passed, ["first", "second"]);
}

#[test]
fn a_list_is_the_ids_and_sends_nothing() {
    let (home, nobody) = (home(), Listener::new());
    let before = home.everything();
    let ran = home.plumb(&["test", "mine.feature", "--list", "--endpoint-url", &nobody.url()]).exits(0);
    assert_eq!(
        ran.stdout.lines().collect::<Vec<_>>(),
        ["mine::one", "mine::two", "mine::three_what::a", "mine::three_what::b"]
    );
    let some = home.plumb(&["test", "mine.feature", "--list", "--tags", "@smoke"]).exits(0);
    assert_eq!(some.stdout, "mine::one\n");
    assert!(!nobody.was_called());
    assert_eq!(home.everything(), before);
}

#[test]
fn a_dry_run_binds_every_step_and_sends_nothing() {
    let (home, nobody) = (home(), Listener::new());
    let before = home.everything();
    let dry = ["mine.feature", "--dry-run", "--endpoint-url", &nobody.url()];
    let report = json(&home, &dry, 0);
    assert_eq!((&report["counts"]["skipped"], &report["counts"]["passed"]), (&4.into(), &0.into()));
    let text = home.plumb(&["test", "mine.feature", "--dry-run"]).exits(0).stdout;
    assert!(text.contains("· kv at no target\n") && text.contains("Nothing was sent: a dry run"), "{text}");
    home.write("wrong.feature", feature("\n  Scenario: one\n    When the client sings\n"));
    let report = json(&home, &["wrong.feature", "--dry-run"], 1);
    assert_eq!(failed(&report), ["one"]);
    std::fs::remove_file(home.path("wrong.feature")).expect("the file goes");
    assert!(!nobody.was_called());
    assert_eq!(home.everything(), before);
}

#[test]
fn nothing_begins_after_a_failure_where_that_is_asked_for() {
    let home = Home::new();
    let scenarios = ["one", "two", "three", "four"].map(|name| reads(name, if name == "two" { "200" } else { "404" }));
    home.write("mine.feature", feature(&scenarios.concat()));
    let all = json(&home, &["mine.feature", "--target", "model", "--workers", "1"], 1);
    assert_eq!((failed(&all), names(&all, "passed").len()), (vec!["two".to_owned()], 3));
    let fast = json(&home, &["mine.feature", "--target", "model", "--workers", "1", "--fail-fast"], 1);
    assert_eq!((failed(&fast), names(&fast, "passed")), (vec!["two".to_owned()], vec!["one".to_owned()]));
    assert_eq!((&fast["ended"]["early"], &fast["ended"]["scenarios_left"]), (&"a scenario failed".into(), &2.into()));
}

/// Five scenarios of five requests each for a key of their own. The names of those that are `serial` begin so.
fn many(tag: &str) -> String {
    let steps = |role: &str| format!("    When the client sends GET \"/v1/keys/{{key {role}}}\"\n").repeat(5);
    let one = |role: String, tag: &str| format!("\n  {tag}\n  Scenario: {role}\n{}", steps(&role));
    let serial: String = (0..5).map(|number| one(format!("serial{number}"), tag)).collect();
    feature(&(serial + &(0..5).map(|number| one(format!("plain{number}"), "@free")).collect::<String>()))
}

#[test]
fn a_serial_scenario_is_played_alone_and_after_all_others() {
    let (home, asked) = (Home::new(), Arc::new(Mutex::new(Vec::new())));
    let (seen, url) = (Arc::clone(&asked), |server: &Odd| server.url.clone());
    let server = Odd::new(move |request| {
        let target = String::from_utf8_lossy(&request.target).into_owned();
        let role = target.rsplit('-').next().unwrap_or_default().to_owned();
        seen.lock().expect("a lock").push(role);
        Act::Serve
    });
    home.write("mine.feature", many("@serial"));
    let report = json(&home, &["mine.feature", "--endpoint-url", &url(&server), "--workers", "5"], 0);
    check_all_passed(&report, 10);
    let asked = asked.lock().expect("a lock");
    let roles: Vec<&str> = asked.iter().map(String::as_str).filter(|role| role.starts_with(['s', 'p'])).collect();
    let mut runs: Vec<&str> = roles.iter().copied().filter(|role| role.starts_with("serial")).collect();
    assert_eq!(runs.len(), 25, "{roles:?}");
    let first = roles.iter().position(|role| role.starts_with("serial")).expect("one of them");
    assert!(roles[first..].iter().all(|role| role.starts_with("serial")), "others came in between: {roles:?}");
    runs.dedup();
    assert_eq!(runs.len(), 5, "each goes to its end before the next begins: {runs:?}");
}

/// A server that answers the first `wrong` requests for an entry with 501.
fn moody(wrong: usize) -> Odd {
    let asked = AtomicUsize::new(0);
    Odd::new(move |request| {
        let is_entry = request.target.ends_with(b"-moody");
        if is_entry && asked.fetch_add(1, Ordering::SeqCst) < wrong { Act::NotImplemented } else { Act::Serve }
    })
}

fn retried(server: &Odd, tag: &str, code: i32) -> Value {
    let home = Home::new();
    let scenario =
        reads("moody", "404").replace("{key a}", "{key moody}").replacen("\n  ", &format!("\n  {tag}\n  "), 1);
    home.write("mine.feature", feature(&(scenario + &reads("calm", "404"))));
    let text = home.plumb(&["test", "mine.feature", "--endpoint-url", &server.url, "--output", "out"]).exits(code);
    let report: Value = serde_json::from_str(&home.read("out/run.json")).expect("JSON");
    assert_eq!(text.stdout.contains("flaky"), report["counts"]["flaky"] != 0, "{}", text.stdout);
    report
}

#[test]
fn what_passes_after_a_failure_is_flaky_and_told() {
    let report = retried(&moody(1), "@retry(2)", 0);
    assert_eq!(
        (names(&report, "flaky"), names(&report, "passed")),
        (vec!["moody".to_owned()], vec!["calm".to_owned()])
    );
    let moody_one = report["scenarios"].as_array().and_then(|all| all.iter().find(|own| own["name"] == "moody"));
    let earlier = moody_one.expect("the scenario")["earlier"].as_array().expect("earlier attempts");
    assert_eq!((earlier.len(), &earlier[0]["outcome"]), (1, &"failed".into()));
}

#[test]
fn a_retry_has_an_end_and_nothing_is_retried_unasked() {
    assert_eq!(failed(&retried(&moody(usize::MAX), "@retry(2)", 1)), ["moody"]);
    assert_eq!(failed(&retried(&moody(1), "@free", 1)), ["moody"]);
}

#[test]
fn every_phrase_is_in_a_table() {
    let home = Home::new();
    for (api, own, others) in
        [("s3", "owns the bucket", ""), ("kv", "{who} sends {method} {string}", "owns the bucket")]
    {
        let text = home.plumb(&["test", "--phrases", "--api", api]).exits(0).stdout;
        assert!(text.starts_with("| keyword | phrase | defined in |\n| --- | --- | --- |\n"), "{text}");
        assert!(text.lines().all(|line| line.starts_with("| ")), "{text}");
        assert!(text.contains(own) && text.contains("the status is"), "{text}");
        assert!(others.is_empty() || !text.contains(others), "phrases of another API: {text}");
    }
}

#[test]
fn a_scenario_of_another_api_is_left_out() {
    let home = home();
    let server = Served::kv(&home);
    home.write("other.feature", "@api(s3)\nFeature: Other\n\n  Scenario: s\n    Given Bob owns the bucket \"b\"\n");
    let both = ["mine.feature", "other.feature", "--api", "kv", "--endpoint-url", &server.url];
    let report = json(&home, &both, 0);
    check_all_passed(&report, 4);
    assert_eq!(report["left_out"], 1);
}
