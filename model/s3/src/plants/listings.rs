//! Bugs in listings: where a page starts, where it ends, and what it says of the next.

use std::sync::Arc;

use plumb_model::answer::{Answer, Document};
use plumb_model::call::Call;
use plumb_model::plant::{Bug, Effect, OnAnswer, Plant};
use plumb_model::value::Value;

use super::answers::{field, list, recount};
use super::{ActOnAnswer, ActOnCall, Row, WRONG_CONTENT};
use crate::paging::KEYS_MAX;

/// Bugs in the answer.
pub(super) const ON_ANSWER: [Row<ActOnAnswer>; 4] = [
    (
        "next-marker-missing",
        "a page does not tell where the next starts",
        "ListObjects",
        WRONG_CONTENT,
        next_marker_missing,
    ),
    (
        "next-marker-without-delimiter",
        "a page tells where the next starts though no delimiter is given",
        "ListObjects",
        WRONG_CONTENT,
        next_marker_always,
    ),
    ("token-skips-a-key", "a next page starts a key late", "ListObjectsV2", WRONG_CONTENT, token_skips),
    (
        "prefix-twice-over-pages",
        "a common prefix comes again on the next page",
        "ListObjects",
        WRONG_CONTENT,
        prefix_again,
    ),
];

/// Bugs that show only where three choices meet.
const ON_THREE: [Row<ActOnAnswer>; 1] = [(
    "url-page-miscounted",
    "an encoded page of two entries at most is said to have one more where it starts after a key",
    "ListObjectsV2",
    WRONG_CONTENT,
    url_page_miscounted,
)];

/// Bugs that show in the answer alone: it repeats what was asked for as if it had been understood.
const HIDDEN: [Row<(ActOnCall, ActOnAnswer)>; 2] = [
    (
        "marker-inclusive",
        "a page starts with the marker itself",
        "ListObjects",
        WRONG_CONTENT,
        (marker_before, marker_told),
    ),
    (
        "max-keys-ignores-prefixes",
        "common prefixes do not count against max-keys",
        "ListObjects",
        WRONG_CONTENT,
        (prefixes_uncounted, size_told),
    ),
];

/// A bug in what is made of a call, which the answer hides.
struct Hidden {
    on_call: ActOnCall,
    on_answer: ActOnAnswer,
}

impl Bug for Hidden {
    fn on_call(&self, call: &Call, stored: &[Call]) -> Effect {
        (self.on_call)(call, stored)
    }

    fn on_answer(&self, call: &Call, answer: &mut Answer) {
        (self.on_answer)(call, answer);
    }
}

/// Every bug that shows only where three choices meet.
pub(super) fn on_three() -> impl Iterator<Item = Plant> {
    ON_THREE.into_iter().map(|(name, about, operation, kind, act)| {
        let bug: Arc<dyn Bug> = Arc::new(OnAnswer(act));
        Plant { name, about, operation, kind, strength: 3, bug }
    })
}

fn url_page_miscounted(call: &Call, answer: &mut Answer) {
    let is = |name, value| call.argument(name) == Some(&Value::from(value));
    if is("encoding-type", "url") && is("max-keys", "2") && is("start-after", "a1") {
        recount(answer, 1);
    }
}

/// Every bug that the answer hides.
pub(super) fn hidden() -> impl Iterator<Item = Plant> {
    HIDDEN.into_iter().map(|(name, about, operation, kind, (on_call, on_answer))| {
        let bug: Arc<dyn Bug> = Arc::new(Hidden { on_call, on_answer });
        Plant { name, about, operation, kind, strength: 1, bug }
    })
}

/// The parameter of a call of the first version; none where it is empty.
fn parameter<'c>(call: &'c Call, name: &str) -> Option<&'c [u8]> {
    let given = call.bytes(name).filter(|value| call.operation == "ListObjects" && !value.is_empty());
    given.map(AsRef::as_ref)
}

/// Puts `text` into the field `name`.
fn tell(answer: &mut Answer, name: &str, text: &[u8]) {
    if let Some(Document::Text(told)) = field(answer, name) {
        *told = String::from_utf8_lossy(text).into_owned();
    }
}

/// Adds a field.
fn add(answer: &mut Answer, name: &str, document: Document) {
    if let Some(Document::Fields(fields)) = &mut answer.document {
        fields.push((name.to_owned(), document));
    }
}

fn is_truncated(answer: &Answer) -> bool {
    answer.document.as_ref().is_some_and(|document| document.text("IsTruncated") == Some("true"))
}

/// The page starts just before the marker.
fn marker_before(call: &Call, _: &[Call]) -> Effect {
    let Some([start @ .., last @ b'!'..=b'~']) = parameter(call, "marker") else { return Effect::Honest };
    let before = [start, &[*last - 1], "\u{10ffff}".as_bytes()].concat();
    Effect::Instead(call.clone().with("marker", Value::literal(before)))
}

fn marker_told(call: &Call, answer: &mut Answer) {
    if let Some(marker) = parameter(call, "marker") {
        tell(answer, "Marker", marker);
    }
}

/// How many entries a call asks for by keys and common prefixes together.
fn size_of_both(call: &Call) -> Option<usize> {
    parameter(call, "delimiter")?;
    let size = std::str::from_utf8(parameter(call, "max-keys")?).ok()?.parse().ok()?;
    (1..KEYS_MAX).contains(&size).then_some(size)
}

/// A common prefix on the page makes room for one more entry.
fn prefixes_uncounted(call: &Call, _: &[Call]) -> Effect {
    size_of_both(call)
        .map_or(Effect::Honest, |size| Effect::Instead(call.clone().with("max-keys", (size + 1).to_string().as_str())))
}

fn size_told(call: &Call, answer: &mut Answer) {
    if let Some(size) = size_of_both(call) {
        tell(answer, "MaxKeys", size.to_string().as_bytes());
    }
}

fn next_marker_missing(_: &Call, answer: &mut Answer) {
    if let Some(Document::Fields(fields)) = &mut answer.document {
        fields.retain(|(name, _)| name != "NextMarker");
    }
}

fn next_marker_always(call: &Call, answer: &mut Answer) {
    let last = list(answer, "Contents").and_then(|entries| entries.last()?.text("Key").map(str::to_owned));
    if let Some(last) = last.filter(|_| call.operation == "ListObjects" && is_truncated(answer))
        && field(answer, "NextMarker").is_none()
    {
        add(answer, "NextMarker", Document::Text(last));
    }
}

fn token_skips(call: &Call, answer: &mut Answer) {
    let is_next = call.bytes("continuation-token").is_some();
    if let Some(entries) = list(answer, "Contents").filter(|entries| is_next && !entries.is_empty()) {
        entries.remove(0);
        recount(answer, -1);
    }
}

fn prefix_again(call: &Call, answer: &mut Answer) {
    let (Some(marker), Some(delimiter)) = (parameter(call, "marker"), parameter(call, "delimiter")) else { return };
    if answer.status != 200 || !marker.ends_with(delimiter) {
        return;
    }
    let text = Document::Text(String::from_utf8_lossy(marker).into_owned());
    let prefix = Document::Fields(vec![("Prefix".to_owned(), text)]);
    match list(answer, "CommonPrefixes") {
        Some(prefixes) => prefixes.insert(0, prefix),
        None => add(answer, "CommonPrefixes", Document::List(vec![prefix])),
    }
}
