//! Plays one scenario: step by step over the line to its session, within its time, whatever its steps do.
//!
//! The runner of the `cucumber` crate is not used: it swaps the panic hook of the whole process and loses it where runs
//! overlap or are given up, it knows no timeouts, and it tries every pattern for every step each time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use plumb_model::text::shown;
use plumb_model::wire::Actor;
use plumb_validator::journal::Made;
use plumb_validator::open_case::OpenCase;
use plumb_validator::pool::Pool;
use plumb_validator::session::Context;
use plumb_validator::verdict::{Divergence, without_secrets};
use tokio::time::timeout_at;

use crate::failure::{Failure, Outcome};
use crate::feature::Scenario;
use crate::line::{Line, line};
use crate::played::{Played, StepEnd, StepPlayed, Trouble};
use crate::registry::{Bound, Registry, Unbound};
use crate::world::{Cast, World};

/// How long a scenario may take that does not say it itself.
pub const SCENARIO_TIME: Duration = Duration::from_mins(1);
/// The most characters of a request that trouble shows.
const REQUEST_CHARACTERS_MAX: usize = 200;
/// The most characters of a message that trouble shows.
const MESSAGE_CHARACTERS_MAX: usize = 4_000;

/// A scenario whose steps are bound to functions, or not.
pub struct Prepared {
    /// The scenario.
    pub scenario: Scenario,
    steps: Vec<Result<Bound, Unbound>>,
}

impl Prepared {
    /// Binds the steps of a scenario.
    pub fn new(registry: &Registry, scenario: Scenario) -> Self {
        let steps = scenario.steps.iter().map(|step| registry.bind(step)).collect();
        Self { scenario, steps }
    }

    /// Whether a step is undefined or ambiguous, so that the scenario fails without a call.
    pub fn is_unbound(&self) -> bool {
        self.steps.iter().any(Result::is_err)
    }

    /// What the scenario comes to without a call: failed where a step is bound to no function, and else skipped.
    pub fn rehearse(&self, api: &str) -> Played {
        let unbound = self.steps.iter().enumerate().find_map(|(at, step)| Some((at, step.as_ref().err()?)));
        let mut progress = Progress::new(self);
        if let Some((at, unbound)) = unbound {
            progress.steps[at].end = unbound.end();
            progress.trouble = Some(unbound.trouble(at));
        }
        let outcome = if unbound.is_some() { Outcome::Failed } else { Outcome::Skipped };
        Played { outcome, steps: progress.steps, trouble: progress.trouble, ..self.unplayed(api) }
    }

    /// A result that says nothing yet.
    fn unplayed(&self, api: &str) -> Played {
        let scenario = &self.scenario;
        Played {
            id: scenario.id.clone(),
            name: scenario.name.clone(),
            feature: scenario.feature.clone(),
            rule: scenario.rule.clone(),
            path: scenario.path.clone(),
            line: scenario.line,
            tags: scenario.tags.clone(),
            owner: scenario.terms.owner.clone(),
            api: api.to_owned(),
            outcome: Outcome::Skipped,
            may_be_inconclusive: scenario.terms.allow_inconclusive,
            attempt: 1,
            steps: Vec::new(),
            trouble: None,
            calls: 0,
            judged: 0,
            unmodelled: 0,
            waived: 0,
            accepted: 0,
            ends_in_accepted: false,
            without_model: scenario.terms.model_off,
            duration_us: 0,
            case: None,
            case_lacks: None,
        }
    }
}

impl Unbound {
    const fn end(&self) -> StepEnd {
        match self {
            Self::Undefined(_) => StepEnd::Undefined,
            Self::Ambiguous(_) => StepEnd::Ambiguous,
        }
    }

    fn trouble(&self, step: usize) -> Trouble {
        let (message, help) = match self {
            Self::Undefined(skeleton) => ("no function is defined for this step".to_owned(), skeleton.clone()),
            Self::Ambiguous(places) => {
                let places: Vec<String> = places.iter().map(ToString::to_string).collect();
                ("several functions claim this step".to_owned(), places.join("\n"))
            }
        };
        Trouble { step: Some(step), message, help: Some(help), divergence: None, request: None }
    }
}

/// How far a scenario has come.
struct Progress {
    steps: Vec<StepPlayed>,
    trouble: Option<Trouble>,
    is_blocked: bool,
}

impl Progress {
    fn new(prepared: &Prepared) -> Self {
        let steps = prepared.scenario.steps.iter().zip(&prepared.steps).map(|(step, bound)| StepPlayed {
            keyword: step.keyword.clone(),
            text: step.text.clone(),
            line: step.line,
            column: step.column,
            end: StepEnd::NotRun,
            started_us: 0,
            duration_us: 0,
            defined_at: bound.as_ref().ok().map(|bound| bound.place.to_string()),
        });
        Self { steps: steps.collect(), trouble: None, is_blocked: false }
    }

    /// How the step ended that ended the scenario; none where all passed.
    fn ended(&self) -> Option<StepEnd> {
        self.steps.iter().map(|step| step.end).find(|end| *end != StepEnd::Passed)
    }
}

/// Which answers that the model forbids somebody has accepted: a scenario goes on after them.
pub type Waivers = Arc<dyn Fn(&Divergence) -> bool + Send + Sync>;

/// What all scenarios of a thread share.
#[derive(Clone, Copy)]
pub struct Setting<'s, 'a> {
    /// How calls are sent.
    pub context: &'s Context<'a>,
    /// What scenarios borrow of.
    pub pool: &'s Pool,
    /// What is accepted; none means nothing.
    pub waivers: Option<&'s Waivers>,
}

impl<'s, 'a> Setting<'s, 'a> {
    /// A setting in which nothing is accepted that the model forbids.
    pub const fn new(context: &'s Context<'a>, pool: &'s Pool) -> Self {
        Self { context, pool, waivers: None }
    }
}

/// A scenario that was played, and what it could not remove.
pub struct Done {
    /// What became of it.
    pub played: Played,
    /// What could not be removed; the journal has it.
    pub left: Vec<Made>,
}

/// Plays a scenario under the number `sequence`, by which its names differ from those of all others of the run. It
/// borrows of the pool what it does not have for itself. A scenario with a step that is bound to no function makes no
/// call at all.
pub async fn play(setting: &Setting<'_, '_>, prepared: &Prepared, sequence: u64) -> Done {
    let Setting { context, pool, .. } = *setting;
    if prepared.is_unbound() {
        return Done { played: prepared.rehearse(context.api.name), left: Vec::new() };
    }
    let started = Instant::now();
    // One thread plays one scenario at a time, so nobody else's bodies are among them.
    context.bodies.forget_given();
    let mut open = OpenCase::new(context, sequence);
    let (line, desk) = line();
    let mut held = Vec::new();
    let played = AssertUnwindSafe(async {
        let scenario = perform(setting, prepared, line);
        futures::join!(scenario, desk.attend(&mut open, pool, &mut held)).0
    });
    // A model or a wire format that panics costs its scenario and no other, and what was made is removed all the same.
    let played = played.catch_unwind().await.unwrap_or_else(|payload| panicked(context, prepared, payload));
    let duration_us = micros(started.elapsed());
    let left = open.close().await.left;
    for lease in held {
        // What could not be emptied is told by the pool at its end.
        _ = pool.give_back(context, lease).await;
    }
    Done { played: Played { duration_us, ..played }, left }
}

/// Runs the steps one after the other until one does not pass.
async fn perform(setting: &Setting<'_, '_>, prepared: &Prepared, line: Line) -> Played {
    let context = setting.context;
    let (started, terms) = (Instant::now(), &prepared.scenario.terms);
    let deadline = tokio::time::Instant::now() + terms.timeout.unwrap_or(SCENARIO_TIME);
    let cast = Cast::of(context.target, context.api.signed);
    let mut world = World::new(context.api.name, cast, line, !terms.model_off)
        .waiving(setting.waivers)
        .beside(&prepared.scenario.path);
    let mut progress = Progress::new(prepared);
    for (at, bound) in prepared.steps.iter().flatten().enumerate() {
        let begun = Instant::now();
        let is_last = at + 1 == prepared.steps.len();
        let step = AssertUnwindSafe(run(bound, &mut world, is_last)).catch_unwind();
        let (end, failure) = match timeout_at(deadline, step).await {
            Ok(Ok(())) => (StepEnd::Passed, None),
            Ok(Err(payload)) => caught(payload),
            Err(_) => (StepEnd::TimedOut, Some(timed_out(prepared, at))),
        };
        let played = &mut progress.steps[at];
        (played.end, played.started_us) = (end, micros(begun - started));
        played.duration_us = micros(begun.elapsed());
        if let Some(failure) = failure {
            progress.is_blocked = failure.is_blocked;
            progress.trouble = Some(trouble(at, failure, &world, &context.target.actors));
            break;
        }
    }
    finished(context, prepared, progress, world)
}

async fn run(bound: &Bound, world: &mut World, is_last: bool) {
    (bound.run)(world, bound.context.clone()).await;
    if is_last {
        world.upcoming.must_be_taken();
    }
}

fn caught(payload: Box<dyn std::any::Any + Send>) -> (StepEnd, Option<Failure>) {
    let (failure, panicked) = Failure::caught(payload);
    let end = match failure.outcome {
        _ if panicked => StepEnd::Panicked,
        Outcome::Inconclusive => StepEnd::Inconclusive,
        Outcome::Skipped => StepEnd::Skipped,
        Outcome::Passed | Outcome::Failed => StepEnd::Failed,
    };
    (end, Some(failure))
}

/// A scenario during which something panicked that is no step.
fn panicked(context: &Context<'_>, prepared: &Prepared, payload: Box<dyn std::any::Any + Send>) -> Played {
    let (failure, _) = Failure::caught(payload);
    let message = format!("the API's own model or wire format panicked: {}", failure.message);
    let trouble = Trouble { step: None, message, help: None, divergence: None, request: None };
    let steps = Progress::new(prepared).steps;
    Played { outcome: Outcome::Failed, steps, trouble: Some(trouble), ..prepared.unplayed(context.api.name) }
}

fn timed_out(prepared: &Prepared, at: usize) -> Failure {
    let step = &prepared.scenario.steps[at];
    let time = humantime::format_duration(prepared.scenario.terms.timeout.unwrap_or(SCENARIO_TIME));
    let message = format!("the scenario's time of {time} ran out in the step \"{} {}\"", step.keyword, step.text);
    Failure { outcome: Outcome::Inconclusive, ..Failure::new(message) }
}

fn trouble(step: usize, failure: Failure, world: &World, actors: &[Actor]) -> Trouble {
    let request = world.last_exchange().map(|exchange| {
        let request = &exchange.request;
        // Values of a query may be proofs of who asks.
        let path = request.target.split_inclusive(|byte| *byte == b'?').next().unwrap_or_default();
        shown(&[request.method.as_bytes(), b" ", path].concat(), REQUEST_CHARACTERS_MAX)
    });
    // A message keeps its lines; whatever a server put into it is made safe line by line.
    let lines = failure.message.lines().map(|line| shown(line.as_bytes(), MESSAGE_CHARACTERS_MAX));
    let message = without_secrets(&lines.collect::<Vec<_>>().join("\n"), actors);
    Trouble { step: Some(step), message, help: None, divergence: failure.divergence, request }
}

fn finished(context: &Context<'_>, prepared: &Prepared, progress: Progress, world: World) -> Played {
    let (tally, ended) = (world.tally(), progress.ended());
    // A step that looked at an accepted answer cannot hold; and what such an answer did not tell is missing later.
    let ends_in_accepted =
        ended == Some(StepEnd::Failed) && world.is_last_accepted() || progress.is_blocked && tally.accepted > 0;
    let (mut case, case_lacks) = world.into_record();
    SUITE.clone_into(&mut case.origin.suite);
    case.origin.operation = case.calls.last().map_or_else(String::new, |turn| turn.call.operation.to_string());
    Played {
        outcome: ended.map_or(Outcome::Passed, StepEnd::outcome),
        steps: progress.steps,
        trouble: progress.trouble,
        calls: tally.calls,
        judged: tally.judged,
        unmodelled: tally.unmodelled,
        waived: tally.waived,
        accepted: tally.accepted,
        ends_in_accepted,
        case: (!case.calls.is_empty()).then_some(case),
        case_lacks,
        ..prepared.unplayed(context.api.name)
    }
}

/// The suite of the cases that scenarios leave.
pub const SUITE: &str = "features";

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
