//! What every feature of the project keeps to.

use std::collections::BTreeSet;

use plumb_steps::registry::Registry;

use crate::parse::scenarios;
use crate::stage::registry;

/// How many steps a scenario has, those of its background among them.
const STEPS: std::ops::RangeInclusive<usize> = 3..=7;
/// How many scenarios there are at least, examples counted once.
const SCENARIOS_MIN: usize = 60;

/// The scenarios that break a rule.
fn check(rule: &str, breaks: impl Fn(&plumb_steps::feature::Scenario) -> bool) {
    let found: Vec<String> = scenarios().into_iter().filter(|scenario| breaks(scenario)).map(|own| own.id).collect();
    assert!(found.is_empty(), "{rule}: {found:#?}");
}

#[test]
fn a_scenario_has_three_to_seven_steps() {
    check("3 to 7 steps", |scenario| !STEPS.contains(&scenario.steps.len()));
}

#[test]
fn every_feature_has_an_owner() {
    check("@owner(...)", |scenario| scenario.terms.owner.is_none());
}

#[test]
fn a_scenario_ends_with_what_must_be_so() {
    use plumb_steps::feature::Kind;
    check("ends with Then", |scenario| scenario.steps.last().is_none_or(|step| step.kind != Kind::Then));
}

#[test]
fn scenarios_are_many_and_their_names_are_unique() {
    let all = scenarios();
    let ids: BTreeSet<&str> = all.iter().map(|scenario| scenario.id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "a name comes twice in a file");
    let places: BTreeSet<(&str, usize)> = all.iter().map(|own| (own.path.as_str(), own.line)).collect();
    assert!(places.len() >= SCENARIOS_MIN, "only {} scenarios", places.len());
}

#[test]
fn each_step_is_bound_to_one_phrase_and_each_phrase_is_said() {
    let registry: Registry = registry();
    let (mut unbound, mut said) = (Vec::new(), BTreeSet::new());
    for scenario in scenarios() {
        for step in &scenario.steps {
            match registry.bind(step) {
                Ok(bound) => _ = said.insert(bound.place),
                Err(why) => unbound.push(format!("{}:{} {}: {why:?}", scenario.path, step.line, step.text)),
            }
        }
    }
    assert!(unbound.is_empty(), "{unbound:#?}");
    let silent = registry.phrases().filter(|phrase| !said.contains(&phrase.place));
    let silent: Vec<String> = silent.map(|phrase| format!("{}: {}", phrase.place, phrase.said())).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}
