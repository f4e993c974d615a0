//! The digests of a body that headers tell, where the body is known only once it is encoded: the argument `digest`.
//!
//! It names each digest that is told, and how well: `md5`, `crc32-wrong`, `sha256-malformed`, two of them with a blank
//! between, or `none`. Where it is missing, that is `md5`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use plumb_model::bodies;
use plumb_model::call::Call;
use plumb_model::http::Headers;

/// The argument.
pub(crate) const ARGUMENT: &str = "digest";

const DEFAULT: &str = "md5";
const NONE: &str = "none";
/// What no digest in Base64 is.
const MALFORMED: &str = "__invalid__";

/// A way to digest a body: its name in the argument, its header, and the digest.
#[derive(Debug)]
struct Algorithm {
    name: &'static str,
    header: &'static str,
    digest: fn(&[u8]) -> Vec<u8>,
}

/// The digests that are computed here, in the order in which they are told. Source: AWS S3 API Reference, `DeleteObjects`;
/// S3 User Guide, checking-object-integrity.
const ALGORITHMS: [Algorithm; 6] = [
    Algorithm { name: "md5", header: MD5, digest: |body| bodies::md5(body).into() },
    Algorithm { name: "crc32", header: "x-amz-checksum-crc32", digest: |body| bodies::crc32(body).into() },
    Algorithm { name: "crc32c", header: "x-amz-checksum-crc32c", digest: |body| bodies::crc32c(body).into() },
    Algorithm { name: "crc64nvme", header: "x-amz-checksum-crc64nvme", digest: |body| bodies::crc64nvme(body).into() },
    Algorithm { name: "sha1", header: "x-amz-checksum-sha1", digest: |body| bodies::sha1(body).into() },
    Algorithm { name: "sha256", header: "x-amz-checksum-sha256", digest: |body| bodies::sha256(body).into() },
];

/// The header of the MD5, which has rules of its own.
pub(crate) const MD5: &str = "content-md5";

/// How well a header tells a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    Right,
    /// It is that of another body.
    Wrong,
    /// It is no digest at all.
    Malformed,
}

impl Fit {
    const ENDS: [(Self, &'static str); 3] =
        [(Self::Right, ""), (Self::Wrong, "-wrong"), (Self::Malformed, "-malformed")];
}

/// A header that tells a digest, and how well.
pub(crate) type Told = (&'static str, Fit);

/// Whether a header tells a digest.
pub(crate) fn is_header(name: &str) -> bool {
    ALGORITHMS.iter().any(|algorithm| algorithm.header == name)
}

/// The digests that a call tells; none where its argument has a word that is none.
pub(crate) fn told(call: &Call) -> Option<Vec<Told>> {
    words(call)?.map(|word| word.map(|(algorithm, fit)| (algorithm.header, fit))).collect()
}

fn words(call: &Call) -> Option<impl Iterator<Item = Option<(&'static Algorithm, Fit)>>> {
    let text = call.bytes(ARGUMENT).map_or(Some(DEFAULT), |text| std::str::from_utf8(text).ok())?;
    Some(text.split(' ').filter(|word| *word != NONE).map(word))
}

fn word(text: &str) -> Option<(&'static Algorithm, Fit)> {
    ALGORITHMS.iter().find_map(|algorithm| {
        let end = text.strip_prefix(algorithm.name)?;
        Fit::ENDS.iter().find(|(_, own)| *own == end).map(|(fit, _)| (algorithm, *fit))
    })
}

/// The headers that a call wants beside its body.
pub(crate) fn headers(call: &Call, body: &[u8]) -> Result<Vec<(&'static str, String)>, String> {
    let none = || {
        format!("no digest is {}", call.bytes(ARGUMENT).map(|text| text.escape_ascii().to_string()).unwrap_or_default())
    };
    let words: Option<Vec<_>> = words(call).ok_or_else(none)?.collect();
    let value = |(algorithm, fit): (&Algorithm, Fit)| match fit {
        Fit::Right => BASE64.encode((algorithm.digest)(body)),
        Fit::Wrong => BASE64.encode((algorithm.digest)(&[body, b"x"].concat())),
        Fit::Malformed => MALFORMED.to_owned(),
    };
    Ok(words.ok_or_else(none)?.into_iter().map(|(own, fit)| (own.header, value((own, fit)))).collect())
}

/// `call` with the digests that the headers before and behind a body tell of it; or why that cannot be said.
pub(crate) fn with_headers(call: Call, headers: [&Headers; 2], body: &[u8]) -> Result<Call, String> {
    let mut words = Vec::new();
    for algorithm in &ALGORITHMS {
        let mut values = headers.iter().flat_map(|headers| headers.all(algorithm.header));
        let Some(value) = values.next() else { continue };
        if values.next().is_some() {
            return Err(format!("the header {} occurs twice", algorithm.header));
        }
        let own = (algorithm.digest)(body);
        let fit = match BASE64.decode(value) {
            Ok(given) if given == own => Fit::Right,
            Ok(given) if given.len() == own.len() => Fit::Wrong,
            _ => Fit::Malformed,
        };
        let end = Fit::ENDS.iter().find(|(own, _)| *own == fit).map_or("", |(_, end)| end);
        words.push(format!("{}{end}", algorithm.name));
    }
    let text = if words.is_empty() { NONE.to_owned() } else { words.join(" ") };
    Ok(if text == DEFAULT { call } else { call.with(ARGUMENT, text.as_str()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(words: &str) -> Call {
        Call::new("DeleteObjects").with(ARGUMENT, words)
    }

    fn as_headers(call: &Call, body: &[u8]) -> Headers {
        let told = headers(call, body).expect("headers");
        told.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn what_is_told_comes_back() {
        let none = Headers::default();
        for words in [
            "none",
            "md5-wrong",
            "md5-malformed",
            "crc32",
            "sha256-wrong",
            "md5 crc32",
            "crc32-malformed sha256",
            "crc32c-wrong crc64nvme sha1",
        ] {
            let headers = as_headers(&call(words), b"body");
            let plain = || Call::new("DeleteObjects");
            assert_eq!(with_headers(plain(), [&headers, &none], b"body"), Ok(call(words)), "{words}");
            assert_eq!(with_headers(plain(), [&none, &headers], b"body"), Ok(call(words)), "{words} in trailers");
        }
    }

    #[test]
    fn without_a_word_the_md5_is_told() {
        let call = Call::new("DeleteObjects");
        let headers = as_headers(&call, b"");
        assert_eq!(headers.text(MD5), Some("1B2M2Y8AsgTpgAmY7PhCfg=="));
        assert_eq!(with_headers(call.clone(), [&headers, &Headers::default()], b""), Ok(call.clone()));
        assert_eq!(told(&call), Some(vec![(MD5, Fit::Right)]));
        assert_eq!(told(&call.with(ARGUMENT, "none")), Some(vec![]));
    }

    #[test]
    fn words_that_are_none_are_told() {
        for words in ["", "md4", "md5-", "md5  crc32", "right"] {
            assert_eq!(told(&call(words)), None, "{words}");
            assert!(headers(&call(words), b"").is_err(), "{words}");
        }
    }
}
