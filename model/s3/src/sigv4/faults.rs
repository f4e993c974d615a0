//! Each thing that can be wrong is told as itself; nothing hostile panics.

use bytes::Bytes;
use plumb_model::http::{Headers, Request};
use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_790_000_000;
const REGION: &str = "eu-central-1";

fn mine() -> Credentials {
    Credentials::new("AKIAMINE", "right secret")
}

fn get() -> Request {
    let mut request = Request {
        method: "GET".into(),
        target: b"/b/k?acl".to_vec(),
        headers: Headers::default(),
        body: "body".into(),
    };
    request.headers.push("host", "h");
    request.headers.push("x-amz-meta-a", "1");
    request
}

fn signed(credentials: &Credentials, seconds: i64, region: &str, payload: &PayloadHash) -> Request {
    let mut request = get();
    let time = SigningTime::at(seconds);
    sign(&mut request, &SigningKey::derive(credentials, &time, region), &time, payload);
    request
}

fn verified(request: &Request) -> Verification {
    verify(request, &|access_key| (access_key == "AKIAMINE").then(mine), NOW, REGION)
}

fn check(request: &Request, faults: &[Fault]) {
    assert_eq!(verified(request).faults(), faults, "{request:?}");
}

fn usual() -> Request {
    signed(&mine(), NOW, REGION, &PayloadHash::of(b"body"))
}

#[test]
fn what_is_signed_right_is_valid() {
    assert!(matches!(verified(&usual()), Verification::Valid { payload: Payload::Hashed, .. }));
    let unsigned = signed(&mine(), NOW, REGION, &PayloadHash::unsigned());
    assert!(matches!(verified(&unsigned), Verification::Valid { payload: Payload::Unsigned, .. }));
    for marker in ChunkMarker::ALL {
        let chunked = signed(&mine(), NOW, REGION, &PayloadHash::chunked(marker));
        assert!(matches!(verified(&chunked), Verification::Valid { payload: Payload::Chunked(_), .. }));
    }
}

#[test]
fn without_claim_is_anonymous() {
    assert!(matches!(verified(&get()), Verification::Anonymous));
}

#[test]
fn identity_faults() {
    let hash = PayloadHash::of(b"body");
    check(&signed(&Credentials::new("AKIAMINE", "wrong"), NOW, REGION, &hash), &[Fault::WrongSignature]);
    check(&signed(&Credentials::new("AKIAOTHER", "x"), NOW, REGION, &hash), &[Fault::UnknownKey]);
    check(&signed(&mine().with_session_token("t"), NOW, REGION, &hash), &[Fault::WrongSessionToken]);
    let elsewhere = Fault::WrongRegion { found: "us-east-1".into() };
    check(&signed(&mine(), NOW, "us-east-1", &hash), &[elsewhere]);
}

#[test]
fn clock_faults() {
    let hash = PayloadHash::of(b"body");
    for (seconds, faults) in [
        (900, vec![]),
        (-900, vec![]),
        (901, vec![Fault::Skewed { seconds: 901 }]),
        (-901, vec![Fault::Skewed { seconds: -901 }]),
    ] {
        check(&signed(&mine(), NOW + seconds, REGION, &hash), &faults);
    }
}

#[test]
fn payload_faults() {
    check(&signed(&mine(), NOW, REGION, &PayloadHash::empty()), &[Fault::PayloadMismatch]);
    check(&signed(&mine(), NOW, REGION, &PayloadHash::literal("nonsense")), &[Fault::InvalidPayloadHash]);
    let mut without = usual();
    without.headers.remove("x-amz-content-sha256");
    check(&without, &[Fault::MissingPayloadHash]);
}

#[test]
fn changes_after_signing() {
    let mut changed = usual();
    changed.target = b"/b/k2?acl".to_vec();
    check(&changed, &[Fault::WrongSignature]);
    let mut changed = usual();
    changed.headers.set("x-amz-meta-a", "2");
    check(&changed, &[Fault::WrongSignature]);
    let mut added = usual();
    added.headers.push("X-Amz-Meta-B", "1");
    check(&added, &[Fault::HeaderNotSigned { name: "x-amz-meta-b".into() }]);
    let mut added = usual();
    added.target.extend_from_slice(b"&X-Amz-Signature=0");
    check(&added, &[Fault::Malformed(Malformed::TwoMechanisms)]);
    let mut repeated = usual();
    repeated.headers.push("Authorization", "again");
    check(&repeated, &[Fault::Malformed(Malformed::Repeated("authorization"))]);
}

#[test]
fn a_parameter_without_name_and_value_is_signed_or_left_out() {
    for unnamed in [false, true] {
        let mut request = get();
        request.target = b"/b?list-type=2&".to_vec();
        request.headers.set("x-amz-date", SigningTime::at(NOW).stamp().to_vec());
        request.headers.set("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        let names = ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-meta-a"].map(str::to_owned);
        let headers = canonical::Selection::Listed(&names);
        let subject =
            canonical::Subject { request: &request, headers, payload: b"UNSIGNED-PAYLOAD", presigned: false, unnamed };
        let (time, mine) = (SigningTime::at(NOW), mine());
        let key = SigningKey::derive(&mine, &time, REGION);
        let code = hex::encode(&canonical::Scratch::with(|scratch| scratch.sign(&subject, &key, &time)));
        let day = String::from_utf8_lossy(time.day());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIAMINE/{day}/{REGION}/s3/aws4_request, SignedHeaders={}, Signature={}",
            names.join(";"),
            String::from_utf8_lossy(&code)
        );
        request.headers.set("authorization", authorization);
        check(&request, &[]);
        request.target.push(b'&');
        if unnamed {
            check(&request, &[Fault::WrongSignature]);
        }
    }
}

#[test]
fn faults_are_told_together() {
    let request = signed(&Credentials::new("AKIAMINE", "wrong"), NOW - 1000, REGION, &PayloadHash::empty());
    check(&request, &[Fault::Skewed { seconds: -1000 }, Fault::PayloadMismatch, Fault::WrongSignature]);
}

/// A presigned request, as signed as the presigning side would.
fn presigned(seconds: i64, expires: &str) -> Request {
    let time = SigningTime::at(seconds);
    let (stamp, day) = (String::from_utf8_lossy(time.stamp()), String::from_utf8_lossy(time.day()));
    let mut request = get();
    request.headers.remove("x-amz-meta-a");
    request.target = format!(
        "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAMINE/{day}/{REGION}/s3/aws4_request\
         &X-Amz-Date={stamp}&X-Amz-SignedHeaders=host&X-Amz-Expires={expires}"
    )
    .into_bytes();
    let names = ["host".to_owned()];
    let headers = canonical::Selection::Listed(&names);
    let subject = canonical::Subject {
        request: &request,
        headers,
        payload: b"UNSIGNED-PAYLOAD",
        presigned: true,
        unnamed: false,
    };
    let key = SigningKey::derive(&mine(), &time, REGION);
    let code = canonical::Scratch::with(|scratch| scratch.sign(&subject, &key, &time));
    request.target.extend_from_slice(b"&X-Amz-Signature=");
    request.target.extend_from_slice(&hex::encode(&code));
    request
}

#[test]
fn presigned_requests_live_as_long_as_they_say() {
    for (seconds, expires, faults) in [
        (0, "1", vec![]),
        (-604_800, "604800", vec![]),
        (900, "1", vec![]),
        (901, "1", vec![Fault::NotYetValid { seconds: 901 }]),
        (-61, "60", vec![Fault::Expired { seconds: 1 }]),
        (0, "0", vec![Fault::Malformed(Malformed::Expires)]),
        (0, "604801", vec![Fault::Malformed(Malformed::Expires)]),
        (0, "-1", vec![Fault::Malformed(Malformed::Expires)]),
        (0, "1h", vec![Fault::Malformed(Malformed::Expires)]),
        (0, "", vec![Fault::Malformed(Malformed::Missing("X-Amz-Expires"))]),
    ] {
        check(&presigned(NOW + seconds, expires), &faults);
    }
}

#[test]
fn chunk_framing_is_checked() {
    let big = "x".repeat(CHUNK_BYTES_MIN);
    let decode = |length, body: &str| {
        ChunkedPayload::new(ChunkMarker::UnsignedWithTrailer, length, None).decode(body.as_bytes())
    };
    let whole = decode(Some(3), "3\r\nabc\r\n0\r\nA:b \r\n\r\n").expect("valid");
    assert_eq!((whole.body.as_ref(), whole.trailers.text("a")), (b"abc".as_ref(), Some("b")));
    for (body, error) in [
        ("", ChunkError::Truncated),
        ("3\r\nabc\r\n0\r\n", ChunkError::Truncated),
        ("4\r\nabc", ChunkError::Truncated),
        ("ffffffffffffffff\r\nabc", ChunkError::Truncated),
        ("2\r\nabc\r\n0\r\n\r\n", ChunkError::Boundary),
        ("\r\n\r\n", ChunkError::Size),
        ("0x3\r\nabc\r\n", ChunkError::Size),
        ("00000000000000003\r\nabc\r\n", ChunkError::Size),
        ("3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n", ChunkError::TooSmall),
        ("0\r\n\r\nmore", ChunkError::Excess),
        ("0\r\nno colon\r\n\r\n", ChunkError::Trailer),
        (&format!("0\r\n{}\r\n", "a:b\r\n".repeat(TRAILERS_MAX + 1)), ChunkError::TrailerCount),
        (&format!("{}\r\n", "0".repeat(CHUNK_LINE_BYTES_MAX + 1)), ChunkError::LineTooLong),
        ("2\r\nab\r\n0\r\n\r\n", ChunkError::Length { announced: 3, found: 2 }),
    ] {
        assert_eq!(decode(Some(3), body), Err(error), "{body}");
    }
    let two = format!("2000\r\n{big}\r\n1\r\ny\r\n0\r\n\r\n");
    assert_eq!(decode(None, &two).map(|decoded| decoded.body.len()), Ok(CHUNK_BYTES_MIN + 1));
    let unsigned = ChunkedPayload::new(ChunkMarker::Signed, None, None).decode(b"0\r\n\r\n");
    assert_eq!(unsigned, Err(ChunkError::SignatureMissing));
}

/// Bytes that come near to meaning something.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "AWS4-HMAC-SHA256 ",
        "Credential=",
        "SignedHeaders=",
        "Signature=",
        ", ",
        "/",
        "AKIAMINE",
        "20260921",
        "s3",
        "aws4_request",
        "host",
        ";",
        "%",
        "%4",
        "%zz",
        "&",
        "=",
        "?",
        "+",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Credential=AKIAMINE/20260921/eu-central-1/s3/aws4_request",
        "X-Amz-Date=20260921T131320Z",
        "X-Amz-Expires=9999999999999999999",
        "X-Amz-Expires=1",
        "X-Amz-Signature=0",
        "X-Amz-SignedHeaders=host",
        "20260921T131320Z",
        "99999999T999999Z",
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "\r\n",
        ";chunk-signature=",
        "ffffffffffffffff",
        "0",
    ]);
    let piece = prop_oneof![
        4 => words.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_request_makes_verification_panic(
        target in hostile(),
        fields in prop::collection::vec((0usize..7, hostile()), 0..8),
        body in hostile(),
        now in any::<i64>(),
    ) {
        let names = ["authorization", "host", "x-amz-date", "date", "x-amz-content-sha256", "X-Amz-Meta-\u{e4}", ""];
        let headers = fields.into_iter().map(|(name, value)| (names[name].into(), Bytes::from(value))).collect();
        let mut request = Request { method: "GET".into(), target, headers, body: body.into() };
        verify(&request, &|_| Some(mine()), now, REGION);
        for marker in ChunkMarker::ALL {
            let _ = ChunkedPayload::new(marker, None, None).decode(&request.body);
        }
        let time = SigningTime::at(now);
        sign(&mut request, &SigningKey::derive(&mine(), &time, REGION), &time, &PayloadHash::unsigned());
    }

    #[test]
    fn no_small_change_panics_or_is_believed_to_be_another(
        in_query in any::<bool>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut request = if in_query { presigned(NOW, "60") } else { usual() };
        if in_query {
            let index = at.index(request.target.len());
            request.target[index] = byte;
        } else {
            let mut value = request.headers.get("authorization").expect("signed").to_vec();
            let index = at.index(value.len());
            value[index] = byte;
            request.headers.set("authorization", value);
        }
        if let Verification::Valid { access_key, .. } = verified(&request) {
            prop_assert_eq!(access_key, "AKIAMINE");
        }
    }

    #[test]
    fn whatever_is_signed_verifies(
        method in "[A-Z]{1,7}",
        path in prop::collection::vec(any::<u8>(), 0..24),
        query in hostile().prop_filter("claims nothing", |query| !query.windows(6).any(|word| word == b"X-Amz-")),
        fields in prop::collection::vec(("[xX]-amz-meta-[a-cA-C]|content-type|range", prop::collection::vec(any::<u8>(), 0..12)), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let target = [b"/", path.as_slice(), b"?", &query].concat();
        prop_assume!(!target.windows(6).any(|word| word == b"X-Amz-"));
        let mut headers: Headers = fields.into_iter().map(|(name, value)| (name.into(), Bytes::from(value))).collect();
        headers.push("host", "h");
        let mut request = Request { method: method.into(), target, headers, body: body.into() };
        let (time, hash) = (SigningTime::at(NOW), PayloadHash::of(&request.body));
        sign(&mut request, &SigningKey::derive(&mine(), &time, REGION), &time, &hash);
        prop_assert!(matches!(verified(&request), Verification::Valid { .. }), "{:?}", verified(&request));
    }
}
