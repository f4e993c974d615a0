//! `plumb compare`: two servers made from the model, and who is right where they differ.

use std::io::{BufReader, Write as _};

use serde_json::Value;

use crate::refused::refused;
use crate::support::{Home, Listener, Ran, Served, bucket_exists, listen, read_request, shell_words};
use crate::sweep::journalled;

/// A bug of kv, and the operation that gives it away.
const BUG: (&str, &str) = ("condition-ignored", "Put");

fn compare<'a>(a: &'a str, b: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["compare", "--api", "kv", a, b], more].concat()
}

/// Compares and demands an exit code; the report as JSON, whose sums go up.
#[track_caller]
fn compared(home: &Home, a: &str, b: &str, more: &[&str], code: i32) -> Value {
    let json = home.plumb(&compare(a, b, &[&["--format", "json"], more].concat())).exits(code).json();
    assert_eq!(json["schema"], "plumb.compare/1");
    let words = ["wrong", "either", "noise", "inconclusive", "left_out", "alike"];
    let sum: u64 = words.iter().filter_map(|word| json["counts"][word].as_u64()).sum();
    assert_eq!(json["counts"]["cases"], sum, "each case is counted once: {}", json["counts"]);
    json
}

fn list<'j>(json: &'j Value, name: &str) -> &'j Vec<Value> {
    json[name].as_array().unwrap_or_else(|| panic!("no list {name}: {json}"))
}

/// Runs the printed command line again, pointed to `url` where one is given.
fn replay(home: &Home, finding: &Value, url: Option<&str>) -> Ran {
    let mut words = shell_words(finding["replay"].as_str().expect("a command"));
    assert_eq!(words.remove(0), "plumb");
    if let Some(url) = url {
        let place = words.iter().position(|word| word == "--endpoint-url").expect("an endpoint");
        url.clone_into(&mut words[place + 1]);
    }
    home.plumb(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn two_honest_servers_do_not_differ_and_nothing_is_left_behind() {
    let home = Home::new();
    let (a, b) = (Served::kv(&home), Served::kv(&home));
    let before = home.everything();
    let json = compared(&home, &a.url, &b.url, &[], 0);
    assert_eq!(home.everything(), before);
    assert!(json["counts"]["cases"].as_u64() > Some(50), "{}", json["counts"]);
    assert_eq!(json["counts"]["alike"], json["counts"]["cases"]);
    for name in ["differences", "permitted", "unconfirmed"] {
        assert_eq!(list(&json, name).len(), 0, "{name}");
    }
    assert_eq!(json["targets"]["a"]["endpoint"], json["targets"]["again"]["endpoint"]);
    assert_ne!(json["targets"]["a"]["run"], json["targets"]["again"]["run"], "each pass is a run of its own");
}

/// The differences between an honest server and one with a bug, whichever comes first.
fn check_planted(right: &str, wrong: &str) {
    let home = Home::new();
    let (honest, planted) = (Served::kv(&home), Served::new(&home, "kv", Some(BUG.0)));
    let urls = if right == "a" { [&honest.url, &planted.url] } else { [&planted.url, &honest.url] };
    let json = compared(&home, urls[0], urls[1], &[], 1);
    assert_eq!(list(&json, "permitted").len(), 0, "nothing else differs");
    let differences = list(&json, "differences");
    assert!(!differences.is_empty());
    let mut seen = 0;
    for difference in differences {
        assert_eq!(difference["right"], right, "{difference}");
        let finding = &difference[wrong]["finding"];
        assert_eq!(finding["operation"], BUG.1);
        assert_eq!(difference[wrong]["wrong"], "accepts-what-must-be-refused");
        assert_eq!(finding["reproduced"], "3/3");
        assert!(difference[right]["answer"].as_str().is_some_and(|class| class.starts_with("412")), "{difference}");
        assert!(difference[right]["source"].as_str().is_some_and(|source| !source.is_empty()), "{difference}");
        assert_eq!(difference["model"][0]["class"], difference[right]["answer"]);
        assert!(
            list(difference, "choices")
                .iter()
                .all(|choice| choice.as_str().is_some_and(|own| own.contains("if-match")))
        );
        assert!(replay(&home, finding, None).exits(1).stdout.starts_with("REPRODUCED"));
        assert!(replay(&home, finding, Some(&honest.url)).exits(0).stdout.starts_with("FIXED"));
        seen += difference["count"].as_u64().expect("a count");
    }
    assert_eq!(json["counts"]["wrong"], seen, "every differing case belongs to a difference");
}

#[test]
fn a_planted_bug_is_the_only_difference_and_the_honest_server_is_right() {
    check_planted("a", "b");
}

#[test]
fn the_bug_may_be_in_the_first_target() {
    check_planted("b", "a");
}

#[test]
fn people_read_three_columns_and_a_command_for_who_is_wrong() {
    let home = Home::new();
    let (honest, planted) = (Served::kv(&home), Served::new(&home, "kv", Some(BUG.0)));
    let text = home.plumb(&compare(&honest.url, &planted.url, &[])).exits(1).stdout;
    for words in ["✗ A is right; B: Put with if-match=", "the model permits", "replay against B", "p50 A", "ABBA"] {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
    assert!(text.lines().last().is_some_and(|line| line.contains("A is right in")), "{text}");
}

#[test]
fn what_both_do_wrong_alike_is_counted_and_no_difference() {
    let home = Home::new();
    let [a, b] = [(); 2].map(|()| Served::new(&home, "kv", Some(BUG.0)));
    let json = compared(&home, &a.url, &b.url, &[], 0);
    assert_eq!(list(&json, "differences").len(), 0);
    assert!(json["counts"]["wrong_alike"].as_u64() > Some(0), "{}", json["counts"]);
    let text = home.plumb(&compare(&a.url, &b.url, &[])).exits(0).stdout;
    assert!(text.contains("Both wrong alike"), "{text}");
}

/// Two bugs in the answers to the same calls: neither is right, and both can be shown again.
#[test]
fn where_both_are_wrong_in_their_own_way_neither_is_right() {
    let mut home = Home::new();
    let a = Served::s3(&mut home, Some("range-ends-early"));
    let b = Served::new(&home, "s3", Some("range-total"));
    let arguments = ["compare", "--api", "s3", &a.url, &b.url, "--operation", "GetObject", "--budget", "400"];
    let json = home.plumb(&[&arguments[..], &["--format", "json"]].concat()).exits(1).json();
    let neither: Vec<_> = list(&json, "differences").iter().filter(|own| own["right"] == "neither").collect();
    assert!(!neither.is_empty(), "{}", json["counts"]);
    for difference in neither {
        for side in ["a", "b"] {
            let finding = &difference[side]["finding"];
            assert_eq!(finding["kind"], "wrong-header-or-body");
            assert!(replay(&home, finding, None).exits(1).stdout.starts_with("REPRODUCED"));
        }
        assert_ne!(difference["a"]["places"], difference["b"]["places"]);
    }
}

/// A server of S3 that gives any permitted answer, the same ones as every other of its kind that is asked the same.
fn any(home: &Home) -> Served {
    Served::with(home, "s3", &["--answers", "any", "--seed", "5"])
}

/// Compares an honest server with one that gives any permitted answer, one case at a time.
fn compared_with_any(home: &mut Home, again: bool) -> Value {
    let (a, b, other) = (Served::s3(home, None), any(home), any(home));
    let mut arguments = vec!["compare", "--api", "s3", &a.url, &b.url, "--operation", "GetObject"];
    arguments.extend(["--budget", "100", "--workers", "1", "--format", "json"]);
    arguments.extend(again.then_some(["--again", &other.url]).iter().flatten());
    let json = home.plumb(&arguments).exits(0).json();
    assert_eq!(list(&json, "differences").len(), 0, "nobody is ever wrong");
    assert_eq!(json["counts"]["wrong"], 0);
    json
}

#[test]
fn where_the_model_permits_both_either_may_be_right_and_nobody_fails() {
    let json = compared_with_any(&mut Home::new(), false);
    let permitted = list(&json, "permitted");
    assert!(permitted.iter().any(|group| group["differs"] == "answer"), "{}", json["counts"]);
    assert!(json["counts"]["either"].as_u64() > Some(0), "{}", json["counts"]);
    for group in permitted {
        for side in ["a", "b"] {
            let column = &group["example"][side];
            assert!(column["source"].as_str().is_some_and(|source| !source.is_empty()), "{group}");
        }
        let same = group["example"]["a"]["answer"] == group["example"]["b"]["answer"];
        assert_eq!(same, group["differs"] == "place", "{group}");
        assert!(group["example"]["case"]["calls"].is_array());
    }
}

#[test]
fn what_a_second_instance_of_a_answers_too_is_noise() {
    let json = compared_with_any(&mut Home::new(), true);
    assert_ne!(json["targets"]["again"]["endpoint"], json["targets"]["a"]["endpoint"]);
    assert_eq!(list(&json, "permitted").len(), 0, "B says nothing that the other A does not say");
    assert!(json["counts"]["noise"].as_u64() > Some(0), "{}", json["counts"]);
    assert_eq!(json["counts"]["either"], 0);
}

#[test]
fn latencies_stand_side_by_side_over_the_same_calls() {
    let home = Home::new();
    let (a, b) = (Served::kv(&home), Served::kv(&home));
    let json = compared(&home, &a.url, &b.url, &[], 0);
    let rows = list(&json, "latency_us");
    assert!(rows.iter().any(|row| row["operation"] == "Get" && row["size"] == "small"), "{rows:?}");
    for row in rows {
        for pass in ["a", "again", "b"] {
            let figure = |name: &str| row[pass][name].as_u64().expect("a figure");
            assert!(0 < figure("p50") && figure("p50") <= figure("p99") && figure("p99") <= figure("max"), "{row}");
        }
        assert!(row["b_to_a"].is_number() && row["again_to_a"].is_number() && row["b_is"].is_string(), "{row}");
    }
    let calls: u64 = rows.iter().filter_map(|row| row["calls"].as_u64()).sum();
    assert_eq!(json["counts"]["calls"], calls, "every call of two honest servers counts");
    assert_eq!(list(&json, "orders").len(), 6);
}

#[test]
fn a_folder_keeps_the_comparison_and_takes_no_second() {
    let home = Home::new();
    let (honest, planted) = (Served::kv(&home), Served::new(&home, "kv", Some(BUG.0)));
    let json = compared(&home, &honest.url, &planted.url, &["--output", "out"], 1);
    let kept: Value = serde_json::from_str(&home.read("out/compare.json")).expect("JSON");
    assert_eq!(kept, json);
    let id = json["differences"][0]["b"]["finding"]["id"].as_str().expect("an id");
    assert!(home.path(&format!("out/findings/b/{id}.json")).exists());
    let arguments = compare(&honest.url, &planted.url, &["--output", "out"]);
    home.plumb(&arguments).exits(3).says(&["it holds another comparison", "--output"]);
}

#[test]
fn an_accepted_difference_is_told_and_fails_nothing() {
    let home = Home::new();
    let (honest, planted) = (Served::kv(&home), Served::new(&home, "kv", Some(BUG.0)));
    compared(&home, &honest.url, &planted.url, &["--output", "out"], 1);
    let files = std::fs::read_dir(home.path("out/findings/b")).expect("findings");
    let files: Vec<String> = files.map(|entry| entry.expect("a file").path().display().to_string()).collect();
    let mut accept = vec!["accept", "--owner", "me", "--reason", "known", "--expires", "2999-12-31"];
    accept.extend(files.iter().map(String::as_str));
    home.plumb(&accept).exits(0);
    let json = compared(&home, &honest.url, &planted.url, &[], 0);
    let owners: Vec<_> = list(&json, "differences").iter().map(|own| own["accepted_by"].as_str()).collect();
    assert!(!owners.is_empty() && owners.iter().all(|own| own.is_some_and(|own| own.starts_with("me: known"))));
}

#[test]
fn a_target_that_nobody_answers_at_is_inconclusive_and_nothing_was_made() {
    let home = Home::new();
    let (a, nobody) = (Served::kv(&home), Listener::new().url());
    let before = home.everything();
    for [one, other] in [[&a.url, &nobody], [&nobody, &a.url]] {
        let again = ["--again", a.url.as_str()];
        home.plumb(&compare(one, other, &again)).exits(2).says(&["failed to reach the target", &nobody]);
    }
    home.plumb(&compare(&a.url, &a.url, &["--again", &nobody])).exits(2).says(&["failed to reach", &nobody]);
    assert_eq!(home.everything(), before, "neither a journal nor a folder stays");
}

/// Answers the first requests and then never again.
fn dying() -> String {
    let left = std::sync::atomic::AtomicI32::new(4);
    listen(move |stream| {
        let (mut reader, mut writer) = (BufReader::new(&stream), &stream);
        while read_request(&mut reader).is_some() && left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) > 0 {
            if writer.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").is_err() {
                return;
            }
        }
    })
}

#[test]
fn a_target_that_dies_on_the_way_ends_the_comparison() {
    let home = Home::new();
    let (a, b) = (Served::kv(&home), dying());
    let json = home.plumb(&compare(&a.url, &b, &["--format", "json", "--workers", "1", "--timeout", "300ms"])).json();
    let early = json["ended"]["early"].as_str().expect("a reason");
    assert!(early.starts_with("the target B died"), "{early}");
    assert!(json["ended"]["cases_left"].as_u64() > Some(0));
    assert!(json["counts"]["inconclusive"].as_u64() > Some(0), "{}", json["counts"]);
}

#[test]
fn an_interrupted_comparison_says_so_and_cleans_up() {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    let run = home.start(&["compare", "--api", "s3", &server.url, &server.url, "--format", "json"]);
    let names = journalled(&home, 6);
    run.interrupt();
    let json = run.end().exits(2).says(&["stopping after the cases that are under way"]).json();
    assert_eq!(json["interrupted"], true);
    assert_eq!(json["ended"]["resources_left"].as_array().map(Vec::len), Some(0));
    assert!(!names.iter().any(|name| bucket_exists(&server.url, name)), "{names:?}");
    assert_eq!(home.journals().read_dir().expect("a folder").count(), 0, "no journal of any pass stays");
}

#[test]
fn a_plan_is_one_for_each_pass_and_sends_nothing() {
    let home = Home::new();
    let (a, b) = (Listener::new(), Listener::new());
    let ran = home.plumb(&compare(&a.url(), &b.url(), &["--plan"])).exits(0);
    assert_eq!(ran.stdout.matches("cases against").count(), 3, "{}", ran.stdout);
    assert!(!a.was_called() && !b.was_called());
}

#[test]
fn targets_have_names_in_the_configuration() {
    let home = Home::new();
    let (a, b) = (Served::kv(&home), Served::new(&home, "kv", Some(BUG.0)));
    let target = |name: &str, url: &str| format!("[targets.{name}]\napi = \"kv\"\nendpoint = \"{url}\"\n");
    home.write("plumb.toml", target("production", &a.url) + &target("candidate", &b.url));
    let json = home.plumb(&["compare", "production", "candidate", "--format", "json"]).exits(1).json();
    assert_eq!(json["targets"]["b"]["target"], "candidate");
    let finding = &json["differences"][0]["b"]["finding"];
    assert!(finding["replay"].as_str().is_some_and(|command| command.ends_with("--target candidate")), "{finding}");
    replay(&home, finding, None).exits(1);
}

#[test]
fn what_cannot_be_compared_is_refused_before_anything_is_sent() {
    for (arguments, words) in [
        (vec!["compare", "--api", "kv", "URL"], ["<B>", "required"]),
        (vec!["compare", "--api", "kv", "URL", "staging"], ["no target \"staging\"", "http://127.0.0.1:9000"]),
        (vec!["compare", "--api", "kv", "127.0.0.1:9000", "URL"], ["no target \"127.0.0.1:9000\"", "http://"]),
        (vec!["compare", "--api", "kv", "URL", "ftp://x"], ["the endpoint", "http://127.0.0.1:9000"]),
        (vec!["compare", "URL", "URL"], ["no API is named", "--api"]),
        (vec!["compare", "--api", "kw", "URL", "URL"], ["no API \"kw\"", "there are: s3, kv"]),
        (vec!["compare", "--api", "kv", "URL", "URL", "--operation", "Gett"], ["\"Gett\"", "there are: Put"]),
        (
            vec!["compare", "--api", "kv", "URL", "http://192.0.2.1:9"],
            ["the safety level of 192.0.2.1:9", "--safety own-data"],
        ),
    ] {
        refused(&Home::new(), &arguments, &words);
    }
}

/// A server's words are a stranger's, in every column.
#[test]
fn hostile_answers_are_only_shown() {
    const EVIL: &str = "\u{9b}31m\u{202e}<b>";
    let home = Home::new();
    let a = Served::kv(&home);
    let url = listen(|stream| {
        let (mut reader, mut writer) = (BufReader::new(&stream), &stream);
        while read_request(&mut reader).is_some() {
            let body = format!("{{\"error\":\"{EVIL}\\u001b[2J\",\"message\":\"{EVIL}\"}}");
            let head = format!("HTTP/1.1 400 No\r\nserver: {EVIL}\r\ncontent-type: application/json\r\n");
            let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
            if writer.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    for urls in [[&a.url, &url], [&url, &a.url]] {
        let ran = home.plumb(&compare(urls[0], urls[1], &[])).exits(1);
        let forbidden = |character: char| character.is_control() && character != '\n' || character == '\u{202e}';
        assert!(!ran.stdout.contains(forbidden) && !ran.stderr.contains(forbidden), "{:?}", ran.stdout);
        assert!(ran.stdout.contains("<b>"), "it is shown, though harmless: {}", ran.stdout);
    }
}
