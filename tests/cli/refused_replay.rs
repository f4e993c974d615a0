//! A replay file is somebody else's text: whatever is wrong with it is said, and nothing is sent.

use std::sync::OnceLock;

use serde_json::Value;

use crate::conform::arguments;
use crate::refused::refused;
use crate::support::{Home, Served};

/// The longest replay file is shorter than this.
const TOO_LONG: usize = 20 << 20;

/// A replay file as a run writes it.
fn good() -> &'static str {
    static FILE: OnceLock<String> = OnceLock::new();
    FILE.get_or_init(|| {
        let home = Home::new();
        let server = Served::new(&home, "kv", Some("lost-overwrite"));
        let json = home.plumb(&arguments(&server.url, &["--output", "out"])).exits(1).json();
        home.read(&format!("out/findings/{}.json", json["findings"][0]["id"].as_str().expect("an id")))
    })
}

fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut file = serde_json::from_str(good()).expect("JSON");
    change(&mut file);
    file.to_string()
}

#[track_caller]
fn file_refused(bytes: impl AsRef<[u8]>, words: &[&str]) {
    let home = Home::new();
    home.write("finding.json", bytes);
    refused(&home, &["replay", "finding.json", "--endpoint-url", "URL"], &[&["finding.json"], words].concat());
}

#[test]
fn a_file_that_is_not_there_is_refused() {
    let arguments = ["replay", "finding.json", "--endpoint-url", "URL"];
    refused(&Home::new(), &arguments, &["failed to read finding.json", "findings/ID.json"]);
    refused(&Home::new(), &["replay", ".", "--endpoint-url", "URL"], &["failed to read ."]);
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    for share in [0, 1, 25, 50, 75, 99] {
        file_refused(&good()[..good().len() * share / 100], &["no JSON"]);
    }
}

#[test]
fn a_file_of_another_version_is_refused() {
    file_refused(changed(|file| file["plumb_replay"] = 2.into()), &["its version is 2, this build reads 1"]);
    file_refused(changed(|file| file["plumb_replay"] = "1".into()), &["it is no replay file"]);
    file_refused("{}", &["it is no replay file"]);
    file_refused("[]", &["it is no replay file"]);
}

#[test]
fn a_file_of_another_api_is_refused() {
    file_refused(changed(|file| file["api"] = "s3".into()), &["its case is of the API \"kv\""]);
    let both = changed(|file| {
        file["api"] = "ftp".into();
        file["finding"]["case"]["api"] = "ftp".into();
    });
    let home = Home::new();
    home.write("finding.json", both);
    refused(&home, &["replay", "finding.json", "--endpoint-url", "URL"], &["no API \"ftp\"", "there are: s3, kv"]);
    home.write("finding.json", good());
    let arguments = ["replay", "finding.json", "--api", "s3", "--endpoint-url", "URL"];
    refused(&home, &arguments, &["the file is of the API \"kv\""]);
}

#[test]
fn a_file_with_another_flavour_or_operation_is_refused() {
    let home = Home::new();
    home.write("finding.json", changed(|file| file["flavour"] = "vanilla".into()));
    refused(&home, &["replay", "finding.json", "--endpoint-url", "URL"], &["no flavour \"vanilla\""]);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let bytes: Vec<u8> = (0..4_096_u32).flat_map(|index| index.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    file_refused(bytes, &["failed to read"]);
}

#[test]
fn a_file_of_20_mib_is_refused_unread() {
    file_refused(vec![b' '; TOO_LONG], &["longer than 16777216 bytes"]);
}

#[test]
fn a_file_that_is_nested_without_end_is_refused() {
    file_refused("[".repeat(100_000), &["no JSON"]);
}

#[test]
fn a_file_chooses_no_endpoint() {
    let home = Home::new();
    home.write("finding.json", good());
    refused(&home, &["replay", "finding.json"], &["no target is named", "--endpoint-url"]);
    home.write("finding.json", changed(|file| file["endpoint"] = "http://127.0.0.1:9".into()));
    refused(&home, &["replay", "finding.json"], &["unknown field `endpoint`"]);
}

/// The guard binds a replay too: a key that this run did not make is not written.
#[test]
fn a_file_that_reaches_for_something_foreign_is_inconclusive() {
    let home = Home::new();
    let server = Served::kv(&home);
    let foreign = changed(|file| {
        file["finding"]["case"]["calls"][0]["call"]["with"]["key"] = "somebody-elses".into();
    });
    home.write("finding.json", foreign);
    let ran = home.plumb(&["replay", "finding.json", "--endpoint-url", &server.url]).exits(2);
    assert!(ran.stdout.starts_with("INCONCLUSIVE"), "{}", ran.stdout);
    assert!(ran.stdout.contains("neither made nor borrowed"), "{}", ran.stdout);
}
