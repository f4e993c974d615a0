//! Telling what is wrong with a signature.

use std::sync::Arc;

use plumb_model::http::Request;

use super::authorization::{Claim, Malformed};
use super::canonical::{Scratch, Selection, Subject};
use super::hash::sha256;
use super::payload::UNSIGNED;
use super::{ChunkChain, ChunkMarker, ChunkedPayload, Credentials, Signature, SigningKey, escape, hex};

/// How far a request's clock may be from the server's: 15 minutes.
/// Source: "Error responses", `RequestTimeTooSkewed`.
pub const CLOCK_SKEW_SECONDS_MAX: i64 = 15 * 60;

/// What a request's signature is worth.
#[derive(Debug)]
pub enum Verification {
    /// The request claims nobody.
    Anonymous,
    /// The request is from whom it says.
    Valid {
        /// Who signed.
        access_key: String,
        /// What was said of the body.
        payload: Payload,
        /// Whether the signature stands in the query.
        presigned: bool,
    },
    /// The request is not to be believed.
    Refused {
        /// Who is said to have signed, where that much can be read.
        access_key: Option<String>,
        /// Everything that is wrong, one at least, in the order of [`Fault`]. Which of them a server
        /// answers is not said here.
        faults: Vec<Fault>,
    },
}

impl Verification {
    /// What is wrong; nothing if the request is anonymous or valid.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Refused { faults, .. } => faults,
            Self::Anonymous | Self::Valid { .. } => &[],
        }
    }
}

/// What a valid signature says of the body.
#[derive(Debug)]
pub enum Payload {
    /// Its hash is signed, and is that of the body.
    Hashed,
    /// Nothing.
    Unsigned,
    /// It is `aws-chunked`, and still to be decoded and checked.
    Chunked(Box<ChunkedPayload>),
}

/// One thing wrong with a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The claim cannot be read, so nothing else was looked at.
    Malformed(Malformed),
    /// Signed by a clock so many seconds ahead of ours (behind, if negative): more than
    /// [`CLOCK_SKEW_SECONDS_MAX`].
    Skewed {
        /// Theirs minus ours.
        seconds: i64,
    },
    /// A presigned request from so far in the future.
    NotYetValid {
        /// Theirs minus ours.
        seconds: i64,
    },
    /// A presigned request whose life was over so many seconds ago.
    Expired {
        /// Since then.
        seconds: i64,
    },
    /// The scope is of another region.
    WrongRegion {
        /// The one in the scope.
        found: String,
    },
    /// A header that must be signed, `x-amz-*`, is not.
    HeaderNotSigned {
        /// In lower case.
        name: String,
    },
    /// There is no `x-amz-content-sha256`. The signature cannot be told without.
    MissingPayloadHash,
    /// `x-amz-content-sha256` is no hash and none of the known words.
    InvalidPayloadHash,
    /// `x-amz-content-sha256` is not the hash of the body.
    PayloadMismatch,
    /// Nobody has this access key.
    UnknownKey,
    /// The session token is not the one of the credentials, or is there or absent where it should not be.
    WrongSessionToken,
    /// The signature is not what these credentials give.
    WrongSignature,
}

/// Verifies the signature of `request`, in its header or its query, against the clock `now` (seconds
/// since 1970) and the server's `region`; `lookup` says whose an access key is.
///
/// Never panics, whatever the request. All faults are looked for independently, except that nothing
/// follows from a claim that cannot be read, an unknown key has no signature to compare, and a missing
/// payload hash no signature either. The signature is compared in constant time, and with the region
/// of the scope, so that a wrong region is not a wrong signature too.
pub fn verify(request: &Request, lookup: &dyn Fn(&str) -> Option<Credentials>, now: i64, region: &str) -> Verification {
    let claim = match Claim::read(request) {
        Ok(Some(claim)) => claim,
        Ok(None) => return Verification::Anonymous,
        Err(reason) => return Verification::Refused { access_key: None, faults: vec![Fault::Malformed(reason)] },
    };
    let credentials = lookup(&claim.access_key);
    let key = credentials.as_ref().map(|credentials| SigningKey::derive(credentials, &claim.time, &claim.region));
    let body = Body::read(&claim);
    let mut faults = Vec::new();
    faults.extend(clock_fault(&claim, now));
    if claim.region != region {
        faults.push(Fault::WrongRegion { found: claim.region.clone() });
    }
    faults.extend(header_fault(request, &claim));
    faults.extend(body.fault(request));
    faults.extend(identity_fault(request, &claim, credentials.as_ref().zip(key.as_ref())));
    match key {
        Some(key) if faults.is_empty() => {
            let presigned = claim.expires_seconds.is_some();
            Verification::Valid { payload: body.accept(request, &claim, key), access_key: claim.access_key, presigned }
        }
        _ => Verification::Refused { access_key: Some(claim.access_key), faults },
    }
}

/// `RequestTimeTooSkewed` for a header; for a presigned request its own two bounds.
fn clock_fault(claim: &Claim, now: i64) -> Option<Fault> {
    let signed = claim.time.unix_seconds();
    let seconds = signed.saturating_sub(now);
    match claim.expires_seconds {
        None if seconds.unsigned_abs() > CLOCK_SKEW_SECONDS_MAX.unsigned_abs() => Some(Fault::Skewed { seconds }),
        Some(_) if seconds > CLOCK_SKEW_SECONDS_MAX => Some(Fault::NotYetValid { seconds }),
        Some(life) if now > signed + life => Some(Fault::Expired { seconds: now.saturating_sub(signed + life) }),
        _ => None,
    }
}

/// "Any x-amz-* headers that you plan to include in your request must also be added" to the signed
/// ones (`sig-v4-header-based-auth`); AWS answers `AccessDenied` with `HeadersNotSigned`.
fn header_fault(request: &Request, claim: &Claim) -> Option<Fault> {
    let mut names = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    let name = names.find(|name| name.starts_with("x-amz-") && !claim.signed_headers.contains(name))?;
    Some(Fault::HeaderNotSigned { name })
}

fn identity_fault(request: &Request, claim: &Claim, known: Option<(&Credentials, &SigningKey)>) -> Option<Fault> {
    let Some((credentials, key)) = known else { return Some(Fault::UnknownKey) };
    if !same_token(credentials.token(), claim.session_token.as_deref()) {
        return Some(Fault::WrongSessionToken);
    }
    let payload = claim.payload.as_deref()?.as_bytes();
    let headers = Selection::Listed(&claim.signed_headers);
    let presigned = claim.expires_seconds.is_some();
    let mut subject = Subject { request, headers, payload, presigned, unnamed: false };
    let Some(code) = Signature::parse(&claim.signature).and_then(|signature| hex::decode(signature.as_bytes())) else {
        return Some(Fault::WrongSignature);
    };
    let mut matches = || {
        let found = Scratch::with(|scratch| scratch.verify(&subject, key, &claim.time, &code));
        subject.unnamed = true;
        found
    };
    // A query that ends in `&`, or has two of them side by side: botocore signs a parameter without name and value
    // there, other signers nothing. What AWS makes of it is not said, so either signature is taken.
    let count = |unnamed| escape::query(&request.target, unnamed).count();
    let found = matches() || (count(true) > count(false) && matches());
    (!found).then_some(Fault::WrongSignature)
}

/// Compares hashes, whose prefixes tell nothing about the token.
fn same_token(own: Option<&str>, sent: Option<&str>) -> bool {
    match (own, sent) {
        (None, None) => true,
        (Some(own), Some(sent)) => sha256(own.as_bytes()) == sha256(sent.as_bytes()),
        _ => false,
    }
}

/// What the claim says of the body.
enum Body {
    Missing,
    Invalid,
    Hashed([u8; 32]),
    Unsigned,
    Chunked(ChunkMarker),
}

impl Body {
    fn read(claim: &Claim) -> Self {
        let Some(text) = claim.payload.as_deref() else { return Self::Missing };
        if text == UNSIGNED {
            return Self::Unsigned;
        }
        if let Some(marker) = ChunkMarker::ALL.into_iter().find(|marker| marker.text() == text) {
            return Self::Chunked(marker);
        }
        hex::decode(text.as_bytes()).map_or(Self::Invalid, Self::Hashed)
    }

    fn fault(&self, request: &Request) -> Option<Fault> {
        match self {
            Self::Missing => Some(Fault::MissingPayloadHash),
            Self::Invalid => Some(Fault::InvalidPayloadHash),
            Self::Hashed(hash) if sha256(&request.body) != *hash => Some(Fault::PayloadMismatch),
            _ => None,
        }
    }

    /// For a claim without fault.
    fn accept(&self, request: &Request, claim: &Claim, key: SigningKey) -> Payload {
        match (self, Signature::parse(&claim.signature)) {
            (Self::Chunked(marker), Some(seed)) => {
                let length = request.headers.text("x-amz-decoded-content-length");
                let length = length.and_then(|text| text.trim().parse().ok());
                let chain = ChunkChain::new(Arc::new(key), claim.time.clone(), seed);
                Payload::Chunked(Box::new(ChunkedPayload::new(*marker, length, Some(chain))))
            }
            (Self::Unsigned, _) => Payload::Unsigned,
            _ => Payload::Hashed,
        }
    }
}
