//! One answer for each outcome that any call of any suite may have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use plumb_model::answer::Answer;
use plumb_model::expectation::{BodyRule, Expectation, Keyed, Matcher, Shape};
use plumb_model::http::Response;
use plumb_model::realise::Realiser;
use plumb_model::seen::{Bindings, Seen};

use crate::walk::{Met, Place};

/// The walks that take any outcome, besides the one that takes the preferred ones.
const SEEDS: [u64; 2] = [1, 2];

/// A permitted answer, in the context in which it was given.
pub(crate) struct Sample {
    /// The call and what was believed before it.
    pub(crate) met: Met,
    /// The outcome, as the model's own server names it.
    pub(crate) outcome: String,
    /// What it asks for.
    pub(crate) expectation: Expectation,
    /// What is known of the symbols in its world.
    pub(crate) bindings: Bindings,
    /// The answer on the wire, with everything in it that may be missing.
    pub(crate) response: Response,
    /// The same, taken apart.
    pub(crate) answer: Answer,
}

impl Sample {
    /// The operation and the status.
    pub(crate) fn kind(&self) -> (String, u16) {
        (self.met.operation().to_owned(), self.response.status)
    }
}

/// A sample of each outcome: by operation, class and source, and by which rules it has.
pub(crate) fn take(place: &Place<'_>) -> Vec<Sample> {
    let mut samples: BTreeMap<String, Sample> = BTreeMap::new();
    let mut realiser = Realiser::new(rand::SeedableRng::seed_from_u64(0), false);
    let walks = std::iter::once(None).chain(SEEDS.map(Some));
    for seed in walks {
        place.walk(seed, &mut |_, met| {
            for (expectation, bindings, source) in met.outcomes(place) {
                let seen = met.seen(place, &bindings);
                let rules = rules(&expectation, &seen);
                let outcome = format!("{}: {} ({source})", met.operation(), expectation.class());
                samples.entry(format!("{outcome} {rules}")).or_insert_with(|| {
                    let response = met.realised(place, &expectation, &bindings, &mut realiser);
                    let answer = met.answer(place, &response);
                    assert!(met.permits(place, &answer), "a permitted answer is refused: {expectation:?}");
                    Sample { met: met.clone(), outcome, expectation, bindings, response, answer }
                });
            }
        });
    }
    samples.into_values().collect()
}

/// Which rules an expectation has, without the values they ask for.
fn rules(expectation: &Expectation, seen: &Seen<'_>) -> String {
    let mut rules = String::new();
    for (name, matcher) in &expectation.headers {
        _ = write!(rules, "{name} {}, ", kind(matcher, seen));
    }
    match &expectation.body {
        BodyRule::Empty => rules.push_str("empty"),
        BodyRule::Part { length, .. } => rules.push_str(if *length == 0 { "no byte" } else { "a part" }),
        BodyRule::Matches(matcher) => rules.push_str(&kind(matcher, seen)),
        BodyRule::Equals(_) => rules.push_str("a value"),
        BodyRule::Any(_) => rules.push_str("anything"),
        BodyRule::Document(shape) => shape_rules(shape, seen, &mut rules),
    }
    rules
}

fn shape_rules(shape: &Shape, seen: &Seen<'_>, rules: &mut String) {
    match shape {
        Shape::Text(matcher) | Shape::Bare(matcher) => rules.push_str(&kind(matcher, seen)),
        Shape::Any(_) => rules.push_str("any"),
        Shape::Maybe(inner) => {
            rules.push_str("maybe ");
            shape_rules(inner, seen, rules);
        }
        Shape::Fields(fields) => {
            for (name, inner) in fields {
                _ = write!(rules, "{name}: ");
                shape_rules(inner, seen, rules);
                rules.push_str(", ");
            }
        }
        Shape::List(entries) => {
            rules.push('[');
            for entry in entries {
                shape_rules(entry, seen, rules);
            }
            rules.push(']');
        }
        Shape::Keyed(keyed) => keyed_rules(keyed, seen, rules),
    }
}

/// The kinds of entries, however many of each there are.
fn keyed_rules(keyed: &Keyed, seen: &Seen<'_>, rules: &mut String) {
    let kinds: BTreeSet<String> = keyed
        .entries
        .iter()
        .map(|(_, shape)| {
            let mut rules = String::new();
            shape_rules(shape, seen, &mut rules);
            rules
        })
        .collect();
    let (absent, others) = (!keyed.absent.is_empty(), keyed.others.is_some());
    _ = write!(rules, "{kinds:?} by {}, absent {absent}, bounded {}, others {others}", keyed.key, keyed.most.is_some());
}

fn kind(matcher: &Matcher, seen: &Seen<'_>) -> String {
    match matcher {
        Matcher::Is(_) => "is".into(),
        Matcher::OneOf(_) => "one of".into(),
        Matcher::Digest { .. } => "digest".into(),
        Matcher::Chosen { symbol, .. } if seen.bound(symbol).is_some() => "bound".into(),
        Matcher::Chosen { .. } => "chosen".into(),
        Matcher::Contains(_) => "contains".into(),
        Matcher::Length(_) => "so long".into(),
        Matcher::Like(_) => "like".into(),
        Matcher::Absent => "absent".into(),
        Matcher::Maybe(inner) => format!("maybe {}", kind(inner, seen)),
        Matcher::Any(_) | Matcher::Open { .. } => "any".into(),
    }
}
