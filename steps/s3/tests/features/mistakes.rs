//! A sentence that means nothing fails, and says why.

use plumb_steps::feature::read;
use plumb_steps::played::Outcome;

use crate::stage::AWS;

/// The scenario of these steps in Bob's bucket fails with a message that has `expected` in it.
fn check(steps: &str, expected: &str) {
    let text = format!("Feature: A\n  Scenario: B\n    Given Bob owns the bucket \"images\"\n{steps}\n");
    let feature = read("mistakes.feature", &text).expect("a feature");
    let performance = AWS.perform(&feature.scenarios);
    let played = &performance.played[0];
    let message = played.trouble.as_ref().map(|trouble| trouble.message.as_str()).unwrap_or_default();
    assert_eq!(played.outcome, Outcome::Failed, "{steps}: {message}");
    assert!(message.contains(expected), "{steps}: {message}");
    assert!(performance.left.is_empty(), "{steps}: {:?}", performance.left);
}

#[test]
fn words_that_mean_nothing_are_told_with_those_that_do() {
    let uploaded = "When Bob uploads \"a\" as \"b\"";
    check(
        &format!("{uploaded}\nThen it is refused as \"NoSuchThing\""),
        "NoSuchThing is no refusal known here; known: Acc",
    );
    check(&format!("{uploaded} with its CRC16"), "CRC16 is no checksum known here; known: MD5, CRC32");
    check(&format!("{uploaded}\nThen the copy succeeds"), "the last call was no copy but PutObject");
    check(&format!("{uploaded}\nWhen Bob asks for the next page"), "after a page of a list");
    check(&format!("{uploaded}\nWhen Bob goes on after \"a\""), "listed the old way");
    check(&format!("{uploaded}\nWhen he reads it only if it has changed since Easter"), "yesterday, tomorrow or then");
    check(
        &format!("{uploaded}\nWhen he reads it, signing in with \"a smile\""),
        "nobody signs in with \"a smile\" here",
    );
    check("Given the file \"a\" of 3 apples", "in bytes, KiB or MiB, not in apples");
    check("Given the file \"a\" of 17 MiB", "16777216 bytes at most");
}

#[test]
fn what_no_step_has_named_or_made_is_missed() {
    check("When Bob reads it", "\"it\" means nothing: no step before names a");
    check("Then Bob can read \"a\"", "no step before has put anything under \"a\"");
    check("Then the upload succeeds", "nothing was asked yet");
    check("When Bob deletes at once", "a table is missing under the step \"Bob deletes at once\"");
    check("When Bob deletes at once\n| a | b |", "must be 1 wide");
    check("Then the folder \"a\" holds\n| link | b |", "an entry is a file or a folder, not a link");
}
