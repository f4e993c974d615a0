//! One part of a file, given to the parser under a feature line of its own.

use super::language::{Block, Language, Role};
use super::layout::{Layout, Part, PartKind};
use super::lines::Kind as LineKind;
use super::mistake::Fault;
use super::table::cells;
use super::tags::tags;
use super::{Kind, Step};

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
    let header = usize::from(part.kind != PartKind::Feature);
    let source = source(layout, part, language);
    let unread = |line: usize| unread(layout, (part.lines.start + line).saturating_sub(1 + header));
    let env = gherkin::GherkinEnv::new(language.code).map_err(|_| unread(1))?;
    let feature = gherkin::Feature::parse(source, env).map_err(|error| unread(line_of(&error)))?;
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
        let index = (part.lines.start + step.position.line).saturating_sub(1 + header);
        own_step(text, layout, index, step).ok_or_else(|| unread(1))
    });
    let tables = examples.into_iter().map(|examples| examples.table.map_or(Vec::new(), |table| table.rows));
    Ok(Parsed { name, steps: steps.collect::<Result<_, _>>()?, examples: tables.collect() })
}

fn steps_of(background: Option<gherkin::Background>) -> Vec<gherkin::Step> {
    background.map_or(Vec::new(), |background| background.steps)
}

/// The part as the parser gets it, line by line. Descriptions, comments and what stands in doc strings are left
/// out: the parser reads keywords into the first, and ends the last at any three quotes.
fn source(layout: &Layout<'_>, part: &Part, language: &Language) -> String {
    let mut source = String::new();
    if part.kind != PartKind::Feature {
        source.push_str(language.first(Block::Feature));
        source.push_str(":\n");
    }
    for line in layout.lines.get(part.lines.clone()).unwrap_or_default() {
        match line.kind {
            LineKind::Blank | LineKind::Comment | LineKind::Prose => {}
            // The parser knows two kinds of blanks only between tags.
            LineKind::Tags => {
                let tags = tags(line).unwrap_or_default();
                source.extend(tags.iter().flat_map(|tag| ["@", &tag.name, " "]));
            }
            LineKind::Step(..) => source.push_str(line.text),
            // It takes a comment behind a row for one more cell.
            LineKind::Row => source.push_str(cells(line).map_or(line.text, |(_, length)| &line.text[..length])),
            LineKind::Fence(fence) => source.push_str(fence.mark()),
            LineKind::Block(block, length) => {
                // Of two keywords of which one begins like the other, the parser knows one only.
                source.push_str(language.first(block));
                source.push_str(&line.text[length..]);
            }
        }
        source.push('\n');
    }
    source
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
