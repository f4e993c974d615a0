//! What stands in a JSON body must be. A case has no words for it, so none of this becomes part of one.

use bytes::Bytes;
use cucumber::then;
use plumb_model::expectation::Matcher;
use plumb_model::value::Value;
use serde_json::Value as Json;

use super::parameters::{Bare, JsonPath};
use super::selecting::{canonical, only, selected};
use super::{bodies, doc, unescaped};
use crate::failure::{Failure, fail};
use crate::world::World;

/// Why a value may be anything, as long as it is there.
const ONLY_THERE: &str = "the scenario asks only whether it is there";

/// The path leads to this text.
#[then(expr = "{path} is {string}")]
async fn is_text(world: &mut World, path: JsonPath, text: String) {
    let expected = text_of(world, &text).await;
    demand(world, &path, is(&expected)).await;
}

/// The path leads to this number, to this truth value, or to `null`.
#[then(expr = "{path} is {bare}")]
async fn is_bare(world: &mut World, path: JsonPath, bare: Bare) {
    let expected = parsed(&bare.0);
    demand(world, &path, is(&expected)).await;
}

/// The path leads to this JSON value. The order of names, blanks and the way a number is written say nothing.
#[then(expr = "{path} is the JSON")]
async fn is_json(world: &mut World, path: JsonPath, step: &gherkin::Step) {
    let (text, _) = bodies::json(world, doc(step)).await;
    let expected = parsed(&String::from_utf8_lossy(&text));
    demand(world, &path, is(&expected)).await;
}

/// The path leads to a text with this in it, or to a list with this text as an entry.
#[then(expr = "{path} contains {string}")]
async fn contains(world: &mut World, path: JsonPath, part: String) {
    world.not_in_the_case("a JSONPath is looked at");
    let part = text_of(world, &part).await;
    let found = only(world, &path);
    let whole = found.as_ref().map(canonical);
    let (matcher, values) = match &found {
        Some(Json::Array(entries)) => (is(&part), entries.iter().map(canonical).collect()),
        Some(Json::String(text)) => (Matcher::Contains(literal(part.as_str())), vec![Bytes::from(text.clone())]),
        _ => (is(&part), whole.iter().cloned().collect()),
    };
    let place = path.as_str();
    raise(world.wrong(place, matcher, values, whole).await);
}

/// The path leads to a list or to an object with so many entries.
#[then(expr = "{path} has {int} entry/entries")]
async fn has_entries(world: &mut World, path: JsonPath, count: usize) {
    world.not_in_the_case("a JSONPath is looked at");
    let observed = match only(world, &path) {
        Some(Json::Array(entries)) => entries.len().to_string(),
        Some(Json::Object(fields)) => fields.len().to_string(),
        Some(other) => other.to_string(),
        None => plumb_model::judge::NOTHING.to_owned(),
    };
    let matcher = Matcher::Is(Value::from(count.to_string().as_str()));
    let place = format!("the number of entries of {}", path.as_str());
    let observed = Bytes::from(observed);
    raise(world.wrong(&place, matcher, vec![observed.clone()], Some(observed)).await);
}

/// The path leads somewhere.
#[then(expr = "{path} exists")]
async fn exists(world: &mut World, path: JsonPath) {
    there(world, &path, Matcher::Open { example: "".into(), why: ONLY_THERE.into() }).await;
}

/// The path leads nowhere.
#[then(expr = "{path} does not exist")]
async fn does_not_exist(world: &mut World, path: JsonPath) {
    there(world, &path, Matcher::Absent).await;
}

async fn there(world: &mut World, path: &JsonPath, matcher: Matcher) {
    world.not_in_the_case("a JSONPath is looked at");
    let found = selected(world, path).first().map(canonical);
    raise(world.wrong(path.as_str(), matcher, found.iter().cloned().collect(), found).await);
}

async fn demand(world: &mut World, path: &JsonPath, matcher: Matcher) {
    world.not_in_the_case("a JSONPath is looked at");
    raise(mismatch(world, path, matcher).await);
}

/// What is wrong with the one value that a path leads to.
pub(super) async fn mismatch(world: &mut World, path: &JsonPath, matcher: Matcher) -> Option<Failure> {
    let found = only(world, path).as_ref().map(canonical);
    world.wrong(path.as_str(), matcher, found.iter().cloned().collect(), found).await
}

fn raise(wrong: Option<Failure>) {
    if let Some(failure) = wrong {
        failure.raise();
    }
}

/// Equal to this JSON value.
pub(super) fn is(value: &Json) -> Matcher {
    Matcher::Is(Value::Literal(canonical(value)))
}

/// A text of the scenario as JSON.
pub(super) async fn text_of(world: &mut World, text: &str) -> Json {
    let value = world.memory.value(&unescaped(text));
    let bytes = world.bytes(&value).await;
    let binary = |_| fail("this is no text, so no JSON can hold it");
    Json::from(std::str::from_utf8(&bytes).unwrap_or_else(binary))
}

/// JSON in a scenario.
pub(super) fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| fail(format!("this is no JSON: {error}")))
}

fn literal(text: Option<&str>) -> Value {
    Value::from(text.unwrap_or_default())
}
