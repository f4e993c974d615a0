//! A file that is read part by part says what it says when the parser reads it as a whole.

use plumb_steps::feature::{Feature, Scenario, read};

const FEATURES: &[&str] = &[
    "Feature: plain\n  Scenario: a\n    Given x\n    When y\n    Then z\n  Scenario: b\n    Given x\n",
    "@f\n@g @h\nFeature: tags and comments # no comment\n  Words\n  and more.\n\n  # note\n  @a # note\n\n  # note\n  @b@c\n  # note\n  Scenario: a\n    # note\n    Given x # no comment\n    # note\n    # Scenario: no\n\n    And y\n\n# note\n@d\nExample: b\n* z\n",
    "Feature: doc strings\n  Scenario: a\n    Given x\n      \"\"\"\n      Scenario: no\n        Given no\n      @no\n      \"\"\"\n    Then y\n      ```\n      Rule: no\n      # no\n      | no |\n      ```\n      | yes |\n  Scenario: b\n    Given z\n",
    "Feature: rules\n  Background: first\n    Given f\n  Scenario: a\n    Given x\n  @r\n  Rule: one\n    Words.\n    Background:\n      Words.\n      Given g\n    @s\n    Scenario: b\n      Given y\n    Scenario: c\n      Given z\n\n  Rule: two\n    Example: d\n      Given z\n",
    "Feature: tables\n  Scenario: a\n    Given x\n      | a | b |\n      | 1 |   |\n      # note\n      | \\| | \\\\ \\n |\n\n    Then y\n      |z|\n  Scenario Outline: b <n>\n    Words.\n    Given <n>\n      | <n> |\n\n    @t\n    Examples: some\n      | n |\n      | 1 |\n      | 2 |\n    Examples:\n      Words.\n      | n |\n      | 3 |\n  Scenario: c\n    Given x\n",
    "# language: de\n@t\nFunktionalität: Deutsch\n  Grundlage:\n    Angenommen f\n  Szenario: a\n    Wenn x\n    Dann y\n    Und z\n    Aber w\n  Regel: r\n    Szenariogrundriss: b\n      Gegeben sei <n>\n      Beispiele:\n        | n |\n        | ü |\n",
    "# language: zh-CN\n功能: 加法\n  背景:\n    假如有计算器\n  场景: 两数\n    当输入\n    那么得到\n    而且显示\n",
    "# language: fr\nFonctionnalité: a\n  Scénario: b\n    Sachant que x\n    Sachant qu'y\n    Quand z\n    Alors w\n",
    "Feature: blanks\r\n\r\n\tScenario:   a  \r\n\t\tGiven   x  \r\n\t\t\tAnd\u{20}y\t\r\n\r\n\r\n\tScenario: b\r\n\t\tThen z\r\n",
];

/// A scenario of a longer file, by its number.
const ONE: &str = "  # note\n  @t%\n  Scenario: s%\n    Given x%\n      \"\"\"\n      Scenario: no\n      \"\"\"\n    Then y\n      | % |\n";

/// A rule of a longer file.
const RULE: &str = "\n  @r%\n  Rule: r%\n    Background:\n      Given z%\n";

/// The scenarios of the parser's tree as lines to compare: name, line, tags, steps with line, table and doc string.
fn of_whole(text: &str) -> Vec<String> {
    let feature = gherkin::Feature::parse(text, gherkin::GherkinEnv::default()).expect("the parser reads it");
    let background = |background: &Option<gherkin::Background>| {
        background.iter().flat_map(|one| one.steps.clone()).collect::<Vec<_>>()
    };
    let above = background(&feature.background);
    let plain = feature.scenarios.iter().map(|one| (one, None, Vec::new(), above.clone()));
    let ruled = feature.rules.iter().flat_map(|rule| {
        let steps: Vec<gherkin::Step> = above.iter().cloned().chain(background(&rule.background)).collect();
        rule.scenarios.iter().map(move |one| (one, Some(rule.name.clone()), rule.tags.clone(), steps.clone()))
    });
    let all = plain.chain(ruled).flat_map(|(one, rule, tags, steps)| {
        let tags: Vec<String> = [feature.tags.clone(), tags, one.tags.clone()].concat();
        examples(one)
            .into_iter()
            .map(move |(line, row, more)| {
                let steps: Vec<String> = steps
                    .iter()
                    .map(|step| shown_step(step, &[]))
                    .chain(one.steps.iter().map(|step| shown_step(step, &row)))
                    .collect();
                format!(
                    "{} {line:?} {rule:?} {:?}\n{}",
                    filled(&one.name, &row),
                    [tags.clone(), more].concat(),
                    steps.join("\n")
                )
            })
            .collect::<Vec<_>>()
    });
    all.collect()
}

type Values = Vec<(String, String)>;

/// The line, the values and the tags of each row; one without values where there are no examples.
fn examples(scenario: &gherkin::Scenario) -> Vec<(Option<usize>, Values, Vec<String>)> {
    if scenario.examples.is_empty() {
        return vec![(Some(scenario.position.line), Vec::new(), Vec::new())];
    }
    let tables = scenario.examples.iter().filter_map(|one| Some((one, one.table.as_ref()?)));
    let rows = tables.flat_map(|(one, table)| {
        let values = |row: &Vec<String>| table.rows[0].iter().cloned().zip(row.iter().cloned()).collect::<Values>();
        // The parser knows the line of the table only.
        table.rows.iter().skip(1).map(|row| (None, values(row), one.tags.clone())).collect::<Vec<_>>()
    });
    rows.collect()
}

fn filled(text: &str, row: &[(String, String)]) -> String {
    row.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
}

fn shown_step(step: &gherkin::Step, row: &[(String, String)]) -> String {
    let table = step.table.as_ref().map(|table| {
        let cells = table.rows.iter().map(|cells| cells.iter().map(|cell| filled(cell, row)).collect::<Vec<_>>());
        cells.collect::<Vec<_>>()
    });
    let doc = step.docstring.as_ref().map(|doc| filled(doc.trim(), row));
    let (line, column) = (step.position.line, step.position.col);
    format!("{} {} {line}:{column} {table:?} {doc:?}", step.keyword.trim(), filled(&step.value, row))
}

fn of_parts(text: &str) -> Vec<String> {
    let feature: Feature = read("a.feature", text).expect("it is read");
    feature.scenarios.iter().map(|one| shown(one, text)).collect()
}

fn shown(scenario: &Scenario, text: &str) -> String {
    let row = text.lines().nth(scenario.line - 1).is_some_and(|line| line.trim().starts_with('|'));
    let line = (!row).then_some(scenario.line);
    let steps: Vec<String> = scenario
        .steps
        .iter()
        .map(|step| {
            let doc = step.doc.as_ref().map(|doc| doc.trim());
            format!("{} {} {}:{} {:?} {doc:?}", step.keyword, step.text, step.line, step.column, step.table)
        })
        .collect();
    format!("{} {line:?} {:?} {:?}\n{}", scenario.name, scenario.rule, scenario.tags, steps.join("\n"))
}

#[test]
fn parts_say_what_the_whole_says() {
    for text in FEATURES {
        let whole = of_whole(text);
        assert_eq!(of_parts(text), whole, "{text}");
    }
}

#[test]
fn parts_of_a_longer_file_say_what_the_whole_says() {
    let mut text = String::from("@f\nFeature: long\n  Background:\n    Given a bucket\n");
    for index in 0..60 {
        text.push_str(&ONE.replace('%', &index.to_string()));
        if index % 10 == 9 {
            text.push_str(&RULE.replace('%', &index.to_string()));
        }
    }
    assert_eq!(of_parts(&text), of_whole(&text));
}
