//! Which error wins: told in every report, and replayed where it goes in a circle.

use serde_json::Value;

use crate::replay::replay_words;
use crate::support::{Home, Served};

/// The line of the precedence section about an operation, and those below it.
fn printed<'t>(text: &'t str, operation: &str) -> &'t str {
    let section = text.split("Which error wins where a call has two faults").nth(1).expect("the section");
    section.split(&format!("\n  {operation}: ")).nth(1).expect("the operation")
}

fn said(home: &Home, finding: &Value, url: Option<&str>, code: i32) -> String {
    let words = replay_words(finding, url);
    home.plumb(&words.iter().map(String::as_str).collect::<Vec<_>>()).exits(code).stdout
}

#[test]
fn winners_in_a_circle_fail_the_run_and_are_replayed_and_accepted() {
    let mut home = Home::new();
    let planted = Served::s3(&mut home, Some("winners-in-a-circle"));
    let honest = Served::new(&home, "s3", None);
    let run = ["conform", "--api", "s3", "--operation", "PutObject", "--endpoint-url", &planted.url];
    let json = home.plumb(&[&run[..], &["--format", "json", "--output", "out"]].concat()).exits(1).json();
    assert_eq!(json["counts"]["diverges"], 0, "each answer is permitted");
    let findings = json["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((&findings[0]["kind"], &findings[0]["reproduced"]), (&"precedence-cycle".into(), &"12/12".into()));
    assert!(said(&home, &findings[0], None, 1).starts_with("REPRODUCED"));
    assert!(said(&home, &findings[0], Some(&honest.url), 0).starts_with("FIXED"));
    let file = format!("out/findings/{}.json", findings[0]["id"].as_str().expect("an id"));
    let terms = ["--owner", "me", "--reason", "known", "--expires", "2999-12-31"];
    home.plumb(&[&["accept", &file], &terms[..]].concat()).exits(0);
    let text = home.plumb(&run).exits(0).stdout;
    assert!(printed(&text, "PutObject").contains("[in a circle: "), "{text}");
}

#[test]
fn the_order_of_errors_is_printed_drawn_and_in_the_json() {
    let home = Home::new();
    let server = Served::kv(&home);
    let run = ["conform", "--api", "kv", "--endpoint-url", &server.url];
    let text = home.plumb(&[&run[..], &["--html", "page.html"]].concat()).exits(0).stdout;
    let put = printed(&text, "Put");
    assert!(put.contains("400 bad_key > 413 too_large > 412 precondition_failed"), "{text}");
    let page = home.read("page.html");
    assert!(page.contains("Which error wins") && page.contains("class=\"edge firm\""), "the drawing");
    let json = home.plumb(&[&run[..], &["--format", "json"]].concat()).exits(0).json();
    let order = &json["precedence"]["operations"]["Put"];
    assert_eq!(order["pairs"]["broken"], 0);
    assert_eq!(order["nodes"][0]["class"], "400 bad_key");
    assert!(order["pairs"]["kept"].as_u64() > Some(0), "{order}");
}
