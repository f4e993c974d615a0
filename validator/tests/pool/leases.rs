//! What ends by itself, what cannot be emptied, and what stands for what.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Need};
use plumb_model::plant::{Effect, OnCall, Plant};
use plumb_model::value::Value;
use plumb_validator::open_case::OpenCase;
use plumb_validator::pool::{LEASE_MAX, Pool, PoolTerms, Returned};
use plumb_validator::verdict::Verdict;

use crate::lab::{Lab, call, no_resource};

const LEASE_MS: i64 = 600_000;

fn bucket() -> Need {
    Need::shared("bucket", "a")
}

/// Puts something under `key` into what the case borrowed.
async fn put(open: &mut OpenCase<'_, '_>, key: &'static str) {
    let on = Call::new("PutObject").with("bucket", Value::resource("bucket", "a"));
    call(open, "put", on.with("key", Value::resource("key", key)).with("body", "x")).await;
}

#[tokio::test]
async fn a_lease_ends_by_itself_and_what_it_was_on_is_lent_no_more() {
    let api = plumb_s3::api();
    let (lab, bodies) = (Lab::new(&api), Bodies::new());
    let context = lab.context(&bodies);
    let pool = Pool::new(&lab.target, PoolTerms::default(), Vec::new());
    assert_eq!(LEASE_MAX.as_millis(), u128::try_from(LEASE_MS).expect("positive"));
    let mut late = OpenCase::new(&context, 1);
    let first = pool.borrow(&mut late, &bucket()).await.expect("lent");
    put(&mut late, "cat").await;
    lab.set_forward(LEASE_MS - 1_000);
    assert!(first.is_current(lab.now_ms()));
    pool.check(&context, &first).expect("in force");
    let second = pool.borrow(&mut OpenCase::new(&context, 2), &bucket()).await.expect("lent");
    assert_eq!(second.name(), first.name(), "two parts of one bucket");
    lab.set_forward(1_000);
    assert!(!first.is_current(lab.now_ms()));
    let why = no_resource(pool.check(&context, &first));
    assert!(why.starts_with("the lease of bucket plumb-") && why.ends_with("has expired (token 1)"), "{why}");
    pool.check(&context, &second).expect("who has another part keeps it");
    let third = pool.borrow(&mut OpenCase::new(&context, 3), &bucket()).await.expect("lent");
    assert_ne!(third.name(), first.name(), "the old holder may still write into that");
    assert!(first.token() < second.token() && second.token() < third.token());
    let old = String::from_utf8(first.name().to_vec()).expect("a name");
    assert_eq!(lab.keys(&old, None).await.len(), 1);
    assert_eq!(pool.give_back(&context, first).await, Returned::Late);
    assert_eq!(lab.keys(&old, None).await, [""; 0], "emptied all the same");
    pool.check(&context, &second).expect("nothing has changed for others");
    assert_eq!(pool.give_back(&context, second).await, Returned::Clean);
    let fourth = pool.borrow(&mut OpenCase::new(&context, 4), &bucket()).await.expect("lent");
    assert_eq!(fourth.name(), third.name(), "what came back late is lent no more");
    for held in [third, fourth] {
        assert_eq!(pool.give_back(&context, held).await, Returned::Clean);
    }
    assert!(pool.close(&context).await.is_empty());
    assert_eq!(lab.buckets(None).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_has_the_place_of_a_lease_that_ended_by_itself() {
    let api = plumb_s3::api();
    let (lab, bodies) = (Lab::new(&api), Bodies::new());
    let context = lab.context(&bodies);
    let lease_max = Duration::from_secs(5);
    let terms = PoolTerms { per_class_max: 1, parts_max: 1, lease_max, retired_max: 2, ..PoolTerms::default() };
    let pool = Pool::new(&lab.target, terms, Vec::new());
    let start = tokio::time::Instant::now();
    let first = pool.borrow(&mut OpenCase::new(&context, 1), &bucket()).await.expect("lent");
    let second = pool.borrow(&mut OpenCase::new(&context, 2), &bucket()).await.expect("lent");
    assert_eq!(start.elapsed(), lease_max, "it waited for just that");
    assert_ne!(first.name(), second.name());
    let why = no_resource(pool.borrow(&mut OpenCase::new(&context, 3), &bucket()).await);
    assert!(why.starts_with("no bucket is lent any more: 2 were taken out"), "{why}");
    assert_eq!(lab.buckets(None).await.len(), 2, "what is made in place of others is bounded too");
    drop((first, second));
    assert!(pool.close(&context).await.is_empty(), "what was never given back is removed at the end");
    assert_eq!(lab.buckets(None).await, [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_emptied_is_lent_no_more_and_told() {
    let api = plumb_s3::api();
    let (lab, bodies) = (Lab::new(&api), Bodies::new());
    let context = lab.context(&bodies);
    let pool = Pool::new(&lab.target, PoolTerms::default(), Vec::new());
    let mut open = OpenCase::new(&context, 1);
    let first = pool.borrow(&mut open, &bucket()).await.expect("lent");
    put(&mut open, "cat").await;
    let name = first.name().clone();
    lab.keep_all(true);
    assert_eq!(pool.give_back(&context, first).await, Returned::Unclean);
    let second = pool.borrow(&mut OpenCase::new(&context, 2), &bucket()).await.expect("lent");
    assert_ne!(*second.name(), name);
    let other = second.name().clone();
    assert_eq!(pool.give_back(&context, second).await, Returned::Clean, "nothing had to be removed");
    let left = pool.close(&context).await;
    let names: Vec<_> = left.made.iter().map(|made| made.name.clone()).collect();
    assert_eq!((names, left.parts), (vec![other, name], vec![]));
}

/// A server that takes no notice of the prefix that a listing asks for.
fn lists_all() -> Plant {
    let bug = OnCall(|call, _| match call.operation.as_ref() {
        "ListObjectsV2" => Effect::Instead(Call::new("ListObjectsV2").with("bucket", call.arguments["bucket"].clone())),
        _ => Effect::Honest,
    });
    let (name, operation, kind) = ("lists-all", "ListObjectsV2", "wrong-header-or-body");
    Plant { name, about: "lists all", operation, kind, strength: 0, bug: Arc::new(bug) }
}

#[tokio::test]
async fn what_others_have_stays_even_where_a_listing_shows_too_much() {
    let api = plumb_s3::api();
    let (lab, bodies) = (Lab::with(&api, Some(lists_all())), Bodies::new());
    let context = lab.context(&bodies);
    let pool = Pool::new(&lab.target, PoolTerms::default(), Vec::new());
    let mut held = Vec::new();
    for case in 1..3 {
        let mut open = OpenCase::new(&context, case);
        held.push(pool.borrow(&mut open, &bucket()).await.expect("lent"));
        put(&mut open, "cat").await;
    }
    let (second, first) = (held.pop().expect("two"), held.pop().expect("two"));
    let bucket = String::from_utf8(first.name().to_vec()).expect("a name");
    assert_eq!(lab.keys(&bucket, None).await.len(), 2);
    assert_eq!(pool.give_back(&context, first).await, Returned::Clean);
    assert_eq!(lab.keys(&bucket, None).await, [second.prefix().expect("a part").to_owned() + "cat"]);
    assert_eq!(pool.give_back(&context, second).await, Returned::Clean);
    assert!(pool.close(&context).await.is_empty());
}

#[tokio::test]
async fn a_bucket_that_cannot_be_made_frees_its_place() {
    let api = plumb_s3::api();
    let (lab, bodies) = (Lab::new(&api), Bodies::new());
    let context = lab.context(&bodies);
    let terms = PoolTerms { per_class_max: 1, retired_max: 1, ..PoolTerms::default() };
    let pool = Pool::new(&lab.target, terms, Vec::new());
    lab.refuse_buckets(true);
    for case in 1..3 {
        let why = no_resource(pool.borrow(&mut OpenCase::new(&context, case), &bucket()).await);
        assert!(why.starts_with("make bucket for the case: 403"), "{why}");
    }
    let mut given_up = OpenCase::new(&context, 3);
    assert!(pool.borrow(&mut given_up, &bucket()).now_or_never().is_none(), "in the middle of the call");
    let why = no_resource(pool.borrow(&mut OpenCase::new(&context, 4), &bucket()).await);
    assert!(why.contains("1 were taken out"), "one that may be there after all: {why}");
    lab.refuse_buckets(false);
    assert!(pool.close(&context).await.is_empty());
}

#[tokio::test]
async fn nothing_stands_for_what_has_another_nature_owner_or_kind() {
    let api = plumb_s3::api();
    let (lab, bodies) = (Lab::new(&api), Bodies::new());
    let context = lab.context(&bodies);
    let pool = Pool::new(&lab.target, PoolTerms::default(), Vec::new());
    let needs = [bucket(), bucket().of_nature("unversioned"), bucket().by("other")];
    let mut held = Vec::new();
    for need in &needs {
        held.push(pool.borrow(&mut OpenCase::new(&context, 1), need).await.expect("lent"));
    }
    let mut names: Vec<_> = held.iter().map(|held| held.name().clone()).collect();
    names.dedup();
    assert_eq!(names.len(), 3);
    assert_eq!(lab.buckets(Some("other")).await.len(), 1, "made by who shall own it");
    let refusals = [
        (bucket().of_nature("locked"), "the pool has no locked bucket, and nobody here can make one"),
        (Need::shared("key", "a"), "the pool has no key, and nobody here can make one"),
        (bucket().by("zoe"), "the target has no second identity: configure actors.zoe"),
        (Need::own("bucket", "a"), "a bucket of one's own is made, not borrowed"),
    ];
    for (need, why) in refusals {
        match pool.borrow(&mut OpenCase::new(&context, 2), &need).await {
            Err(Verdict::Unsupported(said)) => assert_eq!(said, why),
            other => panic!("{need:?}: {other:?}"),
        }
    }
    for held in held {
        assert_eq!(pool.give_back(&context, held).await, Returned::Clean);
    }
    assert!(pool.close(&context).await.is_empty());
    assert_eq!((lab.buckets(None).await.len(), lab.buckets(Some("other")).await.len()), (0, 0));
}

#[tokio::test]
async fn a_case_has_one_prefix_everywhere_and_no_bucket_twice() {
    let api = plumb_s3::api();
    let (lab, bodies) = (Lab::new(&api), Bodies::new());
    let context = lab.context(&bodies);
    let pool = Pool::new(&lab.target, PoolTerms { per_class_max: 2, ..PoolTerms::default() }, Vec::new());
    let mut open = OpenCase::new(&context, 1);
    let first = pool.borrow(&mut open, &bucket()).await.expect("lent");
    let second = pool.borrow(&mut open, &Need::shared("bucket", "b")).await.expect("lent");
    assert_ne!(first.name(), second.name());
    assert_eq!(first.prefix(), second.prefix());
    let why = no_resource(pool.borrow(&mut open, &Need::shared("bucket", "c")).await);
    assert_eq!(why, "the case holds every bucket of the pool already");
    put(&mut open, "cat").await;
    let why = no_resource(pool.borrow(&mut open, &bucket()).await);
    assert_eq!(why, "borrowed after the first call");
    assert_eq!(pool.give_back(&context, second).await, Returned::Clean);
    let bucket = String::from_utf8(first.name().to_vec()).expect("a name");
    assert_eq!(lab.keys(&bucket, None).await, [first.prefix().expect("a part").to_owned() + "cat"]);
    assert_eq!(pool.give_back(&context, first).await, Returned::Clean);
    assert_eq!(lab.keys(&bucket, None).await, [""; 0]);
    assert!(pool.close(&context).await.is_empty());
}
