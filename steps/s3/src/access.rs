//! Who may do what: the owner, other accounts, and nobody in particular.

use cucumber::{then, when};
use plumb_model::expectation::Expectation;
use plumb_steps::{World, fail};

use crate::reading::read_it;
use crate::subject::{answered, on_bucket, on_it, on_object, send, with};

/// The argument that tells how a call is signed.
const SIGNATURE: &str = "signature";
const ANONYMOUS: &str = "anonymous";

/// What may be wrong with a signature, in words.
const MISTAKES: [(&str, &str); 3] =
    [("a wrong secret", "wrong-secret"), ("an unknown access key", "unknown-key"), ("a wrong clock", "skewed")];

/// A refusal of who has no right to do it.
fn denied() -> Expectation {
    Expectation { code: Some("AccessDenied".into()), ..answered(403) }
}

#[then(expr = "{word} cannot read it")]
async fn cannot_read_it(world: &mut World, who: String) {
    let call = on_it(world, "GetObject");
    send(world, &who, call).await;
    world.expect(denied()).await;
}

#[then(expr = "nobody can read it without signing in")]
async fn nobody_can_read_it(world: &mut World) {
    let call = on_it(world, "GetObject").with(SIGNATURE, ANONYMOUS);
    world.call(call).await;
    world.expect(denied()).await;
}

#[when(expr = "somebody lists the bucket without signing in")]
async fn somebody_lists(world: &mut World) {
    let call = on_bucket(world, "ListObjectsV2").with(SIGNATURE, ANONYMOUS);
    world.call(call).await;
}

#[when(expr = "somebody uploads {string} as {string} without signing in")]
async fn somebody_uploads(world: &mut World, file: String, key: String) {
    let body = world.memory.file(&file);
    let call = on_object(world, "PutObject", &key).with("body", body).with(SIGNATURE, ANONYMOUS);
    world.call(call).await;
}

#[when(expr = "somebody deletes it without signing in")]
async fn somebody_deletes(world: &mut World) {
    let call = on_it(world, "DeleteObject").with(SIGNATURE, ANONYMOUS);
    world.call(call).await;
}

#[when(expr = "somebody reads it through a link that {word} has signed")]
async fn reads_through_link(world: &mut World, who: String) {
    read_it(world, &who, with(SIGNATURE, "presigned")).await;
}

#[when(expr = "somebody reads it through a link of {word} that has expired")]
async fn reads_through_expired_link(world: &mut World, who: String) {
    read_it(world, &who, with(SIGNATURE, "presigned-expired")).await;
}

#[when(expr = "{word} reads it, signing in with {string}")]
async fn reads_with_mistake(world: &mut World, who: String, mistake: String) {
    let Some((_, quality)) = MISTAKES.iter().find(|(words, _)| *words == mistake) else {
        let known = MISTAKES.map(|(words, _)| words).join(", ");
        fail(format!("nobody signs in with {mistake:?} here; known: {known}"))
    };
    read_it(world, &who, with(SIGNATURE, *quality)).await;
}
