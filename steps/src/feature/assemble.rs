//! From the parts of a file to scenarios that are ready to run.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::language::{Language, Role};
use super::layout::{Layout, Part, PartKind};
use super::mistake::{Fault, quoted};
use super::parse::{Parsed, parse};
use super::tags::Tag;
use super::write_out::{Budget, write_out};
use super::{Feature, MISTAKES_MAX, SCENARIOS_MAX, Step, ids, outline, preamble};

/// A scenario's part with what the parser read in it, and what stands above it.
pub(crate) struct Read<'a> {
    pub(crate) part: &'a Part,
    pub(crate) parsed: Parsed,
    pub(crate) above: Arc<Above<'a>>,
}

/// What a feature and a rule give to the scenarios below.
#[derive(Default)]
pub(crate) struct Above<'a> {
    /// The name of the feature.
    pub(crate) feature: String,
    /// The tags of the feature.
    pub(crate) feature_tags: &'a [Tag],
    /// The steps of the feature's background.
    pub(crate) steps: Arc<[(Role, Step)]>,
    /// The name of the rule.
    pub(crate) rule: Option<String>,
    /// The steps of the rule's background.
    pub(crate) rule_steps: Vec<(Role, Step)>,
    /// The tags of the rule.
    pub(crate) rule_tags: &'a [Tag],
}

/// Reads a text that is not too long; at least one fault where it cannot be read.
pub(crate) fn feature(path: &str, text: &Arc<str>) -> Result<Feature, Vec<Fault>> {
    let language = preamble::language(text).map_err(|fault| vec![fault])?;
    let layout = Layout::of(text, &language);
    if let Some(fault) = preamble::empty(&layout.lines) {
        return Err(vec![fault]);
    }
    if let Some(fault) = crowded(&layout) {
        return Err(vec![fault]);
    }
    let mut faults = layout.faults.clone();
    let (head, parts) = read_parts(text, &layout, &language, &mut faults);
    if faults.is_empty() && parts.is_empty() {
        faults.extend(without_scenarios(&layout));
    }
    faults.extend(names(&layout, &parts));
    let mut feature = Feature {
        path: path.to_owned(),
        name: head.feature.clone(),
        description: layout.parts.first().and_then(|part| layout.description(part)),
        tags: head.feature_tags.iter().map(|tag| tag.name.clone()).collect(),
        scenarios: Vec::new(),
        text: Arc::clone(text),
    };
    let slugs = ids::of_names(&parts.iter().map(|read| read.parsed.name.as_str()).collect::<Vec<_>>());
    let mut budget = Budget::default();
    for (read, slug) in parts.iter().zip(slugs) {
        let id = format!("{}::{slug}", ids::of_file(path));
        match write_out(path, &layout, read, &id, &mut budget) {
            Ok(scenarios) => feature.scenarios.extend(scenarios),
            Err(fault) if faults.contains(&fault) => {}
            Err(fault) => faults.push(fault),
        }
        if faults.len() > MISTAKES_MAX || budget.is_spent() {
            break;
        }
    }
    if faults.is_empty() { Ok(feature) } else { Err(faults) }
}

/// More parts than one file may have, told before any of them is parsed.
fn crowded(layout: &Layout<'_>) -> Option<Fault> {
    [(PartKind::Scenario, "scenarios"), (PartKind::Rule, "rules")].into_iter().find_map(|(kind, name)| {
        let part = layout.parts.iter().filter(|part| part.kind == kind).nth(SCENARIOS_MAX)?;
        let line = layout.lines.get(part.keyword)?;
        let help = "split the file: one for each thing that a customer wants to do";
        Some(Fault::new(line.span(), format!("more than {SCENARIOS_MAX} {name} in one file"), help))
    })
}

/// Parses every part that is sound: the feature's own, and the scenarios with what stands above them.
fn read_parts<'a>(
    text: &str,
    layout: &'a Layout<'_>,
    language: &Language,
    faults: &mut Vec<Fault>,
) -> (Arc<Above<'a>>, Vec<Read<'a>>) {
    let mut head = Arc::new(Above::default());
    let mut above = Arc::clone(&head);
    let mut scenarios = Vec::new();
    for part in layout.parts.iter().filter(|part| part.sound) {
        let parsed = match parse(text, layout, part, language) {
            Ok(parsed) => parsed,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        match part.kind {
            PartKind::Feature => {
                let feature_tags = part.tags.as_slice();
                head = Arc::new(Above {
                    feature: parsed.name,
                    feature_tags,
                    steps: parsed.steps.into(),
                    ..Above::default()
                });
                above = Arc::clone(&head);
            }
            PartKind::Rule => above = Arc::new(below(&head, part, parsed)),
            PartKind::Scenario => match outline::fault(text, layout, part, &parsed) {
                Some(fault) => faults.push(fault),
                None => scenarios.push(Read { part, parsed, above: Arc::clone(&above) }),
            },
        }
    }
    (head, scenarios)
}

/// What a rule below the feature gives to its scenarios.
fn below<'a>(head: &Above<'a>, part: &'a Part, rule: Parsed) -> Above<'a> {
    Above {
        feature: head.feature.clone(),
        feature_tags: head.feature_tags,
        steps: Arc::clone(&head.steps),
        rule_steps: rule.steps,
        rule: Some(rule.name),
        rule_tags: &part.tags,
    }
}

fn without_scenarios(layout: &Layout<'_>) -> Option<Fault> {
    let line = layout.lines.get(layout.parts.first()?.keyword)?;
    let help = "write `Scenario:` with a name, and its steps below";
    Some(Fault::new(line.span(), "the feature has no scenario", help))
}

/// Scenarios without a name, or with one that is taken.
fn names(layout: &Layout<'_>, parts: &[Read<'_>]) -> Vec<Fault> {
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for Read { part, parsed, .. } in parts {
        let Some(line) = layout.lines.get(part.keyword) else { continue };
        if parsed.name.is_empty() {
            let help = "say what it shows: its id in tests and reports is made from its name";
            faults.push(Fault::new(line.span(), "the scenario has no name", help));
        } else if let Some(first) = taken.insert(&parsed.name, part.keyword) {
            let message = format!("a second scenario is called {}", quoted(&parsed.name));
            let help = format!("the first is line {}; ids are made from names: give each its own", first + 1);
            faults.push(Fault::new(line.span(), message, help));
        }
    }
    faults
}
