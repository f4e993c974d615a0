//! Situations in which a gate must not pass, each with what it must say.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::front::{Deed, Front};
use crate::gated::{SUITES, decides, gate, says, standing, target};
use crate::support::{Home, Running, Served, until};

/// A home with a served model, and a gate of it.
fn gated(plant: Option<&str>, more: &str) -> (Home, Served) {
    let home = Home::new();
    let server = Served::new(&home, "kv", plant);
    home.write("plumb.toml", target("kv", &server.url, "") + &gate(more));
    (home, server)
}

#[test]
fn a_service_that_does_what_it_should_passes() {
    let (home, _server) = gated(None, &format!("{SUITES}embedded = true\ncoverage = 1.0\n"));
    let decision = decides(&home, &["--output", "seen"], "pass");
    for check in ["suites", "features", "coverage", "minimum"] {
        says(&decision, check, "pass", "");
    }
    assert_eq!(home.read("seen/gate.json").parse::<serde_json::Value>().expect("JSON")["verdict"], "pass");
}

#[test]
fn a_new_finding_fails() {
    let (home, _server) = gated(Some("delete-forgets"), &format!("{SUITES}embedded = true\n"));
    let decision = decides(&home, &[], "fail");
    says(&decision, "suites", "fail", "new or no longer accepted");
    says(&decision, "features", "fail", "new or no longer accepted");
    assert!(standing(&decision, "new") > 0);
}

#[test]
fn where_no_case_ran_it_is_inconclusive() {
    // Nobody listens there.
    let home = Home::new();
    let url = { Served::kv(&home).url.clone() };
    home.write("plumb.toml", target("kv", &url, "") + &gate(&format!("{SUITES}embedded = true\n")));
    let decision = decides(&home, &[], "inconclusive");
    says(&decision, "suites", "inconclusive", "failed to reach");
    says(&decision, "features", "inconclusive", "failed to reach");
    says(&decision, "minimum", "inconclusive", "0 cases and scenarios were judged");
}

#[test]
fn where_half_ran_it_is_inconclusive() {
    let (home, _server) = gated(None, "suites = { strength = 1, workflows = 0, budget = \"20\" }\nminimum = 40\n");
    says(&decides(&home, &[], "inconclusive"), "minimum", "inconclusive", "20 cases and scenarios were judged, 40");
}

#[test]
fn a_target_that_goes_in_the_middle_is_inconclusive() {
    let home = Home::new();
    let server = Served::kv(&home);
    let front = Front::new(&server.url, |number| if number < 60 { Deed::Pass(None) } else { Deed::HangUp });
    home.write("plumb.toml", target("kv", &front.url, "") + &gate(SUITES));
    let decision = decides(&home, &[], "inconclusive");
    says(&decision, "suites", "inconclusive", "died");
    assert_eq!(standing(&decision, "new"), 0);
    assert!(front.requests() >= 60);
}

#[test]
fn credentials_that_expire_in_the_middle_are_inconclusive() {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    let body = "<Error><Code>ExpiredToken</Code><Message>over</Message></Error>";
    let head = "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\n";
    let expired: &str = Box::leak(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into());
    let front =
        Front::new(&server.url, move |number| if number < 150 { Deed::Pass(None) } else { Deed::Answer(expired) });
    // What is signed holds the address of the front, which passes it on as it is.
    let suites =
        "suites = { strength = 1, workflows = 0, operations = [\"GetObject\"], budget = \"150\" }\nminimum = 10\n";
    home.write("plumb.toml", target("kv", &front.url, "").replace("\"kv\"\n", "\"s3\"\n") + &gate(suites));
    let decision = decides(&home, &[], "inconclusive");
    says(&decision, "credentials", "inconclusive", "let us in no more");
}

#[test]
fn an_interrupted_gate_is_inconclusive() {
    let home = Home::new();
    let server = Served::kv(&home);
    let front = Front::new(&server.url, |_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        Deed::Pass(None)
    });
    home.write("plumb.toml", target("kv", &front.url, "") + &gate(&format!("{SUITES}embedded = true\n")));
    let running = home.start(&["gate", "release", "--format", "json"]);
    until("the first cases", || front.requests() > 40);
    running.interrupt();
    let decision = running.end().exits(2).json();
    says(&decision, "suites", "inconclusive", "nterrupted");
    says(&decision, "features", "inconclusive", "nothing was shown of them");
}

#[test]
fn a_full_disk_is_no_pass() {
    let (home, _server) = gated(None, SUITES);
    // No file may grow beyond 8 blocks of 512 bytes: what a full disk says, a little earlier.
    let plumb = home.command(&["gate", "release", "--output", "seen"]);
    let line = format!("ulimit -f 8; trap '' XFSZ; exec {} gate release --output seen", plumb.get_program().display());
    let mut shell: Command = home.program("sh");
    let ran = Running::start(shell.args(["-c", &line]), b"").end();
    assert_ne!(ran.code, Some(0), "{}", ran.stdout);
    assert!(!ran.stdout.starts_with("PASS"), "{}", ran.stdout);
}

#[test]
fn too_little_coverage_is_inconclusive() {
    let (home, _server) =
        gated(None, "suites = { strength = 1, workflows = 0, budget = \"10\" }\nminimum = 5\ncoverage = 0.9\n");
    says(&decides(&home, &[], "inconclusive"), "coverage", "inconclusive", "90.0 % are demanded");
}

#[test]
fn where_everything_is_skipped_it_is_inconclusive() {
    // Nothing may be written there, and every scenario of this file writes.
    let home = Home::new();
    let server = Served::kv(&home);
    let feature = "@api(kv)\nFeature: Writes\n  Scenario: It stores\n    When the client sends PUT \"/v1/keys/{key a}\" with \
        the body \"1\"\n    Then the status is 201\n";
    home.write("writes.feature", feature);
    let features = "features = [\"writes.feature\"]\nminimum = 1\n";
    home.write("plumb.toml", target("kv", &server.url, "safety = \"read-only\"") + &gate(features));
    let decision = decides(&home, &[], "inconclusive");
    assert_eq!(decision["targets"][0]["executed"], 0, "{decision:#}");
    assert!(decision["skipped"].as_array().is_some_and(|own| !own.is_empty()), "{decision:#}");
}

#[test]
fn an_empty_folder_and_tags_that_select_nothing_are_no_pass() {
    let (home, _server) = gated(None, "features = [\"none\"]\nminimum = 1\n");
    fs::create_dir(home.path("none")).expect("a folder");
    let ran = home.plumb(&["gate", "release"]);
    assert!(matches!(ran.code, Some(2 | 3)), "{} {}", ran.stdout, ran.stderr);
    let (home, _server) = gated(None, "embedded = true\ntags = \"@nobody\"\nminimum = 1\n");
    says(&decides(&home, &[], "inconclusive"), "features", "inconclusive", "no scenario was selected");
}

#[test]
fn accepted_findings_do_not_block_until_they_expire() {
    let (home, _server) = gated(Some("delete-forgets"), SUITES);
    decides(&home, &["--output", "first"], "fail");
    let accept = ["accept", "--from", "first", "--owner", "Ada", "--reason", "known", "--expires", "2999-12-31"];
    home.plumb(&accept).exits(0);
    let decision = decides(&home, &[], "pass");
    assert!(standing(&decision, "accepted") > 0);
    assert_eq!(standing(&decision, "new"), 0);
    // One of them is over.
    let text = home.read("plumb.deviations.toml").replacen("2999-12-31", "2020-01-02", 1);
    home.write("plumb.deviations.toml", text);
    let decision = decides(&home, &[], "fail");
    assert_eq!((standing(&decision, "expired"), standing(&decision, "new")), (1, 0));
}

#[test]
fn a_record_that_cannot_be_kept_is_no_pass() {
    let (home, _server) = gated(None, SUITES);
    fs::create_dir(home.path("seen")).expect("a folder");
    fs::create_dir(home.path("seen/gate.json")).expect("a folder where the record goes");
    fs::set_permissions(home.path("seen"), fs::Permissions::from_mode(0o755)).expect("permissions");
    let ran = home.plumb(&["gate", "release", "--output", "seen"]);
    assert_ne!(ran.code, Some(0), "{}", ran.stdout);
}
