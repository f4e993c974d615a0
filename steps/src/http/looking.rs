//! What status, header fields and body of the last answer must be. All of it becomes part of the case.

use cucumber::then;
use plumb_model::expectation::{BodyRule, Expectation, Matcher};
use plumb_model::value::Value;

use super::{doc, unescaped};
use crate::world::World;

/// Why a header may be anything, as long as it is there.
const ONLY_THERE: &str = "the scenario asks only whether it is there";

/// The answer has this status.
#[then(expr = "the status is {int}")]
async fn status_is(world: &mut World, status: u16) {
    // The error code belongs to the status that came; another status has another one, or none.
    let answered = world.as_answered();
    let code = answered.code.clone().filter(|_| answered.status == status);
    let expected = Expectation { status, code, ..answered };
    world.expect(expected).await;
}

/// The answer has one of two statuses. The case keeps the one that came.
#[then(expr = "the status is {int} or {int}")]
async fn status_is_either(world: &mut World, one: u16, other: u16) {
    let status = world.last_answer().status.to_string();
    let matcher = Matcher::OneOf([one, other].map(|status| Value::from(status.to_string().as_str())).into());
    if let Some(wrong) = world.wrong("status", matcher, vec![status.clone().into()], Some(status.into())).await {
        wrong.raise();
    }
    let expected = world.as_answered();
    world.expect(expected).await;
}

async fn header(world: &mut World, name: &str, matcher: Matcher) {
    let expected = world.as_answered().header(unescaped(name).to_ascii_lowercase(), matcher);
    world.expect(expected).await;
}

/// A header field has this value.
#[then(expr = "the header {string} is {string}")]
async fn header_is(world: &mut World, name: String, value: String) {
    let value = world.memory.value(&unescaped(&value));
    header(world, &name, Matcher::Is(value)).await;
}

/// A header field has this text in its value.
#[then(expr = "the header {string} contains {string}")]
async fn header_contains(world: &mut World, name: String, part: String) {
    let part = world.memory.value(&unescaped(&part));
    header(world, &name, Matcher::Contains(part)).await;
}

/// A header field is there, whatever its value.
#[then(expr = "the answer has the header {string}")]
async fn has_header(world: &mut World, name: String) {
    header(world, &name, Matcher::Open { example: "".into(), why: ONLY_THERE.into() }).await;
}

/// A header field is not there.
#[then(expr = "the answer has no header {string}")]
async fn has_no_header(world: &mut World, name: String) {
    header(world, &name, Matcher::Absent).await;
}

async fn body(world: &mut World, body: BodyRule) {
    let expected = Expectation { body, ..world.as_answered() };
    world.expect(expected).await;
}

/// The body is this text, byte for byte.
#[then(expr = "the body is")]
async fn body_is(world: &mut World, step: &gherkin::Step) {
    let value = world.memory.value(doc(step));
    body(world, BodyRule::Equals(value)).await;
}

/// The body is this short text, byte for byte.
#[then(expr = "the body is {string}")]
async fn body_is_text(world: &mut World, text: String) {
    let value = world.memory.value(&unescaped(&text));
    body(world, BodyRule::Equals(value)).await;
}

/// The body is what is in a file, byte for byte.
#[then(expr = "the body is the file {string}")]
async fn body_is_file(world: &mut World, file: String) {
    let content = world.memory.file(&unescaped(&file));
    body(world, BodyRule::Equals(content)).await;
}

/// The body has this text in it.
#[then(expr = "the body contains {string}")]
async fn body_contains(world: &mut World, part: String) {
    let part = world.memory.value(&unescaped(&part));
    body(world, BodyRule::Matches(Matcher::Contains(part))).await;
}

/// The body has so many bytes, whichever they are.
#[then(expr = "the body has {int} byte(s)")]
async fn body_has_length(world: &mut World, bytes: u64) {
    body(world, BodyRule::Matches(Matcher::Length(bytes))).await;
}

/// The body has no byte.
#[then(expr = "the body is empty")]
async fn body_is_empty(world: &mut World) {
    body(world, BodyRule::Empty).await;
}
