//! Values: those that are drawn in place of a choice's own, and those that stand for others.

use plumb_model::bodies::BodySpec;
use plumb_model::value::{Symbol, Value};
use proptest::collection::vec;
use proptest::prop_oneof;
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Just, Strategy as _};

/// Lengths at which servers change their ways, in bytes.
pub(super) const BORDERS: [u64; 3] = [1 << 10, 1 << 16, 1 << 20];
/// The most bytes of a body of no particular length.
const ORDINARY_BYTES_MAX: u64 = 4_096;
/// How many bodies of one length there are: two of them must differ now and then.
const BODY_SEEDS: u64 = 4;
/// The most pieces of a hostile name.
const PIECES_MAX: usize = 3;

/// What is hard on whoever takes a name for a path, a query, XML, or text of another encoding.
const HOSTILE: [&str; 28] = [
    "/",
    "//",
    "/./",
    "/../",
    "/..",
    "\\",
    "%2F",
    "%41",
    "%",
    "%zz",
    " ",
    "  b",
    "+",
    "?",
    "&",
    "=",
    "#",
    ";",
    "<b>",
    "\"",
    "'",
    "*",
    "~",
    "\u{e9}",
    "e\u{301}",
    "\u{65e5}",
    "\u{1f600}",
    "\u{ff5e}",
];

/// One value in place of another, wherever it stands.
pub(crate) type Swap = (Value, Value);

/// What a name of the case ends with: nothing, something plain, or something hostile.
pub(super) fn endings() -> BoxedStrategy<String> {
    let hostile =
        vec(prop_oneof![2 => select(&HOSTILE[..]).prop_map(str::to_owned), 1 => "[a-z0-9]{1,3}"], 1..=PIECES_MAX);
    prop_oneof![
        2 => Just(String::new()),
        3 => "[-.][a-z0-9]{1,6}",
        3 => hostile.prop_map(|pieces| pieces.concat()),
    ]
    .boxed()
}

/// A body in place of `own`: as long, of an ordinary length, or about as long as a border.
pub(super) fn bodies(own: BodySpec) -> BoxedStrategy<BodySpec> {
    let [first, middle, last] = BORDERS;
    let around = |border: u64| border - 1..=border + 1;
    // Those of a kind are drawn from few, so that most are digested once.
    let of = move |seeds: u64, lengths: BoxedStrategy<u64>| {
        (1..=seeds, lengths).prop_map(move |(seed, length)| BodySpec { seed, length, ..own })
    };
    prop_oneof![
        8 => of(BODY_SEEDS, Just(own.length).boxed()),
        8 => of(1, (0..=ORDINARY_BYTES_MAX).boxed()),
        6 => of(BODY_SEEDS, prop_oneof![Just(0_u64), Just(1), around(first)].boxed()),
        3 => of(BODY_SEEDS, around(middle).boxed()),
        1 => of(1, around(last).boxed()),
    ]
    .boxed()
}

/// `value` with everything in it swapped that `swaps` name. The whole goes before its parts, and what was put in is
/// left alone.
pub(crate) fn swapped(value: &Value, swaps: &[Swap]) -> Value {
    if let Some((_, other)) = swaps.iter().find(|(own, _)| own == value) {
        return other.clone();
    }
    match value {
        Value::Apply { function, of } => {
            Value::Apply { function: *function, of: of.iter().map(|inner| swapped(inner, swaps)).collect() }
        }
        other => other.clone(),
    }
}

/// `value` with the symbols of calls that go by another id now; of two ids for one call the first holds.
pub(super) fn renamed(value: &Value, ids: &[(String, String)]) -> Value {
    let other = |symbol: &Symbol| match ids.iter().find(|(own, _)| own == symbol.call()) {
        None => symbol.clone(),
        Some((own, id)) => Symbol::new(id, &symbol.as_str()[own.len() + 1..]),
    };
    match value {
        Value::Symbol(symbol) => Value::Symbol(other(symbol)),
        Value::Clock { from: Some(symbol), offset_s } => {
            Value::Clock { from: Some(other(symbol)), offset_s: *offset_s }
        }
        Value::Apply { function, of } => {
            Value::Apply { function: *function, of: of.iter().map(|inner| renamed(inner, ids)).collect() }
        }
        kept => kept.clone(),
    }
}

/// Calls `visit` with every value inside of `value`, and with itself.
pub(crate) fn each_part<'v>(value: &'v Value, visit: &mut impl FnMut(&'v Value)) {
    visit(value);
    if let Value::Apply { of, .. } = value {
        for inner in of {
            each_part(inner, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_model::value::Function;

    #[test]
    fn the_whole_is_swapped_before_its_parts_and_what_was_put_in_stays() {
        let (key, long) = (Value::resource("key", "a"), Value::concat([Value::resource("key", "a"), "/b".into()]));
        let swaps = [(key.clone(), long.clone()), (long.clone(), "x".into())];
        assert_eq!(swapped(&key, &swaps), long);
        assert_eq!(swapped(&long, &swaps), "x".into());
        assert_eq!(swapped(&key.apply(Function::Md5), &swaps), long.apply(Function::Md5));
    }
}
