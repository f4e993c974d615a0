//! A generator that goes wrong can do no harm: nothing leaves that touches what the run does not own.

mod lab;

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use plumb_model::api::Api;
use plumb_model::bodies::{Bodies, BodySpec};
use plumb_model::call::{Call, Case, Need, Turn};
use plumb_model::http::{Headers, Request};
use plumb_model::space::Hazard;
use plumb_model::value::Value;
use plumb_model::wire::Sending;
use plumb_runner::engine::Done;
use plumb_validator::clock::SystemClock;
use plumb_validator::guard::{Guard, Refusal};
use plumb_validator::model_server::Answers;
use plumb_validator::names::RunId;
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::{MemoryTransport, Received, SendError, SendLimits, Transport};
use plumb_validator::verdict::Verdict;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use url::Url;

/// How many requests each property is tried on.
const TRIES: u32 = 4_000;
/// How many of them the guard must let pass at least, so that the property speaks of something.
const PASSED_MIN: u32 = TRIES / 20;

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

/// Each case is skipped for a reason that holds `why`, and not one request left.
fn check_skipped(api: &Api, safety: Safety, calls: Vec<Call>, why: &str) {
    let cases = calls.into_iter().map(|call| case(api, call)).collect();
    let (done, sent) = send(api, safety, cases);
    assert!(!done.is_empty());
    for done in &done {
        let call = &done.case.calls[0].call;
        match &done.run.verdict {
            Verdict::Skipped(reason) => assert!(reason.contains(why), "{call:?}: {reason}"),
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
    }
    check_skipped(&api, Safety::Full, calls, "the ");
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
    let calls = ways_out
        .iter()
        .flat_map(|key| ["PutObject", "GetObject", "DeleteObject"].map(|operation| on_key(operation, &own(), key)));
    check_skipped(&api, Safety::Full, calls.collect(), "");
}

#[test]
fn keys_of_others_never_leave() {
    let api = plumb_kv::api();
    let names = foreign().into_iter().filter(|name| !name.is_empty());
    let calls = names.flat_map(|name| ["Put", "Get", "Delete"].map(|own| Call::new(own).with("key", name.as_str())));
    check_skipped(&api, Safety::Full, calls.collect(), "");
    let lists = ["", "plumb-", "somebody"].map(|prefix| Call::new("List").with("prefix", prefix));
    check_skipped(&api, Safety::Full, lists.into(), "which this run neither made nor borrowed");
}

#[test]
fn a_target_for_reading_is_only_read() {
    let api = plumb_s3::api();
    let (bucket, hint) = (own(), "--safety own-data");
    let on_bucket = |operation: &'static str| Call::new(operation).with("bucket", bucket.as_str());
    let changes = vec![
        on_bucket("CreateBucket"),
        on_key("PutObject", &bucket, "k"),
        on_key("DeleteObject", &bucket, "k"),
        on_bucket("DeleteBucket"),
    ];
    check_skipped(&api, Safety::ReadOnly, changes, hint);
    let kv = plumb_kv::api();
    let changes = ["Put", "Delete"].map(|operation| Call::new(operation).with("key", bucket.as_str()));
    check_skipped(&kv, Safety::ReadOnly, changes.into(), hint);
    let (done, sent) = send(&api, Safety::ReadOnly, vec![case(&api, on_key("GetObject", &bucket, "k"))]);
    assert_eq!((done[0].run.verdict.word(), sent.len()), ("conforms", 1), "reading is permitted");
}

#[test]
fn a_bucket_that_a_case_borrows_is_not_made_on_a_target_for_reading() {
    let api = plumb_s3::api();
    for own in [true, false] {
        let call = Call::new("GetObject").with("bucket", Value::resource("bucket", "a")).with("key", "k");
        let mut case = case(&api, call);
        case.needs.push(Need { kind: "bucket".into(), role: "a".into(), own });
        let (done, sent) = send(&api, Safety::ReadOnly, vec![case]);
        assert_eq!(done[0].run.verdict.word(), "skipped");
        assert!(sent.iter().all(|request| request.method == "GET"), "own {own}: {sent:?}");
    }
}

fn guard(api: &Api, safety: Safety) -> Guard {
    Guard::new(&run(), &Target { safety, ..lab::target(api, "lab.invalid") })
}

fn request(method: &'static str, target: &[u8], headers: &[(&'static str, &str)]) -> Request {
    let mut all = Headers::default();
    all.push("host", "lab.invalid");
    headers.iter().for_each(|(name, value)| all.push(*name, (*value).to_owned()));
    Request { method: method.into(), target: target.to_vec(), headers: all, body: Bytes::new() }
}

/// What no call can express, in bytes. `OWN` stands for a bucket of this run.
const FOREIGN_REQUESTS: [(&str, &str, &[(&str, &str)]); 32] = [
    ("GET", "/OWN/../other/k", &[]),
    ("GET", "/OWN/%2e%2e/other/k", &[]),
    ("GET", "/OWN/%2E./other/k", &[]),
    ("GET", "/OWN/.%2e/other/k", &[]),
    ("GET", "/OWN/%252e%252e/other/k", &[]),
    ("DELETE", "/OWN\\..\\other\\k", &[]),
    ("DELETE", "/OWN/..\\other\\k", &[]),
    ("DELETE", "/OWN/%5c..%5c../other/k", &[]),
    ("PUT", "/OWN//../../other/k", &[]),
    ("PUT", "/OWN/\t../other/k", &[]),
    ("PUT", "/OWN%2f..%2fother/k", &[]),
    ("GET", "//other/k", &[]),
    ("GET", "//OWN/k", &[]),
    ("GET", "/\\other/k", &[]),
    ("GET", "/./other/k", &[]),
    ("GET", "http://other.invalid/OWN/k", &[]),
    ("GET", "@other.invalid/OWN/k", &[]),
    ("OPTIONS", "*", &[]),
    ("GET", "", &[]),
    ("GET", "/", &[]),
    ("GET", "/?list-type=2", &[]),
    ("PUT", "/OWN?policy", &[]),
    ("POST", "/OWN?delete", &[]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "other/k")]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "/other/k")]),
    ("PUT", "/OWN/k", &[("X-Amz-Copy-Source", "%2Fother%2Fk")]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "OWN/../other/k")]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "arn:aws:s3:::other/k")]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "OWN/k"), ("x-amz-copy-source", "other/k")]),
    ("GET", "/OWN/k", &[("host", "other.s3.amazonaws.com")]),
    ("GET", "/OWN/k", &[("x-http-method-override", "DELETE")]),
    ("PUT", "/plumb-zzzzzzzz-000000-a", &[]),
];

/// What is the run's own, however oddly it is spelt.
const OWN_REQUESTS: [(&str, &str, &[(&str, &str)]); 8] = [
    ("GET", "/OWN/k", &[]),
    ("PUT", "/OWN", &[]),
    ("DELETE", "/OWN/a/../b", &[]),
    ("GET", "/OWN//b", &[]),
    ("GET", "/OWN/%252e", &[]),
    ("GET", "/OWN?list-type=2&prefix=a%2F", &[]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "/OWN/a%20b")]),
    ("PUT", "/OWN/k", &[("x-amz-copy-source", "OWN/a/../b")]),
];

fn checked(api: &Api, guard: &Guard, row: &(&'static str, &str, &[(&'static str, &str)])) -> Result<(), Refusal> {
    let (method, target, headers) = row;
    let own = own();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.replace("OWN", &own))).collect();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = request(method, target.replace("OWN", &own).as_bytes(), &headers);
    guard.check(api, Hazard::Reads, &request).map(|_| ())
}

#[test]
fn requests_that_may_reach_others_are_refused_in_bytes() {
    let api = plumb_s3::api();
    let guard = guard(&api, Safety::Full);
    for row in &FOREIGN_REQUESTS {
        let refused = checked(&api, &guard, row);
        assert!(matches!(refused, Err(Refusal::Foreign { .. } | Refusal::Unclear(_))), "{row:?}: {refused:?}");
    }
    for row in &OWN_REQUESTS {
        assert_eq!(checked(&api, &guard, row), Ok(()), "{row:?}");
    }
}
