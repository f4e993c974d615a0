//! The file: whole, and only ever added to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;

use jiff::{Timestamp, ToSpan};
use plumb_gate::overrides::{Entry, Error, add, load};
use proptest::prelude::*;
use tempfile::TempDir;

fn entry(who: &str) -> Entry {
    let made: Timestamp = "2026-11-22T02:00:00Z".parse().expect("an instant");
    Entry {
        gate: "release".to_owned(),
        who: who.to_owned(),
        why: "the fix must go out".to_owned(),
        made,
        until: made + 9.hours(),
        version: None,
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Nothing but the file is left.
fn alone(folder: &Path, names: &[&str]) {
    let mut all: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|own| own.expect("an entry").file_name()).collect();
    all.sort();
    assert_eq!(all, names);
}

#[test]
fn a_file_is_made_and_added_to() {
    let folder = folder();
    let path = folder.path().join("plumb.overrides.toml");
    add(&path, &entry("Ada")).expect("the first");
    add(&path, &entry("Grace")).expect("the second");
    assert_eq!(load(Some(&path)).expect("it is read"), [entry("Ada"), entry("Grace")]);
    insta::assert_snapshot!(fs::read_to_string(&path).expect("it is there"));
    alone(folder.path(), &["plumb.overrides.toml"]);
}

#[test]
fn what_others_wrote_stays_byte_by_byte() {
    let folder = folder();
    let path = folder.path().join("o.toml");
    for before in [
        "# only a comment",
        "# with\r\n# other line ends\r\n",
        "\n\n[[override]]   # ours\nuntil=2026-11-23T00:00:00Z\nwhy='x'\nmade=2026-11-22T00:00:00Z\nwho=\"y\"\ngate = 'z'",
        "[[override]]\ngate='z'\nwho='a'\nwhy='''b'''\nmade=2020-01-01 00:00:00Z\nuntil=2020-01-01 01:00:00.5+00:00\nversion=\"1\" # old\n# end",
    ] {
        fs::write(&path, before).expect("written");
        let entries = load(Some(&path)).expect("it is fine");
        add(&path, &entry("Ada")).expect("added");
        let after = fs::read_to_string(&path).expect("it is there");
        assert!(after.starts_with(before), "{after}");
        assert_eq!(load(Some(&path)).expect("it is fine"), [entries, vec![entry("Ada")]].concat());
    }
}

#[test]
fn what_is_refused_changes_nothing() {
    let folder = folder();
    let path = folder.path().join("o.toml");
    for (before, new, message) in [
        ("", entry(" "), "`who` is empty"),
        ("# x\n", Entry { why: "a\nb".to_owned(), ..entry("Ada") }, "`why` holds the character"),
        ("", Entry { until: entry("Ada").made, ..entry("Ada") }, "over before it begins"),
        ("", Entry { until: entry("Ada").made + 169.hours(), ..entry("Ada") }, "more than 7 days"),
        ("[[override]]\nwho = 'x'\n", entry("Ada"), "has no `gate`"),
        ("override = []\n", entry("Ada"), "override"),
        ("not toml", entry("Ada"), "read the overrides"),
    ] {
        fs::write(&path, before).expect("written");
        let error = add(&path, &new).expect_err("it is refused");
        assert!(error.to_string().contains(message), "{error}");
        assert!(!error.help().is_empty());
        assert_eq!(fs::read_to_string(&path).expect("it is there"), before);
        alone(folder.path(), &["o.toml"]);
    }
}

#[test]
fn a_folder_that_cannot_be_written_leaves_the_file_as_it_was() {
    let folder = folder();
    let path = folder.path().join("gone").join("o.toml");
    assert!(matches!(add(&path, &entry("Ada")), Err(Error::Write { .. })));
    let inside = folder.path().join("o.toml");
    fs::create_dir(&inside).expect("a folder where the file should be");
    assert!(matches!(add(&inside, &entry("Ada")), Err(Error::Read { .. })));
    alone(folder.path(), &["o.toml"]);
}

#[test]
fn a_file_that_is_named_must_be_there_and_be_short() {
    let folder = folder();
    let path = folder.path().join("o.toml");
    assert!(matches!(load(Some(&path)), Err(Error::Read { .. })));
    fs::write(&path, "#".repeat((1 << 20) + 1)).expect("written");
    assert!(matches!(load(Some(&path)), Err(Error::TooLong { .. })));
    fs::write(&path, "#".repeat((1 << 20) - 10)).expect("written");
    assert!(matches!(add(&path, &entry("Ada")), Err(Error::TooLong { .. })));
    fs::write(&path, b"# \xff\n").expect("written");
    assert!(matches!(load(Some(&path)), Err(Error::Read { .. })));
}

#[test]
fn a_link_and_the_rights_of_a_file_stay() {
    let folder = folder();
    let (real, link) = (folder.path().join("real.toml"), folder.path().join("link.toml"));
    fs::write(&real, "# x\n").expect("written");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("changed");
    std::os::unix::fs::symlink(&real, &link).expect("linked");
    add(&link, &entry("Ada")).expect("added");
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert_eq!(fs::metadata(&real).expect("there").permissions().mode() & 0o777, 0o640);
    assert_eq!(load(Some(&real)).expect("read").len(), 1);
}

#[test]
fn nobody_loses_an_entry_to_somebody_else() {
    let folder = folder();
    let path = folder.path().join("o.toml");
    thread::scope(|scope| {
        for who in 0..8 {
            let path = &path;
            scope.spawn(move || {
                for nth in 0..5 {
                    add(path, &entry(&format!("person {who}.{nth}"))).expect("added");
                }
            });
        }
    });
    let all = load(Some(&path)).expect("it is fine");
    assert_eq!(all.len(), 40);
    for who in 0..8 {
        let own: Vec<_> = all.iter().filter(|own| own.who.starts_with(&format!("person {who}."))).collect();
        assert!(own.is_sorted_by_key(|own| &own.who), "in the order in which they were added: {own:?}");
    }
    alone(folder.path(), &["o.toml"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_text_that_may_be_written_is_read_back(who in "[^\\p{C}]{1,40}", why in "[\"'\\\\#=\\[\\]a-z{} ]{1,60}") {
        let folder = folder();
        let path = folder.path().join("o.toml");
        let new = Entry { why, version: Some("1.0\"x".to_owned()), ..entry(&who) };
        if new.check().is_ok() {
            add(&path, &new).expect("added");
            prop_assert_eq!(load(Some(&path)).expect("read"), [new]);
        } else {
            prop_assert!(add(&path, &new).is_err() && !path.exists());
        }
    }
}
