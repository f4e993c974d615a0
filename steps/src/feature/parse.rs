//! One part of a file, given to the parser under a feature line of its own.

use super::language::{Block, Language, Role};
use super::layout::{Layout, Part, PartKind};
use super::lines::Kind as LineKind;
use super::mistake::Fault;
use super::table::cells;
use super::tags::tags;
use super::{Kind, SCENARIOS_MAX, Step};

/// The most lines of one part that the parser gets: its time grows with their square. There is room for as many
/// rows as a file may have.
const PARSED_LINES_MAX: usize = SCENARIOS_MAX + 10_000;

/// What the parser read in a part.
pub(crate) struct Parsed {
    /// The name behind the keyword.
    pub(crate) name: String,
    /// The steps, of the background where the part is a feature or a rule.
    pub(crate) steps: Vec<(Role, Step)>,
    /// The tables of examples, with the columns' names first.
    pub(crate) examples: Vec<Vec<Vec<String>>>,
}

/// Parses a part. Nothing that it holds depends on what stands around it.
pub(crate) fn parse(text: &str, layout: &Layout<'_>, part: &Part, language: &Language) -> Result<Parsed, Fault> {
    let source = Source::of(layout, part, language);
    let unread = |line: usize| unread(layout, source.index(line));
    if source.indices.len() > PARSED_LINES_MAX {
        let message = format!("more than {PARSED_LINES_MAX} steps and rows in one place");
        let help = "split it into scenarios that each show one thing";
        return Err(Fault::new(layout.lines[part.keyword].span(), message, help));
    }
    let env = gherkin::GherkinEnv::new(language.code).map_err(|_| unread(1))?;
    let feature = gherkin::Feature::parse(&source.text, env).map_err(|error| unread(line_of(&error)))?;
    let (name, steps, examples) = match part.kind {
        PartKind::Feature => (feature.name, steps_of(feature.background), Vec::new()),
        PartKind::Rule => {
            let rule = feature.rules.into_iter().next().ok_or_else(|| unread(1))?;
            (rule.name, steps_of(rule.background), Vec::new())
        }
        PartKind::Scenario => {
            let scenario = feature.scenarios.into_iter().next().ok_or_else(|| unread(1))?;
            (scenario.name, scenario.steps, scenario.examples)
        }
    };
    let steps = steps.into_iter().map(|step| {
        let index = source.index(step.position.line);
        own_step(text, layout, index, step).ok_or_else(|| unread(1))
    });
    let tables = examples.into_iter().map(|examples| examples.table.map_or(Vec::new(), |table| table.rows));
    Ok(Parsed { name, steps: steps.collect::<Result<_, _>>()?, examples: tables.collect() })
}

fn steps_of(background: Option<gherkin::Background>) -> Vec<gherkin::Step> {
    background.map_or(Vec::new(), |background| background.steps)
}

/// The part as the parser gets it. Descriptions, comments and what stands in doc strings are left out: the parser
/// reads keywords into the first, and ends the last at any three quotes.
#[derive(Default)]
struct Source {
    text: String,
    /// The index of each line in the file.
    indices: Vec<usize>,
}

impl Source {
    fn of(layout: &Layout<'_>, part: &Part, language: &Language) -> Self {
        let mut source = Self::default();
        if part.kind != PartKind::Feature {
            source.line(part.lines.start, &[language.first(Block::Feature), ":"]);
        }
        for index in part.lines.clone() {
            let Some(line) = layout.lines.get(index) else { continue };
            match line.kind {
                LineKind::Blank | LineKind::Comment | LineKind::Prose => {}
                // The parser knows two kinds of blanks only between tags.
                LineKind::Tags => {
                    let tags = tags(line).unwrap_or_default();
                    let words: Vec<&str> = tags.iter().flat_map(|tag| ["@", &tag.name, " "]).collect();
                    source.line(index, &words);
                }
                LineKind::Step(..) => source.line(index, &[line.text]),
                // It takes a comment behind a row for one more cell.
                LineKind::Row => {
                    let length = cells(line).map_or(line.text.len(), |(_, length)| length);
                    source.line(index, &[&line.text[..length]]);
                }
                LineKind::Fence(fence) => source.line(index, &[fence.mark()]),
                // Of two keywords of which one begins like the other, it knows one only.
                LineKind::Block(block, length) => source.line(index, &[language.first(block), &line.text[length..]]),
            }
        }
        source
    }

    fn line(&mut self, index: usize, parts: &[&str]) {
        self.text.extend(parts.iter().copied());
        self.text.push('\n');
        self.indices.push(index);
    }

    /// The index in the file of a line of the source, which is counted from 1.
    fn index(&self, line: usize) -> usize {
        self.indices.get(line.saturating_sub(1)).or(self.indices.last()).copied().unwrap_or_default()
    }
}

/// A step as it stands in the file. Its keyword is the longest that fits, where the parser takes the first.
fn own_step(text: &str, layout: &Layout<'_>, index: usize, step: gherkin::Step) -> Option<(Role, Step)> {
    let line = layout.lines.get(index)?;
    let LineKind::Step(role, length) = line.kind else { return None };
    let kind = match step.ty {
        gherkin::StepType::Given => Kind::Given,
        gherkin::StepType::When => Kind::When,
        gherkin::StepType::Then => Kind::Then,
    };
    let own = Step {
        keyword: line.text[..length].trim_end().to_owned(),
        kind,
        text: line.text[length..].trim().to_owned(),
        line: index + 1,
        column: line.indent + 1,
        doc: layout.doc(text, index),
        table: step.table.map(|table| table.rows),
    };
    Some((role, own))
}

/// Where the parser stopped: its error tells that in words only.
fn line_of(error: &gherkin::ParseError) -> usize {
    let said = error.to_string();
    let place = said.strip_prefix("Error at ").and_then(|rest| rest.split(':').next());
    place.and_then(|line| line.parse().ok()).unwrap_or(1)
}

/// What the parser refuses though the walk through the lines found nothing wrong.
fn unread(layout: &Layout<'_>, index: usize) -> Fault {
    let span = layout.lines.get(index).or(layout.lines.last()).map_or(0..0, super::lines::Line::span);
    let help = "hold it against the lines above: a keyword, a table or a doc string is not finished here";
    Fault::new(span, "this line cannot be read", help)
}
