//! Mutations of XML bodies, as cuts in the bytes: what is not meant to change stays byte for byte.

use std::ops::Range;

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::events::Event;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::mutate::other_byte;

/// The longest body that is read as XML, in bytes.
const XML_BYTES_MAX: usize = 16 << 20;

/// The most elements of a body that are read.
const ELEMENTS_MAX: usize = 100_000;

/// One element by its place in the body.
#[derive(Debug)]
struct Element {
    name: String,
    /// From its `<` to behind its last `>`.
    whole: Range<usize>,
    /// What is between its tags.
    inner: Range<usize>,
    parent: Option<usize>,
    /// Whether there is nothing but text between its tags.
    plain: bool,
}

/// Another letter or digit in the text of a drawn element.
pub(crate) fn alter_text(body: &Bytes, random: &mut ChaCha8Rng) -> Option<(Bytes, String)> {
    let elements = elements(body)?;
    let texts: Vec<_> = elements
        .iter()
        .map(|element| (element, places(body, element)))
        .filter(|(_, places)| !places.is_empty())
        .collect();
    let (element, places) = texts.choose(random)?;
    let place = *places.choose(random)?;
    let mut altered = body.to_vec();
    altered[place] = other_byte(altered[place], random)?;
    Some((altered.into(), format!("the text of {} is another at byte {place}", element.name)))
}

/// A drawn element, not the root, is cut out.
pub(crate) fn drop_element(body: &Bytes, random: &mut ChaCha8Rng) -> Option<(Bytes, String)> {
    let elements = elements(body)?;
    let inner: Vec<_> = elements.iter().filter(|element| element.parent.is_some()).collect();
    let element = inner.choose(random)?;
    let kept = [&body[..element.whole.start], &body[element.whole.end..]].concat();
    Some((kept.into(), format!("{} at byte {} is missing", element.name, element.whole.start)))
}

/// Two neighbours of the same name that are not alike change places.
pub(crate) fn swap_siblings(body: &Bytes, random: &mut ChaCha8Rng) -> Option<(Bytes, String)> {
    let elements = elements(body)?;
    let pairs: Vec<_> = neighbours(&elements)
        .into_iter()
        .filter(|(left, right)| left.name == right.name && body[left.whole.clone()] != body[right.whole.clone()])
        .collect();
    let (left, right) = pairs.choose(random)?;
    let (left_range, right_range) = (left.whole.clone(), right.whole.clone());
    let swapped = [
        &body[..left_range.start],
        &body[right_range.clone()],
        &body[left_range.end..right_range.start],
        &body[left_range.clone()],
        &body[right_range.end..],
    ]
    .concat();
    let detail = format!("{} at bytes {} and {} changed places", left.name, left_range.start, right_range.start);
    Some((swapped.into(), detail))
}

/// Each element with the next one of the same parent.
fn neighbours(elements: &[Element]) -> Vec<(&Element, &Element)> {
    let mut latest: Vec<Option<&Element>> = elements.iter().map(|_| None).collect();
    let mut pairs = Vec::new();
    for element in elements {
        let Some(parent) = element.parent else { continue };
        if let Some(left) = latest[parent].replace(element) {
            pairs.push((left, element));
        }
    }
    pairs
}

/// The letters and digits in the text of an element, but for those that spell a reference like `&amp;`.
fn places(body: &Bytes, element: &Element) -> Vec<usize> {
    let mut places = Vec::new();
    let mut in_reference = false;
    for place in element.inner.clone().filter(|_| element.plain) {
        match body[place] {
            b'&' => in_reference = true,
            b';' => in_reference = false,
            byte if byte.is_ascii_alphanumeric() && !in_reference => places.push(place),
            _ => {}
        }
    }
    places
}

/// The elements in document order, parents first; `None` where the body is not one whole XML document.
fn elements(body: &Bytes) -> Option<Vec<Element>> {
    if body.len() > XML_BYTES_MAX || body.trim_ascii_start().first() != Some(&b'<') {
        return None;
    }
    let mut reader = Reader::from_reader(&body[..]);
    let (mut found, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    while found.len() < ELEMENTS_MAX {
        let start = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event().ok()?;
        let end = usize::try_from(reader.buffer_position()).ok()?;
        let parent = open.last().copied();
        if let (Some(parent), false) = (parent, matches!(event, Event::Text(_) | Event::GeneralRef(_) | Event::End(_)))
        {
            found[parent].plain = false;
        }
        match event {
            Event::Start(tag) => {
                open.push(found.len());
                found.push(element(tag.name().as_ref(), start..end, parent));
            }
            Event::Empty(tag) => found.push(element(tag.name().as_ref(), start..end, parent)),
            Event::End(_) => {
                let closed = &mut found[open.pop()?];
                closed.inner.end = start;
                closed.whole.end = end;
            }
            Event::Eof => return (open.is_empty() && !found.is_empty()).then_some(found),
            _ => {}
        }
    }
    None
}

fn element(name: &str, whole: Range<usize>, parent: Option<usize>) -> Element {
    let inner = whole.end..whole.end;
    Element { name: name.to_owned(), whole, inner, parent, plain: true }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::draw::draw;

    type Cut = fn(&Bytes, &mut ChaCha8Rng) -> Option<(Bytes, String)>;

    /// Everything that 200 seeds make of a body.
    fn all(cut: Cut, body: &'static str) -> BTreeSet<String> {
        let bytes = Bytes::from(body);
        let cuts = (0..200).filter_map(|seed| cut(&bytes, &mut draw(seed, 1, "GET")));
        cuts.map(|(body, _)| String::from_utf8(body.to_vec()).expect("still text")).collect()
    }

    fn set(bodies: &[&str]) -> BTreeSet<String> {
        bodies.iter().map(|body| (*body).to_owned()).collect()
    }

    #[test]
    fn any_element_but_the_root_may_be_missing() {
        let body = "<?xml version='1.0'?>\n<r><a>1</a><b><c/></b></r>";
        let head = "<?xml version='1.0'?>\n";
        let without = ["<r><b><c/></b></r>", "<r><a>1</a></r>", "<r><a>1</a><b></b></r>"];
        let without: Vec<_> = without.iter().map(|rest| format!("{head}{rest}")).collect();
        let without: Vec<_> = without.iter().map(String::as_str).collect();
        assert_eq!(all(drop_element, body), set(&without));
    }

    #[test]
    fn only_neighbours_of_one_name_change_places() {
        let body = "<r><k>1</k> <k>2</k><z/><k>3</k><p><k>4</k><k>4</k></p></r>";
        assert_eq!(all(swap_siblings, body), set(&["<r><k>2</k> <k>1</k><z/><k>3</k><p><k>4</k><k>4</k></p></r>"]));
    }

    #[test]
    fn a_text_keeps_its_length_and_its_references() {
        let body = "<r a='1'><k>&amp;x</k><c><![CDATA[no]]></c> </r>";
        let altered = all(alter_text, body);
        assert_eq!(altered.len(), 25);
        for altered in altered {
            assert!(altered.starts_with("<r a='1'><k>&amp;") && altered.ends_with("</k><c><![CDATA[no]]></c> </r>"));
            assert_eq!(altered.len(), body.len());
        }
    }

    #[test]
    fn what_is_no_xml_is_left_alone() {
        for body in ["", "plain", "{\"a\":1}", "<r><a>", "<r></a>", "<!-- nothing -->"] {
            for cut in [alter_text, drop_element, swap_siblings] {
                assert!(all(cut, body).is_empty(), "{body:?}");
            }
        }
    }
}
