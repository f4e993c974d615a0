//! Cases about what is somebody else's: with a second identity they are sent, without one they are counted.

use std::collections::BTreeSet;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::support::{Home, Ran, Served, bucket_exists, events, make_bucket_of_the_second};

/// A run of `operation` that keeps everything in `out`.
fn conform(home: &Home, server: &Served, operation: &str) -> Ran {
    let target = ["--api", "s3", "--endpoint-url", &server.url];
    let more = ["conform", "--operation", operation, "--workflows", "0", "--format", "json", "--output", "out"];
    home.plumb(&[&more, &target[..]].concat())
}

/// The verdicts on the cases with `choice`, and why.
fn verdicts(home: &Home, choice: &str) -> BTreeSet<(String, Option<String>)> {
    let done = events(&home.read("out/events.ndjson"), "case-done");
    let has =
        |event: &&Value| event["choices"].as_array().is_some_and(|choices| choices.iter().any(|own| own == choice));
    let words = done.iter().filter(has).map(|event| {
        let detail = event["detail"].as_str().map(str::to_owned);
        (event["verdict"].as_str().expect("a verdict").to_owned(), detail)
    });
    words.collect()
}

const NO_SECOND: &str = "the target has no second identity: configure actors.other";

#[track_caller]
fn check(operation: &str, choices: &[&str]) {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    let json = conform(&home, &server, operation).exits(0).json();
    let unsupported = json["counts"]["unsupported"].as_u64().expect("a count");
    assert!(unsupported > 0, "{}", json["counts"]);
    for choice in choices {
        let expected = BTreeSet::from([("unsupported".to_owned(), Some(NO_SECOND.to_owned()))]);
        assert_eq!(verdicts(&home, choice), expected, "{operation} {choice} with one identity");
    }
    fs::remove_dir_all(home.path("out")).expect("the first results");
    server.set_second(&mut home);
    let json = conform(&home, &server, operation).exits(0).json();
    assert_eq!(json["counts"]["unsupported"], 0);
    for choice in choices {
        let expected = BTreeSet::from([("conforms".to_owned(), None)]);
        assert_eq!(verdicts(&home, choice), expected, "{operation} {choice} with two identities");
    }
    let journals = fs::read_dir(home.journals()).map_or(0, Iterator::count);
    assert_eq!(journals, 0, "what the second identity made is gone");
}

#[test]
fn with_two_identities_cases_about_somebody_else_are_sent_and_with_one_they_are_unsupported() {
    check("GetObject", &["bucket=theirs", "caller=other"]);
    check("DeleteBucket", &["bucket=theirs", "caller=other"]);
    check("CreateBucket", &["bucket=theirs"]);
}

#[test]
fn a_read_that_is_open_to_others_is_found_and_can_be_told() {
    let mut home = Home::new();
    let server = Served::s3(&mut home, Some("others-may-read"));
    server.set_second(&mut home);
    let json = conform(&home, &server, "GetObject").exits(1).json();
    let findings = json["findings"].as_array().expect("a list");
    let finding = findings.iter().find(|one| one["kind"] == "accepts-what-must-be-refused").expect("it is found");
    assert_eq!(finding["choices"], json!(["caller=other"]));
    let curl = finding["curl"].as_str().expect("curl can say it");
    assert!(curl.contains("$AWS_ACCESS_KEY_ID:") && curl.contains("$PLUMB_OTHER_ACCESS_KEY_ID:"), "{curl}");
    let file = format!("out/findings/{}.json", finding["id"].as_str().expect("an id"));
    let replay = ["replay", &file, "--endpoint-url", &server.url];
    assert!(home.plumb(&replay).exits(1).stdout.starts_with("REPRODUCED"));
    let terminal = home.plumb(&["conform", "--api", "s3", "--endpoint-url", &server.url, "--operation", "GetObject"]);
    assert!(terminal.exits(1).stdout.contains(" as other"), "the calls of the case say who sends them");
    home.set("PLUMB_OTHER_ACCESS_KEY_ID", "");
    home.set("PLUMB_OTHER_SECRET_ACCESS_KEY", "");
    let ran = home.plumb(&replay).exits(2);
    assert!(ran.stdout.starts_with("INCONCLUSIVE") && ran.stdout.contains(NO_SECOND), "{}", ran.stdout);
}

#[test]
fn a_second_identity_that_is_rejected_or_the_first_again_stops_the_run() {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    server.set_second(&mut home);
    home.set("PLUMB_OTHER_SECRET_ACCESS_KEY", "wrong");
    conform(&home, &server, "DeleteBucket").exits(2).says(&["as \"other\", it rejects the credentials"]);
    home.set("PLUMB_OTHER_ACCESS_KEY_ID", "PLUMBLINEACCESSKEY");
    conform(&home, &server, "DeleteBucket").exits(3).says(&["have the same key", "another account"]);
    home.set("PLUMB_OTHER_ACCESS_KEY_ID", "");
    conform(&home, &server, "DeleteBucket").exits(3).says(&["PLUMB_OTHER_ACCESS_KEY_ID is not set"]);
}

#[test]
fn a_plan_tells_which_cases_are_not_run_for_want_of_a_second_identity() {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    let arguments = ["conform", "--api", "s3", "--endpoint-url", &server.url, "--operation", "GetObject", "--plan"];
    let ran = home.plumb(&arguments).exits(0);
    assert!(ran.stdout.contains(&format!("cases are not run: {NO_SECOND}")), "{}", ran.stdout);
    server.set_second(&mut home);
    let ran = home.plumb(&arguments).exits(0);
    assert!(!ran.stdout.contains("are not run"), "{}", ran.stdout);
}

/// A bucket that the second identity made, in the journal of a run that is over.
fn left_behind(home: &Home, server: &Served) -> &'static str {
    let name = "plumb-aaaaaaaa-000001-theirs";
    make_bucket_of_the_second(&server.url, name);
    let header = json!({
        "plumb_journal": 1, "run": "aaaaaaaa", "api": "s3", "target": "endpoint", "endpoint": server.url, "started_s": 0,
    });
    let entry = json!({"create": {"kind": "bucket", "name": BASE64.encode(name), "actor": "other"}});
    fs::create_dir_all(home.journals()).expect("a folder");
    fs::write(home.journals().join("aaaaaaaa.ndjson"), format!("{header}\n{entry}\n")).expect("a journal");
    name
}

#[test]
fn what_the_second_identity_made_is_swept_by_it_and_stays_where_it_is_not_configured() {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    let name = left_behind(&home, &server);
    let target = ["sweep", "--api", "s3", "--endpoint-url", &server.url];
    let ran = home.plumb(&[&target[..], &["--yes"]].concat()).exits(2).says(&["could not remove bucket", NO_SECOND]);
    let line = format!("cannot remove bucket {name} of run aaaaaaaa, made by other\n");
    assert_eq!(ran.stdout, line);
    assert!(bucket_exists(&server.url, name), "it stays, and so does the journal");
    server.set_second(&mut home);
    let dry = home.plumb(&target).exits(0);
    assert!(dry.stdout.starts_with(&line.replace("cannot remove", "would remove")), "{}", dry.stdout);
    home.plumb(&[&target[..], &["--yes"]].concat()).exits(0);
    assert!(!bucket_exists(target[4], name));
    assert_eq!(fs::read_dir(home.journals()).map_or(0, Iterator::count), 0);
}
