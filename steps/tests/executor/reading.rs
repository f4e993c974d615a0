//! Feature files read by the `gherkin` crate alone, each scenario with its tags.

use std::time::Duration;

use gherkin::GherkinEnv;
use plumb_steps::feature::{Kind, Scenario, Step, Terms};

/// The scenarios of a text; each row of an outline is one.
pub(crate) fn scenarios(path: &str, text: &str) -> Vec<Scenario> {
    let feature = gherkin::Feature::parse(text, GherkinEnv::default()).expect("a feature");
    let background = feature.background.as_ref().map_or(Vec::new(), |background| background.steps.clone());
    let mut scenarios = Vec::new();
    for own in &feature.scenarios {
        let tags: Vec<String> = feature.tags.iter().chain(&own.tags).cloned().collect();
        for row in rows(own) {
            let steps = background.iter().chain(&own.steps).map(|step| step_of(step, &row));
            scenarios.push(Scenario {
                id: format!("{path}:{}:{row:?}", own.position.line),
                name: filled(&own.name, &row),
                path: path.to_owned(),
                feature: feature.name.clone(),
                rule: None,
                line: own.position.line,
                terms: terms(&tags),
                tags: tags.clone(),
                steps: steps.collect(),
            });
        }
    }
    scenarios
}

type Row = Vec<(String, String)>;

fn rows(scenario: &gherkin::Scenario) -> Vec<Row> {
    let tables: Vec<&gherkin::Table> = scenario.examples.iter().filter_map(|own| own.table.as_ref()).collect();
    if tables.is_empty() {
        return vec![Row::new()];
    }
    let row = |table: &gherkin::Table, row: &Vec<String>| table.rows[0].iter().cloned().zip(row.clone()).collect();
    tables.iter().flat_map(|table| table.rows[1..].iter().map(|own| row(table, own))).collect()
}

fn filled(text: &str, row: &Row) -> String {
    row.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
}

fn step_of(step: &gherkin::Step, row: &Row) -> Step {
    let cells = |cells: &Vec<String>| cells.iter().map(|cell| filled(cell, row)).collect();
    Step {
        keyword: step.keyword.trim().to_owned(),
        kind: match step.ty {
            gherkin::StepType::Given => Kind::Given,
            gherkin::StepType::When => Kind::When,
            gherkin::StepType::Then => Kind::Then,
        },
        text: filled(&step.value, row),
        line: step.position.line,
        column: step.position.col,
        doc: step.docstring.as_ref().map(|doc| filled(lines(doc), row)),
        table: step.table.as_ref().map(|table| table.rows.iter().map(cells).collect()),
    }
}

/// A doc string without the line ends at its fences.
fn lines(doc: &str) -> &str {
    let inner = doc.strip_prefix('\n').unwrap_or(doc);
    inner.strip_suffix('\n').unwrap_or(inner)
}

fn terms(tags: &[String]) -> Terms {
    let value =
        |name: &str| tags.iter().find_map(|tag| Some(tag.strip_prefix(name)?.trim_matches(['(', ')']).to_owned()));
    Terms {
        serial: false,
        retries: 0,
        timeout: value("timeout").map(|text| Duration::from_secs(text.trim_end_matches('s').parse().expect("seconds"))),
        allow_inconclusive: false,
        owner: None,
        model: value("model").is_none_or(|text| text != "off"),
        api: value("api"),
    }
}
