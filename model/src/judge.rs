//! The one comparison of the project: does this answer match this expectation?

mod keyed;

use std::fmt::{self, Display};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Document};
use crate::bodies::Payload;
use crate::expectation::{BodyRule, Expectation, Form, Label, Matcher, Shape};
use crate::http::Headers;
use crate::seen::{Bindings, Seen};
use crate::text::shown;
use crate::value::{Symbol, Value};

/// The most characters of one value that a mismatch shows.
pub const SHOWN_CHARACTERS_MAX: usize = 160;
/// The most mismatches that one comparison lists.
pub const MISMATCHES_MAX: usize = 32;

/// What is observed where there is nothing.
pub const NOTHING: &str = "nothing";

/// One place where an answer is not what was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// Where: `status`, `code`, `header etag`, `body`, `body Contents[0].Key`.
    pub place: String,
    /// What was expected there.
    pub expected: String,
    /// What was there, made safe to show.
    pub observed: String,
}

/// Compares, and tells the symbols that the answer binds; or all the places where it does not match.
pub fn judge(
    expectation: &Expectation,
    answer: &Answer,
    seen: &Seen<'_>,
) -> Result<Vec<(Symbol, Bytes)>, Vec<Mismatch>> {
    let mut comparison = Comparison { seen, bound: Vec::new(), mismatches: Vec::new() };
    comparison.status(expectation, answer);
    if comparison.mismatches.is_empty() {
        comparison.headers(expectation, &answer.headers);
        comparison.body(&expectation.body, answer);
    }
    if comparison.mismatches.is_empty() { Ok(comparison.bound) } else { Err(comparison.mismatches) }
}

struct Comparison<'a> {
    seen: &'a Seen<'a>,
    bound: Vec<(Symbol, Bytes)>,
    mismatches: Vec<Mismatch>,
}

impl Comparison<'_> {
    fn differ(&mut self, place: impl Into<String>, expected: impl Display, observed: &[u8]) {
        if self.mismatches.len() < MISMATCHES_MAX {
            let expected = shown(expected.to_string().as_bytes(), SHOWN_CHARACTERS_MAX);
            let observed = shown(observed, SHOWN_CHARACTERS_MAX);
            self.mismatches.push(Mismatch { place: place.into(), expected, observed });
        }
    }

    fn status(&mut self, expectation: &Expectation, answer: &Answer) {
        if let Some(what) = &answer.malformed {
            self.differ("message", "a well-formed HTTP answer", what.as_bytes());
        }
        if expectation.status != answer.status {
            self.differ("status", expectation.status, answer.status.to_string().as_bytes());
        }
        if expectation.code.as_deref() != answer.code.as_deref() {
            let expected = expectation.code.as_deref().unwrap_or("no error code");
            self.differ("code", expected, answer.code.as_deref().unwrap_or("no error code").as_bytes());
        }
    }

    fn headers(&mut self, expectation: &Expectation, headers: &Headers) {
        for (name, value) in headers.iter().filter(|_| !expectation.no_others.is_empty()) {
            let closed = expectation.no_others.iter().any(|start| name.starts_with(start.as_ref()));
            if closed && !expectation.headers.iter().any(|(own, _)| own == name) {
                self.differ(format!("header {name}"), NOTHING, value);
            }
        }
        for (name, matcher) in &expectation.headers {
            let mut values = headers.all(name);
            let value = values.next();
            if values.next().is_some() && !matches!(matcher, Matcher::Any(_)) {
                self.differ(format!("header {name}"), "one field of this name", b"several");
                continue;
            }
            self.matches(matcher, value, &Place::Header(name));
        }
    }

    fn body(&mut self, rule: &BodyRule, answer: &Answer) {
        match rule {
            BodyRule::Any(_) => {}
            BodyRule::Empty if answer.body.is_empty() => {}
            BodyRule::Empty => self.differ("body", "no body", &answer.body),
            BodyRule::Part { payload, from, length } => self.part(payload, *from, *length, answer),
            BodyRule::Equals(value) => {
                let expected = match value {
                    Value::Body(_) | Value::Content(_) => Some(self.seen.pooled(Some(value)).bytes.clone()),
                    other => self.value(other),
                };
                if expected.as_ref() != Some(&answer.body) || answer.truncated {
                    self.differ("body", value, &answer.body);
                }
            }
            BodyRule::Matches(_) if answer.truncated => self.differ("body", "a body that was read whole", &answer.body),
            BodyRule::Matches(matcher) => self.matches(matcher, Some(&answer.body), &Place::Body),
            BodyRule::Document(shape) => match &answer.document {
                Some(document) => self.document(shape, Some(document), &Place::Body),
                None => self.differ("body", "a document", &answer.body),
            },
        }
    }

    fn part(&mut self, payload: &Payload, from: u64, length: u64, answer: &Answer) {
        let place = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let pooled = self.seen.bodies.of(payload);
        let expected =
            pooled.as_ref().and_then(|pooled| pooled.bytes.get(place(from)..place(from.saturating_add(length))));
        match expected {
            // What was read of a longer body is as much as can be compared.
            Some(expected) if answer.truncated && expected.starts_with(&answer.body) => {}
            Some(expected) if expected == answer.body && !answer.truncated => {}
            Some(expected) => {
                let at = expected.iter().zip(&answer.body[..]).take_while(|(left, right)| left == right).count();
                let observed = format!("{} bytes, the first difference at byte {at}", answer.body.len());
                let whole = payload.length;
                self.differ(
                    "body",
                    format!("bytes {from}..{} of the {whole} stored", from + length),
                    observed.as_bytes(),
                );
            }
            None => self.differ("body", "a body that is known here", b"its bytes were never seen"),
        }
    }

    fn document(&mut self, shape: &Shape, document: Option<&Document>, place: &Place<'_>) {
        match (shape, document) {
            (Shape::Text(matcher) | Shape::Bare(matcher), None) => self.matches(matcher, None, place),
            (Shape::Text(matcher), Some(Document::Text(text))) | (Shape::Bare(matcher), Some(Document::Bare(text))) => {
                let text = Bytes::copy_from_slice(text.as_bytes());
                self.matches(matcher, Some(&text), place);
            }
            (Shape::Text(matcher) | Shape::Bare(matcher), Some(other)) => {
                self.differ(place.to_string(), describe(matcher), format!("{other:?}").as_bytes());
            }
            (Shape::Any(_), _) | (Shape::Maybe(_), None) => {}
            (Shape::Maybe(shape), document) => self.document(shape, document, place),
            (Shape::Fields(fields), Some(document @ Document::Fields(_))) => {
                for (name, shape) in fields {
                    self.document(shape, document.field(name), &Place::Field(place, name));
                }
            }
            (Shape::List(shapes), Some(Document::List(entries))) => self.list(shapes, entries, place),
            (Shape::Keyed(keyed), Some(Document::List(entries))) => self.keyed(keyed, entries, place),
            (Shape::Fields(_), found) => self.wrong_kind(place, "named fields", found),
            (Shape::List(shapes), found) => self.wrong_kind(place, &format!("{} entries", shapes.len()), found),
            (Shape::Keyed(_), found) => self.wrong_kind(place, "a list", found),
        }
    }

    fn list(&mut self, shapes: &[Shape], entries: &[Document], place: &Place<'_>) {
        if shapes.len() != entries.len() {
            let (expected, observed) = (format!("{} entries", shapes.len()), format!("{} entries", entries.len()));
            self.differ(place.to_string(), expected, observed.as_bytes());
        }
        for (index, (shape, entry)) in shapes.iter().zip(entries).enumerate() {
            self.document(shape, Some(entry), &Place::Entry(place, index));
        }
    }

    fn wrong_kind(&mut self, place: &Place<'_>, expected: &str, found: Option<&Document>) {
        let found = match found {
            None => NOTHING,
            Some(Document::Text(_)) => "a text",
            Some(Document::Bare(_)) => "a bare value",
            Some(Document::List(_)) => "a list",
            Some(Document::Fields(_)) => "named fields",
        };
        self.differ(place.to_string(), expected, found.as_bytes());
    }

    fn matches(&mut self, matcher: &Matcher, value: Option<&Bytes>, place: &Place<'_>) {
        let good = match (matcher, value) {
            (Matcher::Any(_), _) | (Matcher::Absent | Matcher::Maybe(_), None) | (Matcher::Open { .. }, Some(_)) => {
                true
            }
            (Matcher::Absent, Some(_)) | (_, None) => false,
            (Matcher::Maybe(inner), Some(_)) => return self.matches(inner, value, place),
            (Matcher::Is(Value::Symbol(symbol)), Some(value)) => self.binds(symbol, value.clone()),
            (Matcher::Is(expected), Some(value)) => self.value(expected).as_ref() == Some(value),
            (Matcher::OneOf(all), Some(value)) => {
                all.iter().any(|one| self.value(one).is_some_and(|bytes| bytes.eq_ignore_ascii_case(value)))
            }
            (Matcher::Digest { function, of }, Some(value)) => {
                self.seen.digest(*function, *of).is_some_and(|digest| digest == *value)
            }
            (Matcher::Contains(part), Some(value)) => self.value(part).is_some_and(|part| contains(value, &part)),
            (Matcher::Length(length), Some(value)) => value.len() as u64 == *length,
            (Matcher::Like(form), Some(value)) => form.canonical(value).is_some(),
            (Matcher::Chosen { symbol, form }, Some(value)) => {
                form.canonical(value).is_some_and(|canonical| self.binds(symbol, canonical))
            }
        };
        if !good {
            let expected = self.expected(matcher);
            self.differ(place.to_string(), expected, value.map_or(NOTHING.as_bytes(), |value| value.as_ref()));
        }
    }

    /// Bound at first sight, equal ever after.
    fn binds(&mut self, symbol: &Symbol, value: Bytes) -> bool {
        let here = self.bound.iter().find(|(own, _)| own == symbol).map(|(_, bytes)| bytes);
        if let Some(bound) = self.seen.bound(symbol).or(here) {
            return *bound == value;
        }
        self.bound.push((symbol.clone(), value));
        true
    }

    fn value(&self, value: &Value) -> Option<Bytes> {
        self.seen.value(value)
    }

    /// The expectation in words, with the bound value where there is one.
    fn expected(&self, matcher: &Matcher) -> String {
        match matcher {
            Matcher::Chosen { symbol, form } => match self.seen.bound(symbol) {
                Some(bound) => shown(&form.render(bound), SHOWN_CHARACTERS_MAX),
                None => form.describe(),
            },
            Matcher::Is(value) => {
                self.value(value).map_or_else(|| value.to_string(), |bytes| shown(&bytes, SHOWN_CHARACTERS_MAX))
            }
            Matcher::Digest { function, of } => match self.seen.digest(*function, *of) {
                Some(digest) => shown(&digest, SHOWN_CHARACTERS_MAX),
                None => describe(matcher),
            },
            Matcher::Contains(part) => match self.value(part) {
                Some(bytes) => format!("something with \"{}\" in it", shown(&bytes, SHOWN_CHARACTERS_MAX)),
                None => describe(matcher),
            },
            Matcher::Maybe(inner) => self.expected(inner),
            other => describe(other),
        }
    }
}

/// Compares one value that somebody took out of an answer, which stood at `place` there; what is wrong, if anything.
pub fn judge_value(matcher: &Matcher, value: Option<&Bytes>, place: &str, seen: &Seen<'_>) -> Option<Mismatch> {
    let mut comparison = Comparison { seen, bound: Vec::new(), mismatches: Vec::new() };
    comparison.matches(matcher, value, &Place::Named(place));
    comparison.mismatches.pop()
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|window| window == part)
}

/// Where in an answer something stands. It becomes text only where something differs.
enum Place<'a> {
    Header(&'a str),
    Named(&'a str),
    Body,
    Field(&'a Place<'a>, &'a str),
    Entry(&'a Place<'a>, usize),
    /// The entry with this text in this field.
    Known(&'a Place<'a>, &'a str, &'a [u8]),
}

impl Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(formatter, "header {name}"),
            Self::Named(place) => formatter.write_str(place),
            Self::Body => formatter.write_str("body"),
            Self::Field(Self::Body, name) => write!(formatter, "body {name}"),
            Self::Field(outer, name) => write!(formatter, "{outer}.{name}"),
            Self::Entry(outer, index) => write!(formatter, "{outer}[{index}]"),
            Self::Known(outer, key, value) => write!(formatter, "{outer}[{key}=\"{}\"]", keyed::shown_key(value)),
        }
    }
}

/// A matcher in words.
pub fn describe(matcher: &Matcher) -> String {
    match matcher {
        Matcher::Is(value) => value.to_string(),
        Matcher::OneOf(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "),
        Matcher::Digest { function, .. } => format!("the {function:?} of the body, in Base64"),
        Matcher::Chosen { form, .. } | Matcher::Like(form) => form.describe(),
        Matcher::Contains(part) => format!("something with {part} in it"),
        Matcher::Length(length) => format!("{length} bytes"),
        Matcher::Absent => "nothing".into(),
        Matcher::Maybe(inner) => format!("nothing or {}", describe(inner)),
        Matcher::Any(why) | Matcher::Open { why, .. } => format!("anything ({why})"),
    }
}

/// What of an answer an expectation leaves open: the place and the reason. For reports and for mutating the judge.
pub fn unconstrained(expectation: &Expectation) -> Vec<(String, Label)> {
    let mut open = Vec::new();
    for (name, matcher) in &expectation.headers {
        if let Matcher::Any(why) | Matcher::Open { why, .. } = matcher {
            open.push((format!("header {name}"), why.clone()));
        }
    }
    match &expectation.body {
        BodyRule::Any(why) => open.push(("body".into(), why.clone())),
        BodyRule::Document(shape) => open_in_shape(shape, &Place::Body, &mut open),
        _ => {}
    }
    open
}

fn open_in_shape(shape: &Shape, place: &Place<'_>, open: &mut Vec<(String, Label)>) {
    match shape {
        Shape::Any(why)
        | Shape::Text(Matcher::Any(why) | Matcher::Open { why, .. })
        | Shape::Bare(Matcher::Any(why) | Matcher::Open { why, .. }) => {
            open.push((place.to_string(), why.clone()));
        }
        Shape::Text(Matcher::Like(Form::Text)) => open.push((place.to_string(), "free text".into())),
        Shape::Text(_) | Shape::Bare(_) => {}
        Shape::Maybe(inner) => open_in_shape(inner, place, open),
        Shape::Fields(fields) => {
            for (name, inner) in fields {
                open_in_shape(inner, &Place::Field(place, name), open);
            }
        }
        Shape::List(entries) => {
            for (index, inner) in entries.iter().enumerate() {
                open_in_shape(inner, &Place::Entry(place, index), open);
            }
        }
        Shape::Keyed(own) => keyed::open(own, place, open),
    }
}

/// Adds what an answer bound to the bindings of a world.
pub fn bind(bindings: &Bindings, bound: Vec<(Symbol, Bytes)>) -> Bindings {
    let mut bindings = bindings.clone();
    bindings.extend(bound);
    bindings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::{Bodies, BodySpec, ContentId, Origin};
    use crate::time::Interval;
    use crate::value::Function;

    fn with_seen<T>(test: impl FnOnce(&Seen<'_>) -> T) -> T {
        let (bindings, bodies) = (Bindings::unit(Symbol::new("1", "tag"), Bytes::from_static(b"\"a\"")), Bodies::new());
        let time = Interval::at_ms(0);
        test(&Seen { call_id: "2", actor: None, bindings: &bindings, flavour: "", region: "", time, bodies: &bodies })
    }

    fn answer(etag: Option<&'static str>) -> Answer {
        let mut answer = Answer { status: 200, ..Answer::default() };
        if let Some(etag) = etag {
            answer.headers.push("etag", etag);
        }
        answer
    }

    fn places(expectation: &Expectation, answer: &Answer) -> Vec<String> {
        let result = with_seen(|seen| judge(expectation, answer, seen));
        result.err().unwrap_or_default().into_iter().map(|mismatch| mismatch.place).collect()
    }

    #[test]
    fn a_chosen_value_is_bound_at_first_sight_and_equal_ever_after() {
        let chosen = |call: &str| {
            let matcher = Matcher::Chosen { symbol: Symbol::new(call, "tag"), form: Form::EntityTag };
            Expectation::status(200).header("etag", matcher)
        };
        let bound = with_seen(|seen| judge(&chosen("2"), &answer(Some("\"b\"")), seen));
        assert_eq!(bound, Ok(vec![(Symbol::new("2", "tag"), Bytes::from_static(b"\"b\""))]));
        assert_eq!(places(&chosen("1"), &answer(Some("\"a\""))), [""; 0]);
        assert_eq!(places(&chosen("1"), &answer(Some("\"b\""))), ["header etag"]);
        assert_eq!(places(&chosen("1"), &answer(None)), ["header etag"]);
        assert_eq!(places(&chosen("2"), &answer(Some("b"))), ["header etag"], "not an entity tag");
    }

    #[test]
    fn a_part_of_a_body_is_compared_byte_for_byte() {
        let spec = BodySpec::random(1, 10);
        let (expectation, bytes) = with_seen(|seen| {
            let payload = seen.payload(Some(&Value::Body(spec)));
            let body = BodyRule::Part { payload, from: 2, length: 3 };
            (Expectation { body, ..Expectation::status(200) }, seen.pooled(Some(&Value::Body(spec))).bytes.clone())
        });
        let with_body = |body: Bytes| Answer { body, ..answer(None) };
        assert_eq!(places(&expectation, &with_body(bytes.slice(2..5))), [""; 0]);
        assert_eq!(places(&expectation, &with_body(bytes.slice(1..4))), ["body"]);
        assert_eq!(places(&expectation, &with_body(bytes.slice(2..6))), ["body"]);
    }

    #[test]
    fn a_value_taken_out_of_an_answer_is_compared_like_any_other() {
        let (long, text) = (Bytes::from_static(b"one cat, two dogs"), |text: &'static str| Value::from(text));
        let check = |matcher: Matcher, good: bool| {
            let wrong = with_seen(|seen| judge_value(&matcher, Some(&long), "$.pets", seen));
            assert_eq!(wrong.map(|mismatch| mismatch.place), (!good).then(|| "$.pets".to_owned()), "{matcher:?}");
        };
        check(Matcher::Contains(text("cat")), true);
        check(Matcher::Contains(text("")), true);
        check(Matcher::Contains(text("Cat")), false);
        check(Matcher::Length(17), true);
        check(Matcher::Length(16), false);
        check(Matcher::Absent, false);
        let body = BodyRule::Matches(Matcher::Contains(text("two")));
        let (rule, whole) = (Expectation { body, ..Expectation::status(200) }, Answer { body: long, ..answer(None) });
        assert_eq!(places(&rule, &whole), [""; 0]);
        assert_eq!(places(&rule, &Answer { truncated: true, ..whole }), ["body"], "what was not read is not known");
    }

    #[test]
    fn a_digest_is_compared_in_base64_and_told_as_it_should_be() {
        let of = Origin::Pattern(BodySpec::random(1, 0));
        let digest = Matcher::Digest { function: Function::Crc64Nvme, of };
        let rule = |matcher: &Matcher| Expectation::status(200).header("etag", matcher.clone());
        assert_eq!(places(&rule(&digest), &answer(Some("AAAAAAAAAAA="))), [""; 0]);
        assert_eq!(places(&rule(&digest), &answer(None)), ["header etag"]);
        assert_eq!(places(&rule(&digest.clone().maybe()), &answer(None)), [""; 0]);
        let wrong = with_seen(|seen| judge(&rule(&digest.maybe()), &answer(Some("AAAAAAAAAAB=")), seen));
        assert_eq!(wrong.expect_err("wrong")[0].expected, "AAAAAAAAAAA=");
        let elsewhere = Origin::Given(ContentId { sha256: [0; 32], length: 1 });
        let unseen = rule(&Matcher::Digest { function: Function::Md5, of: elsewhere });
        assert_eq!(places(&unseen, &answer(Some("1B2M2Y8AsgTpgAmY7PhCfg=="))), ["header etag"], "of bytes never seen");
    }

    #[test]
    fn documents_are_compared_field_by_field() {
        let shape = Shape::Fields(vec![
            ("Name".into(), Shape::is("n")),
            ("Keys".into(), Shape::List(vec![Shape::is("a"), Shape::is("b")])),
        ]);
        let expectation = Expectation { body: BodyRule::Document(shape), ..Expectation::status(200) };
        let document = |keys: &[&str]| {
            let keys = keys.iter().map(|key| Document::Text((*key).to_owned())).collect();
            let fields = vec![("Keys".into(), Document::List(keys)), ("Name".into(), Document::Text("n".into()))];
            Answer { document: Some(Document::Fields(fields)), ..answer(None) }
        };
        assert_eq!(places(&expectation, &document(&["a", "b"])), [""; 0]);
        assert_eq!(places(&expectation, &document(&["b", "a"])), ["body Keys[0]", "body Keys[1]"]);
        assert_eq!(places(&expectation, &document(&["a"])), ["body Keys"]);
    }
}
