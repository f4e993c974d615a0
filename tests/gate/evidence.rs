//! What earlier runs have left is judged without sending anything.

use crate::gated::{SUITES, decides, gate, says, target};
use crate::support::{Home, Served};

/// A gate whose evidence is gathered, and whose server is gone.
fn gathered(more: &str) -> Home {
    let home = Home::new();
    let server = Served::kv(&home);
    home.write("plumb.toml", target("kv", &server.url, "") + &gate(&format!("{SUITES}{more}")));
    decides(&home, &["--output", "seen"], "pass");
    home
}

#[test]
fn evidence_that_is_fresh_and_of_this_model_passes_without_a_request() {
    let home = gathered("");
    says(&decides(&home, &["--evidence", "seen"], "pass"), "evidence", "pass", "ago");
}

#[test]
fn evidence_of_another_model_version_or_endpoint_or_too_old_is_inconclusive() {
    let home = gathered("");
    let path = "seen/kv/suites/events.ndjson";
    let events = home.read(path);
    let check = |from: &str, to: &str, words: &str| {
        assert!(events.contains(from), "{from}");
        home.write(path, events.replacen(from, to, 1));
        says(&decides(&home, &["--evidence", "seen"], "inconclusive"), "evidence", "inconclusive", words);
    };
    let model = events.split("\"model\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a digest");
    check(model, "0000000000000000", "judged by another model");
    check("\"version\":\"", "\"version\":\"9", "judged by another model");
    check("\"endpoint\":\"http://", "\"endpoint\":\"http://other.", "the target is at");
    check("\"strength\":1", "\"strength\":2", "did not ask what this gate asks");
    check("\"seed\":1", "\"seed\":2", "did not ask what this gate asks");
    check("\"started\":\"2", "\"started\":\"1", "evidence may be");
    check("\"started\":\"2", "\"started\":\"4", "in the future");
}

#[test]
fn evidence_of_fewer_scenarios_or_of_more_that_was_accepted_is_inconclusive() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("delete-forgets"));
    home.write("plumb.toml", target("kv", &server.url, "") + &gate("embedded = true\nminimum = 1\n"));
    let tested = |folder: &str, more: &[&str]| {
        home.plumb(&[&["test", "--api", "kv", "--target", "kv", "--output", folder], more].concat());
    };
    tested("some", &["--name", "entries"]);
    let decision = decides(&home, &["--evidence", "some"], "inconclusive");
    says(&decision, "evidence", "inconclusive", "it played other scenarios");
    tested("all", &[]);
    decides(&home, &["--evidence", "all"], "fail");
    let accept = ["accept", "--from", "all", "--owner", "Ada", "--reason", "a", "--expires", "2999-01-01"];
    home.plumb(&[&accept[..], &["--deviations", "lenient.toml"]].concat()).exits(0);
    tested("lenient", &["--deviations", "lenient.toml"]);
    let decision = decides(&home, &["--evidence", "lenient"], "inconclusive");
    says(&decision, "evidence", "inconclusive", "other findings were accepted then");
}

#[test]
fn a_run_counts_once() {
    let home = gathered("");
    for twice in [["seen", "seen"], ["seen", "seen/kv/suites"]] {
        let arguments = ["gate", "release", "--evidence", twice[0], "--evidence", twice[1]];
        home.plumb(&arguments).exits(3).says(&["is named twice, or a copy"]);
    }
}

#[test]
fn evidence_of_a_run_that_was_killed_is_inconclusive() {
    let home = gathered("");
    let path = "seen/kv/suites/events.ndjson";
    let events = home.read(path);
    let cut = events.rfind("{\"event\":\"run-ended\"").expect("an end");
    home.write(path, &events[..cut]);
    decides(&home, &["--evidence", "seen"], "inconclusive");
}

#[test]
fn evidence_that_is_missing_or_of_somebody_else_is_refused() {
    let home = gathered("");
    home.plumb(&["gate", "release", "--evidence", "nowhere"]).exits(3).says(&["nowhere"]);
    let text = home.read("plumb.toml").replace("[targets.kv]", "[targets.other]").replace("\"kv\"]", "\"other\"]");
    home.write("plumb.toml", text);
    home.plumb(&["gate", "release", "--evidence", "seen"]).exits(3).says(&["there is evidence about \"kv\""]);
}

#[test]
fn parts_from_several_machines_are_the_whole_or_nothing() {
    let home = Home::new();
    let server = Served::kv(&home);
    home.write("plumb.toml", target("kv", &server.url, "") + &gate(SUITES));
    for part in ["1/2", "2/2"] {
        let fixed = ["conform", "--target", "kv", "--strength", "1", "--workflows", "0", "--shard", part, "--output"];
        home.plumb(&[&fixed[..], &[&format!("part-{}", &part[..1])]].concat()).exits(0);
    }
    decides(&home, &["--evidence", "part-1", "--evidence", "part-2"], "pass");
    let half = decides(&home, &["--evidence", "part-1"], "inconclusive");
    says(&half, "evidence", "inconclusive", "the part 2/2 of the cases is missing");
}
