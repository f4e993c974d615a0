//! Bugs in copies.

use bytes::Bytes;
use plumb_model::answer::Answer;
use plumb_model::call::Call;
use plumb_model::plant::Effect;

use super::answers::fail;
use super::calls::{without, without_metadata};
use super::{ACCEPTS, ActOnAnswer, ActOnCall, REFUSES, Row, SERVER_ERROR, WRONG_CONTENT};
use crate::copy_source::{Reading, read};
use crate::operations::copy_object::{COPY_SOURCE, DIRECTIVE};
use crate::operations::storing::STORED_HEADERS;

const OPERATION: &str = "CopyObject";
const CLASS: &str = "x-amz-storage-class";

/// Bugs in what the server makes of a copy.
pub(super) const ON_CALL: [Row<ActOnCall>; 6] = [
    ("copy-loses-metadata", "a copy has no metadata of its source", "GetObject", WRONG_CONTENT, loses_metadata),
    ("copy-keeps-replaced-metadata", "a copy does not replace metadata", "GetObject", WRONG_CONTENT, keeps_replaced),
    ("copy-if-match-ignored", "a copy ignores if-match on its source", OPERATION, ACCEPTS, if_match_ignored),
    ("copy-stores-class", "a copy has the storage class of its source", "GetObject", WRONG_CONTENT, stores_class),
    ("copy-source-plus-blank", "a source with an encoded plus is not found", OPERATION, REFUSES, plus_is_blank),
    ("self-copy-accepted", "an object is copied to itself as it is", OPERATION, ACCEPTS, self_copy_accepted),
];

/// Bugs in the answer to a copy.
pub(super) const ON_ANSWER: [Row<ActOnAnswer>; 1] =
    [("copy-late-error", "a copy fails after it has answered 200", OPERATION, SERVER_ERROR, late_error)];

fn loses_metadata(call: &Call, _: &[Call]) -> Effect {
    if call.operation != OPERATION || call.argument(DIRECTIVE).is_some() {
        return Effect::Honest;
    }
    let mut other = without_metadata(call).with(DIRECTIVE, "REPLACE");
    other.arguments.retain(|name, _| !STORED_HEADERS.contains(&name.as_ref()));
    Effect::Instead(other)
}

fn keeps_replaced(call: &Call, _: &[Call]) -> Effect {
    without(call, OPERATION, DIRECTIVE)
}

fn if_match_ignored(call: &Call, _: &[Call]) -> Effect {
    without(call, OPERATION, "x-amz-copy-source-if-match")
}

/// Bucket and key of what a copy is made of.
fn source(call: &Call) -> Option<(Bytes, Bytes)> {
    let text = call.bytes(COPY_SOURCE).filter(|_| call.operation == OPERATION)?;
    match read(text, true).readings.swap_remove(0) {
        Reading::Object { bucket, key, .. } => Some((bucket, key)),
        Reading::Nothing(..) => None,
    }
}

fn stores_class(call: &Call, stored: &[Call]) -> Effect {
    let Some((bucket, key)) = source(call) else { return Effect::Honest };
    let made = |own: &&Call| own.bytes("bucket") == Some(&bucket) && own.bytes("key") == Some(&key);
    match stored.iter().rev().find(made).and_then(|own| own.argument(CLASS)) {
        Some(class) if call.argument(CLASS).is_none() => Effect::Instead(call.clone().with(CLASS, class.clone())),
        _ => Effect::Honest,
    }
}

fn plus_is_blank(call: &Call, _: &[Call]) -> Effect {
    match call.bytes(COPY_SOURCE).and_then(|text| std::str::from_utf8(text).ok()) {
        Some(text) if call.operation == OPERATION && text.contains("%2B") => {
            Effect::Instead(call.clone().with(COPY_SOURCE, text.replace("%2B", "%20").as_str()))
        }
        _ => Effect::Honest,
    }
}

fn self_copy_accepted(call: &Call, _: &[Call]) -> Effect {
    let same = |(bucket, key)| call.bytes("bucket") == Some(&bucket) && call.bytes("key") == Some(&key);
    if source(call).is_some_and(same) && call.argument(CLASS).is_none() {
        return Effect::Instead(call.clone().with(CLASS, "STANDARD"));
    }
    Effect::Honest
}

fn late_error(call: &Call, answer: &mut Answer) {
    if call.operation == OPERATION && answer.is_success() {
        fail(answer, 200, "InternalError");
    }
}
