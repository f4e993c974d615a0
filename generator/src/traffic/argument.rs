//! How well an argument of a logged call fits the value of a choice.
//!
//! A choice stands for a class of values: `bytes=0-8` for every range with two ends, a name with a slash for every
//! name with one. So beside values that are the same there are values that are alike; which of the two it was is
//! counted apart.

use std::collections::BTreeSet;

use bytes::Bytes;
use percent_encoding::percent_decode;
use plumb_model::bodies::BodySpec;
use plumb_model::call::{ArgumentName, Call};
use plumb_model::space::Operation;
use plumb_model::value::{Function, Value};

use super::bench::Bench;

/// From this length on an example stands for names of its length and beyond.
const LONG_BYTES_MIN: usize = 200;
/// How much it says of a name that it is long.
const LONG_WEIGHT: usize = 100;

/// In so many parts ratios are told from each other.
const RATIO_PARTS: u128 = 1_000_000_000;

/// How well a value fits, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// There is no other choice that gives the argument.
    Only,
    /// It has the marks of the example.
    Marks,
    /// It is written as the example is, or as what hangs on an answer may be.
    Alike,
    /// It is a number or a body, and no other example is nearer.
    Nearest,
    /// It is a name with the marks of the example: names are told from each other by nothing else.
    Named,
    /// It is the example.
    Same,
}

/// How well a value fits: the better of two is the greater.
pub(super) type Fit = (Tier, std::cmp::Reverse<u128>);

/// What an argument was in a logged call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'a> {
    /// These bytes.
    Bytes(&'a Bytes),
    /// A body of this length.
    Body(u64),
}

/// The argument of an operation that is a body of any bytes; none where no choice gives one.
pub(super) fn body_of(operation: &Operation) -> Option<ArgumentName> {
    let choices = operation.space.dimensions.iter().flat_map(|dimension| &dimension.choices);
    let mut given = choices.flat_map(|choice| &choice.arguments);
    given.find(|(_, value)| matches!(value, Value::Body(_))).map(|(name, _)| ArgumentName::Borrowed(name))
}

/// Makes `body` the body of a call, and of digests of any body that the operation has digests of that: choices tell
/// them of one body, whichever stands in the row. Digests of what set-up calls store stay as they are.
pub(super) fn replace_body(call: &mut Call, operation: &Operation, body: BodySpec) {
    let Some(own) = body_of(operation) else { return };
    let choices = operation.space.dimensions.iter().flat_map(|dimension| &dimension.choices);
    let given = choices.flat_map(|choice| &choice.arguments).filter(|(name, _)| *name == own);
    let bodies: BTreeSet<&Value> = given.map(|(_, value)| value).collect();
    for value in call.arguments.values_mut() {
        *value = mapped(value, &mut |inner| bodies.contains(inner).then_some(Value::Body(body)));
    }
}

/// A value with every value inside that `change` changes changed.
pub(super) fn mapped(value: &Value, change: &mut impl FnMut(&Value) -> Option<Value>) -> Value {
    if let Some(changed) = change(value) {
        return changed;
    }
    match value {
        Value::Apply { function, of } => {
            Value::Apply { function: *function, of: of.iter().map(|inner| mapped(inner, change)).collect() }
        }
        other => other.clone(),
    }
}

/// Whether `is` holds for a value or for one inside.
pub(super) fn any(value: &Value, is: &impl Fn(&Value) -> bool) -> bool {
    let inside = match value {
        Value::Apply { of, .. } => of.iter().any(|inner| any(inner, is)),
        _ => false,
    };
    inside || is(value)
}

/// Whether a value names a resource.
pub(super) fn names_resource(value: &Value) -> bool {
    any(value, &|inner| matches!(inner, Value::Resource { .. }))
}

/// Whether a value is told by a body, an answer or the clock, and is not that body itself.
pub(super) fn hangs_on_more(value: &Value) -> bool {
    !matches!(value, Value::Body(_))
        && any(value, &|inner| matches!(inner, Value::Body(_) | Value::Symbol(_) | Value::Clock { .. }))
}

/// Whether a value hangs on a body, an answer or the clock.
fn is_relative(value: &Value) -> bool {
    any(value, &|inner| matches!(inner, Value::Body(_) | Value::Symbol(_) | Value::Clock { .. }))
        || matches!(value, Value::Apply { .. })
}

/// How well what was given fits the value of a choice; none where it does not.
pub(super) fn fit(given: Given<'_>, value: &Value, bench: &Bench<'_>) -> Option<Fit> {
    match (given, value) {
        (Given::Body(length), Value::Body(spec)) => nearest(length.into(), spec.length.into()),
        (Given::Body(_), _) | (Given::Bytes(_), Value::Body(_)) => None,
        (Given::Bytes(bytes), value) => {
            let example = bench.bytes(value);
            if names_resource(value) {
                let decoded = |bytes: &[u8]| percent_decode(bytes).collect::<Vec<u8>>();
                let example = example?;
                return if is_encoded(value) {
                    named(&decoded(bytes), &decoded(&example))
                } else {
                    named(bytes, &example)
                };
            }
            match example {
                Some(example) if example == bytes => fits(Tier::Same, 0),
                Some(example) => written_alike(bytes, &example, is_relative(value)),
                // It hangs on an answer, so nothing is known of it.
                None => fits(Tier::Alike, 2),
            }
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it reads as the answer of the functions that call it")]
fn fits(tier: Tier, distance: usize) -> Option<Fit> {
    Some((tier, std::cmp::Reverse(distance as u128)))
}

/// Whether a value holds names that are percent-encoded and nothing that is not: of such a one the marks are those of
/// what it stands for.
fn is_encoded(value: &Value) -> bool {
    let is_escape = |inner: &Value| matches!(inner, Value::Literal(bytes) if bytes.contains(&b'%'));
    any(value, &|inner| matches!(inner, Value::Apply { function: Function::PercentEncoded, .. }))
        && !any(value, &is_escape)
}

/// Whether a name fits because it is long, and not by its marks alone.
pub(super) fn is_long(fit: Fit) -> bool {
    fit.0 == Tier::Named && fit.1.0 <= (usize::MAX - LONG_WEIGHT) as u128
}

/// Names: the more marks of the name an example has, the better; and it has no others.
fn named(bytes: &[u8], example: &[u8]) -> Option<Fit> {
    let (own, other) = (marks(bytes), marks(example));
    let is_long = example.len() >= LONG_BYTES_MIN;
    if !other.is_subset(&own) || (is_long && bytes.len() < example.len()) {
        return None;
    }
    let shared = other.len() + if is_long { LONG_WEIGHT + example.len() } else { 0 };
    fits(Tier::Named, usize::MAX - shared)
}

/// Values that are not names and not the same.
fn written_alike(bytes: &[u8], example: &[u8], is_relative: bool) -> Option<Fit> {
    if bytes.is_empty() || example.is_empty() {
        return None;
    }
    if let (Some(own), Some(other)) = (number(bytes), number(example)) {
        return nearest(own, other).map(|(_, distance)| (Tier::Nearest, distance));
    }
    if is_relative {
        let is_same = marks(bytes) == marks(example);
        return if is_same { fits(Tier::Alike, usize::from(bytes.len() != example.len())) } else { None };
    }
    let form = form(bytes);
    // Words are not alike, only figures between marks are: `STANDARD` is not `GLACIER`.
    let has_figures = form.contains(&b'9') && form.iter().any(|byte| !byte.is_ascii_alphanumeric());
    if has_figures && form == self::form(example) { fits(Tier::Alike, 0) } else { None }
}

/// The marks of an example that a value has, where it has all of them: how well it fits where an argument is told by
/// marks alone.
pub(super) fn by_marks(bytes: &[u8], example: &[u8]) -> Option<Fit> {
    let (own, other) = (marks(bytes), marks(example));
    let is_fit = !bytes.is_empty() && !example.is_empty() && other.is_subset(&own);
    if is_fit { fits(Tier::Marks, usize::MAX - other.len()) } else { None }
}

fn number(bytes: &[u8]) -> Option<u128> {
    std::str::from_utf8(bytes).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// By the ratio of the two; nothing is near to zero but zero.
fn nearest(own: u128, other: u128) -> Option<Fit> {
    let (low, high) = (own.min(other), own.max(other));
    match low {
        _ if low == high => fits(Tier::Same, 0),
        0 => None,
        _ => Some((Tier::Nearest, std::cmp::Reverse(high.saturating_mul(RATIO_PARTS) / low))),
    }
}

/// How a value is written: figures and letters in a row count as one.
fn form(bytes: &[u8]) -> Vec<u8> {
    let mut form: Vec<u8> = bytes
        .iter()
        .map(|byte| match byte {
            b'0'..=b'9' => b'9',
            b'a'..=b'z' | b'A'..=b'Z' => b'a',
            other => *other,
        })
        .collect();
    form.dedup_by(|next, last| next == last && next.is_ascii_alphanumeric());
    form
}

/// A mark of a text: what a careless reader may stumble over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// A character that is no letter, no figure and none of `-_.`.
    Byte(u8),
    /// A character beyond ASCII.
    Wide,
    /// A control character.
    Control,
    /// A slash at the end.
    SlashLast,
    /// Two slashes in a row.
    SlashTwice,
    /// A part that is one dot.
    Dot,
    /// A part that is two dots.
    Dots,
    /// A blank at the end.
    BlankLast,
}

/// The marks of a text.
pub(super) fn marks(bytes: &[u8]) -> BTreeSet<Mark> {
    let each = bytes.iter().filter_map(|byte| match byte {
        0x80.. => Some(Mark::Wide),
        0..=0x1f | 0x7f => Some(Mark::Control),
        b'-' | b'_' | b'.' => None,
        byte if byte.is_ascii_alphanumeric() => None,
        byte => Some(Mark::Byte(*byte)),
    });
    let mut marks: BTreeSet<Mark> = each.collect();
    let parts = || bytes.split(|byte| *byte == b'/');
    let found = [
        (bytes.ends_with(b"/"), Mark::SlashLast),
        (bytes.windows(2).any(|pair| pair == b"//"), Mark::SlashTwice),
        (parts().any(|part| part == b"."), Mark::Dot),
        (parts().any(|part| part == b".."), Mark::Dots),
        (bytes.ends_with(b" "), Mark::BlankLast),
    ];
    marks.extend(found.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, value: &Value, expected: Option<Tier>) {
        let api = plumb_kv::api();
        let bench = Bench::new(&api, "standard", "");
        let given = Bytes::from(given.to_owned());
        let found = fit(Given::Bytes(&given), value, &bench).map(|(tier, _)| tier);
        assert_eq!(found, expected, "{given:?} and {value}");
    }

    #[test]
    fn a_range_is_like_a_range_with_as_many_ends() {
        let range = Value::from("bytes=0-8");
        check("bytes=0-8", &range, Some(Tier::Same));
        check("bytes=100-2000", &range, Some(Tier::Alike));
        for other in ["bytes=100-", "bytes=-5", "bytes=0-1,3-4", "", "lines"] {
            check(other, &range, None);
        }
    }

    #[test]
    fn words_are_the_same_or_not_alike() {
        check("GLACIER", &"STANDARD".into(), None);
        check("enabled", &"ENABLED".into(), None);
        check("CRC32", &"SHA256".into(), None);
    }

    #[test]
    fn numbers_are_near_or_far() {
        check("1000", &"1000".into(), Some(Tier::Same));
        check("999", &"1000".into(), Some(Tier::Nearest));
        check("5", &"0".into(), None);
        assert!(nearest(250, 1_000) > nearest(250, 2));
        assert!(nearest(0, 0) > nearest(1, 1_000) && nearest(0, 1).is_none());
    }

    #[test]
    fn names_are_told_from_each_other_by_their_marks() {
        let key = || Value::resource("key", "a");
        check("photos", &key(), Some(Tier::Named));
        check("photos/cat.jpg", &key(), Some(Tier::Named));
        check("photos/cat.jpg", &Value::concat([key(), "/b".into()]), Some(Tier::Named));
        check("photos", &Value::concat([key(), "/b".into()]), None);
        check("photos/", &Value::concat([key(), "/".into()]), Some(Tier::Named));
        let slash = named(b"photos/cat", b"k/b");
        assert!(slash > named(b"photos/cat", b"k"), "the more marks the better");
        let long = "k".repeat(1_024);
        assert_eq!(named(b"k", long.as_bytes()), None);
        assert!(named("x".repeat(1_025).as_bytes(), long.as_bytes()) > named(b"x", b"k"));
    }

    #[test]
    fn what_hangs_on_an_answer_may_be_anything() {
        let revision = Value::symbol("put", "revision");
        check("\"7\"", &revision, Some(Tier::Alike));
        check("\"7\"", &revision.apply(Function::DifferentFrom), Some(Tier::Alike));
        let date = Value::now(-60).apply(Function::HttpDate);
        check("Sun, 06 Nov 1994 08:49:37 GMT", &date, Some(Tier::Alike));
        check("not a date", &date, None);
    }

    #[test]
    fn a_body_takes_its_digests_with_it() {
        let api = plumb_kv::api();
        let operation = api.operation("Put").expect("an operation");
        let digest = |spec| Value::Body(spec).apply(Function::Md5);
        let (short, empty, after) = (BodySpec::random(2, 10), BodySpec::random(2, 0), BodySpec::random(7, 99));
        let stored = BodySpec::random(1, 10);
        let call =
            |body, told| Call::new("Put").with("value", body).with("md5", digest(told)).with("tag", digest(stored));
        let mut changed = call(empty, short);
        replace_body(&mut changed, operation, after);
        assert_eq!(changed, call(after, after));
    }
}
