//! Why an answer that was altered may still conform: each difference, and the rule that leaves it open.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use plumb_model::answer::{Answer, Document};
use plumb_model::expectation::{BodyRule, Expectation, Form, Keyed, Matcher, Shape};
use plumb_model::judge;
use plumb_model::seen::Seen;

use crate::walk::text;

/// What no rule explains: a hole in the model or in the judge.
pub(crate) const HOLE: &str = "HOLE: a rule is there and does not hold";
/// What [`Expectation::headers`] says of headers without a rule.
pub(crate) const NO_RULE: &str = "no rule names it";

/// In front of the reason that the judge itself gives for a place it leaves open.
pub(crate) const LEFT_OPEN: &str = "left open: ";

/// A place where a conforming answer differs from another, and what permits it.
pub(crate) type Left = (String, String);

/// Every place where `after` differs from `before`, both permitted by `expectation`, and why it may.
pub(crate) fn explain(expectation: &Expectation, seen: &Seen<'_>, before: &Answer, after: &Answer) -> Vec<Left> {
    let mut explanation = Explanation { open: judge::unconstrained(expectation), seen, left: Vec::new() };
    for (same, place) in [
        (before.status == after.status, "status"),
        (before.code == after.code, "code"),
        (before.malformed == after.malformed, "message"),
    ] {
        if !same {
            explanation.push(place, HOLE);
        }
    }
    explanation.headers(expectation, before, after);
    explanation.body(&expectation.body, before, after);
    explanation.left
}

struct Explanation<'a> {
    open: Vec<(String, plumb_model::expectation::Label)>,
    seen: &'a Seen<'a>,
    left: Vec<Left>,
}

impl Explanation<'_> {
    fn push(&mut self, place: &str, why: impl Into<String>) {
        self.left.push((place.trim_end().to_owned(), why.into()));
    }

    /// What the judge itself says of a place that it leaves open.
    fn unconstrained(&self, place: &str) -> String {
        let said = self.open.iter().find(|(own, _)| without_indices(own) == without_indices(place.trim_end()));
        said.map_or(HOLE.to_owned(), |(_, why)| format!("{LEFT_OPEN}{why}"))
    }

    fn headers(&mut self, expectation: &Expectation, before: &Answer, after: &Answer) {
        let mut names: Vec<&str> = before.headers.iter().chain(&after.headers).map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        names.dedup();
        let is_longer_or_shorter = before.body.len() != after.body.len();
        for name in names {
            let of = |answer: &Answer| answer.headers.all(name).cloned().collect::<Vec<_>>();
            let tells_its_length = name == "content-length" && of(after) == [Bytes::from(after.body.len().to_string())];
            let (before, after) = (of(before), of(after));
            // A longer body with its own length differs in the body.
            if before == after || (tells_its_length && is_longer_or_shorter) {
                continue;
            }
            let place = format!("header {name}");
            let why = match expectation.headers.iter().find(|(own, _)| own == name) {
                None => NO_RULE.to_owned(),
                Some((_, Matcher::Any(_))) if after.len() > 1 => "several of them".to_owned(),
                Some((_, Matcher::Any(_))) => self.unconstrained(&place),
                Some(_) if after.len() > 1 => HOLE.to_owned(),
                Some((_, matcher)) => self.matcher(matcher, &place, before.first(), after.first()),
            };
            self.push(&place, why);
        }
    }

    fn body(&mut self, rule: &BodyRule, before: &Answer, after: &Answer) {
        match rule {
            _ if before.body == after.body => {}
            BodyRule::Any(_) => self.push("body", self.unconstrained("body")),
            BodyRule::Document(shape) => {
                let left_before = self.left.len();
                self.document(shape, before.document.as_ref(), after.document.as_ref(), "body ");
                if self.left.len() == left_before {
                    self.push("body", format!("the same document: {}", written(&before.body, &after.body)));
                }
            }
            BodyRule::Empty | BodyRule::Part { .. } | BodyRule::Equals(_) | BodyRule::Matches(_) => {
                self.push("body", HOLE);
            }
        }
    }

    fn document(&mut self, shape: &Shape, before: Option<&Document>, after: Option<&Document>, place: &str) {
        match (shape, before, after) {
            _ if before == after => {}
            (Shape::Any(_), ..) => self.push(place, self.unconstrained(place)),
            (Shape::Maybe(_), _, None) => self.push(place, "may be missing"),
            (Shape::Maybe(inner), ..) => self.document(inner, before, after, place),
            (Shape::Text(matcher), ..) => {
                let of = |document: Option<&Document>| match document {
                    Some(Document::Text(text)) => Some(Bytes::copy_from_slice(text.as_bytes())),
                    _ => None,
                };
                let (before, after) = (of(before), of(after));
                let why = self.matcher(matcher, place, before.as_ref(), after.as_ref());
                self.push(place, why);
            }
            (Shape::Fields(rules), Some(before), Some(after)) => {
                let dot = if place.ends_with(' ') { "" } else { "." };
                for (name, inner) in rules {
                    self.document(inner, before.field(name), after.field(name), &format!("{place}{dot}{name}"));
                }
                self.unruled(rules, before, after, place);
            }
            (Shape::List(shapes), Some(Document::List(before)), Some(Document::List(after)))
                if before.len() == after.len() =>
            {
                for (index, shape) in shapes.iter().enumerate() {
                    self.document(shape, before.get(index), after.get(index), &format!("{place}[{index}]"));
                }
            }
            (Shape::Keyed(keyed), Some(Document::List(before)), Some(Document::List(after))) => {
                self.keyed(keyed, before, after, place);
            }
            _ => self.push(place, HOLE),
        }
    }

    /// Entries known by a key: those that are named one by one, the others all together.
    fn keyed(&mut self, keyed: &Keyed, before: &[Document], after: &[Document], place: &str) {
        let of = |entries: &[Document], name: &[u8]| -> Vec<Document> {
            let own = entries.iter().filter(|entry| entry.text(&keyed.key).map(str::as_bytes) == Some(name));
            own.cloned().collect()
        };
        let left_before = self.left.len();
        let mut named: BTreeMap<&[u8], Vec<&Shape>> = BTreeMap::new();
        for (name, shape) in &keyed.entries {
            named.entry(name.as_literal().map_or(&b""[..], AsRef::as_ref)).or_default().push(shape);
        }
        for (name, shapes) in &named {
            let (before, after) = (of(before, name), of(after, name));
            let unordered = |entries: &[Document]| -> BTreeSet<String> {
                entries.iter().map(|entry| format!("{entry:?}")).collect()
            };
            if before.len() == after.len() && unordered(&before) == unordered(&after) {
                continue;
            }
            for (index, shape) in shapes.iter().enumerate().filter(|(index, _)| before.get(*index) != after.get(*index))
            {
                self.document(shape, before.get(index), after.get(index), &format!("{place}[]"));
            }
            if after.len() > shapes.len() {
                self.push(&format!("{place}[]"), HOLE);
            }
        }
        let others = |entries: &[Document]| -> Vec<Document> {
            let is_named =
                |entry: &&Document| entry.text(&keyed.key).is_some_and(|name| named.contains_key(name.as_bytes()));
            entries.iter().filter(|entry| !is_named(entry)).cloned().collect()
        };
        if others(before) != others(after) {
            self.push(place, self.unconstrained(place));
        }
        if self.left.len() == left_before {
            self.push(place, "in another order");
        }
    }

    /// A field that the server sends and no rule names.
    fn unruled(
        &mut self,
        rules: &[(plumb_model::expectation::Label, Shape)],
        before: &Document,
        after: &Document,
        place: &str,
    ) {
        let Document::Fields(fields) = before else { return };
        let dot = if place.ends_with(' ') { "" } else { "." };
        for (name, inner) in fields {
            if !rules.iter().any(|(own, _)| own == name) && after.field(name) != Some(inner) {
                self.push(&format!("{place}{dot}{name}"), NO_RULE);
            }
        }
    }

    fn matcher(&self, matcher: &Matcher, place: &str, before: Option<&Bytes>, after: Option<&Bytes>) -> String {
        let canonical = |form: &Form, value: Option<&Bytes>| value.and_then(|value| form.canonical(value));
        match matcher {
            Matcher::Any(_) | Matcher::Open { .. } | Matcher::Like(Form::Text) => self.unconstrained(place),
            Matcher::Maybe(_) if after.is_none() => "may be missing".to_owned(),
            Matcher::Maybe(inner) => self.matcher(inner, place, before, after),
            Matcher::Like(form) | Matcher::Chosen { form, .. } if canonical(form, before) == canonical(form, after) => {
                format!("the same {}, written otherwise", named(*form))
            }
            Matcher::Like(form) => format!("any {}", named(*form)),
            Matcher::Chosen { symbol, form } if self.seen.bound(symbol).is_none() => {
                format!("any {} at first sight", named(*form))
            }
            Matcher::OneOf(_) => {
                let lower = |value: Option<&Bytes>| value.map(|value| text(value).to_ascii_lowercase());
                let how = if lower(before) == lower(after) { "in another case" } else { "another of those listed" };
                how.to_owned()
            }
            Matcher::Is(_)
            | Matcher::Contains(_)
            | Matcher::Length(_)
            | Matcher::Digest { .. }
            | Matcher::Absent
            | Matcher::Chosen { .. } => HOLE.to_owned(),
        }
    }
}

fn named(form: Form) -> &'static str {
    match form {
        Form::HttpDate(None) => "HTTP date",
        Form::HttpDate(Some(_)) => "HTTP date of the interval",
        Form::IsoDate(None) => "ISO 8601 date",
        Form::IsoDate(Some(_)) => "ISO 8601 date of the interval",
        Form::EntityTag => "entity tag",
        Form::Integer => "integer",
        Form::Token => "visible text",
        Form::Text => "text",
    }
}

/// How two bodies differ that are the same document.
fn written(before: &[u8], after: &[u8]) -> &'static str {
    let json = |bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    match (json(before), json(after)) {
        _ if before.trim_ascii_end() == after.trim_ascii_end() => "white space behind it",
        (Some(before), Some(after)) if before == after => "a name twice",
        (Some(_), Some(_)) => "a value of another type",
        _ => region(before, after),
    }
}

/// Where two XML bodies differ first.
fn region(before: &[u8], after: &[u8]) -> &'static str {
    let at = before.iter().zip(after).take_while(|(before, after)| before == after).count();
    let text = String::from_utf8_lossy(before);
    let declaration = text.find("?>").map_or(0, |end| end + 2);
    let root = text[declaration..].find('>').map_or(0, |end| declaration + end);
    match at {
        at if at < declaration => "in the XML declaration",
        at if at <= root => "in the tag of the root",
        _ => "inside of the root",
    }
}

/// `body Contents[0].Key` as `body Contents[].Key`, and `body Deleted[Key="a"]` as `body Deleted[]`.
pub(crate) fn without_indices(place: &str) -> String {
    let mut inside = false;
    let kept = place.chars().filter(|character| {
        let was_inside = inside;
        inside = if was_inside { *character != ']' } else { *character == '[' };
        !was_inside || !inside
    });
    kept.collect()
}
