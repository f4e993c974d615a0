//! Copying files, within a bucket and from one to another.

use cucumber::when;
use gherkin::Step;
use plumb_model::value::{Function, Value};
use plumb_steps::World;

use crate::subject::{
    Arguments, bucket_spoken_of, etag, given, key, known_content, on_object, remember, send, speak_of_bucket, with,
};
use crate::uploads::metadata;

/// The header that says whose description a copy gets.
const DIRECTIVE: &str = "x-amz-metadata-directive";

/// The header that names the source: bucket and key, percent-encoded but for slashes.
fn source(world: &World, label: &str) -> Value {
    let encoded = Value::Apply { function: Function::PercentEncoded, of: vec![key(world, label), "/".into()] };
    Value::concat([bucket_spoken_of(world), "/".into(), encoded])
}

/// Copies from the bucket that was named last into `bucket`, or within it.
async fn copy(world: &mut World, who: &str, (from, to): (&str, &str), bucket: Option<&str>, more: Arguments) {
    let (source, content) = (source(world, from), known_content(world, from));
    if let Some(bucket) = bucket {
        speak_of_bucket(world, bucket);
    }
    let call = on_object(world, "CopyObject", to).with("x-amz-copy-source", source);
    send(world, who, given(call, more)).await;
    if let Some(content) = content.filter(|_| world.last_answer().is_success()) {
        let turn = world.last_turn();
        remember(world, to, content, &turn.id);
    }
}

#[when(expr = "{word} copies {string} to {string}")]
async fn copies(world: &mut World, who: String, from: String, to: String) {
    copy(world, &who, (&from, &to), None, Arguments::new()).await;
}

#[when(expr = "{word} copies {string} to {string} in the bucket {string}")]
async fn copies_to_bucket(world: &mut World, who: String, from: String, to: String, bucket: String) {
    copy(world, &who, (&from, &to), Some(&bucket), Arguments::new()).await;
}

#[when(expr = "{word} copies {string} to {string} with the new metadata")]
async fn copies_with_metadata(world: &mut World, who: String, from: String, to: String, step: &Step) {
    let mut arguments = metadata(step);
    arguments.extend(with(DIRECTIVE, "REPLACE"));
    copy(world, &who, (&from, &to), None, arguments).await;
}

#[when(expr = "{word} copies {string} to {string} only if it is still {string}")]
async fn copies_if_still(world: &mut World, who: String, from: String, to: String, file: String) {
    let tag = etag(world.memory.file(&file));
    copy(world, &who, (&from, &to), None, with("x-amz-copy-source-if-match", tag)).await;
}

#[when(expr = "{word} copies {string} to {string} only if it is no longer {string}")]
async fn copies_if_no_longer(world: &mut World, who: String, from: String, to: String, file: String) {
    let tag = etag(world.memory.file(&file));
    copy(world, &who, (&from, &to), None, with("x-amz-copy-source-if-none-match", tag)).await;
}

#[when(expr = "{word} copies {string} to {string} only if nothing is there")]
async fn copies_if_nothing_there(world: &mut World, who: String, from: String, to: String) {
    copy(world, &who, (&from, &to), None, with("if-none-match", "*")).await;
}
