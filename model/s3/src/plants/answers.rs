//! Bugs in the answer on its way out.

use bytes::Bytes;
use plumb_model::answer::{Answer, Document};
use plumb_model::call::Call;

use crate::checksums::MODE;
use crate::operations::storing::METADATA_PREFIX;
use crate::wire::TEXT_FIELD;

/// The field `name` of an answer's document.
pub(super) fn field<'a>(answer: &'a mut Answer, name: &str) -> Option<&'a mut Document> {
    match &mut answer.document {
        Some(Document::Fields(fields)) => fields.iter_mut().find(|(own, _)| own == name).map(|(_, document)| document),
        _ => None,
    }
}

/// The list `name` of an answer's document.
pub(super) fn list<'a>(answer: &'a mut Answer, name: &str) -> Option<&'a mut Vec<Document>> {
    match field(answer, name) {
        Some(Document::List(entries)) => Some(entries),
        _ => None,
    }
}

/// Moves the number in `KeyCount`.
pub(super) fn recount(answer: &mut Answer, by: i64) {
    if let Some(Document::Text(text)) = field(answer, "KeyCount")
        && let Ok(count) = text.parse::<i64>()
    {
        *text = (count + by).to_string();
    }
}

/// Makes an answer an error.
pub(super) fn fail(answer: &mut Answer, status: u16, code: &str) {
    let text = |text: &str| Document::Text(text.to_owned());
    answer.status = status;
    answer.code = Some(code.to_owned());
    answer.body = Bytes::new();
    answer.document = Some(Document::Fields(vec![
        ("Code".to_owned(), text(code)),
        ("Message".to_owned(), text("planted")),
        ("RequestId".to_owned(), text("planted")),
        ("HostId".to_owned(), text("planted")),
    ]));
    answer.headers.set("content-type", "application/xml");
}

pub(super) fn range_ends_early(_: &Call, answer: &mut Answer) {
    if answer.status == 206 && !answer.body.is_empty() {
        answer.body.truncate(answer.body.len() - 1);
        answer.headers.set("content-length", answer.body.len().to_string());
    }
}

/// First byte, last byte and total of a `content-range`.
fn content_range(answer: &Answer) -> Option<(u64, u64, u64)> {
    let (range, total) = answer.headers.text("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, total.parse().ok()?))
}

pub(super) fn range_total(_: &Call, answer: &mut Answer) {
    if let Some((first, last, total)) = content_range(answer) {
        answer.headers.set("content-range", format!("bytes {first}-{last}/{}", total + 1));
    }
}

pub(super) fn bare_not_modified(_: &Call, answer: &mut Answer) {
    if answer.status == 304 {
        answer.headers.remove("etag");
    }
}

pub(super) fn bare_tag(call: &Call, answer: &mut Answer) {
    if call.operation == "GetObject"
        && let Some(tag) = answer.headers.get("etag").cloned()
    {
        let bare: Vec<u8> = tag.iter().copied().filter(|byte| *byte != b'"').collect();
        answer.headers.set("etag", bare);
    }
}

pub(super) fn location_elsewhere(call: &Call, answer: &mut Answer) {
    if let ("GetBucketLocation", Some(Document::Text(text))) = (call.operation.as_ref(), field(answer, TEXT_FIELD)) {
        "ap-southeast-2".clone_into(text);
    }
}

/// The CRC-32 of no bytes.
const NOTHING_CRC32: &str = "AAAAAA==";

pub(super) fn checksum_of_another(call: &Call, answer: &mut Answer) {
    if call.operation == "PutObject" && answer.headers.get("x-amz-checksum-crc32").is_some() {
        answer.headers.set("x-amz-checksum-crc32", NOTHING_CRC32);
    }
}

pub(super) fn checksum_with_part(call: &Call, answer: &mut Answer) {
    if answer.status == 206 && call.argument(MODE).is_some() {
        answer.headers.set("x-amz-checksum-crc32", NOTHING_CRC32);
    }
}

pub(super) fn page_skips(_: &Call, answer: &mut Answer) {
    let truncated = answer.document.as_ref().is_some_and(|document| document.text("IsTruncated") == Some("true"));
    if truncated && list(answer, "Contents").and_then(Vec::pop).is_some() {
        recount(answer, -1);
    }
}

pub(super) fn own_bucket_hidden(_: &Call, answer: &mut Answer) {
    if let Some(Document::Fields(fields)) = field(answer, "Buckets") {
        for (_, buckets) in fields {
            if let Document::List(buckets) = buckets {
                buckets.pop();
            }
        }
    }
}

pub(super) fn utf16_order(_: &Call, answer: &mut Answer) {
    if let Some(entries) = list(answer, "Contents") {
        entries.sort_by_cached_key(|entry| entry.text("Key").map(|key| key.encode_utf16().collect::<Vec<_>>()));
    }
}

pub(super) fn prefix_twice(_: &Call, answer: &mut Answer) {
    if list(answer, "CommonPrefixes").is_some_and(|entries| !entries.is_empty()) {
        recount(answer, 1);
    }
}

pub(super) fn full_bucket_deleted(_: &Call, answer: &mut Answer) {
    if answer.code.as_deref() == Some("BucketNotEmpty") {
        answer.status = 204;
        answer.code = None;
        answer.document = None;
        answer.headers.remove("content-type");
    }
}

pub(super) fn suffix_crash(call: &Call, answer: &mut Answer) {
    let range = call.bytes("range").and_then(|range| std::str::from_utf8(range).ok());
    let length = range.and_then(|range| range.strip_prefix("bytes=-")?.parse::<u64>().ok());
    if let (Some(length), Some((0, _, total))) = (length, content_range(answer))
        && length > total
    {
        answer.headers.remove("content-range");
        fail(answer, 500, "InternalError");
    }
}

pub(super) fn quotes_demanded(call: &Call, answer: &mut Answer) {
    let bare = call.bytes("if-match").is_some_and(|tag| !tag.starts_with(b"\"") && tag != "*");
    if bare && call.operation == "GetObject" && matches!(answer.status, 200 | 206) {
        fail(answer, 412, "PreconditionFailed");
    }
}

pub(super) fn key_or_bucket(call: &Call, answer: &mut Answer) {
    if call.operation == "GetObject" && answer.code.as_deref() == Some("NoSuchKey") {
        fail(answer, 404, "NoSuchBucket");
    }
}

pub(super) fn head_with_body(call: &Call, answer: &mut Answer) {
    if call.operation == "HeadObject" && answer.status >= 400 {
        answer.body = Bytes::from_static(b"<Error><Code>Planted</Code></Error>");
    }
}

pub(super) fn head_length(call: &Call, answer: &mut Answer) {
    if call.operation == "HeadObject" && answer.status < 300 {
        answer.headers.set("content-length", "0");
    }
}

pub(super) fn head_metadata(call: &Call, answer: &mut Answer) {
    if call.operation == "HeadObject" {
        let kept = answer.headers.iter().filter(|(name, _)| !name.starts_with(METADATA_PREFIX));
        answer.headers = kept.cloned().collect();
    }
}
