//! The errors of S3, and how each must look.
//!
//! Source: AWS S3 API Reference, `ErrorResponses`. The fields that a code adds are demanded in the flavour `aws`
//! only: other servers leave them out, and no client relies on them.

use bytes::Bytes;
use plumb_model::expectation::{BodyRule, Expectation, Form, Label, Matcher, Shape};
use plumb_model::value::Value;

use crate::names::is_xml_text;
use crate::request::Request;

/// A status with its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: u16,
    code: &'static str,
}

const fn refusal(status: u16, code: &'static str) -> Refusal {
    Refusal { status, code }
}

pub(crate) const ACCESS_DENIED: Refusal = refusal(403, "AccessDenied");
pub(crate) const AUTHORIZATION_HEADER_MALFORMED: Refusal = refusal(400, "AuthorizationHeaderMalformed");
pub(crate) const AUTHORIZATION_QUERY_PARAMETERS: Refusal = refusal(400, "AuthorizationQueryParametersError");
pub(crate) const BAD_DIGEST: Refusal = refusal(400, "BadDigest");
pub(crate) const BUCKET_ALREADY_EXISTS: Refusal = refusal(409, "BucketAlreadyExists");
pub(crate) const BUCKET_ALREADY_OWNED_BY_YOU: Refusal = refusal(409, "BucketAlreadyOwnedByYou");
pub(crate) const BUCKET_NOT_EMPTY: Refusal = refusal(409, "BucketNotEmpty");
pub(crate) const ILLEGAL_LOCATION_CONSTRAINT: Refusal = refusal(400, "IllegalLocationConstraintException");
pub(crate) const INVALID_ACCESS_KEY_ID: Refusal = refusal(403, "InvalidAccessKeyId");
pub(crate) const INVALID_ARGUMENT: Refusal = refusal(400, "InvalidArgument");
pub(crate) const INVALID_BUCKET_NAME: Refusal = refusal(400, "InvalidBucketName");
pub(crate) const INVALID_BUCKET_OWNER: Refusal = refusal(400, "InvalidBucketOwnerAWSAccountID");
pub(crate) const INVALID_DIGEST: Refusal = refusal(400, "InvalidDigest");
pub(crate) const INVALID_ENCRYPTION_ALGORITHM: Refusal = refusal(400, "InvalidEncryptionAlgorithmError");
pub(crate) const INVALID_LOCATION_CONSTRAINT: Refusal = refusal(400, "InvalidLocationConstraint");
pub(crate) const INVALID_OBJECT_STATE: Refusal = refusal(403, "InvalidObjectState");
pub(crate) const INVALID_PART_NUMBER: Refusal = refusal(416, "InvalidPartNumber");
pub(crate) const INVALID_RANGE: Refusal = refusal(416, "InvalidRange");
pub(crate) const INVALID_REQUEST: Refusal = refusal(400, "InvalidRequest");
pub(crate) const INVALID_STORAGE_CLASS: Refusal = refusal(400, "InvalidStorageClass");
pub(crate) const INVALID_URI: Refusal = refusal(400, "InvalidURI");
pub(crate) const KEY_TOO_LONG: Refusal = refusal(400, "KeyTooLongError");
pub(crate) const MALFORMED_XML: Refusal = refusal(400, "MalformedXML");
pub(crate) const METADATA_TOO_LARGE: Refusal = refusal(400, "MetadataTooLarge");
pub(crate) const METHOD_NOT_ALLOWED: Refusal = refusal(405, "MethodNotAllowed");
pub(crate) const MISSING_CONTENT_MD5: Refusal = refusal(400, "MissingContentMD5");
pub(crate) const MISSING_REQUEST_BODY: Refusal = refusal(400, "MissingRequestBodyError");
pub(crate) const NO_SUCH_BUCKET: Refusal = refusal(404, "NoSuchBucket");
pub(crate) const NO_SUCH_KEY: Refusal = refusal(404, "NoSuchKey");
pub(crate) const NO_SUCH_VERSION: Refusal = refusal(404, "NoSuchVersion");
pub(crate) const NOT_ACTIVE_TIER: Refusal = refusal(403, "ObjectNotInActiveTierError");
pub(crate) const NOT_IMPLEMENTED: Refusal = refusal(501, "NotImplemented");
pub(crate) const PRECONDITION_FAILED: Refusal = refusal(412, "PreconditionFailed");
pub(crate) const REQUEST_TIME_TOO_SKEWED: Refusal = refusal(403, "RequestTimeTooSkewed");
pub(crate) const SIGNATURE_DOES_NOT_MATCH: Refusal = refusal(403, "SignatureDoesNotMatch");
pub(crate) const CONTENT_SHA256_MISMATCH: Refusal = refusal(400, "XAmzContentSHA256Mismatch");

/// The media types under which XML comes. AWS says `application/xml` (`ErrorResponses`: "Content-Type:
/// application/xml"); other servers add a charset, or say `text/xml`, which RFC 7303 section 9.2 makes the same.
const XML_TYPES: [&str; 6] = [
    "application/xml",
    "application/xml; charset=utf-8",
    "application/xml;charset=utf-8",
    "text/xml",
    "text/xml; charset=utf-8",
    "text/xml;charset=utf-8",
];

/// Why a value is left open that is known.
pub(crate) const NOT_CARRIED: &str = "XML 1.0 cannot carry this value";

/// A field that a code adds to an error, where XML can carry the value.
pub(crate) type Field = (&'static str, Shape);

/// The field `name` equal to `value`; one that XML cannot carry is left open.
pub(crate) fn field(name: &'static str, value: &[u8]) -> Field {
    (name, text(&Bytes::copy_from_slice(value)))
}

/// A text equal to `value`; one that XML cannot carry is left open.
pub(crate) fn text(value: &Bytes) -> Shape {
    if is_xml_text(value) { Shape::is(value.clone()) } else { Shape::Text(Matcher::Any(NOT_CARRIED.into())) }
}

/// The rule for `content-length` of a body whose length the model cannot know.
pub(crate) const LENGTH_CHECKED: Matcher =
    Matcher::Any(Label::Borrowed("that it is the length of the body is checked while the answer is decoded"));

/// The rule for `content-type` of an XML body.
pub(crate) fn xml_type(aws: bool) -> Matcher {
    if aws {
        Matcher::fixed(XML_TYPES[0])
    } else {
        Matcher::OneOf(XML_TYPES.iter().map(|text| Value::fixed(text)).collect())
    }
}

impl Request<'_> {
    /// The answer for `refusal`.
    pub(crate) fn refuse(&self, refusal: Refusal) -> Expectation {
        self.refuse_with(refusal, Vec::new)
    }

    /// The answer for `refusal` to HEAD: the status says it all.
    ///
    /// Source: AWS S3 API Reference, `HeadObject`: "because HEAD requests do not have a response body" there is only
    /// "a generic code"; RFC 9110 section 9.3.2 lets the answer tell the length and the type of the body it leaves out.
    fn refuse_head(&self, refusal: Refusal) -> Expectation {
        let types = XML_TYPES.iter().map(|text| Value::fixed(text)).collect();
        self.answer(refusal.status)
            .header("content-type", Matcher::OneOf(types).maybe())
            .header("content-length", Matcher::Like(Form::Integer).maybe())
    }

    /// The answer for `refusal` with the fields its code adds.
    pub(crate) fn refuse_with(&self, refusal: Refusal, fields: impl FnOnce() -> Vec<Field>) -> Expectation {
        if self.head {
            return self.refuse_head(refusal);
        }
        let mut shape: Vec<(Label, Shape)> = Vec::with_capacity(8);
        shape.push(("Code".into(), Shape::Text(Matcher::fixed(refusal.code))));
        let [message, token] = [Form::Text, Form::Token].map(|form| Shape::Text(Matcher::Like(form)));
        if self.aws {
            shape.push(("Message".into(), message));
            shape.push(("RequestId".into(), token.clone()));
            shape.push(("HostId".into(), token));
            shape.extend(fields().into_iter().map(|(name, shape)| (name.into(), shape)));
        } else {
            shape.push(("Message".into(), message.maybe()));
            shape.push(("RequestId".into(), token.maybe()));
        }
        let mut answer = self
            .answer(refusal.status)
            .header("content-type", xml_type(self.aws))
            .header("content-length", LENGTH_CHECKED);
        answer.code = Some(refusal.code.into());
        answer.body = BodyRule::Document(Shape::Fields(shape));
        answer
    }
}
