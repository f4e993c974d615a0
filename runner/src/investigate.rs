//! From diverging cases to findings: confirm, make small, group.

use std::cell::RefCell;
use std::collections::BTreeMap;

use plumb_generator::minimise::minimise;
use plumb_model::call::Case;
use plumb_model::value::Value;
use plumb_validator::case_run::{CaseRun, Shared, run_case};
use plumb_validator::curl;
use plumb_validator::finding::{CONFIRMATIONS, Finding};
use plumb_validator::session::Context;
use plumb_validator::verdict::{Divergence, Kind, Verdict};

use crate::engine::{Done, Engine};
use crate::events::Event;

/// The most diverging cases that are kept for each coarse signature; more are only counted.
pub const KEPT_PER_GROUP_MAX: usize = 200;
/// The most findings that are made small for each coarse signature.
pub const FINDINGS_PER_GROUP_MAX: usize = 8;
/// The most candidates that are tried while one case is made small.
pub const MINIMISE_TRIES_MAX: usize = 120;
/// The first number of the runs that confirm and make small.
pub const FIRST_SEQUENCE: u64 = 1_000_000;

/// Diverging cases by coarse signature.
#[derive(Default)]
pub struct Failures {
    groups: BTreeMap<String, Vec<Failure>>,
}

struct Failure {
    sequence: u64,
    case: Case,
}

impl Failures {
    /// Keeps a case if it diverged.
    pub fn note(&mut self, done: &Done) {
        if let Verdict::Diverges(divergence) = &done.run.verdict {
            let group = self.groups.entry(divergence.signature()).or_default();
            if group.len() < KEPT_PER_GROUP_MAX {
                let mut case = done.case.clone();
                cut_after(&mut case, &divergence.call);
                group.push(Failure { sequence: done.sequence, case });
            }
        }
    }

    /// How many coarse signatures there are.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether nothing diverged.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Confirms, makes small and groups; each result goes to `on_event`.
    pub fn investigate(self, engine: &Engine<'_>, on_event: &mut dyn FnMut(Event)) -> Result<(), String> {
        let mut sequence = FIRST_SEQUENCE;
        for (signature, mut failures) in self.groups {
            // Which worker was faster must not decide which case stands for the group.
            failures.sort_by_key(|failure| failure.sequence);
            let mut found: Vec<(String, Vec<String>)> = Vec::new();
            for failure in failures {
                let known = found.iter().find(|(_, choices)| covers(choices, &failure.case.origin.choices));
                let event = match known.or(if found.len() >= FINDINGS_PER_GROUP_MAX { found.first() } else { None }) {
                    Some((id, _)) => Event::SeenAgain { finding: id.clone() },
                    None => investigate_one(engine, &signature, &failure.case, &mut sequence)?,
                };
                match event {
                    Event::Found(finding) if found.iter().any(|(id, _)| *id == finding.id) => {
                        on_event(Event::SeenAgain { finding: finding.id });
                    }
                    Event::Found(finding) => {
                        found.push((finding.id.clone(), finding.choices.clone()));
                        on_event(Event::Found(finding));
                    }
                    other => on_event(other),
                }
            }
        }
        Ok(())
    }
}

/// Whether a finding with these choices explains a case with those.
pub fn covers(finding: &[String], case: &[String]) -> bool {
    finding.iter().all(|choice| case.contains(choice))
}

fn cut_after(case: &mut Case, call: &str) {
    if let Some(place) = case.calls.iter().position(|turn| turn.id == call) {
        case.calls.truncate(place + 1);
    }
}

fn investigate_one(engine: &Engine<'_>, signature: &str, case: &Case, sequence: &mut u64) -> Result<Event, String> {
    let unconfirmed = |why: String| Event::Unconfirmed { signature: signature.to_owned(), case: case.id(), why };
    let first = confirm(engine, signature, case, sequence)?;
    if first.reproduced == 0 {
        return Ok(unconfirmed(format!("seen once, not in {CONFIRMATIONS} more runs")));
    }
    // A server that fails now and then is a question of availability, not of conformance.
    if first.kind == Some(Kind::ServerError) && first.reproduced < CONFIRMATIONS {
        return Ok(unconfirmed(format!("the server failed in {} of {CONFIRMATIONS} more runs", first.reproduced)));
    }
    let minimal = RefCell::new(sequence);
    let small = minimise(engine.api, case, MINIMISE_TRIES_MAX, &mut |candidate| {
        let mut sequence = minimal.borrow_mut();
        **sequence += 1;
        let shown = run_once(engine, candidate, **sequence);
        shown.is_ok_and(|run| same_failure(&run, signature).is_some())
    });
    let sequence = minimal.into_inner();
    let confirmed = confirm(engine, signature, &small.case, sequence)?;
    // A case that fails only now and then may be cut too far; then the whole one stands.
    let (case, confirmed) =
        if confirmed.reproduced >= first.reproduced { (small.case, confirmed) } else { (case.clone(), first) };
    let Some(shown) = &confirmed.shown else { return Ok(unconfirmed("it stopped to come again".into())) };
    Ok(Event::Found(Box::new(finding(engine, case, shown, &confirmed))))
}

struct Confirmed {
    reproduced: u32,
    kind: Option<Kind>,
    shown: Option<CaseRun>,
    request_ids: Vec<String>,
}

fn confirm(engine: &Engine<'_>, signature: &str, case: &Case, sequence: &mut u64) -> Result<Confirmed, String> {
    let mut confirmed = Confirmed { reproduced: 0, kind: None, shown: None, request_ids: Vec::new() };
    for _ in 0..CONFIRMATIONS {
        *sequence += 1;
        let run = run_once(engine, case, *sequence)?;
        if let Some(divergence) = same_failure(&run, signature) {
            confirmed.reproduced += 1;
            confirmed.kind = Some(divergence.kind);
            confirmed.request_ids.extend(divergence.request_id.clone());
            confirmed.shown = Some(run);
        }
    }
    Ok(confirmed)
}

fn run_once(engine: &Engine<'_>, case: &Case, sequence: u64) -> Result<CaseRun, String> {
    engine.with_context(async |context: &Context<'_>| {
        let mut shared = Shared::default();
        let mut run = run_case(context, &mut shared, case, sequence).await;
        run.left.extend(shared.give_back(context).await);
        run
    })
}

/// Whether the case sends the same bytes at any time: nothing that the server chose, nothing that the clock told.
fn is_fixed(case: &Case) -> bool {
    case.calls.iter().flat_map(|turn| turn.call.arguments.values()).all(Value::is_fixed)
}

fn same_failure<'r>(run: &'r CaseRun, signature: &str) -> Option<&'r Divergence> {
    run.verdict.divergence().filter(|divergence| divergence.signature() == signature)
}

fn finding(engine: &Engine<'_>, case: Case, shown: &CaseRun, confirmed: &Confirmed) -> Finding {
    let Verdict::Diverges(divergence) = &shown.verdict else { unreachable!("only diverging runs are kept") };
    let mut finding = Finding::new(case, shown, divergence);
    finding.reproduced = format!("{}/{CONFIRMATIONS}", confirmed.reproduced);
    finding.request_ids.clone_from(&confirmed.request_ids);
    let base = format!("{}://{}", engine.target.scheme, engine.target.authority);
    let exchanges = shown.provisioned.iter().chain(&shown.exchanges);
    if is_fixed(&finding.case) {
        finding.curl = curl::commands(&*engine.api.wire, &base, &engine.target.region, exchanges);
    }
    finding
}
