//! The target must be the one that is meant, all the time.

use crate::front::{Deed, Front};
use crate::gated::{SUITES, decides, gate, says, target};
use crate::support::{Home, Served};

/// A gate of a server whose answers tell the version that `version` gives.
fn telling(
    expected: &str,
    version: impl Fn(u64) -> Option<&'static str> + Send + Sync + 'static,
) -> (Home, Served, Front) {
    let home = Home::new();
    let server = Served::kv(&home);
    let front = Front::new(&server.url, move |number| Deed::Pass(version(number)));
    let more = format!("{SUITES}expect_version = \"{expected}\"\n");
    home.write("plumb.toml", target("kv", &front.url, "version_header = \"X-Version\"") + &gate(&more));
    (home, server, front)
}

#[test]
fn the_version_that_is_meant_passes() {
    let (home, _server, _front) = telling("2.1", |_| Some("2.1"));
    let decision = decides(&home, &[], "pass");
    says(&decision, "version", "pass", "2.1");
    assert_eq!(decision["targets"][0]["versions"], serde_json::json!(["2.1"]));
}

#[test]
fn another_version_a_mixture_and_silence_are_inconclusive() {
    let (home, _server, _front) = telling("2.1", |_| Some("2.0"));
    says(&decides(&home, &[], "inconclusive"), "version", "inconclusive", "is 2.0, expected is 2.1");
    decides(&home, &["--expect-version", "2.0"], "pass");
    let (home, _server, _front) = telling("2.1", |number| Some(if number == 77 { "2.0" } else { "2.1" }));
    says(&decides(&home, &[], "inconclusive"), "version", "inconclusive", "several versions: 2.1, 2.0");
    let (home, _server, _front) = telling("2.1", |_| None);
    says(&decides(&home, &[], "inconclusive"), "version", "inconclusive", "never told its version");
}

#[test]
fn what_another_build_does_wrong_is_inconclusive() {
    let home = Home::new();
    let server = Served::new(&home, "kv", Some("delete-forgets"));
    let front = Front::new(&server.url, |_| Deed::Pass(Some("1.9")));
    let more = format!("{SUITES}expect_version = \"2.1\"\n");
    home.write("plumb.toml", target("kv", &front.url, "version_header = \"x-version\"") + &gate(&more));
    says(&decides(&home, &[], "inconclusive"), "suites", "inconclusive", "does not count");
    decides(&home, &["--expect-version", "1.9"], "fail");
}

#[test]
fn a_target_that_is_asked_and_does_not_tell_is_inconclusive() {
    let home = Home::new();
    let server = Served::kv(&home);
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n2.1";
    // It tells at the start, and at the end no more.
    let front =
        Front::new(&server.url, move |number| if number == 1 { Deed::Answer(answer) } else { Deed::Pass(None) });
    let more = format!("{SUITES}expect_version = \"2.1\"\n");
    home.write("plumb.toml", target("kv", &front.url, "version_path = \"/version\"") + &gate(&more));
    says(&decides(&home, &[], "inconclusive"), "version", "inconclusive", "at the start or the end");
}

#[test]
fn one_box_behind_a_name_is_judged_by_its_address() {
    let home = Home::new();
    let server = Served::kv(&home);
    let address = server.url.trim_start_matches("http://");
    let own = target("kv", "http://service.invalid:8080", "safety = \"full\"");
    home.write("plumb.toml", own + &gate(&format!("{SUITES}connect_to = \"{address}\"\n")));
    let decision = decides(&home, &[], "pass");
    assert_eq!(decision["targets"][0]["connected_to"], address);
    assert_eq!(decision["targets"][0]["endpoint"], "http://service.invalid:8080");
}
