use std::slice::from_ref;

use super::*;
use plumb_canary::slot::Timing;

fn facts(exit: Exit, worst: &str, judged: u64) -> Facts<'static> {
    Facts {
        exit,
        worst: worst.to_owned(),
        findings: Vec::new(),
        judged,
        leaks: 0,
        rejected: None,
        starved: None,
        is_cut_off: false,
        is_model: false,
        is_kept_back: false,
        again: "plumb canary --once".to_owned(),
        fixed: Vec::new(),
        version: None,
    }
}

fn sight(end: End) -> Sight {
    Sight { end, timing: Timing::default(), bytes: 7, version: None, request_id: None, traceparent: None }
}

fn check(facts: &Facts<'_>, ends: &[End], wanted: (Outcome, Mark, Mark, Option<Place>)) {
    let sights: Vec<Sight> = ends.iter().cloned().map(sight).collect();
    let done = done(facts, (sights, ends.len()));
    let found = (done.outcome, done.availability, done.conformance, done.trouble.map(|trouble| trouble.place));
    assert_eq!(found, wanted, "{} {ends:?}", facts.worst);
}

fn failed(phase: Phase) -> End {
    End::Failed(phase, "timed out".to_owned())
}

#[test]
fn whoever_is_to_blame_is_named_and_nobody_else() {
    use Mark::{Bad, Good, Void};
    use Outcome::{Fail, Inconclusive, Pass, Skipped};
    let ok = End::Answered(200);
    let unclear = || facts(Exit::Inconclusive, "no answer", 0);
    check(&facts(Exit::Conforms, "", 1), from_ref(&ok), (Pass, Good, Good, None));
    // 501 says that something is not implemented, and 404 is an answer like any other.
    check(&facts(Exit::Conforms, "", 1), &[End::Answered(501), End::Answered(404)], (Pass, Good, Good, None));
    // It passed at a second attempt: the first one still was an outage.
    check(&facts(Exit::Conforms, "", 1), &[End::Answered(503), ok.clone()], (Pass, Bad, Good, Some(Place::Service)));
    check(&facts(Exit::Diverges, "wrong", 1), from_ref(&ok), (Fail, Good, Bad, Some(Place::Service)));
    check(&facts(Exit::Diverges, "5xx", 1), &[End::Answered(500)], (Fail, Bad, Bad, Some(Place::Service)));
    for phase in [Phase::Dns, Phase::Connect, Phase::Tls] {
        check(&unclear(), &[failed(phase)], (Inconclusive, Bad, Void, Some(Place::Way(phase))));
    }
    for phase in [Phase::FirstByte, Phase::Body] {
        check(&unclear(), &[failed(phase)], (Inconclusive, Bad, Void, Some(Place::Service)));
    }
    check(&unclear(), &[], (Skipped, Void, Void, Some(Place::Agent)));
    check(
        &facts(Exit::Inconclusive, "no resource: make", 0),
        from_ref(&ok),
        (Inconclusive, Good, Void, Some(Place::Pool)),
    );
}

#[test]
fn what_proves_the_fault_ours_takes_it_from_the_target() {
    let unclear = || facts(Exit::Inconclusive, "no answer", 0);
    let void = |place| (Outcome::Inconclusive, Mark::Void, Mark::Void, Some(place));
    let starved = Facts { starved: Some(Duration::from_secs(3)), ..unclear() };
    check(&starved, &[failed(Phase::FirstByte)], void(Place::Agent));
    check(&Facts { is_cut_off: true, ..unclear() }, &[failed(Phase::Dns)], void(Place::Agent));
    let rejected = Facts { rejected: Some("it rejects the credentials".to_owned()), ..unclear() };
    check(&rejected, &[End::Answered(403)], void(Place::Credentials));
    check(&unclear(), &[End::NoSocket("no socket".to_owned())], void(Place::Agent));
    // A late thread is no excuse for an answer that came.
    let starved = Facts { starved: Some(Duration::from_secs(3)), ..facts(Exit::Diverges, "wrong", 1) };
    let wanted = (Outcome::Fail, Mark::Bad, Mark::Bad, Some(Place::Service));
    check(&starved, &[End::Answered(500)], wanted);
}

#[test]
fn an_undefined_step_is_the_suites_own_fault() {
    let undefined = Facts { is_model: true, ..facts(Exit::Diverges, "undefined", 1) };
    check(&undefined, &[], (Outcome::Fail, Mark::Void, Mark::Bad, Some(Place::Model)));
}
