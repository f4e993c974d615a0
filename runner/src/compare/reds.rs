//! Differences in which somebody is wrong: confirmed, made small, grouped, each with who is right.

use std::cell::Cell;
use std::time::Instant;

use plumb_model::call::Case;
use plumb_validator::case_run::CaseRun;
use plumb_validator::finding::Finding;
use plumb_validator::journal::Made;
use serde::Serialize;

use crate::compare::between::{Right, Seen, between};
use crate::compare::groups::{Column, Spot};
use crate::compare::passes::Pass;
use crate::compare::places::Frame;
use crate::engine::{Engine, Worker};
use crate::events::Event;
use crate::investigate::{FIRST_SEQUENCE, Failures, Terms, confirm};

/// The first number of the runs in which neither is right; other investigations of the same target come before.
const FIRST_OF_NEITHER: u64 = 2 * FIRST_SEQUENCE;
/// The first number of the runs against the target that is only asked as a witness.
const FIRST_OF_WITNESS: u64 = 3 * FIRST_SEQUENCE;

/// A target that is wrong, with what shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Wrong {
    /// Which one.
    pub pass: Pass,
    /// What it does wrong, confirmed and made small.
    pub finding: Finding,
}

/// All differences with the same cause in which somebody is wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Red {
    /// Who is right.
    pub right: Right,
    /// Who is wrong: one, or B and then A.
    pub wrong: Vec<Wrong>,
    /// What the one that is right answers to the minimal case; none where neither is.
    pub answers: Option<Column>,
    /// How many cases show it.
    pub count: u64,
    /// Who answers for it, where all that is wrong in it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<String>,
}

/// What an investigation tells.
pub enum News {
    /// A difference was confirmed and made small.
    Found(Box<Red>),
    /// Another case shows a known one.
    SeenAgain {
        /// Who is right in it.
        right: Right,
        /// The id of its first finding.
        finding: String,
    },
    /// It did not come again, or could not be looked into.
    Unconfirmed {
        /// The signature of the divergence.
        signature: String,
        /// Why nothing stands for it.
        why: String,
        /// Whether the case counted because of it.
        decides_case: bool,
    },
}

/// Differences, kept until they are looked into, by who is right.
#[derive(Default)]
pub struct Reds {
    a_right: Failures,
    b_right: Failures,
    neither: Failures,
}

impl Reds {
    /// Keeps a difference between A and B; `decides` tells whether the case counts because of it.
    pub fn note(&mut self, right: Right, spot: Spot<'_>, [a, b]: [&Seen<'_>; 2], decides: bool) {
        let (failures, wrong) = match right {
            Right::A => (&mut self.a_right, b),
            Right::B => (&mut self.b_right, a),
            Right::Neither => (&mut self.neither, b),
            Right::Either => return,
        };
        if let Some(divergence) = wrong.spoken.divergence() {
            failures.note_one(spot.triple.sequence, &spot.triple.case, divergence, decides);
        }
    }

    /// How many signatures there are.
    pub fn kinds(&self) -> usize {
        self.a_right.len() + self.b_right.len() + self.neither.len()
    }

    /// How many differences are beyond what is looked into.
    pub fn only_counted(&self) -> usize {
        self.a_right.only_counted() + self.b_right.only_counted() + self.neither.only_counted()
    }

    /// Confirms, makes small and groups until `deadline`; each result goes to `on_news`. Tells what stayed.
    pub fn investigate(
        self,
        sides: &[Side<'_, '_>; 2],
        deadline: Instant,
        on_news: &mut dyn FnMut(News),
    ) -> Result<Vec<(Pass, Made)>, String> {
        let [a, b] = sides;
        let inquiries = [
            (self.a_right, Inquiry { right: Right::A, wrong: b, other: a, first_sequence: FIRST_SEQUENCE }),
            (self.b_right, Inquiry { right: Right::B, wrong: a, other: b, first_sequence: FIRST_SEQUENCE }),
            (self.neither, Inquiry { right: Right::Neither, wrong: b, other: a, first_sequence: FIRST_OF_NEITHER }),
        ];
        let mut left = Vec::new();
        for (failures, inquiry) in inquiries {
            if !failures.is_empty() {
                left.extend(inquiry.run(failures, deadline, on_news)?);
            }
        }
        Ok(left)
    }
}

/// One of the two targets.
pub struct Side<'s, 'e> {
    /// Which one.
    pub pass: Pass,
    /// Runs its cases.
    pub engine: &'s Engine<'e>,
    /// Reads its answers.
    pub frame: &'s Frame<'s>,
    /// The next number of its runs as a witness.
    next: Cell<u64>,
}

impl<'s, 'e> Side<'s, 'e> {
    /// A side that was no witness yet.
    pub const fn new(pass: Pass, engine: &'s Engine<'e>, frame: &'s Frame<'s>) -> Self {
        Self { pass, engine, frame, next: Cell::new(FIRST_OF_WITNESS) }
    }
}

/// An investigation of those differences in which the same target is right.
struct Inquiry<'i, 's, 'e> {
    right: Right,
    wrong: &'i Side<'s, 'e>,
    /// The other target, asked about the same cases.
    other: &'i Side<'s, 'e>,
    first_sequence: u64,
}

impl Inquiry<'_, '_, '_> {
    fn run(
        &self,
        failures: Failures,
        deadline: Instant,
        on_news: &mut dyn FnMut(News),
    ) -> Result<Vec<(Pass, Made)>, String> {
        let witness = self.other.engine.worker()?;
        let mut still = |case: &Case, run: &CaseRun| self.is_same_question(case, run, &self.ask(&witness, case));
        let mut terms = Terms { deadline, first_sequence: self.first_sequence, still: &mut still, earlier: None };
        let stayed = failures.investigate_on(self.wrong.engine, &mut terms, &mut |event| {
            if let Some(news) = self.news(&witness, event) {
                on_news(news);
            }
        })?;
        let of_wrong = stayed.into_iter().map(|own| (self.wrong.pass, own));
        Ok(of_wrong.chain(witness.into_left().into_iter().map(|own| (self.other.pass, own))).collect())
    }

    fn ask(&self, witness: &Worker<'_, '_>, case: &Case) -> CaseRun {
        self.other.next.set(self.other.next.get() + 1);
        witness.run_alone(case, self.other.next.get())
    }

    /// Whether the last call of the case still shows a difference in which the same target is right.
    fn is_same_question(&self, case: &Case, wrong: &CaseRun, other: &CaseRun) -> bool {
        let Some(last) = case.calls.last() else { return false };
        let seen = |run, side: &Side<'_, '_>| Seen::of(run, &last.id, side.frame);
        match (seen(wrong, self.wrong), seen(other, self.other)) {
            (Some(wrong), Some(other)) => {
                let (a, b) = if self.wrong.pass == Pass::A { (&wrong, &other) } else { (&other, &wrong) };
                between(a, b).split == Some(self.right)
            }
            _ => false,
        }
    }

    fn news(&self, witness: &Worker<'_, '_>, event: Event) -> Option<News> {
        match event {
            Event::Found(finding) => Some(self.red(witness, *finding)),
            Event::SeenAgain { finding } => Some(News::SeenAgain { right: self.right, finding }),
            Event::Unconfirmed { signature, why, decides_case, .. } => {
                Some(News::Unconfirmed { signature, why, decides_case })
            }
            // What a run tells of itself, and of calls without an answer, which are no difference.
            _ => None,
        }
    }

    /// The difference that a finding shows, once the other target was asked about the minimal case.
    fn red(&self, witness: &Worker<'_, '_>, finding: Finding) -> News {
        let Some((answers, second)) = self.testimony(witness, &finding.case) else {
            let why = format!("{} no longer answers the minimal case otherwise", self.other.pass.name());
            return News::Unconfirmed { signature: finding.signature, why, decides_case: true };
        };
        let mut wrong = vec![Wrong { pass: self.wrong.pass, finding }];
        wrong.extend(second);
        News::Found(Box::new(Red { right: self.right, wrong, answers, count: 1, accepted_by: None }))
    }

    /// What the other target answers to the minimal case, where it is right; or else what it does wrong there.
    fn testimony(&self, witness: &Worker<'_, '_>, case: &Case) -> Option<(Option<Column>, Option<Wrong>)> {
        let run = self.ask(witness, case);
        let seen = Seen::of(&run, &case.calls.last()?.id, self.other.frame)?;
        match (self.right, seen.spoken.divergence()) {
            (Right::Neither, Some(own)) => Some((None, Some(self.second(witness, case, &own.signature())?))),
            (Right::Neither, None) | (_, Some(_)) => None,
            (_, None) => Some((Some(Column::new(&seen, self.other.frame)), None)),
        }
    }

    /// What the other target does wrong in the same minimal case.
    fn second(&self, witness: &Worker<'_, '_>, case: &Case, signature: &str) -> Option<Wrong> {
        let mut sequence = self.other.next.get();
        let confirmed = confirm(witness, signature, case, &mut sequence);
        self.other.next.set(sequence);
        let finding = confirmed.finding(self.other.engine, case)?;
        Some(Wrong { pass: self.other.pass, finding: *finding })
    }
}
