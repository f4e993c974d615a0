//! Tags with their places: what stands behind an `@`, up to the next blank or `@`.

use std::ops::Range;

use super::lines::Line;
use super::mistake::{Fault, quoted};

/// A tag where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    /// The tag without its `@`.
    pub(crate) name: String,
    /// Its place, the `@` included, in bytes of the text.
    pub(crate) span: Range<usize>,
}

/// The tags of a line; a `#` behind a blank begins a comment.
pub(crate) fn tags(line: &Line<'_>) -> Result<Vec<Tag>, Fault> {
    let mut tags: Vec<Tag> = Vec::new();
    let mut place = 0;
    while let Some(found) = line.text[place..].find(|character: char| !character.is_whitespace()) {
        place += found;
        let rest = &line.text[place..];
        if rest.starts_with('#') {
            break;
        }
        let end = end_of_word(rest);
        let span = line.start + place..line.start + place + end;
        let Some(name) = rest[..end].strip_prefix('@') else {
            return Err(not_a_tag(span, &rest[..end], tags.last()));
        };
        if name.is_empty() {
            return Err(Fault::new(span, "expected a name behind `@`", "write the tag in one word: `@smoke`"));
        }
        tags.push(Tag { name: name.to_owned(), span });
        place += end;
    }
    Ok(tags)
}

/// Where the word that `rest` begins with ends: at a blank, or at the `@` of the next tag.
fn end_of_word(rest: &str) -> usize {
    let begin = usize::from(rest.starts_with('@'));
    let end = rest[begin..].find(|character: char| character.is_whitespace() || character == '@');
    end.map_or(rest.len(), |end| begin + end)
}

fn not_a_tag(span: Range<usize>, word: &str, before: Option<&Tag>) -> Fault {
    let message = format!("expected a tag, which begins with `@`; found {}", quoted(word));
    let open = before.filter(|tag| tag.name.contains('(') && !tag.name.contains(')'));
    let help = match open {
        Some(tag) => format!("a tag holds no blanks: write `@{}{word}`", tag.name),
        None => "a line of tags holds nothing else: `@smoke @slow`; a comment begins with ` #`".to_owned(),
    };
    Fault::new(span, message, help)
}
