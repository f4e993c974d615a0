//! What is said at the desk.

use cucumber::{given, then, when};
use plumb_model::call::Call;
use plumb_model::expectation::{BodyRule, Expectation, Form, Matcher, Shape};
use plumb_model::value::Value;
use plumb_steps::World;

/// By this file the phrases below are known.
pub(crate) const FILE: &str = file!();

fn ticket(name: &str) -> Value {
    Value::resource("ticket", name)
}

#[given(expr = "{word} has opened the ticket {string} about {string}")]
async fn has_opened(world: &mut World, who: String, name: String, subject: String) {
    opens(world, who, name, subject).await;
    world.must_succeed();
}

#[when(expr = "{word} opens the ticket {string} about {string}")]
async fn opens(world: &mut World, who: String, name: String, subject: String) {
    let who = world.persona(&who);
    world.memory.mention("ticket", &name);
    world.call_as(&who, Call::new("Open").with("name", ticket(&name)).with("subject", subject.as_str())).await;
}

#[when(expr = "{word} closes it")]
async fn closes(world: &mut World, who: String) {
    let (who, name) = (world.persona(&who), world.memory.it("ticket"));
    world.call_as(&who, Call::new("Close").with("name", ticket(&name))).await;
}

#[then(expr = "the desk says {string}")]
async fn says(world: &mut World, code: String) {
    let expected = Expectation { code: Some(code.into()), ..world.as_answered() };
    world.expect(expected).await;
}

#[then("the ticket has a number")]
async fn has_a_number(world: &mut World) {
    let number = Matcher::Like(Form::Integer);
    world.expect(world.as_answered().header("ticket-number", number)).await;
}

#[then(expr = "it is {word}")]
async fn it_is(world: &mut World, state: String) {
    let name = world.memory.it("ticket");
    world.call(Call::new("Read").with("name", ticket(&name))).await;
    let body = BodyRule::Document(Shape::Fields(vec![("state".into(), Shape::is(state))]));
    let expected = Expectation { body, ..world.as_answered() };
    world.expect(expected).await;
}
