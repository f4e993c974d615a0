//! A generator that goes wrong can do no harm: nothing leaves that touches what the run does not own.
#![expect(clippy::print_stdout, reason = "the figures are what one runs this for")]

#[expect(dead_code, reason = "each test crate uses a part of it")]
mod lab;
#[path = "live/requests.rs"]
mod requests;
#[path = "live/tidied.rs"]
mod tidied;

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use plumb_model::api::Api;
use plumb_model::bodies::BodySpec;
use plumb_model::call::{Call, Case, Need, Turn};
use plumb_model::http::Request;
use plumb_model::space::{Choice, Dimension, Hazard};
use plumb_model::value::Value;
use plumb_runner::engine::Done;
use plumb_validator::clock::SystemClock;
use plumb_validator::guard::{Guard, Refusal};
use plumb_validator::model_server::Answers;
use plumb_validator::names::RunId;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::{MemoryTransport, Received, SendError, SendLimits, Transport};
use plumb_validator::verdict::Verdict;

/// The run that the lab's cases belong to.
fn run() -> RunId {
    RunId::new(7)
}

/// A bucket of this run.
fn own() -> String {
    format!("{}-000000-a", run().marker())
}

/// A transport that writes down what is sent through it.
struct Recorder<'a> {
    server: MemoryTransport<'a>,
    sent: &'a Mutex<Vec<Request>>,
}

impl Transport for Recorder<'_> {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        self.server.send(request, limits)
    }
}

/// Runs cases at a safety level; what they came to, and what left.
fn send(api: &Api, safety: Safety, cases: Vec<Case>) -> (Vec<Done>, Vec<Request>) {
    let target = Target { safety, ..lab::target(api, "lab.invalid") };
    let sent = Mutex::default();
    let connect = || {
        let server = MemoryTransport::new(lab::server(api, Answers::Preferred, None), std::sync::Arc::new(SystemClock));
        Ok(Box::new(Recorder { server, sent: &sent }) as Box<dyn Transport>)
    };
    let done = lab::run_through(api, &target, &connect, cases, false).done;
    (done, sent.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn case(api: &Api, call: Call) -> Case {
    let mut case = Case::new(api.name);
    case.calls.push(Turn::new("call", call));
    case
}

/// What a refusal says of a name that is not ours, or of bytes that may be anything.
const FOREIGN: [&str; 2] = ["which this run neither made nor borrowed", "it cannot be told what the request touches"];

/// Each case is skipped for one of these reasons, and not one request left.
fn check_skipped(api: &Api, safety: Safety, calls: Vec<Call>, reasons: &[&str]) {
    let cases = calls.into_iter().map(|call| case(api, call)).collect();
    let (done, sent) = send(api, safety, cases);
    assert!(!done.is_empty());
    for done in &done {
        let call = &done.case.calls[0].call;
        match &done.run.verdict {
            Verdict::Skipped(reason) => assert!(reasons.iter().any(|own| reason.contains(own)), "{call:?}: {reason}"),
            other => panic!("{call:?}: {} instead of skipped", other.word()),
        }
    }
    assert_eq!(sent, Vec::new(), "nothing left");
}

/// Names that are not this run's.
fn foreign() -> Vec<String> {
    let marker = run().marker();
    let mut names = vec![
        "somebody-elses-bucket".to_owned(),
        RunId::new(8).case_marker(0) + "-a",
        marker.clone(),
        format!("{marker}x-000000-a"),
        format!("x-{}", own()),
        own().to_uppercase(),
        "plumb-".to_owned(),
    ];
    names.extend(["..", ".", "%2e%2e", "%2E%2e", "\\", "/", "//", "\t", "?", "#", "\0"].map(str::to_owned));
    let ways_out =
        ["/../other", "/%2e%2e/other", "\\..\\other", "/..\\other", "//../../other", "%2f..%2fother", "/.\t./other"];
    names.extend(ways_out.map(|way| own() + way));
    names
}

fn on_key(operation: &'static str, bucket: &str, key: &str) -> Call {
    let call = Call::new(operation).with("bucket", bucket).with("key", key);
    if operation == "PutObject" { call.with("body", BodySpec::random(1, 10)) } else { call }
}

#[test]
fn calls_to_buckets_of_others_never_leave() {
    let api = plumb_s3::api();
    let mut calls = Vec::new();
    for name in foreign() {
        calls.extend(
            ["CreateBucket", "DeleteBucket", "ListObjectsV2"].map(|own| Call::new(own).with("bucket", name.as_str())),
        );
        calls.extend(["PutObject", "GetObject", "DeleteObject"].map(|own| on_key(own, &name, "k")));
        let copy = on_key("CopyObject", &own(), "k");
        calls
            .extend(["", "/"].map(|start| copy.clone().with("x-amz-copy-source", format!("{start}{name}/k").as_str())));
    }
    // What cannot stand in a header does not come as far as the guard.
    let unsendable = |call: &Call| call.bytes("x-amz-copy-source").is_some_and(|source| source.contains(&0));
    calls.retain(|call| !unsendable(call));
    check_skipped(&api, Safety::Full, calls, &FOREIGN);
}

#[test]
fn keys_that_lead_out_of_the_bucket_never_leave() {
    let api = plumb_s3::api();
    let ways_out = [
        "../other/k",
        "..",
        "../..",
        "a/../../other/k",
        "..\\other\\k",
        "a\\..\\..\\other\\k",
        "%2e%2e/other/k",
        ".\t./other/k",
        "..%2fother",
    ];
    let mut calls: Vec<Call> = Vec::new();
    for key in ways_out {
        calls.extend(["PutObject", "GetObject", "DeleteObject"].map(|operation| on_key(operation, &own(), key)));
        let source = format!("{}/{key}", own());
        calls.push(on_key("CopyObject", &own(), "k").with("x-amz-copy-source", source.as_str()));
    }
    check_skipped(&api, Safety::Full, calls, &FOREIGN);
}

#[test]
fn keys_of_others_never_leave() {
    let api = plumb_kv::api();
    // A key cannot be left by a backslash: it goes out escaped, and what starts with our marker is ours.
    let names = foreign().into_iter().filter(|name| !name.starts_with(&own()) || name.contains('/'));
    let calls = names.flat_map(|name| ["Put", "Get", "Delete"].map(|own| Call::new(own).with("key", name.as_str())));
    check_skipped(&api, Safety::Full, calls.collect(), &FOREIGN);
    let lists = ["", "plumb-", "somebody"].map(|prefix| Call::new("List").with("prefix", prefix));
    check_skipped(&api, Safety::Full, lists.into(), &FOREIGN[..1]);
}

#[test]
fn a_target_for_reading_is_only_read() {
    let api = plumb_s3::api();
    let (bucket, hint) = (own(), ["add --safety own-data"]);
    let on_bucket = |operation: &'static str| Call::new(operation).with("bucket", bucket.as_str());
    let changes = vec![
        on_bucket("CreateBucket"),
        on_key("PutObject", &bucket, "k"),
        on_key("DeleteObject", &bucket, "k"),
        on_bucket("DeleteBucket"),
    ];
    check_skipped(&api, Safety::ReadOnly, changes, &hint);
    let kv = plumb_kv::api();
    let changes = ["Put", "Delete"].map(|operation| Call::new(operation).with("key", bucket.as_str()));
    check_skipped(&kv, Safety::ReadOnly, changes.into(), &hint);
    let (done, sent) = send(&api, Safety::ReadOnly, vec![case(&api, on_key("GetObject", &bucket, "k"))]);
    assert_eq!((done[0].run.verdict.word(), sent.len()), ("conforms", 1), "reading is permitted");
}

#[test]
fn a_choice_that_does_more_than_its_operation_needs_a_higher_safety_level() {
    let mut api = plumb_kv::api();
    let get = api.operations.iter_mut().find(|operation| operation.name == "Get").expect("it has one");
    let open = Choice::valid("open", "if-none-match", "\"open\"").raising(Hazard::Exposes);
    get.space.dimensions.push(Dimension::argument("exposure", vec![Choice::absent("none"), open]));
    let read = || Call::new("Get").with("key", own().as_str());
    check_skipped(&api, Safety::OwnData, vec![read().with("if-none-match", "\"open\"")], &["opens data to others"]);
    let (done, sent) = send(&api, Safety::OwnData, vec![case(&api, read().with("if-none-match", "\"shut\""))]);
    assert_eq!((done[0].run.verdict.word(), sent.len()), ("conforms", 1), "another value is harmless");
}

#[test]
fn a_bucket_that_a_case_borrows_is_not_made_on_a_target_for_reading() {
    let api = plumb_s3::api();
    for own in [true, false] {
        let call = Call::new("GetObject").with("bucket", Value::resource("bucket", "a")).with("key", "k");
        let mut case = case(&api, call);
        case.needs.push(Need { own, ..Need::own("bucket", "a") });
        let (done, sent) = send(&api, Safety::ReadOnly, vec![case]);
        assert_eq!(done[0].run.verdict.word(), "skipped");
        assert!(sent.iter().all(|request| request.method == "GET"), "own {own}: {sent:?}");
    }
}

#[test]
fn a_call_that_is_refused_keeps_nothing_else_from_being_done() {
    let api = plumb_s3::api();
    let mut spoilt = case(&api, Call::new("CreateBucket").with("bucket", own().as_str()));
    spoilt.calls.push(Turn::new("wrong", on_key("PutObject", "somebody-elses-bucket", "k")));
    let good = case(&api, on_key("GetObject", &own(), "k"));
    let (done, sent) = send(&api, Safety::Full, vec![spoilt, good]);
    assert_eq!(done.iter().map(|done| done.run.verdict.word()).collect::<Vec<_>>(), ["skipped", "conforms"]);
    assert!(done[0].run.left.is_empty(), "the bucket was removed again");
    let own = format!("/{}", own());
    assert!(sent.iter().all(|request| request.target.starts_with(own.as_bytes())), "{sent:?}");
}

fn guard(api: &Api, safety: Safety) -> Guard {
    Guard::new(&run(), &Target { safety, ..lab::target(api, "lab.invalid") })
}

fn request(method: &'static str, target: Vec<u8>) -> Request {
    let headers = [("host".into(), Bytes::from_static(b"lab.invalid"))].into_iter().collect();
    Request { method: method.into(), target, headers, body: Bytes::new() }
}

fn checked(api: &Api, guard: &Guard, (method, target, headers): &requests::Row) -> Result<(), Refusal> {
    let own = own();
    let mut request = request(method, target.replace("OWN", &own).into_bytes());
    headers.iter().for_each(|(name, value)| request.headers.push(*name, value.replace("OWN", &own)));
    guard.check(api, Hazard::Reads, &request).map(drop)
}

#[test]
fn requests_that_may_reach_others_are_refused_in_bytes() {
    let api = plumb_s3::api();
    let guard = guard(&api, Safety::Full);
    for row in &requests::FOREIGN_REQUESTS {
        let refused = checked(&api, &guard, row);
        assert!(matches!(refused, Err(Refusal::Foreign { .. } | Refusal::Unclear(_))), "{row:?}: {refused:?}");
    }
    for row in &requests::OWN_REQUESTS {
        assert_eq!(checked(&api, &guard, row), Ok(()), "{row:?}");
    }
}
