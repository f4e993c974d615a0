//! What `x-amz-copy-source` names: `bucket/key` or `/bucket/key`, percent-encoded, with `?versionId=…` behind it.
//!
//! Source: AWS S3 API Reference, `CopyObject`: "the value must be URL-encoded"; `LocalStack`
//! `test_copy_object_special_character` and `test_copy_object_special_character_plus_for_space`, recorded on AWS: it is
//! decoded once, a plus stands for a blank, and the slash between bucket and key may be encoded as well. What AWS
//! makes of a value that is not encoded as it must be is not known, so such a value has several readings.

use bytes::Bytes;
use plumb_model::fault::Basis;

use crate::wire::target;

/// What stands between the key and a version.
const VERSION: &[u8] = b"?versionId=";
/// The version of an object in a bucket without versions. Source: S3 User Guide, versioning.
const NULL: &[u8] = b"null";

/// One way in which a server may read the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reading {
    /// An object, perhaps in a version of it. The key may be empty; there is no such object.
    Object { bucket: Bytes, key: Bytes, version: Option<Bytes> },
    /// No object; how well it is known that this is refused, and where it is written.
    Nothing(Basis, &'static str),
}

/// What the header may name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its readings, the likeliest first. Never empty.
    pub(crate) readings: Vec<Reading>,
    /// Whether it is encoded as it must be; otherwise it may be refused, whatever it names.
    pub(crate) encoded: bool,
}

/// The readings of a header. With `aws`, only those that AWS has.
pub(crate) fn read(text: &[u8], aws: bool) -> Source {
    let text = text.trim_ascii();
    let mut encoded = is_encoded(text);
    let mark = text.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(text.len());
    let (path, rest) = text.split_at(mark);
    let mut ways = Vec::with_capacity(2);
    if let Some(version) = rest.strip_prefix(VERSION) {
        ways.push((path, Some(target::decode(version))));
    } else {
        // LocalStack and MinIO take what is behind the mark for a query or a fragment; versitygw for a part of the key.
        ways.push((path, None));
        if !rest.is_empty() {
            ways.push((text, None));
            encoded = false;
        }
    }
    let mut readings: Vec<Reading> = Vec::with_capacity(2);
    for (path, version) in ways {
        let blank = target::decode_query(path);
        // MinIO leaves a plus a plus.
        let plus = (!aws && path.contains(&b'+')).then(|| target::decode(path));
        for path in [Some(blank), plus].into_iter().flatten() {
            let reading = reading(&path, version.as_deref());
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
    }
    Source { readings, encoded }
}

/// The object that a decoded path names.
fn reading(path: &[u8], version: Option<&[u8]>) -> Reading {
    const PARTS: &str = "Ceph RGW, MinIO, versitygw: a bucket without a character is no source of a copy";
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let Some(slash) = path.iter().position(|byte| *byte == b'/') else {
        let source = "LocalStack test_s3_copy_object_wrong_format (recorded on AWS)";
        return if path.is_empty() {
            Reading::Nothing(Basis::Implemented, PARTS)
        } else {
            Reading::Nothing(Basis::Recorded, source)
        };
    };
    let (bucket, key) = (&path[..slash], &path[slash + 1..]);
    if bucket.is_empty() {
        return Reading::Nothing(Basis::Implemented, PARTS);
    }
    let version = version.filter(|version| *version != NULL);
    let bytes = Bytes::copy_from_slice;
    Reading::Object { bucket: bytes(bucket), key: bytes(key), version: version.map(bytes) }
}

/// Whether each character may stand in a path (RFC 3986 section 3.3), or in the version behind it, and each percent
/// sign has its two digits, which together stand for UTF-8.
fn is_encoded(text: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%?".contains(byte);
    let digits = |piece: &[u8]| piece.len() > 1 && piece[..2].iter().all(u8::is_ascii_hexdigit);
    text.iter().all(allowed)
        && text.split(|byte| *byte == b'%').skip(1).all(digits)
        && std::str::from_utf8(&target::decode(text)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The readings as `bucket|key` or `bucket|key|version`; those that name nothing as `-`.
    fn shown(text: &str, aws: bool) -> (Vec<String>, bool) {
        let source = read(text.as_bytes(), aws);
        let line = |reading: &Reading| match reading {
            Reading::Nothing(..) => "-".to_owned(),
            Reading::Object { bucket, key, version } => {
                let parts = [Some(bucket), Some(key), version.as_ref()].into_iter().flatten();
                parts.map(|part| part.escape_ascii().to_string()).collect::<Vec<_>>().join("|")
            }
        };
        (source.readings.iter().map(line).collect(), source.encoded)
    }

    fn check(text: &str, readings: &[&str], encoded: bool) {
        assert_eq!(shown(text, true), (readings.iter().map(ToString::to_string).collect(), encoded), "{text}");
    }

    #[test]
    fn what_is_encoded_has_one_reading() {
        for (text, reading) in [
            ("b/k", "b|k"),
            ("/b/k", "b|k"),
            (" b/k ", "b|k"),
            ("b%2Fa%2Fk", "b|a/k"),
            ("%2Fb%2Fk", "b|k"),
            ("b//k", "b|/k"),
            ("b/a%20b%2Bc%3Fd", "b|a b+c?d"),
            ("b/%2541", "b|%41"),
            ("b/a+b", "b|a b"),
            ("b/k:@$,;=!'()*&", "b|k:@$,;=!\\'()*&"),
            ("b/k?versionId=null", "b|k"),
            ("b/k?versionId=a%2Bb", "b|k|a+b"),
            ("b/k?versionId=", "b|k|"),
        ] {
            check(text, &[reading], true);
        }
    }

    #[test]
    fn what_is_not_encoded_may_be_refused_or_read_in_several_ways() {
        check("b/a b", &["b|a b"], false);
        check("b/%41%", &["b|A%"], false);
        check("b/%FF", &["b|\\xff"], false);
        check("b/a?c=d", &["b|a", "b|a?c=d"], false);
        check("b/a#c", &["b|a", "b|a#c"], false);
        assert_eq!(shown("b/a+b", false), (vec!["b|a b".to_owned(), "b|a+b".to_owned()], true));
    }

    #[test]
    fn without_bucket_and_key_nothing_is_named() {
        for text in ["", "/", "wrongformat", "/wrongformat", "//k"] {
            check(text, &["-"], true);
        }
        for text in ["b/", "b%2F"] {
            check(text, &["b|"], true);
        }
    }
}
