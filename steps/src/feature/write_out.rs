//! Scenarios as they run: the backgrounds' steps in front, one for each row of examples.

use super::assemble::Read;
use super::language::Role;
use super::layout::Layout;
use super::mistake::Fault;
use super::outline::Row;
use super::tags::Tag;
use super::{Kind, SCENARIOS_MAX, STEPS_BYTES_MAX, Scenario, Step, Terms, ids};

/// What a file has taken of what one file may take.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    scenarios: usize,
    bytes: usize,
}

impl Budget {
    /// Whether the file has taken all that it may.
    pub(crate) const fn is_spent(&self) -> bool {
        self.scenarios > SCENARIOS_MAX || self.bytes > STEPS_BYTES_MAX
    }

    fn spend(&mut self, steps: &[Step]) {
        self.scenarios += 1;
        self.bytes += steps.iter().map(size).sum::<usize>();
    }
}

/// The bytes of a step's texts.
fn size(step: &Step) -> usize {
    let cells = step.table.iter().flatten().flatten().map(String::len).sum::<usize>();
    step.text.len() + step.doc.as_ref().map_or(0, String::len) + cells
}

/// The scenarios of a part: one, or one for each row of its examples.
pub(crate) fn write_out(
    path: &str,
    layout: &Layout<'_>,
    read: &Read<'_>,
    id: &str,
    budget: &mut Budget,
) -> Result<Vec<Scenario>, Fault> {
    let plain = scenario(path, read, id)?;
    if read.part.examples.is_empty() {
        budget.spend(&plain.steps);
        return spent(layout, read, budget).map_or(Ok(vec![plain]), Err);
    }
    let tables = read.part.examples.iter().zip(&read.parsed.examples);
    let mut examples = Vec::new();
    for (lines, table) in tables {
        let Some((columns, rows)) = table.split_first() else { continue };
        let (tags, terms) = (tags(read, &lines.tags), terms(read, &lines.tags)?);
        for (values, line) in rows.iter().zip(lines.rows.iter().skip(1)) {
            let row = Row { columns, values };
            let example = example(&plain, read, row, line + 1);
            budget.spend(&example.steps);
            if let Some(fault) = spent(layout, read, budget) {
                return Err(fault);
            }
            examples.push((values.as_slice(), Scenario { tags: tags.clone(), terms: terms.clone(), ..example }));
        }
    }
    let slugs = ids::of_rows(&examples.iter().map(|(values, _)| *values).collect::<Vec<_>>());
    let named = examples.into_iter().zip(slugs);
    Ok(named.map(|((_, example), slug)| Scenario { id: format!("{id}::{slug}"), ..example }).collect())
}

/// The scenario as it stands in the file.
fn scenario(path: &str, read: &Read<'_>, id: &str) -> Result<Scenario, Fault> {
    Ok(Scenario {
        id: id.to_owned(),
        name: read.parsed.name.clone(),
        path: path.to_owned(),
        feature: read.above.feature.clone(),
        rule: read.above.rule.clone(),
        line: read.part.keyword + 1,
        extent: read.part.lines.start + 1..read.part.lines.end + 1,
        tags: tags(read, &[]),
        terms: terms(read, &[])?,
        steps: with_kinds(read.above.steps.iter().chain(&read.above.rule_steps).chain(&read.parsed.steps)),
    })
}

/// One row of an outline. The steps of backgrounds stay as they are: they know nothing of the columns.
fn example(outline: &Scenario, read: &Read<'_>, row: Row<'_>, line: usize) -> Scenario {
    let (background, own) = outline.steps.split_at(read.above.steps.len() + read.above.rule_steps.len());
    let steps = background.iter().cloned().chain(own.iter().map(|step| row.fill_step(step))).collect();
    Scenario { name: row.fill(&outline.name), line, steps, ..outline.clone() }
}

/// Steps with what each does: `And`, `But` and `*` do what the step before does, also one of a background.
fn with_kinds<'a>(steps: impl Iterator<Item = &'a (Role, Step)>) -> Vec<Step> {
    let mut last = Kind::Given;
    let kinds = steps.map(|(role, step)| {
        last = match role {
            Role::Given => Kind::Given,
            Role::When => Kind::When,
            Role::Then => Kind::Then,
            Role::And | Role::But | Role::Any => last,
        };
        Step { kind: last, ..step.clone() }
    });
    kinds.collect()
}

/// The tags of every level, each once, in order.
fn tags(read: &Read<'_>, examples: &[Tag]) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in levels(read, examples).into_iter().flatten() {
        if !tags.contains(&tag.name) {
            tags.push(tag.name.clone());
        }
    }
    tags
}

fn terms(read: &Read<'_>, examples: &[Tag]) -> Result<Terms, Fault> {
    Terms::of(levels(read, examples))
}

fn levels<'a>(read: &'a Read<'_>, examples: &'a [Tag]) -> [&'a [Tag]; 4] {
    [read.above.feature_tags, read.above.rule_tags, &read.part.tags, examples]
}

fn spent(layout: &Layout<'_>, read: &Read<'_>, budget: &Budget) -> Option<Fault> {
    if !budget.is_spent() {
        return None;
    }
    let span = layout.lines.get(read.part.keyword).map_or(0..0, super::lines::Line::span);
    let message = if budget.scenarios > SCENARIOS_MAX {
        format!("more than {SCENARIOS_MAX} scenarios in one file")
    } else {
        format!("with backgrounds and rows written out, the steps come to more than {STEPS_BYTES_MAX} bytes")
    };
    Some(Fault::new(span, message, "split the file: one for each thing that a customer wants to do"))
}
