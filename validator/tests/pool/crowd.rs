//! The same scenario a hundred times at once.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::join_all;
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Need};
use plumb_model::value::Value;
use plumb_validator::open_case::OpenCase;
use plumb_validator::pool::{Pool, PoolTerms, Returned};
use plumb_validator::session::Context;

use crate::lab::{Lab, call, no_resource};

const THREADS: usize = 8;
const SCENARIOS: u64 = 100;

/// Runs `work` on this thread, on a runtime of its own.
fn alone<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

/// Runs `scenario` under so many numbers at once, on several threads with a runtime each.
fn crowd(lab: &Lab<'_>, scenario: impl AsyncFn(&Context<'_>, u64) + Sync) {
    let (scenario, start) = (&scenario, &Barrier::new(THREADS));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let bodies = Bodies::new();
                let context = lab.context(&bodies);
                let all = (thread as u64..SCENARIOS).step_by(THREADS).map(|number| scenario(&context, number));
                start.wait();
                alone(join_all(all));
            });
        }
    });
}

#[test]
fn a_hundred_scenarios_at_once_never_see_each_others_objects_and_leave_nothing() {
    let api = plumb_s3::api();
    let lab = Lab::new(&api);
    let pool = Pool::new(&lab.target, PoolTerms { parts_max: 3, ..PoolTerms::default() }, Vec::new());
    let (need, taken) = (Need::shared("bucket", "images"), Mutex::new(Vec::new()));
    crowd(&lab, async |context, number| {
        let mut open = OpenCase::new(context, number);
        let held = pool.borrow(&mut open, &need).await.expect("lent");
        let on = |operation| Call::new(operation).with("bucket", Value::resource("bucket", "images"));
        let (cat, body) = (Value::resource("key", "cat"), format!("cat of {number}"));
        call(&mut open, "put", on("PutObject").with("key", cat.clone()).with("body", body.as_str())).await;
        tokio::task::yield_now().await;
        let all = on("ListObjectsV2").with("prefix", Value::resource("key", ""));
        let page = call(&mut open, "list", all).await.document.expect("a page");
        assert_eq!(page.list("Contents").len(), 1, "only its own");
        call(&mut open, "get", on("GetObject").with("key", cat)).await;
        pool.check(context, &held).expect("in force");
        let lent = (held.token(), held.prefix().expect("a part").to_owned(), held.name().clone());
        taken.lock().unwrap_or_else(PoisonError::into_inner).push(lent);
        assert_eq!(pool.give_back(context, held).await, Returned::Clean);
        assert_eq!(open.close().await.left, []);
    });
    let taken = taken.into_inner().expect("nobody panicked");
    let tokens: BTreeSet<_> = taken.iter().map(|(token, ..)| token).collect();
    let prefixes: BTreeSet<_> = taken.iter().map(|(_, prefix, _)| prefix).collect();
    let buckets: BTreeSet<_> = taken.iter().map(|(.., name)| name).collect();
    assert_eq!((tokens.len(), prefixes.len()), (100, 100), "no lease is like another");
    assert!(prefixes.iter().all(|prefix| prefix.starts_with(&format!("{}/", lab.run.marker()))), "{prefixes:?}");
    let made = lab.sent().iter().filter(|line| line.starts_with("PUT ") && !line[5..].contains('/')).count();
    assert!(made <= 4 && made == buckets.len(), "{made} buckets were made");
    alone(async {
        for bucket in lab.buckets(None).await {
            assert_eq!(lab.keys(&bucket, None).await, [""; 0], "returned clean");
        }
        assert!(pool.close(&lab.context(&Bodies::new())).await.is_empty());
        assert_eq!(lab.buckets(None).await, [""; 0]);
    });
}

#[test]
fn what_has_no_parts_is_lent_to_one_at_a_time() {
    let api = plumb_kv::api();
    let lab = Lab::new(&api);
    let pool = Pool::new(&lab.target, PoolTerms::default(), Vec::new());
    let (need, names) = (Need::shared("key", "a"), Mutex::new(BTreeSet::new()));
    crowd(&lab, async |context, number| {
        let mut open = OpenCase::new(context, number);
        let held = pool.borrow(&mut open, &need).await.expect("lent");
        assert_eq!(held.prefix(), None);
        let on = |operation| Call::new(operation).with("key", Value::resource("key", "a"));
        // The model knows that nothing is there at first, so a key that another has written would be noticed.
        assert_eq!(call(&mut open, "before", on("Get")).await.status, 404);
        call(&mut open, "put", on("Put").with("value", format!("value of {number}").as_str())).await;
        tokio::task::yield_now().await;
        call(&mut open, "get", on("Get")).await;
        assert!(names.lock().expect("nobody panicked").insert(held.name().clone()), "lent once");
        assert_eq!(pool.give_back(context, held).await, Returned::Clean);
        assert_eq!(open.close().await.left, []);
    });
    assert_eq!(names.into_inner().expect("nobody panicked").len(), 100);
    alone(async {
        assert!(pool.close(&lab.context(&Bodies::new())).await.is_empty());
        let left = lab.listed(&Call::new("List"), None, "keys", "key").await;
        assert_eq!(left, [""; 0]);
    });
}

#[test]
fn what_is_given_back_wakes_who_waits_on_another_thread() {
    let api = plumb_s3::api();
    let lab = Lab::new(&api);
    let terms = PoolTerms { per_class_max: 1, parts_max: 1, ..PoolTerms::default() };
    let pool = Pool::new(&lab.target, terms, Vec::new());
    let need = Need::shared("bucket", "a");
    let (waits, waiting) = std::sync::mpsc::channel();
    let bodies = Bodies::new();
    let context = lab.context(&bodies);
    let held = alone(pool.borrow(&mut OpenCase::new(&context, 1), &need)).expect("lent");
    std::thread::scope(|scope| {
        let second = scope.spawn(|| {
            let bodies = Bodies::new();
            let context = lab.context(&bodies);
            alone(async {
                let mut open = OpenCase::new(&context, 2);
                let mut borrowed = std::pin::pin!(pool.borrow(&mut open, &need));
                assert!(borrowed.as_mut().now_or_never().is_none(), "all is lent");
                waits.send(()).expect("somebody listens");
                pool.give_back(&context, borrowed.await.expect("woken in time")).await
            })
        });
        waiting.recv().expect("it waits");
        assert_eq!(alone(pool.give_back(&context, held)), Returned::Clean);
        assert_eq!(second.join().expect("no panic"), Returned::Clean);
    });
    assert!(alone(pool.close(&context)).is_empty());
}

#[test]
fn a_full_pool_waits_within_bounds_and_says_why_it_lends_nothing() {
    let api = plumb_s3::api();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let lab = Lab::new(&api);
        let terms = PoolTerms { per_class_max: 2, parts_max: 2, ..PoolTerms::default() };
        let pool = Pool::new(&lab.target, terms, Vec::new());
        let bodies = Bodies::new();
        let (context, need) = (lab.context(&bodies), Need::shared("bucket", "a"));
        let mut held = Vec::new();
        for case in 0..4 {
            held.push(pool.borrow(&mut OpenCase::new(&context, case), &need).await.expect("lent"));
        }
        let (sent, start) = (lab.sent().len(), tokio::time::Instant::now());
        let why = no_resource(pool.borrow(&mut OpenCase::new(&context, 4), &need).await);
        assert_eq!(start.elapsed(), terms.wait_max);
        assert_eq!(why, "every bucket of the pool was lent to others for 30s");
        assert_eq!(lab.sent().len(), sent, "nothing was made beyond the bound");
        assert_eq!(lab.buckets(None).await.len(), 2);
        for held in held {
            assert_eq!(pool.give_back(&context, held).await, Returned::Clean);
        }
        assert!(pool.close(&context).await.is_empty());
    });
}
