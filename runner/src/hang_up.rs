//! A server that hangs up: whether it does so every time, and with how little.

use plumb_generator::localise::{Passed, Shown};
use plumb_generator::minimise::minimise;
use plumb_model::call::Case;
use plumb_validator::case_run::CaseRun;
use plumb_validator::finding::{Finding, HANG_UPS};
use plumb_validator::verdict::HangUp;

use crate::engine::{Engine, Worker};
use crate::investigate::{MINIMISE_TRIES_MAX, finding};

/// The most deaths of the target for which one case is made small: each costs a restart, and a run bears so many.
const DEATHS_PER_CASE_MAX: u64 = 10;

/// What became of a call without an answer.
pub(crate) enum Looked {
    /// The server hangs up on it every time.
    Found(Box<Finding>),
    /// It did so again, but it cannot be said that it always does, and why.
    Unconfirmed(String),
    /// It answered at once: the answer was lost on its way.
    Answered,
}

/// Runs a case on whose last call the server hung up again, and makes it small where it always does.
pub(crate) fn look(
    engine: &Engine<'_>,
    worker: &Worker<'_, '_>,
    case: &Case,
    passed: &Passed,
    sequence: &mut u64,
) -> Looked {
    let first = again(engine, worker, case, sequence);
    if first.times < HANG_UPS {
        return first.unconfirmed(worker);
    }
    let deaths = engine.deaths();
    let small = minimise(engine.api, case, passed, MINIMISE_TRIES_MAX, &mut |candidate| {
        let go_on = !worker.is_over() && engine.deaths() - deaths < DEATHS_PER_CASE_MAX;
        Shown::of(go_on && once(engine, worker, candidate, sequence).hang_up.is_some())
    });
    let last = again(engine, worker, &small.case, sequence);
    // An answer that was lost while it was made small may have led astray; then the whole case stands.
    let (case, shown) = if last.times == HANG_UPS { (&small.case, last.shown) } else { (case, first.shown) };
    let Some((run, hang_up)) = shown else { return Looked::Answered };
    let mut finding = finding(engine, case, &run, &hang_up.divergence);
    finding.reproduced = format!("{HANG_UPS}/{HANG_UPS}");
    Looked::Found(Box::new(finding))
}

/// A case that was run again.
struct Again {
    times: u32,
    shown: Option<(CaseRun, HangUp)>,
}

impl Again {
    fn unconfirmed(&self, worker: &Worker<'_, '_>) -> Looked {
        match (self.times, worker.over()) {
            (0, None) => Looked::Answered,
            (0, Some(why)) => Looked::Unconfirmed(format!("the target died before it could be confirmed: {why}")),
            (times, None) => Looked::Unconfirmed(format!("the server hung up in {times} of {} more runs", times + 1)),
            (times, Some(why)) => {
                let runs = format!("{times} more {}", if times == 1 { "run" } else { "runs" });
                Looked::Unconfirmed(format!("the server hung up in {runs}, then the target stayed dead: {why}"))
            }
        }
    }
}

/// Runs the case until the server answers once, and [`HANG_UPS`] times at most.
fn again(engine: &Engine<'_>, worker: &Worker<'_, '_>, case: &Case, sequence: &mut u64) -> Again {
    let mut again = Again { times: 0, shown: None };
    while again.times < HANG_UPS && !worker.is_over() {
        let Once { run, hang_up: Some(hang_up), .. } = once(engine, worker, case, sequence) else { break };
        again.times += 1;
        again.shown = Some((run, hang_up));
    }
    again
}

/// A case that was run once more.
pub(crate) struct Once {
    /// What it came to.
    pub(crate) run: CaseRun,
    /// The hang-up on its last call.
    pub(crate) hang_up: Option<HangUp>,
    /// Whether the target died of it.
    pub(crate) died: bool,
}

/// Runs the case from empty, each request over a connection of its own.
pub(crate) fn once(engine: &Engine<'_>, worker: &Worker<'_, '_>, case: &Case, sequence: &mut u64) -> Once {
    *sequence += 1;
    let deaths = engine.deaths();
    let run = worker.run_unshared(case, *sequence);
    let died = worker.is_over() || engine.deaths() != deaths;
    let last = case.calls.last().map(|turn| turn.id.as_str());
    let at_last = |own: &&HangUp| Some(own.divergence.call.as_str()) == last;
    // A refusal that a reset took away cannot be told from a hang-up, unless the target died.
    let hang_up = run.hang_ups.iter().filter(at_last).find(|own| own.is_certain || died).cloned();
    Once { run, hang_up, died }
}
