//! What stands in an answer, place by place, without what each server chooses for itself.

use std::collections::{BTreeMap, BTreeSet};

use plumb_model::answer::{Answer, Document};
use plumb_model::api::Api;
use plumb_model::bodies::{hex, sha256};
use plumb_model::text::shown;
use plumb_model::time::{parse_http_date, parse_iso_date};
use plumb_model::wire::Actor;
use plumb_validator::case_run::CaseRun;
use plumb_validator::names::RunId;
use plumb_validator::target::Target;
use plumb_validator::verdict::without_secrets;

/// The longest value that is told apart from others, in characters.
pub const VALUE_CHARACTERS_MAX: usize = 160;
/// The most of a value that is read, in bytes.
const VALUE_BYTES_MAX: usize = 4 << 10;
/// The most places of one answer; more are left out.
pub const PLACES_MAX: usize = 200;
/// The most values of one place, as a list has them.
const VALUES_MAX: usize = 20;
/// The longest name of a place, in characters.
const PLACE_CHARACTERS_MAX: usize = 120;

/// A value that the server chose for itself.
pub const CHOSEN: &str = "‹chosen by the server›";
/// A moment.
pub const DATE: &str = "‹date›";

/// Fields that say how a message was carried and when, not what it says (RFC 9110 sections 6.6.1, 7.6.1 and 8.6,
/// RFC 9112 section 6). Where an operation promises one of them, the model judges it.
const CARRIAGE: [&str; 9] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The places of an answer with a value for each: `header content-type`, `body Contents.Key`. Positions in lists
/// are left out of the names, as in signatures.
pub type Places = BTreeMap<String, String>;

/// What is different between two targets anyway: names, addresses, secrets.
pub struct Frame<'a> {
    api: &'a Api,
    marker: String,
    target: &'a Target,
}

impl<'a> Frame<'a> {
    /// The frame of one pass.
    pub fn new(api: &'a Api, run: &RunId, target: &'a Target) -> Self {
        Self { api, marker: run.marker(), target }
    }

    /// The places of an answer of a case.
    pub fn places(&self, run: &CaseRun, answer: &Answer) -> Places {
        let mut chosen: BTreeSet<Vec<u8>> = run.bindings.values().map(|value| value.to_vec()).collect();
        chosen.extend(self.api.wire.request_id(answer).map(String::into_bytes));
        let mut reading = Reading { frame: self, chosen, found: BTreeMap::new() };
        for (name, value) in &answer.headers {
            let name = name.to_ascii_lowercase();
            if !CARRIAGE.contains(&name.as_str()) {
                reading.note(&format!("header {name}"), value);
            }
        }
        match &answer.document {
            Some(document) => reading.document("body", document),
            None if answer.body.is_empty() => {}
            None => reading.body(&answer.body),
        }
        reading.found.into_iter().map(|(place, values)| (place, values.join(", "))).collect()
    }

    /// A text of the target, without secrets, safe to show.
    pub fn safe(&self, text: &str) -> String {
        shown(without_secrets(text, &self.target.actors).as_bytes(), VALUE_CHARACTERS_MAX)
    }

    fn actors(&self) -> &[Actor] {
        &self.target.actors
    }

    /// A value without what only this target can have in it.
    fn plain(&self, value: &[u8]) -> String {
        let start = &value[..value.len().min(VALUE_BYTES_MAX)];
        let text = without_secrets(&String::from_utf8_lossy(start), self.actors());
        let text = text.replace(&self.marker, "‹run›").replace(&self.target.authority, "‹host›");
        shown(text.as_bytes(), VALUE_CHARACTERS_MAX)
    }
}

/// An answer that is being read.
struct Reading<'f, 'a> {
    frame: &'f Frame<'a>,
    chosen: BTreeSet<Vec<u8>>,
    found: BTreeMap<String, Vec<String>>,
}

impl Reading<'_, '_> {
    fn note(&mut self, place: &str, value: &[u8]) {
        let value = if self.is_chosen(value) {
            CHOSEN.to_owned()
        } else if is_date(value) {
            DATE.to_owned()
        } else {
            self.frame.plain(value)
        };
        self.put(place, value);
    }

    fn put(&mut self, place: &str, value: String) {
        let place = shown(place.as_bytes(), PLACE_CHARACTERS_MAX);
        if self.found.len() < PLACES_MAX || self.found.contains_key(&place) {
            let values = self.found.entry(place).or_default();
            if values.len() < VALUES_MAX {
                values.push(value);
            }
        }
    }

    /// Whether an answer of this case told the value as one that the server chooses, with quotes or without.
    fn is_chosen(&self, value: &[u8]) -> bool {
        let bare = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value);
        let quoted = [b"\"", value, b"\""].concat();
        [value, bare, &quoted].iter().any(|form| self.chosen.contains(*form))
    }

    fn document(&mut self, place: &str, document: &Document) {
        match document {
            Document::Text(text) | Document::Bare(text) => self.note(place, text.as_bytes()),
            Document::List(entries) => {
                for entry in entries.iter().take(VALUES_MAX) {
                    self.document(place, entry);
                }
            }
            Document::Fields(fields) => {
                let separator = if place == "body" { ' ' } else { '.' };
                for (name, field) in fields.iter().take(PLACES_MAX) {
                    self.document(&format!("{place}{separator}{name}"), field);
                }
            }
        }
    }

    /// A body without structure: a short text as it stands, anything else by length and digest.
    fn body(&mut self, body: &[u8]) {
        let is_short_text = body.len() <= VALUE_CHARACTERS_MAX && std::str::from_utf8(body).is_ok();
        if is_short_text {
            self.note("body", body);
        } else {
            let digest: String = hex(&sha256(body)[..8]).into_iter().map(char::from).collect();
            self.put("body", format!("{} bytes, SHA-256 {digest}…", body.len()));
        }
    }
}

fn is_date(value: &[u8]) -> bool {
    let text = std::str::from_utf8(value).unwrap_or_default();
    parse_http_date(text).or_else(|| parse_iso_date(text)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixture;

    fn places(answer: &Answer) -> Vec<(String, String)> {
        let api = plumb_kv::api();
        let (target, run) = (fixture::target(&api), RunId::new(0));
        let frame = Frame::new(&api, &run, &target);
        frame.places(&fixture::run(&[]), answer).into_iter().collect()
    }

    fn check(value: &str, plain: &str) {
        let mut answer = Answer::default();
        answer.headers.push("X-Any", value.to_owned());
        assert_eq!(places(&answer), [("header x-any".to_owned(), plain.to_owned())]);
    }

    #[test]
    fn names_addresses_dates_and_symbols_are_left_out() {
        check("plumb-aaaaaaaa-000012-a", "‹run›-000012-a");
        check("http://kv.invalid:80/a", "http://‹host›/a");
        check("1970-01-01T00:01:40.000Z", DATE);
        check("\"1\"", CHOSEN);
        check("1", CHOSEN);
        check("11", "11");
    }

    #[test]
    fn hostile_values_are_neutralised_bounded_and_without_secrets() {
        check("\u{1b}[31m\u{202e}x", "\\u{1b}[31m\\u{202e}x");
        check("your test-secret, please", "your ***, please");
        let long = "x".repeat(100_000);
        check(&long, &format!("{}…", "x".repeat(VALUE_CHARACTERS_MAX)));
    }

    #[test]
    fn an_answer_without_end_has_a_bounded_number_of_places() {
        let fields = (0..PLACES_MAX * 2).map(|index| (index.to_string(), Document::Text("x".into())));
        let list = Document::List(vec![Document::Fields(fields.collect()); VALUES_MAX * 2]);
        let mut answer = Answer { document: Some(list), ..Answer::default() };
        (0..PLACES_MAX).for_each(|index| answer.headers.push(format!("x-{index}"), "x"));
        let places = places(&answer);
        assert_eq!(places.len(), PLACES_MAX);
        assert!(places.iter().all(|(_, value)| value.len() <= VALUES_MAX * 3), "{places:?}");
    }

    #[test]
    fn a_body_without_structure_is_told_by_its_digest() {
        let body = |bytes: &[u8]| Answer { body: bytes.to_vec().into(), ..Answer::default() };
        assert_eq!(places(&body(b"short")), [("body".to_owned(), "short".to_owned())]);
        let (one, other) = (places(&body(&[0xff; 300])), places(&body(&[0xfe; 300])));
        assert!(one[0].1.starts_with("300 bytes, SHA-256 "), "{one:?}");
        assert_ne!(one, other);
    }
}
