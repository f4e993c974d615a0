//! The quality of a signature, as an argument of a call: `signature`.

use plumb_model::call::Call;
use plumb_model::fault::{Basis, Fault};

use crate::errors;
use crate::faults;
use crate::request::Request;

/// The argument that tells how a call is signed.
pub(crate) const ARGUMENT: &str = "signature";

const ERRORS: &str = "AWS S3 API Reference, ErrorResponses";

/// How a call is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quality {
    /// By whom it says, rightly. The argument is left out.
    Valid,
    /// With another secret than the one of the access key.
    WrongSecret,
    /// With an access key that nobody has.
    UnknownKey,
    /// By a clock that is too far away.
    Skewed,
    /// Not at all.
    Anonymous,
    /// With an `authorization` header that cannot be read.
    Malformed,
    /// Rightly, but for another body.
    OtherBody,
    /// Rightly, in the query.
    Presigned,
    /// In the query, for a time that is over.
    Expired,
    /// In the query, for longer than seven days.
    TooLong,
}

impl Quality {
    const NAMES: [(Self, &'static str); 10] = [
        (Self::Valid, "valid"),
        (Self::WrongSecret, "wrong-secret"),
        (Self::UnknownKey, "unknown-key"),
        (Self::Skewed, "skewed"),
        (Self::Anonymous, "anonymous"),
        (Self::Malformed, "malformed"),
        (Self::OtherBody, "other-body"),
        (Self::Presigned, "presigned"),
        (Self::Expired, "presigned-expired"),
        (Self::TooLong, "presigned-too-long"),
    ];

    /// The quality with this name.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        Self::NAMES.iter().find(|(_, own)| own.as_bytes() == name).map(|(quality, _)| *quality)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(own, _)| *own == self).map_or("valid", |(_, name)| name)
    }

    /// How `call` is signed. A name that is none counts as valid; the wire refuses to encode it.
    pub(crate) fn of(call: &Call) -> Self {
        call.bytes(ARGUMENT).and_then(|name| Self::named(name)).unwrap_or(Self::Valid)
    }

    /// What a signature of this quality earns; none for a valid or an absent one.
    pub(crate) fn fault(self, request: &Request<'_>) -> Option<Fault> {
        let documented = |class, refusal| Some(Fault::new(class, request.refuse(refusal), Basis::Documented, ERRORS));
        match self {
            Self::Valid | Self::Presigned | Self::Anonymous => None,
            Self::WrongSecret => documented(faults::CREDENTIALS, errors::SIGNATURE_DOES_NOT_MATCH),
            Self::UnknownKey => documented(faults::CREDENTIALS, errors::INVALID_ACCESS_KEY_ID),
            Self::Skewed => documented(faults::CREDENTIALS, errors::REQUEST_TIME_TOO_SKEWED),
            Self::Expired => {
                let source =
                    "S3 User Guide, using-presigned-url: \"Request has expired\"; MinIO, versitygw: AccessDenied";
                let answer = request.refuse(errors::ACCESS_DENIED);
                Some(Fault::new(faults::CREDENTIALS, answer, Basis::Documented, source))
            }
            Self::TooLong => {
                let source =
                    "sigv4-query-string-auth: at most 604800 seconds; ErrorResponses, MinIO, versitygw: the code";
                let answer = request.refuse(errors::AUTHORIZATION_QUERY_PARAMETERS);
                Some(Fault::new(faults::AUTHORIZATION, answer, Basis::Documented, source))
            }
            Self::Malformed => {
                let source = "ErrorResponses: AuthorizationHeaderMalformed, InvalidArgument (unsupported type), \
                              InvalidRequest (unsupported mechanism), AccessDenied; which for which is not said";
                let answer = request.refuse(errors::AUTHORIZATION_HEADER_MALFORMED);
                let fault = Fault::new(faults::AUTHORIZATION, answer, Basis::Unknown, source);
                let others = [errors::INVALID_ARGUMENT, errors::INVALID_REQUEST, errors::ACCESS_DENIED];
                Some(others.into_iter().fold(fault, |fault, other| fault.or(request.refuse(other))))
            }
            Self::OtherBody => {
                let source = "MinIO, versitygw; AWS S3 API Reference, ErrorResponses";
                let answer = request.refuse(errors::CONTENT_SHA256_MISMATCH);
                Some(Fault::new(faults::PAYLOAD_HASH, answer, Basis::Implemented, source))
            }
        }
    }
}
