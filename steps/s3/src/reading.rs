//! Reading files, whole or in part, and looking at what is in them.

use cucumber::{given, then, when};
use plumb_model::expectation::{BodyRule, Expectation, Matcher};
use plumb_model::value::Value;
use plumb_steps::{World, fail};

use crate::subject::{self, Arguments, answered, content, given, on_it, on_object, send, with};
use crate::uploads::size_in_bytes;

/// Reads "it".
pub(crate) async fn read_it(world: &mut World, who: &str, arguments: Arguments) {
    let call = on_it(world, "GetObject");
    send(world, who, given(call, arguments)).await;
}

#[when(expr = "{word} reads it")]
async fn reads_it(world: &mut World, who: String) {
    read_it(world, &who, Arguments::new()).await;
}

#[given(expr = "{word} has read it")]
async fn has_read_it(world: &mut World, who: String) {
    read_it(world, &who, Arguments::new()).await;
    world.must_succeed();
}

#[when(expr = "{word} reads the version {string} of it")]
async fn reads_version(world: &mut World, who: String, version: String) {
    read_it(world, &who, with("versionId", version.as_str())).await;
}

#[when(expr = "{word} reads {string}")]
async fn reads(world: &mut World, who: String, key: String) {
    let call = on_object(world, "GetObject", &key);
    send(world, &who, call).await;
}

#[when(expr = "{word} reads {string} from the bucket {string}")]
async fn reads_from_bucket(world: &mut World, who: String, key: String, bucket: String) {
    subject::speak_of_bucket(world, &bucket);
    let call = on_object(world, "GetObject", &key);
    send(world, &who, call).await;
}

#[when(expr = "{word} reads bytes {int} to {int} of it")]
async fn reads_bytes(world: &mut World, who: String, first: u64, last: u64) {
    read_it(world, &who, range(&format!("bytes={first}-{last}"))).await;
}

fn range(text: &str) -> Arguments {
    with("range", text)
}

#[when(expr = "{word} reads it from byte {int} on")]
async fn reads_from_byte(world: &mut World, who: String, first: u64) {
    read_it(world, &who, range(&format!("bytes={first}-"))).await;
}

#[when(expr = "{word} reads the last {int} bytes of it")]
async fn reads_last_bytes(world: &mut World, who: String, bytes: u64) {
    read_it(world, &who, range(&format!("bytes=-{bytes}"))).await;
}

#[when(expr = "{word} reads it with the range {string}")]
async fn reads_range(world: &mut World, who: String, text: String) {
    read_it(world, &who, range(&text)).await;
}

#[when(expr = "{word} asks for the details of it")]
async fn asks_for_details_of_it(world: &mut World, who: String) {
    let call = on_it(world, "HeadObject");
    send(world, &who, call).await;
}

#[when(expr = "{word} asks for the details of {string}")]
async fn asks_for_details(world: &mut World, who: String, key: String) {
    let call = on_object(world, "HeadObject", &key);
    send(world, &who, call).await;
}

#[then(expr = "{word} can read {string}")]
async fn can_read(world: &mut World, who: String, key: String) {
    let call = on_object(world, "GetObject", &key);
    let content = content(world, &key);
    send(world, &who, call).await;
    world.expect(holding(content)).await;
}

#[then(expr = "{word} can read it")]
async fn can_read_it(world: &mut World, who: String) {
    let label = subject::it(world);
    can_read(world, who, label).await;
}

/// An answer with exactly this in it.
fn holding(content: Value) -> Expectation {
    Expectation { body: BodyRule::Equals(content), ..Expectation::status(200) }
}

#[then(expr = "{string} holds the file {string}")]
async fn holds_the_file(world: &mut World, key: String, file: String) {
    let call = on_object(world, "GetObject", &key);
    let content = world.memory.file(&file);
    world.call(call).await;
    world.expect(holding(content)).await;
}

#[then(expr = "{string} is gone")]
async fn is_gone(world: &mut World, key: String) {
    let call = on_object(world, "GetObject", &key);
    world.call(call).await;
    world.expect(Expectation { code: Some("NoSuchKey".into()), ..answered(404) }).await;
}

/// The last answer must be a success and hold this.
async fn gets(world: &mut World, who: &str, content: Value) {
    world.persona(who);
    if !world.last_answer().is_success() {
        fail(format!("{who} gets nothing: {}", world.last_answer().class()));
    }
    let expected = Expectation { body: BodyRule::Equals(content), ..world.as_answered() };
    world.expect(expected).await;
}

#[then(expr = "{word} gets {string}")]
async fn gets_text(world: &mut World, who: String, text: String) {
    gets(world, &who, Value::literal(text)).await;
}

#[then(expr = "{word} gets the file {string}")]
async fn gets_file(world: &mut World, who: String, file: String) {
    let content = world.memory.file(&file);
    gets(world, &who, content).await;
}

#[then(expr = "{word} gets the last {int} bytes of the file {string}")]
async fn gets_end_of_file(world: &mut World, who: String, count: usize, file: String) {
    let content = world.memory.file(&file);
    let bytes = world.bytes(&content).await;
    let Some(start) = bytes.len().checked_sub(count) else {
        fail(format!("the file {file:?} has {} bytes only", bytes.len()))
    };
    gets(world, &who, Value::Literal(bytes.slice(start..))).await;
}

#[then(expr = "its size is {int} {word}")]
async fn size_is(world: &mut World, count: u64, unit: String) {
    let bytes = size_in_bytes(count, &unit);
    let expected = world.as_answered().header("content-length", Matcher::is(bytes.to_string()));
    world.expect(expected).await;
}
