//! Steps for any HTTP API: requests written by hand, and what their answers must be.
//!
//! A request is sent as it stands in the scenario, unsigned, whoever sends it. In its texts `{name}` stands for what
//! was captured and `{key a}` for the name that this run gives to a resource; in paths and queries both are
//! percent-encoded. Where the request is a call of the API, the model judges the answer besides, and the call is kept
//! in the case with the roles in place of their names.

mod bodies;
mod capturing;
mod json;
mod looking;
mod parameters;
mod request;
mod schema;
mod selecting;
mod sending;
mod waiting;

pub use parameters::{Bare, JsonPath, Method, PARAMETERS, Who};
pub use schema::{SCHEMA_BYTES_MAX, SCHEMA_MISTAKES_MAX};
pub use waiting::WAIT_SECONDS_MAX;

use crate::failure::fail;

/// A text in quotes without the backslashes before quotes and backslashes in it.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = characters.next_if(|next| character == '\\' && matches!(next, '"' | '\'' | '\\'));
        plain.push(escaped.unwrap_or(character));
    }
    plain
}

/// The doc string of a step that cannot do without one.
fn doc(step: &gherkin::Step) -> &str {
    let none = || fail("this step needs a doc string below it: three quotes, the text, three quotes");
    step.docstring.as_deref().unwrap_or_else(none)
}

/// The rows of two cells of a step that cannot do without them.
fn pairs(step: &gherkin::Step) -> Vec<(String, String)> {
    let none = || fail("this step needs a table below it: a name and a value in each row");
    let rows = step.table.as_ref().map_or_else(none, |table| &table.rows);
    let pair = |row: &Vec<String>| match &row[..] {
        [name, value] => (name.clone(), value.clone()),
        _ => fail(format!("a row of this table has a name and a value, and not {} cells", row.len())),
    };
    rows.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_before_a_quote_means_the_quote() {
        let check = |text: &str, expected: &str| assert_eq!(unescaped(text), expected, "{text}");
        check("plain", "plain");
        check(r#"\"1\""#, "\"1\"");
        check(r"it\'s", "it's");
        check(r"a\\b", r"a\b");
        check(r"a\d", r"a\d");
    }
}
