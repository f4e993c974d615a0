//! Feature files on disk.

use std::fs;
use std::path::Path;

use plumb_steps::feature::{Feature, Trouble, Wanted, read_paths};
use tempfile::TempDir;

const OUTLINE: &str = "@f\nFeature: a\n  Background:\n    Given x\n\n  @s\n  Scenario: plain\n    Given y\n\n  Scenario Outline: many\n    Given <n>\n    Examples:\n      | n |\n      | 1 |\n      | 2 |\n  Rule: r\n    Words.\n    Scenario: ruled\n      Given z\n    Scenario: also\n      Given z\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn simple(name: &str) -> String {
    format!("Feature: {name}\n  Scenario: {name}\n    Given x\n")
}

fn wanted(root: &Path, names: &[&str]) -> Vec<Wanted> {
    names.iter().map(|name| format!("{}/{name}", root.display()).parse().expect("a path")).collect()
}

fn ids(features: &[Feature]) -> Vec<&str> {
    features.iter().flat_map(|feature| &feature.scenarios).map(|scenario| scenario.id.as_str()).collect()
}

#[test]
fn a_folder_is_read_with_everything_below_in_order() {
    let (b, a, c) = (simple("b"), simple("a"), simple("c"));
    let root = folder(&[
        ("b.feature", &b),
        ("a/z.feature", &a),
        ("a/b/c.feature", &c),
        ("no.txt", "no"),
        (".git/x.feature", "no"),
    ]);
    let features = read_paths(&wanted(root.path(), &[""])).expect("features");
    assert_eq!(ids(&features), ["c::c", "z::a", "b::b"]);
}

#[test]
fn files_of_one_stem_are_told_apart() {
    let same = simple("same");
    let root = folder(&[("s/up.feature", &same), ("k/up.feature", &same)]);
    assert_eq!(ids(&read_paths(&wanted(root.path(), &[""])).expect("features")), ["k::up::same", "s::up::same"]);
}

#[test]
fn a_file_that_is_wanted_twice_is_read_once() {
    let root = folder(&[("a.feature", OUTLINE)]);
    let twice = read_paths(&wanted(root.path(), &["a.feature:7", "a.feature:14", "a.feature:7"])).expect("a feature");
    assert_eq!(ids(&twice), ["a::plain", "a::many::1"]);
    let whole = read_paths(&wanted(root.path(), &["a.feature:7", "", "a.feature:8"])).expect("a feature");
    assert_eq!(ids(&whole).len(), 5);
}

#[test]
fn a_line_chooses_what_it_belongs_to() {
    let root = folder(&[("a.feature", OUTLINE)]);
    let many = ["a::many::1", "a::many::2"].as_slice();
    let all = ["a::plain", "a::many::1", "a::many::2", "a::ruled", "a::also"].as_slice();
    let table = [
        (1, all),
        (4, all),
        (6, &["a::plain"]),
        (8, &["a::plain"]),
        (10, many),
        (11, many),
        (13, many),
        (14, &["a::many::1"]),
        (15, &["a::many::2"]),
        (17, &["a::ruled", "a::also"]),
        (19, &["a::ruled"]),
        (21, &["a::also"]),
    ];
    for (line, expected) in table {
        let features = read_paths(&wanted(root.path(), &[&format!("a.feature:{line}")])).expect("a feature");
        assert_eq!(ids(&features), expected, "line {line}");
    }
}

#[test]
fn everything_that_is_wrong_is_told() {
    let root = folder(&[
        ("a.feature", "Feature: a\n"),
        ("b.feature", "Scenario: b\n"),
        ("c.feature", "Feature: c\nScenario: d\nScenario: e\n"),
    ]);
    let mut asked = wanted(root.path(), &["", "gone.feature"]);
    asked.push(Wanted { path: root.path().join("c.feature"), line: Some(2) });
    let troubles = read_paths(&asked).expect_err("mistakes");
    let shown: Vec<String> =
        troubles.iter().map(|trouble| trouble.to_string().replace(&root.path().display().to_string(), "R")).collect();
    assert_eq!(shown.len(), 5, "{shown:#?}");
    assert!(shown[0].starts_with("failed to read R/gone.feature: "), "{shown:#?}");
    let lines: Vec<&str> = shown[1..].iter().filter_map(|one| one.strip_prefix("R/")).collect();
    let expected = [
        "a.feature:1:1: the feature has no scenario",
        "b.feature:1:1: expected `Feature:`, found `Scenario: b`",
        "c.feature:2:1: the scenario has no steps",
        "c.feature:3:1: the scenario has no steps",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_folder_without_features_and_a_line_behind_the_end_are_refused() {
    let root = folder(&[("empty/no.txt", "no"), ("a.feature", OUTLINE)]);
    let empty = read_paths(&wanted(root.path(), &["empty"])).expect_err("nothing there");
    assert!(matches!(empty.as_slice(), [Trouble::Nothing { .. }]), "{empty:?}");
    let line = read_paths(&wanted(root.path(), &["a.feature:99"])).expect_err("no such line");
    assert!(matches!(line.as_slice(), [Trouble::Line { line, .. }] if line == "99"), "{line:?}");
    assert!("a.feature:0".parse::<Wanted>().is_err());
}

#[test]
fn only_digits_behind_the_last_colon_are_a_line() {
    let table = [
        ("a.feature", "a.feature", None),
        ("a:12", "a", Some(12)),
        ("c:\\x.feature", "c:\\x.feature", None),
        ("a:", "a:", None),
        (":5", ":5", None),
    ];
    for (text, path, line) in table {
        assert_eq!(text.parse::<Wanted>().expect("wanted"), Wanted { path: path.into(), line }, "{text}");
    }
}

#[cfg(unix)]
#[test]
fn links_to_folders_are_not_followed_and_links_to_files_are() {
    let root = folder(&[("a/one.feature", &simple("one")), ("elsewhere.txt", &simple("two"))]);
    std::os::unix::fs::symlink(root.path(), root.path().join("a/loop")).expect("a link");
    std::os::unix::fs::symlink(root.path().join("elsewhere.txt"), root.path().join("a/two.feature")).expect("a link");
    let features = read_paths(&wanted(root.path(), &["a"])).expect("features");
    assert_eq!(ids(&features), ["one::one", "two::two"]);
}
