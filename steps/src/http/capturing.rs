//! Remembers what an answer says, for `{name}` in later steps.

use bytes::Bytes;
use cucumber::when;
use serde_json::Value as Json;

use super::parameters::JsonPath;
use super::selecting::only;
use super::unescaped;
use crate::failure::fail;
use crate::world::World;

/// Remembers the value of a header field under a name.
#[when(expr = "the header {string} is captured as {string}")]
async fn capture_header(world: &mut World, header: String, name: String) {
    let header = unescaped(&header);
    let value = world.last_answer().headers.get(&header).cloned();
    let value = value.unwrap_or_else(|| fail(format!("the answer has no header {header:?}")));
    capture(world, &name, value).await;
}

/// Remembers the value that a path leads to under a name: a text as it is, anything else as JSON.
#[when(expr = "the value of {path} is captured as {string}")]
async fn capture_value(world: &mut World, path: JsonPath, name: String) {
    let value = match only(world, &path) {
        Some(Json::String(text)) => Bytes::from(text),
        Some(other) => Bytes::from(other.to_string()),
        None => fail(format!("{} leads to nothing in the body", path.as_str())),
    };
    capture(world, &name, value).await;
}

async fn capture(world: &mut World, name: &str, value: Bytes) {
    if name.is_empty() || name.contains([' ', '{', '}']) {
        fail(format!("{name:?} cannot stand in braces: a name has no blank and no brace in it"));
    }
    world.capture(name, &value).await;
}
