//! The features of the project as scenarios, one for each row of examples.

use std::path::{Path, PathBuf};

use gherkin::{GherkinEnv, StepType};
use plumb_steps::feature::{Kind, Scenario, Step, Terms};

/// The folder of the features.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../features/s3")
}

/// Every scenario, by file and line.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let files = std::fs::read_dir(folder()).expect("the folder of the features");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let all: Vec<Scenario> = paths.iter().flat_map(|path| of_file(path)).collect();
    assert!(!all.is_empty(), "no scenarios in {}", folder().display());
    all
}

fn of_file(path: &Path) -> Vec<Scenario> {
    let text = std::fs::read_to_string(path).expect("a feature file");
    let feature = gherkin::Feature::parse(&text, GherkinEnv::default()).unwrap_or_else(|error| {
        panic!("{}: {error}", path.display());
    });
    let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let mut all = Vec::new();
    for scenario in &feature.scenarios {
        for values in rows(scenario) {
            all.push(played(&feature, scenario, &stem, &values));
        }
    }
    all
}

type Values = Vec<(String, String)>;

/// The values of each row of examples; one without values where there are no examples.
fn rows(scenario: &gherkin::Scenario) -> Vec<Values> {
    let tables: Vec<_> = scenario.examples.iter().filter_map(|examples| examples.table.as_ref()).collect();
    if tables.is_empty() {
        return vec![Vec::new()];
    }
    let of_table = |table: &gherkin::Table| {
        let (head, rows) = table.rows.split_first().expect("a head");
        let row = |row: &Vec<String>| head.iter().cloned().zip(row.iter().cloned()).collect();
        rows.iter().map(row).collect::<Vec<Values>>()
    };
    tables.into_iter().flat_map(of_table).collect()
}

fn played(feature: &gherkin::Feature, scenario: &gherkin::Scenario, stem: &str, values: &Values) -> Scenario {
    let background = feature.background.iter().flat_map(|background| &background.steps);
    let tags: Vec<String> = feature.tags.iter().chain(&scenario.tags).cloned().collect();
    let name = filled(&scenario.name, values);
    let id = format!("{stem}::{}", name.to_lowercase().replace(|letter: char| !letter.is_alphanumeric(), "_"));
    let owner = tags.iter().find_map(|tag| tag.strip_prefix("owner(")?.strip_suffix(')').map(str::to_owned));
    Scenario {
        id,
        name,
        path: format!("features/s3/{stem}.feature"),
        feature: feature.name.clone(),
        rule: None,
        line: scenario.position.line,
        tags,
        terms: Terms {
            serial: false,
            retries: 0,
            timeout: None,
            allow_inconclusive: false,
            owner,
            model: true,
            api: None,
        },
        steps: background.chain(&scenario.steps).map(|step| step_of(step, values)).collect(),
    }
}

fn step_of(step: &gherkin::Step, values: &Values) -> Step {
    let table = step
        .table
        .as_ref()
        .map(|table| table.rows.iter().map(|row| row.iter().map(|cell| filled(cell, values)).collect()).collect());
    Step {
        keyword: step.keyword.trim().to_owned(),
        kind: match step.ty {
            StepType::Given => Kind::Given,
            StepType::When => Kind::When,
            StepType::Then => Kind::Then,
        },
        text: filled(&step.value, values),
        line: step.position.line,
        column: step.position.col,
        doc: step.docstring.clone(),
        table,
    }
}

fn filled(text: &str, values: &Values) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
}
