//! How a call is sent, beside who sends it, as a table.

use plumb_model::call::{REPEAT_MAX, Repeat, Turn};

use super::cell::json;
use crate::failure::fail;
use crate::world::TurnTerms;

/// The client, by its number.
const CLIENT: &str = "client";
/// The ids of the calls that must be over before.
const AFTER: &str = "after";
/// What the answer must be for the call to be sent no more.
const UNTIL: &str = "until";
/// How often it is sent.
const AT_MOST: &str = "at most";

/// The terms that a table says.
pub(super) fn read(rows: Vec<[&str; 2]>) -> TurnTerms {
    let (mut terms, mut until, mut at_most) = (TurnTerms::default(), None, None);
    for [name, value] in rows {
        match name {
            CLIENT => terms.client = Some(parsed(name, value)),
            AFTER => terms.after = Some(parsed(name, value)),
            UNTIL => until = Some(parsed(name, value)),
            AT_MOST => at_most = Some(parsed(name, value)),
            other => {
                fail(format!("{other:?} is no term of a call; there are {CLIENT}, {AFTER}, {UNTIL} and {AT_MOST}"))
            }
        }
    }
    terms.repeat = match (until, at_most) {
        (Some(until), Some(at_most)) if (1..=REPEAT_MAX).contains(&at_most) => Some(Repeat { until, at_most }),
        (Some(_), Some(_)) => fail(format!("{AT_MOST:?} is between 1 and {REPEAT_MAX}")),
        (None, None) => None,
        _ => fail(format!("{UNTIL:?} and {AT_MOST:?} go together")),
    };
    terms
}

fn parsed<T: serde::de::DeserializeOwned>(name: &str, value: &str) -> T {
    serde_json::from_str(value).unwrap_or_else(|error| fail(format!("the term {name:?} cannot be read: {error}")))
}

/// The rows of such a table for a turn; none where it has no terms.
///
/// # Errors
/// Where something cannot be told.
pub(super) fn rows(turn: &Turn) -> Result<Vec<(&'static str, String)>, String> {
    let mut rows = Vec::new();
    if let Some(client) = turn.client {
        rows.push((CLIENT, client.to_string()));
    }
    if let Some(after) = &turn.after {
        rows.push((AFTER, json(after)?));
    }
    if let Some(repeat) = &turn.repeat {
        rows.push((UNTIL, json(&repeat.until)?));
        rows.push((AT_MOST, repeat.at_most.to_string()));
    }
    Ok(rows)
}
