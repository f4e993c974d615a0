//! Signing a request in its query, so that whoever holds its URL may send it for a while.
//!
//! Source: AWS documentation, `sigv4-query-string-auth`.

use plumb_model::http::Request;

use super::canonical::{Scratch, Selection, Subject};
use super::payload::UNSIGNED;
use super::{ALGORITHM, Signature, SigningKey, SigningTime, escape};

/// Signs `request` for `expires_seconds` from `time` on: adds the `X-Amz-*` parameters to the end of its query. The
/// signature covers the same headers as [`super::sign()`], and says nothing of the body.
///
/// A life that is too long, or none at all, is for the server to refuse.
pub fn presign(request: &mut Request, key: &SigningKey, time: &SigningTime, expires_seconds: i64) -> Signature {
    let signed_headers = Scratch::with(|scratch| scratch.required_headers(request));
    let credential = [key.access_key().as_bytes(), b"/", key.scope()].concat();
    let expires = expires_seconds.to_string();
    let parameters = [
        ("X-Amz-Algorithm", ALGORITHM.as_bytes()),
        ("X-Amz-Credential", &credential),
        ("X-Amz-Date", time.stamp()),
        ("X-Amz-Expires", expires.as_bytes()),
        ("X-Amz-SignedHeaders", &signed_headers),
    ];
    for (name, value) in parameters {
        append(&mut request.target, name, value);
    }
    if let Some(token) = key.session_token() {
        append(&mut request.target, "X-Amz-Security-Token", token);
    }
    let subject = Subject {
        request,
        headers: Selection::Required,
        payload: UNSIGNED.as_bytes(),
        presigned: true,
        unnamed: false,
    };
    let signature = Signature::from_code(&Scratch::with(|scratch| scratch.sign(&subject, key, time)));
    append(&mut request.target, "X-Amz-Signature", signature.as_bytes());
    signature
}

fn append(target: &mut Vec<u8>, name: &str, value: &[u8]) {
    target.push(if target.contains(&b'?') { b'&' } else { b'?' });
    target.extend_from_slice(name.as_bytes());
    target.push(b'=');
    escape::append_raw(target, value);
}

#[cfg(test)]
mod tests {
    use plumb_model::http::Headers;

    use super::*;
    use crate::sigv4::{Credentials, Fault, Malformed, Payload, Verification, verify};

    const NOW: i64 = 1_369_353_600;

    fn mine() -> Credentials {
        Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    }

    fn request(target: &str, headers: &[(&'static str, &'static str)]) -> Request {
        let headers: Headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Request { method: "GET".into(), target: target.as_bytes().to_vec(), headers, body: "".into() }
    }

    fn presigned(request: &mut Request, credentials: &Credentials, at: i64, expires_seconds: i64) {
        let time = SigningTime::at(at);
        presign(request, &SigningKey::derive(credentials, &time, "us-east-1"), &time, expires_seconds);
    }

    fn verified(request: &Request, credentials: &Credentials) -> Verification {
        verify(request, &|id| (id == credentials.access_key).then(|| credentials.clone()), NOW, "us-east-1")
    }

    /// The example of the documentation.
    #[test]
    fn the_documented_url_comes_out() {
        let mut request = request("/test.txt", &[("Host", "examplebucket.s3.amazonaws.com")]);
        presigned(&mut request, &mine(), NOW, 86_400);
        let expected = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
            &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
            &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
            &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert_eq!(String::from_utf8_lossy(&request.target), expected);
    }

    #[test]
    fn what_is_presigned_is_believed_for_as_long_as_it_says() {
        let temporary = mine().with_session_token("t+/=");
        for (credentials, target, headers) in [
            (mine(), "/b/k", &[("host", "h")][..]),
            (mine(), "/b?list-type=2&prefix=a%2Fb", &[("host", "h")]),
            (temporary, "/b/k", &[("host", "h"), ("x-amz-meta-a", "1"), ("range", "bytes=0-1")]),
        ] {
            let mut good = request(target, headers);
            presigned(&mut good, &credentials, NOW, 60);
            let verdict = verified(&good, &credentials);
            assert!(matches!(verdict, Verification::Valid { payload: Payload::Unsigned, .. }), "{verdict:?}");
            let mut expired = request(target, headers);
            presigned(&mut expired, &credentials, NOW - 61, 60);
            assert_eq!(verified(&expired, &credentials).faults(), [Fault::Expired { seconds: 1 }]);
            let mut too_long = request(target, headers);
            presigned(&mut too_long, &credentials, NOW, 604_801);
            assert_eq!(verified(&too_long, &credentials).faults(), [Fault::Malformed(Malformed::Expires)]);
        }
    }
}
