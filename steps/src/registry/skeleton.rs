//! A function to paste for a step that nobody has defined, and a phrase as it is said.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

use crate::feature::{Kind, Step};
use crate::http;

/// What a pattern says in place of each parameter of an expression.
const PARAMETERS: [(&str, &str); 2] = [(r"((?:-?\d+)|(?:\d+))", "{int}"), (r"([^\s]+)", "{word}")];
/// How the pattern of `{string}` begins and ends; between them stands a number that differs.
const STRING: (&str, &str) = ("(?:\"(?P<__", "*)')");

/// What a pattern says in place of `(s)`, which may be left out.
static OPTIONAL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\(\?:(\w+)\)\?").expect("a pattern"));
/// What a pattern says in place of `entry/entries`, of which one is said.
static ALTERNATION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\(\?:(\w+(?:\|\w+)+)\)").expect("a pattern"));

/// A function for `step`, ready to paste.
pub fn skeleton(step: &Step) -> String {
    let (expression, parameters) = expression(&step.text);
    let mut arguments = String::from("world: &mut World");
    for (at, kind) in parameters.iter().enumerate() {
        _ = write!(arguments, ", {}: {kind}", ["first", "second", "third", "fourth"].get(at).unwrap_or(&"next"));
    }
    if step.table.is_some() || step.doc.is_some() {
        arguments += ", step: &gherkin::Step";
    }
    let keyword = match step.kind {
        Kind::Given => "given",
        Kind::When => "when",
        Kind::Then => "then",
    };
    let name = name(&expression);
    let expression = expression.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "#[{keyword}(expr = \"{expression}\")]\nasync fn {name}({arguments}) {{\n    fail(\"not written yet\")\n}}\n"
    )
}

/// The text with texts in quotes and whole numbers as parameters, and the types of these.
fn expression(text: &str) -> (String, Vec<&'static str>) {
    let (mut expression, mut parameters) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let starts_word = expression.is_empty() || expression.ends_with([' ', '(']);
        if let Some(end) = (first == '"').then(|| rest[1..].find('"')).flatten() {
            expression += "{string}";
            parameters.push("String");
            rest = &rest[end + 2..];
            continue;
        }
        let digits = rest.len() - rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
        let ends_word = rest[digits..].chars().next().is_none_or(|next| !next.is_alphanumeric());
        if digits > 0 && starts_word && ends_word {
            expression += "{int}";
            parameters.push("u64");
            rest = &rest[digits..];
            continue;
        }
        if "{}()/".contains(first) {
            expression.push('\\');
        }
        expression.push(first);
        rest = &rest[first.len_utf8()..];
    }
    (expression, parameters)
}

/// A name for a function: the words that are no parameters.
fn name(expression: &str) -> String {
    let words = expression.replace("{string}", " ").replace("{int}", " ").to_lowercase();
    let words = words.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.take(8).collect::<Vec<_>>().join("_");
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => name,
        _ => format!("step_{name}").trim_end_matches('_').to_owned(),
    }
}

/// A pattern as it is said.
pub(super) fn said(pattern: &str) -> String {
    let inner = pattern.strip_prefix('^').unwrap_or(pattern);
    let mut text = inner.strip_suffix('$').unwrap_or(inner).to_owned();
    while let Some(start) = text.find(STRING.0) {
        let Some(length) = text[start..].find(STRING.1) else { break };
        text.replace_range(start..start + length + STRING.1.len(), "{string}");
    }
    for (pattern, parameter) in PARAMETERS {
        text = text.replace(pattern, parameter);
    }
    for (pattern, name) in http::PARAMETERS {
        text = text.replace(&format!("({pattern})"), &format!("{{{name}}}"));
    }
    let text = OPTIONAL.replace_all(&text, "($1)");
    let text = ALTERNATION.replace_all(&text, |found: &regex::Captures<'_>| found[1].replace('|', "/"));
    unescaped(&text)
}

/// Without the backslashes by which a pattern means a character itself.
fn unescaped(pattern: &str) -> String {
    let mut text = String::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\\' && characters.peek().is_some_and(char::is_ascii_punctuation) {
            text.extend(characters.next());
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_become_parameters() {
        let check = |text: &str, expected: &str, name_of: &str| {
            let (expression, _) = expression(text);
            assert_eq!(expression, expected, "{text}");
            assert_eq!(name(&expression), name_of, "{text}");
        };
        check("he uploads \"a b\" as \"c\"", "he uploads {string} as {string}", "he_uploads_as");
        check("the list has 3 entries", "the list has {int} entries", "the_list_has_entries");
        check("version v2 of (x/y)", "version v2 of \\(x\\/y\\)", "version_v2_of_x_y");
        check("\"a\"", "{string}", "step");
        check("an open \"quote", "an open \"quote", "an_open_quote");
    }

    #[test]
    fn a_pattern_is_told_as_it_was_written() {
        let check = |expression: &str| {
            let pattern = cucumber::codegen::Expression::regex(expression).expect("an expression");
            assert_eq!(said(pattern.as_str()), expression);
        };
        assert_eq!(said(r#"^((?:never)|x) ([A-Z]+) ("\$[^"]*") is$"#), "((?:never)|x) {method} {path} is");
        check("{word} uploads {string} as {string}");
        check("the list has {int} entries, in order");
        check("{word} reads {string}");
        check("there is a/an entry, {int} byte(s) long");
    }
}
