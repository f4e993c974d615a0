//! Reads feature files: text in, scenarios out, each ready to run, and a place for whatever cannot be read.
//!
//! Everything is flat: a scenario has the steps of its backgrounds in front of its own, an outline is one scenario
//! for each row of its examples, and tags of every level are merged. The `gherkin` crate parses; the walk through
//! the lines before it (`layout`) cuts a file into parts, since the parser slows down with the length of a file, and
//! says what is wrong, since the parser does not.
//!
//! ```
//! let text = "Feature: Uploads\n  Scenario: A file can be read\n    Given the file \"a\"\n    Then it can be read\n";
//! let feature = plumb_steps::feature::read("features/uploads.feature", text).expect("a feature");
//! assert_eq!(feature.scenarios[0].id, "uploads::a_file_can_be_read");
//! assert_eq!(feature.scenarios[0].steps[1].text, "it can be read");
//! ```

mod assemble;
mod encoding;
mod explain;
mod files;
mod ids;
mod language;
mod layout;
mod lines;
mod mistake;
mod outline;
mod parse;
mod preamble;
mod selection;
mod table;
mod tag_expression;
mod tags;
mod terms;
mod words;
mod write_out;

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use files::{DEPTH_MAX, FILES_MAX, Trouble, read_paths};
pub use ids::{check_unique, distinguish};
pub use mistake::Mistake;
pub use selection::Wanted;
pub use tag_expression::{TAG_EXPRESSION_BYTES_MAX, TAG_EXPRESSION_DEPTH_MAX, TagExpression};
pub use terms::{RETRIES_MAX, TIMEOUT_MAX, TIMEOUT_MIN, Terms};

/// The longest feature file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// The most scenarios in one file, each row of examples being one.
pub const SCENARIOS_MAX: usize = 20_000;

/// The most bytes that the steps of one file may come to once backgrounds and rows are written out.
pub const STEPS_BYTES_MAX: usize = 128 << 20;

/// The most mistakes that are told of one file.
pub const MISTAKES_MAX: usize = 20;

/// A feature file: what it is called, and its scenarios, ready to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The path as it was given.
    pub path: String,
    /// What stands behind `Feature:`.
    pub name: String,
    /// The lines below it, without their indentation.
    pub description: Option<String>,
    /// The tags above it, without `@`.
    pub tags: Vec<String>,
    /// Every scenario, in the order of the file.
    pub scenarios: Vec<Scenario>,
    /// The text, to show a line of it; not part of what is serialised.
    #[serde(skip)]
    pub text: Arc<str>,
}

/// One thing that is tried: a plain scenario, or an outline with one row of its examples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// Unique and stable: `uploads::a_file_can_be_read`, with the row's values behind where it is an example.
    pub id: String,
    /// Its name, with the row's values filled in.
    pub name: String,
    /// The path of its file, as it was given.
    pub path: String,
    /// The name of its feature.
    pub feature: String,
    /// The name of the rule that it stands under.
    pub rule: Option<String>,
    /// The line of its keyword, from 1; of an example, that of its row.
    pub line: usize,
    /// The lines that belong to it, from 1, its tags included; of an example, those of the whole outline.
    pub extent: Range<usize>,
    /// The tags of feature, rule, scenario and examples, each once, without `@`.
    pub tags: Vec<String>,
    /// How it is to be run, as its tags say.
    pub terms: Terms,
    /// The steps of the backgrounds, then its own.
    pub steps: Vec<Step>,
}

/// One line of a scenario, with the doc string and the table below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The keyword as it is written: `And`.
    pub keyword: String,
    /// What it does; that of the step before, where the keyword is `And`, `But` or `*`.
    pub kind: Kind,
    /// What stands behind the keyword.
    pub text: String,
    /// The line in the file, from 1; that of the background or the outline where it stands there.
    pub line: usize,
    /// The column of the keyword in characters, from 1.
    pub column: usize,
    /// The doc string, without the indentation of its fence and without a newline at its end.
    pub doc: Option<String>,
    /// The table, row by row.
    pub table: Option<Vec<Vec<String>>>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Brings about the state that a scenario begins in.
    Given,
    /// Does what the scenario is about.
    When,
    /// Looks at what came of it.
    Then,
}

/// Reads a feature file that is text already; the first mistake where there are several.
pub fn read(path: &str, text: &str) -> Result<Feature, Mistake> {
    read_all(path, text).map_err(first)
}

/// Reads a feature file as it is on disk: UTF-8, with or without a byte-order mark.
pub fn read_bytes(path: &str, bytes: &[u8]) -> Result<Feature, Mistake> {
    read(path, encoding::decoded(path, bytes)?)
}

/// Reads a feature file; up to [`MISTAKES_MAX`] mistakes, in the order of the text, and at least one.
pub fn read_all(path: &str, text: &str) -> Result<Feature, Vec<Mistake>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > FILE_BYTES_MAX {
        return Err(vec![encoding::too_long(path, text.len())]);
    }
    let text: Arc<str> = Arc::from(text);
    assemble::feature(path, &text).map_err(|mut faults| {
        faults.sort_by_key(|fault| fault.span.start);
        faults.truncate(MISTAKES_MAX);
        faults.into_iter().map(|fault| fault.in_text(path, &text)).collect()
    })
}

impl Feature {
    /// Something wrong with a step or a scenario of this feature, with its line marked from `column` on.
    pub fn mistake(&self, line: usize, column: usize, message: String, help: Option<String>) -> Mistake {
        let before: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let rest = self.text[before..].lines().next().unwrap_or_default();
        let begin: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
        let end = rest.trim_end().len().max(begin);
        let span = before + begin..before + end;
        Mistake { path: self.path.clone(), text: Arc::clone(&self.text), span, message, help }
    }
}

fn first(mistakes: Vec<Mistake>) -> Mistake {
    mistakes.into_iter().next().expect("at least one mistake")
}
