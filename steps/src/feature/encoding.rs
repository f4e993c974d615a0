//! Bytes that should be text.

use std::sync::Arc;

use super::{FILE_BYTES_MAX, Mistake};

/// How many bytes are looked at to tell text of sixteen bits from text of eight.
const LOOKED_AT_BYTES: usize = 64;

/// The bytes as text, a byte-order mark taken off.
pub(crate) fn decoded<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, Mistake> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(too_long(path, bytes.len()));
    }
    if let Some(name) = wide(bytes) {
        return Err(without_text(path, format!("the file is {name}, expected UTF-8"), "save it as UTF-8"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| not_utf8(path, bytes, error.valid_up_to()))
}

/// A file of more than [`FILE_BYTES_MAX`] bytes.
pub(crate) fn too_long(path: &str, length: usize) -> Mistake {
    let message = format!("the file is {length} bytes long, at most {FILE_BYTES_MAX} are read");
    without_text(path, message, "split it: one file for each thing that a customer wants to do")
}

fn without_text(path: &str, message: String, help: &str) -> Mistake {
    Mistake { path: path.to_owned(), text: Arc::from(""), span: 0..0, message, help: Some(help.to_owned()) }
}

fn not_utf8(path: &str, bytes: &[u8], place: usize) -> Mistake {
    let wrong = bytes.get(place).copied().unwrap_or_default();
    // Up to the place the text is the same; there, the replacement takes three bytes.
    let text: Arc<str> = String::from_utf8_lossy(bytes).into();
    Mistake {
        path: path.to_owned(),
        text,
        span: place..place + char::REPLACEMENT_CHARACTER.len_utf8(),
        message: format!("byte {place} of the file (0x{wrong:02X}) is not UTF-8"),
        help: Some("save the file as UTF-8; it may be Latin-1 or Windows-1252".to_owned()),
    }
}

/// The encoding of text whose characters take two or four bytes: by its mark, or by zeros in every second byte.
fn wide(bytes: &[u8]) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(LOOKED_AT_BYTES)];
    let zeros = |odd: usize| head.len() >= 4 && head.chunks_exact(2).all(|pair| pair[odd] == 0 && pair[1 - odd] != 0);
    match head {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] => Some("UTF-16 (little endian)"),
        [0xfe, 0xff, ..] => Some("UTF-16 (big endian)"),
        _ if zeros(1) => Some("UTF-16 (little endian, without a mark)"),
        _ if zeros(0) => Some("UTF-16 (big endian, without a mark)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        decoded("a.feature", bytes).expect_err("not text").to_string()
    }

    fn wide_text(encode: fn(u16) -> [u8; 2]) -> Vec<u8> {
        "Feature: x".encode_utf16().flat_map(encode).collect()
    }

    #[test]
    fn sixteen_bits_are_recognised_and_named() {
        let little = "a.feature:1:1: the file is UTF-16 (little endian, without a mark), expected UTF-8";
        assert_eq!(message(&wide_text(u16::to_le_bytes)), little);
        let big = "a.feature:1:1: the file is UTF-16 (big endian, without a mark), expected UTF-8";
        assert_eq!(message(&wide_text(u16::to_be_bytes)), big);
        assert!(message(&[0xff, 0xfe, b'F', 0]).contains("UTF-16 (little endian)"));
        assert!(message(&[0xfe, 0xff, 0, b'F']).contains("UTF-16 (big endian)"));
        assert!(message(&[0xff, 0xfe, 0, 0, b'F', 0, 0, 0]).contains("UTF-32"));
    }

    #[test]
    fn the_byte_that_is_no_text_is_named() {
        let mistake = decoded("a.feature", b"Feature: x\n  B\xfccher\n").expect_err("not text");
        assert_eq!(mistake.to_string(), "a.feature:2:4: byte 14 of the file (0xFC) is not UTF-8");
        assert!(mistake.render().contains("    2 |   B\u{fffd}cher\n      |    ^\n"), "{mistake:?}");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(decoded("a.feature", b"\xef\xbb\xbfFeature: x"), Ok("Feature: x"));
    }
}
