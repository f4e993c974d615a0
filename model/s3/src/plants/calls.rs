//! Bugs in what the server makes of a call.

use plumb_model::call::Call;
use plumb_model::plant::Effect;
use plumb_model::value::Value;

use crate::names::KEY_BYTES_MAX;
use crate::operations::storing::{METADATA_BYTES_MAX, METADATA_PREFIX, STORAGE_CLASSES};

const STORAGE_CLASS: &str = "x-amz-storage-class";

/// The call without an argument, where it is of this operation and has it.
pub(super) fn without(call: &Call, operation: &str, argument: &str) -> Effect {
    if call.operation != operation || call.argument(argument).is_none() {
        return Effect::Honest;
    }
    let mut other = call.clone();
    other.arguments.remove(argument);
    Effect::Instead(other)
}

/// Whether an earlier call wrote the object that `call` is about.
fn writes_before(call: &Call, stored: &[Call]) -> usize {
    let same = |earlier: &&Call| {
        earlier.operation == "PutObject"
            && earlier.argument("bucket") == call.argument("bucket")
            && earlier.argument("key") == call.argument("key")
    };
    stored.iter().filter(same).count()
}

pub(super) fn if_match_ignored(call: &Call, _: &[Call]) -> Effect {
    without(call, "GetObject", "if-match")
}

pub(super) fn md5_unchecked(call: &Call, _: &[Call]) -> Effect {
    without(call, "PutObject", "content-md5")
}

pub(super) fn crc32c_unchecked(call: &Call, _: &[Call]) -> Effect {
    without(call, "PutObject", "x-amz-checksum-crc32c")
}

pub(super) fn second_first_write(call: &Call, _: &[Call]) -> Effect {
    match call.bytes("if-none-match") {
        Some(wanted) if wanted == "*" => without(call, "PutObject", "if-none-match"),
        _ => Effect::Honest,
    }
}

pub(super) fn signature_unchecked(call: &Call, _: &[Call]) -> Effect {
    match call.bytes("signature") {
        Some(quality) if quality == "wrong-secret" => without(call, "GetObject", "signature"),
        _ => Effect::Honest,
    }
}

pub(super) fn token_ignored(call: &Call, _: &[Call]) -> Effect {
    without(call, "ListObjectsV2", "continuation-token")
}

pub(super) fn longer_suffix(call: &Call, _: &[Call]) -> Effect {
    let range = call.bytes("range").and_then(|range| std::str::from_utf8(range).ok());
    let length =
        range.and_then(|range| range.strip_prefix("bytes=-")?.parse::<u32>().ok()).filter(|length| *length > 0);
    match length {
        Some(length) if call.operation == "GetObject" => {
            let range = format!("bytes=-{}", u64::from(length) + 1);
            Effect::Instead(call.clone().with("range", range.as_str()))
        }
        _ => Effect::Honest,
    }
}

pub(super) fn others_may_read(call: &Call, _: &[Call]) -> Effect {
    if call.operation == "GetObject" { Effect::AsFirst } else { Effect::Honest }
}

pub(super) fn stale_read(call: &Call, stored: &[Call]) -> Effect {
    if call.operation == "GetObject" && writes_before(call, stored) > 1 { Effect::Stale } else { Effect::Honest }
}

pub(super) fn lost_overwrite(call: &Call, stored: &[Call]) -> Effect {
    if call.operation == "PutObject" && writes_before(call, stored) > 0 { Effect::Forget } else { Effect::Honest }
}

/// What is listed is what was there before the last change, where that was one of these operations.
fn lists_what_was(call: &Call, stored: &[Call], listing: &str, deletions: &[&str]) -> Effect {
    let reads = |call: &&Call| ["Get", "Head", "List"].iter().any(|start| call.operation.starts_with(start));
    let last = stored.iter().rev().find(|call| !reads(call));
    let is_deletion = last.is_some_and(|last| deletions.iter().any(|own| last.operation == *own));
    if call.operation == listing && is_deletion { Effect::Stale } else { Effect::Honest }
}

pub(super) fn bucket_stays_listed(call: &Call, stored: &[Call]) -> Effect {
    lists_what_was(call, stored, "ListBuckets", &["DeleteBucket"])
}

pub(super) fn key_stays_listed(call: &Call, stored: &[Call]) -> Effect {
    lists_what_was(call, stored, "ListObjectsV2", &["DeleteObject", "DeleteObjects"])
}

pub(super) fn quiet_ignored(call: &Call, _: &[Call]) -> Effect {
    without(call, "DeleteObjects", "quiet")
}

/// As if a version had been asked for that no object has.
pub(super) fn missing_key_is_an_error(call: &Call, stored: &[Call]) -> Effect {
    let is_stored = |key: &bytes::Bytes| {
        let same = |earlier: &Call| earlier.argument("bucket") == call.argument("bucket");
        stored
            .iter()
            .any(|earlier| earlier.operation == "PutObject" && same(earlier) && earlier.bytes("key") == Some(key))
    };
    let missing = super::batches::keys(call).into_iter().filter(|(_, key)| !is_stored(key));
    let other = missing.fold(call.clone(), |other, (number, _)| other.with(format!("version-id.{number}"), "plumb"));
    if other == *call { Effect::Honest } else { Effect::Instead(other) }
}

pub(super) fn bucket_prefix_ignored(call: &Call, _: &[Call]) -> Effect {
    without(call, "ListBuckets", "prefix")
}

pub(super) fn lost_delete(call: &Call, _: &[Call]) -> Effect {
    if call.operation == "DeleteObject" { Effect::Forget } else { Effect::Honest }
}

/// The call without its metadata.
pub(super) fn without_metadata(call: &Call) -> Call {
    let mut other = call.clone();
    other.arguments.retain(|name, _| !name.starts_with(METADATA_PREFIX));
    other
}

pub(super) fn metadata_lost(call: &Call, _: &[Call]) -> Effect {
    let other = without_metadata(call);
    if call.operation == "PutObject" && other != *call { Effect::Instead(other) } else { Effect::Honest }
}

pub(super) fn metadata_unbounded(call: &Call, _: &[Call]) -> Effect {
    let size: usize = call
        .arguments
        .iter()
        .filter(|(name, _)| name.starts_with(METADATA_PREFIX))
        .map(|(name, value)| name.len() - METADATA_PREFIX.len() + value.as_literal().map_or(0, bytes::Bytes::len))
        .sum();
    let too_large = call.operation == "PutObject" && size > crate::METADATA_BYTES_MAX;
    if too_large { Effect::Instead(without_metadata(call)) } else { Effect::Honest }
}

pub(super) fn plus_is_blank(call: &Call, _: &[Call]) -> Effect {
    match call.bytes("key") {
        Some(key) if call.operation == "PutObject" && key.contains(&b'+') => {
            let blank: Vec<u8> = key.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
            Effect::Instead(call.clone().with("key", Value::literal(blank)))
        }
        _ => Effect::Honest,
    }
}

pub(super) fn version_ignored(call: &Call, _: &[Call]) -> Effect {
    without(call, "GetObject", "versionId")
}

pub(super) fn part_ignored(call: &Call, _: &[Call]) -> Effect {
    without(call, "HeadObject", "partNumber")
}

pub(super) fn override_ignored(call: &Call, _: &[Call]) -> Effect {
    let mut other = call.clone();
    other.arguments.retain(|name, _| !name.starts_with("response-"));
    if call.operation == "GetObject" && other != *call { Effect::Instead(other) } else { Effect::Honest }
}

/// A key that is too long wins over too much metadata, that over an unknown storage class, and that over the key.
pub(super) fn winners_in_a_circle(call: &Call, _: &[Call]) -> Effect {
    let is_longer = |name, most| call.bytes(name).is_some_and(|value| value.len() > most);
    let long_key = is_longer("key", KEY_BYTES_MAX);
    // The name counts as one byte.
    let much_metadata = is_longer("x-amz-meta-a", METADATA_BYTES_MAX - 1);
    let unknown_class = call.bytes(STORAGE_CLASS).is_some_and(|class| !STORAGE_CLASSES.contains(&class.as_ref()));
    match (long_key, much_metadata, unknown_class) {
        (true, true, false) => without(call, "PutObject", "x-amz-meta-a"),
        (false, true, true) => without(call, "PutObject", STORAGE_CLASS),
        (true, false, true) if call.operation == "PutObject" => Effect::Instead(call.clone().with("key", "k")),
        _ => Effect::Honest,
    }
}
