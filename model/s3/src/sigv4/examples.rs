//! The examples of the AWS documentation, with the signatures printed there.

use bytes::Bytes;
use plumb_model::http::{Headers, Request};

use super::*;

/// 2013-05-24T00:00:00Z, when every example was signed.
const NOW: i64 = 1_369_353_600;
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn credentials() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
}

fn request(
    method: &'static str,
    target: &str,
    fields: &[(&'static str, &'static str)],
    body: &'static [u8],
) -> Request {
    let fields = fields.iter().map(|(name, value)| ((*name).into(), Bytes::from(*value)));
    Request { method: method.into(), target: target.into(), headers: fields.collect(), body: body.into() }
}

fn verified(request: &Request) -> Verification {
    let lookup = |access_key: &str| (access_key == "AKIAIOSFODNN7EXAMPLE").then(credentials);
    verify(request, &lookup, NOW, "us-east-1")
}

/// The documented header is valid as it stands.
fn check_verifies(mut request: Request, signed_headers: &str, signature: &str) -> Payload {
    let scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
    // Some examples have a blank after the comma and some have not.
    let value = format!("AWS4-HMAC-SHA256 Credential={scope},SignedHeaders={signed_headers}, Signature={signature}");
    request.headers.push("Authorization", value);
    match verified(&request) {
        Verification::Valid { access_key, payload, .. } => {
            assert_eq!(access_key, "AKIAIOSFODNN7EXAMPLE");
            payload
        }
        other => panic!("{other:?}"),
    }
}

/// Signing gives the documented signature.
fn check_signs(mut request: Request, signature: &str) {
    let time = SigningTime::at(NOW);
    let key = SigningKey::derive(&credentials(), &time, "us-east-1");
    assert_eq!(sign(&mut request, &key, &time, &PayloadHash::empty()).to_string(), signature);
}

#[test]
fn get_object_with_range() {
    let fields = [
        ("Host", "examplebucket.s3.amazonaws.com"),
        ("Range", "bytes=0-9"),
        ("x-amz-content-sha256", EMPTY),
        ("x-amz-date", "20130524T000000Z"),
    ];
    let request = request("GET", "/test.txt", &fields, b"");
    let signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    check_verifies(request, "host;range;x-amz-content-sha256;x-amz-date", signature);
}

#[test]
fn put_object() {
    let fields = [
        ("Host", "examplebucket.s3.amazonaws.com"),
        ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
    ];
    let signed = "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class";
    let signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
    for target in ["/test%24file.text", "/test$file.text"] {
        check_verifies(request("PUT", target, &fields, b"Welcome to Amazon S3."), signed, signature);
    }
}

#[test]
fn get_bucket_lifecycle() {
    let request = request("GET", "/?lifecycle", &[("Host", "examplebucket.s3.amazonaws.com")], b"");
    check_signs(request, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

#[test]
fn list_objects() {
    let request = request("GET", "/?prefix=J&max-keys=2", &[("Host", "examplebucket.s3.amazonaws.com")], b"");
    check_signs(request, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

#[test]
fn presigned_get_object() {
    let target = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let request = request("GET", target, &[("Host", "examplebucket.s3.amazonaws.com")], b"");
    assert!(matches!(verified(&request), Verification::Valid { payload: Payload::Unsigned, .. }));
}

const CHUNKED: [(&str, &str); 5] = [
    ("Host", "s3.amazonaws.com"),
    ("x-amz-date", "20130524T000000Z"),
    ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ("Content-Encoding", "aws-chunked"),
    ("x-amz-decoded-content-length", "66560"),
];

/// 64 KiB, 1 KiB and no bytes of `a`, with these signatures.
fn chunks(signatures: [&str; 3]) -> Vec<u8> {
    let mut body = Vec::new();
    for (size, signature) in [65_536, 1_024, 0].into_iter().zip(signatures) {
        body.extend_from_slice(format!("{size:x};chunk-signature={signature}\r\n").as_bytes());
        body.resize(body.len() + size, b'a');
        if size > 0 {
            body.extend_from_slice(b"\r\n");
        }
    }
    body
}

fn decoded(payload: &Payload, body: &[u8]) -> Result<Decoded, ChunkError> {
    match payload {
        Payload::Chunked(chunked) => chunked.decode(body),
        other => panic!("{other:?}"),
    }
}

#[test]
fn put_object_in_chunks() {
    let mut request = request("PUT", "/examplebucket/chunkObject.txt", &CHUNKED, b"");
    request.headers.push("content-length", "66824");
    request.headers.push("x-amz-content-sha256", ChunkMarker::Signed.text());
    let signed = "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;\
        x-amz-decoded-content-length;x-amz-storage-class";
    let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    let payload = check_verifies(request, signed, seed);
    let mut body = chunks([
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ]);
    body.extend_from_slice(b"\r\n");
    assert_eq!(body.len(), 66_824);
    assert_eq!(decoded(&payload, &body), Ok(Decoded { body: vec![b'a'; 66_560].into(), trailers: Headers::default() }));

    body[100] = b'b';
    assert_eq!(decoded(&payload, &body), Err(ChunkError::Signature(0)));
}

#[test]
fn put_object_in_chunks_with_trailing_header() {
    let mut request = request("PUT", "/examplebucket/chunkObject.txt", &CHUNKED, b"");
    request.headers.push("x-amz-content-sha256", ChunkMarker::SignedWithTrailer.text());
    request.headers.push("x-amz-trailer", "x-amz-checksum-crc32c");
    let signed = "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
        x-amz-storage-class;x-amz-trailer";
    let seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
    let payload = check_verifies(request, signed, seed);
    let body = chunks([
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ]);
    let trailer = |checksum: &str| {
        let signature = "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
        [&body, format!("x-amz-checksum-crc32c:{checksum}\r\n{signature}\r\n\r\n").as_bytes()].concat()
    };
    let decoded_body = decoded(&payload, &trailer("sOO8/Q==")).expect("valid");
    assert_eq!(decoded_body.trailers.text("x-amz-checksum-crc32c"), Some("sOO8/Q=="));
    assert_eq!(decoded(&payload, &trailer("AAAAAA==")), Err(ChunkError::Signature(3)));
}
