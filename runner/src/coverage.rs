//! How many choices have met in the cases of a run: what a run that was cut short did not try.

use std::collections::BTreeMap;

use plumb_generator::capabilities::is_named;
use plumb_generator::covering::{Demand, Meter};
use plumb_generator::suites::{numbered, numbers};
use plumb_generator::workflows::WORKFLOWS;
use plumb_model::api::Api;

use crate::events::{CaseDone, Covered, Met};

/// Counts the choices that met in cases that were judged.
pub struct Tried<'a> {
    api: &'a Api,
    /// By operation, one for each strength from 1 on.
    meters: BTreeMap<&'static str, Vec<Meter>>,
}

impl<'a> Tried<'a> {
    /// Nothing was tried yet of the named operations, all of them where none is named.
    pub fn new(api: &'a Api, operations: &[String], strength: usize) -> Self {
        let chosen = api.operations.iter().filter(|operation| is_named(operations, operation));
        let meters = chosen.filter_map(|operation| {
            let space = numbered(operation).ok()?;
            let most = strength.min(operation.space.dimensions.len());
            let each = (1..=most).map(|strength| Meter::new(space.clone(), &Demand::of(strength)));
            Some((operation.name, each.collect()))
        });
        Self { api, meters: meters.collect() }
    }

    /// Counts a case that was judged, where it is that of a row.
    pub fn note(&mut self, done: &CaseDone) {
        let is_judged = matches!(done.verdict.as_str(), "conforms" | "diverges");
        if !is_judged || done.suite == WORKFLOWS {
            return;
        }
        let Some(operation) = self.api.operation(&done.operation) else { return };
        let Some(row) = operation.space.row(&done.choices) else { return };
        let row = numbers(&row);
        for meter in self.meters.get_mut(operation.name).into_iter().flatten() {
            meter.note(&row);
        }
    }

    /// How far each strength has come, over all operations: tuples covered, and tuples that can be.
    pub fn progress(&self) -> Vec<(u64, u64)> {
        let strengths = self.meters.values().map(Vec::len).max().unwrap_or(0);
        let sum = |strength: usize| {
            let each = self.meters.values().filter_map(|own| own.get(strength)).map(Meter::progress);
            each.fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1))
        };
        (0..strengths).map(sum).collect()
    }

    /// What has met by now, by operation and strength.
    pub fn covered(&self) -> Vec<Covered> {
        let each = self.meters.iter().flat_map(|(operation, meters)| {
            (1_usize..).zip(meters).map(|(strength, meter)| self.covered_by(operation, strength, meter))
        });
        each.collect()
    }

    fn covered_by(&self, operation: &str, strength: usize, meter: &Meter) -> Covered {
        let coverage = meter.coverage();
        let name = |place: usize| {
            let dimensions = self.api.operation(operation).map(|own| &own.space.dimensions);
            dimensions.and_then(|own| own.get(place)).map_or_else(String::new, |own| own.name.to_owned())
        };
        let pairs = meter.by_set().filter(|_| strength == 2).map(|set| Met {
            dimensions: set.parameters.iter().map(|place| name(*place)).collect(),
            covered: set.covered,
            left: set.missing,
        });
        Covered {
            operation: operation.to_owned(),
            strength,
            covered: coverage.covered,
            infeasible: coverage.infeasible,
            left: coverage.missing,
            is_sample: coverage.looked_at < coverage.sets,
            pairs: pairs.collect(),
        }
    }
}

/// How far it has come, in a few words: `choices 98 %, pairs 61 %`.
pub fn in_words(progress: &[(u64, u64)]) -> String {
    let each = progress.iter().zip(STRENGTHS).map(|((covered, possible), name)| {
        let share = if *possible == 0 { 100 } else { covered * 100 / possible };
        format!("{name} {share} %")
    });
    each.collect::<Vec<_>>().join(", ")
}

/// What meets at strengths 1, 2, 3 and 4.
pub const STRENGTHS: [&str; 4] = ["choices", "pairs", "triples", "fours"];

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_generator::suites::suites;

    fn done(operation: &str, suite: &str, choices: &[String], verdict: &str) -> CaseDone {
        CaseDone {
            sequence: 0,
            case: String::new(),
            suite: suite.into(),
            operation: operation.into(),
            choices: choices.to_vec(),
            verdict: verdict.into(),
            detail: None,
            preferred: true,
            exchanges: vec![],
            tested: None,
        }
    }

    #[test]
    fn a_whole_suite_leaves_nothing_and_half_of_it_tells_what_it_did_not_try() {
        let api = plumb_kv::api();
        let cases: Vec<_> = suites(&api, &[], 2, 1).expect("suites").collect();
        let left = |count: usize, verdict: &str| {
            let mut tried = Tried::new(&api, &[], 2);
            for case in &cases[..count] {
                let origin = &case.origin;
                tried.note(&done(&origin.operation, &origin.suite, &origin.choices, verdict));
            }
            tried.covered().iter().map(|own| own.left).sum::<u64>()
        };
        assert_eq!(left(cases.len(), "conforms"), 0);
        assert_eq!(left(cases.len(), "diverges"), 0);
        let nothing = left(0, "conforms");
        let half = left(cases.len() / 2, "conforms");
        assert!(0 < half && half < nothing, "{half} of {nothing}");
        assert_eq!(left(cases.len(), "inconclusive"), nothing, "what was not judged was not tried");
    }

    #[test]
    fn progress_is_told_by_strength() {
        let api = plumb_kv::api();
        let tried = Tried::new(&api, &["Get".into()], 3);
        let progress = tried.progress();
        assert!(progress.iter().all(|(covered, possible)| *covered == 0 && *possible > 0));
        assert_eq!(in_words(&progress), "choices 0 %, pairs 0 %, triples 0 %");
        assert_eq!(in_words(&[(3, 4), (0, 0)]), "choices 75 %, pairs 100 %");
    }
}
