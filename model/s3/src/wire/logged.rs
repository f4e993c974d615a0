//! Calls out of logs. A log has no signature that could be verified, and often neither headers nor bodies.

use bytes::Bytes;
use plumb_model::call::Call;
use plumb_model::traffic::{Logged, LoggedBody, Record, Sender};

use super::{decode, target};
use crate::operations::copy_object::COPY_SOURCE;
use crate::signature::{self, Quality};

/// How access logs name a copy. Source: S3 User Guide, `LogFormat`, "Operation"; the header is not in the log.
const COPY: &str = "REST.COPY.OBJECT";
/// The parameter of a presigned request that says so. Source: sigv4-query-string-auth.
const PRESIGNED: &[u8] = b"X-Amz-Signature";
/// The same of the version before. Source: S3 User Guide, `RESTAuthentication`, query string request authentication.
const PRESIGNED_BEFORE: [&[u8]; 3] = [b"AWSAccessKeyId", b"Signature", b"Expires"];
/// The length of a body before it was cut into chunks.
const DECODED_LENGTH: &str = "x-amz-decoded-content-length";

/// What proves who calls, in small letters.
pub(super) const PROOFS: &[&str] = &[
    "authorization",
    "awsaccesskeyid",
    "cookie",
    "proxy-authorization",
    "signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-signature",
];

/// The call of a logged request; or why there is none.
pub(super) fn call(record: &Record) -> Result<Logged, String> {
    let mut request = record.request.clone();
    let (path, query) = target::split(&record.request.target);
    let parameters = || target::parameters(query).map(|(name, _)| name);
    let is_presigned = parameters().any(|name| name == PRESIGNED);
    if PRESIGNED_BEFORE.iter().all(|own| parameters().any(|name| name == *own)) {
        let kept: Vec<&[u8]> = query
            .split(|byte| *byte == b'&')
            .filter(|part| !PRESIGNED_BEFORE.contains(&target::split_at(part, b'=').0))
            .collect();
        request.target = [path, b"?", &kept.join(&b'&')].concat();
    }
    let is_copy = record.operation.as_deref() == Some(COPY);
    if is_copy && request.headers.get(COPY_SOURCE).is_none() {
        request.headers.push(COPY_SOURCE, "");
    }
    let decoded_length = request.headers.text(DECODED_LENGTH).and_then(|text| text.parse().ok());
    if record.body == LoggedBody::Whole && decoded_length.is_some() {
        // In chunks only objects are sent, and of those the length will do.
        request.body = Bytes::new();
    }
    let call = decode::unverified(&request)?;
    Ok(match (is_presigned, &record.sender) {
        (false, Sender::Nobody) => told(call.with(signature::ARGUMENT, Quality::Anonymous.name()), decoded_length),
        // That it was signed well, in time, or at all, no log says.
        _ => Logged { untold: &[signature::ARGUMENT], ..told(call, decoded_length) },
    })
}

fn told(call: Call, body_length: Option<u64>) -> Logged {
    Logged { call, untold: &[], body_length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(record: &Record, expected: &Call, untold: &[&str]) {
        let logged = call(record).expect("a call");
        assert_eq!((&logged.call, logged.untold), (expected, untold));
    }

    fn get() -> Call {
        Call::new("GetObject").with("bucket", "photos").with("key", "a b")
    }

    #[test]
    fn a_log_without_signatures_finds_no_fault_in_them() {
        check(&Record::new("GET", "/photos/a%20b", 200), &get(), &["signature"]);
        let signed = Record { sender: Sender::Known("AKID".into()), ..Record::new("GET", "/photos/a%20b", 200) };
        check(&signed, &get(), &["signature"]);
    }

    #[test]
    fn what_a_log_tells_of_a_signature_is_taken() {
        let target = "/photos/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=abc&X-Amz-Expires=9";
        check(&Record::new("GET", target, 200), &get(), &["signature"]);
        let target = "/photos/a%20b?AWSAccessKeyId=AKID&Signature=abc%3D&Expires=1";
        check(&Record::new("GET", target, 200).clone(), &get(), &["signature"]);
        let anonymous = Record { sender: Sender::Nobody, ..Record::new("GET", "/photos/a%20b", 200) };
        check(&anonymous, &get().with("signature", "anonymous"), &[]);
    }

    #[test]
    fn a_copy_is_known_by_what_the_log_calls_it() {
        let copy = Record { operation: Some(COPY.into()), ..Record::new("PUT", "/photos/b", 200) };
        assert_eq!(call(&copy).expect("a call").call.operation, "CopyObject");
        assert_eq!(call(&Record::new("PUT", "/photos/b", 200)).expect("a call").call.operation, "PutObject");
    }

    #[test]
    fn a_body_in_chunks_is_as_long_as_it_was_before() {
        let mut record = Record { body: LoggedBody::Length(99), ..Record::new("PUT", "/photos/b", 200) };
        record.request.headers.push(DECODED_LENGTH, "10");
        assert_eq!(call(&record).expect("a call").body_length, Some(10));
    }
}
