//! Workflows: mostly legal, meeting what they made, across every border; and they find bugs that come out small.
#![expect(clippy::print_stdout, reason = "the figures are printed for whoever runs it with --nocapture")]

#[expect(dead_code, reason = "each test crate uses a part of it")]
mod lab;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use plumb_generator::workflows::{CALLS_MAX, WorkflowOptions, workflows};
use plumb_model::api::Api;
use plumb_model::call::{Call, Case};
use plumb_model::plant::Plant;
use plumb_model::value::Value;
use plumb_runner::engine::Done;
use plumb_validator::model_server::Answers;

/// The seed of the workflows here.
const SEED: u64 = 1;
/// How many workflows are looked at.
const CASES: usize = 400;
/// Of a hundred calls, how many must be answered with success at least.
const LEGAL_PERCENT_MIN: usize = 80;
/// Of a hundred calls about a key, how many must meet one that is there at least.
const MEETING_PERCENT_MIN: usize = 55;
/// How many workflows are sent at a time until a planted bug shows, and how many at most.
const CHUNK: usize = 20;
const CASES_PER_PLANT: usize = 60;
/// How many calls may be left of the workflow that shows it.
const MINIMAL_CASE_CALLS: usize = 5;
/// Of a hundred plants, how many workflows must find at least.
const FOUND_PERCENT_MIN: usize = 55;

fn cases(api: &Api, count: usize) -> Vec<Case> {
    workflows(api, &WorkflowOptions::default(), SEED).take(count).collect()
}

fn calls(cases: &[Case]) -> impl Iterator<Item = &Call> {
    cases.iter().flat_map(|case| &case.calls).map(|turn| &turn.call)
}

fn percent(part: usize, whole: usize) -> usize {
    part * 100 / whole.max(1)
}

/// How many calls were about a key, and of how many there was an object at the time.
fn meetings(done: &Done) -> (usize, usize) {
    let (mut stored, mut about, mut met): (BTreeSet<Vec<u8>>, _, _) = (BTreeSet::new(), 0, 0);
    for exchange in &done.run.exchanges {
        let path = exchange.request.target.split(|byte| *byte == b'?').next().unwrap_or_default().to_vec();
        let is_success = exchange.answer.as_ref().is_some_and(|answer| answer.status < 300);
        if path.split(|byte| *byte == b'/').nth(2).is_none() {
            continue;
        }
        about += 1;
        met += usize::from(stored.contains(&path));
        match exchange.request.method.as_ref() {
            "PUT" if is_success => _ = stored.insert(path),
            "DELETE" if is_success => _ = stored.remove(&path),
            _ => {}
        }
    }
    (about, met)
}

#[test]
fn workflows_of_s3_are_mostly_legal_and_meet_what_they_made() {
    let api = plumb_s3::api();
    let results = lab::run(&api, lab::server(&api, Answers::Preferred, None), cases(&api, CASES), false);
    assert_eq!(results.not_conforming(), Vec::<String>::new());
    let exchanges = || results.done.iter().flat_map(|done| &done.run.exchanges);
    let mut called: BTreeMap<&str, usize> = BTreeMap::new();
    for exchange in exchanges() {
        *called.entry(&exchange.operation).or_default() += 1;
    }
    let legal = exchanges().filter(|own| own.answer.as_ref().is_some_and(|answer| answer.status < 300)).count();
    let (about, met) = results.done.iter().map(meetings).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("{} calls, {legal} legal, {met} of {about} meet an object; {called:?}", exchanges().count());
    let missing: Vec<_> = api.operations.iter().filter(|own| !called.contains_key(own.name)).collect();
    assert!(missing.is_empty(), "never called: {missing:?}");
    assert!(percent(legal, exchanges().count()) >= LEGAL_PERCENT_MIN, "{legal}");
    assert!(percent(met, about) >= MEETING_PERCENT_MIN, "{met} of {about}");
}

#[test]
fn workflows_of_s3_go_across_the_borders() {
    let api = plumb_s3::api();
    let cases = cases(&api, CASES);
    for case in &cases {
        assert_eq!(case.check(), Ok(()));
        assert!(case.calls.len() <= CALLS_MAX, "{} calls", case.calls.len());
    }
    let bodies = calls(&cases).filter_map(|call| match call.argument("body") {
        Some(Value::Body(spec)) => Some(spec.length),
        _ => None,
    });
    let lengths: BTreeSet<u64> = bodies.collect();
    for wanted in [0, 1, 1_023, 1_024, 1_025, 65_535, 65_536, 65_537, 1 << 20] {
        assert!(lengths.contains(&wanted), "no body of {wanted} bytes");
    }
    let names: Vec<String> = calls(&cases).filter_map(|call| Some(call.argument("key")?.to_string())).collect();
    for hostile in ["/../", "//", "%2F", "+", " ", "\\\\", "<b>", "\\xf0\\x9f"] {
        assert!(names.iter().any(|name| name.contains(hostile)), "no key with {hostile:?}");
    }
}

#[test]
fn copies_and_conditions_of_s3_name_what_the_workflow_made() {
    let api = plumb_s3::api();
    let (mut copies, mut tags, mut dates, mut tokens) = (0, 0, 0, 0);
    for case in cases(&api, CASES) {
        let mut written: Vec<Value> = Vec::new();
        for turn in &case.calls {
            let with = |name: &str| turn.call.argument(name).map(ToString::to_string).unwrap_or_default();
            let made = |text: &str| written.iter().any(|value| text.contains(&value.to_string()));
            copies += usize::from(made(&with("x-amz-copy-source")));
            tags += usize::from(made(&with("if-match")) || made(&with("if-none-match")));
            dates += usize::from(with("if-modified-since").contains(".last-modified"));
            tokens += usize::from(with("continuation-token").contains(".token"));
            if turn.call.operation == "PutObject" {
                written.extend(["key", "body"].into_iter().filter_map(|name| turn.call.argument(name).cloned()));
            }
        }
    }
    println!("{copies} copies, {tags} entity tags, {dates} dates and {tokens} tokens of earlier answers");
    assert!(copies > 100 && tags > 20 && dates > 5 && tokens > 2);
}

#[test]
fn what_a_shared_bucket_holds_of_others_is_never_changed() {
    let api = plumb_s3::api();
    let is_bucket = |value: Option<&Value>| value == Some(&Value::resource("bucket", "a"));
    for case in cases(&api, CASES).iter().filter(|case| case.needs.iter().any(|need| !need.own)) {
        for turn in &case.calls {
            let (operation, bucket) = (turn.call.operation.as_ref(), turn.call.argument("bucket"));
            let is_whole = ["CreateBucket", "DeleteBucket"].contains(&operation);
            assert!(!is_whole || !is_bucket(bucket), "{:?}", turn.call);
            let writes = ["PutObject", "CopyObject", "DeleteObject"].contains(&operation) && is_bucket(bucket);
            let key = turn.call.argument("key").map(ToString::to_string).unwrap_or_default();
            assert!(!writes || key.contains("{key "), "a name of nobody's: {:?}", turn.call);
        }
    }
}

/// What workflows made of a plant: the number of the first that showed it, and the fewest calls of its findings.
fn found(api: &Api, plant: &Plant, cases: &[Case]) -> Option<(u64, usize)> {
    let server = || lab::server(api, Answers::Preferred, Some(plant.clone()));
    let chunks = cases.chunks(CHUNK).flat_map(|chunk| lab::run(api, server(), chunk.to_vec(), false).done);
    let (number, first) = (1..).zip(chunks).find(|(_, done)| !done.run.divergences.is_empty())?;
    let findings = lab::run(api, server(), [first.case], true).findings;
    findings.iter().map(|finding| finding.case.calls.len()).min().map(|calls| (number, calls))
}

/// Every plant of an API, on as many threads as there are cores.
fn check_plants(make: fn() -> Api) {
    let (next, count) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let cases = cases(&make(), CASES_PER_PLANT);
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let api = make();
                while let Some(plant) = api.plants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = found(&api, plant, &cases);
                    println!("{:<28} {found:?}", plant.name);
                    count.fetch_add(usize::from(found.is_some()), Ordering::Relaxed);
                    let calls = found.map_or(0, |(_, calls)| calls);
                    assert!(calls <= MINIMAL_CASE_CALLS, "{}: {calls} calls", plant.name);
                }
            });
        }
    });
    let (count, all) = (count.into_inner(), make().plants.len());
    println!("{count} of {all} plants were found within {CASES_PER_PLANT} workflows");
    assert!(percent(count, all) >= FOUND_PERCENT_MIN, "{count} of {all}");
}

#[test]
fn workflows_find_the_plants_of_kv_and_they_come_out_small() {
    check_plants(plumb_kv::api);
}

#[test]
fn workflows_find_most_plants_of_s3_and_they_come_out_small() {
    check_plants(plumb_s3::api);
}
