//! Things that the platform team keeps: lent in parts, never removed, and touched nowhere else.

use bytes::Bytes;
use plumb_model::bodies::Bodies;
use plumb_model::call::{Call, Need, Turn};
use plumb_model::value::Value;
use plumb_validator::guard::Guard;
use plumb_validator::journal::{Header, JOURNAL_VERSION, Journal, leftovers};
use plumb_validator::open_case::OpenCase;
use plumb_validator::pool::{Pool, PoolTerms, Returned, Standing};
use plumb_validator::session::Context;
use plumb_validator::target::Target;
use plumb_validator::verdict::Verdict;

use crate::lab::{Lab, call, no_resource};

const THEIRS: &str = "canary-a";
const FOREIGN: &str = "reports/january";

fn need() -> Need {
    Need::shared("bucket", "a").of_nature("enabled")
}

/// The bucket of the platform team, with something of theirs in it.
async fn made_before(lab: &Lab<'_>) -> Vec<Standing> {
    let on = |operation| Call::new(operation).with("bucket", THEIRS);
    for call in [on("CreateBucket"), on("PutObject").with("key", FOREIGN).with("body", "x")] {
        assert!(lab.peek(&call, None).await.is_success());
    }
    let (nature, name) = (Some("enabled".to_owned()), Bytes::from_static(THEIRS.as_bytes()));
    vec![Standing { kind: "bucket".into(), nature, owner: Some("lab".into()), name }]
}

async fn keys(lab: &Lab<'_>) -> Vec<String> {
    lab.keys(THEIRS, None).await
}

#[tokio::test]
async fn what_is_configured_is_lent_emptied_below_the_prefix_and_never_removed() {
    let api = plumb_s3::api();
    let (mut lab, bodies) = (Lab::new(&api), Bodies::new());
    let folder = tempfile::tempdir().expect("folder");
    let text = str::to_owned;
    let header = Header {
        plumb_journal: JOURNAL_VERSION,
        run: lab.run.as_str().into(),
        api: text("s3"),
        target: text("lab"),
        endpoint: text("http://lab.invalid"),
        started_s: 7,
    };
    lab.journal = Some(Journal::begin(folder.path(), &header).expect("begins"));
    let standing = made_before(&lab).await;
    let pool = Pool::new(&lab.target, PoolTerms::default(), standing);
    let context = lab.context(&bodies);
    let mut held = Vec::new();
    for case in 0..3 {
        let mut open = OpenCase::new(&context, case);
        held.push(pool.borrow(&mut open, &need()).await.expect("lent"));
        let on = Call::new("PutObject").with("bucket", Value::resource("bucket", "a"));
        call(&mut open, "put", on.with("key", Value::resource("key", "cat")).with("body", "x")).await;
        assert_eq!(open.close().await.left, []);
    }
    assert!(held.iter().all(|held| held.name() == THEIRS));
    assert_eq!(keys(&lab).await.len(), 4);
    assert_eq!(pool.give_back(&context, held.remove(0)).await, Returned::Clean);
    assert_eq!(keys(&lab).await.len(), 3, "the parts of others stay");
    lab.keep_all(true);
    let unclean = held.remove(0);
    let prefix = Bytes::from(unclean.prefix().expect("a part").to_owned());
    assert_eq!(pool.give_back(&context, unclean).await, Returned::Unclean);
    let why = no_resource(pool.borrow(&mut OpenCase::new(&context, 9), &need()).await);
    assert!(why.starts_with("no enabled bucket is lent any more: 1 were taken out"), "{why}");
    let forgotten = Bytes::from(held[0].prefix().expect("a part").to_owned());
    drop(held);
    let left = pool.close(&context).await;
    assert_eq!(left.made, [], "it is not ours");
    let prefixes = |parts: &[plumb_validator::journal::Part]| {
        let mut prefixes: Vec<Bytes> = parts.iter().map(|part| part.prefix.clone()).collect();
        prefixes.sort();
        prefixes
    };
    assert_eq!(prefixes(&left.parts), [prefix, forgotten]);
    drop(lab.journal.take());
    let told = leftovers(folder.path()).expect("reads");
    assert_eq!(prefixes(&told[0].parts), prefixes(&left.parts), "a sweep finds them");
    assert!(!lab.sent().iter().any(|line| line.ends_with(FOREIGN) && line.starts_with("DELETE")));
    assert!(!lab.sent().contains(&format!("DELETE /{THEIRS}")), "nobody even tried");
}

#[tokio::test]
async fn at_its_end_a_pool_empties_what_nobody_gave_back() {
    let api = plumb_s3::api();
    let (lab, bodies) = (Lab::new(&api), Bodies::new());
    let standing = made_before(&lab).await;
    let pool = Pool::new(&lab.target, PoolTerms::default(), standing);
    let context = lab.context(&bodies);
    let mut open = OpenCase::new(&context, 1);
    drop(pool.borrow(&mut open, &need()).await.expect("lent"));
    let on = Call::new("PutObject").with("bucket", Value::resource("bucket", "a"));
    call(&mut open, "put", on.with("key", Value::resource("key", "cat")).with("body", "x")).await;
    assert!(pool.close(&context).await.is_empty());
    assert_eq!(keys(&lab).await, [FOREIGN]);
}

/// Tries a call in a case that holds a part of the platform team's bucket; what came of it.
async fn tried(context: &Context<'_>, pool: &Pool, attempt: Call) -> Verdict {
    let mut open = OpenCase::new(context, 1);
    let held = pool.borrow(&mut open, &need()).await.expect("lent");
    let verdict = open.call(&Turn::new("try", attempt)).await;
    assert_eq!(open.close().await.left, []);
    assert_eq!(pool.give_back(context, held).await, Returned::Clean);
    verdict
}

#[tokio::test]
async fn nothing_but_the_part_is_touched_not_even_on_an_exclusive_target() {
    let api = plumb_s3::api();
    let (lab, bodies) = (Lab::new(&api), Bodies::new());
    let standing = made_before(&lab).await;
    let pool = Pool::new(&lab.target, PoolTerms::default(), standing);
    let exclusive = Target { exclusive: true, ..lab.target.clone() };
    let on = |operation| Call::new(operation).with("bucket", Value::resource("bucket", "a"));
    let (mine, foreign) = (|role| Value::resource("key", role), || Value::from(FOREIGN));
    let from_theirs = format!("{THEIRS}/{FOREIGN}");
    let refused = [
        on("DeleteBucket"),
        on("CreateBucket"),
        on("ListObjectsV2"),
        on("ListObjectsV2").with("prefix", "reports/"),
        on("ListObjects").with("prefix", ""),
        on("GetObject").with("key", foreign()),
        on("DeleteObject").with("key", foreign()),
        on("PutObject").with("key", foreign()).with("body", "x"),
        on("PutObject").with("key", mine("../../cat")).with("body", "x"),
        on("CopyObject").with("key", mine("cat")).with("x-amz-copy-source", from_theirs.as_str()),
        on("DeleteObjects").with("key.1", foreign()),
    ];
    let permitted = [
        on("HeadBucket"),
        on("GetBucketLocation"),
        on("ListObjectsV2").with("prefix", mine("")),
        on("PutObject").with("key", mine("cat")).with("body", "x"),
        on("GetObject").with("key", mine("cat")),
        on("DeleteObject").with("key", mine("cat")),
    ];
    for target in [&lab.target, &exclusive] {
        let guard = Guard::new(&lab.run, target);
        let context = Context { guard: &guard, target, ..lab.context(&bodies) };
        for attempt in &refused {
            let (sent, verdict) = (lab.sent().len(), tried(&context, &pool, attempt.clone()).await);
            let outside = "the call touches the bucket \"canary-a\" outside of what is lent to this run";
            assert_eq!(verdict, Verdict::Skipped(outside.to_owned()), "{attempt:?}");
            assert_eq!(lab.sent().len(), sent + 1, "only the listing after it");
        }
        for attempt in &permitted {
            let verdict = tried(&context, &pool, attempt.clone()).await;
            assert!(matches!(verdict, Verdict::Conforms { .. }), "{attempt:?}: {verdict:?}");
        }
        let held = pool.borrow(&mut OpenCase::new(&context, 1), &need()).await.expect("lent");
        let mut other = OpenCase::new(&context, 2);
        assert_eq!(pool.give_back(&context, held).await, Returned::Clean);
        let after = Call::new("HeadBucket").with("bucket", THEIRS);
        assert!(matches!(other.call(&Turn::new("try", after)).await, Verdict::Skipped(_)), "the lease is over");
    }
    assert_eq!(keys(&lab).await, [FOREIGN]);
}
