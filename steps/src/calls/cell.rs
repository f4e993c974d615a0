//! Values in the cells of a table, and JSON in feature files, such that no reader of Gherkin changes them.

use std::fmt::Write as _;

use plumb_model::value::Value;
use serde::Serialize;

/// What a value is written as in a cell, before the escapes of the table.
///
/// # Errors
/// Where no text says it.
pub(super) fn cell(value: &Value) -> Result<String, String> {
    if let Some(text) = value.as_literal().and_then(|bytes| std::str::from_utf8(bytes).ok())
        && is_plain(text)
    {
        return Ok(text.to_owned());
    }
    json(value)
}

/// The value that a cell says, its escapes undone.
///
/// # Errors
/// Where it begins like JSON and is no value.
pub(super) fn value_of(cell: &str) -> Result<Value, String> {
    if cell.starts_with(['{', '"']) {
        return serde_json::from_str(cell).map_err(|error| format!("the cell {cell:?} is no value: {error}"));
    }
    Ok(Value::from(cell))
}

/// The text that a cell says.
///
/// # Errors
/// Where it says something else.
pub(super) fn text_of(cell: &str) -> Result<String, String> {
    let value = value_of(cell)?;
    let text = value.as_literal().and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.map(str::to_owned).ok_or_else(|| format!("the cell {cell:?} must be a text"))
}

/// Whether a text can stand in a cell as it is: nothing trims it, and it does not look like JSON.
fn is_plain(text: &str) -> bool {
    let looks_like_json = text.starts_with(['{', '"']);
    !text.is_empty() && !looks_like_json && text.trim() == text && text.chars().all(is_ordinary)
}

/// Whether every reader takes a character for what it is, and a person can see it: letters and digits of any script,
/// and what stands on a keyboard.
pub(super) fn is_ordinary(character: char) -> bool {
    character == ' ' || character.is_ascii_graphic() || character.is_alphanumeric()
}

/// A cell with the escapes of Gherkin's tables.
pub(super) fn escaped(cell: &str) -> String {
    cell.replace('\\', "\\\\").replace('|', "\\|").replace('\n', "\\n")
}

/// Anything as JSON in one line.
///
/// # Errors
/// Where it cannot be told and read back.
pub(super) fn json<T: Serialize + serde::de::DeserializeOwned + PartialEq>(value: &T) -> Result<String, String> {
    checked(value, serde_json::to_string(value))
}

/// The same over several lines.
///
/// # Errors
/// As with [`json`].
pub(super) fn pretty<T: Serialize + serde::de::DeserializeOwned + PartialEq>(value: &T) -> Result<String, String> {
    checked(value, serde_json::to_string_pretty(value))
}

fn checked<T: serde::de::DeserializeOwned + PartialEq>(
    value: &T,
    written: serde_json::Result<String>,
) -> Result<String, String> {
    let text = ordinary(&written.map_err(|error| error.to_string())?);
    match serde_json::from_str::<T>(&text) {
        Ok(back) if back == *value => Ok(text),
        Ok(_) => Err("it reads as something else again".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// JSON in which every text is of ordinary characters without quotes: three quotes end a doc string, and some readers
/// take `\"` in one for a quote.
fn ordinary(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut characters = json.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('"') => text += "\\u0022",
                escaped => {
                    text.push('\\');
                    text.extend(escaped);
                }
            },
            '\n' => text.push('\n'),
            plain if is_ordinary(plain) => text.push(plain),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_as_it_is_where_nothing_would_change_it() {
        let check = |text: &str, expected: &str| {
            let told = cell(&Value::from(text)).expect("a cell");
            assert_eq!(told, expected, "{text:?}");
            assert_eq!(value_of(&told), Ok(Value::from(text)), "{text:?}");
        };
        check("pets/cat.png", "pets/cat.png");
        check("two words", "two words");
        check("a|b\\c", "a|b\\c");
        check("grün", "grün");
        check("", "\"\"");
        check(" a", "\" a\"");
        check("a\u{a0}", "\"a\\u00a0\"");
        check("a\nb", "\"a\\nb\"");
        check("{a}", "\"{a}\"");
        check("\"1\"", "\"\\u00221\\u0022\"");
        check("\u{202e}\u{1f600}", "\"\\u202e\\ud83d\\ude00\"");
    }

    #[test]
    fn what_is_no_text_stands_as_in_case_files() {
        let told = |value: Value| cell(&value).expect("a cell");
        assert_eq!(told(Value::literal(vec![0xff, 0])), r#"{"bytes":"/wA="}"#);
        assert_eq!(told(Value::resource("key", "a")), r#"{"resource":{"kind":"key","role":"a"}}"#);
        assert!(value_of("{\"resource\":1}").is_err_and(|why| why.contains("is no value")));
        assert!(text_of(r#"{"actor":"other"}"#).is_err_and(|why| why.contains("must be a text")));
    }

    #[test]
    fn a_value_that_is_too_deep_to_be_read_again_is_told() {
        let deep = (0..200).fold(Value::from(""), |value, _| Value::concat([value]));
        assert!(cell(&deep).is_err_and(|why| why.contains("recursion limit")));
    }
}
