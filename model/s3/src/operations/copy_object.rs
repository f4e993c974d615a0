//! `CopyObject`: makes an object of another one, with its description or with a new one.
//!
//! What it may be given stands in `copy_object/space.rs`; what the header names the source by, in `copy_source.rs`.

mod space;
#[cfg(test)]
mod tests;

use plumb_model::expectation::{BodyRule, Expectation, Form, Label, Matcher, Shape};
use plumb_model::fault::{Basis, Fault, Precedence};
use plumb_model::model::{Outcome, outcomes};

use super::reading::{archived, no_such_key};
use super::storing::{given_headers, given_metadata, metadata_fault, object, storage_class_fault};
use crate::checksums::{self, Algorithm};
use crate::copy_source::{Reading, read};
use crate::errors::{self, LENGTH_CHECKED, field, xml_type};
use crate::faults;
use crate::request::{Request, documented};
use crate::state::{Object, State};
use crate::wire::{NAMESPACE, NAMESPACE_FIELD};

pub(crate) use space::operation;

const SOURCE: &str = "AWS S3 API Reference, CopyObject";
const DIRECTIVES: &str = "Ceph RGW, MinIO, versitygw: a directive is COPY or REPLACE";
const ALGORITHMS: &str = "versitygw; LocalStack (recorded on AWS for CreateMultipartUpload)";
const ABSENT: &str = "LocalStack test_s3_copy_object_src_not_exists (recorded on AWS)";
const UNCHANGED: &str = "LocalStack test_s3_copy_object_in_place* (recorded on AWS)";
const ENCRYPTIONS: &str =
    "unknown: an encryption that is none is InvalidArgument, InvalidEncryptionAlgorithmError or InvalidRequest";

/// The header that names the source.
pub(crate) const COPY_SOURCE: &str = "x-amz-copy-source";
/// The header that says whose description the copy gets.
pub(crate) const DIRECTIVE: &str = "x-amz-metadata-directive";
const TAGGING_DIRECTIVE: &str = "x-amz-tagging-directive";
const ALGORITHM: &str = "x-amz-checksum-algorithm";
const ENCRYPTION: &str = "x-amz-server-side-encryption";
const SOURCE_OWNER: &str = "x-amz-source-expected-bucket-owner";

/// What the call may answer: what any reading of its source permits.
pub(crate) fn step(request: &Request<'_>, precedence: &Precedence) -> Vec<Outcome<State>> {
    let source = read(request.argument(COPY_SOURCE).map_or(&b""[..], AsRef::as_ref), request.aws);
    let mut all: Vec<Outcome<State>> = Vec::new();
    for reading in &source.readings {
        let mut faults = own_faults(request);
        if !source.encoded {
            let why = "AWS CopyObject: the value must be URL-encoded; what one earns that is not is unknown";
            faults.push(no_source(request, Basis::Unknown, why).perhaps());
        }
        for outcome in read_as(request, reading, faults, precedence) {
            if !all.iter().any(|own| own.expectation == outcome.expectation && own.state == outcome.state) {
                all.push(outcome);
            }
        }
    }
    all
}

/// The faults that have nothing to do with the source.
fn own_faults(request: &Request<'_>) -> Vec<Fault> {
    let mut faults = request.common_faults();
    request.key_faults(&mut faults);
    storage_class_fault(request, &mut faults);
    directive_faults(request, &mut faults);
    algorithm_fault(request, &mut faults);
    encryption_fault(request, &mut faults);
    request.owner_fault(SOURCE_OWNER, &mut faults);
    request.write_conditions(&mut faults);
    faults
}

/// Directives that are none; and more metadata than allowed, which counts where it is stored.
fn directive_faults(request: &Request<'_>, faults: &mut Vec<Fault>) {
    for header in [DIRECTIVE, TAGGING_DIRECTIVE] {
        if request.argument(header).is_some_and(|directive| directive != "COPY" && directive != "REPLACE") {
            let answer = request.refuse(errors::INVALID_ARGUMENT);
            faults.push(Fault::new(faults::HEADER, answer, Basis::Implemented, DIRECTIVES));
        }
    }
    let mut too_large = Vec::new();
    metadata_fault(request, &mut too_large);
    faults.extend(too_large.into_iter().map(|fault| if replaces(request) { fault } else { fault.perhaps() }));
}

/// The checksum that the copy is to be stored with. Source: AWS S3 API Reference, `CopyObject`: without one it is that
/// of the source.
fn checksum_asked_for(request: &Request<'_>) -> Option<&'static Algorithm> {
    Algorithm::named(request.argument(ALGORITHM)?)
}

fn algorithm_fault(request: &Request<'_>, faults: &mut Vec<Fault>) {
    if request.argument(ALGORITHM).is_some() && checksum_asked_for(request).is_none() {
        let answer = request.refuse(errors::INVALID_REQUEST);
        faults.push(Fault::new(faults::HEADER, answer, Basis::Implemented, ALGORITHMS));
    }
}

/// An encryption that is none, or that the server does not have: only AWS is known to have that of its own keys.
fn encryption_fault(request: &Request<'_>, faults: &mut Vec<Fault>) {
    let Some(encryption) = request.argument(ENCRYPTION) else { return };
    let fault = match (encryption == "AES256", request.aws) {
        (true, true) => return,
        (true, false) => {
            let source = "MinIO without a key server has none: NotImplemented";
            Fault::new(faults::HEADER, request.refuse(errors::NOT_IMPLEMENTED), Basis::Implemented, source)
        }
        (false, _) => {
            let others = [errors::INVALID_ENCRYPTION_ALGORITHM, errors::INVALID_REQUEST, errors::NOT_IMPLEMENTED];
            let first = request.refuse(errors::INVALID_ARGUMENT);
            let fault = Fault::new(faults::HEADER, first, Basis::Unknown, ENCRYPTIONS);
            others.into_iter().fold(fault, |fault, other| fault.or(request.refuse(other)))
        }
    };
    faults.push(fault.perhaps());
}

fn replaces(request: &Request<'_>) -> bool {
    request.argument(DIRECTIVE).is_some_and(|directive| directive == "REPLACE")
}

/// A source that cannot be one. The value is told as the name of the header (recorded on AWS).
fn no_source(request: &Request<'_>, basis: Basis, source: &'static str) -> Fault {
    let fields = || ["ArgumentName", "ArgumentValue"].map(|name| field(name, COPY_SOURCE.as_bytes())).into();
    Fault::new(faults::HEADER, request.refuse_with(errors::INVALID_ARGUMENT, fields), basis, source)
}

/// What the call may answer where the source is read so.
fn read_as(
    request: &Request<'_>,
    reading: &Reading,
    mut faults: Vec<Fault>,
    precedence: &Precedence,
) -> Vec<Outcome<State>> {
    match reading {
        Reading::Nothing(basis, source) => {
            faults.push(no_source(request, *basis, source));
            outcomes(&faults, precedence, Vec::new)
        }
        Reading::Object { bucket, key, version } => {
            if key.is_empty() {
                let why = "unknown: Ceph RGW, MinIO, versitygw refuse a source without a key, LocalStack looks for it";
                faults.push(no_source(request, Basis::Unknown, why).perhaps());
            }
            let from = request.about(bucket.clone(), key.clone());
            source_faults(&from, version.as_deref(), &mut faults);
            unchanged_fault(request, &from, &mut faults);
            outcomes(&faults, precedence, || {
                let told = version.as_ref().map_or(Matcher::Absent, |version| Matcher::is(version.clone()).maybe());
                let mut outcome = made(request, &from);
                outcome.expectation = outcome.expectation.header("x-amz-copy-source-version-id", told);
                vec![outcome]
            })
        }
    }
}

/// What is wrong with the source; `from` is the call as one on it.
fn source_faults(from: &Request<'_>, version: Option<&[u8]>, faults: &mut Vec<Fault>) {
    if from.is_foreign_bucket() && from.caller_fault().is_none() {
        faults.push(from.access_denied("AWS S3 API Reference, CopyObject: one must have the right to read the source"));
    }
    name_faults(from, faults);
    if from.bucket.is_none() {
        faults.push(Fault { class: faults::SOURCE_BUCKET, source: ABSENT, ..from.no_such_bucket() });
        return;
    }
    if let Some(version) = version.filter(|version| *version != b"null") {
        let source =
            "unrecorded: on a bucket without versions InvalidArgument (as for GetObject), or NoSuchVersion (MinIO)";
        let fault = Fault::new(faults::HEADER, from.refuse(errors::INVALID_ARGUMENT), Basis::Unknown, source);
        let fault = fault.or(from.refuse(errors::NO_SUCH_VERSION));
        faults.push(if version.is_empty() { fault.perhaps() } else { fault });
    }
    let Some(object) = from.object() else {
        let absent = Fault { class: faults::SOURCE_KEY, ..no_such_key(from) };
        let told = version.map(|_| from.refuse(errors::NO_SUCH_VERSION));
        faults.push(told.into_iter().fold(absent, Fault::or));
        from.obscure_source_conditions(faults);
        return;
    };
    let mut cold = Vec::new();
    archived(from, object, &mut cold);
    let cold = cold.into_iter().map(|fault| Fault { class: faults::SOURCE_CONDITION, ..fault });
    faults.extend(cold.map(|fault| fault.or(from.refuse(errors::NOT_ACTIVE_TIER))));
    from.source_conditions(object, faults);
}

/// Names that no bucket and no object can have, which may be noticed or just not be found.
fn name_faults(from: &Request<'_>, faults: &mut Vec<Fault>) {
    let (mut buckets, mut keys) = (Vec::new(), Vec::new());
    from.name_fault(&mut buckets, false);
    from.key_faults(&mut keys);
    // versitygw: InvalidArgument for the bucket of a source.
    let buckets = buckets.into_iter().map(|fault| fault.or(from.refuse(errors::INVALID_ARGUMENT)));
    faults.extend(buckets.chain(keys).map(Fault::perhaps));
}

/// An object that would be copied to itself as it is. What is asked for counts as a change even where it was so
/// before: a description to replace the old one, a storage class, an encryption.
fn unchanged_fault(request: &Request<'_>, from: &Request<'_>, faults: &mut Vec<Fault>) {
    let given = |name: &&str| request.argument(name).is_some();
    let changed = replaces(request) || ["x-amz-storage-class", ENCRYPTION].iter().any(given);
    if !changed && request.bucket_name == from.bucket_name && request.key == from.key {
        let answer = request.refuse(errors::INVALID_REQUEST);
        let fault = Fault::new(faults::OBJECT_STATE, answer, Basis::Recorded, UNCHANGED);
        faults.push(if from.is_foreign_key() { fault.perhaps() } else { fault });
    }
}

fn made(request: &Request<'_>, from: &Request<'_>) -> Outcome<State> {
    if request.argument(ENCRYPTION).is_some_and(|encryption| encryption != "AES256") {
        return obscure(request, "in another encryption the entity tag is not the MD5 of the bytes");
    }
    match from.object() {
        Some(object) => copied(request, object),
        None => obscure(request, "the source lies outside of this case's part of a shared bucket"),
    }
}

/// The copy. Its bytes are those of the source, and so are its headers and metadata unless they are replaced; the
/// storage class is not copied.
///
/// Source: AWS S3 API Reference, `CopyObject`; `LocalStack` `test_s3_copy_metadata_replace`,
/// `test_s3_copy_content_type_and_metadata`, `test_s3_copy_object_storage_class` (recorded on AWS).
fn copied(request: &Request<'_>, source: &Object) -> Outcome<State> {
    let (headers, metadata) = if replaces(request) {
        (given_headers(request), given_metadata(request))
    } else {
        (source.headers.clone(), source.metadata.clone())
    };
    let checksum = checksum_asked_for(request).map(|algorithm| algorithm.name).or(source.checksum);
    let object = Object { checksum, ..object(request, source.payload, headers, metadata) };
    let modified = Matcher::Chosen { symbol: object.last_modified.clone(), form: Form::IsoDate(Some(object.written)) };
    let mut fields =
        vec![("ETag".into(), Shape::is(object.etag.clone())), ("LastModified".into(), Shape::Text(modified))];
    fields.extend(checksums::told_of_copy(request, &object));
    let state = request.with_bucket(|bucket| bucket.put(request.key.clone(), object));
    documented(result(request, fields), SOURCE).leaving(state)
}

/// A copy of which no more is known than that it was made.
fn obscure(request: &Request<'_>, why: &'static str) -> Outcome<State> {
    let fields = vec![
        ("ETag".into(), Shape::Text(Matcher::Like(Form::EntityTag))),
        ("LastModified".into(), Shape::Text(Matcher::Like(Form::IsoDate(Some(request.seen.time))))),
    ];
    let state = request.with_bucket(|bucket| bucket.put_obscure(request.key.clone()));
    Outcome::new(result(request, fields), Basis::Unknown, why).leaving(state)
}

/// The answer that tells a copy.
fn result(request: &Request<'_>, mut fields: Vec<(Label, Shape)>) -> Expectation {
    fields.push((NAMESPACE_FIELD.into(), Shape::is(NAMESPACE).maybe()));
    let mut answer = request
        .answer(200)
        .header("content-type", xml_type(request.aws))
        .header("content-length", LENGTH_CHECKED)
        .header("x-amz-version-id", Matcher::Absent);
    if request.aws {
        // S3 User Guide, default encryption: every new object is encrypted by SSE-S3, and the answer says so.
        let asked = request.argument(ENCRYPTION).cloned();
        answer = answer.header(ENCRYPTION, Matcher::is(asked.unwrap_or_else(|| "AES256".into())));
    }
    answer.body = BodyRule::Document(Shape::Fields(fields));
    answer
}
