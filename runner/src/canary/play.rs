//! A slot of features: scenario after scenario on one thread, where other slots are under way too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_canary::work::Terms;
use plumb_model::bodies::Bodies;
use plumb_steps::executor::{Setting, play};
use plumb_steps::played::{Outcome, Played};
use plumb_validator::clock::SystemClock;
use plumb_validator::guard::Guard;
use plumb_validator::journal::{Journal, Made};
use plumb_validator::names::RunId;
use plumb_validator::pool::{Pool, PoolTerms};
use plumb_validator::session::Context;
use plumb_validator::target::Target;

use crate::canary::duty::Duty;
use crate::canary::findings::{Keeper, investigate};
use crate::canary::seen::{Seen, Trace};
use crate::engine::{Engine, is_alive};
use crate::error::Exit;
use crate::events::{EVENTS_SCHEMA, Event, TestsEnded, TestsStarted};
use crate::features::{is_final, to_look_into};
use crate::investigate::Failures;
use crate::report::features::FeatureReport;
use crate::run::begin_journal;

/// What a slot of features came to.
pub(super) struct Features {
    /// The report that `plumb test` makes, too.
    pub report: FeatureReport,
    /// What could not be removed.
    pub left: usize,
    /// Whether the target rejects who we are.
    pub rejected: Option<String>,
    /// Findings of earlier slots that are no more to be seen.
    pub fixed: Vec<String>,
    /// Whether the kill switch or a budget kept anything back.
    pub is_kept_back: bool,
}

/// One slot in progress.
pub(super) struct Stage<'d> {
    pub duty: &'d Arc<Duty>,
    pub target: Target,
    pub run: RunId,
    pub guard: Guard,
    pub journal: Option<Arc<Journal>>,
    pub timeout: Duration,
    pub deadline: Instant,
    pub seen: Arc<Seen>,
}

impl<'d> Stage<'d> {
    /// The stage of a slot that takes at most `timeout`.
    ///
    /// # Errors
    /// Where nothing can be journalled: then nothing may be created.
    pub(super) fn open(duty: &'d Arc<Duty>, terms: Terms, trace: Trace) -> Result<Self, String> {
        let (timeout, writes) = (terms.timeout, duty.task.writes && !terms.read_only);
        let (target, run) = (duty.target(timeout, writes), trace.run.clone());
        let guard = Guard::new(&run, &target).bound_by(&duty.site.bounds);
        // A canary that only reads creates nothing, and most do.
        let journal = if writes {
            let journal = begin_journal(duty.site.api, &duty.site.selected, &run).map_err(|error| error.to_string())?;
            Some(Arc::new(journal))
        } else {
            None
        };
        let seen = Arc::new(Seen::new(trace, duty.site.wanted.clone()));
        Ok(Self { duty, target, run, guard, journal, timeout, deadline: Instant::now() + timeout, seen })
    }

    /// Plays the scenarios of the slot, confirms what diverges, and adds up.
    pub(super) async fn play(self) -> Result<Features, String> {
        let (duty, began) = (self.duty, Instant::now());
        let transport = duty.site.wires.open(duty.task.is_fresh, &self.seen)?;
        let bodies = Bodies::new();
        let context = Context {
            api: duty.site.api,
            target: &self.target,
            transport: &*transport,
            run: &self.run,
            guard: &self.guard,
            journal: self.journal.as_deref(),
            clock: &SystemClock,
            target_clock: &duty.site.clock,
            bodies: &bodies,
        };
        let pool = Pool::new(&self.target, PoolTerms::default(), duty.site.selected.pool.clone());
        let pool = pool.counting_in(&duty.site.leases);
        let mut report = FeatureReport::new(self.started());
        report.again = format!("--api {}{}", duty.site.api.name, duty.site.options);
        let (mut left, failed, unplayed) = self.play_all(&context, &pool, &mut report).await;
        let emptied = pool.close(&context).await;
        left.extend(emptied.made);
        let rejected = self.rejected(&context, &report).await;
        let mut stayed = left.len() + emptied.parts.len();
        if !failed.is_empty() && rejected.is_none() {
            stayed += self.look_into(failed, &mut report).await?;
        }
        let kept_back = self.guard.kept_back().map(|(_, why)| why);
        let is_kept_back = kept_back.is_some();
        let early = (unplayed > 0).then(|| "the slot's time ran out".to_owned()).or(kept_back);
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let ended = TestsEnded { early, scenarios_left: unplayed, duration_ms, ..TestsEnded::default() };
        report.apply(&Event::TestsEnded(ended));
        if let Some(journal) = self.journal.filter(|_| stayed == 0).and_then(Arc::into_inner) {
            journal.finish_clean().map_err(|error| error.to_string())?;
        }
        let is_whole = report.exit() == Exit::Conforms && report.counts().skipped == 0;
        let fixed = if is_whole { duty.forget_all() } else { Vec::new() };
        Ok(Features { report, left: stayed, rejected, fixed, is_kept_back })
    }

    /// Plays one after the other until the slot's time is over; tells what is left, what failed, and how many were not
    /// played.
    async fn play_all(
        &self,
        context: &Context<'_>,
        pool: &Pool,
        report: &mut FeatureReport,
    ) -> (Vec<Made>, Failures, u64) {
        let waivers = self.duty.waivers();
        let setting = Setting { waivers: Some(&waivers), ..Setting::new(context, pool) };
        let (mut left, mut failed, mut number) = (Vec::new(), Failures::default(), 0);
        let scenarios = &self.duty.task.scenarios;
        for (at, prepared) in scenarios.iter().enumerate() {
            if Instant::now() >= self.deadline {
                return (left, failed, (scenarios.len() - at) as u64);
            }
            let mut attempt = 0;
            loop {
                (attempt, number) = (attempt + 1, number + 1);
                let done = play(&setting, prepared, number).await;
                left.extend(done.left);
                let played = Played { attempt, ..done.played };
                let is_last = is_final(&played, attempt, &prepared.scenario) || Instant::now() >= self.deadline;
                if let Some((case, divergence)) = to_look_into(&played).filter(|_| is_last) {
                    failed.note_one(number, &case, &divergence, true);
                }
                report.apply(&Event::ScenarioDone(Box::new(played)));
                if is_last {
                    break;
                }
            }
        }
        (left, failed, 0)
    }

    /// Why the target does not let us in, where that is so.
    async fn rejected(&self, context: &Context<'_>, report: &FeatureReport) -> Option<String> {
        let has_passed = report.scenarios().any(|own| own.played.outcome == Outcome::Passed);
        // Whoever passes is let in.
        if has_passed || !self.duty.site.api.signed {
            return None;
        }
        is_alive(context).await.err().filter(|why| why.contains(REJECTED))
    }

    /// Investigates on a thread of its own, as it is done everywhere; tells how much could not be removed. It may take
    /// as long again as the slot.
    async fn look_into(&self, failures: Failures, report: &mut FeatureReport) -> Result<usize, String> {
        let (duty, target, run) = (Arc::clone(self.duty), self.target.clone(), self.run.clone());
        let (seen, journal, timeout) = (Arc::clone(&self.seen), self.journal.clone(), self.timeout);
        let looked = tokio::task::spawn_blocking(move || {
            let connect = || duty.site.wires.open(duty.task.is_fresh, &seen);
            let mut engine = Engine::new(duty.site.api, &target, &run, &connect).bound_by(&duty.site.bounds);
            if let Some(journal) = &journal {
                engine = engine.noting_in(journal);
            }
            let (mut keeper, mut events) = (Keeper::new(&duty, run.as_str()), Vec::new());
            let left = investigate(&duty, &engine, failures, Instant::now() + timeout, &mut |mut event| {
                keeper.keep(&mut event);
                events.push(event);
            });
            (events, left)
        });
        let (events, left) = looked.await.map_err(|error| error.to_string())?;
        for event in &events {
            report.apply(event);
        }
        left.map(|left| left.len())
    }

    fn started(&self) -> TestsStarted {
        let Duty { task, site, .. } = &**self.duty;
        TestsStarted {
            schema: EVENTS_SCHEMA.to_owned(),
            run: self.run.as_str().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            api: site.api.name.to_owned(),
            target: self.target.name.clone(),
            endpoint: Some(site.selected.endpoint.url().to_owned()),
            flavour: self.target.flavour.to_owned(),
            connected_to: None,
            model: String::new(),
            scenarios: String::new(),
            accepted: String::new(),
            tags: task.tags.clone(),
            selected: task.scenarios.len() as u64,
            left_out: task.left_out,
            dry_run: false,
            embedded: task.embedded,
            started: String::new(),
        }
    }
}

/// How the liveness call tells that it was not let in.
pub(super) const REJECTED: &str = "rejects the credentials";
