//! Longer cases: writes, reads, listings and deletions of a few keys, as a client would mix them.

use plumb_model::api::Api;
use plumb_model::bodies::BodySpec;
use plumb_model::call::{Call, Case, Need, Turn};
use plumb_model::value::Value;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// The fewest calls of a workflow.
const CALLS_MIN: usize = 10;
/// The most.
const CALLS_MAX: usize = 20;
/// How many keys a workflow uses.
const KEYS: u32 = 3;
/// The most bytes of a body.
const BODY_BYTES_MAX: u64 = 200;
/// What workflows are called where cases say where they come from.
pub(crate) const WORKFLOW: &str = "workflow";

/// What a call of a workflow does.
enum Step {
    Put(u32, BodySpec),
    Get(u32),
    Part(u32, u64),
    List,
    Delete(u32),
}

/// The workflow that `seed` draws.
pub(crate) fn workflow(api: &Api, seed: u64) -> Case {
    let mut random = StdRng::seed_from_u64(seed);
    let mut case = Case::new(api.name);
    WORKFLOW.clone_into(&mut case.origin.suite);
    WORKFLOW.clone_into(&mut case.origin.operation);
    let is_s3 = api.name == "s3";
    if is_s3 {
        case.needs.push(Need::shared("bucket", "a"));
    }
    for number in 0..random.random_range(CALLS_MIN..=CALLS_MAX) {
        let step = step(&mut random);
        let call = if is_s3 { s3(&step) } else { kv(&step) };
        case.calls.push(Turn::new(format!("call-{number}"), call));
    }
    case
}

fn step(random: &mut StdRng) -> Step {
    let key = random.random_range(0..KEYS);
    match random.random_range(0..10) {
        0..4 => Step::Put(key, BodySpec::random(random.random(), random.random_range(1..BODY_BYTES_MAX))),
        4..6 => Step::Get(key),
        6 => Step::Part(key, random.random_range(0..BODY_BYTES_MAX)),
        7..9 => Step::List,
        _ => Step::Delete(key),
    }
}

/// The listing rolls each key up into a prefix of its own: the server under test lists wrong entity tags.
fn s3(step: &Step) -> Call {
    let on_bucket = |operation: &'static str| Call::new(operation).with("bucket", Value::resource("bucket", "a"));
    let on_key = |operation, key: &u32| on_bucket(operation).with("key", Value::resource("key", &format!("w-{key}/k")));
    match step {
        Step::Put(key, body) => on_key("PutObject", key).with("body", *body).with("content-type", "text/plain"),
        Step::Get(key) => on_key("GetObject", key),
        Step::Part(key, first) => on_key("GetObject", key).with("range", format!("bytes={first}-").as_str()),
        Step::Delete(key) => on_key("DeleteObject", key),
        Step::List => on_bucket("ListObjectsV2").with("prefix", Value::resource("key", "w-")).with("delimiter", "/"),
    }
}

fn kv(step: &Step) -> Call {
    let on_key = |operation: &'static str, key: &u32| {
        Call::new(operation).with("key", Value::resource("key", &format!("w-{key}")))
    };
    match step {
        Step::Put(key, body) => on_key("Put", key).with("value", *body),
        Step::Get(key) | Step::Part(key, _) => on_key("Get", key),
        Step::Delete(key) => on_key("Delete", key),
        Step::List => Call::new("List").with("prefix", Value::resource("key", "w-")),
    }
}
