//! The same scenario a hundred times at once, in one bucket.

use std::fmt::Write as _;

use plumb_model::call::Call;

use super::{check_all_passed, json};
use crate::support::{Home, Served, send};

const ROWS: usize = 100;

fn outline() -> String {
    let mut text = "@api(s3)\nFeature: Together\n\n  Scenario Outline: Round <number>\n    \
        Given Bob owns the bucket \"images\"\n    \
        And Bob has uploaded \"cat.png\" as \"pets/cat.png\"\n    \
        When he uploads \"dog.png\" as \"pets/dog.png\" only if nothing is there\n    \
        Then the upload succeeds\n    \
        And the list of \"pets/\" holds\n      | pets/cat.png |\n      | pets/dog.png |\n    \
        When he deletes \"pets/cat.png\"\n    \
        Then the list of \"pets/\" holds\n      | pets/dog.png |\n    \
        And he can read \"pets/dog.png\"\n\n    Examples:\n      | number |\n"
        .to_owned();
    for number in 1..=ROWS {
        writeln!(text, "      | {number} |").expect("text grows");
    }
    text
}

#[test]
fn a_hundred_times_at_once_never_collides_and_leaves_nothing() {
    let mut home = Home::new();
    let server = Served::s3(&mut home, None);
    home.write("together.feature", outline());
    let report = json(&home, &["together.feature", "--endpoint-url", &server.url, "--workers", "16"], 0);
    check_all_passed(&report, ROWS as u64);
    assert_eq!(report["sent"]["unmodelled"], 0);
    let buckets = send(&server.url, &Call::new("ListBuckets"), 0);
    assert!(buckets.contains(" 200 ") && buckets.contains("Buckets"), "{buckets}");
    assert!(!buckets.contains("<Name>"), "a bucket stays: {buckets}");
    assert_eq!(std::fs::read_dir(home.journals()).map_or(0, Iterator::count), 0, "a journal stays");
}
