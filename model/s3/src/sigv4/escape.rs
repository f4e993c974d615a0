//! Percent-encoding in its canonical form: decoded once, encoded once.

use std::borrow::Cow;

use super::hex;

/// Which bytes stand for themselves.
type Plain = [bool; 256];

/// RFC 3986 "unreserved", which S3 encodes nowhere.
const UNRESERVED: Plain = plain(b"-._~");
/// The same and the slash, which S3 keeps in object keys.
const UNRESERVED_AND_SLASH: Plain = plain(b"-._~/");

const UPPER_DIGITS: &[u8; 16] = b"0123456789ABCDEF";

const fn plain(marks: &[u8]) -> Plain {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut index = 0;
    while index < marks.len() {
        table[marks[index] as usize] = true;
        index += 1;
    }
    table
}

/// Appends the canonical form of a path.
///
/// Each byte is first taken for what it stands for: `%XX` with two hexadecimal digits of either
/// case is that byte, a `%` without them is a literal `%`, every other byte (`+` included) is
/// itself. Then the byte is written as it is if it is unreserved or a slash, else as `%XX` with
/// upper-case digits. So `%61` and `a`, `%2f` and `/`, `%zz` and `%25zz` sign alike; dot segments
/// and double slashes stay.
///
/// Source: the `UriEncode()` rules (`sig-v4-header-based-auth`), which start from the object *key*;
/// that a server decodes first is seen in AWS's own `CanonicalRequest` (curl issue 13754: `=` sent
/// raw is signed as `%3D`), `MinIO`, RGW and s3s. A raw `+` is not settled: AWS has been seen to take
/// it for a space in keys, the other servers do not. Send `%2B`.
pub(super) fn append_path(into: &mut Vec<u8>, path: &[u8]) {
    append(into, path, &UNRESERVED_AND_SLASH, false);
}

/// Appends the canonical form of a name or value of the query.
///
/// As [`append_path`], but a slash is encoded, and a raw `+` is a *space* and so becomes `%20`; a
/// plus is sent as `%2B`. Source: `UriEncode()` has no rule for a raw `+`; AWS accepts it as a space
/// (aws4fetch issue 83), and so do aws-sigv4, s3s, `MinIO`, RGW and Envoy (pull request 40619).
pub(super) fn append_query(into: &mut Vec<u8>, part: &[u8]) {
    append(into, part, &UNRESERVED, true);
}

/// What a name or value of the query stands for.
pub(super) fn decode_query(part: &[u8]) -> Cow<'_, [u8]> {
    if !part.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(part);
    }
    let mut decoded = Vec::with_capacity(part.len());
    let mut rest = part;
    while !rest.is_empty() {
        let (byte, length) = octet(rest, true);
        decoded.push(byte);
        rest = &rest[length..];
    }
    Cow::Owned(decoded)
}

/// The query of a target, cut into name and value, neither decoded. A parameter without `=` has an
/// empty value; nothing between two `&` is no parameter, unless `unnamed` ones are asked for.
pub(super) fn query(target: &[u8], unnamed: bool) -> impl Iterator<Item = (&[u8], &[u8])> {
    let query = Some(split_once(target, b'?').1).filter(|query| !query.is_empty());
    let parts = query.into_iter().flat_map(|query| query.split(|byte| *byte == b'&'));
    parts.filter(move |part| unnamed || !part.is_empty()).map(|part| split_once(part, b'='))
}

/// What is before the first `mark`, and what is after it.
pub(super) fn split_once(text: &[u8], mark: u8) -> (&[u8], &[u8]) {
    match memchr::memchr(mark, text) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}

fn append(into: &mut Vec<u8>, text: &[u8], plain: &Plain, plus_is_space: bool) {
    let mut rest = text;
    while let Some(stop) = rest.iter().position(|byte| !plain[usize::from(*byte)]) {
        into.extend_from_slice(&rest[..stop]);
        let (byte, length) = octet(&rest[stop..], plus_is_space);
        push(into, byte, plain);
        rest = &rest[stop + length..];
    }
    into.extend_from_slice(rest);
}

/// Appends a value that is not encoded yet to a query.
pub(super) fn append_raw(into: &mut Vec<u8>, value: &[u8]) {
    for byte in value {
        push(into, *byte, &UNRESERVED);
    }
}

fn push(into: &mut Vec<u8>, byte: u8, plain: &Plain) {
    if plain[usize::from(byte)] {
        into.push(byte);
    } else {
        let digits = [UPPER_DIGITS[usize::from(byte >> 4)], UPPER_DIGITS[usize::from(byte & 15)]];
        into.extend_from_slice(&[b'%', digits[0], digits[1]]);
    }
}

/// The first byte that `text`, which is not empty, stands for, and how long it is written.
fn octet(text: &[u8], plus_is_space: bool) -> (u8, usize) {
    match text {
        [b'%', high, low, ..] => match (hex::digit(*high), hex::digit(*low)) {
            (Some(high), Some(low)) => (high << 4 | low, 3),
            _ => (b'%', 1),
        },
        [b'+', ..] if plus_is_space => (b' ', 1),
        [byte, ..] => (*byte, 1),
        [] => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(append: fn(&mut Vec<u8>, &[u8]), table: &[(&[u8], &str)]) {
        for (sent, canonical) in table {
            let mut text = Vec::new();
            append(&mut text, sent);
            assert_eq!(String::from_utf8_lossy(&text), *canonical, "{}", String::from_utf8_lossy(sent));
        }
    }

    #[test]
    fn a_path_is_decoded_once_and_encoded_once() {
        check(
            append_path,
            &[
                (b"/a-._~Z9", "/a-._~Z9"),
                (b"/a b", "/a%20b"),
                (b"/a%20b%2fc%61", "/a%20b/ca"),
                (b"/a%2520b", "/a%2520b"),
                (b"/100%/%zz%4", "/100%25/%25zz%254"),
                (b"/x=1!'()*+,;:@&$", "/x%3D1%21%27%28%29%2A%2B%2C%3B%3A%40%26%24"),
                (b"//a/../%2e%2E/./", "//a/../.././"),
                (b"/\xff\x00\xc3\xa4", "/%FF%00%C3%A4"),
            ],
        );
    }

    #[test]
    fn a_raw_value_is_encoded_as_it_is() {
        check(append_raw, &[(b"a+b%41/=", "a%2Bb%2541%2F%3D"), (b"-._~", "-._~"), (b" \xff", "%20%FF")]);
    }

    #[test]
    fn a_raw_plus_in_the_query_is_a_space() {
        check(
            append_query,
            &[(b"a+b", "a%20b"), (b"a%2Bb%2bc", "a%2Bb%2Bc"), (b"a/b=c", "a%2Fb%3Dc"), (b"%", "%25"), (b"%4", "%254")],
        );
        assert_eq!(decode_query(b"a+b%2Bc%").as_ref(), b"a b+c%");
    }

    #[test]
    fn a_query_is_cut_at_the_first_equals_sign() {
        let target = b"/k?acl&&a==b&=c&d?=&";
        let parts: Vec<_> = query(target, false).collect();
        assert_eq!(parts, [(&b"acl"[..], &b""[..]), (b"a", b"=b"), (b"", b"c"), (b"d?", b"")]);
        assert_eq!(query(target, true).count(), parts.len() + 2);
        assert_eq!(query(b"/k", true).count() + query(b"/k?", true).count(), 0);
    }
}
