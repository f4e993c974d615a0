//! `plumb probe`: what a target implements, and what a run makes of what it does not.

use plumb_model::http::Request;
use serde_json::{Value, json};

use crate::conform::arguments;
use crate::refused::refused;
use crate::support::odd::{Act, Odd};
use crate::support::{Home, Listener, Ran, Served, answer_with};

fn probe(home: &Home, api: &str, url: &str, more: &[&str]) -> Ran {
    home.plumb(&[&["probe", "--api", api, "--endpoint-url", url], more].concat())
}

fn conform(home: &Home, url: &str, more: &[&str]) -> Ran {
    home.plumb(&[&arguments(url, &[])[..], more].concat())
}

/// The result of each line, by what it is about.
fn results(json: &Value) -> Vec<(String, String)> {
    let lines = json["capabilities"].as_array().expect("a list");
    let words = |line: &Value| {
        let each = ["operation", "capability", "argument"].map(|key| line[key].as_str().unwrap_or_default().to_owned());
        each.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    lines.iter().map(|line| (words(line), line["result"].as_str().expect("a result").to_owned())).collect()
}

/// What was printed, in one line; what stands beside a long cell stands between its parts.
fn unfolded(ran: &Ran) -> String {
    ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn no_deletes(request: &Request) -> Act {
    if request.method == "DELETE" { Act::NotImplemented } else { Act::Serve }
}

fn no_conditional_puts(request: &Request) -> Act {
    let conditional = request.headers.get("if-match").is_some() || request.headers.get("if-none-match").is_some();
    if request.method == "PUT" && conditional { Act::NotImplemented } else { Act::Serve }
}

/// One call of an operation that works otherwise.
fn no_empty_values(request: &Request) -> Act {
    if request.method == "PUT" && request.body.is_empty() { Act::NotImplemented } else { Act::Serve }
}

#[test]
fn everything_works_on_an_honest_server_and_nothing_stays() {
    let mut home = Home::new();
    let (kv, s3) = (Served::kv(&home), Served::s3(&mut home, None));
    let before = home.everything();
    for (api, url) in [("kv", &kv.url), ("s3", &s3.url)] {
        let json = probe(&home, api, url, &["--format", "json"]).exits(0).json();
        assert_eq!(json["schema"], "plumb.probe/1");
        let not_working: Vec<_> = results(&json).into_iter().filter(|(_, result)| result != "works").collect();
        assert!(not_working.is_empty(), "{not_working:?}");
        assert_eq!(json["counts"]["works"].as_u64(), Some(results(&json).len() as u64));
    }
    assert_eq!(home.everything(), before);
}

#[test]
fn whether_a_target_checks_who_calls_is_told() {
    let mut home = Home::new();
    let s3 = Served::s3(&mut home, None);
    let json = probe(&home, "s3", &s3.url, &["--format", "json"]).exits(0).json();
    assert!(results(&json).contains(&("signatures".to_owned(), "works".to_owned())), "{json:#}");
    let ran = probe(&home, "s3", &s3.url, &["--operation", "GetObject"]).exits(0);
    assert!(unfolded(&ran).contains("GetObject wrong-secret: 403 SignatureDoesNotMatch"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("ListObjectsV2"), "nothing but what its cases pass through: {}", ran.stdout);
}

#[test]
fn what_is_not_implemented_is_a_line_of_the_table() {
    let home = Home::new();
    let server = Odd::new(no_deletes);
    let ran = probe(&home, "kv", &server.url, &[]).exits(0);
    let line = ran.stdout.lines().find(|line| line.starts_with("Delete ")).expect("a line");
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["Delete", "not", "implemented", "501"]);
    assert!(ran.stdout.contains("5 works · 2 not implemented · 0 unclear · 0 not probed"), "{}", ran.stdout);
}

#[test]
fn what_needs_an_operation_that_is_not_there_is_counted_and_no_finding() {
    let home = Home::new();
    let server = Odd::new(no_deletes);
    let json = conform(&home, &server.url, &["--output", "out"]).exits(0).json();
    assert_eq!(json["findings"], json!([]));
    let deletes = &json["operations"]["Delete"];
    assert!(deletes["cases"].as_u64() > Some(5), "{deletes}");
    assert_eq!(deletes["unsupported"], deletes["cases"]);
    assert_eq!(deletes["exchanges"], 0, "nothing of them is sent");
    let unsupported = |name: &str| json["operations"][name]["unsupported"].as_u64().unwrap_or(0);
    assert!(unsupported("Get") > 0 && unsupported("Put") > 0, "a key cannot have been deleted: {}", json["operations"]);
    let sum = ["Put", "Get", "Delete", "List"].map(unsupported).into_iter().sum::<u64>();
    assert_eq!(json["counts"]["unsupported"], sum);
    assert_eq!(json["not_judged"][0]["reason"], "the target does not implement Delete: 501");
    let events = home.read("out/events.ndjson");
    assert!(events.lines().nth(1).is_some_and(|line| line.contains("\"event\":\"capabilities\"")), "{events}");
}

#[test]
fn an_argument_that_is_not_there_is_counted_and_no_finding() {
    let home = Home::new();
    let server = Odd::new(no_conditional_puts);
    let json = conform(&home, &server.url, &[]).exits(0).json();
    assert_eq!(json["findings"], json!([]));
    assert!(json["operations"]["Put"]["unsupported"].as_u64() > Some(3), "{}", json["operations"]);
    assert!(json["operations"]["Put"]["conforms"].as_u64() > Some(3), "the rest is judged: {}", json["operations"]);
    assert_eq!(json["operations"]["Delete"]["unsupported"], 0, "it has them");
}

#[test]
fn one_call_that_is_not_implemented_is_a_finding() {
    let home = Home::new();
    let server = Odd::new(no_empty_values);
    let json = conform(&home, &server.url, &[]).exits(1).json();
    assert_eq!(json["counts"]["unsupported"], 0);
    assert_eq!(json["findings"][0]["observed"]["class"], "501");
    assert_eq!(json["findings"][0]["operation"], "Put");
    assert!(json["operations"]["Put"]["conforms"].as_u64() > Some(3), "{}", json["operations"]);
}

#[test]
fn whoever_wants_every_case_sent_gets_findings() {
    let home = Home::new();
    let server = Odd::new(no_deletes);
    let json = conform(&home, &server.url, &["--no-probe"]).exits(1).json();
    assert_eq!(json["counts"]["unsupported"], 0);
    assert_eq!(json["findings"][0]["observed"]["class"], "501");
    assert_eq!(json["capabilities"], json!([]));
}

#[test]
fn what_the_safety_level_forbids_is_not_probed() {
    let home = Home::new();
    let server = Odd::new(|request| {
        assert_eq!(request.method, "GET", "nothing is written");
        Act::Serve
    });
    let json = probe(&home, "kv", &server.url, &["--safety", "read-only", "--format", "json"]).exits(0).json();
    let results = results(&json);
    let has = |name: &str| results.iter().find(|(own, _)| own == name).map(|(_, result)| result.as_str());
    assert_eq!([has("Put"), has("Delete")], [Some("not-probed"); 2]);
    assert_eq!([has("Get"), has("List")], [Some("works"); 2], "what is not there can be asked for");
    let ran = probe(&home, "kv", &server.url, &["--safety", "read-only"]).exits(0);
    assert!(unfolded(&ran).contains("the target's safety level is read-only: add --safety own-data"), "{}", ran.stdout);
}

#[test]
fn a_target_of_which_nothing_can_be_told_is_inconclusive() {
    let home = Home::new();
    let nobody = Listener::new().url();
    let ran = probe(&home, "kv", &nobody, &[]).exits(2).says(&["failed to reach the target"]);
    assert_eq!(ran.stdout, "");
    let teapot = answer_with(|_| "418 Teapot");
    let ran = probe(&home, "kv", &teapot, &[]).exits(2);
    assert!(ran.stdout.contains("0 works · 0 not implemented · 7 unclear"), "{}", ran.stdout);
}

#[test]
fn a_target_that_dies_while_it_is_probed_is_told() {
    let home = Home::new();
    let dies = |request: &Request| if request.method == "DELETE" { Act::Die } else { Act::Serve };
    let server = Odd::new(dies);
    let ran = probe(&home, "kv", &server.url, &["--operation", "Delete"]).exits(2);
    assert!(ran.stdout.contains("Ended early: the target died while it was probed"), "{}", ran.stdout);
    let server = Odd::new(dies);
    let json = conform(&home, &server.url, &["--operation", "Delete"]).exits(2).json();
    let early = json["ended"]["early"].as_str().expect("it ended early");
    assert!(early.starts_with("the target died while it was probed"), "{early}");
}

/// Cases that run at once die together; asked again one by one, each tells what it can.
#[test]
fn a_target_that_is_restarted_while_it_is_probed_is_asked_again() {
    let home = Home::new();
    let reads = |request: &Request| request.method == "GET" && request.target.starts_with(b"/v1/keys/");
    let dies = move |request: &Request| if reads(request) { Act::Die } else { Act::Serve };
    let server = Odd::brought_back_by(home.path("again"), dies);
    let target =
        format!("[targets.odd]\napi = \"kv\"\nendpoint = \"{}\"\nrestart = [\"touch\", \"again\"]\n", server.url);
    home.write("plumb.toml", target);
    let json = home.plumb(&["probe", "--target", "odd", "--format", "json"]).exits(0).json();
    for (name, result) in results(&json) {
        let wanted = if name == "Get" { "unclear" } else { "works" };
        assert_eq!(result, wanted, "{name}: {json:#}");
    }
}

#[test]
fn a_probe_that_cannot_be_is_refused() {
    let home = Home::new();
    let arguments = ["probe", "--api", "kv", "--endpoint-url", "URL", "--operation", "Gett"];
    refused(&home, &arguments, &["\"Gett\"", "there are: Put, Get, Delete, List"]);
    refused(&home, &["probe", "--api", "kv"], &["no target is named"]);
}
