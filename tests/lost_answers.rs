//! An answer that is lost says nothing, and must neither accuse the server nor hide what it does wrong.
#![expect(clippy::print_stdout, reason = "the figures are what one runs this for")]

#[expect(dead_code, reason = "each test crate uses a part of it")]
mod lab;
mod live;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use live::workflows::workflow;
use plumb_generator::suites;
use plumb_model::api::Api;
use plumb_model::http::Request;
use plumb_runner::engine::Done;
use plumb_test_proxy::{Executed, Plan};
use plumb_validator::clock::SystemClock;
use plumb_validator::model_server::{Answers, ModelServer};
use plumb_validator::session::Exchange;
use plumb_validator::transport::{
    MemoryTransport, NoAnswerKind, Phase, Phases, Reached, Received, SendError, SendLimits, Transport,
};
use plumb_validator::verdict::{Divergence, Kind};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// One answer to a write of so many is lost.
const EVERY: u64 = 10;
/// How many cases of each operation are tried.
const CASES_OF_EACH: usize = 90;
/// How many of a hundred cases must conform all the same.
const CONFORMING_PERCENT_MIN: usize = 50;
/// Which writes are acknowledged and lost, counted from the first of the run.
const LOST_WRITES: [u64; 12] = [3, 19, 37, 53, 71, 89, 107, 125, 143, 161, 179, 197];
/// How many of them must be found at least; nobody looks at the others before they are overwritten.
const FOUND_MIN: usize = 4;
/// How many requests are sent to the model's own server.
const EXCHANGES_MIN: usize = 2_000;

fn drops() -> Plan {
    let methods = vec!["PUT", "DELETE", "POST"];
    Plan::DropAnswers { every: EVERY, methods, executed: Executed::Half, seed: live::SEED }
}

/// What a run with lost answers came to.
#[derive(Default)]
struct Tally {
    verdicts: BTreeMap<&'static str, usize>,
    lost: usize,
    /// Calls that were answered and judged after a lost answer of the same case.
    judged_after: usize,
    divergences: Vec<String>,
}

impl Tally {
    fn note(&mut self, done: &Done) {
        *self.verdicts.entry(done.run.verdict.word()).or_default() += 1;
        let answers = done.run.exchanges.iter().map(|exchange| exchange.answer.is_some());
        self.lost += answers.clone().filter(|answered| !answered).count();
        self.judged_after += answers.skip_while(|answered| *answered).filter(|answered| *answered).count();
        let (operation, choices) = (&done.case.origin.operation, &done.case.origin.choices);
        let each = done.run.divergences.iter().map(|own| format!("{operation} {choices:?}: {}", own.signature()));
        self.divergences.extend(each);
    }

    fn check(&self, what: &str) {
        let Self { verdicts, lost, judged_after, .. } = self;
        println!("{what}: {verdicts:?}, {lost} answers lost, {judged_after} calls judged after one");
        assert_eq!(self.divergences, Vec::<String>::new(), "{what}: a lost answer accuses nobody");
        assert!(*lost > 0 && *judged_after > 0, "{what}: answers were lost, and what came after was judged");
        let (conforming, all) =
            (verdicts.get("conforms").copied().unwrap_or_default(), verdicts.values().sum::<usize>());
        assert!(conforming * 100 >= CONFORMING_PERCENT_MIN * all, "{what}: {conforming} of {all} conform");
    }
}

/// What the server does wrong by itself: the divergences of a case whose lost calls were never sent at all.
fn own_faults(api: &Api, done: &Done) -> Vec<String> {
    let lost = |id: &str| done.run.exchanges.iter().any(|exchange| exchange.id == id && exchange.answer.is_none());
    let mut case = done.case.clone();
    case.calls.retain(|turn| !lost(&turn.id));
    let run = live::run(api, live::s3s_fs, Plan::Honest, [case]);
    run.done.iter().flat_map(|done| &done.run.divergences).map(Divergence::signature).collect()
}

#[test]
fn a_real_server_is_not_accused_of_lost_answers() {
    let api = plumb_s3::api();
    let honest = live::conforming(&api, live::s3s_fs, live::cases(&api, CASES_OF_EACH));
    let run = live::run(&api, live::s3s_fs, drops(), honest.iter().map(|done| done.case.clone()));
    assert_eq!(run.done.len(), honest.len(), "every case was run");
    let executed = run.applied.iter().filter(|applied| applied.forwarded).count();
    assert!(run.applied.len().abs_diff(2 * executed) <= 1, "half of {} were executed: {executed}", run.applied.len());
    let mut tally = Tally::default();
    run.done.iter().for_each(|done| tally.note(done));
    // A delete that was lost before it was done leaves an object for the probes, which the server may read badly.
    for done in run.done.iter().filter(|done| !done.run.divergences.is_empty()) {
        let own = own_faults(&api, done);
        tally.divergences.retain(|line| !own.iter().any(|signature| line.ends_with(signature)));
    }
    println!("{} answers dropped, borrowing and clean-up included, {executed} of them executed", run.applied.len());
    tally.check("s3s-fs");
}

#[test]
fn a_lost_write_is_found_among_lost_answers() {
    let api = plumb_s3::api();
    let lose = |nth| Plan::LoseWrite { nth, methods: vec!["PUT"], fake: live::fake_put_object() };
    let plans = LOST_WRITES.into_iter().map(lose).chain([drops()]).collect();
    let cases = (0..live::WORKFLOWS).map(|number| workflow(&api, live::SEED + number));
    let run = live::run(&api, live::s3s_fs, Plan::First(plans), cases);
    let mut found = 0;
    for (done, spoilt) in run.done.iter().zip(run.spoilt()) {
        let places: Vec<usize> =
            spoilt.iter().filter(|(_, applied)| applied.mutation == "lost-write").map(|(place, _)| *place).collect();
        let kinds: Vec<Kind> = done.run.divergences.iter().map(|own| own.kind).collect();
        assert!(kinds.is_empty() || !places.is_empty(), "an honest case diverges: {:?}", done.run.divergences);
        let looked_at = places.iter().any(|place| is_looked_at(&done.run.exchanges, *place));
        let is_found = kinds.first() == Some(&Kind::WrongStateAfterwards);
        if !places.is_empty() {
            println!("call {places:?} of {}: {}, {kinds:?}", done.run.exchanges.len(), done.run.verdict.word());
            assert!(is_found || !looked_at, "the lost write was looked at and not found: {:?}", done.case.calls);
        }
        found += usize::from(is_found);
    }
    println!("{found} cases with a lost write were found");
    assert!(found >= FOUND_MIN, "only {found} cases with a lost write were found");
}

/// Whether the next that is sent to the key of a write reads all of it, with no doubt about an earlier write.
fn is_looked_at(exchanges: &[Exchange], place: usize) -> bool {
    let same = |own: &&Exchange| own.request.target == exchanges[place].request.target;
    let certain = exchanges.iter().filter(same).all(|own| own.answer.is_some());
    let next = exchanges[place + 1..].iter().find(same);
    certain && next.is_some_and(|own| own.request.method == "GET" && own.request.headers.get("range").is_none())
}

/// A transport that loses one answer to a write out of so many, whichever it draws: were it every n-th, a case of so
/// many writes would lose the same one each time. A drawn half of these writes takes effect.
struct Dropping<'a> {
    server: MemoryTransport<'a>,
    draws: Mutex<StdRng>,
}

impl<'a> Dropping<'a> {
    fn new(server: ModelServer<'a>, seed: u64) -> Self {
        let server = MemoryTransport::new(server, Arc::new(SystemClock));
        Self { server, draws: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// Whether the answer to this request is lost; if so, whether the request takes effect.
    fn loses(&self, request: &Request) -> Option<bool> {
        if request.method == "GET" {
            return None;
        }
        let mut draws = self.draws.lock().unwrap_or_else(PoisonError::into_inner);
        (draws.random_range(0..EVERY) == 0).then(|| draws.random())
    }
}

impl Transport for Dropping<'_> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        async move {
            let lost = self.loses(request);
            if lost == Some(false) {
                return Err(no_answer());
            }
            let received = self.server.send(request, limits).await;
            if lost.is_some() { Err(no_answer()) } else { received }
        }
        .boxed()
    }
}

fn no_answer() -> SendError {
    let detail = "the answer was lost on purpose".to_owned();
    let reached = Box::new(Reached { phase: Phase::FirstByte, phases: Phases::default() });
    SendError::NoAnswer { kind: NoAnswerKind::Closed, detail, after: Duration::ZERO, begun: None, reached }
}

/// An answer in ten is lost whenever it is asked for: no call can be said to have none.
#[test]
fn lost_answers_are_no_hang_ups() {
    for api in [plumb_kv::api(), plumb_s3::api()] {
        let transport = Arc::new(Dropping::new(lab::server(&api, Answers::Preferred, None), live::SEED));
        let connect = || Ok(Box::new(Arc::clone(&transport)) as Box<dyn Transport>);
        let cases = live::cases(&api, CASES_OF_EACH);
        let results = lab::run_through(&api, &lab::target(&api, "lab.invalid"), &connect, cases, true);
        let hung_up: usize = results.done.iter().map(|done| done.run.hang_ups.len()).sum();
        let signatures: Vec<&String> = results.findings.iter().map(|finding| &finding.signature).collect();
        println!("{}: {hung_up} hang-ups, unconfirmed {:?}", api.name, results.unconfirmed);
        assert!(hung_up > 5, "{}: {hung_up}", api.name);
        assert_eq!(signatures, Vec::<&String>::new(), "{}", api.name);
    }
}

/// A transport on which the server never answers to what it is asked about.
struct Silent<'a, F>(MemoryTransport<'a>, F);

impl<F: Fn(&Request) -> bool + Send + Sync> Transport for Silent<'_, F> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        if (self.1)(request) { futures::future::ready(Err(no_answer())).boxed() } else { self.0.send(request, limits) }
    }
}

#[test]
fn a_call_that_is_never_answered_is_one() {
    let api = plumb_kv::api();
    let server = MemoryTransport::new(lab::server(&api, Answers::Preferred, None), Arc::new(SystemClock));
    let transport = Arc::new(Silent(server, |request: &Request| request.target.ends_with(b"limit=3")));
    let connect = || Ok(Box::new(Arc::clone(&transport)) as Box<dyn Transport>);
    let cases = suites::cases(&api, &[], 1);
    let results = lab::run_through(&api, &lab::target(&api, "lab.invalid"), &connect, cases, true);
    let [finding] = &results.findings[..] else { panic!("{:?}", results.findings) };
    assert_eq!((finding.kind, finding.reproduced.as_str()), (Kind::ServerError, "5/5"));
    assert_eq!((finding.choices.as_slice(), finding.case.calls.len()), (&["limit=all".to_owned()][..], 1));
}

/// Every suite and as many workflows, against the model's own server.
fn model_server_is_not_accused(api: &Api, answers: fn(u64) -> Answers) {
    let (mut tally, mut exchanges, mut round) = (Tally::default(), 0, live::SEED);
    while exchanges < EXCHANGES_MIN {
        round += 1;
        let transport = Arc::new(Dropping::new(lab::server(api, answers(round), None), round));
        let connect = || Ok(Box::new(Arc::clone(&transport)) as Box<dyn Transport>);
        let workflows = (0..live::WORKFLOWS).map(|number| workflow(api, 100 * round + number));
        let cases = suites::cases(api, &[], round).chain(workflows);
        let results = lab::run_through(api, &lab::target(api, "lab.invalid"), &connect, cases, false);
        exchanges += results.exchanges();
        results.done.iter().for_each(|done| tally.note(done));
    }
    tally.check(&format!("{} in memory, {exchanges} exchanges", api.name));
}

#[test]
fn the_model_server_of_kv_is_not_accused() {
    model_server_is_not_accused(&plumb_kv::api(), |_| Answers::Preferred);
    model_server_is_not_accused(&plumb_kv::api(), |seed| Answers::Any { seed });
}

#[test]
fn the_model_server_of_s3_is_not_accused() {
    model_server_is_not_accused(&plumb_s3::api(), |_| Answers::Preferred);
}

#[test]
fn the_model_server_of_s3_is_not_accused_whatever_it_answers() {
    model_server_is_not_accused(&plumb_s3::api(), |seed| Answers::Any { seed });
}
