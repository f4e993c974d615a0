//! Each bug that is planted into the server fails the scenarios that are about it.

use std::collections::BTreeSet;

use plumb_steps::feature::Scenario;
use plumb_steps::played::Outcome;

use crate::parse::scenarios;
use crate::stage::{AWS, Stage};

/// A plant, and the scenarios that must fail.
type Row = (&'static str, &'static [&'static str]);

/// Plants that a Then sees by itself, even where nobody asks the model.
const SEEN_BY_THEN: &[Row] = &[
    ("if-match-ignored", &["A file that is another one by now is not read"]),
    ("suffix-off-by-one", &["The last bytes of a file can be read", "The end of a large file can be read"]),
    ("others-may-read", &["The owner can read a file, and another account cannot"]),
    ("stale-read", &["A file that was overwritten reads as the new one"]),
    ("lost-overwrite", &["A file that was overwritten reads as the new one"]),
    ("delete-forgets", &["A file that was deleted is gone", "A file that nobody has changed can be deleted"]),
    (
        "key-stays-listed",
        &["A file is not listed any more once it is deleted", "Files that are deleted at once are gone"],
    ),
    ("quiet-ignored", &["Whoever asks for errors only is told of none"]),
    ("missing-key-is-an-error", &["A name that is not there counts as deleted"]),
    ("metadata-lost", &["Metadata comes back with the file", "A copy keeps the metadata of the original"]),
    ("crc32c-unchecked", &["A file whose CRC32C is wrong is refused"]),
    ("md5-unchecked", &["A file whose MD5 is wrong is refused", "An MD5 that is none is refused"]),
    ("second-first-write", &["The first of two writers wins"]),
    ("signature-unchecked", &["Whoever signs in with a wrong secret is refused"]),
    (
        "plus-is-blank",
        &["A file can have a name with a plus", "Names that look alike are different names: a plus and a space"],
    ),
    ("token-ignored", &["Every file is on one page", "A folder counts as one entry of a page"]),
    ("size-unchecked", &["Metadata of 2049 bytes is too much"]),
    ("version-ignored", &["A version that was never there is refused"]),
    ("override-ignored", &["A download can be given another type", "A download can be given another name"]),
    ("copy-loses-metadata", &["A copy keeps the metadata of the original"]),
    ("copy-keeps-replaced-metadata", &["A copy can be given new metadata"]),
    ("copy-if-match-ignored", &["A file that is another one by now is not copied"]),
    ("copy-source-plus-blank", &["A file can be copied from a name with a plus"]),
    ("self-copy-accepted", &["A file is not copied onto itself as it is"]),
    ("copy-late-error", &["A copy holds what the original holds", "A file can be copied into another bucket"]),
    ("range-ends-early", &["The first bytes of a file can be read", "A download goes on where it was broken off"]),
    ("range-total", &["The first bytes of a file can be read"]),
    ("page-skips", &["Every file is on one page", "Old programs go on after the last name"]),
    ("own-bucket-hidden", &["A bucket is among those of its owner"]),
    ("utf16-order", &["A list is sorted by the bytes of the names"]),
    ("full-bucket-deleted", &["A bucket with files in it cannot be deleted"]),
    ("suffix-crash", &["More last bytes than there are is the whole file"]),
    ("quotes-demanded", &["Quotes around an ETag may be left out"]),
    ("key-or-bucket", &["A file that was never uploaded is not found", "A file that was deleted is gone"]),
    ("head-length", &["The details of a file tell its size"]),
    ("head-metadata", &["Metadata comes with the details of a file"]),
    ("token-skips-a-key", &["Every file is on one page"]),
    ("prefix-twice-over-pages", &["Old programs get each folder on one page"]),
    ("marker-inclusive", &["Old programs go on after the last name"]),
    ("max-keys-ignores-prefixes", &["Old programs get each folder on one page"]),
    ("tag-stays", &["The details after an overwrite are those of the new file"]),
    (
        "batch-skips-last",
        &["Files that are deleted at once are gone", "Files of many odd names can be deleted at once"],
    ),
];

/// Plants that no Then looks for, and that the model sees in what a scenario asks anyhow.
const SEEN_BY_MODEL: &[Row] = &[
    ("bare-304", &["A cache that is up to date is told so"]),
    ("bare-tag", &["A file that was uploaded can be read"]),
    ("checksum-of-another", &["A file whose CRC32 is right is stored"]),
    ("checksum-with-part", &["A part of a file does not come with the checksum of the whole"]),
    ("prefix-twice", &["A folder holds its files and folders, each once"]),
    ("location-of-another-region", &["A bucket tells where it is"]),
    ("head-with-body", &["The details of a file that was never uploaded are refused"]),
    ("next-marker-missing", &["Old programs get each folder on one page"]),
    ("next-marker-without-delimiter", &["Old programs go on after the last name"]),
];

/// Plants that no scenario is about, and why.
const UNSEEN: &[(&str, &str)] = &[
    ("bucket-stays-listed", "AWS documents that a deleted bucket may be listed for a while"),
    ("bucket-prefix-ignored", "no scenario narrows a list of buckets"),
    ("part-ignored", "no scenario asks for a part by its number"),
    ("winners-in-a-circle", "a customer makes one mistake at a time"),
    ("copy-stores-class", "no scenario pays for a storage class"),
    ("url-page-miscounted", "it shows where three rare choices meet"),
];

/// The scenarios of this name.
fn named(name: &str) -> impl Iterator<Item = Scenario> {
    let found = scenarios().iter().filter(move |scenario| scenario.name == name);
    assert!(found.clone().next().is_some(), "no scenario is called {name:?}");
    found.cloned()
}

/// Each of these fails where the plant is, whether the model is asked or not.
fn check((plant, names): &Row, judged: bool) {
    let about: Vec<Scenario> = names.iter().flat_map(|name| named(name)).collect();
    let performance = Stage { plant: Some(plant), judged, ..AWS }.perform(&about);
    for played in performance.played {
        assert_eq!(played.outcome, Outcome::Failed, "{plant}: {} (asked the model: {judged})", played.id);
    }
}

#[test]
fn a_then_sees_what_it_is_about_whether_the_model_is_asked_or_not() {
    for row in SEEN_BY_THEN {
        check(row, true);
        check(row, false);
    }
}

#[test]
fn the_model_sees_what_no_then_looks_for() {
    for row in SEEN_BY_MODEL {
        check(row, true);
    }
}

#[test]
fn every_plant_fails_a_scenario_or_is_left_for_a_reason() {
    let rows = SEEN_BY_THEN.iter().chain(SEEN_BY_MODEL).map(|(plant, _)| *plant);
    let known: Vec<&str> = rows.chain(UNSEEN.iter().map(|(plant, _)| *plant)).collect();
    let plants: BTreeSet<&str> = plumb_s3::api().plants.iter().map(|plant| plant.name).collect();
    assert_eq!(known.iter().copied().collect::<BTreeSet<_>>(), plants);
    assert_eq!(known.len(), plants.len(), "a plant stands in two tables");
}

#[test]
fn what_is_left_is_not_seen_by_chance() {
    for (plant, why) in UNSEEN {
        let played = Stage { plant: Some(plant), ..AWS }.perform(scenarios()).played;
        let seen: Vec<&str> =
            played.iter().filter(|own| own.outcome == Outcome::Failed).map(|own| own.id.as_str()).collect();
        assert!(seen.is_empty(), "{plant} is left because {why}, but {seen:?} fail");
    }
}
