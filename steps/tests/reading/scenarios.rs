//! What a feature file says, flat and ready to run.

use std::time::Duration;

use plumb_steps::feature::{Feature, Kind, Scenario, check_unique, distinguish, read, read_bytes};

fn feature(text: &str) -> Feature {
    read("features/uploads.feature", text).expect("a feature")
}

fn ids(feature: &Feature) -> Vec<&str> {
    feature.scenarios.iter().map(|scenario| scenario.id.as_str()).collect()
}

fn texts(scenario: &Scenario) -> Vec<&str> {
    scenario.steps.iter().map(|step| step.text.as_str()).collect()
}

const FULL: &str = r#"# A note.
@api(kv) @owner(storage)
Feature: Uploads
  As a customer
  Given time, I upload files.

  Background:
    Given a bucket

  @smoke
  Scenario: A file can be read
    # another note
    When I upload
      """json
      {
        "a": 1
      }
      """
    And I wait
    Then these are there
      | name | size |
      | a\|b | 1\n2 |

  @slow @smoke
  Rule: Hostile names
    Background:
      When the moon is up

    @retry(2) @serial
    Scenario Outline: The file <name> is kept
      And I upload "<name>"
      * nothing is lost

      @owner(names)
      Examples: short
        | name | unused |
        | a    | x      |
        | ä    | y      |

      @timeout(3s)
      Examples:
        | name    |
        | <other> |
"#;

#[test]
fn backgrounds_rules_and_examples_are_written_out() {
    let feature = feature(FULL);
    assert_eq!(
        (feature.name.as_str(), feature.tags.as_slice()),
        ("Uploads", ["api(kv)", "owner(storage)"].map(String::from).as_slice())
    );
    assert_eq!(feature.description.as_deref(), Some("As a customer\nGiven time, I upload files."));
    let names: Vec<&str> = feature.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    assert_eq!(names, ["A file can be read", "The file a is kept", "The file ä is kept", "The file <other> is kept"]);
    let expected = ["a bucket", "the moon is up", "I upload \"ä\"", "nothing is lost"];
    assert_eq!(texts(&feature.scenarios[2]), expected);
    assert_eq!(feature.scenarios[2].rule.as_deref(), Some("Hostile names"));
    assert_eq!(feature.scenarios[0].rule, None);
}

#[test]
fn lines_and_columns_are_those_of_the_file() {
    let feature = feature(FULL);
    let lines: Vec<usize> = feature.scenarios.iter().map(|scenario| scenario.line).collect();
    assert_eq!(lines, [11, 37, 38, 43]);
    let places: Vec<(usize, usize)> = feature.scenarios[1].steps.iter().map(|step| (step.line, step.column)).collect();
    assert_eq!(places, [(8, 5), (27, 7), (31, 7), (32, 7)]);
    assert_eq!(feature.scenarios[0].extent, 10..24);
    assert_eq!(feature.scenarios[3].extent, 29..44);
}

#[test]
fn and_does_what_the_step_before_does() {
    let feature = feature(FULL);
    let kinds = |index: usize| feature.scenarios[index].steps.iter().map(|step| step.kind).collect::<Vec<_>>();
    assert_eq!(kinds(0), [Kind::Given, Kind::When, Kind::When, Kind::Then]);
    assert_eq!(kinds(1), [Kind::Given, Kind::When, Kind::When, Kind::When]);
    assert_eq!(feature.scenarios[1].steps[3].keyword, "*");
}

#[test]
fn tags_are_merged_once_and_the_nearest_term_counts() {
    let feature = feature(FULL);
    let tags = ["api(kv)", "owner(storage)", "slow", "smoke", "retry(2)", "serial", "owner(names)"];
    assert_eq!(feature.scenarios[1].tags, tags);
    let (first, second, last) = (&feature.scenarios[0].terms, &feature.scenarios[1].terms, &feature.scenarios[3].terms);
    assert_eq!((first.owner.as_deref(), first.retries, first.serial), (Some("storage"), 0, false));
    assert_eq!((second.owner.as_deref(), second.retries, second.serial), (Some("names"), 2, true));
    assert_eq!((last.owner.as_deref(), last.timeout), (Some("storage"), Some(Duration::from_secs(3))));
}

#[test]
fn ids_are_readable_and_made_from_names_and_values() {
    let feature = feature(FULL);
    let found = ids(&feature);
    assert_eq!(found[..2], ["uploads::a_file_can_be_read", "uploads::the_file_name_is_kept::a_x"]);
    assert!(found[2].starts_with("uploads::the_file_name_is_kept::y__"), "{found:?}");
    assert_eq!(found[3], "uploads::the_file_name_is_kept::other");
}

#[test]
fn a_doc_string_keeps_every_blank_behind_its_margin() {
    let text = "Feature: a\n  Scenario: b\n    Given x\n      \"\"\"\n      a\n         b  \n    c\n\n      \\\"\\\"\\\" d \"\"\" e\n      Scenario: f\n      \"\"\"\n    And y\n      ```\n      ```\n";
    let feature = feature(text);
    assert_eq!(feature.scenarios[0].steps[0].doc.as_deref(), Some("a\n   b  \nc\n\n\"\"\" d \"\"\" e\nScenario: f"));
    assert_eq!(feature.scenarios[0].steps[1].doc.as_deref(), Some(""));
}

#[test]
fn tables_keep_their_cells() {
    let feature = feature(FULL);
    let table = feature.scenarios[0].steps[3].table.as_deref().expect("a table");
    assert_eq!(table, [["name", "size"], ["a|b", "1\n2"]].map(|row| row.map(String::from).to_vec()));
}

#[test]
fn windows_line_endings_tabs_and_a_mark_change_nothing() {
    let plain = feature(FULL);
    let windows = FULL.replace('\n', "\r\n");
    let marked = [b"\xef\xbb\xbf", windows.as_bytes()].concat();
    let other = read_bytes("features/uploads.feature", &marked).expect("a feature");
    assert_eq!(Feature { text: plain.text.clone(), ..other }, plain);
    let tabbed = feature(&FULL.replace("    ", "\t").replace("\n  ", "\n\t"));
    assert_eq!(ids(&tabbed), ids(&plain));
    assert_eq!(tabbed.scenarios[1].steps[0].column, 2);
}

#[test]
fn a_file_without_a_newline_at_its_end_is_read() {
    assert_eq!(texts(&feature("Feature: a\nScenario: b\nGiven x").scenarios[0]), ["x"]);
}

#[test]
fn other_languages_are_read() {
    let text = "# Kommentar\n# language: de\nFunktionalität: Dateien\n  Grundlage:\n    Angenommen ein Behälter\n  Szenariogrundriss: <n> lesen\n    Wenn ich <n> lese\n    Und warte\n    Dann geht es\n    Beispiele:\n      | n |\n      | 1 |\n";
    let feature = feature(text);
    assert_eq!(texts(&feature.scenarios[0]), ["ein Behälter", "ich 1 lese", "warte", "geht es"]);
    let kinds: Vec<Kind> = feature.scenarios[0].steps.iter().map(|step| step.kind).collect();
    assert_eq!(kinds, [Kind::Given, Kind::When, Kind::When, Kind::Then]);
    let japanese = "# language: ja\n機能: 計算\n  シナリオ: 足す\n    前提1を入れる\n    ならば1\n";
    let japanese = read("計算.feature", japanese).expect("a feature");
    assert_eq!(texts(&japanese.scenarios[0]), ["1を入れる", "1"]);
    assert!(japanese.scenarios[0].id.is_ascii() && japanese.scenarios[0].id.len() > 10, "{}", japanese.scenarios[0].id);
}

#[test]
fn keywords_that_begin_like_others_are_read_as_a_whole() {
    let text = "# language: sk\nPožiadavka: a\n  Scenár: b\n    Pokiaľ x\n    A tiež y\n";
    let feature = feature(text);
    assert_eq!(
        (feature.scenarios[0].steps[1].keyword.as_str(), feature.scenarios[0].steps[1].text.as_str()),
        ("A tiež", "y")
    );
    let spanish = "# language: es\nCaracterística: a\n  Regla de negocio: r\n    Escenario: b\n      Dado x\n";
    assert_eq!(read("a.feature", spanish).expect("a feature").scenarios[0].rule.as_deref(), Some("r"));
}

#[test]
fn descriptions_may_speak_of_rules_examples_and_the_like() {
    let text = "Feature: a\n  Rule of thumb.\n  Example of a line.\n  The rules: two.\n\n  Scenario: b\n    Scenario planning is fun.\n    The customer pays.\n    | not | a table\n    Then, later, more.\n    \"\"\"\n    Given x\n";
    let feature = feature(text);
    assert_eq!(feature.description.as_deref(), Some("Rule of thumb.\nExample of a line.\nThe rules: two."));
    assert_eq!(texts(&feature.scenarios[0]), ["x"]);
}

#[test]
fn names_in_pointed_brackets_are_kept_where_there_are_no_examples() {
    let text = "Feature: a\n  Background:\n    Given <z>\n  Scenario: b <x>\n    Given <y>\n  Scenario Outline: c\n    Given <v>\n      \"\"\"xml\n      <Key><v></Key>\n      \"\"\"\n    Examples:\n      | v |\n      | 1 |\n";
    let feature = feature(text);
    assert_eq!((feature.scenarios[0].name.as_str(), texts(&feature.scenarios[0])), ("b <x>", vec!["<z>", "<y>"]));
    assert_eq!(texts(&feature.scenarios[1]), ["<z>", "1"]);
    assert_eq!(feature.scenarios[1].steps[1].doc.as_deref(), Some("<Key>1</Key>"));
}

#[test]
fn a_further_row_changes_no_other_id() {
    let outline =
        |rows: &str| format!("Feature: a\n  Scenario Outline: b\n    Given <n>\n    Examples:\n      | n |\n{rows}");
    let (before, after) = (outline("| 1 |\n| two |\n"), outline("| 0 |\n| 1 |\n| -1 |\n| two |\n"));
    let (before, after) = (feature(&before), feature(&after));
    assert!(ids(&before).iter().all(|id| ids(&after).contains(id)), "{:?} {:?}", ids(&before), ids(&after));
}

#[test]
fn files_of_the_same_name_are_told_apart_by_their_folder() {
    let text = "Feature: a\n  Scenario: b\n    Given x\n";
    let read_as = |path: &str| read(path, text).expect("a feature");
    let mut features = [read_as("f/s/up.feature"), read_as("f/k/up.feature"), read_as("f/other.feature")];
    let collision = check_unique(&features).expect_err("two of one id");
    assert_eq!(collision.to_string(), "f/k/up.feature:2:1: a second scenario has the id up::b");
    assert!(collision.help.as_deref().is_some_and(|help| help.contains("f/s/up.feature:2")), "{collision:?}");
    distinguish(&mut features);
    let found: Vec<&str> = features.iter().flat_map(ids).collect();
    assert_eq!(found, ["s::up::b", "k::up::b", "other::b"]);
    check_unique(&features).expect("told apart");
}

#[test]
fn a_step_can_be_shown_with_a_caret() {
    let feature = feature(FULL);
    let step = &feature.scenarios[0].steps[2];
    let mistake = feature.mistake(step.line, step.column, "no step is like this".to_owned(), None);
    let expected =
        "features/uploads.feature:19:5: no step is like this\n   19 |     And I wait\n      |     ^^^^^^^^^^\n";
    assert_eq!(mistake.render(), expected);
}

#[test]
fn what_was_read_can_be_written_and_read_again() {
    let feature = feature(FULL);
    let text = serde_json::to_string(&feature).expect("JSON");
    let again: Feature = serde_json::from_str(&text).expect("a feature");
    assert_eq!(again.scenarios, feature.scenarios);
}
