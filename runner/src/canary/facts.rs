//! From the report of a slot, and from what was seen on the wire, to the words of a ledger: how it ended, what it says on
//! each axis, and whose fault it is.

use std::time::Duration;

use plumb_canary::slot::{FINDINGS_MAX, Mark, Outcome, Phase, Place, REQUEST_IDS_MAX, Slot, TIMINGS_MAX, Trouble};
use plumb_canary::work::Done;
use plumb_model::text::shown;
use plumb_steps::played;
use plumb_validator::finding::Finding;

use crate::canary::batch::Batch;
use crate::canary::duty::{Duty, Suite};
use crate::canary::play::Features;
use crate::canary::seen::{End, Sight};
use crate::error::Exit;
use crate::report;
use crate::run::exit_of;

/// The longest message, in characters.
pub(super) const MESSAGE_CHARACTERS_MAX: usize = 400;
/// How a verdict begins that nothing could be lent for.
const NO_RESOURCE: &str = "no resource:";

/// What a report says of a slot.
pub(super) struct Facts<'r> {
    exit: Exit,
    /// What keeps it from passing, in a sentence.
    worst: String,
    findings: Vec<&'r Finding>,
    judged: u64,
    leaks: usize,
    /// Why the target does not let us in.
    rejected: Option<String>,
    /// How late the thread came, where it was starved.
    starved: Option<Duration>,
    /// Whether what is always there cannot be reached either.
    is_cut_off: bool,
    /// Whether what failed says nothing of the service: the suite itself is wrong.
    is_model: bool,
    /// Whether the kill switch or a budget kept anything back.
    is_kept_back: bool,
    /// The command that shows it again where there is no finding.
    again: String,
    /// Findings of earlier slots that are no more to be seen.
    fixed: Vec<String>,
    /// What the target says its version is, beside its API.
    version: Option<String>,
}

impl<'r> Facts<'r> {
    /// What the report of features says.
    pub(super) fn of_features(duty: &Duty, played: &'r Features, starved: Option<Duration>) -> Self {
        let (report, counts) = (&played.report, played.report.counts());
        let failed = report.scenarios().find(|own| own.played.outcome == played::Outcome::Failed);
        let is_model = failed.is_some_and(|own| {
            let end = own.played.steps.iter().map(|step| step.end).find(|end| *end != played::StepEnd::Passed);
            matches!(end, Some(played::StepEnd::Undefined | played::StepEnd::Ambiguous | played::StepEnd::Panicked))
        });
        // Whoever is called for an outage looks at it by the same command.
        let unclear = || report.scenarios().find(|own| own.played.outcome == played::Outcome::Inconclusive);
        let again = failed.or_else(unclear).and_then(|own| report.commands(own).into_iter().next());
        Self {
            exit: report.exit(),
            worst: report::features::worst(report),
            findings: report.findings.iter().filter(|own| own.accepted_by.is_none()).collect(),
            judged: counts.passed_in_all() + counts.failed_in_all(),
            leaks: played.left,
            rejected: played.rejected.clone(),
            starved,
            is_cut_off: false,
            is_model,
            is_kept_back: played.is_kept_back,
            again: again.unwrap_or_else(|| duty.once()),
            fixed: played.fixed.clone(),
            version: duty.site.version(),
        }
    }

    /// The same, where it is known whether we are cut off.
    pub(super) fn cut_off(self, is_cut_off: bool) -> Self {
        Self { is_cut_off, ..self }
    }

    /// What the report of generated cases says.
    pub(super) fn of_batch(duty: &Duty, batch: &'r Batch, suite: &Suite) -> Self {
        let counts = batch.report.counts;
        Self {
            exit: exit_of(&batch.report, suite.arguments.inconclusive_max),
            worst: report::worst(&batch.report),
            findings: batch.report.open_findings().collect(),
            judged: counts.conforms + counts.diverges,
            leaks: batch.left,
            rejected: batch.rejected.clone(),
            starved: None,
            is_cut_off: false,
            is_model: counts.unmodelled > 0 && counts.conforms + counts.diverges == 0,
            is_kept_back: batch.is_kept_back,
            again: duty.once(),
            fixed: batch.fixed.clone(),
            version: duty.site.version(),
        }
    }
}

/// A slot that could not be carried out, through no fault of the target.
pub(super) fn unclear(slot: &Slot, why: &str) -> Done {
    void(slot, Place::Agent, why)
}

/// A slot that says nothing of the target, and where that lies.
pub(super) fn void(slot: &Slot, place: Place, why: &str) -> Done {
    let message = shown(format!("{}: {why}", slot.watch).as_bytes(), MESSAGE_CHARACTERS_MAX);
    Done {
        outcome: Outcome::Inconclusive,
        availability: Mark::Void,
        conformance: Mark::Void,
        timings: Vec::new(),
        exchanges: 0,
        judged: 0,
        bytes: 0,
        version: None,
        trouble: Some(Trouble::new(place, message)),
        leaks: 0,
        findings: Vec::new(),
        fixed: Vec::new(),
    }
}

/// What came of a slot, from the facts of its report and what was seen on the wire, with how many exchanges there were.
pub(super) fn done(facts: &Facts<'_>, (sights, exchanges): (Vec<Sight>, usize)) -> Done {
    let outcome = outcome(facts, &sights);
    let bad = sights.iter().find(|sight| is_bad(sight));
    let place = place(facts, outcome, bad);
    let trouble = (outcome != Outcome::Pass || bad.is_some()).then(|| trouble(facts, place, bad, &sights));
    let findings = facts.findings.iter().filter_map(|own| Some((own.id.clone(), serde_json::to_value(own).ok()?)));
    Done {
        outcome,
        availability: availability(place, bad, &sights),
        conformance: match outcome {
            Outcome::Pass => Mark::Good,
            Outcome::Fail => Mark::Bad,
            _ => Mark::Void,
        },
        exchanges: u32::try_from(exchanges).unwrap_or(u32::MAX),
        judged: u32::try_from(facts.judged).unwrap_or(u32::MAX),
        bytes: sights.iter().map(|sight| sight.bytes).sum(),
        version: sights.iter().rev().find_map(|sight| sight.version.clone()).or_else(|| facts.version.clone()),
        findings: findings.collect(),
        fixed: facts.fixed.clone(),
        timings: sights.into_iter().take(TIMINGS_MAX).map(|sight| sight.timing).collect(),
        trouble,
        leaks: u32::try_from(facts.leaks).unwrap_or(u32::MAX),
    }
}

fn outcome(facts: &Facts<'_>, sights: &[Sight]) -> Outcome {
    match facts.exit {
        // Whoever is not let in has learnt nothing of what is behind the door.
        _ if facts.rejected.is_some() => Outcome::Inconclusive,
        Exit::Conforms => Outcome::Pass,
        Exit::Diverges => Outcome::Fail,
        // The guard let nothing through, and it had its reason.
        Exit::Inconclusive if sights.is_empty() && facts.judged == 0 => Outcome::Skipped,
        Exit::Inconclusive | Exit::Usage | Exit::Internal => Outcome::Inconclusive,
    }
}

/// Whether an exchange got no answer.
pub(super) fn is_unreached(sights: &[Sight]) -> bool {
    sights.iter().any(|sight| matches!(sight.end, End::Failed(..)))
}

/// Whether an exchange is bad on the axis of availability. 501 says that something is not implemented (RFC 9110
/// section 15.6.2), and that is not an outage.
fn is_bad(sight: &Sight) -> bool {
    match &sight.end {
        End::Answered(status) => *status >= 500 && *status != 501,
        End::Failed(..) | End::NoSocket(_) => true,
        End::Unsent => false,
    }
}

/// Whose fault it is, as far as it can be told. What proves the fault ours comes first.
fn place(facts: &Facts<'_>, outcome: Outcome, bad: Option<&Sight>) -> Place {
    if facts.rejected.is_some() {
        return Place::Credentials;
    }
    match bad.map(|sight| &sight.end) {
        Some(End::NoSocket(_)) => Place::Agent,
        // Whoever was not let run in time cannot say that somebody else was late.
        Some(End::Failed(..)) if facts.starved.is_some() || facts.is_cut_off => Place::Agent,
        Some(End::Failed(phase @ (Phase::Dns | Phase::Connect | Phase::Tls), _)) => Place::Way(*phase),
        None if facts.is_model => Place::Model,
        None if facts.worst.contains(NO_RESOURCE) => Place::Pool,
        None if outcome == Outcome::Skipped || outcome == Outcome::Inconclusive && facts.is_kept_back => Place::Agent,
        Some(_) | None => Place::Service,
    }
}

fn availability(place: Place, bad: Option<&Sight>, sights: &[Sight]) -> Mark {
    let has_answered = sights.iter().any(|sight| matches!(sight.end, End::Answered(_)));
    match bad {
        Some(_) if place.is_ours() => Mark::Void,
        Some(_) => Mark::Bad,
        None if has_answered && place != Place::Credentials => Mark::Good,
        None => Mark::Void,
    }
}

fn trouble(facts: &Facts<'_>, place: Place, bad: Option<&Sight>, sights: &[Sight]) -> Trouble {
    let first = facts.findings.first();
    let culprit = bad.or_else(|| sights.last());
    let ids = first.map(|own| own.request_ids.clone()).unwrap_or_default();
    let of_wire = culprit.and_then(|sight| sight.request_id.clone());
    Trouble {
        findings: facts.findings.iter().take(FINDINGS_MAX).map(|own| own.id.clone()).collect(),
        request_ids: ids.into_iter().chain(of_wire).take(REQUEST_IDS_MAX).collect(),
        traceparent: culprit.and_then(|sight| sight.traceparent.clone()),
        replay: Some(first.map_or_else(|| facts.again.clone(), |own| own.replay.clone())),
        ..Trouble::new(place, shown(message(facts, place, bad).as_bytes(), MESSAGE_CHARACTERS_MAX))
    }
}

/// What is told of it in one sentence: what proves the fault ours first, then what is wrong, then what was in the way.
fn message(facts: &Facts<'_>, place: Place, bad: Option<&Sight>) -> String {
    let starved = facts.starved.filter(|_| place == Place::Agent).map(|late| {
        let late = Duration::from_millis(u64::try_from(late.as_millis()).unwrap_or(u64::MAX));
        format!("the agent was starved for {}", humantime::format_duration(late))
    });
    let cut_off =
        facts.is_cut_off.then(|| "the agent is cut off: what is always there cannot be reached either".to_owned());
    let finding = facts.findings.first().map(|own| own.summary.clone());
    let way = bad.and_then(|sight| match &sight.end {
        End::Failed(phase, what) => Some(format!("{what} ({})", phase.word())),
        End::NoSocket(what) => Some(what.clone()),
        End::Answered(status) => Some(format!("answered {status}")),
        End::Unsent => None,
    });
    let whole = [facts.rejected.clone(), starved, cut_off, finding, way];
    whole.into_iter().flatten().next().unwrap_or_else(|| facts.worst.clone())
}

#[cfg(test)]
mod tests;
