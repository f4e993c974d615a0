//! What every feature of the project keeps to.

use std::collections::BTreeSet;

use plumb_steps::feature::{Kind, Scenario, Step};

use crate::parse::scenarios;
use crate::stage::registry;

/// How many steps a scenario has, those of its background among them.
const STEPS: std::ops::RangeInclusive<usize> = 3..=7;
/// How many scenarios there are at least, examples counted once.
const SCENARIOS_MIN: usize = 60;
/// How many of them are tried where there is time for the most important only.
const SMOKE: std::ops::RangeInclusive<usize> = 10..=20;

/// The scenarios that break a rule.
fn check(rule: &str, breaks: impl Fn(&Scenario) -> bool) {
    let found: Vec<&str> = scenarios().iter().filter(|scenario| breaks(scenario)).map(|own| own.id.as_str()).collect();
    assert!(found.is_empty(), "{rule}: {found:#?}");
}

#[test]
fn a_scenario_has_three_to_seven_steps() {
    check("3 to 7 steps", |scenario| !STEPS.contains(&scenario.steps.len()));
}

#[test]
fn every_feature_has_an_owner_and_says_whose_words_it_uses() {
    check("@owner(...)", |scenario| scenario.terms.owner.is_none());
    check("@api(s3)", |scenario| scenario.terms.api.as_deref() != Some("s3"));
}

#[test]
fn a_scenario_ends_with_what_must_be_so() {
    check("ends with Then", |scenario| scenario.steps.last().is_none_or(|step| step.kind != Kind::Then));
}

#[test]
fn scenarios_are_many_and_a_dozen_of_them_stand_for_all() {
    let written = |has: &dyn Fn(&Scenario) -> bool| {
        let places = scenarios().iter().filter(|own| has(own)).map(|own| (own.path.as_str(), own.extent.start));
        places.collect::<BTreeSet<_>>().len()
    };
    let (all, smoke) = (written(&|_| true), written(&|own| own.tags.iter().any(|tag| tag == "smoke")));
    assert!(all >= SCENARIOS_MIN, "only {all} scenarios");
    assert!(SMOKE.contains(&smoke), "{smoke} scenarios are tagged @smoke");
}

#[test]
fn each_step_is_bound_to_one_phrase_and_each_phrase_is_said() {
    let registry = registry();
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
    let own = registry.phrases().filter(|phrase| phrase.place.path.contains("s3/src"));
    let silent = own.filter(|phrase| !said.contains(&phrase.place));
    let silent: Vec<String> = silent.map(|phrase| format!("{}: {}", phrase.place, phrase.said())).collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

/// A text that a phrase fits.
fn sample(said: &str) -> String {
    said.replace("{word}", "Bob").replace("{string}", "\"x\"").replace("{int}", "1").replace("his/her/their", "his")
}

#[test]
fn no_text_fits_two_phrases() {
    for phrase in registry().phrases().filter(|phrase| phrase.place.path.contains("s3/src")) {
        let text = sample(&phrase.said());
        let step = Step { keyword: String::new(), kind: phrase.kind, text, line: 1, column: 1, doc: None, table: None };
        let bound = registry().bind(&step).map(|bound| bound.place);
        assert_eq!(bound, Ok(phrase.place), "{}", step.text);
    }
}
