//! Signing a request in its headers.

use std::fmt;

use bytes::Bytes;
use plumb_model::http::Request;

use super::canonical::{Scratch, Selection, Subject};
use super::{PayloadHash, SigningKey, SigningTime, hex};

/// A signature as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads 64 digits in lower case, the only form a signature has.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes().try_into().ok()?;
        text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).then_some(Self(digits))
    }

    pub(super) fn from_code(code: &[u8; 32]) -> Self {
        Self(hex::encode(code))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(to, "{}", char::from(*digit)))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, to)
    }
}

/// The headers that signing adds; the last is there for temporary credentials only.
const ADDED: [&str; 4] = ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"];

/// Signs `request` as it stands: adds `x-amz-date`, `x-amz-content-sha256`, for temporary credentials
/// `x-amz-security-token`, and `authorization`, at the end, instead of any others of these names.
///
/// The signature covers method, path, query, the payload hash and the headers `host`, `content-type`,
/// `content-md5` and every `x-amz-*`, which are those S3 wants signed. Nothing is refused: a request
/// without `host`, a key of another day or a hash of another body is signed all the same and is for the
/// server to refuse. A wrong secret, an unknown access key and a skewed clock are other arguments.
///
/// The body is not read. How paths, queries and header values are brought to canonical form is said
/// where it is done, in `escape` and `canonical`. Signing what is signed already gives the same bytes.
pub fn sign(request: &mut Request, key: &SigningKey, time: &SigningTime, payload: &PayloadHash) -> Signature {
    let headers = &mut request.headers;
    let added = if key.session_token().is_some() { &ADDED[..] } else { &ADDED[..3] };
    if headers.iter().any(|(name, _)| added.iter().any(|own| name.eq_ignore_ascii_case(own))) {
        for own in added {
            headers.remove(own);
        }
    }
    headers.push("x-amz-date", time.stamp().clone());
    headers.push("x-amz-content-sha256", payload.value().clone());
    if let Some(token) = key.session_token() {
        headers.push("x-amz-security-token", token.clone());
    }
    let (signature, authorization) = Scratch::with(|scratch| {
        let subject = Subject {
            request,
            headers: Selection::Required,
            payload: payload.value(),
            presigned: false,
            unnamed: false,
        };
        let signature = Signature::from_code(&scratch.sign(&subject, key, time));
        (signature, authorization(key, scratch.signed_headers(), &signature))
    });
    request.headers.push("authorization", authorization);
    signature
}

/// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`, in one allocation of the right size.
fn authorization(key: &SigningKey, signed_headers: &[u8], signature: &Signature) -> Bytes {
    let parts = [key.header_start(), signed_headers, b", Signature=", signature.as_bytes()];
    let mut value = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        value.extend_from_slice(part);
    }
    Bytes::from(value)
}

#[cfg(test)]
mod tests {
    use plumb_model::http::Headers;

    use super::*;
    use crate::sigv4::Credentials;

    #[test]
    fn signing_twice_changes_nothing() {
        let time = SigningTime::at(1_369_353_600);
        let key = SigningKey::derive(&Credentials::new("AKIA", "secret").with_session_token("t"), &time, "us-east-1");
        let mut headers = Headers::default();
        headers.push("Host", "h");
        headers.push("Authorization", "old");
        headers.push("X-Amz-Date", "old");
        let mut request = Request { method: "PUT".into(), target: b"/b/k".to_vec(), headers, body: "".into() };
        sign(&mut request, &key, &time, &PayloadHash::empty());
        let once = request.clone();
        sign(&mut request, &key, &time, &PayloadHash::empty());
        assert_eq!(request, once);
        let names: Vec<_> = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        assert_eq!(names, ["host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "authorization"]);
    }
}
