//! Reading what a request claims about who signed it, in its `authorization` header or its query.

use std::time::UNIX_EPOCH;

use plumb_model::http::Request;

use super::payload::UNSIGNED;
use super::{ALGORITHM, SERVICE, SigningTime, TERMINATOR, escape};

/// The longest life of a presigned request: seven days. The shortest is one second.
/// Source: `sigv4-query-string-auth`, `X-Amz-Expires`.
pub const PRESIGNED_SECONDS_MAX: i64 = 604_800;

/// The query parameters that make a request a presigned one.
const PRESIGNED_MARKS: [&str; 3] = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"];

/// Why a claim cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// Both an `authorization` header and a signature in the query.
    TwoMechanisms,
    /// The algorithm is not `AWS4-HMAC-SHA256`.
    Algorithm,
    /// This header, field or parameter is absent or empty.
    Missing(&'static str),
    /// This header, field or parameter occurs more than once.
    Repeated(&'static str),
    /// This header, field or parameter is not UTF-8.
    NotText(&'static str),
    /// The credential is not `key/day/region/service/aws4_request`.
    Credential,
    /// The scope names another service than `s3`, or does not end in `aws4_request`.
    Scope,
    /// The time of signing is not one.
    Date,
    /// The day in the scope is not the day of signing.
    ScopeDay,
    /// `host` is not among the signed headers.
    HostNotSigned,
    /// `X-Amz-Expires` is not a number from 1 to [`PRESIGNED_SECONDS_MAX`].
    Expires,
}

/// What a request says about its signature.
pub(super) struct Claim {
    pub(super) access_key: String,
    pub(super) region: String,
    pub(super) time: SigningTime,
    /// In lower case.
    pub(super) signed_headers: Vec<String>,
    pub(super) signature: String,
    pub(super) session_token: Option<String>,
    /// What stands for the body; a presigned request may leave it out.
    pub(super) payload: Option<String>,
    /// How long a presigned request lives; none if the claim stands in the header.
    pub(super) expires_seconds: Option<i64>,
}

impl Claim {
    /// The claim of a request, none if it is anonymous.
    pub(super) fn read(request: &Request) -> Result<Option<Self>, Malformed> {
        let presigned = PRESIGNED_MARKS.iter().any(|mark| parameters(request, mark).next().is_some());
        match (header(request, "authorization")?, presigned) {
            (None, false) => Ok(None),
            (Some(_), true) => Err(Malformed::TwoMechanisms),
            (Some(value), false) => Self::from_header(request, &value).map(Some),
            (None, true) => Self::from_query(request).map(Some),
        }
    }

    fn from_header(request: &Request, value: &str) -> Result<Self, Malformed> {
        let (algorithm, fields) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        let field = |name| {
            let fields = fields.split(',').filter_map(|field| field.trim().split_once('='));
            required(fields.filter(|(own, _)| *own == name).map(|(_, value)| Some(value.to_owned())), name)
        };
        check_algorithm(algorithm)?;
        let credential = field("Credential")?;
        let signed_headers = field("SignedHeaders")?;
        let signature = field("Signature")?;
        let claim = Self::assemble(&credential, header_time(request)?, &signed_headers, signature)?;
        let session_token = header(request, "x-amz-security-token")?;
        Ok(Self { session_token, payload: header(request, "x-amz-content-sha256")?, ..claim })
    }

    fn from_query(request: &Request) -> Result<Self, Malformed> {
        let parameter = |name| required(parameters(request, name), name);
        check_algorithm(&parameter("X-Amz-Algorithm")?)?;
        let credential = parameter("X-Amz-Credential")?;
        let time = SigningTime::parse(parameter("X-Amz-Date")?.as_bytes()).ok_or(Malformed::Date)?;
        let expires = parameter("X-Amz-Expires")?.parse().map_err(|_| Malformed::Expires)?;
        if !(1..=PRESIGNED_SECONDS_MAX).contains(&expires) {
            return Err(Malformed::Expires);
        }
        let signed_headers = parameter("X-Amz-SignedHeaders")?;
        let claim = Self::assemble(&credential, time, &signed_headers, parameter("X-Amz-Signature")?)?;
        let payload = match at_most_one(parameters(request, "X-Amz-Content-Sha256"), "X-Amz-Content-Sha256")? {
            Some(payload) => Some(payload),
            None => header(request, "x-amz-content-sha256")?,
        };
        Ok(Self {
            session_token: at_most_one(parameters(request, "X-Amz-Security-Token"), "X-Amz-Security-Token")?,
            payload: Some(payload.unwrap_or_else(|| UNSIGNED.to_owned())),
            expires_seconds: Some(expires),
            ..claim
        })
    }

    /// The parts both ways of claiming have in common.
    fn assemble(credential: &str, time: SigningTime, signed: &str, signature: String) -> Result<Self, Malformed> {
        // From the right, since nothing forbids a slash in an access key.
        let mut parts = credential.rsplitn(5, '/');
        let (Some(terminator), Some(service), Some(region), Some(day), Some(access_key)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Malformed::Credential);
        };
        if access_key.is_empty() {
            return Err(Malformed::Credential);
        }
        if terminator != TERMINATOR || service != SERVICE {
            return Err(Malformed::Scope);
        }
        if day.as_bytes() != time.day() {
            return Err(Malformed::ScopeDay);
        }
        let mut signed_headers: Vec<_> = signed.split(';').map(str::to_ascii_lowercase).collect();
        signed_headers.sort_unstable();
        signed_headers.dedup();
        if !signed_headers.iter().any(|name| name == "host") {
            return Err(Malformed::HostNotSigned);
        }
        let (access_key, region) = (access_key.to_owned(), region.to_owned());
        let (session_token, payload, expires_seconds) = (None, None, None);
        Ok(Self { access_key, region, time, signed_headers, signature, session_token, payload, expires_seconds })
    }
}

fn check_algorithm(name: &str) -> Result<(), Malformed> {
    if name == ALGORITHM { Ok(()) } else { Err(Malformed::Algorithm) }
}

/// `x-amz-date`, or else `date`, which may also be an HTTP date.
fn header_time(request: &Request) -> Result<SigningTime, Malformed> {
    if let Some(stamp) = header(request, "x-amz-date")? {
        return SigningTime::parse(stamp.as_bytes()).ok_or(Malformed::Date);
    }
    let date = header(request, "date")?.ok_or(Malformed::Missing("x-amz-date"))?;
    SigningTime::parse(date.as_bytes()).or_else(|| http_date(&date)).ok_or(Malformed::Date)
}

fn http_date(text: &str) -> Option<SigningTime> {
    let since_1970 = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(SigningTime::at(i64::try_from(since_1970.as_secs()).ok()?))
}

fn header(request: &Request, name: &'static str) -> Result<Option<String>, Malformed> {
    at_most_one(request.headers.all(name).map(|value| text(value.trim_ascii())), name)
}

fn parameters<'a>(request: &'a Request, name: &'a str) -> impl Iterator<Item = Option<String>> {
    escape::query(&request.target, false)
        .filter(move |(own, _)| escape::decode_query(own).as_ref() == name.as_bytes())
        .map(|(_, value)| text(&escape::decode_query(value)))
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn required(values: impl Iterator<Item = Option<String>>, name: &'static str) -> Result<String, Malformed> {
    at_most_one(values, name)?.filter(|value| !value.is_empty()).ok_or(Malformed::Missing(name))
}

/// The only value, where none in an item stands for one that is not UTF-8.
fn at_most_one(
    mut values: impl Iterator<Item = Option<String>>,
    name: &'static str,
) -> Result<Option<String>, Malformed> {
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.ok_or(Malformed::NotText(name)).map(Some),
        (Some(_), Some(_)) => Err(Malformed::Repeated(name)),
    }
}
