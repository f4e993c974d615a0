//! What is told beside a file: its type, how to keep it, and what its owner has noted.

use cucumber::{then, when};
use gherkin::Step;
use plumb_model::expectation::Matcher;
use plumb_steps::World;

use crate::reading::read_it;
use crate::subject::with;
use crate::table::pairs;
use crate::uploads::metadata_header;

#[when(expr = "{word} reads it as a file of the type {string}")]
async fn reads_as_type(world: &mut World, who: String, kind: String) {
    read_it(world, &who, with("response-content-type", kind.as_str())).await;
}

#[when(expr = "{word} reads it to be saved as {string}")]
async fn reads_to_be_saved(world: &mut World, who: String, name: String) {
    let disposition = format!("attachment; filename=\"{name}\"");
    read_it(world, &who, with("response-content-disposition", disposition.as_str())).await;
}

#[then(expr = "it comes with the headers")]
async fn comes_with_headers(world: &mut World, step: &Step) {
    let headers = pairs(step).into_iter();
    let expected = headers
        .fold(world.as_answered(), |expected, (name, value)| expected.header(name.to_lowercase(), Matcher::is(value)));
    world.expect(expected).await;
}

#[then(expr = "it comes with the metadata")]
async fn comes_with_metadata(world: &mut World, step: &Step) {
    let noted = pairs(step).into_iter();
    let expected = noted.fold(world.as_answered(), |expected, (name, value)| {
        expected.header(metadata_header(&name), Matcher::is(value))
    });
    world.expect(expected).await;
}

#[then(expr = "it comes without the metadata {string}")]
async fn comes_without_metadata(world: &mut World, name: String) {
    let expected = world.as_answered().header(metadata_header(&name), Matcher::Absent);
    world.expect(expected).await;
}
