//! What a target lacks as a whole is counted, and what it merely does wrong stays a finding.
#![expect(clippy::print_stdout, reason = "the figures are what one runs this for")]

#[expect(dead_code, reason = "each test crate uses a part of it")]
mod lab;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use plumb_generator::suites;
use plumb_model::answer::Answer;
use plumb_model::api::Api;
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Case};
use plumb_model::http::Request;
use plumb_model::plant::{Bug, Effect, Plant};
use plumb_model::space::CALL_UNDER_TEST;
use plumb_model::wire::{Receiving, Sending, Site};
use plumb_runner::capabilities::{Survey, survey};
use plumb_runner::engine::{Budget, Done, Engine};
use plumb_runner::events::{Event, Has};
use plumb_runner::investigate::Failures;
use plumb_runner::support::Sieve;
use plumb_validator::clock::{Clock as _, SystemClock};
use plumb_validator::finding::Finding;
use plumb_validator::journal::Made;
use plumb_validator::model_server::Answers;
use plumb_validator::names::RunId;
use plumb_validator::transport::{MemoryTransport, Received, SendError, SendLimits, Transport};
use plumb_validator::verdict::Kind;

/// How many cases of each operation are tried.
const CASES_OF_EACH: usize = 60;
/// How long it may take to look into divergences.
const INVESTIGATION_MAX: Duration = Duration::from_mins(10);

/// A server that answers 501 to the calls that `lacks` names.
struct Lacking<F>(F);

impl<F: Fn(&Call) -> bool + Send + Sync> Bug for Lacking<F> {
    fn on_call(&self, call: &Call, _: &[Call]) -> Effect {
        if (self.0)(call) { Effect::Forget } else { Effect::Honest }
    }

    fn on_answer(&self, call: &Call, answer: &mut Answer) {
        if (self.0)(call) {
            *answer = Answer { status: 501, ..Answer::default() };
        }
    }
}

fn lacking(lacks: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Plant {
    let bug = Arc::new(Lacking(lacks));
    Plant { name: "lacking", about: "lacks something", operation: "", kind: "", strength: 1, bug }
}

/// A server that takes every caller for the one it knows: each request is signed anew on its way.
struct Unsigned<'a> {
    api: &'a Api,
    server: MemoryTransport<'a>,
}

impl Unsigned<'_> {
    fn signed(&self, request: &Request) -> Request {
        let (actor, bodies) = (lab::actor(), Bodies::new());
        let actors = [actor.clone(), lab::other()];
        let now_s = SystemClock.unix_ms() / 1000;
        let receiving = Receiving { region: "us-east-1", actors: &actors, now_s, bodies: &bodies };
        let Ok(mut received) = self.api.wire.decode_request(request, &receiving) else { return request.clone() };
        received.call.arguments.remove("signature");
        let authority = "lab.invalid";
        let sending = Sending { authority, region: "us-east-1", actor: Some(&actor), now_s, bodies: &bodies };
        self.api.wire.encode(&received.call, &sending).unwrap_or_else(|_| request.clone())
    }
}

impl Transport for Unsigned<'_> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        async move { self.server.send(&self.signed(request), limits).await }.boxed()
    }
}

/// What a run that first asked for capabilities came to.
#[derive(Default)]
struct Ran {
    not_working: Vec<String>,
    /// What the survey could not remove; a server that deletes nothing keeps everything.
    left: Vec<Made>,
    done: Vec<Done>,
    put_by: Vec<(Case, String)>,
    findings: Vec<Finding>,
}

impl Ran {
    fn signatures(&self) -> Vec<&str> {
        self.findings.iter().map(|finding| finding.signature.as_str()).collect()
    }
}

/// Asks a target for its capabilities, and sends the cases that it supports.
fn run<'a>(api: &'a Api, transport: &'a Arc<dyn Transport + 'a>, cases: Vec<Case>) -> Ran {
    let (target, run) = (lab::target(api, "lab.invalid"), RunId::new(7));
    let connect = || Ok(Box::new(Arc::clone(transport)) as Box<dyn Transport>);
    let engine = Engine::new(api, &target, &run, &connect);
    let Survey { checked, support, early, left } = survey(&engine, &[], 1);
    assert_eq!(early, None);
    let lacking = checked.iter().filter(|line| line.result != Has::Works);
    let words = |text: &Option<String>| text.clone().unwrap_or_default();
    let not_working = lacking.map(|line| {
        let parts = [words(&line.operation), words(&line.argument), line.result.words().to_owned()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    });
    let mut ran = Ran { not_working: not_working.collect(), left, ..Ran::default() };
    let mut failures = Failures::default();
    let mut source = Sieve::new(cases.into_iter(), &support, &[]);
    engine.run(&mut source, 1, Budget::default(), &mut |done| {
        failures.note(api, &done);
        ran.done.push(done);
    });
    ran.put_by = source.put_by;
    let found = &mut |event: Event| {
        if let Event::Found(finding) = event {
            ran.findings.push(*finding);
        }
    };
    failures.investigate(&engine, Instant::now() + INVESTIGATION_MAX, found).expect("the investigation runs");
    ran
}

fn run_planted(api: &Api, plant: Option<Plant>, cases: Vec<Case>) -> Ran {
    let server = MemoryTransport::new(lab::server(api, Answers::Preferred, plant), Arc::new(SystemClock));
    let transport: Arc<dyn Transport> = Arc::new(server);
    run(api, &transport, cases)
}

fn cases(api: &Api) -> Vec<Case> {
    let names = api.operations.iter().map(|operation| [operation.name.to_owned()]);
    names.flat_map(|name| suites::cases(api, &name, 1).take(CASES_OF_EACH).collect::<Vec<_>>()).collect()
}

/// Whether a case cannot do without an operation: it borrows by it, calls it on its way, or is about it.
fn needs(api: &Api, case: &Case, operation: &str) -> bool {
    let tested = case.calls.iter().position(|turn| turn.id == CALL_UNDER_TEST).expect("a call under test");
    let borrowed = case.needs.iter().flat_map(|need| api.resources.provision(need, &Bytes::new(), Site::NOWHERE));
    let mut operations = borrowed.map(|call| call.operation.to_string()).collect::<BTreeSet<_>>();
    operations.extend(case.calls[..=tested].iter().map(|turn| turn.call.operation.to_string()));
    operations.contains(operation)
}

fn a_lacking_operation_is_counted(api: &Api) {
    for operation in api.operations.iter().map(|operation| operation.name) {
        let cases = cases(api);
        let (all, needing) = (cases.len(), cases.iter().filter(|case| needs(api, case, operation)).count());
        let ran = run_planted(api, Some(lacking(move |call| call.operation == operation)), cases);
        assert_eq!(ran.signatures(), Vec::<&str>::new(), "without {operation}");
        assert!(needing > 0 && ran.put_by.len() == needing, "{operation}: {} of {needing}", ran.put_by.len());
        assert_eq!(ran.done.len(), all - needing, "the others are sent");
        assert!(ran.not_working.contains(&format!("{operation} not implemented")), "{:?}", ran.not_working);
        assert!(ran.done.iter().all(|done| done.run.verdict.word() == "conforms"), "without {operation}");
        println!("{} without {operation}: {} cases unsupported, {} sent", api.name, ran.put_by.len(), ran.done.len());
    }
}

#[test]
fn an_operation_that_kv_lacks_is_counted() {
    a_lacking_operation_is_counted(&plumb_kv::api());
}

#[test]
fn an_operation_that_s3_lacks_is_counted() {
    a_lacking_operation_is_counted(&plumb_s3::api());
}

#[test]
fn honest_servers_lack_nothing() {
    for api in [plumb_kv::api(), plumb_s3::api()] {
        let ran = run_planted(&api, None, cases(&api));
        assert_eq!(ran.not_working, Vec::<String>::new(), "{}", api.name);
        assert!(ran.put_by.is_empty() && ran.findings.is_empty() && ran.left.is_empty(), "{}", api.name);
    }
}

#[test]
fn each_argument_of_a_capability_is_lacked_by_itself() {
    let api = plumb_s3::api();
    let lacks = |call: &Call| call.operation == "PutObject" && call.argument("x-amz-checksum-sha256").is_some();
    let cases: Vec<Case> = suites::cases(&api, &["PutObject".to_owned()], 1).collect();
    let having = |case: &&Case| case.calls.iter().any(|turn| lacks(&turn.call));
    let needing = cases.iter().filter(having).count();
    let ran = run_planted(&api, Some(lacking(lacks)), cases);
    assert_eq!(ran.not_working, ["PutObject x-amz-checksum-sha256 not implemented"]);
    assert_eq!(ran.signatures(), Vec::<&str>::new());
    assert!(needing > 0 && ran.put_by.len() == needing, "{} of {needing}", ran.put_by.len());
}

/// A range is nothing that a client can do without; and an operation that works in one way is implemented.
#[test]
fn what_every_client_takes_for_granted_stays_a_finding() {
    let api = plumb_s3::api();
    let no_ranges = lacking(|call| call.argument("range").is_some());
    let cases = || suites::cases(&api, &["GetObject".to_owned()], 1).take(4 * CASES_OF_EACH).collect();
    let ran = run_planted(&api, Some(no_ranges), cases());
    assert!(ran.put_by.is_empty() && ran.not_working.is_empty(), "{:?}", ran.not_working);
    assert!(ran.findings.iter().any(|finding| finding.observed.class == "501"), "{:?}", ran.signatures());
    let only_conditional = |call: &Call| call.operation == "GetObject" && call.argument("if-match").is_none();
    let ran = run_planted(&api, Some(lacking(only_conditional)), cases());
    assert_eq!(ran.not_working[0], "GetObject unclear", "{:?}", ran.not_working);
    assert!(ran.put_by.is_empty(), "{:?}", ran.put_by.first());
    assert!(ran.findings.iter().any(|finding| finding.observed.class == "501"), "{:?}", ran.signatures());
}

#[test]
fn a_server_that_takes_every_caller_has_one_finding_for_it() {
    let api = plumb_s3::api();
    let server = MemoryTransport::new(lab::server(&api, Answers::Preferred, None), Arc::new(SystemClock));
    let transport: Arc<dyn Transport> = Arc::new(Unsigned { api: &api, server });
    let cases = cases(&api);
    let needs = |case: &&Case| {
        case.actors().next().is_some() || case.calls.iter().any(|turn| turn.call.argument("signature").is_some())
    };
    let needing = cases.iter().filter(needs).count();
    let ran = run(&api, &transport, cases);
    assert_eq!(ran.not_working, ["not implemented"]);
    assert_eq!(ran.findings.len(), 1, "{:?}", ran.signatures());
    let finding = &ran.findings[0];
    assert_eq!(finding.kind, Kind::AcceptsWhatMustBeRefused);
    assert_eq!(finding.choices, ["signature=wrong-secret"]);
    assert_eq!((finding.case.calls.len(), finding.reproduced.as_str()), (1, "3/3"), "{:?}", finding.case.calls);
    assert!(ran.put_by.len() + 1 >= needing && needing > 10, "{} of {needing}", ran.put_by.len());
    assert!(ran.put_by.iter().all(|(_, why)| why.starts_with("the target has no signatures: it accepts ")));
    println!("{} cases unsupported, {} sent, 1 finding", ran.put_by.len(), ran.done.len());
}
