//! Bodies of requests, with what `{name}` stands for in them.

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::request::{Names, named, resolved};
use crate::failure::fail;
use crate::world::{Piece, World};

/// A text as it is.
pub(super) async fn text(world: &mut World, doc: &str) -> (Bytes, Names) {
    let mut names = Names::new();
    (resolved(world, doc, &mut names).await, names)
}

/// What is in a file.
pub(super) async fn file(world: &mut World, name: &str) -> (Bytes, Names) {
    let content = world.memory.file(name);
    let mut names = Names::new();
    (named(world, content, &mut names).await, names)
}

/// JSON as it is written, but for what stands in braces within its texts: outside of them braces are JSON's own.
pub(super) async fn json(world: &mut World, doc: &str) -> (Bytes, Names) {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(doc) {
        fail(format!("this is no JSON: {error}"));
    }
    let (mut body, mut names) = (String::with_capacity(doc.len()), Names::new());
    let mut rest = doc;
    while let Some((before, from)) = rest.find('"').map(|at| rest.split_at(at)) {
        let (token, after) = from.split_at(end_of_text(from));
        let text: String = serde_json::from_str(token).unwrap_or_default();
        body += before;
        if text.contains(['{', '}']) {
            let bytes = resolved(world, &text, &mut names).await;
            body += &serde_json::Value::from(in_utf8(&bytes)).to_string();
        } else {
            body += token;
        }
        rest = after;
    }
    body += rest;
    (body.into(), names)
}

/// XML as it is written, but for what stands in braces, which is text there and no markup (XML 1.0 section 2.4).
pub(super) async fn xml(world: &mut World, doc: &str) -> (Bytes, Names) {
    let (mut body, mut names) = (String::with_capacity(doc.len()), Names::new());
    for piece in world.memory.pieces(doc) {
        match piece {
            Piece::Plain(plain) => body += &plain,
            Piece::Named(value) => body += &escaped(&in_utf8(&named(world, value, &mut names).await)),
        }
    }
    (body.into(), names)
}

/// How many bytes the JSON text has that `token` begins with, its quotes included.
fn end_of_text(token: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in token.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    token.len()
}

fn in_utf8(bytes: &Bytes) -> String {
    let binary = |_| fail("what stands in braces here is no text, so JSON and XML cannot say it");
    std::str::from_utf8(bytes).map_or_else(binary, str::to_owned)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&apos;",
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_json_ends_at_the_quote_that_is_not_escaped() {
        for (token, expected) in [(r#""a" b"#, 3), (r#""""#, 2), (r#""\"" x"#, 4), (r#""\\" x"#, 4)] {
            assert_eq!(end_of_text(token), expected, "{token}");
        }
    }

    #[test]
    fn markup_in_a_value_is_text() {
        assert_eq!(escaped("<a b='\"'>&"), "&lt;a b=&apos;&quot;&apos;&gt;&amp;");
    }
}
