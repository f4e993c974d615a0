//! Files that are long, broken or made to hurt.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use plumb_steps::feature::{FILE_BYTES_MAX, SCENARIOS_MAX, read, read_all};

/// Files with everything in them that the reader knows.
const SAMPLES: &[&str] = &[
    "@a @retry(2)\nFeature: f\n  Words.\n\n  Background: b\n    Given x\n      | a | b |\n      | 1 | 2 |\n\n  # note\n  @b\n  Scenario: s\n    When y\n      \"\"\"json\n      Scenario: no\n      \"\"\"\n    Then z\n",
    "# language: de\nFunktionalität: f\n\n  Regel: r\n    Szenariogrundriss: <n> o\n      Angenommen <n>\n      Und ä\n\n      @t\n      Beispiele:\n        | n | m\\|k |\n        | 1 | \\n |\n",
];

/// How many scenarios a long file has.
const LONG: usize = 5_000;

/// How long an unoptimised build on a busy machine may take over it.
const LONG_MAX: Duration = Duration::from_secs(2);

fn long(scenarios: usize) -> String {
    let mut text = String::from("Feature: long\n  Background:\n    Given a bucket\n");
    for index in 0..scenarios {
        let steps = "    Given a\n    And b\n    When c\n    Then d\n    But e\n";
        write!(text, "\n  @t{index}\n  Scenario: number {index}\n{steps}").expect("text grows");
    }
    text
}

#[test]
fn five_thousand_scenarios_are_read_in_less_than_two_seconds() {
    let text = long(LONG);
    let began = Instant::now();
    let feature = read("long.feature", &text).expect("a feature");
    let took = began.elapsed();
    assert_eq!(feature.scenarios.len(), LONG);
    assert_eq!(feature.scenarios[LONG - 1].steps[5].line, text.lines().count());
    assert!(took < LONG_MAX, "{took:?}");
}

#[test]
fn twice_the_scenarios_take_about_twice_the_time() {
    let took = |scenarios| {
        let text = long(scenarios);
        let one = || {
            let began = Instant::now();
            read("long.feature", &text).expect("a feature");
            began.elapsed()
        };
        (0..3).map(|_| one()).min().expect("three times")
    };
    let (few, many) = (took(500), took(4_000));
    assert!(many < few * 8 * 4, "{few:?} for 500, {many:?} for 4,000");
}

#[test]
fn more_than_one_file_should_hold_is_refused() {
    let scenarios = read("a.feature", &long(SCENARIOS_MAX + 1)).expect_err("too many scenarios");
    assert!(scenarios.message.starts_with("more than 20000 scenarios"), "{scenarios}");
    let rows = "| 1 |\n".repeat(SCENARIOS_MAX + 1);
    let outline = format!("Feature: a\nScenario Outline: b\nGiven <x>\nExamples:\n| x |\n{rows}");
    assert!(read("a.feature", &outline).expect_err("too many rows").message.starts_with("more than 20000 scenarios"));
    let bytes = read("a.feature", &" ".repeat(FILE_BYTES_MAX + 1)).expect_err("too long");
    assert_eq!(bytes.to_string(), "a.feature:1:1: the file is 16777217 bytes long, at most 16777216 are read");
}

#[test]
fn a_small_file_cannot_grow_without_bounds() {
    let doc = "x".repeat(1 << 20);
    let rows: String = (0..1_000).fold(String::new(), |rows, index| rows + &format!("| {index} |\n"));
    let text = format!("Feature: a\nScenario Outline: b\nGiven <x>\n\"\"\"\n{doc}\n\"\"\"\nExamples:\n| x |\n{rows}");
    let mistake = read("a.feature", &text).expect_err("a gigabyte of steps");
    assert!(mistake.message.contains("the steps come to more than 134217728 bytes"), "{mistake}");
}

/// How long anything that a file of an eighth of the greatest length may say may take on a busy machine.
const HOSTILE_MAX: Duration = Duration::from_secs(5);

#[test]
fn nothing_makes_the_reader_slow() {
    let filled = |head: &str, unit: &str, tail: &str| {
        let room = (FILE_BYTES_MAX / 8).saturating_sub(head.len() + tail.len());
        format!("{head}{}{tail}", unit.repeat(room / unit.len()))
    };
    let outline = "Feature: a\nScenario Outline: b\nGiven <x>\n";
    let examples = "\nExamples:\n| x |\n| 1 |\n";
    let texts = [
        filled("Feature: a\nScenario: b\nGiven x\n", "* y\n", ""),
        filled("Feature: a\nScenario: b\nGiven x\n", "| y |\n", ""),
        filled("Feature: a\nScenario: b\nGiven x\n| y |\n", "| y | z |\n", ""),
        filled("Feature: a\nScenario: b\nGiven x\n\"\"\"\n", "y\n", "\"\"\"\n"),
        filled("Feature: a\nScenario: b\nGiven x\n", "|", ""),
        filled("", "@tag ", "\nFeature: a\nScenario: b\nGiven x\n"),
        filled("Feature: a\n", "\nwords", "\nScenario: b\nGiven x\n"),
        filled("Feature: a\n", "Senario: x\n", ""),
        filled("Feature: a\nBackground:\nGiven x\n", "Rule: y\n", "Scenario: b\nGiven x\n"),
        filled("Feature: a\n", "Scenario: x\n", ""),
        filled(&format!("{outline}\"\"\"\n"), "<", &format!("\n\"\"\"{examples}")),
        filled(&format!("{outline}\"\"\"\n"), "<a></a>", &format!("\n\"\"\"{examples}")),
        filled(&format!("{outline}\"\"\"\n"), "<b ", &format!("\n\"\"\"{examples}")),
    ];
    for text in texts {
        let began = Instant::now();
        let read = read_all("a.feature", &text);
        let took = began.elapsed();
        let head: String = text.chars().take(60).collect();
        assert!(took < HOSTILE_MAX, "{took:?} for {head:?}: {:?}", read.map(|feature| feature.scenarios.len()));
    }
}

/// Every mistake of a text, each checked for a place within it.
fn check(text: &str) {
    let Err(mistakes) = read_all("a.feature", text) else { return };
    assert!(!mistakes.is_empty(), "{text:?}");
    for mistake in mistakes {
        assert!(mistake.text.get(mistake.span.clone()).is_some(), "{:?} in {text:?}", mistake.span);
        assert_ne!(mistake.message, "this line cannot be read", "{text:?}: {mistake:?}");
        assert!(mistake.render().lines().count() >= 2, "{text:?}");
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_read_or_explained() {
    for sample in SAMPLES {
        for (cut, _) in sample.char_indices() {
            check(&sample[..cut]);
            check(&sample[cut..]);
        }
    }
}

#[test]
fn a_file_that_lacks_or_repeats_or_swaps_lines_is_read_or_explained() {
    for sample in SAMPLES {
        let lines: Vec<&str> = sample.lines().collect();
        for one in 0..lines.len() {
            for other in 0..lines.len() {
                let mut swapped = lines.clone();
                swapped.swap(one, other);
                check(&swapped.join("\n"));
                let mut moved = lines.clone();
                moved.insert(other, lines[one]);
                check(&moved.join("\r\n"));
                moved.remove(one);
                check(&moved.join("\n"));
            }
        }
    }
}

#[test]
fn a_file_with_a_strange_character_anywhere_is_read_or_explained() {
    for sample in SAMPLES {
        for (place, _) in sample.char_indices() {
            for strange in ["@", "|", "\\", "\"\"\"", "\0", "\u{a0}", "\u{feff}", "\r", ":", "<", "#", "\n", "("] {
                check(&format!("{}{strange}{}", &sample[..place], &sample[place..]));
            }
        }
    }
}
