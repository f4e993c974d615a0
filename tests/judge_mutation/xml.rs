//! XML with one element dropped, altered, repeated, renamed or moved.

use std::ops::Range;

/// An element as it stands in the text, tags and all.
struct Element<'a> {
    name: &'a str,
    parent: Option<usize>,
    whole: Range<usize>,
    inner: Range<usize>,
    is_leaf: bool,
}

/// Every altered document of `text`, as our own writer wrote it: no comments, no attributes but in the root.
pub(crate) fn altered(text: &str) -> Vec<(String, String)> {
    let elements = elements(text);
    let mut all = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        let whole = &text[element.whole.clone()];
        let mut put = |what: &str, new: &str| {
            all.push((format!("element {} {what}", element.name), replaced(text, &element.whole, new)));
        };
        put("dropped", "");
        put("repeated", &whole.repeat(2));
        put(
            "renamed",
            &whole
                .replace(&format!("<{}", element.name), "<Plumb")
                .replace(&format!("</{}>", element.name), "</Plumb>"),
        );
        if element.is_leaf {
            for (what, inner) in inners(&text[element.inner.clone()]) {
                put(what, &format!("<{0}>{inner}</{0}>", element.name));
                put(&format!("repeated, {what}"), &format!("{whole}<{0}>{inner}</{0}>", element.name));
            }
        }
        if let Some(next) = next_of_its_name(&elements, index) {
            let swapped = [&text[next.whole.clone()], whole].concat();
            all.push((
                format!("element {} swapped", element.name),
                replaced(text, &(element.whole.start..next.whole.end), &swapped),
            ));
        }
    }
    all.extend(root_altered(text, &elements));
    all
}

/// The text of an element, altered.
fn inners(inner: &str) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("emptied", String::new()),
        ("appended to", format!("{inner}x")),
        ("prepended to", format!("x{inner}")),
        ("with a space in front", format!(" {inner}")),
        ("in upper case", inner.to_ascii_uppercase()),
        ("with an element in it", "<Plumb></Plumb>".to_owned()),
    ];
    if inner.ends_with(|last: char| last.is_ascii_digit()) {
        all.push(("one digit more", format!("{inner}0")));
        all.push(("one digit less", inner[..inner.len() - 1].to_owned()));
    }
    all
}

fn root_altered(text: &str, elements: &[Element<'_>]) -> Vec<(String, String)> {
    let Some(root) = elements.first() else { return vec![] };
    let tag = root.whole.start..root.inner.start;
    vec![
        ("the XML declaration dropped".into(), text[root.whole.start..].to_owned()),
        (
            "the root's attributes replaced".into(),
            replaced(text, &tag, &format!("<{} xmlns=\"urn:plumb\">", root.name)),
        ),
        ("the root's attributes dropped".into(), replaced(text, &tag, &format!("<{}>", root.name))),
        ("the root twice".into(), [text, &text[root.whole.clone()]].concat()),
    ]
}

fn next_of_its_name<'e, 'a>(elements: &'e [Element<'a>], index: usize) -> Option<&'e Element<'a>> {
    let element = &elements[index];
    elements[index..].iter().find(|other| {
        other.parent == element.parent && other.name == element.name && other.whole.start == element.whole.end
    })
}

fn replaced(text: &str, range: &Range<usize>, new: &str) -> String {
    [&text[..range.start], new, &text[range.end..]].concat()
}

fn elements(text: &str) -> Vec<Element<'_>> {
    let mut all: Vec<Element<'_>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (start, _) in text.match_indices('<') {
        let end = start + text[start..].find('>').expect("a tag ends") + 1;
        match text.as_bytes()[start + 1] {
            b'?' => {}
            b'/' => {
                let closed = &mut all[open.pop().expect("it was opened")];
                (closed.inner.end, closed.whole.end) = (start, end);
            }
            _ => {
                let name = text[start + 1..end - 1].split(' ').next().expect("a name");
                let parent = open.last().copied();
                if let Some(parent) = parent {
                    all[parent].is_leaf = false;
                }
                open.push(all.len());
                all.push(Element { name, parent, whole: start..end, inner: end..end, is_leaf: true });
            }
        }
    }
    all
}
