//! Listings: all of it, page by page, folder by folder.

use cucumber::{then, when};
use gherkin::Step;
use plumb_model::call::Call;
use plumb_model::expectation::{BodyRule, Expectation, Matcher, Shape};
use plumb_model::value::Value;
use plumb_steps::{World, fail};

use crate::subject::{answered, key, on_bucket, send};
use crate::table::{names, pairs};

const LIST: &str = "ListObjectsV2";
/// The first version of the call, which old clients still make.
const OLD_LIST: &str = "ListObjects";
const FOLDER: (&str, &str) = ("delimiter", "/");

/// A list of everything whose name starts so.
fn list(world: &World, operation: &'static str, prefix: &str) -> Call {
    on_bucket(world, operation).with("prefix", key(world, prefix))
}

fn number(count: u64) -> Value {
    Value::literal(count.to_string())
}

#[when(expr = "{word} lists {string}")]
async fn lists(world: &mut World, who: String, prefix: String) {
    let call = list(world, LIST, &prefix);
    send(world, &who, call).await;
}

#[when(expr = "{word} lists {string} {int} at a time")]
async fn lists_at_a_time(world: &mut World, who: String, prefix: String, count: u64) {
    let call = list(world, LIST, &prefix).with("max-keys", number(count));
    send(world, &who, call).await;
}

#[when(expr = "{word} lists the folder {string} {int} at a time")]
async fn lists_folder_at_a_time(world: &mut World, who: String, prefix: String, count: u64) {
    let call = list(world, LIST, &prefix).with(FOLDER.0, FOLDER.1).with("max-keys", number(count));
    send(world, &who, call).await;
}

#[when(expr = "{word} asks for the next page")]
async fn asks_for_next_page(world: &mut World, who: String) {
    let turn = world.last_turn();
    if turn.call.operation != LIST {
        fail("the next page is asked for after a page of a list");
    }
    let call = turn.call.with("continuation-token", Value::symbol(&turn.id, "token"));
    send(world, &who, call).await;
}

#[when(expr = "{word} lists {string} from the page {string} on")]
async fn lists_from_page(world: &mut World, who: String, prefix: String, token: String) {
    let call = list(world, LIST, &prefix).with("continuation-token", token.as_str());
    send(world, &who, call).await;
}

#[when(expr = "{word} lists what comes after {string} in {string}")]
async fn lists_after(world: &mut World, who: String, after: String, prefix: String) {
    let after = key(world, &after);
    let call = list(world, LIST, &prefix).with("start-after", after);
    send(world, &who, call).await;
}

#[when(expr = "{word} lists {string} the old way, {int} at a time")]
async fn lists_the_old_way(world: &mut World, who: String, prefix: String, count: u64) {
    let call = list(world, OLD_LIST, &prefix).with("max-keys", number(count));
    send(world, &who, call).await;
}

#[when(expr = "{word} lists the folder {string} the old way, {int} at a time")]
async fn lists_folder_the_old_way(world: &mut World, who: String, prefix: String, count: u64) {
    let call = list(world, OLD_LIST, &prefix).with(FOLDER.0, FOLDER.1).with("max-keys", number(count));
    send(world, &who, call).await;
}

#[when(expr = "{word} goes on after {string}")]
async fn goes_on_after(world: &mut World, who: String, marker: String) {
    let turn = world.last_turn();
    if turn.call.operation != OLD_LIST {
        fail("a list goes on after a name where it is listed the old way");
    }
    let marker = key(world, &marker);
    send(world, &who, turn.call.with("marker", marker)).await;
}

#[when(expr = "{word} lists the whole bucket")]
async fn lists_bucket(world: &mut World, who: String) {
    let call = on_bucket(world, LIST);
    send(world, &who, call).await;
}

/// The entries of one kind on a page, in this order, each known by one field.
fn entries(world: &World, field: &'static str, labels: &[String]) -> Shape {
    let entry = |label: &String| Shape::Fields(vec![(field.into(), Shape::Text(Matcher::Is(key(world, label))))]);
    let list = Shape::List(labels.iter().map(entry).collect());
    if labels.is_empty() { list.maybe() } else { list }
}

/// A page with these files and folders; whether there are more behind it.
fn page(world: &World, files: &[String], folders: &[String], more: bool) -> Expectation {
    let truncated = if more { "true" } else { "false" };
    let fields = vec![
        ("IsTruncated".into(), Shape::Text(Matcher::fixed(truncated))),
        ("Contents".into(), entries(world, "Key", files)),
        ("CommonPrefixes".into(), entries(world, "Prefix", folders)),
    ];
    Expectation { body: BodyRule::Document(Shape::Fields(fields)), ..answered(200) }
}

/// The files and the folders in a table that says of each which it is.
fn kinds(step: &Step) -> (Vec<String>, Vec<String>) {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for (kind, label) in pairs(step) {
        match kind.as_str() {
            "file" => files.push(label),
            "folder" => folders.push(label),
            other => fail(format!("an entry is a file or a folder, not a {other}")),
        }
    }
    (files, folders)
}

#[then(expr = "the list of {string} holds")]
async fn list_holds(world: &mut World, prefix: String, step: &Step) {
    let call = list(world, LIST, &prefix);
    world.call(call).await;
    let expected = page(world, &names(step), &[], false);
    world.expect(expected).await;
}

#[then(expr = "the list of {string} is empty")]
async fn list_is_empty(world: &mut World, prefix: String) {
    let call = list(world, LIST, &prefix);
    world.call(call).await;
    let expected = page(world, &[], &[], false);
    world.expect(expected).await;
}

#[then(expr = "the folder {string} holds")]
async fn folder_holds(world: &mut World, prefix: String, step: &Step) {
    let call = list(world, LIST, &prefix).with(FOLDER.0, FOLDER.1);
    world.call(call).await;
    let (files, folders) = kinds(step);
    let expected = page(world, &files, &folders, false);
    world.expect(expected).await;
}

#[then(expr = "the page holds")]
async fn page_holds(world: &mut World, step: &Step) {
    let expected = page(world, &names(step), &[], true);
    world.expect(expected).await;
}

#[then(expr = "the last page holds")]
async fn last_page_holds(world: &mut World, step: &Step) {
    let expected = page(world, &names(step), &[], false);
    world.expect(expected).await;
}

#[then(expr = "the last page is empty")]
async fn last_page_is_empty(world: &mut World) {
    let expected = page(world, &[], &[], false);
    world.expect(expected).await;
}

#[then(expr = "the page of the folder holds")]
async fn folder_page_holds(world: &mut World, step: &Step) {
    let (files, folders) = kinds(step);
    let expected = page(world, &files, &folders, true);
    world.expect(expected).await;
}

#[then(expr = "the last page of the folder holds")]
async fn last_folder_page_holds(world: &mut World, step: &Step) {
    let (files, folders) = kinds(step);
    let expected = page(world, &files, &folders, false);
    world.expect(expected).await;
}
