//! Request targets: escaping, and taking apart what was escaped.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// RFC 3986 section 2.3, "unreserved": what stands for itself everywhere.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same and the slash, which stays in keys. Source: `SigV4`, `UriEncode`.
const PLAIN_AND_SLASH: &AsciiSet = &PLAIN.remove(b'/');

/// Appends a bucket name or a part of a query.
pub(crate) fn push(into: &mut Vec<u8>, text: &[u8]) {
    percent_encode(text, PLAIN).for_each(|piece| into.extend_from_slice(piece.as_bytes()));
}

/// Appends a key. Dot segments stay: a dot cannot be escaped, `%2E` is the same as a dot (RFC 3986 section 2.3).
pub(crate) fn push_key(into: &mut Vec<u8>, key: &[u8]) {
    percent_encode(key, PLAIN_AND_SLASH).for_each(|piece| into.extend_from_slice(piece.as_bytes()));
}

/// A text as `encoding-type=url` writes it. Source: AWS S3 API Reference, `ListObjectsV2`: `test_file(3).png` becomes
/// `test_file%283%29.png`.
pub(crate) fn url_encoded(text: &str) -> String {
    percent_encode(text.as_bytes(), PLAIN_AND_SLASH).to_string()
}

/// What `encoding-type=url` stands for; a plus is a blank, as AWS writes one and the SDKs read it. None where the
/// text holds something that must have been escaped, or stands for no UTF-8.
pub(crate) fn url_decoded(text: &str) -> Option<String> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let blanks = text.replace('+', " ");
    percent_decode(blanks.as_bytes()).decode_utf8().ok().map(Cow::into_owned)
}

/// What a part of a path stands for. A percent sign without two digits stands for itself.
pub(crate) fn decode(text: &[u8]) -> Vec<u8> {
    percent_decode(text).collect()
}

/// What a part of a query stands for: a plus is a blank.
pub(crate) fn decode_query(text: &[u8]) -> Vec<u8> {
    let blanks: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&blanks).collect()
}

/// The path of a target, and its query without the question mark.
pub(crate) fn split(target: &[u8]) -> (&[u8], &[u8]) {
    split_at(target, b'?')
}

/// The parameters of a query, cut into name and value, neither decoded.
pub(crate) fn parameters(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    query.split(|byte| *byte == b'&').filter(|part| !part.is_empty()).map(|part| split_at(part, b'='))
}

/// What is before the first `mark`, and what is after it.
pub(crate) fn split_at(text: &[u8], mark: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == mark) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, b""),
    }
}
