//! Writes a case as a feature file with one scenario.

use std::fmt::Write as _;

use plumb_model::call::{Case, CaseError, Need, Turn};
use plumb_model::text::shown;
use plumb_model::value::Value;

use super::cell::{cell, escaped, is_ordinary, pretty};
use super::terms;

/// The most characters of a scenario's name.
pub const NAME_CHARACTERS_MAX: usize = 200;
/// The most characters of a line of comment.
pub const COMMENT_CHARACTERS_MAX: usize = 500;

/// Why a case is no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// It is no case that can be run.
    #[error("export a case as a scenario: {0}")]
    Case(#[from] CaseError),
    /// A name would not survive in the text of a step.
    #[error("export a case as a scenario: the {what} {name:?} has a character that no step can say")]
    Name {
        /// What it names.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Something cannot be told in a file.
    #[error("export a case as a scenario: the {what} of call {call:?} cannot be told: {why}")]
    Untold {
        /// The call.
        call: String,
        /// What of it.
        what: String,
        /// Why.
        why: String,
    },
}

/// The text of a feature file whose one scenario is this case, with `comments` above it. Once read and played it leaves
/// a case with the same needs and calls, whatever is in them. The same case gives the same text.
///
/// # Errors
/// Where a step cannot say something of the case: nothing is left out.
pub fn scenario_of(case: &Case, name: &str, comments: &[String]) -> Result<String, ExportError> {
    case.check()?;
    let title = title(name, case);
    let mut text = format!("@api({})\nFeature: {title}\n\n", word("API", &case.api)?);
    for line in comments.iter().flat_map(|comment| comment.lines()) {
        let line = shown(line.as_bytes(), COMMENT_CHARACTERS_MAX);
        text += format!("  # {line}").trim_end();
        text.push('\n');
    }
    _ = writeln!(text, "  Scenario: {title}");
    let mut steps = Steps { text, last: "" };
    for need in &case.needs {
        steps.say("Given", &need_of(need)?);
    }
    for turn in &case.calls {
        steps.turn(turn)?;
    }
    steps.say("Then", "every answer is permitted");
    Ok(steps.text)
}

/// A name in one line.
fn title(name: &str, case: &Case) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let title = shown(words.join(" ").as_bytes(), NAME_CHARACTERS_MAX);
    if title.is_empty() { format!("Case {}", case.id()) } else { title }
}

/// A feature file that grows step by step.
struct Steps {
    text: String,
    last: &'static str,
}

impl Steps {
    fn say(&mut self, keyword: &'static str, step: &str) {
        let said = if self.last == keyword { "And" } else { keyword };
        self.last = keyword;
        _ = writeln!(self.text, "    {said} {step}");
    }

    fn turn(&mut self, turn: &Turn) -> Result<(), ExportError> {
        let untold = |what: &str, why| ExportError::Untold { call: turn.id.clone(), what: what.to_owned(), why };
        let terms = terms::rows(turn).map_err(|why| untold("terms", why))?;
        if !terms.is_empty() {
            self.say("Given", "the next call is sent on these terms");
            self.table(&terms.iter().map(|(name, value)| [escaped(name), escaped(value)]).collect::<Vec<_>>());
        }
        let mut step = format!("{} calls {}", quoted("id of a call", &turn.id)?, operation(turn)?);
        if let Some(actor) = &turn.actor {
            _ = write!(step, " as {}", word("identity", actor)?);
        }
        self.say("When", &step);
        let rows = turn.call.arguments.iter().map(|(name, value)| {
            let told = |value: &Value| cell(value).map_err(|why| untold(&format!("argument {name:?}"), why));
            Ok([escaped(&told(&Value::from(name.as_ref()))?), escaped(&told(value)?)])
        });
        self.table(&rows.collect::<Result<Vec<_>, ExportError>>()?);
        if let Some(also) = &turn.also {
            let told = pretty(also).map_err(|why| untold("expectation", why))?;
            self.say("Then", "the answer is exactly");
            self.doc(&told);
        }
        Ok(())
    }

    /// A table whose bars stand below each other.
    fn table(&mut self, rows: &[[String; 2]]) {
        let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let (names, values) = (width(0), width(1));
        for [name, value] in rows {
            _ = writeln!(self.text, "      | {name:names$} | {value:values$} |");
        }
    }

    fn doc(&mut self, doc: &str) {
        for line in std::iter::once("\"\"\"").chain(doc.lines()).chain(["\"\"\""]) {
            _ = writeln!(self.text, "      {line}");
        }
    }
}

fn need_of(need: &Need) -> Result<String, ExportError> {
    let kind = word("kind of a resource", &need.kind)?;
    let nature = need.nature.as_deref().map(|nature| word("nature of a resource", nature)).transpose()?;
    let kind = nature.map_or_else(|| kind.to_owned(), |nature| format!("{nature} {kind}"));
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let how = if need.own { "of its own" } else { "or a part of one" };
    let mut step = format!("the case has {article} {kind} {} {how}", quoted("role of a resource", &need.role)?);
    if let Some(actor) = &need.actor {
        _ = write!(step, ", belonging to {}", word("identity", actor)?);
    }
    Ok(step)
}

fn operation(turn: &Turn) -> Result<&str, ExportError> {
    word("operation", &turn.call.operation)
}

/// A name that stands in a step as one word.
fn word<'a>(what: &'static str, name: &'a str) -> Result<&'a str, ExportError> {
    let good = |character: char| is_ordinary(character) && !" \"'@()".contains(character);
    let is_word = !name.is_empty() && name.chars().all(good);
    if is_word { Ok(name) } else { Err(ExportError::Name { what, name: name.to_owned() }) }
}

/// A name that stands in a step between quotes.
fn quoted(what: &'static str, name: &str) -> Result<String, ExportError> {
    let good = |character: char| is_ordinary(character) && !"\"\\".contains(character);
    let is_sayable = name.chars().all(good);
    if is_sayable { Ok(format!("\"{name}\"")) } else { Err(ExportError::Name { what, name: name.to_owned() }) }
}
