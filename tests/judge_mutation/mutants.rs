//! Answers made wrong: one thing at a time is dropped, altered, repeated or moved.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use plumb_model::expectation::{BodyRule, Shape};
use plumb_model::http::{HeaderName, Headers, Response};
use plumb_model::time;

use crate::samples::Sample;
use crate::{json, xml};

/// The statuses that every answer is given in turn.
const STATUSES: [u16; 18] = [200, 201, 202, 204, 206, 301, 304, 307, 400, 403, 404, 405, 409, 412, 416, 500, 501, 503];
/// At how many places of a body a byte is flipped.
const FLIPS_MAX: usize = 32;
/// A lower-case letter becomes an upper-case one, or the other way round; and the lowest bit.
const BITS: [u8; 2] = [0x20, 0x01];

/// One wrong answer.
pub(crate) struct Mutant {
    /// What was done, in words.
    pub(crate) what: String,
    /// The answer on the wire.
    pub(crate) response: Response,
}

/// What the answers of an API are made of: the material for putting something where it does not belong.
#[derive(Default)]
pub(crate) struct Vocabulary {
    codes: BTreeSet<String>,
    /// The headers that the answers of an operation with a status may have: what one call earns, another may not.
    headers: BTreeMap<(String, u16), BTreeMap<HeaderName, Bytes>>,
}

impl Vocabulary {
    /// The codes and the headers of all samples.
    pub(crate) fn of(samples: &[Sample]) -> Self {
        let mut vocabulary = Self::default();
        for sample in samples {
            vocabulary.codes.extend(sample.answer.code.clone());
            let headers = vocabulary.headers.entry(sample.kind()).or_default();
            headers.extend(sample.response.headers.iter().cloned());
        }
        vocabulary
    }
}

/// Every mutant of a sample.
pub(crate) fn mutants(sample: &Sample, vocabulary: &Vocabulary) -> Vec<Mutant> {
    let response = &sample.response;
    let mut all = Vec::new();
    for status in STATUSES {
        all.push(Mutant { what: format!("status {status}"), response: Response { status, ..response.clone() } });
    }
    for index in 0..response.headers.len() {
        header(response, index, &mut all);
    }
    body(response, &mut all);
    added(sample, vocabulary, &mut all);
    if let Some(code) = &sample.answer.code {
        let text = String::from_utf8_lossy(&response.body);
        for other in &vocabulary.codes {
            all.push(with_body(response, format!("code {other}"), text.replace(code, other)));
        }
    }
    all.retain(|mutant| mutant.response != *response);
    all
}

/// What is not there, put there.
fn added(sample: &Sample, vocabulary: &Vocabulary, all: &mut Vec<Mutant>) {
    let response = &sample.response;
    let headers = vocabulary.headers.get(&sample.kind()).into_iter().flatten();
    for (name, value) in headers.filter(|(name, _)| response.headers.get(name).is_none()) {
        let mut response = response.clone();
        response.headers.push(name.clone(), value.clone());
        all.push(Mutant { what: format!("header {name} added"), response });
    }
    let BodyRule::Document(Shape::Fields(fields)) = &sample.expectation.body else { return };
    let text = String::from_utf8_lossy(&response.body);
    for (name, _) in fields.iter().filter(|(_, shape)| *shape == Shape::absent()) {
        let end = text.rfind("</").unwrap_or_default();
        let with = [&text[..end], &format!("<{name}>x</{name}>"), &text[end..]].concat();
        all.push(with_body(response, format!("element {name} added"), with));
    }
}

fn header(response: &Response, index: usize, all: &mut Vec<Mutant>) {
    let fields: Vec<(HeaderName, Bytes)> = response.headers.iter().cloned().collect();
    let (name, value) = &fields[index];
    let mut push = |what: &str, put: Vec<Bytes>| {
        let mut fields = fields.clone();
        fields.splice(index..=index, put.into_iter().map(|value| (name.clone(), value)));
        let headers: Headers = fields.into_iter().collect();
        all.push(Mutant { what: format!("header {name} {what}"), response: Response { headers, ..response.clone() } });
    };
    push("dropped", vec![]);
    push("repeated", vec![value.clone(), value.clone()]);
    for (what, altered) in values(value) {
        push(what, vec![altered.clone()]);
        push(&format!("repeated, {what}"), vec![value.clone(), altered]);
    }
    for (what, altered) in dates(value) {
        push(what, vec![altered.into()]);
    }
}

/// A header's value, altered.
fn values(value: &Bytes) -> Vec<(&'static str, Bytes)> {
    let mut all = vec![
        ("emptied", Bytes::new()),
        ("appended to", [value, &b"x"[..]].concat().into()),
        ("prepended to", [&b"x"[..], value].concat().into()),
        ("in upper case", value.to_ascii_uppercase().into()),
        ("in lower case", value.to_ascii_lowercase().into()),
    ];
    if let Some(last) = value.len().checked_sub(1) {
        let places = [("changed in front", 0), ("changed amid", last / 2), ("changed at the end", last)];
        all.extend(places.map(|(what, at)| (what, with_other(value, at))));
    }
    all
}

/// The value with another character of the same kind at `at`.
fn with_other(value: &[u8], at: usize) -> Bytes {
    let mut altered = value.to_vec();
    altered[at] = match altered[at] {
        b'9' => b'0',
        b'z' => b'a',
        b'Z' => b'A',
        byte if byte.is_ascii_alphanumeric() => byte + 1,
        _ => b'x',
    };
    altered.into()
}

/// Another moment, and the same one in other words.
fn dates(value: &Bytes) -> Vec<(&'static str, String)> {
    let Some(at) = std::str::from_utf8(value).ok().and_then(time::parse_http_date) else { return vec![] };
    let mut all = vec![
        ("a day later", time::http_date(at + 86_400)),
        ("a day earlier", time::http_date(at - 86_400)),
        ("ten seconds later", time::http_date(at + 10)),
        ("ten seconds earlier", time::http_date(at - 10)),
    ];
    let text = time::http_date(at);
    let parts: Vec<&str> = text.split(' ').collect();
    if let [weekday, day, month, year, clock, _] = parts[..] {
        all.push(("in asctime's words", format!("{} {month} {day} {clock} {year}", weekday.trim_end_matches(','))));
    }
    all
}

fn body(response: &Response, all: &mut Vec<Mutant>) {
    let body = &response.body;
    let mut push = |what: String, body: Vec<u8>| all.push(with_body(response, what, body));
    push("body extended by a space".into(), [body, &b" "[..]].concat());
    push("body extended by a letter".into(), [body, &b"x"[..]].concat());
    if body.is_empty() {
        return;
    }
    push("body dropped".into(), Vec::new());
    push("body cut in half".into(), body[..body.len() / 2].to_vec());
    push("body cut by a byte".into(), body[..body.len() - 1].to_vec());
    for at in (0..body.len()).step_by(body.len().div_ceil(FLIPS_MAX)) {
        for bit in BITS {
            let mut flipped = body.to_vec();
            flipped[at] ^= bit;
            push(format!("body, bit {bit} of byte {at} flipped"), flipped);
        }
    }
    let text = String::from_utf8_lossy(body);
    let documents = if text.starts_with('<') { xml::altered(&text) } else { json::altered(&text) };
    for (what, altered) in documents {
        push(what, altered.into_bytes());
    }
}

/// The answer with another body; where it tells its length it tells the truth, so that the length gives nothing away.
fn with_body(response: &Response, what: String, body: impl Into<Bytes>) -> Mutant {
    let mut response = Response { body: body.into(), ..response.clone() };
    if response.headers.get("content-length").is_some() {
        response.headers.set("content-length", response.body.len().to_string());
    }
    Mutant { what, response }
}
