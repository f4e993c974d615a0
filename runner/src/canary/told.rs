//! One slot from its first line to its last, and what it is told as.

use std::sync::Arc;
use std::time::Instant;

use plumb_canary::slot::{Mark, Outcome, Place, Slot, TIMINGS_MAX};
use plumb_canary::work::{Done, Terms};
use plumb_model::text::shown;
use tokio::task::LocalSet;

use crate::canary::duty::Duty;
use crate::canary::facts::{Facts, MESSAGE_CHARACTERS_MAX, done, is_unreached, unclear, void};
use crate::canary::lag::Lag;
use crate::canary::play::Stage;
use crate::canary::seen::{Sight, Trace};
use crate::canary::site::Site;

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
        Ok(played) => {
            let sights = seen.take();
            let is_cut_off = is_cut_off(duty, &sights.0).await;
            let facts = Facts::of_features(duty, &played, lag.since(begun)).cut_off(is_cut_off);
            spent(done(&facts, sights), terms)
        }
    }
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
        Ok(batch) => {
            let sights = seen.take();
            let is_cut_off = is_unreached(&sights.0) && duty.site.reference.as_ref().is_some_and(|own| own.is_gone());
            let facts = Facts::of_batch(duty, &batch, suite).cut_off(is_cut_off);
            spent(done(&facts, sights), terms)
        }
    }
}

/// Whether we are cut off, as far as that can be proven; asked only where something got no answer.
async fn is_cut_off(duty: &Arc<Duty>, sights: &[Sight]) -> bool {
    let Some(reference) = duty.site.reference.clone().filter(|_| is_unreached(sights)) else { return false };
    tokio::task::spawn_blocking(move || reference.is_gone()).await.unwrap_or(false)
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

/// Says so where nothing was done because the error budget is spent: the guard knows only that nothing may be changed.
fn spent(mut done: Done, terms: Terms) -> Done {
    if let Some(trouble) = done.trouble.as_mut().filter(|_| terms.read_only && done.outcome == Outcome::Skipped) {
        let message = format!("the error budget is spent, so that nothing is changed: {}", trouble.message);
        trouble.message = shown(message.as_bytes(), MESSAGE_CHARACTERS_MAX);
    }
    done
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

#[cfg(test)]
mod tests {
    use plumb_canary::slot::{SlotKind, Watch};

    use super::*;

    #[test]
    fn of_features_and_cases_the_worse_counts() {
        let watch = Watch { canary: "a".into(), target: "b".into() };
        let any = Slot { watch, due_ms: 0, kind: SlotKind::Scheduled };
        let slot = |outcome, conformance, exchanges| Done { outcome, conformance, exchanges, ..unclear(&any, "why") };
        let (pass, fail) = (slot(Outcome::Pass, Mark::Good, 3), slot(Outcome::Fail, Mark::Bad, 4));
        for (one, other) in [(pass.clone(), fail.clone()), (fail, pass)] {
            let both = both(one, other);
            assert_eq!((both.outcome, both.conformance, both.exchanges), (Outcome::Fail, Mark::Bad, 7));
        }
    }
}
