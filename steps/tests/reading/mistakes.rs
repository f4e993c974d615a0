//! A mistake has a file, a line, a caret, and a way to put it right.

use std::fmt::Write as _;

use plumb_steps::feature::{MISTAKES_MAX, read, read_all, read_bytes};

/// What is wrong, with a text in which it is.
const MISTAKES: &[(&str, &str)] = &[
    ("an empty file", ""),
    ("nothing but blank lines", "\n \t\r\n"),
    ("nothing but comments", "# one\n  # two\n"),
    ("no feature line", "Scenario: a\n  Given x\n"),
    ("prose instead of a feature line", "Uploads of files\n"),
    ("a feature line without a colon", "Feature Uploads\n"),
    ("a feature line in lower case", "feature: Uploads\n"),
    ("a misspelt feature line", "Featur: Uploads\n"),
    ("a step before the feature", "Given x\nFeature: a\n"),
    ("the keywords of another language", "Funktionalität: a\n  Szenario: b\n"),
    ("English keywords in another language", "# language: de\nFeature: a\n"),
    ("an unknown language", "# language: martian\nFeature: a\n"),
    ("a language by its name", "  #  language :  german\nFeature: a\n"),
    ("a second feature", "Feature: a\n  Scenario: b\n    Given x\nFeature: c\n"),
    ("a feature without scenarios", "Feature: a\n  Only words.\n"),
    ("tags without anything below", "Feature: a\n  Scenario: b\n    Given x\n\n  @smoke @slow\n"),
    ("tags in front of a step", "Feature: a\n  Scenario: b\n    @smoke\n    Given x\n"),
    ("tags of a background", "Feature: a\n  @smoke\n  Background:\n    Given x\n  Scenario: b\n    Given x\n"),
    ("a tag with a blank", "@timeout(2 s)\nFeature: a\n  Scenario: b\n    Given x\n"),
    ("a tag without @", "Feature: a\n  @smoke slow\n  Scenario: b\n    Given x\n"),
    ("a tag without a name", "Feature: a\n  @ @slow\n  Scenario: b\n    Given x\n"),
    ("a value that is no number", "Feature: a\n  @smoke @retry(x)\n  Scenario: b\n    Given x\n"),
    ("too many retries", "Feature: a\n  @retry(6)\n  Scenario: b\n    Given x\n"),
    ("no time at all", "Feature: a\n  @timeout(0s)\n  Scenario: b\n    Given x\n"),
    ("a time without its unit", "Feature: a\n  @timeout(2)\n  Scenario: b\n    Given x\n"),
    ("an unknown term", "Feature: a\n  @retires(2)\n  Scenario: b\n    Given x\n"),
    ("a term without its value", "@owner\nFeature: a\n  Scenario: b\n    Given x\n"),
    (
        "a term on examples",
        "Feature: a\n  Scenario Outline: b\n    Given <x>\n    @model(no)\n    Examples:\n      | x |\n      | 1 |\n",
    ),
    ("a background behind a scenario", "Feature: a\n  Scenario: b\n    Given x\n  Background:\n    Given y\n"),
    (
        "two backgrounds",
        "Feature: a\n  Background:\n    Given y\n  Background:\n    Given y\n  Scenario: b\n    Given x\n",
    ),
    ("a step outside of a scenario", "Feature: a\n\n  Given x\n  When y\n\n  Scenario: b\n    Given x\n"),
    ("a scenario without a colon", "Feature: a\n  Scenario The file is read\n    Given x\n"),
    (
        "a scenario without a colon behind another",
        "Feature: a\n  Scenario: b\n    Given x\n  Scenario The file is read\n    Given x\n",
    ),
    ("a misspelt scenario", "Feature: a\n  Senario: b\n    Given x\n"),
    ("a scenario in lower case", "Feature: a\n  Scenario: b\n    Given x\n  scenario outline: b\n    Given x\n"),
    ("a misspelt first step", "Feature: a\n  Scenario: b\n    Whn I upload a file\n    Then it can be read\n"),
    ("a first step in lower case", "Feature: a\n  Scenario: b\n    when I upload a file\n    Then it can be read\n"),
    (
        "a misspelt later step",
        "Feature: a\n  Scenario: b\n    Given a bucket\n    Whn I upload a file\n    Then it can be read\n",
    ),
    ("an unknown keyword", "Feature: a\n  Scenario: b\n    Given a bucket\n    Suppose it is gone\n"),
    ("a keyword without text", "Feature: a\n  Scenario: b\n    Given a bucket\n    When\n"),
    ("a keyword without a blank", "Feature: a\n  Scenario: b\n    Given a bucket\n    *it is gone\n"),
    ("a blank that is none", "Feature: a\n  Scenario: b\n    Given a bucket\n    \u{a0}When it is gone\n"),
    ("a scenario without steps", "Feature: a\n  Scenario: b\n    To be written.\n\n  Scenario: c\n    Given x\n"),
    ("a scenario without a name", "Feature: a\n  Scenario:\n    Given x\n"),
    (
        "two scenarios of one name",
        "Feature: a\n  Scenario: b\n    Given x\n  Rule: r\n    Scenario: b\n      Given y\n",
    ),
    ("an outline without examples", "Feature: a\n  Scenario Outline: b\n    Given <x>\n"),
    ("an outline without rows", "Feature: a\n  Scenario Outline: b\n    Given <x>\n    Examples:\n      | x |\n"),
    (
        "an outline without a table",
        "Feature: a\n  Scenario Outline: b\n    Given <x>\n    Examples:\n\n  Scenario: c\n    Given x\n",
    ),
    ("examples without steps", "Feature: a\n  Scenario Outline: b\n    Examples:\n      | x |\n      | 1 |\n"),
    ("examples outside of an outline", "Feature: a\n  Background:\n    Given x\n  Examples:\n      | x |\n"),
    (
        "a step behind examples",
        "Feature: a\n  Scenario Outline: b\n    Given <x>\n    Examples:\n      | x |\n      | 1 |\n    Then y\n",
    ),
    (
        "a placeholder without a column",
        "Feature: a\n  Scenario Outline: b <x>\n    Given <x> of <size>\n    Examples:\n      | x | y |\n      | 1 | 2 |\n",
    ),
    (
        "a placeholder without a column in a name",
        "Feature: a\n  Scenario Outline: b <z>\n    Given <x>\n    Examples:\n      | x |\n      | 1 |\n",
    ),
    (
        "a placeholder without a column in a table",
        "Feature: a\n  Scenario Outline: b\n    Given <x>\n      | k | <val> |\n    Examples:\n      | x |\n      | 1 |\n",
    ),
    (
        "a placeholder without a column in a doc string",
        "Feature: a\n  Scenario Outline: b\n    Given <x>\n      \"\"\"\n      one\n      <two>\n      \"\"\"\n    Examples:\n      | x |\n      | 1 |\n",
    ),
    (
        "two columns of one name",
        "Feature: a\n  Scenario Outline: b\n    Given <x>\n    Examples:\n      | x | x |\n      | 1 | 2 |\n",
    ),
    (
        "a row that is too short",
        "Feature: a\n  Scenario: b\n    Given x\n      | a | b |\n      | 1 | 2 |\n      | 3 |\n",
    ),
    (
        "a row that is too long",
        "Feature: a\n  Scenario Outline: b\n    Given <x>\n    Examples:\n      | x |\n      # note\n      | 1 | 2 |\n",
    ),
    ("a row without its end", "Feature: a\n  Scenario: b\n    Given x\n      | a | b\n"),
    ("a backslash in a table", "Feature: a\n  Scenario: b\n    Given x\n      | \\d+ |\n"),
    (
        "a doc string that is never closed",
        "Feature: a\n  Scenario: b\n    Given x\n      \"\"\"\n      Scenario: c\n        Given y\n",
    ),
    (
        "a doc string that is closed by the other fence",
        "Feature: a\n  Scenario: b\n    Given x\n      \"\"\"\n      y\n      ```\n",
    ),
    (
        "two doc strings",
        "Feature: a\n  Scenario: b\n    Given x\n      \"\"\"\n      \"\"\"\n      \"\"\"\n      \"\"\"\n",
    ),
    (
        "a doc string behind a table",
        "Feature: a\n  Scenario: b\n    Given x\n      | a |\n      \"\"\"\n      \"\"\"\n",
    ),
];

#[test]
fn every_mistake_has_a_place_and_a_remedy() {
    let mut shown = String::new();
    for (name, text) in MISTAKES {
        let mistake = read("features/a.feature", text).expect_err(name);
        assert!(mistake.help.is_some(), "{name}");
        writeln!(shown, "--- {name}\n{}", mistake.render()).expect("text grows");
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_mistake_is_told_once_and_nothing_that_follows_from_it() {
    for (name, text) in MISTAKES {
        let mistakes = read_all("features/a.feature", text).expect_err(name);
        assert_eq!(mistakes.len(), 1, "{name}: {mistakes:?}");
    }
}

#[test]
fn all_mistakes_of_a_file_are_told_in_order() {
    let text = "Feature: a\n  Scenario: b\n    Whn x\n  @retry(x)\n  Scenario: c\n    Given y\n  Scenario: d\n";
    let mistakes = read_all("a.feature", text).expect_err("three mistakes");
    let lines: Vec<usize> = mistakes.iter().map(|mistake| mistake.line_column().0).collect();
    assert_eq!(lines, [3, 4, 7], "{mistakes:?}");
}

#[test]
fn not_more_mistakes_are_told_than_anybody_reads() {
    let text = format!("Feature: a\n{}", "Scenario: b\n".repeat(1_000));
    assert_eq!(read_all("a.feature", &text).expect_err("many mistakes").len(), MISTAKES_MAX);
}

#[test]
fn a_bad_tag_of_the_feature_is_told_once() {
    let text = "@retry(x)\nFeature: a\n  Scenario: b\n    Given x\n  Scenario: c\n    Given x\n";
    assert_eq!(read_all("a.feature", text).expect_err("a bad tag").len(), 1);
}

#[test]
fn what_is_no_text_is_refused_with_its_byte() {
    let mistake = read_bytes("a.feature", b"Feature: \xe9\n").expect_err("Latin-1");
    assert_eq!(mistake.to_string(), "a.feature:1:10: byte 9 of the file (0xE9) is not UTF-8");
}
