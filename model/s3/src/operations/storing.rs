//! What a write stores beside the bytes: headers, user metadata, a storage class; and on which conditions it does.

use std::borrow::Cow;
use std::ops::Bound;

use bytes::Bytes;
use plumb_model::bodies::{Payload, hex};
use plumb_model::call::ArgumentName;
use plumb_model::fault::{Basis, Fault};
use plumb_model::space::{Choice, Dimension};
use plumb_model::value::{Function, Value};

use super::dimensions::{DELETED_ID, STORED, STORED_ID, Sharing, bucket_choice, delete, key, put, stored_tag};
use crate::errors;
use crate::faults;
use crate::request::Request;
use crate::state::{Object, Pairs};

/// The most bytes of user metadata, names and values together. Source: S3 User Guide, `UsingMetadata`: 2 KB.
pub const METADATA_BYTES_MAX: usize = 2_048;
/// What stands in front of the names of user metadata.
pub(crate) const METADATA_PREFIX: &str = "x-amz-meta-";

/// The headers that are stored with an object and come back with it. Source: AWS S3 API Reference, `GetObject`.
pub(crate) const STORED_HEADERS: [&str; 6] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"];

/// The storage classes of general purpose buckets. Source: AWS S3 API Reference, `PutObject`.
pub(crate) const STORAGE_CLASSES: [&[u8]; 8] = [
    b"STANDARD",
    b"REDUCED_REDUNDANCY",
    b"STANDARD_IA",
    b"ONEZONE_IA",
    b"INTELLIGENT_TIERING",
    b"GLACIER",
    b"DEEP_ARCHIVE",
    b"GLACIER_IR",
];

pub(crate) fn storage_class_fault(request: &Request<'_>, faults: &mut Vec<Fault>) {
    let Some(class) = request.argument("x-amz-storage-class") else { return };
    if class == "STANDARD" {
        return;
    }
    let answer = request.refuse(errors::INVALID_STORAGE_CLASS);
    if !STORAGE_CLASSES.contains(&class.as_ref()) {
        let source = "LocalStack test_put_object_storage_class_outposts (recorded on AWS)";
        faults.push(Fault::new(faults::HEADER, answer, Basis::Recorded, source));
    } else if !request.aws {
        let source = "MinIO and others have only some of the storage classes of AWS";
        faults.push(Fault::new(faults::HEADER, answer, Basis::Implemented, source).perhaps());
    }
}

pub(crate) fn metadata_fault(request: &Request<'_>, faults: &mut Vec<Fault>) {
    let bytes: usize = metadata(request).map(|(name, value)| name.len() - METADATA_PREFIX.len() + value.len()).sum();
    if bytes > METADATA_BYTES_MAX {
        let answer = request.refuse(errors::METADATA_TOO_LARGE);
        let source = "S3 User Guide, UsingMetadata; ErrorResponses: MetadataTooLarge";
        faults.push(Fault::new(faults::METADATA, answer, Basis::Documented, source));
    }
}

/// The user's metadata.
fn metadata<'a>(request: &Request<'a>) -> impl Iterator<Item = (&'a ArgumentName, &'a Bytes)> {
    let arguments = request.call.arguments.range::<str, _>((Bound::Included(METADATA_PREFIX), Bound::Unbounded));
    arguments
        .take_while(|(name, _)| name.starts_with(METADATA_PREFIX))
        .filter_map(|(name, value)| Some((name, value.as_literal()?)))
}

/// The standard headers of the call that are stored.
pub(crate) fn given_headers(request: &Request<'_>) -> Pairs {
    let stored = |name: &&'static str| Some((Cow::Borrowed(*name), trimmed(request.argument(name)?)));
    STORED_HEADERS.iter().filter_map(stored).collect()
}

/// The user's metadata of the call, as it is stored.
pub(crate) fn given_metadata(request: &Request<'_>) -> Pairs {
    metadata(request).map(|(name, value)| (name.clone(), trimmed(value))).collect()
}

/// A header's value as it arrives: blanks around it are no part of it (RFC 9110 section 5.5).
fn trimmed(value: &Bytes) -> Bytes {
    value.slice_ref(value.trim_ascii())
}

/// The object that a write of `payload` makes, in the storage class that the call asks for, and with no checksum.
pub(crate) fn object(request: &Request<'_>, payload: Payload, headers: Pairs, metadata: Pairs) -> Object {
    let class = request.argument("x-amz-storage-class").filter(|class| *class != "STANDARD");
    Object {
        etag: [b"\"".as_slice(), &hex(&payload.md5), b"\""].concat().into(),
        payload,
        last_modified: request.seen.symbol("last-modified"),
        written: request.seen.time,
        headers,
        metadata,
        storage_class: class.cloned(),
        checksum: None,
    }
}

/// The value of `x-amz-meta-a` with which the metadata has so many bytes: the name counts as one.
pub(crate) fn metadata_of(bytes: usize) -> Value {
    Value::Apply { function: Function::PadTo, of: vec!["v".into(), Value::literal((bytes - 1).to_string())] }
}

/// Whether there is an object already, or was one.
pub(crate) fn key_state() -> Dimension {
    let stored = |name| {
        let needs = bucket_choice("", Sharing::Shared).needs;
        Choice { needs, ..Choice::absent(name) }.after(STORED_ID, put(key(), STORED))
    };
    let deleted = stored("deleted").after(DELETED_ID, delete(key()));
    Dimension::state("key-state", vec![Choice::absent("absent"), stored("present"), deleted])
}

/// Which of them holds depends on what is stored.
pub(crate) fn conditions() -> Dimension {
    let (matching, other) = ("if-match", "if-none-match");
    // A first write that is a second one, whatever else is stored.
    let again = Choice {
        needs: bucket_choice("", Sharing::Shared).needs,
        ..Choice::fault("if-none-match-star-again", other, "*").after("first", put(key(), STORED))
    };
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("if-none-match-star", other, "*"),
        again,
        Choice::valid("if-match-right", matching, stored_tag()),
        Choice::valid("if-match-right-without-quotes", matching, stored_tag().apply(Function::Unquoted)),
        Choice::fault("if-match-wrong", matching, stored_tag().apply(Function::DifferentFrom)),
        Choice::fault("if-match-star", matching, "*"),
        Choice::fault("if-none-match-tag", other, stored_tag()),
        Choice::fault("both", matching, stored_tag()).and(other, "*"),
    ];
    Dimension::argument("condition", choices)
}

pub(crate) fn storage_class() -> Dimension {
    let header = "x-amz-storage-class";
    let choices = vec![
        Choice::absent("none"),
        Choice::valid("standard", header, "STANDARD"),
        Choice::fault("unknown", header, "PLUMB"),
        Choice::fault("outposts", header, "OUTPOSTS"),
    ];
    Dimension::argument("storage-class", choices)
}
