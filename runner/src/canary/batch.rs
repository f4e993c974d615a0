//! A slot of generated cases: on threads of its own, as `plumb conform` runs them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_validator::journal::Made;
use plumb_validator::verdict::Verdict;

use crate::canary::duty::Suite;
use crate::canary::findings::{Keeper, investigate};
use crate::canary::play::{REJECTED, Stage};
use crate::capabilities::{Survey, survey_of};
use crate::cli::CasesArgs;
use crate::engine::{Budget, Engine, is_alive, lock};
use crate::events::{CasesOf, Event, RunEnded};
use crate::investigate::Failures;
use crate::report::Report;
use crate::run::{done_events, send, started, told};

/// The most findings of earlier slots that a slot looks at again before anything else.
const KNOWN_MAX: usize = 20;
/// How long it is believed what a target implements.
const SURVEY_MAX_AGE: Duration = Duration::from_hours(1);

/// What a slot of generated cases came to.
pub(super) struct Batch {
    /// The report that `plumb conform` makes, too.
    pub report: Report,
    /// What could not be removed.
    pub left: usize,
    /// Whether the target rejects who we are.
    pub rejected: Option<String>,
    /// Findings of earlier slots that are no more to be seen.
    pub fixed: Vec<String>,
    /// Whether the kill switch or a budget kept anything back.
    pub is_kept_back: bool,
}

/// What a target was found to have, and when.
#[derive(Default)]
pub struct Surveyed(Mutex<Option<(Instant, Arc<Survey<'static>>)>>);

impl Surveyed {
    /// What it has, found out anew where that is long ago.
    fn of(&self, api: &'static Api, engine: &Engine<'_>, arguments: &CasesArgs) -> Arc<Survey<'static>> {
        let mut known = lock(&self.0);
        if let Some((_, survey)) = known.as_ref().filter(|(at, _)| at.elapsed() < SURVEY_MAX_AGE) {
            return Arc::clone(survey);
        }
        let survey = Arc::new(survey_of(api, engine, &arguments.operations, arguments.workers.into()));
        // One that could not be finished says nothing of the next slot.
        *known = survey.early.is_none().then(|| (Instant::now(), Arc::clone(&survey)));
        survey
    }
}

impl Stage<'_> {
    /// Runs the cases of the slot, confirms what diverges, and adds up.
    pub(super) fn run_cases(self, suite: &Suite) -> Result<Batch, String> {
        let (duty, began) = (self.duty, Instant::now());
        let connect = || duty.site.wires.open(duty.task.is_fresh, &self.seen);
        let engine = Engine::new(duty.site.api, &self.target, &self.run, &connect).bound_by(&duty.site.bounds);
        let engine = match &self.journal {
            Some(journal) => engine.noting_in(journal),
            None => engine,
        };
        let mut report = self.report(suite);
        let alive = engine.with_context(async |context| is_alive(context).await)?;
        let rejected = alive.as_ref().err().filter(|why| why.contains(REJECTED)).cloned();
        let (mut left, mut fixed) = (Vec::new(), Vec::new());
        let early = match alive {
            Err(why) => Some(why),
            Ok(()) => self.go(&engine, suite, &mut report, (&mut left, &mut fixed)),
        };
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let resources_left = left.iter().map(told).collect();
        report.apply(&Event::RunEnded(RunEnded { early, resources_left, duration_ms, ..RunEnded::default() }));
        let is_kept_back = engine.kept_back().is_some();
        drop(engine);
        if let Some(journal) = self.journal.filter(|_| left.is_empty()).and_then(Arc::into_inner) {
            journal.finish_clean().map_err(|error| error.to_string())?;
        }
        Ok(Batch { report, left: left.len(), rejected, fixed, is_kept_back })
    }
    /// Sends what is due, and looks into what diverges; tells why it ended early, where it did.
    fn go(
        &self,
        engine: &Engine<'_>,
        suite: &Suite,
        report: &mut Report,
        (left, fixed): (&mut Vec<Made>, &mut Vec<String>),
    ) -> Option<String> {
        let duty = self.duty;
        let survey = duty.surveyed.of(duty.site.api, engine, &suite.arguments);
        report.apply(&Event::Capabilities { checked: survey.checked.clone() });
        let remaining = self.deadline.saturating_duration_since(Instant::now());
        let budget = suite.arguments.budget.unwrap_or_default();
        let time = Some(budget.time.map_or(remaining, |time| time.min(remaining)));
        let arguments = CasesArgs { budget: Some(Budget { time, ..budget }), ..suite.arguments.clone() };
        let (mut failures, taken, mut reached) = (Failures::default(), AtomicUsize::new(0), 0);
        // What was found before comes first: a finding stays red until it is gone, wherever the suite stands.
        let known: Vec<(String, Case)> =
            lock(&duty.known).values().take(KNOWN_MAX).map(|own| (own.id.clone(), own.case.clone())).collect();
        let mut gone: BTreeSet<String> = BTreeSet::new();
        let first = known.iter().map(|(_, case)| case.clone());
        let cases = first.chain(from(&suite.cases, duty.next_case(), &taken));
        let (ended, _) = send(engine, &arguments, cases, &survey, &mut |done| {
            // What was not sent is told last, when the others have been counted, too.
            if !done.run.exchanges.is_empty() {
                reached = taken.load(Ordering::Relaxed);
            }
            if matches!(done.run.verdict, Verdict::Conforms { .. }) {
                gone.insert(done.case.id());
            }
            failures.note(engine.api, done);
            done_events(engine, done).for_each(|event| report.apply(&event));
        });
        duty.went_on(reached, suite.cases.len());
        left.extend(ended.left);
        let is_gone = |(id, case): &(String, Case)| gone.contains(&case.id()).then(|| id.clone());
        fixed.extend(known.iter().filter_map(is_gone));
        lock(&duty.known).retain(|_, own| !fixed.contains(&own.id));
        let (mut keeper, deadline) = (Keeper::new(duty, self.run.as_str()), Instant::now() + self.timeout);
        let stayed = investigate(duty, engine, failures, deadline, &mut |mut event| {
            keeper.keep(&mut event);
            report.apply(&event);
        });
        match stayed {
            Ok(stayed) => left.extend(stayed),
            Err(why) => return Some(why),
        }
        ended.early.or_else(|| keeper.error.map(|error| error.to_string()))
    }

    fn report(&self, suite: &Suite) -> Report {
        let cases = CasesOf {
            operations: suite.arguments.operations.clone(),
            strength: suite.arguments.strength.unwrap_or(1),
            workflows: suite.arguments.workflows.unwrap_or(0),
            shard: None,
            weights: None,
            seeds: None,
        };
        Report::new(started(self.duty.site.api, &self.duty.site.selected, suite.arguments.seed, cases, &self.run))
    }
}

/// Every case once, from the one at `first` on, and how many of them were taken.
fn from<'c>(cases: &'c [Case], first: usize, taken: &'c AtomicUsize) -> impl Iterator<Item = Case> + Send + 'c {
    let in_order = cases[first.min(cases.len())..].iter().chain(&cases[..first.min(cases.len())]);
    in_order.inspect(|_| _ = taken.fetch_add(1, Ordering::Relaxed)).cloned()
}
