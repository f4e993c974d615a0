//! Deleting files, one by one or many at once.

use cucumber::{given, then, when};
use gherkin::Step;
use plumb_model::call::Call;
use plumb_model::expectation::{BodyRule, Expectation, Keyed, Shape};
use plumb_model::value::Value;
use plumb_steps::World;

use crate::subject::{answered, key, on_bucket, on_object, send};
use crate::table::names;

#[given(expr = "{word} has deleted {string}")]
async fn has_deleted(world: &mut World, who: String, key: String) {
    deletes(world, who, key).await;
    world.must_succeed();
}

#[when(expr = "{word} deletes {string}")]
async fn deletes(world: &mut World, who: String, key: String) {
    let call = on_object(world, "DeleteObject", &key);
    send(world, &who, call).await;
}

/// The call that deletes all of these.
fn batch(world: &World, labels: &[String]) -> Call {
    let numbered = labels.iter().zip(1_u32..);
    numbered.fold(on_bucket(world, "DeleteObjects"), |call, (label, number)| {
        call.with(format!("key.{number}"), key(world, label))
    })
}

#[when(expr = "{word} deletes at once")]
async fn deletes_at_once(world: &mut World, who: String, step: &Step) {
    let call = batch(world, &names(step));
    send(world, &who, call).await;
}

#[when(expr = "{word} deletes at once, asking for errors only")]
async fn deletes_quietly(world: &mut World, who: String, step: &Step) {
    let call = batch(world, &names(step)).with("quiet", "true");
    send(world, &who, call).await;
}

#[when(expr = "{word} deletes {int} files at once")]
async fn deletes_so_many(world: &mut World, who: String, count: u64) {
    let more = Value::literal(count.saturating_sub(1).to_string());
    let call = batch(world, &["many".to_owned()]).with("more-keys", more);
    send(world, &who, call).await;
}

/// A batch that was carried out, and tells of these files that they are gone and of none that it is not.
fn told_as_deleted(world: &World, labels: &[String]) -> Expectation {
    let entries: Vec<_> = labels.iter().map(|label| (key(world, label), Shape::Fields(Vec::new()))).collect();
    let is_empty = entries.is_empty();
    let deleted = Shape::Keyed(Keyed::new("Key", entries));
    let deleted = if is_empty { deleted.maybe() } else { deleted };
    let errors = Shape::List(Vec::new()).maybe();
    let fields = vec![("Deleted".into(), deleted), ("Error".into(), errors)];
    Expectation { body: BodyRule::Document(Shape::Fields(fields)), ..answered(200) }
}

#[then(expr = "{word} is told that these are deleted")]
async fn told_that_deleted(world: &mut World, who: String, step: &Step) {
    world.persona(&who);
    let expected = told_as_deleted(world, &names(step));
    world.expect(expected).await;
}

#[then(expr = "{word} is told of no file")]
async fn told_of_no_file(world: &mut World, who: String) {
    world.persona(&who);
    let expected = told_as_deleted(world, &[]);
    world.expect(expected).await;
}
