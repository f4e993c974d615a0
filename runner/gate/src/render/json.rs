//! The decision as JSON, schema [`GATE_SCHEMA`](crate::decision::GATE_SCHEMA).

use std::fmt::Write as _;

use serde_json::Error;

use super::text::is_unsafe;
use crate::decision::Decision;

/// The decision as JSON, with a line break at the end.
///
/// It may go to a log. So whatever a terminal or a build server could take for more than text is escaped, which changes
/// nothing for who parses it: outside of strings JSON has neither `#` nor anything beyond ASCII (RFC 8259, section 2).
///
/// # Errors
/// Where the library refuses to write it, which nothing here should make it do.
pub fn json(decision: &Decision) -> Result<String, Error> {
    Ok(harmless(&serde_json::to_string_pretty(decision)?))
}

/// JSON that means the same and can be shown.
pub(super) fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 1);
    let mut before = None;
    for character in json.chars() {
        let is_mark = character == '#' && before == Some('#');
        // The line breaks are those between elements: in strings they are escaped.
        if is_mark || (is_unsafe(character) && character != '\n') {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(character);
        }
        before = if is_mark { None } else { Some(character) };
    }
    text.push('\n');
    text
}
