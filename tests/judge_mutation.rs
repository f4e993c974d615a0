//! The judge, mutated: every answer that the model may give is made wrong in every way, and must then diverge.
//!
//! What survives must be left open by a rule that says so, and stand in a table here with its reason.

mod lab;

#[path = "judge_mutation/explain.rs"]
mod explain;
#[path = "judge_mutation/json.rs"]
mod json;
#[path = "judge_mutation/mutants.rs"]
mod mutants;
#[path = "judge_mutation/samples.rs"]
mod samples;
#[path = "judge_mutation/sizes.rs"]
mod sizes;
#[path = "judge_mutation/walk.rs"]
mod walk;
#[path = "judge_mutation/xml.rs"]
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use plumb_model::api::Api;
use plumb_model::judge;

use explain::{Left, explain};
use samples::Sample;
use walk::{Counts, Place};

/// What became of all the mutants of an API.
#[derive(Default)]
struct Tally {
    sampled: usize,
    mutants: usize,
    killed: usize,
    /// Mutants that are another answer which the call permits, by class and class.
    others: Counts,
    /// Mutants that conform, by place and by what leaves it open; with the first of each.
    left: BTreeMap<Left, (usize, String)>,
}

impl Tally {
    fn sample(&mut self, place: &Place<'_>, sample: &Sample, codes: &[String]) {
        self.sampled += 1;
        for mutant in mutants::mutants(&sample.response, sample.answer.code.as_deref(), codes) {
            self.mutants += 1;
            let answer = sample.met.answer(place, &mutant.response);
            if !sample.met.permits(place, &answer) {
                self.killed += 1;
                continue;
            }
            match sample.lefts(place, &answer) {
                None => {
                    let classes = format!("{} to {}", sample.answer.class(), answer.class());
                    *self.others.entry(classes).or_default() += 1;
                }
                Some(lefts) => {
                    for (at, why) in lefts {
                        let example = format!("{} {}, {}", sample.met.operation(), sample.answer.class(), mutant.what);
                        self.left.entry((without_indices(&at), why)).or_insert((0, example)).0 += 1;
                    }
                }
            }
        }
    }
}

impl Sample {
    /// What leaves open where the answer differs from the sample; none where it is another permitted answer.
    fn lefts(&self, place: &Place<'_>, answer: &plumb_model::answer::Answer) -> Option<Vec<Left>> {
        let mut best: Option<Vec<Left>> = None;
        for (expectation, bindings, _) in self.met.outcomes(place) {
            let seen = self.met.seen(place, &bindings);
            let permits = |answer| judge::judge(&expectation, answer, &seen).is_ok();
            if !permits(answer) || !permits(&self.answer) {
                continue;
            }
            let lefts = explain(&expectation, &seen, &self.answer, answer);
            let is_whole = lefts.iter().all(|(_, why)| why != explain::HOLE);
            if is_whole || best.is_none() {
                best = Some(lefts);
            }
            if is_whole {
                break;
            }
        }
        best
    }
}

/// `body Contents[0].Key` as `body Contents[].Key`.
fn without_indices(place: &str) -> String {
    place.chars().filter(|character| !character.is_ascii_digit() || !place.contains('[')).collect()
}

fn tally(api: &Api) -> Tally {
    let mut tally = Tally::default();
    for flavour in api.flavours {
        let place = Place::new(api, flavour.name);
        let samples = samples::take(&place);
        let codes: BTreeSet<String> = samples.iter().filter_map(|sample| sample.answer.code.clone()).collect();
        let codes: Vec<String> = codes.into_iter().collect();
        for sample in &samples {
            tally.sample(&place, sample, &codes);
        }
        println!("{} {}: {} samples", api.name, flavour.name, samples.len());
    }
    tally
}

fn check(api: &Api) {
    let started = std::time::Instant::now();
    let tally = tally(api);
    println!(
        "{}: {} answers, {} mutants, {} killed; {:?}",
        api.name, tally.sampled, tally.mutants, tally.killed, started.elapsed()
    );
    println!("others {:#?}", tally.others);
    for ((place, why), (count, example)) in &tally.left {
        println!("{count:6} {place} | {why} | {example}");
    }
}

#[test]
fn every_wrong_answer_of_kv_diverges() {
    check(&plumb_kv::api());
}

#[test]
fn every_wrong_answer_of_s3_diverges() {
    check(&plumb_s3::api());
}
