//! What cannot be played: told with its place and a remedy, and never passed.

use std::fmt::Write as _;

use serde_json::Value;

use super::{check_all_passed, failed, feature, json, reads, served};
use crate::refused::refused;
use crate::support::{Home, Listener, Ran, Served};

/// The exit code of what cannot be begun.
const USAGE: i32 = 3;

/// Demands exit code 3, these words, the place and its caret of a file `x.feature`, before anything is sent.
#[track_caller]
fn check_file(bytes: &[u8], place: &str, words: &[&str]) -> Ran {
    let home = Home::new();
    home.write("x.feature", bytes);
    let place = format!("x.feature:{place}");
    let ran = refused(&home, &["test", "x.feature", "--endpoint-url", "URL"], &[&[place.as_str()], words].concat());
    assert!(ran.stderr.contains("help: "), "a remedy: {}", ran.stderr);
    ran
}

/// The same for a mistake in a text that can be shown.
#[track_caller]
fn check_text(text: &str, place: &str, words: &[&str]) {
    let ran = check_file(text.as_bytes(), place, words);
    assert!(ran.stderr.contains("── here"), "a caret: {}", ran.stderr);
}

#[test]
fn a_mistake_in_gherkin_is_shown_where_it_stands() {
    let one = feature(&reads("one", "404"));
    check_text(&format!("{one}\n  Szenario two\n"), "8:3", &["expected a step, found `Szenario`", "`Given`, `When`"]);
    check_text("  Scenario: one\n    Given x\n", "1:3", &["expected `Feature:`, found `Scenario: one`"]);
    check_text(&format!("{one}{}", reads("one", "404")), "8:3", &["a second scenario is called `one`", "line 4"]);
    check_text(&one.replace("@api(kv)", "@api(kv) smoke"), "1:10", &["expected a tag", "`smoke`"]);
    check_text(&one.replace("@api(kv)", "@api(kv) @retry(many)"), "1:10", &["@retry"]);
    check_text(&one.replace("@api(kv)", "@api(kv) @timeout(soon)"), "1:10", &["@timeout"]);
}

#[test]
fn an_outline_without_rows_is_shown_where_it_stands() {
    let outline = "@api(kv)\nFeature: F\n\n  Scenario Outline: a <n>\n    When the client sends GET \"/<n>\"\n";
    check_text(outline, "4:3", &["the outline has no examples"]);
    check_text(&format!("{outline}\n    Examples:\n      | n |\n"), "7:5", &["the examples have no rows"]);
    check_text(&format!("{outline}\n    Examples:\n      | m |\n      | 1 |\n"), "4:", &["<n>"]);
    check_text(&format!("{outline}\n    Examples:\n      | n |\n      | 1 | 2 |\n"), "9:", &["cells"]);
}

#[test]
fn another_encoding_is_named() {
    let latin = [b"@api(kv)\nFeature: caf", &[0xe9][..], b"\n\n  Scenario: one\n"].concat();
    let ran = check_file(&latin, "2:13", &["0xE9", "is not UTF-8", "Latin-1"]);
    assert!(ran.stderr.contains("── here"), "a caret: {}", ran.stderr);
    let text = feature(&reads("one", "404"));
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    };
    check_file(&wide(u16::to_le_bytes), "1:1", &["UTF-16", "expected UTF-8"]);
    check_file(&wide(u16::to_be_bytes), "1:1", &["UTF-16", "expected UTF-8"]);
    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let home = Home::new();
    home.write("x.feature", marked);
    check_all_passed(&json(&home, &["x.feature", "--target", "model"], 0), 1);
}

#[test]
fn a_file_that_holds_nothing_is_refused() {
    check_file(b"", "1:1", &["the file is empty"]);
    let home = Home::new();
    home.write("x.feature", "@api(kv)\nFeature: nothing yet\n");
    let ran = home.plumb(&["test", "x.feature", "--target", "model"]);
    assert!(ran.code == Some(2) || ran.code == Some(USAGE), "{ran:?}");
}

#[test]
fn the_mistakes_of_all_files_are_told_at_once() {
    let home = Home::new();
    home.write("a.feature", "Feature: A\n\n  Scenario: one\n    Given x\n  Szenario two\n");
    home.write("b.feature", "  Scenario: one\n");
    let both = ["test", "a.feature", "b.feature", "--endpoint-url", "URL"];
    refused(&home, &both, &["2 mistakes", "a.feature:5:3", "b.feature:1:3"]);
}

/// A home with one scenario in `x.feature`.
fn one() -> Home {
    let home = Home::new();
    home.write("x.feature", feature(&reads("one", "404")));
    home
}

#[test]
fn a_tag_expression_that_does_not_parse_is_shown_where_it_breaks() {
    let check = |tags: &str, column: usize, words: &str| {
        let place = format!(":1:{column}");
        refused(&one(), &["test", "x.feature", "--endpoint-url", "URL", "--tags", tags], &[&place, words]);
    };
    check("@a and (", 9, "expected a tag");
    check("@a or or @b", 7, "expected a tag");
    check("smoke", 1, "@smoke");
    check("@a @b", 4, "expected");
    check("(@a", 1, "expected a `)`");
}

#[test]
fn a_target_that_is_not_known_is_refused() {
    refused(&one(), &["test", "x.feature", "--target", "nowhere"], &["no target \"nowhere\"", "[targets.nowhere]"]);
    refused(&one(), &["test", "x.feature"], &["no target is named", "--target model", "--endpoint-url URL"]);
    refused(&one(), &["test", "--endpoint-url", "URL"], &["neither a path nor an API", "--api NAME"]);
    refused(&one(), &["test", "--endpoint-url", "URL", "--api", "kw"], &["no API \"kw\"", "there are: s3, kv"]);
}

#[test]
fn a_path_that_holds_no_feature_is_refused() {
    let home = one();
    std::fs::create_dir(home.path("empty")).expect("a folder");
    let check = |path: &str, words: &[&str]| {
        refused(&home, &["test", path, "--endpoint-url", "URL"], words);
    };
    check("nothing.feature", &["failed to read nothing.feature", "No such file"]);
    check("nothing/", &["failed to read nothing", "No such file"]);
    check("empty", &["failed to find a file *.feature in empty"]);
    check("x.feature:99", &["failed to find line 99 of x.feature"]);
    check("x.feature:0", &["failed to find line 0 of x.feature"]);
}

#[test]
fn features_of_two_apis_need_a_word() {
    let home = one();
    home.write("y.feature", "@api(s3)\nFeature: Y\n\n  Scenario: s\n    Given Bob owns the bucket \"b\"\n");
    let both = ["test", "x.feature", "y.feature", "--endpoint-url", "URL"];
    refused(&home, &both, &["several APIs: kv, s3", "--api NAME"]);
    home.write("z.feature", feature(&reads("one", "404")).replace("@api(kv)\n", ""));
    refused(&home, &["test", "z.feature", "--endpoint-url", "URL"], &["no scenario says which API", "@api(NAME)"]);
}

#[test]
fn a_selection_of_nothing_is_inconclusive() {
    for (more, why) in [
        (["--tags", "@nothing"], "1 scenario was left out by the tags \"@nothing\", by name or"),
        (["--name", "nothing"], "1 scenario was left out by name or"),
    ] {
        let ran = one().plumb(&[&["test", "x.feature", "--target", "model"], &more[..]].concat()).exits(2);
        assert!(ran.stdout.contains(&format!("NO SCENARIO WAS PLAYED ({why}")), "{}", ran.stdout);
        let dry = one().plumb(&[&["test", "x.feature", "--dry-run"], &more[..]].concat());
        assert_eq!(dry.code, Some(2), "nor is a dry run of nothing: {}", dry.stdout);
    }
}

#[test]
fn an_undefined_step_fails_with_a_skeleton_to_paste() {
    let home = Home::new();
    let text = feature("\n  Scenario: one\n    When the client sings \"la\" 3 times\n") + &reads("two", "404");
    home.write("x.feature", text);
    let ran = home.plumb(&["test", "x.feature", "--target", "model"]).exits(1);
    insta::assert_snapshot!(steady(&ran.stdout), @r#"
    plumb 0.1.0 · kv (standard) at the model itself

    ✗ one
      at          x.feature:4
      feature     Entries

       ╭─ x.feature:5:5
      5 │     When the client sings "la" 3 times
        │     ^^^^ undefined
      no function is defined for this step

      to define it, paste this and fill it in
        #[when(expr = "the client sings {string} {int} times")]
        async fn the_client_sings_times(world: &mut World, first: String, second: u64) {
            fail("not written yet")
        }

      ✗  When the client sings "la" 3 times  undefined

      again
        plumb test x.feature:4 --api kv --target model

    2 scenarios: 1 passed, 1 failed; 1 call, 1 judged by the model
    "#);
    let report = json(&home, &["x.feature", "--target", "model"], 1);
    assert_eq!((failed(&report), super::names(&report, "passed")), (vec!["one".to_owned()], vec!["two".to_owned()]));
}

/// A report for people without what changes from run to run.
fn steady(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("run "));
    lines.map(|line| line.rsplit_once("; ").map_or(line, |(start, _)| start)).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_target_that_may_only_be_read_skips_what_writes() {
    for (api, written) in
        [("kv", "When the client sends PUT \"/v1/keys/{key a}\""), ("s3", "Given Bob owns the bucket \"b\"")]
    {
        let mut home = Home::new();
        let server = served(&mut home, api, None);
        home.write("x.feature", format!("@api({api})\nFeature: F\n\n  Scenario: one\n    {written}\n"));
        let read_only = ["x.feature", "--endpoint-url", &server.url, "--safety", "read-only"];
        let report = json(&home, &read_only, 2);
        assert_eq!((&report["counts"]["skipped"], &report["counts"]["passed"]), (&1.into(), &0.into()));
        assert!(report["skipped"][0]["reason"].as_str().is_some_and(|why| why.contains("read-only")), "{report}");
        let all = super::shipped(&home, api, &server.url, &["--safety", "read-only"]).json();
        let (held, left) = (super::names(&all, "passed").len(), super::names(&all, "skipped").len());
        assert!(left > 0 && failed(&all).is_empty(), "{}", all["counts"]);
        assert_eq!(held + left, all["scenarios"].as_array().expect("scenarios").len());
        check_nothing_was_written(&all);
    }
}

/// What passed has only read.
#[track_caller]
fn check_nothing_was_written(report: &Value) {
    let scenarios = report["scenarios"].as_array().expect("scenarios").iter();
    for own in scenarios.filter(|own| own["upshot"] == "passed") {
        let steps = own["steps"].as_array().expect("steps").iter();
        let texts: Vec<&str> = steps.map(|step| step["text"].as_str().expect("a text")).collect();
        let writes = |text: &&str| {
            ["PUT", "POST", "DELETE", "uploads", "owns", "deletes"].iter().any(|word| text.contains(word))
        };
        assert!(!texts.iter().any(writes), "{texts:?}");
    }
}

#[test]
fn a_target_that_is_down_is_inconclusive_and_leaves_nothing() {
    let (home, url) = (one(), Listener::new().url());
    let before = home.everything();
    let ran = home.plumb(&["test", "x.feature", "--endpoint-url", &url, "--output", "out", "--html", "out.html"]);
    let ran = ran.exits(2).says(&["failed to reach the target", &url, "is the server up"]);
    assert_eq!(ran.stdout, "", "no report of a run that never was");
    assert_eq!(home.everything(), before);
}

#[test]
fn a_server_that_another_wrote_nothing_for_is_left_alone() {
    let home = one();
    refused(&home, &["test", "x.feature", "--endpoint-url", "http://me:hunter2@127.0.0.1"], &["the endpoint"]);
    refused(&home, &["test", "x.feature", "--endpoint-url", "URL", "--workers", "0"], &["--workers"]);
    refused(
        &home,
        &["test", "x.feature", "--endpoint-url", "URL", "--deviations", "d.toml"],
        &["failed to read d.toml"],
    );
}

#[test]
fn five_thousand_scenarios_in_one_file_are_bound_and_played() {
    const SCENARIOS: u64 = 5_000;
    let home = Home::new();
    let mut text = feature("");
    for number in 0..SCENARIOS {
        write!(text, "{}", reads(&format!("number {number}"), "404")).expect("text grows");
    }
    home.write("x.feature", text);
    let dry = json(&home, &["x.feature", "--dry-run"], 0);
    assert_eq!((&dry["counts"]["scenarios"], &dry["counts"]["skipped"]), (&SCENARIOS.into(), &SCENARIOS.into()));
    let server = Served::kv(&home);
    let report = json(&home, &["x.feature", "--endpoint-url", &server.url, "--name", "number 499"], 0);
    check_all_passed(&report, 11);
}
