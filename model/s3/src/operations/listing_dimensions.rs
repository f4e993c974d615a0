//! What varies in both versions of a bucket's listing: the keys that it meets, and the parameters.

use plumb_model::bodies::BodySpec;
use plumb_model::space::{Choice, Dimension};

use super::dimensions::{Sharing, bucket_choice, put};

/// What a listing meets, in the order of the keys' bytes. The last two change places where a server sorts by
/// UTF-16; two keys roll up under a slash.
pub(crate) const KEYS: [(&str, &str); 8] = [
    ("stored-1", "a/1"),
    ("stored-2", "a/2"),
    ("stored-3", "a0"),
    ("stored-4", "b c+d%20&<e>"),
    ("stored-5", "d/1"),
    ("stored-6", "\u{fc}"),
    ("stored-7", "\u{ff5e}"),
    ("stored-8", "\u{1f600}"),
];
/// Keys that XML 1.0 cannot carry. A key may hold them: S3 User Guide, object-keys, "Characters that might require
/// special handling".
pub(crate) const CONTROL_KEYS: [(&str, &str); 3] =
    [("stored-1", "c\u{1}/1"), ("stored-2", "c\u{1}/2"), ("stored-3", "c\u{1f}")];
/// The choices of objects under which a page can go on in another.
pub(crate) const SOME_OBJECTS: &[&str] = &["several", "control-characters"];

/// The keys in the bucket.
pub(crate) fn keys() -> Dimension {
    let holding = |name, keys: &[(&'static str, &str)]| {
        let empty = Choice { needs: bucket_choice("", Sharing::Own).needs, ..Choice::absent(name) };
        let stored = keys.iter().zip(1_u64..);
        stored.fold(empty, |choice, ((id, key), length)| {
            choice.after(id, put((*key).into(), BodySpec::random(3, length)))
        })
    };
    let choices = vec![holding("several", &KEYS), Choice::absent("none"), holding("control-characters", &CONTROL_KEYS)];
    Dimension::state("objects", choices)
}

/// A parameter that may be any of `values`, or not be there.
pub(crate) fn parameter(name: &'static str, values: &[(&'static str, &str)]) -> Dimension {
    let mut choices = vec![Choice::absent("absent")];
    choices.extend(values.iter().map(|(choice, value)| Choice::valid(choice, name, *value)));
    Dimension::argument(name, choices)
}

/// What keys start with.
pub(crate) fn prefixes() -> Dimension {
    let values = [
        ("some", "a/"),
        ("one", "a0"),
        ("none-such", "zz"),
        ("empty", ""),
        ("marks", "b c+d%20&<e>"),
        ("multi-byte", "\u{1f600}"),
        ("control-character", "c\u{1}"),
    ];
    parameter("prefix", &values)
}

/// What rolls keys up.
pub(crate) fn delimiters() -> Dimension {
    let values = [
        ("slash", "/"),
        ("none-such", "|"),
        ("longer", "/1"),
        ("empty", ""),
        ("multi-byte", "\u{ff5e}"),
        ("control-character", "\u{1}"),
    ];
    parameter("delimiter", &values)
}

/// How many entries, at the edges of every type that a server may read it into.
pub(crate) fn sizes() -> Dimension {
    let name = "max-keys";
    let values = [
        ("one", "1"),
        ("two", "2"),
        ("zero", "0"),
        ("largest", "1000"),
        ("too-large", "1001"),
        ("32-bits", "2147483647"),
        ("33-bits", "2147483648"),
        ("empty", ""),
    ];
    let mut dimension = parameter(name, &values);
    dimension.choices.push(Choice::fault("negative", name, "-1"));
    dimension.choices.push(Choice::fault("no-number", name, "x"));
    dimension.choices.push(Choice::fault("fraction", name, "1.0"));
    dimension
}

/// How keys are written.
pub(crate) fn encodings() -> Dimension {
    let name = "encoding-type";
    let mut dimension = parameter(name, &[("url", "url")]);
    dimension.choices.push(Choice::fault("unknown", name, "base64"));
    dimension.choices.push(Choice::fault("empty", name, ""));
    dimension
}
