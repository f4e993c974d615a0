//! The walk through the lines: where it stands, and what may come next.

use std::collections::BTreeMap;

use super::super::language::{Block, Language};
use super::super::lines::{Fence, Kind, Line};
use super::super::mistake::Fault;
use super::super::table;
use super::super::tags::{Tag, tags};
use super::super::{MISTAKES_MAX, explain};
use super::{Examples, Layout, Part, PartKind};

/// The most tags above one block.
const TAGS_MAX: usize = 64;

/// Which block the walk stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Feature,
    Rule,
    Background,
    Scenario,
    Examples,
}

/// How far into the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Behind the keyword; `fresh` where no line of prose stands directly above.
    Description {
        fresh: bool,
    },
    Step,
    Doc,
    Table,
}

const FRESH: Phase = Phase::Description { fresh: true };

struct Walk<'a, 'l> {
    language: &'l Language,
    layout: Layout<'a>,
    place: Place,
    phase: Phase,
    /// Tags whose block has not come yet, and the line of the first.
    pending: Option<(usize, Vec<Tag>)>,
    /// Whether the feature or the rule has its background already.
    background: bool,
    /// The first row of the table that is open, and how many cells it has.
    columns: (usize, usize),
    /// Whether everything up to the next keyword is left out, as it follows from a fault.
    skipping: bool,
}

/// The layout of a text with these lines.
pub(super) fn walk<'a>(lines: Vec<Line<'a>>, language: &Language) -> Layout<'a> {
    let layout = Layout { lines, parts: Vec::new(), docs: BTreeMap::new(), faults: Vec::new() };
    let mut walk = Walk {
        language,
        layout,
        place: Place::Start,
        phase: FRESH,
        pending: None,
        background: false,
        columns: (0, 0),
        skipping: false,
    };
    let mut index = 0;
    while let Some(line) = walk.layout.lines.get(index).copied() {
        let next = walk.line(index, &line);
        let nothing_fits = walk.place == Place::Start && !walk.layout.faults.is_empty();
        if nothing_fits || walk.layout.faults.len() > MISTAKES_MAX {
            return walk.layout;
        }
        index = next;
    }
    walk.end();
    walk.layout
}

impl Walk<'_, '_> {
    /// Takes one line, or a whole doc string; tells the line that comes next.
    fn line(&mut self, index: usize, line: &Line<'_>) -> usize {
        match line.kind {
            Kind::Blank | Kind::Comment => self.phase = self.phase.behind_a_gap(),
            Kind::Tags => self.tags(index, line),
            Kind::Block(block, length) => {
                self.skipping = false;
                self.block(index, line, block, length);
            }
            Kind::Fence(fence) if self.skipping || self.opens_doc() => return self.doc(index, line, fence),
            _ if self.skipping => self.now_prose(index),
            _ if self.place == Place::Start => {
                self.fault(explain::before_the_feature(line, self.language));
            }
            _ if self.pending.is_some() => self.stray_tags(),
            Kind::Step(_, length) => self.step(index, line, length),
            Kind::Row => self.row(index, line),
            Kind::Fence(fence) => return self.stray_fence(index, line, fence),
            Kind::Prose => self.prose(index, line),
        }
        index + 1
    }

    fn fault(&mut self, fault: Fault) {
        self.layout.faults.push(fault);
        if let Some(part) = self.layout.parts.last_mut() {
            part.sound = false;
        }
    }

    /// A fault after which nothing makes sense up to the next keyword.
    fn fault_and_skip(&mut self, fault: Fault) {
        self.skipping = true;
        self.fault(fault);
    }

    fn now_prose(&mut self, index: usize) {
        if let Some(line) = self.layout.lines.get_mut(index) {
            line.kind = Kind::Prose;
        }
    }

    fn tags(&mut self, index: usize, line: &Line<'_>) {
        match tags(line) {
            Ok(found) => {
                let pending = &mut self.pending.get_or_insert((index, Vec::new())).1;
                let had = pending.len();
                pending.extend(found);
                if let Some(tag) = pending.get(TAGS_MAX).filter(|_| had <= TAGS_MAX) {
                    let message = format!("more than {TAGS_MAX} tags in one place");
                    let fault = Fault::new(tag.span.clone(), message, "keep those that somebody asks for");
                    self.layout.faults.push(fault);
                }
                pending.truncate(TAGS_MAX + 1);
            }
            Err(fault) => {
                // The block below is read as if it had no tags: they are nothing that it is at fault for.
                self.pending.get_or_insert((index, Vec::new()));
                self.now_prose(index);
                self.layout.faults.push(fault);
            }
        }
    }

    fn stray_tags(&mut self) {
        let Some((index, tags)) = self.pending.take() else { return };
        let span = tags.first().map_or_else(|| self.layout.lines[index].span(), |tag| tag.span.clone());
        let help = "tags stand directly above `Feature:`, `Rule:`, `Scenario:` or `Examples:`";
        self.fault_and_skip(Fault::new(span, "expected something to tag below", help));
    }

    fn block(&mut self, index: usize, line: &Line<'_>, block: Block, length: usize) {
        let at = line.head(length + 1);
        if self.place == Place::Start && block != Block::Feature {
            return self.fault(explain::before_the_feature(line, self.language));
        }
        match block {
            Block::Feature if self.place != Place::Start => {
                self.pending = None;
                let help = "one file holds one feature: put the second into a file of its own";
                self.fault_and_skip(Fault::new(at, "a second feature in the same file", help));
            }
            Block::Feature => self.part(index, PartKind::Feature, Place::Feature),
            Block::Rule => self.part(index, PartKind::Rule, Place::Rule),
            Block::Scenario => self.part(index, PartKind::Scenario, Place::Scenario),
            Block::Outline => {
                self.part(index, PartKind::Scenario, Place::Scenario);
                self.layout.parts.last_mut().expect("just pushed").outline = true;
            }
            Block::Background => self.open_background(at),
            Block::Examples => self.open_examples(index, at),
        }
        self.phase = FRESH;
    }

    /// Begins a part at its tags, which ends the part before.
    fn part(&mut self, keyword: usize, kind: PartKind, place: Place) {
        let (first, tags) = self.pending.take().unwrap_or((keyword, Vec::new()));
        self.close(first);
        let first = if self.layout.parts.is_empty() { 0 } else { first };
        self.layout.parts.push(Part {
            kind,
            lines: first..self.layout.lines.len(),
            keyword,
            outline: false,
            tags,
            steps: 0,
            examples: Vec::new(),
            sound: true,
        });
        self.place = place;
        self.background = kind == PartKind::Scenario;
    }

    /// Ends the open part before line `end`, and asks for what it lacks.
    fn close(&mut self, end: usize) {
        self.close_examples();
        let Some(part) = self.layout.parts.last_mut() else { return };
        part.lines.end = end;
        if part.kind != PartKind::Scenario || !part.sound {
            return;
        }
        let line = self.layout.lines[part.keyword];
        if part.steps == 0 {
            let help = "a scenario that does nothing proves nothing: write its steps, or take it away";
            self.fault(Fault::new(line.span(), "the scenario has no steps", help));
        } else if part.outline && part.examples.is_empty() {
            let help = "write `Examples:` and a table below the steps, or make it a plain `Scenario:`";
            self.fault(Fault::new(line.span(), "the outline has no examples", help));
        }
    }

    fn close_examples(&mut self) {
        let Some(part) = self.layout.parts.last().filter(|part| part.sound) else { return };
        let Some(examples) = part.examples.last().filter(|examples| examples.rows.len() < 2) else { return };
        let line = self.layout.lines[examples.keyword];
        let message = if examples.rows.is_empty() { "the examples have no table" } else { "the examples have no rows" };
        let help = "below the names of the columns, each row makes one scenario: `| size |`, then `| 5 |`";
        self.fault(Fault::new(line.span(), message, help));
    }

    fn open_background(&mut self, at: std::ops::Range<usize>) {
        if let Some((_, tags)) = self.pending.take() {
            let span = tags.first().map_or(at, |tag| tag.span.clone());
            let help = "move the tags above `Feature:`, `Rule:` or `Scenario:`";
            return self.fault_and_skip(Fault::new(span, "a background takes no tags", help));
        }
        if self.background {
            let help = "there is one background in a feature and one in a rule, before the first scenario";
            return self.fault_and_skip(Fault::new(at, "a background cannot stand here", help));
        }
        self.background = true;
        self.place = Place::Background;
    }

    fn open_examples(&mut self, index: usize, at: std::ops::Range<usize>) {
        self.close_examples();
        let tags = self.pending.take().map_or(Vec::new(), |(_, tags)| tags);
        let part = self.layout.parts.last_mut().filter(|part| part.kind == PartKind::Scenario);
        match part {
            Some(part) if part.steps > 0 || !part.sound => {
                part.examples.push(Examples { keyword: index, tags, rows: Vec::new() });
                self.place = Place::Examples;
            }
            Some(_) => {
                let help = "write the steps first; the examples follow them";
                self.fault_and_skip(Fault::new(at, "examples of a scenario without steps", help));
            }
            None => {
                let help = "write `Scenario Outline:` and its steps above";
                self.fault_and_skip(Fault::new(at, "examples outside of an outline", help));
            }
        }
    }

    fn step(&mut self, index: usize, line: &Line<'_>, length: usize) {
        match (self.place, self.phase) {
            (Place::Background | Place::Scenario, _) => {
                let part = self.layout.parts.last_mut().expect("a part is open");
                part.steps += usize::from(self.place == Place::Scenario);
                self.phase = Phase::Step;
            }
            (Place::Examples, _) => {
                let help = "move it above `Examples:`, or begin a new `Scenario:`";
                self.fault_and_skip(Fault::new(line.head(length), "a step behind the examples", help));
            }
            (_, Phase::Description { fresh: false }) => self.step_in_prose(index, line, length),
            _ => self.step_outside(line, length),
        }
    }

    /// A sentence of a description may begin with `When`, unless the line above lacks its colon.
    fn step_in_prose(&mut self, index: usize, line: &Line<'_>, length: usize) {
        let above = index.checked_sub(1).and_then(|above| self.layout.lines.get(above).copied());
        match above.and_then(|above| explain::without_colon(&above, self.language, |_| true)) {
            Some(fault) => self.fault_and_skip(fault),
            None if length < line.text.len() => self.now_prose(index),
            None => self.step_outside(line, length),
        }
    }

    fn step_outside(&mut self, line: &Line<'_>, length: usize) {
        let help = "write `Scenario:` with a name above it, or `Background:` for what comes before every scenario";
        self.fault_and_skip(Fault::new(line.head(length), "a step outside of a scenario", help));
    }

    fn row(&mut self, index: usize, line: &Line<'_>) {
        if !matches!(self.place, Place::Background | Place::Scenario | Place::Examples)
            || (self.place != Place::Examples && self.phase.is_description())
        {
            return self.now_prose(index);
        }
        match table::cells(line) {
            Err(fault) => self.fault(fault),
            Ok((cells, _)) if self.phase != Phase::Table => self.columns = (index, cells),
            Ok((cells, _)) if cells != self.columns.1 => self.uneven(index, line, cells),
            Ok(_) => {}
        }
        self.phase = Phase::Table;
        if self.place == Place::Examples
            && let Some(examples) = self.layout.parts.last_mut().and_then(|part| part.examples.last_mut())
        {
            examples.rows.push(index);
        }
    }

    fn uneven(&mut self, index: usize, line: &Line<'_>, cells: usize) {
        let (first, expected) = self.columns;
        let rows = self.layout.lines[first..=index].iter().filter(|line| line.kind == Kind::Row).count();
        let message = format!("row {rows} of the table has {} where its first row has {expected}", counted(cells));
        let help = format!("the first row is line {}; `\\|` is a bar within a cell", first + 1);
        self.fault(Fault::new(line.span(), message, help));
    }

    fn opens_doc(&self) -> bool {
        matches!(self.place, Place::Background | Place::Scenario) && self.phase == Phase::Step && self.pending.is_none()
    }

    /// Takes a doc string as a whole; tells the line behind it.
    fn doc(&mut self, index: usize, line: &Line<'_>, fence: Fence) -> usize {
        let rest = self.layout.lines.get(index + 1..).unwrap_or_default();
        let Some(length) = rest.iter().position(|line| line.text == fence.mark()) else {
            let help = format!("close it with {} on a line of its own", fence.name());
            self.fault(Fault::new(line.head(fence.mark().len()), "the doc string is never closed", help));
            return self.layout.lines.len();
        };
        let end = index + 1 + length;
        let step = (0..index).rev().find(|above| matches!(self.layout.lines[*above].kind, Kind::Step(..)));
        self.layout.docs.insert(step.unwrap_or(index), index..end + 1);
        (index + 1..end).for_each(|inner| self.now_prose(inner));
        self.phase = Phase::Doc;
        end + 1
    }

    /// Takes a fence where no doc string can begin; tells the line that comes next.
    fn stray_fence(&mut self, index: usize, line: &Line<'_>, fence: Fence) -> usize {
        let (message, help) = match self.phase {
            Phase::Doc => (
                "a second doc string for the same step",
                "a step has one doc string: join the two, or give the second to a step of its own",
            ),
            Phase::Table => ("a doc string behind a table", "a doc string follows its step directly, before a table"),
            Phase::Description { .. } | Phase::Step => {
                self.prose(index, line);
                self.now_prose(index);
                return index + 1;
            }
        };
        self.fault(Fault::new(line.head(fence.mark().len()), message, help));
        self.doc(index, line, fence)
    }

    fn prose(&mut self, index: usize, line: &Line<'_>) {
        if !self.phase.is_description() {
            let fault = explain::among_steps(line, self.language);
            // What follows is the table or the doc string of the step that was meant.
            self.phase = Phase::Step;
            return self.fault(fault);
        }
        let steps_follow = matches!(self.place, Place::Background | Place::Scenario);
        let above =
            self.layout.lines[..index].iter().rev().find(|line| !matches!(line.kind, Kind::Blank | Kind::Comment));
        let first = above.is_some_and(|above| matches!(above.kind, Kind::Block(..)));
        if let Some(fault) = explain::in_description(line, self.language, first, steps_follow) {
            self.fault(fault);
            if !steps_follow {
                self.skipping = true;
            }
        }
        self.phase = Phase::Description { fresh: false };
    }

    /// What is missing at the end of the text.
    fn end(&mut self) {
        if self.pending.is_some() && !self.skipping {
            self.stray_tags();
        }
        self.close(self.layout.lines.len());
    }
}

fn counted(cells: usize) -> String {
    if cells == 1 { "1 cell".to_owned() } else { format!("{cells} cells") }
}

impl Phase {
    fn behind_a_gap(self) -> Self {
        if self.is_description() { FRESH } else { self }
    }

    fn is_description(self) -> bool {
        matches!(self, Self::Description { .. })
    }
}
