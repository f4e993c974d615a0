//! Adds up what three passes came to, case by case.

use std::collections::BTreeMap;

use plumb_model::call::Turn;
use plumb_validator::verdict::Verdict;
use serde::Serialize;

use crate::compare::between::{Between, Right, Seen, between};
use crate::compare::groups::{Column, Groups, Spot};
use crate::compare::latency::Latencies;
use crate::compare::passes::{Pass, Triple};
use crate::compare::places::Frame;
use crate::compare::reds::Reds;
use crate::compare::said::Said;
use crate::engine::in_words;

/// The most different words that a tally holds.
pub const TALLY_MAX: usize = 200;

/// How many cases came to what; each is counted once, under the first that applies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Cases that ran.
    pub cases: u64,
    /// Calls that all three answered and the model judged.
    pub calls: u64,
    /// Requests that were sent, in all three passes.
    pub exchanges: u64,
    /// A and B differ, and the model calls one of them wrong, or both.
    pub wrong: u64,
    /// A and B gave other answers, and the model permits both.
    pub either: u64,
    /// A differs from itself.
    pub noise: u64,
    /// There is nothing to compare: no answer, or no state that could be followed.
    pub inconclusive: u64,
    /// The guard refused a call, it cannot be sent, or the model does not know it.
    pub left_out: u64,
    /// A and B gave the same answers as far as the case went.
    pub alike: u64,
    /// Of all of them, those in which the model calls both wrong in the same way.
    pub wrong_alike: u64,
}

impl Counts {
    /// A difference that did not come again says nothing.
    pub const fn take_back(&mut self) {
        self.wrong = self.wrong.saturating_sub(1);
        self.inconclusive += 1;
    }
}

/// How often something was, by what it was. Bounded: a further kind is counted without its words.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Tally {
    /// By words.
    pub kinds: BTreeMap<String, u64>,
    /// How often something else was.
    pub others: u64,
}

impl Tally {
    fn add(&mut self, words: String) {
        if self.kinds.len() < TALLY_MAX || self.kinds.contains_key(&words) {
            *self.kinds.entry(words).or_default() += 1;
        } else {
            self.others += 1;
        }
    }
}

/// What one case came to, while its calls are gone through.
#[derive(Default)]
struct CaseSum {
    /// The worst that was seen.
    worst: Option<Seriousness>,
    wrong_alike: bool,
    /// Why it was not compared to its end.
    broken: Option<Broken>,
}

/// What counts more than what, where a case shows several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Seriousness {
    Noise,
    Either,
    Wrong,
}

impl CaseSum {
    fn show(&mut self, seriousness: Seriousness) {
        self.worst = self.worst.max(Some(seriousness));
    }

    /// Whether somebody is wrong in it.
    fn is_wrong(&self) -> bool {
        self.worst == Some(Seriousness::Wrong)
    }
}

/// Why a case was not compared to its end.
struct Broken {
    left_out: bool,
    why: String,
}

/// Three passes, added up.
pub struct Comparison<'a> {
    frames: &'a [Frame<'a>; 3],
    /// How many cases came to what.
    pub counts: Counts,
    /// Differences inside of what the model permits.
    pub groups: Groups,
    /// Differences in which somebody is wrong, not looked into yet.
    pub reds: Reds,
    /// Where both are wrong alike, by signature.
    pub wrong_alike: Tally,
    /// How A differs from itself.
    pub noise: Tally,
    /// Why cases that show nothing were not compared to their end.
    pub broken: Tally,
    /// Latencies.
    pub latencies: Latencies,
}

impl<'a> Comparison<'a> {
    /// Nothing yet; the frames are in the order of [`Pass::ALL`].
    pub fn new(frames: &'a [Frame<'a>; 3]) -> Self {
        Self {
            frames,
            counts: Counts::default(),
            groups: Groups::default(),
            reds: Reds::default(),
            wrong_alike: Tally::default(),
            noise: Tally::default(),
            broken: Tally::default(),
            latencies: Latencies::default(),
        }
    }

    /// Adds one case.
    pub fn take(&mut self, triple: &Triple) {
        self.counts.cases += 1;
        self.counts.exchanges += triple.runs.iter().map(|run| run.exchanges.len() as u64).sum::<u64>();
        let mut sum = CaseSum::default();
        for turn in &triple.case.calls {
            let said = triple.runs.each_ref().map(|run| Said::of(run, &turn.id).spoken());
            let [Some(a), Some(again), Some(b)] = said else {
                sum.broken = self.broken_at(triple, &turn.id);
                break;
            };
            self.counts.calls += 1;
            self.latencies.note([a, again, b]);
            if !self.turn(triple, turn, &mut sum) {
                break;
            }
        }
        self.count(sum);
    }

    fn count(&mut self, sum: CaseSum) {
        let counts = &mut self.counts;
        counts.wrong_alike += u64::from(sum.wrong_alike);
        let which = match (sum.worst, &sum.broken) {
            (Some(Seriousness::Wrong), _) => &mut counts.wrong,
            (Some(Seriousness::Either), _) => &mut counts.either,
            (Some(Seriousness::Noise), _) => &mut counts.noise,
            (None, Some(broken)) if broken.left_out => &mut counts.left_out,
            (None, Some(_)) => &mut counts.inconclusive,
            (None, None) => &mut counts.alike,
        };
        *which += 1;
        if let (None, Some(broken)) = (sum.worst, sum.broken) {
            self.broken.add(broken.why);
        }
    }

    /// One call that all three answered. Tells whether what comes after it is still the same question to all.
    fn turn(&mut self, triple: &Triple, turn: &Turn, sum: &mut CaseSum) -> bool {
        let seen = |pass: Pass| Seen::of(triple.run(pass), &turn.id, self.frame(pass));
        let (Some(a), Some(again), Some(b)) = (seen(Pass::A), seen(Pass::Again), seen(Pass::B)) else { return false };
        let (noise, mut found) = (between(&a, &again), between(&a, &b));
        let spot = Spot { triple, call: &turn.id, operation: &turn.call.operation };
        self.noise(spot, &noise, [&a, &again], sum);
        // Whatever A says, it is permitted; what B alone says is not.
        let only_b_is_wrong = b.is_wrong() && !a.is_wrong() && !again.is_wrong();
        if noise.split.is_some() && !only_b_is_wrong {
            return false;
        }
        found.unlike.retain(|own| noise.unlike.iter().all(|noisy| noisy.place != own.place));
        self.found(spot, found, [&a, &b], sum);
        // After other answers the targets may have become something else, and every difference would follow from it.
        noise.split.is_none() && a.class() == b.class()
    }

    /// Notes how A differs from itself.
    fn noise(&mut self, spot: Spot<'_>, noise: &Between, seen: [&Seen<'_>; 2], sum: &mut CaseSum) {
        for unlike in &noise.unlike {
            self.groups.noisy_place(spot.operation, &unlike.place);
        }
        if noise.split.is_some() {
            sum.show(Seriousness::Noise);
            let answers = seen.map(|own| Column::new(own, self.frame(Pass::A)).answer);
            self.noise.add(format!("{}: {} and {}", spot.operation, answers[0], answers[1]));
            self.groups.noisy_answer(spot.operation, answers);
        }
    }

    /// Notes how B differs from A.
    fn found(&mut self, spot: Spot<'_>, found: Between, seen: [&Seen<'_>; 2], sum: &mut CaseSum) {
        let [a, b] = seen;
        let columns = [Column::new(a, self.frame(Pass::A)), Column::new(b, self.frame(Pass::B))];
        if let (true, Some(divergence)) = (found.wrong_alike, a.spoken.divergence()) {
            sum.wrong_alike = true;
            self.wrong_alike.add(divergence.signature());
        }
        match found.split {
            None => {}
            Some(Right::Either) => {
                self.groups.answers(spot, columns.clone(), !sum.is_wrong());
                sum.show(Seriousness::Either);
            }
            Some(right) => {
                self.reds.note(right, spot, seen, !sum.is_wrong());
                sum.show(Seriousness::Wrong);
            }
        }
        for unlike in found.unlike {
            self.groups.place(spot, columns.clone(), unlike);
        }
    }

    const fn frame(&self, pass: Pass) -> &'a Frame<'a> {
        &self.frames[pass as usize]
    }

    /// Why a case cannot be compared from this call on; none where it had ended in all three passes alike.
    fn broken_at(&self, triple: &Triple, call: &str) -> Option<Broken> {
        let is_over = |pass: Pass| matches!(triple.run(pass).verdict, Verdict::Conforms { .. } | Verdict::Diverges(_));
        let said = |pass: Pass| Said::of(triple.run(pass), call);
        if Pass::ALL.into_iter().all(|pass| matches!(said(pass), Said::Nothing) && is_over(pass)) {
            return None;
        }
        let pass = Pass::ALL.into_iter().find(|pass| said(*pass).spoken().is_none()).unwrap_or(Pass::A);
        let verdict = &triple.run(pass).verdict;
        let why = if is_over(pass) { "the case had ended before".to_owned() } else { in_words(verdict) };
        let left_out = matches!(verdict, Verdict::Skipped(_) | Verdict::Unsupported(_) | Verdict::Unmodelled(_));
        Some(Broken { left_out, why: format!("{}: {}", pass.name(), self.frame(pass).safe(&why)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixture::{Says, against, compared, ok, triple};

    const ONE: Counts = Counts {
        cases: 1,
        calls: 1,
        exchanges: 3,
        wrong: 0,
        either: 0,
        noise: 0,
        inconclusive: 0,
        left_out: 0,
        alike: 0,
        wrong_alike: 0,
    };

    fn check(triple: Triple, counts: Counts) {
        compared(&[triple], |comparison| assert_eq!(comparison.counts, counts));
    }

    #[test]
    fn the_same_answers_are_alike() {
        check(against(0, &[], &ok(), &ok()), Counts { alike: 1, ..ONE });
    }

    #[test]
    fn who_is_outside_of_the_model_is_wrong() {
        let accepts = ok().wrong_at(&["status"]);
        let refuses = Says::right(412, &[]);
        check(against(0, &[], &refuses, &accepts), Counts { wrong: 1, ..ONE });
        check(against(0, &[], &accepts, &refuses), Counts { wrong: 1, ..ONE });
        let other = Says::right(500, &[]).wrong_at(&["status"]);
        check(against(0, &[], &accepts, &other), Counts { wrong: 1, ..ONE });
    }

    #[test]
    fn both_wrong_in_the_same_way_is_no_difference() {
        let accepts = ok().wrong_at(&["status"]);
        check(against(0, &[], &accepts, &accepts), Counts { alike: 1, wrong_alike: 1, ..ONE });
    }

    #[test]
    fn both_wrong_at_one_place_with_other_values_is_a_difference() {
        let wrong = |size| Says::right(200, &[("x-size", size)]).wrong_at(&["header x-size"]);
        check(against(0, &[], &wrong("10"), &wrong("20")), Counts { wrong: 1, ..ONE });
        check(against(0, &[], &wrong("10"), &wrong("10")), Counts { alike: 1, wrong_alike: 1, ..ONE });
    }

    #[test]
    fn two_permitted_answers_are_a_difference_and_nobody_is_wrong() {
        check(against(0, &[], &ok(), &Says::right(204, &[])), Counts { either: 1, ..ONE });
    }

    #[test]
    fn no_answer_is_neither_a_difference_nor_agreement() {
        let unclear = Counts { calls: 0, inconclusive: 1, ..ONE };
        check(against(0, &[], &ok(), &Says::silence()), unclear);
        check(against(0, &[], &Says::silence(), &Says::silence()), unclear);
        let (ok, silence) = ([ok()], [Says::silence()]);
        check(triple(0, &[], [&ok, &silence, &ok]), unclear);
    }

    #[test]
    fn what_a_says_now_and_then_is_noise_until_b_alone_is_wrong() {
        let (ok, other, accepts) = ([ok()], [Says::right(204, &[])], [ok().wrong_at(&["status"])]);
        for b in [&ok, &other, &[Says::right(206, &[])]] {
            check(triple(0, &[], [&ok, &other, b]), Counts { noise: 1, ..ONE });
        }
        check(triple(0, &[], [&ok, &other, &accepts]), Counts { wrong: 1, ..ONE });
        check(triple(0, &[], [&ok, &accepts, &other]), Counts { noise: 1, ..ONE });
    }

    #[test]
    fn after_other_answers_nothing_more_is_compared() {
        let (a, b) = ([ok(), ok()], [Says::right(204, &[]), ok().wrong_at(&["status"])]);
        check(triple(0, &[], [&a, &a, &b]), Counts { either: 1, exchanges: 6, ..ONE });
        let wrong_header = [ok().wrong_at(&["header x"]), ok()];
        check(triple(0, &[], [&a, &a, &wrong_header]), Counts { wrong: 1, calls: 2, exchanges: 6, ..ONE });
    }

    #[test]
    fn a_tally_is_bounded() {
        let mut tally = Tally::default();
        (0..TALLY_MAX + 3).for_each(|kind| tally.add(kind.to_string()));
        tally.add("0".into());
        assert_eq!((tally.kinds.len(), tally.others, tally.kinds["0"]), (TALLY_MAX, 3, 2));
    }
}
