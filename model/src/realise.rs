//! One concrete answer out of those that an expectation permits: how the model becomes a server.

use bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng as _;

use crate::answer::{Answer, Document};
use crate::bodies;
use crate::expectation::{BodyRule, Expectation, Form, Keyed, Matcher, Shape};
use crate::seen::{PAD_BYTES_MAX, Seen};
use crate::value::Value;

/// Makes answers. What an expectation leaves open is drawn from a seeded stream.
#[derive(Debug)]
pub struct Realiser {
    random: ChaCha8Rng,
    vary: bool,
}

impl Realiser {
    /// A realiser over `random`. With `vary`, what may be missing is left out half of the time; without, never.
    pub const fn new(random: ChaCha8Rng, vary: bool) -> Self {
        Self { random, vary }
    }

    /// A number below `bound`, for choosing among outcomes; zero where there is nothing to choose.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound < 2 { 0 } else { usize::try_from(self.random.next_u64() % bound as u64).unwrap_or(0) }
    }

    /// An answer that `expectation` permits.
    pub fn answer(&mut self, expectation: &Expectation, seen: &Seen<'_>) -> Answer {
        let mut answer = Answer { status: expectation.status, ..Answer::default() };
        answer.code = expectation.code.as_ref().map(ToString::to_string);
        // A symbol may stand in several places; what was drawn for it first holds in all of them.
        let mut drawn = Vec::new();
        for (name, matcher) in &expectation.headers {
            if let Some(value) = self.value(matcher, seen, &mut drawn) {
                answer.headers.push(name.clone(), value);
            }
        }
        match &expectation.body {
            BodyRule::Empty | BodyRule::Any(_) => {}
            BodyRule::Part { payload, from, length } => {
                let bytes = seen.bodies.of(payload).map(|pooled| pooled.bytes.clone()).unwrap_or_default();
                let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                answer.body = bytes.slice(place(*from)..place(from.saturating_add(*length)));
            }
            BodyRule::Equals(value) => answer.body = literal(value, seen),
            BodyRule::Matches(matcher) => answer.body = self.value(matcher, seen, &mut drawn).unwrap_or_default(),
            BodyRule::Document(shape) => answer.document = self.document(shape, seen, &mut drawn),
        }
        answer
    }

    fn document(&mut self, shape: &Shape, seen: &Seen<'_>, drawn: &mut Drawn) -> Option<Document> {
        match shape {
            Shape::Text(matcher) => {
                let value = self.value(matcher, seen, drawn)?;
                Some(Document::Text(String::from_utf8_lossy(&value).into_owned()))
            }
            Shape::Bare(matcher) => {
                let value = self.value(matcher, seen, drawn)?;
                Some(Document::Bare(String::from_utf8_lossy(&value).into_owned()))
            }
            Shape::Maybe(inner) => {
                if self.leaves_out() {
                    None
                } else {
                    self.document(inner, seen, drawn)
                }
            }
            Shape::Any(_) => None,
            Shape::List(entries) => {
                Some(Document::List(entries.iter().filter_map(|entry| self.document(entry, seen, drawn)).collect()))
            }
            Shape::Keyed(keyed) => Some(Document::List(self.keyed(keyed, seen, drawn))),
            Shape::Fields(fields) => {
                let each = fields.iter();
                let made =
                    each.filter_map(|(name, inner)| Some((name.to_string(), self.document(inner, seen, drawn)?)));
                Some(Document::Fields(made.collect()))
            }
        }
    }

    /// The entries that must be there, and of those that may be there as many as there is room for; in any order.
    fn keyed(&mut self, keyed: &Keyed, seen: &Seen<'_>, drawn: &mut Drawn) -> Vec<Document> {
        let is_optional = |shape: &Shape| matches!(shape, Shape::Maybe(_));
        let required = keyed.entries.iter().filter(|(_, shape)| !is_optional(shape)).count();
        let mut room = keyed.most.map_or(usize::MAX, |most| most.saturating_sub(required));
        let mut made = Vec::with_capacity(keyed.entries.len());
        for (name, shape) in &keyed.entries {
            if is_optional(shape) && room == 0 {
                continue;
            }
            let Some(entry) = self.document(shape, seen, drawn) else { continue };
            room -= usize::from(is_optional(shape));
            made.push(named(entry, &keyed.key, &literal(name, seen)));
        }
        if self.vary {
            // Fisher-Yates, as the order says nothing.
            for last in (1..made.len()).rev() {
                let other = self.below(last + 1);
                made.swap(last, other);
            }
        }
        made
    }

    fn value(&mut self, matcher: &Matcher, seen: &Seen<'_>, drawn: &mut Drawn) -> Option<Bytes> {
        match matcher {
            Matcher::Is(value) | Matcher::Open { example: value, .. } | Matcher::Contains(value) => {
                Some(literal(value, seen))
            }
            Matcher::Length(length) => {
                Some(vec![b'a'; usize::try_from(*length).unwrap_or(usize::MAX).min(PAD_BYTES_MAX)].into())
            }
            Matcher::Digest { function, of } => seen.digest(*function, *of),
            Matcher::OneOf(all) => {
                let index = if self.vary { self.below(all.len()) } else { 0 };
                all.get(index).map(|value| literal(value, seen))
            }
            Matcher::Chosen { symbol, form } => {
                let earlier = drawn.iter().find(|(own, _)| own == symbol).map(|(_, canonical)| canonical.clone());
                let canonical = seen.bound(symbol).cloned().or(earlier).unwrap_or_else(|| {
                    let canonical = self.draw(*form, seen);
                    drawn.push((symbol.clone(), canonical.clone()));
                    canonical
                });
                Some(form.render(&canonical))
            }
            Matcher::Like(form) => Some(form.render(&self.draw(*form, seen))),
            Matcher::Absent | Matcher::Any(_) => None,
            Matcher::Maybe(inner) => {
                if self.leaves_out() {
                    None
                } else {
                    self.value(inner, seen, drawn)
                }
            }
        }
    }

    fn leaves_out(&mut self) -> bool {
        self.vary && self.below(2) == 0
    }

    /// A canonical value of a form.
    fn draw(&mut self, form: Form, seen: &Seen<'_>) -> Bytes {
        let digits = bodies::hex(&self.random.next_u64().to_be_bytes());
        match form {
            Form::HttpDate(within) | Form::IsoDate(within) => {
                within.unwrap_or(seen.time).earliest_ms.div_euclid(1000).to_string().into()
            }
            Form::EntityTag => [b"\"", &digits[..], b"\""].concat().into(),
            Form::Integer => (self.random.next_u64() % 1_000).to_string().into(),
            Form::Token | Form::Text => digits.into(),
        }
    }
}

/// `entry` with the field by which it is known, in front where it has none of that name.
fn named(entry: Document, key: &str, name: &Bytes) -> Document {
    match entry {
        Document::Fields(mut fields) if !fields.iter().any(|(own, _)| own == key) => {
            fields.insert(0, (key.to_owned(), Document::Text(String::from_utf8_lossy(name).into_owned())));
            Document::Fields(fields)
        }
        other => other,
    }
}

type Drawn = Vec<(crate::value::Symbol, Bytes)>;

/// What no answer has told is left empty.
fn literal(value: &Value, seen: &Seen<'_>) -> Bytes {
    seen.value(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::Bodies;
    use crate::judge::judge;
    use crate::seen::Bindings;
    use crate::time::Interval;
    use rand_chacha::rand_core::SeedableRng as _;

    #[test]
    fn entries_in_any_order_and_as_many_as_there_is_room_for_are_permitted() {
        let entry = |name: &str, shape: Shape| (Value::from(name), shape);
        let size = || Shape::Fields(vec![("Size".into(), Shape::is("1"))]);
        let entries = vec![entry("a", size().maybe()), entry("b", size()), entry("c", size().maybe())];
        let shape = Shape::Keyed(Keyed { most: Some(2), ..Keyed::new("Key", entries) });
        let expectation = Expectation { body: BodyRule::Document(shape), ..Expectation::status(200) };
        let (bindings, bodies) = (Bindings::new(), Bodies::new());
        let time = Interval::at_ms(0);
        let seen =
            Seen { call_id: "1", actor: None, bindings: &bindings, flavour: "", region: "", time, bodies: &bodies };
        let mut drawn = std::collections::BTreeSet::new();
        for seed in 0..40 {
            let answer = Realiser::new(ChaCha8Rng::seed_from_u64(seed), seed > 0).answer(&expectation, &seen);
            assert_eq!(judge(&expectation, &answer, &seen), Ok(vec![]), "{answer:?}");
            let Some(Document::List(entries)) = answer.document else { panic!("no list") };
            let names: Vec<_> = entries.iter().filter_map(|entry| entry.text("Key")).collect();
            drawn.insert(names.join(""));
        }
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), ["ab", "b", "ba", "bc", "cb"]);
    }
}
