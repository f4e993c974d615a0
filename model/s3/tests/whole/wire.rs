//! The wire format, there and back, with bytes that mean harm.

use crate::harness::{NOW_S, REGION, actor, receiving, sending};
use bytes::Bytes;
use plumb_model::answer::Answer;
use plumb_model::bodies::Bodies;
use plumb_model::call::Call;
use plumb_model::http::{Headers, Request, Response};
use plumb_model::value::Value;
use plumb_s3::sigv4::{ChunkMarker, Credentials, PayloadHash, SigningKeys, SigningTime, sign};
use proptest::prelude::*;

/// The call as it stands after a way over the wire.
fn there_and_back(call: &Call) -> (Call, Option<String>) {
    let (bodies, me) = (Bodies::new(), actor());
    let wire = plumb_s3::api().wire;
    let request = wire.encode(call, &sending(Some(&me), &bodies)).expect("encodes");
    let received = wire.decode_request(&request, &receiving(std::slice::from_ref(&me), &bodies)).expect("decodes");
    (received.call, received.actor)
}

fn bytes(least: usize) -> impl Strategy<Value = Vec<u8>> {
    let hostile =
        proptest::sample::select(vec!["/", "//", "../", "./", "%", "%2e", "+", "?", "#", "&", "=", "\\", "\u{0}"]);
    let piece =
        prop_oneof![hostile.prop_map(|text| text.as_bytes().to_vec()), proptest::collection::vec(any::<u8>(), 1..4)];
    proptest::collection::vec(piece, least..6).prop_map(|pieces| pieces.concat())
}

/// What can stand in a header: no end of line, no NUL, no blanks around it.
fn header() -> impl Strategy<Value = String> {
    "[!-~\u{e4}]([ -~\u{e4}]{0,10}[!-~\u{e4}])?"
}

proptest! {
    #[test]
    fn an_object_call_comes_back(
        operation in proptest::sample::select(vec!["PutObject", "CopyObject", "GetObject", "DeleteObject"]),
        bucket in bytes(1),
        key in bytes(1),
        tag in header(),
        body in proptest::collection::vec(any::<u8>(), 1..40),
        quality in proptest::sample::select(vec!["", "wrong-secret", "unknown-key", "skewed", "anonymous", "malformed", "other-body"]),
    ) {
        let mut call = Call::new(operation).with("bucket", Value::literal(bucket)).with("key", Value::literal(key));
        call = call.with("if-match", tag.as_str());
        if operation == "PutObject" {
            call = call.with("body", Value::literal(body)).with("x-amz-meta-a", tag.as_str()).with("content-type", tag.as_str());
        }
        if operation == "CopyObject" {
            call = call.with("x-amz-copy-source", tag.as_str()).with("x-amz-metadata-directive", "COPY");
        }
        if operation == "GetObject" {
            call = call.with("response-content-type", tag.as_str());
        }
        if !quality.is_empty() {
            call = call.with("signature", quality);
        }
        prop_assert_eq!(there_and_back(&call).0, call);
    }

    #[test]
    fn a_listing_comes_back(prefix in bytes(0), after in bytes(0), delimiter in bytes(0)) {
        let call = Call::new("ListObjectsV2")
            .with("bucket", "plumb-t")
            .with("prefix", Value::literal(prefix))
            .with("start-after", Value::literal(after))
            .with("delimiter", Value::literal(delimiter));
        let (back, sender) = there_and_back(&call);
        prop_assert_eq!(back, call);
        prop_assert_eq!(sender, Some(actor().id));
    }

    #[test]
    fn a_list_of_buckets_comes_back(prefix in bytes(0), token in bytes(0), most in "[ -~]{0,6}") {
        let call = Call::new("ListBuckets")
            .with("prefix", Value::literal(prefix))
            .with("continuation-token", Value::literal(token))
            .with("max-buckets", most.as_str());
        prop_assert_eq!(there_and_back(&call).0, call);
    }

    #[test]
    fn a_listing_from_a_marker_comes_back(prefix in bytes(0), marker in bytes(0), delimiter in bytes(0)) {
        let call = Call::new("ListObjects")
            .with("bucket", "plumb-t")
            .with("prefix", Value::literal(prefix))
            .with("marker", Value::literal(marker))
            .with("delimiter", Value::literal(delimiter));
        prop_assert_eq!(there_and_back(&call).0, call);
    }

    #[test]
    fn a_batch_comes_back(
        keys in proptest::collection::vec("[ -~\u{e4}\n]{0,10}", 0..5),
        more in proptest::option::of(1..40_u32),
        words in proptest::sample::select(vec!["", "none", "crc32", "md5 sha256", "md5-wrong crc32-malformed"]),
        quality in proptest::sample::select(vec!["", "wrong-secret", "presigned", "anonymous", "other-body"]),
    ) {
        let mut call = Call::new("DeleteObjects").with("bucket", "plumb-t");
        for (number, key) in (1..).zip(&keys) {
            call = call.with(format!("key.{number}"), key.as_str()).with(format!("etag.{number}"), "*");
        }
        if let (Some(more), true) = (more, keys.is_empty()) {
            call = call.with("key.1", "k").with("more-keys", more.to_string().as_str());
        }
        for (name, value) in [("digest", words), ("signature", quality)] {
            if !value.is_empty() {
                call = call.with(name, value);
            }
        }
        prop_assert_eq!(there_and_back(&call).0, call);
    }

    #[test]
    fn no_request_panics(
        method in proptest::sample::select(vec!["GET", "PUT", "DELETE", "POST", "X"]),
        target in bytes(0),
        query in bytes(0),
        names in proptest::collection::vec(proptest::sample::select(vec![
            "host", "authorization", "x-amz-copy-source", "x-amz-meta-a", "content-encoding", "x-amz-content-sha256",
        ]), 0..4),
        value in bytes(0),
        body in bytes(0),
    ) {
        let headers: Headers = names.into_iter().map(|name| (name.into(), value.clone().into())).collect();
        for target in [target.clone(), [b"/b/", &target[..], b"?", &query].concat()] {
            let request = Request { method: method.into(), target, headers: headers.clone(), body: body.clone().into() };
            let (wire, bodies) = (plumb_s3::api().wire, Bodies::new());
            let _ = wire.touches(&request);
            let _ = wire.decode_request(&request, &receiving(&[actor()], &bodies));
        }
    }

    #[test]
    fn no_response_panics(
        status in proptest::sample::select(vec![200_u16, 204, 206, 304, 400, 404, 500]),
        operation in proptest::sample::select(vec!["ListObjects", "ListObjectsV2", "GetObject", "PutObject"]),
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "<Error>", "</Error>", "<Code>", "</Code>", "<ListBucketResult>", "</ListBucketResult>", "<Contents>",
            "</Contents>", "<Key>", "</Key>", "<EncodingType>url</EncodingType>", "%zz", "&amp;", "&x;", "&#x110000;",
            "<!DOCTYPE a>", "<![CDATA[", "]]>", "<?x", "?>", "<!--", "-->", "text", "\u{0}", "<a b=\"c\"/>",
        ]), 0..12),
        length in "[0-9x]{0,3}",
    ) {
        let mut headers = Headers::default();
        headers.push("content-length", length);
        let response = Response { status, headers, body: pieces.concat().into(), truncated: false };
        let call = Call::new(operation).with("encoding-type", "url");
        let answer = plumb_s3::api().wire.decode_response(&call, &response);
        prop_assert_eq!(answer.status, status);
    }

    #[test]
    fn a_request_touches_what_its_call_names(key in bytes(1)) {
        let (bodies, me) = (Bodies::new(), actor());
        let call = Call::new("GetObject").with("bucket", "plumb-t").with("key", Value::literal(key.clone()));
        let wire = plumb_s3::api().wire;
        let request = wire.encode(&call, &sending(Some(&me), &bodies)).expect("encodes");
        if let Ok(touches) = wire.touches(&request) {
            let named = |touch: &plumb_model::wire::Touch| touch.name == "plumb-t" && touch.inside.as_deref() == Some(&key[..]);
            prop_assert!(touches.iter().any(named), "{:?}", touches);
        }
    }
}

fn response(status: u16, body: impl Into<Bytes>) -> Response {
    Response { status, headers: Headers::default(), body: body.into(), truncated: false }
}

fn decoded(operation: &'static str, response: &Response) -> Answer {
    plumb_s3::api().wire.decode_response(&Call::new(operation), response)
}

/// What has no source is a `PutObject` to whoever reads it.
#[test]
fn a_copy_without_a_source_is_not_sent() {
    let (bodies, me) = (Bodies::new(), actor());
    let call = Call::new("CopyObject").with("bucket", "plumb-t").with("key", "k");
    let encoded = |call: &Call| plumb_s3::api().wire.encode(call, &sending(Some(&me), &bodies)).is_ok();
    assert!(!encoded(&call));
    assert!(encoded(&call.with("x-amz-copy-source", "")));
}

#[test]
fn errors_are_told_by_their_code() {
    let error = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Key>k</Key></Error>";
    assert_eq!(decoded("GetObject", &response(404, error)).class(), "404 NoSuchKey");
    assert_eq!(decoded("PutObject", &response(200, error)).class(), "200 NoSuchKey", "a 200 is not yet a success");
    assert_eq!(decoded("GetObject", &response(200, error)).class(), "200", "an object may hold what it likes");
    assert_eq!(decoded("GetObject", &response(404, "")).class(), "404");
}

#[test]
fn an_error_under_200_is_no_success_of_a_copy() {
    let error = |code: &str| {
        let body = format!("<?xml version=\"1.0\"?>\n\n <Error><Code>{code}</Code></Error>");
        let response = Response { status: 200, headers: Headers::default(), body: body.into(), truncated: false };
        let answer = plumb_s3::api().wire.decode_response(&Call::new("CopyObject"), &response);
        (answer.class(), answer.is_success(), answer.is_server_error())
    };
    assert_eq!(error("InternalError"), ("200 InternalError".into(), false, true));
    assert_eq!(error("SlowDown"), ("200 SlowDown".into(), false, true));
    assert_eq!(error("NoSuchKey"), ("200 NoSuchKey".into(), false, false), "that must be told by the status");
    let copied = decoded("CopyObject", &response(200, "<CopyObjectResult><ETag>\"a\"</ETag></CopyObjectResult>"));
    assert!(copied.is_success() && copied.malformed.is_none());
}

#[test]
fn what_must_be_xml_and_is_none_is_malformed() {
    for (operation, status, body, malformed) in [
        ("ListObjectsV2", 200, "<ListBucketResult><Name>", true),
        ("ListObjectsV2", 200, "<Other/>", true),
        ("ListObjectsV2", 200, "<ListBucketResult/>", false),
        ("GetObject", 404, "<html><br></html>", true),
        ("GetObject", 502, "<html><br></html>", false),
        ("GetObject", 200, "<html><br></html>", false),
    ] {
        assert_eq!(decoded(operation, &response(status, body)).malformed.is_some(), malformed, "{operation} {body}");
    }
}

#[test]
fn a_length_that_is_not_the_bodys_is_malformed() {
    let mut response = response(200, "four");
    response.headers.push("content-length", "5");
    assert!(decoded("GetObject", &response).malformed.is_some());
    response.headers.set("content-length", "4");
    assert_eq!(decoded("GetObject", &response).malformed, None);
    for again in ["4", "5"] {
        let mut response = response.clone();
        response.headers.push("content-length", again);
        assert!(decoded("GetObject", &response).malformed.is_some(), "4 and {again}");
    }
}

#[test]
fn another_namespace_or_encoding_is_noticed() {
    let known = "http://s3.amazonaws.com/doc/2006-03-01/";
    for (operation, status, body, malformed) in [
        ("GetObject", 404, format!("<Error xmlns=\"{known}\"><Code>NoSuchKey</Code></Error>"), false),
        ("GetObject", 404, "<Error xmlns=\"urn:plumb\"><Code>NoSuchKey</Code></Error>".into(), true),
        ("ListObjectsV2", 200, "<?xml version=\"1.0\" encoding=\"utf-8\"?><ListBucketResult/>".into(), false),
        ("ListObjectsV2", 200, "<?xml version=\"1.0\" encoding=\"utf-16\"?><ListBucketResult/>".into(), true),
    ] {
        let response = response(status, body.clone());
        assert_eq!(decoded(operation, &response).malformed.is_some(), malformed, "{body}");
    }
    for namespace in [known, "urn:plumb"] {
        let body = format!("<ListBucketResult xmlns=\"{namespace}\"><Name>n</Name></ListBucketResult>");
        let response = response(200, body);
        let document = decoded("ListObjectsV2", &response).document;
        assert_eq!(document.as_ref().and_then(|own| own.text("xmlns")), Some(namespace), "the model judges it");
    }
}

#[test]
fn a_location_is_the_text_of_the_root() {
    for (body, told, namespace) in [
        (
            "<LocationConstraint xmlns=\"urn:plumb\">eu-west-1</LocationConstraint>",
            Some("eu-west-1"),
            Some("urn:plumb"),
        ),
        ("<LocationConstraint xmlns=\"urn:plumb\"/>", Some(""), Some("urn:plumb")),
        ("<LocationConstraint/>", Some(""), None),
        ("<LocationConstraint><LocationConstraint>x</LocationConstraint></LocationConstraint>", None, None),
    ] {
        let document = decoded("GetBucketLocation", &response(200, body)).document.expect("a document");
        assert_eq!((document.text("#text"), document.text("xmlns")), (told, namespace), "{body}");
        let answer = Answer { status: 200, document: Some(document), ..Answer::default() };
        let wire = plumb_s3::api().wire;
        let again = wire.encode_response(&Call::new("GetBucketLocation"), &answer);
        let back = wire.decode_response(&Call::new("GetBucketLocation"), &again);
        assert_eq!(back.document, answer.document, "{body}");
    }
}

#[test]
fn encoded_keys_are_decoded_and_bare_ones_noticed() {
    let list = |key: &str| {
        let call = Call::new("ListObjectsV2").with("encoding-type", "url");
        let body = format!(
            "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>{key}</Key></Contents></ListBucketResult>"
        );
        plumb_s3::api().wire.decode_response(&call, &response(200, body))
    };
    let key = |answer: &Answer| {
        let contents = answer.document.as_ref().map(|document| document.list("Contents")).unwrap_or_default();
        contents.first().and_then(|entry| entry.text("Key")).map(str::to_owned)
    };
    assert_eq!(key(&list("a%20b+c%2B%C3%BC/d")).as_deref(), Some("a b c+\u{fc}/d"));
    assert!(list("a b").malformed.is_some() && list("\u{fc}").malformed.is_some());
}

#[test]
fn the_markers_of_a_listing_are_decoded_too() {
    let call = Call::new("ListObjects").with("encoding-type", "url");
    let fields = "<EncodingType>url</EncodingType><Marker>a%20b</Marker><NextMarker>%01+c</NextMarker>";
    let answer = plumb_s3::api()
        .wire
        .decode_response(&call, &response(200, format!("<ListBucketResult>{fields}</ListBucketResult>")));
    let text = |name| answer.document.as_ref().and_then(|document| document.text(name));
    assert_eq!((text("Marker"), text("NextMarker")), (Some("a b"), Some("\u{1} c")));
}

#[test]
fn a_listing_of_what_xml_cannot_carry_is_read_unless_it_must_be_encoded() {
    for (operation, encoding, status, body, malformed) in [
        ("ListObjects", None, 200, "<ListBucketResult><Prefix>\u{1}</Prefix></ListBucketResult>", false),
        ("ListObjectsV2", None, 200, "<ListBucketResult><Prefix>&#x1;</Prefix></ListBucketResult>", false),
        ("ListObjects", Some("url"), 200, "<ListBucketResult><Prefix>\u{1}</Prefix></ListBucketResult>", true),
        ("ListObjects", None, 404, "<Error><Code>\u{1}</Code></Error>", true),
        ("GetObject", None, 404, "<Error><Code>\u{1}</Code></Error>", true),
    ] {
        let call = encoding.iter().fold(Call::new(operation), |call, encoding| call.with("encoding-type", *encoding));
        let answer = plumb_s3::api().wire.decode_response(&call, &response(status, body));
        assert_eq!(answer.malformed.is_some(), malformed, "{operation} {encoding:?} {body:?}");
        let prefix = answer.document.as_ref().and_then(|document| document.text("Prefix"));
        assert_eq!(prefix, (!malformed).then_some("\u{1}"), "{operation} {encoding:?} {body:?}");
    }
}

#[test]
fn what_is_not_modelled_is_told() {
    let (bodies, me, wire) = (Bodies::new(), actor(), plumb_s3::api().wire);
    for call in [
        Call::new("PutObject").with("bucket", "b"),
        Call::new("PutObject").with("key", "k"),
        Call::new("PutObject").with("bucket", "b").with("key", "k").with("x-amz-acl", "private"),
        Call::new("PutObject").with("bucket", "b").with("key", "k").with("content-type", "a\r\nb: c"),
        Call::new("PutObject").with("bucket", "b").with("key", "k").with("signature", "sideways"),
        Call::new("CopyObject").with("bucket", "b"),
    ] {
        assert!(wire.encode(&call, &sending(Some(&me), &bodies)).is_err(), "{call:?}");
    }
    let request = |method: &'static str, target: &str, header: Option<&'static str>| Request {
        method: method.into(),
        target: target.as_bytes().to_vec(),
        headers: header.map(|name| (name.into(), "x".into())).into_iter().collect(),
        body: "".into(),
    };
    for request in [
        request("PUT", "/", None),
        request("GET", "/b?acl", None),
        request("GET", "/b?list-type=1", None),
        request("GET", "/b/k?torrent", None),
        request("PUT", "/b?acl", None),
        request("PUT", "/b/k?partNumber=1&uploadId=u", Some("x-amz-copy-source")),
        request("GET", "/b/k", Some("if-range")),
        request("POST", "/b?delete=&acl", None),
        request("POST", "/b", None),
        request("POST", "/b?delete", Some("x-amz-checksum-sha512")),
    ] {
        assert!(wire.decode_request(&request, &receiving(&[], &bodies)).is_err(), "{request:?}");
    }
}

/// What an upload of `hello` is decoded to, with headers beside it and a trailer behind.
fn upload(headers: &[(&'static str, &'static str)], trailer: &str) -> Result<Call, String> {
    let (api, me, bodies, time) = (plumb_s3::api(), actor(), Bodies::new(), SigningTime::at(NOW_S));
    let mut all = Headers::default();
    all.push("host", "127.0.0.1:9000");
    for (name, value) in headers {
        all.push(*name, *value);
    }
    let body = format!("5\r\nhello\r\n0\r\n{trailer}\r\n");
    let mut request = Request { method: "PUT".into(), target: b"/b/k".to_vec(), headers: all, body: body.into() };
    let key = SigningKeys::default().get(&Credentials::new(&me.id, &me.secret), &time, REGION);
    sign(&mut request, &key, &time, &PayloadHash::chunked(ChunkMarker::UnsignedWithTrailer));
    let received = api.wire.decode_request(&request, &receiving(std::slice::from_ref(&me), &bodies));
    received.map(|received| received.call).map_err(|unmodelled| unmodelled.to_string())
}

#[test]
fn a_checksum_may_follow_the_body() {
    let (announced, checksum) =
        (("x-amz-trailer", "x-amz-checksum-crc64nvme"), "x-amz-checksum-crc64nvme:M3eFcAZSQlc=\r\n");
    let call = upload(&[announced], checksum).expect("a call");
    assert_eq!(call.bytes("x-amz-checksum-crc64nvme").map(AsRef::as_ref), Some(&b"M3eFcAZSQlc="[..]));
    assert_eq!(call.bytes("body").map(AsRef::as_ref), Some(&b"hello"[..]));
    let bare = upload(&[], "").expect("a call");
    assert!(bare.arguments.keys().all(|name| !name.starts_with("x-amz-")), "{bare:?}");
    for (headers, trailer, what) in [
        (&[announced][..], "", "x-amz-checksum-crc64nvme never comes"),
        (&[], checksum, "x-amz-checksum-crc64nvme was not announced"),
        (&[announced], "x-amz-checksum-sha1:qvTGHdzF6KLavt4PO0gs2a6pQ00=\r\n", "x-amz-checksum-crc64nvme never comes"),
    ] {
        let error = upload(headers, trailer).expect_err("no call");
        assert!(error.contains(what), "{error}");
    }
}
