//! Buckets: owning, making, finding and removing them.

use cucumber::{given, then, when};
use plumb_model::call::Call;
use plumb_model::expectation::{BodyRule, Expectation, Keyed, Shape};
use plumb_model::value::Value;
use plumb_steps::World;

use crate::subject::{answered, bucket_named, send, speak_of_bucket};

#[given(expr = "{word} owns the bucket {string}")]
async fn owns(world: &mut World, who: String, bucket: String) {
    let who = world.persona(&who);
    world.borrow("bucket", &bucket, &who, false).await;
    speak_of_bucket(world, &bucket);
}

#[given(expr = "{word} owns a bucket {string} of his/her/their own")]
async fn owns_alone(world: &mut World, who: String, bucket: String) {
    let who = world.persona(&who);
    world.borrow("bucket", &bucket, &who, true).await;
    speak_of_bucket(world, &bucket);
}

/// A call on a bucket, which is the one that is spoken of from now on.
fn on(world: &mut World, operation: &'static str, bucket: &str) -> Call {
    speak_of_bucket(world, bucket);
    Call::new(operation).with("bucket", bucket_named(bucket))
}

#[when(expr = "{word} creates the bucket {string}")]
async fn creates(world: &mut World, who: String, bucket: String) {
    speak_of_bucket(world, &bucket);
    for call in world.provision("bucket", &bucket).await {
        send(world, &who, call).await;
    }
}

#[when(expr = "{word} creates a bucket whose name ends in {string}")]
async fn creates_badly_named(world: &mut World, who: String, end: String) {
    let name = Value::concat([bucket_named("bad"), end.as_str().into()]);
    send(world, &who, Call::new("CreateBucket").with("bucket", name)).await;
}

#[when(expr = "{word} deletes the bucket {string}")]
async fn deletes(world: &mut World, who: String, bucket: String) {
    let call = on(world, "DeleteBucket", &bucket);
    send(world, &who, call).await;
}

#[when(expr = "{word} checks the bucket {string}")]
async fn checks(world: &mut World, who: String, bucket: String) {
    let call = on(world, "HeadBucket", &bucket);
    send(world, &who, call).await;
}

#[when(expr = "{word} asks where the bucket {string} is")]
async fn asks_where(world: &mut World, who: String, bucket: String) {
    let call = on(world, "GetBucketLocation", &bucket);
    send(world, &who, call).await;
}

#[when(expr = "{word} lists his/her/their buckets")]
async fn lists(world: &mut World, who: String) {
    send(world, &who, Call::new("ListBuckets")).await;
}

/// A list of buckets; an account may have others.
fn listed(entries: Vec<(Value, Shape)>, absent: Vec<Value>) -> Expectation {
    let others = Some("an account may have other buckets".into());
    let keyed = Keyed { absent, others, ..Keyed::new("Name", entries) };
    let buckets = Shape::Fields(vec![("Bucket".into(), Shape::Keyed(keyed))]);
    let shape = Shape::Fields(vec![("Buckets".into(), buckets)]);
    Expectation { body: BodyRule::Document(shape), ..answered(200) }
}

#[then(expr = "the bucket {string} is among them")]
async fn is_among(world: &mut World, bucket: String) {
    let entry = (bucket_named(&bucket), Shape::Fields(Vec::new()));
    world.expect(listed(vec![entry], Vec::new())).await;
}

#[then(expr = "the bucket {string} is not among them")]
async fn is_not_among(world: &mut World, bucket: String) {
    world.expect(listed(Vec::new(), vec![bucket_named(&bucket)])).await;
}

#[then(expr = "the bucket {string} is there")]
async fn is_there(world: &mut World, bucket: String) {
    let call = on(world, "HeadBucket", &bucket);
    world.call(call).await;
    world.expect(answered(200)).await;
}
