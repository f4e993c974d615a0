//! The signer agrees with aws-sigv4 wherever that one can say the request: text headers, and paths
//! that are percent-encoded in canonical form already, which it signs as they are.

use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::http_request::{self, PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest};
use aws_sigv4::http_request::{SigningSettings, UriPathNormalizationMode};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use plumb_model::http::{Headers, Request};
use plumb_s3::sigv4::{Credentials, PayloadHash, SigningKey, SigningTime, sign};
use proptest::prelude::*;

const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const HOST: &str = "examplebucket.s3.amazonaws.com";

/// A request in words both signers understand.
#[derive(Debug, Clone)]
struct Plain {
    method: String,
    target: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
    secret: String,
    token: Option<String>,
    region: String,
    seconds: u32,
}

/// The `authorization` header aws-sigv4 gives.
fn theirs(plain: &Plain) -> String {
    let secret = plain.secret.clone();
    let credentials = aws_credential_types::Credentials::new(ACCESS_KEY, secret, plain.token.clone(), None, "test");
    let identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let time = UNIX_EPOCH + Duration::from_secs(plain.seconds.into());
    let builder = v4::SigningParams::builder().identity(&identity).region(&plain.region).name("s3");
    let params = builder.time(time).settings(settings).build().expect("complete").into();
    let url = format!("https://{HOST}{}", plain.target);
    let fields = plain.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let request =
        SignableRequest::new(&plain.method, url, fields, SignableBody::Bytes(&plain.body)).expect("a request");
    let (instructions, _) = http_request::sign(request, &params).expect("signed").into_parts();
    let authorization = instructions.headers().find(|(name, _)| *name == "authorization");
    authorization.expect("an authorization header").1.to_owned()
}

/// The `authorization` header we give.
fn ours(plain: &Plain) -> String {
    let mut credentials = Credentials::new(ACCESS_KEY, plain.secret.clone());
    if let Some(token) = &plain.token {
        credentials = credentials.with_session_token(token.clone());
    }
    let fields = plain.fields.iter().map(|(name, value)| (name.clone().into(), Bytes::from(value.clone())));
    let mut headers: Headers = fields.collect();
    headers.push("host", HOST);
    let (method, target) = (plain.method.clone().into(), plain.target.clone().into_bytes());
    let mut request = Request { method, target, headers, body: Bytes::from(plain.body.clone()) };
    let time = SigningTime::at(plain.seconds.into());
    let key = SigningKey::derive(&credentials, &time, &plain.region);
    sign(&mut request, &key, &time, &PayloadHash::of(&plain.body));
    request.headers.text("authorization").expect("an authorization header").to_owned()
}

/// Paths encoded as S3 wants them.
fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9._~/-]{1,6}",
        1 => prop::sample::select(vec!["%20", "%2B", "%C3%A4", "%FF", "%25", "%3D", "/../", "//"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| format!("/{}", pieces.concat()))
}

/// Queries of any form, as long as they are text, for aws-sigv4 decodes them to text.
fn query() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9._~/=&+:,*!-]{1,6}",
        1 => prop::sample::select(vec!["%20", "%2B", "%2b", "%C3%A4", "%25", "%3d", "%61", "&acl", "&&", "%zz"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn plain() -> impl Strategy<Value = Plain> {
    // Single blanks inside a value and any number around it; each name of one spelling.
    let value = "[ ]{0,2}[!-~]{1,8}([ ]{1,3}[!-~]{1,4}){0,2}[ ]{0,2}";
    let name = prop::sample::select(vec![
        "content-type",
        "content-md5",
        "x-amz-meta-a",
        "x-amz-meta-b",
        "x-amz-meta-a-b",
        "x-amz-acl",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-customer-key",
    ]);
    let fields = prop::collection::vec((name.prop_map(str::to_owned), value), 0..8);
    let identity = ("[!-~]{1,40}", prop::option::of("[!-~]{1,60}"), "[a-z]{2}-[a-z]{4,9}-[1-9]");
    let message = ("GET|PUT|HEAD|POST|DELETE", path(), query(), fields, prop::collection::vec(any::<u8>(), 0..40));
    (message, identity, any::<u32>()).prop_map(
        |((method, path, query, fields, body), (secret, token, region), seconds)| {
            let target = if query.is_empty() { path } else { format!("{path}?{query}") };
            Plain { method, target, fields, body, secret, token, region, seconds }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn agrees_with_aws_sigv4(plain in plain()) {
        prop_assert_eq!(ours(&plain), theirs(&plain));
    }
}
