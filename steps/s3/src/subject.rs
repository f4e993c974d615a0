//! What a sentence is about: buckets, objects and files, and the calls that are made on them.

use plumb_model::call::{ArgumentName, Call};
use plumb_model::expectation::{BodyRule, Expectation};
use plumb_model::value::{Function, Symbol, Value};
use plumb_steps::world::role;
use plumb_steps::{World, fail};

/// The names under which "it" is remembered.
const BUCKET: &str = "bucket";
const OBJECT: &str = "object";

/// What a call is given besides bucket and key.
pub(crate) type Arguments = Vec<(ArgumentName, Value)>;

/// One argument more.
pub(crate) fn with(name: impl Into<ArgumentName>, value: impl Into<Value>) -> Arguments {
    vec![(name.into(), value.into())]
}

/// The name of a bucket.
pub(crate) fn bucket_named(label: &str) -> Value {
    Value::resource(BUCKET, &role(label))
}

/// Notes that objects lie in this bucket from now on.
pub(crate) fn speak_of_bucket(world: &mut World, label: &str) {
    world.memory.mention(BUCKET, label);
}

/// The name of the bucket that was named last.
pub(crate) fn bucket_spoken_of(world: &World) -> Value {
    bucket_named(&world.memory.it(BUCKET))
}

/// A call on the bucket that was named last.
pub(crate) fn on_bucket(world: &World, operation: &'static str) -> Call {
    Call::new(operation).with("bucket", bucket_spoken_of(world))
}

/// The key of an object. One that was not given as it is stands under its description.
pub(crate) fn key(world: &World, label: &str) -> Value {
    let described = world.memory.known(&format!("key {label}")).cloned();
    described.unwrap_or_else(|| Value::resource("key", label))
}

/// Lets `label` stand for the key `value`.
pub(crate) fn describe_key(world: &mut World, label: &str, value: Value) {
    world.memory.keep(&format!("key {label}"), value);
}

/// The object that was named last.
pub(crate) fn it(world: &World) -> String {
    world.memory.it(OBJECT)
}

/// A call on an object, which is "it" from now on.
pub(crate) fn on_object(world: &mut World, operation: &'static str, label: &str) -> Call {
    world.memory.mention(OBJECT, label);
    on_bucket(world, operation).with("key", key(world, label))
}

/// A call on "it".
pub(crate) fn on_it(world: &mut World, operation: &'static str) -> Call {
    let label = it(world);
    on_object(world, operation, &label)
}

/// The call with more arguments.
pub(crate) fn given(call: Call, arguments: Arguments) -> Call {
    arguments.into_iter().fold(call, |call, (name, value)| call.with(name, value))
}

/// Sends a call as somebody.
pub(crate) async fn send(world: &mut World, who: &str, call: Call) {
    let who = world.persona(who);
    world.call_as(&who, call).await;
}

/// Uploads a file, and remembers what lies there where that went well.
pub(crate) async fn upload(world: &mut World, who: &str, file: &str, label: &str, arguments: Arguments) {
    let content = world.memory.file(file);
    let call = on_object(world, "PutObject", label).with("body", content.clone());
    send(world, who, given(call, arguments)).await;
    if world.last_answer().is_success() {
        let turn = world.last_turn();
        remember(world, label, content, &turn.id);
    }
}

/// Notes what lies under a key of the bucket that was named last, and by which call it came there.
pub(crate) fn remember(world: &mut World, label: &str, content: Value, call: &str) {
    let bucket = world.memory.it(BUCKET);
    world.memory.keep(&format!("content {bucket} {label}"), content);
    let modified = Value::Clock { from: Some(Symbol::new(call, "last-modified")), offset_s: 0 };
    world.memory.keep(&format!("date {bucket} {label}"), modified.apply(Function::HttpDate));
}

/// What lies under a key of the bucket that was named last, where a step has put something there.
pub(crate) fn known_content(world: &World, label: &str) -> Option<Value> {
    let bucket = world.memory.it(BUCKET);
    world.memory.known(&format!("content {bucket} {label}")).cloned()
}

/// What lies under a key of the bucket that was named last.
pub(crate) fn content(world: &World, label: &str) -> Value {
    let nothing = || fail(format!("no step before has put anything under {label:?}, so it is not known what is there"));
    known_content(world, label).unwrap_or_else(nothing)
}

/// When "it" was uploaded.
pub(crate) fn date_of_it(world: &World) -> Value {
    let (bucket, label) = (world.memory.it(BUCKET), it(world));
    world.memory.kept(&format!("date {bucket} {label}")).clone()
}

/// The `ETag` of an object that was uploaded in one piece: the MD5 of its bytes.
///
/// Source: AWS S3 API Reference, `Object`, `ETag`: so it is for what `PutObject` and `CopyObject` store in plain text or
/// encrypted by SSE-S3.
pub(crate) fn etag(content: Value) -> Value {
    content.apply(Function::Md5).apply(Function::Hex).apply(Function::Quoted)
}

/// An answer with this status and without an error code, whatever else is in it.
pub(crate) fn answered(status: u16) -> Expectation {
    let body = BodyRule::Any("the scenario does not look at it".into());
    Expectation { body, ..Expectation::status(status) }
}
