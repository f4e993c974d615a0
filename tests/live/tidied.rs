//! The guard and whoever tidies up what it let pass: no reading of the bytes may lead to another bucket.

use std::cell::Cell;
use std::fmt::Debug;

use plumb_model::bodies::Bodies;
use plumb_model::call::Call;
use plumb_model::http::Request;
use plumb_model::space::Hazard;
use plumb_model::value::Value;
use plumb_model::wire::Sending;
use plumb_validator::target::Safety;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use url::Url;

use crate::{guard, lab, own, request, run};

/// How many requests each property is tried on.
const TRIES: u32 = 4_000;
/// How many of them the guard must let pass at least, so that the property speaks of something.
const PASSED_MIN: u32 = TRIES / 20;
/// How many of those must become other bytes when they are tidied up.
const CHANGED_MIN: u32 = TRIES / 400;

/// Pieces of which a hostile path is made.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let fixed = [
        "/", "/", "..", ".", "%2e", "%2E%2e", "%2f", "%5c", "\\", "\t", "\n", "?", "#", "%00", "%25", "%", "@", ":",
        "k", "other", "plumb-",
    ];
    let own = Just(own().into_bytes());
    let fixed = proptest::sample::select(fixed.map(|text| text.as_bytes().to_vec()).to_vec());
    prop_oneof![6 => fixed, 1 => own, 1 => any::<u8>().prop_map(|byte| vec![byte])]
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(piece(), 0..8).prop_map(|pieces| pieces.concat())
}

/// A name, mostly of this run, and something hostile behind it.
fn name() -> impl Strategy<Value = Vec<u8>> {
    let own = || Just(own().into_bytes());
    let spoilt = (own(), path()).prop_map(|(own, path)| [own, path].concat());
    prop_oneof![2 => own(), 2 => spoilt, 1 => path()]
}

/// A library that tidies the target up, as reqwest's does, still sends it to a bucket of the run. Tells whether it
/// has other bytes then.
fn check_tidied(request: &Request) -> Result<bool, String> {
    let text = format!("http://lab.invalid{}", String::from_utf8_lossy(&request.target));
    let url = Url::parse(&text).map_err(|error| format!("{text:?}: {error}"))?;
    let bucket = url.path_segments().and_then(|mut segments| segments.next()).unwrap_or_default();
    let ours = bucket.starts_with(&format!("{}-", run().marker())) && url.host_str() == Some("lab.invalid");
    // The list of all buckets touches none of them.
    let ours = ours || (request.method == "GET" && request.target == b"/" && url.path() == "/");
    if ours { Ok(url.as_str() != text) } else { Err(format!("{text:?} becomes {url}")) }
}

/// Tries requests that `strategy` draws: each that the guard lets pass must stay with the run however it is read.
fn check_property<T: Debug>(strategy: impl Strategy<Value = T>, make: impl Fn(&T) -> Option<Request>) {
    let api = plumb_s3::api();
    let guard = guard(&api, Safety::Full);
    let (passed, changed) = (Cell::new(0), Cell::new(0));
    let config = Config { cases: TRIES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let tried = runner.run(&strategy, |drawn| {
        let Some(request) = make(&drawn) else { return Ok(()) };
        if guard.check(&api, Hazard::Reads, &request).is_ok() {
            passed.set(passed.get() + 1);
            let is_changed = check_tidied(&request).map_err(TestCaseError::fail)?;
            changed.set(changed.get() + u32::from(is_changed));
        }
        Ok(())
    });
    assert_eq!(tried.map_err(|error| error.to_string()), Ok(()));
    let (passed, changed) = (passed.get(), changed.get());
    println!("{passed} of {TRIES} requests passed the guard, {changed} of them are tidied up into others");
    assert!(passed >= PASSED_MIN && changed >= CHANGED_MIN, "too few passed the guard");
}

#[test]
fn whatever_passes_in_bytes_stays_with_the_run_however_it_is_tidied_up() {
    let methods = proptest::sample::select(vec!["GET", "PUT", "DELETE"]);
    let targets = (name(), path()).prop_map(|(name, path)| [b"/".to_vec(), name, path].concat());
    check_property((methods, targets), |(method, target)| Some(request(method, target.clone())));
}

#[test]
fn whatever_passes_as_a_call_stays_with_the_run_however_it_is_tidied_up() {
    let api = plumb_s3::api();
    let (actor, bodies) = (lab::actor(), Bodies::new());
    let sending =
        Sending { authority: "lab.invalid", region: "us-east-1", actor: Some(&actor), now_s: 0, bodies: &bodies };
    let operations = proptest::sample::select(vec!["PutObject", "GetObject", "DeleteObject"]);
    check_property((operations, name(), path()), |(operation, bucket, key)| {
        let literal = |bytes: &Vec<u8>| Value::literal(bytes.clone());
        let call = Call::new(*operation).with("bucket", literal(bucket)).with("key", literal(key));
        api.wire.encode(&call, &sending).ok()
    });
}
