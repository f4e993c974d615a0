//! From the report of a slot, and from what was seen on the wire, to the words of a ledger.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_canary::slot::{FINDINGS_MAX, Mark, Outcome, Phase, Place, REQUEST_IDS_MAX, Slot, TIMINGS_MAX, Trouble};
use plumb_canary::work::{Done, Terms};
use plumb_model::text::shown;
use plumb_steps::played;
use plumb_validator::finding::Finding;
use tokio::task::LocalSet;

use crate::canary::batch::Batch;
use crate::canary::duty::{Duty, Suite};
use crate::canary::lag::Lag;
use crate::canary::play::{Features, Stage};
use crate::canary::seen::{End, Sight, Trace};
use crate::canary::site::Site;
use crate::error::Exit;
use crate::report;
use crate::run::exit_of;

/// The longest message, in characters.
const MESSAGE_CHARACTERS_MAX: usize = 400;
/// How a verdict begins that nothing could be lent for.
const NO_RESOURCE: &str = "no resource:";

/// What a report says of a slot.
struct Facts<'r> {
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
    /// Whether what failed says nothing of the service: the suite itself is wrong.
    is_model: bool,
    /// The command that shows it again where there is no finding.
    again: Option<String>,
    /// Findings of earlier slots that are no more to be seen.
    fixed: Vec<String>,
    /// Whether the kill switch or a budget kept anything back.
    is_kept_back: bool,
}

/// Carries a slot of features out.
pub(super) async fn features(slot: &Slot, terms: Terms, duty: &Arc<Duty>, lag: &Lag) -> Done {
    let begun = Instant::now();
    if let Err(why) = renewed(duty).await {
        return void(slot, Place::Credentials, &why);
    }
    let stage = match Stage::open(duty, terms, Trace::new(slot)) {
        Ok(stage) => stage,
        Err(why) => return unclear(slot, &why),
    };
    let seen = Arc::clone(&stage.seen);
    match stage.play().await {
        Err(why) => unclear(slot, &why),
        Ok(played) => spent(done(&of_features(&played, lag.since(begun)), seen.take()), terms),
    }
}

/// Looks at the credentials of the site again, on a thread where waiting is no harm.
async fn renewed(duty: &Arc<Duty>) -> Result<(), String> {
    if !duty.site.is_due() {
        return Ok(());
    }
    let site = Arc::clone(&duty.site);
    let renewed = tokio::task::spawn_blocking(move || renew(&site)).await;
    renewed.unwrap_or_else(|error| Err(error.to_string()))
}

fn renew(site: &Site) -> Result<(), String> {
    site.renew().map_err(|error| site.selected.credentials.without_secrets(&format!("failed to {error}")))
}

/// Carries a slot of generated cases out, after its features where it has some.
pub(super) fn suite(slot: &Slot, terms: Terms, duty: &Arc<Duty>) -> Done {
    let played = if duty.task.scenarios.is_empty() {
        None
    } else {
        match alone(slot, terms, duty) {
            Ok(played) => Some(played),
            Err(error) => return unclear(slot, &format!("no runtime could be started: {error}")),
        }
    };
    let cases = cases(slot, terms, duty);
    match played {
        None => cases,
        Some(played) => both(played, cases),
    }
}

/// The features of a slot on a thread that does nothing else.
fn alone(slot: &Slot, terms: Terms, duty: &Arc<Duty>) -> std::io::Result<Done> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(LocalSet::new().block_on(&runtime, async {
        let lag = Lag::watch();
        features(slot, terms, duty, &lag).await
    }))
}

/// What features and cases come to together: the worse of the two.
fn both(features: Done, cases: Done) -> Done {
    let severity = |outcome| match outcome {
        Outcome::Fail => 3,
        Outcome::Inconclusive => 2,
        Outcome::Pass => 1,
        _ => 0,
    };
    let worse = |one: Mark, other: Mark| match (one, other) {
        (Mark::Bad, _) | (_, Mark::Bad) => Mark::Bad,
        (Mark::Void, _) | (_, Mark::Void) => Mark::Void,
        _ => Mark::Good,
    };
    let is_first = severity(features.outcome) >= severity(cases.outcome);
    let (outcome, trouble) = if is_first {
        (features.outcome, features.trouble.or(cases.trouble))
    } else {
        (cases.outcome, cases.trouble.or(features.trouble))
    };
    Done {
        outcome,
        availability: worse(features.availability, cases.availability),
        conformance: worse(features.conformance, cases.conformance),
        timings: features.timings.into_iter().chain(cases.timings).take(TIMINGS_MAX).collect(),
        exchanges: features.exchanges.saturating_add(cases.exchanges),
        judged: features.judged.saturating_add(cases.judged),
        bytes: features.bytes + cases.bytes,
        version: cases.version.or(features.version),
        trouble,
        leaks: features.leaks.saturating_add(cases.leaks),
        findings: features.findings.into_iter().chain(cases.findings).collect(),
        fixed: features.fixed.into_iter().chain(cases.fixed).collect(),
    }
}

fn cases(slot: &Slot, terms: Terms, duty: &Arc<Duty>) -> Done {
    let Some(suite) = &duty.task.suite else { return unclear(slot, "there is no suite") };
    if let Err(why) = renew(&duty.site) {
        return void(slot, Place::Credentials, &why);
    }
    let stage = match Stage::open(duty, terms, Trace::new(slot)) {
        Ok(stage) => stage,
        Err(why) => return unclear(slot, &why),
    };
    let seen = Arc::clone(&stage.seen);
    match stage.run_cases(suite) {
        Err(why) => unclear(slot, &why),
        Ok(batch) => spent(done(&of_batch(&batch, suite, &duty.site), seen.take()), terms),
    }
}

fn of_features(played: &Features, starved: Option<Duration>) -> Facts<'_> {
    let (report, counts) = (&played.report, played.report.counts());
    let failed = report.scenarios().find(|own| own.played.outcome == played::Outcome::Failed);
    let is_model = failed.is_some_and(|own| {
        let end = own.played.steps.iter().map(|step| step.end).find(|end| *end != played::StepEnd::Passed);
        matches!(end, Some(played::StepEnd::Undefined | played::StepEnd::Ambiguous | played::StepEnd::Panicked))
    });
    // Whoever is called for an outage looks at it by the same command.
    let unclear = || report.scenarios().find(|own| own.played.outcome == played::Outcome::Inconclusive);
    let again = failed.or_else(unclear).and_then(|own| report.commands(own).into_iter().next());
    Facts {
        exit: report.exit(),
        worst: report::features::worst(report),
        findings: report.findings.iter().filter(|own| own.accepted_by.is_none()).collect(),
        judged: counts.passed_in_all() + counts.failed_in_all(),
        leaks: played.left,
        rejected: played.rejected.clone(),
        starved,
        is_model,
        again,
        fixed: played.fixed.clone(),
        is_kept_back: played.is_kept_back,
    }
}

fn of_batch<'r>(batch: &'r Batch, suite: &Suite, at: &Site) -> Facts<'r> {
    let (counts, own) = (batch.report.counts, &suite.arguments);
    let operations: String = own.operations.iter().flat_map(|name| [" --operation ", name]).collect();
    let again = format!("plumb conform --api {}{operations} --seed {}{}", at.api.name, own.seed, at.options);
    Facts {
        exit: exit_of(&batch.report, own.inconclusive_max),
        worst: report::worst(&batch.report),
        findings: batch.report.open_findings().collect(),
        judged: counts.conforms + counts.diverges,
        leaks: batch.left,
        rejected: batch.rejected.clone(),
        starved: None,
        is_model: counts.unmodelled > 0 && counts.conforms + counts.diverges == 0,
        again: Some(again),
        fixed: batch.fixed.clone(),
        is_kept_back: batch.is_kept_back,
    }
}

/// Says so where nothing was done because the error budget is spent: the guard knows only that nothing may be changed.
fn spent(mut done: Done, terms: Terms) -> Done {
    if let Some(trouble) = done.trouble.as_mut().filter(|_| terms.read_only && done.outcome == Outcome::Skipped) {
        let message = format!("the error budget is spent, so that nothing is changed: {}", trouble.message);
        trouble.message = shown(message.as_bytes(), MESSAGE_CHARACTERS_MAX);
    }
    done
}

/// A slot that could not be carried out, through no fault of the target.
pub(super) fn unclear(slot: &Slot, why: &str) -> Done {
    void(slot, Place::Agent, why)
}

/// The same, where it is known what of ours is at fault.
fn void(slot: &Slot, place: Place, why: &str) -> Done {
    let trouble = Trouble {
        place,
        message: shown(format!("{}: {why}", slot.watch).as_bytes(), MESSAGE_CHARACTERS_MAX),
        findings: Vec::new(),
        request_ids: Vec::new(),
        traceparent: None,
        replay: None,
    };
    Done {
        outcome: Outcome::Inconclusive,
        availability: Mark::Void,
        conformance: Mark::Void,
        timings: Vec::new(),
        exchanges: 0,
        judged: 0,
        bytes: 0,
        version: None,
        trouble: Some(trouble),
        leaks: 0,
        findings: Vec::new(),
        fixed: Vec::new(),
    }
}

fn done(facts: &Facts<'_>, (sights, exchanges): (Vec<Sight>, usize)) -> Done {
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
        version: sights.iter().rev().find_map(|sight| sight.version.clone()),
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
        Some(End::Failed(..)) if facts.starved.is_some() => Place::Agent,
        Some(End::Failed(phase @ (Phase::Dns | Phase::Connect | Phase::Tls), _)) => Place::Way(*phase),
        Some(_) => Place::Service,
        None if facts.is_model => Place::Model,
        None if facts.worst.contains(NO_RESOURCE) => Place::Pool,
        None if outcome == Outcome::Skipped || outcome == Outcome::Inconclusive && facts.is_kept_back => Place::Agent,
        None => Place::Service,
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
    let way = bad.and_then(|sight| match &sight.end {
        End::Failed(phase, what) => Some(format!("{what} ({})", phase.word())),
        End::NoSocket(what) => Some(what.clone()),
        End::Answered(status) => Some(format!("answered {status}")),
        End::Unsent => None,
    });
    let starved = facts.starved.filter(|_| place == Place::Agent).map(|late| {
        format!("the agent was starved for {}", humantime::format_duration(Duration::from_millis(millis(late))))
    });
    let whole = [facts.rejected.clone(), starved, first.map(|own| own.summary.clone()), way, Some(facts.worst.clone())];
    let message = whole.into_iter().flatten().next().unwrap_or_default();
    let culprit = bad.or_else(|| sights.last());
    let ids = first.map(|own| own.request_ids.clone()).unwrap_or_default();
    let of_wire = culprit.and_then(|sight| sight.request_id.clone());
    Trouble {
        place,
        message: shown(message.as_bytes(), MESSAGE_CHARACTERS_MAX),
        findings: facts.findings.iter().take(FINDINGS_MAX).map(|own| own.id.clone()).collect(),
        request_ids: ids.into_iter().chain(of_wire).take(REQUEST_IDS_MAX).collect(),
        traceparent: culprit.and_then(|sight| sight.traceparent.clone()),
        replay: first.map(|own| own.replay.clone()).or_else(|| facts.again.clone()),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
