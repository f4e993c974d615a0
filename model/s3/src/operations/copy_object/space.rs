//! What may vary in a copy: the source and how it is named, the description, the conditions on either side.

use plumb_model::bodies::BodySpec;
use plumb_model::call::{Call, Need, Turn};
use plumb_model::space::{Choice, Constraint, Dimension, Hazard, Operation, Space};
use plumb_model::value::{Function, Value};
use plumb_model::wire::SECOND_ACTOR;

use super::{ALGORITHM, COPY_SOURCE, DIRECTIVE, ENCRYPTION, SOURCE, SOURCE_OWNER, TAGGING_DIRECTIVE};
use crate::names::KEY_BYTES_MAX;
use crate::operations::dimensions::{
    Sharing, bucket, bucket_choice, buckets, caller, delete, expected_owner, filled, get_probe, key, keys, list_probe,
    odd_keys, on_key, only, other_meets, put, signature,
};
use crate::operations::reading::{dates, tags};
use crate::operations::storing::{METADATA_BYTES_MAX, conditions, key_state, metadata_of, storage_class};

/// The body of the source: of the length on which AWS was recorded, and none that a set-up call stores elsewhere.
const BODY: BodySpec = BodySpec::random(3, 10);
/// The id of the set-up call that stores it.
const STORED_ID: &str = "source";

/// The operation.
pub(crate) fn operation() -> Operation {
    let mut dimensions = vec![buckets(Sharing::Shared), key_state(), sources(), names(), keys(), signature(), caller()];
    dimensions.extend(source_conditions());
    dimensions.extend([conditions(), descriptions(), tagging(), storage_class(), algorithm(), encryption()]);
    dimensions.extend([expected_owner(), source_owner()]);
    Operation {
        name: "CopyObject",
        about: "makes an object of another one",
        source: SOURCE,
        hazard: Hazard::Writes,
        space: Space { dimensions, constraints: constraints() },
        probes: vec![get_probe(), Turn::new("probe-source", on_key("GetObject", source_key())), list_probe()],
    }
}

/// The key of the source.
fn source_key() -> Value {
    Value::resource("key", "source")
}

/// `value` as it stands in the header. Slashes may stay, as the SDKs have it.
fn encoded(value: Value) -> Value {
    Value::Apply { function: Function::PercentEncoded, of: vec![value, "/".into()] }
}

/// `bucket/key`.
fn named(bucket: Value, key: Value) -> Value {
    Value::concat([bucket, "/".into(), encoded(key)])
}

/// The object that is copied.
fn sources() -> Dimension {
    let stored = |name, call: Call| {
        let source = named(bucket(), source_key());
        let choice =
            Choice { needs: bucket_choice("", Sharing::Shared).needs, ..Choice::valid(name, COPY_SOURCE, source) };
        choice.after(STORED_ID, call)
    };
    let plain = || put(source_key(), BODY);
    let described = plain()
        .with("content-type", "text/plain; charset=utf-8")
        .with("cache-control", "max-age=60, private")
        .with("x-amz-meta-colour", "deep blue");
    let other = || Value::resource("bucket", "b");
    let elsewhere = Choice::valid("in-another-bucket", COPY_SOURCE, named(other(), source_key()))
        .needs(Need::own("bucket", "b"))
        .after(STORED_ID, plain().with("bucket", other()));
    let itself = Choice {
        needs: bucket_choice("", Sharing::Shared).needs,
        ..Choice::fault("itself", COPY_SOURCE, named(bucket(), key())).after(STORED_ID, put(key(), BODY))
    };
    let theirs = Choice::fault("in-theirs", COPY_SOURCE, named(Value::resource("bucket", "theirs"), source_key()))
        .needs(Need::own("bucket", "theirs").by(SECOND_ACTOR));
    let absent_key = Value::concat([source_key(), "-absent".into()]);
    let absent_bucket = Value::resource("bucket", "absent-source");
    let bad_name = Value::concat([bucket(), "_X".into()]);
    let choices = vec![
        stored("stored", plain()),
        stored("described", described),
        stored("in-another-class", plain().with("x-amz-storage-class", "REDUCED_REDUNDANCY")),
        elsewhere,
        itself,
        Choice::fault("absent", COPY_SOURCE, named(bucket(), absent_key)),
        Choice { fault: true, ..stored("deleted", plain()).after("source-deleted", delete(source_key())) },
        Choice::fault("in-no-bucket", COPY_SOURCE, named(absent_bucket, source_key())),
        Choice::fault("in-bad-name", COPY_SOURCE, named(bad_name, source_key())),
        theirs,
    ];
    Dimension::state("source", choices)
}

/// How the source is named, and what the name is.
fn names() -> Dimension {
    let plain = || named(bucket(), source_key());
    let valid = |name, value| Choice::valid(name, COPY_SOURCE, value);
    let fault = |name, value| Choice::fault(name, COPY_SOURCE, value);
    let all_encoded = source_key().apply(Function::PercentEncoded);
    let mut choices = vec![
        Choice::absent("plain"),
        valid("leading-slash", Value::concat(["/".into(), plain()])),
        valid("encoded-slash", Value::concat([bucket(), "%2F".into(), all_encoded])),
        valid("null-version", Value::concat([plain(), "?versionId=null".into()])),
        fault("no-version", Value::concat([plain(), "?versionId=plumb".into()])),
        fault("no-slash", bucket()),
        fault("no-key", Value::concat([bucket(), "/".into()])),
        fault("empty", "".into()),
        fault("no-utf-8", Value::concat([plain(), "%FF".into()])),
        fault("too-long", named(bucket(), filled(source_key(), KEY_BYTES_MAX + 1))),
    ];
    for (name, key) in odd_keys(&source_key()) {
        choices.push(valid(name, named(bucket(), key.clone())).after("odd-source", put(key, BODY)));
    }
    // Forms that are not encoded as they must be, and a blank as forms of HTML have it.
    let bare = |name, end: &'static str, written: &'static str| {
        let text = Value::concat([plain(), written.into()]);
        valid(name, text).after("odd-source", put(Value::concat([source_key(), end.into()]), BODY))
    };
    choices.extend([
        bare("bare-space", " b", " b"),
        bare("bare-percent", "%41%", "%41%"),
        bare("bare-plus", "+b", "+b"),
        bare("bare-marks", "?b&c=d#e", "?b&c=d#e"),
        bare("space-as-plus", " b", "+b"),
    ]);
    Dimension::argument("source-name", choices)
}

/// The conditions on the source.
fn source_conditions() -> Vec<Dimension> {
    let tag = Value::Body(BODY).apply(Function::Md5).apply(Function::Hex).apply(Function::Quoted);
    let dates = |header, read, faults: &[&str]| dates(header, (read, STORED_ID, &source_key()), faults);
    vec![
        tags("x-amz-copy-source-if-match", &tag, &["wrong"]),
        dates("x-amz-copy-source-if-unmodified-since", "read-for-unmodified", &["before", "yesterday"]),
        tags("x-amz-copy-source-if-none-match", &tag, &["right"]),
        dates("x-amz-copy-source-if-modified-since", "read-for-modified", &["equal"]),
    ]
}

/// Whose headers and metadata the copy gets. Those of the call count only where they replace the others.
fn descriptions() -> Dimension {
    let given = |choice: Choice| choice.and("content-type", "image/png").and("x-amz-meta-size", "10");
    let directive = |name, value: &'static str| Choice::valid(name, DIRECTIVE, value);
    let ignored = Choice::valid("ignored", "content-type", "image/png").and("x-amz-meta-size", "10");
    let choices = vec![
        Choice::absent("none"),
        ignored,
        directive("copied", "COPY"),
        given(directive("copied-and-ignored", "COPY")),
        directive("replaced-by-none", "REPLACE"),
        given(directive("replaced", "REPLACE")).and("cache-control", "no-store"),
        directive("largest", "REPLACE").and("x-amz-meta-a", metadata_of(METADATA_BYTES_MAX)),
        Choice { fault: true, ..directive("too-large", "REPLACE") }
            .and("x-amz-meta-a", metadata_of(METADATA_BYTES_MAX + 1)),
        Choice::valid("too-large-and-ignored", "x-amz-meta-a", metadata_of(METADATA_BYTES_MAX + 1)),
        Choice::fault("unknown", DIRECTIVE, "PLUMB"),
    ];
    Dimension::argument("metadata", choices)
}

fn tagging() -> Dimension {
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("copied", TAGGING_DIRECTIVE, "COPY"),
        Choice::valid("replaced", TAGGING_DIRECTIVE, "REPLACE"),
        Choice::fault("unknown", TAGGING_DIRECTIVE, "PLUMB"),
    ];
    Dimension::argument("tagging", choices)
}

fn algorithm() -> Dimension {
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("crc32", ALGORITHM, "CRC32"),
        Choice::valid("sha256", ALGORITHM, "SHA256"),
        Choice::fault("unknown", ALGORITHM, "PLUMB"),
    ];
    Dimension::argument("checksum-algorithm", choices)
}

fn encryption() -> Dimension {
    let choices = vec![Choice::absent("none"), Choice::valid("aes256", ENCRYPTION, "AES256")];
    Dimension::argument("encryption", choices)
}

fn source_owner() -> Dimension {
    let choices = vec![Choice::absent("none"), Choice::fault("malformed", SOURCE_OWNER, "abcd")];
    Dimension::argument("source-owner", choices)
}

/// A name of its own, and a date relative to the source's, need the source that is stored under its own key.
fn constraints() -> Vec<Constraint> {
    let names = names().choices.into_iter().skip(1);
    let dates = ["x-amz-copy-source-if-unmodified-since", "x-amz-copy-source-if-modified-since"];
    let relative = dates.into_iter().flat_map(|header| {
        ["equal", "before", "after"].map(|choice| only(header, choice, "source", &["stored", "described"]))
    });
    let names = names.map(|choice| only("source-name", choice.name, "source", &["stored"]));
    names.chain(relative).chain([other_meets(&["mine"])]).collect()
}
