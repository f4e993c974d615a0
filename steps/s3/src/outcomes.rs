//! How a call went: it succeeds, or it is refused as something that S3 has a word for.

use cucumber::then;
use plumb_model::expectation::Expectation;
use plumb_steps::{World, fail};

use crate::subject::answered;

/// What a call is called in a sentence, and the status with which it succeeds.
const DEEDS: [(&str, &[&str], u16); 7] = [
    ("upload", &["PutObject"], 200),
    ("copy", &["CopyObject"], 200),
    ("deletion", &["DeleteObject", "DeleteBucket"], 204),
    ("batch", &["DeleteObjects"], 200),
    ("creation", &["CreateBucket"], 200),
    ("check", &["HeadBucket", "HeadObject"], 200),
    ("lookup", &["GetBucketLocation"], 200),
];

/// The errors a customer may meet. Source: AWS S3 API Reference, `ErrorResponses`.
const REFUSALS: [(&str, u16); 22] = [
    ("AccessDenied", 403),
    ("BadDigest", 400),
    ("BucketAlreadyExists", 409),
    ("BucketNotEmpty", 409),
    ("InvalidAccessKeyId", 403),
    ("InvalidArgument", 400),
    ("InvalidBucketName", 400),
    ("InvalidDigest", 400),
    ("InvalidRange", 416),
    ("InvalidRequest", 400),
    ("InvalidStorageClass", 400),
    ("KeyTooLongError", 400),
    ("MalformedXML", 400),
    ("MetadataTooLarge", 400),
    ("NoSuchBucket", 404),
    ("NoSuchKey", 404),
    ("NoSuchVersion", 404),
    ("NotImplemented", 501),
    ("PreconditionFailed", 412),
    ("RequestTimeTooSkewed", 403),
    ("SignatureDoesNotMatch", 403),
    ("XAmzContentSHA256Mismatch", 400),
];

#[then(expr = "the {word} succeeds")]
async fn succeeds(world: &mut World, deed: String) {
    let operation = world.last_turn().call.operation;
    let known = DEEDS.iter().find(|(word, operations, _)| *word == deed && operations.contains(&operation.as_ref()));
    let Some((.., status)) = known else { fail(format!("the last call was no {deed} but {operation}")) };
    world.expect(answered(*status)).await;
}

#[then(expr = "it is refused as {string}")]
async fn is_refused(world: &mut World, code: String) {
    let Some((code, status)) = REFUSALS.iter().find(|(known, _)| *known == code) else {
        let known = REFUSALS.map(|(known, _)| known).join(", ");
        fail(format!("{code} is no refusal known here; known: {known}"))
    };
    // An answer to HEAD has no body, and so no code.
    let is_head = world.last_turn().call.operation.starts_with("Head");
    let code = (!is_head).then(|| (*code).into());
    world.expect(Expectation { code, ..answered(*status) }).await;
}
