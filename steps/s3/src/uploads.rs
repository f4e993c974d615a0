//! Files, and how they come into a bucket.

use cucumber::{given, when};
use gherkin::Step;
use plumb_model::value::{Function, Value};
use plumb_steps::{World, fail};

use crate::subject::{self, Arguments, upload, with};
use crate::table::{names, pairs};

/// The most bytes of a file that a scenario makes up.
const FILE_BYTES_MAX: u64 = 16 << 20;

#[given(expr = "the file {string} of {int} {word}")]
#[expect(clippy::needless_pass_by_value, reason = "the macro hands over what it has parsed")]
fn file_of(world: &mut World, name: String, count: u64, unit: String) {
    let bytes = size_in_bytes(count, &unit);
    let content = world.memory.random_file(&name, bytes);
    world.memory.define_file(&name, content.into());
}

/// So many bytes, KiB or MiB in bytes.
pub(crate) fn size_in_bytes(count: u64, unit: &str) -> u64 {
    let factor = match unit {
        "byte" | "bytes" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        other => fail(format!("a size is in bytes, KiB or MiB, not in {other}")),
    };
    match count.checked_mul(factor) {
        Some(bytes) if bytes <= FILE_BYTES_MAX => bytes,
        _ => fail(format!("a file of a scenario has {FILE_BYTES_MAX} bytes at most")),
    }
}

#[given(expr = "the file {string} that says {string}")]
#[expect(clippy::needless_pass_by_value, reason = "the macro hands over what it has parsed")]
fn file_that_says(world: &mut World, name: String, text: String) {
    world.memory.define_file(&name, Value::literal(text));
}

/// Uploads a file, which must work.
async fn has(world: &mut World, who: &str, file: &str, key: &str, arguments: Arguments) {
    upload(world, who, file, key, arguments).await;
    world.must_succeed();
}

#[given(expr = "{word} has uploaded {string} as {string}")]
async fn has_uploaded(world: &mut World, who: String, file: String, key: String) {
    has(world, &who, &file, &key, Arguments::new()).await;
}

#[given(expr = "{word} has uploaded {string} as {string} with the headers")]
async fn has_uploaded_with_headers(world: &mut World, who: String, file: String, key: String, step: &Step) {
    let headers = pairs(step).into_iter().map(|(name, value)| (name.to_lowercase().into(), value.as_str().into()));
    has(world, &who, &file, &key, headers.collect()).await;
}

#[given(expr = "{word} has uploaded {string} as {string} with the metadata")]
async fn has_uploaded_with_metadata(world: &mut World, who: String, file: String, key: String, step: &Step) {
    has(world, &who, &file, &key, metadata(step)).await;
}

/// The metadata in a step's table, as arguments.
pub(crate) fn metadata(step: &Step) -> Arguments {
    let argument = |(name, value): (String, String)| (metadata_header(&name).into(), value.as_str().into());
    pairs(step).into_iter().map(argument).collect()
}

/// The header of a piece of metadata.
pub(crate) fn metadata_header(name: &str) -> String {
    format!("x-amz-meta-{}", name.to_lowercase())
}

#[given(expr = "{word} has uploaded these files")]
async fn has_uploaded_these(world: &mut World, who: String, step: &Step) {
    for key in names(step) {
        has(world, &who, &key, &key, Arguments::new()).await;
    }
}

#[given(expr = "{word} has uploaded {string} as {string} with its {word}")]
async fn has_uploaded_with_checksum(world: &mut World, who: String, file: String, key: String, kind: String) {
    let checksum = crate::checksums::checksum(&kind, world.memory.file(&file));
    has(world, &who, &file, &key, vec![checksum]).await;
}

#[when(expr = "{word} uploads {string} as {string}")]
async fn uploads(world: &mut World, who: String, file: String, key: String) {
    upload(world, &who, &file, &key, Arguments::new()).await;
}

#[when(expr = "{word} uploads {string} under a name of {int} bytes")]
async fn uploads_under_a_long_name(world: &mut World, who: String, file: String, bytes: u64) {
    let label = format!("a name of {bytes} bytes");
    let (start, length) = (Value::resource("key", "long-"), Value::literal(bytes.to_string()));
    subject::describe_key(world, &label, Value::Apply { function: Function::PadTo, of: vec![start, length] });
    upload(world, &who, &file, &label, Arguments::new()).await;
}

#[when(expr = "{word} uploads {string} as {string} with {int} bytes of metadata")]
async fn uploads_with_so_much_metadata(world: &mut World, who: String, file: String, key: String, bytes: u64) {
    // The name counts, and is one byte long.
    let length = Value::literal(bytes.saturating_sub(1).to_string());
    let value = Value::Apply { function: Function::PadTo, of: vec![Value::from("v"), length] };
    upload(world, &who, &file, &key, with(metadata_header("a"), value)).await;
}

#[when(expr = "{word} uploads {string} as {string} in the storage class {string}")]
async fn uploads_in_class(world: &mut World, who: String, file: String, key: String, class: String) {
    upload(world, &who, &file, &key, with("x-amz-storage-class", class.as_str())).await;
}

#[when(expr = "{word} uploads {string} as {string} to the bucket {string}")]
async fn uploads_to_bucket(world: &mut World, who: String, file: String, key: String, bucket: String) {
    subject::speak_of_bucket(world, &bucket);
    upload(world, &who, &file, &key, Arguments::new()).await;
}
