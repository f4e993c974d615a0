//! Claims that cannot be read, made on purpose.

use bytes::Bytes;
use plumb_model::http::Request;

/// What is wrong with an `authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Malformation {
    /// The header is empty.
    Empty,
    /// The algorithm and nothing else.
    AlgorithmOnly,
    /// An algorithm that does not exist.
    UnknownAlgorithm,
    /// There is no `Credential` field.
    NoCredential,
    /// There is no `SignedHeaders` field.
    NoSignedHeaders,
    /// There is no `Signature` field.
    NoSignature,
    /// The credential lacks its end, `aws4_request`.
    ShortCredential,
    /// The credential is for another service.
    OtherService,
    /// The day of the credential is not the day of signing.
    OtherDay,
    /// `host` is not signed.
    HostNotSigned,
    /// The header is not text.
    NotText,
}

impl Malformation {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Empty,
        Self::AlgorithmOnly,
        Self::UnknownAlgorithm,
        Self::NoCredential,
        Self::NoSignedHeaders,
        Self::NoSignature,
        Self::ShortCredential,
        Self::OtherService,
        Self::OtherDay,
        Self::HostNotSigned,
        Self::NotText,
    ];

    /// The header value. Its other fields are well formed, its signature is of the right length.
    fn value(self) -> Vec<u8> {
        let credential = match self {
            Self::ShortCredential => "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3",
            Self::OtherService => "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/ec2/aws4_request",
            Self::OtherDay => "AKIAIOSFODNN7EXAMPLE/19700101/us-east-1/s3/aws4_request",
            _ => "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
        };
        let signed = if self == Self::HostNotSigned { "x-amz-date" } else { "host;x-amz-content-sha256;x-amz-date" };
        let (credential, signed) = (format!("Credential={credential}"), format!("SignedHeaders={signed}"));
        let signature = format!("Signature={}", "0".repeat(64));
        match self {
            Self::Empty => Vec::new(),
            Self::AlgorithmOnly => b"AWS4-HMAC-SHA256".to_vec(),
            Self::UnknownAlgorithm => format!("AWS5-HMAC-SHA256 {credential}, {signed}, {signature}").into_bytes(),
            Self::NoCredential => format!("AWS4-HMAC-SHA256 {signed}, {signature}").into_bytes(),
            Self::NoSignedHeaders => format!("AWS4-HMAC-SHA256 {credential}, {signature}").into_bytes(),
            Self::NoSignature => format!("AWS4-HMAC-SHA256 {credential}, {signed}").into_bytes(),
            Self::NotText => [b"AWS4-HMAC-SHA256 ", b"\xff\xfe" as &[u8]].concat(),
            Self::ShortCredential | Self::OtherService | Self::OtherDay | Self::HostNotSigned => {
                format!("AWS4-HMAC-SHA256 {credential}, {signed}, {signature}").into_bytes()
            }
        }
    }
}

/// Puts a malformed `authorization` in place of any other. The rest of the request stays as it is,
/// so sign it first if date and payload hash are to be there.
pub fn set_malformed_authorization(request: &mut Request, malformation: Malformation) {
    request.headers.set("authorization", Bytes::from(malformation.value()));
}

#[cfg(test)]
mod tests {
    use plumb_model::http::Headers;

    use super::*;
    use crate::sigv4::{
        Credentials, Fault, Malformed, PayloadHash, SigningKey, SigningTime, Verification, sign, verify,
    };

    fn reason(malformation: Malformation) -> Malformed {
        let time = SigningTime::at(1_369_353_600);
        let key = SigningKey::derive(&Credentials::new("AKIA", "secret"), &time, "us-east-1");
        let mut request =
            Request { method: "GET".into(), target: b"/".to_vec(), headers: Headers::default(), body: "".into() };
        request.headers.push("host", "h");
        sign(&mut request, &key, &time, &PayloadHash::empty());
        set_malformed_authorization(&mut request, malformation);
        match verify(&request, &|_| None, time.unix_seconds(), "us-east-1") {
            Verification::Refused { faults, .. } => match faults.as_slice() {
                [Fault::Malformed(reason)] => *reason,
                other => panic!("{malformation:?}: {other:?}"),
            },
            other => panic!("{malformation:?}: {other:?}"),
        }
    }

    #[test]
    fn each_is_refused_for_its_own_reason() {
        for malformation in Malformation::ALL {
            let expected = match malformation {
                Malformation::Empty | Malformation::UnknownAlgorithm => Malformed::Algorithm,
                Malformation::AlgorithmOnly | Malformation::NoCredential => Malformed::Missing("Credential"),
                Malformation::NoSignedHeaders => Malformed::Missing("SignedHeaders"),
                Malformation::NoSignature => Malformed::Missing("Signature"),
                Malformation::ShortCredential => Malformed::Credential,
                Malformation::OtherService => Malformed::Scope,
                Malformation::OtherDay => Malformed::ScopeDay,
                Malformation::HostNotSigned => Malformed::HostNotSigned,
                Malformation::NotText => Malformed::NotText("authorization"),
            };
            assert_eq!(reason(malformation), expected, "{malformation:?}");
        }
    }
}
