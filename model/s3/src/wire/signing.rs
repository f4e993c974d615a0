//! Signing a request as well, or as badly, as its call wants it.

use plumb_model::call::Call;
use plumb_model::http::{Headers, Request};
use plumb_model::wire::{Actor, CurlSigning, SECOND_ACTOR, Sending};

use crate::signature::{ARGUMENT, Quality};
use crate::sigv4::{
    CLOCK_SKEW_SECONDS_MAX, Credentials, Fault, Malformation, Malformed, PRESIGNED_SECONDS_MAX, PayloadHash,
    SigningKeys, SigningTime, Verification, presign, set_malformed_authorization, sign,
};

/// How far off a skewed clock is, in seconds: far enough that no server lets it pass.
const SKEW_SECONDS: i64 = 4 * CLOCK_SKEW_SECONDS_MAX;
/// For how long a request is presigned, in seconds.
const PRESIGNED_SECONDS: i64 = 600;
/// An access key of the right form that nobody has.
const NOBODY: &str = "AKIAPLUMBLINENOBODY0";

/// Signs `request`; or says why it cannot be done.
pub(crate) fn apply(
    request: &mut Request,
    quality: Quality,
    payload: &PayloadHash,
    keys: &SigningKeys,
    sending: &Sending<'_>,
) -> Result<(), String> {
    if quality == Quality::Anonymous || (quality == Quality::Valid && sending.actor.is_none()) {
        return Ok(());
    }
    let actor = sending.actor.ok_or("there is no actor to sign as")?;
    let credentials = match quality {
        Quality::WrongSecret => with_token(Credentials::new(actor.id.as_str(), format!("{}x", actor.secret)), actor),
        Quality::UnknownKey => Credentials::new(NOBODY, actor.secret.as_str()),
        _ => credentials(actor),
    };
    let now_s = match quality {
        Quality::Skewed | Quality::Expired => sending.now_s - SKEW_SECONDS,
        _ => sending.now_s,
    };
    let time = SigningTime::at(now_s);
    let key = keys.get(&credentials, &time, sending.region);
    match quality {
        Quality::Presigned | Quality::Expired => presign(request, &key, &time, PRESIGNED_SECONDS),
        Quality::TooLong => presign(request, &key, &time, PRESIGNED_SECONDS_MAX + 1),
        Quality::OtherBody => {
            let other = another(request);
            sign(request, &key, &time, &other)
        }
        _ => sign(request, &key, &time, payload),
    };
    if quality == Quality::Malformed {
        set_malformed_authorization(request, Malformation::NoSignature);
    }
    Ok(())
}

/// How curl signs the request: only where it was signed well, as a wrong signature would be another one there.
///
/// Source: curl's manual, `--aws-sigv4`. curl 7.88 signs the query as it stands and takes a given
/// `x-amz-content-sha256` for the hash of the body; it makes `x-amz-date` and `authorization` itself.
///
/// The second identity has variables of its own, so that both can be set in one shell.
pub(crate) fn for_curl(
    call: Option<&Call>,
    actor: Option<&str>,
    request: &Request,
    region: &str,
) -> Option<CurlSigning> {
    if call.is_some_and(|call| call.bytes(ARGUMENT).is_some_and(|name| Quality::named(name) != Some(Quality::Valid))) {
        return None;
    }
    if request.headers.get("authorization").is_none() {
        return Some(CurlSigning::default());
    }
    if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return None;
    }
    let sign = format!("--aws-sigv4 \"aws:amz:{region}:s3\"");
    let start = match actor {
        None => "AWS",
        Some(SECOND_ACTOR) => "PLUMB_OTHER",
        Some(_) => return None,
    };
    let user = format!("--user \"${start}_ACCESS_KEY_ID:${start}_SECRET_ACCESS_KEY\"");
    // curl 7.88 signs the query as it stands; a server sorts it, and has an empty value for a name without one.
    let query = request.target.iter().position(|byte| *byte == b'?').map_or(&[][..], |at| &request.target[at + 1..]);
    let mut parameters = query.split(|byte| *byte == b'&');
    if !parameters.clone().is_sorted() || parameters.any(|own| !own.is_empty() && !own.contains(&b'=')) {
        return None;
    }
    if !is_signed_by_curl(&request.headers) {
        return None;
    }
    let mut options = vec![sign, user];
    if request.headers.get("x-amz-security-token").is_some() {
        options.push(format!("-H \"x-amz-security-token: ${start}_SESSION_TOKEN\""));
    }
    Some(CurlSigning { options, headers_left_out: &["authorization", "x-amz-date", "x-amz-security-token"] })
}

/// Whether curl 7.88 signs these fields as a server verifies them. One without a value it sends, and signs as if it
/// were not there; and it sorts whole lines, so that the colon behind a name counts.
fn is_signed_by_curl(headers: &Headers) -> bool {
    let mut names: Vec<&str> = headers.iter().map(|(name, _)| name.as_ref()).collect();
    names.sort_unstable();
    let lines = names.iter().map(|name| format!("{name}:"));
    headers.iter().all(|(_, value)| !value.is_empty()) && lines.is_sorted()
}

/// The hash of a body that is not this one.
fn another(request: &Request) -> PayloadHash {
    PayloadHash::of(&[&request.body[..], b"x"].concat())
}

/// An actor's credentials.
pub(crate) fn credentials(actor: &Actor) -> Credentials {
    with_token(Credentials::new(actor.id.as_str(), actor.secret.as_str()), actor)
}

fn with_token(credentials: Credentials, actor: &Actor) -> Credentials {
    match &actor.session_token {
        Some(token) => credentials.with_session_token(token.as_str()),
        None => credentials,
    }
}

/// What a verification says of the signature. Where several things are wrong, one stands for all: the model has
/// them in one argument.
pub(crate) fn quality(verification: &Verification) -> Quality {
    let faults = match verification {
        Verification::Anonymous => return Quality::Anonymous,
        Verification::Valid { presigned: true, .. } => return Quality::Presigned,
        Verification::Valid { .. } => return Quality::Valid,
        Verification::Refused { faults, .. } => faults,
    };
    let of = |fault: &Fault| match fault {
        Fault::UnknownKey | Fault::WrongSessionToken => Quality::UnknownKey,
        Fault::Skewed { .. } => Quality::Skewed,
        // Outside of its life, before it or after: AWS answers both alike.
        Fault::NotYetValid { .. } | Fault::Expired { .. } => Quality::Expired,
        Fault::Malformed(Malformed::Expires) => Quality::TooLong,
        Fault::WrongSignature => Quality::WrongSecret,
        Fault::PayloadMismatch => Quality::OtherBody,
        _ => Quality::Malformed,
    };
    let order = [
        Quality::TooLong,
        Quality::Malformed,
        Quality::UnknownKey,
        Quality::WrongSecret,
        Quality::Skewed,
        Quality::Expired,
        Quality::OtherBody,
    ];
    let found = order.into_iter().find(|quality| faults.iter().any(|fault| of(fault) == *quality));
    found.unwrap_or(Quality::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(actor: Option<&str>) -> Option<String> {
        let headers: Headers = [("authorization".into(), "signed".into())].into_iter().collect();
        let request = Request { method: "GET".into(), target: b"/b".to_vec(), headers, body: bytes::Bytes::new() };
        Some(for_curl(None, actor, &request, "us-east-1")?.options[1].clone())
    }

    #[test]
    fn what_curl_signs_otherwise_is_not_said_with_curl() {
        let signed = |fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(name, value)| ((*name).to_owned().into(), (*value).to_owned().into()));
            is_signed_by_curl(&fields.collect())
        };
        assert!(signed(&[("x-amz-copy-source", "b/k"), ("x-amz-acl", "private")]));
        assert!(!signed(&[("content-md5", "")]), "no value");
        let copy = [("x-amz-copy-source", "b/k"), ("x-amz-copy-source-if-match", "*")];
        assert!(!signed(&copy), "a colon sorts behind a hyphen");
    }

    #[test]
    fn each_identity_has_variables_of_its_own_and_a_third_has_none() {
        assert_eq!(user(None).as_deref(), Some("--user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\""));
        let other = "--user \"$PLUMB_OTHER_ACCESS_KEY_ID:$PLUMB_OTHER_SECRET_ACCESS_KEY\"";
        assert_eq!(user(Some(SECOND_ACTOR)).as_deref(), Some(other));
        assert_eq!(user(Some("carol")), None);
    }
}
