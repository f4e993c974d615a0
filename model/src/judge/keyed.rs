//! Lists whose order says nothing: which entry is which, and which of them must be there.

use std::collections::BTreeMap;

use crate::answer::Document;
use crate::expectation::{Keyed, Label, Shape};
use crate::text::shown;

use super::{Comparison, NOTHING, Place, SHOWN_CHARACTERS_MAX, open_in_shape};

/// The most entries of one key that are paired by what matches; more are taken in their order.
const ALIKE_MAX: usize = 32;

impl Comparison<'_> {
    pub(super) fn keyed(&mut self, keyed: &Keyed, entries: &[Document], place: &Place<'_>) {
        if keyed.most.is_some_and(|most| entries.len() > most) {
            let most = keyed.most.unwrap_or_default();
            self.differ(place.to_string(), format!("at most {most} entries"), count(entries.len()).as_bytes());
        }
        let mut there = self.by_key(keyed, entries, place);
        for (name, shapes) in self.wanted(keyed, place) {
            let entries = there.remove(&name[..]).unwrap_or_default();
            self.alike(&shapes, &entries, &Place::Known(place, &keyed.key, &name));
        }
        let absent: Vec<_> = keyed.absent.iter().filter_map(|name| self.value(name)).collect();
        for (name, entries) in there {
            if keyed.others.is_none() || absent.iter().any(|own| own == name) {
                let place = Place::Known(place, &keyed.key, name).to_string();
                self.differ(place, NOTHING, count(entries.len()).as_bytes());
            }
        }
    }

    /// The entries that are there, by their key.
    fn by_key<'d>(
        &mut self,
        keyed: &Keyed,
        entries: &'d [Document],
        place: &Place<'_>,
    ) -> BTreeMap<&'d [u8], Vec<&'d Document>> {
        let mut there: BTreeMap<&[u8], Vec<&Document>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            if let Some(name) = entry.text(&keyed.key) {
                there.entry(name.as_bytes()).or_default().push(entry);
            } else {
                let place = Place::Entry(place, index).to_string();
                self.differ(place, format!("an entry with a {}", keyed.key), b"an entry without one");
            }
        }
        there
    }

    /// The shapes of the entries that must or may be there, by their key: those that must come first.
    fn wanted<'k>(&mut self, keyed: &'k Keyed, place: &Place<'_>) -> BTreeMap<Vec<u8>, Vec<&'k Shape>> {
        let mut wanted: BTreeMap<Vec<u8>, Vec<&Shape>> = BTreeMap::new();
        for (name, shape) in &keyed.entries {
            match self.value(name) {
                Some(name) => wanted.entry(name.to_vec()).or_default().push(shape),
                None => self.differ(place.to_string(), name, b"a key that is not known"),
            }
        }
        for shapes in wanted.values_mut() {
            shapes.sort_by_key(|shape| matches!(shape, Shape::Maybe(_)));
        }
        wanted
    }

    /// Entries of one key: as many shapes as possible get one that matches, the others any that is left.
    fn alike(&mut self, shapes: &[&Shape], entries: &[&Document], place: &Place<'_>) {
        let pairs = self.pairs(shapes, entries, place);
        let mut left: Vec<usize> = (0..entries.len()).filter(|entry| !pairs.contains(&Some(*entry))).collect();
        for (shape, pair) in shapes.iter().zip(pairs) {
            let entry = pair.or_else(|| (!left.is_empty()).then(|| left.remove(0)));
            match entry {
                Some(entry) => self.document(shape, Some(entries[entry]), place),
                None if matches!(shape, Shape::Maybe(_)) => {}
                None => self.differ(place.to_string(), "an entry", NOTHING.as_bytes()),
            }
        }
        if !left.is_empty() {
            self.differ(place.to_string(), "no further entry", format!("{} more", left.len()).as_bytes());
        }
    }

    /// The entry that each shape gets; none where it gets none that matches.
    fn pairs(&mut self, shapes: &[&Shape], entries: &[&Document], place: &Place<'_>) -> Vec<Option<usize>> {
        let mut pairs = vec![None; shapes.len()];
        if entries.len() == 1 && shapes.len() == 1 {
            pairs[0] = Some(0);
        } else if entries.len() <= ALIKE_MAX && shapes.len() <= ALIKE_MAX {
            let fits: Vec<Vec<bool>> = shapes
                .iter()
                .map(|shape| entries.iter().map(|entry| self.fits(shape, entry, place)).collect())
                .collect();
            let mut takers = vec![None; entries.len()];
            for shape in 0..shapes.len() {
                takes(shape, &fits, &mut takers, &mut vec![false; entries.len()]);
            }
            for (entry, taker) in takers.into_iter().enumerate() {
                if let Some(shape) = taker {
                    pairs[shape] = Some(entry);
                }
            }
        }
        pairs
    }

    /// Whether an entry matches; nothing is noted.
    fn fits(&mut self, shape: &Shape, entry: &Document, place: &Place<'_>) -> bool {
        let mut alone = Comparison { seen: self.seen, bound: std::mem::take(&mut self.bound), mismatches: Vec::new() };
        let bound = alone.bound.len();
        alone.document(shape, Some(entry), place);
        alone.bound.truncate(bound);
        self.bound = alone.bound;
        alone.mismatches.is_empty()
    }
}

/// Gives a shape an entry that fits, if need be one whose taker can have another (Kuhn's algorithm).
fn takes(shape: usize, fits: &[Vec<bool>], takers: &mut [Option<usize>], tried: &mut Vec<bool>) -> bool {
    for entry in 0..takers.len() {
        if !fits[shape][entry] || std::mem::replace(&mut tried[entry], true) {
            continue;
        }
        if takers[entry].is_none_or(|other| takes(other, fits, takers, tried)) {
            takers[entry] = Some(shape);
            return true;
        }
    }
    false
}

fn count(entries: usize) -> String {
    if entries == 1 { "an entry".to_owned() } else { format!("{entries} entries") }
}

/// A key made safe to show. Square brackets are escaped as well: they end the part of a place that tells the entry.
pub(super) fn shown_key(key: &[u8]) -> String {
    shown(key, SHOWN_CHARACTERS_MAX).replace('[', "\\u{5b}").replace(']', "\\u{5d}")
}

/// What a list leaves open: the entries that it does not name, and what is open in those it names.
pub(super) fn open(keyed: &Keyed, place: &Place<'_>, open: &mut Vec<(String, Label)>) {
    if let Some(why) = &keyed.others {
        open.push((place.to_string(), why.clone()));
    }
    for (name, shape) in &keyed.entries {
        let name = name.as_literal().map_or_else(|| name.to_string().into(), Clone::clone);
        open_in_shape(shape, &Place::Known(place, &keyed.key, &name), open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Answer;
    use crate::bodies::Bodies;
    use crate::expectation::{BodyRule, Expectation, Form, Matcher};
    use crate::judge::{judge, unconstrained};
    use crate::seen::{Bindings, Seen};
    use crate::time::Interval;
    use crate::value::{Symbol, Value};

    fn text(text: &str) -> Document {
        Document::Text(text.to_owned())
    }

    /// An entry with a key and a size.
    fn entry(key: &str, size: &str) -> Document {
        Document::Fields(vec![("Key".to_owned(), text(key)), ("Size".to_owned(), text(size))])
    }

    fn sized(key: &str, size: &'static str) -> (Value, Shape) {
        (key.into(), Shape::Fields(vec![("Size".into(), Shape::is(size))]))
    }

    fn sizes() -> Keyed {
        Keyed::new("Key", vec![sized("b", "2"), sized("a", "1")])
    }

    /// The places where a list differs, and what is expected and observed in each.
    fn mismatches(keyed: Keyed, entries: Vec<Document>) -> Vec<String> {
        let shape = Shape::Fields(vec![("Deleted".into(), Shape::Keyed(keyed))]);
        let expectation = Expectation { body: BodyRule::Document(shape), ..Expectation::status(200) };
        let document = Document::Fields(vec![("Deleted".to_owned(), Document::List(entries))]);
        let answer = Answer { status: 200, document: Some(document), ..Answer::default() };
        let (bindings, bodies) = (Bindings::new(), Bodies::new());
        let time = Interval::at_ms(0);
        let seen =
            Seen { call_id: "1", actor: None, bindings: &bindings, flavour: "", region: "", time, bodies: &bodies };
        let found = judge(&expectation, &answer, &seen).err().unwrap_or_default();
        found.into_iter().map(|own| format!("{}: {}, not {}", own.place, own.expected, own.observed)).collect()
    }

    fn check(keyed: Keyed, entries: &[(&str, &str)], expected: &[&str]) {
        let entries = entries.iter().map(|(key, size)| entry(key, size)).collect();
        assert_eq!(mismatches(keyed, entries), expected);
    }

    #[test]
    fn the_order_says_nothing() {
        check(sizes(), &[("a", "1"), ("b", "2")], &[]);
        check(sizes(), &[("b", "2"), ("a", "1")], &[]);
    }

    #[test]
    fn each_entry_is_there_once_and_matches() {
        check(sizes(), &[("b", "2")], &["body Deleted[Key=\"a\"]: an entry, not nothing"]);
        check(sizes(), &[("a", "1"), ("b", "3")], &["body Deleted[Key=\"b\"].Size: 2, not 3"]);
        let twice = ["body Deleted[Key=\"a\"]: no further entry, not 1 more"];
        check(sizes(), &[("a", "1"), ("b", "2"), ("a", "1")], &twice);
        check(sizes(), &[("a", "1"), ("b", "2"), ("c", "3")], &["body Deleted[Key=\"c\"]: nothing, not an entry"]);
    }

    #[test]
    fn what_may_be_missing_must_match_where_it_is() {
        let (key, shape) = sized("a", "1");
        let maybe = || Keyed::new("Key", vec![(key.clone(), shape.clone().maybe())]);
        check(maybe(), &[], &[]);
        check(maybe(), &[("a", "1")], &[]);
        check(maybe(), &[("a", "2")], &["body Deleted[Key=\"a\"].Size: 1, not 2"]);
    }

    #[test]
    fn others_may_be_there_but_for_those_that_must_not() {
        let open = || Keyed { absent: vec!["z".into()], others: Some("shared".into()), ..sizes() };
        check(open(), &[("c", "9"), ("a", "1"), ("b", "2"), ("c", "8")], &[]);
        check(open(), &[("z", "9"), ("a", "1"), ("b", "2")], &["body Deleted[Key=\"z\"]: nothing, not an entry"]);
    }

    #[test]
    fn their_number_is_bounded() {
        let bounded = Keyed { most: Some(1), others: Some("shared".into()), ..Keyed::new("Key", vec![]) };
        check(bounded.clone(), &[("a", "1")], &[]);
        check(bounded, &[("a", "1"), ("b", "1")], &["body Deleted: at most 1 entries, not 2 entries"]);
    }

    #[test]
    fn entries_of_one_key_are_matched_in_any_order() {
        let versions = || Keyed::new("Key", vec![sized("a", "1"), sized("a", "2")]);
        check(versions(), &[("a", "2"), ("a", "1")], &[]);
        check(versions(), &[("a", "2"), ("a", "2")], &["body Deleted[Key=\"a\"].Size: 1, not 2"]);
        check(versions(), &[("a", "2")], &["body Deleted[Key=\"a\"]: an entry, not nothing"]);
        let either = Shape::Text(Matcher::OneOf(vec!["1".into(), "2".into()]));
        let either = (Value::from("a"), Shape::Fields(vec![("Size".into(), either)]));
        let one_and_either = || Keyed::new("Key", vec![either.clone(), sized("a", "1")]);
        check(one_and_either(), &[("a", "1"), ("a", "2")], &[]);
        check(one_and_either(), &[("a", "2"), ("a", "2")], &["body Deleted[Key=\"a\"].Size: 1, not 2"]);
        let (key, shape) = sized("a", "1");
        let one_or_two = || Keyed::new("Key", vec![(key.clone(), shape.clone().maybe()), (key.clone(), shape.clone())]);
        check(one_or_two(), &[("a", "1")], &[]);
        check(one_or_two(), &[("a", "1"), ("a", "1")], &[]);
    }

    #[test]
    fn an_entry_without_a_key_and_a_list_that_is_none_are_told() {
        let bare = vec![text("a"), entry("a", "1"), entry("b", "2")];
        assert_eq!(mismatches(sizes(), bare), ["body Deleted[0]: an entry with a Key, not an entry without one"]);
    }

    #[test]
    fn a_key_from_the_server_is_safe_to_show() {
        let place = ["body Deleted[Key=\"\\u{5b}\\u{1b}\\u{5d}\"]: nothing, not an entry"];
        check(Keyed::new("Key", vec![]), &[("[\u{1b}]", "1")], &place);
    }

    #[test]
    fn what_is_left_open_is_told() {
        let date = Shape::Text(Matcher::Chosen { symbol: Symbol::new("1", "date"), form: Form::Text });
        let fields = Shape::Fields(vec![("Date".into(), date), ("Owner".into(), Shape::Any("not asked".into()))]);
        let keyed = Keyed { others: Some("shared".into()), ..Keyed::new("Key", vec![("a".into(), fields)]) };
        let expectation = Expectation { body: BodyRule::Document(Shape::Keyed(keyed)), ..Expectation::status(200) };
        let open: Vec<_> =
            unconstrained(&expectation).into_iter().map(|(place, why)| format!("{place}: {why}")).collect();
        assert_eq!(open, ["body: shared", "body[Key=\"a\"].Owner: not asked"]);
    }
}
