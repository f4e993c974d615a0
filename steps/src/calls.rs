//! Steps by which any case can be written as a scenario, call by call, and the export that writes it so.
//!
//! ```gherkin
//! Given the case has a bucket "a" of its own
//! When "stored" calls PutObject
//!   | bucket | {"resource":{"kind":"bucket","role":"a"}} |
//!   | key    | {"resource":{"kind":"key","role":"a"}}    |
//! And "call" calls DeleteBucket as other
//! Then every answer is permitted
//! ```
//!
//! A cell of the table is a text as it stands there, or a value as case files have it where it begins with a brace or
//! a quote. What such a scenario leaves is the case it was written from: the same needs, ids, calls and expectations.

mod cell;
mod export;
mod terms;

use cucumber::{given, then, when};
use plumb_model::call::{Call, Need, Turn};
use plumb_model::expectation::Expectation;

use crate::failure::{Failure, fail};
use crate::world::World;

pub use export::{COMMENT_CHARACTERS_MAX, ExportError, NAME_CHARACTERS_MAX, scenario_of};

/// Borrows something that nobody else uses.
#[given(expr = "the case has a/an {word} {string} of its own")]
async fn has_own(world: &mut World, kind: String, role: String) {
    world.need(Need::own(kind, role)).await;
}

/// Borrows something of another identity's that nobody else uses.
#[given(expr = "the case has a/an {word} {string} of its own, belonging to {word}")]
async fn has_own_of(world: &mut World, kind: String, role: String, actor: String) {
    world.need(Need::own(kind, role).by(actor)).await;
}

/// Borrows something that others may use too, or a part of it.
#[given(expr = "the case has a/an {word} {string} or a part of one")]
async fn has_shared(world: &mut World, kind: String, role: String) {
    world.need(Need::shared(kind, role)).await;
}

/// Borrows something of another identity's that others may use too, or a part of it.
#[given(expr = "the case has a/an {word} {string} or a part of one, belonging to {word}")]
async fn has_shared_of(world: &mut World, kind: String, role: String, actor: String) {
    world.need(Need::shared(kind, role).by(actor)).await;
}

/// Borrows something of a nature, which no call takes back, that nobody else uses.
#[given(expr = "the case has a/an {word} {word} {string} of its own")]
async fn has_own_natured(world: &mut World, nature: String, kind: String, role: String) {
    world.need(Need::own(kind, role).of_nature(nature)).await;
}

/// The same of another identity's.
#[given(expr = "the case has a/an {word} {word} {string} of its own, belonging to {word}")]
async fn has_own_natured_of(world: &mut World, nature: String, kind: String, role: String, actor: String) {
    world.need(Need::own(kind, role).of_nature(nature).by(actor)).await;
}

/// Borrows something of a nature that others may use too, or a part of it.
#[given(expr = "the case has a/an {word} {word} {string} or a part of one")]
async fn has_shared_natured(world: &mut World, nature: String, kind: String, role: String) {
    world.need(Need::shared(kind, role).of_nature(nature)).await;
}

/// The same of another identity's.
#[given(expr = "the case has a/an {word} {word} {string} or a part of one, belonging to {word}")]
async fn has_shared_natured_of(world: &mut World, nature: String, kind: String, role: String, actor: String) {
    world.need(Need::shared(kind, role).of_nature(nature).by(actor)).await;
}

/// Says how the next call is sent: `client`, `after`, and `until` with `at most`.
#[given(expr = "the next call is sent on these terms")]
fn on_these_terms(world: &mut World, step: &gherkin::Step) {
    world.upcoming.must_be_taken();
    world.upcoming.terms = Some(terms::read(rows(step)));
}

/// Sends a call under an id, with the arguments of the table.
#[when(expr = "{string} calls {word}")]
async fn calls(world: &mut World, id: String, operation: String, step: &gherkin::Step) {
    send(world, id, operation, None, step).await;
}

/// Sends a call under an id as an identity of the target.
#[when(expr = "{string} calls {word} as {word}")]
async fn calls_as(world: &mut World, id: String, operation: String, actor: String, step: &gherkin::Step) {
    send(world, id, operation, Some(actor), step).await;
}

/// What the answer to the call before must be besides what the model permits, as case files have it.
#[then(expr = "the answer is exactly")]
async fn answer_is(world: &mut World, step: &gherkin::Step) {
    let Some(doc) = &step.docstring else { fail("this step needs a doc string below it: what is expected, as JSON") };
    let expectation: Expectation =
        serde_json::from_str(doc).unwrap_or_else(|error| fail(format!("this is no expectation: {error}")));
    world.last_answer();
    world.expect(expectation).await;
}

/// The model permits every answer so far: something was asked, and the model had a word on all of it.
#[then(expr = "every answer is permitted")]
fn all_permitted(world: &mut World) {
    let tally = world.tally();
    if tally.judged == 0 {
        fail("nothing was asked yet that the model could judge");
    }
    if tally.waived + tally.unmodelled > 0 {
        let (waived, unmodelled) = (tally.waived, tally.unmodelled);
        fail(format!("the model forbids {waived} of the answers, and {unmodelled} are to no call that it knows"));
    }
    if tally.accepted > 0 {
        Failure::blocked("the model forbids an answer that somebody has accepted").raise();
    }
}

async fn send(world: &mut World, id: String, operation: String, actor: Option<String>, step: &gherkin::Step) {
    if id.is_empty() || id.contains('.') || world.has_call(&id) {
        fail(format!("the call id {id:?} is empty, has a dot, or is used twice"));
    }
    let mut call = Call::new(operation);
    for [name, value] in rows(step) {
        let name = cell::text_of(name).unwrap_or_else(|why| fail(why));
        let value = cell::value_of(value).unwrap_or_else(|why| fail(why));
        if call.arguments.insert(name.clone().into(), value).is_some() {
            fail(format!("the argument {name:?} is given twice"));
        }
    }
    let terms = world.upcoming.terms.take().unwrap_or_default();
    let turn = Turn { actor, client: terms.client, after: terms.after, repeat: terms.repeat, ..Turn::new(id, call) };
    world.send(turn).await;
}

/// The rows of the table, which may be missing, each a name and a value.
fn rows(step: &gherkin::Step) -> Vec<[&str; 2]> {
    let rows = step.table.as_ref().map_or(&[][..], |table| &table.rows);
    let pair = |row: &'_ Vec<String>| row.len() == 2;
    if let Some(odd) = rows.iter().find(|row| !pair(row)) {
        fail(format!("a row of this table has a name and a value, and not {} cells", odd.len()));
    }
    rows.iter().map(|row| [row[0].as_str(), row[1].as_str()]).collect()
}
