//! Sends requests written by hand, unsigned.

use cucumber::{given, when};

use super::parameters::{Method, Who};
use super::request::Draft;
use super::{bodies, doc, pairs};
use crate::world::World;

/// Header fields for the next request that is written by hand.
#[given(expr = "the next request has the headers")]
fn next_has_headers(world: &mut World, step: &gherkin::Step) {
    world.upcoming.headers.extend(pairs(step));
}

/// Parameters in the query of the next request that is written by hand.
#[given(expr = "the next request has the query")]
fn next_has_query(world: &mut World, step: &gherkin::Step) {
    world.upcoming.query.extend(pairs(step));
}

/// Sends a request, unsigned.
#[when(expr = "{who} sends {method} {string}")]
async fn sends(world: &mut World, who: Who, method: Method, target: String) {
    who.speaks(world);
    Draft::new(world, method, &target).send(world).await;
}

/// Sends a request with header fields, unsigned.
#[when(expr = "{who} sends {method} {string} with the headers")]
async fn sends_headers(world: &mut World, who: Who, method: Method, target: String, step: &gherkin::Step) {
    who.speaks(world);
    Draft::new(world, method, &target).headers(pairs(step)).send(world).await;
}

/// Sends a request with a query, whose names and values are percent-encoded on the way, unsigned.
#[when(expr = "{who} sends {method} {string} with the query")]
async fn sends_query(world: &mut World, who: Who, method: Method, target: String, step: &gherkin::Step) {
    who.speaks(world);
    Draft::new(world, method, &target).query(pairs(step)).send(world).await;
}

/// Sends a request with a body of any type, unsigned.
#[when(expr = "{who} sends {method} {string} with the body")]
async fn sends_body(world: &mut World, who: Who, method: Method, target: String, step: &gherkin::Step) {
    who.speaks(world);
    let body = bodies::text(world, doc(step)).await;
    Draft::new(world, method, &target).body(body, None).send(world).await;
}

/// Sends a request with a short body of any type, unsigned.
#[when(expr = "{who} sends {method} {string} with the body {string}")]
async fn sends_text(world: &mut World, who: Who, method: Method, target: String, body: String) {
    who.speaks(world);
    let body = bodies::text(world, &super::unescaped(&body)).await;
    Draft::new(world, method, &target).body(body, None).send(world).await;
}

/// Sends a request with a JSON body, in whose texts `{name}` stands for something, unsigned.
#[when(expr = "{who} sends {method} {string} with the JSON body")]
async fn sends_json(world: &mut World, who: Who, method: Method, target: String, step: &gherkin::Step) {
    who.speaks(world);
    let body = bodies::json(world, doc(step)).await;
    Draft::new(world, method, &target).body(body, Some("application/json")).send(world).await;
}

/// Sends a request with an XML body, unsigned.
#[when(expr = "{who} sends {method} {string} with the XML body")]
async fn sends_xml(world: &mut World, who: Who, method: Method, target: String, step: &gherkin::Step) {
    who.speaks(world);
    let body = bodies::xml(world, doc(step)).await;
    Draft::new(world, method, &target).body(body, Some("application/xml")).send(world).await;
}

/// Sends a request with a file as its body, unsigned.
#[when(expr = "{who} sends {method} {string} with the file {string}")]
async fn sends_file(world: &mut World, who: Who, method: Method, target: String, file: String) {
    who.speaks(world);
    let body = bodies::file(world, &super::unescaped(&file)).await;
    Draft::new(world, method, &target).body(body, None).send(world).await;
}
