//! Every way to spoil an answer that its expectation must notice.

use plumb_model::answer::{Answer, Document};
use plumb_model::expectation::{BodyRule, Expectation, Form, Keyed, Label, Matcher, Shape};
use plumb_model::value::Value;

/// Whether a matcher takes whatever stands there, or nothing.
#[derive(PartialEq)]
enum Loose {
    No,
    /// It may be missing.
    Missing,
    /// It may be anything.
    Anything,
}

fn loose(matcher: &Matcher) -> Loose {
    match matcher {
        Matcher::Any(_) => Loose::Anything,
        Matcher::Maybe(_) => Loose::Missing,
        _ => Loose::No,
    }
}

/// Something that a value of this rule cannot be.
fn altered(matcher: &Matcher, value: &[u8]) -> Option<Vec<u8>> {
    match matcher {
        Matcher::Any(_) | Matcher::Open { .. } | Matcher::Like(Form::Text) | Matcher::Absent => None,
        Matcher::Maybe(inner) => altered(inner, value),
        Matcher::Like(_) | Matcher::Chosen { .. } | Matcher::Contains(_) => Some(Vec::new()),
        Matcher::Is(_) | Matcher::OneOf(_) | Matcher::Digest { .. } | Matcher::Length(_) => {
            Some([value, b"~"].concat())
        }
    }
}

/// Every way to drop or alter a part of an answer that the expectation must notice.
pub(crate) fn mutants(expectation: &Expectation, answer: &Answer) -> Vec<(String, Answer)> {
    let mut all = Vec::new();
    for (name, matcher) in &expectation.headers {
        let place = format!("header {name}");
        let Some(value) = answer.headers.get(name) else {
            if *matcher == Matcher::Absent {
                let mut with = answer.clone();
                with.headers.push(name.clone(), "x");
                all.push((format!("{place} added"), with));
            }
            continue;
        };
        if loose(matcher) == Loose::No {
            let mut without = answer.clone();
            without.headers.remove(name);
            all.push((format!("{place} dropped"), without));
        }
        if let Some(value) = altered(matcher, value) {
            let mut other = answer.clone();
            other.headers.set(name.clone(), value);
            all.push((format!("{place} altered"), other));
        }
    }
    match (&expectation.body, &answer.document) {
        (BodyRule::Document(shape), Some(document)) => {
            for (place, document) in document_mutants(shape, document) {
                all.push((format!("body{place}"), Answer { document: Some(document), ..answer.clone() }));
            }
        }
        (BodyRule::Part { length: 1.., .. }, _) => {
            let mut body = answer.body.to_vec();
            body[0] ^= 1;
            all.push(("body altered".into(), Answer { body: body.into(), ..answer.clone() }));
            let short = answer.body.slice(..answer.body.len() - 1);
            all.push(("body shortened".into(), Answer { body: short, ..answer.clone() }));
        }
        (BodyRule::Empty | BodyRule::Part { .. }, _) => {
            all.push(("body added".into(), Answer { body: "x".into(), ..answer.clone() }));
        }
        _ => {}
    }
    all.push(("status".into(), Answer { status: answer.status + 1, ..answer.clone() }));
    all.push(("code".into(), Answer { code: Some("Other".into()), ..answer.clone() }));
    all
}

fn document_mutants(shape: &Shape, document: &Document) -> Vec<(String, Document)> {
    match (shape, document) {
        (Shape::Maybe(inner), document) => document_mutants(inner, document),
        (Shape::Text(matcher), Document::Text(text)) => {
            let other = altered(matcher, text.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            other.map(|text| (" altered".into(), Document::Text(text))).into_iter().collect()
        }
        (Shape::List(shapes), Document::List(entries)) => {
            let with = |entries: Vec<Document>| Document::List(entries);
            let mut all = vec![(" longer".into(), with([&entries[..], &[Document::Text("x".into())]].concat()))];
            for (index, (shape, entry)) in shapes.iter().zip(entries).enumerate() {
                let mut fewer = entries.clone();
                fewer.remove(index);
                all.push((format!("[{index}] dropped"), with(fewer)));
                for (place, other) in document_mutants(shape, entry) {
                    let mut changed = entries.clone();
                    changed[index] = other;
                    all.push((format!("[{index}]{place}"), with(changed)));
                }
            }
            all
        }
        (Shape::Keyed(keyed), Document::List(entries)) => keyed_mutants(keyed, entries),
        (Shape::Fields(shapes), Document::Fields(fields)) => field_mutants(shapes, fields),
        _ => vec![],
    }
}

fn keyed_mutants(keyed: &Keyed, entries: &[Document]) -> Vec<(String, Document)> {
    let mut all = Vec::new();
    if keyed.others.is_none() {
        all.push((" longer".into(), Document::List([entries, &[Document::Text("x".into())]].concat())));
    }
    for (index, entry) in entries.iter().enumerate() {
        let key = entry.text(&keyed.key).map(str::as_bytes);
        let named = |name: &Value| name.as_literal().map(AsRef::as_ref) == key;
        let Some((_, shape)) = keyed.entries.iter().find(|(name, _)| named(name)) else { continue };
        if !matches!(shape, Shape::Maybe(_)) {
            let mut fewer = entries.to_vec();
            fewer.remove(index);
            all.push((format!("[{index}] dropped"), Document::List(fewer)));
        }
        all.push((format!("[{index}] twice"), Document::List([entries, std::slice::from_ref(entry)].concat())));
        for (place, other) in document_mutants(shape, entry) {
            let mut changed = entries.to_vec();
            changed[index] = other;
            all.push((format!("[{index}]{place}"), Document::List(changed)));
        }
    }
    all
}

fn field_mutants(shapes: &[(Label, Shape)], fields: &[(String, Document)]) -> Vec<(String, Document)> {
    let mut all = Vec::new();
    for (name, shape) in shapes {
        let Some(index) = fields.iter().position(|(own, _)| own == name) else {
            if *shape == Shape::absent() {
                let added = [fields, &[(name.to_string(), Document::Text("x".into()))]].concat();
                all.push((format!(".{name} added"), Document::Fields(added)));
            }
            continue;
        };
        let optional = match shape {
            Shape::Maybe(_) | Shape::Any(_) => true,
            Shape::Text(matcher) | Shape::Bare(matcher) => loose(matcher) != Loose::No,
            Shape::List(_) | Shape::Keyed(_) | Shape::Fields(_) => false,
        };
        if !optional {
            let mut fewer = fields.to_vec();
            fewer.remove(index);
            all.push((format!(".{name} dropped"), Document::Fields(fewer)));
        }
        for (place, other) in document_mutants(shape, &fields[index].1) {
            let mut changed = fields.to_vec();
            changed[index].1 = other;
            all.push((format!(".{name}{place}"), Document::Fields(changed)));
        }
    }
    all
}
