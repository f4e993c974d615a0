//! From diverging cases to findings: confirm, make small, group.

use std::collections::BTreeMap;
use std::time::Instant;

use plumb_generator::localise::{Passed, Shown};
use plumb_generator::minimise::minimise;
use plumb_generator::workflows::{WORKFLOWS, about_last_call};
use plumb_model::api::Api;
use plumb_model::call::{Call, Case};
use plumb_model::value::Value;
use plumb_validator::case_run::CaseRun;
use plumb_validator::curl;
use plumb_validator::finding::{CONFIRMATIONS, Finding};
use plumb_validator::journal::Made;
use plumb_validator::verdict::{Divergence, Kind, NO_ANSWER, Verdict};

use crate::engine::{Done, Engine, Worker, in_words};
use crate::events::Event;
use crate::hang_up::{Looked, look};

/// The most diverging cases that are kept for each coarse signature; more are only counted.
pub const KEPT_PER_SIGNATURE_MAX: usize = 200;
/// The most findings that are made small for each coarse signature.
pub const FINDINGS_PER_SIGNATURE_MAX: usize = 8;
/// The most candidates that are tried while one case is made small.
pub const MINIMISE_TRIES_MAX: usize = 120;
/// The most cases that are tried while the cause of one failure is held against others.
pub const LOCALISE_TRIES_MAX: usize = 24;
/// The first number of the runs that confirm and make small.
pub const FIRST_SEQUENCE: u64 = 1_000_000;

/// Why nothing more is found out once the target is gone.
const DEAD: &str = "the target died, and nothing could be confirmed";

/// Whether a case that failed as before, in this run, is still the one in question.
pub type Still<'a> = dyn FnMut(&Case, &CaseRun) -> bool + 'a;

/// How an investigation goes about its work.
pub struct Terms<'a> {
    /// When no further case is looked into.
    pub deadline: Instant,
    /// The number of its first run; no other run against the target may have it or one after it.
    pub first_sequence: u64,
    /// What a case must show besides its failure, whether it is confirmed or made smaller.
    pub still: &'a mut Still<'a>,
    /// Findings that were made before, by their coarse signature. One that comes again each time is not made small
    /// again.
    pub earlier: Option<&'a BTreeMap<String, Finding>>,
}

/// Diverging cases, kept until they are looked into.
#[derive(Default)]
pub struct Failures {
    kept: Vec<Failure>,
    by_signature: BTreeMap<String, usize>,
    passed: Passed,
}

/// A case up to a call that diverged.
struct Failure {
    sequence: u64,
    /// Whether the verdict on the case is due to it.
    is_first: bool,
    case: Case,
    /// The operation that the whole case is about.
    operation: String,
    signature: String,
    cause: Cause,
    /// Why nothing was said of the case, where that is due to the server's hanging up on this call.
    unsaid: Option<String>,
}

impl Failure {
    /// It is no finding, and why.
    fn unconfirmed(&self, why: String) -> Event {
        Event::Unconfirmed {
            signature: self.signature.clone(),
            case: self.case.id(),
            operation: self.operation.clone(),
            why,
            decides_case: self.is_first,
        }
    }

    /// The server always hangs up here: of a case of which nothing was said, this is to be said.
    fn hung_up(&self) -> Option<Event> {
        let (case, operation) = (self.case.id(), self.operation.clone());
        self.unsaid.clone().map(|unsaid| Event::HungUp { case, operation, unsaid })
    }

    fn is_hang_up(&self) -> bool {
        self.cause.observed == NO_ANSWER
    }

    fn is_workflow(&self) -> bool {
        self.case.origin.suite == WORKFLOWS
    }
}

/// What two divergences have in common that come from one cause.
#[derive(Clone)]
struct Cause {
    /// The operation that the case is about, and the one that diverged.
    operations: (String, String),
    kind: Kind,
    observed: String,
    places: Vec<String>,
}

impl Cause {
    fn of(case: &Case, divergence: &Divergence) -> Self {
        Self {
            operations: (case.origin.operation.clone(), divergence.operation.clone()),
            kind: divergence.kind,
            observed: divergence.observed.class.clone(),
            places: divergence.places(),
        }
    }

    /// Whether both are the same wrong answer. An error with a code says itself what it is; of an answer that
    /// looks like success, the kind and the places must agree as well.
    fn is_like(&self, other: &Self) -> bool {
        let is_error = self.observed.starts_with('4') && self.observed.contains(' ');
        self.observed == other.observed && (is_error || self.kind == other.kind && self.places == other.places)
    }

    /// Whether both are right but for the same places: what is missing everywhere is one cause.
    fn misses_the_same(&self, other: &Self) -> bool {
        self.kind == Kind::WrongHeaderOrBody && other.kind == self.kind && self.places == other.places
    }
}

/// A finding that was made, for holding further failures against.
struct Known {
    id: String,
    signature: String,
    choices: Vec<String>,
    cause: Cause,
    calls: Vec<Call>,
}

impl Known {
    fn new(finding: &Finding, failure: &Failure) -> Self {
        Self {
            id: finding.id.clone(),
            signature: failure.signature.clone(),
            choices: finding.choices.clone(),
            cause: failure.cause.clone(),
            calls: finding.case.calls.iter().map(|turn| turn.call.clone()).collect(),
        }
    }

    /// A finding explains a failure that has at least its choices and the same wrong answer. Where a fault is
    /// not noticed at all, whatever else is answered in its presence has the same cause. Without choices it
    /// explains only what misses the same places or has the very same signature: an empty cause would explain
    /// everything.
    fn explains(&self, failure: &Failure) -> bool {
        let (own, other) = (&self.cause, &failure.cause);
        let unnoticed = own.kind == Kind::AcceptsWhatMustBeRefused;
        let like = !self.choices.is_empty() && (own.is_like(other) || unnoticed);
        // Without an answer nothing is known of a cause but that there was none.
        failure.is_hang_up() == (own.observed == NO_ANSWER)
            && own.operations == other.operations
            && covers(&self.choices, &failure.case.origin.choices)
            && (like || own.misses_the_same(other) || self.signature == failure.signature)
    }

    /// A workflow meets a finding where it fails in the very same way, after calls of the same operations. What a
    /// single call did to find it is not asked: a workflow has another way to the same state.
    fn is_met_by(&self, failure: &Failure) -> bool {
        let mut made = failure.case.calls.iter().map(|turn| &turn.call.operation);
        let mut in_order = || self.calls.iter().all(|call| made.any(|operation| *operation == call.operation));
        failure.is_workflow() && self.signature == failure.signature && in_order()
    }
}

impl Failures {
    /// Keeps a case for each of its divergences.
    pub fn note(&mut self, api: &Api, done: &Done) {
        if matches!(done.run.verdict, Verdict::Conforms { .. }) {
            self.passed.note(api, &done.case);
        }
        for (index, divergence) in done.run.divergences.iter().enumerate() {
            self.note_one(done.sequence, &done.case, divergence, index == 0);
        }
        let unsaid = match &done.run.verdict {
            verdict @ Verdict::Inconclusive(_) => Some(in_words(verdict)),
            _ => None,
        };
        let hang_ups = done.run.hang_ups.iter().filter(|own| own.is_certain || done.died);
        for (index, hang_up) in hang_ups.enumerate() {
            let unsaid = unsaid.clone().filter(|_| index == 0);
            self.keep(done.sequence, &done.case, &hang_up.divergence, (false, unsaid));
        }
    }

    /// Keeps a case for one of its divergences; `is_first` tells whether the verdict on the case is due to it.
    pub fn note_one(&mut self, sequence: u64, case: &Case, divergence: &Divergence, is_first: bool) {
        self.keep(sequence, case, divergence, (is_first, None));
    }

    fn keep(
        &mut self,
        sequence: u64,
        case: &Case,
        divergence: &Divergence,
        (is_first, unsaid): (bool, Option<String>),
    ) {
        let signature = divergence.signature();
        let count = self.by_signature.entry(signature.clone()).or_default();
        *count += 1;
        if *count <= KEPT_PER_SIGNATURE_MAX {
            let operation = case.origin.operation.clone();
            let case = about_last_call(cut_after(case, &divergence.call));
            let why = Cause::of(&case, divergence);
            self.kept.push(Failure { sequence, is_first, case, operation, signature, cause: why, unsaid });
        }
    }

    /// How many divergences were only counted, because enough with their signature were kept.
    pub fn only_counted(&self) -> usize {
        self.by_signature.values().map(|count| count.saturating_sub(KEPT_PER_SIGNATURE_MAX)).sum()
    }

    /// How many coarse signatures there are.
    pub fn len(&self) -> usize {
        self.by_signature.len()
    }

    /// Whether nothing diverged.
    pub fn is_empty(&self) -> bool {
        self.by_signature.is_empty()
    }

    /// Confirms, makes small and groups until `deadline`; each result goes to `on_event`.
    pub fn investigate(
        self,
        engine: &Engine<'_>,
        deadline: Instant,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Vec<Made>, String> {
        let mut terms = Terms { deadline, first_sequence: FIRST_SEQUENCE, still: &mut |_, _| true, earlier: None };
        self.investigate_on(engine, &mut terms, on_event)
    }

    /// The same on other terms.
    pub fn investigate_on(
        mut self,
        engine: &Engine<'_>,
        terms: &mut Terms<'_>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Vec<Made>, String> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        // The simplest case stands for its cause, whichever worker was faster. What may kill the target comes last.
        self.kept.sort_by_key(|failure| {
            let choices = failure.case.origin.choices.len();
            (failure.is_hang_up(), failure.is_workflow(), choices, failure.sequence)
        });
        let worker = engine.worker()?;
        worker.check_alive();
        let (first, earlier) = (terms.first_sequence, terms.earlier);
        let mut search = Search { worker: &worker, sequence: first, still: &mut *terms.still, earlier };
        let mut known: Vec<Known> = Vec::new();
        for failure in &self.kept {
            let of_signature = |own: &&Known| own.signature == failure.signature;
            let spent = known.iter().filter(of_signature).count() >= FINDINGS_PER_SIGNATURE_MAX;
            let explained = known.iter().find(|own| own.explains(failure) || own.is_met_by(failure));
            let event = match explained.or(if spent { known.iter().find(of_signature) } else { None }) {
                Some(own) => Event::SeenAgain { finding: own.id.clone() },
                None if let Some(why) = engine.why_over() => failure.unconfirmed(format!("the run was over: {why}")),
                None if Instant::now() >= terms.deadline => {
                    failure.unconfirmed("no time was left to confirm it".into())
                }
                None if worker.is_over() => failure.unconfirmed(DEAD.into()),
                None if failure.is_hang_up() => {
                    match look(engine, &worker, &failure.case, &self.passed, &mut search.sequence) {
                        Looked::Found(finding) => Event::Found(finding),
                        Looked::Unconfirmed(why) => failure.unconfirmed(why),
                        Looked::Answered => continue,
                    }
                }
                None => investigate_one(engine, failure, &self.passed, &mut search),
            };
            if matches!(event, Event::Found(_) | Event::SeenAgain { .. }) {
                failure.hung_up().into_iter().for_each(&mut *on_event);
            }
            let Event::Found(finding) = event else {
                on_event(event);
                continue;
            };
            let mut new = Known::new(&finding, failure);
            // Two ways to one minimal case are one finding; the second explains what the first does not.
            let is_twin = |own: &&Known| own.id == new.id || own.calls == new.calls && own.signature == new.signature;
            let twin = known.iter().find(is_twin);
            let event = twin.map(|own| own.id.clone()).map_or(Event::Found(finding), |id| {
                new.id.clone_from(&id);
                Event::SeenAgain { finding: id }
            });
            known.push(new);
            on_event(event);
        }
        Ok(worker.into_left())
    }
}

/// Whether a finding with these choices explains a case with those.
pub fn covers(finding: &[String], case: &[String]) -> bool {
    finding.iter().all(|choice| case.contains(choice))
}

/// The case without what comes after a call.
pub(crate) fn cut_after(case: &Case, call: &str) -> Case {
    let mut case = case.clone();
    if let Some(place) = case.calls.iter().position(|turn| turn.id == call) {
        case.calls.truncate(place + 1);
    }
    case
}

/// Runs cases again under numbers of their own.
struct Search<'s, 'w, 'e> {
    worker: &'s Worker<'w, 'e>,
    sequence: u64,
    still: &'s mut Still<'s>,
    earlier: Option<&'s BTreeMap<String, Finding>>,
}

impl Search<'_, '_, '_> {
    /// The finding that was made of such a failure before, where it still comes every time.
    fn known(&mut self, engine: &Engine<'_>, failure: &Failure) -> Option<Box<Finding>> {
        let known = self.earlier?.get(&failure.signature).filter(|_| failure.cause.kind != Kind::OwnExpectation)?;
        let again = confirm(self.worker, &failure.signature, &known.case, &mut self.sequence);
        let finding = again.finding(engine, &known.case).filter(|_| again.reproduced == CONFIRMATIONS)?;
        Some(Box::new(Finding { cause: known.cause.clone(), ..*finding }))
    }

    /// What a case shows of a failure, and whether it is still the one in question.
    fn shown(&mut self, case: &Case, signature: &str) -> Shown {
        self.sequence += 1;
        let run = self.worker.run_alone(case, self.sequence);
        if same_failure(&run, case, signature).is_some() && (self.still)(case, &run) {
            return Shown::Same;
        }
        if matches!(run.verdict, Verdict::Conforms { .. }) { Shown::Nothing } else { Shown::Else }
    }
}

fn investigate_one(engine: &Engine<'_>, failure: &Failure, passed: &Passed, search: &mut Search<'_, '_, '_>) -> Event {
    if let Some(finding) = search.known(engine, failure) {
        return Event::Found(finding);
    }
    let Failure { case, signature, .. } = failure;
    let first = confirm(search.worker, signature, case, &mut search.sequence);
    if search.worker.is_over() {
        return failure.unconfirmed(DEAD.into());
    }
    if first.reproduced == 0 {
        return failure.unconfirmed(format!("seen once, not in {CONFIRMATIONS} more runs"));
    }
    // A server that fails now and then is a question of availability, not of conformance.
    if failure.cause.kind == Kind::ServerError && first.reproduced < CONFIRMATIONS {
        return failure.unconfirmed(format!("the server failed in {} of {CONFIRMATIONS} more runs", first.reproduced));
    }
    // What a case itself expects rests on all that it did before: without a part of it, it would expect something else.
    if failure.cause.kind == Kind::OwnExpectation {
        let finding = first.finding(engine, case);
        return finding.map_or_else(|| failure.unconfirmed("it stopped to come again".into()), Event::Found);
    }
    let mut shown = |candidate: &Case| search.shown(candidate, signature);
    let small = minimise(engine.api, case, passed, MINIMISE_TRIES_MAX, &mut shown);
    let of_row = small.of_row.as_ref().filter(|_| first.reproduced == CONFIRMATIONS);
    let localised = of_row.and_then(|own| own.cause(engine.api, passed, LOCALISE_TRIES_MAX, &mut shown));
    let confirmed = confirm(search.worker, signature, &small.case, &mut search.sequence);
    // A case that fails only now and then may be cut too far; then the whole one stands.
    let small_stands = confirmed.reproduced >= first.reproduced;
    let (case, confirmed) = if small_stands { (&small.case, confirmed) } else { (case, first) };
    let Some(mut finding) = confirmed.finding(engine, case) else {
        return failure.unconfirmed("it stopped to come again".into());
    };
    finding.cause = localised;
    Event::Found(finding)
}

/// A failing case, run again.
pub(crate) struct Confirmed {
    reproduced: u32,
    shown: Option<(CaseRun, Divergence)>,
    request_ids: Vec<String>,
}

impl Confirmed {
    /// The finding; none where the failure never came again.
    pub(crate) fn finding(&self, engine: &Engine<'_>, case: &Case) -> Option<Box<Finding>> {
        let (run, divergence) = self.shown.as_ref()?;
        let mut finding = finding(engine, case, run, divergence);
        finding.reproduced = format!("{}/{CONFIRMATIONS}", self.reproduced);
        finding.request_ids.clone_from(&self.request_ids);
        Some(Box::new(finding))
    }
}

/// Runs a failing case again, as often as a finding tells.
pub(crate) fn confirm(worker: &Worker<'_, '_>, signature: &str, case: &Case, sequence: &mut u64) -> Confirmed {
    let mut confirmed = Confirmed { reproduced: 0, shown: None, request_ids: Vec::new() };
    for _ in 0..CONFIRMATIONS {
        *sequence += 1;
        let run = worker.run_alone(case, *sequence);
        if let Some(divergence) = same_failure(&run, case, signature).cloned() {
            confirmed.reproduced += 1;
            confirmed.request_ids.extend(divergence.request_id.clone());
            confirmed.shown = Some((run, divergence));
        }
    }
    confirmed
}

/// The same divergence at the last call of the case.
fn same_failure<'r>(run: &'r CaseRun, case: &Case, signature: &str) -> Option<&'r Divergence> {
    let last = case.calls.last().map(|turn| turn.id.as_str());
    let same = |own: &&Divergence| Some(own.call.as_str()) == last && own.signature() == signature;
    run.divergences.iter().find(same)
}

/// The finding of a case that was run last as `run`, with the commands that show it.
pub(crate) fn finding(engine: &Engine<'_>, case: &Case, run: &CaseRun, divergence: &Divergence) -> Finding {
    let mut finding = Finding::new(case.clone(), run, divergence);
    if is_fixed(case) {
        let base = format!("{}://{}", engine.target.scheme, engine.target.authority);
        let exchanges = run.provisioned.iter().chain(&run.exchanges);
        finding.curl = curl::commands(&*engine.api.wire, &base, &engine.target.region, case, exchanges);
    }
    finding
}

/// Whether the case sends the same bytes at any time: nothing that the server chose, nothing that the clock told.
fn is_fixed(case: &Case) -> bool {
    case.calls.iter().flat_map(|turn| turn.call.arguments.values()).all(Value::is_fixed)
}
