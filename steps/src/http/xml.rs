//! What stands in an XML body must be, by simple paths: `/Error/Code`, `/ListResult/Contents[2]/Key`.
//!
//! Names are taken without their prefix, a number in brackets counts elements of one name from one. A document type is
//! refused, and with it every entity but the five of XML itself, so nothing expands. No case can say any of this.

use std::collections::BTreeMap;

use bytes::Bytes;
use cucumber::then;
use plumb_model::expectation::Matcher;
use plumb_model::text::shown;
use plumb_model::value::Value;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use super::unescaped;
use crate::failure::fail;
use crate::world::World;

/// How deep elements may lie in each other.
pub const XML_DEPTH_MAX: usize = 64;
/// The most elements of a body.
pub const XML_ELEMENTS_MAX: usize = 200_000;
/// The most characters of a body that a failure shows.
const SHOWN_CHARACTERS_MAX: usize = 160;
/// Why a value may be anything, as long as it is there.
const ONLY_THERE: &str = "the scenario asks only whether it is there";

/// The path leads to one element, and this is its text.
#[then(expr = "the XML {string} is {string}")]
async fn is(world: &mut World, path: String, text: String) {
    let value = world.memory.value(&unescaped(&text));
    let expected = world.bytes(&value).await;
    let found = selected(world, &path);
    if found.len() > 1 {
        fail(format!("{path} leads to {} elements, and this step looks at one: write which, as in [1]", found.len()));
    }
    demand(world, &path, Matcher::Is(Value::Literal(expected)), found).await;
}

/// The path leads to an element.
#[then(expr = "the XML {string} exists")]
async fn exists(world: &mut World, path: String) {
    let found = selected(world, &path).into_iter().take(1).collect();
    demand(world, &path, Matcher::Open { example: "".into(), why: ONLY_THERE.into() }, found).await;
}

/// The path leads to no element.
#[then(expr = "the XML {string} does not exist")]
async fn does_not_exist(world: &mut World, path: String) {
    let found = selected(world, &path).into_iter().take(1).collect();
    demand(world, &path, Matcher::Absent, found).await;
}

async fn demand(world: &mut World, path: &str, matcher: Matcher, found: Vec<Bytes>) {
    world.not_in_the_case("an XML path is looked at");
    let whole = found.first().cloned();
    if let Some(wrong) = world.wrong(path, matcher, found, whole).await {
        wrong.raise();
    }
}

/// The text of every element of the last answer's body that a path leads to.
fn selected(world: &World, path: &str) -> Vec<Bytes> {
    let path = parsed(path).unwrap_or_else(|why| fail(why));
    let answer = world.last_answer();
    if answer.truncated {
        fail("the body is too long to be read whole");
    }
    let no_xml = |why| fail(format!("the body is no XML ({why}): {}", shown(&answer.body, SHOWN_CHARACTERS_MAX)));
    texts(&answer.body, &path).unwrap_or_else(no_xml).into_iter().map(Bytes::from).collect()
}

/// A part of a path: a name, and which element of that name.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    name: String,
    position: Option<usize>,
}

fn parsed(path: &str) -> Result<Vec<Part>, String> {
    let wrong =
        || format!("{path:?} is no simple path: write names behind slashes, as in \"/Error/Code\" or \"/a/b[2]\"");
    let parts = path.strip_prefix('/').ok_or_else(wrong)?.split('/').map(|part| {
        let (name, position) = match part.split_once('[') {
            None => (part, None),
            Some((name, rest)) => (name, Some(rest.strip_suffix(']')?.parse().ok()?)),
        };
        let is_name = !name.is_empty() && !name.contains(['*', '@', '(', ']', ':']);
        is_name.then(|| Part { name: name.to_owned(), position })
    });
    parts.collect::<Option<Vec<Part>>>().ok_or_else(wrong)
}

/// An element whose end has not come.
#[derive(Default)]
struct Open {
    /// How many elements of each name are in it so far.
    children: BTreeMap<String, usize>,
    /// Whether the path leads here as far as it goes.
    fits: bool,
    /// Which of the texts is its own.
    text: Option<usize>,
}

fn texts(body: &[u8], path: &[Part]) -> Result<Vec<String>, String> {
    let body = std::str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(body);
    reader.config_mut().expand_empty_elements = true;
    let mut found: Vec<String> = Vec::new();
    let mut open = vec![Open { fits: true, ..Open::default() }];
    let mut elements = 0;
    loop {
        let text = match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                elements += 1;
                let name = start.local_name();
                open_element(&mut open, name.as_ref(), path, &mut found);
                None
            }
            Event::End(_) => {
                open.pop();
                None
            }
            Event::Text(text) => Some(text.xml10_content().into_owned()),
            Event::CData(text) => Some(text.xml10_content().into_owned()),
            Event::GeneralRef(reference) => Some(resolved(&reference)?.to_string()),
            Event::DocType(_) => return Err("it has a document type".to_owned()),
            Event::Eof if open.len() > 1 => return Err("it ends within an element".to_owned()),
            Event::Eof if elements == 0 => return Err("it has no element".to_owned()),
            Event::Eof => return Ok(found),
            _ => None,
        };
        if open.len() > XML_DEPTH_MAX || elements > XML_ELEMENTS_MAX {
            return Err(format!("it has more than {XML_ELEMENTS_MAX} elements, or more than {XML_DEPTH_MAX} levels"));
        }
        if let (Some(text), Some(at)) = (text, open.last().and_then(|element| element.text)) {
            found[at] += &text;
        }
    }
}

fn open_element(open: &mut Vec<Open>, name: &str, path: &[Part], found: &mut Vec<String>) {
    let depth = open.len();
    let Some(outer) = open.last_mut() else { return };
    let count = outer.children.entry(name.to_owned()).or_default();
    *count += 1;
    let is_meant = |part: &Part| part.name == name && part.position.is_none_or(|position| position == *count);
    let fits = outer.fits && path.get(depth - 1).is_some_and(is_meant);
    let text = (fits && depth == path.len()).then(|| {
        found.push(String::new());
        found.len() - 1
    });
    open.push(Open { fits, text, ..Open::default() });
}

/// The character that a reference stands for.
fn resolved(reference: &BytesRef<'_>) -> Result<char, String> {
    let character = reference.resolve_char_ref().map_err(|error| error.to_string())?;
    let predefined = || resolve_predefined_entity(reference).and_then(|text| text.chars().next());
    character.or_else(predefined).ok_or_else(|| "it refers to an entity that XML does not define".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "<?xml version=\"1.0\"?>\n<r xmlns:p=\"u\"><e><k>a &amp; b</k></e><e><p:k><![CDATA[<c>]]></p:k>\
                        <n/></e><k>d</k></r>";

    #[test]
    fn a_path_leads_to_the_texts_of_elements() {
        let check = |path: &str, expected: &[&str]| {
            let path = parsed(path).expect("a path");
            assert_eq!(texts(LIST.as_bytes(), &path).expect("XML"), expected, "{path:?}");
        };
        check("/r/e/k", &["a & b", "<c>"]);
        check("/r/e[2]/k", &["<c>"]);
        check("/r/k", &["d"]);
        check("/r/e/n", &[""]);
        check("/r/e[3]", &[]);
        check("/k", &[]);
    }

    #[test]
    fn what_is_no_simple_path_is_told() {
        for path in ["r/e", "/", "/r//k", "/r/*", "/r/e[x]", "/r/e[1", "/r/@a", ""] {
            assert!(parsed(path).is_err_and(|why| why.contains("is no simple path")), "{path}");
        }
    }

    #[test]
    fn a_body_that_is_no_xml_or_expands_is_refused() {
        let deep = "<a>".repeat(XML_DEPTH_MAX + 1);
        let all = ["", "text", "<a><b></a>", "<a>", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a>&x;</a>", &deep];
        for body in all {
            let found = texts(body.as_bytes(), &parsed("/a").expect("a path"));
            assert!(found.is_err(), "{body}: {found:?}");
        }
    }
}
