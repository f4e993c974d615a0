//! What became of the mutants.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use plumb_model::answer::Answer;
use plumb_model::judge;

use crate::explain::{LEFT_OPEN, Left, explain, without_indices};
use crate::mutants::{Vocabulary, mutants};
use crate::samples::Sample;
use crate::walk::Place;

/// What became of all the mutants of an API.
#[derive(Default)]
pub(crate) struct Tally {
    sampled: usize,
    mutants: usize,
    killed: usize,
    /// Mutants that are another answer which the call permits.
    others: usize,
    /// Places in which mutants that conform differ, and what leaves each open: how many, and the first of them.
    left: BTreeMap<Left, (usize, String)>,
}

impl Tally {
    /// Judges every mutant of a sample.
    pub(crate) fn sample(&mut self, place: &Place<'_>, sample: &Sample, vocabulary: &Vocabulary) {
        self.sampled += 1;
        let outcomes = sample.met.outcomes(place);
        for mutant in mutants(sample, vocabulary) {
            self.mutants += 1;
            let answer = sample.met.answer(place, &mutant.response);
            let mut outcomes = outcomes.iter();
            let permits = outcomes.any(|(expectation, bindings, _)| {
                judge::judge(expectation, &answer, &sample.met.seen(place, bindings)).is_ok()
            });
            if !permits {
                self.killed += 1;
                continue;
            }
            assert!(sample.met.permits(place, &answer), "a belief is nothing but its outcomes: {}", mutant.what);
            let example = format!("{} {}, {}", sample.met.operation(), sample.answer.class(), mutant.what);
            self.survived(place, sample, &answer, &example);
        }
    }

    fn survived(&mut self, place: &Place<'_>, sample: &Sample, answer: &Answer, example: &str) {
        let seen = sample.met.seen(place, &sample.bindings);
        if judge::judge(&sample.expectation, answer, &seen).is_err() {
            self.others += 1;
            return;
        }
        let lefts = explain(&sample.expectation, &seen, &sample.answer, answer);
        assert!(!lefts.is_empty(), "nothing differs that could be told: {example}");
        for (at, why) in lefts {
            let left = (without_indices(&at), why);
            self.left.entry(left).or_insert_with(|| (0, example.to_owned())).0 += 1;
        }
    }

    /// The places that no [`judge::unconstrained`] names.
    pub(crate) fn survivors(&self) -> impl Iterator<Item = (&Left, &(usize, String))> {
        self.left.iter().filter(|((_, why), _)| !why.starts_with(LEFT_OPEN))
    }

    /// Prints the totals, and what survived.
    pub(crate) fn print(&self, api: &str) {
        let Self { sampled, mutants, killed, others, .. } = self;
        let open: Vec<_> = self.left.iter().filter(|((_, why), _)| why.starts_with(LEFT_OPEN)).collect();
        let unconstrained: usize = open.iter().map(|(_, (count, _))| count).sum();
        let survivors: usize = self.survivors().map(|(_, (count, _))| count).sum();
        println!(
            "{api}: {sampled} answers, {mutants} mutants, {killed} killed, {others} another permitted answer, \
             {unconstrained} left open, {survivors} allowed by the table"
        );
        for ((place, why), (count, example)) in open.into_iter().chain(self.survivors()) {
            println!("{count:7}  {place}: {why} ({example})");
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.sampled += other.sampled;
        self.mutants += other.mutants;
        self.killed += other.killed;
        self.others += other.others;
        for (left, (count, example)) in other.left {
            self.left.entry(left).or_insert((0, example)).0 += count;
        }
    }
}
