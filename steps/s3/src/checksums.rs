//! Checksums, sent with a file and told with it.

use cucumber::{then, when};
use plumb_model::call::ArgumentName;
use plumb_model::expectation::Matcher;
use plumb_model::value::{Function, Value};
use plumb_steps::{World, fail};

use crate::reading::read_it;
use crate::subject::{Arguments, etag, upload, with};

/// Each checksum by its name: the header that tells it, and the digest.
const KINDS: [(&str, &str, Function); 6] = [
    ("MD5", "content-md5", Function::Md5),
    ("CRC32", "x-amz-checksum-crc32", Function::Crc32),
    ("CRC32C", "x-amz-checksum-crc32c", Function::Crc32c),
    ("CRC64NVME", "x-amz-checksum-crc64nvme", Function::Crc64Nvme),
    ("SHA1", "x-amz-checksum-sha1", Function::Sha1),
    ("SHA256", "x-amz-checksum-sha256", Function::Sha256),
];

fn kind(name: &str) -> (&'static str, Function) {
    match KINDS.into_iter().find(|(known, ..)| *known == name) {
        Some((_, header, digest)) => (header, digest),
        None => fail(format!("{name} is no checksum known here; known: {}", KINDS.map(|(known, ..)| known).join(", "))),
    }
}

/// The header with the checksum of `content`.
pub(crate) fn checksum(name: &str, content: Value) -> (ArgumentName, Value) {
    let (header, digest) = kind(name);
    (header.into(), content.apply(digest).apply(Function::Base64))
}

#[when(expr = "{word} uploads {string} as {string} with its {word}")]
async fn uploads_with_its(world: &mut World, who: String, file: String, key: String, kind: String) {
    let checksum = checksum(&kind, world.memory.file(&file));
    upload(world, &who, &file, &key, vec![checksum]).await;
}

#[when(expr = "{word} uploads {string} as {string} with the {word} of {string}")]
async fn uploads_with_that_of(world: &mut World, who: String, file: String, key: String, kind: String, other: String) {
    let checksum = checksum(&kind, world.memory.file(&other));
    upload(world, &who, &file, &key, vec![checksum]).await;
}

#[when(expr = "{word} uploads {string} as {string} with {string} for its {word}")]
async fn uploads_with_text_for(world: &mut World, who: String, file: String, key: String, text: String, name: String) {
    let (header, _) = kind(&name);
    upload(world, &who, &file, &key, with(header, text.as_str())).await;
}

#[when(expr = "{word} uploads {string} as {string}, and it changes on the way")]
async fn uploads_and_it_changes(world: &mut World, who: String, file: String, key: String) {
    upload(world, &who, &file, &key, with("signature", "other-body")).await;
}

/// What asks for the checksum.
fn mode() -> Arguments {
    with("x-amz-checksum-mode", "ENABLED")
}

#[when(expr = "{word} reads it with its checksum")]
async fn reads_with_checksum(world: &mut World, who: String) {
    read_it(world, &who, mode()).await;
}

#[when(expr = "{word} reads bytes {int} to {int} of it with its checksum")]
async fn reads_bytes_with_checksum(world: &mut World, who: String, first: u64, last: u64) {
    let mut arguments = mode();
    arguments.extend(with("range", format!("bytes={first}-{last}").as_str()));
    read_it(world, &who, arguments).await;
}

#[then(expr = "it comes with the {word} of {string}")]
async fn comes_with_checksum(world: &mut World, name: String, file: String) {
    let (header, value) = checksum(&name, world.memory.file(&file));
    let expected = world.as_answered().header(header, Matcher::Is(value));
    world.expect(expected).await;
}

#[then(expr = "its ETag is that of {string}")]
async fn etag_is(world: &mut World, file: String) {
    let tag = etag(world.memory.file(&file));
    let expected = world.as_answered().header("etag", Matcher::Is(tag));
    world.expect(expected).await;
}
