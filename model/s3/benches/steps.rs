//! How many steps the model takes in a second on one core: what may each call answer, and what does it leave
//! behind. 100 keys with bodies of 1 KiB; CPU time of this thread, rounds of all in turn, medians.
//!
//! The model is asked as a session asks it: through the erased trait, with calls that are resolved already and
//! with the dates of all objects known. A mixed round does to each key in turn: DELETE, PUT, GET, and a LIST
//! whose prefix is the whole key, so that one key is listed. The rounds by operation meet the same 100 keys: a copy
//! goes to another key, a batch deletes that one again, and buckets are made and removed beside the one with the keys.

#![expect(clippy::print_stdout, reason = "a benchmark speaks on standard output")]

use std::hint::black_box;

use bytes::Bytes;
use cpu_time::ThreadTime;
use plumb_model::bodies::{Bodies, BodySpec};
use plumb_model::call::Call;
use plumb_model::model::{ErasedModel, ErasedState, Lease};
use plumb_model::seen::{Bindings, Seen};
use plumb_model::time::Interval;
use plumb_model::value::Symbol;
use plumb_s3::S3;

const ROUNDS: usize = 501;
const KEYS: usize = 100;
const BODY_BYTES: u64 = 1_024;
const NOW_MS: i64 = 1_790_000_000_000;
const OWNER: &str = "AKIAIOSFODNN7EXAMPLE";
const BUCKET: &str = "plumb-bench-a";
const GOAL_PER_SECOND: f64 = 200_000.0;

/// A model, where it stands, and what it may know besides.
struct Bench {
    model: S3,
    state: ErasedState,
    bindings: Bindings,
    bodies: Bodies,
}

impl Bench {
    fn new(fill: &[Call]) -> Self {
        let model = S3::default();
        let lease = Lease { kind: "bucket".into(), name: BUCKET.into(), prefix: None, owner: Some(OWNER.into()) };
        let state = ErasedModel::initial(&model, &[lease]);
        let dates = (0..KEYS).map(|key| (Symbol::new(&id(key), "last-modified"), Bytes::from_static(b"1790000000")));
        let mut bench = Self { model, state, bindings: dates.collect(), bodies: Bodies::new() };
        for (key, call) in fill.iter().enumerate() {
            bench.step(&id(key), call);
        }
        bench
    }

    /// One step, after which the model stands where the preferred outcome leaves it.
    fn step(&mut self, call_id: &str, call: &Call) {
        let seen = Seen {
            call_id,
            actor: Some(OWNER),
            bindings: &self.bindings,
            flavour: "compatible",
            region: "us-east-1",
            time: Interval::at_ms(NOW_MS),
            bodies: &self.bodies,
        };
        let outcomes = black_box(ErasedModel::step(&self.model, &self.state, black_box(call), &seen));
        if let Some(state) = outcomes.into_iter().next().and_then(|outcome| outcome.state) {
            self.state = state;
        }
    }

    /// CPU nanoseconds of a step.
    fn time(&mut self, calls: &[(String, Call)]) -> f64 {
        let start = ThreadTime::now();
        for (call_id, call) in calls {
            self.step(call_id, call);
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(u32::try_from(calls.len()).unwrap_or(u32::MAX))
    }
}

fn id(key: usize) -> String {
    format!("call-{key}")
}

fn on_key(operation: &'static str, key: usize) -> Call {
    Call::new(operation).with("bucket", BUCKET).with("key", format!("photos/{key:03}.jpg").as_str())
}

fn put(key: usize) -> Call {
    on_key("PutObject", key).with("body", BodySpec::random(2, BODY_BYTES))
}

fn list(key: usize) -> Call {
    Call::new("ListObjectsV2").with("bucket", BUCKET).with("prefix", format!("photos/{key:03}.jpg").as_str())
}

fn copied(key: usize) -> String {
    format!("copies/{key:03}.jpg")
}

fn new_bucket(operation: &'static str, key: usize) -> Call {
    Call::new(operation).with("bucket", format!("plumb-bench-new-{key:03}").as_str())
}

fn on_bucket(operation: &'static str) -> Call {
    Call::new(operation).with("bucket", BUCKET)
}

/// What each operation is asked, in an order that leaves the state as it was.
fn by_operation() -> Vec<(&'static str, Vec<(String, Call)>)> {
    let copy = |key: usize| {
        let source = format!("{BUCKET}/photos/{key:03}.jpg");
        on_bucket("CopyObject").with("key", copied(key).as_str()).with("x-amz-copy-source", source.as_str())
    };
    let prefix = |key: usize| format!("photos/{key:03}.jpg");
    vec![
        ("CreateBucket", each(|key| new_bucket("CreateBucket", key))),
        ("HeadBucket", each(|_| on_bucket("HeadBucket"))),
        ("GetBucketLocation", each(|_| on_bucket("GetBucketLocation"))),
        (
            "ListBuckets",
            each(|key| Call::new("ListBuckets").with("prefix", format!("plumb-bench-new-{key:03}").as_str())),
        ),
        ("DeleteBucket", each(|key| new_bucket("DeleteBucket", key))),
        ("PutObject", each(put)),
        ("GetObject", each(|key| on_key("GetObject", key))),
        ("HeadObject", each(|key| on_key("HeadObject", key))),
        ("CopyObject", each(copy)),
        ("ListObjects", each(|key| on_bucket("ListObjects").with("prefix", prefix(key).as_str()))),
        ("ListObjectsV2", each(|key| on_bucket("ListObjectsV2").with("prefix", prefix(key).as_str()))),
        ("DeleteObjects", each(|key| on_bucket("DeleteObjects").with("key.1", copied(key).as_str()))),
        ("DeleteObject", each(|key| on_bucket("DeleteObject").with("key", copied(key).as_str()))),
    ]
}

fn each(call: impl Fn(usize) -> Call) -> Vec<(String, Call)> {
    (0..KEYS).map(|key| (id(key), call(key))).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let fill: Vec<Call> = (0..KEYS).map(put).collect();
    let mixed = |key| [on_key("DeleteObject", key), put(key), on_key("GetObject", key), list(key)];
    let mixed = (0..KEYS).flat_map(|key| mixed(key).map(|call| (id(key), call))).collect();
    let mut rounds = vec![("mixed", mixed)];
    rounds.extend(by_operation());
    let mut bench = Bench::new(&fill);
    let mut times: Vec<Vec<f64>> = rounds.iter().map(|_| Vec::with_capacity(ROUNDS)).collect();
    for _ in 0..ROUNDS {
        for ((_, calls), times) in rounds.iter().zip(&mut times) {
            times.push(bench.time(calls));
        }
    }
    println!("model steps, {KEYS} keys of {BODY_BYTES} bytes, medians of {ROUNDS} rounds");
    for ((name, _), times) in rounds.iter().zip(times) {
        let nanoseconds = median(times);
        println!("{name:<18} {nanoseconds:>7.0} ns {:>9.0} steps/s", 1e9 / nanoseconds);
    }
    println!("goal for the mixed round: {GOAL_PER_SECOND:.0} steps/s");
}
