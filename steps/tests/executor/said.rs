//! Phrases that only tests say.

use cucumber::{given, then, when};
use plumb_steps::World;

#[given(expr = "something that panics")]
fn panics(_world: &mut World) {
    let (one, two) = (1, 2);
    assert_eq!(one, two, "numbers");
}

#[when(expr = "nobody ever answers")]
async fn hangs(_world: &mut World) {
    std::future::pending::<()>().await;
}

#[then(expr = "{word} is said")]
fn said_by_word(_world: &mut World, word: String) {
    drop(word);
}

#[then(expr = "twice is {word}")]
fn said_by_another(_world: &mut World, word: String) {
    drop(word);
}
