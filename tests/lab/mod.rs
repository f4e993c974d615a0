//! What whole-product tests share: a run against the model's own server, in this process.
#![expect(unreachable_pub, reason = "each test crate has a copy of its own")]

use std::collections::BTreeSet;
use std::sync::Arc;

use std::time::{Duration, Instant};

use plumb_model::api::Api;
use plumb_model::call::Case;
use plumb_model::plant::Plant;
use plumb_model::wire::{Actor, SECOND_ACTOR};
use plumb_runner::engine::{Budget, Done, Engine};
use plumb_runner::events::Event;
use plumb_runner::investigate::Failures;
use plumb_runner::precedence::{Sightings, cycles};
use plumb_runner::run::case_done;
use plumb_validator::clock::SystemClock;
use plumb_validator::finding::Finding;
use plumb_validator::model_server::{Answers, ModelServer, ServerOptions};
use plumb_validator::names::RunId;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::{MemoryTransport, SendLimits, Transport};

/// How long a lab may look into divergences.
const INVESTIGATION_MAX: Duration = Duration::from_mins(10);

/// The identity that the lab's servers know.
pub fn actor() -> Actor {
    Actor { name: "lab".into(), id: "LABACCESSKEY".into(), secret: "lab-secret-key".into(), session_token: None }
}

/// The second identity that they know, of another account.
pub fn other() -> Actor {
    Actor {
        name: SECOND_ACTOR.into(),
        id: "LABOTHERKEY".into(),
        secret: "lab-other-secret".into(),
        session_token: None,
    }
}

/// A target for tests: signed by [`actor`] or [`other`], everything permitted, nothing foreign.
pub fn target(api: &Api, authority: &str) -> Target {
    Target {
        name: "lab".into(),
        scheme: "http".into(),
        authority: authority.into(),
        region: "us-east-1".into(),
        flavour: api.flavours[0].name,
        actors: if api.signed { vec![actor(), other()] } else { vec![] },
        safety: Safety::Full,
        exclusive: false,
        limits: SendLimits::default(),
    }
}

/// A server made from the model of `api`.
pub fn server(api: &Api, answers: Answers, plant: Option<Plant>) -> ModelServer<'_> {
    server_at(api, target(api, "lab.invalid"), answers, plant)
}

/// A server made from the model of `api`, of the flavour and in the region of `target`.
pub fn server_at(api: &Api, target: Target, answers: Answers, plant: Option<Plant>) -> ModelServer<'_> {
    let options = ServerOptions { flavour: target.flavour, region: target.region, actors: target.actors, answers };
    ModelServer::new(api, options, plant)
}

/// What a run in the lab came to.
#[derive(Default)]
pub struct Results {
    /// Every case that is over.
    pub done: Vec<Done>,
    /// The findings, where they were asked for.
    pub findings: Vec<Finding>,
    /// Divergences that did not come again.
    pub unconfirmed: Vec<String>,
    /// Who won where a call had two faults.
    pub sightings: Sightings,
    /// The outcomes that the server gave.
    pub realised: BTreeSet<String>,
    /// The outcomes that the model permitted.
    pub offered: BTreeSet<String>,
}

impl Results {
    /// How many requests the cases sent.
    pub fn exchanges(&self) -> usize {
        self.done.iter().map(|done| done.run.exchanges.len()).sum()
    }

    /// The verdicts that are not `conforms`, with the case that gave each.
    pub fn not_conforming(&self) -> Vec<String> {
        let unclear = self.done.iter().filter(|done| done.run.verdict.word() != "conforms");
        unclear
            .map(|done| {
                let (choices, why) = (&done.case.origin.choices, plumb_runner::engine::in_words(&done.run.verdict));
                format!("{} {} {choices:?}: {why}", done.run.verdict.word(), done.case.origin.operation)
            })
            .collect()
    }
}

/// Runs `cases` against `server` in this process; with `investigate`, divergences become findings.
pub fn run(api: &Api, server: ModelServer<'_>, cases: impl IntoIterator<Item = Case>, investigate: bool) -> Results {
    run_at(api, &target(api, "lab.invalid"), server, cases, investigate)
}

/// Runs `cases` against `server`, which is at `target`.
pub fn run_at(
    api: &Api,
    target: &Target,
    server: ModelServer<'_>,
    cases: impl IntoIterator<Item = Case>,
    investigate: bool,
) -> Results {
    let transport = Arc::new(MemoryTransport::new(server, Arc::new(SystemClock)));
    let connect = || Ok(Box::new(Arc::clone(&transport)) as Box<dyn Transport>);
    let mut results = run_through(api, target, &connect, cases, investigate);
    transport.with_server(|server| {
        results.realised.clone_from(server.realised());
        results.offered.clone_from(server.offered());
    });
    results
}

/// Runs `cases` through connections that `connect` opens.
pub fn run_through<'a>(
    api: &'a Api,
    target: &'a Target,
    connect: &'a (dyn Fn() -> Result<Box<dyn Transport + 'a>, String> + Sync + 'a),
    cases: impl IntoIterator<Item = Case>,
    investigate: bool,
) -> Results {
    let run = RunId::new(7);
    // A closure of its own lets the transports live no longer than this run.
    let connect = || connect();
    let engine = Engine::new(api, target, &run, &connect);
    let mut results = Results::default();
    let mut failures = Failures::default();
    let mut cases = cases.into_iter().collect::<Vec<_>>().into_iter();
    engine.run(&mut cases, 1, Budget::default(), &mut |done| {
        failures.note(api, &done);
        results.sightings.add(&case_done(&engine, &done));
        results.done.push(done);
    });
    if investigate {
        let tangles = results.sightings.tangles();
        let take = &mut |event: Event| match event {
            Event::Found(finding) => results.findings.push(*finding),
            Event::Unconfirmed { signature, why, .. } => results.unconfirmed.push(format!("{signature}: {why}")),
            _ => {}
        };
        let deadline = Instant::now() + INVESTIGATION_MAX;
        failures.investigate(&engine, deadline, take).expect("the investigation runs");
        cycles::confirm(&engine, tangles, deadline, take).expect("circles are run again");
    }
    results
}
