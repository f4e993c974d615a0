//! The kill switch and the budgets, asked at every call: what leaves, what is kept back, what is still removed.

use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use plumb_model::api::Api;
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Case, Need, Turn};
use plumb_model::http::Request;
use plumb_model::value::Value;
use plumb_model::wire::Actor;
use plumb_validator::brake::{Brake, BrakeState, Hold};
use plumb_validator::case_run::{CaseRun, Shared, run_case};
use plumb_validator::clock::{Clock, SystemClock, TargetClock};
use plumb_validator::guard::{Bounds, Guard};
use plumb_validator::journal::{Header, JOURNAL_VERSION, Journal, leftovers};
use plumb_validator::meter::{Allowance, Amount, Daily, Meter};
use plumb_validator::model_server::{Answers, ModelServer, ServerOptions};
use plumb_validator::names::RunId;
use plumb_validator::session::Context;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::{MemoryTransport, Received, SendError, SendLimits, Transport};
use plumb_validator::verdict::Verdict;

/// Writes down the method of each request, and pulls the brake once so many were sent.
struct Pulling<'a> {
    server: MemoryTransport<'a>,
    brake: Arc<Brake>,
    after: usize,
    state: BrakeState,
    sent: Mutex<Vec<String>>,
}

impl Transport for Pulling<'_> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        let mut sent = self.sent.lock().expect("a lock");
        sent.push(request.method.to_string());
        if sent.len() == self.after {
            self.brake.set(vec![hold(self.state)]);
        }
        self.server.send(request, limits)
    }
}

fn hold(state: BrakeState) -> Hold {
    let text = str::to_owned;
    Hold { state, source: text("the test"), note: text("alice: it hurts"), remedy: text("let go of it") }
}

/// A sum in memory.
struct Sum(Mutex<Amount>);

impl Allowance for Sum {
    fn add(&self, _: i64, take: &mut dyn FnMut(Amount) -> Option<Amount>) -> Result<(), String> {
        let mut sum = self.0.lock().expect("a lock");
        let more = take(*sum).unwrap_or_default();
        *sum = Amount { requests: sum.requests + more.requests, bytes: sum.bytes + more.bytes };
        Ok(())
    }

    fn give_back(&self, _: i64, _: Amount) {}
}

fn actor() -> Actor {
    Actor { name: "default".into(), id: "AKID".into(), secret: "secret".into(), session_token: None }
}

fn target(api: &Api) -> Target {
    Target {
        name: "t".into(),
        scheme: "http".into(),
        authority: "lab.invalid".into(),
        region: "us-east-1".into(),
        flavour: api.flavours[0].name,
        actors: vec![actor()],
        safety: Safety::Full,
        exclusive: false,
        limits: SendLimits::default(),
    }
}

/// A bucket of its own, two objects written, one read.
fn case() -> Case {
    let on_key = |operation, key: &'static str| {
        Call::new(operation).with("bucket", Value::resource("bucket", "a")).with("key", key)
    };
    let mut case = Case::new("s3");
    case.needs.push(Need::own("bucket", "a"));
    case.calls.push(Turn::new("read", on_key("GetObject", "absent")));
    case.calls.push(Turn::new("first", on_key("PutObject", "a").with("body", "abc")));
    case.calls.push(Turn::new("second", on_key("PutObject", "b").with("body", "abc")));
    case.calls.push(Turn::new("again", on_key("GetObject", "a")));
    case
}

/// What the case came to, what was sent for it, what the bounds kept back, and how much the journal has left.
struct Ran {
    run: CaseRun,
    sent: Vec<String>,
    kept_back: Option<(u64, String)>,
    journalled: usize,
}

async fn run(after: usize, state: BrakeState, requests: Option<u64>) -> Ran {
    let (api, bodies, id) = (plumb_s3::api(), Bodies::new(), RunId::new(7));
    let target = target(&api);
    let options = ServerOptions {
        flavour: target.flavour,
        region: target.region.clone(),
        actors: vec![actor()],
        answers: Answers::Preferred,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let server = MemoryTransport::new(ModelServer::new(&api, options, None), Arc::clone(&clock));
    let brake = Arc::new(Brake::default());
    let transport = Pulling { server, brake: Arc::clone(&brake), after, state, sent: Mutex::default() };
    let daily = Daily { requests, bytes: None };
    let meter = Meter::new("t", daily, Box::new(Sum(Mutex::default())), clock);
    let bounds = Bounds { brake, meter: requests.map(|_| Arc::new(meter)) };
    let guard = Guard::new(&id, &target).bound_by(&bounds);
    let folder = tempfile::tempdir().expect("a folder");
    let text = str::to_owned;
    let header = Header {
        plumb_journal: JOURNAL_VERSION,
        run: id.as_str().to_owned(),
        api: text("s3"),
        target: text("t"),
        endpoint: text("http://lab.invalid"),
        started_s: 0,
    };
    let journal = Journal::begin(folder.path(), &header).expect("a journal");
    let context = Context {
        api: &api,
        target: &target,
        transport: &transport,
        run: &id,
        guard: &guard,
        journal: Some(&journal),
        clock: &SystemClock,
        target_clock: &TargetClock::default(),
        bodies: &bodies,
    };
    let run = run_case(&context, &mut Shared::default(), &case(), 0).await;
    drop(journal);
    let journalled = leftovers(folder.path()).expect("it reads").iter().map(|left| left.resources.len()).sum();
    let sent = transport.sent.into_inner().expect("a lock");
    Ran { run, sent, kept_back: guard.kept_back(), journalled }
}

#[track_caller]
fn check_skipped(ran: &Ran, words: &[&str]) {
    let Verdict::Skipped(why) = &ran.run.verdict else { panic!("{:?}", ran.run.verdict) };
    assert!(words.iter().all(|word| why.contains(word)), "{why}");
    assert!(ran.kept_back.as_ref().is_some_and(|(count, first)| *count > 0 && first == why), "{:?}", ran.kept_back);
}

#[tokio::test]
async fn what_nobody_keeps_back_conforms() {
    let ran = run(0, BrakeState::Runs, Some(1_000)).await;
    assert!(matches!(ran.run.verdict, Verdict::Conforms { .. }), "{:?}", ran.run.verdict);
    assert_eq!((ran.kept_back, ran.journalled), (None, 0));
    assert_eq!(ran.sent[..5], ["PUT", "GET", "PUT", "PUT", "GET"]);
}

#[tokio::test]
async fn read_only_stops_the_very_next_write_and_what_was_made_is_removed() {
    for after in 1..=3 {
        let ran = run(after, BrakeState::ReadOnly, None).await;
        check_skipped(&ran, &["the kill switch says read-only", "the test", "alice: it hurts", "let go of it"]);
        assert!(!ran.sent[after..].iter().any(|method| method == "PUT"), "{after}: {:?}", ran.sent);
        assert!(ran.sent.iter().any(|method| method == "DELETE"), "{:?}", ran.sent);
        assert_eq!((ran.run.left.len(), ran.journalled), (0, 0), "{after}");
    }
}

#[tokio::test]
async fn halt_lets_nothing_pass_and_the_journal_keeps_what_was_made() {
    for after in 1..=4 {
        let ran = run(after, BrakeState::Halt, None).await;
        check_skipped(&ran, &["the kill switch says halt"]);
        assert_eq!(ran.sent.len(), after, "{:?}", ran.sent);
        assert_eq!((ran.run.left.len(), ran.journalled), (1, 1), "{after}");
    }
}

#[tokio::test]
async fn drain_lets_a_case_under_way_end() {
    let ran = run(1, BrakeState::Drain, None).await;
    assert!(matches!(ran.run.verdict, Verdict::Conforms { .. }), "{:?}", ran.run.verdict);
    assert_eq!((ran.kept_back, ran.journalled), (None, 0));
}

#[tokio::test]
async fn a_spent_budget_stops_the_next_call_and_what_was_made_is_removed() {
    let ran = run(0, BrakeState::Runs, Some(3)).await;
    check_skipped(&ran, &["today's budget of 3 requests", "\"t\"", "requests_per_day"]);
    assert_eq!(ran.sent[..3], ["PUT", "GET", "PUT"]);
    assert!(ran.sent[3..].iter().all(|method| method != "PUT"), "{:?}", ran.sent);
    assert_eq!((ran.run.left.len(), ran.journalled), (0, 0));
}
