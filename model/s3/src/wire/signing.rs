//! Signing a request as well, or as badly, as its call wants it.

use plumb_model::http::Request;
use plumb_model::wire::{Actor, Sending};

use crate::signature::Quality;
use crate::sigv4::{
    CLOCK_SKEW_SECONDS_MAX, Credentials, Fault, Malformation, PayloadHash, SigningKeys, SigningTime, Verification,
    set_malformed_authorization, sign,
};

/// How far off a skewed clock is, in seconds: far enough that no server lets it pass.
const SKEW_SECONDS: i64 = 4 * CLOCK_SKEW_SECONDS_MAX;
/// An access key of the right form that nobody has.
const NOBODY: &str = "AKIAPLUMBLINENOBODY0";

/// Signs `request`; or says why it cannot be done.
pub(crate) fn apply(
    request: &mut Request,
    quality: Quality,
    payload: PayloadHash,
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
    let now_s = if quality == Quality::Skewed { sending.now_s - SKEW_SECONDS } else { sending.now_s };
    let payload = if quality == Quality::OtherBody { another(request) } else { payload };
    let time = SigningTime::at(now_s);
    sign(request, &keys.get(&credentials, &time, sending.region), &time, &payload);
    if quality == Quality::Malformed {
        set_malformed_authorization(request, Malformation::NoSignature);
    }
    Ok(())
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
        Verification::Valid { .. } => return Quality::Valid,
        Verification::Refused { faults, .. } => faults,
    };
    let of = |fault: &Fault| match fault {
        Fault::UnknownKey | Fault::WrongSessionToken => Quality::UnknownKey,
        Fault::Skewed { .. } | Fault::NotYetValid { .. } | Fault::Expired { .. } => Quality::Skewed,
        Fault::WrongSignature => Quality::WrongSecret,
        Fault::PayloadMismatch => Quality::OtherBody,
        _ => Quality::Malformed,
    };
    let order = [Quality::Malformed, Quality::UnknownKey, Quality::WrongSecret, Quality::Skewed, Quality::OtherBody];
    let found = order.into_iter().find(|quality| faults.iter().any(|fault| of(fault) == *quality));
    found.unwrap_or(Quality::Malformed)
}
