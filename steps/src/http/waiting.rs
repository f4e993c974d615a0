//! Asks again and again until an answer is as it must be, within bounds.

use std::time::Duration;

use cucumber::when;
use plumb_model::expectation::Matcher;
use plumb_model::text::shown;
use plumb_model::value::Value;
use plumb_validator::session::REPEAT_WAIT;
use tokio::time::{Instant, sleep};

use super::json;
use super::parameters::{Bare, JsonPath, Method, Who};
use super::request::Draft;
use crate::failure::{Failure, fail};
use crate::world::{WAIT_TRIES_MAX, World};

/// The longest that a step may wait, in seconds.
pub const WAIT_SECONDS_MAX: u64 = 60;
/// The most characters of the last body that is shown.
const SHOWN_CHARACTERS_MAX: usize = 200;

/// What is waited for.
enum Until {
    Status(u16),
    Value(JsonPath, Matcher),
}

/// Asks until the answer has this status. Whatever comes before is judged by the model as well.
#[when(expr = "{who} asks GET {string} until the status is {int}, for at most {int} second(s)")]
async fn until_status(world: &mut World, who: Who, target: String, status: u16, seconds: u64) {
    wait(world, &who, &target, Until::Status(status), seconds).await;
    world.was_awaited(tries(seconds));
}

/// Asks until a path leads to this text.
#[when(expr = "{who} asks GET {string} until {path} is {string}, for at most {int} second(s)")]
async fn until_text(world: &mut World, who: Who, target: String, path: JsonPath, text: String, seconds: u64) {
    let expected = json::text_of(world, &text).await;
    until_value(world, &who, &target, path, &expected, seconds).await;
}

/// Asks until a path leads to this number, to this truth value, or to `null`.
#[when(expr = "{who} asks GET {string} until {path} is {bare}, for at most {int} second(s)")]
async fn until_bare(world: &mut World, who: Who, target: String, path: JsonPath, bare: Bare, seconds: u64) {
    let expected = json::parsed(&bare.0);
    until_value(world, &who, &target, path, &expected, seconds).await;
}

async fn until_value(
    world: &mut World,
    who: &Who,
    target: &str,
    path: JsonPath,
    expected: &serde_json::Value,
    seconds: u64,
) {
    world.not_in_the_case("a JSONPath is waited for");
    wait(world, who, target, Until::Value(path, json::is(expected)), seconds).await;
}

/// How often is asked in so many seconds, at most.
fn tries(seconds: u64) -> u32 {
    let wait_ms = u64::try_from(REPEAT_WAIT.as_millis()).unwrap_or(u64::MAX);
    u32::try_from(seconds * 1_000 / wait_ms).unwrap_or(u32::MAX).clamp(1, WAIT_TRIES_MAX)
}

async fn wait(world: &mut World, who: &Who, target: &str, until: Until, seconds: u64) {
    if !(1..=WAIT_SECONDS_MAX).contains(&seconds) {
        fail(format!("a step waits between 1 and {WAIT_SECONDS_MAX} seconds, and not {seconds}"));
    }
    who.speaks(world);
    let deadline = Instant::now() + Duration::from_secs(seconds);
    Draft::new(world, Method("GET".to_owned()), target).send(world).await;
    for asked in 1..=tries(seconds) {
        let Some(wrong) = wrong(world, &until).await else { return };
        if asked == tries(seconds) || Instant::now() + REPEAT_WAIT > deadline {
            unfulfilled(world, wrong, asked, seconds);
        }
        sleep(REPEAT_WAIT).await;
        world.send_raw_again().await;
    }
}

async fn wrong(world: &mut World, until: &Until) -> Option<Failure> {
    match until {
        Until::Status(status) => {
            let matcher = Matcher::Is(Value::from(status.to_string().as_str()));
            let observed = world.last_answer().status.to_string();
            world.wrong("status", matcher, vec![observed.clone().into()], Some(observed.into())).await
        }
        // An answer of another kind need not be JSON: it is waited through.
        Until::Value(path, _) if serde_json::from_slice::<serde_json::Value>(&world.last_answer().body).is_err() => {
            Some(Failure::new(format!("{}: the body is no JSON", path.as_str())))
        }
        Until::Value(path, matcher) => json::mismatch(world, path, matcher.clone()).await,
    }
}

/// Says what was seen last.
fn unfulfilled(world: &World, wrong: Failure, asked: u32, seconds: u64) -> ! {
    let last = world.last_answer();
    let (class, body) = (last.class(), shown(&last.body, SHOWN_CHARACTERS_MAX));
    let often = if asked == 1 { "once".to_owned() } else { format!("{asked} times") };
    let message = format!("asked {often} within {seconds}s, and still {}\nlast answer: {class} {body}", wrong.message);
    Failure { message, ..wrong }.raise()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_spaced_and_bounded() {
        assert_eq!([1, 10, WAIT_SECONDS_MAX, 100_000].map(tries), [10, 100, 600, 600]);
    }
}
