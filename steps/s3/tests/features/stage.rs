//! Plays scenarios against a server made from the model.

use std::sync::{Arc, LazyLock};

use plumb_model::answer::Answer;
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Case, Turn};
use plumb_model::plant::Plant;
use plumb_model::wire::{Actor, SECOND_ACTOR};
use plumb_steps::executor::{Prepared, Setting, play};
use plumb_steps::feature::Scenario;
use plumb_steps::played::{Outcome, Played};
use plumb_steps::registry::Registry;
use plumb_validator::case_run::{Shared, run_case};
use plumb_validator::clock::{SystemClock, TargetClock};
use plumb_validator::guard::Guard;
use plumb_validator::model_server::{Answers, ModelServer, ServerOptions};
use plumb_validator::names::RunId;
use plumb_validator::open_case::OpenCase;
use plumb_validator::pool::{Pool, PoolTerms};
use plumb_validator::session::Context;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::{MemoryTransport, SendLimits};
use plumb_validator::verdict::Verdict;

/// Where the scenarios are played, and what is wrong there.
pub(crate) struct Stage {
    pub(crate) flavour: &'static str,
    pub(crate) region: &'static str,
    pub(crate) answers: Answers,
    pub(crate) plant: Option<&'static str>,
    /// Whether the model's word on an answer counts.
    pub(crate) judged: bool,
}

/// AWS as it is documented, in its first region.
pub(crate) const AWS: Stage =
    Stage { flavour: "aws", region: "us-east-1", answers: Answers::Preferred, plant: None, judged: true };

/// What became of the scenarios, and of what they made.
pub(crate) struct Performance {
    pub(crate) played: Vec<Played>,
    /// What could not be removed, and buckets that are there afterwards.
    pub(crate) left: Vec<String>,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    Registry::new(&[plumb_steps::source(), plumb_s3_steps::source()]).expect("phrases that can be told apart")
});

/// The phrases of S3, beside those that fit every API.
pub(crate) fn registry() -> &'static Registry {
    &REGISTRY
}

/// The plant of this name.
pub(crate) fn plant(name: &str) -> Plant {
    let plants = plumb_s3::api().plants;
    plants.into_iter().find(|plant| plant.name == name).unwrap_or_else(|| panic!("no plant is called {name}"))
}

fn actor(name: &str, id: &str) -> Actor {
    Actor { name: name.into(), id: id.into(), secret: format!("secret-of-{id}"), session_token: None }
}

impl Stage {
    fn target(&self) -> Target {
        Target {
            name: "stage".into(),
            scheme: "http".into(),
            authority: "stage.invalid".into(),
            region: self.region.into(),
            flavour: self.flavour,
            actors: vec![actor("default", "STAGEACCESSKEY"), actor(SECOND_ACTOR, "STAGEOTHERKEY")],
            safety: Safety::Full,
            exclusive: false,
            limits: SendLimits::default(),
        }
    }

    /// Plays all of these.
    pub(crate) fn perform(&self, scenarios: &[Scenario]) -> Performance {
        self.on(async |context| self.perform_in(context, scenarios).await)
    }

    /// Runs cases that scenarios left, without the scenarios, in parts of shared buckets where that will do; what each
    /// came to, and what is left.
    pub(crate) fn replay(&self, cases: &[Case]) -> (Vec<Verdict>, Vec<String>) {
        self.on(async |context| {
            let (mut shared, mut verdicts, mut left) = (Shared::default(), Vec::new(), Vec::new());
            for (sequence, case) in (1..).zip(cases) {
                let run = run_case(context, &mut shared, case, sequence).await;
                verdicts.push(run.verdict);
                left.extend(run.left);
            }
            left.extend(shared.give_back(context).await);
            (verdicts, left.iter().map(|made| format!("{made:?}")).collect())
        })
    }

    /// Does something with a new server.
    fn on<T>(&self, act: impl AsyncFnOnce(&Context<'_>) -> T) -> T {
        let (api, target, run) = (plumb_s3::api(), self.target(), RunId::new(7));
        let options = ServerOptions {
            flavour: target.flavour,
            region: target.region.clone(),
            actors: target.actors.clone(),
            answers: self.answers,
        };
        let server = ModelServer::new(&api, options, self.plant.map(plant));
        let transport = MemoryTransport::new(server, Arc::new(SystemClock));
        let (guard, target_clock, bodies) = (Guard::new(&run, &target), TargetClock::default(), Bodies::new());
        let context = Context {
            api: &api,
            target: &target,
            transport: &transport,
            run: &run,
            guard: &guard,
            journal: None,
            clock: &SystemClock,
            target_clock: &target_clock,
            bodies: &bodies,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(act(&context))
    }

    async fn perform_in(&self, context: &Context<'_>, scenarios: &[Scenario]) -> Performance {
        let pool = Pool::new(context.target, PoolTerms::default(), Vec::new());
        let (mut played, mut left) = (Vec::new(), Vec::new());
        for (sequence, scenario) in (1..).zip(scenarios) {
            let mut scenario = scenario.clone();
            scenario.terms.model_off = !self.judged;
            let done = play(&Setting::new(context, &pool), &Prepared::new(registry(), scenario), sequence).await;
            left.extend(done.left.iter().map(|made| format!("{}: {made:?}", done.played.id)));
            played.push(done.played);
        }
        let kept = pool.close(context).await;
        left.extend(kept.made.iter().map(|made| format!("{made:?}")));
        left.extend(kept.parts.iter().map(|part| format!("{part:?}")));
        for actor in [None, Some(SECOND_ACTOR)] {
            left.extend(buckets(context, actor).await);
        }
        Performance { played, left }
    }
}

/// The buckets that an identity has. One that was deleted may be listed for a while, so each is looked for.
async fn buckets(context: &Context<'_>, actor: Option<&str>) -> Vec<String> {
    const AFTER_ALL: u64 = 999_999;
    let mut open = OpenCase::new(context, AFTER_ALL);
    let listed = ask(&mut open, "buckets", actor, Call::new("ListBuckets")).await;
    let listed = listed.document.as_ref().and_then(|document| document.field("Buckets"));
    let names = listed.into_iter().flat_map(|listed| listed.list("Bucket")).filter_map(|own| own.text("Name"));
    let mut found = Vec::new();
    for name in names {
        if ask(&mut open, name, actor, Call::new("HeadBucket").with("bucket", name)).await.status != 404 {
            found.push(name.to_owned());
        }
    }
    found
}

async fn ask(open: &mut OpenCase<'_, '_>, id: &str, actor: Option<&str>, call: Call) -> Answer {
    open.call(&Turn { actor: actor.map(str::to_owned), ..Turn::new(id, call) }).await;
    let last = open.session().exchanges().last();
    last.and_then(|exchange| exchange.answer.clone()).expect("an answer")
}

/// What a scenario came to that did not pass, in words.
pub(crate) fn trouble(played: &Played) -> Option<String> {
    if played.outcome == Outcome::Passed {
        return None;
    }
    let trouble = played.trouble.as_ref();
    let step = trouble.and_then(|trouble| trouble.step).map(|at| played.steps[at].text.clone());
    let message = trouble.map(|trouble| format!("{} {}", trouble.message, trouble.help.clone().unwrap_or_default()));
    let expected = trouble.and_then(|trouble| trouble.divergence.as_ref()).map(|divergence| format!("{divergence:?}"));
    Some(format!("{}: {:?} at {step:?}: {message:?} {expected:?}", played.id, played.outcome))
}
