//! Reads and writes that are wanted under a condition only.

use cucumber::{then, when};
use plumb_model::value::{Function, Value};
use plumb_steps::{World, fail};

use crate::reading::read_it;
use crate::subject::{answered, date_of_it, etag, on_it, send, upload, with};

/// A day, in seconds.
const DAY_S: i64 = 86_400;

#[when(expr = "{word} reads it only if it is still {string}")]
async fn reads_if_still(world: &mut World, who: String, file: String) {
    let tag = etag(world.memory.file(&file));
    read_it(world, &who, with("if-match", tag)).await;
}

#[when(expr = "{word} reads it only if its ETag without quotes is that of {string}")]
async fn reads_if_bare_tag(world: &mut World, who: String, file: String) {
    let tag = etag(world.memory.file(&file)).apply(Function::Unquoted);
    read_it(world, &who, with("if-match", tag)).await;
}

#[when(expr = "{word} reads it only if it is no longer {string}")]
async fn reads_if_no_longer(world: &mut World, who: String, file: String) {
    let tag = etag(world.memory.file(&file));
    read_it(world, &who, with("if-none-match", tag)).await;
}

/// The moment that a word means, as a header has it.
fn moment(world: &World, when: &str) -> Value {
    let days = match when {
        "yesterday" => -1,
        "tomorrow" => 1,
        "then" => return date_of_it(world),
        other => {
            fail(format!("a condition is about yesterday, tomorrow or then, the moment of the upload; not {other}"))
        }
    };
    Value::now(days * DAY_S).apply(Function::HttpDate)
}

#[when(expr = "{word} reads it only if it has changed since {word}")]
async fn reads_if_changed(world: &mut World, who: String, when: String) {
    let moment = moment(world, &when);
    read_it(world, &who, with("if-modified-since", moment)).await;
}

#[when(expr = "{word} reads it only if it has not changed since {word}")]
async fn reads_if_unchanged(world: &mut World, who: String, when: String) {
    let moment = moment(world, &when);
    read_it(world, &who, with("if-unmodified-since", moment)).await;
}

#[then(expr = "{word} is told that nothing has changed")]
async fn told_that_nothing_changed(world: &mut World, who: String) {
    world.persona(&who);
    world.expect(answered(304)).await;
}

#[when(expr = "{word} uploads {string} as {string} only if nothing is there")]
async fn uploads_if_nothing_there(world: &mut World, who: String, file: String, key: String) {
    upload(world, &who, &file, &key, with("if-none-match", "*")).await;
}

#[when(expr = "{word} uploads {string} as {string} only if {string} is still there")]
async fn uploads_if_still_there(world: &mut World, who: String, file: String, key: String, other: String) {
    let tag = etag(world.memory.file(&other));
    upload(world, &who, &file, &key, with("if-match", tag)).await;
}

#[when(expr = "{word} deletes it only if it is still {string}")]
async fn deletes_if_still(world: &mut World, who: String, file: String) {
    let tag = etag(world.memory.file(&file));
    let call = on_it(world, "DeleteObject").with("if-match", tag);
    send(world, &who, call).await;
}
