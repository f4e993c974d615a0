//! Where scenarios are played: a target that is the model's own server, in this process.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use plumb_model::api::Api;
use plumb_model::bodies::Bodies;
use plumb_model::call::Case;
use plumb_model::http::{Headers, Request, Response};
use plumb_model::wire::{Actor, SECOND_ACTOR};
use plumb_steps::executor::{Prepared, Setting, Waivers, play};
use plumb_steps::feature::Scenario;
use plumb_steps::played::Played;
use plumb_steps::registry::{Registry, Source};
use plumb_validator::case_run::{Shared, run_case};
use plumb_validator::clock::{SystemClock, TargetClock};
use plumb_validator::guard::Guard;
use plumb_validator::model_server::{Answers, ModelServer, ServerOptions};
use plumb_validator::names::RunId;
use plumb_validator::pool::{Pool, PoolTerms};
use plumb_validator::session::Context;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::{
    MemoryTransport, NoAnswerKind, Phase, Phases, Reached, Received, SendError, SendLimits, Transport,
};
use plumb_validator::verdict::Verdict;

use crate::reading::scenarios;

/// The phrases of the crate with those that only these tests have.
pub(crate) fn registry() -> Registry {
    let own = Source { api: None, file: file!() };
    Registry::new(&[plumb_steps::source(), own]).expect("phrases")
}

/// A target for tests: everything permitted, nothing foreign.
pub(crate) fn target(api: &Api) -> Target {
    let actor = |name: &str, id: &str| Actor {
        name: name.into(),
        id: id.into(),
        secret: format!("{name}-secret-key"),
        session_token: None,
    };
    Target {
        name: "stage".into(),
        scheme: "http".into(),
        authority: "stage.invalid".into(),
        region: "us-east-1".into(),
        flavour: api.flavours[0].name,
        actors: if api.signed { vec![actor("first", "FIRSTKEY"), actor(SECOND_ACTOR, "OTHERKEY")] } else { vec![] },
        safety: Safety::Full,
        exclusive: false,
        limits: SendLimits::default(),
    }
}

/// A server made from the model, with a planted bug or without.
pub(crate) fn server<'a>(api: &'a Api, plant: Option<&str>) -> MemoryTransport<'a> {
    let Target { flavour, region, actors, .. } = target(api);
    let options = ServerOptions { flavour, region, actors, answers: Answers::Preferred };
    let planted = |name: &str| api.plants.iter().find(|plant| plant.name == name).cloned().expect("a plant");
    MemoryTransport::new(ModelServer::new(api, options, plant.map(planted)), Arc::new(SystemClock))
}

/// The tag of a scenario in which every wrong answer is accepted.
pub(crate) const ACCEPTED: &str = "accepted";

/// A transport on which every answer asks to slow down.
pub(crate) struct Busy;

impl Transport for Busy {
    fn send<'a>(&'a self, _: &'a Request, _: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        let response = Response { status: 429, headers: Headers::default(), body: "".into(), truncated: false };
        let (latency, first_byte, phases) = Default::default();
        let received = Received { response, latency, first_byte, peer: None, phases };
        futures::future::ready(Ok(received)).boxed()
    }
}

/// A transport on which no answer comes.
pub(crate) struct Silence;

impl Transport for Silence {
    fn send<'a>(&'a self, _: &'a Request, _: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        let lost = SendError::NoAnswer {
            kind: NoAnswerKind::Timeout,
            detail: "the answer was lost".into(),
            after: Duration::ZERO,
            begun: None,
            reached: Box::new(Reached { phase: Phase::FirstByte, phases: Phases::default() }),
        };
        futures::future::ready(Err(lost)).boxed()
    }
}

/// What `use_context` makes of a run over `transport`.
async fn in_context<T>(api: &Api, transport: &dyn Transport, use_context: impl AsyncFnOnce(&Context<'_>) -> T) -> T {
    let (target, run, bodies) = (target(api), RunId::new(7), Bodies::new());
    let (guard, clock, target_clock) = (Guard::new(&run, &target), SystemClock, TargetClock::default());
    let context = Context {
        api,
        target: &target,
        transport,
        run: &run,
        guard: &guard,
        journal: None,
        clock: &clock,
        target_clock: &target_clock,
        bodies: &bodies,
    };
    use_context(&context).await
}

/// Plays a scenario over `transport`.
pub(crate) async fn play_over(
    api: &Api,
    transport: &dyn Transport,
    registry: &Registry,
    scenario: Scenario,
    sequence: u64,
) -> Played {
    let prepared = Prepared::new(registry, scenario);
    let pool = Pool::new(&target(api), PoolTerms::default(), Vec::new());
    // Everything is accepted where a scenario says so.
    let accepts_all: Waivers = Arc::new(|_| true);
    let waivers = prepared.scenario.tags.iter().any(|tag| tag == ACCEPTED).then_some(&accepts_all);
    let setting = async |context: &Context<'_>| {
        play(&Setting { waivers, ..Setting::new(context, &pool) }, &prepared, sequence).await.played
    };
    in_context(api, transport, setting).await
}

/// Runs a case over `transport`.
pub(crate) async fn replayed(api: &Api, transport: &dyn Transport, case: &Case) -> Verdict {
    in_context(api, transport, async |context| run_case(context, &mut Shared::default(), case, 99).await.verdict).await
}

/// Runs something on one thread, whose clock goes on when nothing else does.
pub(crate) fn on_stage<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(future)
}

/// Plays every scenario of a feature of the tutorial API over `transport`.
pub(crate) fn played_over(transport: &dyn Transport, text: &str) -> Vec<Played> {
    let (api, registry) = (plumb_kv::api(), registry());
    on_stage(async {
        let mut all = Vec::new();
        for (sequence, scenario) in (0..).zip(scenarios("features/kv/test.feature", text)) {
            all.push(play_over(&api, transport, &registry, scenario, sequence).await);
        }
        all
    })
}

/// Plays every scenario of a feature of the tutorial API against a server that is right.
pub(crate) fn played(text: &str) -> Vec<Played> {
    let api = plumb_kv::api();
    played_over(&server(&api, None), text)
}

/// Steps under a scenario, played.
pub(crate) fn played_steps(steps: &str) -> Played {
    played(&feature(steps)).remove(0)
}

/// A feature of one scenario with these steps.
pub(crate) fn feature(steps: &str) -> String {
    format!("Feature: f\n  Scenario: s\n{steps}\n")
}

/// A scenario that was played in words: its outcome, the ends of its steps, and its trouble.
pub(crate) fn told(played: &Played) -> String {
    let mut text = format!("{}: {:?}\n", played.name, played.outcome);
    for step in &played.steps {
        _ = writeln!(text, "  {} {} -> {}", step.keyword, step.text, step.end.words());
    }
    if let Some(trouble) = &played.trouble {
        _ = writeln!(text, "trouble: {}", trouble.message);
        if let Some(help) = &trouble.help {
            _ = writeln!(text, "help: {help}");
        }
        if let Some(request) = &trouble.request {
            _ = writeln!(text, "request: {request}");
        }
        for expected in trouble.divergence.iter().flat_map(|divergence| &divergence.expected) {
            for own in &expected.mismatches {
                _ = writeln!(text, "{}: {}: {} | {}", expected.class, own.place, own.expected, own.observed);
            }
        }
    }
    let [calls, judged, unmodelled, waived] = [played.calls, played.judged, played.unmodelled, played.waived];
    _ = writeln!(text, "calls {calls}, judged {judged}, unmodelled {unmodelled}, waived {waived}");
    text
}
